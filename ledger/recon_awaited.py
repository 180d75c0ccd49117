"""What nights owe to earlier ones, where files tell only what came since (`delta`).

Such a file says nothing of an earlier day. What its source still owes is looked for again all the same, what
its rows settle is settled, and days that no file told of are not passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta

import pyarrow as pa

from ledger.events import Event
from ledger.recon_breaks import Break, Standings
from ledger.recon_feeds import Coverage, StagedFile

_MISSED = frozenset({"IN_TRANSIT", "MISSING_IN_SOURCE", "UNLICENSED_EXPORT"})
"""What a run says of an export that a source does not know."""

_AWAITED = pa.schema([
    ("name", pa.string()), ("source", pa.string()), ("code", pa.string()), ("key", pa.string()),
    ("seqs", pa.list_(pa.int64())), ("is_missed", pa.bool_()), ("license_no", pa.string()),
    ("country", pa.string()), ("device_id", pa.string()), ("on_day", pa.date32()),
    ("source_says", pa.string()),
])  # fmt: skip


def unbroken(
    coverage: Mapping[str, Coverage], files: Iterable[StagedFile], runs: Iterable[Event]
) -> dict[str, Coverage]:
    """The days that the files of a night answer for: also those since the file of the source before them.

    A day between two files is told of by neither: what left on it is missed, not passed over.
    """
    first: dict[str, int] = {}
    for file in files:
        source, number = file.manifest.source, file.manifest.run_number
        first[source] = min(number, first.get(source, number))
    told_until: dict[str, str] = {}
    for event in runs:
        for source, number, _content, _rows, as_of, *_ in event.detail["inputs"]:
            if number < first.get(source, 0):
                told_until[source] = max(as_of, told_until.get(source, as_of))
    return {
        source: _from(each, date.fromisoformat(told_until[source])) if source in told_until else each
        for source, each in coverage.items()
    }


def _from(each: Coverage, told_until: date) -> Coverage:
    if each.from_on is None:
        return each
    return each._replace(from_on=min(each.from_on, told_until + timedelta(days=1)))


def awaited(standings: Standings, coverage: Mapping[str, Coverage]) -> pa.Table:
    """One row per open break of a day before those that its source covers in full: what it is about."""
    left = {name: each.seen for name, each in standings.items() if each.state != "cleared"}
    rows = [
        {
            "name": name, "source": each.source, "code": each.code, "key": each.key, "seqs": list(each.seqs),
            "is_missed": each.code in _MISSED and each.source_says == "nothing", "country": each.country,
            "license_no": each.license_no, "device_id": each.device_id, "source_says": each.source_says,
            "on_day": date.fromisoformat(each.on_day or ""),
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
