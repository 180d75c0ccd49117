"""What went wrong, as an exit status and as one sentence, or one JSON object, on stderr. No traceback."""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap, zip_longest
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import typer

from ledger import errors
from ledger.cli.signals import Signals
from ledger.grid import Column, Grid, lines, plain_lines, wrapped
from ledger.settings import settings
from ledger.text import by_code, visible

EXITS: Mapping[type[errors.LedgerError], int] = MappingProxyType({
    errors.Refused: 3, errors.BadFeed: 65, errors.BadQuery: 65, errors.Unreachable: 69, errors.Busy: 75,
    errors.NotPermitted: 77, errors.Misconfigured: 78, errors.Tampered: 1,
})  # fmt: skip
"""By base class, after sysexits.h where it has a number for it."""

NO = 1
"""The answer is no: it does not fit, it does not verify, a break is open."""

USAGE, OUR_FAULT, INTERRUPTED = 2, 70, 130
_NO_MEMORY = (
    "this machine has not enough memory for this: end other programs, raise the limit under which this one "
    "runs (ulimit -v, a container's own), or ask for less at once"
)
_NOT_LET = {
    "failed to map segment": (
        "this machine has too little memory for a library, or lets nothing run from the folder that it is in "
        "(ulimit -v, a container's own limit, noexec)"
    ),
    "can't start new thread": (
        "this machine has too little memory for a thread, or lets this user have no more of them "
        "(ulimit -v, ulimit -u, a container's own limit)"
    ),
}
"""What is said of a library that is not loaded and a thread that is not started, and what may be why."""

_MOST_FAULTS = 1000
"""Faults listed on stderr for people; JSON has them all."""


def exit_status(error: errors.LedgerError) -> int:
    """The exit status of an error of the ledger."""
    return next(status for kind, status in EXITS.items() if isinstance(error, kind))


class Failures:
    """Around a run: turns whatever is raised in it into `status`, and says it once."""

    def __init__(self, arguments: Sequence[str], signals: Signals) -> None:
        self.status = 0
        self._signals = signals
        self.as_json: bool | None = None
        """Whether errors are JSON; None where the command line was not understood so far."""
        self._arguments = arguments
        self.verbose = "-v" in arguments or "--verbose" in arguments

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> bool:
        if error is not None and self._signals.status is not None:
            self.status = self._signals.status  # whatever came of being told to end
            return True
        if isinstance(error, SystemExit) and isinstance(error.__context__, OSError):
            error = error.__context__  # a pipe within broke, where typer would end without a word
        if error is None or isinstance(error, (SystemExit, GeneratorExit)):
            return False
        self._take(error)
        return True

    def _take(self, error: BaseException) -> None:
        if isinstance(error, errors.LedgerError):
            self.status = exit_status(error)
            self._say(error.problem(), f"{type(error).__name__}: {error.detail}")
        elif isinstance(error, typer.TyperException):
            self.status = USAGE
            self._say_usage(error)
        elif _is_interrupt(error):
            self.status = INTERRUPTED
        elif isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("ledger"):
            self.status = EXITS[errors.Misconfigured]
            detail = f"the Python package {error.name} is missing: pip install --force-reinstall tppq"
            self._say(errors.Misconfigured(detail).problem(), f"Misconfigured: {detail}")
        elif detail := _of_the_machine(error):
            self.status = EXITS[errors.Unreachable]
            self._say(errors.Unreachable(detail).problem(), f"Unreachable: {detail}")
        else:
            self.status = OUR_FAULT
            detail = f"{type(error).__name__}: {error}".splitlines()[0]
            title = "This is a fault of tppq, not yours"
            self._say(
                {"type": "InternalError", "title": title, "detail": detail},
                f"internal error: {detail}; run with -v for the traceback",
            )
        if self.verbose and not isinstance(error, typer.TyperException):
            traceback.print_exception(error)

    def _say_usage(self, error: typer.TyperException) -> None:
        message = error.format_message().replace("Value error, ", "")
        context = getattr(error, "ctx", None)
        hint = () if context is None else (f"Try '{context.command_path} --help'.",)
        problem = {"type": "UsageError", "title": "The command cannot be understood", "detail": message}
        self._say(problem, message, *hint)

    def _say(self, problem: Mapping[str, Any], *sentences: str) -> None:
        if _asks_for_json(self._arguments) if self.as_json is None else self.as_json:
            sys.stderr.write(by_code(json.dumps(problem, ensure_ascii=False)) + "\n")
        else:
            tell(*_listed(problem.get("faults") or (), several="files" in problem), *sentences)


def _is_interrupt(error: BaseException) -> bool:
    """Whether it is Ctrl-C, or came of it: DuckDB makes an error of its own of one that it meets."""
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return True
    if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
        return True
    return error.__context__ is not None and _is_interrupt(error.__context__)


def _of_the_machine(error: BaseException) -> str:
    """What the machine lacks or does not let; empty where the error is no such."""
    if isinstance(error, OSError) and error.strerror:
        nameless = "the current folder" if isinstance(error, FileNotFoundError) else "this machine"
        return f"{error.filename or nameless}: {error.strerror}"
    # Python's or DuckDB's, which is loaded if the error is its own
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return _NO_MEMORY
    if isinstance(error, (ImportError, RuntimeError)):
        return next((f"{why}: {error}" for said, why in _NOT_LET.items() if said in str(error)), "")
    return ""


def _listed(faults: Sequence[Mapping[str, Any]], *, several: bool) -> list[Grid | str]:
    """Every fault of an input that cannot be read: in which of several files, where, what is wrong."""
    several = several or len({fault["path"] for fault in faults}) > 1
    file = [Column("File", "name", titles=True)] if several else []
    columns = [
        *file, Column("Line", "figure", titles=True), Column("Column", "name", titles=True),
        Column("Problem", "words"),
    ]  # fmt: skip
    rows = [
        [
            *([fault["path"]] if several else []), "" if fault["line"] is None else f"{fault['line']:,}",
            fault["column"] or "", fault["reason"],
        ]
        for fault in faults[:_MOST_FAULTS]
    ]  # fmt: skip
    left = len(faults) - len(rows)
    return [Grid(columns, rows), *([f"... and {left:,} more: --json lists them all"] if left else [])]


def tell(*parts: Grid | str) -> None:
    """Say something to a person on stderr, within the width of the terminal, if it is one."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    for part in parts:
        said: Iterable[str]
        if isinstance(part, str):
            said = wrapped(part, width)
        elif width is None:
            said = plain_lines(part)
        else:
            said = ("".join(span.text for span in line) for line in lines(part, width, ruled=False))
        sys.stderr.writelines(f"{visible(line)}\n" for line in said)


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether errors are to be JSON, for a command line that could not be read to its end."""
    pairs = zip_longest(arguments, arguments[1:], fillvalue="")
    forms = [form for form in starmap(_form, pairs) if form is not None]
    if not forms:
        try:
            forms = [os.environ.get("TPPQ_FORMAT") or settings({}, os.environ, Path.cwd()).format or ""]
        except (errors.LedgerError, OSError):
            return False
    return not {"json", "ndjson"}.isdisjoint(forms)


def _form(word: str, following: str) -> str | None:
    """The form that a word asks for, if it does."""
    if word in ("--json", "--csv"):
        return word.removeprefix("--")
    return following if word == "--format" else word.partition("--format=")[2] or None
