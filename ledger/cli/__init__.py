"""The command `tppq`: each verb is the method of `Ledger` with its name. `run` is the way in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from typer.main import get_command

from ledger.cli import verbs
from ledger.cli.app import app
from ledger.cli.failure import Failures, hush
from ledger.cli.session import Surroundings
from ledger.cli.verb import Run

__all__ = ["run", "verbs"]


def run(
    arguments: Sequence[str] | None = None,
    *,
    clock: Callable[[], int] | None = None,
    actor: str | None = None,
) -> int:
    """Run the command with these arguments (those of the process, if none); its exit status.

    `clock` (microseconds since 1970) and `actor` stand in for the machine's own, in tests and demonstrations.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a character still gets the figures
    with Failures(given) as failures:
        around = Run(Surroundings(clock, actor), failures)
        status = get_command(app).main(args=given, prog_name="tppq", standalone_mode=False, obj=around)
        failures.status = int(status or 0)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            hush(stream)
        except ValueError:  # closed by whoever started us
            pass
    return failures.status
