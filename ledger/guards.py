"""What makes a store append-only, and each key in it the only one, and how to tell that it is still there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

from ledger import schema

_FUNCTION = re.compile(r"create or replace function (\w+)\(\).*?as \$\$(.*?)\$\$", re.DOTALL)
_CONSTRAINT = re.compile(r"^    constraint (\w+) ", re.MULTILINE)
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
    """What of `schemas/store` is not among what was found (name, definition).

    Triggers, named indexes, and `table NAME` or, on PostgreSQL, `constraint NAME`.
    """
    there = dict(found)
    expected = _sqlite() if dialect == "sqlite" else _postgresql()
    return sorted(name for name, definition in expected.items() if there.get(name) != definition)


def way_out(names: Iterable[str]) -> str:
    """What to do where these are missing: tables with entries in them are not made again by themselves."""
    if any(" " in name for name in names):
        return (
            "make the tables again as schemas/store/tables.*.sql has them, or restore a backup (tppq "
            "restore); then run tppq init, and tppq verify to see what was done without them"
        )
    return "run tppq init to put them back, then tppq verify to see what was done without them"


def _sqlite() -> dict[str, str]:
    """Each trigger, index and table as SQLite itself writes it down."""
    empty = sqlite3.connect(":memory:")
    try:
        empty.executescript(
            schema.sql("store/tables.sqlite.sql") + schema.sql("store/append_only.sqlite.sql")
        )
        return dict(empty.execute(schema.sql("store/guards.sqlite.sql")).fetchall())
    finally:
        empty.close()


def _postgresql() -> dict[str, str]:
    """Each trigger as its kind and the body of its function, each index as what it is, each named key."""
    bodies = dict(_FUNCTION.findall(schema.sql("store/append_only.postgresql.sql")))
    triggers = {name: f"{kind} {bodies[function]}" for name, (kind, function) in _POSTGRESQL.items()}
    tables = schema.sql("store/tables.postgresql.sql")
    indexes = {name: sort for sort, name in _INDEX.findall(tables)}
    return triggers | indexes | {f"constraint {name}": "holds" for name in _CONSTRAINT.findall(tables)}
