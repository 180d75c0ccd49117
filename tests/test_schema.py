"""The SQL and the printed schemas: found wherever the package is, and true to the Python they come from."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import psycopg
import pytest

from ledger import schema
from tests.postgres import Postgres
from tests.print_schemas import printed

TOP = Path(__file__).parent.parent
PRINTED = {path.relative_to(TOP).as_posix(): text for path, text in printed().items()}


@pytest.mark.parametrize("path", PRINTED)
def test_a_printed_schema_is_what_its_python_says(path: str) -> None:
    assert (TOP / path).read_text(encoding="utf-8") == PRINTED[path], "stale: run make schemas"


def test_the_tables_can_be_created_twice_on_sqlite() -> None:
    connection = sqlite3.connect(":memory:")
    for _ in range(2):
        connection.executescript(schema.sql("store/tables.sqlite.sql"))
    tables = connection.execute(
        "select name from pragma_table_list where schema = 'main' and strict"
    ).fetchall()
    assert {name for (name,) in tables} == {"entry", "balance", "refusal", "event", "head"}
    connection.close()


def test_the_tables_can_be_created_twice_on_postgresql(postgres: Postgres) -> None:
    url = postgres.create()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for _ in range(2):
            connection.execute(schema.sql("store/tables.postgresql.sql").encode())
        query = "select table_name from information_schema.tables where table_schema = 'public'"
        found = {name for (name,) in connection.execute(query)}
        assert found == {"entry", "balance", "refusal", "event", "head"}
    postgres.drop(url)


def test_what_names_put_in_order_does_not_follow_the_collation_of_a_database() -> None:
    paths = [path for path in (TOP / "schemas" / "store").glob("*.sql") if ".sqlite." not in path.name]
    orders = [path.read_text(encoding="utf-8").rpartition("\norder by ")[2] for path in paths]
    by_name = [order for order in orders if re.search(r"\b(request_id|subject)\b", order.partition("\n")[0])]
    assert len(by_name) == 4
    assert [order for order in by_name if not re.search(r'(request_id|subject) collate "C"', order)] == []


def test_the_core_runs_in_the_order_of_names() -> None:
    paths = sorted((TOP / "schemas" / "core").glob("[0-9]_*.sql"))
    numbers = {int(path.name[0]) for path in paths}  # tables of one number do not know each other
    assert numbers == set(range(max(numbers) + 1))
    assert schema.core_scripts() == [f"core/{path.name}" for path in paths]


def test_a_missing_folder_is_an_incomplete_installation() -> None:
    with pytest.raises(FileNotFoundError, match="the installation is incomplete"):
        schema.folder("no_such_folder")
