"""The process that writes: what continues the head is committed, anything else is not, and it says which."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import Ledger
from ledger.database import Database
from ledger.schema import sql
from ledger.scribe import Fate, Orders, Reply, Scribe
from ledger.sheet import Insert, Sheet
from ledger.sqlite_file import PUT_ASIDE
from tests.outside import connected, count

KEEP = "insert into kept (number) values (?)"


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    Ledger.init(url, opening=False).close()
    with connected(url) as connection:
        connection.exec_driver_sql("create table kept (number integer unique)")
    return url


@pytest.fixture
def scribe(url: str) -> Iterator[Scribe]:
    started = Scribe(orders(url, os.getpid()))
    yield started
    started.close()


def orders(url: str, parent: int) -> Orders:
    return Orders(
        parent=parent,
        file=url.removeprefix("sqlite:///"),
        busy_seconds=0.2,
        connect=sql("store/connect.sqlite.sql") + sql("store/bulk.sqlite.sql"),
        begin="begin immediate",
        lock_head=sql("store/lock_head.sqlite.sql"),
        last_event=sql("store/last_event.sql"),
        move_head=sql("store/move_head.sql"),
    )


def numbers(*given: int, continues: str = "0" * 64) -> Sheet:
    """Rows of a table that is none of the ledger's, on the head of a ledger without entries."""
    return Sheet(continues, [Insert(KEEP, [given])], {})


def kept(url: str) -> list[int]:
    with connected(url) as connection:
        return list(connection.exec_driver_sql("select number from kept order by number").scalars())


def test_sheets_are_written_in_their_order_each_in_a_transaction_of_its_own(scribe: Scribe, url: str) -> None:
    replies = [scribe.write(numbers(number, number + 10)) for number in range(5)]
    assert [each.result() for each in replies] == [Reply(Fate.written)] * 5
    assert kept(url) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


def test_a_sheet_for_another_head_is_not_written_and_the_next_one_is(scribe: Scribe, url: str) -> None:
    assert scribe.write(numbers(1, continues="f" * 64)).result() == Reply(Fate.moved)
    assert scribe.write(numbers(2)).result() == Reply(Fate.written)
    assert kept(url) == [2]


def test_a_sheet_that_the_store_refuses_is_not_there_in_part_and_nothing_follows_it(
    scribe: Scribe, url: str
) -> None:
    replies = [scribe.write(numbers(1, 2, 1)), scribe.write(numbers(3))]
    assert replies[0].result() == Reply(
        Fate.failed, "IntegrityError", "UNIQUE constraint failed: kept.number", "SQLITE_CONSTRAINT_UNIQUE"
    )
    assert replies[1].result() == Reply(Fate.unknown)
    assert kept(url) == []


def test_a_writer_that_holds_the_store_is_waited_for_and_then_said(scribe: Scribe, url: str) -> None:
    with connected(url) as holder:
        holder.exec_driver_sql("begin immediate")
        assert scribe.write(numbers(1)).result() == Reply(
            Fate.failed, "OperationalError", "database is locked", "SQLITE_BUSY"
        )


def test_what_it_finds_damaged_is_told_with_what_to_do_about_it(url: str) -> None:
    with connected(url) as connection:
        found = connection.exec_driver_sql("select rootpage from sqlite_schema where name = 'kept'")
        page, size = found.scalar_one(), connection.exec_driver_sql("pragma page_size").scalar_one()
    with Path(url.removeprefix("sqlite:///")).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    scribe = Scribe(orders(url, os.getpid()))
    reply = scribe.write(numbers(1)).result()
    scribe.close()
    assert (reply.fate, reply.errorname) == (Fate.failed, "SQLITE_CORRUPT")
    explained = Database(url, busy_seconds=1).explained(reply.raised)
    assert "it is damaged, or cut short" in explained.detail
    assert explained.detail.endswith(PUT_ASIDE)


def test_of_a_process_that_was_killed_nothing_is_known(scribe: Scribe, url: str) -> None:
    assert scribe.write(numbers(1)).result() == Reply(Fate.written)
    os.kill(scribe.pid, signal.SIGKILL)
    assert scribe.write(numbers(2)).result() == Reply(Fate.unknown)
    assert kept(url) == [1]


def test_it_writes_for_nobody_but_the_process_that_started_it(url: str) -> None:
    orphan = Scribe(orders(url, parent=os.getppid()))
    assert orphan.write(numbers(1)).result() == Reply(Fate.unknown)
    orphan.close()
    assert kept(url) == []


def test_it_gives_up_what_it_has_not_committed_when_it_is_closed(scribe: Scribe, url: str) -> None:
    replies = [scribe.write(numbers(*range(number, 100_000, 100))) for number in range(100)]
    scribe.close()
    assert all(each.done() for each in replies)
    written = sum(each.result().fate == Fate.written for each in replies)
    assert len(kept(url)) - 1_000 * written in (0, 1_000)  # one may be there that was not answered
    assert count(url) == 0
