"""The first verbs of the help, with their arguments and examples; the others are in the modules `*_verbs`.

Light on purpose, so that `tppq --help` answers at once: what does the work is imported inside each verb.
"""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.options import Day
from ledger.cli.session import Session

Approver = Annotated[
    str | None,
    typer.Option("--approver", metavar="NAME", help="The second officer, who approves what needs one."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the entry.")]
Seq = Annotated[str, typer.Argument(metavar="SEQ", help="The number of an entry.", show_default=False)]
CC = Annotated[
    str, typer.Argument(metavar="CC", help="ISO 3166-1 alpha-2, alpha-3, or a name of the regulations.")
]


# ---------------------------------------------------------------------------------------------- write


@verb("writes")
def init(
    session: Session,
    regime: Annotated[
        str | None, typer.Option("--regime", metavar="ID", help="Default: diffusion-2025.")
    ] = None,
) -> int:
    """Create the ledger and open every allocation. Repeating it changes nothing.

    As JSON: {"basis": {...}, "posted": N, "replayed": N}, of the opening allocations.

    Examples:
        tppq init
        tppq init --regime diffusion-2025 --dry-run
        tppq init --ledger postgresql+psycopg://localhost/tppq
    """
    from ledger.cli import writing

    return writing.init(session, regime)


@verb("writes")
def post(
    session: Session,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="CSV, TSV, JSON Lines or Parquet; - is stdin.")
    ],
    *,
    each: Annotated[
        bool, typer.Option("--each", help="Each row is a submission of its own: what is not refused stands.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Ask anew for rows that were refused before.")
    ] = False,
    approver: Approver = None,
) -> int:
    """Post the rows of files, each file all or none. Bad files list every bad line.

    A file of the same bytes is posted once. One that grew or was mended is another, unless its rows have
    each a request_id of their own.

    Where a file cannot be read, nothing is written from any. As JSON: {"posted": [...], "refused": [...],
    "replayed": N}; with --quiet the three counts.

    Examples:
        tppq post licenses-2026-11-21.csv --dry-run
        tppq post licenses-2026-11-21.csv
        tppq post exports.parquet --each --quiet
        cat rows.jsonl | tppq post - --json
    """
    from ledger.cli import writing

    return writing.post(session, files, each=each, again=again, approver=approver)


@verb("writes")
def reverse(session: Session, seq: Seq, reason: Reason, approver: Approver = None) -> int:
    """Undo one entry, whole, by its opposite. Answers like post.

    Examples:
        tppq reverse 17951 --reason "entered twice"
        tppq reverse 17951 --reason "entered twice" --dry-run
    """
    from ledger.cli import writing

    return writing.reverse(session, seq, reason, approver)


@verb("writes")
def correct(
    session: Session,
    seq: Seq,
    changes: Annotated[
        list[str], typer.Option("--set", metavar="KEY=VALUE", help="What is right; may be repeated.")
    ],
    reason: Reason,
    approver: Approver = None,
) -> int:
    """Undo one entry and post the right one, together. Answers like post.

    Examples:
        tppq correct 17951 --set quantity=500 --reason "500, not 5,000"
        tppq correct 17951 --set country=AE --set license_no=D2026-00790 --reason "wrong license"
    """
    from ledger.cli import writing

    return writing.correct(session, seq, changes, reason, approver)


# ------------------------------------------------------------------------------------------------ ask


@verb("asks")
def headroom(
    session: Session,
    countries: Annotated[
        list[str] | None, typer.Argument(metavar="CC", help="Countries. Default: all.")
    ] = None,
) -> int:
    """What each country has left, lowest first. Alias: balance.

    Examples:
        tppq headroom
        tppq headroom AE SA IN
        tppq headroom --as-of 2026-06-30 --known-at 2026-07-15T12:00:00Z
        tppq headroom --json | jq '.rows[] | select(.used_percent >= 90)'
        tppq headroom -o headroom.xlsx
    """
    from ledger.cli import asking

    return asking.headroom(session, countries or [])


verb("asks", name="balance", hidden=True)(headroom)


@verb("asks")
def statement(session: Session, country: CC, from_day: Day = None) -> int:
    """The entries of one country, with its headroom after each.

    Examples:
        tppq statement IN
        tppq statement IN --from 2026-09-01
        tppq statement IN --csv -o statement.csv
    """
    from ledger.cli import asking

    return asking.statement(session, country, from_day)


@verb("asks")
def licenses(
    session: Session,
    country: Annotated[str | None, typer.Argument(metavar="CC", help="One country. Default: all.")] = None,
) -> int:
    """Licenses, and what each still holds.

    An expired one holds it only for what left in time and is told late.

    Examples:
        tppq licenses
        tppq licenses AE --as-of 2026-06-30
    """
    from ledger.cli import asking

    return asking.licenses(session, country)


@verb("asks")
def fit(
    session: Session,
    country: CC,
    device: Annotated[str | None, typer.Option("--device", metavar="ID", help="Of `tppq devices`.")] = None,
    quantity: Annotated[
        str | None, typer.Option("--quantity", metavar="N", help="Whole devices; 5,100 is fine.")
    ] = None,
    tpp: Annotated[
        str | None, typer.Option("--tpp", metavar="N", help="Whole TPP, instead of a device.")
    ] = None,
) -> int:
    """Would a license for this fit now? Exit 0 yes, 1 no. Reserves nothing.

    Examples:
        tppq fit IN --device nvidia-h100-sxm5-80gb --quantity 5,100
        tppq fit IN --tpp 80743200
        tppq fit IN --tpp 80743200 --json && echo it fits
    """
    from ledger.cli import asking

    return asking.fit(session, country, device, quantity, tpp)


@verb("asks")
def regime(session: Session) -> int:
    """What the ledger runs under, figure by figure, with citations.

    Examples:
        tppq regime
        tppq regime --json
    """
    from ledger.cli import asking

    return asking.regime(session)


@verb("asks")
def devices(session: Session) -> int:
    """Devices: TPP, H100e, whether each counts, and its source.

    Examples:
        tppq devices
        tppq devices --csv | grep h100
    """
    from ledger.cli import asking

    return asking.devices(session)


@verb("asks")
def countries(session: Session) -> int:
    """Countries: tier on a day, treated as which, and the source.

    Examples:
        tppq countries
        tppq countries --as-of 2025-11-07 --csv
    """
    from ledger.cli import asking

    return asking.countries(session)


# ------------------------------------------------------------------------------------------------ run


@verb("shows")
def demo(session: Session) -> int:
    """Announced clusters as applications, and what is left.

    The ledgers it makes are removed afterwards; --ledger names one in which to keep the applications (that of
    the night after is always removed). TPPQ_LEDGER is not used. With --quiet, and for programs, what each
    country has left, as headroom says it.

    Examples:
        tppq demo
        tppq demo --ledger sqlite:///demo.db
    """
    from ledger.cli import running

    return running.demo(session)


@verb("runs")
def doctor(session: Session) -> int:
    """What is wrong here, and what to do about it.

    Exit 0 nothing fails, 1 something does, 78 the installation itself.

    Examples:
        tppq doctor
        tppq doctor --json
    """
    from ledger.cli import running

    return running.doctor(session)
