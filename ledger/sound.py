"""Whether what is stored or told is such as the ledger itself writes it: an instant, a day, a key, a text.

Entries are looked at by thousands, and nearly all of them are sound: all together first, and one by one only
where that does not pass.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from datetime import date, datetime

_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_KEY = re.compile("[0-9a-f]{64}")
_DIGITS_ALIKE = bytes(ord("0") if chr(code).isdigit() and code < 128 else code for code in range(256))
_SHAPE = b"0000-00-00T00:00:00.000000Z"
"""An instant, each digit as 0."""


def is_instant(text: str) -> bool:
    """Whether a text is an instant in whole microseconds, UTC, as the ledger writes it."""
    return are_instants((text,))


def are_instants(texts: Sequence[str]) -> bool:
    """The same of many texts."""
    try:
        joined = "\n".join(texts).encode()
        deque(map(datetime.fromisoformat, texts), maxlen=0)  # days of the calendar, hours of the day
    except ValueError:
        return False
    shape = b"\n".join([_SHAPE] * len(texts))
    return joined.translate(_DIGITS_ALIKE) == shape and b"T24" not in joined  # some take that for midnight


def is_day(text: str) -> bool:
    """Whether a text is a day as the ledger writes it."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_key(text: str) -> bool:
    """Whether a text is a key, or a hash, as the ledger writes it: 32 bytes in hexadecimal."""
    return _KEY.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Whether a text holds no control character of ASCII, which no version of the ledger ever took.

    What else `ledger.text` refuses may have been kept before it did; screens show it by signs.
    """
    return _CONTROL.search(text) is None


def hold_text(bodies: bytes) -> bool:
    """The same of all texts in canonical JSON, of many entries, where such stand by signs of their own."""
    if b"\x7f" in bodies:
        return False
    return b"\\" not in bodies or all(each in b'"\\' for each in set(_ESCAPED.findall(bodies)))
