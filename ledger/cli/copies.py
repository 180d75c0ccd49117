"""The verbs that copy a ledger. Each is what `ledger/copies.py` has under its name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from ledger import copies, kept
from ledger.book import Ledger
from ledger.cli.desk import Desk
from ledger.cli.progress import telling
from ledger.cli.session import Session
from ledger.cli.values import Misused
from ledger.copies import Copy
from ledger.database import Database
from ledger.reading import Progress, Reading


def backup(session: Session, file: Path) -> int:
    must_be_named(file)
    desk = Desk(session)
    with telling(file.name, quiet=desk.options.quiet) as progress:
        older = copies.backup_older(file, desk.url, progress)
    if older is None:
        return _copied(session, file, Ledger.backup, "backed up")
    checked = "SQLite finds the file whole; tppq db upgrade of the ledger reads every entry."
    desk.outcome(asdict(older), pa.Table.from_pylist([asdict(older)]), desk.basis_of(desk.terms()), [
        f"{older.entries:,} entries of an older version backed up, to {older.file}. {checked}"
    ])  # fmt: skip
    return 0


def export(session: Session, file: Path) -> int:
    must_be_named(file)
    return _copied(session, file, Ledger.export, "exported")


def restore(session: Session, file: Path) -> int:
    desk = Desk(session)
    with telling(file.name, quiet=desk.options.quiet) as progress:
        copy = copies.restore(file, desk.url, progress)
    how = desk.how_to_open()
    if "checkpoint" in how:
        with closing(Reading(Database(desk.url, how["busy_seconds"]))) as store:
            if behind := kept.guard(store, how["checkpoint"], how["verifier"]):
                desk.remark(f"{behind.detail}.")
    with desk.open() as ledger:
        return _done(desk, "restored", copy, ledger)


def import_(session: Session, file: Path) -> int:
    desk = Desk(session)
    with telling(file.name, quiet=desk.options.quiet) as progress:
        busy_seconds = session.settings.busy_seconds
        copy = copies.import_log(file, desk.url, progress, busy_seconds=busy_seconds)
    with desk.open() as ledger:
        return _done(desk, "imported", copy, ledger)


def must_be_named(place: Path) -> None:
    """Raise Misused for `-`: no copy goes to standard output, since it is verified where it was written."""
    if str(place) == "-":
        raise Misused("- is no name here: write the name of a new file or folder")


def _copied(
    session: Session, file: Path, copy_to: Callable[[Ledger, Path, Progress], Copy], done: str
) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        with telling(file.name, quiet=desk.options.quiet) as progress:
            copy = copy_to(ledger, file, progress)
        return _done(desk, done, copy, ledger)


def _done(desk: Desk, verb: str, copy: Copy, ledger: Ledger) -> int:
    basis = ledger.regime().basis
    head = copy.head_hash[:8]
    sentence = (
        f"{copy.entries:,} entries {verb}, to {copy.file}: head {head}, {copy.bytes:,} bytes. Verified."
    )
    desk.outcome(asdict(copy), pa.Table.from_pylist([asdict(copy)]), basis, [sentence])
    return 0
