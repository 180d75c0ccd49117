"""How a function becomes a verb of the command: its options, its help with examples, its session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from inspect import cleandoc
from typing import Any, Protocol

import typer

from ledger.cli.failure import Failures
from ledger.cli.options import EVERYWHERE, OF_ROLE, Options, Role, Verb, taken, with_options
from ledger.cli.session import Session, Surroundings
from ledger.cli.values import Misused
from ledger.errors import Misconfigured


@dataclass(slots=True)
class Run:
    """One run, as its verb finds it: what surrounds it, what came before, who says what went wrong."""

    surroundings: Surroundings
    failures: Failures
    before: Options = field(default_factory=Options)


class Adder(Protocol):
    """Makes a function a verb of the command, by what it does with the ledger; its help is its docstring."""

    def __call__(
        self, role: Role, *, name: str | None = None, hidden: bool = False
    ) -> Callable[[Verb], Verb]: ...


def adder(app: typer.Typer) -> Adder:
    """What adds verbs to a command: they take the session and their arguments, and answer with a status."""

    def verb(role: Role, *, name: str | None = None, hidden: bool = False) -> Callable[[Verb], Verb]:
        def add(function: Verb) -> Verb:
            def command(context: typer.Context, **given: Any) -> int:
                run: Run = context.obj
                options = taken(given).over(run.before)
                refuse_strangers(options, role, context.info_name or "")
                session = Session(options, run.surroundings)
                run.failures.verbose = options.verbose
                with suppress(Misconfigured):  # what is wrong with a setting, the verb that wants it says
                    run.failures.as_json = session.as_json
                return function(session, **given)

            vars(command)["__signature__"] = with_options(function, OF_ROLE[role], "session")
            about, _, examples = cleandoc(function.__doc__ or "").partition("\nExamples:\n")
            epilog = f"\b\nExamples:\n{examples}"  # typer keeps lines as they are after a \b
            app.command(name or function.__name__, help=about, epilog=epilog, hidden=hidden)(command)
            return function

        return add

    return verb


def refuse_strangers(options: Options, role: Role, called: str) -> None:
    """Raise Misused for an option before a verb that has no use for it: it would be passed over."""
    for each in fields(Options):
        if each.name in EVERYWHERE and each.name not in OF_ROLE[role] and getattr(options, each.name):
            raise Misused(f"{called} takes no --{each.name.replace('_', '-')}")
