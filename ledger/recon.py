"""The verb `reconcile`: it holds a ledger to what others saw. `recon_run` says what a run does, in order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from ledger.answer import Answer
from ledger.errors import UnknownName, Unreachable
from ledger.question import day, instant
from ledger.reading import Progress, silent
from ledger.recon_layout import SOURCES
from ledger.recon_work import BreakWork
from ledger.text import written


class Reconciling(BreakWork):
    """The part of a ledger that holds it to what others saw."""

    def reconcile(
        self,
        *feeds: str | Path,
        as_of: date | str | None = None,
        known_at: date | str | None = None,
        out: str | Path | None = None,
        dry_run: bool = False,
        block: bool | None = None,
        expected: str | Collection[str] | None = None,
        progress: Progress = silent,
    ) -> Answer:
        """Compare the ledger with the feeds in these files and folders: one row per break, gravest first.

        The basis says `run`, `status` (PROVISIONAL while a severe or critical break is open, FINAL, or
        STOPPED where files or ledger cannot be relied on: the rows say why), what was read and matched.
        `out` takes a folder of results. The run is recorded, unless `dry_run`, or where it looks back at a
        time before the last run. `block` drafts a block of each country with a critical break; without it,
        the regime decides. `expected`: the sources without which a night is not whole (licenses,
        declarations, shipments, reexports); default: all four.
        `progress` is told how many entries are read, and of how many, which is most of the time.
        Raises BadFeed (every fault of every file), UnknownName (no such source), BadQuery (no day, no
        instant), Misconfigured (nothing can be written to `out`), Busy, Unreachable, NotPermitted.
        """
        from ledger.recon_run import Run  # Arrow, DuckDB, the feeds: for those who reconcile  # noqa: PLC0415

        self._must("reconcile")
        wanted = SOURCES if expected is None else _sources(expected)
        if block is None:
            block = bool(self._terms.choices["critical_break_blocks"])
        run = Run(self._store, self._terms, self._reference, self.actor, dry_run=dry_run, progress=progress)
        on = day(as_of) or self._store.day_at(self._store.stored_head())
        until = instant(known_at)
        try:
            return run(feeds, on, until, out, block=block, expected=wanted)
        except OSError as error:
            if error.filename is None:  # it is of no file: that of whoever is told of the progress, say
                raise
            said = f"{error.filename} cannot be used: {error.strerror}"
            raise Unreachable(said, path=str(error.filename)) from error


def _sources(named: str | Collection[str]) -> Collection[str]:
    """These sources, of which one may be named alone. Raises UnknownName, BadQuery."""
    names = (named,) if isinstance(named, str) else tuple(named)
    for each in names:
        if written("expected", each) not in SOURCES:
            near = next(iter(get_close_matches(each, SOURCES, n=1)), None)
            advice = f"write one of {', '.join(SOURCES)}" if near is None else f"the nearest is {near}"
            raise UnknownName(f"no source '{each}': {advice}", field="expected", value=each, nearest=near)
    return names
