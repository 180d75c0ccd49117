"""The folder of a run: what is in it, what people may open it with, and that there is never half of it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from ledger import Answer, Ledger
from ledger.errors import Busy, Misconfigured, Unreachable
from ledger.recon_results import CURRENT, mark_stale, results
from tests.night import H100_TPP, Night

FORMULA = "=HYPERLINK(1)"


class Done(NamedTuple):
    url: str
    night: Night
    feeds: Path
    out: Path
    answer: Answer

    @property
    def folder(self) -> Path:
        return Path(self.answer.basis["folder"])

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """The second run of a night: of three breaks one was cleared, one is new, and the third one stays."""
    folder = tmp_path_factory.mktemp("results")
    url = f"sqlite:///{folder / 'tppq.db'}"
    night = Night(url)
    with night.ledger as ledger:
        night.quota("AE", "SA")
        night.license("L1", "AE")
        night.license(FORMULA, "SA")
        for line in (1, 2, 3):
            night.export(f"X1/{line}", "L1", 100 * line)
        night.export("X2/1", FORMULA, 5)
        night.declared["X1/1"]["quantity"] = night.shipped["X1/1"]["quantity"] = 90
        night.declared["X2/1"]["quantity"] = 6
        feeds = night.write(folder / "feeds")
        ledger.reconcile(feeds, out=folder / "out")
        night.clock.set("2026-11-23")
        night.run_number = 2
        night.declared["X2/1"]["quantity"] = 5
        del night.declared["X1/3"]
        answer = ledger.reconcile(night.write(feeds), out=folder / "out")
        yield Done(url, night, feeds, folder / "out", answer)


def test_breaks_are_in_the_answer_in_csv_and_in_parquet_alike(done: Done) -> None:
    kept = [row for row in done.answer.rows() if row["change"] != "cleared"]
    assert parquet.read_table(done.folder / "breaks.parquet").to_pylist() == kept
    assert [row["break"] for row in done.rows("breaks.csv")] == [row["break"] for row in kept]
    assert [int(row["at_stake_tpp"]) for row in done.rows("breaks.csv")] == [300 * H100_TPP, 10 * H100_TPP]


def test_breaks_are_counted_by_code_and_severity(done: Done) -> None:
    assert done.answer.basis["counted"] == [
        {"code": "MISSING_IN_SOURCE", "severity": "severe", "open": 1},
        {"code": "QUANTITY", "severity": "major", "open": 1},
    ]


def test_changes_tell_the_new_from_the_old(done: Done) -> None:
    found = {(row["change"], row["code"], row["key"]) for row in done.rows("changes.csv")}
    assert found == {
        ("new", "MISSING_IN_SOURCE", "X1/3"), ("persisting", "QUANTITY", "X1/1"),
        ("cleared", "QUANTITY", "X2/1"),
    }  # fmt: skip


def test_a_certificate_has_a_row_a_country(done: Done) -> None:
    ae, sa = done.rows("certificate.csv")
    assert (ae["country"], int(ae["ledger_exported_tpp"]), int(ae["customs_tpp"])) == (
        "AE", 600 * H100_TPP, 290 * H100_TPP,
    )  # fmt: skip
    assert (int(ae["net_tpp"]), int(ae["gross_tpp"]), ae["unexplained_tpp"]) == (
        310 * H100_TPP, 310 * H100_TPP, "0",
    )  # fmt: skip
    assert (sa["country"], sa["net_tpp"], sa["gross_tpp"]) == ("SA", "0", "0")


def test_every_match_says_its_key(done: Done) -> None:
    keys = [(row["source"], row["match_key"]) for row in done.rows("matches.csv")]
    assert keys.count(("declarations", "K1")) == 3
    assert keys.count(("shipments", "K2")) == 4


def test_sources_are_rated_by_filer(done: Done) -> None:
    rates = {(row["source"], row["filer"]): row["rate_percent"] for row in done.rows("sources.csv")}
    assert rates["declarations", "broker-1"] == "66.66"
    assert rates["shipments", "nvidia"] == "100.00"


def test_a_proposal_says_whom_to_correct_and_who_agrees(done: Done) -> None:
    lines = (done.folder / "proposals.jsonl").read_text(encoding="utf-8").splitlines()
    found = {each["key"]: each for each in map(json.loads, lines)}
    assert found["X1/1"]["correct"] == "ledger"
    assert found["X1/1"]["agree"] == ["declarations", "shipments"]
    assert found["X1/1"]["steps"] == [{"correct": 5, "changes": {"quantity": 90}}]
    assert found["X1/3"]["correct"] == "declarations"
    assert found["X1/3"]["steps"][0]["ask"] == "declarations"


def test_what_a_spreadsheet_would_take_for_a_formula_is_text(done: Done) -> None:
    licenses = {row["license_no"] for row in done.rows("matches.csv")}
    assert f"'{FORMULA}" in licenses
    assert FORMULA not in licenses


def test_the_manifest_names_every_file_by_its_hash(done: Done) -> None:
    manifest = done.manifest()
    names = {path.name for path in done.folder.iterdir()}
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert [each["source"] for each in manifest["inputs"]] == [
        "licenses", "declarations", "shipments", "reexports"
    ]  # fmt: skip
    assert manifest["cut"]["seq"] == done.answer.basis["seq"]
    assert manifest["versions"]["duckdb"]
    assert manifest["timings"]["seconds"] > 0


def test_a_run_is_provisional_until_nothing_severe_is_open(done: Done) -> None:
    assert done.manifest()["status"] == "PROVISIONAL"
    assert json.loads((done.out / CURRENT).read_text(encoding="utf-8"))["status"] == "PROVISIONAL"


def test_the_workbook_opens_as_one(done: Done) -> None:
    with ZipFile(BytesIO((done.folder / "breaks.xlsx").read_bytes())) as book:
        sheets = re.findall(r'sheet name="(\w+)"', book.read("xl/workbook.xml").decode())
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    assert sheets == ["Breaks", "Certificate", "Sources", "About"]


class _Links(HTMLParser):
    """What a page would fetch, and the tags that it leaves open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_stands_by_itself(done: Done) -> None:
    text = (done.folder / "report.html").read_text(encoding="utf-8")
    links = _Links()
    links.feed(text)
    assert links.fetched == []
    assert links.open == []
    assert "script" not in links.tags
    assert text.count("<table") == 7
    assert "@media print" in text
    assert "not a legal balance" in text
    assert "PROVISIONAL" in text


def test_a_night_that_cannot_be_compared_leaves_the_last_certificate_and_says_it_is_stale(done: Done) -> None:
    before = (done.folder / "certificate.csv").read_bytes()
    said = mark_stale(done.out, "STOPPED: FILE_MISSING")
    assert said is not None
    assert said["run"] == done.answer.basis["run"]
    assert json.loads((done.out / CURRENT).read_text(encoding="utf-8"))["stale"] == "STOPPED: FILE_MISSING"
    assert (done.folder / "certificate.csv").read_bytes() == before
    assert mark_stale(done.out / "nowhere", "x") is None


def test_a_run_again_takes_nothing_away_that_is_whole(done: Done) -> None:
    def places() -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in (done.folder, *done.folder.iterdir())}

    before = places()
    done.night.ledger.reconcile(done.feeds, out=done.out)
    assert places() == before
    (done.folder / "breaks.csv").write_text("cut short")
    (done.folder / "sources.csv").unlink()
    done.night.ledger.reconcile(done.feeds, out=done.out)
    assert places().keys() == before.keys()
    assert [row["break"] for row in done.rows("breaks.csv")]
    assert not [path for path in done.out.iterdir() if path.name.startswith(".")]


def test_another_run_in_between_leaves_nothing_behind(done: Done, tmp_path: Path) -> None:
    done.night.run_number = 3
    feeds = done.night.write(tmp_path / "feeds")
    others = [done.night.ledger]

    def clock() -> int:
        """Is read after the run knows which runs there were: another one ends just then."""
        while others:
            others.pop().reconcile(feeds)
        return done.night.clock()

    with Ledger.open(done.url, clock=clock) as ledger, pytest.raises(Busy, match="another run was recorded"):
        ledger.reconcile(feeds, as_of="2026-11-23", out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(done: Done, tmp_path: Path) -> None:
    blocked = tmp_path / "out"
    blocked.write_text("a file", encoding="utf-8")
    with pytest.raises(Misconfigured, match="cannot be written"):
        done.night.ledger.reconcile(done.feeds, out=blocked)


@pytest.mark.parametrize(
    "write",
    [
        lambda full: full.write_bytes(b"what a run found"),
        lambda full: parquet.write_table(pa.table({"seq": [1]}), full),
        lambda full: duckdb.sql(f"copy (select 1) to '{full}' (format csv, use_tmp_file false)"),
    ],
    ids=["python", "arrow", "duckdb"],
)
def test_a_disk_that_is_full_may_have_room_later(write: Callable[[Path], object], tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")  # Arrow removes what it could not write: the link, then
    said = r"cannot be written: No space left on device; make room there, or name another folder with --out"
    with pytest.raises(Unreachable, match=said), results(tmp_path / "out"):
        write(full)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_ledger_without_entries_is_known_now_and_says_of_no_time_that_it_ended_then(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        feeds = night.write(tmp_path / "feeds")
        answer = ledger.reconcile(feeds, out=tmp_path / "out")
        stopped = ledger.reconcile(feeds / "licenses.csv")
        asked = ledger.reconcile(feeds, known_at="2026-11-01", dry_run=True)
    assert [each.basis["known_at"][:10] for each in (answer, stopped, asked)] == [
        "2026-11-20", "2026-11-20", "2026-11-01"
    ]  # fmt: skip
    page = (Path(answer.basis["folder"]) / "report.html").read_text(encoding="utf-8")
    assert "no entry is in the ledger." in page
    assert "1970" not in page
