"""P0: which files make up a night, and whether each is what its manifest and its number say."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import BadFeed
from ledger.recon_files import Files, Finding, History, find, in_turn
from ledger.recon_layout import SOURCES
from ledger.recon_manifest import Manifest
from tests.recon_feeds import put

GOOD: dict[str, Any] = {
    "source": "declarations", "run_number": 7, "row_count": 0, "hash_total": 0, "mode": "cumulative",
    "as_of": "2026-11-20",
}  # fmt: skip


@pytest.fixture(name="night")
def a_night(tmp_path: Path) -> Path:
    for source in SOURCES:
        put(tmp_path, source)
    return tmp_path


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.source) for finding in findings]


def turn(found: Files, history: History) -> list[tuple[str, str | None, str | None]]:
    return [(finding.code, finding.expected, finding.found) for finding in in_turn(found.given, history)]


# --- which files there are ---------------------------------------------------------------------------------


def test_a_folder_has_its_files_in_the_order_of_source_and_run(night: Path) -> None:
    put(night, "declarations", run_number=2, name="a.csv")
    (night / "README.md").write_text("what this is")
    found = find([night])
    assert [(each.manifest.source, each.manifest.run_number) for each in found.given] == [
        ("licenses", 1), ("declarations", 1), ("declarations", 2), ("shipments", 1), ("reexports", 1),
    ]  # fmt: skip
    assert found.findings == []


def test_a_file_may_be_named_by_itself_or_by_its_manifest_and_counts_once(night: Path) -> None:
    file = night / "licenses.csv"
    named = find([file, f"{file}.manifest.json", night], expected=())
    assert [each.path for each in named.given].count(str(file)) == 1


def test_a_source_without_a_file_is_missing_and_said_by_name(night: Path) -> None:
    for name in ("shipments.csv", "shipments.csv.manifest.json"):
        (night / name).unlink()
    found = find([night])
    assert codes(found.findings) == [("FILE_MISSING", "shipments")]
    assert found.findings[0].detail == f"{night}: no file of shipments; one without rows would do"
    assert find([night], expected=["licenses"]).findings == []


def test_a_manifest_without_its_file_is_a_missing_file(night: Path) -> None:
    (night / "reexports.csv").unlink()
    found = find([night])
    assert codes(found.findings) == [("FILE_MISSING", "reexports")]
    assert "only its manifest is there" in found.findings[0].detail


def test_a_path_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    found = find([tmp_path / "declarations.csv"], expected=())
    assert codes(found.findings) == [("FILE_MISSING", "declarations")]
    assert found.findings[0].detail.endswith("declarations.csv is missing")


def test_a_file_without_a_manifest_cannot_be_read(night: Path) -> None:
    (night / "licenses.csv.manifest.json").unlink()
    with pytest.raises(BadFeed, match=r"has a fault: no manifest licenses\.csv\.manifest\.json is beside it"):
        find([night])


# --- what a manifest says ----------------------------------------------------------------------------------


def test_every_fault_of_every_manifest_is_listed_at_once(night: Path) -> None:
    for name, fields in {
        "licenses.csv": {"mode": "delta", "covers_from": "2026-11-01"},
        "declarations.csv": {"run_number": "7", "hash_total": -1, "as_of": "20.11.2026", "filer": "x"},
        "shipments.csv": {"source": "vendors", "sha256": "abc"},
    }.items():
        path = night / f"{name}.manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    manifest = json.loads((night / "reexports.csv.manifest.json").read_text())
    del manifest["row_count"]
    (night / "reexports.csv.manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadFeed) as caught:
        find([night])
    said = [(Path(str(fault["path"])).name.split(".")[0], fault["column"]) for fault in caught.value.faults]
    assert said == [
        ("declarations", "run_number"), ("declarations", "hash_total"), ("declarations", "as_of"),
        ("declarations", "filer"), ("licenses", None), ("reexports", "row_count"), ("shipments", "source"),
        ("shipments", "sha256"),
    ]  # fmt: skip
    reasons = {fault["column"]: fault["reason"] for fault in caught.value.faults}
    assert reasons["filer"] == "is not a field of a manifest"
    assert reasons["row_count"] == "is required"
    assert reasons[None] == "mode of licenses is cumulative: they come as a full snapshot"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mode": "delta"}, "covers_from is required for delta"),
        ({"covers_from": "2026-11-01"}, "does not belong to cumulative"),
        ({"mode": "delta", "covers_from": "2026-11-21"}, "covers_from 2026-11-21 is after as_of 2026-11-20"),
    ],
)
def test_the_days_of_a_manifest_belong_together(fields: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Manifest.model_validate_json(json.dumps(GOOD | fields))


def test_a_manifest_is_read_as_it_stands() -> None:
    manifest = Manifest.model_validate_json(
        json.dumps(GOOD | {"mode": "delta", "covers_from": "2026-11-01", "sha256": "0" * 64})
    )
    assert (manifest.covers_from, manifest.as_of) == (date(2026, 11, 1), date(2026, 11, 20))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("run_number", "7", "'7' is not a whole number: write one such as 12, without quotation marks"),
        ("run_number", 1.0, "1.0 is not a whole number"),
        ("run_number", True, "true is not a whole number"),
        ("run_number", 0, "0 is too small: 1 at least"),
        ("row_count", None, "null is not a whole number"),
        ("row_count", 10**30, "is too large: 9007199254740991 at most"),
        ("hash_total", float("nan"), "NaN is not a whole number"),
        ("mode", "full", "'full' is none of those that there are: write 'cumulative' or 'delta'"),
        ("as_of", "20.11.2026", "'20.11.2026' is not a day: write \"YYYY-MM-DD\""),
        ("as_of", "2026-11-20T00:00:00", "is not a day"),
        ("as_of", 1_763_596_800, "1763596800 is not a day"),
        ("sha256", "A" * 64, "is no SHA-256: write 64 hexadecimal digits, in lower case"),
        ("sha256", 5, "5 is no text"),
    ],
)
def test_a_field_of_a_manifest_is_refused_with_what_would_be_right(
    night: Path, field: str, value: object, said: str
) -> None:
    (night / "licenses.csv.manifest.json").write_text(json.dumps(GOOD | {field: value}))
    with pytest.raises(BadFeed) as caught:
        find([night / "licenses.csv"], expected=())
    ((column, reason),) = [(fault["column"], fault["reason"]) for fault in caught.value.faults]
    assert (column, said in str(reason)) == (field, True), reason


def test_a_manifest_says_nothing_twice(night: Path) -> None:
    text = json.dumps(GOOD)
    (night / "licenses.csv.manifest.json").write_text(f'{text[:-1]}, "row_count": 9}}')
    with pytest.raises(BadFeed, match="row_count is given twice"):
        find([night / "licenses.csv"], expected=())


def test_a_manifest_may_begin_with_a_byte_order_mark(night: Path) -> None:
    (night / "licenses.csv.manifest.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert find([night / "licenses.csv"], expected=()).findings == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_a_manifest_that_is_no_object_is_a_fault_of_its_own(night: Path, content: bytes) -> None:
    (night / "licenses.csv.manifest.json").write_bytes(content)
    with pytest.raises(BadFeed) as caught:
        find([night])
    assert [Path(str(fault["path"])).name for fault in caught.value.faults] == ["licenses.csv.manifest.json"]


def test_a_manifest_is_a_small_file(night: Path) -> None:
    for name, path in {"licenses": "/dev/zero", "shipments": "/dev/stdin"}.items():
        (night / f"{name}.csv.manifest.json").unlink()
        (night / f"{name}.csv.manifest.json").symlink_to(path)
    (night / "reexports.csv.manifest.json").unlink()
    os.mkfifo(night / "reexports.csv.manifest.json")
    with (night / "declarations.csv.manifest.json").open("wb") as sparse:
        sparse.truncate(3 << 30)
    with pytest.raises(BadFeed) as caught:
        find([night])
    no_file = "cannot be read: it is a pipe or a device, not a file"
    too_large = "cannot be read: it has more than 1,000,000 bytes, the most that such a file may have"
    found = {Path(str(fault["path"])).name: fault["reason"] for fault in caught.value.faults}
    assert [(name.partition(".")[0], why) for name, why in found.items()] == [
        ("declarations", too_large), ("licenses", no_file), ("reexports", no_file), ("shipments", no_file),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"run_number": ' + b"9" * 5_000 + b"}", b'{"a": ' * 100_000, b'{"source": 1e999}'],
)
def test_no_manifest_is_more_than_can_be_read(night: Path, content: bytes) -> None:
    (night / "licenses.csv.manifest.json").write_bytes(content)
    with pytest.raises(BadFeed, match=r"licenses\.csv\.manifest\.json"):
        find([night / "licenses.csv"])


# --- whose turn it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "accepted", "expected"),
    [
        ([5], {}, []),
        ([5], {4: "a"}, []),
        ([5, 6], {4: "a"}, []),
        ([4], {4: "a"}, []),
        ([4, 5], {3: "a", 4: "b"}, []),
        ([6], {4: "a"}, [("FILE_SEQUENCE", "5", "6")]),
        ([3], {4: "a"}, [("FILE_SEQUENCE", "5", "3")]),
        ([5, 7], {4: "a"}, [("FILE_SEQUENCE", "6", "7")]),
        ([5, 5], {4: "a"}, [("FILE_SEQUENCE", "6", "5")]),
    ],
)
def test_the_number_of_a_file_is_the_next_or_was_accepted_before(
    tmp_path: Path, numbers: list[int], accepted: dict[int, str], expected: list[tuple[str, str, str]]
) -> None:
    for place, number in enumerate(numbers):
        put(tmp_path, "shipments", run_number=number, name=f"{place}.csv")
    found = find([tmp_path], expected=())
    assert turn(found, {"shipments": accepted}) == expected


def test_each_source_counts_for_itself(night: Path) -> None:
    assert turn(find([night]), {"licenses": {9: "a"}}) == [("FILE_SEQUENCE", "10", "1")]


def test_every_file_that_is_out_of_turn_is_found(night: Path) -> None:
    findings = in_turn(find([night]).given, {source: {9: "a"} for source in SOURCES})
    assert codes(findings) == [("FILE_SEQUENCE", source) for source in SOURCES]
    assert "run 1 of licenses is out of turn: run 10 is next" in findings[0].detail
    assert {finding.column for finding in findings} == {"run_number"}
