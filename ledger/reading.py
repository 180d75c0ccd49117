"""How the store is read: the head, pages of entries, events, and whether this version can run it at all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any

from ledger import events, guards, roles, sound
from ledger.database import Database, Row, Statement
from ledger.errors import Fact, LedgerError, Misconfigured, Tampered, Unreachable
from ledger.events import Event
from ledger.schema import SCHEMA_VERSION
from ledger.submission import Head, instant

PAGE = 50_000
"""Entries read at a time."""

_EVER = "9999-12-31T23:59:59.999999Z"


_NO_HEAD: dict[str, Fact] = {"seq": None, "check": "head", "expected": "a head as the ledger writes it"}

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


def silent(_done: int, _of: int) -> None:
    """Tell nobody."""


def clock_us() -> int:
    """Now, in microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


def unsound(head: Head) -> Tampered | None:
    """What is wrong with a head that is not such as the ledger writes it; None where nothing is."""
    if not sound.is_instant(head.recorded_at):
        said = f"the time of its last entry, '{head.recorded_at}', is no valid instant"
    elif not sound.is_key(head.salt_key):
        said = "its salt_key is no key"
    else:
        return None
    return Tampered(f"the head of the ledger was changed: {said}; run tppq verify", **_NO_HEAD)


def believed(head: Head) -> Head:
    """The head, if it is such as the ledger writes it. Raises Tampered."""
    if (wrong := unsound(head)) is not None:
        raise wrong
    return head


class Reading:
    """What can be read of one store, on a connection that cannot write. Any thread may call it."""

    def __init__(self, database: Database, clock: Callable[[], int] = clock_us) -> None:
        self.database = database
        self.clock = clock
        self._read_lock = threading.RLock()
        self._reader: Any = None
        self._file: tuple[int, int] | None = None
        self._process: int | None = os.getpid()

    def close(self) -> None:
        """Close the reading connection; the next read opens another."""
        if self.is_own:
            with self._read_lock:
                self._drop_reader()
                self._file = None

    def end(self) -> None:
        """Close it for good: whoever uses it from now on is told so."""
        self.close()
        self._process = None

    @property
    def is_own(self) -> bool:
        """Whether this process opened it and has not ended it; in a forked one, it is its parent's.

        Two processes that talk over one connection mix up what each is told; closing it closes it for both.
        """
        return os.getpid() == self._process

    def must_be_own(self) -> None:
        """Raise Misconfigured in a process that was forked from the one that opened it, and once it ended."""
        if not self.is_own:
            said = "was opened by another process: open it again in this one"
            if self._process is None:
                said = "is closed: open it again"
            raise Misconfigured(f"this ledger {said}", store=self.database.name)

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def today(self) -> str:
        """The day by the ledger's clock, UTC, as ISO text."""
        return self.now()[:10]

    def day_at(self, head: Head) -> str:
        """The day by which questions are answered: today; after a clock was put back, the last entry's."""
        last = head.recorded_at if sound.is_instant(head.recorded_at) else ""  # whatever was made of it
        return max(self.today(), last[:10])

    def now(self) -> str:
        """The instant by the ledger's clock, UTC, as ISO text."""
        return instant(self.clock())

    def head(self) -> Head:
        """The head as it stands now.

        Raises Misconfigured where there is no ledger, Tampered where it is none that the ledger writes.
        """
        return believed(self.stored_head())

    def stored_head(self) -> Head:
        """The head, whatever was made of it: for those who say what is wrong. Raises Misconfigured."""
        try:
            rows = self.read("head")
        except Misconfigured as error:
            raise self._not_ours(error) from error
        if not rows:
            raise self.no_ledger()
        return Head(*rows[0])

    def checked_head(self) -> Head:
        """The head of a store that this version can run: its schema, the guards that make it append-only."""
        head = self.stored_head()
        if head.schema_version != SCHEMA_VERSION:
            raise self.other_schema(head.schema_version)
        if amiss := self.guards_amiss():
            raise Misconfigured(f"{self.database.name} is not append-only: {amiss}", store=self.database.name)
        if faults := roles.wrong(self.database.dialect, self.read, shared=bool(head.shared)):
            said = "; ".join(f"{fault.said} ({fault.advice})" for fault in faults)
            raise Misconfigured(
                f"{self.database.name} is not safe from whoever works on it: {said}", store=self.database.name
            )
        return head

    def guards_amiss(self) -> str | None:
        """What is wrong with what makes the store append-only, and the way out; None where nothing is."""
        dialect, there = self.database.dialect, [(row[0], row[1]) for row in self.read("guards")]
        amiss = guards.amiss(dialect, there)
        if amiss and dialect == "postgresql" and roles.here(self.read).owner == roles.OWNER:
            return guards.amiss(dialect, there, roles.MENDED_BY)  # the role of nobody who works on it
        return amiss

    def schema_version(self) -> int | None:
        """The schema that this store was made with or upgraded to; None where there is no ledger.

        Raises Misconfigured where there is something else, such as another program's SQLite database.
        """
        try:
            rows = self.read("schema_version")
        except Misconfigured as error:
            if (why := self._not_ours(error)).facts.get("missing") != "ledger":
                raise why from error
            return None
        return int(rows[0][0]) if rows else None

    def _not_ours(self, error: Misconfigured) -> Misconfigured:
        """The error where no ledger was found; another, where the file is another program's database."""
        tables: list[str] = []
        if self.database.file is not None:
            with suppress(LedgerError):  # what stops this question stopped the one before it
                tables = guards.strangers((row[0], row[1]) for row in self.read("guards"))
        if not tables:
            return error
        shown = ", ".join(tables[:3]) + (", ..." if len(tables) > 3 else "")
        return Misconfigured(
            f"{self.database.name} is another program's database, with tables of its own ({shown}): "
            "name another file (--ledger, TPPQ_LEDGER)",
            store=self.database.name,
        )

    def other_schema(self, found: int) -> Misconfigured:
        """What to do about a store of another schema."""
        way_out = "run tppq db upgrade" if found < SCHEMA_VERSION else "it needs a newer version of tppq"
        return Misconfigured(
            f"{self.database.name} has schema {found}; this version runs schema {SCHEMA_VERSION}: {way_out}",
            store=self.database.name,
        )

    def events(self, topic: str, subject: str | None = None) -> list[Event]:
        """The events of a topic, about one subject or all, in the order in which they were recorded."""
        rows = (
            self.read("events", topic=topic)
            if subject is None
            else self.read("events_of", topic=topic, subject=subject)
        )
        return [events.read(row) for row in rows]

    def events_done(self, topic: str, action: str) -> list[Event]:
        """The events of a topic in which one thing was done, in the order in which they were recorded."""
        return [events.read(row) for row in self.read("events_done", topic=topic, action=action)]

    def undecided(self, topic: str, until: str | None = None) -> list[Event]:
        """What was proposed in a topic and nobody has said more about, or had by an instant; oldest first."""
        rows = self.read("undecided", topic=topic, until=until or _EVER)
        return [events.read(row) for row in rows]

    def subjects(self, topic: str) -> tuple[int, str]:
        """How many subjects a topic has, and when its last event was recorded; empty text without any."""
        ((count, last_at),) = self.read("subjects", topic=topic)
        return count, last_at or ""

    def must_be_there(self) -> None:
        """Raise Unreachable where the file is gone, or another than the one that was opened.

        What is written to a file that was moved away is acknowledged, and stands nowhere.
        """
        if self.database.file is None:
            return
        now: tuple[int, int] | None = None
        with suppress(OSError):
            found = os.stat(self.database.file)  # noqa: PTH116  # half the time of Path.stat, at every post
            now = found.st_dev, found.st_ino
        if self._file is None:
            self._file = now
        elif now != self._file:
            became = "is gone" if now is None else "was replaced by another file"
            raise Unreachable(
                f"{self.database.name} {became} since it was opened: put it back, or open it anew",
                store=self.database.name,
            )

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file of a store; on a connection of its own, as it takes long."""
        with closing(self.database.connect_reader()) as connection:
            return [fault for (fault,) in self.database.rows(connection, "whole_store")]

    def read(self, statement: str, **values: Any) -> Sequence[Row]:
        """The rows of `schemas/store/STATEMENT.sql`."""
        return self._read(self.database.statement(statement), values)

    def pages(self, columns: Sequence[str], after: int = 0, size: int = PAGE) -> Iterator[Sequence[Row]]:
        """The entries after a seq, in order, a page at a time: the rows of `columns`, the last one `seq`."""
        assert columns[-1] == "seq"
        statement = self.database.page(columns)
        while rows := self._read(statement, {"past": after, "size": size}):
            yield rows
            after = rows[-1][-1]

    def _read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        self.must_be_own()  # before a lock that a thread of the other process may hold for ever
        with self._read_lock:
            was_kept = self._reader is not None
            try:
                return self._fetch(statement, values)
            except self.database.driver_error as error:
                lost = self._reader is not None and self.database.is_lost(self._reader)
                self._drop_reader()
                if not (was_kept and lost):
                    raise self.database.explained(error) from error
            return self._read(statement, values)  # a kept connection was lost meanwhile: a new one

    def _fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        if self._reader is None:
            self.must_be_there()
            self._reader = self.database.connect_reader()
        cursor = self._reader.cursor()
        cursor.execute(statement.text, statement.values(values))
        rows: Sequence[Row] = cursor.fetchall()
        cursor.close()
        self._reader.rollback()  # PostgreSQL: no transaction stays open between reads
        return rows

    def no_ledger(self) -> LedgerError:
        """What to say where there is no ledger, or none to be seen."""
        found = self.read("guards") if self.database.dialect == "postgresql" else ()
        if (why := guards.hidden((row[0], row[1]) for row in found)) is None:
            return self.database.no_ledger()
        return Misconfigured(
            f"no ledger is to be seen at {self.database.name}: {why}", store=self.database.name
        )
