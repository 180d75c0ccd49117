"""The verbs that neither ask the ledger nor write to it."""

from __future__ import annotations

import shutil
import sys

import pyarrow as pa

from ledger import demo as demonstration
from ledger import reference, screens
from ledger.answer import Answer
from ledger.cli.desk import Desk
from ledger.cli.session import Session
from ledger.doctor import examine, status
from ledger.store import clock_us


def demo(session: Session) -> int:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    clock = session.surroundings.clock
    return demonstration.demo(
        session.options.ledger, sys.stdout, width, **({"clock": clock} if clock else {})
    )


def doctor(session: Session) -> int:
    """0 where nothing fails, 1 where something does, 78 where the installation itself is broken."""
    desk = Desk(session)
    checks = examine(desk.url, session.settings.busy_seconds, session.surroundings.clock or clock_us)
    terms = reference.load().regime(session.settings.regime or reference.DEFAULT_REGIME)
    answer = Answer(
        pa.Table.from_pylist([check._asdict() for check in checks]), desk.basis_without_ledger(terms)
    )
    desk.answer(answer, screens.reference(answer, screens.CHECKS), basis_told=False)
    return status(checks)
