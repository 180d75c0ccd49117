"""What nights owe to earlier ones, where files tell only what came since (`delta`).

Such a file says nothing of an earlier day. What its source still owes is looked for again all the same, what
its rows settle is settled, and days that no file told of are not passed over; nor is what the ledger came to
have of an earlier day since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from ledger.events import Event
from ledger.recon_breaks import Break, Standings
from ledger.recon_feeds import Coverage, StagedFile
from ledger.recon_layout import SOURCES

_MISSED = frozenset({"IN_TRANSIT", "MISSING_IN_SOURCE", "UNLICENSED_EXPORT"})
"""What a run says of an export that a source does not know."""

_STILL_OPEN = pa.schema([
    ("source", pa.string()), ("key", pa.string()), ("seqs", pa.list_(pa.int64())),
    ("license_no", pa.string()), ("on_day", pa.date32()), ("source_says", pa.string()),
])  # fmt: skip

_AWAITED = pa.schema([
    ("name", pa.string()), ("source", pa.string()), ("code", pa.string()), ("key", pa.string()),
    ("seqs", pa.list_(pa.int64())), ("is_missed", pa.bool_()), ("license_no", pa.string()),
    ("country", pa.string()), ("device_id", pa.string()), ("on_day", pa.date32()),
    ("source_says", pa.string()),
])  # fmt: skip


class _Earlier(NamedTuple):
    """What the files of a source came to before tonight: which days they told of, up to which entry, and who.

    `since`: the first of these days; empty where it is the first of all.
    """

    since: str
    until: str
    seq: int
    vendors: frozenset[str] = frozenset()

    def and_of(self, since: str | None, until: str, run: Mapping[str, Any]) -> _Earlier:
        vendors = self.vendors.union(run.get("vendors", ()))  # not told of by runs of before 0.10
        return _Earlier(
            min(self.since, since or ""), max(self.until, until), max(self.seq, run["seq"]), vendors
        )

    def behind(self, covered: Coverage) -> Coverage:
        if covered.from_on is None:
            return covered
        from_on = min(covered.from_on, date.fromisoformat(self.until) + timedelta(days=1))
        asked_from = date.fromisoformat(self.since) if self.since else None
        return Coverage(from_on, covered.as_of, self.seq, asked_from, tuple(sorted(self.vendors)))


_NONE_YET = _Earlier("9999-12-31", "", 0)


def unbroken(
    coverage: Mapping[str, Coverage], files: Iterable[StagedFile], runs: Iterable[Event]
) -> dict[str, Coverage]:
    """The days that the files of a night answer for: also those since the file of the source before them.

    A day between two files is told of by neither: what left on it is missed, not passed over. Nor is what
    was posted since for an earlier day, or what a vendor owes that tells nothing tonight.
    """
    first: dict[str, int] = {}
    for file in files:
        source, number = file.manifest.source, file.manifest.run_number
        first[source] = min(number, first.get(source, number))
    earlier: dict[str, _Earlier] = {}
    for event in runs:
        for source, number, _content, _rows, as_of, since in event.detail["inputs"]:
            if number < first.get(source, 0):
                earlier[source] = earlier.get(source, _NONE_YET).and_of(since, as_of, event.detail)
    return {
        source: earlier[source].behind(each) if source in earlier else each
        for source, each in coverage.items()
    }


def left_open(standings: Standings, coverage: Mapping[str, Coverage]) -> dict[str, pa.Table]:
    """What earlier nights left open, as the tables that the passes take.

    `awaited`: one row per break of a day before those that its source covers in full, and what it is about.
    `still_open`: one row per break of a source that tells of days, on whichever day.
    """
    left = {name: each.seen for name, each in standings.items() if each.state != "cleared"}
    still = [
        {
            "source": each.source, "key": each.key, "seqs": list(each.seqs), "license_no": each.license_no,
            "on_day": _day(each), "source_says": each.source_says,
        }
        for each in left.values()
        if each.source in SOURCES
    ]  # fmt: skip
    return {"awaited": _awaited(left, coverage), "still_open": pa.Table.from_pylist(still, _STILL_OPEN)}


def _day(each: Break) -> date | None:
    return date.fromisoformat(each.on_day) if each.on_day else None


def _awaited(left: Mapping[str, Break], coverage: Mapping[str, Coverage]) -> pa.Table:
    rows = [
        {
            "name": name, "source": each.source, "code": each.code, "key": each.key, "seqs": list(each.seqs),
            "is_missed": each.code in _MISSED and each.source_says == "nothing", "country": each.country,
            "license_no": each.license_no, "device_id": each.device_id, "source_says": each.source_says,
            "on_day": _day(each),
        }
        for name, each in left.items()
        if _is_before(each, coverage)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, _AWAITED)


def examined(coverage: Mapping[str, Coverage], on: str, settled: Collection[str]) -> Callable[[Break], bool]:
    """Whether a run that had these sources on that day would have found a break again.

    `settled` names those of earlier days that were looked for all the same.
    """

    def looked(each: Break) -> bool:
        if each.code.startswith("FILE_"):
            return True
        if each.source not in coverage:
            return False
        if each.on_day is None:
            return True
        return each.on_day <= on and (not _is_before(each, coverage) or each.fingerprint in settled)

    return looked


def _is_before(each: Break, coverage: Mapping[str, Coverage]) -> bool:
    covered = coverage.get(each.source)
    if covered is None or covered.from_on is None or each.on_day is None:
        return False
    return each.on_day < covered.from_on.isoformat()
