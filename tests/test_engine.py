"""The core: entries in by column and in order, every question by SQL, whole numbers out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from ledger import engine
from ledger.answer import Answer
from ledger.columns import NARROW, WIDE, as_table
from ledger.engine import Core
from ledger.errors import BadQuery, Tampered
from ledger.model import MOVES, Kind
from tests.books import REFERENCE, REGIME

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLAIN = """
select seq, country, (sum(to_headroom_tpp) over (partition by country order by seq))::bigint
    as headroom_after_tpp
from entry order by seq
"""


@pytest.fixture(name="core")
def _core() -> Iterator[Core]:
    opened = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=False)
    yield opened
    opened.close()


def entries(first: int, last: int, seed: int = 1) -> pa.Table:
    """Entries of any kind and amount in six countries, as they come from the store."""
    random = np.random.default_rng(seed + first)
    seqs = range(first, last + 1)
    kinds = random.choice([kind.value for kind in Kind], len(seqs)).tolist()
    countries = random.choice(["AE", "BR", "IN", "SA", "SG", "VN"], len(seqs)).tolist()
    days = [f"2026-01-{day:02d}" for day in random.integers(1, 32, len(seqs)).tolist()]
    tpp = random.integers(1, 10**9, len(seqs)).tolist()
    at = [(START + timedelta(minutes=seq)).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for seq in seqs]
    return as_table(NARROW, [kinds, countries, ["country"] * len(seqs), days, tpp, at, list(seqs)])


# --- taking entries in ----------------------------------------------------------------------------


def test_the_core_catches_up_by_seq(core: Core) -> None:
    core.append(entries(1, 10))
    core.append(entries(11, 11))
    core.append(entries(12, 11))
    assert core.seq == 11
    assert core.ask("select seq from entry order by seq")["seq"].to_pylist() == list(range(1, 12))


@pytest.mark.parametrize(("first", "last"), [(2, 5), (12, 15), (10, 15), (1, 5)])
def test_entries_that_do_not_follow_are_refused_and_leave_the_core_as_it_was(
    core: Core, first: int, last: int
) -> None:
    if first != 2:
        core.append(entries(1, 10))
    before = core.seq
    with pytest.raises(Tampered) as caught:
        core.append(entries(first, last))
    assert caught.value.detail == (
        f"entries {first} to {last} ({last - first + 1} rows) do not follow entry {before}: "
        "an entry is missing from the store; run tppq verify"
    )
    assert caught.value.facts == {"seq": before + 1}
    assert core.seq == before
    assert core.ask("from entry").num_rows == before


def test_a_gap_within_a_page_is_refused(core: Core) -> None:
    page = entries(1, 10)
    with pytest.raises(Tampered, match=r"entries 1 to 10 \(9 rows\) do not follow entry 0"):
        core.append(pa.concat_tables([page.slice(0, 4), page.slice(5)]))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "gift"),
        ("effective_on", "soon"),
        ("recorded_at", "yesterday"),
        ("tpp", "many"),
        ("tpp", None),
    ],
)
def test_a_value_that_no_entry_can_have_is_no_entry(column: str, value: object) -> None:
    good: dict[str, Any] = {
        "kind": "allocate", "country": "AE", "programme": "country", "effective_on": "2026-01-01", "tpp": 1,
        "recorded_at": "2026-01-01T00:00:00.000000Z", "seq": 1,
    }  # fmt: skip
    with pytest.raises(Tampered, match="an entry holds what no entry can"):
        as_table(NARROW, [[(good | {column: value})[name]] for name in NARROW])


def test_a_country_that_is_none_is_no_entry_either(core: Core) -> None:
    columns: list[list[Any]] = [
        ["allocate"],
        ["ZZ"],
        ["country"],
        ["2026-01-01"],
        [1],
        ["2026-01-01T00:00:00Z"],
        [1],
    ]
    with pytest.raises(Tampered, match="an entry holds what no entry can"):
        core.append(as_table(NARROW, columns))


def test_what_an_entry_adds_to_headroom_follows_from_its_move() -> None:
    table = entries(1, 300)
    for kind, tpp, change in zip(
        *(table[n].to_pylist() for n in ("kind", "tpp", "to_headroom_tpp")), strict=True
    ):
        source, target = MOVES[Kind(kind)]
        assert change == {"headroom": tpp}.get(target, 0) - {"headroom": tpp}.get(source, 0)


def test_the_narrow_columns_are_among_the_wide_ones_and_seq_comes_last() -> None:
    assert set(NARROW) <= set(WIDE)
    assert (NARROW[-1], WIDE[-1]) == ("seq", "seq")


# --- running sums ---------------------------------------------------------------------------------


def running(core: Core) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = core.ask("from running() order by seq").to_pylist()
    return rows


@pytest.mark.parametrize(("sorted_seq", "last_seq"), [(0, 700), (2_000, 2_000), (2_000, 2_700)])
def test_running_is_a_plain_sum_by_country_sorted_or_not(
    core: Core, monkeypatch: pytest.MonkeyPatch, sorted_seq: int, last_seq: int
) -> None:
    monkeypatch.setattr(engine, "_SORT_FROM", 1_000)
    if sorted_seq:
        core.append(entries(1, sorted_seq))
        core.sort()
    core.append(entries(sorted_seq + 1, last_seq))
    core.sort()
    assert core.ask("from sorted_through")["seq"].to_pylist() == [sorted_seq]
    assert running(core) == core.ask(PLAIN).to_pylist()


def test_running_as_of_a_day_and_an_instant_is_a_plain_sum_of_what_was_chosen(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_SORT_FROM", 1_000)
    core.append(entries(1, 1_500))
    core.sort()
    core.append(entries(1_501, 1_800))
    values = {"as_of": "2026-01-15", "known_at": "2026-01-02T14:00:00Z"}
    chosen = "entry where effective_on <= '2026-01-15' and recorded_at <= '2026-01-02 14:00:00'"
    plain = core.ask(PLAIN.replace("from entry", "from " + chosen)).to_pylist()
    query = "from running(as_of := $as_of, known_at := $known_at) order by seq"
    assert 0 < len(plain) < 1_800
    assert core.ask(query, values).to_pylist() == plain


def test_running_ends_in_headroom(core: Core) -> None:
    core.append(entries(1, 900))
    last = {row["country"]: row["headroom_after_tpp"] for row in running(core)}
    assert last == {row["country"]: row["headroom_tpp"] for row in core.ask("from headroom()").to_pylist()}


# --- asking ---------------------------------------------------------------------------------------


def test_the_day_that_licenses_expire_by_is_the_one_set(core: Core) -> None:
    for day in ("2026-06-30", "2025-01-01", "2025-01-01"):
        core.set_today(day)
        assert [str(each) for each in core.ask("from today")["on_day"].to_pylist()] == [day]


@pytest.mark.parametrize(
    "query", ["selec 1", "select no_such_column from entry", "from nowhere", "select $x"]
)
def test_a_query_that_does_not_run_is_refused_with_what_duckdb_says(core: Core, query: str) -> None:
    with pytest.raises(BadQuery) as caught:
        core.ask(query)
    assert caught.value.facts == {"query": query}
    assert core.ask("select 1 as one")["one"].to_pylist() == [1]


# --- answers --------------------------------------------------------------------------------------

LARGE = 2**53 - 1


@pytest.fixture(name="answer")
def _answer(core: Core) -> Answer:
    query = "select country, t from (values ('AE', 9007199254740991), ('SA', null)) as v (country, t)"
    return Answer(core.ask(query), {"seq": 0})


def test_whole_numbers_stay_whole_in_pandas(answer: Answer) -> None:
    frame = answer.df()
    assert str(frame["t"].dtype) == "int64[pyarrow]"
    assert frame["t"].iloc[0] == LARGE
    assert frame["t"].isna().tolist() == [False, True]


def test_an_answer_is_arrow_polars_rows_and_an_iterator(answer: Answer) -> None:
    rows = [{"country": "AE", "t": LARGE}, {"country": "SA", "t": None}]
    assert answer.rows() == list(answer) == answer.arrow().to_pylist() == answer.pl().to_dicts() == rows
    assert len(answer) == 2
    assert pa.table(answer).to_pylist() == rows
    assert pl.DataFrame(answer).to_dicts() == rows


BASIS = {
    "regime": "diffusion-2025", "h100_tpp": 15_832, "as_of": "2026-11-21", "seq": 18_204,
    "known_at": "2026-11-21T22:40:07.123456Z",
}  # fmt: skip


def test_an_answer_shows_itself_in_a_notebook(answer: Answer) -> None:
    html = Answer(answer.given, BASIS)._repr_html_()
    assert f'<td style="text-align:right">{LARGE:,}</td>' in html
    assert "Regime diffusion-2025, not a legal balance. " in html
    assert "more" not in html


def test_a_notebook_is_shown_the_first_rows_of_many_whole_and_as_text() -> None:
    long = "<b>" + "x" * 200
    html = Answer(pa.table({"consignee": [long] * 1_234}), BASIS)._repr_html_()
    assert html.count(f'<td style="text-align:left">&lt;b&gt;{"x" * 200}</td>') == 100
    assert "1,134 rows more" in html
