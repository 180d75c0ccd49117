"""The only writer. `submit` is the write path, the same on SQLite and PostgreSQL.

Lock the head → look the requests up → rules, in order → append, hashed and chained → balances → head →
commit → only then answer. A refusal is kept too, so that a repeat gets the same answer.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import sqlalchemy as sa

from ledger import events, evidence, merkle
from ledger.accounts import Account, Books
from ledger.database import Database, Row
from ledger.errors import IdReused
from ledger.events import Event, Telling
from ledger.lookups import Lookups
from ledger.reading import PAGE, Reading, clock_us
from ledger.submission import FIRST_AT, Earlier, Head, Post, Stamps, Verdict, judge_all
from ledger.tables import ENTRY, EVENT, REFUSAL, SCHEMA_VERSION

__all__ = ["PAGE", "Store", "clock_us"]

_AT = {name: index for index, name in enumerate(evidence.COLUMNS)}


class Store(Reading):
    """The entries and balances of one ledger. Any thread may call it; one writes at a time."""

    def __init__(self, database: Database, clock: Callable[[], int] = clock_us) -> None:
        super().__init__(database, clock)
        self._write_lock = threading.RLock()
        self._writer: Any = None
        # The accounts as the last commit of this process left them: good while the head is still that one.
        self._kept_at = ""
        self._lookups = Lookups(database)

    def close(self) -> None:
        """Close both connections: the store can be opened anew."""
        with self._write_lock:
            self._drop_writer()
        super().close()
        self.database.close()

    # ------------------------------------------------------------------------------------------ writing

    def open_head(self, regime: str) -> bool:
        """Write the head of a new ledger; False where there is one already."""
        with self._write_lock, self._transaction() as cursor:
            if self.database.rows(cursor, "lock_head"):
                return False
            self.database.run(
                cursor, "open_head", hash=evidence.FIRST_PREV_HASH, recorded_at=FIRST_AT, regime=regime,
                schema_version=SCHEMA_VERSION, origin=f"tppq/{regime}/{secrets.token_hex(8)}",
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
        tellings: Sequence[Telling] = (),
    ) -> Verdict:
        """Judge and append a group in one transaction; answers only after the commit.

        `books` says who posts, under which regime, on which day; its accounts are filled here. `atomic`: all
        or none. `again`: judge anew what was refused before. `dry_run`: judge, write nothing. `tellings` are
        recorded with the entries, by the approver if there is one, and only if nothing was refused.
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
                    verdict.bodies.clear()
                self._append(cursor, verdict, books, head)
                self._keep_refusals(cursor, verdict, earlier, books.actor)
                if tellings and not verdict.declined:
                    self._tell(cursor, tellings, books.approver or books.actor)
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
            raise self.no_ledger()
        return Head(*rows[0])

    def record(
        self, tellings: Sequence[Telling], actor: str, check: Callable[[], None] = lambda: None
    ) -> list[Event]:
        """Record events in one transaction, after the lock; `check` may raise there, and nothing is written.

        What `check` relies on, it reads itself: while it runs, nobody else writes.
        """
        with self._write_lock, self._transaction() as cursor:
            self._locked_head(cursor)
            check()
            return self._tell(cursor, tellings, actor)

    def share(self, tellings: Sequence[Telling], actor: str) -> list[Event]:
        """Make this a ledger of people with roles, for good; the tellings say who they are."""
        with self._write_lock, self._transaction() as cursor:
            self._locked_head(cursor)
            self.database.run(cursor, "share_head")
            return self._tell(cursor, tellings, actor)

    def _tell(self, cursor: Any, tellings: Sequence[Telling], actor: str) -> list[Event]:
        if not tellings:
            return []
        last = self.database.rows(cursor, "last_event")
        stamps = Stamps(last[0][2] if last else FIRST_AT, self.clock())
        rows = events.chained(tellings, actor, (last[0][0], last[0][1]) if last else None, stamps.next)
        self._insert(cursor, EVENT, rows)
        return [events.read(row) for row in rows]

    def _append(self, cursor: Any, verdict: Verdict, books: Books, head: Head) -> None:
        rows = verdict.rows
        if not rows:
            return
        tree = merkle.Edge.from_json(head.tree, head.seq)
        salt_key = bytes.fromhex(head.salt_key)
        for row, body in zip(rows, verdict.bodies, strict=True):
            seq, recorded_at, hash_v = row[_AT["seq"]], row[_AT["recorded_at"]], row[_AT["hash_v"]]
            commitment = merkle.commitment(merkle.salt_of(salt_key, seq), body)
            tree.append(merkle.leaf_hash(merkle.leaf(head.origin, seq, recorded_at, hash_v, commitment)))
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
            cursor, "move_head", tree=tree.to_json(),
            **{name: rows[-1][_AT[name]] for name in ("seq", "hash", "recorded_at")},
        )  # fmt: skip

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


def _fields(account: Account) -> dict[str, Any]:
    """The account as the columns of table `balance`."""
    return {
        "quota": account.quota, "license_no": account.license_no,
        **{f"{bucket}_tpp": tpp for bucket, tpp in account.tpp.items()},
        "issued_on": account.issued_on, "expires_on": account.expires_on,
        "closed_by_seq": account.closed_by_seq, "closed_reason": account.closed_reason,
        "overdraft_approver": account.overdraft_approver,
    }  # fmt: skip
