"""Brings the store of an older version to this version's schema; sets up who owns, writes and reads one.

Each step is a numbered script of `schemas/store/upgrade`, a function here for what has to be computed, and
the script `_after`. All steps run in one transaction: a ledger is upgraded whole or not at all, and its
entries keep every byte.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from ledger import evidence, guards, merkle, roles, schema
from ledger.database import Database
from ledger.errors import Misconfigured, Tampered
from ledger.reading import PAGE, Reading
from ledger.schema import SCHEMA_VERSION

_PAGED = tuple(name for name in evidence.COLUMNS if name != "seq")


class Upgraded(NamedTuple):
    """From which schema to which, and how many entries were read and held to their hashes."""

    before: int
    after: int
    entries: int


# ------------------------------------------------------------------------------------------------ upgrade


def upgrade(database: Database) -> Upgraded:
    """Bring the store to the schema of this version. Nothing is changed where it has that already.

    Raises Misconfigured (no ledger; a newer schema), Tampered (an entry is not what its hash says), Busy,
    NotPermitted, Unreachable. Then nothing was changed.
    """
    reading = Reading(database)
    try:
        found = reading.schema_version()
        if found is None:
            raise reading.no_ledger()
        if found > SCHEMA_VERSION:
            raise reading.other_schema(found)
    finally:
        reading.close()
    if found == SCHEMA_VERSION:
        return Upgraded(found, found, 0)
    entries = 0
    with _alone(database) as cursor:
        ((before,),) = database.rows(cursor, "schema_version")  # another process may have been first
        for version in range(before + 1, SCHEMA_VERSION + 1):
            _run(database, cursor, f"upgrade/{version}")
            entries = _STEPS[version](database, cursor)
            _run(database, cursor, f"upgrade/{version}_after")
        _run(database, cursor, "append_only")
        there = [(row[0], row[1]) for row in database.rows(cursor, "guards")]
        if missing := guards.missing(database.dialect, there):
            raise Tampered(f"the guards {', '.join(missing)} could not be put up: nothing was changed")
    return Upgraded(before, SCHEMA_VERSION, entries)


def _to_2(database: Database, cursor: Any) -> int:
    """The ledger's own name, the key of its salts, and the edge of the tree over all its entries."""
    ((regime, seq, last_hash),) = database.rows(cursor, "upgrade/2_old_head")
    origin, salt_key = f"tppq/{regime}/{secrets.token_hex(8)}", secrets.token_bytes(32)
    edge = merkle.Edge()
    found = evidence.FIRST_PREV_HASH
    for entry in _entries(database, cursor):
        body = evidence.canonical({name: entry[name] for name in evidence.HASHED})
        if (entry["seq"], entry["prev_hash"]) != (edge.size + 1, found) or (
            entry["hash"] != evidence.chain_hash(found, body)
        ):
            raise Tampered(
                f"entry {edge.size + 1:,} is not what its hash says, and nothing was changed: run tppq "
                "verify of the version that wrote it",
                seq=edge.size + 1,
            )
        found = entry["hash"]
        commitment = merkle.commitment(merkle.salt_of(salt_key, entry["seq"]), body)
        leaf = merkle.leaf(origin, entry["seq"], entry["recorded_at"], entry["hash_v"], commitment)
        edge.append(merkle.leaf_hash(leaf))
    if (edge.size, found) != (seq, last_hash):
        raise Tampered(
            f"the head is entry {seq:,}, but the entries end at {edge.size:,}: nothing was changed", seq=seq
        )
    database.run(cursor, "upgrade/2_head", origin=origin, salt_key=salt_key.hex(), tree=edge.to_json())
    return edge.size


_STEPS: Mapping[int, Callable[[Database, Any], int]] = MappingProxyType({2: _to_2})
"""What a schema needs computed, once its script has run; each answers with the entries that it read."""


def _entries(database: Database, cursor: Any) -> Iterator[dict[str, Any]]:
    """Every entry in order, within the transaction."""
    columns = (*_PAGED, "seq")
    page, after = database.page(columns), 0
    while True:
        cursor.execute(page.text, page.values({"past": after, "size": PAGE}))
        rows = cursor.fetchall()
        if not rows:
            return
        yield from (dict(zip(columns, row, strict=True)) for row in rows)
        after = rows[-1][-1]


@contextmanager
def _alone(database: Database) -> Iterator[Any]:
    """A cursor in one transaction that no other writer is in: all of it is kept, or nothing."""
    connection = database.connect_writer()
    try:
        cursor = connection.cursor()
        if database.begin is not None:
            cursor.execute(database.begin)
        else:
            cursor.execute(schema.sql("store/one_at_a_time.postgresql.sql"))
        yield cursor
        connection.commit()
    except database.driver_error as error:
        raise database.explained(error) from error
    finally:
        connection.close()  # which rolls back what was not committed


def _run(database: Database, cursor: Any, name: str) -> None:
    """Run a script in the transaction of a cursor. SQLite's driver would end it, given a whole script."""
    script = schema.sql(f"store/{name}.{database.dialect}.sql")
    if database.dialect != "sqlite":
        cursor.execute(script)
        return
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            cursor.execute(statement)
            statement = ""


# ------------------------------------------------------------------------------------------------- roles


def must_show(database: Database, read: roles.Read) -> None:
    """Raise Misconfigured where schema `report` is another ledger's, or holds what is no view of a ledger."""
    if taken := roles.report_taken(read):
        raise Misconfigured(
            f"schema report at {database.name} {taken.said}: {taken.advice}", store=database.name
        )


def separate(database: Database) -> None:
    """Keep apart, on PostgreSQL, who owns a ledger, who writes it and who reads it; may be run again.

    Readers get schema `report` as well. Raises Misconfigured as `must_show` does, NotPermitted for whoever
    may not create roles, or a schema in this database, Busy, Unreachable.
    """
    with _alone(database) as cursor:
        must_show(database, lambda name: database.rows(cursor, name))
        _run(database, cursor, "roles")
        _run(database, cursor, "report")
