"""SIGTERM and SIGHUP end a run as Ctrl-C does: what is half done is taken back, what lies aside is removed.

By themselves they would end the process on the spot, and leave a copy of the ledger in some folder.
"""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from types import FrameType
from typing import Self

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_SAID_AGAIN_SECONDS = 5.0
"""A second signal within this time is taken for the first one again: a terminal that closes sends two."""


class Signals:
    """While a run lasts, what asks it to end raises SystemExit with the status that says so.

    What is ignored stays ignored, as under nohup. `status` is that of the signal which came, if one did.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self._said = float("-inf")
        self._taken: list[signal.Signals] = []

    def __enter__(self) -> Self:
        with suppress(ValueError):  # in another thread than the first, which alone is told of signals
            if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:  # as it is while the command is imported
                signal.signal(signal.SIGINT, signal.default_int_handler)
            for each in _ENDING:
                if signal.getsignal(each) == signal.SIG_DFL:
                    signal.signal(each, self._end)
                    self._taken.append(each)
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:  # else they wait until all is cleared up, at the end of the process
            for each in self._taken:
                signal.signal(each, signal.SIG_DFL)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        again, self._said = time.monotonic() - self._said < _SAID_AGAIN_SECONDS, time.monotonic()
        if not again:
            self.status = 128 + number
            raise SystemExit(self.status)
