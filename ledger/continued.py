"""What holds before a checkpoint is signed: the ledger continues all that was signed of it before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger import anchors, merkle
from ledger.anchors import Recorded
from ledger.errors import BadFeed, Tampered
from ledger.notes import Checkpoint, Signer, text_of
from ledger.reading import Reading
from ledger.submission import Head


def base(
    known: Iterable[Recorded], outside: Sequence[Checkpoint], signer: Signer
) -> tuple[Checkpoint | None, merkle.Edge]:
    """What to start from, and its edge: the oldest checkpoint kept outside, else the newest recorded one.

    Only one that this key signed; without one, the start of the history.
    """
    oldest = min(outside, default=None)
    for each in sorted(known, reverse=True):
        try:
            said = Checkpoint.parse(text_of(each.note, signer.verifier))
            right = merkle.Edge.from_json(each.edge, each.size)
        except ValueError:
            continue  # of another key, perhaps: what is read is held to it, but does not start there
        if oldest in (None, said) and (right.size, right.root()) == (said.size, said.root):
            return said, right
    return None, merkle.Edge()


def last_event(
    store: Reading, signed: Sequence[Checkpoint], known: Sequence[Recorded], made: Checkpoint
) -> tuple[int, str]:
    """How many events the checkpoint that is `made` covers, and the hash of the last.

    Those since the oldest that was `signed` by its key are read again. Records of this very checkpoint at
    their end are not covered: else it would be another one each time that it is signed. Raises Tampered.
    """
    every: list[Checkpoint | Recorded] = [*signed, *known]
    start = min((each.events for each in signed), default=0)
    rows = list(store.read("events_from", seq=start))
    hashes = anchors.hashes_of(rows)
    for each in every:
        if each.events > max(hashes, default=0):
            _must_reach_events(store, each.events)
        if each.events and each.events >= start and hashes.get(each.events) != each.last_event:
            raise Tampered(
                f"the log of events does not continue the checkpoint of {each.size:,} entries and "
                f"{each.events:,} events that was signed before; nothing was signed: run tppq verify "
                "--checkpoint",
                event_seq=each.events,
            )
    for _, _, expected, found in anchors.event_faults(*((rows[1:], rows[0]) if start else (rows,))):
        raise Tampered(
            f"the log of events is not what was recorded (expected {expected}, found {found}); nothing was "
            "signed: run tppq verify",
        )
    covered = max((each.events for each in every), default=0)
    last = max(hashes, default=0)
    while last > covered and _is_record_of(rows[last - max(start, 1)], made):
        last -= 1
    return last, hashes.get(last, "")


def _must_reach_events(store: Reading, events: int) -> None:
    last = store.read("last_event")
    ends = last[0][0] if last else 0
    if events > ends:
        raise Tampered(
            f"a checkpoint of {events:,} events was signed, and the log of events ends at {ends:,}: its tail "
            "was cut, or it is an older copy; nothing was signed",
            event_seq=ends,
        )


def _is_record_of(row: Sequence[Any], made: Checkpoint) -> bool:
    return any((each.size, each.root) == (made.size, made.root) for each in anchors.recorded([row]))


def must_be_of(checkpoint: Checkpoint, head: Head, what: object = "the checkpoint") -> None:
    """Raise BadFeed for a checkpoint of another ledger."""
    if checkpoint.origin != head.origin:
        raise BadFeed(f"{what} is of {checkpoint.origin}, and this ledger is {head.origin}")


def must_reach(head: Head, wanted: Mapping[int, bytes]) -> None:
    """Raise Tampered where fewer entries are there than were signed; `wanted` are roots by size."""
    size = max(wanted, default=0)
    if size > head.seq:
        raise Tampered(
            f"a checkpoint of {size:,} entries was signed, and the ledger ends at {head.seq:,}: its tail was "
            "cut, or it is an older copy; nothing was signed",
            seq=head.seq,
        )


def forked(size: int) -> Tampered:
    """What is said where the entries are not those that were signed."""
    return Tampered(
        f"the ledger does not continue the checkpoint of {size:,} entries that was signed before; nothing "
        "was signed: run tppq verify --checkpoint",
        size=size,
    )
