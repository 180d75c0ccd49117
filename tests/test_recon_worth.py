"""What customs names no device for is worth what ledger or vendor say that it is, and no mean of several."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.night import EXPIRES, GB200, H100, H100_TPP, ISSUED, LEFT, Night

A100, B200 = "nvidia-a100-sxm4-80gb", "nvidia-b200-sxm6"
A100_TPP, LARGEST_TPP = 4_992, 200_000

Rows = list[dict[str, Any]]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE", "SA")
        yield night


@pytest.fixture
def run(night: Night, tmp_path: Path) -> Callable[[], Rows]:
    """Compares the ledger with the night; no sum is left unexplained."""

    def reconcile() -> Rows:
        answer = night.ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out")
        with (tmp_path / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
            assert {row["unexplained_tpp"] for row in csv.DictReader(file)} <= {"0"}
        night.run_number += 1
        return [row for row in answer if row["change"] != "cleared"]

    return reconcile


def licensed(night: Night, number: str, *devices: str, each: int = 100, **told: Any) -> None:
    """A license for as many of each device; the office tells its TPP, and no device of several."""
    given = {"license_no": number, "consignee": "Example Cloud"}
    tpp = 0
    for device in devices:
        pieces = {"device_id": device, "quantity": each}
        seq = night.post("license", "AE", ISSUED, expires_on=EXPIRES, **given, **pieces)
        tpp += night.ledger.sql("select tpp from entry where seq = $seq", seq=seq).rows()[0]["tpp"]
    night.licensed[number] = {
        **given, "country": "AE", "device_id": "", "quantity": "", "licensed_tpp": tpp, "issued_on": ISSUED,
        "expires_on": EXPIRES, "state": "active", **told,
    }  # fmt: skip


def told(night: Night, name: str, number: str, quantity: int, device: str) -> None:
    """What customs declares without a device and the vendor delivers."""
    night.told(name, number, quantity)
    night.shipped[name]["device_id"] = device


def exported(
    night: Night, name: str, number: str, quantity: int, device: str, reference: str | None = "", **more: Any
) -> None:
    """An export as all have it."""
    told(night, name, number, quantity, device)
    given = more or {"device_id": device, "quantity": quantity}
    night.post(
        "export", "AE", LEFT, license_no=number, reference=name if reference == "" else reference, **given
    )


@pytest.mark.parametrize("reference", ["", "X1", "entry of October", None])
def test_what_all_agree_on_is_no_break_under_a_license_of_several_devices(
    night: Night, run: Callable[[], Rows], reference: str | None
) -> None:
    licensed(night, "L1", H100, A100)
    exported(night, "X1/1", "L1", 15, H100, reference)
    exported(night, "X2/1", "L1", 20, A100)
    exported(night, "X3/1", "L1", 7, A100, tpp=7 * A100_TPP)
    night.declared["X2/1"]["device_id"] = A100
    assert run() == []


def test_what_was_exported_by_tpp_alone_is_so_many_pieces_of_a_device_of_its_license(
    night: Night, run: Callable[[], Rows]
) -> None:
    """Whichever of them, at the catalog's worth or the maker's, found by number or by license and day."""
    licensed(night, "L1", B200, H100, A100)
    exported(night, "X1/1", "L1", 15, H100, tpp=15 * H100_TPP)
    exported(night, "X2/1", "L1", 10, H100, None, tpp=10 * 15_840)
    exported(night, "X3/1", "L1", 8, A100, None, tpp=8 * A100_TPP)
    exported(night, "X4/1", "L1", 3, B200, tpp=3 * 36_000)
    night.declared["X2/1"]["device_id"] = H100
    assert run() == []
    night.declared["X1/1"]["quantity"] = night.shipped["X1/1"]["quantity"] = 14
    assert [(row["code"], row["ledger_says"], row["net_tpp"]) for row in run()] == [
        ("QUANTITY", "15", H100_TPP)
    ]


@pytest.mark.parametrize("device", [H100, A100])
def test_a_piece_less_at_customs_is_one_of_the_device_that_the_entry_names(
    night: Night, run: Callable[[], Rows], device: str
) -> None:
    licensed(night, "L1", H100, A100)
    exported(night, "X1/1", "L1", 15, device)
    night.declared["X1/1"]["quantity"] = 14
    assert [(row["code"], row["net_tpp"]) for row in run()] == [
        ("QUANTITY", H100_TPP if device == H100 else A100_TPP)
    ]


def test_a_device_that_the_office_alone_names_says_nothing_of_what_left(
    night: Night, run: Callable[[], Rows]
) -> None:
    licensed(night, "L1", H100, device_id=A100, quantity=100, licensed_tpp=100 * A100_TPP)
    exported(night, "X1/1", "L1", 15, H100)
    assert [row["code"] for row in run()] == ["LICENSE_DIFFERS"]


@pytest.mark.parametrize("stated", [(100, 100 * H100_TPP), (200, 100 * (H100_TPP + A100_TPP))])
def test_one_of_two_devices_that_the_office_names_says_nothing_of_the_other(
    night: Night, run: Callable[[], Rows], stated: tuple[int, int]
) -> None:
    quantity, tpp = stated
    licensed(night, "L1", H100, A100, device_id=H100, quantity=quantity, licensed_tpp=tpp)
    exported(night, "X1/1", "L1", 15, H100)
    exported(night, "X2/1", "L1", 20, A100)
    assert {row["source"] for row in run()} <= {"licenses"}


def test_a_license_by_tpp_alone_is_for_what_left_under_it_too(night: Night, run: Callable[[], Rows]) -> None:
    """The office names one device of it; what was posted by TPP alone is that one, or the other."""
    night.post("license", "AE", ISSUED, expires_on=EXPIRES, license_no="L1", tpp=100 * H100_TPP)
    licensed(night, "L1", device_id=H100, quantity=100, licensed_tpp=100 * H100_TPP)
    exported(night, "X1/1", "L1", 15, H100)
    exported(night, "X2/1", "L1", 20, A100)
    exported(night, "X3/1", "L1", 9, A100, None, tpp=9 * A100_TPP)
    exported(night, "X4/1", "L1", 4, H100, None, tpp=4 * H100_TPP)
    assert run() == []


@pytest.mark.parametrize(
    ("devices", "delivered", "worth"),
    [
        ((H100, A100), A100, A100_TPP),
        ((H100, A100), None, H100_TPP),
        ((A100, H100), H100, H100_TPP),
    ],
)
def test_what_the_ledger_lacks_is_worth_the_largest_device_of_its_license_until_it_is_delivered(
    night: Night, run: Callable[[], Rows], devices: tuple[str, ...], delivered: str | None, worth: int
) -> None:
    licensed(night, "L1", *devices)
    told(night, "X1/1", "L1", 15, delivered or H100)
    if delivered is None:
        del night.shipped["X1/1"]
    assert [(row["code"], row["net_tpp"]) for row in run()] == [("MISSING_IN_LEDGER", -15 * worth)]


@pytest.mark.parametrize(
    ("number", "code", "severity"),
    [("L9", "UNKNOWN_LICENSE", "severe"), ("", "UNLICENSED_EXPORT", "critical")],
)
def test_what_left_under_no_known_license_is_worth_what_its_delivery_says(
    night: Night, run: Callable[[], Rows], number: str, code: str, severity: str
) -> None:
    licensed(night, "L1", H100)
    told(night, "X1/1", "L1", 50, H100)
    night.declared["X1/1"]["license_no"] = night.shipped["X1/1"]["license_no"] = number
    (row,) = run()
    assert (row["code"], row["severity"], row["net_tpp"]) == (code, severity, -50 * H100_TPP)
    assert (row["agree"], row["device_id"]) == ("declarations+shipments", H100)
    del night.shipped["X1/1"]
    (row,) = run()
    assert (row["code"], row["severity"], row["net_tpp"]) == (code, "critical", -50 * LARGEST_TPP)


Line = tuple[int, str]
"""So many pieces, and the device that is named."""


@pytest.mark.parametrize(
    ("declared", "delivered", "worth"),
    [
        # by the quantity of each line
        ([(50, ""), (20, "")], [(50, H100), (20, A100)], [H100_TPP, A100_TPP]),
        # in parts, and with one piece less than was declared
        ([(50, "")], [(30, H100), (20, H100)], [H100_TPP]),
        ([(50, "")], [(49, H100)], [H100_TPP]),
        ([(50, ""), (20, "")], [(70, A100)], [A100_TPP, A100_TPP]),
        # what may be the delivery of another line
        ([(50, ""), (20, "")], [(20, A100)], [LARGEST_TPP, A100_TPP]),
        ([(20, H100), (20, "")], [(20, H100)], [H100_TPP, LARGEST_TPP]),
        ([(50, ""), (20, A100)], [(20, A100)], [LARGEST_TPP, A100_TPP]),
        # or of two devices
        ([(50, "")], [(30, H100), (20, A100)], [LARGEST_TPP]),
        ([(20, ""), (20, "")], [(20, H100), (20, A100)], [LARGEST_TPP, LARGEST_TPP]),
        ([(50, "")], [(30, H100), (20, "a device of tomorrow")], [LARGEST_TPP]),
        ([(50, "a device of tomorrow")], [(50, H100)], [LARGEST_TPP]),
    ],
)
def test_a_delivery_says_the_device_of_a_line_only_where_it_can_be_of_no_other(
    night: Night, run: Callable[[], Rows], declared: list[Line], delivered: list[Line], worth: list[int]
) -> None:
    licensed(night, "L1", H100)
    for place, (quantity, device) in enumerate(declared, 1):
        told(night, f"X1/{place}", "L1", quantity, H100)
        night.declared[f"X1/{place}"] |= {"license_no": "L9", "device_id": device}
    one = night.shipped["X1/1"]
    night.shipped = {
        str(place): one | {"line_no": place, "license_no": "L9", "quantity": quantity, "device_id": device}
        for place, (quantity, device) in enumerate(delivered, 1)
    }
    rows = {row["key"]: row["net_tpp"] for row in run() if row["source"] == "declarations"}
    assert rows == {
        f"X1/{place}": -quantity * each
        for place, ((quantity, _), each) in enumerate(zip(declared, worth, strict=True), 1)
    }


@pytest.mark.parametrize("seed", range(3))
def test_no_license_of_several_devices_has_a_break_where_all_agree(
    night: Night, run: Callable[[], Rows], seed: int
) -> None:
    """Whatever is posted by pieces or by TPP alone, and whichever device customs names or does not."""
    by = Random(seed)  # noqa: S311  # of a made-up night
    worth = {H100: H100_TPP, A100: A100_TPP, B200: 36_000, GB200: 40_000}
    for number in (f"L{place}" for place in range(8)):
        devices = by.sample(list(worth), by.randint(1, 3))
        licensed(night, number, *devices, each=by.choice((100, 150)))
        for place in range(4):
            name, device, quantity = f"X{number[1]}{place}/1", by.choice(devices), by.randint(5, 25)
            reference = by.choice((name, name.removesuffix("/1"), None))
            more = {"tpp": quantity * worth[device]} if reference and by.random() < 0.3 else {}
            exported(night, name, number, quantity, device, reference, **more)
            night.declared[name]["device_id"] = by.choice((device, ""))
    assert run() == []


@pytest.mark.parametrize(("tpp", "net_tpp"), [(1_000_000, 1_000_000 - 10 * 15_840), (100, 100 - 10 * 4_989)])
def test_nameless_pieces_are_not_worth_more_or_less_than_any_device_of_their_license(
    night: Night, run: Callable[[], Rows], tpp: int, net_tpp: int
) -> None:
    licensed(night, "L1", H100, A100)
    night.told("X1/1", "L1", 10)
    del night.shipped["X1/1"]
    night.post("export", "AE", LEFT, license_no="L1", reference="X1/1", tpp=tpp)
    (row,) = run()
    assert (row["code"], row["source"], row["net_tpp"]) == ("QUANTITY", "declarations", net_tpp)
