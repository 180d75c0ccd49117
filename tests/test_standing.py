"""What is left now, kept up entry by entry: always what `headroom()` sums over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from ledger.engine import Core
from ledger.errors import Tampered
from ledger.standing import FEW
from tests.books import REFERENCE, REGIME
from tests.made_up import STEPS, TODAY, append_few, append_many, rows, summed


@pytest.fixture(name="core", params=[False, True], ids=["narrow", "wide"])
def _core(request: pytest.FixtureRequest) -> Iterator[Core]:
    opened = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=request.param)
    opened.set_today(TODAY)
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("asks_each_time", [True, False])
def test_what_is_left_now_is_what_headroom_sums(core: Core, seed: int, *, asks_each_time: bool) -> None:
    random = Random(seed)  # noqa: S311  # the same steps each time
    for _ in range(12):
        random.choice(STEPS)(core)
        if asks_each_time:
            now = core.now([]).dicts()
            assert now == summed(core)
    assert core.now([]).dicts() == summed(core)
    assert core.now(["SA", "AE"]).dicts() == [row for row in summed(core) if row["country"] in ("AE", "SA")]


def test_before_the_first_entry_no_country_has_anything_left(core: Core) -> None:
    assert core.now([]).rows == []
    assert core.now([]).names == tuple(core.ask("from headroom()").column_names)


def test_types_are_those_of_headroom(core: Core) -> None:
    append_many(core)
    assert core.now([]).arrow().schema == core.ask("from headroom()").schema


def test_an_entry_of_a_country_that_is_none_is_tampered(core: Core) -> None:
    append_few(core)
    core.now([])
    wrong = list(rows(core, 1)[0])
    wrong[core.columns.index("country")] = "ZZ"
    wrong[core.columns.index("programme")] = "country"
    with pytest.raises(Tampered, match="no country 'ZZ'"):
        core.append_rows([tuple(wrong)])


@pytest.mark.parametrize(
    ("column", "value"), [("country", "ZZ"), ("kind", "gift"), ("effective_on", "soon"), ("tpp", None)]
)
def test_entries_with_a_value_that_none_can_have_are_tampered_when_they_are_laid_down(
    core: Core, column: str, value: object
) -> None:
    wrong = [list(row) for row in rows(core, 2 * FEW)]
    wrong[3][core.columns.index(column)] = value
    core.append_rows([tuple(row) for row in wrong])
    with pytest.raises(Tampered, match="an entry holds what no entry can"):
        core.now([])


def test_rows_that_do_not_follow_are_refused(core: Core) -> None:
    append_few(core)
    for gap in (rows(core, 3)[1:], rows(core, 3)[::2]):
        with pytest.raises(Tampered, match=f"do not follow entry {FEW}: an entry is missing from the store"):
            core.append_rows(gap)
    assert core.seq == FEW
