"""How far something long has come, told on the terminal once it has taken a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ledger import reading
from ledger.cli.patience import SHOWN_FROM_SECONDS


@contextmanager
def telling(name: str, *, quiet: bool) -> Iterator[reading.Progress]:
    """A function to be told how much is done, of how much; silent where nobody looks."""
    if not sys.stderr.isatty() or quiet:
        yield reading.silent
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    task = bar.add_task(name, total=None)
    began = monotonic()

    def told(done: int, of: int) -> None:
        if not bar.live.is_started and monotonic() - began > SHOWN_FROM_SECONDS:
            bar.start()
        bar.update(task, completed=done, total=of)

    try:
        yield told
    finally:
        if bar.live.is_started:
            bar.stop()


def going_on(name: str, since_seconds: float) -> Progress:
    """Shown from now on, until it is stopped: that something goes on, and since when."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    bar.add_task(name, total=None)
    bar.tasks[0].start_time = monotonic() - since_seconds
    bar.start()
    return bar
