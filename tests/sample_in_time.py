"""The sample as a ledger that grew: each row is recorded at the end of the fortnight it became known in.

Posted at once, every entry would be recorded on one day, and what was known when could not be asked.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from ledger import Ledger, read_feed
from tests import sample
from tests.clock import Clock
from tests.sample_books import DAYS, LAST

FIXTURES = Path(__file__).parent.parent / "fixtures" / "sample"
OFFICERS = ("maria", "omar")
ENDS = "2026-11-22"
FIRST_MONDAY = date(2024, 12, 30)


def post(folder: Path, *, put_right: bool = True) -> str:
    """Post the sample of fixtures/sample by fortnights, by two officers in turn; the URL of the ledger.

    The clock stands at noon of every second Sunday; what is put right is put right on `ENDS`, by the first:
    or not at all, which is how the ledger stood the day before.
    """
    url = f"sqlite:///{folder / 'tppq.db'}"
    whole = sample.in_folder(FIXTURES)
    clock = Clock(DAYS[0])
    Ledger.init(url, clock=clock, actor=OFFICERS[0]).close()
    desks = [Ledger.open(url, clock=clock, actor=officer) for officer in OFFICERS]
    seqs: dict[str, int] = {}
    for number, (sunday, rows) in enumerate(_fortnights(whole.ledger)):
        clock.set(sunday)
        part = folder / f"{sunday}.csv"
        with part.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        with read_feed(str(part)) as feed:
            outcome = desks[number % len(desks)].post_file(feed, each=True)
        seqs |= {receipt.request_id: receipt.seq for receipt in outcome.receipts}
    clock.set(ENDS)
    if put_right:
        _put_right(whole, desks[0], seqs)
    for desk in desks:
        desk.close()
    return url


def _put_right(whole: sample.Sample, desk: Ledger, seqs: Mapping[str, int]) -> None:
    """Post what a second officer approved, reverse and correct."""
    with read_feed(str(whole.approved)) as feed:
        desk.post_file(feed, approver=OFFICERS[1])
    with whole.amended.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            seq, again = seqs[row["request_id"]], f"put right: {row['request_id']}"
            if row["quantity"]:
                changes = {"quantity": int(row["quantity"])}
                desk.correct(seq, changes, row["reason"], request_id=again)
            else:
                desk.reverse(seq, row["reason"], request_id=again)


def _fortnights(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Each fortnight that has rows: its last day, and its rows below a header of their own."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    country, on, asked = (header.index(name) for name in ("country", "effective_on", "request_id"))
    cases = next(number for number, row in enumerate(rows) if row[asked].startswith("app-"))
    latest: dict[str, str] = {}
    due = []
    for number, row in enumerate(rows):
        whose = row[country] if number < cases else ""  # the cases come first, whatever their days
        known = row[on] if DAYS[0] <= row[on] <= DAYS[LAST] else ""
        latest[whose] = max(latest.get(whose, DAYS[0]), known)
        due.append((_sunday(latest[whose]), row))
    due.sort(key=lambda pair: pair[0])
    for sunday, pairs in groupby(due, key=lambda pair: pair[0]):
        yield sunday, [header, *(row for _, row in pairs)]


def _sunday(day: str) -> str:
    """The last day of a day's fortnight."""
    on = date.fromisoformat(day)
    return (on + timedelta(days=13 - (on - FIRST_MONDAY).days % 14)).isoformat()
