"""A table of a regime's file: each fact is taken by its type and its bounds, or refused in one sentence.

A fact stands bare (`cap_tpp = 790_000_000`) or says for itself how firm it is: `{ value, status, citation }`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, NoReturn

from ledger.errors import BadQuery, Misconfigured
from ledger.text import REMARK_LENGTH, remarked, visible

HOW_FIRM = ("status", "citation")
STATUSES = ("confirmed", "secondary", "derived", "choice")
_MOST_SHOWN = 60


def unusable(regime: str, why: str) -> Misconfigured:
    """What is said of the file of a regime under which nothing can be run."""
    return Misconfigured(f"the regime file {regime}.toml cannot be used: {why}", regime=regime)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file `<regime>.toml`; `where` is what it is called in there, as `[allocation]`."""

    regime: str
    where: str
    facts: Mapping[str, Any]

    def refuse(self, why: str) -> NoReturn:
        raise unusable(self.regime, f"{self.where} {why}")

    def must_be(self, key: str, instead: str) -> NoReturn:
        """Refuse a fact that is missing or cannot be run: what stands there, and what to write."""
        if key not in self.facts:
            self.refuse(f"does not say {key}: write {instead}")
        self.refuse(f"says {key} = {shown(self.value(key))}: write {instead}")

    def must_be_flat(self) -> None:
        """Refuse a table within it, or a list of them, which `tppq regime` could not show."""
        for key, fact in self.facts.items():
            if isinstance(fact, dict):
                bare = key not in HOW_FIRM and not isinstance(fact.get("value", {}), dict)
                if not bare or not fact.keys() <= {"value", *HOW_FIRM}:
                    self.refuse(f"has a table {key} within it: write {key} = {{ value, status, citation }}")
                Table(self.regime, f"{self.where} {key}", fact).must_be_flat()
            elif isinstance(fact, list) and any(isinstance(each, (dict, list)) for each in fact):
                self.refuse(f"has tables or lists in the list {key}: write its members bare")
        if "status" in self.facts and self.facts["status"] not in STATUSES:
            self.must_be("status", f"one of {', '.join(STATUSES)}")
        if "citation" in self.facts:
            self.text("citation")

    def must_know(self, known: Collection[str]) -> None:
        """Refuse a key of another name, with the nearest."""
        for key in self.facts:
            if key not in known and key not in HOW_FIRM:
                self.refuse(f"says {key}, which this version does not know: {nearest(key, known)}")

    def must_hold(self, key: str, only: object, why: str) -> None:
        """Refuse a fact that would be shown and not obeyed: the program knows one value of it."""
        if key in self.facts and not _same(self.value(key), only):
            said = f"says {key} = {shown(self.value(key))}, which nothing here obeys"
            self.refuse(f"{said}, as {why}: write {shown(only)} or leave it out")

    def value(self, key: str) -> Any:
        """What a fact says, bare or not; None where it is not there."""
        fact = self.facts.get(key)
        return fact.get("value") if isinstance(fact, dict) else fact

    def whole(self, key: str, least: int, most: int, why: str = "") -> int:
        found = self.value(key)
        if type(found) is not int or not least <= found <= most:
            self.must_be(key, f"a whole number from {least:,} to {most:,}{why}")
        return found

    def day(self, key: str) -> str:
        found = self.value(key)
        if type(found) is not date:  # an instant is a date too
            self.must_be(key, "a day without quotes, such as 2028-01-01")
        return found.isoformat()

    def text(self, key: str) -> str:
        try:
            return remarked(key, self.value(key))
        except BadQuery:
            self.must_be(key, f"one line of text in quotes, of {REMARK_LENGTH:,} characters at the most")

    def names(self, key: str, known: Collection[str], near: Callable[[str], str]) -> list[str]:
        """A list of names, each once; one that is not known is refused with what is `near` to it."""
        found = self.value(key)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self.must_be(key, 'a list of text, such as ["A", "B"]')
        for each in found:
            if each not in known:
                self.refuse(f"has {shown(each)} in {key}: {near(each)}")
        if len(set(found)) < len(found):
            twice = next(each for each in found if found.count(each) > 1)
            self.refuse(f"has {shown(twice)} in {key} twice: write it once")
        return found


def nearest(text: str, known: Collection[str]) -> str:
    """The one of the known names that may be meant, or all of them."""
    near: Sequence[str] = get_close_matches(text, list(known), n=1)
    return f"the nearest is {near[0]}" if near else f"it knows {', '.join(known)}"


def shown(value: object) -> str:
    """A value much as it is written in TOML, on one line, and not all of a long one."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, list):
        text = f"[{', '.join(map(shown, value))}]"
    else:
        text = str(value)
    return visible(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")


def _same(found: object, only: object) -> bool:
    """Whether they are the same in type too: True is no 1, and 4800.0 no 4800."""
    if isinstance(found, list) and isinstance(only, list):
        return len(found) == len(only) and all(map(_same, found, only))
    return type(found) is type(only) and found == only
