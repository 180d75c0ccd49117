"""What every file of the project keeps to, and what it relies on in what it stands on."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ledger

TOP = Path(__file__).parent.parent
MODULES = sorted((TOP / "ledger").rglob("*.py"))
SQL = sorted((TOP / "schemas").rglob("*.sql"))
AT_THE_TOP = re.compile(
    r"pyproject\.toml|ledger|schemas|fixtures|tests|Makefile|README\.md|CHANGELOG\.md|LICENSE"
    r"|requirements.*\.txt|PKG-INFO|\..*"
)
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"].values()
ASKED = [
    Requirement(line) for line in chain(PROJECT["dependencies"], *EXTRAS) if not line.startswith("tppq[")
]
LONGEST = 300
RUNS_SQL = {
    "execute",
    "executemany",
    "executescript",
    "exec_driver_sql",
    "sql",
    "text",
    "query",
    "from_query",
}
MANY = 1_041_748 + 2_000
"""Rows past which DuckDB 1.5.5 and 1.5.6 answered some window sums wrongly (duckdb issue 24985)."""


def by_path(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


# --- the tree -------------------------------------------------------------------------------------


def test_the_top_level_has_only_the_names_agreed_on() -> None:
    if (TOP / ".git").exists():
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        files = subprocess.run(
            listed, cwd=TOP, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        names = {file.split("/")[0] for file in files}
    else:
        names = {path.name for path in TOP.iterdir()}
    assert [name for name in sorted(names) if not AT_THE_TOP.fullmatch(name)] == []


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_a_module_fits_in_one_reading(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST


def test_the_version_is_the_newest_of_the_changelog_and_no_decision_is_younger() -> None:
    texts = [(TOP / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "ledger/DESIGN.md")]
    versions = re.findall(r"^## \[(\d+\.\d+)\.\d+\] - \d{4}-\d\d-\d\d$", texts[0], re.MULTILINE)
    assert PROJECT["version"].rpartition(".")[0] == versions[0]
    assert set(re.findall(r"[Ss]ince (\d+\.\d+)", texts[1])) <= set(versions)


def test_every_module_of_the_package_is_on_the_map() -> None:
    design = (TOP / "ledger" / "DESIGN.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    .{25}(.*)$", design.partition("## Map")[2].partition("\n## ")[0], re.MULTILINE)
    named = {word for line in lines for word in re.findall(r"(?:^|[,;:(])\s*(\w+)", line)}
    modules = {path.stem for path in (TOP / "ledger").glob("*.py")}
    assert modules - named == {"__init__"}


def test_no_module_is_named_after_nothing_in_particular() -> None:
    assert {path.stem for path in MODULES} & {
        "utils",
        "util",
        "helpers",
        "helper",
        "manager",
        "common",
        "misc",
    } == set()


@pytest.mark.parametrize("path", SQL, ids=by_path)
def test_a_sql_file_begins_with_a_comment(path: Path) -> None:
    assert re.match(r"-- \S", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_no_statement_is_built_by_python(path: Path) -> None:
    assert list(built_statements(ast.parse(path.read_text(encoding="utf-8")))) == []


def built_statements(tree: ast.Module) -> list[int]:
    """The lines where text put together on the spot is handed to what runs SQL."""
    return [
        call.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and runs_sql(call.func) and call.args and is_put_together(call.args[0])
    ]


def runs_sql(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        return (
            called.attr in RUNS_SQL and ast.unparse(called.value) != "schema"
        )  # which reads a file by its path
    return isinstance(called, ast.Name) and called.id in RUNS_SQL


def is_put_together(text: ast.expr) -> bool:
    by_percent = isinstance(text, ast.BinOp) and isinstance(text.op, ast.Mod)
    by_format = isinstance(text, ast.Call) and getattr(text.func, "attr", None) == "format"
    words = [part.value for part in ast.walk(text) if isinstance(part, ast.Constant)]
    by_plus = isinstance(text, ast.BinOp) and any(isinstance(each, str) and " " in each for each in words)
    return isinstance(text, ast.JoinedStr) or by_percent or by_format or by_plus


@pytest.mark.parametrize(
    "line",
    [
        'c.execute(f"select {x}")',
        'c.sql("select %s" % x)',
        'sa.text("select {}".format(x))',
        'query(f"from {x}")',
        'c.execute("delete from " + x)',
    ],
)
def test_a_statement_built_by_python_is_found(line: str) -> None:
    assert built_statements(ast.parse(line)) == [1]


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    headings = re.findall(r"^## (.*)$", (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])


# --- the front door -------------------------------------------------------------------------------


def test_the_public_names_are_those_that_type_checkers_are_told_of() -> None:
    told = ast.parse((TOP / "ledger" / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.name: node.module
        for node in told.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(homes) == ledger.__all__ == dir(ledger)
    for name, home in homes.items():
        assert getattr(ledger, name) is getattr(sys.modules[str(home)], name)


@pytest.mark.parametrize("name", ledger.__all__)
def test_a_public_name_says_what_it_is(name: str) -> None:
    thing = getattr(ledger, name)
    if inspect.isclass(thing) and issubclass(thing, ledger.LedgerError):
        assert "title" in vars(thing)  # what the user sees; errors.py draws them all as one tree
    elif inspect.isclass(thing) or inspect.isfunction(thing):
        assert thing.__doc__


def test_every_verb_of_the_ledger_says_what_it_answers() -> None:
    verbs = inspect.getmembers(ledger.Ledger, inspect.isroutine)
    silent = [name for name, verb in verbs if not name.startswith("_") and not verb.__doc__]
    assert silent == []


# --- what it stands on ----------------------------------------------------------------------------


def test_the_lock_file_pins_what_pyproject_asks_for() -> None:
    lines = (TOP / "requirements.lock.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    pinned = {canonicalize_name(name): release for name, release in pins}
    outside = [
        str(asked) for asked in ASKED if not asked.specifier.contains(pinned[canonicalize_name(asked.name)])
    ]
    assert outside == []


def test_the_installed_duckdb_is_one_that_this_project_was_held_to() -> None:
    assert [asked.specifier.contains(duckdb.__version__) for asked in ASKED if asked.name == "duckdb"] == [
        True
    ]


@pytest.mark.parametrize(
    "create",
    [
        "create table held as select i as seq, i::text as license_no, i::double as tpp from range($1) r(i)",
        "create table held as select i as seq, i::text as license_no, i::bigint as tpp from range($1) r(i)",
    ],
    ids=["double", "bigint"],
)
def test_duckdb_sums_many_small_groups_right(create: str) -> None:
    # As in issue 24985: one row per group, so every sum is the row's own figure. Was wrong for doubles.
    query = """
        select count(*)
        from (select tpp, sum(tpp) over (
            partition by license_no order by seq rows between unbounded preceding and unbounded following
        ) as held_tpp from held)
        where tpp <> held_tpp
    """
    with duckdb.connect() as connection:
        connection.execute(create, [MANY])
        assert connection.execute(query).fetchall() == [(0,)]


def test_duckdb_sums_a_few_long_groups_right() -> None:
    seq = np.arange(MANY)
    country, tpp = seq * 31 % 158, seq * 7919 % 15832 + 1
    order = np.lexsort((seq, country))
    running = np.cumsum(tpp[order])
    first = np.flatnonzero(np.diff(country[order], prepend=-1))
    before_the_group = np.repeat((running - tpp[order])[first], np.diff(first, append=MANY))
    with duckdb.connect() as connection:
        connection.register("arrived", pa.table({"seq": seq, "country": country, "tpp": tpp}))
        connection.execute("create table entry as select * from arrived")
        connection.execute(
            "create table after as select country, seq, "
            "(sum(tpp) over (partition by country order by seq))::bigint as tpp from entry"
        )
        after = connection.sql("select tpp from after order by country, seq").to_arrow_table()
    assert np.array_equal(after["tpp"].to_numpy(), running - before_the_group)


def test_what_comes_in_as_arrow_is_in_the_table_whole() -> None:
    seq = np.arange(MANY)
    names = pa.array([None if number % 7 == 0 else f"L{number % 4099}" for number in range(MANY)])
    arrived = pa.table({"seq": seq, "license_no": names, "tpp": seq * (2**53 // MANY)}).slice(1000)
    with duckdb.connect() as connection:
        connection.execute("create table entry (seq bigint, license_no text, tpp bigint)")
        connection.register("arrived", arrived)
        connection.execute("insert into entry by name select * from arrived")
        kept = connection.sql("select * from entry order by seq").to_arrow_table()
        filtered = connection.sql(
            "select count(*) from entry where license_no = 'L17' and tpp > 2^40"
        ).fetchall()
    assert kept.cast(arrived.schema).equals(arrived)
    wanted = (arrived["tpp"].to_numpy() > 2**40) & (arrived["license_no"].to_numpy() == "L17")
    assert filtered == [(int(wanted.sum()),)]


def test_a_process_that_used_duckdb_ends_by_itself() -> None:
    script = "import duckdb; print(duckdb.connect().cursor().execute('select 42').fetchall())"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == "[(42,)]\n"
