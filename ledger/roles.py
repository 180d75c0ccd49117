"""The roles of PostgreSQL, which keep apart who owns, writes and reads a ledger; and whether they do.

    tppq_owner    keeps the tables; nobody logs in with it, nor works as a member of it
    tppq_writer   adds entries, refusals and events; moves balances and the head
    tppq_reader   selects

On SQLite whoever may write the file may do anything to it; there are no roles to keep anybody apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

OWNER, WRITER, READER = "tppq_owner", "tppq_writer", "tppq_reader"
TABLES = ("balance", "entry", "event", "head", "refusal")
MENDED_BY = "run tppq db init as the superuser"

_MOVES_HEAD = frozenset({"seq", "hash", "recorded_at", "tree"})
GIVEN: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType({
    **{(table, role): frozenset({"SELECT"}) for table in TABLES for role in (READER, WRITER)},
    **{(table, WRITER): frozenset({"SELECT", "INSERT"}) for table in ("entry", "event", "refusal")},
    ("balance", WRITER): frozenset({"SELECT", "INSERT", "UPDATE"}),
})  # fmt: skip
"""What `roles.postgresql.sql` gives each role on each table; of head, the writer updates four columns too."""

Read = Callable[[str], Sequence[Sequence[Any]]]
"""Runs a statement of `schemas/store` by its name."""


class Fault(NamedTuple):
    """What is wrong, and what to do about it."""

    said: str
    advice: str


class Here(NamedTuple):
    """Who is connected, and what they could do that none but the owner should."""

    user: str
    owner: str
    owner_logs_in: bool
    is_superuser: bool
    is_owner: bool
    creates: bool
    too_wide: str | None
    loose_functions: str | None


def here(read: Read) -> Here:
    """Who is connected to a ledger on PostgreSQL."""
    return Here(*read("role_here")[0])


def wrong(dialect: str, read: Read, *, shared: bool) -> list[Fault]:
    """What is wrong with how a ledger's owner, writers and readers are kept apart; empty where nothing is.

    A ledger of one person on PostgreSQL belongs to its user, and need not keep anybody apart.
    """
    if dialect != "postgresql":
        return []
    found = here(read)
    if found.owner != OWNER:
        return [Fault(f"its tables belong to {found.owner}, not to {OWNER}", MENDED_BY)] if shared else []
    return [*set_up(found, read), *unfit(found)]


def set_up(found: Here, read: Read) -> Iterator[Fault]:
    """What is wrong whoever is connected."""
    if found.owner_logs_in:
        yield Fault(f"{OWNER} can log in", f"run alter role {OWNER} nologin")
    if found.loose_functions:
        yield Fault(f"not the owner's, or not bound to these tables: {found.loose_functions}", MENDED_BY)
    for table, grantee, privilege, column in read("role_grants"):
        if privilege == "SELECT" or privilege in GIVEN.get((table, grantee), ()):
            continue
        if (table, grantee, privilege) == ("head", WRITER, "UPDATE") and column in _MOVES_HEAD:
            continue
        on = f"{table} ({column})" if column else table
        yield Fault(f"{grantee} has {privilege} on {on}", f"run revoke {privilege} on {table} from {grantee}")


def unfit(found: Here) -> Iterator[Fault]:
    """Why whoever is connected should not work on the ledger: what they could do besides."""
    advice = f"connect as a member of {WRITER} or {READER}: create role NAME login in role {WRITER}"
    if found.is_superuser:
        yield Fault(f"{found.user} is a superuser, whom no guard stops", advice)
    elif found.is_owner:
        yield Fault(f"{found.user} is a member of {OWNER}, and may drop the guards", advice)
    elif found.too_wide:
        yield Fault(f"{found.user} has {found.too_wide}", advice)
    elif found.creates:
        yield Fault(f"{found.user} may create tables and functions beside the ledger's", advice)
