"""The verbs about people and what takes two of them, each with its arguments, its help and its examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.app import group, verb
from ledger.cli.session import Session

Name = Annotated[str, typer.Argument(metavar="NAME", help="A user.", show_default=False)]
Proposed = Annotated[
    str, typer.Argument(metavar="ID", help="The id, as `tppq pending` lists it.", show_default=False)
]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]

user = group("user", "Who may do what in a shared ledger. Only an admin may ask, or change it.")


@user("runs", name="list")
def users(session: Session) -> int:
    """Who is a user, in which roles.

    Examples:
        tppq user list
    """
    from ledger.cli import people

    return people.users(session)


@user("runs")
def add(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their login name.", show_default=False)],
    roles: Annotated[
        list[str] | None,
        typer.Option(
            "--role", metavar="ROLE", help="viewer (the default), officer, approver, auditor, admin."
        ),
    ] = None,
) -> int:
    """Let somebody in.

    A viewer asks. An officer posts, proposes and reconciles. An approver approves or rejects what somebody
    else proposed. An auditor verifies, reconciles, reads the audit trail, signs checkpoints, exports and
    publishes. An admin manages users and the store, and backs it up.

    Examples:
        tppq user add maria --role officer
        tppq user add omar --role officer --role approver
    """
    from ledger.cli import people

    return people.add(session, name, roles or [])


@user("runs")
def role(
    session: Session,
    name: Name,
    roles: Annotated[
        list[str],
        typer.Argument(metavar="ROLE...", help="All of their roles from now on.", show_default=False),
    ],
) -> int:
    """Give a user these roles in place of those they had.

    Examples:
        tppq user role maria officer auditor
    """
    from ledger.cli import people

    return people.role(session, name, roles)


@user("runs")
def remove(session: Session, name: Name) -> int:
    """From now on they may do nothing; what they did stays.

    Examples:
        tppq user remove maria
    """
    from ledger.cli import people

    return people.remove(session, name)


@user("runs")
def token(
    session: Session,
    name: Name,
    *,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the token.")] = False,
) -> int:
    """Print a token by which a program acts as this user; only once, and in place of the one before.

    The program finds it in TPPQ_TOKEN, or in the file that TPPQ_TOKEN_FILE names. Its hash alone is kept.

    Examples:
        (umask 077; tppq user token feeder > feeder.token)
        TPPQ_TOKEN_FILE=feeder.token tppq post licenses.csv
        tppq user token feeder --revoke
    """
    from ledger.cli import people

    return people.token(session, name, revoke=revoke)


# ------------------------------------------------------------------------------------------- two people


@verb("writes")
def propose(
    session: Session,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="As for post: the rows to propose.")
    ] = None,
    *,
    reverse: Annotated[
        str | None, typer.Option("--reverse", metavar="SEQ", help="Instead: undo this entry.")
    ] = None,
    correct: Annotated[
        str | None, typer.Option("--correct", metavar="SEQ", help="Instead: correct this entry, with --set.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="What is right; may be repeated.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; with --reverse or --correct.")
    ] = None,
    remark: Annotated[
        str | None, typer.Option("--remark", metavar="TEXT", help="For whoever decides.")
    ] = None,
) -> int:
    """Propose entries that take two people. Nothing is posted before somebody else approves.

    Shows what it would do. It reserves nothing and expires after 14 days, unless the regime says otherwise.
    As JSON: {"basis", "proposal", "by", "at", "expires_at", "hash", "remark", "state", "decided_by",
    "decided_at", "reason", "entries"}.

    Examples:
        tppq propose raise-2027.csv --remark "assurances of 2026-11-20"
        tppq propose --reverse 17951 --reason "entered twice"
        tppq propose --correct 17951 --set quantity=500 --reason "500, not 5,000"
    """
    from ledger.cli import people

    return people.propose(session, file, reverse, correct, changes or [], reason, remark)


@verb("runs")
def pending(
    session: Session,
    proposal: Annotated[str | None, typer.Argument(metavar="ID", help="One proposal. Default: all.")] = None,
) -> int:
    """What waits for a second person, oldest first.

    Examples:
        tppq pending
        tppq pending P-0007 --json
    """
    from ledger.cli import people

    return people.pending(session, proposal)


@verb("writes")
def approve(
    session: Session,
    proposal: Proposed,
    seen: Annotated[
        str | None,
        typer.Option("--hash", metavar="HASH", help="Of what you looked at, 8 characters or more."),
    ] = None,
) -> int:
    """Approve what somebody else proposed, and post it.

    It is judged again. Answers like post.

    Examples:
        tppq approve P-0007 --hash 3f2a9c01
        tppq approve P-0007 --dry-run
    """
    from ledger.cli import people

    return people.approve(session, proposal, seen)


@verb("runs")
def reject(session: Session, proposal: Proposed, reason: Why) -> int:
    """Turn down what somebody else proposed.

    Examples:
        tppq reject P-0007 --reason "no assurances yet"
    """
    from ledger.cli import people

    return people.decide(session, "reject", proposal, reason)


@verb("runs")
def withdraw(session: Session, proposal: Proposed, reason: Why) -> int:
    """Take back a proposal of your own.

    To lower a cap is something else: propose an entry of the kind withdraw.

    Examples:
        tppq withdraw P-0007 --reason "wrong country"
    """
    from ledger.cli import people

    return people.decide(session, "withdraw", proposal, reason)
