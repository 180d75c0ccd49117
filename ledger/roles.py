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
from urllib.parse import quote

OWNER, WRITER, READER = "tppq_owner", "tppq_writer", "tppq_reader"
TABLES = ("balance", "entry", "event", "head", "refusal")
MENDED_BY = "run tppq db init as the superuser"

_MOVES_HEAD = frozenset({"seq", "hash", "recorded_at", "tree"})
_CREATES = "may create tables and functions beside the ledger's"
_SCHEMA = ""
"""What `role_grants` calls the schema of a ledger, among its tables."""

_LISTED = 5
"""Of what is in a schema of somebody else's, so many things are named."""

GIVEN: Mapping[tuple[str, str], frozenset[str]] = MappingProxyType({
    **{(_SCHEMA, role): frozenset({"USAGE"}) for role in (READER, WRITER)},
    **{(table, role): frozenset({"SELECT"}) for table in TABLES for role in (READER, WRITER)},
    **{(table, WRITER): frozenset({"SELECT", "INSERT"}) for table in ("entry", "event", "refusal")},
    ("balance", WRITER): frozenset({"SELECT", "INSERT", "UPDATE"}),
})  # fmt: skip
"""What `roles.postgresql.sql` gives each role on each table; of head, the writer updates four columns too."""

_NEEDED = tuple(sorted(
    {(role, table, each, "") for (table, role), every in GIVEN.items() for each in every}
    | {(WRITER, "head", "UPDATE", column) for column in _MOVES_HEAD}
))  # fmt: skip

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
    superuser: str | None
    joins: str | None
    is_owner: bool
    creates: bool
    too_wide: str | None
    loose: str | None
    schema: str
    hidden: str | None

    @property
    def found_elsewhere(self) -> Fault | None:
        """What is wrong where a session finds some of the tables in another schema than the ledger's."""
        if self.hidden is None:
            return None
        schema = self.schema.replace("\\", "\\\\").replace(" ", "\\ ")
        path = quote(f"-csearch_path={schema}", safe="-")
        return Fault(
            f"another schema is looked at before {self.schema} for {self.hidden}",
            f"name the ledger's schema at the end of the URL: ?options={path}",
        )


class Grant(NamedTuple):
    """A privilege that somebody else than the owner was given, on a table or on the schema of a ledger."""

    table: str
    grantee: str
    privilege: str
    column: str
    place: str
    quoted: str
    is_grantable: bool
    is_mine: bool

    @property
    def is_ours(self) -> bool:
        """Whether it is given to whom `roles.postgresql.sql` gives, or takes, what is due as a whole."""
        return self.quoted in ("PUBLIC", READER, WRITER)

    @property
    def creates(self) -> bool:
        """Whether it lets make tables and functions beside the ledger's."""
        return (self.table, self.privilege) == (_SCHEMA, "CREATE")

    @property
    def is_due(self) -> bool:
        """Whether it does no harm: to see, or what this role needs."""
        if self.privilege in ("SELECT", "USAGE"):
            return True
        if (self.table, self.grantee, self.privilege) == ("head", WRITER, "UPDATE"):
            return self.column in _MOVES_HEAD
        return self.privilege in GIVEN.get((self.table, self.grantee), ())

    def on(self) -> str:
        """On what it is, in words."""
        return _on(self.table, self.column)

    def taken_back(self) -> str:
        """What to run so that it is gone, and nothing that is due."""
        if self.is_ours:
            return MENDED_BY
        passed_on = " cascade" if self.is_grantable else ""
        return f"run as the superuser: revoke {self.place} from {self.quoted}{passed_on}"


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
    if found.found_elsewhere:
        return [found.found_elsewhere]
    if found.owner != OWNER:
        return [Fault(f"its tables belong to {found.owner}, not to {OWNER}", MENDED_BY)] if shared else []
    return list(set_up(found, read)) or list(unfit(found, read))  # what is wrong for all may be all that is


def set_up(found: Here, read: Read) -> Iterator[Fault]:
    """What is wrong whoever is connected."""
    if found.owner_logs_in:
        yield Fault(f"{OWNER} can log in", f"run as the superuser: alter role {OWNER} nologin")
    if found.loose:
        yield Fault(f"not the owner's, or not bound to these tables: {found.loose}", MENDED_BY)
    grants = _grants(read)
    for each in grants:
        if each.creates and each.is_ours:
            yield Fault(f"{each.grantee} {_CREATES}", each.taken_back())
        elif not each.table:
            continue  # of the schema: at fault is only who works here with it
        elif not each.is_due:
            yield Fault(f"{each.grantee} has {each.privilege} on {each.on()}", each.taken_back())
        elif each.is_grantable and each.privilege != "SELECT":
            yield Fault(f"{each.grantee} may pass on {each.privilege} on {each.on()}", each.taken_back())
    if lacking := _lacking(grants):
        yield Fault(lacking, MENDED_BY)


def _grants(read: Read) -> list[Grant]:
    return [Grant(*row) for row in read("role_grants")]


def _lacking(grants: Sequence[Grant]) -> str:
    """What writers and readers need, and were not given; nothing where that is nothing."""
    there = {(each.grantee, each.table, each.privilege, each.column) for each in grants}
    all_columns = (WRITER, "head", "UPDATE", "")
    public = ("PUBLIC", _SCHEMA, "USAGE", "")
    lacking: dict[str, list[str]] = {}
    for role, table, privilege, column in _NEEDED:
        if (
            (role, table, privilege, column) not in there
            and not (column and all_columns in there)
            and not (table == _SCHEMA and public in there)
        ):
            lacking.setdefault(role, []).append(f"{privilege} on {_on(table, column)}")
    return "; ".join(f"{role} lacks {', '.join(each)}" for role, each in lacking.items())


def _on(table: str, column: str) -> str:
    return (f"{table} ({column})" if column else table) or "the schema"


def unfit(found: Here, read: Read) -> Iterator[Fault]:
    """Why whoever is connected should not work on the ledger: what they could do besides."""
    advice = f"connect as a member of {WRITER} or {READER}: create role NAME login in role {WRITER}"
    if found.is_superuser:
        yield Fault(f"{found.user} is a superuser, whom no guard stops", advice)
    elif found.is_owner:
        yield Fault(f"{found.user} is a member of {OWNER}, and may drop the guards", advice)
    elif found.superuser:
        yield Fault(f"{found.user} is a member of {found.superuser}, whom no guard stops", advice)
    elif found.joins:
        by = "" if found.joins == found.user else f" as a member of {found.joins}"
        yield Fault(f"{found.user} may create roles{by}, and with that join {OWNER}", advice)
    elif found.too_wide:
        yield Fault(f"{found.user} has {found.too_wide}", advice)
    elif found.creates:
        given = [each.taken_back() for each in _grants(read) if each.creates and each.is_mine]
        yield Fault(f"{found.user} {_CREATES}", "; ".join(given) or advice)


def report_taken(read: Read) -> Fault | None:
    """Why schema `report` cannot show a ledger to its readers; None where it can, or is not there yet."""
    taken = read("report_taken")
    if not taken:
        return None
    things = [thing for thing, shown in taken if shown is None]
    if not things:
        others = ", ".join(sorted({shown for _, shown in taken}))
        way_out = "give this one a database of its own; or, where it is to be shown instead, run"
        return Fault(f"shows the ledger in schema {others}", f"{way_out}: drop schema report cascade")
    more = f" and {len(things) - _LISTED:,} more" if len(things) > _LISTED else ""
    said = f"holds what is no view of the ledger ({', '.join(things[:_LISTED])}{more})"
    return Fault(said, "move that to another schema; or all of it, run: alter schema report rename to NAME")
