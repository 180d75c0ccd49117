"""The entries that the steps of a draft come to: what undoes, what is right instead, what is set aside.

Nothing is posted here: the entries are proposed by one person and confirmed by another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ledger import undoing
from ledger.entry import Entry
from ledger.errors import BadQuery
from ledger.recon_breaks import BreakStanding, Standings
from ledger.recon_drafts import blocking, lifting
from ledger.store import Store

Purpose = Literal["block", "unblock"]
"""What a proposal is for that corrects nothing: TPP is set aside for a break, or no longer."""

DONE: Mapping[str | None, str] = {None: "posted", "block": "blocked", "unblock": "unblocked"}
"""The event that tells of a proposal that was confirmed, by what it was for."""


def entries(
    store: Store,
    standing: BreakStanding,
    steps: Sequence[Mapping[str, Any]],
    why: str,
    post: Callable[..., object],
) -> list[Entry]:
    """What the steps of a draft come to, in an order in which `post` takes them.

    Raises UnknownName, and BadQuery where there are none.
    """
    made: list[Entry] = []
    for step in steps:
        if "reverse" in step:
            made.append(undoing.undoing(store, step["reverse"], why))
        elif "correct" in step:
            both = undoing.correction(store, step["correct"], step["changes"], why)
            made.extend(undoing.in_order(post, *both))
        elif "post" in step:
            made.append(Entry.model_validate(step["post"]))
    if not made:
        raise BadQuery(
            f"nothing is drafted that would correct the ledger for break {standing.seen.fingerprint} "
            f"({standing.seen.detail}): name entries with --reverse or --correct",
            query=standing.seen.fingerprint,
        )
    return made


def drafted(standing: BreakStanding) -> Sequence[Mapping[str, Any]]:
    """The steps that the run drafted, where it is the ledger that they correct."""
    draft = standing.seen.draft or {}
    return draft.get("steps", ()) if draft.get("correct") == "ledger" else ()


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
