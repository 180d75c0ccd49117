"""Writes a whole history, as it was exported, into a store that holds nothing yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

from ledger import merkle
from ledger.accounts import Account
from ledger.database import Database, Row, Statement
from ledger.errors import LedgerError, Misconfigured, Tampered
from ledger.evidence import COLUMNS, FIRST_PREV_HASH, HASHED, canonical, chain_hash
from ledger.model import MOST_TPP, Regime
from ledger.replay import Replay
from ledger.schema import SCHEMA_VERSION
from ledger.store import Store
from ledger.submission import FIRST_AT, Head


@dataclass(frozen=True, slots=True)
class Group:
    """Some rows of one table, in order: all its columns, as `evidence.COLUMNS` has those of `entry`."""

    table: str
    rows: Sequence[Row]


Check = Callable[[Store], None]
"""What a history is held to before it is anybody's; it raises where that does not hold."""


def unchecked(_store: Store) -> None:
    """Hold it to nothing."""


class _Making(Database):
    """A store that is to be made, of a log: what it refuses, it refuses of that."""

    def pipelined(self, _connection: Any) -> AbstractContextManager[object]:
        return nullcontext()  # a script of several statements cannot be sent ahead of its answers

    def explained(self, error: BaseException) -> LedgerError:
        found = super().explained(error)
        if isinstance(found, Tampered):
            said = str(error).splitlines()[0]
            return Tampered(f"the log does not hold together ({said}): nothing was written", **found.facts)
        return found


class Loader(Store):
    """A store that takes a history over. Its triggers hold every entry to the one before it."""

    def __init__(self, url: str, busy_seconds: float) -> None:
        super().__init__(_Making(url, busy_seconds))
        self._is_loading = False

    def load(self, head: Head, regime: Regime, groups: Iterable[Group], check: Check = unchecked) -> None:
        """Write everything in one transaction, tables and guards too, or nothing.

        Nothing is written where it does not end in `head`, or `check` raises, which reads of this store what
        nobody else sees yet. Balances are made anew from the entries. Raises Misconfigured where there is a
        ledger already; Tampered where an entry is not what its hash says, or continues another one.
        """
        with self._write_lock, self._transaction() as cursor:
            self.database.create_in(cursor)
            if self.database.rows(cursor, "lock_head"):
                raise Misconfigured(
                    f"there is a ledger at {self.database.name} already: import into a new one",
                    store=self.database.name,
                )
            self.database.run(
                cursor, "take_head", hash=FIRST_PREV_HASH, recorded_at=FIRST_AT, regime=head.regime,
                schema_version=SCHEMA_VERSION, origin=head.origin, salt_key=head.salt_key, shared=head.shared,
            )  # fmt: skip
            self._fill(cursor, head, regime, groups)
            found = Head(*self.database.rows(cursor, "lock_head")[0])
            if found != head._replace(schema_version=found.schema_version):
                raise Tampered(
                    f"the log ends in entry {found.seq:,} ({found.hash[:8]}), but its head says entry "
                    f"{head.seq:,} ({head.hash[:8]}): nothing was written",
                    seq=found.seq,
                )
            self._is_loading = True
            try:
                check(self)
            finally:
                self._is_loading = False

    def _fill(self, cursor: Any, head: Head, regime: Regime, groups: Iterable[Group]) -> None:
        """Write all rows, the balances that the entries come to, and the head."""
        replay, tree = Replay(regime), merkle.Edge()
        last: Row | None = None
        for group in groups:
            self._insert(cursor, group.table, group.rows)
            if group.table == "entry":
                entries = [dict(zip(COLUMNS, row, strict=True)) for row in group.rows]
                _take(replay, entries)
                _grow(tree, head, entries)
                last = group.rows[-1]
        accounts = list(replay.accounts())
        _must_be_whole(accounts)
        if accounts:
            self._put_balances(cursor, accounts)
        if last is not None:
            ended = dict(zip(COLUMNS, last, strict=True))
            self.database.run(
                cursor, "move_head", tree=tree.to_json(),
                **{name: ended[name] for name in ("seq", "hash", "recorded_at")},
            )  # fmt: skip

    def faults(self) -> list[str]:
        """As `Reading.faults`, of what nobody else sees yet."""
        return [fault for (fault,) in self.read("whole_store")]

    def _read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Row]:
        if not self._is_loading:
            return super()._read(statement, values)
        with self._read_lock, closing(self._writer.cursor()) as cursor:
            cursor.execute(statement.text, statement.values(values))
            rows: Sequence[Row] = cursor.fetchall()
            return rows


def _take(replay: Replay, entries: Sequence[Mapping[str, Any]]) -> None:
    """Apply entries to the accounts. Raises Tampered where one undoes what none before it did."""
    try:
        replay.take(entries)
    except KeyError as error:
        first, last = entries[0]["seq"], entries[-1]["seq"]
        raise Tampered(
            f"one of the entries {first:,} to {last:,} undoes the issue of a license by entry {error}, which "
            "is none: nothing was written",
            seq=first,
        ) from error


def _must_be_whole(accounts: Iterable[Account]) -> None:
    """Raise Tampered where the entries add up to what no balance can be."""
    for account in accounts:
        most = max(account.tpp.values(), key=abs)
        if abs(most) > MOST_TPP:
            name = f"{account.quota} {account.license_no}".strip()
            said = f"the entries of {name} add up to {most:,} TPP, which no balance can be"
            raise Tampered(f"{said}: nothing was written", seq=None)


def _grow(tree: merkle.Edge, head: Head, entries: Sequence[Mapping[str, Any]]) -> None:
    """Commit the tree to the entries, each held to its hash."""
    bodies = [canonical({name: entry[name] for name in HASHED}) for entry in entries]
    for entry, body in zip(entries, bodies, strict=True):
        if chain_hash(entry["prev_hash"], body) != entry["hash"]:
            seq = entry["seq"]
            raise Tampered(f"entry {seq:,} is not what its hash says: nothing was written", seq=seq)
    seqs, times, versions = ([entry[name] for entry in entries] for name in ("seq", "recorded_at", "hash_v"))
    salt_key = bytes.fromhex(head.salt_key)
    for leaf in merkle.leaf_hashes(head.origin, salt_key, seqs, times, versions, bodies):
        tree.append(leaf)
