"""A shared ledger with somebody in each role, on either store: AE and KZ have 1,000 and 2,000,000 TPP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger import Entry, Ledger, upgrade
from ledger.database import Database
from tests.outside import connected

PEOPLE = {
    "root": ("admin",),
    "maria": ("officer",),
    "omar": ("officer", "approver"),
    "ada": ("approver",),
    "ines": ("auditor",),
    "vera": ("viewer",),
}
DAY = "2026-02-01"
LOGIN = (
    "do $$ begin if not exists (select 1 from pg_roles where rolname = 'worker') then "
    "create role worker login in role tppq_writer; end if; end $$"
)

Clock = Callable[[], int]


def entry(kind: str, country: str, tpp: int, **more: Any) -> Entry:
    return Entry.model_validate({"kind": kind, "country": country, "effective_on": DAY, "tpp": tpp, **more})


def create(url: str, clock: Clock) -> str:
    """Make the ledger; the URL at which people work on it. root made it, and let the others in."""
    with Ledger.init(url, opening=False, actor="root", clock=clock) as ledger:
        ledger.post(entry("allocate", "AE", 1_000), entry("allocate", "KZ", 2_000_000))
        ledger.share()
        for name, roles in PEOPLE.items():
            if name != "root":
                ledger.add_user(name, *roles)
    if url.startswith("sqlite"):
        return url
    upgrade.separate(Database(url, 10))
    with connected(url) as owner:
        owner.exec_driver_sql(LOGIN)
    return url.replace("postgres@", "worker@")


def at(url: str, who: str, clock: Clock) -> Ledger:
    """The ledger as one of them has it open."""
    return Ledger.open(url, actor=who, clock=clock)
