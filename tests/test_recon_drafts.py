"""What is drafted where two of three agree: the third is corrected, once, by what the two say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from ledger.recon_drafts import draft, sentence
from tests.night import H100, H100_TPP, H200, Night

Corner = Callable[[Night, str], None]
Drafts = Mapping[str, Any]
"""What is drafted by code: how many H100 are posted elsewhere, what is changed, or who is asked."""

CORNERS: dict[str, tuple[Drafts, Corner]] = {}


def corner(**drafts: Any) -> Callable[[Corner], Corner]:
    """Registers a corner, in which ten H100 left for IN, with the breaks that it has and what each drafts."""

    def add(plant: Corner) -> Corner:
        CORNERS[plant.__name__.strip("_")] = (drafts, plant)
        return plant

    return add


@corner(COUNTRY=5, UNIT=None)
def _both_say_fewer_and_elsewhere(night: Night, name: str) -> None:
    for told in (night.declared[name], night.shipped[name]):
        told |= {"country": "AE", "quantity": 5}


@corner(COUNTRY=10, UNIT="declarations")
def _both_say_elsewhere_and_customs_alone_fewer(night: Night, name: str) -> None:
    night.declared[name] |= {"country": "AE", "quantity": 5}
    night.shipped[name] |= {"country": "AE"}


@corner(COUNTRY=None, QUANTITY=None)
def _both_say_elsewhere_and_no_two_the_same_quantity(night: Night, name: str) -> None:
    night.declared[name] |= {"country": "AE", "quantity": 9}
    night.shipped[name] |= {"country": "AE", "quantity": 8}


@corner(COUNTRY="declarations", QUANTITY={"quantity": 9})
def _both_say_fewer_and_customs_alone_elsewhere(night: Night, name: str) -> None:
    night.declared[name] |= {"country": "AE", "quantity": 9}
    night.shipped[name] |= {"quantity": 9}


@corner(DEVICE={"device_id": H200})
def _both_say_another_device(night: Night, name: str) -> None:
    night.declared[name] |= {"device_id": H200}
    night.shipped[name] |= {"device_id": H200}


@corner(DEVICE="shipments")
def _the_vendor_alone_says_another_device(night: Night, name: str) -> None:
    night.declared[name] |= {"device_id": H100}
    night.shipped[name] |= {"device_id": H200}


@corner(DEVICE=None)
def _the_vendor_says_another_device_and_customs_none(night: Night, name: str) -> None:
    night.shipped[name] |= {"device_id": H200}


@corner(MISSING_IN_SOURCE="shipments", MISSING_IN_LEDGER=None)
def _of_two_deliveries_of_another_device_neither_is_the_lines_own(night: Night, name: str) -> None:
    night.shipped[name] |= {"device_id": H200}
    night.shipped[f"{name} again"] = {**night.shipped[name], "delivery_no": "D9", "country": "AE"}


NAMES = {corner: f"X{place}/1" for place, corner in enumerate(CORNERS, 1)}
LICENSES = {corner: f"L{place}" for place, corner in enumerate(CORNERS, 1)}


def _in_short(steps: list[dict[str, Any]]) -> Any:
    last = steps[-1]
    if "post" in last:
        return last["post"]["tpp"] // H100_TPP
    return last.get("changes") or last.get("ask")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The breaks of the one night with all corners, and what is drafted for each."""
    folder = tmp_path_factory.mktemp("drafts")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE", "IN")
        for name, (_, plant) in CORNERS.items():
            night.license(LICENSES[name], "IN")
            night.export(NAMES[name], LICENSES[name], 10)
            plant(night, NAMES[name])
        answer = ledger.reconcile(night.write(folder / "feeds"), out=folder / "out")
    lines = (folder / "out" / answer.basis["run"] / "proposals.jsonl").read_text(encoding="utf-8")
    drafted = {each["break"]: _in_short(each["steps"]) for each in map(json.loads, lines.splitlines())}
    return answer.rows(), drafted


@pytest.mark.parametrize("name", CORNERS)
def test_the_third_is_corrected_by_what_the_two_say(
    name: str, seen: tuple[list[dict[str, Any]], dict[str, Any]]
) -> None:
    breaks, drafted = seen
    mine = [row for row in breaks if row["license_no"] == LICENSES[name]]
    assert {row["code"]: drafted.get(row["break"]) for row in mine} == CORNERS[name][0]


def test_no_break_lies_outside_the_corners(seen: tuple[list[dict[str, Any]], dict[str, Any]]) -> None:
    assert {row["license_no"] for row in seen[0]} == set(LICENSES.values())


# --- in words ----------------------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "seqs": [7], "source": "declarations", "country": "AE", "license_no": "L1", "device_id": H100,
    "on_day": date(2026, 10, 5), "ledger_says": "40", "source_says": "35", "third_says": None,
    "agree": "declarations+shipments", "match_key": "K1", "reason": None, "key": "X1/1", "file_line": None,
    "filer": None, "elsewhere_tpp": None, "is_held": True, "room_tpp": None, "drawn_tpp": 0,
}  # fmt: skip
"""A break as the passes find it; each case says what is otherwise."""

SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    (
        "MISSING_IN_SOURCE", {"source_says": "nothing"},
        f"customs knows nothing of 40 x {H100} to AE, which the ledger has on 2026-10-05",
    ),
    (
        "MISSING_IN_SOURCE", {"source_says": "nothing", "ledger_says": "158,320 TPP", "device_id": None},
        "customs knows nothing of 158,320 TPP to AE, which the ledger has on 2026-10-05",
    ),
    (
        "MISSING_IN_SOURCE", {"source_says": "nothing", "ledger_says": "158,320 TPP"},
        f"customs knows nothing of {H100} to AE, which the ledger has on 2026-10-05",
    ),
    (
        "MISSING_IN_LEDGER", {"seqs": None, "ledger_says": "nothing", "source_says": "1200", "country": None},
        f"customs has 1,200 x {H100} to an unknown country on 2026-10-05; the ledger has nothing of it",
    ),
    (
        "UNKNOWN_LICENSE", {"source_says": "1001", "license_no": "1001", "device_id": None},
        "unnamed device to AE left under 1001, a license that nobody knows",
    ),
    (
        "UNLICENSED_EXPORT", {"source_says": "no license"},
        f"40 x {H100} to AE left on 2026-10-05 without a license",
    ),
    (
        "UNLICENSED_EXPORT", {"source_says": None, "ledger_says": None},
        f"{H100} to AE left on 2026-10-05 without a license",
    ),
    ("QUANTITY", {"third_says": "1035"}, "the ledger has 40, customs 35; the vendor has 1,035"),
    ("QUANTITY", {"third_says": "nothing"}, "the ledger has 40, customs 35; the vendor has nothing of it"),
    (
        "UNIT", {"source_says": "5"},
        "the ledger has 40, customs 5: 8 times, so one of them may count systems or thousands",
    ),
    (
        "UNIT", {"ledger_says": "NO", "source_says": "5"},
        "the ledger has NO, customs 5: 0 times, so one of them may count systems or thousands",
    ),
    (
        "CUMULATIVE_AS_DELTA", {},
        "customs told it several times, 35 in all; the ledger added the tellings up to 40",
    ),
    ("DEVICE", {"ledger_says": H100, "source_says": H200}, f"the ledger has {H100}, customs {H200}"),
    (
        "COUNTRY", {"ledger_says": "AE", "source_says": "SA"},
        "the ledger has it go to AE, customs to SA",
    ),
    (
        "COUNTRY", {"ledger_says": "AE", "source_says": "SA", "match_key": None, "third_says": "SA"},
        "the ledger has it go to AE, customs to SA under L1; the vendor has SA",
    ),
    (
        "COUNTRY", {"ledger_says": "AE", "source_says": "SA", "match_key": None, "source": "reexports"},
        "the ledger has it go to AE, the report to SA",
    ),
    ("DUPLICATE", {"seqs": [7, 8]}, "the ledger has 40 in 2 entries, customs has 35 once"),
    (
        "DUPLICATE", {"seqs": None, "ledger_says": "X9/1"},
        f"customs has 35 x {H100} to AE on 2026-10-05 again, as X9/1 told it",
    ),
    ("CANCELLED_AT_SOURCE", {"source_says": "0"}, "customs cancelled it; the ledger still has 40"),
    (
        "OVER_LICENSE", {"ledger_says": "1000", "source_says": "2000"},
        "2,000 TPP left under the license, which allows 1,000",
    ),
    (
        "EXPIRED_USE", {"ledger_says": "expired 2026-10-01"},
        "used on 2026-10-05; the license expired 2026-10-01",
    ),
    (
        "TREATMENT", {"ledger_says": "1001", "source_says": "1002", "third_says": "1002", "match_key": None},
        "the ledger has it under 1001, customs under 1002; the vendor has 1002",
    ),
    (
        "REEXPORT_ONE_LEG", {"ledger_says": "nothing", "source": "reexports"},
        "the ledger has nothing of it, the report 35",
    ),
    (
        "SERIAL_CONFLICT", {"ledger_says": "D1/1, AE", "source_says": "D2/1, SA"},
        "the same serial numbers are in D1/1, AE and in D2/1, SA",
    ),
    (
        "PERIOD", {"ledger_says": "2026-10-05", "source_says": "2026-10-09"},
        "the ledger has it on 2026-10-05, customs on 2026-10-09",
    ),
    ("ROLLUP", {}, "the ledger adds up to 40 TPP, the lines and breaks of customs to 35"),
    (
        "LICENSE_MISSING_LEDGER", {"source": "licenses"},
        "the licensing office has a license of 35 TPP that the ledger does not know",
    ),
    (
        "LICENSE_MISSING_SOURCE", {"source": "licenses"},
        "the ledger has a license of 40 TPP that the licensing office does not know",
    ),
    ("LICENSE_DIFFERS", {"source": "licenses"}, "the ledger says 40, the licensing office 35"),
    ("IN_TRANSIT", {}, "left on 2026-10-05 and is not told of yet: due by 2026-10-10"),
    ("QUANTITY", {"reason": "told too late"}, "told too late"),
    ("FILE_MISSING", {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "given", "said"), SENTENCES)
def test_a_break_is_said_in_words(code: str, given: dict[str, Any], said: str) -> None:
    assert sentence({**ROW, "code": code, **given}) == said


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("PERIOD", {"ledger_says": "2026-10-05 to 2026-10-07", "source_says": "2026-10-09"}),
        ("PERIOD", {"ledger_says": "2026-10-05", "source_says": ""}),
        ("DEVICE", {"ledger_says": H100, "source_says": None}),
        ("TREATMENT", {"ledger_says": "L2", "source_says": "L1", "match_key": None}),
        ("COUNTRY", {"ledger_says": "AE", "source_says": "SA", "match_key": None}),
        ("TREATMENT", {"source_says": "L1", "elsewhere_tpp": 1, "source": "reexports", "match_key": None}),
        ("MISSING_IN_LEDGER", {"seqs": None, "on_day": None}),
        ("MISSING_IN_LEDGER", {"seqs": None, "is_held": False}),
        ("EXPIRED_USE", {"seqs": None, "is_held": False}),
    ],
)
def test_what_cannot_be_posted_is_not_drafted(code: str, given: dict[str, Any]) -> None:
    assert draft({**ROW, "code": code, **given}) is None


def test_a_license_without_room_for_one_piece_is_left_to_refuse_them_all() -> None:
    row = {**ROW, "code": "QUANTITY", "kept_seq": 7, "kept_quantity": 40, "kept_device_id": H100}
    made = draft({**row, "room_tpp": 0, "drawn_tpp": 1, "piece_tpp": H100_TPP})
    assert made is not None
    assert made["steps"] == [{"correct": 7, "changes": {"quantity": 35}}]


@pytest.mark.parametrize(
    ("code", "given", "changes"),
    [
        (
            "PERIOD",
            {"ledger_says": "2026-10-05", "source_says": "2026-10-09"},
            {"effective_on": "2026-10-09"},
        ),
        ("DEVICE", {"ledger_says": H100, "source_says": H200}, {"device_id": H200}),
        ("TREATMENT", {"source_says": "L1", "match_key": None, "elsewhere_tpp": 1}, {"license_no": "L1"}),
        (
            "COUNTRY",
            {"source_says": "SA", "match_key": None, "elsewhere_tpp": 1},
            {"country": "SA", "license_no": "L1"},
        ),
    ],
)
def test_an_entry_is_corrected_by_what_two_say(
    code: str, given: dict[str, Any], changes: dict[str, Any]
) -> None:
    made = draft({**ROW, "code": code, **given})
    assert made is not None
    assert made["steps"] == [{"correct": 7, "changes": changes}]
