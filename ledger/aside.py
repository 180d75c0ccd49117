"""A file is written aside and then takes its place: whoever reads it finds the old one or the new, whole.

So does whoever looks after a power cut: the bytes reach the disk before the name does, and the name once
`sync` has written its folder down.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from threading import get_ident

from ledger.errors import Busy, Misconfigured, Unreachable

NO_ROOM = frozenset({errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC})
"""What is wrong with the disk, and not with the name that was given: it may be over in a while."""

_NOT_HERE = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM})
"""What systems answer that write no folder down, or not for whoever may not list it."""

_PART = re.compile(r".+?[.-]([0-9]{1,9})(?:-([0-9]{1,20}))?\.(?:part(?:\.\w+)?(?:-\w+)?|spill)")
"""What is written aside, here and elsewhere, says which process writes it, and which thread of it."""

_NOT_TO_LOSE = {
    b"SQLite format 3\0": "a database",
    b"\x37\x7f\x06\x82": "what a database has not taken in yet",
    b"\x37\x7f\x06\x83": "what a database has not taken in yet",
    b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7": "what a database is taken back by",
    b"PRIVATE+KEY+": "a key to sign with",
}
"""How files begin that are a ledger, stand beside one (sqlite.org/fileformat2.html), or sign for it (`notes`,
which is not imported for one word: each start of the command would wait for it)."""

_LONGEST_NAME = 200
"""In bytes, of a file that is written aside: what is added has room beside it, of 255."""

_LOOKS_AGAIN_SECONDS = 0.02

_UNTOUCHED_SECONDS = 3_600
"""A folder may be another machine's too, of whose processes nothing is known here."""


@contextmanager
def alone(folder: Path, does: str, busy_seconds: float = 0) -> Iterator[None]:
    """Alone among those who do this to a folder, which is made, after some wait. Raises Busy, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + busy_seconds
        while not _locked(held):
            if time.monotonic() >= until:
                raise Busy(f"somebody else {does} to {folder} now: try again", folder=str(folder))
            time.sleep(_LOOKS_AGAIN_SECONDS)
        yield
    finally:
        os.close(held)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def not_to_lose(path: Path) -> str | None:
    """What the file is that nothing may be written over; None where it is no such, or cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            begins = file.read(max(map(len, _NOT_TO_LOSE)))
    except OSError:
        return None
    return next((what for begin, what in _NOT_TO_LOSE.items() if begins.startswith(begin)), None)


def _must_not_be_lost(path: Path) -> None:
    if (what := not_to_lose(path)) is not None:
        raise FileExistsError(errno.EEXIST, f"it is {what}, which nothing is written over", str(path))


def write(place: Path, contents: bytes) -> None:
    """Write a file over the one before, as a whole or not at all; folders are made.

    Not over a ledger, or a key. Raises OSError.
    """
    if not place.name:  # such as . and /
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    _must_not_be_lost(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}-{get_ident()}.part")
    try:
        with part.open("wb") as file:
            with suppress(FileNotFoundError):  # who may read the one before, and nobody else
                os.fchmod(file.fileno(), S_IMODE(place.stat().st_mode))
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def overwrite(path: Path, contents: bytes) -> None:
    """Put contents where a path leads: whole or not at all where that may be, else into what is there.

    A link stays one, and what it leads to is written; through /dev/stdout what that is. Not over a ledger, or
    a key. Raises OSError.
    """
    place = path if str(path.absolute()).startswith("/dev/") else Path(os.path.realpath(path))
    if may_take(place):
        write(place, contents)
    else:
        _must_not_be_lost(path)
        path.write_bytes(contents)


def may_take(place: Path) -> bool:
    """Whether `write` may put a file there: nothing is there, or a file of one name that is the caller's.

    Not in the place of a pipe, a device, or a file of two names or of somebody else's.
    """
    if str(place).startswith(("/dev/", "/proc/")) or len(os.fsencode(place.name)) > _LONGEST_NAME:
        return False
    if not os.access(place.parent, os.W_OK | os.X_OK):
        return False
    try:
        found = place.lstat()
    except FileNotFoundError:
        return True
    is_own = found.st_uid == os.geteuid() and os.access(place, os.W_OK)
    return S_ISREG(found.st_mode) and found.st_nlink == 1 and is_own


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


def clear_up(folder: Path) -> None:
    """Remove from a folder what processes wrote aside that were killed. What cannot be removed stays."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            match = _PART.fullmatch(path.name)
            with suppress(OSError):
                if match and is_left(int(match[1]), int(match[2] or 0), path):
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink()


def is_left(process: int, thread: int, *files: Path) -> bool:
    """Whether nobody writes these any more: no such thread is there, and long since none was touched.

    Raises OSError.
    """
    before = time.time() - _UNTOUCHED_SECONDS
    if any(each.lstat().st_mtime >= before for each in files if os.path.lexists(each)):
        return False
    if process == os.getpid():  # in a container each has the number of the one before
        return all(each.ident != thread for each in threading.enumerate())
    return not _lives(process)


def _lives(process: int) -> bool:
    """Whether there is such a process: the one that was meant, or another by now."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


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


def unwritten(path: Path, error: OSError, instead: str) -> Misconfigured | Unreachable:
    """What to say of a place that takes nothing: the name is wrong, or the disk, which may be over soon."""
    if error.errno in NO_ROOM:
        return Unreachable(
            f"{path} cannot be written: {error.strerror}; make room there, or {instead}", path=str(path)
        )
    return Misconfigured(f"{path} cannot be written: {error.strerror}; {instead}", path=str(path))
