"""How far something long has come, told on the terminal once it has taken a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

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

SHOWN_FROM_SECONDS = 1.0


class ToldHowFar(Protocol):
    """Told how much is done, of how much."""

    def __call__(self, done: int, of: int) -> None: ...


def _silent(done: int, of: int) -> None:
    """Tell nobody."""
    del done, of


@contextmanager
def telling(name: str, *, quiet: bool) -> Iterator[ToldHowFar]:
    """A function to be told how much is done, of how much; silent where nobody looks."""
    if not sys.stderr.isatty() or quiet:
        yield _silent
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


@contextmanager
def waiting(name: str, *, quiet: bool) -> Iterator[None]:
    """Around something long that cannot say how far it is: that it goes on, and since when."""
    if not sys.stderr.isatty() or quiet:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    bar.add_task(name, total=None)
    later = threading.Timer(SHOWN_FROM_SECONDS, bar.start)
    later.daemon = True
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        if bar.live.is_started:
            bar.stop()
