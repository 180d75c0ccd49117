"""The sample night: the files that lie there, the breaks planted in them, and that all else agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ledger import Ledger, reference
from ledger.engine import Core
from ledger.recon_breaks import CODES as CODES_OF_BREAKS
from tests.clock import Clock
from tests.recon_feeds import REGIME, Told, told
from tests.sample_recon import (
    AS_OF,
    FOLDER,
    SEED,
    expected,
    post,
    spoil,
    spoil_ledger,
    write_night,
    write_sample,
)
from tests.sample_recon_breaks import PLANTS
from tests.sample_recon_large import CODES, write_large

OF_THE_LEDGER = {"DUPLICATE", "CUMULATIVE_AS_DELTA", "ROLLUP", "UNLICENSED_EXPORT"}
OF_FEEDS = {
    "LICENSE_MISSING_LEDGER", "LICENSE_MISSING_SOURCE", "LICENSE_DIFFERS", "IN_TRANSIT", "MISSING_IN_SOURCE",
    "MISSING_IN_LEDGER", "UNKNOWN_LICENSE", "UNLICENSED_EXPORT", "QUANTITY", "CUMULATIVE_AS_DELTA", "UNIT",
    "DEVICE", "DEVICE_UNKNOWN", "COUNTRY", "DUPLICATE", "CANCELLED_AT_SOURCE", "STALE_AMENDMENT",
    "OVER_LICENSE", "EXPIRED_USE", "TREATMENT", "REEXPORT_ONE_LEG", "SERIAL_CONFLICT", "PERIOD", "ROLLUP",
}  # fmt: skip
"""Every code but those of files (FILE_*) and of the ledger's own integrity (INTEGRITY)."""


OF_FILES = ("FILE_MISSING", "FILE_SEQUENCE", "FILE_CONTROL", "FILE_DUPLICATE")


@pytest.fixture(scope="module", name="ledger")
def a_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with Ledger.init(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'tppq.db'}") as opened:
        post(opened)
        yield opened


def test_the_sample_night_is_what_its_seed_says(tmp_path: Path) -> None:
    written = write_sample(tmp_path)
    (tmp_path / "planted.csv").write_text(expected(written), encoding="utf-8")
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    there = {path.relative_to(FOLDER): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    assert made == there, "stale: run python -m tests.sample_recon"


def test_the_sample_night_has_a_break_of_every_code(ledger: Ledger, tmp_path: Path) -> None:
    written = write_night(tmp_path, ledger)
    assert {planted.code for planted in written.planted} == OF_FEEDS
    assert all(planted.tpp > 0 for planted in written.planted)
    assert max(Counter(planted.key for planted in written.planted).values()) == 1


def test_another_seed_plants_the_same_codes_elsewhere(ledger: Ledger, tmp_path: Path) -> None:
    one, other = (write_night(tmp_path / str(seed), ledger, seed).planted for seed in (SEED, 1))
    assert Counter(each.code for each in one) == Counter(each.code for each in other)
    assert len({each.key for each in one} & {each.key for each in other}) < len(one) // 2


def test_without_breaks_everybody_tells_what_the_ledger_holds(ledger: Ledger, tmp_path: Path) -> None:
    written = write_night(tmp_path, ledger, breaks=())
    assert {planted.code for planted in written.planted} == OF_THE_LEDGER
    with told(tmp_path) as night:
        assert night.staged.findings == []
        assert night.amiss() == []
        licensed = night.rows("license_told", "license_no", "country", "licensed_tpp")
        by_customs = shipped(night, "declaration", "license_no is not null and not is_cancelled")
        by_vendors = shipped(night, "shipment", "true")
    assert sorted(licensed) == sorted(
        (row["license_no"], row["country"], row["licensed_tpp"]) for row in ledger.licenses(as_of=AS_OF)
    )
    assert by_customs == by_vendors
    exported = ledger.sql("""
        select license_no, sum(quantity)::bigint as quantity from entry
        where kind = 'export' and not starts_with(coalesce(reference, ''), 'RX-')
            and not starts_with(coalesce(reference, ''), 'TR-')
        group by license_no
    """)
    twice = {"EXP-2026-001": 48, "EXP-2026-002": 60}  # what the ledger has too much
    assert by_customs == {
        row["license_no"]: row["quantity"] - twice.get(row["license_no"], 0) for row in exported
    }


def shipped(night: Told, table: str, chosen: str) -> dict[str, int]:
    rows = night.connection.table(table).filter(chosen)
    return dict(rows.aggregate("license_no, sum(quantity)::bigint").fetchall())


def test_a_night_in_parquet_and_json_lines_is_the_same_night(ledger: Ledger, tmp_path: Path) -> None:
    columns = (
        "itn",
        "line_no",
        "quantity",
        "country",
        "exported_on",
        "quarantine",
        "version",
        "is_cancelled",
    )
    found = []
    for form in ("csv", "jsonl", "parquet"):
        write_night(tmp_path / form, ledger, forms={"declarations": form})
        with told(tmp_path / form) as night:
            found.append(night.rows("declaration", *columns))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("code", OF_FILES)
def test_a_spoiled_night_is_found_before_anything_is_compared(
    ledger: Ledger, tmp_path: Path, code: str
) -> None:
    written = write_night(tmp_path, ledger)
    with told(tmp_path) as night:
        history: dict[str, dict[int, str]] = {
            each.manifest.source: {each.manifest.run_number: each.content_sha256}
            for each in night.staged.files
        }
    source = spoil(written, code)
    with told(tmp_path, history, expected=written.files) as again:
        assert [(each.code, each.source) for each in again.staged.findings] == [(code, source)]


def test_a_spoiled_ledger_is_found_before_anything_is_compared(tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", clock=Clock(AS_OF.isoformat())) as sound:
        post(sound)
        night = write_night(tmp_path / "night", sound)
        exports = [row["seq"] for row in sound.sql("select seq from entry where kind = 'export'")]
    spoil_ledger(tmp_path / "tppq.db")
    with Ledger.open(f"sqlite:///{tmp_path / 'tppq.db'}", clock=Clock(AS_OF.isoformat())) as spoiled:
        answer = spoiled.reconcile(night.folder)
    assert {row["code"] for row in answer.rows()} == {"INTEGRITY"}
    keys = {row["key"] for row in answer.rows()}
    assert {f"chain {seq}" for seq in exports} <= keys


def test_every_code_of_the_night_is_planted_and_found() -> None:
    assert set(CODES_OF_BREAKS) == OF_FEEDS | {*OF_FILES, "INTEGRITY"}


def test_a_large_night_is_a_ledger_and_feeds_with_one_break_in_a_hundred(tmp_path: Path) -> None:
    large = write_large(tmp_path, rows=5_000)
    known = reference.load()
    core = Core(REGIME, known.countries, known.devices, wide=True)
    assert core.load([large.ledger], large.last_seq)
    core.close()
    planted = duckdb.read_parquet(str(large.planted)).fetchall()
    assert {code for code, _, _ in planted} == set(CODES)
    assert (large.breaks, len(planted)) == (50, 50)
    with told(large.folder) as night:
        assert night.staged.findings == []
        amiss = {
            (code, itn)
            for code, itn in night.connection.sql("""
            select q.code, v.itn || '/' || v.line_no
            from quarantined as q inner join declaration_version as v using (row_id)
        """).fetchall()
        }
    assert amiss == {(code, key) for code, key, _ in planted if code in ("DEVICE_UNKNOWN", "STALE_AMENDMENT")}


def test_every_break_of_a_large_night_is_one_that_the_small_one_has() -> None:
    assert set(CODES) <= set(PLANTS)
