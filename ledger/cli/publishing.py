"""The verb that publishes snapshots."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from ledger.cli.copies import must_be_named
from ledger.cli.desk import Desk
from ledger.cli.patience import waiting
from ledger.cli.session import Session


def publish(session: Session, folder: Path, keep: int | None) -> int:
    must_be_named(folder)
    desk = Desk(session)
    with desk.open() as ledger, waiting(str(folder), quiet=desk.options.quiet):
        done = ledger.publish(folder, keep=keep)
        basis = ledger.regime().basis
    row = {name: value for name, value in asdict(done).items() if name != "remark"}
    was = f"{done.files} files, {done.bytes:,} bytes, {done.shared_files} of them shared with the one before"
    first = f"{done.folder}: published up to entry {done.seq:,}, head {done.head_hash[:8]}: {was}."
    if not done.made:
        first = f"{done.folder}: entry {done.seq:,} was published before; nothing was written."
    screen = [first]
    if done.pruned:
        screen.append(f"Older snapshots removed: {done.pruned}.")
    desk.outcome(row, pa.Table.from_pylist([row]), basis, [*screen])
    if done.remark is not None:
        desk.remark(done.remark)
    return 0
