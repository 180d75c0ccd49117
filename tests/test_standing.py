"""What is left now, kept up entry by entry: always what `headroom()` sums over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger import schema
from ledger.columns import NARROW, as_table
from ledger.engine import Core
from ledger.errors import Tampered
from ledger.model import Kind
from ledger.standing import FEW
from tests.books import REFERENCE, REGIME

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
TODAY = "2026-06-30"
MANY = 1_041_748 + 2_000
"""Rows past which earlier releases of DuckDB answered some sums wrongly (duckdb issue 24985)."""

COUNTRIES = ("AE", "BR", "IN", "LI", "SA", "SG", "VN")


@pytest.fixture(name="core", params=[False, True], ids=["narrow", "wide"])
def _core(request: pytest.FixtureRequest) -> Iterator[Core]:
    opened = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=request.param)
    opened.set_today(TODAY)
    yield opened
    opened.close()


def rows(core: Core, count: int, seed: int = 0) -> list[tuple[Any, ...]]:
    """Entries that follow those of the core, as the store has them."""
    random, kinds = Random(core.seq + seed), list(Kind)  # noqa: S311  # a sample, not a secret
    made = []
    for seq in range(core.seq + 1, core.seq + count + 1):
        given = {
            "kind": random.choice(kinds).value, "country": random.choice(COUNTRIES), "seq": seq,
            "programme": random.choice(["country", "country", "country", "nveu"]),
            "effective_on": f"2026-0{random.randint(1, 6)}-15", "tpp": random.randint(1, 10**9),
            "recorded_at": (START + timedelta(minutes=seq)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }  # fmt: skip
        made.append(tuple(given.get(name) for name in core.columns))
    return made


def append_one(core: Core) -> None:
    core.append_rows(rows(core, 1))


def append_few(core: Core) -> None:
    core.append_rows(rows(core, FEW))


def append_more(core: Core) -> None:
    core.append_rows(rows(core, 3 * FEW))


def append_many(core: Core) -> None:
    core.append(as_table(core.columns, zip(*rows(core, 50), strict=True)))


def ask_about_entries(core: Core) -> None:
    assert core.ask("select count(*) as n from entry")["n"].to_pylist() == [core.seq]


def pass_days(core: Core) -> None:
    core.set_today("2028-01-01" if core.seq % 2 else TODAY)


STEPS = (append_one, append_few, append_more, append_many, ask_about_entries, pass_days)


def summed(core: Core) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = core.ask("from headroom()").to_pylist()
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("asks_each_time", [True, False])
def test_what_is_left_now_is_what_headroom_sums(core: Core, seed: int, *, asks_each_time: bool) -> None:
    random = Random(seed)  # noqa: S311  # likewise
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
    sums = np.bincount(country[1000:], tpp[1000:]).astype(int).tolist()
    last = {int(code): int(each) for code, each in zip(country, seq, strict=True)}
    assert sorted(summed) == [(code, each, last[code]) for code, each in enumerate(sums)]


# --- segments -------------------------------------------------------------------------------------


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
    opened = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=False)
    opened.set_today(TODAY)
    yield opened
    opened.close()


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
