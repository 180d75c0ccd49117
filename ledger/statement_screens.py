"""What an officer sees of a statement of account: what was there, what happened, and what that left.

Pure: an answer in, a screen out. Every figure is shown whole; H100-equivalents are cut, not rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ledger.answer import Answer
from ledger.grid import Column, Grid
from ledger.model import TO_HEADROOM, h100e
from ledger.screens import Row, Screen, figure, too_early

_ENDS = frozenset({"expired", "revoked", "surrendered", "reduced", "superseded"})
"""How a license may end, where the reason of its release begins with one of these words."""


def statement(answer: Answer, from_day: str | None, now_tpp: int, devices: Mapping[str, str]) -> Screen:
    """A country's entries with its headroom after each; `now_tpp` is for a period without entries.

    The sign of TPP is what the entry does to headroom; without one, it moves between licensed and exported.
    From a day on, it opens with the headroom of the day before.
    """
    rows = answer.rows()
    if early := too_early(answer):
        return [early]
    h100_tpp = answer.basis["h100_tpp"]
    columns = [
        Column("Entry", "figure", titles=True), Column("Effective", "name", titles=True),
        Column("Kind", "name", titles=True), Column("License", "name"), Column("Devices", "name"),
        Column("TPP", "figure"), Column("Headroom after", "figure"), Column("H100e", "figure"),
        Column("Reference", "words", may_go=True),
    ]  # fmt: skip
    opening = answer.aside["opening_tpp"][0] if rows else now_tpp
    cells = []
    if from_day is not None:
        cells.append(
            ["", from_day, "opening", "", "", "", figure(opening), figure(h100e(opening, h100_tpp)), ""]
        )
    cells.extend(
        [
            figure(row["seq"]), row["effective_on"].isoformat(), _kind(row, released_as),
            row["license_no"] or "", _devices(row, devices), _signed(row), figure(row["headroom_after_tpp"]),
            figure(row["headroom_after_h100e"]), row["reference"] or "",
        ]
        for row, released_as in zip(rows, answer.aside["released_as"], strict=True)
    )  # fmt: skip
    screen: Screen = [Grid(columns, cells)] if cells else ["No entry, as of this day."]
    return screen if from_day is None else [*screen, *_recorded_late(rows, from_day, opening)]


def _recorded_late(rows: Sequence[Row], from_day: str, opening: int) -> Iterator[str]:
    """What keeps the headroom after each entry, which is in the order of recording, from adding up."""
    if not rows:
        return
    first = rows[0]["headroom_after_tpp"] - _effect(rows[0])
    if first != opening:
        yield (
            f"Headroom after is in the order of recording, and begins at {first:,}: entries effective before "
            f"{from_day} were recorded later; the opening counts them."
        )
    pairs = pairwise(rows)
    if any(before["headroom_after_tpp"] + _effect(row) != row["headroom_after_tpp"] for before, row in pairs):
        yield f"Entries effective before {from_day} stand between these; headroom counts them too."
    closing = opening + sum(map(_effect, rows))
    if rows[-1]["headroom_after_tpp"] != closing:
        yield f"With those recorded after the last of these, headroom is {closing:,}."


def _effect(row: Row) -> int:
    """What an entry adds to headroom, in TPP."""
    return TO_HEADROOM[row["kind"]] * int(row["tpp"])


def _signed(row: Row) -> str:
    effect = _effect(row)
    return f"{effect:+,}" if effect else figure(row["tpp"])


def _devices(row: Row, names: Mapping[str, str]) -> str:
    device_id = row["device_id"]
    return "" if device_id is None else f"{row['quantity']:,} x {names.get(device_id, device_id)}"


def _kind(row: Row, released_as: str | None) -> str:
    """What happened; of a reversal what it undoes, of a release how the license ended, if a word says so."""
    reverses = row["reverses_seq"]
    if reverses is not None:
        return f"{row['kind']}, reverses {reverses:,}"
    return f"{row['kind']} ({released_as})" if released_as in _ENDS else str(row["kind"])
