"""Files that are read whole: so many bytes at most, and none that would keep us waiting.

A pipe without a writer lets nobody past who opens it, and a device may never end: where a file is looked for
and not named for once, neither stops more than what needs that file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 1_000_000
"""Of a file that is read whole: manifests, settings and checkpoints are a thousandth of that."""


def contents(path: Path, *, pipes: bool = False) -> bytes:
    """The bytes of a small file; with `pipes`, also of a pipe. Raises OSError, also for what is larger."""
    with path.open("rb") if pipes else opened(path) as stream:
        return within(stream)


def within(stream: BinaryIO) -> bytes:
    """The bytes of a small stream. Raises OSError, also for one that has more."""
    found = stream.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise OSError(
            errno.EFBIG, f"it has more than {MOST_BYTES:,} bytes, the most that such a file may have"
        )
    return found


def opened(path: Path) -> BinaryIO:
    """A regular file, opened. Raises OSError, and at once for a pipe or a device."""
    stream = open(path, "rb", opener=_without_waiting)  # noqa: SIM115  # whoever asks for it closes it
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
    return stream


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
