"""What a question is asked with, as people write it: a day, an instant it was known at, a whole number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from operator import index
from typing import Any, SupportsIndex

from ledger.errors import BadQuery

_LOOSE_DAY = re.compile(r"\s*(\d{4})-(\d\d?)-(\d\d?)\s*")
WHOLE = re.compile(r"[0-9]+|[1-9][0-9]{0,2}(,[0-9]{3})+")
"""A whole number as people write it, and as screens show it."""


def whole(given: object) -> int | None:
    """A whole number as Python has it, also of one of NumPy's, out of an answer; None of what is none."""
    if isinstance(given, bool) or not isinstance(given, SupportsIndex):
        return None
    try:
        return index(given)
    except TypeError:  # NumPy's arrays and truths say that they are numbers, and are none
        return None


def seq(given: object) -> int:
    """The number of an entry. Raises BadQuery."""
    number = whole(given)
    if number is None:
        raise BadQuery(f"seq is {given!r}: write a whole number, that of an entry", field="seq")
    return number


def day(given: date | str | None) -> str | None:
    """A day as ISO text; None stays None. Raises BadQuery."""
    if given is None or isinstance(given, datetime):
        return None if given is None else given.date().isoformat()
    try:
        return (given if isinstance(given, date) else date.fromisoformat(given)).isoformat()
    except (TypeError, ValueError):
        raise BadQuery(f"'{given}' is not a day: write YYYY-MM-DD", value=str(given)) from None


def instant(given: date | str | None) -> str | None:
    """An instant in UTC as ISO text; a day alone means its end, a time without a zone is UTC.

    Raises BadQuery.
    """
    if given is None:
        return None
    try:
        at = given if isinstance(given, datetime) else _written(given)
        utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at - (at.utcoffset() or timedelta())
    except (TypeError, ValueError, OverflowError):
        raise BadQuery(
            f"'{given}' is not a time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ", value=str(given)
        ) from None
    return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"  # strftime pads no year


def _written(given: date | str) -> datetime:
    """An instant as it was written. Raises ValueError, and TypeError for what is neither day nor text."""
    if isinstance(given, date):
        return datetime.combine(given, time.max)
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(given), time.max)
    return datetime.fromisoformat(given)


def times(as_of: date | str | None, known_at: date | str | None) -> dict[str, str | None]:
    """Both, as the values that the macros of the core take."""
    return {"as_of": day(as_of), "known_at": instant(known_at)}


def bound_times(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Both, of the values that a query is asked with; a day also as SQL takes it, as 2026-1-12.

    Raises BadQuery.
    """
    return times(_padded(values.get("as_of")), _padded(values.get("known_at")))


def _padded(given: Any) -> Any:
    """A day with all its digits, of a text with fewer, or with blanks around it."""
    match = _LOOSE_DAY.fullmatch(given) if isinstance(given, str) else None
    return given if match is None else f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}"
