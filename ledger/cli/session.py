"""One run of the command: what was asked for on the command line, and the settings it runs with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ledger.cli.options import Options
from ledger.cli.values import Misused
from ledger.settings import FORMATS, Settings, by_flags, settings

FOR_PEOPLE = frozenset({"table", "plain"})
NOT_TEXT = frozenset({"xlsx", "parquet", "arrow"})
STDOUT = "-"

_SUFFIXES = {f".{form}": form for form in FORMATS} | {
    ".jsonl": "ndjson",
    ".feather": "arrow",
    ".markdown": "md",
}
_OF_TEXT = frozenset({"", ".txt", ".text", ".log", ".out"})
"""Suffixes of files in which everybody expects plain text."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a test puts in the place of the machine's own: the clock, and who is at work."""

    clock: Callable[[], int] | None = None
    actor: str | None = None


@dataclass(frozen=True)
class Session:
    """The options of a verb with those before it, and what surrounds it."""

    options: Options
    surroundings: Surroundings
    flags_alone: bool = False

    @cached_property
    def settings(self) -> Settings:
        """What holds for this run: flags before TPPQ_ variables before files. Raises Misconfigured."""
        flags = {"ledger": self.options.ledger, "format": self.options.format}
        return by_flags(flags) if self.flags_alone else settings(flags, os.environ, Path.cwd())

    @cached_property
    def form(self) -> str:
        """The form that was asked for; else by the suffix of the file, or a table where a person looks."""
        if self.settings.format is not None and not (self.to_file and self.options.format is None):
            form = self.settings.format
        elif self.to_file:
            form = _SUFFIXES.get(Path(self.options.output or "").suffix.lower(), "plain")
        else:
            form = "table" if sys.stdout.isatty() else "plain"
        if form in NOT_TEXT and not self.to_file and sys.stdout.isatty():
            raise Misused(f"{form} is not for a terminal: name a file with -o")
        return form

    @property
    def odd_suffix(self) -> str | None:
        """The suffix of a file that names no form, so that its plain text may come as a surprise."""
        suffix = Path(self.options.output or "").suffix
        known = suffix.lower() in _OF_TEXT | _SUFFIXES.keys()
        return None if known or not self.to_file or self.options.format is not None else suffix

    @property
    def to_file(self) -> bool:
        return self.options.output not in (None, STDOUT)

    @property
    def for_people(self) -> bool:
        return self.form in FOR_PEOPLE

    @property
    def as_json(self) -> bool:
        """JSON throughout: answers, and errors on stderr."""
        return self.form in ("json", "ndjson")

    @property
    def holds_basis(self) -> bool:
        """Whether the answer itself says what it stands on: one JSON object does, NDJSON does not."""
        return self.form == "json"
