"""The entries that put a mistake right: what undoes a stored entry, and what is right in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from ledger import question
from ledger.entry import Entry
from ledger.errors import BadQuery, Refused, UnknownName
from ledger.model import GIVEN, UNDONE_BY, Kind
from ledger.store import Store
from ledger.terms import years_later
from ledger.text import remarked, visible

_MOST = 2**63 - 1
"""The largest number that a store understands."""

_REMARKS = ("consignee", "exporter", "reference", "reason")
"""What may have been kept when text could hold more than now; that keeps no mistake from being put right."""


def undoing(store: Store, seq: int, reason: str) -> Entry:
    """What undoes one entry, whole: its opposite kind on the same day. Raises UnknownName, BadQuery."""
    seq = question.seq(seq)
    return _opposite(_given(store, seq), seq, reason)


def correction(store: Store, seq: int, changes: Mapping[str, Any], reason: str) -> tuple[Entry, Entry]:
    """What undoes one entry, and the same with these changes.

    What follows from a field that changes is worked out anew, unless it is among the changes: the TPP from
    device and quantity, who holds a quota from the country, an expiry whole years after its day from the day.
    Raises UnknownName, BadQuery (nothing would change; a seq or changes that are none), ValidationError as
    `Entry` does, of what can be no entry.
    """
    if not isinstance(changes, Mapping):
        raise BadQuery(f"changes is {changes!r}: name each field with its value, as a dict", field="changes")
    seq = question.seq(seq)
    given = _given(store, seq)
    undone = _opposite(given, seq, reason)
    was = Entry.model_validate({**given, "reverses_seq": None})
    if "tpp" not in changes and {"device_id", "quantity"} & changes.keys():
        given["tpp"] = None
    if "country" in changes:
        given["holder"] = None
    right = Entry.model_validate(
        {**given, "reason": given["reason"] or reason, "reverses_seq": None, **changes}
    )
    if all(getattr(right, name) == getattr(was, name) for name in changes):
        raise BadQuery(f"entry {seq:,} says that already: name what is to change", seq=seq)
    if "expires_on" not in changes and was.expires_on is not None:
        years = was.expires_on.year - was.effective_on.year
        ran_whole_years = years_later(was.effective_on.isoformat(), years) == was.expires_on.isoformat()
        if ran_whole_years and right.effective_on.year + years <= date.max.year:
            expires_on = years_later(right.effective_on.isoformat(), years)
            right = right.model_copy(update={"expires_on": date.fromisoformat(expires_on)})
    return undone, right


def in_order(try_out: Callable[..., object], undone: Entry, right: Entry) -> tuple[Entry, Entry]:
    """What undoes an entry and the right one, in the order in which they can be posted.

    `try_out` posts nothing, and raises Refused where they cannot be. What was drawn on since, a license under
    which goods left, say, cannot be undone before the right one is there to carry that.
    """
    fitting = (both for both in ((undone, right), (right, undone)) if _fits(try_out, both))
    return next(fitting, (undone, right))


def _fits(try_out: Callable[..., object], both: tuple[Entry, Entry]) -> bool:
    try:
        try_out(*both)
    except Refused:
        return False
    return True


def _given(store: Store, seq: int) -> dict[str, Any]:
    """A stored entry as the fields that were posted."""
    rows = store.read("given", seq=seq) if 0 < seq <= _MOST else ()
    if not rows:
        raise UnknownName(
            f"there is no entry {seq:,} in this ledger", field="seq", value=str(seq), nearest=None
        )
    given = dict(zip(GIVEN, rows[0], strict=True))
    return given | {name: visible(given[name]) for name in _REMARKS if given[name] is not None}


def _opposite(given: Mapping[str, Any], seq: int, reason: str) -> Entry:
    kind = UNDONE_BY[Kind(given["kind"])]
    why = remarked("reason", reason)
    undone = {"kind": kind, "reason": why, "reverses_seq": seq, "expires_on": None}
    return Entry.model_validate({**given, **undone})
