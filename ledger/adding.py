"""From a verdict to the sheet that is written: rows by column, and the statements that take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from ledger import merkle
from ledger.accounts import Account, Books
from ledger.database import Database, Row
from ledger.errors import Tampered
from ledger.evidence import COLUMNS
from ledger.sheet import Insert, Sheet
from ledger.submission import Head, Verdict

_QUOTA, _LICENSE_NO, _SEQ, _RECORDED_AT, _HASH_V, _HASH = (
    COLUMNS.index(name) for name in ("quota", "license_no", "seq", "recorded_at", "hash_v", "hash")
)


def sheet(database: Database, head: Head, verdict: Verdict, books: Books, refusals: Sequence[Row]) -> Sheet:
    """What a verdict adds to this head: its entries, the accounts as they then are, and these refusals."""
    rows = verdict.rows
    inserts = [insert(database, "refusal", refusals)] if refusals else []
    if not rows:
        return Sheet(head.hash, inserts, {})
    by_column = list(zip(*rows, strict=True))
    accounts = [books.quotas[quota] for quota in set(by_column[_QUOTA])]
    accounts += [books.licenses[number] for number in set(by_column[_LICENSE_NO]) if number is not None]
    inserts.append(_insert(database, "entry", by_column))
    inserts += put(database, [each for each in accounts if each])
    seqs, recorded_at = by_column[_SEQ], by_column[_RECORDED_AT]
    leaves = merkle.committed_leaf_hashes(
        head.origin, seqs, recorded_at, by_column[_HASH_V], [each.hex() for each in verdict.commitments]
    )
    after = {"seq": seqs[-1], "hash": by_column[_HASH][-1], "recorded_at": recorded_at[-1]}
    return Sheet(head.hash, inserts, {**after, "tree": _grown(head, leaves)})


def _grown(head: Head, leaves: Iterable[bytes]) -> str:
    """The tree's right edge with these leaves, as the head keeps it."""
    try:
        edge = merkle.Edge.from_json(head.tree, head.seq)
    except ValueError as error:
        raise Tampered(
            f"the head does not hold the edge of the tree of {head.seq:,} entries ({error}): run tppq verify",
            seq=head.seq,
        ) from error
    for leaf in leaves:
        edge.append(leaf)
    return edge.to_json()


def refusals(verdict: Verdict, actor: str) -> list[Row]:
    """What was refused and not answered so before, as rows of table `refusal`."""
    return [
        (name, said.attempt, said.body_hash, orjson.dumps(said.problem).decode(), said.refused_at, actor)
        for name, said in verdict.refused
    ]


def insert(database: Database, table: str, rows: Sequence[Row]) -> Insert:
    """Whole rows of a table: one at least."""
    return _insert(database, table, list(zip(*rows, strict=True)))


def _insert(database: Database, table: str, by_column: Sequence[tuple[Any, ...]]) -> Insert:
    """Whole rows of a table, by column; columns that are null in all of many are left to the store."""
    count, whole = len(by_column[0]), database.statement(f"put_{table}")
    if count == 1:
        return Insert(whole.text, by_column)
    used = {
        name: values
        for name, values in zip(whole.takes, by_column, strict=True)
        if values[0] is not None or values.count(None) < count
    }
    return Insert(database.insert(table, tuple(used)).text, list(used.values()))


def put(database: Database, accounts: Sequence[Account]) -> list[Insert]:
    """These accounts, one at least, as they stand now."""
    moved = [(each.quota, each.license_no) for each in accounts if each.moved]
    rows = [
        (
            each.quota, each.license_no, *each.tpp.values(), each.issued_on, each.expires_on,
            each.closed_by_seq, each.closed_reason, each.overdraft_approver,
        )
        for each in accounts
    ]  # fmt: skip
    puts = Insert(database.statement("put_balance").text, list(zip(*rows, strict=True)))
    if not moved:
        return [puts]
    return [Insert(database.statement("move_account").text, list(zip(*moved, strict=True))), puts]
