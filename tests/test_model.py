"""The nouns and the moves: what an entry is, and what it refuses to be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.engine import Core
from ledger.entry import Entry
from ledger.model import BUCKETS, MOST_TPP, MOVES, UNDONE_BY, Kind, h100e
from tests.books import REFERENCE, REGIME

GOOD: dict[str, Any] = {"kind": "allocate", "country": "AE", "effective_on": "2026-02-01", "tpp": 1_000}
LICENSE = GOOD | {"kind": "license", "license_no": "L-1"}


# --- the moves ------------------------------------------------------------------------------------


def test_there_are_ten_kinds_and_each_has_a_move() -> None:
    assert len(Kind) == 10
    assert set(MOVES) == set(Kind)


def test_a_move_takes_from_one_bucket_and_gives_to_another_and_every_bucket_does_both() -> None:
    assert all(source != target for source, target in MOVES.values())
    assert {move.source for move in MOVES.values()} == set(BUCKETS)
    assert {move.target for move in MOVES.values()} == set(BUCKETS)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_is_undone_by_exactly_one_other_which_it_undoes(kind: Kind) -> None:
    undoing = UNDONE_BY[kind]
    assert undoing != kind
    assert UNDONE_BY[undoing] == kind
    assert [other for other in Kind if MOVES[other] == MOVES[kind][::-1]] == [undoing]


def test_return_is_written_as_people_write_it() -> None:
    assert Kind("return") is Kind.return_
    assert f"{Kind.return_}" == "return"


# --- what an entry refuses ------------------------------------------------------------------------


def faults(fields: dict[str, Any]) -> list[str]:
    """What pydantic says of an entry, a line per fault."""
    with pytest.raises(ValidationError) as caught:
        Entry.model_validate(fields)
    return [
        f"{each['loc'][0]}: {each['msg']}" if each["loc"] else each["msg"] for each in caught.value.errors()
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tpp": 0}, "tpp: Input should be greater than 0"),
        ({"tpp": -5}, "tpp: Input should be greater than 0"),
        ({"tpp": MOST_TPP + 1}, f"tpp: Input should be less than or equal to {MOST_TPP}"),
        ({"tpp": 1_000.0}, "tpp: Input should be a valid integer"),
        ({"tpp": "1000"}, "tpp: Input should be a valid integer"),
        ({"tpp": True}, "tpp: Input should be a valid integer"),
        ({"country": "  "}, "country: String should have at least 1 character"),
        ({"country": None}, "country: Input should be a valid string"),
        ({"consignee": "x" * 2001}, "consignee: String should have at most 2000 characters"),
        (
            {"reference": "a\tb"},
            "reference: Value error, has a control character (a tab or a line break, perhaps): remove it",
        ),
        ({"amount": 5}, "amount: Extra inputs are not permitted"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_column(changes: dict[str, Any], said: str) -> None:
    assert faults(GOOD | changes) == [said]


def test_a_kind_that_is_none_is_refused_with_those_there_are() -> None:
    (said,) = faults(GOOD | {"kind": "gift"})
    assert said.startswith("kind: Input should be 'allocate', 'withdraw', 'license'")


@pytest.mark.parametrize("day", ["2026-02-30", "soon", "01.02.2026", None])
def test_a_day_that_is_none_is_refused(day: str | None) -> None:
    (said,) = faults(GOOD | {"effective_on": day})
    assert said.startswith("effective_on: is not a day: write YYYY-MM-DD")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (GOOD | {"kind": "license"}, "license_no is required for license"),
        (GOOD | {"license_no": "L-1"}, "license_no does not belong to allocate: leave it empty"),
        (GOOD | {"tpp": None}, "tpp is required where device_id and quantity are not both given"),
        (GOOD | {"quantity": 5}, "device_id is required: device_id and quantity go together"),
        (GOOD | {"device_id": "x"}, "quantity is required: device_id and quantity go together"),
        (
            GOOD | {"expires_on": "2026-03-01"},
            "expires_on belongs to license, not to allocate: leave it empty",
        ),
        (GOOD | {"kind": "block"}, "reason is required for block"),
        (GOOD | {"kind": "overrun"}, "reason is required for overrun"),
        (LICENSE | {"kind": "release"}, "reason is required for release"),
        (
            GOOD | {"kind": "export", "tpp": None},
            (
                "license_no is required for export; "
                "tpp is required where device_id and quantity are not both given"
            ),
        ),
    ],
)
def test_columns_that_do_not_belong_together_are_refused_all_at_once(
    fields: dict[str, Any], said: str
) -> None:
    assert faults(fields) == [f"Value error, {said}"]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_posted(kind: Kind) -> None:
    with_license = {"license_no": "L-1"} if {"licensed", "exported"} & set(MOVES[kind]) else {}
    entry = Entry.model_validate(GOOD | {"kind": kind.value, "reason": "why"} | with_license)
    assert entry.kind is kind


def test_an_entry_is_frozen() -> None:
    entry = Entry.model_validate(GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(entry, "tpp", 5)  # noqa: B010 - a plain assignment is refused by mypy already


def test_text_loses_its_outer_spaces_and_is_put_into_one_unicode_form() -> None:
    entry = Entry.model_validate(GOOD | {"consignee": "  Cafe\u0301 SA "})
    assert entry.consignee == "Caf\u00e9 SA"


# --- H100-equivalents -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tpp", "shown"),
    [(0, "0.00"), (15_832, "1.00"), (15_831, "0.99"), (1, "0.00"), (-1, "0.00"), (-15_831, "-0.99"),
     (-15_832, "-1.00"), (-31_663, "-1.99"), (790_000_000, "49898.93")],
)  # fmt: skip
def test_h100e_is_cut_toward_zero(tpp: int, shown: str) -> None:
    assert h100e(tpp, 15_832) == Decimal(shown)


def by_sql(values: list[int]) -> list[Decimal]:
    """H100-equivalents by the macro of the core."""
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=False)
    query = "select h100e(v, r.h100_tpp) as h100e from (select unnest($values::bigint[]) as v), regime as r"
    found: list[Decimal] = core.ask(query, {"values": values})["h100e"].to_pylist()
    core.close()
    return found


def test_python_and_sql_cut_h100e_alike() -> None:
    near = [15_832 * whole + little for whole in range(-50, 51) for little in (-1, 0, 1, 158, 159)]
    values = [*near, *range(-500, 500), 10**12 + 7, -(10**12) - 7, MOST_TPP, -MOST_TPP]
    assert by_sql(values) == [h100e(tpp, REGIME.h100_tpp) for tpp in values]
