"""The entries that put a mistake right."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import BadQuery, UnknownName, undoing
from tests.small import entry, fill


def test_what_undoes_an_entry_is_its_opposite_and_what_is_right_stands_in_its_place(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        store = ledger._store  # noqa: SLF001  # what the ledger hands on
        undone, right = undoing.correction(store, 4, {"quantity": 5}, "5, not 2,000")
        assert undone == undoing.undoing(store, 4, "5, not 2,000")
        with pytest.raises(UnknownName, match="there is no entry 99 in this ledger"):
            undoing.undoing(store, 99, "no")
    assert (undone.kind, undone.tpp, undone.quantity, undone.reverses_seq) == (
        "release",
        31_664_000,
        2_000,
        4,
    )
    assert (right.kind, right.tpp, right.quantity, right.reverses_seq) == ("license", None, 5, None)
    assert (right.license_no, right.reason, right.reference) == ("L-1", "5, not 2,000", "D-790")


def test_where_the_country_is_corrected_so_is_who_holds_its_quota(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        seq = ledger.post(entry("block", "AE", "2026-02-01", tpp=5, reason="inquiry"))[0].seq
        ledger.correct(seq, {"country": "IND"}, "of IN, not of AE")
        (row,) = ledger.sql("select country, holder from entry order by seq desc limit 1").rows()
        assert row == {"country": "IN", "holder": "IN"}
        with pytest.raises(
            UnknownName, match="the holder of a country's quota is the country: 'IN' is not AE"
        ):
            ledger.correct(14, {"country": "AE", "holder": "IN"}, "given all the same")


def test_text_that_was_kept_before_it_was_refused_keeps_no_mistake_from_being_put_right(
    tmp_path: Path,
) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        new = entry("block", "AE", "2026-02-01", tpp=5_000, reason="inquiry")
        old = new.model_copy(update={"reason": "inquiry\x9b2J", "consignee": "a\u202eb"})
        seq = ledger.post(old)[0].seq
        (receipt,) = ledger.reverse(seq, "typed twice")
        (row,) = ledger.sql("select consignee, reason from entry where seq = $seq", seq=receipt.seq).rows()
        assert row == {"consignee": "a\\u202eb", "reason": "typed twice"}


def test_a_reason_is_text(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        for reason in ("", "typed\x1b[2J"):
            with pytest.raises(BadQuery, match=r"^reason"):
                ledger.reverse(4, reason)
