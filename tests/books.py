"""Books and what is asked of them, in memory: a country with one license, for tests of rules and moves."""

from __future__ import annotations

from typing import Any

from ledger import reference
from ledger.accounts import NO_LICENSE, Account, Asked, Books
from ledger.rules import Rule

REFERENCE = reference.load()
REGIME = REFERENCE.regime("diffusion-2025")
TODAY = "2026-06-30"
H100 = "nvidia-h100-sxm5-80gb"
H100_TPP = 15_832


def asked(kind: str, country: str = "AE", tpp: int = 1_000, **more: Any) -> Asked:
    """An entry as the rules see it, on the 1st of February 2026 unless told otherwise."""
    fields: dict[str, Any] = dict.fromkeys(Asked._fields)
    fields |= {"effective_on": "2026-02-01", "programme": "country", "holder": country}
    fields |= {"kind": kind, "country": country, "tpp": tpp, "quota": f"country/{country}"}
    return Asked(**(fields | more))


def quota(country: str = "AE", **tpp: int) -> Account:
    """The account of a country's quota, by bucket."""
    account = Account(f"country/{country}", NO_LICENSE)
    account.tpp.update(tpp)
    return account


def issued(number: str, country: str = "AE", **tpp: int) -> Account:
    """The account of a license in force from January 2026 to January 2027."""
    account = Account(f"country/{country}", number, issued_on="2026-01-10", expires_on="2027-01-10")
    account.tpp.update(tpp)
    return account


def books(*accounts: Account, approver: str | None = None) -> Books:
    """Books of these accounts, kept by maria on the last of June 2026."""
    return Books(
        REGIME,
        TODAY,
        "maria",
        approver,
        REFERENCE.devices,
        quotas={each.quota: each for each in accounts if each.license_no == NO_LICENSE},
        licenses={each.license_no: each for each in accounts if each.license_no != NO_LICENSE},
    )


PASSES = ("", "")


def said(rule: Rule, each: Asked, kept: Books) -> tuple[str, str]:
    """Which error a rule answers with, and its sentence; empty where it lets the entry pass."""
    refusal = rule(each, kept)
    return (type(refusal).__name__, refusal.detail) if refusal is not None else PASSES
