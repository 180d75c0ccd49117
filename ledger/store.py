"""The write path: `submit`, the same on SQLite and PostgreSQL.

Large files: `bulk` judges, `scribe` writes; `loading` and `upgrade` write a history as a whole.

Lock the head → look the requests up → rules, in order → append, hashed and chained → balances → head →
commit → only then answer. A refusal is kept too, so that a repeat gets the same answer.
"""

from __future__ import annotations

import secrets
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ledger import adding, events, evidence, lookups, merkle, repeats
from ledger.accounts import Account, Books
from ledger.database import Database, Row
from ledger.errors import LedgerError, Misconfigured
from ledger.events import Event, Telling
from ledger.line import Line, Submission, Tellings, always
from ledger.lookups import Lookups
from ledger.reading import PAGE, Reading, believed, clock_us
from ledger.schema import SCHEMA_VERSION
from ledger.sheet import Sheet
from ledger.submission import FIRST_AT, Head, Post, Stamps, Verdict, after, first_at, judge_all, microseconds

__all__ = ["PAGE", "Store", "clock_us"]


class Store(Reading):
    """The entries and balances of one ledger. Any thread may call it; one writes at a time."""

    def __init__(self, database: Database, clock: Callable[[], int] = clock_us) -> None:
        super().__init__(database, clock)
        self._write_lock = threading.RLock()
        self._writer: Any = None
        self._lookups = Lookups(database)
        self._line = Line(self._commit)
        self.frozen: LedgerError | None = None
        """Why nothing may be written, where that is so; it is raised by whoever tries."""

    def close(self) -> None:
        """Close both connections: the store can be opened anew."""
        if self.is_own:
            with self._write_lock:
                self._drop_writer()
        super().close()

    # ------------------------------------------------------------------------------------------ writing

    def open_head(self, regime: str) -> bool:
        """Write the head of a new ledger; False where there is one already.

        Its origin stands in all that is ever signed of it. Raises Misconfigured for one that cannot.
        """
        origin = f"tppq/{regime}/{secrets.token_hex(8)}"
        if not merkle.is_origin(origin):
            raise Misconfigured(
                f"no ledger can be named {origin}: its regime needs another id", regime=regime
            )
        with self._transaction() as cursor:
            if self.database.rows(cursor, "lock_head"):
                return False
            self.database.run(
                cursor, "open_head", hash=evidence.FIRST_PREV_HASH, recorded_at=FIRST_AT, regime=regime,
                schema_version=SCHEMA_VERSION, origin=origin,
                salt_key=secrets.token_hex(32),
            )  # fmt: skip
            return True

    def submit(
        self,
        posts: Sequence[Post],
        books: Books,
        *,
        atomic: bool = True,
        again: bool = False,
        dry_run: bool = False,
        tellings: Tellings | None = None,
        check: Callable[[Verdict], None] | None = None,
        still: Callable[[], None] = always,
    ) -> Verdict:
        """Judge and append a group in one transaction; answers only after the commit.

        `books` says who posts, under which regime, on which day; its accounts are filled here. `atomic`: all
        or none. `again`: judge anew what was refused before. `dry_run`: judge, write nothing. `tellings` (of
        the verdict) are recorded with the entries, by the approver if there is one, and only if nothing was
        refused. `check` sees the verdict under the lock, and may raise: then nothing is written, no refusal
        either; so may `still`, which is asked before anything is judged.
        Submissions of several threads share a transaction. Raises Busy, Unreachable, Tampered.
        """
        self.must_be_own()
        verdict = self._line.take(Submission(posts, books, atomic, again, dry_run, tellings, check, still))
        repeats.warn(verdict, self.read)
        return verdict

    def _commit(self, group: Sequence[Submission]) -> None:
        """Judge and append submissions in one transaction, each against what those before it left."""
        posts = [post for each in group for post in each.posts]
        common = group[0].books
        common.alone = len(group) == 1
        with self._write_lock:
            undone = lookups.issued(self.read, posts)  # before the lock: nobody waits for it
            with self._transaction() as cursor:
                found, earlier = self._lookups.locked(cursor, posts, common, undone)
                head = at = self._only(found)
                together, whole = Verdict(), True
                refused: list[Row] = []
                for each in group:
                    each.still()
                    if each.books is not common:
                        each.books.share(common)
                    how = {"atomic": each.atomic, "again": each.again}
                    verdict = judge_all(each.posts, each.books, at, self.clock(), earlier, **how)
                    each.verdict = verdict
                    if each.dry_run:
                        return
                    if each.check is not None:
                        each.check(verdict)
                    if each.atomic and verdict.declined:
                        # The accounts in memory still include the rows that were rolled back.
                        whole = whole and not verdict.rows
                        verdict.rows.clear()
                        verdict.commitments.clear()
                    together.rows.extend(verdict.rows)
                    together.commitments.extend(verdict.commitments)
                    refused += adding.refusals(verdict, each.books.actor)
                    at = after(at, verdict)
                self._write(cursor, adding.sheet(self.database, head, together, common, refused))
                for each in group:
                    if each.tellings is not None and not each.verdict.declined:
                        tellings = each.tellings(each.verdict)
                        self._tell(
                            cursor, tellings, each.books.approver or each.books.actor, first_at(each.verdict)
                        )
            if whole:
                self._lookups.kept_hash = at.hash

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor of the driver within one transaction: all of it, or nothing.

        The driver's own, because an ORM session or a Core connection costs more than all the rest of a post.
        """
        self.must_be_own()
        if self.frozen is not None:
            raise self.frozen
        with self._write_lock:
            cursor = None
            self.must_be_there()
            try:
                if self._writer is not None and self._is_gone(self._writer):
                    self._drop_writer()
                if self._writer is None:
                    self._writer = self.database.connect_writer()
                cursor = self._writer.cursor()
                if self.database.begin is not None:
                    cursor.execute(self.database.begin)
                with self.database.pipelined(self._writer):
                    yield cursor
                    self._writer.commit()
            except self.database.driver_error as error:
                if cursor is not None:
                    cursor.close()  # whoever keeps the error keeps the cursor, and that SQLite's lock
                self._drop_writer()
                raise self.database.explained(error) from error
            except BaseException:
                self._take_back()
                raise
            finally:
                if cursor is not None and self._writer is not None:
                    cursor.close()

    def _take_back(self) -> None:
        """Roll back; on a connection that is lost by now, the transaction is gone with it."""
        if self._writer is None:
            return
        try:
            self._writer.rollback()
        except self.database.driver_error:
            self._drop_writer()

    def _is_gone(self, connection: Any) -> bool:
        """Whether PostgreSQL let go of a connection that stood idle: it has said something unasked.

        Nothing was asked in this transaction yet, so nothing can have been written. What ends unheard, as
        where a host loses its power, only the first statement finds.
        """
        if self.database.dialect != "postgresql":
            return False
        idle = select.poll()
        idle.register(connection.fileno(), select.POLLIN)
        return bool(idle.poll(0))

    def _drop_writer(self) -> None:
        """Close the writing connection, which rolls back; the next transaction opens another."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _locked_head(self, cursor: Any) -> Head:
        return self._only(self.database.rows(cursor, "lock_head"))

    def _only(self, rows: Sequence[Row]) -> Head:
        if not rows:
            raise self.no_ledger()
        return believed(Head(*rows[0]))

    def record(
        self, tellings: Sequence[Telling], actor: str, still: Callable[[], None] = always
    ) -> list[Event]:
        """Record events in one transaction, after the lock; `still` may raise there, and nothing is written.

        What `still` relies on, it reads itself: while it runs, nobody else writes.
        """
        with self._transaction() as cursor:
            self._locked_head(cursor)
            still()
            return self._tell(cursor, tellings, actor)

    def share(self, tellings: Sequence[Telling], actor: str) -> list[Event]:
        """Make this a ledger of people with roles, for good; the tellings say who they are."""
        with self._transaction() as cursor:
            self._locked_head(cursor)
            self.database.run(cursor, "share_head")
            return self._tell(cursor, tellings, actor)

    def _tell(
        self, cursor: Any, tellings: Sequence[Telling], actor: str, at: str | None = None
    ) -> list[Event]:
        """Record events: now, or at the instant of the entries that they are about, if no event is later."""
        if not tellings:
            return []
        last = self.database.rows(cursor, "last_event")
        us = self.clock() if at is None else microseconds(at)
        stamps = Stamps(last[0][2] if last else FIRST_AT, us)
        rows = events.chained(tellings, actor, (last[0][0], last[0][1]) if last else None, stamps.next)
        self._insert(cursor, "event", rows)
        return [events.read(row) for row in rows]

    def _write(self, cursor: Any, sheet: Sheet) -> None:
        """Write what was judged against the head, which is locked."""
        for insert in sheet.inserts:
            cursor.executemany(insert.statement, insert.rows())
        if sheet.head:
            self.database.run(cursor, "move_head", **sheet.head)

    def _insert(self, cursor: Any, table: str, rows: Sequence[Row]) -> None:
        insert = adding.insert(self.database, table, rows)
        cursor.executemany(insert.statement, insert.rows())

    def _put_balances(self, cursor: Any, accounts: Sequence[Account]) -> None:
        for put in adding.put(self.database, accounts):
            cursor.executemany(put.statement, put.rows())
