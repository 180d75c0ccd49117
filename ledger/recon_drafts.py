"""What a break says in words, and what would put it right: drafts, which people may propose and nobody posts.

Where two of three agree, the third is drafted to be corrected: the ledger by entries, a source by asking it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeGuard

from ledger import sound
from ledger.recon_breaks import TRANSIT_DAYS

WHO = {
    "licenses": "the licensing office", "declarations": "customs", "shipments": "the vendor",
    "reexports": "the report", "ledger": "the ledger",
}  # fmt: skip

Row = Mapping[str, Any]
Step = dict[str, Any]

_QUANTITIES = frozenset({"QUANTITY", "UNIT", "CUMULATIVE_AS_DELTA"})
_CORRECTED = {"DEVICE": "device_id", "PERIOD": "effective_on"}
_CELLS = frozenset({"COUNTRY", "DEVICE_UNKNOWN", "UNIT", "PERIOD"})
"""Codes for which a row is set aside because of one cell: nothing of such a row can be posted."""

_FIGURES = frozenset({"quantity", "tpp"})
"""Of the changes to an entry, those that are whole numbers: a license number of digits is a name."""

_LEFT_ALL_THE_SAME = {
    "EXPIRED_USE": "left when the license was not in force",
    "UNKNOWN_LICENSE": "left under a license that is not known",
    "UNLICENSED_EXPORT": "left without a license",
}

_SENTENCES = {
    "MISSING_IN_SOURCE": "{who} knows nothing of {what}, which the ledger has on {on_day}",
    "MISSING_IN_LEDGER": "{who} has {what} on {on_day}; the ledger has nothing of it",
    "UNKNOWN_LICENSE": "{what} left under {license_no}, a license that nobody knows",
    "UNLICENSED_EXPORT": "{what} left on {on_day} without a license",
    "QUANTITY": "the ledger has {ledger_says}, {who} {source_says}",
    "UNIT": "the ledger has {ledger_says}, {who} {source_says}: {times} times, so one of them may count "
    "systems or thousands",
    "CUMULATIVE_AS_DELTA": "{who} told it several times, {source_says} in all; the ledger added the tellings "
    "up to {ledger_says}",
    "DEVICE": "the ledger has {ledger_says}, {who} {source_says}",
    "COUNTRY": "the ledger has it go to {ledger_says}, {who} to {source_says}",
    "DUPLICATE": "the ledger has {ledger_says} in {entries} entries, {who} has {source_says} once",
    "CANCELLED_AT_SOURCE": "{who} cancelled it; the ledger still has {ledger_says}",
    "OVER_LICENSE": "{source_says} TPP left under the license, which allows {ledger_says}",
    "EXPIRED_USE": "used on {on_day}; the license {ledger_says}",
    "TREATMENT": "the ledger has it under {ledger_says}, {who} under {source_says}",
    "REEXPORT_ONE_LEG": "the ledger has {ledger_says} of it, {who} {source_says}",
    "SERIAL_CONFLICT": "the same serial numbers are in {ledger_says} and in {source_says}",
    "PERIOD": "the ledger has it on {ledger_says}, {who} on {source_says}",
    "ROLLUP": "the ledger adds up to {ledger_says} TPP, the lines and breaks of {who} to {source_says}",
    "LICENSE_MISSING_LEDGER": "{who} has a license of {source_says} TPP that the ledger does not know",
    "LICENSE_MISSING_SOURCE": "the ledger has a license of {ledger_says} TPP that {who} does not know",
    "LICENSE_DIFFERS": "the ledger says {ledger_says}, {who} {source_says}",
}


def sentence(row: Row) -> str:
    """The break in words, with the figures of both sides, and of the third where there is one."""
    if row["reason"]:
        return str(row["reason"])
    if row["code"] == "DUPLICATE" and not row["seqs"]:
        told_as = row["ledger_says"]
        return f"{WHO[row['source']]} has {_goods(row)} on {row['on_day']} again, as {told_as} told it"
    if row["code"] == "IN_TRANSIT":
        due_on = row["on_day"] + timedelta(days=TRANSIT_DAYS)
        return f"left on {row['on_day']} and is not told of yet: due by {due_on}"
    template = _SENTENCES.get(row["code"])
    if template is None:
        return ""
    shown = str if row["code"] == "TREATMENT" else _figure
    said = template.format(
        who=WHO[row["source"]],
        what=_goods(row),
        entries=len(row["seqs"] or ()),
        times=_times(row),
        license_no=row["license_no"],
        on_day=row["on_day"],
        **{name: shown(row[name]) for name in ("ledger_says", "source_says")},
    )
    if row["code"] == "COUNTRY" and _is_apart(row):
        said += f" under {row['license_no']}"
    third = row["third_says"]
    if not third:
        return said
    return (
        f"{said}; {WHO['shipments']} {'has nothing of it' if third == 'nothing' else f'has {shown(third)}'}"
    )


def _goods(row: Row) -> str:
    says = (
        row["source_says"]
        if row["source_says"] not in (None, "nothing", "no license")
        else row["ledger_says"]
    )
    count = f"{_figure(says)} x " if _is_count(says) and says != row["license_no"] else ""
    goods = f"{count}{row['device_id'] or 'unnamed device'}"
    if says is not None and says.endswith(" TPP") and row["device_id"] is None:  # all that is known of them
        goods = says
    return f"{goods} to {row['country'] or 'an unknown country'}"


def _is_count(text: str | None) -> TypeGuard[str]:
    """Whether this is a whole number: of other signs, too, Python says that they are digits."""
    return text is not None and text.isascii() and text.isdigit()


def _figure(value: Any) -> str:
    """Digits by three; anything else as it is."""
    text = "" if value is None else str(value)
    return f"{int(text):,}" if _is_count(text) else text


def _times(row: Row) -> int:
    sides = [int(says) for says in (row["ledger_says"], row["source_says"]) if _is_count(says)]
    return max(sides) // max(1, min(sides)) if len(sides) == 2 else 0


# ------------------------------------------------------------------------------------------------ drafts


def draft(row: Row) -> dict[str, Any] | None:
    """Whom to correct, who agrees on that, and the steps; None where it is not two against one."""
    agree = row["agree"] or _by_itself(row)
    if agree is None:
        return None
    sides = agree.split("+")
    if "ledger" in sides:
        (wrong,) = {"ledger", "declarations", "shipments"} - set(sides)
        asked = {"ask": wrong, "about": row["key"], "file": row["file_line"], "filer": row["filer"]}
        steps = [{name: value for name, value in asked.items() if value is not None}]
    else:
        wrong, steps = "ledger", _steps(row)
    return {"correct": wrong, "agree": sides, "steps": steps} if steps else None


def _by_itself(row: Row) -> str | None:
    """What needs no third witness: it was taken back, told twice, or entered twice."""
    entered_twice = row["code"] == "DUPLICATE" and len(row["seqs"] or ()) > 1
    if row["code"] in ("CANCELLED_AT_SOURCE", "CUMULATIVE_AS_DELTA") or entered_twice:
        return str(row["source"])
    return None


def _steps(row: Row) -> list[Step]:
    code, seqs, says = row["code"], row["seqs"] or [], row["source_says"] or ""
    if code in _CELLS and row["reason"]:
        return []
    if not seqs:
        return [{"post": each} for each in _missed(row)]
    undone: list[Step] = [{"reverse": seq} for seq in seqs]
    if row["elsewhere_tpp"] and not _is_apart(row):
        # The license is for the other country: there it is an export without one. What else two of three say
        # of these goods is in that already.
        return [*undone, {"post": _elsewhere(row)}] if code == "COUNTRY" else []
    if code in _QUANTITIES and _is_count(says) and says != row["ledger_says"]:
        return _counted(row, seqs, int(says))
    if changes := _changes(row):
        return [{"correct": seq, "changes": changes} for seq in seqs]
    steps = {"DUPLICATE": undone[1:], "MISSING_IN_SOURCE": undone, "CANCELLED_AT_SOURCE": undone}
    return steps.get(code, [])


def _differ(row: Row) -> bool:
    """Whether what the source says is another of what the ledger says: a day, a device."""
    ours, theirs = row["ledger_says"], row["source_says"]
    if row["code"] == "PERIOD" and not all(sound.is_day(each or "") for each in (ours, theirs)):
        return False
    return theirs not in (None, "", ours)


def _is_apart(row: Row) -> bool:
    """Whether a source has the goods under another license than the ledger: only their ITN is the same."""
    return row["source"] != "reexports" and bool(row["seqs"]) and row["match_key"] is None


def _changes(row: Row) -> Mapping[str, Any]:
    """What the entry should say instead; empty where nothing else is said, or it cannot be posted."""
    code, says = row["code"], row["source_says"]
    if code in ("TREATMENT", "COUNTRY") and row["elsewhere_tpp"] and _is_apart(row):
        country = {"country": says} if code == "COUNTRY" else {}
        return {**country, "license_no": row["license_no"]}
    return {_CORRECTED[code]: says} if code in _CORRECTED and _differ(row) else {}


_NEEDED = frozenset({"country", "effective_on", "device_id", "quantity"})
_BEYOND = "left beyond what the license holds"


def _counted(row: Row, seqs: Sequence[int], right: int) -> list[Step]:
    """One entry of so many pieces in place of all: beside it an overrun, where its license has no room."""
    kept, held = row["kept_seq"] or seqs[0], right
    if row["room_tpp"] is not None and row["drawn_tpp"]:
        held = min(right, (row["room_tpp"] + row["drawn_tpp"]) // row["piece_tpp"]) or right
    steps: list[Step] = [{"reverse": seq} for seq in seqs if seq != kept]
    if row["kept_quantity"] != held:
        # what was posted by its TPP alone has no device to count yet
        device = {} if row["kept_device_id"] else {"device_id": row["device_id"]}
        steps.append({"correct": kept, "changes": {**device, "quantity": held}})
    if held < right:
        beyond = _entry(row, "overrun", right - held, _BEYOND) | {"reference": row["kept_reference"]}
        steps.append({"post": {name: value for name, value in beyond.items() if value is not None}})
    return steps


def _missed(row: Row) -> list[dict[str, Any]]:
    """What the ledger should have: an export, and, as far as no license lets it pass, an overrun.

    Nothing where the ledger does not know the license that others know: that is posted first.
    """
    says, reason = row["source_says"], _LEFT_ALL_THE_SAME.get(row["code"])
    quantity = int(says) if _is_count(says) else None
    if row["code"] in ("MISSING_IN_LEDGER", "EXPIRED_USE") and not row["is_held"]:
        posts = []
    elif reason is not None or quantity is None or row["room_tpp"] is None:
        posts = [_entry(row, "export" if reason is None else "overrun", quantity, reason)]
    else:
        held = min(quantity, row["room_tpp"] // row["piece_tpp"])
        posts = [_entry(row, "export", held, None)] if held else []
        if held < quantity:
            posts.append(_entry(row, "overrun", quantity - held, _BEYOND))
    return [each for each in posts if each.keys() >= _NEEDED]


def _entry(row: Row, kind: str, quantity: int | None, reason: str | None) -> dict[str, Any]:
    """So many pieces of what a break is about, as an entry."""
    known = {
        "kind": kind,
        "country": row["country"],
        "effective_on": _day(row["on_day"]),
        "license_no": None if row["code"] in ("UNKNOWN_LICENSE", "UNLICENSED_EXPORT") else row["license_no"],
        "device_id": row["device_id"],
        "quantity": quantity,
        "reference": row["key"],
        "reason": reason,
    }
    return {name: value for name, value in known.items() if value is not None}


def _elsewhere(row: Row) -> dict[str, Any]:
    known = {
        "kind": "overrun", "country": row["source_says"], "effective_on": _day(row["on_day"]),
        "device_id": row["elsewhere_device_id"], "quantity": row["elsewhere_quantity"],
        "tpp": row["elsewhere_tpp"], "reference": row["key"],
        "reason": f"went to {row['source_says']}, not to {row['ledger_says']}",
    }  # fmt: skip
    return {name: value for name, value in known.items() if value is not None}


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def blocking(country: str, tpp: int, name: str, on: str) -> dict[str, Any]:
    """A block of what is at stake in a critical break, from a day on, until it is cleared up."""
    reason = f"critical break {name}: set aside until it is cleared up"
    given = {"kind": "block", "country": country, "effective_on": on, "tpp": tpp, "reason": reason}
    return {"correct": "ledger", "agree": [], "steps": [{"post": given}]}


def lifting(seq: int) -> dict[str, Any]:
    """The end of a block."""
    return {"correct": "ledger", "agree": [], "steps": [{"reverse": seq}]}


def in_words(step: Mapping[str, Any]) -> str:
    """One step of a draft, as somebody reads it."""
    if "reverse" in step:
        return f"reverse entry {step['reverse']:,}"
    if "correct" in step:
        changes = ", ".join(
            f"{name} {_figure(value) if name in _FIGURES else value}"
            for name, value in step["changes"].items()
        )
        return f"correct entry {step['correct']:,}: {changes}"
    if "ask" in step:
        return f"ask {WHO[step['ask']]} about {step['about']}"
    post = step["post"]
    return f"post {post['kind']} {post['country']} {_figure(post.get('quantity') or post.get('tpp'))}"
