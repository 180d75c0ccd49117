"""The data dictionary: it leaves nothing out, and what may be asked changes only under a new name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from ledger import Ledger, core_file, dictionary, schema
from ledger.core_file import Ground
from tests.books import REFERENCE, REGIME
from tests.small import fill
from tests.transcripts import typed

SURFACE = Path(__file__).parent / "golden" / "surface.txt"
ROWS = dictionary.words(Ground(REGIME, REFERENCE))


@pytest.fixture(name="ledger", scope="module")
def _ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with fill(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'tppq.db'}") as ledger:
        yield ledger


def test_everything_that_may_be_asked_has_a_meaning() -> None:
    assert [row for row in ROWS if not row["meaning"]] == []


def meaning(name: str, column: str) -> str:
    (found,) = [row["meaning"] for row in ROWS if (row["name"], row["column"]) == (name, column)]
    return str(found)


def test_the_status_of_a_regime_says_how_firm_it_is_and_nothing_of_whether_it_is_in_force() -> None:
    told = meaning("regime", "status")
    assert told.startswith("How firm it is, not whether it is in force")
    regimes = (SURFACE.parent.parent.parent / "fixtures/reference/regimes").glob("*.toml")
    used = {status for path in regimes for status in re.findall(r'status = "(\w+)"', path.read_text())}
    assert used
    assert [status for status in used if status not in told] == []


def test_what_is_said_of_a_column_is_so(ledger: Ledger) -> None:
    def found(query: str) -> int:
        return len(ledger.sql(query))

    assert "null where none is declared" in meaning("device", "declared_tpp")
    assert found("from device where declared_tpp = tpp")
    assert found("from device where declared_tpp is null")
    assert meaning("correction", "first_seq").endswith("unless that stood in the place of another")
    assert found("from correction where first_seq = undone_seq")
    assert "of one submission" in meaning("entry", "group_id")
    assert found(
        "from entry where group_id is not null and group_id not in "
        "(select group_id from entry where reverses_seq is not null and group_id is not null)"
    )


def test_every_table_and_view_has_a_comment_or_is_the_cores_own(ledger: Ledger) -> None:
    query = "select table_name as name from information_schema.tables where table_schema = 'main'"
    named = {row["name"] for row in ROWS}
    assert {row["name"] for row in ledger.sql(query)} - named == {
        "sorted_through",
        "held_now",
        "headroom_now",
    }


def test_every_macro_has_a_comment_or_takes_a_relation(ledger: Ledger) -> None:
    query = "select function_name as name, parameters from duckdb_functions() where not internal"
    named = {row["name"] for row in ROWS}
    unnamed = {row["name"] for row in ledger.sql(query) if "relation" not in row["parameters"]}
    assert unnamed - named == set()


def test_the_columns_of_a_macro_are_those_of_its_answer(ledger: Ledger) -> None:
    for name, call in {
        "headroom": "headroom()",
        "licenses": "licenses()",
        "statement": "statement('AE')",
    }.items():
        listed = [
            row["column"]
            for row in ROWS
            if row["name"] == name and row["sort"] == "macro" and row["column"] and "(" not in row["column"]
        ]
        assert listed == ledger.sql(f"from {call}").table.column_names


def test_what_may_be_asked_changes_only_under_a_new_name(golden: Callable[[Path, str], None]) -> None:
    """A line lost or changed breaks somebody's query: add another name beside it, and keep this one."""
    lines = []
    for row in ROWS:
        name = row["name"] if row["column"] is None else f"{row['name']}.{row['column']}"
        lines.append(" ".join(filter(None, (row["sort"], name, row["type"]))))
    golden(SURFACE, "".join(f"{line}\n" for line in lines))


def test_the_document_has_a_table_for_each_name() -> None:
    text = dictionary.markdown(ROWS)
    assert text.startswith("# What may be asked\n")
    assert text.count("\n## ") == len({(row["name"], row["sort"]) for row in ROWS})
    assert "| `headroom_tpp` | bigint | What is left, whole TPP; below zero where it is overdrawn |" in text


def test_a_csv_is_read_by_pandas_as_the_dictionary_says_with_namibia_in_it() -> None:
    said = dictionary.markdown(ROWS)
    assert "`keep_default_na=False, na_values=['']`" in said
    text = StringIO("country,license_no,headroom_tpp\nNA,,790000000\nAE,L1,\n")
    read = pd.read_csv(text, keep_default_na=False, na_values=[""])
    assert read.country.tolist() == ["NA", "AE"]
    assert read.isna().to_numpy().tolist() == [[False, True, False], [False, False, True]]


def test_a_ledger_gives_its_dictionary(ledger: Ledger) -> None:
    assert ledger.dictionary().rows() == ROWS
    assert ledger.dictionary().basis["seq"] == 14


@pytest.mark.parametrize("form", ["plain", "json"])
def test_the_dictionary_is_given_without_a_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = typed(["sql", "--schema", "--format", form])
    assert status == 0
    assert "What is left, whole TPP" in out
    assert err == "" if form == "json" else err.startswith("What may be asked of any ledger, without one")


def test_meta_says_which_ledger_it_is(ledger: Ledger) -> None:
    head = ledger.headroom().basis
    (meta,) = ledger.sql("select seq, head_hash, regime, h100_tpp, surface_version from meta").rows()
    assert (meta["seq"], meta["head_hash"], meta["regime"]) == (14, head["head_hash"], "diffusion-2025")
    assert (meta["h100_tpp"], meta["surface_version"]) == (15_832, 1)


def test_meta_of_an_empty_ledger_has_the_first_hash(tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False) as ledger:
        assert ledger.sql("select seq, head_hash, recorded_at from meta").rows() == [
            {"seq": 0, "head_hash": "0" * 64, "recorded_at": None}
        ]


def test_the_views_of_now_are_the_macros(ledger: Ledger) -> None:
    for view, macro in (("headroom", "headroom()"), ("license", "licenses()")):
        assert ledger.sql(f"from {view}").rows() == ledger.sql(f"from {macro}").rows()


def test_the_scripts_after_the_tables_make_macros_and_views_alone() -> None:
    """So that they can be run, as temporary ones, on a file that cannot be written."""
    for path in core_file.scripts()[1]:
        made = [
            line.split()[:2]
            for line in schema.sql(path).splitlines()
            if line.startswith(("create", "insert"))
        ]
        assert {tuple(words) for words in made} <= {("create", "macro"), ("create", "view")}, path
