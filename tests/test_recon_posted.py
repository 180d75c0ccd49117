"""What is drafted can be proposed, in whatever night, and once it is posted nothing more is to be posted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger import BadQuery, Ledger
from tests.night import H100, H100_TPP, H200, LEFT, Night

Steps = list[dict[str, Any]]


class Office:
    """A night, and two people who post what it drafts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'tppq.db'}"
        self.night = Night(self.url)
        self.rows: list[dict[str, Any]] = []

    def run(self) -> list[tuple[str, str, str]]:
        """What changed, code and key of each break."""
        night = self.night
        answer = night.ledger.reconcile(night.write(self.folder / "feeds"), out=self.folder / "out")
        self.rows = answer.rows()
        names = [row["break"] for row in self.rows]
        assert len(set(names)) == len(names), "no break hides another"
        self.run_folder = Path(answer.basis["folder"])
        return [(row["change"], row["code"], row["key"]) for row in self.rows]

    def drafts(self) -> list[dict[str, Any]]:
        """What is drafted to correct the ledger."""
        lines = (self.run_folder / "proposals.jsonl").read_text(encoding="utf-8").splitlines()
        return [each for each in map(json.loads, lines) if each["correct"] == "ledger"]

    def post(self) -> list[str]:
        """Propose and confirm the drafts, but for entries that another put right: which were posted."""
        touched: set[int] = set()
        posted = []
        with Ledger.open(self.url, actor="omar", clock=self.night.clock) as other:
            for draft in self.drafts():
                seqs = {step.get("reverse") or step.get("correct") for step in draft["steps"]} - {None}
                if seqs & touched:
                    continue
                touched |= seqs
                self.night.ledger.break_propose(draft["break"])
                other.break_confirm(draft["break"])
                posted.append(draft["break"])
        return posted

    def steps(self) -> dict[str, Steps]:
        """The one draft of each code."""
        return {draft["code"]: draft["steps"] for draft in self.drafts()}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office in which L1 is a license for 12 H100, of which 10 left; all agree on that."""
    made = Office(tmp_path)
    with made.night.ledger:
        made.night.quota("AE", "IN", "SA")
        made.night.license("L1", quantity=12)
        made.night.export("X1/1", "L1", 10)
        yield made


def both(night: Night, name: str, **said: Any) -> None:
    """Customs and the vendor say the same of a line."""
    night.declared[name] |= said
    night.shipped[name] |= said


def unlicensed(night: Night, name: str = "X2/1", **posted: Any) -> None:
    """Ten pieces that left without a license, as all three have it but for what is `posted`."""
    night.told(name, "L1", 10, device_id=H100)
    both(night, name, license_no="")
    given = {"device_id": H100, "quantity": 10, "reference": name, "reason": "left all the same"}
    posted = {**given, **posted}
    night.post("overrun", night.licensed["L1"]["country"], posted.pop("on", LEFT), **posted)


# --- what left without a license ---------------------------------------------------------------------


def test_an_overrun_without_a_license_that_the_ledger_has_is_not_posted_again(office: Office) -> None:
    """Also one of another day or quantity, by its TPP or its ITN alone, or in parts."""
    night = office.night
    unlicensed(night, "X2/1")
    unlicensed(night, "X3/1", device_id=None, quantity=None, tpp=10 * H100_TPP)
    unlicensed(night, "X4/1", on="2026-09-01")
    unlicensed(night, "X5/1", quantity=7)
    unlicensed(night, "X6/1", reference="X6")
    unlicensed(night, "X7/1", reference="X7", on="2026-09-01")
    unlicensed(night, "X8/1", reference="X8", quantity=7)
    night.post("overrun", "AE", LEFT, device_id=H100, quantity=3, reference="X8", reason="left all the same")
    every = [("UNLICENSED_EXPORT", f"X{number}/1") for number in range(2, 9)]
    found = [(code, key) for _, code, key in office.run()]
    assert sorted(found) == [("PERIOD", "X4/1"), ("PERIOD", "X7/1"), ("QUANTITY", "X5/1"), *every]
    assert not [step for draft in office.drafts() for step in draft["steps"] if "post" in step]
    office.post()
    left = [(code, key) for change, code, key in office.run() if change != "cleared"]
    assert sorted(left) == every
    assert night.ledger.headroom("AE").rows()[0]["exported_tpp"] == 80 * H100_TPP


def test_what_left_under_an_exception_is_not_what_left_without_a_license(office: Office) -> None:
    unlicensed(office.night)
    office.night.declared["X2/1"]["exception"] = "LPP"
    assert office.run() == [("new", "TREATMENT", "X2/1")]


# --- drafts ------------------------------------------------------------------------------------------


def test_goods_that_went_elsewhere_are_found_there_again(office: Office) -> None:
    both(office.night, "X1/1", country="SA")
    office.run()
    *_, posted = office.steps()["COUNTRY"]
    assert (posted["post"]["device_id"], posted["post"]["quantity"]) == (H100, 10)
    office.post()
    assert office.run() == [("cleared", "COUNTRY", "X1/1"), ("new", "TREATMENT", "X1/1")]


def test_an_entry_that_is_right_already_is_kept_as_it_is(office: Office) -> None:
    fewer = office.night.bare("export", "L1", 2, reference="X1/1")
    office.run()
    assert office.steps() == {"QUANTITY": [{"reverse": fewer}]}
    office.post()
    assert office.run() == [("cleared", "QUANTITY", "X1/1")]


def test_what_is_missed_beyond_its_license_is_drafted_as_an_export_and_an_overrun(office: Office) -> None:
    """Two are left under the license: of the seven and the one that are missed, six are beyond it."""
    office.night.told("X2/1", "L1", 7)
    office.night.told("X3/1", "L1", 1)
    office.run()
    posts = [step["post"] for draft in office.drafts() for step in draft["steps"]]
    assert sorted((each["kind"], each["quantity"], each["reference"]) for each in posts) == [
        ("export", 2, "X2/1"), ("overrun", 1, "X3/1"), ("overrun", 5, "X2/1"),
    ]  # fmt: skip
    office.post()
    assert [each for each in office.run() if each[0] != "cleared"] == [("persisting", "OVER_LICENSE", "L1")]


def test_more_than_its_license_holds_is_a_correction_and_an_overrun(office: Office) -> None:
    both(office.night, "X1/1", quantity=15)
    office.run()
    first, second = office.steps()["QUANTITY"]
    assert first["changes"] == {"quantity": 12}
    assert (second["post"]["kind"], second["post"]["quantity"]) == ("overrun", 3)
    office.post()
    assert [each for each in office.run() if each[0] != "cleared"] == [("persisting", "OVER_LICENSE", "L1")]


def test_nothing_is_drafted_under_a_license_that_the_ledger_is_still_to_learn_of(office: Office) -> None:
    office.night.licensed["L2"] = {**office.night.licensed["L1"], "license_no": "L2"}
    office.night.told("X2/1", "L2", 5)
    office.night.told("X3/1", "L2", 5, "2026-02-01")
    found = office.run()
    assert {("new", "MISSING_IN_LEDGER", "X2/1"), ("new", "EXPIRED_USE", "X3/1")} <= set(found)
    assert office.steps() == {}


# --- under another license ---------------------------------------------------------------------------


def under(night: Night, name: str, number: str, where: str, pieces: int, **told: Any) -> int:
    """An export that the ledger has under a new license of a country, customs and the vendor under L1."""
    night.license(number, where)
    seq = night.export(name, number, pieces)
    both(night, name, **{"license_no": "L1", "country": "AE", **told})
    return seq


def test_an_export_is_moved_to_the_license_that_customs_and_the_vendor_name(office: Office) -> None:
    seq = under(office.night, "X2/1", "L2", "AE", 2)
    assert office.run() == [("new", "TREATMENT", "X2/1")]
    assert office.rows[0]["detail"] == "the ledger has it under L2, customs under L1; the vendor has L1"
    assert office.steps() == {"TREATMENT": [{"correct": seq, "changes": {"license_no": "L1"}}]}
    office.post()
    assert office.run() == [("cleared", "TREATMENT", "X2/1")]


def test_an_export_charged_to_another_country_is_critical_and_moved_there(office: Office) -> None:
    night = office.night
    seq = under(night, "X2/1", "L2", "SA", 2)
    assert office.run() == [("new", "COUNTRY", "X2/1")]
    (row,) = office.rows
    assert (row["severity"], row["country"], row["other_country"]) == ("critical", "SA", "AE")
    assert row["detail"] == "the ledger has it go to SA, customs to AE under L1; the vendor has AE"
    assert office.steps() == {"COUNTRY": [{"correct": seq, "changes": {"country": "AE", "license_no": "L1"}}]}
    office.post()
    assert office.run() == [("cleared", "COUNTRY", "X2/1")]
    left = {
        each["country"]: (each["licensed_tpp"] // H100_TPP, each["exported_tpp"] // H100_TPP)
        for each in night.ledger.headroom("AE", "SA").rows()
    }
    assert left == {"AE": (0, 12), "SA": (1_000, 0)}


def test_a_vendor_need_not_name_the_license_of_the_country_that_it_names(office: Office) -> None:
    under(office.night, "X2/1", "L2", "SA", 2)
    office.night.shipped["X2/1"]["license_no"] = ""
    assert office.run() == [("new", "COUNTRY", "X2/1")]
    assert len(office.steps()["COUNTRY"]) == 1


def test_a_vendor_that_names_no_license_bears_out_none(office: Office) -> None:
    under(office.night, "X2/1", "L2", "AE", 2)
    office.night.shipped["X2/1"]["license_no"] = ""
    assert office.run() == [("new", "TREATMENT", "X2/1")]
    assert (office.rows[0]["agree"], office.steps()) == (None, {})


def test_of_two_exports_for_which_a_license_has_room_for_one_the_other_waits(office: Office) -> None:
    for number in (2, 3):
        under(office.night, f"X{number}/1", f"L{number}", "AE", 2)
    office.run()
    assert [draft["key"] for draft in office.drafts()] == ["X2/1"]
    with pytest.raises(BadQuery, match="customs and the vendor agree, and what they say cannot be posted as"):
        office.night.ledger.break_propose(office.rows[1]["break"])


def test_what_is_missed_under_a_license_comes_before_what_is_moved_to_it(office: Office) -> None:
    under(office.night, "X2/1", "L2", "AE", 1)
    office.night.told("X3/1", "L1", 2)
    office.run()
    assert set(office.steps()) == {"MISSING_IN_LEDGER"}


def test_nothing_is_moved_to_a_license_that_cannot_take_it(office: Office) -> None:
    """It is another country's, used up, not in force, not known, not the vendor's; or it left beyond one."""
    night = office.night
    under(night, "X2/1", "L2", "SA", 2, country="SA")
    under(night, "X3/1", "L3", "AE", 3)
    night.license("L8", until="2026-10-04")
    under(night, "X4/1", "L4", "AE", 2, license_no="L8")
    night.licensed["L9"] = {**night.licensed["L1"], "license_no": "L9"}
    under(night, "X5/1", "L5", "AE", 2, license_no="L9")
    night.license("L6")
    night.bare("overrun", "L6", 2, reference="X6/1")
    night.told("X6/1", "L1", 2)
    under(night, "X7/1", "L7", "SA", 2)
    night.shipped["X7/1"]["license_no"] = "L3"
    office.run()
    mine = [(row["key"], row["agree"]) for row in office.rows if row["code"] in ("TREATMENT", "COUNTRY")]
    assert sorted(mine) == [(f"X{number}/1", "declarations+shipments") for number in range(2, 8)]
    assert office.steps() == {}


@pytest.mark.parametrize("moved", [[("export", 5), ("restore", 3)], [("export", 1), ("export", 1)]])
def test_an_entry_is_not_moved_where_it_is_not_what_was_told(
    office: Office, moved: list[tuple[str, int]]
) -> None:
    """Part of it was restored, or it is one of several."""
    office.night.license("L2")
    for kind, quantity in moved:
        office.night.bare(kind, "L2", quantity, reference="X2/1")
    office.night.told("X2/1", "L1", 2)
    office.run()
    assert "TREATMENT" not in office.steps()


def test_a_vendor_alone_under_another_license_is_asked(office: Office) -> None:
    office.night.license("L2")
    office.night.shipped["X1/1"]["license_no"] = "L2"
    assert office.run() == [("new", "TREATMENT", "D1/1")]
    with pytest.raises(BadQuery, match=r"the ledger and customs agree, .* ask the vendor about D1/1"):
        office.night.ledger.break_propose(office.rows[0]["break"])


@pytest.mark.parametrize("quantities", [(2, 2), (2, 3), (3, 2)])
def test_each_delivery_of_a_number_is_that_of_the_line_with_its_pieces(
    office: Office, quantities: tuple[int, int]
) -> None:
    night = office.night
    night.license("L2")
    night.license("L3")
    for line, quantity in enumerate(quantities, 1):
        night.export(f"X2/{line}", "L2", quantity)
        both(night, f"X2/{line}", license_no="L3")
    assert office.run() == [("new", "TREATMENT", f"X2/{line}") for line in _by_size(quantities)]
    office.post()
    assert {change for change, *_ in office.run()} == {"cleared"}


def _by_size(quantities: tuple[int, int]) -> list[int]:
    return sorted((1, 2), key=lambda line: -quantities[line - 1])


def test_the_delivery_of_another_quantity_is_found_by_the_license_that_customs_names(office: Office) -> None:
    under(office.night, "X2/1", "L2", "AE", 2, quantity=1)
    assert office.run() == [("new", "TREATMENT", "X2/1")]
    office.post()
    assert office.run() == [("cleared", "TREATMENT", "X2/1"), ("new", "UNIT", "X2/1")]
    office.post()
    assert office.run() == [("cleared", "UNIT", "X2/1")]


@pytest.mark.parametrize(
    ("said", "code"),
    [({"license_no": "", "exception": "NVEU"}, "TREATMENT"), ({"license_no": "NONE"}, "UNKNOWN_LICENSE")],
)
def test_another_country_is_critical_under_whatever_license(
    office: Office, said: dict[str, Any], code: str
) -> None:
    office.night.declared["X1/1"] |= {**said, "country": "SA"}
    assert ("new", code, "X1/1") in office.run()
    assert {row["severity"] for row in office.rows if row["code"] == code} == {"critical"}


# --- a line that customs cancelled -------------------------------------------------------------------


def cancelled(night: Night) -> None:
    """Customs cancels X2/1, of two pieces, and keeps X2/2, of five, of which alone the vendor knows."""
    night.license("L2")
    night.export("X2/1", "L2", 2)
    night.later.append({**night.declared["X2/1"], "action": "cancel"})
    del night.shipped["X2/1"]
    night.told("X2/2", "L2", 5)


def test_the_delivery_of_another_line_does_not_bear_out_what_was_cancelled(office: Office) -> None:
    cancelled(office.night)
    seq = office.night.bare("export", "L2", 4, reference="X2/2")
    assert office.run() == [("new", "CANCELLED_AT_SOURCE", "X2/1"), ("new", "QUANTITY", "X2/2")]
    details = [row["detail"] for row in office.rows]
    assert details == [
        "customs cancelled it; the ledger still has 2; the vendor has nothing of it",
        "the ledger has 4, customs 5; the vendor has 5",
    ]
    assert office.steps()["QUANTITY"] == [{"correct": seq, "changes": {"quantity": 5}}]
    office.post()
    assert {change for change, *_ in office.run()} == {"cleared"}


def test_the_delivery_of_a_line_that_the_ledger_lost_is_not_that_of_a_cancelled_one(office: Office) -> None:
    cancelled(office.night)
    assert office.run() == [("new", "MISSING_IN_LEDGER", "X2/2"), ("new", "CANCELLED_AT_SOURCE", "X2/1")]
    assert {row["agree"] for row in office.rows} == {"declarations+shipments"}
    office.post()
    assert {change for change, *_ in office.run()} == {"cleared"}


def test_a_delivery_of_no_lines_pieces_leaves_a_cancelled_line_cancelled(office: Office) -> None:
    cancelled(office.night)
    office.night.bare("export", "L2", 5, reference="X2/2")
    office.night.shipped["X2/2"]["quantity"] = 4
    office.run()
    assert [draft["key"] for draft in office.drafts() if draft["code"] == "CANCELLED_AT_SOURCE"] == ["X2/1"]


def test_a_delivery_under_a_number_that_customs_cancelled_whole_is_that_of_its_line(office: Office) -> None:
    cancelled(office.night)
    del office.night.declared["X2/2"]
    office.run()
    (row,) = [row for row in office.rows if row["code"] == "CANCELLED_AT_SOURCE"]
    assert (row["third_says"], row["agree"], office.steps()) == ("5", "ledger+shipments", {})


# --- the last day of a license -----------------------------------------------------------------------


def test_a_day_beyond_the_last_that_a_time_zone_explains_is_no_use_after_expiry(office: Office) -> None:
    office.night.license("L2", until="2026-10-05")
    office.night.export("X2/1", "L2", 10)
    office.night.declared["X2/1"]["exported_on"] = "2026-10-06"
    assert office.run() == []


def test_of_a_use_after_expiry_the_vendor_says_the_day(office: Office) -> None:
    office.night.license("L2", until="2026-10-05")
    office.night.export("X2/1", "L2", 10)
    office.night.declared["X2/1"]["exported_on"] = office.night.shipped["X2/1"]["shipped_on"] = "2026-10-09"
    assert office.run() == [("new", "EXPIRED_USE", "X2/1")]
    assert office.rows[0]["detail"] == (
        "used on 2026-10-09; the license expired 2026-10-05; the vendor has 2026-10-09"
    )


# --- random nights -----------------------------------------------------------------------------------


def _fewer(night: Night, name: str, chance: Random) -> None:
    both(night, name, quantity=chance.choice([5, 9, 11, 20, 40]))


def _fewer_at_customs(night: Night, name: str, chance: Random) -> None:
    night.declared[name]["quantity"] = chance.choice([5, 9, 20])


def _elsewhere(night: Night, name: str, chance: Random) -> None:
    both(night, name, country=chance.choice(["AE", "IN", "SA"]))


def _another_device(night: Night, name: str, _: Random) -> None:
    both(night, name, device_id=H200)


def _another_day(night: Night, name: str, _: Random) -> None:
    night.declared[name]["exported_on"] = night.shipped[name]["shipped_on"] = "2026-10-12"


def _untold(night: Night, name: str, _: Random) -> None:
    night.untold(name)


def _cancelled(night: Night, name: str, _: Random) -> None:
    night.later.append({**night.declared[name], "action": "cancel"})
    del night.shipped[name]


def _missed(night: Night, name: str, chance: Random) -> None:
    night.told(f"Y{name[1:]}", night.declared[name]["license_no"], chance.choice([3, 7, 10]))


def _entered_again(night: Night, name: str, chance: Random) -> None:
    """Whatever its license has left."""
    kind = chance.choice(["export", "overrun"])
    reference = chance.choice([name, name.removesuffix("/1"), f"Q{name[1:]}"])
    night.bare(kind, night.declared[name]["license_no"], 2, reference=reference)


def _without_a_license(night: Night, name: str, chance: Random) -> None:
    other = f"Z{name[1:]}"
    given: list[dict[str, Any]] = [{}, {"quantity": 7}, {"on": "2026-09-01"}, {"reference": other[:-2]}]
    unlicensed(night, other, **chance.choice(given))


def _serials(night: Night, name: str, _: Random) -> None:
    night.shipped[name]["serials"] = "S1 S2"


SLIPS: tuple[Callable[[Night, str, Random], None], ...] = (
    _fewer, _fewer_at_customs, _elsewhere, _another_device, _another_day, _untold, _cancelled, _missed,
    _entered_again, _without_a_license, _serials,
)  # fmt: skip

STILL_TOLD = {"TREATMENT", "OVER_LICENSE", "UNLICENSED_EXPORT"}
"""What a fact that is posted shows by itself: goods that left under another license, beyond one, or none."""


@pytest.mark.parametrize("seed", [0, 2])
def test_whatever_is_drafted_in_a_night_can_be_posted_and_clears_its_break(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  # of a night that is made up
    office = Office(tmp_path)
    night = office.night
    with night.ledger:
        night.quota("AE", "IN", "SA")
        for number in range(1, 15):
            license_no, name = f"L{number}", f"X{number}/1"
            night.license(license_no, chance.choice(["AE", "IN", "SA"]), chance.choice([1_000, 60, 12]))
            night.export(name, license_no, 10)
            for slip in chance.sample(SLIPS, chance.randint(0, 2)):
                if name in night.declared and name in night.shipped:
                    slip(night, name, chance)
        office.run()
        for _ in range(4):
            posted = office.post()
            if not posted:
                break
            found = office.run()
            left = {row["break"] for row in office.rows if row["change"] != "cleared"}
            assert not left & set(posted)
            assert {code for change, code, _ in found if change in ("new", "reopened")} <= STILL_TOLD
        assert not office.drafts()
