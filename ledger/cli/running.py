"""The verbs that neither ask the ledger nor write to it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace

import pyarrow as pa

from ledger import demo as demonstration
from ledger import reference, render, screens
from ledger.answer import Answer
from ledger.cli.desk import Desk
from ledger.cli.session import Session
from ledger.doctor import examine, status
from ledger.errors import Misconfigured
from ledger.store import clock_us
from ledger.text import visible


def demo(session: Session) -> int:
    desk = Desk(session)
    clock = session.surroundings.clock or clock_us
    headroom, screen = demonstration.demo(session.options.ledger, clock=clock)
    if session.options.quiet or not session.for_people:
        desk.answer(headroom, screens.headroom(headroom, len(headroom)))
    elif session.to_file or session.settings.format is not None:
        desk.show(screen)
    else:  # its lines are drawn wherever it is shown: it is there to be looked at
        render.print_table(screen, sys.stdout, shutil.get_terminal_size().columns)
    return 0


def doctor(session: Session) -> int:
    """0 where nothing fails, 1 where something does, 78 where the installation itself is broken."""
    data, wrong = reference.load(), list[Misconfigured]()
    try:
        settings = session.settings
    except Misconfigured as error:
        wrong.append(error)
        session = replace(session, flags_alone=True)
        settings = session.settings
    desk = Desk(session)
    terms = next(iter(data.regimes.values()), None) or data.regime(reference.DEFAULT_REGIME)
    try:
        terms = desk.terms()
    except Misconfigured as error:
        wrong.append(error)
    checks, head = examine(settings, session.surroundings.clock or clock_us, wrong)
    terms = data.regimes.get(head.regime, terms) if head else terms
    told = [{name: visible(said) for name, said in check._asdict().items()} for check in checks]
    answer = Answer(pa.Table.from_pylist(told), desk.basis_of(terms, head))
    desk.answer(answer, screens.reference(answer, screens.CHECKS), basis_told=False)
    return status(checks)
