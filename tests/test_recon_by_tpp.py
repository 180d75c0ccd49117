"""Exports that say their TPP alone, or a TPP that license, catalogue or maker has, are held to the same."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import Answer, Ledger
from tests.night import EXPIRES, H100, H100_TPP, H200, ISSUED, LEFT, Night

DECLARED_TPP = 15_840
"""What the maker says of a piece."""


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE", "SA")
        night.license("L1")
        yield night


@pytest.fixture
def run(night: Night, tmp_path: Path) -> Callable[[], Answer]:
    """Compares the ledger with the night; no sum is left unexplained."""

    def reconcile() -> Answer:
        answer = night.ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out")
        with (tmp_path / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
            assert {row["unexplained_tpp"] for row in csv.DictReader(file)} == {"0"}
        return answer

    return reconcile


def by_tpp(night: Night, tpp: int = 10 * H100_TPP, name: str = "X1/1", told: int = 10, **more: Any) -> None:
    """An export that says its TPP alone, and what is told of it."""
    night.told(name, "L1", told)
    night.post("export", "AE", LEFT, license_no="L1", tpp=tpp, **({"reference": name} | more))


@pytest.mark.parametrize("reference", ["X1/1", "X1", "entry of October", None])
def test_an_export_by_tpp_alone_that_all_agree_on_is_no_break(
    night: Night, run: Callable[[], Answer], reference: str | None
) -> None:
    by_tpp(night, reference=reference)
    assert run().rows() == []


def test_several_by_tpp_alone_under_one_number_are_each_others(
    night: Night, run: Callable[[], Answer]
) -> None:
    for line, quantity in ((1, 10), (2, 3), (3, 7)):
        by_tpp(night, quantity * H100_TPP, f"X1/{line}", quantity, reference="X1")
    assert run().rows() == []


def test_another_quantity_is_told_in_figures_and_its_draft_can_be_posted(
    night: Night, run: Callable[[], Answer], tmp_path: Path
) -> None:
    by_tpp(night, told=9)
    by_tpp(night, 10 * H100_TPP + 5, "X2/1")
    assert [row["detail"] for row in run()] == [
        "the ledger has 10, customs 9; the vendor has 9",
        "the ledger has 158,325 TPP, customs 10; the vendor has 10",
    ]
    for row in night.ledger.breaks().rows():
        night.ledger.break_propose(row["break"])
        with Ledger.open(f"sqlite:///{tmp_path / 'tppq.db'}", actor="omar", clock=night.clock) as other:
            other.break_confirm(row["break"])
    assert {row["change"] for row in run()} == {"cleared"}


def test_as_many_pieces_of_a_device_of_another_worth_are_told_in_tpp(
    night: Night, run: Callable[[], Answer]
) -> None:
    by_tpp(night)
    night.shipped["X1/1"]["device_id"] = night.declared["X1/1"]["device_id"] = "nvidia-gb200-gpu"
    (row,) = run().rows()
    assert (row["code"], row["agree"]) == ("QUANTITY", None)
    assert row["detail"].startswith("the ledger has 158,320 TPP, customs 400,000 TPP")


def test_as_many_pieces_of_another_device_of_the_same_worth_are_the_same(
    night: Night, run: Callable[[], Answer]
) -> None:
    by_tpp(night)
    night.shipped["X1/1"]["device_id"] = night.declared["X1/1"]["device_id"] = H200
    assert run().rows() == []


@pytest.mark.parametrize(
    ("tpp", "said"),
    [
        (10 * H100_TPP, "customs cancelled it; the ledger still has 10; the vendor has 10"),
        (10 * H100_TPP + 5, "customs cancelled it; the ledger still has 158,325 TPP; the vendor has 10"),
    ],
)
def test_what_customs_cancelled_is_told_with_what_the_ledger_still_has(
    night: Night, run: Callable[[], Answer], tpp: int, said: str
) -> None:
    by_tpp(night, tpp)
    night.later.append({**night.declared["X1/1"], "action": "cancel"})
    assert [row["detail"] for row in run() if row["source"] == "declarations"] == [said]


def test_what_nobody_else_knows_of_is_told_with_its_tpp(night: Night, run: Callable[[], Answer]) -> None:
    by_tpp(night, 158_325)
    night.untold("X1/1")
    (row,) = run().rows()
    assert row["detail"] == "customs knows nothing of 158,325 TPP to AE, which the ledger has on 2026-10-05"


def test_a_reexport_by_tpp_alone_is_held_to_its_tpp(night: Night, run: Callable[[], Answer]) -> None:
    night.license("L2", "SA")
    night.reexport("R1", "L1", 5, "SA", "2026-10-12")
    for kind, country, number in (("return", "SA", "L2"), ("export", "AE", "L1")):
        if kind == "return":
            night.export("X1/1", number, 5)
        night.post(kind, country, "2026-10-12", license_no=number, tpp=5 * H100_TPP, reference="R1")
    assert run().rows() == []


def test_pieces_at_the_worth_of_license_catalogue_or_maker_are_no_break(
    night: Night, run: Callable[[], Answer], tmp_path: Path
) -> None:
    """Whichever of the three license and export have, and by which key they are matched.

    Where customs has one piece less, that piece is at stake, at what the ledger has it at.
    """
    licensed = {"L2": DECLARED_TPP, "L3": H100_TPP, "L4": 15_700}
    for number, worth in licensed.items():
        given = {"license_no": number, "device_id": H100, "quantity": 100}
        night.post("license", "AE", ISSUED, expires_on=EXPIRES, tpp=100 * worth, **given)
        night.licensed[number] = {
            **given, "country": "AE", "licensed_tpp": 100 * worth, "consignee": "", "state": "active",
            "issued_on": ISSUED, "expires_on": EXPIRES,
        }  # fmt: skip
        for place, exported in enumerate(dict.fromkeys((DECLARED_TPP, H100_TPP, worth))):
            for itn, line in ((f"X{number[1]}{place}1", "/1"), (f"X{number[1]}{place}2", "")):
                night.told(f"{itn}/1", number, 10)
                night.post(
                    "export", "AE", LEFT, license_no=number, device_id=H100, quantity=10,
                    tpp=10 * exported, reference=f"{itn}{line}",
                )  # fmt: skip
    assert night.ledger.reconcile(night.write(tmp_path / "agreed"), dry_run=True).rows() == []
    night.declared["X401/1"]["quantity"] = night.declared["X402/1"]["quantity"] = 9
    answer = run()
    assert [row["code"] for row in answer] == ["QUANTITY"] * 2
    assert {row["entries"]: row["at_stake_tpp"] for row in answer} == {
        str(row["seq"]): row["tpp"] // 10
        for row in night.ledger.sql("select seq, tpp from entry where reference in ('X401/1', 'X402')").rows()
    }
