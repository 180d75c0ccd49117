"""A process that waits for one query, with no right that it does not need: `sandbox_child` runs in it.

Light on purpose, so that a command can start it first and load everything else meanwhile.
"""

from __future__ import annotations

import signal
import subprocess
from typing import IO, NamedTuple, Self

from ledger import beside

_TIME_IS_UP = frozenset({-signal.SIGALRM, -signal.SIGKILL, -signal.SIGXCPU})
STARTING_SECONDS = 20.0
"""How long the process may take until it begins with the query."""


class Limits(NamedTuple):
    """What a query may have: rows of its answer (0 is all), seconds, megabytes."""

    rows: int = 1_000
    seconds: float = 30.0
    memory_mb: int = 1_024


class Ended(NamedTuple):
    """What a process left: its answer, whether it ran out of time, whether it failed, its last words."""

    answer: bytes
    too_slow: bool
    failed: bool
    said: str


class Child:
    """A process that waits for one job; leaving its block ends it, whatever happened."""

    def __init__(self) -> None:
        self._process = beside.started("sandbox_child", stderr=subprocess.PIPE)
        self._told = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def pipes(self) -> list[IO[bytes]]:
        """What it is told by, and tells by."""
        return [each for each in (self._process.stdin, self._process.stdout, self._process.stderr) if each]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        if not self._told:
            self._process.communicate()
        self._process.wait()
        for pipe in self.pipes:
            pipe.close()  # after a timeout they are still open

    def do(self, job: bytes, seconds: float) -> Ended:
        """Give it its job, and so many seconds for it."""
        self._told = True
        try:
            answer, said = self._process.communicate(job, seconds + STARTING_SECONDS)
        except subprocess.TimeoutExpired:
            return Ended(b"", too_slow=True, failed=False, said="")
        status = self._process.returncode
        words = said.decode(errors="replace").strip().splitlines() or [""]
        return Ended(answer, status in _TIME_IS_UP, status > 0, words[-1])
