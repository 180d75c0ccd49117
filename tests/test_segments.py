"""Segments: read where they lie for a first question, laid down for a second, the same answers either way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger import schema
from ledger.columns import NARROW, WIDE, as_table
from ledger.engine import Core, Damaged
from ledger.errors import BadQuery
from ledger.standing import FEW
from tests.books import REFERENCE, REGIME
from tests.made_up import TODAY, append_few, append_many, append_one, licensed, rows, summed

MANY = 1_041_748 + 2_000
"""Rows past which earlier releases of DuckDB answered some sums wrongly (duckdb issue 24985)."""

RUNNING = """
    select
        sum(tpp) over (
            partition by country order by seq rows between unbounded preceding and current row
        )::bigint as left
    from read_parquet($files) order by country::integer, seq
"""


def test_duckdb_sums_parquet_files_where_they_lie_right(tmp_path: Path) -> None:
    seq = np.arange(1, MANY + 1)
    country, tpp = seq * 31 % 158, seq * 7919 % 15832 + 1
    table = pa.table({"seq": seq, "country": country.astype(str), "tpp": tpp})
    for part in range(5):
        pq.write_table(table.slice(part * 250_000, 250_000), tmp_path / f"{part}.parquet", compression="zstd")
    query = """
        select country::integer, sum(tpp)::bigint, max(seq)
        from read_parquet($files) where seq > 1000 group by 1
    """
    with duckdb.connect() as connection:
        summed = connection.execute(query, {"files": str(tmp_path / "*.parquet")}).fetchall()
        running = connection.execute(RUNNING, {"files": str(tmp_path / "*.parquet")}).fetchnumpy()["left"]
    sums = np.bincount(country[1000:], tpp[1000:]).astype(int).tolist()
    last = {int(code): int(each) for code, each in zip(country, seq, strict=True)}
    assert sorted(summed) == [(code, each, last[code]) for code, each in enumerate(sums)]
    by_country = np.argsort(country, kind="stable")
    total = np.cumsum(tpp[by_country])
    begins = np.searchsorted(country[by_country], np.arange(158))
    before = np.concatenate([[0], total])[begins][country[by_country]]
    assert running.astype(np.int64).tolist() == (total - before).tolist()


@pytest.fixture(name="segments")
def _segments(tmp_path: Path) -> list[Path]:
    """Three segments of a hundred entries each, with the narrow columns."""
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=False)
    table = as_table(NARROW, zip(*rows(core, 300), strict=True))
    core.close()
    files = [tmp_path / f"{part}.parquet" for part in range(3)]
    for part, file in enumerate(files):
        pq.write_table(table.slice(100 * part, 100), file)
    return files


@pytest.fixture(name="narrow")
def _narrow() -> Iterator[Core]:
    yield from opened(wide=False)


@pytest.fixture(name="wide")
def _wide() -> Iterator[Core]:
    yield from opened(wide=True)


def opened(*, wide: bool) -> Iterator[Core]:
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=wide)
    core.set_today(TODAY)
    yield core
    core.close()


@pytest.fixture(name="wide_segments")
def _wide_segments(tmp_path: Path, wide: Core) -> list[Path]:
    """Three segments of a hundred entries each, with every column."""
    table = as_table(WIDE, zip(*licensed(wide, 300), strict=True))
    files = [tmp_path / f"wide-{part}.parquet" for part in range(3)]
    for part, file in enumerate(files):
        pq.write_table(table.slice(100 * part, 100), file)
    return files


AS_OF = "from headroom(as_of := $as_of, known_at := $known_at)"
TIMES = (
    {"as_of": None, "known_at": None}, {"as_of": "2026-03-31", "known_at": None},
    {"as_of": None, "known_at": "2026-01-01T16:00:00Z"},
    {"as_of": "2026-03-31", "known_at": "2026-01-01T16:00:00Z"},
)  # fmt: skip


def test_segments_are_summed_where_they_lie_and_laid_down_for_the_second_question(
    narrow: Core, segments: list[Path]
) -> None:
    laid = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=False)
    laid.set_today(TODAY)
    laid.append_rows(rows(laid, 300))
    assert narrow.load(segments, 300)
    for core in (narrow, laid):
        core.append_rows(rows(core, 2 * FEW))
    assert narrow.now([]).dicts() == laid.now([]).dicts()
    for times in TIMES * 2:
        assert narrow.rows(AS_OF, times).dicts() == laid.rows(AS_OF, times).dicts()
    assert narrow.now([]).dicts() == summed(narrow) == summed(laid)
    laid.close()


def test_entries_that_come_between_questions_are_in_all_of_them(narrow: Core, segments: list[Path]) -> None:
    assert narrow.load(segments, 300)
    for _ in range(3):
        append_one(narrow)
        assert narrow.now([]).dicts() == summed(narrow)
        append_many(narrow)
        assert narrow.now([]).dicts() == summed(narrow)
    assert narrow.ask("select count(*) as n, max(seq) as seq from entry").to_pylist() == [
        {"n": narrow.seq, "seq": narrow.seq}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "from statement('AE')",
        "from licenses()",
        "from licenses(country_code := 'IN', as_of := '2026-03-31')",
        "from headroom_daily order by all",
        "select bucket, license_no, sum(tpp) as tpp from posting group by all order by all",
        "from entry order by seq",
        "select kind, country, count(*) as n from main.entry group by all order by all",
        "select table_name from duckdb_columns() where table_name = 'entry' and column_name = 'reason'",
    ],
)
def test_the_first_question_is_answered_from_the_segments_where_they_lie_as_the_second_one_is(
    wide: Core, wide_segments: list[Path], query: str
) -> None:
    assert wide.load(wide_segments, 300)
    wide.append_rows(licensed(wide, 2 * FEW))
    wide.sort()
    first, second = wide.ask(query), wide.ask(query)
    assert first.num_rows > 0
    assert first.schema == second.schema
    assert first.to_pylist() == second.to_pylist()


def test_tables_beside_a_question_are_found_with_the_segments_too(
    wide: Core, wide_segments: list[Path]
) -> None:
    assert wide.load(wide_segments, 300)
    count = "select count(*) as n from entry, (select count(*) from refusal)"
    assert [wide.ask(count, {}, {"refusal": []}).to_pylist() for _ in range(2)] == [[{"n": 300}]] * 2


def test_a_query_that_does_not_run_costs_no_segment(wide: Core, wide_segments: list[Path]) -> None:
    assert wide.load(wide_segments, 300)
    for _ in range(2):
        with pytest.raises(BadQuery, match="no_such_column"):
            wide.ask("select no_such_column from entry")
    assert wide.ask("select count(*) as n from entry").to_pylist() == [{"n": 300}]


@pytest.mark.parametrize("asked", ["first", "second"])
def test_a_segment_that_cannot_be_read_is_said_to_be_damaged(
    wide: Core, wide_segments: list[Path], asked: str
) -> None:
    assert wide.load(wide_segments, 300)
    count = "select count(reason) as n from entry"
    if asked == "second":
        wide.ask(count)
    wide_segments[1].unlink()
    with pytest.raises(Damaged):
        wide.ask(count)


def test_segments_are_sorted_with_the_rest(
    narrow: Core, segments: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.engine._SORT_FROM", 100)
    assert narrow.load(segments, 300)
    append_few(narrow)
    narrow.sort()
    last = "select country, max_by(headroom_after_tpp, seq) as headroom_tpp from running() group by all"
    assert {row["country"]: row["headroom_tpp"] for row in narrow.ask(last).to_pylist()} == {
        row["country"]: row["headroom_tpp"] for row in summed(narrow)
    }


@pytest.mark.parametrize("last_seq", [299, 301])
def test_segments_that_do_not_hold_what_they_should_are_of_no_use(
    narrow: Core, segments: list[Path], last_seq: int
) -> None:
    assert not narrow.load(segments, last_seq)


def test_a_segment_with_a_country_that_is_none_is_of_no_use(narrow: Core, segments: list[Path]) -> None:
    table = pq.read_table(segments[1])
    at = table.schema.get_field_index("country")
    pq.write_table(table.set_column(at, "country", [["ZZ"] * table.num_rows]), segments[1])
    assert not narrow.load(segments, 300)


def test_every_script_of_the_core_runs_before_a_question_that_may_need_it(narrow: Core) -> None:
    assert narrow.now([]).rows == []
    assert narrow.ask("from statement('AE')").num_rows == 0
    assert len(schema.core_scripts()) > 4
