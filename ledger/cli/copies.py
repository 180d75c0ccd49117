"""The verbs that copy a ledger. Each is what `ledger/copies.py` has under its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from ledger import copies
from ledger.cli.desk import Desk
from ledger.cli.progress import telling
from ledger.cli.session import Session
from ledger.copies import Copy
from ledger.reading import Progress


def backup(session: Session, file: Path) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        return _done(desk, file, "backed up", lambda progress: ledger.backup(file, progress))


def export(session: Session, file: Path) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        return _done(desk, file, "exported", lambda progress: ledger.export(file, progress))


def restore(session: Session, file: Path) -> int:
    desk = Desk(session)
    return _done(desk, file, "restored", lambda progress: copies.restore(file, desk.url, progress))


def import_(session: Session, file: Path) -> int:
    desk = Desk(session)
    return _done(desk, file, "imported", lambda progress: copies.import_log(file, desk.url, progress))


def _done(desk: Desk, file: Path, verb: str, act: Callable[[Progress], Copy]) -> int:
    with telling(file.name, quiet=desk.options.quiet) as progress:
        copy = act(progress)
    with desk.open() as ledger:
        basis = ledger.regime().basis
    head = copy.head_hash[:8]
    sentence = (
        f"{copy.entries:,} entries {verb}, to {copy.file}: head {head}, {copy.bytes:,} bytes. Verified."
    )
    desk.outcome(asdict(copy), pa.Table.from_pylist([asdict(copy)]), basis, [sentence])
    return 0
