"""A process that writes what this one judged, so that the next group is judged while a group is written.

It holds a connection to one SQLite file and knows nothing of a ledger: for each sheet it takes the lock,
looks whether the head is still the one that the sheet continues, writes, commits, and says so. Whatever
happens to either process, a group is there as a whole or not at all: the other process ends with its pipe, a
transaction that was not committed is gone with its process, and nobody is answered before the commit.
"""

from __future__ import annotations

import gc
import marshal
import os
import sqlite3
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import IO, Any, NamedTuple

from ledger import beside
from ledger.sheet import Insert, Sheet

_PLAIN = 2
"""The version of `marshal` that does not look for what is told twice: that takes longer than telling it."""


class Fate(StrEnum):
    """What became of a sheet."""

    written = "written"
    moved = "moved"
    """Another writer was first, or somebody's roles may have changed: nothing was written."""

    failed = "failed"
    """The driver refused: nothing was written, and the process has ended."""

    unknown = "unknown"
    """The process has ended: it may have written the sheet, as a whole, or not."""


class Reply(NamedTuple):
    """What became of a sheet; where it failed, the driver's error: class, text, SQLite's name for it."""

    fate: Fate
    error: str = ""
    said: str = ""
    errorname: str = ""

    @property
    def raised(self) -> sqlite3.Error:
        """The driver's error, as if it had been raised here."""
        error: sqlite3.Error = getattr(sqlite3, self.error)(self.said)
        error.sqlite_errorname = self.errorname
        return error


class Orders(NamedTuple):
    """For whom the process writes, where, and in which words: statements of `schemas/store`."""

    parent: int
    file: str
    busy_seconds: float
    connect: str
    begin: str
    lock_head: str
    last_event: str
    move_head: str


class Scribe:
    """The other process. Sheets are written in the order in which they are given; `close` ends it."""

    def __init__(self, orders: Orders) -> None:
        """Raises OSError where no process can be started."""
        self._process = beside.started("scribe")
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._tell, marshal.dumps(tuple(orders)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def write(self, sheet: Sheet) -> Future[Reply]:
        """Give it a sheet; the answer comes when the sheet is committed, or is not going to be."""
        inserts = [each.packed() for each in sheet.inserts]
        told: Any = (sheet.continues, sheet.events, inserts, dict(sheet.head))
        return self._thread.submit(self._exchange, marshal.dumps(told, _PLAIN))  # while the other writes

    def _exchange(self, told: bytes) -> Reply:
        assert self._process.stdout is not None
        try:
            self._tell(told)
            fate, *failure = _received(self._process.stdout)
        except (OSError, EOFError):
            self._process.kill()
            self._process.wait()
            return Reply(Fate.unknown)
        return Reply(Fate(fate), *failure)

    def _tell(self, told: bytes) -> None:
        assert self._process.stdin is not None
        beside.send(self._process.stdin, told)

    def close(self) -> None:
        """End the process; what it did not commit is gone."""
        self._process.kill()
        self._thread.shutdown()
        self._process.communicate()


# ---------------------------------------------------------------------------------------- the other process


def serve() -> None:
    """Write sheet after sheet, as they come from stdin, and answer each on stdout; end where stdin ends."""
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    gc.disable()  # rows are many and free of cycles
    try:
        orders = Orders(*_received(asked))
        connection = sqlite3.connect(orders.file, isolation_level=None, timeout=orders.busy_seconds)
        connection.executescript(orders.connect)
        while True:
            answer = _written(connection, orders, *_received(asked))
            beside.send(answered, marshal.dumps((answer.fate.value, *answer[1:])))
            if answer.fate == Fate.failed:
                return
    except (EOFError, BrokenPipeError):
        return  # whoever started this is gone, or needs no more


def _written(
    connection: sqlite3.Connection,
    orders: Orders,
    continues: str,
    events: int | None,
    inserts: Any,
    head: Mapping[str, Any],
) -> Reply:
    """Write a sheet in one transaction."""
    try:
        connection.execute(orders.begin)
        cursor = connection.execute(orders.lock_head)
        names = [column[0] for column in cursor.description]
        found = dict(zip(names, cursor.fetchone(), strict=True))
        told_since = events is not None and events != _last_event(connection, orders)
        if found["hash"] != continues or told_since:
            connection.rollback()
            return Reply(Fate.moved)
        for insert in (Insert.unpacked(*each) for each in inserts):
            connection.executemany(insert.statement, insert.rows())
        if head:
            connection.execute(orders.move_head, head)
        if os.getppid() != orders.parent:
            raise EOFError  # nobody waits for it any more, and it may be posted again at once
        connection.commit()
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")  # errors of the driver's own have none
        return Reply(Fate.failed, type(error).__name__, str(error), name)
    return Reply(Fate.written)


def _last_event(connection: sqlite3.Connection, orders: Orders) -> int:
    """Its seq; 0 where there is none."""
    found = connection.execute(orders.last_event).fetchone()
    return int(found[0]) if found else 0


def _received(stream: IO[bytes]) -> Any:
    return marshal.loads(beside.received(stream))  # noqa: S302  # from our own process, by its pipe
