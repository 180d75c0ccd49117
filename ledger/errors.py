"""What can go wrong, as one tree. `cli` and `web` map it to exit and HTTP statuses by base class.

    LedgerError
    ├─ Refused               well formed, not allowed; nothing written             exit 3 / 409
    │  ├─ IdReused           this request id came before, with other contents
    │  ├─ UnknownName        no such country, device, programme; says the nearest
    │  ├─ NoQuota            no allocation applies (Tier 1, or none was opened)
    │  ├─ DenialPolicy       Tier 3: Country Group D:5 and Macau
    │  ├─ OutsidePeriod      before or after the regime's period, or in the future
    │  ├─ NotCounted         the device is below 3A090.a
    │  ├─ TppMismatch        stated TPP and device x quantity disagree
    │  ├─ AlreadyReversed    an entry is undone once, whole
    │  ├─ SelfApproval       the approver is the maker
    │  ├─ UnknownLicense     no such license in this country
    │  ├─ LicenseExpired     the license was not in force on that day
    │  ├─ OverLicense        more than the license still holds
    │  └─ OverHeadroom       more than the country has left
    ├─ BadFeed               the file cannot be read; every line and column        exit 65 / 422
    ├─ BadQuery              what was asked cannot be answered, or done so         exit 65 / 400
    ├─ NotPermitted          this role may not, or not in this ledger now          exit 77 / 403
    ├─ Misconfigured         this installation or store is not set up right        exit 78 / 500
    ├─ Unreachable           the store, or a file, cannot be used                  exit 69 / 503
    ├─ Tampered              stored history does not add up                        exit 1 / 500
    └─ Busy                  somebody was first, or would not let go in time       exit 75 / 503

The numbers of an error are its attributes too: `error.short_by_tpp`. A *difference* found by `verify`
is a row, not an error; a *bug* is an `assert`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import orjson

Fact = int | str | list[dict[str, Any]] | None


class LedgerError(Exception):
    """Any answer that is not the one asked for. `detail` is a sentence with the numbers in it."""

    title: ClassVar[str] = "The ledger could not do that"

    def __init__(self, detail: str, **facts: Fact) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def problem(self) -> dict[str, Any]:
        """The error as one object (RFC 9457 problem details): type, title, detail, then its facts."""
        return {"type": type(self).__name__, "title": self.title, "detail": self.detail, **self.facts}


class Refused(LedgerError):
    title = "Well formed, but not allowed; nothing was written"


class IdReused(Refused):
    title = "This request id was used before, for something else"


class UnknownName(Refused):
    title = "No such name"


class NoQuota(Refused):
    title = "No allocation applies to this country"


class DenialPolicy(Refused):
    title = "A policy of denial applies to this country"


class OutsidePeriod(Refused):
    title = "The day lies outside what this regime covers"


class NotCounted(Refused):
    title = "The device does not count against the cap"


class TppMismatch(Refused):
    title = "The stated TPP does not agree with device and quantity"


class AlreadyReversed(Refused):
    title = "The entry was reversed before"


class SelfApproval(Refused):
    title = "The maker of an entry cannot approve it"


class UnknownLicense(Refused):
    title = "No such license in this country"


class LicenseExpired(Refused):
    title = "The license was not in force on that day"


class OverLicense(Refused):
    title = "More than the license holds"


class OverHeadroom(Refused):
    title = "More than the country has left"


class BadFeed(LedgerError):
    """The input cannot be read. `faults` lists every one: path, line, column, value, reason."""

    title = "The input cannot be read; nothing was written"


class BadQuery(LedgerError):
    title = "This cannot be asked, or done so"


class NotPermitted(LedgerError):
    title = "This is not permitted"


class Misconfigured(LedgerError):
    title = "The installation or the store is not set up right"


class Unreachable(LedgerError):
    title = "The store, or a file, cannot be used"


class Tampered(LedgerError):
    title = "The stored history does not add up: run tppq verify"


class Busy(LedgerError):
    title = "Another writer holds the ledger; try again"


_OF_EVERY = ("type", "title", "detail")

REFUSALS: dict[str, type[Refused]] = {kind.__name__: kind for kind in Refused.__subclasses__()}


def problem_of(text: str) -> dict[str, Any]:
    """The problem of a refusal as it is stored; where that is none, the problem that it was changed."""
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if (
        isinstance(found, dict)
        and str(found.get("type")) in REFUSALS
        and isinstance(found.get("detail"), str)
    ):
        return found
    return Tampered("the answer that was kept for this request was changed: run tppq verify").problem()


def refused_again(problem: dict[str, Any]) -> Refused:
    """The stored refusal as an error again, for a repeat of its request. Raises Tampered where it is none."""
    if problem["type"] not in REFUSALS:
        raise Tampered(problem["detail"])
    refusal = REFUSALS[problem["type"]](problem["detail"])
    refusal.facts.update((key, value) for key, value in problem.items() if key not in _OF_EVERY)
    return refusal
