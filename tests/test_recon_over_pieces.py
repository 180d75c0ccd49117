"""A license is for so many pieces: more of them than that is a break, whatever TPP their entries state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.night import EXPIRES, H100, H100_TPP, H200, ISSUED, LEFT, Night

Plant = Callable[[Night, str, str], None]
"""Given the night, a license number and an ITN, plants what is to be found of that license."""

NEAR_TPP = 16_148_640
"""1,000 H100 at 102 % of the catalogue's TPP, as 1,020 at the catalogue's; a piece is no whole number."""

EVEN_TPP = 16_140_000
"""The same, near 102 %, where a piece is a whole number."""

PLANTED: dict[str, tuple[dict[str, str], Plant]] = {}


def planted(**found: str) -> Callable[[Plant], Plant]:
    """Registers what is planted by its name, with the codes found of its license and what the source says."""

    def add(plant: Plant) -> Plant:
        PLANTED[plant.__name__.strip("_")] = (found, plant)
        return plant

    return add


def licensed(night: Night, number: str, quantity: int = 1_000, tpp: int = NEAR_TPP) -> None:
    """A license for so many H100 at a stated TPP, posted and known to the licensing office."""
    given = {"license_no": number, "device_id": H100, "quantity": quantity, "consignee": "Example Cloud"}
    night.post("license", "AE", ISSUED, expires_on=EXPIRES, tpp=tpp, **given)
    night.licensed[number] = {
        **given, "country": "AE", "licensed_tpp": tpp, "issued_on": ISSUED, "expires_on": EXPIRES,
        "state": "active",
    }  # fmt: skip


def exported(night: Night, name: str, number: str, quantity: int, tpp: int) -> int:
    """An export of H100 at a stated TPP, as all have it; customs names no device."""
    night.told(name, number, quantity)
    return night.post(
        "export", "AE", LEFT, license_no=number, device_id=H100, quantity=quantity, tpp=tpp, reference=name
    )


@planted(OVER_LICENSE=f"1,020 x {H100}")
def _as_many_as_its_tpp_takes(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.export(f"{itn}/1", number, 1_020)


@planted(OVER_LICENSE=f"1,010 x {H100}")
def _in_parts(night: Night, number: str, itn: str) -> None:
    licensed(night, number, tpp=EVEN_TPP)
    night.export(f"{itn}/1", number, 505)
    night.export(f"{itn}/2", number, 505)


@planted()
def _as_many_as_licensed(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.export(f"{itn}/1", number, 1_000)


@planted()
def _its_share_of_what_is_stated(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    exported(night, f"{itn}/1", number, 333, 5_377_497)


@planted(QUANTITY="1005", OVER_LICENSE=f"1,005 x {H100}")
def _more_at_customs_than_in_the_ledger(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.export(f"{itn}/1", number, 1_000)
    night.declared[f"{itn}/1"]["quantity"] = night.shipped[f"{itn}/1"]["quantity"] = 1_005


@planted(MISSING_IN_LEDGER="15", OVER_LICENSE=f"1,015 x {H100}")
def _some_that_the_ledger_lacks(night: Night, number: str, itn: str) -> None:
    licensed(night, number, tpp=EVEN_TPP)
    night.export(f"{itn}/1", number, 1_000)
    night.told(f"{itn}/2", number, 15)


@planted(MISSING_IN_LEDGER="16", OVER_LICENSE=f"1,016 x {H100}")
def _some_by_a_reexport_that_the_ledger_lacks(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.export(f"{itn}/1", number, 1_000)
    night.reexport(f"R{itn}", number, 16, "MY")


@planted(MISSING_IN_LEDGER="21", OVER_LICENSE=str(1_000 * H100_TPP + 21 * EVEN_TPP // 1_000))
def _more_than_its_tpp_takes_too(night: Night, number: str, itn: str) -> None:
    licensed(night, number, tpp=EVEN_TPP)
    night.export(f"{itn}/1", number, 1_000)
    night.told(f"{itn}/2", number, 21)


@planted()
def _within_its_increase(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.licensed[number] |= {"licensed_tpp": NEAR_TPP + 20 * H100_TPP, "quantity": 1_020}
    night.post(
        "license", "AE", ISSUED, license_no=number, device_id=H100, quantity=20, consignee="Example Cloud",
        expires_on=EXPIRES,
    )  # fmt: skip
    night.export(f"{itn}/1", number, 1_020)


@planted()
def _with_the_rest_of_its_tpp_released_by_pieces(night: Night, number: str, itn: str) -> None:
    """At the catalog's TPP, as none of the license's own comes out even: 420 of 400 that did not leave."""
    licensed(night, number)
    night.licensed[number]["state"] = "surrendered"
    night.export(f"{itn}/1", number, 600)
    night.post(
        "release", "AE", "2026-10-06", license_no=number, device_id=H100, quantity=420, reason="surrendered"
    )


@planted()
def _with_the_rest_of_its_tpp_released(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.licensed[number]["state"] = "surrendered"
    night.export(f"{itn}/1", number, 1_000)
    night.post(
        "release", "AE", "2026-10-06", license_no=number, tpp=NEAR_TPP - 1_000 * H100_TPP,
        reason="surrendered",
    )  # fmt: skip


@planted()
def _with_what_was_restored(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.export(f"{itn}/1", number, 500)
    night.export(f"{itn}/2", number, 510)
    night.bare("restore", number, 510, reference=f"{itn}/2")
    night.untold(f"{itn}/2")
    night.export(f"{itn}/3", number, 500)


@planted()
def _with_what_was_undone(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.export(f"{itn}/1", number, 1_000)
    night.export(f"{itn}/2", number, 10)
    last = night.ledger.sql("select max(seq) as seq from entry").rows()[0]["seq"]
    night.ledger.reverse(last, reason="typed twice")
    night.untold(f"{itn}/2")


@planted(OVER_LICENSE=f"1,010 x {H100}")
def _with_what_came_back_for_good(night: Night, number: str, itn: str) -> None:
    """It left under the license all the same."""
    licensed(night, number)
    night.export(f"{itn}/1", number, 1_000)
    night.bare("return", number, 10, "2026-11-10")
    night.export(f"{itn}/2", number, 10)


@planted()
def _of_several_devices(night: Night, number: str, itn: str) -> None:
    licensed(night, number)
    night.licensed[number] |= {"licensed_tpp": 2 * NEAR_TPP, "quantity": 2_000}
    night.post(
        "license", "AE", ISSUED, license_no=number, device_id=H200, quantity=1_000, expires_on=EXPIRES,
        tpp=NEAR_TPP, consignee="Example Cloud",
    )  # fmt: skip
    night.export(f"{itn}/1", number, 1_020)


@planted(LICENSE_DIFFERS="14,248,800 TPP")
def _of_fewer_as_the_office_says(night: Night, number: str, itn: str) -> None:
    """That is said of the license, not of what left."""
    licensed(night, number)
    night.licensed[number] |= {"licensed_tpp": 900 * H100_TPP, "quantity": 900}
    night.export(f"{itn}/1", number, 1_000)


NAMES = {name: (f"D2026-{place:03}", f"X2026{place:04}") for place, name in enumerate(PLANTED, 1)}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The breaks of the one night with all that is planted."""
    folder = tmp_path_factory.mktemp("pieces")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE", "MY")
        for name, (_, plant) in PLANTED.items():
            plant(night, *NAMES[name])
        yield ledger.reconcile(night.write(folder / "feeds")).rows()


@pytest.mark.parametrize("name", PLANTED)
def test_pieces_beyond_a_license_are_one_break_of_it(name: str, found: list[dict[str, Any]]) -> None:
    mine = [row for row in found if row["license_no"] == NAMES[name][0]]
    assert {row["code"]: row["source_says"] for row in mine} == PLANTED[name][0]
    assert len(mine) == len(PLANTED[name][0])


def test_nothing_else_is_found_where_pieces_are_counted(found: list[dict[str, Any]]) -> None:
    assert {row["license_no"] for row in found} <= {number for number, _ in NAMES.values()}


def test_a_break_by_pieces_says_how_many_left_and_how_many_may(found: list[dict[str, Any]]) -> None:
    number, _ = NAMES["as_many_as_its_tpp_takes"]
    (row,) = [row for row in found if row["license_no"] == number]
    assert row["detail"] == f"1,020 x {H100} left under the license, which is for 1,000; their TPP fits"
    assert (row["severity"], row["at_stake_tpp"], row["net_tpp"]) == ("major", 20 * NEAR_TPP // 1_000, 0)


def test_pieces_beyond_a_license_show_where_its_tpp_does_not_come_out_even(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        licensed(night, "L1", tpp=1_000 * H100_TPP + 1)
        exported(night, "X1/1", "L1", 1_020, 1_000 * H100_TPP)
        answer = ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True)
    assert [(row["code"], row["key"], row["at_stake_tpp"]) for row in answer] == [
        ("OVER_LICENSE", "L1", 20 * H100_TPP)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_a_license_has_a_break_where_more_pieces_left_than_it_is_for_and_else_none(
    tmp_path: Path, seed: int
) -> None:
    """Whatever its entries state of them, within 2 % of the catalogue's."""
    by, night = Random(seed), Night(f"sqlite:///{tmp_path / 'tppq.db'}")  # noqa: S311  # of a made-up night
    over: dict[str, str] = {}
    with night.ledger as ledger:
        night.quota("AE")
        for place in range(30):
            number, quantity = f"L{place}", by.randint(100, 300)
            licensed(night, number, quantity, quantity * H100_TPP * by.randint(100, 102) // 100)
            left = night.licensed[number]["licensed_tpp"] // (H100_TPP * 98 // 100 + 1)
            pieces = min(by.randint(quantity - 3, quantity + 6), left)
            first = by.randint(1, pieces - 1)
            for line, part in enumerate((first, pieces - first), 1):
                exported(night, f"X{place}/{line}", number, part, part * (H100_TPP * 98 // 100 + 1))
            if pieces > quantity:
                over[number] = f"{pieces} x {H100}"
        rows = ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True).rows()
    assert {row["key"]: row["source_says"] for row in rows if row["code"] == "OVER_LICENSE"} == over
    assert {row["code"] for row in rows} <= {"OVER_LICENSE", "ROLLUP"}
    assert 0 < len(over) < len(night.licensed)
