"""What became of a post: receipts, refusals, warnings and counts, as an object, as rows, or as a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ledger.cli.desk import Desk
from ledger.cli.failure import exit_status
from ledger.errors import Refused
from ledger.grid import Column, Grid
from ledger.outcome import Outcome, refusal_told
from ledger.screens import Screen, figure

REFUSED = exit_status(Refused(""))
MOST_SHOWN = 50
"""Receipts that people are shown one by one; of more they are told the counts, and programs get them all."""

NO_LINE = 0
"""The line of a refusal that came from no file."""

_MOST_PROBLEMS = 1000

ROW = pa.schema([
    ("outcome", pa.string()), ("path", pa.string()), ("line", pa.int64()), ("seq", pa.int64()),
    ("request_id", pa.string()), ("kind", pa.string()), ("country", pa.string()), ("license_no", pa.string()),
    ("tpp", pa.int64()), ("headroom_tpp", pa.int64()), ("headroom_h100e", pa.decimal128(18, 2)),
    ("hash", pa.string()), ("type", pa.string()), ("detail", pa.string()), ("answered_at", pa.string()),
])  # fmt: skip
"""A post as rows, for the forms that have no objects: `outcome` is posted, refused, unreadable or warning."""


_ASK_ANEW = "What was refused before got that answer again: --again asks anew."


def give(
    desk: Desk,
    outcomes: Sequence[tuple[str, Outcome]],
    faults: Sequence[Mapping[str, Any]],
    basis: Mapping[str, Any],
    *,
    of_lines: tuple[int, int] | None = None,
    several: bool = False,
    above: Sequence[Grid | str] = (),
) -> int:
    """Give out what became of a post: receipts, refusals, counts; 0, or 3 where something was refused.

    `of_lines` counts the lines of files, and the unreadable ones; None where the post came from no file.
    `several` files were given, so that each is named with what is wrong in it. A post of what has `faults`
    writes nothing: of its dry run only people are told how many rows are good. `above` is for them too.
    """
    dry_run = desk.options.dry_run
    counts = {
        "posted": sum(outcome.posted for _, outcome in outcomes),
        "refused": sum(outcome.refused for _, outcome in outcomes),
        "replayed": sum(outcome.replayed for _, outcome in outcomes),
    }
    if faults:  # as with a row that is refused: nothing of it would be posted
        receipts = []
    else:
        receipts = [receipt._asdict() for _, outcome in outcomes for receipt in outcome.receipts]
    refused = [
        ({"path": path} if several else {}) | refusal_told(declined)
        for path, outcome in outcomes
        for declined in outcome.declined
    ]
    warned = [
        {"path": path or None, "line": line or None, "detail": text}
        for path, outcome in outcomes
        for line, text in outcome.warnings
    ]
    if desk.options.quiet:
        posted = 0 if faults else counts["posted"] - counts["replayed"]
        answer, table, screen = _counted(counts | {"posted": posted}, dry_run=dry_run)
    else:
        answer = {"posted": receipts, "refused": refused, "replayed": counts["replayed"]}
        answer |= {"warnings": warned} if warned else {}
        table = _as_rows(receipts, refused, warned, faults)
        screen = [*above, *(_receipts(receipts) if of_lines is None or not dry_run else [])]
        screen.extend(_wrong(refused, warned, faults, several=several))
        if of_lines is not None:
            undone = sum(outcome.undone for _, outcome in outcomes)
            # a dry run judges what is sound beside what is refused; else that is not written
            marked = len(warned) - undone if dry_run else sum(outcome.warned for _, outcome in outcomes)
            screen.append(_summary(counts, marked, undone, *of_lines, dry_run=dry_run))
            screen.extend([_ASK_ANEW] if any("answered_at" in problem for problem in refused) else [])
        screen.extend(["Dry run: nothing was written."] if dry_run else [])
    answer |= {"dry_run": True, "faults": list(faults)} if dry_run else {}
    desk.outcome(answer, table, basis, screen)
    return REFUSED if counts["refused"] else 0


def _counted(counts: dict[str, int], *, dry_run: bool) -> tuple[dict[str, Any], pa.Table, Screen]:
    """Counts alone, each row one of the three."""
    table = pa.Table.from_pylist([{"outcome": name, "count": number} for name, number in counts.items()])
    said = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    return dict(counts), table, [f"dry run: {said}" if dry_run else said]


def _as_rows(
    receipts: Sequence[Mapping[str, Any]],
    refused: Sequence[Mapping[str, Any]],
    warned: Sequence[Mapping[str, Any]],
    faults: Sequence[Mapping[str, Any]],
) -> pa.Table:
    rows: list[dict[str, Any]] = [{"outcome": "posted", **receipt} for receipt in receipts]
    rows.extend({"outcome": "refused", **problem} for problem in refused)
    rows.extend({"outcome": "warning", **warning} for warning in warned)
    rows.extend(
        {"outcome": "unreadable", "path": fault["path"], "line": fault["line"], "detail": _of_column(fault)}
        for fault in faults
    )
    return pa.Table.from_pylist([{name: row.get(name) for name in ROW.names} for row in rows], ROW)


def _of_column(fault: Mapping[str, Any]) -> str:
    return f"{fault['column']} {fault['reason']}" if fault["column"] else str(fault["reason"])


def _wrong(
    refused: Sequence[Mapping[str, Any]],
    warned: Sequence[Mapping[str, Any]],
    faults: Sequence[Mapping[str, Any]],
    *,
    several: bool,
) -> Screen:
    """What is wrong, in the order of lines; as sentences where there are no lines."""
    if not faults and all(row["line"] is None for row in (*refused, *warned)):
        return [*map(_sentence, refused), *(f"warning: {warning['detail']}" for warning in warned)]
    wrong: list[dict[str, Any]] = [dict(fault) | {"problem": fault["reason"]} for fault in faults]
    wrong.extend({**problem, "problem": _sentence(problem)} for problem in refused)
    wrong.extend({**warning, "problem": f"warning: {warning['detail']}"} for warning in warned)
    wrong.sort(key=lambda row: (row.get("path") or "" if several else "", row["line"] or 0))
    left = len(wrong) - _MOST_PROBLEMS
    more = [f"... and {left:,} more: --json or --csv lists them all."] if left > 0 else []
    return [*_problems(wrong[:_MOST_PROBLEMS], several=several), *more]


def _summary(
    counts: Mapping[str, int], warned: int, undone: int, total: int, bad_rows: int, *, dry_run: bool
) -> str:
    """`41 lines: 38 good, 1 with a warning, 2 refused.`: what there is none of is left out."""
    sound = counts["posted"] - counts["replayed"] - warned
    unwritten = total - counts["posted"] - counts["refused"] - bad_rows
    if dry_run and counts["refused"]:  # what stood beside it was judged, and is good
        sound, unwritten = sound + unwritten, 0
    repeated = "posted before"
    if undone:
        repeated += f" ({f'{undone:,} of them ' if undone < counts['replayed'] else ''}undone since)"
    parts = [
        (sound, "good" if dry_run else "posted"), (warned, "with a warning"),
        (counts["replayed"], repeated), (bad_rows, "unreadable"), (counts["refused"], "refused"),
        (unwritten, "not written: all or none"),
    ]  # fmt: skip
    said = ", ".join(f"{number:,} {what}" for number, what in parts if number)
    return f"{total:,} line{'' if total == 1 else 's'}: {said or 'nothing to post'}."


def _receipts(rows: Sequence[Mapping[str, Any]]) -> Screen:
    """What was posted, one line per entry."""
    if not rows:
        return []
    columns = [
        Column("Entry", "figure", titles=True), Column("Kind", "name", titles=True),
        Column("", "name", titles=True), Column("License", "name"), Column("TPP", "figure"),
        Column("Headroom after", "figure"), Column("H100e", "figure"),
    ]  # fmt: skip
    cells = [
        [
            figure(row["seq"]), row["kind"], row["country"], row["license_no"] or "", figure(row["tpp"]),
            figure(row["headroom_tpp"]), figure(row["headroom_h100e"]),
        ]
        for row in rows
    ]  # fmt: skip
    return [Grid(columns, cells)]


def _problems(rows: Sequence[Mapping[str, Any]], *, several: bool) -> Screen:
    """What is wrong, by line and column; by file too, where there are several."""
    if not rows:
        return []
    columns = [
        Column("Line", "figure", titles=True),
        Column("Column", "name", titles=True),
        Column("Problem", "words"),
    ]
    cells = [[figure(row["line"]), row.get("column") or "", row["problem"]] for row in rows]
    if several:
        columns.insert(0, Column("File", "name", titles=True))
        cells = [[str(row.get("path") or ""), *cell] for row, cell in zip(rows, cells, strict=True)]
    return [Grid(columns, cells)]


def _sentence(problem: Mapping[str, Any]) -> str:
    """A refusal as it is said: its name and the numbers; when it was first given, where it is repeated."""
    when = problem.get("answered_at")
    return f"{problem['type']}: {problem['detail']}" + (f" (as answered on {when[:10]})" if when else "")
