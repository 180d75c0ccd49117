"""The verbs about the store of a ledger, each with its arguments, its help and its examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from typing import Annotated

import typer

from ledger.cli.app import group
from ledger.cli.session import Session

db = group("db", "The store of a ledger: schema, guards, roles, sharing.")


@db("runs")
def init(
    session: Session,
    regime: Annotated[
        str | None, typer.Option("--regime", metavar="ID", help="Default: diffusion-2025.")
    ] = None,
    *,
    shared: Annotated[
        bool,
        typer.Option("--shared", help="People share it, in roles; whoever runs this is the first admin."),
    ] = False,
) -> int:
    """Create a ledger as init does; on PostgreSQL also the roles that keep owner, writers and readers apart.

    Repeating it puts guards, owners and grants back. --shared makes a ledger of one person one of many, for
    good. On PostgreSQL run it as a superuser, and work as a member of tppq_writer or tppq_reader.

    Examples:
        tppq db init --shared
        tppq db init --shared --ledger postgresql+psycopg://postgres@/tppq
        psql tppq -c 'create role maria login in role tppq_writer'
    """
    from ledger.cli import db as verbs

    return verbs.init(session, regime, shared=shared)


@db("runs")
def upgrade(session: Session) -> int:
    """Bring the store to the schema of this version: whole, or not at all. Entries keep every byte.

    As JSON: {"before", "after", "entries"}, of schemas, and of entries held to their hashes.

    Examples:
        tppq backup before.db && tppq db upgrade
    """
    from ledger.cli import db as verbs

    return verbs.upgrade(session)


@db("runs")
def check(session: Session) -> int:
    """Which schema, guards, roles and users the store has, and what to run. Exit 0, or 78.

    Examples:
        tppq db check
        tppq db check --json
    """
    from ledger.cli import db as verbs

    return verbs.check(session)
