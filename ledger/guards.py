"""What makes a store append-only, and each key in it the only one, and how to tell that it is still there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from functools import cache

from ledger import schema

_FUNCTION = re.compile(r"create or replace function (\w+)\(\).*?as \$\$(.*?)\$\$", re.DOTALL)
_ACTS = re.compile(r"(create )?(trigger|rule) ", re.IGNORECASE)
"""How the definition of what acts by itself begins."""

_REFUSES = re.compile(r"(create )?unique index|holds", re.IGNORECASE)
"""How the definition of a key or a check begins."""

_HIDES = "row security"
"""What `guards.postgresql.sql` calls a table of which not every row is shown."""

_CONSTRAINT = re.compile(r"^    constraint (\w+) ", re.MULTILINE)
_UNNAMED = "entry_request_id_request_part_key"
"""As PostgreSQL calls the key that makes a request one post, which `tables.*.sql` gives no name."""

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


def amiss(dialect: str, found: Iterable[tuple[str, str]], mended_by: str = "run tppq init") -> str | None:
    """What is wrong with the guards found (name, definition), and the way out; None where nothing is."""
    there, ours = list(found), _expected(dialect)
    if away := missing(dialect, there):
        return f"{', '.join(away)} missing, changed or disabled; {_way_out(away, mended_by)}"
    strange = [(name, definition) for name, definition in there if ours.get(name) != definition]
    if acting := _named(strange, _ACTS):
        return (
            f"{acting} is not one of the ledger's own triggers and may change what is written; drop it, then "
            "run tppq verify to see what was done with it"
        )
    if refusing := _named(strange, _REFUSES):
        return f"{refusing} is none of the ledger's own keys and checks and may refuse what is right; drop it"
    return hidden(there)


def hidden(found: Iterable[tuple[str, str]]) -> str | None:
    """Of which tables PostgreSQL shows not every row, and the way out; None where it shows them all."""
    tables = sorted(name for name, definition in found if definition == _HIDES)
    if not tables:
        return None
    off = "disable row level security, no force row level security"
    shown = "; ".join(f"alter table {name} {off}" for name in tables)
    return f"row-level security hides rows of {', '.join(tables)}; run as the superuser: {shown}"


def _named(found: Iterable[tuple[str, str]], sort: re.Pattern[str]) -> str:
    return ", ".join(sorted({name for name, definition in found if sort.match(definition)}))


def missing(dialect: str, found: Iterable[tuple[str, str]]) -> list[str]:
    """What of `schemas/store` is not among what was found (name, definition).

    Triggers, named indexes, and `table NAME` or, on PostgreSQL, `constraint NAME`.
    """
    there = dict(found)
    return sorted(name for name, definition in _expected(dialect).items() if there.get(name) != definition)


def strangers(found: Iterable[tuple[str, str]]) -> list[str]:
    """The tables of a SQLite file that another program made; none where there is a ledger of any version.

    Every version's `head` has a schema_version.
    """
    there = {name: definition for name, definition in found if name.startswith("table ")}
    if "schema_version" in there.get("table head", ""):
        return []
    ours = _expected("sqlite").keys() - {"table head"}
    return sorted(name.removeprefix("table ") for name in there.keys() - ours)


@cache
def _expected(dialect: str) -> Mapping[str, str]:
    return _sqlite() if dialect == "sqlite" else _postgresql()


def _way_out(names: Iterable[str], mended_by: str) -> str:
    """What to do where these are missing: tables with entries in them are not made again by themselves."""
    if any(" " in name for name in names):
        return (
            "make the tables again as schemas/store/tables.*.sql has them, or restore a backup (tppq "
            f"restore); then {mended_by}, and tppq verify to see what was done without them"
        )
    return f"{mended_by} to put them back, then tppq verify to see what was done without them"


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
    triggers = {
        name: f"trigger A {kind} {bodies[function]}" for name, (kind, function) in _POSTGRESQL.items()
    }
    tables = schema.sql("store/tables.postgresql.sql")
    indexes = {name: sort for sort, name in _INDEX.findall(tables)}
    constraints = [*_CONSTRAINT.findall(tables), _UNNAMED]
    return triggers | indexes | {f"constraint {name}": "holds" for name in constraints}
