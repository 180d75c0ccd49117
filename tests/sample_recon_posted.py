"""What is posted on top of the ledger of `announced.csv`: invented licenses, exports, mistakes.

Exports under announced licenses never happened; companies, numbers and declarations are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from tests.sample_stream import Chance

COLUMNS = (
    "kind", "country", "effective_on", "license_no", "device_id", "quantity", "tpp", "consignee", "exporter",
    "reference", "reason",
)  # fmt: skip
H100, H200, GB200 = "nvidia-h100-sxm5-80gb", "nvidia-h200-sxm-141gb", "nvidia-gb200-gpu"
B200, GROQ = "nvidia-b200-sxm6", "groq-lpu-v1"
H100_TPP = 15_832

Cells = tuple[str | int, ...]


class Held(NamedTuple):
    """A license under which exports are posted: from its first day to the last on which goods leave."""

    number: str
    country: str
    device_id: str
    begins: date
    ends: date
    consignee: str
    quantity: int = 0
    """How many it is granted for, where it is not one of `announced.csv`."""


ANNOUNCED = (
    Held("APP-2025-001", "IN", H100, date(2025, 2, 3), date(2026, 1, 10), "Yotta Shakti Cloud D1"),
    Held("APP-2025-002", "IN", H100, date(2025, 2, 3), date(2026, 1, 10), "Yotta Shakti Cloud NM1 Phase 2"),
    Held("APP-2025-003", "VN", H100, date(2025, 3, 3), date(2026, 1, 10), "FPT AI Factory Vietnam"),
    Held("APP-2025-004", "SA", GROQ, date(2025, 3, 3), date(2026, 1, 10), "Aramco Groq Inference Cluster"),
    Held("APP-2025-006", "IS", H200, date(2025, 4, 1), date(2026, 3, 10), "Nebius ISEG2"),
    Held("APP-2025-008", "MY", GB200, date(2025, 5, 2), date(2026, 3, 20), "YTL AI Johor"),
)  # fmt: skip
LATER = (
    Held("EXP-2026-001", "IN", H100, date(2026, 3, 2), date(2026, 11, 19), "Meridian Compute India", 4_000),
    Held("EXP-2026-002", "VN", H200, date(2026, 5, 4), date(2026, 11, 19), "Tern Telecom Vietnam", 1_200),
    Held("EXP-2026-003", "AE", GB200, date(2026, 6, 15), date(2026, 11, 19), "Blue Delta Data FZE", 2_000),
    Held("EXP-2026-004", "MY", B200, date(2026, 8, 3), date(2026, 11, 19), "Orchid Cloud Sdn", 600),
)  # fmt: skip
EXPORTERS = ("Pinnacle Servers Inc", "Lakeshore Integration LLC", "Redwood Parts Corp")
SIZES = (8, 8, 16, 16, 24, 32, 40, 64, 96, 128)


def posted(seed: int, exports: int = 7) -> list[Cells]:
    """The rows, in the order of their days; so many exports a license, and the ledger's own mistakes."""
    chance = Chance(seed)
    rows = [*_licenses(), *(row for held in (*ANNOUNCED, *LATER) for row in _exports(held, exports, chance))]
    rows.extend(_mistakes())
    rows.extend(_loosely_named())
    rows.extend(_moved_on())
    return sorted(rows, key=lambda row: (str(row[2]), row[0] != "license", str(row[9])))


def _row(
    kind: str, held: Held, on: date, quantity: int, reference: str = "", *, tpp: int | str = "",
    license_no: str | None = None, reason: str = "",
) -> Cells:  # fmt: skip
    exporter = EXPORTERS[(on.toordinal() + quantity) % len(EXPORTERS)]
    number = held.number if license_no is None else license_no
    return (
        kind, held.country, on.isoformat(), number, held.device_id, quantity, tpp, held.consignee, exporter,
        reference, reason,
    )  # fmt: skip


def _itn(on: date, number: int, line_no: int = 1) -> str:
    return f"X{on:%Y%m%d}{number:06d}/{line_no}"


def _licenses() -> Iterator[Cells]:
    for held in LATER:
        yield _row("license", held, held.begins, held.quantity)


def _exports(held: Held, count: int, chance: Chance) -> Iterator[Cells]:
    """Exports of whole days apart, the last on the last day; now and then two lines of one declaration."""
    first = held.begins + timedelta(days=7)
    days = (held.ends - first).days
    for number in range(count):
        on = first + timedelta(days=days * number // (count - 1))
        serial = 1000 * (int(held.number[-3:]) + (100 if held.number.startswith("EXP") else 0)) + number
        yield _row("export", held, on, chance.of(SIZES), _itn(on, serial))
        if number % 3 == 1:
            yield _row("export", held, on, chance.of(SIZES), _itn(on, serial, 2))


def _mistakes() -> Iterator[Cells]:
    """What the ledger got wrong: posted twice, running totals as shipments, a percent off, no license."""
    india, vietnam, emirates = LATER[0], LATER[1], LATER[2]
    twice = date(2026, 4, 20)
    for _ in range(2):
        yield _row("export", india, twice, 48, _itn(twice, 880_001))
    totals = date(2026, 9, 7)
    for running in (10, 25, 25, 40):
        yield _row("export", vietnam, totals, running, _itn(totals, 880_002))
    off = date(2025, 9, 9)
    stated_tpp = 100 * H100_TPP * 101 // 100
    yield _row("export", ANNOUNCED[2], off, 100, _itn(off, 880_003), tpp=stated_tpp)
    without = date(2026, 10, 5)
    yield _row(
        "overrun", emirates, without, 6, _itn(without, 880_004), license_no="", reason="left unlicensed"
    )


def _loosely_named() -> Iterator[Cells]:
    """What only the other keys find: an ITN without its lines (K2), and no ITN at all (K3)."""
    malaysia, iceland = LATER[3], ANNOUNCED[4]
    bare = date(2026, 9, 21)
    for quantity in (12, 20):
        yield _row("export", malaysia, bare, quantity, _itn(bare, 880_005).partition("/")[0])
    yield _row("export", iceland, date(2025, 11, 11), 36)


def _moved_on() -> Iterator[Cells]:
    """Two reexports from Iceland to Vietnam, and a transfer within India."""
    iceland, vietnam, india = ANNOUNCED[4], LATER[1], LATER[0]
    for number, on, quantity in ((1, date(2026, 7, 14), 16), (2, date(2026, 10, 20), 24)):
        reference = f"RX-2026-{number:04d}"
        yield _row("return", iceland, on, quantity, reference)
        yield _row("export", vietnam, on, quantity, reference)
    yield _row("export", india, date(2026, 8, 12), 32, "TR-2026-0001")
