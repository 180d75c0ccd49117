"""The command as typer sees it: what is said and taken before the verb."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ledger.cli.options import EVERYWHERE, taken, with_options
from ledger.cli.verb import Adder, Run, adder
from ledger.installed import version_of

app = typer.Typer(
    name="tppq",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""
Every option but --version goes before the verb or after it. A setting comes from the flag, else from the
environment (TPPQ_LEDGER, TPPQ_FORMAT, TPPQ_REGIME, TPPQ_BUSY_SECONDS, TPPQ_CHECKPOINT, TPPQ_VERIFY_KEY,
TPPQ_SIGNING_KEY_FILE), else from ./tppq.toml, else from ~/.config/tppq/config.toml: there busy_seconds = 30
is what TPPQ_BUSY_SECONDS=30 is here. tppq doctor says where it looked. In a shared ledger TPPQ_TOKEN, or the
file of TPPQ_TOKEN_FILE, says who you are.

\b
Examples:
  tppq init                                     a new ledger in ./tppq.db
  tppq post licenses.csv --dry-run              what would be refused, and why
  tppq headroom AE SA --as-of 2026-06-30        what they had left on that day
  tppq --ledger sqlite:///x.db headroom --json  for a program

Exit: 0 yes, clean; 1 the answer is no; 2 usage; 3 refused; 65 bad input; 69 unreachable; 70 our fault;
75 busy, try again; 77 not permitted; 78 configuration; 130, 143, 129: ended by Ctrl-C, SIGTERM, SIGHUP.
""",
)


verb = adder(app)


def group(name: str, about: str) -> Adder:
    """What adds verbs to a group of their own: `tppq NAME VERB`."""
    verbs = typer.Typer(
        name=name, help=about, rich_markup_mode=None, callback=_must_name_a_verb, invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.add_typer(verbs)
    return adder(verbs)


def _must_name_a_verb(context: typer.Context) -> None:
    """Where none follows, say which there are, and stop: that was no command."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def everywhere(context: typer.Context, **given: Any) -> None:
    """The TPP quota ledger: what each country was allocated, what is licensed, what is left.

    Data goes to stdout, everything else to stderr. On a terminal a table, elsewhere plain text; --json, --csv
    and --format for programs. No whole number is ever shortened; H100e and percents are rounded down.
    """
    show_version = given.pop("version", False)
    if show_version:
        typer.echo(f"tppq {installed_version()}")
        raise typer.Exit
    run: Run = context.obj
    run.before = taken(given)
    _must_name_a_verb(context)


def installed_version() -> str:
    """The version of the installed package."""
    return version_of("tppq") or "(not installed)"


_VERSION = {"version": (Annotated[bool, typer.Option("--version", help="Say the version and stop.")], False)}
vars(everywhere)["__signature__"] = with_options(lambda: None, _VERSION | EVERYWHERE)
app.callback(invoke_without_command=True)(everywhere)
