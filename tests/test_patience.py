"""Around something long it is told that it goes on: on a terminal alone, and not at once."""

from __future__ import annotations

import os
import pty
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ledger.cli import patience
from ledger.cli.patience import waiting


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of a terminal that stderr is. No fixture: pytest sets stderr anew after those."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setenv("TERM", "xterm")
        yield ours
    os.close(ours)


def shown(terminal: int, *, within_seconds: float) -> bytes:
    return os.read(terminal, 65_536) if select.select([terminal], [], [], within_seconds)[0] else b""


def test_what_goes_on_is_said_to_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SHOWN_FROM_SECONDS", 0.01)
    told = b""
    with terminal(monkeypatch) as looked_at, waiting("entries", quiet=False):
        while b"0:00:0" not in told:
            more = shown(looked_at, within_seconds=30)
            assert more, f"only {told!r} was shown"
            told += more
    assert b"entries" in told


@pytest.mark.parametrize("quiet", [True, False])
def test_what_is_done_at_once_or_quietly_says_nothing(
    monkeypatch: pytest.MonkeyPatch, *, quiet: bool
) -> None:
    monkeypatch.setattr(patience, "SHOWN_FROM_SECONDS", 0 if quiet else 60)
    with terminal(monkeypatch) as looked_at:
        with waiting("entries", quiet=quiet):
            pass
        assert shown(looked_at, within_seconds=0) == b""
