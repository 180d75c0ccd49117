"""The verb that publishes snapshots, with its arguments, its help and its examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.session import Session


@verb("runs")
def publish(
    session: Session,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where FOLDER/<number of the last entry> appears.")
    ],
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", min=1, help="Remove all but the newest N snapshots.")
    ] = None,
) -> int:
    """Publish the ledger as files for others.

    DuckDB, Parquet, CSV, with a dictionary and sums. FOLDER/current always points at a whole snapshot.
    History that was published before is shared by the files, not written again; publishing the same entry
    twice changes nothing. In a shared ledger it takes an auditor.

    Examples:
        tppq publish /srv/tppq
        tppq publish /srv/tppq --keep 30
    """
    from ledger.cli import publishing

    return publishing.publish(session, folder, keep)
