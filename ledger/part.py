"""A copy grows in a part file beside its place, and takes the place once it is whole and verified.

Nothing is written over, and nothing is put where SQLite would take what another file left behind for a part
of the copy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import get_ident

from ledger import aside
from ledger.errors import Misconfigured, Unreachable
from ledger.sqlite_file import BESIDE


def begun(file: Path) -> Path:
    """Where a copy of this name grows, until it is whole; what killed processes left of one is removed.

    Raises Misconfigured for what names a folder, such as `.`.
    """
    if not file.name:
        raise _there_already(file)
    own = file.with_name(f".{file.stem}.{os.getpid()}-{get_ident()}.part{file.suffix}")
    any_part = f"{re.escape(f'.{file.stem}.')}([0-9]{{1,9}})-([0-9]{{1,20}})\\.part{re.escape(file.suffix)}"
    with suppress(OSError):  # nobody need be able to list the folder
        remove(own)  # of another that had this one's numbers
        for each in list(file.parent.iterdir()):
            found = re.fullmatch(any_part, each.name)
            if found and aside.is_left(int(found[1]), int(found[2]), each, *_beside(each)):
                remove(each)
    return own


def put(part: Path, file: Path) -> None:
    """Give a verified copy its name. Raises Misconfigured (somebody else took it meanwhile), Unreachable."""
    try:
        aside.put_new(part, file)
        aside.sync(file.parent)
    except FileExistsError:
        raise _there_already(file) from None
    except OSError as error:
        raise Unreachable(f"{file} cannot be written: {error.strerror}", file=str(file)) from error


def remove(part: Path) -> None:
    """Remove a part file, and what SQLite kept beside it."""
    for each in (part, *_beside(part)):
        each.unlink(missing_ok=True)


def must_be_new(file: Path) -> None:
    """Raise Misconfigured where a copy would be written over something, or into what is no folder."""
    if os.path.lexists(file):
        raise _there_already(file)
    if not file.parent.is_dir() and file.parent.exists():
        raise Misconfigured(f"{file.parent} is no folder", file=str(file))


def left_beside(file: Path) -> str:
    """What SQLite would take for a part of this file, by name; nothing where there is nothing."""
    return " and ".join(str(each) for each in _beside(file) if os.path.lexists(each))


def must_stand_alone(file: Path) -> None:
    """Raise Misconfigured where SQLite would take what another file left behind for a part of this one."""
    if left := left_beside(file):
        raise Misconfigured(
            f"{left}: left behind by the file that was at {file}, and SQLite would take it for a part of the "
            "copy; entries may be in there: move it to where that file is now, or remove it, and try again",
            file=str(file),
        )


def _there_already(file: Path) -> Misconfigured:
    return Misconfigured(f"{file} is there already: nothing is written over", file=str(file))


def _beside(file: Path) -> Iterator[Path]:
    return (file.with_name(f"{file.name}{end}") for end in BESIDE)
