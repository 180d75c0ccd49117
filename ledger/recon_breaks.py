"""A break: what it is called, how much it weighs, how old it is, and what people have done about it.

Pure: rows and events in, breaks out. A break is known by its fingerprint, a hash of its code and of what it
is about, so that it is the same break in every run that finds it. All that happens to it is an event; where
it stands is a fold over its events:

    new → taken → proposed → confirmed → posted → cleared, by a later run that no longer finds it
    accepted until a day, for a reason, by two people: open again once that day is over
    reopened where it comes back
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any

import orjson

from ledger.errors import Tampered, UnknownName
from ledger.events import Event
from ledger.model import Regime
from ledger.text import written

TOPIC = "break"

CODES = (
    "FILE_MISSING", "FILE_SEQUENCE", "FILE_CONTROL", "FILE_DUPLICATE", "INTEGRITY", "LICENSE_MISSING_LEDGER",
    "LICENSE_MISSING_SOURCE", "LICENSE_DIFFERS", "IN_TRANSIT", "MISSING_IN_SOURCE", "MISSING_IN_LEDGER",
    "UNKNOWN_LICENSE", "UNLICENSED_EXPORT", "QUANTITY", "CUMULATIVE_AS_DELTA", "UNIT", "DEVICE",
    "DEVICE_UNKNOWN", "COUNTRY", "DUPLICATE", "CANCELLED_AT_SOURCE", "STALE_AMENDMENT", "OVER_LICENSE",
    "EXPIRED_USE", "TREATMENT", "REEXPORT_ONE_LEG", "SERIAL_CONFLICT", "PERIOD", "ROLLUP",
)  # fmt: skip

SEVERITIES = ("info", "minor", "major", "severe", "critical")
"""Lowest first. They rank the work; none of them forgives a break."""

ALWAYS_CRITICAL = frozenset({
    "COUNTRY", "UNLICENSED_EXPORT", "INTEGRITY", "FILE_MISSING", "FILE_SEQUENCE", "FILE_CONTROL",
    "FILE_DUPLICATE",
})  # fmt: skip
"""Whatever they are worth; and while a file cannot be relied on, nothing can be."""

AGES = ((1, "0-1"), (5, "2-5"), (10, "6-10"), (20, "11-20"))
"""Up to how many working days, and what that is called."""

OVER_20 = "> 20"

TRANSIT_DAYS = 5
"""Calendar days after an export in which it may still be declared (15 CFR 30.9)."""

BY_RUNS = frozenset({"seen", "changed", "cleared", "reopened"})
"""What a run does to a break; everything else is done by people."""

_CLOSED = frozenset({"cleared", "accepted"})
_MONDAY = date(1970, 1, 5)
_FINGERPRINT_LENGTH = 16
_LEAST_TYPED = 4


def fingerprint(code: str, scope: str, key: str) -> str:
    """What a break is known by for ever: 16 hex digits of the SHA-256 of its code and of what it is about."""
    return sha256(orjson.dumps([code, scope, key])).hexdigest()[:_FINGERPRINT_LENGTH]


def severity(
    code: str, at_stake_tpp: int, headroom_tpp: int | None, regime: Regime, *, is_critical: bool = False
) -> str:
    """How a break ranks by the TPP at stake, as parts of a cap: 0.01 % major, 0.1 % severe, 1 % critical.

    Critical is also what is more than 5 % of what its country has left.
    """
    if code == "IN_TRANSIT":
        return "info"
    if code in ALWAYS_CRITICAL or is_critical or at_stake_tpp >= regime.cap_tpp // 100:
        return "critical"
    if headroom_tpp is not None and at_stake_tpp * 20 > max(0, headroom_tpp):
        return "critical"
    if at_stake_tpp >= regime.cap_tpp // 1_000:
        return "severe"
    return "major" if at_stake_tpp >= regime.cap_tpp // 10_000 else "minor"


def rank(name: str) -> int:
    """The place of a severity, lowest first."""
    return SEVERITIES.index(name)


def working_days(first_on: date, last_on: date) -> int:
    """Mondays to Fridays after the first day, up to and with the last."""
    return _weekdays(last_on) - _weekdays(first_on)


def _weekdays(on: date) -> int:
    weeks, days = divmod((on - _MONDAY).days, 7)
    return weeks * 5 + min(days + 1, 5)


def bucket(age_days: int) -> str:
    """Which of the five ages a break has."""
    return next((name for most, name in AGES if age_days <= most), OVER_20)


@dataclass(frozen=True, slots=True)
class Break:
    """One break as a run found it. `net_tpp` is ledger minus source; `at_stake_tpp` what it is ranked by."""

    fingerprint: str
    code: str
    severity: str
    key: str
    source: str
    country: str | None
    other_country: str | None
    license_no: str | None
    device_id: str | None
    seqs: tuple[int, ...]
    file_line: str | None
    on_day: str | None
    ledger_says: str | None
    source_says: str | None
    third_says: str | None
    agree: str | None
    match_key: str | None
    net_tpp: int
    at_stake_tpp: int
    detail: str
    draft: Mapping[str, Any] | None
    """What would put it right, if two of three agree on that: steps that somebody may propose."""

    def told(self) -> dict[str, Any]:
        """The break as the detail of an event: what is known, and nothing that is not."""
        fields = {name: getattr(self, name) for name in _TOLD}
        return {name: value for name, value in fields.items() if value not in (None, (), [])} | {
            "seqs": list(self.seqs)
        }


_TOLD = tuple(name for name in Break.__slots__ if name != "fingerprint")


def of_event(name: str, detail: Mapping[str, Any]) -> Break:
    """The break that an event told of. Raises KeyError, ValueError for one that tells of none."""
    rank(detail["severity"])
    fields = {each: detail.get(each) for each in _TOLD}
    return Break(fingerprint=name, **(fields | {"seqs": tuple(detail.get("seqs") or ())}))


@dataclass(slots=True)
class BreakStanding:
    """Where a break stands: what was last seen of it, since when, and what was done about it.

    The verbs about breaks answer with it.
    """

    seen: Break
    state: str
    first_on: str
    """The day of the run that saw it first, ever."""

    last_on: str
    officer: str | None = None
    asked_by: str | None = None
    """Who last took it, gave it to somebody, or proposed something: who did, not who was named."""

    proposal: str | None = None
    """The last of its proposals; `recon_steps.proposed` has them all, and what waits."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    purpose: str | None = None
    """What that is for, where it corrects nothing: "block" or "unblock"."""

    posted_seq: int | None = None
    """The last entry that was posted to put it right, until a run opens it again."""

    blocked_seq: int | None = None
    """The entry by which what is at stake is set aside."""

    accepted_until: str | None = None
    accepted_tpp: int | None = None
    history: list[Event] = field(default_factory=list)
    run_seq: int = 0
    """The event of the last run that came to its end: what runs said before it, they did not say in it."""

    def state_on(self, on: str) -> str:
        """Its state on a day (ISO text): what was accepted until an earlier one is open again."""
        is_over = self.state == "accepted" and (self.accepted_until or "") < on
        return "reopened" if is_over else self.state

    def is_open_on(self, on: str) -> bool:
        """Neither cleared nor accepted on a day (ISO text)."""
        return self.state_on(on) not in _CLOSED


Standings = dict[str, BreakStanding]


def fold(events: Iterable[Event]) -> Standings:
    """Where each break stands after these events. Raises Tampered."""
    standings: Standings = {}
    for event in events:
        try:
            _apply(standings, event)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Tampered(
                f"event {event.seq:,}, of break {event.subject}, was changed: {error!r}; run tppq verify",
                event_seq=event.seq,
            ) from error
    return standings


def _apply(standings: Standings, event: Event) -> None:
    name, detail = event.subject, event.detail
    standing = standings.get(name)
    if standing is None:
        standing = standings[name] = BreakStanding(of_event(name, detail), "new", detail["on"], detail["on"])
    elif event.action in ("seen", "changed", "reopened"):
        standing.seen = of_event(name, detail)
        standing.last_on = detail["on"]
    standing.history.append(event)
    if event.action == "proposed":
        _proposed(standing, event)
    state = _STATES.get(event.action)
    if state is not None and not (event.action in _IN_WORK and _stays(standing, event)):
        standing.state = state
    if event.action == "taken":
        standing.officer, standing.asked_by = detail.get("officer") or event.actor, event.actor
    elif event.action in ("posted", "reopened"):
        standing.posted_seq = detail["seq"] if event.action == "posted" else None
    elif event.action in ("blocked", "unblocked"):
        standing.blocked_seq = detail.get("seq") if event.action == "blocked" else None
    elif event.action == "accepted":
        standing.accepted_until, standing.accepted_tpp = detail["until"], standing.seen.at_stake_tpp
    elif event.action == "cleared":
        standing.last_on = detail["on"]


def _proposed(standing: BreakStanding, event: Event) -> None:
    standing.asked_by = event.actor
    standing.proposal, standing.purpose = event.detail.get("proposal"), event.detail.get("purpose")
    standing.entries = list(event.detail.get("entries") or [])
    DONE[standing.purpose]  # KeyError: there is no such purpose


def _stays(standing: BreakStanding, event: Event) -> bool:
    """Whether work leaves a break where it is: it corrects nothing, or what puts it right was posted."""
    is_aside = event.action != "taken" and event.detail.get("purpose", standing.purpose) is not None
    return is_aside or standing.posted_seq is not None


DONE: Mapping[str | None, str] = {None: "posted", "block": "blocked", "unblock": "unblocked"}
"""The event that tells of a proposal that was confirmed, by what it was for."""

_IN_WORK = ("taken", "proposed", "confirmed")
_STATES = {
    "seen": "new", "reopened": "reopened", "taken": "taken", "proposed": "proposed",
    "confirmed": "confirmed", "posted": "posted", "accepted": "accepted", "cleared": "cleared",
}  # fmt: skip


def find(standings: Standings, given: str) -> BreakStanding:
    """The break of this fingerprint, or of the only one that begins so. Raises UnknownName, BadQuery."""
    wanted = written("break", given).strip().lower()
    found = [wanted] if wanted in standings else [name for name in standings if name.startswith(wanted)]
    if len(found) == 1 and len(wanted) >= _LEAST_TYPED:
        return standings[found[0]]
    if not found or len(wanted) < _LEAST_TYPED:
        why = f"there is no break {given}: tppq breaks lists them; {_LEAST_TYPED} characters are enough"
    else:
        why = f"{given} may be any of {', '.join(sorted(found)[:5])}: write more of it"
    raise UnknownName(why, field="break", value=given, nearest=", ".join(sorted(found)[:3]) or None)


def ranked(breaks: Iterable[Break]) -> list[Break]:
    """What needs attention first: by severity, then by what is at stake; equals by name, always the same."""
    return sorted(breaks, key=attention)


def attention(each: Break) -> tuple[Any, ...]:
    """By this breaks are sorted wherever they are listed."""
    return (-rank(each.severity), -each.at_stake_tpp, each.code, each.key, each.fingerprint)


def again(was: Break, is_now: Break) -> bool:
    """Whether what a run finds is what was last told of the break."""
    return replace(was, draft=None) == replace(is_now, draft=None)
