"""The verb about what was done, with its arguments, its help and its examples."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.options import Recorded
from ledger.cli.session import Session


@verb("runs")
def audit(
    session: Session,
    from_day: Recorded = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="NAME", help="Only what this user did. Default: everybody.")
    ] = None,
) -> int:
    """Who did what, when, and what came of it.

    Changes of users, proposals, copies taken, refusals, denials. What was posted is told by statement.

    Examples:
        tppq audit --from 2026-11-01
        tppq audit --who maria --csv -o maria.csv
        tppq audit --json | jq '.rows[] | select(.outcome == "denied")'
    """
    from ledger.cli import people  # when it is asked for, so that the help is quick  # noqa: PLC0415

    return people.audit(session, from_day, who)
