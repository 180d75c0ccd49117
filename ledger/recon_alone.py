"""What one person types who has nobody to confirm what was proposed for a break."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ledger.model import UNDONE_BY, Kind
from ledger.proposed import CORRECTED

_WORKED_OUT = ("tpp", "expires_on")
"""What `correct` works out where it is not given, so that none is said of it."""


def by_hand(entries: Sequence[Mapping[str, Any]]) -> str:
    """The commands that post these entries: as a correction, as reversals, or as rows of a file."""
    undoing = [each for each in entries if each.get("reverses_seq") is not None]
    right = [each for each in entries if each.get("reverses_seq") is None]
    if not undoing:
        return f"tppq post FILE (with {'a row for it' if len(right) == 1 else 'a row for each'})"
    if not right:
        return " and ".join(f"tppq reverse {each['reverses_seq']} --reason WHY" for each in undoing)
    if len(undoing) == len(right) == 1:
        return f"tppq correct {undoing[0]['reverses_seq']} {_changes(undoing[0], right[0])} --reason WHY"
    return "tppq reverse of what is wrong and tppq post FILE (with what is right)"


def _changes(wrong: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """What is right in an entry, as `correct` takes it; what undoes it says what was wrong."""
    was = {**wrong, "kind": UNDONE_BY[Kind(wrong["kind"])].value}
    changed = [
        name
        for name in CORRECTED
        if was.get(name) != right.get(name) and not (name in _WORKED_OUT and right.get(name) is None)
    ]
    sets = (f"--set {shlex.quote(f'{name}={_written(right.get(name))}')}" for name in changed)
    return " ".join(sets) or "--set KEY=VALUE"


def _written(value: object) -> str:
    return "" if value is None else str(value)
