"""Arguments that are taken as they were written: what typer would make of them, and without its library."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
import typer
from typer.main import get_command

from ledger.cli.as_written import take_as_written

Form = Literal["csv", "json"]
taken: dict[str, Any] = {}


def declared() -> Any:
    """A command with every sort of parameter that the verbs have."""
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    def verb(
        countries: Annotated[list[str] | None, typer.Argument()] = None,
        seq: Annotated[int, typer.Option(min=1)] = 1,
        form: Annotated[Form | None, typer.Option()] = None,
        name: Annotated[str | None, typer.Option()] = None,
        changes: Annotated[list[str] | None, typer.Option()] = None,
        quiet: Annotated[bool, typer.Option("--quiet")] = False,  # noqa: FBT002  # as typer takes it
    ) -> None:
        taken.update(countries=countries, seq=seq, form=form, name=name, changes=changes, quiet=quiet)

    return get_command(app)


def read(command: Any, arguments: list[str]) -> dict[str, Any] | str:
    """What the command was given, or what is said of arguments that it cannot read."""
    taken.clear()
    try:
        command.main(args=arguments, prog_name="verb", standalone_mode=False)
    except typer.TyperException as error:
        return str(error.format_message())
    return dict(taken)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["AE"],
        ["AE", "SA", "--name", "", "--form", "csv"],
        ["--name", " with blanks ", "--changes", "a=1", "--changes", "b=", "--quiet"],
        ["--seq", "12"],
        ["--seq", "0"],
        ["--seq", "twelve"],
        ["--form", "xml"],
        ["--form", "CSV"],
        ["--nothing"],
    ],
)
def test_arguments_are_worth_what_typer_makes_of_them(arguments: list[str]) -> None:
    plain, quick = declared(), declared()
    take_as_written(quick)
    assert read(quick, arguments) == read(plain, arguments)


def test_verbs_below_a_command_are_read_alike() -> None:
    app = typer.Typer(rich_markup_mode=None)
    below = typer.Typer(name="db", rich_markup_mode=None)
    app.add_typer(below)

    @below.command()
    def check(name: str) -> None:
        taken.update(name=name)

    @below.command()
    def other() -> None: ...

    command = get_command(app)
    take_as_written(command)
    assert read(command, ["db", "check", "x"]) == {"name": "x"}
