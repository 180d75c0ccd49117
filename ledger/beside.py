"""A process beside this one: our own interpreter, the `serve` of one light module, and two pipes.

It has no environment, so that no password can be read out of it, and a session of its own, so that Ctrl-C
reaches its caller alone, who ends it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

_SERVE = "import sys; sys.path[:] = sys.argv[1:]; from ledger.{} import serve; serve()"
_SIZE_BYTES = 8


def started(module: str, *, stderr: int = subprocess.DEVNULL, pipesize: int = -1) -> subprocess.Popen[bytes]:
    """A process that serves `ledger.MODULE` on its stdin and stdout. Raises OSError where none can be had."""
    return subprocess.Popen(  # noqa: S603  # our own interpreter and module, no shell
        [sys.executable, "-I", "-S", "-B", "-c", _SERVE.format(module), *map(os.path.abspath, sys.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
        cwd="/", env={}, start_new_session=True, pipesize=pipesize,
    )  # fmt: skip


def send(stream: IO[bytes], told: bytes) -> None:
    """Send some bytes, after how many they are."""
    stream.write(len(told).to_bytes(_SIZE_BYTES, "big"))
    stream.write(told)
    stream.flush()


def received(stream: IO[bytes]) -> bytes:
    """What was sent. Raises EOFError where the other side has ended, in the middle of it too."""
    size = stream.read(_SIZE_BYTES)
    told = stream.read(int.from_bytes(size, "big"))
    if len(size) < _SIZE_BYTES or len(told) < int.from_bytes(size, "big"):
        raise EOFError
    return told
