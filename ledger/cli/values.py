"""Values as people type them on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from ledger.model import MOST_TPP
from ledger.question import WHOLE


class Misused(typer.TyperException):
    """A command line that does not say one thing: what is wrong with it as a whole."""


def must_be_text(arguments: Sequence[str]) -> None:
    """Raise Misused where an argument is bytes that are no text: no answer and no log could name it.

    Nor where Python was told to read UTF-8 as something else: the text could be had, but not the file that it
    may name.
    """
    for number, given in enumerate(arguments, 1):
        try:
            given.encode()
        except UnicodeEncodeError:
            raise Misused(f"argument {number} is {_no_text(given)}") from None


def _no_text(given: str) -> str:
    try:
        text = os.fsencode(given).decode()
    except UnicodeError:
        return f"not UTF-8 text: {given!a}; if it is a file, rename it"
    encoding = sys.getfilesystemencoding()
    return f"UTF-8 text ({text!a}), and Python reads {encoding} here: set PYTHONUTF8=1, or unset it"


def whole(text: str, hint: str) -> int:
    """A whole number above zero; thousands may be parted by commas, as on screens. Raises BadParameter."""
    if (number := _counted(text, hint)) > MOST_TPP:
        raise typer.BadParameter(
            f"'{text}' is more than {MOST_TPP:,}, the most that is kept exactly", param_hint=hint
        )
    return number


def _counted(text: str, hint: str) -> int:
    if WHOLE.fullmatch(text.strip()) and (number := int(text.replace(",", ""))) > 0:
        return number
    raise typer.BadParameter(
        f"'{text}' is not a whole number above zero: write 5100 or 5,100", param_hint=hint
    )


def entry_seq(text: str, hint: str) -> int:
    """The number of an entry. Raises BadParameter, also for one that no ledger has."""
    if (seq := _counted(text, hint)) > MOST_TPP:
        raise typer.BadParameter(f"'{text}' is more than any entry's number", param_hint=hint)
    return seq


def changes(pairs: Sequence[str], known: Sequence[str]) -> dict[str, str | int | None]:
    """`key=value` pairs, as the fields of an entry; an empty value is none. Raises BadParameter."""
    found: dict[str, str | int | None] = {}
    for pair in pairs:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or key not in known:
            raise typer.BadParameter(
                f"'{pair}' is not key=value with a key of {', '.join(known)}", param_hint="--set"
            )
        if key in found:
            raise typer.BadParameter(f"{key} is given twice", param_hint="--set")
        found[key] = (whole(value, "--set") if key in ("quantity", "tpp") else value) if value else None
    return found
