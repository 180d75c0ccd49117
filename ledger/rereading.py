"""The history as it is stored, read again from the first byte: nothing that was kept in memory is believed.

The store joins a page of entries to one row, their canonical form among it: read and put together in C, while
this process hashes the page before. A page that cannot be had like that (entries missing, a line break where
there can be none, several versions of the canonical form) is read row by row instead: slower, and exact.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import lt
from typing import NamedTuple

import orjson

from ledger import merkle, sound
from ledger.database import Row
from ledger.errors import Tampered, Unreachable
from ledger.evidence import FIRST_PREV_HASH, HASH_V, HASHED, canonical
from ledger.reading import Reading
from ledger.submission import Head

PAGE = 20_000
"""Entries read at a time: some 15 MB, three times over while they are worked on."""

_BY_ROW = (*(name for name in HASHED if name != "seq"), "prev_hash", "hash", "seq")
_BREAK = "\n"


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that follow each other in the store, by column.

    `regimes` are those that any of them has; `bodies` are their canonical forms, and `packed` the same, with
    a line break between each two.
    """

    seqs: Sequence[int]
    prev_hashes: Sequence[str]
    hashes: Sequence[str]
    recorded_at: Sequence[str]
    hash_v: Sequence[int]
    regimes: frozenset[str]
    bodies: Sequence[bytes]
    packed: bytes

    def leaf_hashes(self, head: Head) -> list[bytes]:
        """The hashes of the tree's leaves."""
        return merkle.leaf_hashes(
            head.origin, bytes.fromhex(head.salt_key), self.seqs, self.recorded_at, self.hash_v, self.bodies
        )


class Fault(NamedTuple):
    """An entry that is not what it should be: its seq, by which check, what was expected and found."""

    seq: int
    check: str
    expected: str
    found: str


class Last(NamedTuple):
    """The entry that the next one continues."""

    seq: int = 0
    hash: str = FIRST_PREV_HASH
    recorded_at: str = ""


def pages(store: Reading, after: int, until: int) -> Generator[Page]:
    """The entries after one seq and up to another, a page at a time; the next is read ahead.

    Raises Tampered for a value that no canonical form can hold.
    """
    from concurrent.futures import ThreadPoolExecutor  # 10 ms, at every start of the command  # noqa: PLC0415

    with ThreadPoolExecutor(1, "rereading") as reader:
        starts = range(after, until, PAGE)
        coming = [reader.submit(read, store, start, min(start + PAGE, until)) for start in starts[:1]]
        for start in starts:
            page = coming.pop().result()
            if start + PAGE < until:
                coming.append(reader.submit(read, store, start + PAGE, min(start + 2 * PAGE, until)))
            if page.seqs:
                yield page


def faults(page: Page, last: Last) -> Iterator[Fault]:
    """The entries of a page whose hash is not that of their contents, or that do not continue the last."""
    before = [last.hash, *page.hashes[:-1]]
    own = [
        sha256(prev_hash.encode() + body).hexdigest()
        for prev_hash, body in zip(page.prev_hashes, page.bodies, strict=True)
    ]
    before_at = (last.recorded_at, *page.recorded_at)
    in_order = page.seqs == range(last.seq + 1, last.seq + 1 + len(page.seqs)) and all(
        map(lt, before_at, page.recorded_at)
    )
    if in_order and own == page.hashes and before == page.prev_hashes:
        return
    last_seq, last_at = last.seq, last.recorded_at
    columns = zip(page.seqs, page.recorded_at, page.prev_hashes, before, page.hashes, own, strict=True)
    for seq, recorded_at, prev_hash, last_hash, found, expected in columns:
        if seq != last_seq + 1 or recorded_at <= last_at:
            after = f"entry {last_seq + 1}, recorded after {last_at or 'nothing'}"
            yield Fault(seq, "order", after, f"entry {seq}, recorded at {recorded_at}")
        if prev_hash != last_hash:
            yield Fault(seq, "chain", f"continues {last_hash}", f"continues {prev_hash}")
        elif found != expected:
            yield Fault(seq, "chain", expected, found)
        last_seq, last_at = seq, recorded_at


def misfits(page: Page, regime: str) -> Iterator[Fault]:
    """The entries of a page that hold what the ledger writes into none, and in which columns.

    That is another regime than the head's, a canonical form of no version, what is no instant, and control
    characters (`sound`).
    """
    if (
        page.regimes == {regime}
        and set(page.hash_v) == {HASH_V}
        and sound.are_instants(page.recorded_at)
        and sound.hold_text(page.packed)
    ):
        return
    for seq, body in zip(page.seqs, page.bodies, strict=True):
        try:
            fields = orjson.loads(body)
        except ValueError:
            continue  # bytes that are no text, which DuckDB does not take in either
        wrong = [
            name for name, value in fields.items() if isinstance(value, str) and not sound.is_text(value)
        ]
        wrong += [name for name, known in (("hash_v", HASH_V), ("regime", regime)) if fields[name] != known]
        if not sound.is_instant(fields["recorded_at"]):
            wrong.append("recorded_at")
        if wrong:
            yield Fault(seq, "values", "values that an entry can have", ", ".join(sorted(set(wrong))))


def last_of(page: Page) -> Last:
    """The last entry of a page."""
    return Last(page.seqs[-1], page.hashes[-1], page.recorded_at[-1])


def entry(store: Reading, seq: int) -> Page:
    """One entry. Raises Tampered where it is not there."""
    page = read(store, seq - 1, seq)
    if not page.seqs:
        raise Tampered(f"entry {seq:,} is missing from the store: run tppq verify", seq=seq)
    return page


def read(store: Reading, after: int, until: int) -> Page:
    """The entries after one seq and up to another. Raises Tampered for what no canonical form can hold."""
    try:
        rows = store.read("reread", above=after, upto=until)
    except Unreachable:  # SQLite refuses to put a value into JSON that no entry can have
        return _row_by_row(store, after, until)
    ((count, first, last, least_v, most_v, least, most, prev_hashes, hashes, instants, bodies),) = rows
    if not count:
        return Page((), (), (), (), (), frozenset(), (), b"")
    packed = bytes(bodies)
    page = Page(
        range(first, last + 1), prev_hashes.split(_BREAK), hashes.split(_BREAK), instants.split(_BREAK),
        [most_v] * count, frozenset((least, most)), packed.split(_BREAK.encode()), packed,
    )  # fmt: skip
    columns = (page.seqs, page.prev_hashes, page.hashes, page.recorded_at, page.bodies)
    if least_v == most_v and all(len(column) == count for column in columns):
        return page
    return _row_by_row(store, after, until)


def _row_by_row(store: Reading, after: int, until: int) -> Page:
    rows: list[Row] = []
    for some in store.pages(_BY_ROW, after=after, size=min(PAGE, until - after)):
        rows.extend(row for row in some if row[-1] <= until)
        if some[-1][-1] >= until:
            break
    entries = [dict(zip(_BY_ROW, row, strict=True)) for row in rows]
    seqs = [entry["seq"] for entry in entries]
    prev_hashes = [entry.pop("prev_hash") for entry in entries]
    hashes = [entry.pop("hash") for entry in entries]
    try:
        bodies = [canonical(entry) for entry in entries]
    except TypeError as error:
        raise Tampered(
            f"one of the entries {seqs[0]:,} to {seqs[-1]:,} holds what no entry can: {error}", seq=seqs[0]
        ) from error
    return Page(
        seqs, prev_hashes, hashes, [entry["recorded_at"] for entry in entries],
        [entry["hash_v"] for entry in entries], frozenset(entry["regime"] for entry in entries), bodies,
        _BREAK.encode().join(bodies),
    )  # fmt: skip
