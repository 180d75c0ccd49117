"""What was restored comes off the export that it undoes, however little the restore says of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import Answer
from tests.night import H100, H100_TPP, Night

BACK = "2026-10-07"


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """Two exports of ten under one license."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        night.license("L1")
        night.export("X1/1", "L1", 10)
        night.export("X2/1", "L1", 10)
        yield night


def cancelled(night: Night, *names: str) -> None:
    """Customs took these back, and the vendor has nothing of them."""
    for name in names:
        night.later.append({**night.declared[name], "action": "cancel"})
        del night.shipped[name]


def compared(night: Night, folder: Path) -> Answer:
    """The run of the night, whose certificate is what the ledger has exported and nothing that it has not."""
    answer = night.ledger.reconcile(night.write(folder / "feeds"), out=folder / "out")
    with (folder / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
        certified = {row["country"]: row for row in csv.DictReader(file)}
    exported = {row["country"]: row["exported_tpp"] for row in night.ledger.headroom()}
    assert {name: int(row["ledger_exported_tpp"]) for name, row in certified.items()} == exported
    assert {row["unexplained_tpp"] for row in certified.values()} == {"0"}
    return answer


@pytest.mark.parametrize(
    "said",
    [
        {"device_id": H100, "quantity": 10, "reference": "X1/1"},
        {"tpp": 10 * H100_TPP, "reference": "X1/1"},
        {"device_id": H100, "quantity": 10},
        {"tpp": 10 * H100_TPP},
    ],
    ids=" ".join,
)
def test_a_cancelled_export_that_was_restored_is_no_break(
    night: Night, tmp_path: Path, said: dict[str, Any]
) -> None:
    cancelled(night, "X2/1" if "reference" not in said else "X1/1")
    night.post("restore", "AE", BACK, license_no="L1", **said)
    assert compared(night, tmp_path).rows() == []


def test_several_restores_without_a_reference_find_an_export_each(night: Night, tmp_path: Path) -> None:
    night.export("X3/1", "L1", 10)
    cancelled(night, "X1/1", "X3/1")
    for _ in range(2):
        night.bare("restore", "L1", 10, BACK)
    assert compared(night, tmp_path).rows() == []


def test_a_part_that_was_restored_comes_off_the_export_of_which_customs_has_the_rest(
    night: Night, tmp_path: Path
) -> None:
    night.declared["X2/1"]["quantity"] = night.shipped["X2/1"]["quantity"] = 6
    night.bare("restore", "L1", 4, BACK)
    assert compared(night, tmp_path).rows() == []


@pytest.mark.parametrize("said", [{"device_id": H100, "quantity": 4}, {"tpp": 4 * H100_TPP}])
def test_a_part_restored_by_tpp_or_pieces_leaves_the_rest(
    night: Night, tmp_path: Path, said: dict[str, Any]
) -> None:
    night.declared["X1/1"]["quantity"] = 7
    night.post("restore", "AE", BACK, license_no="L1", reference="X1/1", **said)
    (row,) = (row for row in compared(night, tmp_path) if row["source"] == "declarations")
    assert (row["code"], row["ledger_says"], row["source_says"]) == ("QUANTITY", "6", "7")


def test_what_was_restored_of_no_export_that_is_known_is_told_and_not_lost(
    night: Night, tmp_path: Path
) -> None:
    seq = night.bare("restore", "L1", 10, BACK, reference="X9/1")
    (row,) = compared(night, tmp_path).rows()
    assert (row["code"], row["key"], row["net_tpp"]) == (
        "MISSING_IN_SOURCE", f"entry {seq}", -10 * H100_TPP,
    )  # fmt: skip
    assert row["detail"] == (
        f"10 x {H100} restored under L1 on {BACK}, and no export is known that this undoes: "
        f"reverse entry {seq} and name the export by its reference"
    )


def test_what_was_restored_beyond_its_export_is_told(night: Night, tmp_path: Path) -> None:
    night.bare("restore", "L1", 14, BACK, reference="X1/1")
    night.untold("X1/1")
    (row,) = compared(night, tmp_path).rows()
    assert (row["code"], row["net_tpp"]) == ("MISSING_IN_SOURCE", -4 * H100_TPP)
