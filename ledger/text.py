"""What text may hold, and how text that holds more is shown: one rule for files, programs and screens.

Refused are characters that cannot be seen and change what is: control characters, of which many terminals
take U+009B for the start of a command as they do ESC, and those that turn the direction of writing, which
let a line read as what it is not (Unicode Standard Annex 9, 2). `schemas/feed/cell.sql` says the same to
DuckDB; a test holds them together, character by character.
"""

from __future__ import annotations

import re
import unicodedata

from ledger.errors import BadQuery

NAME_LENGTH, REMARK_LENGTH = 128, 2000
"""The most characters of a text that names something, and of one that remarks on it."""

BLANKS = f"\t\n\v\f\r \x85\xa0\u1680{''.join(map(chr, range(0x2000, 0x200B)))}\u2028\u2029\u202f\u205f\u3000"
"""What is stripped from the ends of a text: Unicode's White_Space (`str.strip` takes more)."""

_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNFIT = re.compile(f"[\x00-\x1f\x7f-\x9f{_TURNS}\ud800-\udfff]")  # the last: bytes that were no text
_UNFIT_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{_TURNS}]")
"""What ends a line to many who read lines, among it; below U+0020 are but the blanks of JSON's own layout."""


def clean_text(value: str) -> str:
    """`value` in Unicode NFC. Raises ValueError for a character that no text may hold."""
    found = None if value.isprintable() else _UNFIT.search(value)
    if found is not None:
        code = ord(found[0])
        if code < 32 or code == 127:
            raise ValueError("has a control character (a tab or a line break, perhaps): remove it")
        raise ValueError(f"has a character that cannot be seen (U+{code:04X}): remove it")
    return unicodedata.normalize("NFC", value)


def length(value: str) -> int:
    """How many characters a text has, as it was given or as it is kept (NFC), whichever are more."""
    return len(value) if value.isascii() else max(len(value), len(unicodedata.normalize("NFC", value)))


def named(field: str, value: str) -> str:
    """A text that names something, as it is kept: clean, and stripped of blanks. Raises BadQuery."""
    return _given(field, value, NAME_LENGTH)


def remarked(field: str, value: str) -> str:
    """The same of a text that remarks on something: a reason, a comment. Raises BadQuery."""
    return _given(field, value, REMARK_LENGTH)


def written(field: str, value: object) -> str:
    """A text, as it was given. Raises BadQuery for what is none, as a program without types may give."""
    if not isinstance(value, str):  # it would be hashed as what it is
        raise BadQuery(f"{field} is {value!r}: write it as text", field=field)
    return value


def _given(field: str, value: object, most: int) -> str:
    stripped = written(field, value).strip(BLANKS)
    if not stripped:
        raise BadQuery(f"{field} is empty: write at least a word", field=field)
    if length(stripped) > most:
        raise BadQuery(f"{field} is {length(stripped):,} characters long: {most:,} at most", field=field)
    try:
        return clean_text(stripped)
    except ValueError as error:
        raise BadQuery(f"{field} {error}", field=field) from None


def visible(value: str) -> str:
    r"""`value` as a screen may show it: what no text may hold is shown as a sign, ␛, or by its code, \u009b.

    For text that was kept before it was refused, and for what a query brings.
    """
    return value if value.isprintable() else _UNFIT.sub(_sign, value)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 32 or code == 127:
        return chr(0x2400 + min(code, 33))
    return _code(found)


def by_code(written: str) -> str:
    """A line of JSON, in which such characters stand by their codes: it says the same."""
    return _UNFIT_IN_JSON.sub(_code, written)


def _code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
