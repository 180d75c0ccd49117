"""What a program without types may give to a ledger: it is told what to write, and nothing happens."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ledger import BadQuery, Entry, Feed, Kind, Ledger, read_feed
from ledger.model import GIVEN

ENTRY = Entry(kind=Kind.block, country="AE", effective_on=date(2026, 2, 1), tpp=1, reason="a test")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda ledger: ledger.headroom(["AE", "SA"]), "country is ['AE', 'SA']: write it as text"),
        (lambda ledger: ledger.headroom(5), "country is 5: write it as text"),
        (lambda ledger: ledger.headroom(as_of=2026), "'2026' is not a day: write YYYY-MM-DD"),
        (lambda ledger: ledger.statement(None), "country is None: write it as text"),
        (lambda ledger: ledger.licenses(b"AE"), "country is b'AE': write it as text"),
        (lambda ledger: ledger.sql(5), "query is 5: write it as text"),
        (lambda ledger: ledger.sandboxed_sql(["select 1"]), "query is ['select 1']: write it as text"),
        (lambda ledger: ledger.prove("1"), "seq is '1': write a whole number, that of an entry"),
        (lambda ledger: ledger.break_show(5), "break is 5: write it as text"),
        (
            lambda ledger: ledger.post([ENTRY]),
            "is no Entry: give entries one by one, as in post(",
        ),
        (
            lambda ledger: ledger.post({"kind": "block"}),
            "{'kind': 'block'} is no Entry: give entries one",
        ),
    ],
)
def test_what_is_of_the_wrong_type_is_named_with_what_to_write(
    ledger: Ledger, asked: Callable[[Any], object], said: str
) -> None:
    before = ledger.headroom().rows()
    with pytest.raises(BadQuery) as caught:
        asked(ledger)
    assert said in caught.value.detail
    assert ledger.headroom().rows() == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"effective_on": datetime(2026, 2, 1, 9, tzinfo=UTC)}, "effective_on"),
        ({"license_no": ""}, "license_no"),
        ({"license_no": 790}, "license_no"),
        ({"reason": "typed\x1b[2J"}, "reason"),
        ({"reason": None}, "reason is required for block"),
        ({"tpp": 2**60}, "tpp"),
        ({"tpp": True}, "tpp"),
        ({"tpp": 1.0}, "tpp"),  # equal to what was checked, and no whole number
        ({"kind": "license"}, "license_no is required for license"),
    ],
)
def test_an_entry_that_was_changed_unchecked_is_checked_before_it_is_posted(
    ledger: Ledger, changed: dict[str, Any], said: str
) -> None:
    unchecked = ENTRY.model_copy(update=changed)
    before = ledger.headroom().basis["seq"]
    with pytest.raises(ValidationError, match=said):
        ledger.post(unchecked)
    assert ledger.headroom().basis["seq"] == before


def test_a_feed_that_was_not_read_is_not_taken_for_an_empty_one(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("kind,country,effective_on,tpp,reason\nblock,AE,2026-02-01,1,a test\n", encoding="utf-8")
    with Feed(file) as feed, pytest.raises(BadQuery, match=r"rows.csv was not read: read_feed reads a feed"):
        ledger.post_file(feed)
    with read_feed(file) as feed:
        assert ledger.post_file(feed).posted == 1


def test_an_entry_whose_copy_is_one_is_posted(ledger: Ledger) -> None:
    (receipt,) = ledger.post(ENTRY.model_copy(update={"tpp": 2}))
    assert receipt.tpp == 2


@pytest.mark.parametrize(("field", "most"), [("license_no", 128), ("consignee", 2000)])
def test_a_text_is_as_long_as_it_is_kept(ledger: Ledger, field: str, most: int) -> None:
    """NFC makes two characters of U+0958: what is posted could not be undone, nor read again."""
    given = {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "L1", "tpp": 1}
    with pytest.raises(ValidationError, match=f"is {most + 2:,} characters long: {most:,} at most"):
        Entry.model_validate({**given, field: "\u0958" * (most // 2 + 1)})
    (receipt,) = ledger.post(Entry.model_validate({**given, field: "\u0958" * (most // 2)}))
    assert ledger.reverse(receipt.seq, "a test")[0].kind == "release"


class _Loose(Entry):
    """What a program might make of an entry, with fields that let more pass."""

    effective_on: datetime
    reason: str | None = None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": "x" * 5000}, "reason"),
        ({"effective_on": datetime(2026, 2, 1, 9, tzinfo=UTC)}, "effective_on"),
    ],
)
def test_an_entry_of_another_class_is_checked_as_an_entry(
    ledger: Ledger, changed: dict[str, Any], said: str
) -> None:
    loose = _Loose(**{**ENTRY.model_dump(), "effective_on": datetime(2026, 2, 1, tzinfo=UTC), **changed})
    before = ledger.headroom().basis["seq"]
    with pytest.raises(ValidationError, match=said):
        ledger.post(loose)
    assert ledger.headroom().basis["seq"] == before


def test_an_entry_is_told_by_its_fields_alone() -> None:
    assert tuple(Entry.model_fields) == GIVEN
    told = pickle.loads(pickle.dumps(ENTRY))  # noqa: S301  # our own bytes
    assert ENTRY == told == copy.deepcopy(ENTRY) == Entry(**ENTRY.model_dump()) == Entry(**vars(ENTRY))
    assert ENTRY.model_copy(update={"tpp": 2}).model_copy(update={"tpp": 1}) == ENTRY
    assert {*ENTRY.model_dump(), *dict(ENTRY)} == {*GIVEN}
    assert "checked" not in repr(ENTRY) + str(ENTRY) + ENTRY.model_dump_json()


def test_a_report_may_be_asked_by_its_number(ledger: Ledger) -> None:
    assert ledger.report(1).rows() == ledger.report("1").rows()
