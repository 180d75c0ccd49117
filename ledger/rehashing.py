"""The history read and hashed again, in its order: by this process or, where it is long, by several.

What several find to hold together is believed if it also continues what came before it. Anything else this
process reads and hashes by itself, and only then is an entry said to be wrong.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from ledger import rereading, schema
from ledger.evidence import HASH_V
from ledger.lector import Lector, Orders, ends
from ledger.reading import Reading
from ledger.rereading import Fault, Last, Page
from ledger.submission import Head

MANY = 100_000
"""Entries from which on several processes are quicker: one starts in the time of 20,000 or so."""

RUN = 4_000
"""Entries that a process reads at a time: some 3 MB, so that they are hashed while they are in its cache."""

_MOST = 4
"""Processes at most: DuckDB takes entries in about as fast as four tell of them."""


class Hashed(NamedTuple):
    """Entries that follow each other in the store, read and hashed again, and what is wrong with any.

    `packed` are their canonical forms, with a line break between each two, and `ends` where each begins, and
    the last ends (int32); `leaves` are the hashes of their leaves, 32 bytes each.
    """

    seqs: Sequence[int]
    packed: bytes
    ends: bytes
    leaves: bytes
    last: Last
    faults: Sequence[Fault]


def hashed(store: Reading, head: Head, last: Last, until: int) -> Generator[Hashed]:
    """The entries after the `last` one and up to a seq, some thousands at a time.

    Raises Tampered for a value that no canonical form can hold; Unreachable.
    """
    with ExitStack() as ending:
        lectors = _lectors(store, head, last.seq, until, ending)
        if not lectors:
            for page in rereading.pages(store, last.seq, until):
                yield (found := _here(page, head, last))
                last = found.last
            return
        for number, after in enumerate(range(last.seq, until, RUN)):
            upto = min(after + RUN, until)
            told = lectors[number % len(lectors)].told()
            if told and (told.prev_hash, after) == (last.hash, last.seq) and told.first_at > last.recorded_at:
                last = Last(upto, told.last_hash, told.last_at)
                yield Hashed(range(after + 1, upto + 1), told.packed, told.ends, told.leaves, last, ())
            elif (page := rereading.read(store, after, upto)).seqs:
                yield (found := _here(page, head, last))
                last = found.last


def _lectors(store: Reading, head: Head, after: int, until: int, ending: ExitStack) -> list[Lector]:
    """As many processes as there is work for, which `ending` ends; none where this one is as good."""
    database = store.database
    count = min(_processors(), _MOST)
    if database.file is None or until - after < MANY or count == 1:
        return []
    reread, salt_key = database.statement("reread"), bytes.fromhex(head.salt_key)
    file, connect = str(database.file.absolute()), schema.sql("store/lector.sqlite.sql")
    lectors = []
    try:
        for first in range(after, until, RUN)[:count]:
            orders = Orders(
                file, database.busy_seconds, connect, reread.text, reread.takes, first, until, RUN, count,
                head.origin, salt_key, head.regime, HASH_V,
            )  # fmt: skip
            lectors.append(Lector(orders))
            ending.callback(lectors[-1].close)
    except OSError:
        return []  # no more processes may be started: there is one
    return lectors


def _processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _here(page: Page, head: Head, last: Last) -> Hashed:
    """A page as this process hashes it."""
    faults = [*rereading.faults(page, last), *rereading.misfits(page, head.regime)]
    leaves = b"".join(page.leaf_hashes(head))
    return Hashed(page.seqs, page.packed, ends(page.bodies), leaves, rereading.last_of(page), faults)
