"""What each field of a log may hold: it comes from elsewhere, and is judged before any of it is stored.

Only what a field may hold by itself is judged here. Whether rows fit together the chain says, and `verify`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import orjson

from ledger import events, merkle, sound
from ledger.errors import REFUSALS, problem_of
from ledger.evidence import COLUMNS, HASH_V
from ledger.model import MOST_TPP, Kind
from ledger.submission import Head
from ledger.text import NAME_LENGTH, REMARK_LENGTH

_NONE = type(None)
_HASH, _HASH_LENGTH = re.compile("[0-9a-f]*"), 64


class Field(NamedTuple):
    """What a field may hold: values of which types, whether all of several are such, and that in words."""

    types: frozenset[type]
    fit: Callable[[AbstractSet[Any]], bool]
    must_be: str

    def or_none(self) -> Field:
        """The same, where it may also be null."""
        return Field(self.types | {_NONE}, self.fit, f"{self.must_be}, or null")


class Unfit(NamedTuple):
    """A field that holds what it may not: of which row (0 is the first), what it holds, what it must be."""

    row: int
    name: str
    value: Any
    must_be: str


def _texts(fit: Callable[[AbstractSet[str]], bool], must_be: str) -> Field:
    return Field(frozenset({str}), fit, must_be)


def _text(most: int) -> Field:
    said = f"must be text of 1 to {most:,} characters, without control characters"
    return _texts(
        lambda texts: all(texts) and max(map(len, texts)) <= most and sound.is_text("".join(texts)), said
    )


def _whole(least: int, most: int = MOST_TPP) -> Field:
    said = f"must be a whole number from {least:,} to {most:,}"
    return Field(frozenset({int}), lambda numbers: least <= min(numbers) <= max(numbers) <= most, said)


def _one_of(*known: str | int) -> Field:
    said = f"must be {', '.join(map(str, known[:-1]))} or {known[-1]}" if known[1:] else f"must be {known[0]}"
    return Field(frozenset(map(type, known)), lambda values: values <= set(known), said)


def _each(fits: Callable[[str], bool], must_be: str) -> Field:
    return _texts(lambda texts: all(map(fits, texts)), must_be)


def _are_hashes(texts: AbstractSet[str]) -> bool:
    return set(map(len, texts)) == {_HASH_LENGTH} and _HASH.fullmatch("".join(texts)) is not None


def _has_object(text: str) -> bool:
    return _object(text) is not None


def _is_problem(text: str) -> bool:
    return problem_of(text)["type"] in REFUSALS


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


_NAME, _REMARK = _text(NAME_LENGTH), _text(REMARK_LENGTH)
_COUNT, _FROM_ZERO, _ANY_WHOLE = _whole(1), _whole(0), _whole(-MOST_TPP)
_INSTANT = _texts(
    lambda texts: sound.are_instants(list(texts)), "must be an instant such as 2026-01-31T12:00:00.000000Z"
)
_DAY = _each(sound.is_day, "must be a day such as 2026-01-31")
_KEY = _texts(_are_hashes, "must be 64 hexadecimal characters")
_SUBJECT = _each(lambda text: "\0" not in text and len(text) <= REMARK_LENGTH, "must be text without NUL")
_JSON = _each(_has_object, "must be text that is a JSON object")

_NAMES = ("country", "programme", "request_id", "regime", "quota", "holder", "actor")
_NAMES_OR_NONE = ("license_no", "device_id", "body_hash", "group_id", "approver")
_REMARKS_OR_NONE = ("consignee", "exporter", "reference", "reason")

ENTRY = {
    **dict.fromkeys(_NAMES, _NAME),
    **dict.fromkeys(_NAMES_OR_NONE, _NAME.or_none()),
    **dict.fromkeys(_REMARKS_OR_NONE, _REMARK.or_none()),
    "kind": _one_of(*(kind.value for kind in Kind)), "effective_on": _DAY, "expires_on": _DAY.or_none(),
    "quantity": _COUNT.or_none(), "reverses_seq": _COUNT.or_none(), "seq": _COUNT, "tpp": _COUNT,
    "recorded_at": _INSTANT, "request_part": _FROM_ZERO, "headroom_after_tpp": _ANY_WHOLE,
    "hash_v": _one_of(HASH_V), "prev_hash": _KEY, "hash": _KEY,
}  # fmt: skip
REFUSAL = {
    "request_id": _NAME, "attempt": _COUNT, "body_hash": _NAME.or_none(),
    "problem": _each(_is_problem, "must be text that is a refusal, as a JSON object"),
    "refused_at": _INSTANT, "actor": _NAME,
}  # fmt: skip
EVENT = {
    "seq": _COUNT, "recorded_at": _INSTANT, "actor": _NAME, "topic": _NAME, "subject": _SUBJECT,
    "action": _NAME, "detail": _JSON, "prev_hash": _KEY, "hash": _KEY,
}  # fmt: skip
HEAD = {
    "seq": _FROM_ZERO, "hash": _KEY, "recorded_at": _INSTANT, "regime": _NAME, "schema_version": _COUNT,
    "origin": _each(merkle.is_origin, "must be the name of a ledger"), "salt_key": _KEY,
    "shared": _one_of(0, 1), "tree": _each(lambda text: "\0" not in text, "must be text without NUL"),
}  # fmt: skip
FIELDS = {
    "entry": {name: ENTRY[name] for name in COLUMNS},
    "refusal": REFUSAL,
    "event": {name: EVENT[name] for name in events.COLUMNS},
    "head": {name: HEAD[name] for name in Head._fields},
}
"""The fields of each kind of row, in the order of its columns."""


def first_unfit(table: str, rows: Sequence[Sequence[Any]]) -> Unfit | None:
    """The first field of some rows that holds what it may not; None where each holds what it may.

    By column, since the values of most are few; row by row only where one does not pass.
    """
    fields = FIELDS[table]
    columns = zip(fields.values(), zip(*rows, strict=True), strict=True)
    return None if all(_all_fit(field, column) for field, column in columns) else next(_unfit(table, rows))


def _all_fit(field: Field, column: Sequence[Any]) -> bool:
    if not set(map(type, column)) <= field.types:
        return False
    values = set(column) - {None}
    return not values or field.fit(values)


def _unfit(table: str, rows: Sequence[Sequence[Any]]) -> Iterator[Unfit]:
    for number, row in enumerate(rows):
        for (name, field), value in zip(FIELDS[table].items(), row, strict=True):
            if not _all_fit(field, (value,)):
                yield Unfit(number, name, value, field.must_be)
