"""A small ledger with fixed days: two months of three countries, for the questions and the core."""

from __future__ import annotations

from typing import Any

from ledger import Entry, Ledger
from tests.clock import Clock

H100 = "nvidia-h100-sxm5-80gb"
ASKED_ON = "2026-03-01"


def entry(kind: str, country: str, on: str, **more: Any) -> Entry:
    return Entry.model_validate({"kind": kind, "country": country, "effective_on": on, **more})


def fill(url: str) -> Ledger:
    """The ledger at a URL as it stands on `ASKED_ON`: AE trades, SA is overdrawn, IN has used it all up."""
    clock = Clock("2026-01-05")
    ledger = Ledger.init(url, opening=False, actor="maria", clock=clock)
    opened = "2026-01-01"
    ledger.post(
        entry("allocate", "AE", opened, tpp=100_000_000),  # 1
        entry("allocate", "SA", opened, tpp=1_000_000),  # 2
        entry("allocate", "IN", opened, tpp=20_000),  # 3
    )
    clock.set("2026-01-12")
    g42 = {"license_no": "L-1", "device_id": H100, "consignee": "G42"}
    ledger.post(entry("license", "AE", "2026-01-10", quantity=2_000, reference="D-790", **g42))  # 4
    ledger.post(entry("license", "SA", "2026-01-12", license_no="S-1", tpp=760_000))  # 5
    clock.set("2026-01-20")
    ledger.post(entry("export", "AE", "2026-01-20", quantity=500, reference="X2026", **g42))  # 6
    ledger.post(entry("export", "SA", "2026-01-19", license_no="S-1", tpp=700_000))  # 7
    clock.set("2026-02-02")
    ledger.post(entry("block", "AE", "2026-02-01", tpp=1_000_000, reason="inquiry"))  # 8
    ledger.post(entry("release", "SA", "2026-02-01", license_no="S-1", tpp=60_000, reason="revoked"))  # 9
    ledger.post(entry("license", "IN", "2026-02-02", license_no="I-1", tpp=15_000))  # 10
    clock.set("2026-02-15")
    overrun = entry("overrun", "SA", "2026-02-14", tpp=400_000, reason="shipped all the same")
    ledger.post(overrun, approver="omar")  # 11
    ledger.post(entry("return", "AE", "2026-01-31", quantity=100, **g42))  # 12: recorded late
    ledger.reverse(8, "inquiry closed")  # 13
    soon = {"license_no": "L-2", "expires_on": "2026-04-15", "consignee": "Khazna"}
    ledger.post(entry("license", "AE", "2026-02-15", device_id=H100, quantity=1_000, **soon))  # 14
    clock.set(ASKED_ON)
    return ledger
