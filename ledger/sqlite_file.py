"""What SQLite finds wrong with a file as a whole, or with whoever opens it, in the ledger's words."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ledger.errors import LedgerError, Misconfigured, NotPermitted, Unreachable

DAMAGED = {"SQLITE_NOTADB": "it is no SQLite database", "SQLITE_CORRUPT": "it is damaged, or cut short"}
"""What SQLite finds wrong with a file as a whole, in words."""
PUT_ASIDE = "name another ledger (--ledger, TPPQ_LEDGER), or move the file away and tppq restore a backup"
"""What to do about such a file."""
MAKE_ROOM = "make room there, and try again"
_LEAST_ROOM_BYTES = 1 << 16
_OR_A_COPY = "let them, or ask a copy of their own, made by somebody who may (tppq backup, tppq publish)"
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file while it is open, or was when its process was killed."""


def refused(error: BaseException, said: str, name: str, file: Path) -> LedgerError:
    """Why this file cannot be used, with the way out: `said` by the driver, of the ledger of this `name`."""
    code = getattr(error, "sqlite_errorname", "")
    if "readonly database" in said or "unable to open" in said:
        barred = _barred(name, file) or ("readonly database" in said and _not_writable(name))
        if barred:
            return NotPermitted(f"this user may not {barred}", store=name)
    if code == "SQLITE_FULL" or (code.startswith("SQLITE_IOERR") and _is_full(file)):
        said = f"its disk is full ({said}): {MAKE_ROOM}"
    if (damage := DAMAGED.get(code)) is not None:
        said = f"the file is there, and {damage} ({said}): {PUT_ASIDE}"
    kind_of = Misconfigured if "not a database" in said else Unreachable  # perhaps another file was meant
    return kind_of(f"{name} cannot be used: {said}", store=name)


def must_leave_nothing(name: str, file: Path) -> None:
    """Raise NotPermitted for who may not write to another user's file, and would leave files beside it.

    SQLite makes them for whoever asks, where the folder lets it, and takes them away with the last who may
    write: left behind, they would keep the file's owner from posting.
    """
    is_there = os.access(f"{file}-wal", os.F_OK)
    if is_there or os.access(file, os.W_OK) or file.stat().st_uid == os.geteuid():
        return
    raise NotPermitted(f"this user may not {_barred(name, file) or _not_writable(name)}", store=name)


def _barred(name: str, file: Path) -> str | None:
    """What this user would have to be let do, and how; None where the system lets them do all of it."""
    folder = file.parent
    if not os.access(file, os.F_OK):
        if not os.access(folder, os.F_OK) or os.access(folder, os.W_OK | os.X_OK):
            return None
        return f"make a file in {folder}: let them, or name another ledger (--ledger, TPPQ_LEDGER)"
    if not os.access(file, os.R_OK):
        return f"read {name}: {_OR_A_COPY}"
    if not (os.access(file, os.W_OK) and os.access(folder, os.W_OK | os.X_OK)):
        return _not_writable(name)
    beside = [each for end in BESIDE if os.access(each := f"{file}{end}", os.F_OK)]
    others = [each for each in beside if not os.access(each, os.R_OK | os.W_OK)]
    if not others:
        return None
    return (
        f"write to {' and '.join(others)}, left beside the ledger, without which SQLite cannot even read it: "
        "let them (chown, chmod), and delete nothing, as entries may be in there"
    )


def _not_writable(name: str) -> str:
    return (
        f"write to {name} and its folder, which SQLite needs even to read a ledger while others write to it: "
        f"{_OR_A_COPY}"
    )


def _is_full(file: Path) -> bool:
    """Whether the disk has no room for what SQLite writes beside a file, even to read it."""
    try:
        return shutil.disk_usage(file.parent).free < _LEAST_ROOM_BYTES
    except OSError:
        return False
