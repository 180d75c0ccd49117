"""The times of a question: a day it is asked as of, an instant it was known at, as ISO text."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ledger.errors import BadQuery


def day(given: date | str | None) -> str | None:
    """A day as ISO text; None stays None. Raises BadQuery."""
    if given is None or isinstance(given, datetime):
        return None if given is None else given.date().isoformat()
    try:
        return (given if isinstance(given, date) else date.fromisoformat(given)).isoformat()
    except ValueError:
        raise BadQuery(f"'{given}' is not a day: write YYYY-MM-DD", value=str(given)) from None


def instant(given: datetime | str | None) -> str | None:
    """An instant in UTC as ISO text; a day alone means its end, a time without a zone is UTC.

    Raises BadQuery.
    """
    if given is None:
        return None
    try:
        at = given if isinstance(given, datetime) else datetime.fromisoformat(given)
        if isinstance(given, str) and ":" not in given and "T" not in given:
            at = datetime.combine(at.date(), time.max)
        utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at - (at.utcoffset() or timedelta())
    except (ValueError, OverflowError):
        raise BadQuery(
            f"'{given}' is not a time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ", value=str(given)
        ) from None
    return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"  # strftime pads no year


def times(as_of: date | str | None, known_at: datetime | str | None) -> dict[str, str | None]:
    """Both, as the values that the macros of the core take."""
    return {"as_of": day(as_of), "known_at": instant(known_at)}
