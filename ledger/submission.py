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

from ledger import rules, sound, terms
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
    refused: list[tuple[str, EarlierRefusal]] = field(default_factory=list)
    """Of what was declined, by request id, what a repeat is to be answered."""

    replayed: list[tuple[int, int]] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)


class EarlierRefusal(NamedTuple):
    """An earlier refusal: the body it answered, which attempt it was, the problem it told, and when."""

    body_hash: str | None
    attempt: int
    problem: dict[str, Any]
    refused_at: str


@dataclass(slots=True)
class Earlier:
    """What the requests of a group were answered before: (body hash, first seq), or the last refusal."""

    posted: dict[str, tuple[str | None, int]]
    refused: dict[str, EarlierRefusal]

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


def first_at(verdict: Verdict) -> str | None:
    """When the first entry of a verdict was recorded; None where it has none."""
    return verdict.rows[0][_RECORDED_AT] if verdict.rows else None


@lru_cache(maxsize=16)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))


def instant(us: int) -> str:
    """Whole microseconds since 1970 (UTC) as ISO text."""
    second, rest = divmod(us, 1_000_000)
    return f"{_second(second)}{rest:06d}Z"


def microseconds(at: str) -> int:
    """Whole microseconds since 1970 (UTC) of an instant as ISO text."""
    return (datetime.fromisoformat(at) - EPOCH) // timedelta(microseconds=1)


class Stamps:
    """Instants in whole microseconds, as ISO text, each later than the one before and than `after`.

    Raises Tampered where that is no instant.
    """

    def __init__(self, after: str, now_us: int) -> None:
        self._next_us = now_us
        if instant(now_us) <= after:
            if not sound.is_instant(after):
                raise Tampered(f"the time of what came last, '{after}', is no valid instant: run tppq verify")
            self._next_us = microseconds(after) + 1

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
    own = ""  # the request whose parts are judged
    first_lines: dict[str, int] = {}
    for post in posts:
        request_id, part, body_hash, given, line = post
        known = request_id in earlier.posted or request_id in earlier.refused
        repeats = known and not (part > 0 and request_id == own)
        if repeats and not first_lines:
            first_lines = {each.request_id: each.line for each in reversed(posts)}
        if repeats and _answered_before(verdict, earlier, first_lines[request_id], post, again=again):
            continue
        own = request_id
        if not isinstance(given, Asked):
            _decline(verdict, earlier, post, given, now_us)
            continue
        asked = terms.with_term(given, books)
        refusal = rules.judge(asked, books)
        if refusal is not None:
            _decline(verdict, earlier, post, refusal, now_us)
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
        if part == 0:
            earlier.posted[request_id] = (body_hash, seq)
    return verdict


def _decline(verdict: Verdict, earlier: Earlier, post: Post, refusal: Refused, now_us: int) -> None:
    """Decline a post; the first of a request's parts that is, is what a repeat of the request is answered."""
    request_id, part, body_hash, _, line = post
    verdict.declined.append(Declined(line, request_id, body_hash, refusal, None))
    if part > 0 and verdict.refused and verdict.refused[-1][0] == request_id:
        return
    attempt = earlier.attempts(request_id) + 1
    said = EarlierRefusal(body_hash, attempt, refusal.problem(), instant(now_us))
    earlier.refused[request_id] = said
    verdict.refused.append((request_id, said))


def _answered_before(verdict: Verdict, earlier: Earlier, first_line: int, post: Post, *, again: bool) -> bool:
    """Give a repeated request its first answer; False where it is to be judged: refused, and asked again.

    `first_line` is the first line of this submission that has its id.
    """
    request_id, part, body_hash, _, line = post
    known: dict[str, Fact]
    if request_id in earlier.posted:
        first_hash, first_seq = earlier.posted[request_id]
        if first_hash == body_hash:
            if part == 0:
                verdict.replayed.append((first_seq, line))
            return True
        where, known = f"for entry {first_seq:,}", {"first_seq": first_seq}
    elif again:
        return False
    else:
        last = earlier.refused[request_id]
        if last.body_hash == body_hash:
            repeated = refused_again(last.problem)
            verdict.declined.append(Declined(line, request_id, body_hash, repeated, last.refused_at))
            return True
        where = f"for a request refused on {last.refused_at[:10]}"
        known = {"refused_at": last.refused_at}
    if part == 0 and first_line < line:
        where, known = f"on line {first_line:,}", {"first_line": first_line}
    reused = IdReused(
        f"request id {request_id} was used before, {where}, with other contents: "
        "use an id of its own for each request",
        request_id=request_id, **known,
    )  # fmt: skip
    verdict.declined.append(Declined(line, request_id, body_hash, reused, None))
    return True
