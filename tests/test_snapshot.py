"""Published snapshots: what is in them, who can read them, and that none is ever seen half made."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from ledger import (
    BadQuery,
    Busy,
    Ledger,
    Misconfigured,
    NotPermitted,
    OverHeadroom,
    Unreachable,
    core_file,
    snapshot_files,
)
from ledger.events import Telling
from ledger.snapshot_files import parts
from tests.clock import Clock
from tests.small import entry, fill
from tests.transcripts import typed

HEADROOM = [("AE", 54_087_200), ("IN", 5_000), ("SA", -100_000)]
OLDER = {"1.4": "1.4.5", "1.5": "1.5.6"}
"""Releases of DuckDB that read what is published, beside the one that writes it."""


@pytest.fixture(name="ledger", scope="module")
def _ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with fill(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'tppq.db'}") as ledger:
        yield ledger


@pytest.fixture(name="now", scope="module")
def _now(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published snapshot that is only read, by way of `current`."""
    folder = tmp_path_factory.mktemp("published")
    assert ledger.publish(folder).made
    return folder / "current"


@pytest.fixture(name="growing")
def _growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger whose history is in parts of 8, 4 and 2 entries."""
    monkeypatch.setattr(snapshot_files, "_PARTS", (8, 4, 2))
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        yield ledger


def post(ledger: Ledger, times: int) -> None:
    for _ in range(times):
        ledger.post(entry("block", "AE", "2026-02-20", tpp=1, reason="=1+1"))


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- what is in it --------------------------------------------------------------------------------


def test_a_snapshot_has_every_table_in_every_form(now: Path) -> None:
    tables = ("break", "country", "device", "headroom", "license", "meta", "move", "refusal", "regime")
    expected = {f"{name}.{form}" for name in tables for form in ("csv", "parquet")}
    entries = {f"entry.{form}/000000000001-000000000014.{form}" for form in ("csv", "parquet")}
    others = {"DICTIONARY.md", "SHA256SUMS", "datapackage.json", "macros.sql", "tppq.duckdb"}
    assert set(files(now)) == expected | entries | others
    assert now.readlink() == Path("14")


def test_its_tables_are_what_the_ledger_answers(ledger: Ledger, now: Path) -> None:
    with duckdb.connect(str(now / "tppq.duckdb"), read_only=True) as connection:
        assert connection.execute("select country, headroom_tpp from headroom").fetchall() == HEADROOM
        entries = connection.execute(
            "select seq, hash, headroom_after_tpp from entry order by seq"
        ).fetchall()
        licenses = connection.execute("select license_no, license_state from license").fetchall()
        (meta,) = connection.execute("select seq, head_hash, as_of::varchar, regime from meta").fetchall()
    stored = ledger.sql("select seq, hash, headroom_after_tpp from entry order by seq").rows()
    assert entries == [tuple(row.values()) for row in stored]
    assert licenses == [("L-1", "active"), ("L-2", "active"), ("I-1", "active"), ("S-1", "revoked")]
    assert meta == (14, stored[-1]["hash"], "2026-02-15", "diffusion-2025")


def test_the_macros_answer_as_of_any_day(now: Path, ledger: Ledger) -> None:
    with duckdb.connect(str(now / "tppq.duckdb"), read_only=True) as connection:
        connection.execute((now / "macros.sql").read_text(encoding="utf-8"))
        for query in (
            "from headroom(as_of := '2026-01-31')", "from statement('SA')", "from running() order by seq",
            "from state_event", "from licenses()", "from posting order by all",
        ):  # fmt: skip
            trusted = [tuple(row.values()) for row in ledger.sql(query)]
            assert connection.execute(query).fetchall() == trusted, query


def test_comments_are_in_the_file(now: Path) -> None:
    with duckdb.connect(str(now / "tppq.duckdb"), read_only=True) as connection:
        query = "select table_name, column_name from duckdb_columns() where comment is null and not internal"
        silent = connection.execute(f"{query} and table_name not in ('sorted_through')").fetchall()
    assert silent == []


def test_parquet_says_up_to_which_entry_it_holds(now: Path) -> None:
    head = json.loads((now / "datapackage.json").read_text(encoding="utf-8"))["tppq"]["head_hash"].encode()
    for path in now.rglob("*.parquet"):
        if path.is_file():
            assert pq.read_metadata(path).metadata == {
                b"seq": b"14", b"head_hash": head, b"regime": b"diffusion-2025",
            }  # fmt: skip
    rows = pq.read_table(now / "entry.parquet").select(["country", "seq"]).to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["country"], row["seq"]))


def test_every_part_of_the_entries_has_the_same_columns_whatever_is_null_in_it(now: Path) -> None:
    (part,) = (now / "entry.parquet").iterdir()
    assert all(column.nullable for column in pq.read_schema(part))


def test_pandas_and_polars_read_it(now: Path) -> None:
    frame = pd.read_parquet(now / "headroom.parquet", dtype_backend="pyarrow")
    assert list(zip(frame["country"], frame["headroom_tpp"], strict=True)) == HEADROOM
    assert len(pd.read_parquet(now / "entry.parquet", dtype_backend="pyarrow")) == 14
    left = (
        pl.scan_parquet(now / "entry.parquet" / "*.parquet")
        .group_by("country")
        .agg(pl.col("to_headroom_tpp").sum())
    )
    assert sorted(left.collect().rows()) == HEADROOM


def test_a_spreadsheet_finds_no_formula_in_the_csv(growing: Ledger, tmp_path: Path) -> None:
    post(growing, 1)
    growing.publish(tmp_path / "out")
    with (tmp_path / "out" / "current" / "entry.csv" / "000000000015-000000000015.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        (row,) = csv.DictReader(file)
    assert (row["reason"], row["recorded_at"]) == ("'=1+1", "2026-03-01T12:00:00.000000Z")


def test_it_is_a_valid_data_package(now: Path) -> None:
    report = frictionless.validate(str(now / "datapackage.json"))
    assert report.flatten(["rowNumber", "fieldName", "note"]) == []
    assert report.valid
    assert report.stats["tasks"] == 10


def test_its_sums_are_right(now: Path) -> None:
    lines = (now / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    summed = {line[66:]: line[:64] for line in lines}
    found = {name: sha256(data).hexdigest() for name, data in files(now).items() if name != "SHA256SUMS"}
    assert summed == found


def test_its_dictionary_names_every_table(now: Path) -> None:
    text = (now / "DICTIONARY.md").read_text(encoding="utf-8")
    for name in ("entry (table)", "headroom (view)", "headroom (macro)", "license (view)", "meta (view)"):
        assert f"## {name}" in text


def test_refusals_and_breaks_are_there_as_they_stand(growing: Ledger, tmp_path: Path) -> None:
    """Where they came and no entry, it is another edition of the same number."""
    out = tmp_path / "out"
    assert published(growing, out) == ("14", [], [])
    seen = {
        "code": "QUANTITY", "severity": "minor", "source": "declarations", "key": "=X1", "country": "AE",
        "net_tpp": -200, "at_stake_tpp": 200, "detail": "10 against 12", "on": "2026-02-27",
    }  # fmt: skip
    told(growing, Telling("break", "aaaa", "seen", seen))
    with pytest.raises(OverHeadroom):
        growing.post(entry("license", "IN", "2026-02-20", tpp=15_832, license_no="I-2"), request_id="=R")
    refused = [("OverHeadroom", "IN", 10_832)]
    for _ in range(2):
        assert published(growing, out) == ("14-2", [("QUANTITY", "new", None, True, 0)], refused)
    with (out / "current" / "break.csv").open(encoding="utf-8", newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["'=X1"]
    with (out / "current" / "refusal.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["request_id"], row["refused_at"]) == ("'=R", "2026-03-01T12:00:00.000000Z")
    told(growing, Telling("break", "aaaa", "taken", {}))
    assert published(growing, out) == ("14-3", [("QUANTITY", "taken", "omar", True, 0)], refused)
    growing._store.clock = Clock("2026-03-02")  # noqa: SLF001  # the next morning
    assert published(growing, out)[0] == "14-3"
    post(growing, 1)
    assert published(growing, out) == ("15", [("QUANTITY", "taken", "omar", True, 1)], refused)
    assert growing.publish(out, keep=2).pruned == 2
    assert names(out) == ["14-3", "15", "current"]


def told(ledger: Ledger, telling: Telling) -> None:
    ledger._store.record([telling], "omar")  # noqa: SLF001  # what a reconciliation run and an officer record


def published(ledger: Ledger, folder: Path) -> tuple[str, list[Any], list[Any]]:
    """The name of the snapshot of the ledger as it stands, and its breaks and refusals."""
    ledger.publish(folder)
    with duckdb.connect(str(folder / "current" / "tppq.duckdb"), read_only=True) as connection:
        breaks = connection.execute("select code, state, owner, is_open, age_working_days from break")
        found = breaks.fetchall()
        refused = connection.execute("select type, country, short_by_tpp from refusal").fetchall()
    return (folder / "current").readlink().name, found, refused


# --- older DuckDB ---------------------------------------------------------------------------------

READ = """
import json, sys, duckdb
connection = duckdb.connect("tppq.duckdb", read_only=True)
told = [duckdb.__version__]
told.append(connection.execute("select country, headroom_tpp from headroom").fetchall())
told.append(connection.execute("select count(*) from entry").fetchall())
told.append(connection.execute("select comment from duckdb_tables() where table_name = 'meta'").fetchall())
told.append(connection.execute("select count(*) from 'entry.parquet/*.parquet'").fetchall())
connection.execute(open("macros.sql", encoding="utf-8").read())
told.append(connection.execute("select headroom_tpp from headroom(as_of := '2026-01-31')").fetchall())
told.append(connection.execute("select license_no from licenses()").fetchall())
try:
    connection.execute("select count(*) from statement('AE')").fetchall()
except duckdb.Error as error:
    told.append(str(error))
print(json.dumps(told))
"""


@pytest.mark.parametrize("release", OLDER)
def test_older_duckdb_reads_the_file_and_is_kept_from_wrong_sums(now: Path, release: str) -> None:
    """From a folder of its own beside the environment, where it is put once."""
    home = Path(sys.prefix) / f"duckdb-{OLDER[release]}"
    if not (home / "duckdb").is_dir():
        wanted = ["--quiet", "--no-deps", "--target", str(home), f"duckdb=={OLDER[release]}"]
        subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=True)
    run = subprocess.run(
        [sys.executable, "-c", READ], cwd=now, env={"PYTHONPATH": str(home)}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    version, headroom, entries, comment, parquet, before, licenses, refused = json.loads(run.stdout)
    assert version == OLDER[release]
    assert [tuple(row) for row in headroom] == HEADROOM
    assert (entries, parquet) == ([[14]], [[14]])
    assert comment[0][0].startswith("One row: which ledger this is")
    assert before == [[20_000], [240_000], [69_919_200]]
    assert [number for (number,) in licenses] == ["L-1", "L-2", "I-1", "S-1"]
    assert "use 2.0 or later" in refused


# --- again, and after more ------------------------------------------------------------------------


def test_the_same_entry_is_published_once(ledger: Ledger, now: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in now.rglob("*")}
    again = ledger.publish(now.parent)
    assert (again.made, again.seq) == (False, 14)
    assert {path: path.stat().st_mtime_ns for path in now.rglob("*")} == before


def test_a_folder_is_named_by_text_or_by_a_path_alike(ledger: Ledger, tmp_path: Path) -> None:
    published = ledger.publish(f"{tmp_path}/published", keep=1)
    assert published.made
    assert ledger.publish(tmp_path / "published") == replace(published, made=False)


def test_the_same_entry_gives_the_same_files_anywhere(ledger: Ledger, now: Path, tmp_path: Path) -> None:
    ledger.publish(tmp_path)
    here, there = files(now), files(tmp_path / "14")
    # DuckDB's own files differ from run to run; what is in them does not.
    sums = ("SHA256SUMS", "tppq.duckdb")
    assert {name: data for name, data in here.items() if name not in sums} == {
        name: data for name, data in there.items() if name not in sums
    }


@pytest.mark.parametrize(
    ("seq", "expected"),
    [
        (0, []),
        (9_999, [(1, 9_999)]),
        (10_000, [(1, 10_000)]),
        (
            325_001,
            [(1, 250_000), (250_001, 300_000), (300_001, 310_000), (310_001, 320_000), (320_001, 325_001)],
        ),
    ],
)
def test_the_parts_of_a_history_follow_from_its_length(seq: int, expected: list[tuple[int, int]]) -> None:
    assert list(parts(seq)) == expected


def test_what_was_published_before_is_shared_and_the_rest_is_as_if_written_anew(
    growing: Ledger, tmp_path: Path
) -> None:
    growing.publish(tmp_path / "out")  # 14 entries: 1-8, 9-12, 13-14
    post(growing, 3)
    later = growing.publish(tmp_path / "out")  # 17: 1-8, 9-16, 17
    assert later.shared_files == 4  # both forms of 1-8, the macros, the dictionary
    old, new = tmp_path / "out" / "14", tmp_path / "out" / "17"
    for form in ("csv", "parquet"):
        name = f"entry.{form}/000000000001-000000000008.{form}"
        assert (old / name).samefile(new / name)
    anew = growing.publish(tmp_path / "anew")
    assert anew.shared_files == 0
    assert {name: data for name, data in files(new).items() if name not in ("SHA256SUMS", "tppq.duckdb")} == {
        name: data
        for name, data in files(tmp_path / "anew" / "17").items()
        if name not in ("SHA256SUMS", "tppq.duckdb")
    }
    query = "select * from (from headroom order by country) cross join meta"
    answers = []
    for folder in (new, tmp_path / "anew" / "17"):
        with duckdb.connect(str(folder / "tppq.duckdb"), read_only=True) as connection:
            entries = connection.execute("from entry order by seq").fetchall()
            answers.append((connection.execute(query).fetchall(), entries))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("lost", "other"),
    [
        ("DICTIONARY.md", "macros.sql"),
        ("entry.csv/000000000001-000000000008.csv", "entry.parquet/000000000001-000000000008.parquet"),
    ],
)
def test_where_one_of_two_files_is_lost_both_are_written_and_the_older_one_stays_as_it_was(
    growing: Ledger, tmp_path: Path, lost: str, other: str
) -> None:
    growing.publish(tmp_path / "out")
    old, new = tmp_path / "out" / "14", tmp_path / "out" / "17"
    (old / lost).unlink()
    before = (old / other).stat()
    post(growing, 3)
    assert growing.publish(tmp_path / "out").shared_files == 2
    assert not (old / other).samefile(new / other)
    assert ((old / other).stat().st_mtime_ns, (old / other).stat().st_nlink) == (before.st_mtime_ns, 1)
    assert (new / lost).is_file()


def test_without_hard_links_the_files_are_copied(
    growing: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(1, "Operation not permitted")

    growing.publish(tmp_path / "out")
    post(growing, 3)
    monkeypatch.setattr(os, "link", no_links)
    assert growing.publish(tmp_path / "out").shared_files == 4


def damaged(file: Path) -> None:
    """In a file that DuckDB opens without complaint, an entry says something else."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update entry set tpp = tpp + 8, to_headroom_tpp = to_headroom_tpp - 8 where seq = 8"
        )


def summed_anew(folder: Path, name: str) -> None:
    """The sums say of one file what it is now."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    digest = sha256((folder / name).read_bytes()).hexdigest()
    right = [f"{digest}  {name}" if line[66:] == name else line for line in lines]
    (folder / "SHA256SUMS").write_text("\n".join([*right, ""]), encoding="utf-8")


@pytest.mark.parametrize("sums", ["as they were", "anew"])
def test_a_core_that_says_otherwise_than_the_ledger_is_not_gone_on_from(
    growing: Ledger, tmp_path: Path, sums: str
) -> None:
    out = tmp_path / "out"
    growing.publish(out)
    damaged(out / "14" / "tppq.duckdb")
    if sums == "anew":
        summed_anew(out / "14", "tppq.duckdb")
    post(growing, 3)
    done = growing.publish(out)
    assert (done.damaged_files, done.shared_files) == (1, 4)
    assert f"{out}/14 is no longer as it was published: tppq.duckdb, written anew here." in (
        done.remark or ""
    )
    growing.publish(tmp_path / "anew")
    for name in ("headroom.csv", "entry.csv/000000000017-000000000017.csv"):
        assert (out / "17" / name).read_bytes() == (tmp_path / "anew" / "17" / name).read_bytes()
    with duckdb.connect(str(out / "17" / "tppq.duckdb"), read_only=True) as connection:
        assert connection.execute("select tpp from entry where seq = 8").fetchall() == [(1_000_000,)]


@pytest.mark.parametrize(
    "change",
    [
        "update regime set h100_tpp = 1", "update entry set seq = 7 where seq = 8",
        "update entry set hash = repeat('0', 64) where seq = 11", "drop table sorted_through",
    ],
)  # fmt: skip
def test_a_core_whose_sum_was_changed_with_it_is_held_to_the_ledger(
    growing: Ledger, tmp_path: Path, change: str
) -> None:
    out = tmp_path / "out"
    growing.publish(out)
    with duckdb.connect(str(out / "14" / "tppq.duckdb")) as connection:
        connection.execute(change)
    summed_anew(out / "14", "tppq.duckdb")
    post(growing, 1)
    assert growing.publish(out).damaged_files == 1
    with duckdb.connect(str(out / "15" / "tppq.duckdb"), read_only=True) as connection:
        found = connection.execute("select sum(seq), min(h100_tpp) from entry, regime").fetchall()
    assert found == [(120, 15_832)]


@pytest.mark.parametrize("name", ["entry.csv/000000000001-000000000008.csv", "macros.sql", "SHA256SUMS"])
def test_a_file_that_is_not_what_was_published_is_written_anew(
    growing: Ledger, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    growing.publish(out)
    right = (out / "14" / name).read_bytes()
    (out / "14" / name).write_bytes(right.replace(b"1", b"2"))
    post(growing, 3)
    done = growing.publish(out)
    assert done.damaged_files > 0
    if name != "SHA256SUMS":
        assert (done.damaged_files, (out / "17" / name).read_bytes()) == (1, right)
    lines = (out / "17" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert all(sha256((out / "17" / line[66:]).read_bytes()).hexdigest() == line[:64] for line in lines)


def test_what_an_older_version_published_is_not_built_on(
    growing: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.publish(tmp_path / "out")
    post(growing, 3)
    monkeypatch.setattr("ledger.core_file.fingerprint", lambda: "another shape")
    assert growing.publish(tmp_path / "out").shared_files == 0


def test_an_empty_ledger_can_be_published(tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False) as ledger:
        assert ledger.publish(tmp_path / "out").folder.endswith("/0")
        ledger.post(entry("allocate", "AE", "2026-01-01", tpp=1))
        assert ledger.publish(tmp_path / "out").seq == 1


# --- never half made ------------------------------------------------------------------------------


def test_a_run_that_fails_leaves_what_was_there(
    growing: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing.publish(tmp_path / "out")
    post(growing, 3)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot_files, "_write_sums", full)
        with pytest.raises(Unreachable, match="out cannot be written: No space left on device"):
            growing.publish(tmp_path / "out")
    assert names(tmp_path / "out") == ["14", "current"]
    assert growing.publish(tmp_path / "out").made


FULL = """
import resource, sys
from ledger import Ledger, Unreachable
with Ledger.open(sys.argv[1]) as ledger:
    for most in (0, 4_096, 12_288, 100_000, 1_000_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        try:
            ledger.publish(sys.argv[2])
        except Unreachable as error:
            print(most, "cannot be written" in error.detail and "File too large" in error.detail)
"""


def test_wherever_there_is_no_more_room_it_is_said_so(growing: Ledger, tmp_path: Path) -> None:
    """By a limit on the size of a file, which DuckDB meets at a write, at a commit or at a checkpoint."""
    growing.headroom()
    arguments = [f"sqlite:///{tmp_path / 'tppq.db'}", str(tmp_path / "out")]
    top = str(Path(__file__).parent.parent)
    run = subprocess.run(
        [sys.executable, "-c", FULL, *arguments],
        env={"PYTHONPATH": top},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.split()[1] for line in run.stdout.splitlines()]
    assert (found, run.stderr) == (["True"] * 5, "")
    assert names(tmp_path / "out") == []


KILLED = """
import os, signal, sys
from pathlib import Path
from ledger import Ledger, snapshot_files
snapshot_files._write_sums = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Ledger.open(sys.argv[1]).publish(Path(sys.argv[2]))
"""


def test_a_run_that_was_killed_leaves_what_was_there_and_the_next_one_clears_up(
    growing: Ledger, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    growing.publish(out)
    post(growing, 3)
    arguments = [f"sqlite:///{tmp_path / 'tppq.db'}", str(out)]
    top = str(Path(__file__).parent.parent)
    run = subprocess.run([sys.executable, "-c", KILLED, *arguments], env={"PYTHONPATH": top}, check=False)
    assert run.returncode == -9
    assert names(out) == [".17.part", "14", "current"]
    assert (out / "current").readlink() == Path("14")
    assert growing.publish(out).made
    assert names(out) == ["14", "17", "current"]


def test_what_is_somebody_elses_stays_and_what_a_killed_run_left_goes(
    growing: Ledger, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for name in (".thesis.part", "13", "2025", ".12-2.part"):
        (out / name).mkdir(parents=True)
        (out / name / "dear").write_text("mine", encoding="utf-8")
    for name in (".x.part", ".11.part", ".current.mine"):
        (out / name).write_text("mine", encoding="utf-8")
    (out / ".current.4711").symlink_to("9", target_is_directory=True)
    growing.publish(out)
    post(growing, 1)
    done = growing.publish(out, keep=1)
    assert (done.pruned, done.shared_files > 0) == (1, True)
    assert names(out) == [
        ".11.part", ".current.mine", ".thesis.part", ".x.part", "13", "15", "2025", "current"
    ]  # fmt: skip
    assert (out / "13" / "dear").is_file()


@pytest.mark.parametrize("name", ["14", ".14.part"])
def test_what_is_in_the_place_of_a_snapshot_is_named_and_stays(
    growing: Ledger, tmp_path: Path, name: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine", encoding="utf-8")
    with pytest.raises(Misconfigured, match=f"out/{name} is there and is no snapshot: move it elsewhere"):
        growing.publish(tmp_path / "out")
    assert (tmp_path / "out" / name).read_text(encoding="utf-8") == "mine"


def test_two_do_not_publish_at_once(ledger: Ledger, tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(Busy, match="somebody else publishes to"):
        ledger.publish(tmp_path)
    os.close(held)
    assert ledger.publish(tmp_path).made


def test_another_ledgers_folder_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'other.db'}", opening=False) as other:
        other.post(entry("allocate", "AE", "2026-01-01", tpp=1))
        other.publish(tmp_path / "out")
    with pytest.raises(Misconfigured, match="holds snapshots of another ledger"):
        ledger.publish(tmp_path / "out")
    assert names(tmp_path / "out") == ["1", "current"]


def test_the_newest_are_kept(growing: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(3):
        growing.publish(out)
        post(growing, 1)
    done = growing.publish(out, keep=2)
    assert (done.pruned, names(out)) == (2, ["16", "17", "current"])
    assert (out / "17" / "entry.csv" / "000000000001-000000000008.csv").is_file()


@pytest.mark.parametrize("keep", [0, -1])
def test_fewer_than_one_cannot_be_kept(ledger: Ledger, tmp_path: Path, keep: int) -> None:
    with pytest.raises(BadQuery, match=f"keep={keep}: .* keep at least 1"):
        ledger.publish(tmp_path / "out", keep=keep)
    assert not (tmp_path / "out").exists()


# --- who, and typed -------------------------------------------------------------------------------


def test_that_it_was_published_is_recorded(growing: Ledger, tmp_path: Path) -> None:
    growing.publish(tmp_path / "out")
    assert [row["what"] for row in growing.audit()][-1] == "publish"


def test_in_a_shared_ledger_an_auditor_publishes(growing: Ledger, tmp_path: Path) -> None:
    growing.actor = "root"
    growing.share()
    with pytest.raises(NotPermitted, match="does not include: export"):
        growing.publish(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_published_is_told(growing: Ledger, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    status, out, _ = typed(["--ledger", url, "publish", str(tmp_path / "out")])
    assert status == 0
    assert re.search(r"/out/14: published up to entry 14, head [0-9a-f]{8}: \d+ files, [\d,]+ bytes", out)
    status, out, _ = typed(["--ledger", url, "publish", str(tmp_path / "out"), "--json"])
    assert (status, json.loads(out)["made"], json.loads(out)["seq"]) == (0, False, 14)
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("in the way", encoding="utf-8")
    status, _, err = typed(["--ledger", url, "publish", str(tmp_path / "out")])
    assert status == 69
    assert err.startswith("Unreachable: ")
    assert growing.headroom("AE").rows()[0]["headroom_tpp"] == HEADROOM[0][1]


def test_that_the_one_before_was_damaged_is_said(growing: Ledger, tmp_path: Path) -> None:
    publish = ["--ledger", f"sqlite:///{tmp_path / 'tppq.db'}", "publish", str(tmp_path / "out")]
    assert typed(publish)[0] == 0
    damaged(tmp_path / "out" / "14" / "tppq.duckdb")
    post(growing, 1)
    status, _, err = typed(publish)
    assert (status, "out/14 is no longer as it was published: tppq.duckdb" in err) == (0, True)
    damaged(tmp_path / "out" / "15" / "tppq.duckdb")
    post(growing, 1)
    assert json.loads(typed([*publish, "--json"])[1])["damaged_files"] == 1


@pytest.mark.parametrize("sign", ["?", "\\"])
def test_a_folder_that_duckdb_cannot_write_to_is_refused_and_a_ledger_there_is_asked_all_the_same(
    sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 1)
    folder = tmp_path / f"what{sign}not"
    folder.mkdir()
    with fill(f"sqlite:///{folder / 'tppq.db'}") as ledger:
        with pytest.raises(Misconfigured) as refused:
            ledger.publish(folder / "out")
        said = f"DuckDB cannot write to {folder / 'out'}, which has a {sign} in its name: choose another"
        assert refused.value.detail == said
        assert ledger.sandboxed_sql("select count(*) as n from entry").rows() == [{"n": 14}]
        assert ledger.publish(tmp_path / "out").seq == 14
