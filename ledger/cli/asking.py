"""The verbs that ask. Each is the method of `Ledger` with its name."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from ledger import reference, screens, statement_screens
from ledger.answer import Answer, Rows
from ledger.catalog import What
from ledger.cli.failure import NO
from ledger.cli.front_desk import FrontDesk
from ledger.cli.patience import waiting
from ledger.cli.session import Session
from ledger.cli.values import Misused, whole
from ledger.grid import Column
from ledger.screens import Screen

_MOST_SHOWN = 1_000
"""Licenses that a terminal lists; every other form has them all."""


def headroom(session: Session, countries: Sequence[str]) -> int:
    desk = FrontDesk(session)
    as_of, known_at = session.options.as_of, session.options.known_at
    with desk.open() as ledger, waiting("entries", quiet=session.options.quiet):
        answer = ledger.headroom(*countries, as_of=as_of, known_at=known_at)
        data, quotas = reference.load(), len(answer)
        codes = {data.charged(data.country_code(country)) for country in countries}
        if codes and (session.for_people or len(codes) > len(answer)):
            quotas = len(ledger.headroom(as_of=as_of, known_at=known_at))
    names = {code: data.countries[code].country_name for code in codes}
    unopened = screens.unopened(answer, names) if quotas else []
    if session.for_people and unopened and not len(answer):
        desk.answer(answer, [*unopened])
    else:
        desk.answer(answer, screens.headroom(answer, quotas) if session.for_people else [])
        for said in unopened:
            desk.note(said)
    desk.tell_charged(countries)
    return 0


def statement(session: Session, country: str, from_day: str | None) -> int:
    desk = FrontDesk(session)
    as_of, known_at = session.options.as_of, session.options.known_at
    with desk.open() as ledger, waiting("entries", quiet=session.options.quiet):
        answer = ledger.statement(country, from_day=from_day, as_of=as_of, known_at=known_at)
        now_tpp = 0
        if from_day is not None and not len(answer):
            now = ledger.headroom(country, as_of=as_of, known_at=known_at)
            now_tpp = sum(row["headroom_tpp"] for row in now)
    names = {device.device_id: device.device_name for device in reference.load().devices.values()}
    desk.answer(
        answer, statement_screens.statement(answer, from_day, now_tpp, names) if session.for_people else []
    )
    desk.tell_charged([country])
    return 0


def licenses(session: Session, country: str | None) -> int:
    desk = FrontDesk(session)
    with desk.open() as ledger, waiting("entries", quiet=session.options.quiet):
        answer = ledger.licenses(country, as_of=session.options.as_of, known_at=session.options.known_at)
    desk.answer(answer, _licenses(session, answer) if session.for_people else [])
    desk.tell_charged([] if country is None else [country])
    return 0


def _licenses(session: Session, answer: Answer) -> Screen:
    """The licenses; in a table at a terminal, where each takes its time, the first, and how many more."""
    more = len(answer) - _MOST_SHOWN
    if more <= 0 or session.form != "table" or session.to_file or not sys.stdout.isatty():
        return screens.licenses(answer)
    held = answer.held
    first = Answer(Rows(held.names, held.types, held.rows[:_MOST_SHOWN]), answer.basis)
    return [*screens.licenses(first), f"... and {more:,} more: --csv lists them all"]


def fit(session: Session, country: str, device: str | None, quantity: str | None, tpp: str | None) -> int:
    as_of, known_at = session.options.as_of, session.options.known_at
    if (device is None) != (quantity is None) or (device is None) == (tpp is None):
        raise Misused("fit wants --device with --quantity, or --tpp alone")
    devices = None if quantity is None else whole(quantity, "--quantity")
    amount = None if tpp is None else whole(tpp, "--tpp")
    desk = FrontDesk(session)
    with desk.open() as ledger, waiting("entries", quiet=session.options.quiet):
        answer = ledger.fit(
            country, device=device, quantity=devices, tpp=amount, as_of=as_of, known_at=known_at
        )
    data = reference.load()
    name = data.countries[data.charged(data.country_code(country))].country_name
    found = data.device(device) if device is not None else None
    row = None if found is None else {"device_name": found.device_name, "tpp": found.tpp}
    desk.answer(answer, screens.fit(answer, name, row, devices))
    desk.tell_charged([country])
    return 0 if answer.rows()[0]["fits"] else NO


def regime(session: Session) -> int:
    return _reference(session, "regime", screens.REGIME)


def devices(session: Session) -> int:
    return _reference(session, "devices", screens.DEVICES)


def countries(session: Session) -> int:
    return _reference(session, "countries", screens.COUNTRIES)


def _reference(session: Session, ask: What, headings: Mapping[str, Column]) -> int:
    """Reference data; of devices and countries with --as-of, what was valid on that day."""
    desk = FrontDesk(session)
    as_of, known_at = session.options.as_of, session.options.known_at
    if ask == "regime" and (as_of or known_at):
        desk.remark("regime tells what the ledger runs under now: --as-of and --known-at change nothing.")
    elif known_at:
        desk.remark(f"{ask} come with this version of tppq: --known-at changes nothing.")
    answer = desk.reference_answer(ask, None if ask == "regime" else as_of)
    desk.answer(answer, screens.reference(answer, headings))
    return 0
