"""Nights that are told only what came since: what is owed stays owed, and what is settled is cleared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.night import Night

Told = list[tuple[str, str, str, str]]


class Deltas:
    """Nights in a row; what customs and vendor tell in one of them is gone in the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.night = Night(f"sqlite:///{folder / 'tppq.db'}", as_of="2026-11-01")
        self.status = ""
        self.kept = folder

    def report(self) -> str:
        """What the last night left for people to read."""
        return (self.kept / "report.html").read_text(encoding="utf-8")

    def run(self, as_of: str, since: str | None = None) -> Told:
        """The night of a day, of files that tell what came since another: what changed, and of what."""
        night = self.night
        night.as_of = as_of
        night.clock.set(as_of)
        if since is not None:
            night.covers_from = {"declarations": since, "shipments": since}
        answer = night.ledger.reconcile(night.write(self.folder / as_of), out=self.folder / "out")
        night.run_number += 1
        night.declared.clear()
        night.shipped.clear()
        self.status = answer.basis["status"]
        self.kept = Path(answer.basis["folder"])
        return sorted((row["change"], row["code"], row["source"], row["key"]) for row in answer.rows())


@pytest.fixture(name="deltas")
def _deltas(tmp_path: Path) -> Iterator[Deltas]:
    """A license under which something left, and a first night that told everything."""
    made = Deltas(tmp_path)
    with made.night.ledger:
        made.night.quota("AE")
        made.night.license("L1")
        made.night.export("X1/1", "L1", 10, "2026-10-20")
        assert made.run("2026-11-01") == []
        yield made


def both(change: str, code: str, key: str = "X2/1") -> Told:
    """What is so of customs and of the vendor."""
    return [(change, code, source, key) for source in ("declarations", "shipments")]


def exported(
    deltas: Deltas, name: str, on: str, quantity: int = 10, *, told: bool = True, **more: Any
) -> None:
    """An export on the night's day; `told` to neither where it is not."""
    deltas.night.clock.set(on)
    deltas.night.export(name, "L1", quantity, on, **more)
    if not told:
        deltas.night.untold(name)


def test_what_no_later_file_tells_is_missing_once_its_days_are_over_until_one_does(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02", told=False)
    exported(deltas, "X3/1", "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == both("new", "IN_TRANSIT")
    exported(deltas, "X4/1", "2026-11-03")
    assert deltas.run("2026-11-03", "2026-11-03") == both("persisting", "IN_TRANSIT")
    assert deltas.run("2026-11-07", "2026-11-04") == both("persisting", "IN_TRANSIT")
    missing = [*both("cleared", "IN_TRANSIT"), *both("new", "MISSING_IN_SOURCE")]
    assert deltas.run("2026-11-08", "2026-11-08") == missing
    assert deltas.run("2026-11-09", "2026-11-09") == both("persisting", "MISSING_IN_SOURCE")
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    assert deltas.run("2026-11-10", "2026-11-10") == both("cleared", "MISSING_IN_SOURCE")
    assert (deltas.run("2026-11-11", "2026-11-11"), deltas.status) == ([], "FINAL")


def test_what_customs_tells_late_is_owed_by_the_vendor_all_the_same(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02", told=False)
    exported(deltas, "X3/1", "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == both("new", "IN_TRANSIT")
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    deltas.night.shipped.clear()
    in_transit, missing = ("IN_TRANSIT", "shipments", "X2/1"), ("MISSING_IN_SOURCE", "shipments", "X2/1")
    told = [("cleared", "IN_TRANSIT", "declarations", "X2/1"), ("persisting", *in_transit)]
    assert deltas.run("2026-11-03", "2026-11-03") == told
    assert deltas.run("2026-11-08", "2026-11-04") == [("cleared", *in_transit), ("new", *missing)]


def test_what_was_taken_back_in_the_ledger_is_owed_no_more(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02", told=False)
    deltas.run("2026-11-02", "2026-11-02")
    (seq,) = (row["seq"] for row in deltas.night.ledger.statement("AE") if row["reference"] == "X2/1")
    deltas.night.ledger.reverse(seq, "it did not leave")
    assert deltas.run("2026-11-03", "2026-11-03") == both("cleared", "IN_TRANSIT")


def test_what_was_corrected_in_the_ledger_is_owed_as_before(deltas: Deltas) -> None:
    """Nor does the declaration of another export of as many pieces settle it."""
    exported(deltas, "X2/1", "2026-11-02", told=False)
    owed = ("IN_TRANSIT", "declarations", "X2/1")
    assert deltas.run("2026-11-02", "2026-11-02") == both("new", "IN_TRANSIT")
    (seq,) = (row["seq"] for row in deltas.night.ledger.statement("AE") if row["reference"] == "X2/1")
    deltas.night.ledger.correct(seq, {"consignee": "Example Cloud LLC"}, "as it is written")
    assert ("persisting", *owed) in deltas.run("2026-11-03", "2026-11-03")
    deltas.night.told("X9/1", "L1", 10, "2026-11-03")
    assert ("persisting", *owed) in deltas.run("2026-11-04", "2026-11-04")
    assert ("new", "MISSING_IN_SOURCE", *owed[1:]) in deltas.run("2026-11-08", "2026-11-05")


def test_what_was_corrected_since_is_owed_no_more_once_it_is_told(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02", told=False)
    exported(deltas, "X3/1", "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == both("new", "IN_TRANSIT")
    (seq,) = (row["seq"] for row in deltas.night.ledger.statement("AE") if row["reference"] == "X2/1")
    deltas.night.ledger.correct(seq, {"quantity": 9}, "as it is packed")
    deltas.night.told("X2/1", "L1", 9, "2026-11-02")
    assert deltas.run("2026-11-03", "2026-11-03") == both("cleared", "IN_TRANSIT")
    assert deltas.run("2026-11-09", "2026-11-04") == []


def test_a_vendor_owes_what_it_did_not_tell_whatever_else_it_tells_since(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02")
    exported(deltas, "X3/1", "2026-11-02")
    del deltas.night.shipped["X2/1"]
    in_transit, missing = ("IN_TRANSIT", "shipments", "X2/1"), ("MISSING_IN_SOURCE", "shipments", "X2/1")
    assert deltas.run("2026-11-02", "2026-11-02") == [("new", *in_transit)]
    assert deltas.run("2026-11-03", "2026-11-03") == [("persisting", *in_transit)]
    assert deltas.run("2026-11-08", "2026-11-04") == [("cleared", *in_transit), ("new", *missing)]
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    deltas.night.declared.clear()
    assert deltas.run("2026-11-09", "2026-11-09") == [("cleared", *missing)]


def test_an_amendment_in_a_later_file_clears_what_it_mends(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02")
    deltas.night.declared["X2/1"]["quantity"] = 9
    differs = ("QUANTITY", "declarations", "X2/1")
    assert deltas.run("2026-11-02", "2026-11-02") == [("new", *differs)]
    assert deltas.run("2026-11-03", "2026-11-03") == [("persisting", *differs)]
    deltas.night.told("X2/1", "L1", 10, "2026-11-02", action="change", amendment_no=1)
    deltas.night.shipped.clear()
    assert deltas.run("2026-11-04", "2026-11-04") == [("cleared", *differs)]


def test_what_the_ledger_has_since_as_it_was_told_is_cleared(deltas: Deltas) -> None:
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    exported(deltas, "X3/1", "2026-11-02", 9)
    for told in (deltas.night.declared, deltas.night.shipped):
        told["X3/1"]["quantity"] = 11
    unknown, differs = ("MISSING_IN_LEDGER", "declarations", "X2/1"), ("QUANTITY", "declarations", "X3/1")
    assert deltas.run("2026-11-02", "2026-11-02") == [("new", *unknown), ("new", *differs)]
    assert deltas.run("2026-11-03", "2026-11-03") == [("persisting", *unknown), ("persisting", *differs)]
    ledger = deltas.night.ledger
    deltas.night.bare("export", "L1", 10, "2026-11-02", reference="X2/1")
    (seq,) = (row["seq"] for row in ledger.statement("AE") if row["reference"] == "X3/1")
    ledger.correct(seq, {"quantity": 10}, "still not as told")
    assert deltas.run("2026-11-04", "2026-11-04") == [("cleared", *unknown), ("persisting", *differs)]
    (seq,) = (
        row["seq"] for row in ledger.statement("AE") if row["reference"] == "X3/1" and row["quantity"] == 10
    )
    ledger.correct(seq, {"quantity": 11}, "as told")
    assert deltas.run("2026-11-05", "2026-11-05") == [("cleared", *differs)]


def test_what_only_a_part_of_the_ledger_has_as_it_was_told_stays_open(deltas: Deltas) -> None:
    """Also where another declaration of as many pieces comes along."""
    for quantity in (10, 25, 40):
        deltas.night.clock.set("2026-11-02")
        deltas.night.bare("export", "L1", quantity, "2026-11-02", reference="X2/1")
    deltas.night.told("X2/1", "L1", 40, "2026-11-02")
    exported(deltas, "X3/1", "2026-11-02", 9)
    for told in (deltas.night.declared, deltas.night.shipped):
        told["X3/1"]["quantity"] = 8
    found = {each[1:] for each in deltas.run("2026-11-02", "2026-11-02") if each[2] == "declarations"}
    assert found == {("QUANTITY", "declarations", "X2/1"), ("QUANTITY", "declarations", "X3/1")}
    deltas.night.told("X9/1", "L1", 9, "2026-11-02")
    kept = {each[1:] for each in deltas.run("2026-11-03", "2026-11-03") if each[0] == "persisting"}
    assert found <= kept


@pytest.mark.parametrize("code", ["UNIT", "TREATMENT", "CANCELLED_AT_SOURCE", "DUPLICATE"])
def test_what_was_put_right_as_it_was_told_is_cleared(deltas: Deltas, code: str) -> None:
    night, ledger = deltas.night, deltas.night.ledger
    exported(deltas, "X2/1", "2026-11-02", 8)
    if code == "UNIT":
        night.declared["X2/1"]["quantity"] = night.shipped["X2/1"]["quantity"] = 64
    elif code == "TREATMENT":
        night.license("L2")
        night.declared["X2/1"]["license_no"] = night.shipped["X2/1"]["license_no"] = "L2"
    elif code == "CANCELLED_AT_SOURCE":
        night.declared["X2/1"]["action"] = "cancel"
        del night.shipped["X2/1"]
    else:
        night.bare("export", "L1", 8, "2026-11-02", reference="X2/1")
    assert ("new", code, "declarations", "X2/1") in deltas.run("2026-11-02", "2026-11-02")
    assert ("persisting", code, "declarations", "X2/1") in deltas.run("2026-11-03", "2026-11-03")
    (*_, last) = (row["seq"] for row in ledger.statement("AE") if row["reference"] == "X2/1")
    ledger.correct(last, {"consignee": "Example Cloud LLC"}, "as it is written")  # which settles nothing
    assert ("persisting", code, "declarations", "X2/1") in deltas.run("2026-11-04", "2026-11-04")
    seqs = [
        row["seq"]
        for row in ledger.sql("from statement('AE') where reverses_seq is null order by seq")
        if row["reference"] == "X2/1"
    ]
    if code in ("UNIT", "TREATMENT"):
        ledger.correct(seqs[-1], {"quantity": 64} if code == "UNIT" else {"license_no": "L2"}, "as told")
    else:
        ledger.reverse(seqs[-1], "as told")
    assert ("cleared", code, "declarations", "X2/1") in deltas.run("2026-11-05", "2026-11-05")


def test_what_is_posted_late_is_asked_for_though_its_day_was_told(deltas: Deltas) -> None:
    exported(deltas, "X3/1", "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == []
    deltas.night.clock.set("2026-11-09")
    deltas.night.bare("export", "L1", 10, "2026-11-02", reference="X2/1")
    missing = ("MISSING_IN_SOURCE", "declarations", "X2/1")
    assert deltas.run("2026-11-09", "2026-11-03") == [("new", *missing)]
    assert deltas.run("2026-11-10", "2026-11-10") == [("persisting", *missing)]
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    assert deltas.run("2026-11-11", "2026-11-11") == [("cleared", *missing)]


@pytest.mark.parametrize("how", ["corrected", "restored in part", "beside what was undone"])
def test_what_is_posted_late_is_asked_for_whatever_else_is_undone(deltas: Deltas, how: str) -> None:
    exported(deltas, "X3/1", "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == []
    night, ledger = deltas.night, deltas.night.ledger
    night.clock.set("2026-11-09")
    seq = night.bare("export", "L1", 10, "2026-11-02", reference="X2/1")
    if how == "corrected":
        ledger.correct(seq, {"consignee": "Example Cloud LLC"}, "as it is written")
    elif how == "restored in part":
        night.bare("restore", "L1", 1, "2026-11-03", reference="X2/1")
    else:
        ledger.reverse(night.bare("export", "L1", 1, "2026-11-02", reference="X4/1"), "a slip")
    assert ("new", "MISSING_IN_SOURCE", "declarations", "X2/1") in deltas.run("2026-11-09", "2026-11-03")


def test_an_amendment_is_of_what_was_told_before(deltas: Deltas) -> None:
    deltas.night.clock.set("2026-11-02")
    deltas.night.export("X2/1", "L1", 10, "2026-11-02", reference=None)
    assert deltas.run("2026-11-02", "2026-11-02") == []
    deltas.night.told("X2/1", "L1", 10, "2026-11-02", action="change", amendment_no=1)
    deltas.night.shipped.clear()
    assert deltas.run("2026-11-03", "2026-11-03") == []


def test_what_customs_told_under_its_right_number_is_not_asked_for_once_it_is_put_right(
    deltas: Deltas,
) -> None:
    exported(deltas, "X2/1", "2026-11-02", told=False)
    deltas.night.told("X9/1", "L1", 12, "2026-11-02")
    deltas.night.shipped.clear()
    deltas.run("2026-11-02", "2026-11-02")
    (seq,) = (row["seq"] for row in deltas.night.ledger.statement("AE") if row["reference"] == "X2/1")
    deltas.night.ledger.correct(seq, {"reference": "X9/1", "quantity": 12}, "as customs has it")
    found = deltas.run("2026-11-03", "2026-11-03")
    assert [each for each in found if each[0] != "cleared"] == []


@pytest.mark.parametrize("reference", ["X2/1", None])
def test_what_is_posted_late_and_was_told_is_not_asked_for(deltas: Deltas, reference: str | None) -> None:
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    unknown = ("MISSING_IN_LEDGER", "declarations", "X2/1")
    assert deltas.run("2026-11-02", "2026-11-02") == [("new", *unknown)]
    deltas.night.clock.set("2026-11-09")
    deltas.night.bare("export", "L1", 10, "2026-11-02", reference=reference)
    change = "persisting" if reference is None else "cleared"
    assert deltas.run("2026-11-09", "2026-11-03") == [(change, *unknown)]


@pytest.mark.parametrize("how", ["corrected", "posted anew", "under another license"])
def test_what_stands_in_the_place_of_what_was_told_is_not_asked_for(deltas: Deltas, how: str) -> None:
    exported(deltas, "X3/1", "2026-11-02")
    deltas.night.license("L2")
    seq = deltas.night.export("X2/1", "L1", 10, "2026-11-02", reference=None)
    assert deltas.run("2026-11-02", "2026-11-02") == []
    ledger = deltas.night.ledger
    deltas.night.clock.set("2026-11-09")
    if how == "posted anew":
        ledger.reverse(seq, "a slip")
        exported(deltas, "X4/1", "2026-11-09")
        deltas.night.bare("export", "L1", 9, "2026-11-02")
    else:
        ledger.correct(seq, {"quantity": 9} if how == "corrected" else {"license_no": "L2"}, "a slip")
    assert deltas.run("2026-11-09", "2026-11-03") == []


def test_a_vendor_that_told_nothing_tonight_owes_what_left(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02")
    deltas.night.shipped.clear()
    owed = ("IN_TRANSIT", "shipments", "X2/1")
    assert deltas.run("2026-11-02", "2026-11-02") == [("new", *owed)]
    assert deltas.run("2026-11-03", "2026-11-03") == [("persisting", *owed)]
    deltas.night.told("X2/1", "L1", 10, "2026-11-02")
    deltas.night.declared.clear()
    assert deltas.run("2026-11-04", "2026-11-04") == [("cleared", *owed)]


def test_what_was_told_before_is_not_what_another_declaration_tells_of(deltas: Deltas) -> None:
    """As many pieces under the same license, a day later, of which the ledger knows nothing."""
    exported(deltas, "X2/1", "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == []
    deltas.night.told("X3/1", "L1", 10, "2026-11-03")
    unknown = ("MISSING_IN_LEDGER", "declarations", "X3/1")
    assert deltas.run("2026-11-03", "2026-11-03") == [("new", *unknown)]
    assert deltas.run("2026-11-04", "2026-11-04") == [("persisting", *unknown)]


def test_what_names_its_filing_is_not_what_another_filing_tells_of(deltas: Deltas) -> None:
    """Which will not be told again once its own is."""
    own, other = "X20261102000001", "X20261102000002"
    exported(deltas, f"{own}/1", "2026-11-02", told=False)
    deltas.night.told(f"{other}/1", "L1", 10, "2026-11-02")
    assert deltas.run("2026-11-02", "2026-11-02") == [
        ("new", "IN_TRANSIT", "declarations", f"{own}/1"),
        ("new", "IN_TRANSIT", "shipments", f"{own}/1"),
        ("new", "MISSING_IN_LEDGER", "declarations", f"{other}/1"),
    ]
    deltas.night.told(f"{own}/1", "L1", 10, "2026-11-02")
    assert deltas.run("2026-11-03", "2026-11-03") == [
        ("cleared", "IN_TRANSIT", "declarations", f"{own}/1"),
        ("cleared", "IN_TRANSIT", "shipments", f"{own}/1"),
        ("persisting", "MISSING_IN_LEDGER", "declarations", f"{other}/1"),
    ]


def test_days_between_two_files_are_not_passed_over(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-03", told=False)
    exported(deltas, "X3/1", "2026-11-05")
    assert deltas.run("2026-11-06", "2026-11-05") == both("new", "IN_TRANSIT")


def test_a_night_that_is_run_again_finds_what_it_found(deltas: Deltas) -> None:
    exported(deltas, "X2/1", "2026-11-02", told=False)
    deltas.run("2026-11-02", "2026-11-02")
    first = deltas.run("2026-11-08", "2026-11-04")
    folder = deltas.folder / "2026-11-08"
    again = deltas.night.ledger.reconcile(folder, out=deltas.folder / "out")
    assert sorted((row["change"], row["code"], row["source"], row["key"]) for row in again.rows()) == first
    assert not again.basis["recorded"]


def test_the_report_says_of_which_days_its_sums_are(deltas: Deltas) -> None:
    said = "Sums of exports are of the days that the files tell of: those of {}, and what is still open"
    assert said.split(":", maxsplit=1)[0] not in deltas.report()
    exported(deltas, "X2/1", "2026-11-02", told=False)
    deltas.run("2026-11-02", "2026-11-02")
    both = "customs from 2026-11-02 on, those of vendors from 2026-11-02 on"
    assert said.format(both) in deltas.report()
