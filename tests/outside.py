"""A store seen, and touched, from outside the ledger: by a connection of its own with plain settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import rfc8785
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from ledger.tables import ENTRY

BALANCE, _, EVENT, HEAD, REFUSAL = TABLES = ENTRY.metadata.sorted_tables


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A transaction on the store, committed unless something is raised."""
    engine = sa.create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def contents(url: str, *tables: sa.Table) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables named, or of all of them."""
    with connected(url) as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in tables or TABLES
        }


def entries(url: str) -> list[dict[str, Any]]:
    """Every entry, in order."""
    return contents(url, ENTRY)["entry"]


def count(url: str, table: sa.Table = ENTRY) -> int:
    """How many rows a table has."""
    with connected(url) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def by_hand(row: Mapping[str, Any]) -> str:
    """The hash of a stored row, with nothing of the ledger's: SHA-256 over RFC 8785."""
    fields = {name: value for name, value in row.items() if name not in ("prev_hash", "hash")}
    return sha256(row["prev_hash"].encode() + rfc8785.dumps(fields)).hexdigest()


def drop_guards(url: str) -> None:
    """Take away every trigger of the store, as whoever owns it can."""
    with connected(url) as connection:
        if connection.dialect.name == "sqlite":
            found = connection.exec_driver_sql("select name from sqlite_schema where type = 'trigger'")
            for name in found.scalars().all():
                connection.exec_driver_sql(f'drop trigger "{name}"')
        else:
            for table in TABLES:
                connection.exec_driver_sql(f"alter table {table.name} disable trigger user")
