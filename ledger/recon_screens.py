"""What an officer sees of the night and of its breaks: the answer, then the arithmetic, then what to do.

Pure: answers in, screens out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.answer import Answer
from ledger.grid import Column, Grid
from ledger.recon_drafts import WHO, in_words
from ledger.recon_night import STOPPED
from ledger.screens import Screen, figure

_COLORS = {
    "critical": "bold red", "severe": "red", "major": "yellow", "FILE_MISSING": "bold red",
    "INTEGRITY": "bold red",
}  # fmt: skip
_NAMES = {
    "licenses": "license system", "declarations": "customs", "shipments": "vendors", "reexports": "reexports",
}  # fmt: skip
_SHOWN = 200
"""Breaks that a screen lists; `--csv` has them all."""

_NAMED = 12
"""Countries that an answer in one sentence names."""


def night(answer: Answer) -> Screen:
    """What a run came to: its inputs, its breaks by code, whether it is final, and where the report is."""
    basis = answer.basis
    if basis["status"] == STOPPED:
        return _stopped(answer)
    rows = ", ".join(f"{_NAMES[source]} {count:,}" for source, count in basis["rows"].items())
    screen: Screen = [f"Run {basis['run']} · ledger entry {basis['seq']:,} · rows: {rows or 'none'}"]
    lines = [line for line in basis["lines"] if line["severity"] != "info"]
    if lines:
        columns = [
            Column("Code", "name", titles=True), Column("Severity", "name", may_go=True, styles=_COLORS),
            *(Column(heading, "figure") for heading in ("New", "Open", "Cleared", "Gross TPP", "Net TPP")),
            Column("Oldest", "name"),
        ]  # fmt: skip
        cells = [
            [
                line["code"], line["severity"] if line["open"] else "", figure(line["new"]),
                figure(line["open"]), figure(line["cleared"]), figure(line["gross_tpp"]),
                figure(line["net_tpp"]), _oldest(line) if line["open"] else "",
            ]
            for line in lines
        ]  # fmt: skip
        screen.append(Grid(columns, cells))
    else:
        screen.append("No break is open.")
    screen.append(f"{_matched(basis)} {verdict(answer)}{_report(basis)}")
    return screen


def _stopped(answer: Answer) -> Screen:
    by = {"files": "The files cannot be relied on", "ledger": "The ledger itself does not verify"}
    columns = [Column("Code", "name", titles=True, styles=_COLORS), Column("What", "words")]
    cells = [[row["code"], row["detail"]] for row in answer.rows()]
    return [
        f"{by[answer.basis['stopped_by']]}: nothing was compared, and the last certificate is stale.",
        Grid(columns, cells),
    ]


def _oldest(line: Mapping[str, Any]) -> str:
    days = line["oldest_days"]
    return "today" if days == 0 else f"{days:,} day{'s' if days != 1 else ''}"


def _matched(basis: Mapping[str, Any]) -> str:
    by_sum = sum(count for name, count in basis["matched"].items() if name.endswith("K4"))
    in_transit = sum(line["open"] for line in basis["lines"] if line["code"] == "IN_TRANSIT")
    said = []
    if by_sum:
        said.append(f"{by_sum:,} matched by sum (K4)")
    if basis["suggestions"]:
        said.append(f"{basis['suggestions']:,} suggested (K6)")
    said.append(f"{in_transit:,} in transit")
    return f"{', '.join(said)}."


def verdict(answer: Answer) -> str:
    """Whether the run is final, and what keeps it from that: the answer in one sentence."""
    basis = answer.basis
    if basis["status"] == STOPPED:
        first = answer.rows()[0]
        return f"{STOPPED}: {first['code']}, {first['detail']}."
    open_ = {name: count for name, count in basis["open"].items() if name != "info" and count}
    grave = {name: count for name, count in open_.items() if name in ("critical", "severe")}
    told = grave or open_
    if not told:
        return f"{basis['status']}."
    counts = " and ".join(f"{count:,} {name}" for name, count in told.items())
    where = sorted({
        row["country"] or row["source"]
        for row in answer.rows()
        if row["severity"] in told and row["change"] != "cleared" and row["state"] != "accepted"
    })  # fmt: skip
    plural = "s" if sum(told.values()) != 1 else ""
    return f"{basis['status']}: {counts} break{plural} ({_some(where)})."


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _report(basis: Mapping[str, Any]) -> str:
    return f" Report: {basis['folder']}/report.html" if basis.get("folder") else ""


def breaks(answer: Answer) -> Screen:
    """Breaks as a list to work from."""
    rows = answer.rows()
    if not rows:
        return [answer.aside["note"] or _none(answer.aside)]
    columns = [
        Column("Break", "name", titles=True), Column("Code", "name", titles=True),
        Column("Severity", "name", styles=_COLORS), Column("State", "name"), Column("CC", "name"),
        Column("At stake TPP", "figure"), Column("Days", "figure"), Column("Officer", "name", may_go=True),
        Column("What", "words"),
    ]  # fmt: skip
    cells = [
        [
            row["break"][:8], row["code"], row["severity"], row["state"], row["country"] or "",
            figure(row["at_stake_tpp"]), figure(row["age_days"]), row["officer"] or "",
            f"{row['key']}: {row['detail']}",
        ]
        for row in rows[:_SHOWN]
    ]  # fmt: skip
    more = len(rows) - _SHOWN
    return [Grid(columns, cells), *([f"... and {more:,} more: --csv lists them all"] if more > 0 else [])]


def _none(asked: Mapping[str, Any]) -> str:
    """That there is none of what was asked for: of a code, in a country, open."""
    of_code = f" of {asked['code']}" if asked["code"] else ""
    there = f" in {asked['country']}" if asked["country"] else ""
    return f"There is no break{of_code}{there}." if asked["every"] else f"No break{of_code} is open{there}."


def one(answer: Answer) -> Screen:
    """One break: what it is, what is drafted, and its history."""
    about, draft = answer.basis["break"], answer.basis["draft"]
    pairs = [
        [name.replace("_", " "), figure(value) if isinstance(value, int) else str(value)]
        for name, value in about.items()
        if name not in ("change", "detail")
    ]
    history = [
        [row["at"][:16].replace("T", " "), row["who"], row["action"], row["said"]] for row in answer.rows()
    ]
    return [
        f"{about['code']} {about['key']}: {about['detail']}.",
        Grid([Column("", "name", titles=True), Column("", "words")], pairs, ruled=False),
        f"Drafted: {_drafted(draft)}",
        *_set_aside(answer.basis["blocked_seq"]),
        Grid(
            [
                Column("When", "name", titles=True), Column("Who", "name"), Column("Did", "name"),
                Column("Said", "words"),
            ],
            history,
        ),
    ]  # fmt: skip


def _set_aside(seq: int | None) -> list[str]:
    return [] if seq is None else [f"Entry {seq:,} sets aside what is at stake: --unblock gives it back."]


def _drafted(draft: Mapping[str, Any] | None) -> str:
    if draft is None:
        return "nothing that can be posted or asked."
    steps = "; ".join(in_words(step) for step in draft["steps"])
    return f"{steps}. Agreed on by {' and '.join(WHO[side] for side in draft['agree'])}."
