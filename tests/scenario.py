"""Plays a scenario: a text that needs no programmer to be read, and says what came of each line.

    # A license lapses, so what it held can be granted again.
    2026-01-01  allocate  AE  1000                 ok
    2026-02-01  license   AE   800  L1             ok
    2026-02-02  license   AE   300  L2             OverHeadroom: AE has 200 TPP left; 300 asked; short by 100
    2026-03-01  release   AE   800  L1  expired    ok
                headroom  AE                       1000

Two or more blanks part the fields; the last field is what comes of the line. A day stands before what is
posted: it takes effect, and is recorded, on that day. `and` in its place joins the entry to the one before
it: all or none. After country and TPP (or `5 x DEVICE`) come, in any order, the number of a license,
`until DAY`, `recorded DAY` (where that is another day), `approved by NAME`, `reference TEXT`, `request NAME`,
and the reason. `reverse 3  REASON` and `correct 3  tpp=500  REASON` name an entry by its place. A line
without a day asks: headroom, state, license, statement, events, fit, facts (of the last refusal), notes (of
verify).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ledger import Entry, Kind, Ledger, LedgerError, Receipt, Refused
from tests.clock import Clock

FIELD = re.compile(r"\S+(?: \S+)*")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
WORDS = {
    "until": "expires_on",
    "recorded": "recorded",
    "approved by": "approver",
    "reference": "reference",
    "request": "request_id",
    "as of": "as_of",
    "known at": "known_at",
    "from": "from_day",
}
"""How a field that explains itself begins, and what it says."""


@dataclass
class Line:
    """One line: what is done or asked, up to where its outcome stands."""

    text: str
    day: str | None
    verb: str
    given: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)


def parsed(text: str) -> Line | None:
    """The line without its outcome; None for a remark or an empty line."""
    found = list(FIELD.finditer(text))
    if not found or text.startswith("#"):
        return None
    first = found[0].group()
    day = first if DAY.fullmatch(first) or first == "and" else None
    fields = [each.group() for each in found[1 if day else 0 : -1]]
    line = Line(text[: found[-1].start()], day, fields[0])
    for each in fields[1:]:
        word = next((word for word in WORDS if each.startswith(word + " ")), None)
        if word is None:
            line.given.append(each)
        else:
            line.named[WORDS[word]] = each.removeprefix(word + " ")
    return line


def play(text: str, ledger: Ledger, clock: Clock) -> str:
    """The same text with what really came of each line; `clock` is the ledger's."""
    return "\n".join(Player(ledger, clock).played(text.splitlines())) + "\n"


class Player:
    """A ledger, its clock, and the last refusal."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.ledger, self.clock = ledger, clock
        self.refusal: Refused | None = None

    def played(self, lines: list[str]) -> list[str]:
        outcomes: list[str] = []
        group: list[Line] = []
        steps = [parsed(line) for line in lines]
        for place, (raw, line) in enumerate(zip(lines, steps, strict=True)):
            if line is None:
                outcomes.append(raw)
                continue
            group.append(line)
            following = steps[place + 1] if place + 1 < len(steps) else None
            if following is not None and following.day == "and":
                continue
            said = self.posted(group) if line.day else [self.answered(line)]
            outcomes.extend(step.text + each for step, each in zip(group, said, strict=True))
            group.clear()
        return outcomes

    def posted(self, group: list[Line]) -> list[str]:
        first = group[0]
        assert first.day is not None
        self.clock.set(first.named.get("recorded", first.day))
        try:
            receipts = self.submitted(group)
        except Refused as refusal:
            self.refusal = refusal
            return [*["none of it"] * (len(group) - 1), f"{type(refusal).__name__}: {refusal.detail}"]
        return ["ok"] * len(group) if receipts else ["nothing"]

    def submitted(self, group: list[Line]) -> list[Receipt]:
        first = group[0]
        options: dict[str, Any] = {
            name: first.named[name] for name in ("approver", "request_id") if name in first.named
        }
        if first.verb == "reverse":
            return self.ledger.reverse(int(first.given[0]), first.given[1], **options)
        if first.verb == "correct":
            seq, *changes, reason = first.given
            changed = dict(change.split("=") for change in changes)
            return self.ledger.correct(
                int(seq), {k: _value(v) for k, v in changed.items()}, reason, **options
            )
        return self.ledger.post(*(entry(line, first.day or "") for line in group), **options)

    def answered(self, line: Line) -> str:
        answer = {
            "headroom": self.headroom,
            "state": self.state,
            "license": self.license,
            "statement": self.statement,
            "events": self.events,
            "fit": self.fit,
            "facts": self.facts,
            "notes": self.notes,
        }[line.verb]
        return answer(line.given, line.named)

    def headroom(self, asked: list[str], times: dict[str, Any]) -> str:
        rows = self.ledger.headroom(*asked, **times).rows()
        return str(rows[0]["headroom_tpp"]) if rows else "nothing"

    def state(self, asked: list[str], times: dict[str, Any]) -> str:
        (row,) = self.ledger.headroom(*asked, **times).rows()
        return f"{row['balance_state']}, {row['control_state']}, {row['used_percent']} % used"

    def license(self, asked: list[str], times: dict[str, Any]) -> str:
        rows = [row for row in self.ledger.licenses(**times) if row["license_no"] == asked[0]]
        if not rows:
            return "nothing"
        return "{license_state}, {outstanding_tpp} left, to {expires_on}".format(**rows[0])

    def statement(self, asked: list[str], times: dict[str, Any]) -> str:
        rows = self.ledger.statement(*asked, **times)
        return ", ".join(f"{row['kind']} {row['headroom_after_tpp']}" for row in rows)

    def events(self, asked: list[str], _times: dict[str, Any]) -> str:
        rows = self.ledger.sql("from state_event where country = $country", country=asked[0])
        return " > ".join(row["to_state"] for row in rows)

    def fit(self, asked: list[str], _times: dict[str, Any]) -> str:
        (row,) = self.ledger.fit(asked[0], tpp=int(asked[1])).rows()
        return "yes" if row["fits"] else f"no: {row['reason']}"

    def notes(self, _asked: list[str], _times: dict[str, Any]) -> str:
        return "; ".join(self.ledger.verify().basis["notes"]) or "none"

    def facts(self, _asked: list[str], _times: dict[str, Any]) -> str:
        assert self.refusal is not None
        return facts_of(self.refusal)


def facts_of(error: LedgerError) -> str:
    """The numbers and names of an error, sorted: `asked_tpp=300, country=AE`."""
    return ", ".join(f"{name}={fact}" for name, fact in sorted(error.facts.items()))


def entry(line: Line, day: str) -> Entry:
    """The entry that a line posts."""
    country, amount, *more = line.given
    given: dict[str, Any] = {"country": country, "effective_on": day}
    given |= {name: line.named[name] for name in ("expires_on", "reference") if name in line.named}
    for each in (amount, *more):
        if each.isdecimal():
            given["tpp"] = int(each)
        elif found := re.fullmatch(r"(\d+) x (\S+)", each):
            given["quantity"], given["device_id"] = int(found[1]), found[2]
        elif re.fullmatch(r"[A-Z][A-Z0-9-]*[0-9]", each):
            given["license_no"] = each
        else:
            given["reason"] = each
    return Entry.model_validate({**given, "kind": Kind(line.verb)})


def _value(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
