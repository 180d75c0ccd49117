"""The verbs that copy a ledger, each with its arguments, its help and its examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.session import Session

NewFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A new file: nothing is written over.", show_default=False)
]
OldFile = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


@verb("runs")
def backup(session: Session, file: NewFile) -> int:
    """Copy a SQLite ledger, and verify the copy. Others may post meanwhile.

    A ledger of an older version is copied as it is, before tppq db upgrade, which verifies it.

    As JSON: {"file", "entries", "head_hash", "bytes"}. A PostgreSQL ledger is backed up by pg_basebackup.

    Examples:
        tppq backup /backups/tppq-2026-11-21.db
    """
    from ledger.cli import copies

    return copies.backup(session, file)


@verb("runs")
def restore(session: Session, file: OldFile) -> int:
    """Create the ledger from a backup.

    Refused where a ledger exists. The backup is verified first.

    Examples:
        tppq restore /backups/tppq-2026-11-21.db
        tppq restore /backups/tppq-2026-11-21.db --ledger sqlite:///looked-at.db
    """
    from ledger.cli import copies

    return copies.restore(session, file)


@verb("runs")
def export(session: Session, file: NewFile) -> int:
    """Write the whole log to a file, for either engine.

    JSON Lines; through gzip where the name ends in .gz. It holds all that the ledger does, the salts of its
    tree too: keep it as you keep the ledger.

    Examples:
        tppq export tppq-2026-11-21.jsonl.gz
    """
    from ledger.cli import copies

    return copies.export(session, file)


@verb("runs", name="import")
def import_(session: Session, file: OldFile) -> int:
    """Take a log into a new ledger, all or nothing.

    On either engine: the same entries, the same hashes.

    Examples:
        tppq import tppq-2026-11-21.jsonl.gz --ledger postgresql+psycopg://localhost/tppq
    """
    from ledger.cli import copies

    return copies.import_(session, file)
