"""The verb that runs a query somebody typed, with its arguments, its help and its examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.session import Session
from ledger.cli.values import Misused
from ledger.model import MOST_TPP
from ledger.sandbox_process import Child, Limits

_MOST_MB = 1_000_000
"""A terabyte: more than any machine that asks has."""


@verb("asks")
def sql(
    session: Session,
    query: Annotated[str | None, typer.Argument(metavar="QUERY", help="One SELECT.")] = None,
    *,
    file: Annotated[
        str | None, typer.Option("--file", "-f", metavar="FILE", help="The query from a file; - is stdin.")
    ] = None,
    report: Annotated[
        str | None, typer.Option("--report", metavar="NAME", help="A ready report, of `tppq report`.")
    ] = None,
    params: Annotated[
        list[str],
        typer.Option(
            "--param", metavar="NAME=VALUE", help="The value of $NAME; may be repeated.", show_default=False
        ),
    ] = [],  # noqa: B006  # typer copies it
    limit: Annotated[
        int,
        typer.Option("--limit", metavar="N", min=0, max=MOST_TPP, help="The first rows; 0 is all of them."),
    ] = Limits().rows,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0.1, max=3_600, help="Seconds it may take.")
    ] = Limits().seconds,
    memory: Annotated[
        int, typer.Option("--memory", metavar="MB", min=64, max=_MOST_MB, help="Megabytes it may use.")
    ] = Limits().memory_mb,
    schema: Annotated[
        bool, typer.Option("--schema", help="Say what may be asked: tables, views, macros, columns.")
    ] = False,
) -> int:
    """Ask in SQL (DuckDB's): one SELECT over a private copy. Without any, a prompt.

    It can read the ledger's tables, views and macros, and nothing else: no file, no network, no writing.
    $as_of and $known_at in it are the values of --as-of and --known-at.

    Examples:
        tppq sql "select country, headroom_tpp from headroom() where balance_state = 'critical'"
        tppq sql "from statement('AE') where tpp > 50_000_000" --csv -o large.csv
        tppq sql -f question.sql --param country=AE --limit 0 --format parquet -o answer.parquet
        tppq sql --report licenses-by-expiry --param days=30
        tppq sql --schema
    """
    limits = Limits(limit, timeout, memory)
    asked = [name for name, given in (("QUERY", query), ("--file", file), ("--report", report)) if given]
    if len([*asked, *(["--schema"] if schema else [])]) > 1:
        raise Misused("a QUERY, --file, --report or --schema: one of them")
    if schema or asked == ["--report"]:
        _refuse_strangers("--schema" if schema else "--report", limits, params if schema else [])
    if asked == ["--report"]:
        from ledger.cli import reporting

        return reporting.report(session, report, params)
    if schema or not asked:
        from ledger.cli import sql as asking

        return asking.schema(session) if schema else asking.prompt(session, params, limits)
    with Child() as child:  # it starts while the rest is imported
        from ledger.cli import sql as asking

        return asking.ask(session, asking.text_of(query, file), params, limits, child)


def _refuse_strangers(called: str, limits: Limits, params: list[str]) -> None:
    """Raise Misused for an option of queries beside what is none: it would be passed over."""
    names = zip(("--limit", "--timeout", "--memory"), limits, Limits(), strict=True)
    given = [name for name, value, usual in names if value != usual] + (["--param"] if params else [])
    if given:
        raise Misused(f"{called} takes no {' and no '.join(given)}")
