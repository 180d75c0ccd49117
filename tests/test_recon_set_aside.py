"""A row that was set aside is a break, with what is in dispute on every side, and drafts no entry."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger import BadQuery
from ledger.recon_drafts import draft, in_words
from tests.night import EXPIRES, GB200, H100, H100_TPP, H200, ISSUED, Night

LEFT = "2026-10-01"
UNHEARD = "HX-9000"
Cells = Mapping[str, Any]

MATCHED: dict[str, tuple[Cells, Cells, list[tuple[Any, ...]]]] = {
    "customs slips into the future": (
        {"exported_on": "2027-10-01"}, {},
        [("PERIOD", "declarations", LEFT, "2027-10-01", LEFT, "ledger+shipments")],
    ),
    "customs slips into the past": (
        {"exported_on": "2024-10-01"}, {},
        [("PERIOD", "declarations", LEFT, "2024-10-01", LEFT, "ledger+shipments")],
    ),
    "customs slips under another license": (
        {"exported_on": "2027-10-01", "license_no": "D2099-1"}, {},
        [("PERIOD", "declarations", LEFT, "2027-10-01", LEFT, "ledger+shipments")],
    ),
    "the vendor slips": (
        {}, {"shipped_on": "2027-10-01"},
        [("PERIOD", "shipments", LEFT, "2027-10-01", None, "ledger+declarations")],
    ),
    "both slip": (
        {"exported_on": "2027-10-01"}, {"shipped_on": "2027-10-01"},
        [("PERIOD", "declarations", LEFT, "2027-10-01", "2027-10-01", "declarations+shipments")],
    ),
    "the vendor is a day from either": (
        {"exported_on": "2026-10-03"}, {"shipped_on": "2026-10-02"},
        [("PERIOD", "declarations", LEFT, "2026-10-03", "2026-10-02", None)],
    ),
    "customs weighs": (
        {"unit": "KG"}, {},
        [("UNIT", "declarations", "NO", "KG", "NO", "ledger+shipments")],
    ),
    "customs weighs and the vendor counts otherwise": (
        {"unit": "KG"}, {"quantity": 9},
        [("UNIT", "declarations", "NO", "KG", "NO", None), ("QUANTITY", "shipments", "10", "9", None, None)],
    ),
    "customs names an unheard of device": (
        {"device_id": UNHEARD}, {},
        [("DEVICE_UNKNOWN", "declarations", H100, UNHEARD, H100, "ledger+shipments")],
    ),
    "the vendor names an unheard of device and customs none": (
        {}, {"device_id": UNHEARD},
        [("DEVICE_UNKNOWN", "shipments", H100, UNHEARD, None, None)],
    ),
    "the vendor names an unheard of device and customs the right one": (
        {"device_id": H100}, {"device_id": UNHEARD},
        [("DEVICE_UNKNOWN", "shipments", H100, UNHEARD, None, "ledger+declarations")],
    ),
    "both name an unheard of device": (
        {"device_id": UNHEARD}, {"device_id": UNHEARD},
        [("DEVICE_UNKNOWN", "declarations", H100, UNHEARD, UNHEARD, "declarations+shipments")],
    ),
    "customs names no country": (
        {"country": "ZZ"}, {},
        [("COUNTRY", "declarations", "AE", "ZZ", "AE", "ledger+shipments")],
    ),
    "customs names a country of Tier 1": (
        {"country": "GB"}, {},
        [("COUNTRY", "declarations", "AE", "GB", "AE", "ledger+shipments")],
    ),
    "customs names a country of Tier 3": (
        {"country": "China"}, {},
        [("COUNTRY", "declarations", "AE", "China", "AE", "ledger+shipments")],
    ),
    "both name a country of Tier 3 in their own words": (
        {"country": "China"}, {"country": "CN"},
        [("COUNTRY", "declarations", "AE", "China", "CN", "declarations+shipments")],
    ),
    "the vendor names no country": (
        {}, {"country": "ZZ"},
        [("COUNTRY", "shipments", "AE", "ZZ", None, "ledger+declarations")],
    ),
    "customs amends what it never declared": (
        {"action": "change", "amendment_no": 1}, {},
        [("STALE_AMENDMENT", "declarations", "10", "10", "10", None)],
    ),
}  # fmt: skip
"""What customs and the vendor say otherwise of an export of 10 H100 to AE, and what is found."""

LONE: dict[str, tuple[Cells | None, Cells | None, list[tuple[Any, ...]]]] = {
    "customs is months ahead": (
        {"exported_on": "2027-03-01"}, None,
        [("PERIOD", "declarations", "nothing", "2027-03-01", None, None)],
    ),
    "customs is days ahead": (
        {"exported_on": "2026-11-25"}, None,
        [("PERIOD", "declarations", "nothing", "2026-11-25", None, None)],
    ),
    "customs is beyond the regime": (
        {"exported_on": "2028-01-05"}, None,
        [("PERIOD", "declarations", "nothing", "2028-01-05", None, None)],
    ),
    "customs is before the regime": (
        {"exported_on": "2024-12-31"}, None,
        [("PERIOD", "declarations", "nothing", "2024-12-31", None, None)],
    ),
    "the vendor is months ahead": (
        None, {"shipped_on": "2027-05-05"},
        [("PERIOD", "shipments", "nothing", "2027-05-05", None, None)],
    ),
    "both are months ahead": (
        {"exported_on": "2027-03-01"}, {"shipped_on": "2027-03-02"},
        [("PERIOD", "declarations", "nothing", "2027-03-01", "2027-03-02", "declarations+shipments")],
    ),
    "customs alone of both is ahead": (
        {"exported_on": "2027-03-01"}, {},
        [("PERIOD", "declarations", "nothing", "2027-03-01", LEFT, None)],
    ),
    "the vendor alone of both is ahead": (
        {}, {"shipped_on": "2027-05-05"},
        [
            ("MISSING_IN_LEDGER", "declarations", "nothing", "10", "10", "declarations+shipments"),
            ("PERIOD", "shipments", "nothing", "2027-05-05", None, None),
        ],
    ),
    "both are a day ahead, by their clocks": (
        {"exported_on": "2026-11-21"}, {"shipped_on": "2026-11-21"}, [],
    ),
    "customs weighs what is not posted": (
        {"unit": "KG"}, {},
        [("UNIT", "declarations", "nothing", "KG", "NO", None)],
    ),
    "customs names no country of what is not posted": (
        {"country": "ZZ"}, {},
        [("COUNTRY", "declarations", "nothing", "ZZ", "AE", None)],
    ),
    "neither names a country of what is not posted": (
        {"country": "ZZ"}, {"country": "ZZ"},
        [("COUNTRY", "declarations", "nothing", "ZZ", "ZZ", "declarations+shipments")],
    ),
    "customs names an unheard of device that is not posted": (
        {"device_id": UNHEARD}, {},
        [("DEVICE_UNKNOWN", "declarations", "nothing", UNHEARD, H100, None)],
    ),
}  # fmt: skip
"""What customs and the vendor say of an export that the ledger has not; None: nothing. And what is found."""

PLACES = {name: (f"D2026-{place:03}", f"X2026{place:04}") for place, name in enumerate([*MATCHED, *LONE], 1)}
POSTED = {"the vendor alone of both is ahead"}
"""Where customs and the vendor agree on what the ledger lacks, and can be believed."""


class Seen(NamedTuple):
    breaks: list[dict[str, Any]]
    drafts: dict[str, dict[str, Any]]
    certificate: list[dict[str, str]]
    sources: dict[str, dict[str, str]]


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reconciled(night: Night, folder: Path) -> Seen:
    answer = night.ledger.reconcile(night.write(folder / "feeds"), out=folder / "out")
    run = folder / "out" / answer.basis["run"]
    told = [json.loads(line) for line in (run / "proposals.jsonl").read_text(encoding="utf-8").splitlines()]
    return Seen(
        answer.rows(), {each["break"]: each for each in told}, read(run, "certificate.csv"),
        {row["source"]: row for row in read(run, "sources.csv")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What is found in one night with all corners, each with a license of its own."""
    folder = tmp_path_factory.mktemp("aside")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        for name, (customs, vendor, _) in (MATCHED | LONE).items():
            number, itn = PLACES[name]
            night.license(number)
            if name in MATCHED:
                night.export(f"{itn}/1", number, 10, LEFT)
            else:
                night.told(f"{itn}/1", number, 10, LEFT)
            for told, cells in ((night.declared, customs), (night.shipped, vendor)):
                if cells is None:
                    del told[f"{itn}/1"]
                else:
                    told[f"{itn}/1"] |= cells
        yield reconciled(night, folder)


def of_corner(name: str, seen: Seen) -> list[dict[str, Any]]:
    itn = PLACES[name][1][1:]
    return [row for row in seen.breaks if itn in row["key"]]


@pytest.mark.parametrize("name", PLACES)
def test_each_side_of_a_break_says_what_is_in_dispute(name: str, seen: Seen) -> None:
    said = ("code", "source", "ledger_says", "source_says", "third_says", "agree")
    found = sorted(tuple(row[each] for each in said) for row in of_corner(name, seen))
    assert found == sorted((MATCHED | LONE)[name][2])


@pytest.mark.parametrize("name", PLACES)
def test_whoever_is_alone_is_asked_and_the_ledger_left_as_it_is(name: str, seen: Seen) -> None:
    for row in of_corner(name, seen):
        drafted = seen.drafts.get(row["break"])
        if row["code"] == "MISSING_IN_LEDGER":
            assert (drafted or {})["steps"][0]["post"]["effective_on"] == LEFT
        elif "ledger" in (row["agree"] or ""):
            (step,) = (drafted or {})["steps"]
            assert (step["ask"], step["about"]) == (row["source"], row["key"])
        else:
            assert drafted is None


def test_an_entry_is_drafted_where_both_agree_on_what_the_ledger_lacks(seen: Seen) -> None:
    lacking = {
        name for name in PLACES if any(row["code"] == "MISSING_IN_LEDGER" for row in of_corner(name, seen))
    }
    assert lacking == POSTED


def test_no_break_lies_outside_the_corners_and_every_figure_is_explained(seen: Seen) -> None:
    assert len(seen.breaks) == sum(len(found) for *_, found in (MATCHED | LONE).values())
    assert {row["unexplained_tpp"] for row in seen.certificate} == {"0"}


def test_a_filer_has_a_break_for_every_row_that_was_set_aside(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1")
        night.told("X1/1", "L1", 10, "2027-03-01")
        del night.shipped["X1/1"]
        night.told("X2/1", "L1", 10, "2027-05-05")
        del night.declared["X2/1"]
        seen = reconciled(night, tmp_path)
        assert {name: (row["fatal"], row["breaks"]) for name, row in seen.sources.items()} == {
            "licenses": ("0", "0"), "declarations": ("1", "1"), "shipments": ("1", "1"),
        }  # fmt: skip
        (row,) = seen.certificate
        assert (row["customs_tpp"], row["net_tpp"]) == (str(10 * H100_TPP), str(-10 * H100_TPP))
        with pytest.raises(BadQuery, match="nothing is drafted that would correct the ledger"):
            ledger.break_propose(seen.breaks[0]["break"])


def test_a_run_that_looks_back_misses_nothing_of_later_days_but_sees_the_slip(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1")
        night.told("X1/1", "L1", 10, "2026-11-02")
        night.told("X2/1", "L1", 10, "2027-03-01")
        rows = ledger.reconcile(night.write(tmp_path / "feeds"), as_of="2026-10-30", dry_run=True).rows()
    assert [(row["code"], row["key"]) for row in rows] == [("PERIOD", "X2/1")]


def test_a_slip_that_was_corrected_is_cleared_by_the_next_night(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1")
        night.told("X1/1", "L1", 10, "2027-03-01")
        night.told("X2/1", "L1", 20, "2026-11-25")
        del night.shipped["X1/1"], night.declared["X2/1"]
        first = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
        night.run_number = 2
        night.export("X1/1", "L1", 10, LEFT)
        del night.shipped["X2/1"]
        second = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
    assert {(row["key"], row["change"]) for row in first} == {("X1/1", "new"), ("D2/1", "new")}
    assert {(row["key"], row["change"]) for row in second} == {("X1/1", "cleared"), ("D2/1", "cleared")}


def test_a_slip_of_the_office_or_of_a_reexport_is_cleared_too_once_it_is_corrected(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE", "SG")
        night.license("L1")
        night.licensed["L9"] = night.licensed["L1"] | {"license_no": "L9", "issued_on": "2027-03-01"}
        night.reexport("R1", "L1", 5, "SG", "2027-03-01")
        night.reexport("R2", "L1", 5, "SG", device_id=UNHEARD)
        first = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
        night.run_number = 2
        del night.licensed["L9"]
        night.moved.clear()
        second = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
    assert {(row["code"], row["key"], row["ledger_says"], row["source_says"]) for row in first} == {
        ("PERIOD", "L9", "0", str(1_000 * H100_TPP)),
        ("PERIOD", "R1", "nothing", "2027-03-01"),
        ("DEVICE_UNKNOWN", "R2", "nothing", UNHEARD),
    }
    assert {(row["key"], row["change"]) for row in second} == {(key, "cleared") for key in ("L9", "R1", "R2")}


def test_an_export_that_may_be_what_was_set_aside_is_not_drafted_to_be_undone(tmp_path: Path) -> None:
    """Customs has it under another number and a day to come, the vendor not at all."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        night.license("L1")
        for itn in ("X1", "X2", "X3"):
            night.export(f"{itn}/1", "L1", int(itn[1:]), LEFT)
        night.untold("X1/1")
        del night.shipped["X2/1"]
        night.declared["X2/1"] |= {"itn": "X9", "exported_on": "2027-10-01"}
        seen = reconciled(night, tmp_path)
    drafted = {
        (row["code"], row["key"]): [list(step) for step in seen.drafts.get(row["break"], {}).get("steps", ())]
        for row in seen.breaks
    }
    assert drafted == {
        ("MISSING_IN_SOURCE", "X1/1"): [["reverse"]],
        ("MISSING_IN_SOURCE", "X2/1"): [],
        ("PERIOD", "X9/1"): [],
    }


def test_of_a_sum_the_row_that_was_set_aside_is_the_one_that_is_told(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1")
        night.bare("export", "L1", 10, LEFT, reference="X1")
        night.told("X1/1", "L1", 4, LEFT)
        night.told("X1/2", "L1", 6, LEFT)
        night.declared["X1/2"]["exported_on"] = "2027-10-01"
        (row,) = ledger.reconcile(night.write(tmp_path / "feeds"), dry_run=True).rows()
    assert (row["ledger_says"], row["source_says"], row["file_line"]) == (LEFT, "2027-10-01", "run 1, line 3")
    assert row["detail"] == "2027-10-01 is after 2026-11-20, the last day that the file reports on"


def test_entries_of_several_days_are_told_as_such_and_not_drafted_to_one(tmp_path: Path) -> None:
    """One of them is of that day already."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        night.license("L1")
        for day in (1, 5, 9):
            night.bare("export", "L1", 10, f"2026-10-0{day}", reference="X1")
        night.told("X1/1", "L1", 30, "2026-10-05")
        seen = reconciled(night, tmp_path)
    (row,) = seen.breaks
    assert (row["ledger_says"], row["source_says"], row["agree"]) == (
        "2026-10-01 to 2026-10-09", "2026-10-05", "declarations+shipments"
    )  # fmt: skip
    assert seen.drafts == {}


@pytest.mark.parametrize("code", ["QUANTITY", "UNIT", "DEVICE", "PERIOD", "TREATMENT"])
@pytest.mark.parametrize("says", [None, "", "no license", "100", LEFT, H100])
def test_nothing_is_drafted_that_would_change_nothing(code: str, says: str | None) -> None:
    row = {
        "code": code, "agree": "declarations+shipments", "source": "declarations", "seqs": [7],
        "ledger_says": says, "source_says": says, "reason": None, "key": "X1/1", "on_day": None,
        "at_stake_tpp": 0, "elsewhere_tpp": None,
    }  # fmt: skip
    assert draft(row) is None


LEFT_UNDER = "nvidia-h100-sxm5-80gb to AE left under {}, a license that nobody knows"
LICENSES = {
    "other digits": ("0012345", "0054321", "the ledger has it under 0012345, customs under 0054321"),
    "digits that nobody knows": ("0012345", "0099999", LEFT_UNDER.format("0099999")),
    "a sign that is no digit": ("L1", "\u00b2", LEFT_UNDER.format("\u00b2")),
}


@pytest.mark.parametrize("case", LICENSES)
def test_the_number_of_a_license_is_a_name_and_no_figure(case: str, tmp_path: Path) -> None:
    ours, theirs, said = LICENSES[case]
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        night.license(ours, "AE")
        night.license("0054321", "AE")
        night.export("X1/1", ours, 10)
        night.declared["X1/1"]["license_no"] = theirs
        seen = reconciled(night, tmp_path)
    assert [row["detail"].partition(";")[0] for row in seen.breaks if row["source"] == "declarations"] == [
        said
    ]


def test_what_corrects_the_license_of_an_entry_says_its_number_as_it_is() -> None:
    changes = {"license_no": "0054321", "quantity": 1_000}
    assert in_words({"correct": 12_345, "changes": changes}) == (
        "correct entry 12,345: license_no 0054321, quantity 1,000"
    )


@pytest.mark.parametrize(("device", "tpp"), [(H100, H100_TPP), (GB200, 40_000)])
@pytest.mark.parametrize("wrong", [0.5, 2.0])
def test_a_tpp_that_is_not_that_of_the_devices_is_in_dispute_once(
    device: str, tpp: int, wrong: float, tmp_path: Path
) -> None:
    """What customs and vendors add up to is what the devices are worth."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE", "SA")
        night.license("L1", "AE", device=device)
        night.export("X1/1", "L1", 100)
        night.licensed["L1"]["licensed_tpp"] = int(1_000 * tpp * wrong)
        seen = reconciled(night, tmp_path)
    assert [(row["code"], row["key"]) for row in seen.breaks] == [("LICENSE_DIFFERS", "L1")]
    (row,) = [row for row in seen.certificate if row["country"] == "AE"]
    assert {row["ledger_exported_tpp"], row["customs_tpp"], row["vendor_tpp"]} == {str(100 * tpp)}
    assert (row["license_system_tpp"], row["unexplained_tpp"]) == (str(int(1_000 * tpp * wrong)), "0")


def test_of_a_license_that_only_the_office_knows_the_device_is_worth_what_the_catalogue_says(
    tmp_path: Path,
) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger:
        night.quota("AE")
        night.licensed["L9"] = {
            "license_no": "L9", "country": "AE", "device_id": H200, "quantity": 100, "consignee": "Example",
            "licensed_tpp": 8 * 100 * H100_TPP, "issued_on": ISSUED, "expires_on": EXPIRES, "state": "active",
        }  # fmt: skip
        night.told("X9/1", "L9", 10)
        seen = reconciled(night, tmp_path)
    (row,) = seen.certificate
    assert (row["customs_tpp"], row["vendor_tpp"]) == (str(10 * H100_TPP), str(10 * H100_TPP))
    assert {(row["code"], row["at_stake_tpp"]) for row in seen.breaks} == {
        ("LICENSE_DIFFERS", 8 * 100 * H100_TPP), ("MISSING_IN_LEDGER", 10 * H100_TPP)
    }  # fmt: skip
