"""In which state a store is, one row per check: its schema, guards, roles and users. It only reads."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ledger import guards, roles, roster
from ledger.database import OTHER_SCHEMA, Database
from ledger.reading import Reading
from ledger.schema import SCHEMA_VERSION
from ledger.submission import Head


class Check(NamedTuple):
    """One check: `advice` says what to do, and is empty where there is nothing to do."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    advice: str


def check(database: Database) -> list[Check]:
    """Which schema, guards, roles and users a store has, and what to run."""
    reading = Reading(database)
    try:
        found = reading.schema_version()
        if found is None:
            if database.file is None and (hidden := guards.hidden(_guards(reading))):
                return [_amiss(hidden)]
            elsewhere = "" if database.file is not None else f", {OTHER_SCHEMA}"
            return [Check("ledger", "fail", f"none at {database.name}", f"run tppq db init{elsewhere}")]
        if found != SCHEMA_VERSION:
            newer = "install a newer tppq, which it was written by"
            advice = "run tppq db upgrade" if found < SCHEMA_VERSION else newer
            return [Check("schema", "fail", f"{found}; this version runs {SCHEMA_VERSION}", advice)]
        head = reading.head()
        return [
            Check("schema", "ok", f"{found}, entry {head.seq:,}, origin {head.origin}", ""),
            guarded(reading),
            *kept_apart(reading, head),
            *_users(reading, head),
        ]
    finally:
        reading.close()


def guarded(reading: Reading) -> Check:
    """Whether what makes the store append-only is there, and nothing that acts by itself besides."""
    if amiss := reading.guards_amiss():
        return _amiss(amiss)
    return Check("guards", "ok", "append-only: triggers, keys and checks are there", "")


def _guards(reading: Reading) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in reading.read("guards")]


def _amiss(amiss: str) -> Check:
    said, _, way_out = amiss.partition("; ")
    return Check("guards", "fail", said, way_out)


def durable(reading: Reading) -> Iterator[Check]:
    """What a server leaves out that keeps what was acknowledged: for SQLite, connections see to that."""
    if reading.database.file is not None:
        return
    for (name,) in reading.read("not_durable"):
        said = f"{name} is off on this server: a crash may take what was acknowledged, or damage all of it"
        yield Check("durability", "warn", said, f"set {name} = on in postgresql.conf, and reload it")


def kept_apart(reading: Reading, head: Head) -> Iterator[Check]:
    """How those are kept apart who own, write and read it, and whether who is connected may work here."""
    database = reading.database
    if database.file is not None:
        mode = database.file.stat().st_mode
        if head.shared and mode & stat.S_IWOTH:
            advice = f"run chmod o-w {shlex.quote(str(database.file))}"
            yield Check("roles", "fail", "everybody on this machine may write the file", advice)
        else:
            yield Check("roles", "ok", "none: whoever may write the file may do anything to it", "")
        return
    here = roles.here(reading.read)
    if here.found_elsewhere:
        yield Check("roles", "fail", *here.found_elsewhere)
        return
    if here.owner != roles.OWNER:
        alone = f"none: everything belongs to {here.owner}"
        if head.shared:
            yield Check("roles", "fail", f"{alone}, in a shared ledger", roles.MENDED_BY)
        else:
            yield Check("roles", "ok", f"{alone}; tppq db init keeps apart who owns, writes and reads", "")
        return
    faults = list(roles.set_up(here, reading.read))
    yield from (Check("roles", "fail", *fault) for fault in faults)
    if not faults:
        yield Check("roles", "ok", f"{roles.OWNER}, {roles.WRITER} and {roles.READER} are kept apart", "")
        yield _login(here, reading)


def _login(here: roles.Here, reading: Reading) -> Check:
    """Whether whoever is connected may work here; the owner and the superuser are not to, and may know it."""
    if here.is_superuser or here.is_owner:
        return Check("login", "ok", f"{here.user}: fit for tppq db alone", "")
    for fault in roles.unfit(here, reading.read):
        return Check("login", "fail", *fault)
    return Check("login", "ok", f"{here.user}: fit for work", "")


def _users(reading: Reading, head: Head) -> Iterator[Check]:
    if not head.shared:
        yield Check(
            "users", "ok", "none: a ledger of one person; tppq db init --shared makes it one of many", ""
        )
        return
    people = roster.of(reading)
    acts: tuple[tuple[str, roster.Act], ...] = (
        ("admin", "user"),
        ("officer", "post"),
        ("approver", "approve"),
    )
    said = "; ".join(f"{role}: {roster.who_may(people, act)}" for role, act in acts)
    yield Check("users", "ok", f"{len(people):,}; {said}", "")
