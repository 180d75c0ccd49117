"""Every break code has a corner of one night, a country and a license, in which exactly it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import reference
from tests.night import EXPIRES, GB200, H100_TPP, H200, LEFT, Night

Corner = Callable[[Night, str, str, str], None]
"""Given the night, a country, a license number and an ITN, plants one break."""

CORNERS: dict[str, tuple[str, Corner]] = {}


def corner(code: str) -> Callable[[Corner], Corner]:
    """Registers a corner by its name, and the code that is found there."""

    def add(plant: Corner) -> Corner:
        CORNERS[plant.__name__.strip("_")] = (code, plant)
        return plant

    return add


@corner("LICENSE_MISSING_LEDGER")
def _license_the_ledger_lacks(night: Night, country: str, number: str, _itn: str) -> None:
    night.licensed[number] = {
        "license_no": number, "country": country, "device_id": H200, "quantity": 10,
        "licensed_tpp": 158_320, "issued_on": "2026-03-02", "expires_on": EXPIRES, "state": "active",
    }  # fmt: skip


@corner("LICENSE_MISSING_SOURCE")
def _license_the_office_lacks(night: Night, country: str, number: str, _itn: str) -> None:
    night.license(number, country)
    del night.licensed[number]


@corner("LICENSE_DIFFERS")
def _license_of_another_amount(night: Night, country: str, number: str, _itn: str) -> None:
    night.license(number, country)
    night.licensed[number] |= {"quantity": 900, "licensed_tpp": 900 * H100_TPP}


@corner("LICENSE_DIFFERS")
def _license_revoked_and_still_open(night: Night, country: str, number: str, _itn: str) -> None:
    night.license(number, country, state="revoked")


@corner("LICENSE_DIFFERS")
def _license_of_another_term(night: Night, country: str, number: str, _itn: str) -> None:
    night.license(number, country, expires_on="2027-02-01")


@corner("IN_TRANSIT")
def _declared_within_five_days(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10, "2026-11-15")
    night.untold(f"{itn}/1")


@corner("MISSING_IN_SOURCE")
def _not_declared_after_five_days(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10, "2026-11-14")
    del night.declared[f"{itn}/1"]


@corner("MISSING_IN_SOURCE")
def _not_delivered_by_its_vendor(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    del night.shipped[f"{itn}/1"]


@corner("MISSING_IN_LEDGER")
def _declared_and_not_posted(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.told(f"{itn}/1", number, 10)


@corner("UNKNOWN_LICENSE")
def _license_nobody_knows(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.told(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["license_no"] = f"{number}-NONE"
    del night.shipped[f"{itn}/1"]


@corner("UNLICENSED_EXPORT")
def _declared_without_a_license(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.told(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["license_no"] = ""
    del night.shipped[f"{itn}/1"]


@corner("UNLICENSED_EXPORT")
def _overrun_without_a_license_that_all_agree_on(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.told(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["license_no"] = night.shipped[f"{itn}/1"]["license_no"] = ""
    night.post(
        "overrun", country, LEFT, device_id="nvidia-h100-sxm5-80gb", quantity=10, reference=f"{itn}/1",
        reason="left all the same",
    )  # fmt: skip


@corner("QUANTITY")
def _another_quantity(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 100)
    night.declared[f"{itn}/1"]["quantity"] = 90


@corner("QUANTITY")
def _another_quantity_at_the_vendor(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 100)
    night.shipped[f"{itn}/1"]["quantity"] = 90


@corner("CUMULATIVE_AS_DELTA")
def _running_totals_posted_as_parts(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    for quantity in (10, 25, 25, 40):
        night.export(f"{itn}/1", number, quantity)
    first = night.declared.pop(f"{itn}/1")
    night.shipped[f"{itn}/1"]["quantity"] = 40
    night.later += [
        {**first, "quantity": quantity, "action": "change" if place else "add", "amendment_no": place}
        for place, quantity in enumerate((10, 25, 25, 40))
    ]


@corner("UNIT")
def _systems_counted_as_chips(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 80)
    night.declared[f"{itn}/1"]["quantity"] = 10


@corner("DEVICE")
def _another_device(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["device_id"] = GB200


@corner("DEVICE_UNKNOWN")
def _device_nobody_knows(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["device_id"] = "H100 Ultra Max"


@corner("COUNTRY")
def _another_country(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["country"] = "MY"


@corner("COUNTRY")
def _tier_3_destination(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["country"] = "CN"


@corner("DUPLICATE")
def _declared_twice_under_another_number(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}9/1"] = {**night.declared[f"{itn}/1"], "itn": f"{itn}9"}


@corner("DUPLICATE")
def _delivered_twice_under_another_number(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 2)
    first = night.shipped[f"{itn}/1"]
    first["serials"] = f"{itn}A {itn}B"
    night.shipped[f"{itn}/9"] = {**first, "delivery_no": f"D{itn}9", "shipped_on": "2026-10-30", "itn": ""}


@corner("DUPLICATE")
def _delivered_twice_without_serial_numbers(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.shipped[f"{itn}/9"] = {**night.shipped[f"{itn}/1"], "delivery_no": f"D{itn}9"}


@corner("MISSING_IN_LEDGER")
def _delivered_twice_with_other_serial_numbers(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 2)
    first = night.shipped[f"{itn}/1"]
    first["serials"] = f"{itn}A {itn}B"
    night.shipped[f"{itn}/9"] = {**first, "delivery_no": f"D{itn}9", "serials": f"{itn}C {itn}D"}


@corner("MISSING_IN_LEDGER")
def _left_twice_by_customs_and_vendor(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}9/1"] = {**night.declared[f"{itn}/1"], "itn": f"{itn}9"}
    night.shipped[f"{itn}9/1"] = {**night.shipped[f"{itn}/1"], "delivery_no": f"D{itn}9", "itn": f"{itn}9"}


@corner("COUNTRY")
def _country_by_its_schedule_c_code(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["country"] = "5200"


@corner("DUPLICATE")
def _posted_twice(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.export(f"{itn}/1", number, 10)


@corner("CANCELLED_AT_SOURCE")
def _cancelled_at_customs(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.later.append({**night.declared[f"{itn}/1"], "action": "cancel", "amendment_no": 1})
    del night.shipped[f"{itn}/1"]


@corner("STALE_AMENDMENT")
def _amended_before_it_was_declared(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"] |= {"action": "change", "amendment_no": 2}


@corner("STALE_AMENDMENT")
def _amended_by_what_was_overtaken(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    first = night.declared[f"{itn}/1"]
    night.later.append({**first, "action": "change", "amendment_no": 2, "consignee": "Example Cloud Two"})
    night.later.append({**first, "action": "change", "amendment_no": 1, "quantity": 12})


@corner("OVER_LICENSE")
def _more_than_the_license_holds(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, quantity=100)
    night.export(f"{itn}/1", number, 100)
    night.told(f"{itn}/2", number, 5)
    night.post(
        "overrun", country, LEFT, license_no=number, device_id="nvidia-h100-sxm5-80gb", quantity=5,
        reference=f"{itn}/2", reason="left all the same",
    )  # fmt: skip


@corner("EXPIRED_USE")
def _used_before_it_was_issued(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10, "2026-03-02")
    night.declared[f"{itn}/1"]["exported_on"] = "2026-02-20"


@corner("EXPIRED_USE")
def _used_after_it_expired(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, until="2026-09-30")
    night.export(f"{itn}/1", number, 10, "2026-09-30")
    night.declared[f"{itn}/1"]["exported_on"] = "2026-10-05"


@corner("MISSING_IN_LEDGER")
def _declared_late_of_a_license_that_has_lapsed(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, until="2026-09-30", state="expired")
    night.export(f"{itn}/1", number, 10, "2026-09-20")
    night.post("release", country, "2026-10-31", license_no=number, tpp=990 * H100_TPP, reason="expired")
    night.told(f"{itn}/2", number, 20, "2026-09-29")


@corner("TREATMENT")
def _under_another_license(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.license(f"{number}-B", country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["license_no"] = f"{number}-B"


@corner("TREATMENT")
def _under_an_exception(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"] |= {"license_no": "", "exception": "NVEU"}


@corner("REEXPORT_ONE_LEG")
def _reexport_of_which_only_one_leg_is_told(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.reexport(f"R{itn}", number, 10, "MY", legs=("out",))


@corner("REEXPORT_ONE_LEG")
def _reexport_of_which_only_one_leg_is_posted(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.reexport(f"R{itn}", number, 10, "MY")
    night.post(
        "export", country, LEFT, license_no=number, device_id="nvidia-h100-sxm5-80gb", quantity=10,
        reference=f"R{itn}",
    )  # fmt: skip


@corner("SERIAL_CONFLICT")
def _one_chip_in_two_deliveries(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    for line in (1, 2):
        night.export(f"{itn}/{line}", number, 2 * line)
        night.shipped[f"{itn}/{line}"]["serials"] = (
            f"{itn}A {itn}B" if line == 1 else f"{itn}B {itn}C {itn}D {itn}E"
        )


@corner("PERIOD")
def _two_days_apart(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10, "2026-10-05")
    night.declared[f"{itn}/1"]["exported_on"] = "2026-10-07"


@corner("PERIOD")
def _declared_for_a_day_to_come(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["exported_on"] = "2026-12-05"


@corner("PERIOD")
def _declared_for_a_day_before_the_regime(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.declared[f"{itn}/1"]["exported_on"] = "2024-12-30"


@corner("UNIT")
def _thousands_of_what_was_pieces(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 3)
    night.declared[f"{itn}/1"] |= {"quantity": 3, "unit": "THS"}


@corner("ROLLUP")
def _tpp_that_no_line_explains(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.told(f"{itn}/1", number, 10)
    night.post(
        "export", country, LEFT, license_no=number, device_id="nvidia-h100-sxm5-80gb", quantity=10,
        tpp=10 * H100_TPP + 1_000, reference=f"{itn}/1",
    )  # fmt: skip


@corner("")
def _told_twice_the_same(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)
    night.later.append(night.declared[f"{itn}/1"])


@corner("")
def _told_in_thousands_and_meant_so(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, quantity=2_000)
    night.export(f"{itn}/1", number, 2_000)
    night.declared[f"{itn}/1"] |= {"quantity": 2, "unit": "THS"}


@corner("")
def _reexported_as_both_report(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.license(f"{number}-MY", "MY")
    night.export(f"{itn}/1", f"{number}-MY", 10)
    night.reexport(f"R{itn}", number, 10, "MY", "2026-10-20")
    night.bare("return", f"{number}-MY", 10, "2026-10-20", reference=f"R{itn}")
    night.bare("export", number, 10, "2026-10-20", reference=f"R{itn}")


@corner("MISSING_IN_LEDGER")
def _reexport_that_was_not_posted(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.reexport(f"R{itn}", number, 10, "MY")


@corner("MISSING_IN_SOURCE")
def _reexport_that_nobody_reports(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.license(f"{number}-MY", "MY")
    night.export(f"{itn}/1", f"{number}-MY", 10)
    night.bare("return", f"{number}-MY", 10, "2026-10-20", reference=f"R{itn}")
    night.bare("export", number, 10, "2026-10-20", reference=f"R{itn}")


@corner("QUANTITY")
def _reexport_of_another_quantity(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.license(f"{number}-MY", "MY")
    night.export(f"{itn}/1", f"{number}-MY", 10)
    night.reexport(f"R{itn}", number, 7, "MY", "2026-10-20")
    night.bare("return", f"{number}-MY", 10, "2026-10-20", reference=f"R{itn}")
    night.bare("export", number, 10, "2026-10-20", reference=f"R{itn}")


def _reexported(night: Night, number: str, itn: str, left: str = "2026-10-20", **overrun: Any) -> None:
    """Ten pieces come back from MY, leave again at once, and are reported so; `overrun` is how they left."""
    night.license(f"{number}-MY", "MY")
    night.export(f"{itn}/1", f"{number}-MY", 10)
    night.bare("return", f"{number}-MY", 10, left, reference=f"R{itn}")
    night.post(
        "overrun", night.licensed[number]["country"], left, device_id="nvidia-h100-sxm5-80gb", quantity=10,
        reference=f"R{itn}", reason="left all the same", **overrun,
    )  # fmt: skip
    night.reexport(f"R{itn}", number, 10, "MY", left)
    for leg in night.moved[-2:]:
        leg["license_no"] = overrun.get("license_no", "")


@corner("UNLICENSED_EXPORT")
def _reexported_without_a_license_as_all_agree(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    _reexported(night, number, itn)


@corner("UNLICENSED_EXPORT")
def _reexported_without_a_license_and_not_reported(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    _reexported(night, number, itn)
    del night.moved[-2:]


@corner("UNLICENSED_EXPORT")
def _arrived_without_a_license_as_one_leg_says(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.reexport(f"R{itn}", number, 10, "MY", legs=("in",))
    night.moved[-1]["license_no"] = ""


@corner("OVER_LICENSE")
def _reexported_beyond_what_the_license_holds(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, quantity=5)
    _reexported(night, number, itn, license_no=number)


@corner("EXPIRED_USE")
def _reexported_after_its_license_expired(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, until="2026-09-30")
    _reexported(night, number, itn, license_no=number)
    serials = " ".join(f"{itn}S{place}" for place in range(10))
    for told in (night.shipped[f"{itn}/1"], *night.moved[-2:]):
        told["serials"] = serials


@corner("EXPIRED_USE")
def _reexport_that_was_not_posted_of_a_license_that_had_expired(
    night: Night, country: str, number: str, itn: str
) -> None:
    night.license(number, country, until="2026-09-30")
    night.reexport(f"R{itn}", number, 10, "MY")


@corner("EXPIRED_USE")
def _reexport_that_left_before_its_license_was_issued(
    night: Night, country: str, number: str, itn: str
) -> None:
    night.license(number, country)
    night.bare("export", number, 10, "2026-03-03", reference=f"R{itn}")
    night.reexport(f"R{itn}", number, 10, country, "2026-02-20")


@corner("")
def _reexport_that_left_in_time_and_arrived_later(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country, until="2026-09-30")
    night.license(f"{number}-MY", "MY")
    night.export(f"{itn}/1", f"{number}-MY", 10, "2026-08-03")
    night.reexport(f"R{itn}", number, 10, "MY", "2026-09-30")
    night.moved[-1]["moved_on"] = "2026-10-04"
    night.bare("return", f"{number}-MY", 10, "2026-09-30", reference=f"R{itn}")
    night.bare("export", number, 10, "2026-09-30", reference=f"R{itn}")


@corner("SERIAL_CONFLICT")
def _chips_reexported_from_where_they_never_were(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.license(f"{number}-MY", "MY")
    night.export(f"{itn}/1", f"{number}-MY", 1)
    night.shipped[f"{itn}/1"]["serials"] = f"{itn}A"
    night.reexport(f"R{itn}", number, 1, "PL", "2026-10-20", serials=f"{itn}A")
    night.bare("export", number, 1, "2026-10-20", reference=f"R{itn}")


@corner("")
def _agreed(night: Night, country: str, number: str, itn: str) -> None:
    night.license(number, country)
    night.export(f"{itn}/1", number, 10)


COUNTRIES = tuple(
    code for code in reference.load().regime("diffusion-2025").opened() if code not in ("MY", "LI")
)
PLACES = {name: (country, f"D2026-{place:03}", f"X2026{place:04}") for place, (name, country) in enumerate(
    zip(CORNERS, COUNTRIES, strict=False), 1
)}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The breaks of the one night with all corners."""
    folder = tmp_path_factory.mktemp("corners")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("MY", *COUNTRIES[: len(CORNERS)])
        for name, (_, plant) in CORNERS.items():
            plant(night, *PLACES[name])
        yield ledger.reconcile(night.write(folder / "feeds")).rows()


@pytest.mark.parametrize("name", CORNERS)
def test_a_corner_has_exactly_its_break(name: str, found: list[dict[str, Any]]) -> None:
    country, number, itn = PLACES[name]
    mine = [
        row
        for row in found
        if row["country"] == country or number in (row["license_no"] or "") or itn in row["key"]
    ]
    assert [row["code"] for row in mine] == ([CORNERS[name][0]] if CORNERS[name][0] else [])


def test_no_break_lies_outside_the_corners(found: list[dict[str, Any]]) -> None:
    assert len(found) == sum(bool(code) for code, _ in CORNERS.values())


def test_a_code_of_schedule_c_is_named_with_the_way_out(found: list[dict[str, Any]]) -> None:
    key = f"{PLACES['country_by_its_schedule_c_code'][2]}/1"
    (row,) = [row for row in found if row["key"] == key]
    assert "'5200'" in row["detail"]
    assert "Schedule C" in row["detail"]
    assert "ISO 3166-1 alpha-2" in row["detail"]


def test_a_reexport_that_was_not_posted_counts_against_its_license(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE", "MY")
        night.license("L1", "AE", quantity=10)
        night.reexport("R1", "L1", 12, "MY")
        rows = ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True).rows()
    assert [(row["code"], row["key"], row["source"], row["at_stake_tpp"]) for row in rows] == [
        ("MISSING_IN_LEDGER", "R1", "reexports", 12 * H100_TPP),
        ("OVER_LICENSE", "L1", "reexports", 2 * H100_TPP),
    ]
    assert rows[0]["ledger_says"] == "nothing"


def test_what_a_reexport_used_of_a_license_that_had_expired_is_what_left_then(
    found: list[dict[str, Any]],
) -> None:
    """The export of the same chips before is none of it."""
    country, number, itn = PLACES["reexported_after_its_license_expired"]
    (row,) = [row for row in found if row["license_no"] == number]
    assert (row["key"], row["country"], row["at_stake_tpp"]) == (f"R{itn}", country, 10 * H100_TPP)


def test_what_left_without_a_license_is_critical_whoever_tells_of_it(found: list[dict[str, Any]]) -> None:
    unlicensed = [row for row in found if row["code"] == "UNLICENSED_EXPORT"]
    assert {row["source"] for row in unlicensed} == {"declarations", "reexports"}
    assert {row["severity"] for row in unlicensed} == {"critical"}


def test_what_is_told_twice_and_posted_never_is_missed_once(tmp_path: Path) -> None:
    """Two declarations alike, two deliveries of the same chips: one export is missing in the ledger."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE")
        night.told("X1/1", "L1", 2)
        night.declared["X2/1"] = {**night.declared["X1/1"], "itn": "X2"}
        night.shipped["X1/1"]["serials"] = "A B"
        night.shipped["X2/1"] = {**night.shipped["X1/1"], "delivery_no": "D2", "itn": "X2"}
        rows = ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True).rows()
    assert sorted((row["code"], row["source"], row["agree"]) for row in rows) == [
        ("DUPLICATE", "declarations", None),
        ("DUPLICATE", "shipments", None),
        ("MISSING_IN_LEDGER", "declarations", "declarations+shipments"),
    ]
