"""The verbs of the night. Each is the method of `Ledger` with its name."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ledger import jobs, recon_screens
from ledger.answer import Answer
from ledger.book import Ledger
from ledger.cli.desk import Desk
from ledger.cli.failure import NO, exit_status
from ledger.cli.posted import give
from ledger.cli.progress import telling
from ledger.cli.session import Session
from ledger.cli.values import changes as changed
from ledger.cli.values import entry_seq
from ledger.cli.writing import FIELDS, slips
from ledger.errors import BadFeed, LedgerError, Misconfigured, Refused, Unreachable
from ledger.jobs import Delivery, Message
from ledger.outcome import Outcome
from ledger.recon_alone import by_hand
from ledger.recon_breaks import BreakStanding, rank
from ledger.recon_changes import listing
from ledger.recon_files import MISSING
from ledger.recon_night import STOPPED
from ledger.recon_results import CURRENT, mark_stale
from ledger.recon_steps import Purpose
from ledger.store import clock_us

REFUSED, BAD_FILES, NO_FILES = (exit_status(kind("")) for kind in (Refused, BadFeed, Unreachable))
"""What a night that was stopped exits with: it does not verify, a file is refused, a file is missing."""


def reconcile(session: Session, feeds: Sequence[str], fail_on: str, out: str, *, block: bool | None) -> int:
    desk, folder = Desk(session), Path(out)
    options = session.options
    delivery = Delivery.of(os.environ, folder)
    began = time.monotonic()
    with nullcontext() if options.dry_run else jobs.locked(folder):
        if not options.dry_run:
            jobs.try_out(delivery)  # before anything is recorded
        try:
            with desk.open() as ledger, telling("entries", quiet=options.quiet) as progress:
                answer = ledger.reconcile(
                    *feeds, as_of=options.as_of, known_at=options.known_at, out=folder,
                    dry_run=options.dry_run, block=block, progress=progress,
                )  # fmt: skip
        except LedgerError as error:
            if not options.dry_run:
                status = exit_status(error)
                said = {"type": type(error).__name__, "exit_status": status}
                _tell(desk, delivery, folder, f"{STOPPED}: {error.detail}", said, status, began)
            raise
        status = status_of(answer, fail_on)
        if not options.dry_run:
            subject = recon_screens.verdict(answer)
            said = dict(answer.basis)
            _tell(desk, delivery, folder, subject, said, status, began, is_clean=_is_clean(answer))
    somebody_looks = sys.stdout.isatty() or session.to_file or options.verbose
    if _is_clean(answer) and session.for_people and not somebody_looks:
        return status
    screen = recon_screens.night(answer) if session.for_people else []
    desk.answer(answer, [*screen, "Dry run: nothing was written."] if options.dry_run and screen else screen)
    return status


def status_of(answer: Answer, fail_on: str) -> int:
    """The exit status that a run's answer comes to."""
    basis = answer.basis
    if basis["status"] == STOPPED:
        if basis["stopped_by"] == "ledger":
            return REFUSED
        return NO_FILES if MISSING in answer.held.column("code") else BAD_FILES
    return NO if any(count and rank(name) >= rank(fail_on) for name, count in basis["open"].items()) else 0


def _is_clean(answer: Answer) -> bool:
    open_ = answer.basis.get("open", {})
    return answer.basis["status"] != STOPPED and not any(n for name, n in open_.items() if name != "info")


def _tell(
    desk: Desk,
    delivery: Delivery,
    folder: Path,
    subject: str,
    said: dict[str, Any],
    status: int,
    began: float,
    *,
    is_clean: bool = False,
) -> None:
    """What a run leaves behind besides its results: a stale mark, one message where one is due, metrics."""
    now_us = (desk.session.surroundings.clock or clock_us)()
    message = None
    if not is_clean:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_us / 1e6))
        kind = "reconciliation.stopped" if said.get("status", STOPPED) == STOPPED else "reconciliation.breaks"
        name = said.get("run") or f"stopped-{time.strftime('%Y%m%d-%H%M', time.gmtime(now_us / 1e6))}"
        message = Message(f"reconcile-{name}", kind, subject, at, {**said, "exit_status": status})
    try:
        for failed in jobs.tell(message, delivery, lambda: now_us / 1e6):
            desk.note(failed)
    finally:  # the message comes first: that is what somebody waits for
        if status not in (0, NO):
            _mark_stale(desk, folder, subject)
    if delivery.metrics is not None:
        seconds = time.monotonic() - began
        try:
            jobs.metrics(delivery.metrics, said, status=status, at=now_us / 1e6, seconds=seconds)
        except (Misconfigured, Unreachable) as error:  # the night's answer is what it is
            desk.note(error.detail)


def _mark_stale(desk: Desk, folder: Path, why: str) -> None:
    try:
        mark_stale(folder, why)
    except OSError as error:
        desk.note(f"{folder / CURRENT} cannot be written, so it is not marked as stale: {error.strerror}")


# --------------------------------------------------------------------------------------- work on breaks


def breaks(session: Session, country: str | None, code: str | None, *, every: bool) -> int:
    desk, options = Desk(session), session.options
    with desk.open() as ledger:
        answer = ledger.breaks(
            country, code=code, every=every, as_of=options.as_of, known_at=options.known_at
        )
    desk.answer(answer, recon_screens.breaks(answer) if session.for_people else [])
    return NO if len(answer) else 0


def show(session: Session, name: str) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        answer = ledger.break_show(name, as_of=session.options.as_of, known_at=session.options.known_at)
    desk.answer(answer, recon_screens.one(answer) if session.for_people else [])
    return 0


def take(session: Session, name: str, officer: str | None) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        return _done(desk, ledger, ledger.break_take(name, officer), f"taken by {officer or ledger.actor}")


def comment(session: Session, name: str, text: str) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        return _done(desk, ledger, ledger.break_comment(name, text), "remarked on")


def propose(
    session: Session,
    name: str,
    reverse: Sequence[str],
    correct: str | None,
    pairs: Sequence[str],
    purpose: Purpose | None,
    reason: str | None,
) -> int:
    desk = Desk(session)
    with desk.open() as ledger, slips("--set, --reason"):
        standing = ledger.break_propose(
            name,
            reverse=[entry_seq(each, "--reverse") for each in reverse],
            correct=None if correct is None else entry_seq(correct, "--correct"),
            changes=changed(pairs, FIELDS),
            purpose=purpose,
            reason=reason,
        )
        entries = "; ".join(
            f"{each['kind']} {each['country']} "
            + (f"{each['quantity']:,}" if each["quantity"] else f"{each['tpp']:,} TPP")
            for each in standing.entries
        )
        what = f"proposed: {entries}. Another person confirms it (tppq break confirm)"
        if not ledger.shared:
            what = f"{what}, or, if there is none, {by_hand(standing.entries)} posts it"
        return _done(desk, ledger, standing, what)


def confirm(session: Session, name: str) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        receipts = ledger.break_confirm(name)
        standing, basis = ledger.break_show(name).basis["break"], ledger.regime().basis
    if not _only_told(session):
        return give(desk, [("", Outcome(receipts, posted=len(receipts)))], [], basis)
    numbers = ", ".join(f"{receipt.seq:,}" for receipt in receipts)
    then = {
        "block": "Once it is cleared up, tppq break propose --unblock gives that back",
        "unblock": "What was set aside for it is given back",
    }.get(receipts[-1].kind, "The next run that no longer finds it clears it")
    desk.note(f"{standing['break']} posted as entry {numbers}. {then}.")
    return 0


def accept(session: Session, name: str, reason: str, until: str, approver: str | None) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        standing = ledger.break_accept(name, reason=reason, until=until, approver=approver)
        return _done(desk, ledger, standing, f"accepted until {standing.accepted_until}")


def _done(desk: Desk, ledger: Ledger, standing: BreakStanding, what: str) -> int:
    """Tell people what was done; give programs, and files, the break as it then stands."""
    seen, basis = standing.seen, ledger.regime().basis
    told = f"{seen.fingerprint} {seen.code} {seen.key}: {what}."
    if _only_told(desk.session):
        desk.note(told)
    else:
        desk.answer(Answer(listing([standing], basis["as_of"]), basis), [told])
    return 0


def _only_told(session: Session) -> bool:
    """Whether somebody looks who is told what was done, and wants no data of it."""
    return session.for_people and not session.to_file
