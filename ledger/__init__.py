"""The TPP quota ledger: an append-only record of licensed exports per country, and what is left of each cap.

One table, one sum: every entry moves TPP from one bucket of a quota to another, and headroom is a sum over
entries. Open `ledger/book.py` next.

    from ledger import Entry, Ledger

    with Ledger.init("sqlite:///tppq.db") as ledger:
        ledger.post(Entry(kind="license", country="AE", effective_on="2026-02-01", license_no="D2026-00790",
                          device_id="nvidia-h100-sxm5-80gb", quantity=2_000), request_id="application-4711")
        print(ledger.headroom("AE").df())
"""

from ledger.book import Ledger
from ledger.engine import Answer
from ledger.errors import (
    AlreadyReversed,
    BadFeed,
    BadQuery,
    Busy,
    DenialPolicy,
    IdReused,
    LedgerError,
    LicenseExpired,
    Misconfigured,
    NoQuota,
    NotCounted,
    NotPermitted,
    OutsidePeriod,
    OverHeadroom,
    OverLicense,
    Refused,
    SelfApproval,
    Tampered,
    TppMismatch,
    UnknownLicense,
    UnknownName,
    Unreachable,
)
from ledger.feed import Feed, read_feed
from ledger.model import Entry, Kind
from ledger.outcome import Outcome, Receipt

__all__ = [
    "AlreadyReversed",
    "Answer",
    "BadFeed",
    "BadQuery",
    "Busy",
    "DenialPolicy",
    "Entry",
    "Feed",
    "IdReused",
    "Kind",
    "Ledger",
    "LedgerError",
    "LicenseExpired",
    "Misconfigured",
    "NoQuota",
    "NotCounted",
    "NotPermitted",
    "Outcome",
    "OutsidePeriod",
    "OverHeadroom",
    "OverLicense",
    "Receipt",
    "Refused",
    "SelfApproval",
    "Tampered",
    "TppMismatch",
    "UnknownLicense",
    "UnknownName",
    "Unreachable",
    "read_feed",
]
