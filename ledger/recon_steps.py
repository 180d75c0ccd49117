"""The entries that the steps of a draft come to, and what was proposed, decided and set aside for a break.

Nothing is posted here: the entries (what undoes, what is right instead, what is set aside) are proposed by
one person and confirmed by another, unless something overtook them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson

from ledger import events, undoing
from ledger.entry import Entry
from ledger.errors import BadQuery
from ledger.events import Event
from ledger.reading import Reading
from ledger.recon_breaks import TOPIC, BreakStanding, Standings
from ledger.recon_drafts import WHO, blocking, in_words, lifting
from ledger.store import Store

Purpose = Literal["block", "unblock"]
"""What a proposal is for that corrects nothing: TPP is set aside for a break, or no longer."""

_OVERTAKES: Mapping[str | None, tuple[str, ...]] = {
    None: ("posted", "accepted", "cleared"), "block": ("blocked", "accepted", "cleared"),
    "unblock": ("unblocked",),
}  # fmt: skip
"""After what a proposal is no longer to be confirmed, by what it was for."""

_ASKED = {**WHO, "reexports": "whoever reported it"}
_CLEARS = "A later run that no longer finds it clears it"
_ELSEWHERE = "ask {who} about {key}, or name entries with --reverse or --correct (tppq statement {country})"
_CORRECT = (
    "ask {who} about {key}, or, where the ledger is wrong, name entries with --reverse or --correct (it has "
    "{entries})"
)
_AGREED = (
    "customs and the vendor agree, and what they say cannot be posted as it is: name entries with --reverse "
    "or --correct (the ledger has {entries}), or, where the ledger is right all the same, accept it (tppq "
    "break accept)"
)
_LEFT = "ask {who} about {key}; what left all the same is posted as an overrun (tppq post)"
_RIGHT = (
    "the ledger has {entries} of it: where that is right, accept it (tppq break accept); else ask {who} "
    "about {key}, or name entries with --reverse or --correct"
)

_WITHOUT: Mapping[str, str] = {
    "FILE": "a file is not as it should be: get it anew from {who}",
    "MISSING_IN_LEDGER": "post what is missing (tppq post), or ask {who} about {key}",
    "LICENSE_MISSING_LEDGER": "post the license (tppq post), or ask {who} about {key}",
    "LICENSE_MISSING_SOURCE": "ask {who} about {key}, or name the license's entry with --reverse (tppq "
    "statement {country} has it)",
    "LICENSE_DIFFERS": "ask {who} about {key}, or name the license's entry with --correct (tppq statement "
    "{country} has it); what no longer holds is released (tppq post)",
    "UNKNOWN_LICENSE": _LEFT,
    "UNLICENSED_EXPORT": _LEFT,
    "EXPIRED_USE": _LEFT,
    "OVER_LICENSE": "ask {who} what left under {key}; where that is right, accept it (tppq break accept)",
    "DUPLICATE": "ask {who} to take back what it told twice, {key}",
    "STALE_AMENDMENT": "ask {who} about {key}",
    "SERIAL_CONFLICT": "ask {who} about {key}",
    "REEXPORT_ONE_LEG": "post the leg that is missing (tppq post), or ask {who} about {key}",
}  # fmt: skip
"""What can be done about a break of which the ledger has no entry, or no single one, by its code."""

_WITH_ENTRIES: Mapping[str, str] = {
    "IN_TRANSIT": "it may still be told of until then, and nothing is wrong with {entries}",
    "STALE_AMENDMENT": "ask {who} about {key}",
    "UNLICENSED_EXPORT": _RIGHT,
    "EXPIRED_USE": _RIGHT,
    "REEXPORT_ONE_LEG": "post the leg that is missing (tppq post), ask {who} about {key}, or name entries "
    "with --reverse or --correct (the ledger has {entries})",
}
"""The same, where it has some."""


def entries(
    store: Store,
    standing: BreakStanding,
    steps: Sequence[Mapping[str, Any]],
    why: str,
    try_out: Callable[..., object],
) -> list[Entry]:
    """What the steps of a draft come to, in an order that `try_out` does not refuse.

    Raises UnknownName, and BadQuery where there are none, which says what can be done instead.
    """
    made: list[Entry] = []
    for step in steps:
        if "reverse" in step:
            made.append(undoing.undoing(store, step["reverse"], why))
        elif "correct" in step:
            both = undoing.correction(store, step["correct"], step["changes"], why)
            made.extend(undoing.in_order(try_out, *both))
        elif "post" in step:
            made.append(Entry.model_validate(step["post"]))
    if not made:
        name = standing.seen.fingerprint
        raise BadQuery(f"break {name} ({standing.seen.detail}): {_instead(standing)}", query=name)
    return made


def drafted(standing: BreakStanding) -> Sequence[Mapping[str, Any]]:
    """The steps that the run drafted, where it is the ledger that they correct.

    Raises BadQuery where something was posted since: what was drafted would be posted twice.
    """
    if standing.posted_seq is not None:
        name = standing.seen.fingerprint
        raise BadQuery(
            f"nothing else is drafted: break {name} {_righted(standing)}; what else is wrong is named with "
            "--reverse or --correct",
            query=name,
        )
    draft = standing.seen.draft or {}
    return draft.get("steps", ()) if draft.get("correct") == "ledger" else ()


def _instead(standing: BreakStanding) -> str:
    """What puts a break right for which no entries are drafted."""
    seen = standing.seen
    if seen.draft is not None:
        agree = " and ".join(WHO[side] for side in seen.draft["agree"])
        asked = "; ".join(f"{in_words(step)}{_where(step)}" for step in seen.draft["steps"])
        return (
            f"{agree} agree, so nothing is drafted that would correct the ledger: {asked}. {_CLEARS}; where "
            "the ledger is wrong all the same, name entries with --reverse or --correct"
        )
    code = "FILE" if seen.code.startswith("FILE_") else seen.code
    correct = _AGREED if seen.agree == "declarations+shipments" else _CORRECT
    way = _WITH_ENTRIES.get(code, correct) if seen.seqs else _WITHOUT.get(code, _ELSEWHERE)
    said = way.format(
        who=_ASKED.get(seen.source, "whoever sends it"),
        key=seen.key,
        country=seen.country or "CC",
        entries=f"entr{'ies' if len(seen.seqs) > 1 else 'y'} {', '.join(f'{seq:,}' for seq in seen.seqs)}",
    )
    return f"nothing is drafted that would correct the ledger: {said}. {_CLEARS}"


def _where(step: Mapping[str, Any]) -> str:
    """Where in a file stands what is asked about, and who filed it."""
    told = [f"filed by {step['filer']}"] if step.get("filer") else []
    told = ([step["file"]] if step.get("file") else []) + told
    return f" ({', '.join(told)})" if told else ""


def over(standing: BreakStanding, on: str) -> str | None:
    """Why a break waits for nobody on a day (ISO text), and what comes next; None where it may."""
    state = standing.state_on(on)
    if state == "accepted":
        return f"is accepted until {standing.accepted_until}: it is open again after that day, or if it grows"
    if state == "cleared":
        return "is cleared: a run that finds it again opens it again"
    if state == "posted":
        return _righted(standing)
    if state == "proposed":  # in a ledger of one person, which people share since
        return "has no proposal that is pending: tppq break propose makes another"
    return None


def _righted(standing: BreakStanding) -> str:
    entry = f"entry {standing.posted_seq or 0:,}"
    return f"was put right by {entry}: a later run clears it, or opens it again if it still finds it"


class Proposed(NamedTuple):
    """What somebody proposed for a break, by which event, and what overtook it; an id in a shared ledger."""

    seq: int
    by: str
    proposal: str | None
    purpose: str | None
    entries: Sequence[Mapping[str, Any]]
    overtaken: Event | None

    def why_not(self, called: str) -> str:
        """Why it is no longer to be confirmed, and what comes next."""
        assert self.overtaken is not None
        seq = f"entry {self.overtaken.detail.get('seq') or 0:,}"
        since = {
            "posted": f"was put right by {seq}", "accepted": "was accepted", "cleared": "was cleared",
            "blocked": f"had what is at stake set aside by {seq}",
            "unblocked": f"had what was set aside given back by {seq}",
        }[self.overtaken.action]  # fmt: skip
        return (
            f"break {called} {since} after {self.proposal} was proposed: reject or withdraw that, and "
            "propose anew what is still wanted"
        )


def proposed(standing: BreakStanding) -> list[Proposed]:
    """All that was ever proposed for a break, oldest first."""
    found = []
    for place, event in enumerate(standing.history):
        if event.action == "proposed":
            proposal, purpose = event.detail.get("proposal"), event.detail.get("purpose")
            later = standing.history[place + 1 :]
            by = next((each for each in later if _overtakes(each, proposal, purpose)), None)
            entries = event.detail.get("entries") or ()
            found.append(Proposed(event.seq, event.actor, proposal, purpose, entries, by))
    return found


def _overtakes(event: Event, proposal: str | None, purpose: str | None) -> bool:
    if event.action in _OVERTAKES[purpose]:
        return True
    if proposal is not None:
        return False
    # Where nobody can withdraw it, another proposal does, or whoever takes the break.
    again = event.action == "proposed" and event.detail.get("purpose") == purpose
    return again or (event.action == "taken" and purpose is None)


def set_aside(standing: BreakStanding, left_tpp: int, on: str) -> list[dict[str, Any]]:
    """The steps that set aside what is at stake in a break, or as much as its country has left.

    Raises BadQuery where there is nothing to set aside, or where it is set aside already.
    """
    seen = standing.seen
    if standing.blocked_seq is not None:
        raise BadQuery(
            f"entry {standing.blocked_seq:,} already sets aside what is at stake in {seen.fingerprint}: "
            "--unblock lifts it",
            query=seen.fingerprint,
        )
    tpp = min(seen.at_stake_tpp, left_tpp)
    if tpp <= 0 or seen.country is None:
        raise BadQuery(
            f"break {seen.fingerprint} puts {seen.at_stake_tpp:,} TPP of {seen.country or 'no country'} at "
            f"stake, of which {max(0, left_tpp):,} are left: there is nothing to set aside",
            query=seen.fingerprint,
        )
    return [*blocking(seen.country, tpp, seen.fingerprint, on)["steps"]]


def lift(standing: BreakStanding) -> list[dict[str, Any]]:
    """The steps that give back what was set aside for a break. Raises BadQuery where nothing was."""
    if standing.blocked_seq is None:
        name = standing.seen.fingerprint
        raise BadQuery(f"nothing is set aside for break {name}: --block proposes it", query=name)
    return [*lifting(standing.blocked_seq)["steps"]]


def held(store: Store, standings: Standings, seq: int) -> Standings:
    """The breaks for which TPP is still set aside at an entry; anybody may have reversed that."""
    blocked = {name: each for name, each in standings.items() if each.blocked_seq is not None}
    lifted = {
        name: by_seq
        for name, each in blocked.items()
        for *_, by_seq, _ in store.read("reversal_of", seq=each.blocked_seq)
    }
    return {name: each for name, each in blocked.items() if not 0 < (lifted.get(name) or 0) <= seq}


_EVER = {"before_seq": 2**63 - 1, "until": "9999-12-31T23:59:59.999999Z"}


def standing_events(
    store: Reading, called: Iterable[str] = (), before_seq: int | None = None, until: str | None = None
) -> list[Event]:
    """All that was told, before an event and until an instant, of the breaks that were not cleared by then.

    Of others only where TPP was set aside for them, or they are `called` so: nights leave many behind.
    """
    rows = store.read(
        "standing_events", topic=TOPIC, subjects=orjson.dumps(sorted(called)).decode(),
        **_within(before_seq, until),
    )  # fmt: skip
    return [events.read(row) for row in rows]


def decided(store: Reading, before_seq: int | None = None, until: str | None = None) -> str:
    """The hash of the last thing that people did about a break, as told by then; none: empty."""
    rows = store.read("last_deed", topic=TOPIC, **_within(before_seq, until))
    return rows[0][0] if rows else ""


def _within(before_seq: int | None, until: str | None) -> dict[str, Any]:
    given = {"before_seq": before_seq, "until": until}
    return {**_EVER, **{name: value for name, value in given.items() if value is not None}}
