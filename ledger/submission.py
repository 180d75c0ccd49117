"""A submission in memory: each post judged against the books, hashed onto the chain, or declined.

No I/O here: `store` reads the books before, and writes what comes out after, in one transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from ledger import rules, terms
from ledger.accounts import Asked, Books
from ledger.errors import Fact, IdReused, Refused, Tampered, refused_again
from ledger.evidence import COLUMNS, HASH_V, canonical, chain_hash
from ledger.merkle import commitment, salt_of
from ledger.model import Kind

Row = Sequence[Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEQ, _HASH, _RECORDED_AT = (COLUMNS.index(name) for name in ("seq", "hash", "recorded_at"))
_LICENSE = Kind.license.value
FIRST_AT = "1970-01-01T00:00:00.000000Z"
"""The instant of a head without entries."""


class Post(NamedTuple):
    """One entry of a submission: what is asked, or why its names could not be resolved."""

    request_id: str
    part: int
    body_hash: str | None
    asked: Asked | Refused
    line: int


class Declined(NamedTuple):
    """A refusal as answered; `answered_at` is set where it repeats an earlier answer."""

    line: int
    request_id: str
    body_hash: str | None
    refusal: Refused
    answered_at: str | None


@dataclass(slots=True)
class Verdict:
    """What became of a group: rows to append (as `evidence.COLUMNS`), refusals, repeats (first seq, line)."""

    rows: list[Row] = field(default_factory=list)
    commitments: list[bytes] = field(default_factory=list)
    """What the tree holds of each row."""

    declined: list[Declined] = field(default_factory=list)
    replayed: list[tuple[int, int]] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)


class Refusing(NamedTuple):
    """An earlier refusal: the body it answered, which attempt it was, the problem as JSON-like, and when."""

    body_hash: str | None
    attempt: int
    problem: dict[str, Any]
    refused_at: str


@dataclass(slots=True)
class Earlier:
    """What the requests of a group were answered before: (body hash, first seq), or the last refusal."""

    posted: dict[str, tuple[str | None, int]]
    refused: dict[str, Refusing]

    def attempts(self, request_id: str) -> int:
        return self.refused[request_id].attempt if request_id in self.refused else 0


class Head(NamedTuple):
    """The head as read: the last entry's seq, hash and instant, what this ledger is, and its tree's edge."""

    seq: int
    hash: str
    recorded_at: str
    regime: str
    schema_version: int
    origin: str
    salt_key: str
    shared: int
    tree: str


def after(head: Head, verdict: Verdict) -> Head:
    """The head that the rows of a verdict leave, its tree apart."""
    if not verdict.rows:
        return head
    row = verdict.rows[-1]
    return Head(row[_SEQ], row[_HASH], row[_RECORDED_AT], *head[3:])


@lru_cache(maxsize=16)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))


def instant(us: int) -> str:
    """Whole microseconds since 1970 (UTC) as ISO text."""
    second, rest = divmod(us, 1_000_000)
    return f"{_second(second)}{rest:06d}Z"


class Stamps:
    """Instants in whole microseconds, as ISO text, each later than the one before and than `after`.

    Raises Tampered where that is no instant.
    """

    def __init__(self, after: str, now_us: int) -> None:
        self._next_us = now_us
        if instant(now_us) <= after:
            try:
                last = datetime.fromisoformat(after)
            except ValueError:
                raise Tampered(f"what came last was recorded at '{after}': run tppq verify") from None
            self._next_us = (last - EPOCH) // timedelta(microseconds=1) + 1

    def next(self) -> str:
        us = self._next_us
        self._next_us = us + 1
        return instant(us)


def judge_all(
    posts: Sequence[Post],
    books: Books,
    head: Head,
    now_us: int,
    earlier: Earlier,
    *,
    atomic: bool,
    again: bool,
) -> Verdict:
    """Judge the posts in order, each against what those before it left; the rows continue `head`."""
    verdict = Verdict()
    stamps = Stamps(head.recorded_at, now_us)
    seq, last_hash = head.seq, head.hash
    group_id = posts[0].request_id if atomic and len(posts) > 1 else None
    actor, approver, regime = books.actor, books.approver, books.regime.regime
    rows, commitments, salt_key = verdict.rows, verdict.commitments, bytes.fromhex(head.salt_key)
    own = ""  # the request whose first part was posted last
    first_lines: dict[str, int] = {}
    for post in posts:
        request_id, part, body_hash, given, line = post
        known = request_id in earlier.posted or request_id in earlier.refused
        repeats = known and not (part > 0 and request_id == own)
        if repeats and not first_lines:
            first_lines = {each.request_id: each.line for each in reversed(posts)}
        if repeats and _answered_before(verdict, earlier, first_lines[request_id], post, again=again):
            continue
        if not isinstance(given, Asked):
            verdict.declined.append(Declined(line, request_id, body_hash, given, None))
            continue
        asked = terms.with_term(given, books) if given.kind == _LICENSE else given
        refusal = rules.judge(asked, books)
        if refusal is not None:
            verdict.declined.append(Declined(line, request_id, body_hash, refusal, None))
            continue
        if (warning := terms.warning(asked, books)) is not None:
            verdict.warnings.append((line, warning))
        seq += 1
        headroom = books.apply(asked, seq)
        recorded_at = stamps.next()
        prev_hash = last_hash
        (
            kind, country, effective_on, license_no, device_id, quantity, tpp, expires_on, consignee,
            exporter, reference, reason, programme, holder, reverses_seq, quota,
        ) = asked  # fmt: skip
        body = canonical(
            {
                "actor": actor, "approver": approver, "body_hash": body_hash, "consignee": consignee,
                "country": country, "device_id": device_id, "effective_on": effective_on,
                "expires_on": expires_on, "exporter": exporter, "group_id": group_id, "hash_v": HASH_V,
                "headroom_after_tpp": headroom, "holder": holder, "kind": kind,
                "license_no": license_no, "programme": programme,
                "quantity": quantity, "quota": quota, "reason": reason, "recorded_at": recorded_at,
                "reference": reference, "regime": regime, "request_id": request_id, "request_part": part,
                "reverses_seq": reverses_seq, "seq": seq, "tpp": tpp,
            }
        )  # fmt: skip
        last_hash = chain_hash(prev_hash, body)
        commitments.append(commitment(salt_of(salt_key, seq), body))
        rows.append((
            kind, country, effective_on, license_no, device_id, quantity, expires_on, consignee, exporter,
            reference, reason, programme, reverses_seq, seq, recorded_at, request_id, part, body_hash,
            group_id, regime, quota, holder, tpp, actor, approver, headroom, HASH_V, prev_hash, last_hash,
        ))  # fmt: skip
        if asked.reverses_seq is not None:
            books.undone[asked.reverses_seq] = (
                f"entry {asked.reverses_seq:,} was reversed before, by entry {seq:,}: "
                "an entry is undone once, whole"
            )
        if part == 0:
            own = request_id
            earlier.posted[request_id] = (body_hash, seq)
    return verdict


def _answered_before(verdict: Verdict, earlier: Earlier, first_line: int, post: Post, *, again: bool) -> bool:
    """Give a repeated request its first answer; False where it is to be judged: refused, and asked again.

    `first_line` is the first line of this submission that has its id.
    """
    request_id, part, body_hash, _, line = post
    if request_id in earlier.posted:
        first_hash, first_seq = earlier.posted[request_id]
        if first_hash == body_hash:
            if part == 0:
                verdict.replayed.append((first_seq, line))
        else:
            above = first_line if part == 0 and first_line < line else None
            where = f"for entry {first_seq:,}" if above is None else f"on line {above:,}"
            first: dict[str, Fact] = {"first_seq": first_seq} if above is None else {"first_line": above}
            reused = IdReused(
                f"request id {request_id} was used before, {where}, with other contents: "
                "use an id of its own for each request",
                request_id=request_id, **first,
            )  # fmt: skip
            verdict.declined.append(Declined(line, request_id, body_hash, reused, None))
        return True
    if again:
        return False
    last = earlier.refused[request_id]
    if last.body_hash == body_hash:
        answer = Declined(line, request_id, body_hash, refused_again(last.problem), last.refused_at)
    else:
        reused = IdReused(
            f"request id {request_id} was used before, for a request refused on {last.refused_at[:10]}, "
            "with other contents: use an id of its own for each request",
            request_id=request_id, refused_at=last.refused_at,
        )  # fmt: skip
        answer = Declined(line, request_id, body_hash, reused, None)
    verdict.declined.append(answer)
    return True
