"""What is shown of users, of proposals and of the audit trail. Pure: answers in, screens out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from ledger import trail
from ledger.answer import Answer
from ledger.grid import Column, Grid
from ledger.model import h100e
from ledger.proposed import Proposal
from ledger.screens import Row, Screen, figure, second

__all__ = ["Screen", "pending", "proposed", "trail_of", "users"]

_HASH = 16
"""Characters of a hash that people are shown: enough to approve with."""

_MOST_SHOWN = 20
"""Entries of one proposal that people are shown; programs get them all."""

_GIVEN = (
    Column("Effective", "name"), Column("License expires", "name"), Column("Device", "words"),
    Column("Consignee", "words"), Column("Exporter", "words"), Column("Reference", "words"),
)  # fmt: skip
"""What else was given of an entry, by which those that move the same TPP are told apart."""

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


def proposed(proposal: Proposal, corrects: str, h100_tpp: int, *, dry_run: bool) -> Screen:
    """What is proposed, what it would leave, what it `corrects`, and how it is approved."""
    columns = [
        Column("Kind", "name", titles=True), Column("", "name", titles=True), Column("License", "name"),
        Column("TPP", "figure"), Column("Headroom after", "figure"), Column("H100e", "figure"),
        *_GIVEN,
    ]  # fmt: skip
    rows = proposal.rows()
    cells = [
        [
            _deed(row), row["country"], row["license_no"] or "", figure(row["tpp"]),
            figure(row["headroom_tpp"]), figure(h100e(row["headroom_tpp"], h100_tpp)),
            *_given(row),
        ]
        for row in rows[:_MOST_SHOWN]
    ]  # fmt: skip
    screen: Screen = [_told(columns, cells), *_more(len(rows))]
    screen.extend([f"Corrects {corrects}."] if corrects else [])
    if proposal.replayed:
        remark = f"its remark stands: {proposal.remark}" if proposal.remark else "it has no remark"
        screen.append(f"Proposed already, at {second(proposal.at)}; {remark}.")
    elif dry_run:
        return [*screen, "Dry run: it could be proposed; nothing was written."]
    short = proposal.hash[:_HASH]
    return [
        *screen,
        f"{proposal.proposal} waits for a second person, until {second(proposal.expires_at)}.",
        f"tppq approve {proposal.proposal} --hash {short}",
    ]


def pending(answer: Answer, proposal: str | None = None) -> Screen:
    """What waits, proposal by proposal, entry by entry; of one `proposal` nothing, if it does not wait."""
    if not len(answer):
        return ["Nothing waits for a second person."]
    columns = [
        Column("Proposal", "name", titles=True), Column("By", "name"), Column("Kind", "name", titles=True),
        Column("", "name", titles=True), Column("License", "name"), Column("TPP", "figure"),
        Column("Headroom after, when proposed", "figure"), *_GIVEN, Column("Why", "words"),
        Column("Waits until", "name"), Column("Hash", "name"),
    ]  # fmt: skip
    cells: list[list[str]] = []
    screen: Screen = []
    waiting = [row for row in answer.rows() if proposal in (None, row["proposal"])]
    for name, group in groupby(waiting, lambda row: row["proposal"]):
        rows, corrects = list(group), answer.aside[name]
        cells.extend(_waiting(row, first=place == 0) for place, row in enumerate(rows[:_MOST_SHOWN]))
        screen.extend(f"{name}: {said}" for said in _more(len(rows)))
        screen.extend([f"{name} corrects {corrects}."] if corrects else [])
    return [_told(columns, cells), *screen]


def _waiting(row: Row, *, first: bool) -> list[str]:
    why = "; ".join(filter(None, (row["remark"] if first else None, row["reason"])))
    return [
        row["proposal"], row["by"], _deed(row), row["country"], row["license_no"] or "", figure(row["tpp"]),
        figure(row["headroom_tpp"]), *_given(row), why, row["expires_at"][:10], row["hash"][:_HASH],
    ]  # fmt: skip


def _given(row: Row) -> list[str]:
    """The cells of `_GIVEN`."""
    several = "" if row["quantity"] is None else f"{row['quantity']:,} x "
    return [
        row["effective_on"], row["expires_on"] or "", f"{several}{row['device_id'] or ''}",
        row["consignee"] or "", row["exporter"] or "", row["reference"] or "",
    ]  # fmt: skip


def _deed(row: Row) -> str:
    undoes = "" if row["reverses_seq"] is None else f", reverses {row['reverses_seq']:,}"
    return f"{row['kind']}{undoes}"


def _told(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> Grid:
    """The grid, without the columns in which nobody gave anything."""
    there = [
        place for place, column in enumerate(columns) if not column.heading or any(c[place] for c in cells)
    ]
    return Grid([columns[place] for place in there], [[cell[place] for place in there] for cell in cells])


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
