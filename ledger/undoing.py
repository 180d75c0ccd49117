"""The entries that put a mistake right: what undoes a stored entry, and what is right in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.entry import Entry
from ledger.errors import UnknownName
from ledger.model import UNDONE_BY, Kind
from ledger.store import Store
from ledger.text import remarked, visible

_GIVEN = tuple(Entry.model_fields)
_REMARKS = ("consignee", "exporter", "reference", "reason")
"""What may have been kept when text could hold more than now; that keeps no mistake from being put right."""


def undoing(store: Store, seq: int, reason: str) -> Entry:
    """What undoes one entry, whole: its opposite kind on the same day. Raises UnknownName, BadQuery."""
    return _opposite(_given(store, seq), seq, reason)


def correction(store: Store, seq: int, changes: Mapping[str, Any], reason: str) -> tuple[Entry, Entry]:
    """What undoes one entry, and the same with these changes.

    Where device or quantity change, the TPP is worked out anew unless it is among the changes; where the
    country changes, so does who holds its quota.
    """
    given = _given(store, seq)
    undone = _opposite(given, seq, reason)
    if "tpp" not in changes and {"device_id", "quantity"} & changes.keys():
        given["tpp"] = None
    if "country" in changes:
        given["holder"] = None
    right = {**given, "reason": given["reason"] or reason, "reverses_seq": None, **changes}
    return undone, Entry.model_validate(right)


def _given(store: Store, seq: int) -> dict[str, Any]:
    """A stored entry as the fields that were posted."""
    rows = store.read("given", seq=seq)
    if not rows:
        raise UnknownName(
            f"there is no entry {seq:,} in this ledger", field="seq", value=str(seq), nearest=None
        )
    given = dict(zip(_GIVEN, rows[0], strict=True))
    return given | {name: visible(given[name]) for name in _REMARKS if given[name] is not None}


def _opposite(given: Mapping[str, Any], seq: int, reason: str) -> Entry:
    kind = UNDONE_BY[Kind(given["kind"])]
    why = remarked("reason", reason)
    undone = {"kind": kind, "reason": why, "reverses_seq": seq, "expires_on": None}
    return Entry.model_validate({**given, **undone})
