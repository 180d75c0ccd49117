"""What a post answers: receipts, and what became of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple

from ledger.evidence import COLUMNS
from ledger.model import h100e
from ledger.submission import Declined, Verdict

_RECEIPT = ("seq", "request_id", "kind", "country", "license_no", "tpp", "headroom_after_tpp", "hash")
picked = itemgetter(*(COLUMNS.index(name) for name in _RECEIPT))
"""Of a row of table `entry`, what its receipt says."""


class Receipt(NamedTuple):
    """What a post answers, one per entry: where it stands, and what its country then has left (whole TPP)."""

    seq: int
    request_id: str
    kind: str
    country: str
    license_no: str | None
    tpp: int
    headroom_tpp: int
    headroom_h100e: Decimal
    hash: str


class Receipts(list[Receipt]):
    """Receipts of one submission: how many `replayed` are those of an earlier one, and (place, warning)s."""

    def __init__(
        self,
        receipts: Iterable[Receipt] = (),
        *,
        replayed: int = 0,
        warnings: Sequence[tuple[int, str]] = (),
    ) -> None:
        super().__init__(receipts)
        self.replayed = replayed
        self.warnings = warnings


@dataclass(slots=True)
class Outcome:
    """What became of a file: receipts (with those of repeated rows), refusals by line, counts."""

    receipts: list[Receipt] = field(default_factory=list)
    declined: list[Declined] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    posted: int = 0
    replayed: int = 0
    undone: int = 0
    """Of those replayed, how many were undone since; a warning says of each by what."""

    refused: int = 0
    warned: int = 0
    """Of those posted now, how many have a warning; `warnings` are also of what was not written."""

    def add(self, verdict: Verdict, receipts: Sequence[Receipt]) -> None:
        """Count a group in, with its receipts, if they are wanted."""
        repeats = {line for _, line in verdict.replayed}
        undone = sum(line in repeats for line, _ in verdict.warnings)
        self.posted += len(verdict.rows) + len(verdict.replayed)
        self.replayed += len(verdict.replayed)
        self.undone += undone
        self.warned += len(verdict.warnings) - undone if verdict.rows else 0
        self.refused += len(verdict.declined)
        self.declined.extend(verdict.declined)
        self.warnings.extend(verdict.warnings)
        self.receipts.extend(receipts)


def receipts(rows: Iterable[Sequence[Any]], h100_tpp: int) -> list[Receipt]:
    """Receipts of rows as `picked` takes them, H100e worked out."""
    return [
        Receipt(
            seq, request_id, kind, country, license_no, tpp, after_tpp, h100e(after_tpp, h100_tpp), entry_hash
        )
        for seq, request_id, kind, country, license_no, tpp, after_tpp, entry_hash in rows
    ]


def refusal_told(declined: Declined) -> dict[str, Any]:
    """A refusal as an object: its line (null: it came from no file), its request, the problem.

    `answered_at` is there where it repeats an earlier answer.
    """
    problem = {
        "line": declined.line or None, "request_id": declined.request_id or None,
        **declined.refusal.problem(),
    }  # fmt: skip
    return problem | ({"answered_at": declined.answered_at} if declined.answered_at is not None else {})
