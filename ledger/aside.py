"""A file is written aside and then takes its place: whoever reads it finds the old one or the new, whole.

So does whoever looks after a power cut: the bytes reach the disk before the name does, and the name once
`sync` has written its folder down.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from threading import get_ident

_NOT_HERE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM})
"""What systems answer that write no folder down, or not for whoever may not list it."""


def write(place: Path, contents: bytes) -> None:
    """Write a file over the one before, as a whole or not at all; folders are made. Raises OSError."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}-{get_ident()}.part")
    try:
        with part.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def put_new(part: Path, place: Path) -> None:
    """Let a finished file take a place where there is none, and be nowhere else.

    Raises FileExistsError where there is one by now, which stays as it is; OSError.
    """
    try:
        os.link(part, place)
    except FileExistsError:
        raise
    except OSError:  # no hard links here: the name is taken by an empty file, which is ours to replace
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        part.replace(place)
    else:
        part.unlink()


def sync(folder: Path) -> None:
    """Let the names in a folder survive a power cut, where the system can. Raises OSError."""
    try:
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
