"""What a post answers: receipts, and what became of a file."""

from __future__ import annotations

from decimal import Decimal

from ledger import evidence
from ledger.errors import NoQuota
from ledger.outcome import Outcome, Receipt, picked, receipts
from ledger.submission import Declined, Verdict

ROW = tuple(f"<{name}>" for name in evidence.COLUMNS)
VALUES = (7, "request", "license", "AE", "L-1", 1_000, -15_831, "f" * 64)


def test_a_receipt_takes_its_columns_from_a_row_of_the_table() -> None:
    assert picked(ROW) == (
        "<seq>", "<request_id>", "<kind>", "<country>", "<license_no>", "<tpp>", "<headroom_after_tpp>",
        "<hash>",
    )  # fmt: skip


def test_a_receipt_says_what_is_left_in_tpp_and_in_h100e_cut_toward_zero() -> None:
    assert receipts([VALUES], 15_832) == [
        Receipt(7, "request", "license", "AE", "L-1", 1_000, -15_831, Decimal("-0.99"), "f" * 64)
    ]


def test_no_rows_no_receipts() -> None:
    assert receipts([], 15_832) == []


def test_an_outcome_counts_group_by_group_and_a_repeat_as_posted() -> None:
    declined = Declined(3, "r3", None, NoQuota("no quota"), None)
    became = Outcome()
    first = Verdict([ROW, ROW], declined=[declined], replayed=[(1, 4)], warnings=[(1, "late")])
    became.add(first, receipts([VALUES], 15_832))
    became.add(Verdict([ROW]), [])
    assert (became.posted, became.replayed, became.refused) == (4, 1, 1)
    assert became.declined == [declined]
    assert became.warnings == [(1, "late")]
    assert len(became.receipts) == 1
