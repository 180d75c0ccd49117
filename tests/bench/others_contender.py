"""What each program of the comparison is given, and what it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ledger.columns import INTO
from ledger.model import BUCKETS
from tests.bench.timing import own_peak_mb

Balances = Mapping[str, Sequence[int]]
"""By country, what is in each of `BUCKETS`, in whole TPP."""

Running = tuple[Sequence[int], Sequence[int]]
"""Numbers of entries, and the headroom of its country after each."""

_BATCH = 10_000


@dataclass(frozen=True)
class Journal:
    """A folder with the same entries for everybody, and what our ledger answers to each question."""

    folder: Path
    url: str

    @property
    def file(self) -> Path:
        """seq, country, kind, tpp, to_headroom_tpp, effective_on, in the order of seq."""
        return self.folder / "entry.parquet"

    @property
    def our_answers(self) -> Path:
        return self.folder / "balances.json"

    @property
    def our_running(self) -> Path:
        return self.folder / "running.parquet"

    @cached_property
    def days(self) -> list[date]:
        """The days that are asked about."""
        return [date.fromisoformat(day) for day in self._balances if day]

    def balances(self, day: date | None) -> Balances:
        """What our ledger answers: as of a day, or of all there is."""
        return self._balances["" if day is None else day.isoformat()]

    @cached_property
    def _balances(self) -> dict[str, dict[str, list[int]]]:
        found: dict[str, dict[str, list[int]]] = json.loads(self.our_answers.read_bytes())
        return found

    def by_country(self) -> Iterator[dict[str, Any]]:
        """The entries country by country, as files of plain text have them."""
        entries = pq.read_table(self.file).sort_by([("country", "ascending"), ("seq", "ascending")])
        for batch in entries.to_batches(max_chunksize=_BATCH):
            yield from batch.to_pylist()

    def differs(self, found: Running) -> bool:
        """Whether headroom after each entry is not ours; entries that do not move it may be left out."""
        ours = pq.read_table(self.our_running)
        seqs, after = (np.asarray(each, dtype=np.int64) for each in found)
        order = np.argsort(seqs)
        expected = ours["seq"].to_numpy(), ours["headroom_after_tpp"].to_numpy()
        if len(seqs) < len(expected[0]):
            moved = ours["moved"].to_numpy()
            expected = expected[0][moved], expected[1][moved]
        return not (np.array_equal(seqs[order], expected[0]) and np.array_equal(after[order], expected[1]))


@dataclass(frozen=True)
class Contender:
    """A program that has the journal, or is about to read it."""

    title: str
    how: str
    balances: Callable[[date | None], Balances]
    running: Callable[[], Any]
    after: Callable[[Any], Running]
    """What `running` answered, for the comparison with ours: it is not timed."""

    peak_mb: Callable[[], int] = own_peak_mb


def folded(rows: Iterable[Sequence[Any]]) -> Balances:
    """Sums by country and kind as what is in each bucket."""
    found: dict[str, list[int]] = {}
    for country, kind, tpp in rows:
        held = found.setdefault(country, [0] * len(BUCKETS))
        for bucket, sign in enumerate(INTO[kind]):
            held[bucket] += sign * int(tpp)
    return found
