"""A long history is read by several processes: what they find is what one finds, and any of them may die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import Ledger, merkle, rehashing, rereading
from ledger.database import Database
from ledger.lector import Lector
from ledger.notes import Signer
from ledger.reading import Reading
from ledger.rereading import Last
from ledger.tables import ENTRY
from tests.forger import fill, rehash, rows, unguarded
from tests.outside import HEAD, connected
from tests.postgres import Postgres


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


@pytest.fixture(name="several")
def _several(monkeypatch: pytest.MonkeyPatch) -> list[Lector]:
    """Two processes, each with runs of two entries, for ledgers however small: those that were started."""
    started: list[Lector] = []

    class Kept(Lector):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            started.append(self)

    monkeypatch.setattr(rehashing, "Lector", Kept)
    monkeypatch.setattr(rehashing, "MANY", 1)
    monkeypatch.setattr(rehashing, "RUN", 2)
    monkeypatch.setattr(rehashing, "_processors", lambda: 2)
    return started


def has_ended(process: Lector) -> bool:
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def hashed(url: str, last: Last | None = None, until: int = 6) -> list[rehashing.Hashed]:
    reading = Reading(Database(url, 1))
    found = list(rehashing.hashed(reading, reading.head(), last or Last(), until))
    reading.close()
    return found


def change(seq: int, **values: object) -> Callable[[sa.Connection], None]:
    def changed(connection: sa.Connection) -> None:
        connection.exec_driver_sql("pragma ignore_check_constraints = on")
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == seq).values(values))

    return changed


def test_several_tell_what_one_tells(
    url: str, several: list[Lector], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_several = hashed(url)
    assert [list(some.seqs) for some in by_several] == [[1, 2], [3, 4], [5, 6]]
    assert len(several) == 2
    assert all(map(has_ended, several))
    monkeypatch.setattr(rehashing, "MANY", 7)
    (by_one,) = hashed(url)
    assert len(several) == 2
    assert b"\n".join(some.packed for some in by_several) == by_one.packed
    assert b"".join(some.leaves for some in by_several) == by_one.leaves
    assert by_several[-1].last == by_one.last
    assert not any(some.faults for some in by_several)


def test_a_part_of_a_history_is_read_by_several_too(url: str, several: list[Lector]) -> None:
    (whole,) = hashed(url, until=2)
    assert [list(some.seqs) for some in hashed(url, whole.last, 5)] == [[3, 4], [5]]
    assert hashed(url, whole.last, 2) == []
    assert len(several) == 3  # one, where there is one run


def forge(connection: sa.Connection) -> None:
    """An entry hashed anew, as the last of a run: the next no longer continues it."""
    change(4, consignee="Khazna")(connection)
    rehash(connection, 4)


def not_text(connection: sa.Connection) -> None:
    connection.exec_driver_sql("update entry set consignee = cast(x'ff' as text) where seq = 4")


def swap(connection: sa.Connection) -> None:
    for old, new in ((4, 30), (5, 4), (30, 5)):
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == old).values(seq=new))


WRONG: dict[str, Callable[[sa.Connection], object]] = {
    "nothing": lambda _: None,
    "a text": change(3, consignee="Khazna"),
    "a hash": change(2, hash="f" * 64),
    "a hash in capital letters": lambda connection: connection.exec_driver_sql(
        "update entry set hash = upper(hash) where seq = 5"
    ),
    "what the first of a run continues": change(5, prev_hash="f" * 64),
    "a line break in a hash": change(4, hash="a\nb"),
    "a line break in an instant": change(1, recorded_at="2026\n"),
    "an instant before the last": change(3, recorded_at="2020-01-01T00:00:00.000000Z"),
    "the version of one": change(6, hash_v=2),
    "a kind that is none": change(4, kind="gift"),
    "what is no text": not_text,
    "hashed anew": forge,
    "one missing": lambda connection: connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq == 3)),
    "a run missing": lambda connection: connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq.in_([3, 4]))),
    "the tail missing": lambda connection: connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq > 2)),
    "two swapped": swap,
    "another salt key": lambda connection: connection.execute(sa.update(HEAD).values(salt_key="ab" * 32)),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_in_the_same_words(
    url: str,
    several: list[Lector],
    wrong: Callable[[sa.Connection], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with connected(url) as connection:
        wrong(connection)
    monkeypatch.setattr(rereading, "PAGE", 2)  # a page that cannot be read names its first entry
    by_several = rows(url)
    assert several
    monkeypatch.setattr(rehashing, "MANY", 7)
    assert rows(url) == by_several


def test_one_that_is_killed_costs_nothing_but_time(
    url: str, several: list[Lector], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = hashed(url)

    def killed(*given: Any) -> Lector:
        process = Lector(*given)
        os.kill(process.pid, signal.SIGKILL)
        several.append(process)
        return process

    monkeypatch.setattr(rehashing, "Lector", killed)
    assert [some.leaves for some in hashed(url)] == [some.leaves for some in expected]
    assert rows(url) == []
    assert len(several) == 6
    assert all(map(has_ended, several))


def test_where_no_process_can_be_started_this_one_reads(
    url: str, several: list[Lector], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_given: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(rehashing, "Lector", refused)
    (some,) = hashed(url)
    assert list(some.seqs) == [1, 2, 3, 4, 5, 6]
    assert not several


def test_whoever_stops_in_the_middle_leaves_no_process_behind(url: str, several: list[Lector]) -> None:
    reading = Reading(Database(url, 1))
    coming = rehashing.hashed(reading, reading.head(), Last(), 6)
    next(coming)
    assert len(several) == 2
    coming.close()
    assert all(map(has_ended, several))
    reading.close()


def test_a_first_checkpoint_and_a_proof_are_read_by_several(
    url: str, several: list[Lector], tmp_path: Path
) -> None:
    with Ledger.init(url, opening=False) as ledger:
        ledger.new_key(tmp_path / "key")
        signed = ledger.checkpoint(Signer.parse((tmp_path / "key").read_text()))
        assert (signed.size, len(several)) == (6, 2)
        assert "index 3" in ledger.prove(4)
    assert len(several) == 4
    tree = merkle.Tree()
    tree.extend(some.leaves for some in hashed(url))
    assert merkle.edge_of(6, tree.node).root().hex() == signed.root


def test_a_server_is_read_by_this_process_alone(postgres: Postgres, several: list[Lector]) -> None:
    server = postgres.create()
    fill(server)
    assert rows(server) == []
    assert not several
    postgres.drop(server)
