"""Writes a whole history, as it was exported, into a store that holds nothing yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import merkle
from ledger.database import Row
from ledger.errors import Misconfigured, Tampered
from ledger.evidence import COLUMNS, FIRST_PREV_HASH, HASHED, canonical, chain_hash
from ledger.model import Regime
from ledger.replay import Replay
from ledger.schema import SCHEMA_VERSION
from ledger.store import Store
from ledger.submission import FIRST_AT, Head

_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Group:
    """Some rows of one table, in order: all its columns, as `evidence.COLUMNS` has those of `entry`."""

    table: str
    rows: Sequence[Row]


class Loader(Store):
    """A store that takes a history over. Its triggers hold every entry to the one before it."""

    def load(self, head: Head, regime: Regime, groups: Iterable[Group]) -> None:
        """Write everything in one transaction, or nothing where it does not end in `head`.

        Balances are made anew from the entries. Raises Misconfigured where there is a ledger already;
        Tampered where the head can be no ledger's, where an entry is not what its hash says, and where it
        does not continue the one before.
        """
        _must_be_sound(head)
        replay, tree = Replay(regime), merkle.Edge()
        last: Row | None = None
        with self._write_lock, self._transaction() as cursor:
            if self.database.rows(cursor, "lock_head"):
                raise Misconfigured(
                    f"there is a ledger at {self.database.name} already: import into a new one",
                    store=self.database.name,
                )
            self.database.run(
                cursor, "take_head", hash=FIRST_PREV_HASH, recorded_at=FIRST_AT, regime=head.regime,
                schema_version=SCHEMA_VERSION, origin=head.origin, salt_key=head.salt_key, shared=head.shared,
            )  # fmt: skip
            for group in groups:
                self._insert(cursor, group.table, group.rows)
                if group.table == "entry":
                    entries = [dict(zip(COLUMNS, row, strict=True)) for row in group.rows]
                    replay.take(entries)
                    _grow(tree, head, entries)
                    last = group.rows[-1]
            accounts = list(replay.accounts())
            if accounts:
                self._put_balances(cursor, accounts)
            if last is not None:
                ended = dict(zip(COLUMNS, last, strict=True))
                self.database.run(
                    cursor, "move_head", tree=tree.to_json(),
                    **{name: ended[name] for name in ("seq", "hash", "recorded_at")},
                )  # fmt: skip
            found = Head(*self.database.rows(cursor, "lock_head")[0])
            if found != head._replace(schema_version=found.schema_version):
                raise Tampered(
                    f"the log ends in entry {found.seq:,} ({found.hash[:8]}), but its head says entry "
                    f"{head.seq:,} ({head.hash[:8]}): nothing was written",
                    seq=found.seq,
                )


def _must_be_sound(head: Head) -> None:
    """What the leaves of the tree are made of: names that need no escaping, and a key."""
    texts = (head.hash, head.recorded_at, head.regime, head.origin, head.salt_key, head.tree)
    if any(not isinstance(each, str) for each in texts) or type(head.seq) is not int:
        raise Tampered("the head of the log holds what no head can: nothing was written", seq=None)
    if not merkle.is_origin(head.origin) or not _KEY.fullmatch(head.salt_key):
        raise Tampered(
            f"the head of the log names no ledger ({head.origin!r}), or its salt key is none: nothing was "
            "written",
            seq=None,
        )


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
