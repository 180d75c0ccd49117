"""Entries made up for a core, as the store would have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ledger.columns import as_table
from ledger.engine import Core
from ledger.model import Kind
from ledger.standing import FEW

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
TODAY = "2026-06-30"
COUNTRIES = ("AE", "BR", "IN", "LI", "SA", "SG", "VN")


def rows(core: Core, count: int, seed: int = 0) -> list[tuple[Any, ...]]:
    """Entries that follow those of the core, as the store has them."""
    random, kinds = Random(core.seq + seed), list(Kind)  # noqa: S311  # a sample, not a secret
    made = []
    for seq in range(core.seq + 1, core.seq + count + 1):
        given = {
            "kind": random.choice(kinds).value, "country": random.choice(COUNTRIES), "seq": seq,
            "programme": random.choice(["country", "country", "country", "nveu"]),
            "effective_on": f"2026-0{random.randint(1, 6)}-15", "tpp": random.randint(1, 10**9),
            "recorded_at": (START + timedelta(minutes=seq)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }  # fmt: skip
        made.append(tuple(given.get(name) for name in core.columns))
    return made


def append_one(core: Core) -> None:
    core.append_rows(rows(core, 1))


def append_few(core: Core) -> None:
    core.append_rows(rows(core, FEW))


def append_more(core: Core) -> None:
    core.append_rows(rows(core, 3 * FEW))


def append_many(core: Core) -> None:
    core.append(as_table(core.columns, zip(*rows(core, 50), strict=True)))


def ask_about_entries(core: Core) -> None:
    assert core.ask("select count(*) as n from entry")["n"].to_pylist() == [core.seq]


def pass_days(core: Core) -> None:
    core.set_today("2028-01-01" if core.seq % 2 else TODAY)


STEPS = (append_one, append_few, append_more, append_many, ask_about_entries, pass_days)


def summed(core: Core) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = core.ask("from headroom()").to_pylist()
    return found


def licensed(core: Core, count: int) -> list[tuple[Any, ...]]:
    """As `rows`, each with a license of its country."""
    at = {name: core.columns.index(name) for name in ("license_no", "country", "seq", "reason")}
    made = [list(row) for row in rows(core, count)]
    for row in made:
        row[at["license_no"]] = f"{row[at['country']]}-{row[at['seq']] % 5}"
        row[at["reason"]] = "expired" if row[at["seq"]] % 3 == 0 else None
    return [tuple(row) for row in made]
