"""The cascade: which key finds which goods, to what tolerance, and that it is written down."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.night import Night

Corner = Callable[[Night, str, str], None]
CORNERS: dict[str, tuple[set[str], set[str], Corner]] = {}


def corner(keys: str, codes: str = "") -> Callable[[Corner], Corner]:
    """Registers a corner: by which keys customs is matched there, and which breaks are left."""

    def add(plant: Corner) -> Corner:
        CORNERS[plant.__name__.strip("_")] = (set(keys.split()), set(codes.split()), plant)
        return plant

    return add


@corner("K1")
def _itn_line_and_license(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10)


@corner("K2")
def _itn_without_a_line(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, reference=itn)


@corner("K2")
def _itn_whose_lines_are_told_apart_by_quantity(night: Night, number: str, itn: str) -> None:
    for line, quantity in ((1, 10), (2, 20), (3, 10)):
        night.export(f"{itn}/{line}", number, quantity, reference=itn)


@corner("K2")
def _itn_posted_in_parts(night: Night, number: str, itn: str) -> None:
    night.told(f"{itn}/1", number, 30)
    for quantity in (10, 20):
        night.bare("export", number, quantity, reference=itn)


@corner("K1", "MISSING_IN_SOURCE")
def _itn_of_which_the_vendor_tells_one_line(night: Night, number: str, itn: str) -> None:
    for line in (1, 2):
        night.export(f"{itn}/{line}", number, 10 * line)
    del night.shipped[f"{itn}/2"]


@corner("K2", "QUANTITY")
def _itn_with_another_quantity(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, reference=itn)
    night.declared[f"{itn}/1"]["quantity"] = 13


@corner("K1")
def _itn_that_was_declared_anew(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 12)
    night.bare("restore", number, 12, reference=f"{itn}/1")
    night.bare("export", number, 11, reference=f"{itn}/1-R")
    night.declared[f"{itn}/1"]["quantity"] = night.shipped[f"{itn}/1"]["quantity"] = 11


@corner("K3")
def _no_reference_and_the_same_day(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, reference=None)


@corner("K3")
def _no_reference_and_one_day_apart(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, "2026-10-05", reference=None)
    night.declared[f"{itn}/1"]["exported_on"] = "2026-10-06"


@corner("K3", "PERIOD")
def _no_reference_and_three_days_apart(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, "2026-10-05", reference=None)
    night.declared[f"{itn}/1"]["exported_on"] = "2026-10-08"


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _no_reference_and_four_days_apart(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, "2026-10-05", reference=None)
    night.declared[f"{itn}/1"]["exported_on"] = "2026-10-09"
    del night.shipped[f"{itn}/1"]


@corner("K3")
def _equals_are_told_apart_by_their_order(night: Night, number: str, itn: str) -> None:
    for line in range(1, 5):
        night.export(f"{itn}/{line}", number, 10, f"2026-10-0{line}", reference=None)


@corner("K4")
def _several_entries_for_one_declaration(night: Night, number: str, itn: str) -> None:
    night.told(f"{itn}/1", number, 60, "2026-10-08")
    for day, quantity in ((5, 10), (7, 20), (9, 30)):
        night.bare("export", number, quantity, f"2026-10-0{day}")


@corner("K4")
def _several_declarations_for_one_entry(night: Night, number: str, itn: str) -> None:
    for line, quantity in ((1, 10), (2, 20), (3, 30)):
        night.told(f"{itn}/{line}", number, quantity, f"2026-10-0{line + 4}")
    night.bare("export", number, 60, "2026-10-05")


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _a_split_by_vessel_that_takes_a_week(night: Night, number: str, itn: str) -> None:
    for line, quantity in ((1, 10), (2, 20)):
        night.told(f"{itn}/{line}", number, quantity, f"2026-10-0{3 * line}", transport="vessel")
        del night.shipped[f"{itn}/{line}"]
    night.bare("export", number, 30, "2026-10-03")


@corner("K1")
def _one_day_apart(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10, "2026-10-05")
    night.declared[f"{itn}/1"]["exported_on"] = "2026-10-04"


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _alike_by_consignee_alone(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 77, "2026-10-05", reference="PO 4711")
    night.declared[f"{itn}/1"] |= {"exported_on": "2026-10-15", "consignee": "Example Cloud LLC"}
    del night.shipped[f"{itn}/1"]


@corner("K1")
def _units_that_count_pieces_count_them_exactly(night: Night, number: str, itn: str) -> None:
    units = {"PR": 2, "PRS": 2, "DOZ": 12, "HUN": 100, "GRS": 144}
    for line, (unit, pieces) in enumerate(units.items(), 1):
        night.export(f"{itn}/{line}", number, 3 * pieces)
        night.declared[f"{itn}/{line}"] |= {"quantity": 3, "unit": unit}


@corner("K1", "QUANTITY")
def _nearly_twice_as_many_are_no_unit(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["quantity"] = night.shipped[f"{itn}/1"]["quantity"] = 21


@corner("K3", "MISSING_IN_LEDGER")
def _of_two_rows_the_nearer_day_is_the_lines_own(night: Night, number: str, itn: str) -> None:
    night.bare("export", number, 5, "2026-10-05")
    night.told(f"{itn}/1", number, 5, "2026-10-08")
    night.told(f"{itn}9/1", number, 5, "2026-10-06")


def _parts(night: Night, number: str, itn: str, days: tuple[int, ...], told: int) -> None:
    """Parts of five pieces, posted on days of October 2026, and one row for all, told of another day."""
    for day in days:
        night.bare("export", number, 5, f"2026-10-{day:02}")
    night.told(f"{itn}/1", number, 5 * len(days), f"2026-10-{told:02}")


@corner("K4")
def _parts_of_a_row_leave_within_a_week(night: Night, number: str, itn: str) -> None:
    _parts(night, number, itn, (4, 11), told=8)


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _parts_that_left_more_than_a_week_apart_are_no_split(night: Night, number: str, itn: str) -> None:
    _parts(night, number, itn, (4, 12), told=8)


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _parts_that_left_more_than_a_week_before_their_row_are_not_its_own(
    night: Night, number: str, itn: str
) -> None:
    _parts(night, number, itn, (1, 2), told=10)


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _rows_that_left_more_than_a_week_after_their_line_are_not_its_own(
    night: Night, number: str, itn: str
) -> None:
    night.bare("export", number, 10, "2026-10-01")
    for line in (1, 2):
        night.told(f"{itn}/{line}", number, 5, f"2026-10-1{line}")


@corner("", "MISSING_IN_SOURCE MISSING_IN_LEDGER")
def _alike_but_for_an_accent(night: Night, number: str, itn: str) -> None:
    night.export(f"{itn}/1", number, 78, "2026-10-05", reference="PO 4712")
    night.declared[f"{itn}/1"] |= {"exported_on": "2026-10-15", "consignee": "Éxample Cloud"}
    del night.shipped[f"{itn}/1"]


PLACES = {name: (f"D2026-{place:03}", f"X2026{place:04}") for place, name in enumerate(CORNERS, 1)}


class Seen(NamedTuple):
    breaks: list[dict[str, Any]]
    matches: list[dict[str, str]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The breaks and matches of the one night with all corners."""
    folder = tmp_path_factory.mktemp("keys")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE", "SA")
        for name, (_, _, plant) in CORNERS.items():
            night.license(PLACES[name][0], "AE")
            plant(night, *PLACES[name])
        answer = ledger.reconcile(night.write(folder / "feeds"), out=folder / "out")
        with (folder / "out" / answer.basis["run"] / "matches.csv").open(encoding="utf-8") as file:
            yield Seen(answer.rows(), list(csv.DictReader(file)))


@pytest.mark.parametrize("name", CORNERS)
def test_a_corner_is_matched_by_its_key(name: str, seen: Seen) -> None:
    number, itn = PLACES[name]
    keys = {
        row["match_key"]
        for row in seen.matches
        if row["source"] == "declarations" and row["license_no"] == number and row["match_key"] != "K6"
    }
    codes = {row["code"] for row in seen.breaks if row["license_no"] == number or itn in row["key"]}
    assert (keys, codes) == CORNERS[name][:2]


def test_a_break_says_by_which_key_its_goods_were_found(seen: Seen) -> None:
    number, _ = PLACES["itn_with_another_quantity"]
    (found,) = [row for row in seen.breaks if row["license_no"] == number]
    assert (found["match_key"], found["ledger_says"], found["source_says"]) == ("K2", "10", "13")


@pytest.mark.parametrize("name", ["alike_by_consignee_alone", "alike_but_for_an_accent"])
def test_a_likeness_of_consignees_is_a_suggestion_and_no_match(name: str, seen: Seen) -> None:
    number, itn = PLACES[name]
    suggested = [row for row in seen.matches if row["match_key"] == "K6" and row["told_as"] == f"{itn}/1"]
    assert [row["license_no"] for row in suggested] == [number]


def test_every_line_of_a_split_is_in_the_matches(seen: Seen) -> None:
    number, itn = PLACES["several_entries_for_one_declaration"]
    parts = [row for row in seen.matches if row["license_no"] == number and row["source"] == "declarations"]
    assert sorted(int(row["quantity"]) for row in parts) == [10, 20, 30]
    assert {row["told_as"] for row in parts} == {f"{itn}/1"}


def test_serial_numbers_lead_a_reexport_back_to_its_export(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("serials")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE", "SA")
        night.license("L1", "AE")
        night.license("L2", "SA")
        seq = night.export("X1/1", "L1", 2)
        night.shipped["X1/1"]["serials"] = "S1 S2"
        night.reexport("R1", "L2", 2, "AE", "2026-10-20", serials="S1 S2")
        night.bare("return", "L1", 2, "2026-10-20", reference="R1")
        moved = night.bare("export", "L2", 2, "2026-10-20", reference="R1")
        answer = ledger.reconcile(night.write(folder / "feeds"), out=folder / "out")
        text = (folder / "out" / answer.basis["run"] / "matches.csv").read_text(encoding="utf-8")
    found = [row for row in csv.DictReader(text.splitlines()) if row["source"] == "reexports"]
    assert {(row["match_key"], row["entry"], row["told_as"]) for row in found} == {
        ("K1", str(moved), "R1"),
        ("K5", str(seq), "R1"),
    }
    assert answer.rows() == []
