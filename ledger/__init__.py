"""The TPP quota ledger: an append-only record of licensed exports per country, and what is left of each cap.

One table, one sum: every entry moves TPP from one bucket of a quota to another, and headroom is a sum over
entries. Open `ledger/book.py` next.

    from datetime import date
    from ledger import Entry, Kind, Ledger

    with Ledger.init("sqlite:///tppq.db") as ledger:
        entry = Entry(kind=Kind.license, country="AE", effective_on=date(2026, 2, 1),
                      license_no="D2026-00790", device_id="nvidia-h100-sxm5-80gb", quantity=2_000)
        ledger.post(entry, request_id="application-4711")
        print(ledger.headroom("AE").df())
"""

from importlib import import_module as _import_module
from typing import Any as _Any

_HOMES = {
    "ledger.book": ("Ledger",),
    "ledger.answer": ("Answer",),
    "ledger.errors": (
        "AlreadyReversed",
        "BadFeed",
        "BadQuery",
        "Busy",
        "DenialPolicy",
        "IdReused",
        "LedgerError",
        "LicenseExpired",
        "Misconfigured",
        "NoQuota",
        "NotCounted",
        "NotPermitted",
        "OutsidePeriod",
        "OverHeadroom",
        "OverLicense",
        "Refused",
        "SelfApproval",
        "Tampered",
        "TppMismatch",
        "UnknownLicense",
        "UnknownName",
        "Unreachable",
    ),
    "ledger.feed": (
        "Feed",
        "read_feed",
    ),
    "ledger.entry": ("Entry",),
    "ledger.model": ("Kind",),
    "ledger.outcome": (
        "Outcome",
        "Receipt",
        "Receipts",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605  # the same names stand in __init__.pyi, and a test holds both together


def __getattr__(name: str) -> _Any:
    """Import a public name when it is first used, so that `tppq --help` does not wait for all of them."""
    if name not in _HOME:
        raise AttributeError(f"module 'ledger' has no attribute '{name}'")
    globals()[name] = value = getattr(_import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
