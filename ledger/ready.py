"""Ready reports as they lie in `schemas/report`: questions with a name, one SQL file each.

The head of a file is read, not only written: its first line is the question, the next ones explain it, then
a line per parameter (`-- $days: whole = 7; ...`), what it needs besides entries (`-- needs: refusal`) and
what to say of no rows (`-- if empty: ...`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import NamedTuple

from ledger import schema
from ledger.answer import Rows
from ledger.errors import BadQuery

_FILE = re.compile(r"(\d\d)_(\w+)")
_PARAMETER = re.compile(r"\$(\w+): (day|instant|country|month|whole|text)(?: = (\S+))?; (.+)")


class Parameter(NamedTuple):
    """One parameter: what sort of value it takes and which it has by itself; without one it must be given."""

    name: str
    sort: str
    default: str | None
    about: str

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"


class Ready(NamedTuple):
    """One ready report."""

    number: int
    name: str
    question: str
    about: str
    parameters: tuple[Parameter, ...]
    needs: tuple[str, ...]
    if_empty: str | None
    query: str

    @property
    def bound(self) -> list[str]:
        """The parameters that the query itself names; the others are for what it needs besides."""
        return [each.name for each in self.parameters if re.search(rf"\${each.name}\b", self.query)]


@cache
def ready() -> Mapping[str, Ready]:
    """Every ready report by its name, in the order of their numbers."""
    names = sorted(path.stem for path in (schema.folder("schemas") / "report").glob("*.sql"))
    found = [read(name, schema.sql(f"report/{name}.sql")) for name in names]
    return {each.name: each for each in found}


def read(stem: str, text: str) -> Ready:
    """One report from the stem of its file's name and the file."""
    match = _FILE.fullmatch(stem)
    assert match is not None, stem
    lines = text.splitlines()
    end = next(place for place, line in enumerate(lines) if not line.startswith("-- "))
    question, *rest = (line.removeprefix("-- ") for line in lines[:end])
    about: list[str] = []
    parameters: list[Parameter] = []
    said: dict[str, str] = {}
    for line in rest:
        key, _, value = line.partition(": ")
        if given := _PARAMETER.fullmatch(line):
            parameters.append(Parameter(*given.groups()))
        elif key in ("needs", "if empty"):
            said[key] = value
        elif said:  # the last of them goes on
            said[next(reversed(said))] += f" {line}"
        else:
            about.append(line)
    return Ready(
        int(match[1]), match[2].replace("_", "-"), question, " ".join(about), tuple(parameters),
        tuple(said["needs"].split(", ")) if "needs" in said else (), said.get("if empty"),
        "\n".join(lines[end:]),
    )  # fmt: skip


def listed() -> Rows:
    """One row per ready report: number, name, question, about, and its parameters as `name=default`."""
    rows = [
        (each.number, each.name, each.question, each.about, " ".join(map(str, each.parameters)))
        for each in ready().values()
    ]
    names = ("number", "name", "question", "about", "parameters")
    return Rows(names, ("int64", *["string"] * (len(names) - 1)), rows)


def named(name: str | int) -> Ready:
    """The report of a name, `-` and `_` alike, or of its number. Raises BadQuery, which says the nearest."""
    wanted = str(name).strip().lower().replace("_", "-")
    number = wanted.lstrip("0")
    for each in ready().values():
        if each.name == wanted or str(each.number) == number:
            return each
    near = get_close_matches(wanted, ready(), 1, 0.5)
    hint = f"the nearest is {near[0]}" if near else "tppq report lists them"
    raise BadQuery(f"no report '{name}': {hint}", value=str(name), nearest=near[0] if near else None)
