"""What is proposed, and waits for a second person: a fold over the events about proposals.

A proposal holds the entries as they would be posted, names resolved, and what they were shown to leave. Its
hash covers the entries, who proposes them, until when, and which of them may take headroom below zero; not
the figures of headroom, which other posts move. It reserves nothing, unless the regime's file says
`pending_reserves`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from ledger.accounts import Asked
from ledger.answer import Rows
from ledger.errors import Refused, Tampered, UnknownName
from ledger.events import Event
from ledger.evidence import canonical
from ledger.model import TO_HEADROOM
from ledger.submission import Post
from ledger.text import visible, written

TOPIC = "proposal"
HASH_V = 1
MOST_ENTRIES = 1000
"""Entries of one proposal: more than that nobody can look at and answer for."""

State = Literal["pending", "expired", "approved", "rejected", "withdrawn", "overtaken"]
_NUMBER = re.compile(r"(?:[Pp]-)?0*([1-9][0-9]{0,17})")
_LONGEST = 40
"""Characters that are kept of what somebody took for the id of a proposal."""

COLUMNS: Mapping[str, str] = MappingProxyType({
    "proposal": "string", "by": "string", "at": "string", "part": "int64", "kind": "string",
    "country": "string", "effective_on": "string", "license_no": "string", "device_id": "string",
    "quantity": "int64", "tpp": "int64", "reverses_seq": "int64", "reason": "string", "headroom_tpp": "int64",
    "remark": "string", "expires_at": "string", "hash": "string", "expires_on": "string",
    "consignee": "string", "exporter": "string", "reference": "string", "request_id": "string",
    "programme": "string", "holder": "string",
})  # fmt: skip
"""What waits, entry by entry, as programs get it: all that somebody gave, and so approves."""

CORRECTED = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "tpp", "expires_on",
    "consignee", "exporter", "reference",
)  # fmt: skip
"""What a correction can change; the reason beside, which every correction brings."""

_DECIDED: Mapping[str, State] = {
    "approved": "approved", "rejected": "rejected", "withdrawn": "withdrawn", "overtaken": "overtaken",
}  # fmt: skip


class Proposal(NamedTuple):
    """One proposal as it stands: entries as they would be posted, and the headroom shown after each (TPP)."""

    proposal: str
    by: str
    at: str
    expires_at: str
    hash: str
    remark: str | None
    entries: list[dict[str, Any]]
    shown: list[int]
    state: State = "pending"
    decided_by: str | None = None
    decided_at: str | None = None
    reason: str | None = None
    replayed: bool = False
    """Whether it answers a repeat: then nothing was proposed, and its remark is that of the first time."""

    def posts(self) -> list[Post]:
        """The entries, to be judged and posted."""
        return [
            Post(
                each["request_id"], each["request_part"], each["body_hash"],
                Asked(**{name: each[name] for name in Asked._fields}), line,
            )
            for line, each in enumerate(self.entries, 1)
        ]  # fmt: skip

    def asked(self) -> list[tuple[str, int, str | None]]:
        """Of each entry what tells a repeat of it."""
        return [(each["request_id"], each["request_part"], each["body_hash"]) for each in self.entries]

    def told(self) -> dict[str, Any]:
        """The proposal as one object: each of its entries with the headroom shown after it."""
        about = self._asdict()
        shown = zip(about.pop("entries"), about.pop("shown"), strict=True)
        return {**about, "entries": [{**entry, "headroom_tpp": left} for entry, left in shown]}

    def rows(self) -> list[dict[str, Any]]:
        """Its entries in the order in which they would be posted, each with all that `COLUMNS` names."""
        about = self._asdict()
        return [
            {**about, **entry, "part": part, "headroom_tpp": left}
            for part, (entry, left) in enumerate(zip(self.entries, self.shown, strict=True), 1)
        ]

    def moves(self) -> Iterable[tuple[str, str, int]]:
        """Of each entry: its quota, the day it takes effect, and what it would add to headroom (TPP)."""
        for each in self.entries:
            yield each["quota"], each["effective_on"], TO_HEADROOM[each["kind"]] * each["tpp"]


Proposals = dict[str, Proposal]
"""Every proposal there was, by its id, oldest first."""


def fold(events: Iterable[Event], now: str) -> Proposals:
    """Every proposal after these events, as it stands at an instant: what waited may have expired by then.

    Raises Tampered where they tell of none.
    """
    found: Proposals = {}
    try:
        for event in events:
            found[event.subject] = _after(event, found)
        for each in pending(found):
            list(zip(each.moves(), each.asked(), each.shown, strict=True))  # what everybody goes on to read
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Tampered(
            f"an event of a proposal was changed, so what waits cannot be told: {error!r}; run tppq verify"
        ) from error
    return {
        name: each._replace(state="expired") if each.state == "pending" and each.expires_at < now else each
        for name, each in found.items()
    }


def _after(event: Event, before: Proposals) -> Proposal:
    """What an event makes of the proposal that it is about."""
    detail = event.detail
    if event.action != "proposed":
        return before[event.subject]._replace(
            state=_DECIDED[event.action], decided_by=event.actor, decided_at=event.at,
            reason=detail.get("reason"),
        )  # fmt: skip
    return Proposal(
        event.subject, event.actor, event.at, detail["expires_at"], detail["hash"], detail["remark"],
        detail["entries"], detail["shown"],
    )  # fmt: skip


def pending(proposals: Proposals) -> list[Proposal]:
    """Those that wait for somebody, oldest first."""
    return [each for each in proposals.values() if each.state == "pending"]


def named(number: int) -> str:
    """The id of a proposal by its number: P-0007."""
    return f"P-{number:04d}"


def called(given: str) -> str:
    """The id that is meant, as it is recorded; what cannot be one is as it was written, if not at length."""
    match = _NUMBER.fullmatch(written("proposal", given).strip())
    return named(int(match[1])) if match else visible(given[:_LONGEST])


def found(proposals: Proposals, given: str) -> Proposal:
    """The pending proposal that is meant; `7` and `p-7` are P-0007. Raises UnknownName: why there is none."""
    proposal = proposals.get(called(given))
    waiting = ", ".join(each.proposal for each in pending(proposals)) or None
    if proposal is None:
        detail = f"no proposal '{given}': pending are {waiting or 'none'}"
        raise UnknownName(detail, field="proposal", value=given, nearest=waiting)
    if proposal.state != "pending":
        raise UnknownName(
            f"no pending proposal {proposal.proposal}: {_ended(proposal)}; propose it anew if it is wanted",
            field="proposal", value=given, nearest=waiting,
        )  # fmt: skip
    return proposal


def _ended(proposal: Proposal) -> str:
    if proposal.state == "expired":
        return f"it expired on {proposal.expires_at[:10]}"
    why = f" ({proposal.reason})" if proposal.reason else ""
    return f"{proposal.decided_by} {_PAST[proposal.state]} it on {(proposal.decided_at or '')[:10]}{why}"


_PAST = {
    "approved": "approved", "rejected": "rejected", "withdrawn": "withdrew",
    "overtaken": "found nothing left to do in",  # all of it was posted since
}  # fmt: skip


def expiry(now: str, days: int) -> str:
    """The instant so many days after another."""
    at = datetime.fromisoformat(now) + timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_entries(posts: Sequence[Post], below_zero: Sequence[bool]) -> list[dict[str, Any]]:
    """Posts as a proposal keeps them, each with whether it was shown to take headroom below zero."""
    kept = []
    for post, below in zip(posts, below_zero, strict=True):
        assert not isinstance(post.asked, Refused)  # it was judged, and let pass
        ids = {"request_id": post.request_id, "request_part": post.part, "body_hash": post.body_hash}
        kept.append({**ids, **post.asked._asdict(), "below_zero": below})
    return kept


def content_hash(
    origin: str, proposal: str, by: str, expires_at: str, entries: Sequence[Mapping[str, Any]]
) -> str:
    """What an approval is bound to: SHA-256 of the canonical JSON of all that was proposed."""
    covered = {
        "v": HASH_V, "origin": origin, "proposal": proposal, "by": by, "expires_at": expires_at,
        "entries": list(entries),
    }  # fmt: skip
    return sha256(canonical(covered)).hexdigest()


# ------------------------------------------------------------------------------------------- corrections

Given = Mapping[str, Any]


def correction(entries: Sequence[Given]) -> tuple[Given, Given]:
    """Of a correction what undoes and what is right, in whichever order; two times nothing for another."""
    undo = [each for each in entries if each["reverses_seq"] is not None]
    right = [each for each in entries if each["reverses_seq"] is None]
    return (undo[0], right[0]) if len(undo) == len(right) == 1 else ({}, {})


def changes(undo: Given, right: Given, was: Given) -> str:
    """The entry that is undone, and of each field that would not be as it `was` both values."""
    fields = [name for name in CORRECTED if _value(right[name]) != _value(was[name])]
    if right["reason"] not in (was["reason"], undo["reason"]):
        fields.append("reason")
    said = "; ".join(f"{name} {_value(right[name])}, was {_value(was[name])}" for name in fields)
    return f"entry {undo['reverses_seq']:,}: {said or 'changes nothing in it'}"


def _value(value: str | int | None) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else visible(value)


# ----------------------------------------------------------------------------------- what it does to headroom


def pending_tpp(proposals: Iterable[Proposal], as_of: str | None = None) -> dict[str, int]:
    """By quota, what headroom would gain if all that can be were approved (TPP; below zero: lose)."""
    change: dict[str, int] = {}
    for proposal in _together(proposals):
        for quota, effective_on, tpp in proposal.moves():
            if as_of is None or effective_on <= as_of:
                change[quota] = change.get(quota, 0) + tpp
    return change


def _together(proposals: Iterable[Proposal]) -> Iterator[Proposal]:
    """Those that could all be approved: of several that undo the same entry or ask the same, the first."""
    seen: set[int | str] = set()
    for proposal in proposals:
        undoes = {each["reverses_seq"] for each in proposal.entries} - {None}
        once = undoes | {each["request_id"] for each in proposal.entries}
        if seen.isdisjoint(once):
            seen |= once
            yield proposal


def reserved_tpp(proposals: Iterable[Proposal]) -> dict[str, int]:
    """By quota, the TPP that these would take out of headroom; what they would bring is not there yet.

    Of several that undo the same entry one can pass, and nobody knows which: all are counted.
    """
    taken: dict[str, int] = {}
    for proposal in proposals:
        for quota, _, tpp in proposal.moves():
            if tpp < 0:
                taken[quota] = taken.get(quota, 0) - tpp
    return taken


def with_pending(rows: Rows, change: Mapping[str, int]) -> Rows:
    """The rows of `headroom` with the column `pending_tpp`: the last, so that others keep their places."""
    country = rows.names.index("country")
    values = [(*row, change.get(f"country/{row[country]}", 0)) for row in rows.rows]
    return Rows((*rows.names, "pending_tpp"), (*rows.types, "int64"), values)
