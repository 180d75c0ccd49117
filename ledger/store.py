"""The only writer. `submit` is the write path, the same on SQLite and PostgreSQL.

Lock the head → look the requests up → rules, in order → append, hashed and chained → balances → head →
commit → only then answer. A refusal is kept too, so that a repeat gets the same answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from ledger import evidence, guards
from ledger.accounts import Account, Books
from ledger.database import ENTRY, REFUSAL, SCHEMA_VERSION, Database, Row, Statement
from ledger.errors import IdReused, LedgerError, Misconfigured
from ledger.lookups import Lookups
from ledger.submission import EPOCH, FIRST_AT, Earlier, Head, Post, Stamps, Verdict, judge_all

PAGE = 50_000
"""Entries read at a time."""

_AT = {name: index for index, name in enumerate(evidence.COLUMNS)}


def clock_us() -> int:
    """Now, in microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


class Store:
    """The entries and balances of one ledger. Any thread may call it; one writes at a time."""

    def __init__(self, database: Database, clock: Callable[[], int] = clock_us) -> None:
        self.database = database
        self.clock = clock
        self._write_lock, self._read_lock = threading.RLock(), threading.RLock()
        self._writer: Any = None
        self._reader: Any = None
        # The accounts as the last commit of this process left them: good while the head is still that one.
        self._kept_at = ""
        self._lookups = Lookups(database)

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            self._drop_writer()
            if self._reader is not None:
                self._reader.close()
            self._reader = None
            self.database.close()

    def today(self) -> str:
        """The day by the ledger's clock, UTC, as ISO text."""
        return (EPOCH + timedelta(microseconds=self.clock())).date().isoformat()

    def now(self) -> str:
        """The instant by the ledger's clock, UTC, as ISO text."""
        return Stamps(FIRST_AT, self.clock()).next()

    # ------------------------------------------------------------------------------------------ writing

    def open_head(self, regime: str) -> bool:
        """Write the head of a new ledger; False where there is one already."""
        with self._write_lock, self._transaction() as cursor:
            if self.database.rows(cursor, "lock_head"):
                return False
            self.database.run(
                cursor, "open_head", hash=evidence.FIRST_PREV_HASH, recorded_at=FIRST_AT, regime=regime,
                schema_version=SCHEMA_VERSION,
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
    ) -> Verdict:
        """Judge and append a group in one transaction; answers only after the commit.

        `books` says who posts, under which regime, on which day; its accounts are filled here. `atomic`: all
        or none. `again`: judge anew what was refused before. `dry_run`: judge, write nothing.
        Raises Busy, Unreachable, Tampered.
        """
        with self._write_lock:
            kept_at, self._kept_at = self._kept_at, ""  # unless this commits, memory is ahead of the store
            with self._transaction() as cursor:
                head = self._locked_head(cursor)
                self._lookups.fill(cursor, posts, books, fresh=head.hash != kept_at)
                earlier = self._lookups.earlier(cursor, posts)
                verdict = judge_all(posts, books, head, self.clock(), earlier, atomic=atomic, again=again)
                if dry_run:
                    return verdict
                whole = not (atomic and verdict.declined)
                if not whole:
                    verdict.rows.clear()
                self._append(cursor, verdict.rows, books)
                self._keep_refusals(cursor, verdict, earlier, books.actor)
            if whole:
                self._kept_at = verdict.rows[-1][_AT["hash"]] if verdict.rows else head.hash
            return verdict

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor of the driver within one transaction: all of it, or nothing.

        The driver's own, because an ORM session or a Core connection costs more than all the rest of a post.
        """
        cursor = None
        try:
            if self._writer is None:
                self._writer = self.database.connect_writer()
            cursor = self._writer.cursor()
            if self.database.begin is not None:
                cursor.execute(self.database.begin)
            yield cursor
            self._writer.commit()
        except self.database.driver_error as error:
            self._drop_writer()
            raise self.database.explained(error) from error
        except BaseException:
            if self._writer is not None:
                self._writer.rollback()
            raise
        finally:
            if cursor is not None and self._writer is not None:
                cursor.close()

    def _drop_writer(self) -> None:
        """Close the writing connection, which rolls back; the next transaction opens another."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _locked_head(self, cursor: Any) -> Head:
        rows = self.database.rows(cursor, "lock_head")
        if not rows:
            raise self._no_ledger()
        return Head(*rows[0])

    def _no_ledger(self) -> LedgerError:
        return Misconfigured(
            f"there is no ledger at {self.database.name}: run tppq init", store=self.database.name
        )

    def _append(self, cursor: Any, rows: Sequence[Row], books: Books) -> None:
        if not rows:
            return
        self._insert(cursor, ENTRY, rows)
        accounts = [
            *(books.quotas[quota] for quota in {row[_AT["quota"]] for row in rows}),
            *(
                books.licenses[number]
                for number in {row[_AT["license_no"]] for row in rows}
                if number is not None
            ),
        ]
        put = self.database.statement("put_balance")
        cursor.executemany(put.text, [put.values(_fields(account)) for account in accounts if account])
        self.database.run(
            cursor, "move_head", **{name: rows[-1][_AT[name]] for name in ("seq", "hash", "recorded_at")}
        )

    def _keep_refusals(self, cursor: Any, verdict: Verdict, earlier: Earlier, actor: str) -> None:
        at = self.now()
        rows = {
            each.request_id: (
                each.request_id, earlier.attempts(each.request_id) + 1, each.body_hash,
                orjson.dumps(each.refusal.problem()).decode(), at, actor,
            )
            for each in reversed(verdict.declined)
            if each.answered_at is None and not isinstance(each.refusal, IdReused)
        }  # fmt: skip
        if rows:
            self._insert(cursor, REFUSAL, list(rows.values()))

    def _insert(self, cursor: Any, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert whole rows; columns that are null in all of them are left to the store."""
        by_column = list(zip(*rows, strict=True))
        names = [column.name for column in table.columns]
        used = [index for index, values in enumerate(by_column) if values.count(None) < len(rows)]
        statement = self.database.insert(table, tuple(names[index] for index in used))
        cursor.executemany(statement.text, list(zip(*(by_column[index] for index in used), strict=True)))

    # ------------------------------------------------------------------------------------------ reading

    def head(self) -> Head:
        """The head as it stands now. Raises Misconfigured where there is no ledger."""
        rows = self.read("head")
        if not rows:
            raise self._no_ledger()
        return Head(*rows[0])

    def checked_head(self) -> Head:
        """The head of a store that this version can run: its schema, the guards that make it append-only."""
        head = self.head()
        if head.schema_version != SCHEMA_VERSION:
            raise Misconfigured(
                f"{self.database.name} has schema {head.schema_version}; "
                f"this version runs schema {SCHEMA_VERSION}",
                store=self.database.name,
            )
        found = ((name, definition) for name, definition in self.read("guards"))
        if missing := guards.missing(self.database.dialect, found):
            raise Misconfigured(
                f"{self.database.name} is not append-only: {', '.join(missing)} missing, changed or "
                "disabled; run tppq init to put them back, then tppq verify to see what was done without "
                "them",
                store=self.database.name,
            )
        return head

    def read(self, statement: str, **values: Any) -> Sequence[Row]:
        """The rows of `schemas/store/STATEMENT.sql`."""
        return self._read(self.database.statement(statement), values)

    def pages(self, columns: Sequence[str], after: int = 0, size: int = PAGE) -> Iterator[Sequence[Row]]:
        """The entries after a seq, in order, a page at a time: the rows of `columns`, the last one `seq`."""
        assert columns[-1] == "seq"
        statement = self.database.page(columns)
        while rows := self._read(statement, {"after": after, "size": size}):
            yield rows
            after = rows[-1][-1]

    def _read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        with self._read_lock:
            try:
                if self._reader is None:
                    self._reader = self.database.connect_reader()
                cursor = self._reader.cursor()
                try:
                    cursor.execute(statement.text, statement.values(values))
                    rows: Sequence[Row] = cursor.fetchall()
                finally:
                    cursor.close()
                    self._reader.rollback()  # PostgreSQL: no transaction stays open between reads
            except self.database.driver_error as error:
                self._reader = None
                raise self.database.explained(error) from error
            return rows


def _fields(account: Account) -> dict[str, Any]:
    """The account as the columns of table `balance`."""
    return {
        "quota": account.quota, "license_no": account.license_no,
        **{f"{bucket}_tpp": tpp for bucket, tpp in account.tpp.items()},
        "issued_on": account.issued_on, "expires_on": account.expires_on,
        "closed_by_seq": account.closed_by_seq, "closed_reason": account.closed_reason,
        "overdraft_approver": account.overdraft_approver,
    }  # fmt: skip
