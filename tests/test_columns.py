"""What the core takes of an entry, and what a few entries add up to without it."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import evidence
from ledger.accounts import balances
from ledger.columns import INTO, NARROW, WIDE, sums, to_headroom
from ledger.errors import Tampered
from ledger.model import BUCKETS, MOVES, Kind


def row(kind: str, country: str, seq: int, *, programme: str = "country", tpp: Any = 5) -> tuple[Any, ...]:
    return (kind, country, programme, "2026-01-01", tpp, "2026-01-01T00:00:00.000000Z", seq)


def test_the_narrow_columns_are_the_first_of_the_wide_ones_and_seq_is_the_last_of_both() -> None:
    assert WIDE[: len(NARROW) - 1] == NARROW[:-1]
    assert (NARROW[-1], WIDE[-1]) == ("seq", "seq")
    assert set(WIDE) == set(evidence.COLUMNS)


def test_what_a_kind_puts_into_buckets_sums_to_zero() -> None:
    assert {sum(signs) for signs in INTO.values()} == {0}
    for kind, signs in INTO.items():
        source, target = MOVES[Kind(kind)]
        assert (signs[BUCKETS.index(source)], signs[BUCKETS.index(target)]) == (-1, 1)


def test_what_entries_add_to_headroom() -> None:
    assert to_headroom(["license", "release", "export"], [5, 3, 2]) == [-5, 3, 0]


def test_the_sums_of_a_few_entries_are_those_of_the_fold() -> None:
    rows = [row(kind.value, "AE" if seq % 2 else "SA", seq, tpp=seq) for seq, kind in enumerate(Kind, 1)]
    folded = balances((each[1], each[0], None, each[4]) for each in rows)
    for country, held in sums(rows).items():
        assert {bucket: held[bucket] for bucket in BUCKETS} == {
            bucket: folded.get((country, "", bucket), 0) for bucket in BUCKETS
        }
        assert held["last_seq"] == max(each[-1] for each in rows if each[1] == country)


def test_other_programmes_draw_on_no_country() -> None:
    assert sums([row("license", "AE", 1, programme="nveu")]) == {}


@pytest.mark.parametrize("wrong", [row("gift", "AE", 1), row("license", "AE", 1, tpp="many")])
def test_a_value_that_no_entry_can_have_is_no_sum(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(Tampered, match="an entry holds what no entry can"):
        sums([wrong])
