"""The verbs about people and what takes two of them. Each is a method of `Ledger`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from ledger import people_screens as screens
from ledger.answer import Answer
from ledger.book import Ledger
from ledger.cli.desk import Desk
from ledger.cli.posted import give
from ledger.cli.session import Session
from ledger.cli.values import Misused, changes, entry_seq
from ledger.cli.writing import FIELDS, must_not_wait, slips
from ledger.feed import read_feed
from ledger.outcome import Outcome
from ledger.proposed import Proposal, called
from ledger.roster import Person

# ------------------------------------------------------------------------------------------------ users


def users(session: Session) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        answer = ledger.users()
    desk.answer(answer, screens.users(answer), basis_told=False)
    return 0


def add(session: Session, name: str, roles: Sequence[str]) -> int:
    return _changed(session, lambda ledger: ledger.add_user(name, *roles))


def role(session: Session, name: str, roles: Sequence[str]) -> int:
    return _changed(session, lambda ledger: ledger.set_roles(name, *roles))


def _changed(session: Session, act: Callable[[Ledger], Person]) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        person = act(ledger)
        basis = ledger.regime().basis
    answer = Answer(pa.Table.from_pylist([{"name": person.name, "roles": person.words}]), basis)
    desk.answer(answer, [f"{person.name}: {person.words}."], basis_told=False)
    return 0


def remove(session: Session, name: str) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        ledger.remove_user(name)
        basis = ledger.regime().basis
    answer = Answer(pa.Table.from_pylist([{"name": name, "roles": ""}]), basis)
    desk.answer(answer, [f"{name} is no user any more; what they did stays."], basis_told=False)
    return 0


def token(session: Session, name: str, *, revoke: bool) -> int:
    desk = Desk(session)
    place = Path(session.options.output or "") if session.to_file and not revoke else None
    with _for_its_owner_alone(place), desk.open() as ledger:
        if revoke:
            ledger.revoke_token(name)
            given = None
        else:
            given = ledger.new_token(name)
        basis = ledger.regime().basis
    answer = Answer(pa.Table.from_pylist([{"name": name, "token": given}]), basis)
    desk.answer(answer, [f"No token is {name}'s any more." if given is None else given], basis_told=False)
    if given is not None:
        desk.note(f"It acts as {name}, is shown this once, and replaces the one before it.")
    return 0


@contextmanager
def _for_its_owner_alone(path: Path | None) -> Iterator[None]:
    """Around what makes a token: the file that it goes to, which nobody else may read, is there before it.

    Where no token comes of it, a file that was not there before is gone again. A pipe or a device, which is
    not this command's to close to others, stays as it is. Raises Misused.
    """
    if path is None or (path.exists() and not path.is_file()):
        yield
        return
    is_new = not os.path.lexists(path)
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise Misused(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------------------------------- two people


def propose(
    session: Session, file: str | None, reverse: str | None, correct: str | None, pairs: Sequence[str],
    reason: str | None, remark: str | None,
) -> int:  # fmt: skip
    chosen = [each for each in (file, reverse, correct) if each is not None]
    if len(chosen) != 1:
        raise Misused("propose wants a FILE, or --reverse SEQ, or --correct SEQ: one of the three")
    if file is None and (reason is None or remark is not None):
        raise Misused("--reverse and --correct want --reason, and take no --remark")
    if (correct is not None) != bool(pairs) or (file is not None and reason is not None):
        raise Misused("--set goes with --correct alone, --reason with --reverse and --correct")
    given, dry_run = changes(pairs, FIELDS), session.options.dry_run
    desk = Desk(session)
    with desk.open() as ledger:
        with slips("--set, --reason" if correct else "--reason"):
            if file is not None:
                proposal = _of_file(ledger, session, file, remark)
            elif reverse is not None:
                proposal = ledger.propose_reversal(
                    entry_seq(reverse, "--reverse"), reason or "", dry_run=dry_run
                )
            else:
                assert correct is not None
                seq = entry_seq(correct, "--correct")
                proposal = ledger.propose_correction(seq, given, reason or "", dry_run=dry_run)
        basis = ledger.regime().basis
        corrects = ledger._corrects(proposal)  # noqa: SLF001  # for the screen alone
    _give(desk, proposal, basis, screens.proposed(proposal, corrects, basis["h100_tpp"], dry_run=dry_run))
    return 0


def _of_file(ledger: Ledger, session: Session, path: str, remark: str | None) -> Proposal:
    must_not_wait(session, [path])
    with read_feed(path) as feed:
        return ledger.propose_file(feed, remark=remark, dry_run=session.options.dry_run)


def pending(session: Session, proposal: str | None) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        answer = ledger.pending(proposal)
    desk.answer(answer, screens.pending(answer))
    return 0


def approve(session: Session, proposal: str, seen: str | None) -> int:
    desk, outcome = Desk(session), Outcome()
    with desk.open() as ledger:
        waiting = ledger.pending()
        before = [row for row in waiting.rows() if row["proposal"] == called(proposal)]
        outcome.receipts = ledger.approve(proposal, seen=seen, dry_run=session.options.dry_run)
        basis = ledger.regime().basis
    outcome.posted = len(outcome.receipts)
    dry_run = before and session.options.dry_run
    above = [*screens.pending(waiting, called(proposal)), ""] if dry_run else []
    status = give(desk, [("", outcome)], [], basis, above=above)
    for row, receipt in zip(before, outcome.receipts, strict=False):  # none, if it was proposed just now
        if row["headroom_tpp"] != receipt.headroom_tpp:
            desk.note(
                f"{receipt.country} has {receipt.headroom_tpp:,} TPP left after it; when it was proposed, "
                f"{row['headroom_tpp']:,} were to be left."
            )
    return status


def decide(session: Session, verb: str, proposal: str, reason: str) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        act: Callable[[str, str], Proposal] = getattr(ledger, verb)
        ended = act(proposal, reason)
        basis = ledger.regime().basis
    _give(desk, ended, basis, [f"{ended.proposal} of {ended.by} is {ended.state}: {ended.reason}."])
    return 0


def _give(desk: Desk, proposal: Proposal, basis: Any, screen: screens.Screen) -> None:
    """One proposal as an object, as a row per entry, or as a screen."""
    told = proposal.told()
    about = {name: value for name, value in told.items() if name != "entries"}
    rows = pa.Table.from_pylist([{**about, **entry} for entry in told["entries"]])
    desk.outcome({"basis": basis, **told}, rows, basis, screen)


# ------------------------------------------------------------------------------------- the audit trail


def audit(session: Session, from_day: str | None, who: str | None) -> int:
    desk = Desk(session)
    with desk.open() as ledger:
        answer = ledger.audit(from_day=from_day, who=who)
    desk.answer(answer, screens.trail_of(answer))
    return 0
