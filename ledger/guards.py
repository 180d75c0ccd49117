"""What makes a store append-only, and each key in it the only one, and how to tell that it is still there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

from ledger import schema

_FUNCTION = re.compile(r"create or replace function (\w+)\(\).*?as \$\$(.*?)\$\$", re.DOTALL)
_INDEX = re.compile(r"create (unique index|index) if not exists (\w+)")
# pg_trigger.tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate
_POSTGRESQL = {
    "entry_append_only": (2 + 8 + 16 + 32, "tppq_append_only"),
    "entry_continues": (1 + 2 + 4, "tppq_entry_continues"),
    "refusal_append_only": (2 + 8 + 16 + 32, "tppq_append_only"),
    "event_append_only": (2 + 8 + 16 + 32, "tppq_append_only"),
    "event_continues": (1 + 2 + 4, "tppq_event_continues"),
    "head_goes_forward": (1 + 2 + 16, "tppq_head_goes_forward"),
    "head_stays": (2 + 8 + 32, "tppq_append_only"),
}


def missing(dialect: str, found: Iterable[tuple[str, str]]) -> list[str]:
    """The triggers and named indexes of `schemas/store` that are not among those found (name, definition)."""
    there = dict(found)
    expected = _sqlite() if dialect == "sqlite" else _postgresql()
    return sorted(name for name, definition in expected.items() if there.get(name) != definition)


def _sqlite() -> dict[str, str]:
    """Each trigger and index as SQLite itself writes it down."""
    empty = sqlite3.connect(":memory:")
    try:
        empty.executescript(
            schema.sql("store/tables.sqlite.sql") + schema.sql("store/append_only.sqlite.sql")
        )
        return dict(empty.execute(schema.sql("store/guards.sqlite.sql")).fetchall())
    finally:
        empty.close()


def _postgresql() -> dict[str, str]:
    """Each trigger as its kind and the body of its function, each index as what it is."""
    bodies = dict(_FUNCTION.findall(schema.sql("store/append_only.postgresql.sql")))
    indexes = {name: sort for sort, name in _INDEX.findall(schema.sql("store/tables.postgresql.sql"))}
    return {name: f"{kind} {bodies[function]}" for name, (kind, function) in _POSTGRESQL.items()} | indexes
