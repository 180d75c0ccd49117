"""What a repeated request is told: beside its first answer that what it posted does not stand any more.

And where a repeat is no answer, as of what is proposed, that it is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from ledger.database import Row
from ledger.errors import IdReused
from ledger.submission import Verdict


def warn(verdict: Verdict, read: Callable[..., Sequence[Row]]) -> None:
    """Add to a verdict's warnings, by line, which of the repeats in it were undone since, and by what."""
    if not verdict.replayed:
        return
    seqs = sorted({first_seq for first_seq, _ in verdict.replayed})
    said: dict[int, str] = {}
    for first_seq, seq, by_seq, is_corrected in read("undone_since", seqs=orjson.dumps(seqs).decode()):
        said.setdefault(first_seq, _undone(seq, by_seq, corrected=bool(is_corrected)))
    verdict.warnings.extend((line, said[seq]) for seq, line in verdict.replayed if seq in said)


def _undone(seq: int, by_seq: int, *, corrected: bool) -> str:
    before = f"posted before as entry {seq:,}, and"
    if corrected:
        return f"{before} corrected since: entry {by_seq:,} undid it, with what is right beside it"
    return f"{before} undone since by entry {by_seq:,}: a new request_id posts it anew"


def is_whole(verdict: Verdict) -> bool:
    """Whether all of it was posted before."""
    return bool(verdict.replayed) and not verdict.rows and not verdict.declined


def since(verdict: Verdict) -> str:
    """As which entry the first of it was posted before."""
    return f"posted before, as entry {verdict.replayed[0][0]:,}"


def must_pass(verdict: Verdict, what: str) -> None:
    """Raise what the rules say against it; and IdReused for what was posted before."""
    if verdict.declined:
        refusal = verdict.declined[0].refusal
        raise type(refusal)(f"{what}: {refusal.detail}", **refusal.facts)
    if verdict.replayed:
        count, all_of = len(verdict.replayed), len(verdict.replayed) + len(verdict.rows)
        said = f"{what} was {since(verdict)}: nothing is left to do"
        if verdict.rows:
            said = (
                f"of {what} {count:,} of {all_of:,} were {since(verdict)}: withdraw it and propose the rest"
            )
        raise IdReused(said, first_seq=verdict.replayed[0][0])
