"""What is shown of users, of proposals and of the audit trail. Pure: answers in, screens out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from ledger import trail
from ledger.answer import Answer
from ledger.grid import Column, Grid
from ledger.model import h100e
from ledger.proposed import Proposal
from ledger.screens import Screen, figure, second

__all__ = ["Screen", "pending", "proposed", "trail_of", "users"]

_HASH = 16
"""Characters of a hash that people are shown: enough to approve with."""

_MOST_SHOWN = 20
"""Entries of one proposal that people are shown; programs get them all."""

_OUTCOMES: Mapping[str, str] = MappingProxyType({
    "denied": "bold red", "refused": "red", "rejected": "yellow", "approved": "green",
})  # fmt: skip


def users(answer: Answer) -> Screen:
    """Everybody who may do something, and what."""
    columns = [
        Column("User", "name", titles=True), Column("Roles", "words"), Column("Token", "name"),
        Column("Since", "name"), Column("Added by", "name"),
    ]  # fmt: skip
    cells = [
        [row["name"], row["roles"], "yes" if row["token"] else "", row["added_at"][:10], row["added_by"]]
        for row in answer.rows()
    ]
    return [Grid(columns, cells)]


def proposed(proposal: Proposal, h100_tpp: int, *, dry_run: bool) -> Screen:
    """What is proposed, what it would leave, and how it is approved."""
    columns = [
        Column("Kind", "name", titles=True), Column("", "name", titles=True), Column("License", "name"),
        Column("TPP", "figure"), Column("Headroom after", "figure"), Column("H100e", "figure"),
    ]  # fmt: skip
    pairs = list(zip(proposal.entries, proposal.shown, strict=True))
    cells = [
        [
            entry["kind"], entry["country"], entry["license_no"] or "", figure(entry["tpp"]), figure(left),
            figure(h100e(left, h100_tpp)),
        ]
        for entry, left in pairs[:_MOST_SHOWN]
    ]  # fmt: skip
    screen: Screen = [Grid(columns, cells), *_more(len(pairs))]
    if dry_run:
        return [*screen, "Dry run: it could be proposed; nothing was written."]
    short = proposal.hash[:_HASH]
    return [
        *screen,
        f"{proposal.proposal} waits for a second person, until {second(proposal.expires_at)}.",
        f"tppq approve {proposal.proposal} --hash {short}",
    ]


def pending(answer: Answer) -> Screen:
    """What waits, proposal by proposal, entry by entry."""
    if not len(answer):
        return ["Nothing waits for a second person."]
    columns = [
        Column("Proposal", "name", titles=True), Column("By", "name"), Column("Kind", "name", titles=True),
        Column("", "name", titles=True), Column("License", "name"), Column("TPP", "figure"),
        Column("Headroom after, when proposed", "figure"), Column("Why", "words", may_go=True),
        Column("Expires", "name"), Column("Hash", "name"),
    ]  # fmt: skip
    cells: list[list[str]] = []
    screen: Screen = []
    for name, group in groupby(answer.rows(), lambda row: row["proposal"]):
        rows = list(group)
        cells.extend(_waiting(row, first=place == 0) for place, row in enumerate(rows[:_MOST_SHOWN]))
        screen.extend(f"{name}: {said}" for said in _more(len(rows)))
    return [Grid(columns, cells), *screen]


def _waiting(row: Mapping[str, Any], *, first: bool) -> list[str]:
    why = "; ".join(filter(None, (row["remark"] if first else None, row["reason"])))
    undoes = "" if row["reverses_seq"] is None else f", reverses {row['reverses_seq']:,}"
    return [
        row["proposal"], row["by"], row["kind"] + undoes, row["country"], row["license_no"] or "",
        figure(row["tpp"]), figure(row["headroom_tpp"]), why, row["expires_at"][:10], row["hash"][:_HASH],
    ]  # fmt: skip


def _more(count: int) -> list[str]:
    left = count - _MOST_SHOWN
    return [f"... and {left:,} entries more: --json or --csv lists them all."] if left > 0 else []


def trail_of(answer: Answer) -> Screen:
    """Who did what, in order of time."""
    if not len(answer):
        return ["Nothing was recorded."]
    columns = [
        Column("At", "name", titles=True), Column("Who", "name", titles=True), Column("What", "name"),
        Column("Of", "words"), Column("Outcome", "name", styles=_OUTCOMES), Column("Detail", "words"),
    ]  # fmt: skip
    cells = [
        [
            second(row["at"]), row["who"], row["what"], row["subject"], row["outcome"], trail.sentence(row),
        ]
        for row in answer.rows()
    ]  # fmt: skip
    return [Grid(columns, cells)]
