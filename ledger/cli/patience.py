"""Around something long that cannot say how far it is: after a second, that it goes on.

Light on purpose: what draws on the terminal is loaded only by a run that takes that second.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SHOWN_FROM_SECONDS = 1.0


@contextmanager
def waiting(name: str, *, quiet: bool) -> Iterator[None]:
    """Tell on the terminal that it goes on, and since when; nothing where nobody looks."""
    if not sys.stderr.isatty() or quiet:
        yield
        return
    shown: list[Any] = []

    def show() -> None:
        from ledger.cli.progress import going_on  # a tenth of a second  # noqa: PLC0415

        shown.append(going_on(name, SHOWN_FROM_SECONDS))

    later = threading.Timer(SHOWN_FROM_SECONDS, show)
    later.daemon = True
    later.start()
    try:
        yield
    finally:
        later.cancel()
        later.join()
        for bar in shown:
            bar.stop()
