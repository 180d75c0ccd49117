"""What people do around the ledger and what moves no TPP: one log of events, append-only, hashed and chained.

Users, proposals, checkpoints, audits, reconciliation runs and breaks are all folds over this log. An event is
chained like an entry: SHA-256 of the hash before it and the canonical JSON of its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from ledger.errors import Tampered
from ledger.evidence import FIRST_PREV_HASH, canonical, entry_hash

COLUMNS = ("seq", "recorded_at", "actor", "topic", "subject", "action", "detail", "prev_hash", "hash")
"""The columns of table `event`; the hash covers all but the chain's own two."""


class Telling(NamedTuple):
    """What is to be recorded; `detail` is anything that JSON holds, in whole numbers."""

    topic: str
    subject: str
    action: str
    detail: Mapping[str, Any]


class Event(NamedTuple):
    """What was recorded: the `seq`-th event, at an instant (UTC, ISO text), by whom."""

    seq: int
    at: str
    actor: str
    topic: str
    subject: str
    action: str
    detail: dict[str, Any]
    prev_hash: str
    hash: str


def read(row: Sequence[Any]) -> Event:
    """A row of table `event`, in the order of COLUMNS. Raises Tampered for a detail that is no object."""
    seq, at, actor, topic, subject, action, detail, prev_hash, own_hash = row
    try:
        said = orjson.loads(detail)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        changed = f"event {seq:,} ({topic} {subject}) was changed: its detail is not a JSON object"
        raise Tampered(changed, event_seq=seq)
    return Event(seq, at, actor, topic, subject, action, said, prev_hash, own_hash)


def chained(
    tellings: Iterable[Telling],
    actor: str,
    last: tuple[int, str] | None,
    instant: Callable[[], str],
) -> list[tuple[Any, ...]]:
    """The tellings as rows of table `event` that continue the `last` one (seq, hash)."""
    seq, prev_hash = last or (0, FIRST_PREV_HASH)
    rows: list[tuple[Any, ...]] = []
    for topic, subject, action, detail in tellings:
        seq += 1
        fields = (seq, instant(), actor, topic, subject, action, canonical(detail).decode())
        own_hash = entry_hash(prev_hash, dict(zip(COLUMNS, fields, strict=False)))
        rows.append((*fields, prev_hash, own_hash))
        prev_hash = own_hash
    return rows
