"""Tests taken from others' scars: what went wrong once, with quotas like these, and must not here."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Answer, BadFeed, Ledger
from tests.night import H100_TPP, Night
from tests.sample_recon import amend, spoil_ledger


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A night over two countries, each with a license."""
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    night.quota("AE", "SA")
    night.license("L1", "AE")
    night.license("L2", "SA")
    return night


@pytest.fixture
def run(night: Night, tmp_path: Path) -> Callable[..., Answer]:
    """Compares the ledger with the night as it is told now."""

    def reconcile(**how: Any) -> Answer:
        return night.ledger.reconcile(night.write(tmp_path / "feeds"), **how)

    return reconcile


def codes(answer: Answer) -> list[tuple[str, str]]:
    return [(row["code"], row["change"]) for row in answer.rows()]


def test_running_totals_of_10_25_25_40_are_40_in_all(night: Night, run: Callable[..., Answer]) -> None:
    night.told("X1/1", "L1", 40)
    first = night.declared.pop("X1/1")
    night.later += [
        {**first, "quantity": quantity, "action": "change" if place else "add", "amendment_no": place}
        for place, quantity in enumerate((10, 25, 25, 40))
    ]
    for quantity in (10, 15, 15):
        night.bare("export", "L1", quantity, reference="X1/1")
    assert codes(run(dry_run=True)) == []
    night.bare("export", "L1", 60, reference="X1/1")  # as if each total were an export of its own
    (found,) = run(dry_run=True).rows()
    assert (found["code"], found["ledger_says"], found["source_says"]) == ("CUMULATIVE_AS_DELTA", "100", "40")


def test_a_completion_record_adds_nothing(night: Night, run: Callable[..., Answer]) -> None:
    night.export("X1/1", "L1", 40)
    again = {**night.declared["X1/1"], "action": "change", "amendment_no": 1}
    night.later.append({**again, "quantity": 40})
    assert codes(run()) == []


def test_the_draw_that_exhausts_a_license_is_not_lost(night: Night, run: Callable[..., Answer]) -> None:
    night.export("X1/1", "L1", 999)
    night.export("X1/2", "L1", 1)
    assert codes(run(dry_run=True)) == []
    state = {row["license_no"]: row["license_state"] for row in night.ledger.licenses("AE")}
    assert state["L1"] == "exhausted"
    del night.declared["X1/2"]
    assert codes(run()) == [("MISSING_IN_SOURCE", "new")]


def test_an_unknown_license_is_a_break_and_not_silence(night: Night, run: Callable[..., Answer]) -> None:
    night.told("X1/1", "L1", 10)
    night.declared["X1/1"]["license_no"] = "D2099-1"
    del night.shipped["X1/1"]
    assert codes(run()) == [("UNKNOWN_LICENSE", "new")]


def test_a_country_exhausted_and_reopened_reads_alike_in_the_filter(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    night.quota("AE", tpp=1_000 * H100_TPP)
    night.license("L1", "AE", quantity=1_000)
    night.export("X1/1", "L1", 1_000)

    def state() -> list[str]:
        filtered = night.ledger.sql("select country from headroom() where balance_state = 'exhausted'")
        shown = [row["balance_state"] for row in night.ledger.headroom("AE")]
        assert [row["country"] for row in filtered.rows()] == (["AE"] if shown == ["exhausted"] else [])
        return shown

    assert state() == ["exhausted"]
    night.bare("return", "L1", 500)
    assert state() == ["open"]


def test_as_of_a_past_block_shows_it_and_today_does_not(night: Night) -> None:
    night.clock.set("2026-11-10")
    seq = night.post("block", "AE", "2026-11-10", tpp=1_000_000, reason="inquiry")
    night.clock.set("2026-11-15")
    night.post("unblock", "AE", "2026-11-15", tpp=1_000_000)
    night.clock.set("2026-11-20")

    def blocked(as_of: str | None) -> tuple[int, str]:
        (row,) = night.ledger.headroom("AE", as_of=as_of).rows()
        return row["blocked_tpp"], row["control_state"]

    assert seq > 0
    assert blocked("2026-11-12") == (1_000_000, "blocked")
    assert blocked(None) == (0, "none")


def test_two_errors_that_offset_each_other_show_in_gross(night: Night, tmp_path: Path) -> None:
    night.export("X1/1", "L1", 100)
    night.export("X1/2", "L1", 100)
    night.declared["X1/1"]["quantity"], night.declared["X1/2"]["quantity"] = 90, 110
    answer = night.ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out")
    assert [row["code"] for row in answer.rows()] == ["QUANTITY", "QUANTITY"]
    (line,) = answer.basis["lines"]
    assert (line["net_tpp"], line["gross_tpp"]) == (0, 20 * H100_TPP)
    certificate = (tmp_path / "out" / answer.basis["run"] / "certificate.csv").read_text(encoding="utf-8")
    names, *rows = (row.split(",") for row in certificate.splitlines())
    (row,) = [dict(zip(names, row, strict=True)) for row in rows if row[0] == "AE"]
    assert (row["net_tpp"], row["gross_tpp"], row["unexplained_tpp"]) == ("0", str(20 * H100_TPP), "0")


def test_the_certificate_has_what_each_told_of_all_months_together(
    night: Night, run: Callable[..., Answer], tmp_path: Path
) -> None:
    night.export("X1/1", "L1", 10, "2026-09-07")
    night.export("X1/2", "L1", 20, "2026-10-05")
    night.export("X1/3", "L1", 30, "2026-10-12")
    night.declared["X1/2"]["quantity"], night.shipped["X1/3"]["quantity"] = 25, 28
    answer = run(out=tmp_path / "out")
    with (tmp_path / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
        (row,) = [row for row in csv.DictReader(file) if row["country"] == "AE"]
    told = {name: int(row[f"{name}_tpp"]) // H100_TPP for name in ("ledger_exported", "customs", "vendor")}
    assert told == {"ledger_exported": 60, "customs": 65, "vendor": 58}


def test_gross_is_what_ledger_and_customs_differ_by_and_each_set_is_in_it_once(
    night: Night, run: Callable[..., Answer], tmp_path: Path
) -> None:
    night.licensed["L1"] |= {"quantity": 999, "licensed_tpp": 999 * H100_TPP}  # the licensing office's alone
    night.export("X1/1", "L1", 10)
    night.shipped["X1/1"]["quantity"] = 7  # the vendor's alone
    night.export("X2/1", "L2", 10)
    night.declared["X2/1"] |= {"country": "AE", "quantity": 5, "exported_on": "2026-10-09"}
    answer = run(out=tmp_path / "out")
    assert sorted(row["code"] for row in answer.rows() if row["source"] == "declarations") == [
        "COUNTRY", "PERIOD", "UNIT",
    ]  # fmt: skip
    figures = ("net_tpp", "gross_tpp", "unexplained_tpp")
    with (tmp_path / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
        found = {
            row["country"]: [int(row[name]) // H100_TPP for name in figures] for row in csv.DictReader(file)
        }
    assert found == {"AE": [-5, 5, 0], "SA": [10, 10, 0]}


def test_of_two_breaks_of_the_same_goods_one_bears_the_difference(
    night: Night, run: Callable[..., Answer]
) -> None:
    night.export("X1/1", "L1", 10)
    night.declared["X1/1"] |= {"quantity": 7, "exported_on": "2026-10-09"}
    found = {row["code"]: row["net_tpp"] for row in run().rows()}
    assert found == {"QUANTITY": 3 * H100_TPP, "PERIOD": 0}


def test_what_was_recorded_later_is_no_line_yet(night: Night, run: Callable[..., Answer]) -> None:
    night.told("X1/1", "L1", 5)
    night.clock.set("2026-11-23")
    night.bare("export", "L1", 5, reference="X1/1")
    assert codes(run(known_at="2026-11-21", dry_run=True)) == [("MISSING_IN_LEDGER", "new")]
    assert codes(run(dry_run=True)) == []


def test_an_export_that_was_reversed_is_no_line(night: Night, run: Callable[..., Answer]) -> None:
    night.ledger.reverse(night.export("X1/1", "L1", 5), "typed twice")
    assert codes(run()) == [("MISSING_IN_LEDGER", "new")]


def test_a_vendor_that_never_reported_is_not_asked(night: Night, run: Callable[..., Answer]) -> None:
    night.export("X1/1", "L1", 5)
    night.license("L3", "AE", device="amd-mi300x")
    night.export("X2/1", "L3", 5)
    del night.shipped["X1/1"]
    assert [(row["code"], row["key"]) for row in run(dry_run=True)] == []
    night.export("X3/1", "L1", 5)
    assert [(row["code"], row["key"]) for row in run(dry_run=True)] == [("MISSING_IN_SOURCE", "X1/1")]


def test_a_license_may_be_stated_with_what_was_given_up_of_it_or_without(
    night: Night, run: Callable[..., Answer]
) -> None:
    for number in ("L1", "L2"):
        country = night.licensed[number]["country"]
        night.post("release", country, "2026-10-01", license_no=number, tpp=100 * H100_TPP, reason="reduced")
    night.licensed["L1"] |= {"quantity": 900, "licensed_tpp": 900 * H100_TPP}
    assert codes(run(dry_run=True)) == []
    night.licensed["L1"] |= {"quantity": 899, "licensed_tpp": 899 * H100_TPP}
    assert codes(run(dry_run=True)) == [("LICENSE_DIFFERS", "new")]


def test_an_empty_file_is_a_night_of_no_rows(run: Callable[..., Answer]) -> None:
    answer = run()
    assert answer.basis["rows"] == {"licenses": 2, "declarations": 0, "shipments": 0, "reexports": 0}
    assert answer.basis["status"] == "FINAL"


def test_a_missing_file_stops_the_night(night: Night, tmp_path: Path) -> None:
    folder = night.write(tmp_path / "feeds")
    (folder / "shipments.csv").unlink()
    answer = night.ledger.reconcile(folder, out=tmp_path / "out")
    assert (answer.basis["status"], codes(answer)) == ("STOPPED", [("FILE_MISSING", "new")])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("row_count", 3, "FILE_CONTROL"),
        ("hash_total", 1, "FILE_CONTROL"),
        ("sha256", "0" * 64, "FILE_CONTROL"),
    ],
)
def test_a_file_that_is_not_what_its_manifest_promises_stops_the_night(
    night: Night, tmp_path: Path, field: str, value: Any, code: str
) -> None:
    folder = night.write(tmp_path / "feeds")
    amend(folder / "declarations.csv", **{field: value})
    assert {row["code"] for row in night.ledger.reconcile(folder).rows()} == {code}


def test_a_file_out_of_turn_stops_the_night(night: Night, run: Callable[..., Answer]) -> None:
    assert codes(run()) == []
    night.export("X1/1", "L1", 10)
    night.run_number = 3
    assert {row["code"] for row in run()} >= {"FILE_SEQUENCE"}


def test_the_same_rows_under_a_new_number_stop_the_night(night: Night, run: Callable[..., Answer]) -> None:
    night.covers_from["declarations"] = "2026-01-01"
    night.export("X1/1", "L1", 10)
    assert codes(run()) == []
    night.run_number = 2
    night.licensed["L1"]["consignee"] = "Example Cloud Two"
    assert ("FILE_DUPLICATE", "new") in codes(run())


def test_another_night_under_an_old_number_stops_it(night: Night, run: Callable[..., Answer]) -> None:
    night.export("X1/1", "L1", 10)
    assert codes(run()) == []
    night.declared["X1/1"]["quantity"] = 9
    assert {row["code"] for row in run()} == {"FILE_SEQUENCE"}


def test_a_file_that_cannot_be_read_lists_every_fault(night: Night, tmp_path: Path) -> None:
    night.export("X1/1", "L1", 10)
    night.declared["X1/1"]["exported_on"] = "yesterday"
    folder = night.write(tmp_path / "feeds")
    with pytest.raises(BadFeed) as refused:
        night.ledger.reconcile(folder)
    assert [(fault["line"], fault["column"]) for fault in refused.value.faults] == [(2, "exported_on")]
    (row,) = night.ledger.breaks()
    assert row["code"] == "FILE_CONTROL"


def test_a_quantity_that_cannot_be_is_refused_by_line(night: Night, tmp_path: Path) -> None:
    night.export("X1/1", "L1", 10)
    night.declared["X1/1"] |= {"quantity": 10**9 + 1, "line_no": 10**6 + 1}
    with pytest.raises(BadFeed) as refused:
        night.ledger.reconcile(night.write(tmp_path / "feeds"))
    assert [(fault["line"], fault["column"]) for fault in refused.value.faults] == [
        (2, "line_no"), (2, "quantity"),
    ]  # fmt: skip
    assert "is more than 1000000000, the most that this column takes" in str(
        refused.value.faults[1]["reason"]
    )


def test_a_night_beyond_what_can_be_kept_exactly_names_its_largest_figures(
    night: Night, tmp_path: Path
) -> None:
    night.export("X1/1", "L1", 10)
    night.licensed["L9"] = night.licensed["L1"] | {
        "license_no": "L9", "device_id": "HX-9000", "quantity": 1, "licensed_tpp": 2**53 - 1
    }  # fmt: skip
    night.told("X9/1", "L9", 10**9)
    feeds = night.write(tmp_path / "feeds")
    with pytest.raises(BadFeed, match="more than can be kept exactly") as refused:
        night.ledger.reconcile(feeds, out=tmp_path / "out")
    first, second, *_ = refused.value.faults
    assert (first["path"], first["line"], first["column"]) == (str(feeds / "licenses.csv"), 4, "licensed_tpp")
    assert (second["path"], second["column"]) == (str(feeds / "declarations.csv"), "quantity")
    assert {row["code"] for row in night.ledger.breaks()} == {"FILE_CONTROL"}
    assert list((tmp_path / "out").iterdir()) == []


def test_a_ledger_that_does_not_verify_is_not_compared(night: Night, tmp_path: Path) -> None:
    night.export("X1/1", "L1", 10)
    night.ledger.close()
    file = tmp_path / "tppq.db"
    spoil_ledger(file)
    with Ledger.open(f"sqlite:///{file}", clock=night.clock) as ledger:
        answer = ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out")
        assert (answer.basis["status"], answer.basis["stopped_by"]) == ("STOPPED", "ledger")
        assert {row["code"] for row in answer.rows()} == {"INTEGRITY"}
        assert len(ledger.breaks()) == 0


def test_twice_is_the_same_bytes(night: Night, tmp_path: Path) -> None:
    night.export("X1/1", "L1", 100)
    night.declared["X1/1"]["quantity"] = 90
    folder = night.write(tmp_path / "feeds")
    first, second = (
        Path(night.ledger.reconcile(folder, out=tmp_path / name).basis["folder"]) for name in ("one", "two")
    )
    names = {path.name for path in first.iterdir()}
    assert names == {path.name for path in second.iterdir()} == {
        "manifest.json", "breaks.parquet", "breaks.csv", "changes.csv", "certificate.csv", "matches.csv",
        "sources.csv", "proposals.jsonl", "report.html", "breaks.xlsx",
    }  # fmt: skip
    for name in names - {"manifest.json"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    timed = [
        path.joinpath("manifest.json").read_text(encoding="utf-8").split('"timings"')[0]
        for path in (first, second)
    ]
    assert timed[0] == timed[1]


def test_goods_that_left_beyond_their_license_are_recorded_and_flagged(
    night: Night, run: Callable[..., Answer]
) -> None:
    night.export("X1/1", "L1", 1_000)
    night.told("X1/2", "L1", 5)
    night.bare("overrun", "L1", 5, reference="X1/2")
    (found,) = run().rows()
    assert (found["code"], found["key"], found["at_stake_tpp"]) == ("OVER_LICENSE", "L1", 5 * H100_TPP)
