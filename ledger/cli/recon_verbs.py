"""The verbs of the night, each with its arguments, its help and its examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import typer

from ledger.cli.app import group, verb
from ledger.cli.options import day_given
from ledger.cli.session import Session


class Least(StrEnum):
    """From which severity on a break makes the answer no. What is in transit (info) is no break yet."""

    critical = "critical"
    severe = "severe"
    major = "major"
    minor = "minor"


Name = Annotated[
    str,
    typer.Argument(metavar="BREAK", help="Of `tppq breaks`; its first characters do.", show_default=False),
]

break_ = group("break", "Work on one break: look at it, take it, put it right.")


@verb("compares")
def reconcile(
    session: Session,
    feeds: Annotated[
        list[str], typer.Argument(metavar="FEED...", help="Folders of feeds, or files.", show_default=False)
    ],
    *,
    fail_on: Annotated[
        Least, typer.Option("--fail-on", help="From which severity on the exit status is 1.")
    ] = Least.major,
    out: Annotated[
        str, typer.Option("--out", metavar="FOLDER", help="Where results go, a folder per run.")
    ] = "out",
    block: Annotated[
        bool | None,
        typer.Option(
            "--block/--no-block",
            help="Draft a block of each country with a critical break. Default: as the regime says.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Compare the ledger with what others reported.

    Licensing office, customs, vendors and reexporters. Writes results and breaks, never an entry:
    corrections are drafted. Run it again and nothing changes. Says nothing where nothing is wrong and
    nobody looks; else sends one message (TPPQ_OUTBOX, TPPQ_WEBHOOK_URL, TPPQ_WEBHOOK_SECRET_FILE), and
    keeps metrics (TPPQ_METRICS_FILE). Exit: 0 nothing from --fail-on up; 1 breaks; 3 the ledger itself
    does not verify; 65 a file is refused; 69 a file is missing, or a disk is full; 75 another run.

    Examples:
        tppq reconcile feeds/2026-11-20
        tppq reconcile feeds/2026-11-20 --dry-run
        tppq reconcile feeds/2026-11-20 --fail-on critical --out /srv/tppq/out
        tppq reconcile feeds/2026-11-20 --as-of 2026-11-20 --json
    """
    from ledger.cli import recon

    return recon.reconcile(session, feeds, fail_on.value, out, block=block)


@verb("asks")
def breaks(
    session: Session,
    country: Annotated[str | None, typer.Argument(metavar="CC", help="One country. Default: all.")] = None,
    *,
    code: Annotated[
        str | None, typer.Option("--code", metavar="CODE", help="Only breaks with this code.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those in transit, accepted and cleared too.")] = False,
) -> int:
    """The breaks that are open, gravest first. Exit 0 none, 1 some.

    With --as-of: as they stood, and how old they were, at the end of that day.

    Examples:
        tppq breaks
        tppq breaks SA --code QUANTITY
        tppq breaks --all --csv
    """
    from ledger.cli import recon

    return recon.breaks(session, country, code, every=every)


@break_("asks")
def show(session: Session, name: Name) -> int:
    """One break: what both sides say, what is drafted, and all that happened to it.

    Examples:
        tppq break show 3f2a
    """
    from ledger.cli import recon

    return recon.show(session, name)


@break_("runs")
def take(
    session: Session,
    name: Name,
    officer: Annotated[
        str | None, typer.Option("--for", metavar="NAME", help="Give it to another officer.")
    ] = None,
) -> int:
    """Take a break on.

    Examples:
        tppq break take 3f2a
        tppq break take 3f2a --for omar
    """
    from ledger.cli import recon

    return recon.take(session, name, officer)


@break_("runs")
def comment(
    session: Session, name: Name, text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)]
) -> int:
    """Remark on a break.

    Examples:
        tppq break comment 3f2a "the broker files it again on Monday"
    """
    from ledger.cli import recon

    return recon.comment(session, name, text)


@break_("runs")
def propose(
    session: Session,
    name: Name,
    *,
    reverse: Annotated[
        list[str] | None, typer.Option("--reverse", metavar="SEQ", help="An entry to undo; may be repeated.")
    ] = None,
    correct: Annotated[
        str | None, typer.Option("--correct", metavar="SEQ", help="An entry to correct, with --set.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="What is right; may be repeated.")
    ] = None,
    block: Annotated[
        bool | None,
        typer.Option(
            "--block/--unblock", help="Set aside what is at stake, or give it back.", show_default=False
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
) -> int:
    """Propose what puts it right: what the run drafted, or these entries. Nothing is posted.

    Examples:
        tppq break propose 3f2a
        tppq break propose 3f2a --correct 18011 --set quantity=90
        tppq break propose 3f2a --reverse 18011 --reason "never left"
        tppq break propose 3f2a --block
    """
    from ledger.cli import recon

    purpose: Literal["block", "unblock"] | None = None if block is None else "block" if block else "unblock"
    return recon.propose(session, name, reverse or [], correct, changes or [], purpose, reason)


@break_("runs")
def confirm(session: Session, name: Name) -> int:
    """Confirm what somebody else proposed, and post it. A later run clears the break.

    Examples:
        tppq break confirm 3f2a
    """
    from ledger.cli import recon

    return recon.confirm(session, name)


@break_("runs")
def accept(
    session: Session,
    name: Name,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it may stand.")],
    until: Annotated[
        str,
        typer.Option("--until", metavar="DATE", callback=day_given, help="The last day on which it may."),
    ],
    approver: Annotated[
        str | None, typer.Option("--approver", metavar="NAME", help="The second officer, who agrees.")
    ] = None,
) -> int:
    """Accept a difference for a time. It comes back when that is over, or when it grows.

    Examples:
        tppq break accept 3f2a --reason "settled, letter of 20 November" --until 2027-01-31 --approver omar
    """
    from ledger.cli import recon

    return recon.accept(session, name, reason, until, approver)
