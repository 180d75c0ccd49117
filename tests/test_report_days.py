"""Ready reports at the edges of their days: what took effect, or was recorded, later is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ledger import Ledger
from ledger.answer import Answer
from ledger.columns import WIDE, as_table
from ledger.engine import Core
from ledger.ready import ready
from tests.books import REFERENCE, REGIME
from tests.clock import Clock
from tests.small import H100, entry

CHIP = {"device_id": H100, "quantity": 1}
H100_TPP = 15_832


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock("2026-03-31")


@pytest.fixture(name="held")
def _held(store_url: str, clock: Clock) -> Iterator[Ledger]:
    """AE has a license of ten chips of January, whose filer is A."""
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", "AE", "2026-01-01", tpp=10_000_000))
        ledger.post(entry("allocate", "SA", "2026-01-01", tpp=10_000_000))
        ledger.post(
            entry("license", "AE", "2026-01-10", license_no="L", device_id=H100, quantity=10, exporter="A")
        )
        yield ledger


def export(ledger: Ledger, on: str, **more: Any) -> int:
    (receipt,) = ledger.post(entry("export", "AE", on, license_no="L", **CHIP, **more))
    return receipt.seq


def test_the_last_export_is_the_latest_that_stands(held: Ledger) -> None:
    def last(**asked: Any) -> str:
        (row,) = held.report("licenses-unused", issued_days=1, used_percent=100, **asked)
        return str(row["last_export_on"])

    export(held, "2026-02-10")
    second = export(held, "2026-02-20")
    assert (last(), last(as_of="2026-02-19")) == ("2026-02-20", "2026-02-10")
    held.reverse(second, "it stayed")
    assert last() == "2026-02-10"


def test_an_overrun_that_was_undone_is_no_misuse(held: Ledger) -> None:
    (receipt,) = held.post(entry("overrun", "AE", "2026-03-01", tpp=100, reason="found"))
    assert [row["seq"] for row in held.report("misuse")] == [receipt.seq]
    held.reverse(receipt.seq, "not found")
    assert len(held.report("misuse")) == 0


def test_what_was_refused_and_then_posted_is_no_misuse(held: Ledger) -> None:
    beyond = entry("export", "AE", "2026-03-01", license_no="L", device_id=H100, quantity=11)
    with pytest.raises(Exception, match="short by"):
        held.post(beyond, request_id="beyond")
    assert [row["outcome"] for row in held.report("misuse")] == ["refused"]
    held.post(entry("license", "AE", "2026-02-01", license_no="L", **CHIP))
    held.post(beyond, request_id="beyond", again=True)
    assert len(held.report("misuse")) == 0


def test_who_held_a_quota_on_a_day_is_not_who_drew_on_it_later(held: Ledger) -> None:
    held.post(entry("overrun", "AE", "2026-03-01", tpp=100, reason="found"))
    for day, named in (("2026-02-28", {"(not named)"}), ("2026-03-01", {"(not named)", "(no license)"})):
        assert {row["consignee"] for row in held.report("holders", country="AE", as_of=day)} == named


def test_late_postings_are_counted_by_the_day_they_were_recorded_on(held: Ledger, clock: Clock) -> None:
    for day in ("2026-04-01", "2026-04-02"):
        clock.set(day)
        export(held, "2026-02-01")

    def entries(**asked: Any) -> int:
        return sum(row["entries"] for row in held.report("late-postings", **asked))

    assert entries(from_day="2026-04-01") == 2
    assert entries(from_day="2026-04-02") == entries(from_day="2026-04-01", to_day="2026-04-01") == 1


def test_the_filer_of_a_license_is_whom_its_last_entry_names(held: Ledger) -> None:
    held.post(entry("license", "AE", "2026-02-01", license_no="L", exporter="B", **CHIP))
    export(held, "2026-02-10")
    assert {row["filer"]: row["entries"] for row in held.report("late-postings")} == {"A": 1, "B": 2}


def test_a_correction_is_of_the_day_at_whose_first_instant_it_was_recorded(
    held: Ledger, clock: Clock
) -> None:
    seq = export(held, "2026-02-01")
    clock._now_us = (Clock("2026-04-02")() // 86_400_000_000) * 86_400_000_000  # noqa: SLF001  # midnight
    held.reverse(seq, "it stayed")
    for day, rows in (("2026-04-01", 1), ("2026-04-02", 1), ("2026-04-03", 0)):
        assert len(held.report("corrections", from_day=day)) == rows


def test_what_was_canceled_later_is_not_open_yet(held: Ledger) -> None:
    export(held, "2026-02-01")
    held.post(entry("restore", "AE", "2026-03-01", license_no="L", **CHIP))
    assert len(held.report("returns-open", as_of="2026-02-28")) == 0
    assert [row["what"] for row in held.report("returns-open", as_of="2026-03-01")] == ["canceled"]


def test_a_return_is_answered_by_a_charge_once_that_took_effect(held: Ledger) -> None:
    export(held, "2026-01-20")
    held.post(entry("return", "AE", "2026-02-01", license_no="L", reference="R", **CHIP))
    held.post(entry("block", "SA", "2026-02-05", tpp=5, reference="R", reason="not a charge"))
    held.post(entry("overrun", "SA", "2026-03-01", reference="R", reason="went on", **CHIP))
    for day, rows in (("2026-02-10", 1), ("2026-02-28", 1), ("2026-03-01", 0)):
        assert len(held.report("returns-open", as_of=day)) == rows


def test_allocations_of_one_month_add_up(held: Ledger) -> None:
    held.post(entry("allocate", "AE", "2026-01-20", tpp=50))
    month = {row["month"]: row["allocated_tpp"] for row in held.report("pace", country="AE")}
    assert month["2026-01"] == month["2026-03"] == 10_000_050


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        (
            "2026-06-10",
            ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"],
        ),
        ("2027-06-30", ["2025-11", "2025-12", *[f"2026-{month:02}" for month in range(1, 12)]]),
    ],
)
def test_the_pace_of_a_period_that_begins_in_mid_month(as_of: str, months: list[str]) -> None:
    regime = replace(REGIME, period_from="2025-11-15", period_to="2026-11-14", cap_tpp=1_000)
    core = Core(regime, REFERENCE.countries, REFERENCE.devices, wide=True)
    rows = []
    for seq, (kind, on, tpp) in enumerate(
        [("allocate", "2025-11-15", 1_000), ("license", "2026-06-05", 700)], 1
    ):
        given = {
            "kind": kind, "country": "AE", "programme": "country", "effective_on": on, "tpp": tpp, "seq": seq,
            "recorded_at": f"{on}T12:00:00.000000Z", "quota": "country/AE",
        }  # fmt: skip
        rows.append([(dict.fromkeys(WIDE) | given)[name] for name in WIDE])
    core.append(as_table(WIDE, zip(*rows, strict=True)))
    asked = {"as_of": as_of, "known_at": None, "country": "AE", "months": None}
    answered = Answer(core.ask(ready()["pace"].query, asked, {}), {}).rows()
    core.close()
    assert [row["month"] for row in answered] == months
    assert [(row["used_tpp"], row["allocated_tpp"]) for row in answered][-1] == (700, 1_000)
    assert answered[0]["used_tpp"] == 0
    elapsed = {row["month"]: str(row["elapsed_percent"]) for row in answered}
    assert elapsed["2025-11"] == "4.3"  # 16 of 365 days
    assert as_of < "2027" or elapsed["2026-11"] == "100.0"
