"""Misuse by pieces: more of them than a license is for left under it, though the TPP that was stated fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger import Ledger
from tests.clock import Clock
from tests.small import H100, entry

H100_TPP = 15_832
LICENSED_TPP = 102 * H100_TPP
"""Of 100 H100: 102 of them at the catalogue's TPP."""


@pytest.fixture(name="held")
def _held(store_url: str) -> Iterator[Ledger]:
    """AE has a license for 100 H100, stated at 2 % more than the catalogue's TPP."""
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock("2026-03-31")) as ledger:
        ledger.post(entry("allocate", "AE", "2026-01-01", tpp=10_000_000))
        moved(ledger, "license", 100, tpp=LICENSED_TPP, consignee="G42")
        yield ledger


def moved(ledger: Ledger, kind: str, quantity: int | None = None, on: str = "2026-01-10", **more: Any) -> int:
    """An entry of so many H100 under the license, or of its TPP alone: its number."""
    chips = {} if quantity is None else {"device_id": H100, "quantity": quantity}
    (receipt,) = ledger.post(entry(kind, "AE", on, license_no="L", **chips, **more), approver="omar")
    return receipt.seq


def told(ledger: Ledger) -> list[tuple[Any, ...]]:
    """What is told, by which entry, how many beyond the license and what they are worth."""
    return [(row["what"], row["seq"], row["quantity"], row["tpp"]) for row in ledger.report("misuse")]


def test_more_pieces_than_a_license_is_for_are_misuse_though_their_tpp_fits(held: Ledger) -> None:
    moved(held, "export", 60)
    assert told(held) == []
    last = moved(held, "export", 42)
    assert told(held) == [("over its pieces", last, 2, 2 * H100_TPP)]
    (row,) = held.report("misuse")
    assert row["detail"] == "102 exported, where the license is for 100; their TPP fits"
    assert (row["outcome"], row["consignee"], row["device_id"]) == ("recorded", "G42", H100)


def test_as_many_pieces_as_a_license_is_for_are_no_misuse(held: Ledger) -> None:
    moved(held, "export", 100)
    assert told(held) == []


def test_an_increase_is_for_more_pieces_and_a_release_is_of_tpp_alone(held: Ledger) -> None:
    last = moved(held, "export", 101)
    assert told(held) == [("over its pieces", last, 1, H100_TPP)]
    moved(held, "license", 1)
    assert told(held) == []
    moved(held, "release", 1, reason="reduced")
    assert told(held) == []


def test_what_was_undone_or_restored_has_not_left_under_a_license(held: Ledger) -> None:
    first = moved(held, "export", 50)
    held.reverse(first, "typed twice")
    moved(held, "export", 50)
    moved(held, "restore", 50)
    moved(held, "export", 100)
    assert told(held) == []


def test_pieces_of_a_license_are_not_counted_where_a_restore_tells_its_tpp_alone(held: Ledger) -> None:
    moved(held, "export", 102)
    moved(held, "restore", tpp=2 * H100_TPP)
    assert told(held) == []


@pytest.mark.parametrize("more", [{"quantity": 1, "device_id": "nvidia-h200-sxm-141gb"}, {"tpp": H100_TPP}])
def test_a_license_of_several_devices_or_of_tpp_alone_is_for_no_number_of_pieces(
    held: Ledger, more: dict[str, Any]
) -> None:
    moved(held, "export", 102)
    held.post(entry("license", "AE", "2026-01-11", license_no="L", **more))
    assert told(held) == []


def test_an_overrun_is_told_by_itself_and_not_by_its_pieces(held: Ledger) -> None:
    moved(held, "export", 100)
    last = moved(held, "overrun", 3, on="2026-02-01", reason="left all the same")
    assert told(held) == [("over its license", last, 3, 3 * H100_TPP)]
