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

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from struct import iter_unpack

LEAF_V = 1
"""Version of the leaf's form; a field of every leaf."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""

HASH_BYTES = 32
_PAIR = 2 * HASH_BYTES
Node = Callable[[int, int], bytes]
"""`node(level, index)`: the hash of the complete subtree over the leaves index * 2**level and on."""

_ORIGIN = re.compile(r"[A-Za-z0-9._~/:@-]+")


# --------------------------------------------------------------------------------------- from entry to leaf


def is_origin(text: str) -> bool:
    """Whether a text can name a ledger: no space, no plus sign (C2SP signed-note), nothing JSON escapes."""
    return _ORIGIN.fullmatch(text) is not None


def salt_of(salt_key: bytes, seq: int) -> bytes:
    """The salt of one entry; whoever does not know the key cannot guess it.

    All that is ever hashed here has one length (32 + 8 bytes), so a plain hash is a sound keyed one.
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


def leaf_hashes(
    origin: str,
    salt_key: bytes,
    seqs: Sequence[int],
    recorded_at: Iterable[str],
    hash_v: Iterable[int],
    bodies: Iterable[bytes],
) -> list[bytes]:
    """The leaf hashes of many entries, by column: seq, instant, version and canonical form of each."""
    salts = [sha256(salt_key + seq.to_bytes(8, "big")).digest() for seq in seqs]
    committed = [sha256(salt + body).hexdigest() for salt, body in zip(salts, bodies, strict=True)]
    return committed_leaf_hashes(origin, seqs, recorded_at, hash_v, committed)


def committed_leaf_hashes(
    origin: str,
    seqs: Iterable[int],
    recorded_at: Iterable[str],
    hash_v: Iterable[int],
    committed: Iterable[str],
) -> list[bytes]:
    """The same of entries whose commitments are known, as hexadecimal text.

    The same bytes as `leaf` makes, written out: four calls less for each of a million entries.
    """
    named, end = f',"origin":"{origin}","recorded_at":"', f',"v":{LEAF_V}}}'
    return [
        sha256(f'\0{{"commitment":"{each}","hash_v":{v}{named}{at}","seq":{seq}{end}'.encode()).digest()
        for each, seq, at, v in zip(committed, seqs, recorded_at, hash_v, strict=True)
    ]


# ------------------------------------------------------------------------------------------ the right edge


class Edge:
    """The right edge of a growing tree: the roots of its complete subtrees, the largest first.

    One hash for each bit that is set in `size`, at most 64: all it takes to append and to tell the root.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Raises ValueError where the hashes cannot be the edge of a tree of that size."""
        self.size, self.hashes = size, list(hashes)
        if size < 0 or len(self.hashes) != size.bit_count():
            raise ValueError(f"a tree of {size:,} leaves does not have an edge of {len(self.hashes)} hashes")
        if {*map(len, self.hashes)} - {HASH_BYTES}:
            raise ValueError("a hash of the edge is not 32 bytes")

    @classmethod
    def from_json(cls, text: str, size: int) -> Edge:
        """The edge as `to_json` wrote it, of a tree of `size` leaves. Raises ValueError."""
        if text[:1] + text[-1:] != "[]":
            raise ValueError("the edge is not a list")
        packed = bytes.fromhex(text[2:-2].replace('","', ""))
        return cls(size, [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)])

    def to_json(self) -> str:
        """A JSON list of hexadecimal hashes, without white space."""
        return '["' + '","'.join([each.hex() for each in self.hashes]) + '"]' if self.hashes else "[]"

    def append(self, hashed: bytes) -> None:
        """Take in the hash of the next leaf: two hashes per leaf, on average."""
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


class Tree:
    """A whole tree in memory, 64 bytes a leaf: for proofs, tiles and the root at any size."""

    def __init__(self) -> None:
        self._levels = [bytearray()]

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def extend(self, hashed: Iterable[bytes]) -> None:
        """Take in the hashes of the leaves that follow."""
        self._levels[0] += b"".join(hashed)
        for level in itertools.count():
            below = self._levels[level]
            pairs = len(below) // _PAIR
            if not pairs:
                return
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            above = self._levels[level + 1]
            todo = iter_unpack(f"{_PAIR}s", memoryview(below)[len(above) * 2 : pairs * _PAIR])
            above += b"".join([sha256(b"\x01" + pair).digest() for (pair,) in todo])

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree, as `Node`. Raises IndexError for one that is not complete."""
        hashed = self.nodes(level, index, index + 1)
        if not hashed:
            raise IndexError(f"there is no complete subtree {index:,} at level {level}")
        return hashed

    def nodes(self, level: int, start: int, stop: int) -> bytes:
        """The hashes of the complete subtrees of a level from `start` to `stop`, as far as there are any."""
        packed = self._levels[level] if level < len(self._levels) else b""
        return bytes(packed[start * HASH_BYTES : stop * HASH_BYTES])


# ----------------------------------------------------------------------------------------- roots and proofs


def edge_of(size: int, node: Node) -> Edge:
    """The right edge of the first `size` leaves of a tree that has at least as many."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return Edge(size, [node(level, (size >> level) - 1) for level in levels])


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The hashes that lead from the leaf at `index` (the first is 0) to the root of `size` leaves.

    RFC 6962, 2.1.1: the leaf's sibling first, the root's child last.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size:,} leaves has none at index {index:,}")
    proof: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _left(stop - start)
        if index < middle:
            proof.append(_subtree(middle, stop, node))
            stop = middle
        else:
            proof.append(_subtree(start, middle, node))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, node: Node) -> list[bytes]:
    """The hashes that show that the tree of `size` leaves begins with that of the `old` first (2.1.2)."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size:,} leaves cannot continue one of {old:,}")
    proof: list[bytes] = []
    start, stop = 0, size
    while old not in (0, stop):
        middle = start + _left(stop - start)
        if old <= middle:
            proof.append(_subtree(middle, stop, node))
            stop = middle
        else:
            proof.append(_subtree(start, middle, node))
            start = middle
    if start > 0:
        proof.append(_subtree(start, stop, node))
    return proof[::-1]


def includes(index: int, size: int, hashed: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from a leaf hash at `index` to the root of `size` leaves (9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for each in proof:
        if last == 0 or len(each) != HASH_BYTES:
            return False
        if place & 1 or place == last:
            hashed = node_hash(each, hashed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, each)
        place, last = place >> 1, last >> 1
    return last == 0 and hashed == root


def consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `size` leaves begins with the `old` ones (9162, 2.1.4.2)."""
    if not 0 <= old <= size or any(len(each) != HASH_BYTES for each in proof):
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT and (size > 0 or root == EMPTY_ROOT)
    if old == size:
        return not proof and old_root == root
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = now = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            was, now = node_hash(each, was), node_hash(each, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = node_hash(now, each)
        place, last = place >> 1, last >> 1
    return last == 0 and was == old_root and now == root


def _left(size: int) -> int:
    """How many of `size` leaves lie left of the root: the largest power of two below it."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(start: int, stop: int, node: Node) -> bytes:
    """The root over the leaves from `start` to `stop`; `start` is a multiple of the largest power of two."""
    level = (stop - start).bit_length() - 1
    if stop - start == 1 << level:
        return node(level, start >> level)
    middle = start + (1 << level)
    return node_hash(_subtree(start, middle, node), _subtree(middle, stop, node))
