"""The entries that put a mistake right."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ledger import (
    AlreadyReversed,
    BadQuery,
    Entry,
    Ledger,
    OutsidePeriod,
    OverHeadroom,
    OverLicense,
    UnknownName,
    undoing,
)
from ledger.accounts import Asked, Books
from ledger.posting import Resolver
from tests.books import REFERENCE, REGIME
from tests.small import ASKED_ON, H100, entry, fill


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
        seq = post_as_before(ledger, new, reason="inquiry\x9b2J", consignee="a\u202eb")
        (receipt,) = ledger.reverse(seq, "typed twice")
        (row,) = ledger.sql("select consignee, reason from entry where seq = $seq", seq=receipt.seq).rows()
        assert row == {"consignee": "a\\u202eb", "reason": "typed twice"}


def test_what_is_right_instead_keeps_such_text_as_it_can_be_seen(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        new = entry("block", "AE", "2026-02-01", tpp=5_000, reason="inquiry")
        seq = post_as_before(ledger, new, reason="inquiry\x9b2J", consignee="a\u202eb")
        _, receipt = ledger.correct(seq, {"tpp": 4_000}, "4,000, not 5,000")
        query = "select tpp, consignee, reason from entry where seq = $seq"
        (row,) = ledger.sql(query, seq=receipt.seq).rows()
        assert row == {"tpp": 4_000, "consignee": "a\\u202eb", "reason": "inquiry\\u009b2J"}


def test_a_reason_is_text(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        for reason in ("", "typed\x1b[2J"):
            with pytest.raises(BadQuery, match=r"^reason"):
                ledger.reverse(4, reason)


def post_as_before(ledger: Ledger, new: Entry, reason: str, consignee: str) -> int:
    """Post an entry with text that no entry may hold today; its seq."""
    (post,) = Resolver(REFERENCE).posts([new], None)
    assert isinstance(post.asked, Asked)
    store = ledger._store  # noqa: SLF001  # past what checks an entry
    kept = post._replace(asked=post.asked._replace(reason=reason, consignee=consignee))
    verdict = store.submit([kept], Books(REGIME, ASKED_ON, "maria"))
    return store.head().seq if verdict.rows else 0


def test_undoing_a_withdrawal_raises_no_cap_above_its_maximum(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        lowered = ledger.post(entry("withdraw", "AE", "2026-02-01", tpp=10_000_000))[0].seq
        ledger.post(entry("allocate", "AE", "2026-02-01", tpp=1_490_000_000))
        with pytest.raises(OverHeadroom, match="which may be raised to 1,580,000,000 at the most"):
            ledger.reverse(lowered, "a mistake")
        (row,) = ledger.headroom("AE").rows()
        assert row["allocated_tpp"] == 1_580_000_000


@pytest.mark.parametrize(
    ("device_id", "quantity", "said"),
    [
        (H100, 999, "entry 14 names 1,000 x nvidia-h100-sxm5-80gb, not 999 x nvidia-h100-sxm5-80gb"),
        ("nvidia-l40s", 1_000, "entry 14 names 1,000 x nvidia-h100-sxm5-80gb, not 1,000 x nvidia-l40s"),
    ],
)
def test_what_undoes_an_entry_names_no_other_devices(
    tmp_path: Path, device_id: str, quantity: int, said: str
) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        whole = undoing.undoing(ledger._store, 14, "a mistake")  # noqa: SLF001  # what the ledger hands on
        fields = whole.model_dump() | {"device_id": device_id, "quantity": quantity}
        with pytest.raises(AlreadyReversed, match=f"{said}: undo it whole"):
            ledger.post(Entry.model_validate(fields))
        assert ledger.post(Entry.model_validate(fields | {"device_id": None, "quantity": None}))


def drawn_on(ledger: Ledger) -> int:
    """A license of 100 chips of which 60 left; its seq."""
    chips = {"license_no": "D-1", "device_id": H100}
    (receipt,) = ledger.post(entry("license", "AE", "2026-02-15", quantity=100, **chips))
    ledger.post(entry("export", "AE", "2026-02-20", quantity=60, **chips))
    return receipt.seq


@pytest.mark.parametrize("seq", ["4", 4.0, None, True])
def test_what_is_undone_is_named_by_a_whole_number(tmp_path: Path, seq: Any) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        for undo in (ledger.reverse, lambda seq, why: ledger.correct(seq, {"quantity": 5}, why)):
            with pytest.raises(BadQuery, match=f"^seq is {seq!r}: write a whole number, that of an entry$"):
                undo(seq, "typed twice")


def test_a_number_out_of_a_table_names_an_entry_too(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        seq = np.int64(14)
        assert ledger.reverse(seq, "typed twice")[0].kind == "release"  # type: ignore[arg-type]  # what NumPy has


@pytest.mark.parametrize("seq", [0, -1, 2**63, 2**70])
def test_a_number_that_no_entry_can_have_is_that_of_none(tmp_path: Path, seq: int) -> None:
    refused = pytest.raises(UnknownName, match=f"^there is no entry {seq:,} in this ledger$")
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger, refused:
        ledger.reverse(seq, "typed twice")


@pytest.mark.parametrize("changes", ["quantity", [("quantity", 5)], None])
def test_what_changes_is_named_field_by_field(tmp_path: Path, changes: Any) -> None:
    refused = pytest.raises(BadQuery, match=r"^changes is .*: name each field with its value, as a dict$")
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger, refused:
        ledger.correct(4, changes, "typed twice")


def test_a_day_a_term_before_the_end_of_the_calendar_is_refused_as_any_day_to_come(tmp_path: Path) -> None:
    refused = pytest.raises(OutsidePeriod, match="9999-12-31")
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger, refused:
        ledger.correct(10, {"effective_on": "9999-12-31"}, "a slip of the hand")


def test_what_can_be_no_entry_is_said_as_an_entry_says_it(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        for changes in ({"quantitty": 5}, {"quantity": "5"}):
            with pytest.raises(ValidationError):
                ledger.correct(4, changes, "typed twice")


def test_a_license_under_which_goods_left_is_corrected_by_the_right_one_first(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        seq = drawn_on(ledger)
        made = ledger.correct(seq, {"quantity": 80, "consignee": "Acme"}, "80, not 100", request_id="c1")
        assert [receipt.kind for receipt in made] == ["license", "release"]
        assert (
            ledger.correct(seq, {"quantity": 80, "consignee": "Acme"}, "80, not 100", request_id="c1") == made
        )
        (row,) = (each for each in ledger.licenses("AE").rows() if each["license_no"] == "D-1")
        assert (row["licensed_tpp"], row["consignee"]) == (80 * 15_832, "Acme")
        assert (str(row["issued_on"]), str(row["expires_on"])) == ("2026-02-15", "2027-02-15")
        assert ledger.verify().rows() == []


def test_what_cannot_be_undone_says_what_to_do_instead(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        seq = drawn_on(ledger)
        for changes in ({"quantity": 50}, {"license_no": "D-2"}):
            with pytest.raises(
                OverLicense, match=f"; entry {seq} was drawn on since: undo that first, or post"
            ):
                ledger.correct(seq, changes, "wrong")
        ledger.correct(seq, {"quantity": 60}, "all that left")


def test_an_expiry_that_follows_from_the_day_moves_with_it_and_another_stays(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        for given, moved in ((None, "2026-02-16"), (date(2026, 12, 1), "2026-12-01")):
            new = entry("license", "AE", "2026-02-15", tpp=5_000, license_no=f"D-{moved}", expires_on=given)
            (receipt,) = ledger.post(new)
            ledger.correct(receipt.seq, {"effective_on": date(2025, 2, 16)}, "a year and a day off")
            (row,) = (each for each in ledger.licenses("AE").rows() if each["license_no"] == new.license_no)
            assert (str(row["issued_on"]), str(row["expires_on"])) == ("2025-02-16", moved)


def test_a_correction_keeps_the_expiry_that_is_given_and_the_reason_that_was(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        new = entry("license", "AE", "2026-02-15", tpp=5_000, license_no="D-1", reason="urgent")
        (receipt,) = ledger.post(new)
        days = {"effective_on": date(2026, 2, 1), "expires_on": date(2026, 12, 31)}
        ledger.correct(receipt.seq, days, "a slip")
        (row,) = (each for each in ledger.licenses("AE").rows() if each["license_no"] == "D-1")
        assert (str(row["issued_on"]), str(row["expires_on"])) == ("2026-02-01", "2026-12-31")
        said = ledger.sql("select kind, reason from entry order by seq desc limit 2").rows()
        assert {each["kind"]: each["reason"] for each in said} == {"license": "urgent", "release": "a slip"}


def test_a_correction_that_changes_nothing_is_none(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        for same in ({}, {"quantity": 2_000}, {"license_no": "L-1", "reference": "D-790"}):
            with pytest.raises(BadQuery, match=r"^entry 4 says that already: name what is to change$"):
                ledger.correct(4, same, "no")


def test_several_issues_of_a_license_may_be_undone_together(tmp_path: Path) -> None:
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        days = {"2026-01-05": "2027-01-01", "2026-02-01": "2027-01-15", "2026-02-10": "2027-02-05"}
        issued = [
            entry("license", "AE", on, tpp=5_000, license_no="D-1", expires_on=date.fromisoformat(until))
            for on, until in days.items()
        ]
        seqs = [ledger.post(each)[0].seq for each in issued]
        undone = [undoing.undoing(ledger._store, seq, "typed thrice") for seq in seqs[1:]]  # noqa: SLF001  # as above
        more = entry("license", "AE", "2026-02-20", tpp=5_000, license_no="D-1", expires_on=date(2027, 2, 15))
        ledger.post(more, *undone)
        (row,) = (each for each in ledger.licenses("AE").rows() if each["license_no"] == "D-1")
        assert (str(row["issued_on"]), str(row["expires_on"])) == ("2026-01-05", "2027-02-15")
        assert ledger.verify().rows() == []
