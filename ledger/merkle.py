"""The Merkle tree over the entries (RFC 6962, 2.1): leaves, right edge, inclusion and consistency proofs.

    salt       = SHA-256( salt key of the ledger || seq as 8 bytes, big endian )
    commitment = SHA-256( salt || canonical JSON of the entry )
    leaf       = canonical JSON of {v, origin, seq, recorded_at, hash_v, commitment}
    leaf hash  = SHA-256( 0x00 || leaf ),   inner node = SHA-256( 0x01 || left || right )

A leaf shows that an entry is there and when it was recorded, and nothing of what it says: the tree can be
published while license data stays private. Whoever is given an entry's salt and canonical form can hold both
to the leaf. Without the salt a commitment tells nothing, so an entry may be guessed at, but not confirmed.

Everything here is pure: bytes in, bytes out. Hashes are 32 bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from hashlib import sha256

LEAF_V = 1
"""Version of the leaf's form; a field of every leaf."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

HASH_BYTES = 32
Node = Callable[[int, int], bytes]
"""`node(level, index)`: the hash of the complete subtree over the leaves index * 2**level and on."""

_ORIGIN = re.compile(r"[A-Za-z0-9._~/:@-]+")


# --------------------------------------------------------------------------------------- from entry to leaf


def is_origin(text: str) -> bool:
    """Whether a text can name a ledger: no space, no plus sign (C2SP signed-note), nothing JSON escapes."""
    return _ORIGIN.fullmatch(text) is not None


def salt_of(salt_key: bytes, seq: int) -> bytes:
    """The salt of one entry. The key is secret and 32 bytes, so what is hashed has one length: no extension.

    `printf KEY_AND_SEQ_IN_HEX | xxd -r -p | sha256sum` gives the same.
    """
    return sha256(salt_key + seq.to_bytes(8, "big")).digest()


def commitment(salt: bytes, canonical: bytes) -> bytes:
    """What a leaf holds instead of the entry: opened by showing both."""
    return sha256(salt + canonical).digest()


def leaf(origin: str, seq: int, recorded_at: str, hash_v: int, committed: bytes) -> bytes:
    """The leaf of one entry: canonical JSON (RFC 8785), for an `origin` that `is_origin`."""
    return (
        f'{{"commitment":"{committed.hex()}","hash_v":{hash_v},"origin":"{origin}",'
        f'"recorded_at":"{recorded_at}","seq":{seq},"v":{LEAF_V}}}'
    ).encode()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf, which no inner node can have."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


# ------------------------------------------------------------------------------------------ the right edge


class Edge:
    """The right edge of a growing tree: the roots of its complete subtrees, the largest first.

    One hash for each bit that is set in `size`, at most 64: all that is needed to append and to tell the root.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Raises ValueError where the hashes cannot be the edge of a tree of that size."""
        self.size, self.hashes = size, list(hashes)
        if size < 0 or len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size:,} leaves does not have an edge of {len(self.hashes)} hashes")
        if any(len(each) != HASH_BYTES for each in self.hashes):
            raise ValueError("a hash of the edge is not 32 bytes")

    @classmethod
    def from_json(cls, text: str, size: int) -> Edge:
        """The edge as `to_json` wrote it, of a tree of `size` leaves. Raises ValueError."""
        try:
            return cls(size, [bytes.fromhex(each) for each in json.loads(text)])
        except TypeError:
            raise ValueError("the edge is not a list of hexadecimal hashes") from None

    def to_json(self) -> str:
        """A JSON list of hexadecimal hashes, without white space."""
        return json.dumps([each.hex() for each in self.hashes], separators=(",", ":"))

    def append(self, hashed: bytes) -> None:
        """Take in the hash of the next leaf: two hashes a leaf, on average."""
        size, hashes = self.size, self.hashes
        while size & 1:
            hashed = sha256(b"\x01" + hashes.pop() + hashed).digest()
            size >>= 1
        hashes.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree (RFC 6962: the hash of the empty string where there is no leaf)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root
