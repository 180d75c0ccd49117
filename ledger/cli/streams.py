"""The standard streams of a run: each is there, and a reader who goes ends nothing.

What was asked is then done all the same, and the exit status is the verb's own: `tppq post FILE | head -1`
posts the file, and says by its status what became of it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any, TextIO

_NOBODY = {0: os.O_RDONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""How /dev/null stands for a stream that is closed: stdin is empty, stdout takes nothing, stderr anything."""


class Told(FileIO):
    """A stream to somebody who may stop listening: what they do not take is let go, and is no error."""

    def __init__(self, descriptor: int, forgiven: type[OSError]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._forgiven = forgiven

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except self._forgiven:
            return memoryview(data).nbytes
        except OSError as error:
            why = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise OSError(error.errno, why, "standard output") from None


@contextmanager
def standing() -> Iterator[None]:
    """While a run lasts, the three streams stand, whatever whoever started it left of them.

    Data that finds no room is an error, one that finds no reader is none; what is said on stderr never is.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    for descriptor, how in _NOBODY.items():
        _must_be_open(descriptor, how)
    if before[0] is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # the process's own, to its end
    sys.stdout = _to(1, before[1], BrokenPipeError)
    sys.stderr = _to(2, before[2], OSError)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character still gets the figures
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # a ValueError: closed by whoever started us
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def let_go(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, so that it is not tried again at the end of the process."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # not a real file: nothing is left that could complain
        pass


def _must_be_open(descriptor: int, how: int) -> None:
    """Else the next file that is opened, the ledger perhaps, would be taken for the stream."""
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, how)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)


def _to(descriptor: int, stream: Any, forgiven: type[OSError]) -> Any:
    """The stream as it was, to whoever listens; what is no stream of the process stays as it is."""
    if stream is None:
        return TextIOWrapper(
            BufferedWriter(Told(descriptor, forgiven)), encoding="utf-8", line_buffering=True
        )
    try:
        own = isinstance(stream, TextIOWrapper) and stream.fileno() == descriptor
    except (OSError, ValueError):  # no file at all, or closed
        own = False
    if not own:
        return stream
    stream.flush()
    return TextIOWrapper(
        BufferedWriter(Told(descriptor, forgiven)), encoding=stream.encoding,
        line_buffering=stream.line_buffering or stream.write_through,
    )  # fmt: skip
