"""What is drafted where two of three agree: the third is corrected, once, by what the two say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

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
