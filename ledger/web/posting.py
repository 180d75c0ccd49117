"""The paths that write: POST, and the arguments of the method with the path's name as one JSON object.

A file is the body itself (CSV, TSV, JSON Lines, Parquet), with the method's options in the address.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from ledger.book import Ledger
from ledger.entry import Entry
from ledger.errors import BadFeed
from ledger.feed import Feed, read_feed
from ledger.outcome import Receipts, refusal_told
from ledger.proposed import Proposal
from ledger.roster import Act
from ledger.web.address import NOTHING, ONCE
from ledger.web.body import SUFFIXES, in_body, put_aside
from ledger.web.failure import DESCRIBED
from ledger.web.gate import TOKEN, Asked
from ledger.web.giving import told

_EVERY: dict[str, Any] = {"tags": ["writing"], "redirect_slashes": False, "responses": dict(DESCRIBED)}
posting = APIRouter(dependencies=[NOTHING, TOKEN], **_EVERY)
posting_files = APIRouter(dependencies=[ONCE, TOKEN], **_EVERY)

_A_FILE = {"requestBody": {"required": True, "content": {kind: {} for kind in SUFFIXES}}}


class Given(BaseModel):
    """The arguments of a method; what it does not take is refused."""

    model_config = ConfigDict(extra="forbid")


class Writing(Given):
    """What every writing takes: `dry_run` judges, and writes nothing."""

    dry_run: bool = False


class OfEntries(Writing):
    """Entries as one submission, all or none. The same `request_id` twice is one post."""

    entries: Annotated[list[Entry], Field(min_length=1, max_length=10_000)]
    request_id: str | None = None


class ToPost(OfEntries):
    """As `Ledger.post` takes them; a second officer is named only in a ledger of one person."""

    approver: str | None = None
    again: bool = False


class ToPropose(OfEntries):
    """As `Ledger.propose` takes them."""

    remark: str | None = None


class OfFile(Writing):
    """How a file is posted: `each` row by itself, or all or none; `again` judges anew what was refused."""

    each: bool = False
    again: bool = False
    approver: str | None = None
    receipts: bool = True


class OfProposedFile(Writing):
    """How a file is proposed."""

    remark: str | None = None


class ToUndo(Writing):
    """Why an entry is undone."""

    reason: str


class ToReverse(ToUndo):
    """As `Ledger.reverse` takes it."""

    approver: str | None = None
    request_id: str | None = None


class ToCorrect(ToReverse):
    """As `Ledger.correct` takes it: `changes` are the fields that are to be right, by name."""

    changes: dict[str, Any]


class ToProposeCorrection(ToUndo):
    """As `Ledger.propose_correction` takes it."""

    changes: dict[str, Any]


class ToApprove(Writing):
    """`seen`: the hash of what was looked at, or its first 8 characters and more."""

    seen: str


class ToEnd(Given):
    """Why a proposal is rejected or withdrawn."""

    reason: str


@posting.post("/post")
def post(ledger: Asked, given: ToPost) -> Response:
    """Post entries as one submission, all or none; one receipt per entry, after the commit."""
    receipts = ledger.post(
        *given.entries, request_id=given.request_id, approver=given.approver, again=given.again,
        dry_run=given.dry_run,
    )  # fmt: skip
    return _posted(receipts, dry_run=given.dry_run)


@posting_files.post("/post_file", openapi_extra=_A_FILE)
async def post_file(ledger: Asked, request: Request, how: Annotated[OfFile, Query()]) -> Response:
    """Post the rows of a file: all or none, or each by itself. 409 where any was refused."""
    await run_in_threadpool(_must, ledger, "post", leaves_trace=not how.dry_run)
    async with put_aside(request) as file:
        return await run_in_threadpool(_post_file, ledger, file, how)


@posting.post("/reverse/{seq}")
def reverse(ledger: Asked, seq: int, given: ToReverse) -> Response:
    """Undo one entry, whole, by its opposite kind."""
    how = given.model_dump(include={"approver", "request_id", "dry_run"})
    return _posted(ledger.reverse(seq, given.reason, **how), dry_run=given.dry_run)


@posting.post("/correct/{seq}")
def correct(ledger: Asked, seq: int, given: ToCorrect) -> Response:
    """Undo one entry and post the right one in its place, in one group."""
    how = given.model_dump(include={"approver", "request_id", "dry_run"})
    return _posted(ledger.correct(seq, given.changes, given.reason, **how), dry_run=given.dry_run)


@posting.post("/propose")
def propose(ledger: Asked, given: ToPropose) -> Response:
    """Propose entries, for another person to approve."""
    made = ledger.propose(
        *given.entries, remark=given.remark, request_id=given.request_id, dry_run=given.dry_run
    )
    return _proposed(ledger, made)


@posting_files.post("/propose_file", openapi_extra=_A_FILE)
async def propose_file(ledger: Asked, request: Request, how: Annotated[OfProposedFile, Query()]) -> Response:
    """Propose the rows of a file as one submission."""

    def propose(feed: Feed) -> Response:
        return _proposed(ledger, ledger.propose_file(feed, remark=how.remark, dry_run=how.dry_run))

    await run_in_threadpool(_must, ledger, "propose")
    async with put_aside(request) as file:
        return await run_in_threadpool(_with_feed, file, propose)


@posting.post("/propose_reversal/{seq}")
def propose_reversal(ledger: Asked, seq: int, given: ToUndo) -> Response:
    """Propose to undo one entry, whole."""
    return _proposed(ledger, ledger.propose_reversal(seq, given.reason, dry_run=given.dry_run))


@posting.post("/propose_correction/{seq}")
def propose_correction(ledger: Asked, seq: int, given: ToProposeCorrection) -> Response:
    """Propose to undo one entry and post the right one in its place."""
    return _proposed(
        ledger, ledger.propose_correction(seq, given.changes, given.reason, dry_run=given.dry_run)
    )


@posting.post("/approve/{proposal}")
def approve(ledger: Asked, proposal: str, given: ToApprove) -> Response:
    """Approve what somebody else proposed, and post it."""
    receipts = ledger.approve(proposal, seen=given.seen, dry_run=given.dry_run)
    return _posted(receipts, dry_run=given.dry_run)


@posting.post("/reject/{proposal}")
def reject(ledger: Asked, proposal: str, given: ToEnd) -> Response:
    """Turn down what somebody else proposed."""
    return _proposed(ledger, ledger.reject(proposal, given.reason))


@posting.post("/withdraw/{proposal}")
def withdraw(ledger: Asked, proposal: str, given: ToEnd) -> Response:
    """Take back what you proposed yourself."""
    return _proposed(ledger, ledger.withdraw(proposal, given.reason))


# ---------------------------------------------------------------------------------------------- within


def _must(ledger: Ledger, act: Act, *, leaves_trace: bool = True) -> None:
    """Raise NotPermitted where whoever asks may not do this, before a file of theirs is put aside."""
    ledger._must(act, leaves_trace=leaves_trace)  # noqa: SLF001  # no verb asks about a role alone


def _posted(receipts: Receipts, *, dry_run: bool) -> Response:
    """What became of one submission, in the keys of a file's; where it was refused, that was raised."""
    answer: dict[str, Any] = {
        "posted": [receipt._asdict() for receipt in receipts], "refused": [], "replayed": receipts.replayed
    }  # fmt: skip
    if receipts.warnings:
        answer["warnings"] = [
            {"request_part": place - 1, "detail": text} for place, text in receipts.warnings
        ]
    return told(answer | ({"dry_run": True} if dry_run else {}))


def _proposed(ledger: Ledger, proposal: Proposal) -> Response:
    return told({"basis": ledger.regime().basis, **proposal.told()})


def _post_file(ledger: Ledger, file: Path, how: OfFile) -> Response:
    def post(feed: Feed) -> Response:
        outcome = ledger.post_file(feed, **how.model_dump())
        answer: dict[str, Any] = {
            "posted": [receipt._asdict() for receipt in outcome.receipts],
            "refused": [refusal_told(declined) for declined in outcome.declined],
            "replayed": outcome.replayed,
        }
        if not how.receipts:
            answer["posted"], answer["refused"] = outcome.posted - outcome.replayed, outcome.refused
        if outcome.warnings:
            answer["warnings"] = [{"line": line, "detail": text} for line, text in outcome.warnings]
        if how.dry_run:
            answer |= {"dry_run": True}
        return told(answer, HTTPStatus.CONFLICT if outcome.refused else HTTPStatus.OK)

    return _with_feed(file, post)


def _with_feed(file: Path, act: Callable[[Feed], Response]) -> Response:
    """What `act` answers about a file. Raises BadFeed, which names each line at fault."""
    try:
        with read_feed(str(file)) as feed:
            feed.check()
            return act(feed)
    except BadFeed as unreadable:
        name, faults = str(file), unreadable.facts.get("faults")
        facts = unreadable.facts | {"faults": in_body(faults if isinstance(faults, list) else [])}
        raise BadFeed(unreadable.detail.replace(name, "the body"), **facts) from None
