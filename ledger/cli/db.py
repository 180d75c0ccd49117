"""The verbs about the store of a ledger, which work where it cannot be opened, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pyarrow as pa

from ledger import checkup, reference, roles, roster, screens
from ledger import upgrade as upgrading
from ledger.answer import Answer
from ledger.book import Ledger
from ledger.cli.desk import Desk
from ledger.cli.failure import EXITS
from ledger.cli.session import Session
from ledger.database import Database
from ledger.errors import Misconfigured
from ledger.schema import SCHEMA_VERSION
from ledger.store import Store


def init(session: Session, regime: str | None, *, shared: bool) -> int:
    desk = Desk(session)
    terms = desk.terms(regime)
    with _store(desk) as store:
        database = store.database
        found = store.schema_version()
        if found not in (None, SCHEMA_VERSION):
            raise store.other_schema(found)
        if database.dialect == "postgresql":
            upgrading.must_show(database, store.read)  # before anything is made
        head = None if found is None else store.stored_head()  # its guards come first
        if head is None or not (head.shared or _apart(store)):
            Ledger.init(desk.url, terms.regime, **desk.how_to_open()).close()
        else:
            database.create()  # its guards: it has its head and its openings
        if shared and not store.head().shared:
            first = roster.share(store, session.surroundings.actor or roster.at_work())
            desk.note(f"{first.name} is the first admin: tppq user add lets others in.")
        if database.dialect == "postgresql":
            upgrading.separate(database)
        return _told(desk, store)


def upgrade(session: Session) -> int:
    desk = Desk(session)
    with _store(desk) as store:
        done = upgrading.upgrade(store.database)
        head = store.head()
        basis = desk.basis_of(reference.load().run_by_ledger(head.regime), head)
    row = done._asdict()
    if done.before == done.after:
        said = f"{desk.name} has schema {done.after} already: nothing was changed."
    else:
        said = (
            f"{desk.name}: schema {done.before} became schema {done.after}; {done.entries:,} entries held to "
            "their hashes, none changed."
        )
    desk.outcome(row, pa.Table.from_pylist([row]), basis, [said])
    return 0


def check(session: Session) -> int:
    desk = Desk(session)
    with _store(desk) as store:
        return _told(desk, store)


def _apart(store: Store) -> bool:
    """Whether owner, writers and readers are kept apart already."""
    return store.database.dialect == "postgresql" and roles.here(store.read).owner == roles.OWNER


def _told(desk: Desk, store: Store) -> int:
    """What a store has, as rows; 78 where something is to be put right."""
    found = checkup.check(store.database)
    head = store.head() if store.schema_version() == SCHEMA_VERSION else None
    known = reference.load()
    terms = known.run_by_ledger(head.regime) if head else known.regime(reference.DEFAULT_REGIME)
    table = pa.Table.from_pylist([each._asdict() for each in found])
    answer = Answer(table, desk.basis_of(terms, head))
    desk.answer(answer, screens.reference(answer, screens.CHECKS), basis_told=False)
    return EXITS[Misconfigured] if any(each.state == "fail" for each in found) else 0


@contextmanager
def _store(desk: Desk) -> Iterator[Store]:
    options = desk.how_to_open()
    database = Database(desk.url, options["busy_seconds"])
    clock = {"clock": options["clock"]} if "clock" in options else {}
    with closing(Store(database, **clock)) as store:
        yield store
