"""Group commit: whoever waits in line may be interrupted, and holds up nobody."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from ledger import AlreadyReversed, Entry, Ledger, SelfApproval
from tests.clock import Clock
from tests.writers import DAY, license_entry

LONG_ENOUGH = 30
"""Seconds after which something hangs."""


EXPORT = {"kind": "export", "country": "AE", "effective_on": DAY, "tpp": 10}
APPROVER = {"release": "maria"}
"""Who is said to approve what `maria` posts: herself, for one kind."""


def entry(license_no: str) -> Entry:
    return license_entry(license_no, 10)


@pytest.fixture(name="ledger")
def _ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.init(url, actor="maria", clock=Clock(DAY), busy_seconds=LONG_ENOUGH) as opened:
        yield opened


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """While it lasts, this thread is interrupted as by Ctrl-C."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def wait_until_in_line(ledger: Ledger, count: int) -> None:
    """Until so many submissions stand in line, the one that is being committed among them."""
    until, line = monotonic() + LONG_ENOUGH, ledger._store._line  # noqa: SLF001  # no verb shows who waits
    while len(line._waiting) < count and monotonic() < until:  # noqa: SLF001  # likewise
        sleep(0.001)


@contextmanager
def held_up(file: Path) -> Iterator[None]:
    """While it lasts, another process writes to the ledger, as far as this one can tell."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin immediate")
    try:
        yield
    finally:
        other.rollback()
        other.close()


def licenses(ledger: Ledger) -> set[str]:
    return {row["license_no"] for row in ledger.licenses().rows()}


def test_whoever_is_interrupted_in_line_has_posted_nothing_and_holds_up_nobody(
    ledger: Ledger, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(3) as threads:
        with held_up(tmp_path / "tppq.db"):
            first = threads.submit(ledger.post, entry("first"))
            wait_until_in_line(ledger, 1)
            with pytest.raises(KeyboardInterrupt), interrupted_after(0.05):
                ledger.post(entry("interrupted"))
            behind = threads.submit(ledger.post, entry("behind"))
            wait_until_in_line(ledger, 2)
        for each in (first, behind, threads.submit(ledger.post, entry("later"))):
            each.result(LONG_ENOUGH)
    assert licenses(ledger) == {"first", "behind", "later"}


@pytest.mark.parametrize("turned_round", [False, True])
def test_undoings_that_are_committed_together_are_each_judged_by_what_they_ask(
    ledger: Ledger, tmp_path: Path, *, turned_round: bool
) -> None:
    mistake = ledger.post(entry("L-1"))[0].seq
    ledger.post(license_entry("L-2", 20), Entry.model_validate(EXPORT | {"license_no": "L-2"}))
    undoing = {"kind": "release", "reason": "typed twice", "reverses_seq": mistake}
    right = entry("L-1").model_copy(update=undoing)
    other = Entry.model_validate(EXPORT | {"license_no": "L-2", "reverses_seq": mistake})
    with ThreadPoolExecutor(3) as threads:
        with held_up(tmp_path / "tppq.db"):
            threads.submit(ledger.post, entry("first"))
            wait_until_in_line(ledger, 1)
            asked = []
            for place, each in enumerate((other, right) if turned_round else (right, other)):
                # of the right one, another rule may have more to say: then nothing undoes the entry
                asked.append(threads.submit(ledger.post, each, approver=APPROVER.get(each.kind)))
                wait_until_in_line(ledger, place + 2)
        told = [type(each.exception(LONG_ENOUGH)) for each in asked]
    assert told == ([AlreadyReversed, SelfApproval] if turned_round else [SelfApproval, AlreadyReversed])
    assert ledger.verify().rows() == []
    assert ledger.post(right)[0].tpp == 10


def test_interrupts_at_any_moment_leave_the_line_moving_and_lose_nothing(ledger: Ledger) -> None:
    def post(number: int) -> None:
        for place in range(40):
            ledger.post(entry(f"{number}-{place}"))

    told, tries, interrupts = {f"{number}-{place}" for number in range(4) for place in range(40)}, 0, 0
    with ThreadPoolExecutor(4) as threads:
        working = [threads.submit(post, number) for number in range(4)]
        while not all(each.done() for each in working) or not interrupts:
            tries += 1
            try:
                with interrupted_after(0.0005 + tries % 7 / 2_000):
                    ledger.post(entry(f"main-{tries}"))
                    told.add(f"main-{tries}")
            except KeyboardInterrupt:
                interrupts += 1
        for each in working:
            each.result()
        threads.submit(ledger.post, entry("later")).result(LONG_ENOUGH)
    assert licenses(ledger) >= told | {"later"}
    assert ledger.verify().rows() == []
