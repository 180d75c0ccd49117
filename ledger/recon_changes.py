"""What one run changes: which breaks are new, which persist, which are cleared, which came back.

Pure. A break is cleared only by a run that looked where it was and no longer finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any, NamedTuple

from ledger.answer import Rows
from ledger.events import Event, Telling
from ledger.recon_breaks import (
    BY_RUNS,
    TOPIC,
    Break,
    BreakStanding,
    Standings,
    again,
    attention,
    bucket,
    fingerprint,
    rank,
    working_days,
)  # fmt: skip

NEW, PERSISTING, CLEARED, REOPENED = "new", "persisting", "cleared", "reopened"
_BY_EVENT = {"seen": NEW, "reopened": REOPENED, "cleared": CLEARED}
_SECOND = 2
"""The number of the second of several breaks that nothing tells apart: the first has none."""


class Change(NamedTuple):
    """A break, what this run makes of it, and how it stands afterwards."""

    change: str
    action: str | None
    """The event that tells of it; None where nothing about it is new."""

    each: Break
    state: str
    first_on: str

    @property
    def is_open(self) -> bool:
        return self.change != CLEARED and self.state != "accepted"

    def age_days(self, on: str) -> int:
        """In working days since it was first seen."""
        return max(0, working_days(date.fromisoformat(self.first_on), date.fromisoformat(on)))

    def telling(self, run: str, on: str) -> Telling | None:
        """The event of this change, if it is one."""
        if self.action is None:
            return None
        told = {} if self.action == CLEARED else self.each.told()
        return Telling(TOPIC, self.each.fingerprint, self.action, {**told, "run": run, "on": on})


def changes(
    standings: Standings, found: Iterable[Break], looked: Callable[[Break], bool], on: str, seq: int
) -> list[Change]:
    """What becomes of every break: of those found on a day (ISO text), and of those that were open before.

    `seq` is the last entry of the ledger that the run saw.
    """
    by_name = {each.fingerprint: each for each in told_apart(found, standings)}
    made = [_of_found(each, standings.get(name), on, seq) for name, each in by_name.items()]
    for name, standing in standings.items():
        if name in by_name or standing.state == "cleared":
            continue
        if looked(standing.seen):
            made.append(Change(CLEARED, CLEARED, standing.seen, CLEARED, standing.first_on))
        else:
            made.append(persisting(standing, on))
    return sorted(made, key=lambda change: attention(change.each))


def told_apart(found: Iterable[Break], standings: Standings) -> list[Break]:
    """The same breaks in the same order, no two under one name: several may have one code and one key.

    The name that code and key make belongs to the one that had it before, else to the first. The others are
    named by what tells them apart too, and keep that name once they are alone: what was decided about one of
    them is never held to be decided about another.
    """
    named: dict[str, tuple[int, Break]] = {}
    numbers: dict[str, int] = {}
    for place, each in sorted(enumerate(found), key=lambda item: not _was_told(item[1], standings)):
        name = next(name for name in _names(each, standings, numbers) if name not in named)
        named[name] = place, each
    return [
        each if name == each.fingerprint else replace(each, fingerprint=name)
        for name, (_, each) in sorted(named.items(), key=lambda item: item[1][0])
    ]


def names(found: Iterable[Break]) -> set[str]:
    """All that `told_apart` may call these breaks: by which their past is looked up."""
    alike = Counter((each.code, each.fingerprint, _own_name(each)) for each in found)
    return {
        name
        for (code, shared, own), many in alike.items()
        for name in (shared, own, *(_numbered(code, own, number) for number in range(_SECOND, many + 1)))
    }


def _names(each: Break, standings: Standings, numbers: dict[str, int]) -> Iterator[str]:
    """What a break may be called, best first; of those wholly alike, `numbers` has the next number."""
    own = _own_name(each)
    if own in standings:
        yield own
    yield each.fingerprint
    yield own
    for number in count(numbers.get(own, _SECOND)):
        numbers[own] = number + 1
        yield _numbered(each.code, own, number)


def _own_name(each: Break) -> str:
    return fingerprint(each.code, each.fingerprint, _about(each))


def _numbered(code: str, own: str, number: int) -> str:
    return fingerprint(code, own, str(number))


def _was_told(each: Break, standings: Standings) -> bool:
    standing = standings.get(each.fingerprint)
    return standing is not None and _about(standing.seen) == _about(each)


def _about(each: Break) -> str:
    """What else a break is about: its entries; or, where it has none, what either side says."""
    own = each.seqs or (each.ledger_says, each.source_says)
    return " ".join(map(str, (each.source, *own)))


def persisting(standing: BreakStanding, on: str) -> Change:
    """A break as it stands on a day (ISO text), whatever a run finds."""
    return Change(PERSISTING, None, standing.seen, standing.state_on(on), standing.first_on)


def _of_found(each: Break, standing: BreakStanding | None, on: str, seq: int) -> Change:
    if standing is None:
        return Change(NEW, "seen", each, "new", on)
    if standing.state == "cleared" or _came_back(each, standing, on, seq):
        return Change(REOPENED, "reopened", each, "reopened", standing.first_on)
    action = None if again(standing.seen, each) else "changed"
    return Change(PERSISTING, action, each, standing.state, standing.first_on)


def _came_back(each: Break, standing: BreakStanding, on: str, seq: int) -> bool:
    """Accepted for a time that is over, or for less; or put right by an entry that did not put it right."""
    if standing.state == "accepted":
        return standing.is_open_on(on) or each.at_stake_tpp > (standing.accepted_tpp or 0)
    return standing.state == "posted" and seq >= (standing.posted_seq or 0)


class Line(NamedTuple):
    """The breaks of one code, as a run sums them up."""

    code: str
    severity: str
    new: int
    open: int
    cleared: int
    gross_tpp: int
    net_tpp: int
    oldest_days: int


def lines(made: Sequence[Change], on: str) -> list[Line]:
    """One line per code: what is new (reopened too), open and cleared, and what the open ones add up to."""
    by_code: dict[str, list[Change]] = {}
    for change in made:
        by_code.setdefault(change.each.code, []).append(change)
    found = []
    for code, group in by_code.items():
        still = [change for change in group if change.is_open]
        found.append(
            Line(
                code,
                max((change.each.severity for change in still or group), key=rank),
                sum(change.change in (NEW, REOPENED) for change in still),
                len(still),
                sum(change.change == CLEARED for change in group),
                sum(change.each.at_stake_tpp for change in still),
                sum(change.each.net_tpp for change in still),
                max((change.age_days(on) for change in still), default=0),
            )
        )
    return sorted(found, key=lambda line: (-rank(line.severity), -line.gross_tpp, line.code))


def counted(made: Sequence[Change]) -> list[dict[str, Any]]:
    """How many breaks are open of each code and severity, gravest first."""
    still = Counter((change.each.code, change.each.severity) for change in made if change.is_open)
    order = sorted(still, key=lambda each: (-rank(each[1]), each[0]))
    return [{"code": code, "severity": name, "open": still[code, name]} for code, name in order]


def row(change: Change, on: str) -> dict[str, Any]:
    """A break as a row of an answer, a day's age included."""
    each = change.each
    days = change.age_days(on)
    return {
        "break": each.fingerprint, "code": each.code, "severity": each.severity, "change": change.change,
        "state": change.state, "country": each.country, "other_country": each.other_country,
        "key": each.key, "source": each.source, "license_no": each.license_no, "device_id": each.device_id,
        "entries": ", ".join(map(str, each.seqs)) or None, "file_line": each.file_line,
        "on_day": None if each.on_day is None else date.fromisoformat(each.on_day),
        "ledger_says": each.ledger_says, "source_says": each.source_says, "third_says": each.third_says,
        "agree": each.agree, "match_key": each.match_key, "net_tpp": each.net_tpp,
        "at_stake_tpp": each.at_stake_tpp, "first_seen_on": date.fromisoformat(change.first_on),
        "age_days": days, "age": bucket(days), "detail": each.detail,
    }  # fmt: skip


COLUMNS = {
    "break": "string", "code": "string", "severity": "string", "change": "string", "state": "string",
    "country": "string", "other_country": "string", "key": "string", "source": "string",
    "license_no": "string", "device_id": "string", "entries": "string", "file_line": "string",
    "on_day": "date32[day]", "ledger_says": "string", "source_says": "string", "third_says": "string",
    "agree": "string", "match_key": "string", "net_tpp": "int64", "at_stake_tpp": "int64",
    "first_seen_on": "date32[day]", "age_days": "int64", "age": "string", "detail": "string",
}  # fmt: skip
"""The columns of a break, with their types as Arrow names them."""


LISTED = COLUMNS | {"officer": "string", "last_seen_on": "date32[day]"}
"""The same, with who works on it, and when it was last seen."""


def listed(standing: BreakStanding, on: str) -> dict[str, Any]:
    """A break as it stands on a day (ISO text), with the columns `LISTED`."""
    last_on = date.fromisoformat(standing.last_on)
    change = persisting(standing, on)._replace(change=_made_of(standing))
    return row(change, on) | {"officer": standing.officer, "last_seen_on": last_on}


def _made_of(standing: BreakStanding) -> str:
    """What the last run made of a break."""
    last = next((event for event in reversed(standing.history) if event.action in BY_RUNS), None)
    if last is not None and last.seq > standing.run_seq:
        return _BY_EVENT.get(last.action, PERSISTING)
    return CLEARED if standing.state == "cleared" else PERSISTING


def listing(standings: Iterable[BreakStanding], on: str) -> Rows:
    """One row per break as it stands on a day (ISO text), with the columns `LISTED`."""
    rows = [tuple(listed(standing, on).values()) for standing in standings]
    return Rows(tuple(LISTED), tuple(LISTED.values()), rows)


def table(made: Iterable[Change], on: str) -> Rows:
    """One row per break, gravest first, as on a day (ISO text)."""
    rows = [tuple(row(change, on).values()) for change in made]
    return Rows(tuple(COLUMNS), tuple(COLUMNS.values()), rows)


_SAID = ("text", "reason", "officer", "proposal", "until", "approver", "seq", "detail", "run", "on")


def said(event: Event) -> str:
    """What an event says beside who and when, as somebody reads it."""
    told = ((name, event.detail[name]) for name in _SAID if event.detail.get(name) is not None)
    return "; ".join(str(value) if name in ("text", "detail") else f"{name} {value}" for name, value in told)
