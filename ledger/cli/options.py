"""The options every verb takes, before it and after it alike."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import typer

from ledger.cli.values import Misused
from ledger.errors import BadQuery
from ledger.question import day, instant
from ledger.settings import Format

Verb = Callable[..., int]
Role = Literal["asks", "writes", "compares", "runs", "shows"]
"""A verb asks a question (it takes --as-of and --known-at), writes (it takes --dry-run), both, or neither.

One that shows makes a ledger of its own.
"""


Given = tuple[Any, Any]
"""A parameter of a verb: its annotation, and its default."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was given on the command line, before the verb and after it."""

    ledger: str | None = None
    format: str | None = None
    output: str | None = None
    quiet: bool = False
    verbose: bool = False
    no_input: bool = False
    as_of: str | None = None
    known_at: str | None = None
    dry_run: bool = False

    def over(self, before: Options) -> Options:
        """These, and where one was not given, the one from before the verb."""
        return Options(**{
            each.name: getattr(self, each.name) or getattr(before, each.name) for each in fields(Options)
        })  # fmt: skip


def day_given(value: str | None) -> str | None:
    """A day as ISO text, where one was given. Raises BadParameter."""
    try:
        return day(value)
    except BadQuery as error:
        raise typer.BadParameter(error.detail) from error


def _instant(value: str | None) -> str | None:
    try:
        return instant(value)
    except BadQuery as error:
        raise typer.BadParameter(error.detail) from error


def _option(kind: Any, *flags: str, **about: Any) -> Given:
    return Annotated[kind, typer.Option(*flags, **about)], False if kind is bool else None


Day = Annotated[
    str | None, typer.Option("--from", metavar="DATE", callback=day_given, help="From this effective day on.")
]
Recorded = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="DATE", callback=day_given, help="What was done on this day (UTC) or later."
    ),
]
_URL = "sqlite:///FILE or postgresql+psycopg://HOST/DATABASE. Default: TPPQ_LEDGER, or sqlite:///tppq.db."
_NEW_URL = "sqlite:///FILE or postgresql+psycopg://HOST/DATABASE: a new one, to keep. Default: none is kept."
_FORM = "Default: table on a terminal, plain elsewhere, with -o by the suffix of the file."
_EVERY: dict[str, Given] = {
    "ledger": _option(str | None, "--ledger", metavar="URL", help=_URL),
    "form": _option(Format | None, "--format", help=_FORM),
    "as_json": _option(bool, "--json", help="Short for --format json; errors are JSON too."),
    "as_csv": _option(bool, "--csv", help="Short for --format csv."),
    "output": _option(str | None, "--output", "-o", metavar="FILE", help="Write the data to a file."),
    "quiet": _option(bool, "--quiet", "-q", help="Data only; of a post, counts only."),
    "verbose": _option(bool, "--verbose", "-v", help="Say which ledger, how long, where it failed."),
    "no_input": _option(bool, "--no-input", help="Never wait for somebody to type."),
}
_AS_OF = {"metavar": "DATE", "callback": day_given, "help": "What had taken effect on this day."}
_KNOWN_AT = {"metavar": "TIME", "callback": _instant, "help": "What had been recorded at this instant (UTC)."}
_ASKING: dict[str, Given] = {
    "as_of": _option(str | None, "--as-of", **_AS_OF),
    "known_at": _option(str | None, "--known-at", **_KNOWN_AT),
}
_WRITING: dict[str, Given] = {
    "dry_run": _option(bool, "--dry-run", "-n", help="Say what would happen; write nothing."),
}
OF_ROLE: dict[Role, dict[str, Given]] = {
    "asks": _EVERY | _ASKING, "writes": _EVERY | _WRITING, "runs": _EVERY,
    "compares": _EVERY | _ASKING | _WRITING,
    "shows": _EVERY | {"ledger": _option(str | None, "--ledger", metavar="URL", help=_NEW_URL)},
}  # fmt: skip
EVERYWHERE = _EVERY | _ASKING | _WRITING


def taken(given: dict[str, Any]) -> Options:
    """The options among the arguments, which keep the rest. Raises Misused for two forms at once."""
    found = {name: given.pop(name) for name in EVERYWHERE if name in given}
    forms = {found.pop("form"), found.pop("as_json") and "json", found.pop("as_csv") and "csv"} - {
        None,
        False,
    }
    if len(forms) > 1:
        raise Misused(f"{' or '.join(sorted(forms))}: choose one form")
    return Options(format=next(iter(forms), None), **found)


def with_options(function: Callable[..., Any], options: dict[str, Given], *hidden: str) -> inspect.Signature:
    """A function as the command line sees it: its own parameters but `hidden`, then the options."""
    own = inspect.signature(function, eval_str=True)
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in options.items()
    ]
    keyword = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in own.parameters.values()
        if each.name not in hidden
    ]
    return own.replace(parameters=[context, *keyword, *shared], return_annotation=inspect.Signature.empty)
