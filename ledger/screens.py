"""What an officer sees: each answer as grids and sentences. The answer, then the arithmetic, then advice.

Pure: answers in, screens out. Every figure is shown whole; H100-equivalents are cut, not rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ledger.answer import Answer
from ledger.grid import Column, Grid
from ledger.model import h100e

Screen = list[Grid | str]
Row = Mapping[str, Any]

_NAMED = 3
"""Closed countries that are named; of more, how many."""

STATES = MappingProxyType({
    "watch": "yellow", "critical": "red", "exhausted": "bold red", "overdrawn": "bold reverse red",
    "expired": "yellow", "revoked": "red", "warn": "yellow", "fail": "bold red", "ok": "green",
})  # fmt: skip


def figure(value: int | Decimal | None) -> str:
    """A figure with its thousands apart and all its decimals; nothing for None."""
    return "" if value is None else f"{value:,}"


def _figure(heading: str) -> Column:
    return Column(heading, "figure")


# ------------------------------------------------------------------------------------------- questions


def headroom(answer: Answer, quotas: int) -> Screen:
    """Countries, lowest headroom first, and their sum; `quotas` is how many countries have one.

    Beneath it what of that sum is closed, where any is.
    """
    rows = [{"pending_tpp": 0, **row} for row in answer.rows()]  # a shared ledger alone has proposals
    if not rows:
        return [_no_quota(answer)]
    columns = [
        Column("", "name", titles=True), Column("Country", "words", may_go=True, titles=True),
        Column("State", "name", styles=STATES), _figure("Allocated TPP"), _figure("Licensed TPP"),
        _figure("Exported TPP"), _figure("Blocked TPP"), _figure("Headroom TPP"), _figure("Pending TPP"),
        _figure("H100e"), _figure("Used"),
    ]  # fmt: skip
    names = ("allocated_tpp", "licensed_tpp", "exported_tpp", "blocked_tpp", "headroom_tpp", "pending_tpp")
    sums = {name: sum(row[name] for row in rows) for name in names}
    cells = [
        [
            row["country"], row["country_name"], _state(row), *(figure(row[name]) for name in names),
            figure(row["headroom_h100e"]), _percent(row["used_percent"]),
        ]
        for row in rows
    ]  # fmt: skip
    used = sums["allocated_tpp"] - sums["headroom_tpp"]
    percent = Decimal(used * 1000 // sums["allocated_tpp"]).scaleb(-1) if sums["allocated_tpp"] > 0 else None
    of = f"{quotas:,} {'country' if quotas == 1 else 'countries'}"
    of = f"{len(rows):,} of {of}" if len(rows) != quotas else of
    total = [
        "", of, "", *(figure(sums[name]) for name in names),
        figure(h100e(sums["headroom_tpp"], answer.basis["h100_tpp"])), _percent(percent),
    ]  # fmt: skip
    grid = Grid(columns, cells, total)
    for place, name in ((8, "pending_tpp"), (6, "blocked_tpp")):
        grid = grid if any(row[name] for row in rows) else _without(grid, place)
    return [grid, *closed(rows, answer.basis["h100_tpp"])]


def closed(rows: Iterable[Row], h100_tpp: int) -> list[str]:
    """A line that says of how much of their headroom nothing can be licensed; none where it is nothing."""
    shut = [row for row in rows if row["control_state"] == "closed" and row["headroom_tpp"] > 0]
    if not shut:
        return []
    tpp = sum(row["headroom_tpp"] for row in shut)
    who = ", ".join(row["country"] for row in shut) if len(shut) <= _NAMED else f"{len(shut):,} countries"
    of = f"{tpp:,} TPP ({figure(h100e(tpp, h100_tpp))} H100e)"
    return [f"Of this headroom {of} are closed ({who}): as of this day nothing can be licensed from them."]


def _no_quota(answer: Answer) -> str:
    """Why there is no row: nothing was known by then, nothing had taken effect, or nothing was opened."""
    if answer.aside.get("begun_at") is None:
        return "No country has a quota in this ledger: tppq init opens those of Tier 2."
    return too_early(answer) or f"No country's quota had taken effect by {answer.basis['as_of']}."


def unopened(answer: Answer, names: Mapping[str, str]) -> list[str]:
    """A sentence for each country of Tier 2 that has no row in an answer; `names` are theirs, by code."""
    found = {row["country"] for row in answer.rows()}
    return [
        f"{code} ({name}) is Tier 2, but no allocation had been opened for it."
        for code, name in sorted(names.items())
        if code not in found
    ]


def too_early(answer: Answer) -> str | None:
    """What to say where an answer has no rows since nothing was known by then; None where something was."""
    begun_at, known_at = answer.aside.get("begun_at"), str(answer.basis["known_at"])
    if begun_at is None or begun_at <= known_at:
        return None
    return (
        f"Nothing had been recorded by {second(known_at)}: the first entry of this ledger was recorded "
        f"at {second(begun_at)}."
    )


def second(at: str) -> str:
    """An instant as it is shown: to the second, UTC."""
    return f"{at[:10]} {at[11:19]}Z"


def _state(row: Row) -> str:
    control = row["control_state"]
    return str(row["balance_state"]) + (f", {control}" if control != "none" else "")


def _percent(value: Decimal | None) -> str:
    return "" if value is None else f"{value}%"


def _without(grid: Grid, gone: int) -> Grid:
    """The grid without one column."""

    def kept(cells: Sequence[Any]) -> list[Any]:
        return [cell for place, cell in enumerate(cells) if place != gone]

    total = kept(grid.total) if grid.total is not None else None
    return Grid(kept(grid.columns), [kept(row) for row in grid.rows], total)


def licenses(answer: Answer) -> Screen:
    """Licenses, and what each still holds."""
    rows = answer.rows()
    if not rows:
        return ["No license, as of this day."]
    columns = [
        Column("License", "name", titles=True), Column("", "name", titles=True),
        Column("Consignee", "words", may_go=True), Column("Device", "name"), _figure("Licensed TPP"),
        _figure("Exported TPP"), _figure("Released TPP"), _figure("Outstanding TPP"),
        Column("Issued", "name"), Column("Expires", "name"), Column("State", "name", styles=STATES),
    ]  # fmt: skip
    cells = [
        [
            row["license_no"], row["country"], row["consignee"] or "", row["device_id"] or "",
            *(figure(row[f"{name}_tpp"]) for name in ("licensed", "exported", "released", "outstanding")),
            _day(row["issued_on"]), _day(row["expires_on"]), row["license_state"],
        ]
        for row in rows
    ]  # fmt: skip
    return [Grid(columns, cells)]


def _day(value: Any) -> str:
    return "" if value is None else str(value.isoformat())


def fit(answer: Answer, country_name: str, device: Row | None, quantity: int | None) -> Screen:
    """Yes or no, what was asked, the arithmetic, the largest that fits; and that nothing was reserved."""
    row = answer.rows()[0]
    asked = f"{row['asked_tpp']:,} TPP"
    if device is not None and quantity is not None:
        asked = f"{quantity:,} x {device['device_name']} ({device['tpp']:,} TPP) = {asked}"
    screen: Screen = [f"{'FITS' if row['fits'] else 'DOES NOT FIT'}   {asked}"]
    left, reserved = row["headroom_tpp"], answer.aside.get("reserved_tpp", 0)
    if left is not None:
        after = left - reserved - row["asked_tpp"]
        outcome = ("left after it", after) if row["fits"] else ("short by", row["short_by_tpp"])
        whose = f"{country_name}'" if country_name.endswith("s") else f"{country_name}'s"
        on, known_at = answer.basis["as_of"], answer.basis["known_at"]
        when = "now" if str(on) >= str(known_at)[:10] else f"on {on}"
        held = [("held by pending proposals", reserved)] if reserved else []
        pairs = [(f"{whose} headroom {when}", left), *held, ("asked", row["asked_tpp"]), outcome]
        if row["fits"] or row["short_by_tpp"]:
            cells = [[label, figure(tpp)] for label, tpp in pairs]
            screen.append(Grid([Column("", "words"), _figure("")], cells, indent="  "))
    freed = answer.aside.get("freed")  # None: headroom is not why
    if row["reason"] and (freed is None or reserved):
        screen.append(f"  {row['reason']}.")
    if row["largest_quantity"] is not None and freed is not None:
        screen.append(f"  The largest that fits now: {row['largest_quantity']:,}.")
    if freed and not reserved:
        screen.append(f"  {freed}.")
    return [*screen, "  Nothing was reserved."]


VERIFIED: Mapping[str, frozenset[str]] = MappingProxyType({
    "chain": frozenset({"chain", "order", "head", "values"}),
    "tree": frozenset({"tree", "checkpoint"}),
    "balances": frozenset({"balance", "account", "quota", "running", "license"}),
    "states": frozenset({"overdraft", "approval", "reversal"}),
    "copies": frozenset({"copy"}),
    "events": frozenset({"event", "refusal"}),
    "store": frozenset({"store"}),
    "outside": frozenset({"checkpoint", "event"}),
})  # fmt: skip
"""The lines of a verification, and of which checks each tells."""

_NOTES = 20
"""Notes of `verify` that a screen shows."""


def verified(answer: Answer) -> Screen:
    """What was held against what, each difference, and the word at the end."""
    basis, rows = answer.basis, answer.rows()
    checked = basis["checked"]
    checks = {row["check"] for row in rows}
    outside = checked["outside"]
    said = {
        "chain": f"{checked['entries']:,} entries, head {basis['head_hash'][:8]}",
        "tree": f"as the head has it, with {_number(checked['checkpoints'], 'checkpoint')} on it",
        "balances": f"{checked['accounts']:,} accounts: stored = DuckDB = Python",
        "states": "no headroom below zero but with a second officer's approval",
        "copies": "what questions are answered from: as stored",
        "events": _number(checked["events"], "event"),
        **({"store": "the file and its indexes, as SQLite finds them"} if "store" in checks else {}),
        **({"outside": f"as signed in {outside}"} if outside else {}),
    }
    cells = [[name, f"{line}{_but(VERIFIED[name] & checks)}"] for name, line in said.items()]
    if not outside:
        would = "held to no checkpoint kept elsewhere: a tail that was cut would not show (--checkpoint)"
        cells.append(["outside", would])
    notes = [f"{note}: reported, not a fault" for note in basis["notes"][:_NOTES]]
    if (more := len(basis["notes"]) - _NOTES) > 0:
        notes.append(f"{more:,} more, all of them with --format json")
    cells.extend([label, note] for label, note in zip(("notes", *[""] * _NOTES), notes, strict=False))
    screen: Screen = [Grid([Column("", "name"), Column("", "words")], cells)]
    if not rows:
        return [*screen, "Intact."]
    columns = [
        Column("Entry", "figure", titles=True), Column("Check", "name", titles=True),
        Column("Expected", "words"), Column("Found", "words"),
    ]  # fmt: skip
    differences = [[figure(row["seq"]), row["check"], row["expected"], row["found"]] for row in rows]
    advice = "write nothing more to it, keep a copy, and compare with the last backup"
    found = _number(len(rows), "difference")
    return [*screen, Grid(columns, differences), f"NOT INTACT: {found}; {advice}."]


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _but(checks: Iterable[str]) -> str:
    return f": NO, see {', '.join(sorted(checks))}" if checks else ""


def reference(answer: Answer, headings: Mapping[str, Column]) -> Screen:
    """Reference data: the named columns, in their order."""
    cells = [[_cell(row[name]) for name in headings] for row in answer.rows()]
    return [Grid(list(headings.values()), cells)]


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return figure(value) if isinstance(value, (int, Decimal)) else str(value or "")


REGIME = {
    "key": Column("Key", "name", titles=True), "value": Column("Value", "words"),
    "status": Column("Status", "name"), "citation": Column("Citation", "words", may_go=True),
}  # fmt: skip
DEVICES = {
    "device_id": Column("Device", "name", titles=True), "device_name": Column("Name", "words", may_go=True),
    "tpp": _figure("TPP"), "h100e": _figure("H100e"), "performance_density": _figure("Density"),
    "counts_3a090_a": Column("3A090.a", "name"), "valid_from": Column("From", "name"),
    "source": Column("Source", "words", may_go=True),
}  # fmt: skip
COUNTRIES = {
    "country": Column("", "name", titles=True), "country_name": Column("Country", "words", titles=True),
    "tier": _figure("Tier"), "treated_as": Column("Treated as", "name"), "valid_from": Column("From", "name"),
    "source": Column("Source", "words", may_go=True),
}  # fmt: skip
CHECKS = {
    "check": Column("Check", "name", titles=True),
    "state": Column("State", "name", titles=True, styles=STATES),
    "found": Column("Found", "words"), "advice": Column("What to do", "words"),
}  # fmt: skip
GUARDS = {
    "guard": Column("Guard", "words", titles=True), "stops": Column("Stops, or shows", "words"),
    "does_not_stop": Column("Does not stop", "words"),
}  # fmt: skip
