"""What a licensing office says of a license beside its TPP: for what, for whom, from which day on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import Answer
from tests.night import EXPIRES, H100, H100_TPP, H200, ISSUED, Night


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """One license, of which a tenth was used."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        night.license("L1", quantity=100)
        night.export("X1/1", "L1", 10, "2026-05-05")
        yield night


@pytest.fixture
def run(night: Night, tmp_path: Path) -> Callable[[], Answer]:
    def reconcile() -> Answer:
        return night.ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True)

    return reconcile


@pytest.mark.parametrize(
    ("told", "said", "at_stake"),
    [
        (
            {"device_id": H200},
            f"the ledger says nvidia-h100-sxm5-80gb, the licensing office {H200}",
            90 * H100_TPP,
        ),
        (
            {"consignee": "Quite Another Ltd"},
            "the ledger says Example Cloud, the licensing office Quite Another Ltd",
            0,
        ),
        (
            {"issued_on": "2026-06-02"},
            "the ledger says from 2026-03-02, the licensing office from 2026-06-02",
            10 * H100_TPP,
        ),
        (
            {"issued_on": "2026-04-02"},
            "the ledger says from 2026-03-02, the licensing office from 2026-04-02",
            0,
        ),
    ],
    ids=["device", "consignee", "issued after goods left", "issued before goods left"],
)
def test_a_license_of_another_device_consignee_or_first_day_differs(
    night: Night, run: Callable[[], Answer], told: dict[str, Any], said: str, at_stake: int
) -> None:
    """At stake is what others might decide about: what may still leave, or what left too early."""
    night.licensed["L1"] |= told
    (row,) = run().rows()
    assert (row["code"], row["key"], row["detail"]) == ("LICENSE_DIFFERS", "L1", said)
    assert (row["net_tpp"], row["at_stake_tpp"]) == (0, at_stake)
    assert row["severity"] == ("minor" if at_stake == 0 else "major" if at_stake < 79_000 * 10 else "severe")


@pytest.mark.parametrize(
    "told",
    [
        {"issued_on": "2026-03-03"},
        {"issued_on": "2026-03-01"},
        {"device_id": "", "quantity": ""},
        {"consignee": ""},
        {"consignee": "EXAMPLE CLOUD FZ-LLC"},
        {"consignee": "Cloud Example Ltd."},
        {"consignee": "Éxample-Cloud"},
    ],
    ids=lambda told: " ".join(map(str, told.values())),
)
def test_a_day_more_or_a_name_written_otherwise_is_the_same_license(
    night: Night, run: Callable[[], Answer], told: dict[str, Any]
) -> None:
    night.licensed["L1"] |= told
    assert run().rows() == []


def test_a_license_for_several_devices_is_for_each_of_them(night: Night, run: Callable[[], Answer]) -> None:
    night.post(
        "license", "AE", ISSUED, expires_on=EXPIRES, license_no="L1", device_id=H200, quantity=50,
        consignee="Example Cloud",
    )  # fmt: skip
    night.licensed["L1"] |= {"quantity": "", "device_id": "", "licensed_tpp": 150 * H100_TPP}
    assert run().rows() == []
    night.licensed["L1"] |= {"quantity": 150, "device_id": H200}
    assert run().rows() == []


def test_what_leaves_after_the_period_under_a_license_of_it_is_as_sound_as_before(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}", as_of="2028-03-10")
    term = {"issued_on": "2027-12-01", "expires_on": "2028-11-30"}
    given = {"license_no": "L1", "device_id": H100, "quantity": 100, "consignee": "Example Cloud"}
    with night.ledger as ledger:
        night.quota("AE", "SA")
        night.post("license", "AE", term["issued_on"], expires_on=term["expires_on"], **given)
        night.licensed["L1"] = {
            **given, **term, "country": "AE", "licensed_tpp": 100 * H100_TPP, "state": "active",
        }  # fmt: skip
        night.export("X1/1", "L1", 10, "2027-12-31")
        night.export("X2/1", "L1", 20, "2028-01-02")
        feeds, out = tmp_path / "feeds", tmp_path / "out"
        assert ledger.reconcile(night.write(feeds), out=out).rows() == []
        night.told("X3/1", "L1", 5, "2028-02-01", country="SA")
        night.told("X4/1", "L1", 5, "2028-04-01")
        night.run_number += 1
        found = {(row["code"], row["key"]) for row in ledger.reconcile(night.write(feeds), out=out).rows()}
        assert {("PERIOD", "X3/1"), ("PERIOD", "X4/1")} <= found


def test_what_left_after_the_period_under_a_license_that_had_expired_is_told_as_that(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}", as_of="2028-05-20")
    term = {"issued_on": "2027-12-01", "expires_on": "2028-03-01"}
    given = {"license_no": "L1", "device_id": H100, "quantity": 100, "consignee": "Example Cloud"}
    with night.ledger as ledger:
        night.quota("AE")
        night.post("license", "AE", term["issued_on"], expires_on=term["expires_on"], **given)
        night.licensed["L1"] = {
            **given, **term, "country": "AE", "licensed_tpp": 100 * H100_TPP, "state": "expired",
        }  # fmt: skip
        night.told("X1/1", "L1", 7, "2028-05-02")
        feeds, out = tmp_path / "feeds", tmp_path / "out"
        (found,) = ledger.reconcile(night.write(feeds), out=out).rows()
        assert (found["code"], found["key"]) == ("EXPIRED_USE", "X1/1")
        night.post(
            "overrun", "AE", "2028-05-02", reference="X1/1", reason="left all the same",
            **(given | {"quantity": 7}),
        )  # fmt: skip
        night.run_number += 1
        assert {row["code"] for row in ledger.reconcile(night.write(feeds), out=out)} == {"EXPIRED_USE"}
