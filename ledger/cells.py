"""One value of an answer as text: the same digits in every form.

Whole TPP stay whole, decimals keep the places they have, instants are UTC to the microsecond and end in Z.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

_FIGURES = ("int", "uint", "decimal", "float", "double", "halffloat")


def shown(value: Any, *, thousands: bool = True) -> str:
    """One value as text: nothing for None, digits by three if asked for, decimals with all their places."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return format(value, f"{',' if thousands else ''}{'f' if isinstance(value, Decimal) else 'd'}")
    if isinstance(value, (list, dict)):
        return orjson.dumps(value).decode()
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"  # strftime pads no year
    return value.isoformat() if isinstance(value, date) else str(value)


def is_figure(kind: object) -> bool:
    """Whether values of an Arrow type (or of its name) are shown as figures, and stand right."""
    return str(kind).startswith(_FIGURES)


def places_of(kind: object) -> int:
    """How many decimals values of an Arrow type (or of its name) have: decimal128(18, 2) has two."""
    name = str(kind)
    return int(name.rstrip(")").rpartition(",")[2]) if name.startswith("decimal") else 0
