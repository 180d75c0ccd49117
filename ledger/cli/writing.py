"""The verbs that write. Each is the method of `Ledger` with its name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pyarrow as pa
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ledger import pinned, quotas
from ledger.base import must_open_anew
from ledger.book import Ledger
from ledger.cli.desk import Desk
from ledger.cli.failure import exit_status
from ledger.cli.posted import MOST_SHOWN, NO_LINE, give
from ledger.cli.progress import telling
from ledger.cli.session import Session
from ledger.cli.values import Misused, changes, entry_seq
from ledger.database import Database
from ledger.entry import Entry
from ledger.errors import BadFeed, BadQuery, Misconfigured, NotPermitted, Refused
from ledger.feed import COLUMNS, GROUP, Batch, Feed
from ledger.feed_faults import reason
from ledger.model import Regime
from ledger.outcome import Outcome, Receipts
from ledger.rehearsal import Rehearsal
from ledger.schema import SCHEMA_VERSION
from ledger.screens import Screen
from ledger.store import Store
from ledger.submission import Declined, Head

UNREADABLE = exit_status(BadFeed(""))
FIELDS = tuple(name for name in Entry.model_fields if name != "reverses_seq")
"""What a correction may --set."""


class Heard(Feed):
    """A feed that remembers in which words its rows named countries."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.countries: set[str] = set()

    def batches(self, size: int = GROUP) -> Iterator[Batch]:
        """As `Feed.batches`."""
        for batch in super().batches(size):
            self.countries.update(batch.columns["country"])
            yield batch


# ------------------------------------------------------------------------------------------------ init


def init(session: Session, regime: str | None) -> int:
    desk, dry_run = Desk(session), session.options.dry_run
    terms = desk.terms(regime)
    head, before, changed = _found(desk, terms, believing=dry_run)
    missing = [code for code in terms.opened() if code not in before]
    if dry_run:
        if head is None:
            must_open_anew(**desk.how_to_open())
        basis = desk.basis_of(terms, head)
        quotas.must_open(terms, missing, basis["as_of"])
        _must_be_one_persons(terms, missing, head)
    else:
        with Ledger.init(desk.url, terms.regime, **desk.how_to_open()) as ledger:
            basis = dict(ledger.regime().basis)
    counts = {"posted": len(missing), "replayed": len(before)}
    outcome = {"basis": basis, **counts} | ({"dry_run": True} if dry_run else {})
    screen = _opened(desk.name, terms, missing, before, changed=changed, dry_run=dry_run)
    desk.outcome(outcome, pa.Table.from_pylist([counts]), basis, screen)
    return 0


def _opened(
    name: str,
    terms: Regime,
    missing: Sequence[str],
    before: Mapping[str, int],
    *,
    changed: bool,
    dry_run: bool,
) -> Screen:
    """What was opened now, and what stood before: that has figures of its own."""
    stood = f"{_countries(before)} with {sum(before.values()):,} TPP allocated"
    if not missing:
        said = "Nothing had to be written."
        if changed:
            now = f"hat {terms.regime} says now"
            said = f"Dry run: w{now} would be recorded." if dry_run else f"W{now} was recorded."
        return [f"{name}: is open under {terms.regime}: {stood}.", said]
    opened = f"{name}: {'would open' if dry_run else 'opened'} under {terms.regime}"
    cap = f"an allocation of {terms.cap_tpp:,} TPP from {terms.period_from} on"
    whom = ", ".join(missing) if before else f"each of {_countries(missing)}"
    return [
        f"{opened}, with {cap} for {whom}.",
        *([f"Open before: {stood}."] if before else []),
        *(["Dry run: nothing was written."] if dry_run else []),
    ]


def _countries(codes: Collection[str]) -> str:
    return f"{len(codes):,} countr{'y' if len(codes) == 1 else 'ies'}"


def _must_be_one_persons(terms: Regime, missing: Sequence[str], head: Head | None) -> None:
    """Raise NotPermitted for what two people must decide, as `Ledger.init` does; a new ledger has no two."""
    if missing and head is not None and head.shared and head.seq and (said := quotas.by_two(terms, missing)):
        raise NotPermitted(f"{said}: propose it (tppq propose), for another to approve (tppq approve)")


def _found(desk: Desk, terms: Regime, *, believing: bool) -> tuple[Head | None, dict[str, int], bool]:
    """The head of the store, what is allocated in it, and whether its regime says other than was recorded.

    No head where there is no ledger. Without `believing`, it is told whatever was made of it: its guards are
    put back before anybody relies on it. Raises Misconfigured where there is something else.
    """
    with closing(Store(Database(desk.url, desk.session.settings.busy_seconds))) as store:
        found = store.schema_version()
        if found is None:
            return None, {}, False
        if found != SCHEMA_VERSION:
            raise store.other_schema(found)
        head = store.head() if believing else store.stored_head()
        if head.regime != terms.regime:
            raise Misconfigured(
                f"the ledger at {desk.name} runs {head.regime}, not {terms.regime}", regime=terms.regime
            )
        changed = pinned.tellings(terms, store.read("events", topic=pinned.TOPIC))
        return head, quotas.standing(store, terms), bool(changed)


# ------------------------------------------------------------------------------------------------ post


def post(session: Session, files: Sequence[str], *, each: bool, again: bool, approver: str | None) -> int:
    desk, dry_run = Desk(session), session.options.dry_run
    must_not_wait(session, files)
    with slips("--approver"), ExitStack() as stack:
        feeds, faults = _read(files, stack)
        if faults and not dry_run:
            raise _unreadable(files, faults)
        ledger = stack.enter_context(desk.open())
        rows = sum(feed.row_count for feed in feeds)
        receipts = not session.options.quiet and (rows <= MOST_SHOWN or not session.for_people)
        outcomes: list[tuple[str, Outcome]] = []
        behind = Rehearsal()
        for feed in feeds:
            with telling(feed.path, quiet=desk.options.quiet) as progress:
                outcome = ledger.post_file(
                    feed, each=each, again=again, approver=approver, dry_run=dry_run, behind=behind,
                    receipts=receipts, progress=progress,
                )  # fmt: skip
            outcomes.append((feed.path, outcome))
        basis = ledger.regime().basis
        heard = set().union(*(feed.countries for feed in feeds))
    lines = (rows, sum(feed.bad_rows for feed in feeds))
    status = give(desk, outcomes, faults, basis, of_lines=lines, several=len(files) > 1)
    desk.tell_charged(sorted(heard))
    if faults and (session.as_json or session.options.quiet):
        raise _unreadable(files, faults)
    return UNREADABLE if faults else status


def must_not_wait(session: Session, files: Sequence[str]) -> None:
    """Raise Misused where a file is what somebody is to type, and that is forbidden."""
    if "-" in files and session.options.no_input and sys.stdin.isatty():
        raise Misused("- waits for somebody to type, which --no-input forbids")


def _read(files: Sequence[str], stack: ExitStack) -> tuple[list[Heard], list[dict[str, Any]]]:
    """Every file, read whole before anything is posted, and what is wrong in any of them."""
    feeds, faults = [], []
    for path in files:
        try:
            feed = stack.enter_context(Heard(path))
            feed.read()
        except BadFeed as unreadable:
            faults.extend(unreadable.faults)
        else:
            feeds.append(feed)
            faults.extend(fault._asdict() for fault in feed.faults)
    return feeds, faults


def _unreadable(files: Sequence[str], faults: list[dict[str, Any]]) -> BadFeed:
    bad = ["stdin" if path == "-" else path for path in dict.fromkeys(fault["path"] for fault in faults)]
    among = "" if len(files) == 1 else f", {len(bad):,} of {len(files):,} files,"
    count = f"{len(faults):,} fault{'' if len(faults) == 1 else 's'}"
    said = f"{', '.join(bad)}{among} cannot be read ({count}); nothing was written"
    return BadFeed(said, faults=faults, **({} if len(files) == 1 else {"files": len(files)}))


# -------------------------------------------------------------------------------- reverse and correct


def reverse(session: Session, given: str, why: str, approver: str | None) -> int:
    seq, dry_run = entry_seq(given, "SEQ"), session.options.dry_run
    with slips("--reason"):
        return _undo(session, lambda ledger: ledger.reverse(seq, why, approver=approver, dry_run=dry_run))


def correct(session: Session, given: str, pairs: Sequence[str], why: str, approver: str | None) -> int:
    seq, right, dry_run = entry_seq(given, "SEQ"), changes(pairs, FIELDS), session.options.dry_run
    with slips("--set, --reason"):
        return _undo(
            session, lambda ledger: ledger.correct(seq, right, why, approver=approver, dry_run=dry_run)
        )


@contextmanager
def slips(hint: str) -> Iterator[None]:
    """Around what makes an entry of options. Raises BadParameter for one that makes none, as feeds say it."""
    try:
        yield
    except BadQuery as error:
        if "field" not in error.facts:
            raise
        raise typer.BadParameter(error.detail, param_hint=f"--{error.field}") from error
    except ValidationError as error:
        raise typer.BadParameter("; ".join(map(_slip, error.errors())), param_hint=hint) from error


def _slip(error: ErrorDetails) -> str:
    """What is wrong with one value, or with the entry as a whole."""
    name, value = "".join(map(str, error["loc"])), error["input"]
    if name not in COLUMNS:
        return error["msg"].removeprefix("Value error, ")
    given = None if value is None else str(value).strip()
    return f"{name} {reason(name, given or None)}"


def _undo(session: Session, act: Callable[[Ledger], Receipts]) -> int:
    desk = Desk(session)
    outcome = Outcome()
    with desk.open() as ledger:
        try:
            outcome.receipts = receipts = act(ledger)
            outcome.warnings = [(NO_LINE, text) for _, text in receipts.warnings]
        except Refused as refusal:
            outcome.declined = [Declined(NO_LINE, "", None, refusal, None)]
        basis = ledger.regime().basis
    outcome.posted, outcome.refused = len(outcome.receipts), len(outcome.declined)
    return give(desk, [("", outcome)], [], basis)
