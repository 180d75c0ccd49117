"""Queries that somebody typed: on the command line, in a file, at a prompt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from ledger import bounded, reference, sql_screens
from ledger.answer import Answer
from ledger.cli.failure import tell
from ledger.cli.front_desk import FrontDesk
from ledger.cli.session import STDOUT, Session
from ledger.cli.values import Misused
from ledger.core_file import Ground
from ledger.dictionary import Dictionary, table
from ledger.errors import Misconfigured, Unreachable
from ledger.sandbox import Sandbox
from ledger.sandbox_process import Child, Limits

_WHOLE_DIGITS = 18


class QueryLedger(Dictionary, Sandbox):
    """A ledger, as far as a query needs it."""


class SqlDesk(FrontDesk):
    """The desk of those who ask in SQL: it opens no more of the ledger than they need."""

    def open(self) -> QueryLedger:  # type: ignore[override]  # of an open ledger, other parts than the front desk's
        self.tell_which()
        return QueryLedger.open(self.url, **self.how_to_open())


def ask(session: Session, query: str, params: Sequence[str], limits: Limits, child: Child) -> int:
    """Run one query in `child`, and give its rows out."""
    values = values_of(params) | _times(session)
    desk = SqlDesk(session)
    with desk.open() as ledger:
        answer = ledger.sandboxed_sql(query, values, limits=limits, child=child, nested=session.as_json)
    give(desk, answer)
    return 0


def text_of(query: str | None, file: str | None) -> str:
    """The query: as typed, or from a file; `-` is stdin."""
    if file is None:
        return query or ""
    try:
        if file == STDOUT:
            return bounded.within(sys.stdin.buffer).decode()
        return bounded.contents(Path(file), pipes=True).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Misused(f"{file} cannot be read: {why}") from error


def values_of(params: Sequence[str]) -> dict[str, Any]:
    """`name=value` pairs as the values of a query: whole numbers are numbers, the rest is text."""
    values: dict[str, Any] = {}
    for pair in params:
        name, equals, value = pair.partition("=")
        name = name.strip().removeprefix("$")
        if not equals or not name.isidentifier():
            raise typer.BadParameter(f"'{pair}' is not name=value", param_hint="--param")
        if name in values:
            raise typer.BadParameter(f"{name} is given twice", param_hint="--param")
        values[name] = _value(value)
    return values


def _value(text: str) -> int | str | None:
    """No text is null. What begins with 0, or is longer than a whole number may be, is a name: text."""
    digits = text.removeprefix("-")
    number = digits.isdecimal() and digits.isascii() and len(digits) <= _WHOLE_DIGITS
    if number and (digits == "0" or not digits.startswith("0")):
        return int(text)
    return text or None


def _times(session: Session) -> dict[str, str]:
    given = {"as_of": session.options.as_of, "known_at": session.options.known_at}
    return {name: value for name, value in given.items() if value is not None}


def give(desk: FrontDesk, answer: Answer) -> None:
    """Give the rows out; and say where they are not all, which quiet does not hide either."""
    desk.answer(answer, sql_screens.rows(answer) if desk.session.for_people else [])
    for note in answer.basis.get("notes", ()):
        desk.remark(note)
    cut = sql_screens.cut(len(answer), answer.basis["total_rows"])
    if cut is not None and not desk.session.holds_basis:
        tell(cut)


def schema(session: Session) -> int:
    """Give out what may be asked: with a ledger or without."""
    desk = SqlDesk(session)
    try:
        with desk.open() as ledger:
            answer = ledger.dictionary()
    except (Misconfigured, Unreachable) as why:
        desk.remark(f"What may be asked of any ledger, without one ({why.detail}).")
        terms = desk.terms()
        answer = Answer(table(Ground(terms, reference.load())), desk.basis_of(terms))
    desk.answer(answer, sql_screens.dictionary(answer), basis_told=False)
    return 0


def prompt(session: Session, params: Sequence[str], limits: Limits) -> int:
    """Ask at a prompt, one query after another; from a pipe, run the query that comes."""
    if session.options.no_input or not sys.stdin.isatty():
        with Child() as child:
            return ask(session, text_of(None, STDOUT), params, limits, child)
    if params:
        raise Misused("--param goes with a query: at the prompt, write the value itself")
    from ledger.cli.sql_prompt import run  # an extra: most people never ask at a prompt  # noqa: PLC0415

    return run(SqlDesk(session), limits, _times(session))
