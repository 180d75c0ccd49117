"""Ready reports and the forecast, as verbs. Light: what does the work is imported inside each verb."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.session import Session


@verb("asks")
def report(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Or its number. Without a name: the list of all.", show_default=False
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="A parameter of it; may be repeated."),
    ] = None,
) -> int:
    """Ready reports: their list, or the answer of one.

    --as-of and --known-at stand for the parameters of these names. The SQL of each is in schemas/report.

    Examples:
        tppq report
        tppq report licenses-by-expiry --param country=AE --param days=60
        tppq report left-on-day --param on_day=2026-06-30 --csv
        tppq report holders -p country=IN -o holders.xlsx
    """
    from ledger.cli import reporting

    return reporting.report(session, name, parameters or [])


@verb("asks")
def forecast(
    session: Session,
    country: Annotated[str | None, typer.Argument(metavar="CC", help="One country. Default: all.")] = None,
) -> int:
    """When will a quota be critical, and used up? P10, P50, P90.

    Critical is 90 % in the rule of 2025. From what licenses hold and how much of such was shipped before, at
    three run-rates; beside it, how far the forecast of a quarter ago was off.

    Examples:
        tppq forecast IN
        tppq forecast --json | jq '.rows[] | select(.percent == 100 and .p50_on != null)'
        tppq forecast SA --as-of 2026-06-30 --known-at 2026-06-30
    """
    from ledger.cli import reporting

    return reporting.forecast(session, country)
