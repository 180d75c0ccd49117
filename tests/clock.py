"""A clock that stands still until it is told to move on, for tests whose days are fixed."""

from __future__ import annotations

from datetime import datetime

NOON = "T12:00:00+00:00"


class Clock:
    """Microseconds since 1970 (UTC), as a ledger takes them: noon of the day it was last set to."""

    def __init__(self, day: str) -> None:
        self.set(day)

    def set(self, day: str) -> None:
        self._now_us = int(datetime.fromisoformat(day + NOON).timestamp()) * 1_000_000

    def __call__(self) -> int:
        return self._now_us
