"""What holds a history in place: the head's tree, the chain of events, the checkpoints signed of it.

Whoever may change every byte of the store can make all that is in it agree. What was signed and is kept
elsewhere cannot be made to agree: only against that does a tail that was cut, or a history that was made anew
as a whole, show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from ledger import merkle, sound
from ledger.events import COLUMNS
from ledger.evidence import FIRST_PREV_HASH, entry_hash
from ledger.submission import Head

TOPIC = "checkpoint"
_SEQ, _HASH, _AT = (COLUMNS.index(name) for name in ("seq", "hash", "recorded_at"))
Difference = tuple[int | None, str, str, str]


class Outside(NamedTuple):
    """A checkpoint kept elsewhere: what it says, where it was found, the leaf hashes beside it, if any."""

    origin: str
    size: int
    root: bytes
    where: str
    leaves: bytes = b""
    events: int = 0
    last_event: str = ""


class Recorded(NamedTuple):
    """A checkpoint as the log of events has it: its tree's edge too, as JSON, and its last entry's hash.

    `seq` is that of the event; two of one size stand on other events, or were signed with other keys.
    """

    size: int
    seq: int
    root: bytes
    edge: str
    note: str
    at: str
    head_hash: str
    events: int
    last_event: str


def recorded(trail: Sequence[Sequence[Any]]) -> list[Recorded]:
    """The checkpoints among rows of table `event`, the smallest first, and of one size the oldest.

    What cannot be read is left out.
    """
    found = []
    for row in trail:
        fields = dict(zip(COLUMNS, row, strict=True))
        if fields["topic"] == TOPIC:
            try:
                said = orjson.loads(fields["detail"])
                size, root = int(said["size"]), bytes.fromhex(said["root"])
                edge, note = orjson.dumps(said["edge"]).decode(), "\n".join(said["note"])
                own = fields["seq"], root, edge, note, fields["recorded_at"], str(said["head_hash"])
                events, last_event = int(said.get("events", 0)), str(said.get("last_event", ""))
                found.append(Recorded(size, *own, events, last_event))
            except (ValueError, KeyError, TypeError):
                continue  # the chain of events says so
    return sorted(found)


def event_faults(trail: Sequence[Sequence[Any]], before: Sequence[Any] | None = None) -> Iterator[Difference]:
    """The events whose hash is not that of their contents, or that do not continue the event before.

    `before`: the event before the first of them, where there is one.
    """
    last_seq, last_hash, last_at = (
        (0, FIRST_PREV_HASH, "") if before is None else (before[_SEQ], before[_HASH], before[_AT])
    )
    for row in trail:
        fields = dict(zip(COLUMNS, row, strict=True))
        prev_hash, found = fields.pop("prev_hash"), fields.pop("hash")
        seq, at = fields["seq"], fields["recorded_at"]
        what = f"event {seq}"
        if seq != last_seq + 1 or at <= last_at:
            yield None, "event", f"event {last_seq + 1}, after {last_at or 'nothing'}", f"{what}, at {at}"
        elif not sound.is_instant(at):
            yield None, "event", f"{what}, at an instant", f"{what}, at {at}"
        if prev_hash != last_hash:
            yield None, "event", f"{what} continues {last_hash}", f"{what} continues {prev_hash}"
        elif (expected := entry_hash(prev_hash, fields)) != found:
            yield None, "event", f"{what} {expected}", f"{what} {found}"
        last_seq, last_hash, last_at = seq, found, at


def edge_faults(head: Head, tree: merkle.Tree) -> Iterator[Difference]:
    """How the edge of the tree that the head keeps differs from that over the entries which are there."""
    right = merkle.edge_of(len(tree), tree.node)
    if head.tree != right.to_json():
        try:
            found = f"root {merkle.Edge.from_json(head.tree, head.seq).root().hex()}"
        except ValueError as error:
            found = str(error)
        yield len(tree), "tree", f"root {right.root().hex()}", found


def checkpoint_faults(
    head: Head, tree: merkle.Tree, trail: Sequence[Sequence[Any]], outside: Outside | None
) -> Iterator[Difference]:
    """How the checkpoints recorded in the ledger, and the one kept outside, differ from tree and events."""
    known = recorded(trail)
    hashes = hashes_of(trail)
    good = 0
    for each in known:
        said = list(_held(tree, each.size, each.root, f"as recorded at {each.at}", good))
        yield from said
        yield from _event_held(hashes, each.events, each.last_event, f"as recorded at {each.at}")
        good = good if said else each.size
    if outside is None:
        return
    size, root = outside.size, outside.root
    if outside.origin != head.origin:
        yield (
            None,
            "checkpoint",
            f"{head.origin}, this ledger",
            f"{outside.origin} ({outside.where}), another one",
        )
        return
    good = max((each.size for each in known if each.size < size and each.size <= good), default=0)
    differs = list(_held(tree, size, root, f"as signed ({outside.where})", good))
    if differs and (first := _first_leaf(tree, outside.leaves)) is not None:
        told = f"entry {first} as it was when {outside.where} was written"
        differs = [(first, "checkpoint", told, "another one, or none")]
    yield from differs
    events, last_event = outside.events, outside.last_event
    yield from _event_held(hashes, events, last_event, f"as signed ({outside.where})")
    this = (size, root, events, last_event)
    if not any((each.size, each.root, each.events, each.last_event) == this for each in known):
        said_so = f"a record of the checkpoint of {size} entries ({outside.where})"
        yield None, "event", said_so, "none: the log of events was cut, or made anew"


def hashes_of(trail: Sequence[Sequence[Any]]) -> dict[int, str]:
    """The hash of each of these rows of table `event`, by its seq."""
    return {row[_SEQ]: row[_HASH] for row in trail}


def _event_held(hashes: dict[int, str], seq: int, expected: str, when: str) -> Iterator[Difference]:
    """Whether the event of that seq, if any is told, has that hash: all before it are chained to it."""
    if not seq or (found := hashes.get(seq)) == expected:
        return
    ends = max(hashes, default=0)
    shown = f"event {seq} {found or 'is gone'}" if seq <= ends else f"{ends} events: the log was cut"
    yield None, "event", f"event {seq} {expected}, {when}", shown


def _held(tree: merkle.Tree, size: int, root: bytes, when: str, good: int) -> Iterator[Difference]:
    """Whether the first `size` entries have that root; up to `good` they have what was signed before."""
    if size > len(tree):
        yield len(tree), "checkpoint", f"{size} entries, {when}", f"{len(tree)} entries: the tail was cut"
        return
    found = merkle.edge_of(size, tree.node).root()
    if found != root:
        where = f"the first that differs is one of entries {good + 1} to {size}"
        yield size, "checkpoint", f"root {root.hex()}, {when}", f"root {found.hex()}: {where}"


def _first_leaf(tree: merkle.Tree, leaves: bytes) -> int | None:
    """The first entry whose leaf hash is not the one kept; None where none is."""
    own = tree.nodes(0, 0, len(leaves) // merkle.HASH_BYTES)
    if own == leaves:
        return None
    places = range(0, len(leaves), merkle.HASH_BYTES)
    step = merkle.HASH_BYTES
    return next(at // step + 1 for at in places if own[at : at + step] != leaves[at : at + step])
