"""Each leg of a reexport that is told is held to what the ledger has of it: the charge, and the return."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import Answer
from tests.night import EXPIRES, GB200, H100, H100_TPP, H200, ISSUED, Night

DECLARED_TPP = 15_840
"""What the maker says of a piece."""

CHARGED = "2026-11-02"
QUOTAS = ("AE", "IN", "SA")


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """AE and IN have 100 pieces each under LAE and LIN; LSA lets 200 be reexported to SA."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota(*QUOTAS)
        for country in ("AE", "IN"):
            night.license(f"L{country}", country, 100)
            night.export(f"X{country}/1", f"L{country}", 100)
        night.license("LSA", "SA", 200)
        yield night


@pytest.fixture
def run(night: Night, tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Compares the ledger with the night; no sum is left unexplained."""

    def reconcile() -> list[dict[str, Any]]:
        answer: Answer = night.ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out")
        night.run_number += 1
        with (tmp_path / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
            assert {(row["net_tpp"], row["unexplained_tpp"]) for row in csv.DictReader(file)} == {("0", "0")}
        return answer.rows()

    return reconcile


def returned(night: Night, *, country: str = "AE", on: str = CHARGED, **more: Any) -> int:
    """What the ledger gives back of R1."""
    given = {"license_no": f"L{country}", "reference": "R1", **more}
    if "quantity" in given:
        given = {"device_id": H100, **given}
    return night.post("return", country, on, **given)


def reexported(night: Night, quantity: int = 11, told: int | None = None, **more: Any) -> None:
    """R1 from AE to SA, told and charged; a test says what is returned."""
    night.reexport("R1", "LSA", told or quantity, "AE", CHARGED, **more)
    night.bare("export", "LSA", quantity, CHARGED, reference="R1")


def said(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["code"], row["country"], row["other_country"], row["net_tpp"], row["at_stake_tpp"]


@pytest.mark.parametrize(
    ("quantity", "code", "ratio"),
    [
        (24, "QUANTITY", ""),
        (1, "QUANTITY", ""),
        (88, "UNIT", ": 8 times, so one of them may count systems or thousands"),
    ],
)
def test_another_quantity_returned_than_left_is_a_break_of_the_country_left(
    night: Night, run: Callable[[], list[dict[str, Any]]], quantity: int, code: str, ratio: str
) -> None:
    """Whatever was returned draws on no license: LAE, which is used up, is not exceeded."""
    reexported(night)
    seq = returned(night, quantity=quantity)
    (row,) = run()
    assert said(row) == (code, "AE", None, (11 - quantity) * H100_TPP, abs(11 - quantity) * H100_TPP)
    assert (row["key"], row["source"], row["entries"], row["license_no"]) == (
        "R1",
        "reexports",
        str(seq),
        None,
    )
    assert (row["ledger_says"], row["source_says"]) == (str(quantity), "11")
    assert row["detail"] == f"the ledger has {quantity} returned in AE, the report has 11 leave it{ratio}"


def test_what_is_given_back_by_tpp_alone_is_held_to_what_left(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    reexported(night)
    returned(night, tpp=11 * H100_TPP + 5)
    (row,) = run()
    assert said(row) == ("QUANTITY", "AE", None, -5, 5)
    assert row["detail"] == "the ledger has 174,157 TPP returned in AE, the report has 11 leave it"


def test_what_another_country_gets_back_is_critical(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    reexported(night)
    returned(night, country="IN", quantity=11)
    (row,) = run()
    assert said(row) == ("COUNTRY", "IN", "AE", -11 * H100_TPP, 11 * H100_TPP)
    assert (row["severity"], row["ledger_says"], row["source_says"]) == ("critical", "IN", "AE")
    assert row["detail"] == "the ledger has 11 returned in IN, the report has it leave AE"


def test_what_another_country_gets_back_beside_what_left_is_found_too(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    """And each amount is told once: AE has too little, IN and SA what is not theirs."""
    night.export("XSA/1", "LSA", 20)
    reexported(night)
    for country, quantity in (("AE", 5), ("IN", 6), ("SA", 7)):
        returned(night, country=country, quantity=quantity)
    assert sorted((row["code"], row["country"], row["net_tpp"]) for row in run()) == [
        ("COUNTRY", "IN", -6 * H100_TPP), ("COUNTRY", "SA", -7 * H100_TPP), ("QUANTITY", "AE", 6 * H100_TPP),
    ]  # fmt: skip


@pytest.mark.parametrize("pieces", [{GB200: 11}, {H100: 5, GB200: 6}, {H200: 11}])
def test_another_device_returned_than_left_is_a_break(
    night: Night, run: Callable[[], list[dict[str, Any]]], pieces: dict[str, int]
) -> None:
    for device in pieces.keys() - {H100}:
        night.license("L2", "AE", 50, device)
        night.export("X2/1", "L2", 50)
    reexported(night)
    for device, quantity in pieces.items():
        number = "LAE" if device == H100 else "L2"
        returned(night, quantity=quantity, device_id=device, license_no=number)
    (row,) = run()
    other = max(pieces, key=lambda device: device != H100)
    assert (row["code"], row["country"], row["ledger_says"]) == ("DEVICE", "AE", other)
    assert row["detail"] == f"the ledger has {other} returned in AE, the report has {H100} leave it"


@pytest.mark.parametrize("on", ["2026-10-19", "2026-11-16"])
def test_a_return_of_another_day_than_either_leg_is_a_break(
    night: Night, run: Callable[[], list[dict[str, Any]]], on: str
) -> None:
    reexported(night)
    returned(night, quantity=11, on=on)
    (row,) = run()
    assert said(row) == ("PERIOD", "AE", None, 0, 11 * H100_TPP)
    assert row["detail"] == f"the ledger has it returned in AE on {on}, the report has it leave on {CHARGED}"


def test_the_leg_out_is_held_to_what_left_and_the_leg_in_to_what_arrived(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    reexported(night, 9)
    night.moved[0]["quantity"] = 11
    returned(night, quantity=11)
    (row,) = run()
    assert (row["country"], row["detail"]) == ("SA", "the ledger has 9, the report 11 out, 9 in")


def test_what_is_wrong_alike_with_both_legs_is_one_break(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    """And once one of them is mended, it is the other's."""
    seq = night.post(
        "export", "SA", CHARGED, license_no="LSA", device_id=H100, quantity=14, reference="R1"
    )  # fmt: skip
    night.reexport("R1", "LSA", 11, "AE", CHARGED)
    other = returned(night, quantity=14)
    (row,) = run()
    assert (row["code"], row["country"], row["net_tpp"]) == ("QUANTITY", "SA", 3 * H100_TPP)
    assert (row["entries"], row["detail"]) == (f"{seq}, {other}", "the ledger has 14, the report 11")
    night.ledger.correct(seq, {"quantity": 11}, reason="three are for another customer")
    assert sorted((row["change"], row["country"], row["net_tpp"]) for row in run()) == [
        ("cleared", "SA", 3 * H100_TPP), ("new", "AE", -3 * H100_TPP)
    ]  # fmt: skip


def test_a_return_is_compared_though_the_ledger_has_no_leg_in(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    night.reexport("R1", "LSA", 11, "AE", CHARGED)
    returned(night, quantity=24)
    assert sorted((row["code"], row["country"], row["net_tpp"]) for row in run()) == [
        ("QUANTITY", "AE", -13 * H100_TPP), ("REEXPORT_ONE_LEG", "SA", -11 * H100_TPP),
    ]  # fmt: skip


def test_a_return_after_arrival_from_where_the_goods_went_is_not_the_leg_out(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    reexported(night)
    returned(night, country="SA", quantity=4, on="2026-11-16")
    (row,) = run()
    assert (row["code"], row["ledger_says"], row["source_says"]) == (
        "REEXPORT_ONE_LEG", "the leg in", "both legs"
    )  # fmt: skip
    returned(night, quantity=11)
    assert [(row["code"], row["change"]) for row in run()] == [("REEXPORT_ONE_LEG", "cleared")]


FORMS: dict[str, list[dict[str, Any]]] = {
    "as told": [{"quantity": 11}],
    "by TPP alone": [{"tpp": 11 * H100_TPP}],
    "by TPP alone at the maker's worth": [{"tpp": 11 * DECLARED_TPP}],
    "in two parts": [{"quantity": 4}, {"quantity": 7}],
    "in two parts, one by TPP alone": [{"quantity": 4}, {"tpp": 7 * H100_TPP}],
    "in two parts by TPP alone": [{"tpp": 4 * H100_TPP + 1}, {"tpp": 7 * H100_TPP - 1}],
    "in two parts on two days": [{"quantity": 4, "on": "2026-10-28"}, {"quantity": 7}],
    "a day before": [{"quantity": 11, "on": "2026-11-01"}],
}


def test_what_is_returned_as_it_left_is_no_break(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    """Nor is what comes home later from where it went, under the number by which it came."""
    for form, parts in FORMS.items():
        night.reexport(form, "LSA", 11, "AE", CHARGED)
        night.bare("export", "LSA", 11, CHARGED, reference=form)
        for part in parts:
            returned(night, reference=form, **part)
        returned(night, country="SA", reference=form, quantity=4, on="2026-11-03")
    assert run() == []


def test_an_amount_that_is_so_many_pieces_of_either_worth_is_what_left(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    """1,980 x 15,832 TPP are 1,979 x 15,840 TPP."""
    pieces = DECLARED_TPP // 8
    given = {"license_no": "L4", "device_id": H100, "quantity": pieces}
    night.post("license", "AE", ISSUED, expires_on=EXPIRES, tpp=pieces * DECLARED_TPP, **given)
    night.licensed["L4"] = {
        **given, "country": "AE", "licensed_tpp": pieces * DECLARED_TPP, "consignee": "Example Cloud",
        "state": "active", "issued_on": ISSUED, "expires_on": EXPIRES,
    }  # fmt: skip
    night.export("X4/1", "L4", pieces)
    night.license("L5", "SA", pieces)
    night.reexport("R1", "L5", pieces, "AE", CHARGED)
    night.bare("export", "L5", pieces, CHARGED, reference="R1")
    returned(night, license_no="L4", tpp=pieces * H100_TPP)
    assert run() == []


def test_a_return_that_was_corrected_clears_its_break(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    reexported(night)
    seq = returned(night, quantity=9)
    assert [(row["code"], row["change"]) for row in run()] == [("QUANTITY", "new")]
    night.ledger.correct(seq, {"quantity": 11}, reason="9 was the count of the first crate")
    assert [(row["code"], row["change"]) for row in run()] == [("QUANTITY", "cleared")]


def test_a_reexport_that_credits_no_origin_needs_no_return(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    terms = night.ledger._terms  # noqa: SLF001  # the choice of a regime that no file of ours makes
    chosen = {**terms.choices, "reexport_credits_origin": False}
    night.ledger._terms = replace(terms, choices=chosen)  # noqa: SLF001
    reexported(night)
    assert run() == []


# -------------------------------------------------------------------------------------------- under way


@pytest.mark.parametrize("entered", [(), ("return",), ("return", "export")])
def test_goods_that_left_for_another_country_are_in_transit_until_the_fifth_day(
    night: Night, run: Callable[[], list[dict[str, Any]]], entered: tuple[str, ...]
) -> None:
    """15 CFR 30.9, as for an export; whether the ledger follows as they leave or once they are there."""
    if "return" in entered:
        returned(night, quantity=11, on="2026-11-15")
    if "export" in entered:
        night.bare("export", "LSA", 11, "2026-11-15", reference="R1")
    night.reexport("R1", "LSA", 11, "AE", "2026-11-15", legs=("out",))
    (row,) = run()
    assert (row["code"], row["severity"], row["key"]) == ("IN_TRANSIT", "info", "R1")
    assert row["detail"] == "the report has the leg out on 2026-11-15; the leg in is due by 2026-11-20"
    night.as_of = "2026-11-21"
    night.clock.set(night.as_of)
    assert {(row["code"], row["change"]) for row in run()} == {
        ("IN_TRANSIT", "cleared"), ("REEXPORT_ONE_LEG", "new")
    }  # fmt: skip


def test_goods_that_arrived_are_no_longer_in_transit(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    night.reexport("R1", "LSA", 11, "AE", "2026-11-18", legs=("out",))
    assert [row["code"] for row in run()] == ["IN_TRANSIT"]
    night.reexport("R1", "LSA", 11, "AE", "2026-11-20", legs=("in",))
    returned(night, quantity=11, on="2026-11-20")
    night.bare("export", "LSA", 11, "2026-11-20", reference="R1")
    assert [(row["code"], row["change"]) for row in run()] == [("IN_TRANSIT", "cleared")]


@pytest.mark.parametrize(("legs", "entered"), [("out", ("export",)), ("in", ()), ("in", ("return",))])
def test_what_the_ledger_has_otherwise_than_the_leg_that_is_told_is_a_break_at_once(
    night: Night, run: Callable[[], list[dict[str, Any]]], legs: str, entered: tuple[str, ...]
) -> None:
    """It charges without giving back what left, or does not charge what arrived."""
    if "return" in entered:
        returned(night, quantity=11, on="2026-11-18")
    if "export" in entered:
        night.bare("export", "LSA", 11, "2026-11-18", reference="R1")
    night.reexport("R1", "LSA", 11, "AE", "2026-11-18", legs=(legs,))
    assert "REEXPORT_ONE_LEG" in {row["code"] for row in run()}


def test_a_leg_that_is_told_as_what_came_since_is_not_in_transit(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    """No later file of that kind tells it again, so that none could say when it is overdue."""
    night.covers_from["reexports"] = "2026-11-15"
    night.reexport("R1", "LSA", 11, "AE", "2026-11-18", legs=("out",))
    assert [row["code"] for row in run()] == ["REEXPORT_ONE_LEG"]


def test_what_a_report_owes_is_asked_of_it_though_its_files_begin_later(
    night: Night, run: Callable[[], list[dict[str, Any]]]
) -> None:
    night.bare("export", "LSA", 11, "2026-11-18", reference="R1")
    returned(night, quantity=11, on="2026-11-18")
    found = [[(row["code"], row["change"]) for row in run()]]
    for day in ("2026-11-21", "2026-11-24"):
        night.as_of = night.covers_from["reexports"] = day
        night.clock.set(day)
        found.append([(row["code"], row["change"]) for row in run()])
    night.reexport("R1", "LSA", 11, "AE", "2026-11-18")
    night.as_of = night.covers_from["reexports"] = "2026-11-25"
    night.clock.set(night.as_of)
    found.append([(row["code"], row["change"]) for row in run()])
    assert [sorted(each) for each in found] == [
        [("IN_TRANSIT", "new")],
        [("IN_TRANSIT", "persisting")],
        [("IN_TRANSIT", "cleared"), ("MISSING_IN_SOURCE", "new")],
        [("MISSING_IN_SOURCE", "cleared")],
    ]
