"""A process that reads a share of a history again and hashes it, while others do theirs.

It holds a connection to one SQLite file and knows nothing of a ledger. Of a run of entries that are all there
and continue each other, it tells their canonical forms and the hashes of their leaves. Of any other run it
tells nothing, and whoever asked reads that run by itself: so what is wrong is found and worded in one place,
and a process that ends before its time costs nothing but time.
"""

from __future__ import annotations

import gc
import marshal
import sqlite3
import sys
from array import array
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from operator import lt
from typing import Any, NamedTuple

from ledger import beside, merkle, sound

_PIPE_BYTES = 1 << 20
_LINKS = 4
"""Fields of `Told` that are short."""

_BREAK = "\n"
_HASH = 64


class Orders(NamedTuple):
    """What a process reads, and in which words: `reread` of `schemas/store`, and the order of its two values.

    Runs have `size` entries, the last perhaps fewer. It reads the one after `first`, and one in `step` of
    those that follow. `origin` and `salt_key` are the ledger's, for the leaves; every entry has `regime` and
    `hash_v`.
    """

    file: str
    busy_seconds: float
    connect: str
    reread: str
    takes: tuple[str, ...]
    first: int
    until: int
    size: int
    step: int
    origin: str
    salt_key: bytes
    regime: str
    hash_v: int


class Told(NamedTuple):
    """A run of entries that hold together, and what entries may: what it continues, and what the next has to.

    `packed`, `ends` and `leaves` are as of `rehashing.Hashed`.
    """

    prev_hash: str
    first_at: str
    last_hash: str
    last_at: str
    packed: bytes
    ends: bytes
    leaves: bytes


class Lector:
    """The other process. It tells of run after run; `close` ends it."""

    def __init__(self, orders: Orders) -> None:
        """Raises OSError where no process can be started."""
        self._process = beside.started("lector", pipesize=_PIPE_BYTES)
        assert self._process.stdin is not None
        told: Any = tuple(orders)
        try:
            with self._process.stdin as asked:
                asked.write(marshal.dumps(told))
        except OSError:
            self._process.kill()  # it has ended, and tells nothing

    @property
    def pid(self) -> int:
        return self._process.pid

    def told(self) -> Told | None:
        """What it tells of its next run; None where that does not hold together, or the process has ended."""
        answers = self._process.stdout
        assert answers is not None
        try:
            links: Any = marshal.loads(beside.received(answers))  # noqa: S302  # from our own process, by its pipe
            return Told(*links, *(beside.received(answers) for _ in Told._fields[_LINKS:])) if links else None
        except (OSError, EOFError):
            return None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait()


def ends(bodies: Sequence[bytes]) -> bytes:
    """Where each of several texts begins, and the last ends, when they are joined by line breaks: int32."""
    found = array("i", accumulate([len(body) + 1 for body in bodies], initial=0))
    found[-1] -= 1
    return found.tobytes()


# ---------------------------------------------------------------------------------------- the other process


def serve() -> None:
    """Tell on stdout of run after run, by the orders that stdin holds; end after the last."""
    orders, answers = Orders(*marshal.loads(sys.stdin.buffer.read())), sys.stdout.buffer  # noqa: S302  # as above
    gc.disable()  # entries are many and free of cycles
    try:
        connection = sqlite3.connect(orders.file, isolation_level=None, timeout=orders.busy_seconds)
        connection.executescript(orders.connect)
        for after in range(orders.first, orders.until, orders.size * orders.step):
            told: Any = _told(connection, orders, after, min(after + orders.size, orders.until)) or ()
            for each in (marshal.dumps(told[:_LINKS]), *told[_LINKS:]):
                beside.send(answers, each)
    except (BrokenPipeError, sqlite3.Error):
        return  # whoever started this needs no more of it, or will meet the same error and explain it


def _told(connection: sqlite3.Connection, orders: Orders, after: int, until: int) -> Told | None:
    """The entries after one seq and up to another, if they hold together."""
    bounds = {"above": after, "upto": until}
    try:
        (row,) = connection.execute(orders.reread, [bounds[name] for name in orders.takes]).fetchall()
    except sqlite3.Error:
        return None  # it does not put into JSON what no entry can have
    count, first, last, least_v, most_v, least, most, befores, hashes, instants, packed = row
    expected = (until - after, after + 1, until, orders.hash_v, orders.hash_v, orders.regime, orders.regime)
    if (count, first, last, least_v, most_v, least, most) != expected or not sound.hold_text(packed):
        return None
    seqs, times, bodies = range(first, last + 1), instants.split(_BREAK), packed.split(_BREAK.encode())
    prev_hashes = befores.encode().split(_BREAK.encode())
    if not len(times) == len(bodies) == len(prev_hashes) == count or not all(map(lt, times, times[1:])):
        return None
    own = b"".join([sha256(each + body).digest() for each, body in zip(prev_hashes, bodies, strict=True)])
    prev_hash, _, rest = befores.partition(_BREAK)
    is_chained = own.hex(_BREAK, merkle.HASH_BYTES) == hashes and rest == hashes[: -_HASH - 1]
    if not is_chained or not sound.are_instants(times):
        return None
    leaves = merkle.leaf_hashes(orders.origin, orders.salt_key, seqs, times, [most_v] * count, bodies)
    return Told(prev_hash, times[0], hashes[-_HASH:], times[-1], packed, ends(bodies), b"".join(leaves))
