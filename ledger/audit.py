"""The audit trail as a question: who did what, when, and what came of it."""

from __future__ import annotations

from datetime import date

from ledger import roster, trail
from ledger.answer import Answer
from ledger.base import Opened
from ledger.events import read
from ledger.question import day


class Audit(Opened):
    """The verb about what was done."""

    def audit(self, *, from_day: date | str | None = None, who: str | None = None) -> Answer:
        """Who did what, when, and what came of it, in order of time: one row per event or refused request.

        Columns: at (UTC), who, what (person, proposal, a verb, post, ...), subject, outcome, detail (JSON; of
        a refusal the problem, of a proposal how many entries), event_seq, hash. `from_day` leaves out what
        was before that day, `who` what others did. What was posted is told by `statement`. Raises BadQuery
        (no day), NotPermitted.
        """
        self._must("audit")
        since = day(from_day) or ""
        events = [event for event in map(read, self._store.read("all_events")) if event.at >= since]
        rows = trail.rows(events, self._store.read("refused_since", since=since))
        if who is not None:
            rows = [row for row in rows if roster.same(row["who"], who)]
        return self._answer_of(trail.COLUMNS, rows)
