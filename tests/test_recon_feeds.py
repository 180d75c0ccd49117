"""The feeds of a reconciliation: what is staged, what is set aside and why, what keeps a night from it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ledger import recon_feeds, reference
from ledger.errors import BadFeed
from ledger.feed_survey import TOO_LONG
from ledger.recon_feeds import Coverage
from ledger.recon_files import find
from ledger.recon_layout import LAYOUTS, SOURCES
from tests.feeds import as_json_lines
from tests.recon_feeds import DECLARED, LICENSE, MOVED, REGIME, SHIPPED, Row, faults, put, told

GOLDEN = Path(__file__).parent / "golden" / "recon_faults.txt"
AMENDED = DECLARED | {"action": "change"}
CANCELLED = {"itn": DECLARED["itn"], "line_no": 1, "action": "cancel", "filer": "Pinnacle"}


def in_force(folder: Path, *columns: str) -> list[tuple[Any, ...]]:
    """What is staged of the declarations in a folder."""
    with told(folder) as night:
        return night.rows("declaration", *columns)


def standing(folder: Path) -> list[str]:
    with told(folder) as night:
        return [each for (each,) in night.rows("declaration_version", "standing")]


def each_of(folder: Path, column: str, cells: Iterable[str]) -> None:
    """A declaration with each of these cells in one column."""
    rows = (DECLARED | {"itn": f"X{place}", column: cell} for place, cell in enumerate(cells))
    put(folder, "declarations", *rows)


def set_aside(folder: Path) -> list[tuple[Any, ...]]:
    with told(folder) as night:
        return night.amiss()


# --- forms, names, days ------------------------------------------------------------------------------------


def test_each_source_has_its_view_with_the_names_of_the_ledger(tmp_path: Path) -> None:
    for source, row in zip(SOURCES, (LICENSE, DECLARED, SHIPPED, MOVED), strict=True):
        put(tmp_path, source, row)
    with told(tmp_path) as night:
        assert night.staged.findings == []
        license_of = ("license_no", "country", "device_id", "quantity", "licensed_tpp", "issued_on", "state")
        assert night.rows("license_told", *license_of) == [
            ("L1", "AE", "nvidia-h100-sxm5-80gb", 100, 1_583_200, date(2026, 1, 2), "active")
        ]
        columns = (
            "itn",
            "line_no",
            "quantity",
            "unit",
            "country",
            "exported_on",
            "device_id",
            "is_cancelled",
        )
        assert night.rows("declaration", *columns) == [
            ("X20261101000001", 1, 10, "NO", "AE", date(2026, 11, 1), None, False)
        ]
        assert night.rows("shipment", "delivery_no", "line_no", "serial_count") == [("DN-1", 1, 3)]
        assert night.rows("serial", "source", "serial") == [
            ("shipments", f"S{number}") for number in (1, 2, 3)
        ]
        assert night.rows("reexport", "reference", "leg", "from_country", "to_country") == [
            ("RX-1", "out", "AE", "SA")
        ]
        assert night.amiss() == []


@pytest.mark.parametrize(("form", "lines"), [("csv", [2, 3]), ("jsonl", [1, 2]), ("parquet", [1, 2])])
def test_every_form_is_staged_alike(tmp_path: Path, form: str, lines: list[int]) -> None:
    day = date(2026, 11, 1)
    rows = [
        DECLARED
        | {
            "device_id": None,
            "consignee": "Société Générale",
            "exported_on": day if form == "parquet" else str(day),
        },
        DECLARED | {"line_no": 2, "device_id": "H100", "exported_on": None, "action": "cancel"},
    ]
    path = put(tmp_path, "declarations", *rows, name=f"declarations.{form}")
    if form == "jsonl":
        path.write_bytes(as_json_lines(rows))
    elif form == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    columns = ("line", "line_no", "consignee", "exported_on", "device_given", "quantity", "is_cancelled")
    assert in_force(tmp_path, *columns) == [
        (lines[0], 1, "Société Générale", day, None, 10, False),
        (lines[1], 2, None, None, "H100", 10, True),
    ]


@pytest.mark.parametrize("name", ["declarations.csv", "declarations.jsonl", "declarations.tsv"])
def test_an_empty_file_is_a_file_without_rows(tmp_path: Path, name: str) -> None:
    put(tmp_path, "declarations", name=name, content="")
    with told(tmp_path) as night:
        assert (night.staged.findings, night.rows("declaration", "itn")) == ([], [])
        assert [file.row_count for file in night.staged.files] == [0]


def test_a_night_without_files_has_empty_views(tmp_path: Path) -> None:
    with told(tmp_path) as night:
        views = ("license_told", "declaration", "shipment", "reexport", "serial", "quarantined")
        assert {len(night.connection.table(name)) for name in views} == {0}


def test_a_country_is_normalised_or_set_aside(tmp_path: Path) -> None:
    known = {
        "AE": "AE", "ARE": "AE", "AE-DU": "AE", "United Arab Emirates": "AE", " uae ": "AE",
        "Viet Nam": "VN", "LI": "CH",
    }  # fmt: skip
    unknown = {"HK": "CN", "GB": "GB", "5200": None, "Emirate": None}
    each_of(tmp_path, "country", [*known, *unknown])
    with told(tmp_path) as night:
        found = night.rows("declaration", "country_given", "country", "quarantine")
    assert found == [
        *((given.strip(), country, None) for given, country in known.items()),
        *((given, country, "COUNTRY") for given, country in unknown.items()),
    ]


def test_a_destination_without_an_allocation_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    tier_3, tier_1 = (
        "CN is Tier 3 on 2026-11-01: a policy of den",
        "GB is Tier 1 on 2026-11-01: no allocation a",
    )
    others = {
        "CN": (True, tier_3),
        "HK": (True, tier_3),
        "GB": (False, tier_1),
        "UK": (False, tier_1),
        "5200": (False, "no country '5200': codes of Census Schedule"),
        "KQ": (False, "no country 'KQ': write ISO 3166-1 alpha-2, "),
    }
    rows = (SHIPPED | {"line_no": line, "country": given} for line, given in enumerate(others, start=1))
    put(tmp_path, "shipments", *rows)
    with told(tmp_path) as night:
        found = night.amiss("value", "is_critical", "reason[:43]", "code")
    assert found == [(given, *said, "COUNTRY") for given, said in others.items()]


def test_goods_may_be_reexported_from_tier_1_and_to_it_but_not_to_tier_3(tmp_path: Path) -> None:
    put(
        tmp_path, "reexports", MOVED | {"from_country": "JP"}, MOVED | {"leg": "in", "to_country": "DE"},
        MOVED | {"reference": "RX-2", "to_country": "RU"}, MOVED | {"reference": "RX-3", "from_country": "x"},
    )  # fmt: skip
    assert set_aside(tmp_path) == [("COUNTRY", "country", "RU"), ("COUNTRY", "from_country", "x")]


def test_a_device_by_another_name_is_set_aside_with_the_nearest(tmp_path: Path) -> None:
    names = ["H100", "DGX H100", "nvidia-h100-sxm5-80g"]
    each_of(tmp_path, "device_id", names)
    with told(tmp_path) as night:
        found = night.rows("declaration", "device_id", "device_given", "quarantine", "quantity")
        reasons = night.amiss("reason", "license_no", "quantity")
    assert found == [(None, name, "DEVICE_UNKNOWN", 10) for name in names]
    for name, (reason, license_no, quantity) in zip(names, reasons, strict=True):
        assert reason.startswith(f"no device '{name}': the nearest")
        assert (license_no, quantity) == ("L1", 10)


def test_an_instant_counts_as_the_day_that_was_written_down(tmp_path: Path) -> None:
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    days = {
        "2026-11-01": first, "2026-11-01T23:30:00-05:00": first, "2026-11-02T04:30:00Z": second,
        "2026-11-01T00:10:00.250+0530": first,
    }  # fmt: skip
    each_of(tmp_path, "exported_on", days)
    assert in_force(tmp_path, "exported_on", "quarantine") == [(day, None) for day in days.values()]


def test_a_day_that_cannot_be_is_set_aside_but_for_the_clocks_of_others(tmp_path: Path) -> None:
    each_of(tmp_path, "exported_on", ["2025-01-01", "2026-11-20", "2026-11-21", "2026-11-22", "2024-12-31"])
    with told(tmp_path) as night:
        assert night.amiss("code", "reason") == [
            ("PERIOD", "2026-11-22 is after 2026-11-20, the last day that the file reports on"),
            ("PERIOD", "2024-12-31 is outside the period of the regime, 2025-01-01 to 2027-12-31"),
        ]


def test_a_unit_counts_pieces_or_is_set_aside(tmp_path: Path) -> None:
    sound = {"": "NO", "pcs": "NO", "EA": "NO", "ths": "THS", "SYS": "SYS"}
    each_of(tmp_path, "unit", [*sound, "KG", "boxes"])
    assert in_force(tmp_path, "unit", "quarantine") == [
        *((unit, None) for unit in sound.values()), ("KG", "UNIT"), ("BOXES", "UNIT")
    ]  # fmt: skip


def test_a_license_whose_tpp_is_not_that_of_its_devices_is_set_aside_with_the_slip(tmp_path: Path) -> None:
    as_listed, as_declared, within_2_percent = 1_583_200, 1_584_000, 1_600_000
    slips = {
        197_900: "8 times too little, a rate (TOPS) given as TPP?",
        3_166_400: "2 times too much, a sparse rate counted as dense?",
        12_665_600: "8 times too much, systems of 8 counted as chips?",
        1_700_000: "1,700,000 TPP stated, but 100 x nvidia-h100-sxm5-80gb is 1,583,200 TPP",
    }
    stated = [as_listed, as_declared, within_2_percent, *slips]
    put(
        tmp_path, "licenses",
        *(LICENSE | {"license_no": f"L{tpp}", "licensed_tpp": tpp} for tpp in stated),
    )  # fmt: skip
    with told(tmp_path) as night:
        found = night.amiss("code", "license_no", "reason")
    assert [each[:2] for each in found] == [("LICENSE_DIFFERS", f"L{tpp}") for tpp in slips]
    assert all(slip in each[2] for slip, each in zip(slips.values(), found, strict=True))


def test_serial_numbers_are_parted_in_any_of_the_usual_ways(tmp_path: Path) -> None:
    put(
        tmp_path, "shipments", SHIPPED | {"serials": "S1; S2|S3  S4"}, SHIPPED | {"line_no": 2, "serials": ""}
    )
    with told(tmp_path) as night:
        assert night.rows("shipment", "serial_count") == [(4,), (0,)]
        assert night.rows("serial", "serial") == [(f"S{number}",) for number in (1, 2, 3, 4)]


# --- told again --------------------------------------------------------------------------------------------


def test_what_is_told_again_is_restated_and_never_added(tmp_path: Path) -> None:
    totals = [
        DECLARED,
        *(AMENDED | {"amendment_no": n, "quantity": q} for n, q in ((1, 25), (2, 25), (3, 40))),
    ]
    put(tmp_path, "declarations", *totals)
    assert in_force(tmp_path, "quantity", "version") == [(40, 4)]
    assert standing(tmp_path) == ["superseded", "superseded", "superseded", "current"]


def test_running_totals_of_four_nights_are_the_last_one(tmp_path: Path) -> None:
    for run, quantity in enumerate((10, 25, 25, 40), start=1):
        row = SHIPPED | {"quantity": quantity, "serials": None}
        put(tmp_path, "shipments", row, run_number=run, name=f"{run}.csv")
    with told(tmp_path) as night:
        assert night.rows("shipment", "quantity", "run_number") == [(40, 4)]
        found = night.rows("shipment_version", "standing")
        assert found == [("superseded",), ("superseded",), ("repeat",), ("current",)]


def test_a_repeat_changes_nothing_even_after_an_amendment(tmp_path: Path) -> None:
    put(tmp_path, "declarations", DECLARED, AMENDED | {"amendment_no": 1, "quantity": 9}, DECLARED, DECLARED)
    assert standing(tmp_path) == ["superseded", "current", "repeat", "repeat"]
    assert (in_force(tmp_path, "quantity"), set_aside(tmp_path)) == ([(9,)], [])


def test_without_numbers_amendments_count_as_they_come(tmp_path: Path) -> None:
    put(
        tmp_path, "declarations", DECLARED | {"amendment_no": None},
        *(AMENDED | {"amendment_no": None, "quantity": quantity} for quantity in (12, 10, 12)),
    )  # fmt: skip
    assert in_force(tmp_path, "quantity") == [(12,)]
    assert standing(tmp_path) == ["superseded", "superseded", "superseded", "current"]


@pytest.mark.parametrize("number", [1, 2])
def test_an_amendment_older_than_the_one_in_force_changes_nothing_and_is_set_aside(
    tmp_path: Path, number: int
) -> None:
    put(
        tmp_path, "declarations", DECLARED, AMENDED | {"amendment_no": 2, "quantity": 12},
        AMENDED | {"amendment_no": number, "quantity": 11},
    )  # fmt: skip
    assert in_force(tmp_path, "quantity", "quarantine") == [(12, None)]
    assert (standing(tmp_path)[2], set_aside(tmp_path)) == (
        "stale", [("STALE_AMENDMENT", "amendment_no", str(number))]
    )  # fmt: skip


def test_an_amendment_of_what_was_never_declared_is_set_aside(tmp_path: Path) -> None:
    put(tmp_path, "declarations", AMENDED | {"amendment_no": 1})
    assert set_aside(tmp_path) == [("STALE_AMENDMENT", "action", "change")]


def test_an_amendment_may_be_of_what_an_earlier_file_declared(tmp_path: Path) -> None:
    put(
        tmp_path, "declarations", AMENDED | {"amendment_no": 1}, run_number=5, mode="delta",
        covers_from="2026-11-19",
    )  # fmt: skip
    assert set_aside(tmp_path) == []
    with told(tmp_path) as night:
        assert night.staged.coverage == {"declarations": Coverage(date(2026, 11, 19), date(2026, 11, 20))}


def test_a_cancellation_keeps_what_it_cancels(tmp_path: Path) -> None:
    put(tmp_path, "declarations", DECLARED, CANCELLED | {"amendment_no": 1})
    columns = ("is_cancelled", "license_no", "quantity", "country", "exported_on", "unit", "version")
    assert in_force(tmp_path, *columns) == [(True, "L1", 10, "AE", date(2026, 11, 1), "NO", 2)]


def test_what_was_cancelled_may_be_declared_again(tmp_path: Path) -> None:
    again = AMENDED | {"amendment_no": 2, "quantity": 7}
    put(tmp_path, "declarations", DECLARED, CANCELLED | {"amendment_no": 1}, again)
    assert in_force(tmp_path, "is_cancelled", "quantity") == [(False, 7)]


def test_a_cancelled_row_is_not_held_to_anything(tmp_path: Path) -> None:
    put(tmp_path, "declarations", DECLARED | {"country": "CN"}, CANCELLED | {"amendment_no": 1})
    assert set_aside(tmp_path) == []


def test_a_replacement_is_of_the_whole_declaration(tmp_path: Path) -> None:
    put(
        tmp_path, "declarations", DECLARED, DECLARED | {"line_no": 2}, DECLARED | {"line_no": 3},
        DECLARED | {"action": "replace", "amendment_no": 1, "quantity": 8},
        DECLARED | {"action": "replace", "amendment_no": 1, "line_no": 3},
        DECLARED | {"itn": "X2"},
    )  # fmt: skip
    assert sorted(in_force(tmp_path, "itn", "line_no", "is_cancelled")) == [
        ("X2", 1, False), ("X20261101000001", 1, False), ("X20261101000001", 2, True),
        ("X20261101000001", 3, False),
    ]  # fmt: skip


Telling = tuple[str, int | None, int]
TELLING = st.tuples(
    st.sampled_from(["add", "change", "replace"]), st.sampled_from([None, 0, 1, 2]), st.integers(1, 2)
)


def by_hand(tellings: list[Telling]) -> list[str]:
    """What each telling of one line is worth beside the others, one after the other."""
    found: list[str] = []
    highest = -1
    for place, telling in enumerate(tellings):
        action, number, _ = telling
        if telling in tellings[place - 1 : place] or (number is not None and telling in tellings[:place]):
            found.append("repeat")
        elif number is not None and (number < highest or (number == highest and action != "add")):
            found.append("stale")
        else:
            found = ["superseded" if each == "current" else each for each in found]
            found.append("current")
            highest = max(highest, -1 if number is None else number)
    return found


@given(lines=st.lists(st.lists(TELLING, min_size=1, max_size=6), min_size=1, max_size=40))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_tellings_are_worth_what_they_are_worth_by_hand(
    tmp_path: Path, lines: list[list[Telling]]
) -> None:
    rows = [
        DECLARED | {"itn": f"X{place}", "action": action, "amendment_no": number, "quantity": quantity}
        for place, line in enumerate(lines)
        for action, number, quantity in line
    ]
    put(tmp_path, "declarations", *rows)
    assert standing(tmp_path) == [each for line in lines for each in by_hand(line)]


def test_the_newest_snapshot_of_the_licenses_is_all_there_is(tmp_path: Path) -> None:
    put(tmp_path, "licenses", LICENSE, LICENSE | {"license_no": "L2"}, run_number=1, name="1.csv")
    put(tmp_path, "licenses", LICENSE | {"state": "expired"}, run_number=2, name="2.csv")
    with told(tmp_path) as night:
        assert night.rows("license_told", "license_no", "state") == [("L1", "expired")]


def test_a_license_that_stands_twice_in_a_snapshot_must_be_the_same(tmp_path: Path) -> None:
    put(tmp_path, "licenses", LICENSE, LICENSE, LICENSE | {"license_no": "L2"},
        LICENSE | {"license_no": "L2", "country": "CN"})  # fmt: skip
    with told(tmp_path) as night:
        assert night.rows("license_told", "license_no") == [("L1",), ("L2",)]
        assert night.amiss("code", "license_no") == [
            ("LICENSE_DIFFERS", "L2"), ("COUNTRY", "L2"), ("LICENSE_DIFFERS", "L2")
        ]  # fmt: skip


def test_the_late_and_the_set_aside_are_counted_by_filer(tmp_path: Path) -> None:
    late = {"itn": "X2", "filed_on": "2026-11-07"}
    put(
        tmp_path, "declarations", DECLARED, DECLARED | late | {"country": "x"},
        DECLARED | {"itn": "X3", "filed_on": "2026-11-06", "filer": "Redwood"},
    )  # fmt: skip
    with told(tmp_path) as night:
        counted = night.connection.sql("from source_count order by source, filer").fetchall()
    assert counted == [("declarations", "Pinnacle", 2, 1, 1), ("declarations", "Redwood", 1, 0, 0)]


# --- what keeps a night from being staged ------------------------------------------------------------------


def test_every_fault_of_every_file_is_listed_by_line_and_column(
    tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    put(
        tmp_path, "licenses", LICENSE | {"expires_on": "2025-01-01"}, LICENSE | {"state": "void"},
        LICENSE | {"quantity": ""}, LICENSE | {"device_id": ""}, LICENSE | {"licensed_tpp": "1.2e3"},
    )  # fmt: skip
    put(
        tmp_path, "declarations", DECLARED | {"quantity": "1.200", "action": "amend"},
        CANCELLED | {"itn": "", "line_no": 0}, DECLARED | {"quantity": "", "country": "", "exported_on": ""},
        DECLARED | {"exported_on": "11/01/2026", "amendment_no": -1}, DECLARED | {"filed_on": "2026-11-31T1"},
    )  # fmt: skip
    put(tmp_path, "shipments", SHIPPED | {"quantity": "1,200", "serials": "S\t1"})
    put(tmp_path, "reexports", content="reference,leg,quantity\nRX-1,both,0\n")
    lines = [f"{path}:{line} {column}: {reason}" for path, line, column, reason in faults(tmp_path)]
    golden(GOLDEN, "\n".join(lines) + "\n")


def test_a_file_that_cannot_be_read_does_not_hide_the_faults_of_others(tmp_path: Path) -> None:
    put(tmp_path, "licenses", LICENSE | {"state": ""})
    (put(tmp_path, "shipments", SHIPPED).parent / "shipments.csv").unlink()
    (tmp_path / "shipments.csv").mkdir()
    put(tmp_path, "reexports", name="reexports.parquet", content="PAR1 no more")
    found = faults(tmp_path)
    assert [fault[:3] for fault in found] == [
        ("licenses.csv", 2, "state"), ("shipments.csv", None, None), ("reexports.parquet", None, None)
    ]  # fmt: skip
    assert found[2][3].startswith("cannot be read as Parquet: ")


@pytest.mark.parametrize("name", ["licenses.csv", "-"])
def test_what_is_no_file_is_not_waited_for_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", None)  # a file called '-' is that file
    put(tmp_path, "licenses", LICENSE, name=name).unlink()
    os.mkfifo(tmp_path / name)
    put(tmp_path, "shipments", SHIPPED).unlink()
    (tmp_path / "shipments.csv").symlink_to("/dev/zero")
    why = "cannot be read: it is a pipe or a device, not a file"
    assert faults(Path()) == [(name, None, None, why), ("shipments.csv", None, None, why)]


def test_a_feed_of_one_endless_line_is_refused_with_its_line(tmp_path: Path) -> None:
    put(tmp_path, "licenses", content="itn" + "," * 1_000_000)
    assert faults(tmp_path) == [("licenses.csv", 1, None, TOO_LONG)]


def test_nothing_is_left_of_a_night_with_a_fault(tmp_path: Path) -> None:
    put(tmp_path, "licenses", LICENSE)
    put(tmp_path, "declarations", DECLARED | {"filer": ""})
    with recon_feeds.connect() as connection:
        with pytest.raises(BadFeed, match=r"declarations\.csv has a fault: line 2: filer is required"):
            recon_feeds.stage(connection, find([tmp_path], ()), {}, reference.load(), REGIME)
        assert connection.sql("select * from duckdb_tables()").fetchall() == []
        assert connection.sql("select * from duckdb_views() where not internal").fetchall() == []
        put(tmp_path, "declarations", DECLARED)
        for _ in range(2):  # and a connection may be used again
            recon_feeds.stage(connection, find([tmp_path], ()), {}, reference.load(), REGIME)
        assert connection.table("declaration").project("itn").fetchall() == [(DECLARED["itn"],)]


@pytest.mark.parametrize(
    ("fields", "column", "said"),
    [
        ({"row_count": 2}, "row_count", "1 records, its manifest says 2"),
        ({"hash_total": 11}, "hash_total", "10 in all its quantities, its manifest says 11"),
        ({"sha256": "0" * 64}, "sha256", "its manifest says 00000000"),
    ],
)
def test_a_file_must_be_what_its_manifest_says(
    tmp_path: Path, fields: dict[str, Any], column: str, said: str
) -> None:
    put(tmp_path, "declarations", DECLARED, **fields)
    with told(tmp_path) as night:
        (finding,) = night.staged.findings
        assert (finding.code, finding.source, finding.column) == ("FILE_CONTROL", "declarations", column)
        assert said in finding.detail


def test_a_file_that_was_accepted_before_is_taken_again(tmp_path: Path) -> None:
    path = put(tmp_path, "declarations", DECLARED, run_number=4)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with told(tmp_path, {"declarations": {3: "x"}}) as night:
        assert (night.staged.findings, night.staged.files[0].content_sha256) == ([], sha256)
    with told(tmp_path, {"declarations": {3: "x", 4: sha256}}) as again:
        assert (again.staged.findings, again.staged.files[0].row_count) == ([], 1)


def test_an_accepted_number_with_other_contents_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "declarations", DECLARED, run_number=4)
    with told(tmp_path, {"declarations": {4: "x"}}) as night:
        (finding,) = night.staged.findings
        assert finding.code == "FILE_SEQUENCE"
        assert "run 4 of declarations was accepted before, with other contents" in finding.detail


@pytest.mark.parametrize(
    ("rows", "fields", "codes"),
    [
        ([DECLARED], {"mode": "delta", "covers_from": "2026-11-20"}, ["FILE_DUPLICATE"]),
        ([], {"mode": "delta", "covers_from": "2026-11-20"}, []),
        ([DECLARED], {}, []),
    ],
    ids=["the same news twice", "no news twice", "a snapshot in which nothing changed"],
)
def test_contents_seen_under_another_number_were_sent_twice(
    tmp_path: Path, rows: list[Row], fields: dict[str, Any], codes: list[str]
) -> None:
    path = put(tmp_path, "declarations", *rows, run_number=4, **fields)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with told(tmp_path, {"declarations": {3: sha256}}) as night:
        assert [finding.code for finding in night.staged.findings] == codes


def test_the_same_news_twice_in_one_night_were_sent_twice(tmp_path: Path) -> None:
    for number in (4, 5):
        news: dict[str, Any] = {"mode": "delta", "covers_from": "2026-11-20", "run_number": number}
        put(tmp_path, "declarations", DECLARED, name=f"declarations{number}.csv", **news)
    with told(tmp_path, {"declarations": {3: "x"}}) as night:
        (finding,) = night.staged.findings
        assert (finding.code, finding.run_number) == ("FILE_DUPLICATE", 5)
        assert "holds just what run 4 held" in finding.detail


@pytest.mark.parametrize("offset", ["+15:00", "-23:00", "+99:99", "+05:75"])
def test_an_offset_that_no_clock_has_is_a_fault(tmp_path: Path, offset: str) -> None:
    put(tmp_path, "declarations", {**DECLARED, "exported_on": f"2026-11-01T12:00:00{offset}"})
    assert [fault[1:3] for fault in faults(tmp_path)] == [(2, "exported_on")]


def test_the_layouts_say_what_each_column_is() -> None:
    for layout in LAYOUTS.values():
        assert all(column.description for column in layout.columns.values())
        assert all(column.unit for column in layout.columns.values() if column.sort in ("whole", "count"))
        assert all(column.choices for column in layout.columns.values() if column.sort == "word")
