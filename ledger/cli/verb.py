"""How a function becomes a verb of the command: its options, its help with examples, its session."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from inspect import cleandoc
from pathlib import Path
from typing import Any, Protocol

import typer

from ledger import aside
from ledger.cli.failure import Failures
from ledger.cli.options import EVERYWHERE, OF_ROLE, Options, Role, Verb, taken, with_options
from ledger.cli.session import Session, Surroundings
from ledger.cli.values import Misused
from ledger.errors import Misconfigured

_FILES = frozenset({"checkpoint", "feeds", "file", "files", "folder", "key", "new_key", "since", "tiles"})
"""Parameters of verbs that name files, to be read or to be made."""


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
                if session.to_file:  # before anything is done
                    refuse_to_lose(session, given, called=context.info_name or "")
                return function(session, **given)

            vars(command)["__signature__"] = with_options(function, OF_ROLE[role], "session")
            about, _, examples = cleandoc(function.__doc__ or "").partition("\nExamples:\n")
            epilog = f"\b\nExamples:\n{examples}"  # typer keeps lines as they are after a \b
            app.command(name or function.__name__, help=about, epilog=epilog, hidden=hidden)(command)
            return function

        return add

    return verb


def refuse_to_lose(session: Session, given: Mapping[str, Any], *, called: str) -> None:
    """Raise Misused where an answer would be written over a ledger, a key, or a file that is given or kept.

    What is written to a device or a pipe is written over nothing.
    """
    path = Path(session.options.output or "")
    what = aside.not_to_lose(path)
    if path.is_file() or not os.path.lexists(path):
        values = [value for name, value in given.items() if name in _FILES]
        named = [each for value in values for each in (value if isinstance(value, list) else [value]) if each]
        if _is_among(path, named):
            what = f"what {called} is given"
        with suppress(Misconfigured):
            kept = session.settings.checkpoint
            if kept and called != "checkpoint" and _is_among(path, [kept]):
                what = "the checkpoint that this ledger is held to"
    if what is not None:
        raise Misused(f"-o {path}: it is {what}, which nothing is written over; name another file")


def _is_among(path: Path, named: Sequence[str | Path]) -> bool:
    return os.path.realpath(path) in map(os.path.realpath, named)


def refuse_strangers(options: Options, role: Role, called: str) -> None:
    """Raise Misused for an option before a verb that has no use for it: it would be passed over."""
    for each in fields(Options):
        if each.name in EVERYWHERE and each.name not in OF_ROLE[role] and getattr(options, each.name):
            raise Misused(f"{called} takes no --{each.name.replace('_', '-')}")
