"""The history read again: as Python would write it to the byte, and exact where it cannot be put together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import Tampered, evidence, rereading, schema
from ledger.database import Database
from ledger.reading import Reading
from ledger.rereading import Last
from ledger.tables import ENTRY
from tests.forger import fill, unguarded, unopened
from tests.outside import connected, entries


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


def pages(url: str, after: int = 0, until: int = 6) -> list[rereading.Page]:
    reading = Reading(Database(url, 1))
    found = list(rereading.pages(reading, after, until))
    reading.close()
    return found


def seqs_at_fault(page: rereading.Page) -> list[tuple[int, str]]:
    return [(fault.seq, fault.check) for fault in rereading.faults(page, Last())]


def change(url: str, seq: int, **values: object) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == seq).values(values))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_database_puts_every_hashed_column_into_the_canonical_form_in_its_order(dialect: str) -> None:
    text = schema.sql(f"store/reread.{dialect}.sql").split("select", 1)[1]
    pairs = re.findall(r"'(\w+)', e\.(\w+)", text)
    columns = [name for name, _ in pairs] or re.findall(r"e\.(\w+),?\n", text.split("lateral")[-1])
    assert all(name == column for name, column in pairs)
    assert tuple(columns[: len(evidence.HASHED)]) == evidence.HASHED


def test_what_the_database_puts_together_is_the_canonical_form_to_the_byte(store_url: str) -> None:
    fill(store_url)
    stored = entries(store_url)
    (page,) = pages(store_url)
    assert page.bodies == [
        evidence.canonical({name: row[name] for name in evidence.HASHED}) for row in stored
    ]
    assert page.seqs == range(1, 7)
    assert page.hashes == [row["hash"] for row in stored]
    assert page.prev_hashes == [row["prev_hash"] for row in stored]
    assert page.recorded_at == [row["recorded_at"] for row in stored]
    assert seqs_at_fault(page) == []


def test_any_part_can_be_read_in_pages_of_any_size(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store_url)
    for size in (1, 2, 4, 100):
        monkeypatch.setattr(rereading, "PAGE", size)
        assert [seq for page in pages(store_url, 1, 5) for seq in page.seqs] == [2, 3, 4, 5]
    assert pages(store_url, 6, 6) == []
    assert pages(store_url, 6, 9) == []


def test_where_an_entry_is_missing_the_rest_keeps_its_numbers(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq == 3))
    (page,) = pages(url)
    assert list(page.seqs) == [1, 2, 4, 5, 6]
    assert seqs_at_fault(page) == [(4, "order"), (4, "chain")]


@pytest.mark.parametrize(
    ("column", "value"),
    [("hash", "a\nb"), ("prev_hash", "\n"), ("recorded_at", "2026\n"), ("hash_v", 2), ("reason", "a\nb")],
)
def test_what_would_break_the_lines_of_a_page_is_read_row_by_row(
    url: str, column: str, value: object
) -> None:
    change(url, 3, **{column: value})
    (page,) = pages(url)
    assert len(page.bodies) == 6
    assert min(seqs_at_fault(page))[0] == 3


def test_a_value_that_json_cannot_hold_is_tampering(url: str) -> None:
    """In a table that was made anew without types, a column may hold bytes."""
    with connected(url) as connection:
        made = connection.exec_driver_sql("select sql from sqlite_schema where name = 'entry'").scalar_one()
        for statement in (
            "alter table entry rename to was",
            made.replace(" strict", "").replace("STRICT", ""),
        ):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("insert into entry select * from was")
        connection.exec_driver_sql("drop table was")
        connection.exec_driver_sql("update entry set consignee = x'ff00' where seq = 2")
    with pytest.raises(Tampered, match="one of the entries 1 to 6 holds what no entry can"):
        pages(url)
    found = unopened(url)
    assert (1, "values") in [(row["seq"], row["check"]) for row in found.rows()]
    assert "balances and states were not checked" in found.basis["notes"][0]


def test_an_instant_that_does_not_go_forward_is_a_fault(url: str) -> None:
    (page,) = pages(url)
    faults = list(rereading.faults(page, Last(0, "0" * 64, page.recorded_at[0])))
    assert [(fault.seq, fault.check) for fault in faults] == [(1, "order")]


def test_an_entry_that_is_not_there_is_tampering(url: str) -> None:
    reading = Reading(Database(url, 1))
    assert rereading.entry(reading, 6).seqs == range(6, 7)
    with pytest.raises(Tampered, match="entry 7 is missing from the store"):
        rereading.entry(reading, 7)
    reading.close()
