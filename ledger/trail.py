"""The audit trail: who did what, when, and what came of it. Events, and the answers that refused a request.

Recorded as audits are copies of the whole (`sql`, `publish`, `backup`, `export`), with what was taken, and
every attempt at what somebody's roles do not include. What one country has left is a question, and leaves no
trace. Nor does a `backup` or `export` of a ledger of one person (of an unchanged ledger, two are alike), nor
what its own program asks by `Ledger.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from ledger.errors import REFUSALS, problem_of
from ledger.events import Event, Telling

TOPIC = "audit"
COLUMNS = {
    "at": "string", "who": "string", "what": "string", "subject": "string", "outcome": "string",
    "detail": "string", "event_seq": "int64", "hash": "string",
}  # fmt: skip
"""The trail's columns, with their types as Arrow names them."""

LONG = frozenset({"entries", "shown", "edge", "note", "certificate", "months", "country_lists"})
"""What a detail holds at length: the trail gives its size."""


def told(what: str, outcome: str, **detail: Any) -> Telling:
    """An audit to be recorded: `what` was done (a verb), what came of it, and what there is to say of it."""
    return Telling(TOPIC, what, outcome, detail)


def rows(events: Iterable[Event], refusals: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """One row per deed, in order of time, with the columns `COLUMNS`.

    `refusals` are rows of table `refusal`: refused_at, actor, request_id, problem.
    """
    found = [
        _row(event.at, event.actor, *_deed(event), _told_of(event), event.seq, event.hash) for event in events
    ]
    found.extend(
        _row(at, actor, "post", request_id, "refused", _answer(problem), None, None)
        for at, actor, request_id, problem in refusals
    )
    found.sort(key=lambda row: (row["at"], row["event_seq"] or 0))
    return found


def _row(*values: Any) -> dict[str, Any]:
    return dict(zip(COLUMNS, values, strict=True))


def _deed(event: Event) -> tuple[str, str, str]:
    """What was done, to what, and what came of it. An audit is about a verb, and about nothing else."""
    if event.topic == TOPIC:
        return event.subject, "", event.action
    return event.topic, event.subject, event.action


def _answer(problem: str) -> str:
    """The problem of a refusal as it is stored; where that is none, as one that says so."""
    read = problem_of(problem)
    return problem if read["type"] in REFUSALS else orjson.dumps(read).decode()


def _told_of(event: Event) -> str:
    short = {
        name: len(each) if name in LONG and isinstance(each, list) else each
        for name, each in event.detail.items()
    }
    return orjson.dumps(short).decode() if short else ""


def sentence(row: Mapping[str, Any]) -> str:
    """The detail of a row as somebody reads it: `roles officer, viewer; reason typed twice`."""
    if not row["detail"]:
        return ""
    said: dict[str, Any] = orjson.loads(row["detail"])
    if row["event_seq"] is None:  # a refusal of a request, whose detail is the problem
        return f"{said['type']}: {said['detail']}"
    return "; ".join(f"{name} {_words(each)}" for name, each in said.items() if each is not None)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name}={_words(each)}" for name, each in value.items())
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
