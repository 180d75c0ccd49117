"""The verbs `report` and `forecast`. Each is the method of `Ledger` with its name."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from ledger import ready
from ledger import report_screens as screens
from ledger.answer import Answer
from ledger.cli.desk import Desk
from ledger.cli.patience import waiting
from ledger.cli.session import Session
from ledger.cli.values import Misused


def report(session: Session, name: str | None, pairs: Sequence[str]) -> int:
    desk, options = Desk(session), session.options
    if name is None:
        if pairs or options.as_of or options.known_at:
            raise Misused("the list of reports takes no parameters: name a report")
        listed = Answer(ready.listed(), desk.basis_of(desk.terms()))
        desk.answer(listed, screens.listed(listed), basis_told=False)
        return 0
    given = _parameters(pairs)
    for key, value in (("as_of", options.as_of), ("known_at", options.known_at)):
        if value is not None and given.setdefault(key, value) != value:
            raise Misused(f"--{key.replace('_', '-')} and --param {key} say different times")
    name = ready.named(name).name
    with desk.open() as ledger, waiting(name, quiet=options.quiet):
        answer = ledger.report(name, **given)
    desk.answer(answer, screens.report(answer) if session.for_people else [])
    if not session.for_people:
        for note in answer.basis["notes"]:
            desk.remark(note)
    return 0


def forecast(session: Session, country: str | None) -> int:
    desk = Desk(session)
    with desk.open() as ledger, waiting("forecast", quiet=session.options.quiet):
        answer = ledger.forecast(country, as_of=session.options.as_of, known_at=session.options.known_at)
    desk.answer(answer, screens.forecast(answer, one=country is not None) if session.for_people else [])
    desk.tell_charged([] if country is None else [country])
    return 0


def _parameters(pairs: Sequence[str]) -> dict[str, str]:
    """`key=value` pairs; an empty value is the default. Raises BadParameter."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = (part.strip() for part in pair.partition("="))
        key = key.replace("-", "_")
        if not equals or not key:
            raise typer.BadParameter(f"'{pair}' is not key=value", param_hint="--param")
        if key in found:
            raise typer.BadParameter(f"{key} is given twice", param_hint="--param")
        found[key] = value
    return found
