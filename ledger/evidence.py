"""Canonical form and hash chain: history that an outsider can check.

    hash = SHA-256( prev_hash as 64 hexadecimal characters || canonical JSON of every stored field )

The canonical form is RFC 8785 (JCS): keys sorted, no white space, UTF-8, absent values as null. Text holds no
control characters and integers stay within +-(2^53-1), where every JCS writer agrees to the byte;
`schemas/store/reread.*.sql` has the store rebuild the same bytes, and a test holds both to `rfc8785`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

HASH_V = 1
"""Version of the canonical form; a stored field, so that a later form can stand beside this one."""

FIRST_PREV_HASH = "0" * 64
"""What the first entry continues."""

COLUMNS = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "expires_on", "consignee",
    "exporter", "reference", "reason", "programme", "reverses_seq", "seq", "recorded_at", "request_id",
    "request_part", "body_hash", "group_id", "regime", "quota", "holder", "tpp", "actor", "approver",
    "headroom_after_tpp", "hash_v", "prev_hash", "hash",
)  # fmt: skip
"""Every column of table `entry`, in its order."""

HASHED: tuple[str, ...] = tuple(sorted(name for name in COLUMNS if name not in ("prev_hash", "hash")))
"""Every field the hash covers: all but the chain's own two, which it covers by being chained."""


def canonical(fields: Mapping[str, Any]) -> bytes:
    """The canonical JSON of a mapping of text, whole numbers and None (RFC 8785)."""
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def chain_hash(prev_hash: str, body: bytes) -> str:
    """The hash of what continues `prev_hash` with this canonical form: 64 hexadecimal characters."""
    return sha256(prev_hash.encode() + body).hexdigest()


def entry_hash(prev_hash: str, fields: Mapping[str, Any]) -> str:
    """The hash of an entry: 64 hexadecimal characters. `fields` holds exactly `HASHED`."""
    return chain_hash(prev_hash, canonical(fields))


def body_hash(bodies: Sequence[Mapping[str, Any]]) -> str:
    """What was asked, as given: tells a repeat of a request from another request under its id.

    One body is hashed as an object (the feed builds the same bytes by column), several as an array.
    """
    asked: Any = bodies[0] if len(bodies) == 1 else list(bodies)
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
