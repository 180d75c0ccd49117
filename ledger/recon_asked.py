"""What is asked about breaks: which are open, and all that happened to one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from ledger.answer import Answer, Rows
from ledger.base import Opened
from ledger.errors import UnknownName
from ledger.events import Event
from ledger.question import day, instant
from ledger.recon_breaks import CODES, TOPIC, BreakStanding, Standings, attention, find, fold
from ledger.recon_changes import listed, listing, said
from ledger.recon_steps import standing_events
from ledger.text import written
from ledger.told import FINISHED, NEVER_RAN, RUN

_DEED = ("at", "who", "action", "said")


class Breaks(Opened):
    """The questions about breaks."""

    def breaks(
        self,
        country: str | None = None,
        *,
        code: str | None = None,
        every: bool = False,
        as_of: date | str | None = None,
        known_at: date | str | None = None,
    ) -> Answer:
        """The open breaks, gravest first: one row each, with its state, age (working days) and officer.

        Columns: those of `recon_changes.LISTED`. Of one country, or of one code; `every` lists those that are
        in transit, accepted or cleared too. `as_of` asks how they stood, and how old they were, at the end of
        a day, `known_at` by what had been recorded at an instant. Raises UnknownName, BadQuery (no day, no
        instant, no text), NotPermitted.
        """
        self._must("ask")
        chosen = self._country(country) if country is not None else None
        code = None if code is None else _code(code)
        on, until = self._times(as_of, known_at)
        found = [
            standing
            for standing in self._standings(until, every=every).values()
            if (every or standing.is_open_on(on))
            and standing.first_on <= on
            and chosen in (None, standing.seen.country, standing.seen.other_country)
            and (code == standing.seen.code if code else every or standing.seen.severity != "info")
        ]
        found.sort(key=lambda standing: attention(standing.seen))
        basis = self._basis(self._store.head(), {"as_of": on, "known_at": until})
        note = None if found or self._ended(until) else NEVER_RAN
        aside = {"country": chosen, "code": code, "every": every, "note": note}
        return Answer(listing(found, on), basis, aside)

    def break_show(
        self, name: str, *, as_of: date | str | None = None, known_at: date | str | None = None
    ) -> Answer:
        """All that happened to one break, oldest first: at, who, action, said. Its basis has the break.

        `as_of` and `known_at` as for `breaks`. Raises as `breaks`; UnknownName also for one that nobody knew
        of by then.
        """
        self._must("ask")
        on, until = self._times(as_of, known_at)
        standing = self._standing(name, until)
        rows = [(event.at, event.actor, event.action, said(event)) for event in standing.history]
        basis = self._basis(self._store.head(), {"as_of": on, "known_at": until})
        return Answer(
            Rows(_DEED, ("string",) * len(_DEED), rows),
            {
                **basis, "break": _plain(listed(standing, on)), "draft": standing.seen.draft,
                "blocked_seq": standing.blocked_seq,
            },
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------- within

    def _standing(self, name: str, until: str | None = None) -> BreakStanding:
        """Where one break stands; of the others, of which nights leave many, nothing is read."""
        begins = written("break", name).strip().lower()
        is_name = begins.isascii() and begins.isalnum()
        meant = self._store.read("subjects_like", topic=TOPIC, begins=begins) if is_name else ()
        told = [event for (subject,) in meant for event in self._store.events(TOPIC, subject)]
        return find(self._folded(told, until), name)

    def _standings(self, until: str | None, *, every: bool) -> Standings:
        """Where breaks stand by what was recorded until an instant; None: by all that is.

        What was cleared by then, of which nights leave much behind, is read only where `every` one is wanted.
        """
        told = self._store.events(TOPIC) if every else standing_events(self._store, until=until)
        return self._folded(told, until)

    def _folded(self, told: Iterable[Event], until: str | None) -> Standings:
        standings = fold(event for event in told if until is None or event.at <= until)
        run_seq = max((event.seq for event in self._ended(until)), default=0)
        for standing in standings.values():
            standing.run_seq = run_seq
        return standings

    def _ended(self, until: str | None) -> list[Event]:
        """The runs that had come to their end by an instant; None: by now."""
        runs = self._store.events(RUN)
        return [each for each in runs if each.action == FINISHED and (until is None or each.at <= until)]

    def _times(self, as_of: date | str | None, known_at: date | str | None) -> tuple[str, str | None]:
        """The day on which breaks are looked at, and until when what was told counts: a past day's end."""
        on, today = day(as_of), self._store.day_at(self._store.head())
        if known_at is None and on is not None and on < today:
            known_at = on
        return on or today, instant(known_at)


def _code(given: str) -> str:
    """The code of a break as it was written, in letters of any case. Raises UnknownName, BadQuery."""
    code = written("code", given).strip().upper()
    if code in CODES:
        return code
    near = next(iter(get_close_matches(code, CODES, n=1)), None)
    advice = f"write one of {', '.join(CODES)}" if near is None else f"the nearest is {near}"
    raise UnknownName(f"no break code '{given}': {advice}", field="code", value=given, nearest=near)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those that have a value, days as text: for a basis that is shown as JSON."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in fields.items()
        if value is not None
    }
