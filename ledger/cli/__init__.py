"""The command `tppq`: most verbs are the method of `Ledger` with their name. `run` is the way in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from typer.main import get_command

from ledger.cli import streams
from ledger.cli.app import app
from ledger.cli.as_written import take_as_written
from ledger.cli.failure import Failures
from ledger.cli.session import Surroundings
from ledger.cli.signals import Signals
from ledger.cli.values import must_be_text
from ledger.cli.verb import Run

__all__ = ["VERBS", "run"]

VERBS = (
    *("verbs", "report_verbs", "sql_verbs", "publish_verbs", "recon_verbs"),
    *("evidence_verbs", "copies_verbs", "people_verbs", "audit_verbs", "serve_verbs", "db_verbs"),
)
"""Where the verbs are declared, in the order of the help."""

for _name in VERBS:
    import_module(f"ledger.cli.{_name}")


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
    with streams.standing(), Signals() as signals, Failures(given, signals) as failures:
        must_be_text(given)
        around = Run(Surroundings(clock, actor), failures)
        command = get_command(app)
        take_as_written(command)
        status = command.main(args=given, prog_name="tppq", standalone_mode=False, obj=around)
        failures.status = int(status or 0)
        sys.stdout.flush()
    return failures.status
