"""The doctor: each thing that can be wrong is found, and said with what to do about it."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import core_file, doctor, upgrade
from ledger.book import Ledger
from ledger.checkup import Check
from ledger.database import Database
from ledger.doctor import clock_behind, duckdb_release, sqlite_release, status
from ledger.errors import Misconfigured, NotPermitted
from ledger.settings import by_flags, settings
from ledger.sqlite_file import PUT_ASIDE
from ledger.submission import Head
from tests.evidence import copied, entry, signer_of
from tests.postgres import Postgres
from tests.transcripts import typed

GOLDEN = Path(__file__).parent / "golden"
NOW_US = 1_795_300_807_000_000
HEAD = Head(5, "f" * 64, "2026-11-22T00:00:00.000000Z", "diffusion-2025", 2, "tppq/test", "5" * 64, 0, "[]")


def examined(url: str, **found: Any) -> dict[str, Check]:
    checks, _ = doctor.examine(replace(by_flags({"ledger": url}), busy_seconds=1, **found))
    return {check.check: check for check in checks}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tppq.db'}"


def test_a_sound_ledger_has_nothing_that_fails(store_url: str) -> None:
    with Ledger.init(store_url):
        pass
    checks = examined(store_url)
    assert status(list(checks.values())) == 0
    assert {"python", "duckdb", "sqlite", "strict tables", "reference data"} <= checks.keys()
    assert checks["ledger"].found.endswith(", diffusion-2025")
    assert "entry 158" in checks["ledger"].found
    assert checks["guards"] == Check("guards", "ok", "append-only: triggers, keys and checks are there", "")
    assert all(check.advice for check in checks.values() if check.state != "ok")


def test_no_ledger_is_a_warning_with_the_way_to_one(url: str) -> None:
    checks = examined(url)
    assert checks["ledger"].state == "warn"
    assert "tppq init" in checks["ledger"].advice
    assert status(list(checks.values())) == 0


def test_a_url_of_no_ledger_fails() -> None:
    checks = examined("mysql://localhost/x")
    assert checks["ledger"].state == "fail"
    assert status(list(checks.values())) == 1


def test_a_file_that_is_no_database_fails_and_is_not_told_to_be_made(tmp_path: Path) -> None:
    (tmp_path / "file.db").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    checks = examined(f"sqlite:///{tmp_path / 'file.db'}")
    assert checks["ledger"].state == "fail"
    assert "the file is there, and it is no SQLite database" in checks["ledger"].found
    assert checks["ledger"].advice == PUT_ASIDE
    assert status(list(checks.values())) == 1


def test_a_ledger_of_another_schema_fails_with_what_brings_them_together(url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "tppq.db")) as connection:
        connection.executescript((GOLDEN / "schema_1.sqlite.sql").read_text(encoding="utf-8"))
    checks = examined(url)
    assert "ledger" not in checks
    assert (checks["schema"].state, checks["schema"].advice) == ("fail", "run tppq db upgrade")
    upgrade.upgrade(Database(url, 1))
    assert status(list(examined(url).values())) == 0
    with closing(sqlite3.connect(tmp_path / "tppq.db")) as newer, newer:
        newer.execute("update head set schema_version = 99")
    assert examined(url)["schema"].advice == "use the newer version of tppq that wrote it"


def test_a_trigger_of_somebody_elses_is_to_be_dropped_not_put_back(url: str, tmp_path: Path) -> None:
    Ledger.init(url).close()
    with closing(sqlite3.connect(tmp_path / "tppq.db")) as intruder:
        intruder.execute("create trigger quiet before insert on event begin select raise(ignore); end")
    check = examined(url)["guards"]
    assert (check.state, check.advice[:7]) == ("fail", "drop it")


def test_a_missing_guard_fails(url: str, tmp_path: Path) -> None:
    with Ledger.init(url):
        pass
    with closing(sqlite3.connect(tmp_path / "tppq.db")) as intruder:
        intruder.execute("drop trigger entry_no_update")
    checks = examined(url)
    assert checks["guards"].state == "fail"
    assert "entry_no_update" in checks["guards"].found
    assert status(list(checks.values())) == 1


def test_a_server_that_does_not_keep_what_it_acknowledges_is_told(postgres: Postgres, url: str) -> None:
    """As that of the tests, which are quicker so."""
    for each in (at := postgres.create(), url):
        Ledger.init(each).close()
    check = examined(at)["durability"]
    assert check.state == "warn"
    assert check.found == (
        "fsync is off on this server: a crash may take what was acknowledged, or damage all of it"
    )
    assert check.advice == "set fsync = on in postgresql.conf, and reload it"
    assert "durability" not in examined(url)


def test_segments_that_are_not_of_this_ledger_are_told(url: str, tmp_path: Path) -> None:
    with Ledger.init(url):
        pass
    folder = tmp_path / "tppq.db-segments"
    folder.mkdir(exist_ok=True)
    (folder / "narrow-000000000001-000000000009-0.parquet").write_bytes(b"")
    assert examined(url)["segments"].state == "warn"


def test_the_file_that_queries_run_on_is_no_segment_and_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 1)
    with Ledger.init(url) as ledger:
        ledger.sandboxed_sql("select 1 as one")
    check = examined(url)["segments"]
    assert (check.state, check.advice) == ("ok", "")
    found = r"none yet, beside core-\d{12}-[-0-9a-f]+\.duckdb, which tppq sql asks; \d+\.\d MB"
    assert re.fullmatch(found, check.found)


@pytest.mark.parametrize(
    ("release", "state", "said"),
    [
        ("2.0.0", "ok", "2.0.0"),
        ("2.0.2", "ok", "2.0.2"),
        ("2.0.1", "fail", "hangs at its end"),
        ("1.5.5", "fail", "issue 24985"),
        ("1.5.6", "fail", "issue 24985"),
        ("2.1.0", "fail", "not a release that this version was held to"),
        (None, "fail", "not installed"),
    ],
)
def test_a_duckdb_that_counts_wrong_or_hangs_is_named(release: str | None, state: str, said: str) -> None:
    check = duckdb_release(release)
    assert check.state == state
    assert said in check.found
    assert bool(check.advice) == (state != "ok")


def test_a_sqlite_with_the_race_is_a_warning() -> None:
    assert sqlite_release((3, 51, 2)).state == "warn"
    assert sqlite_release((3, 51, 3)) == Check("sqlite", "ok", "3.51.3", "")


def test_a_clock_behind_the_last_entry_is_a_warning() -> None:
    behind = clock_behind(HEAD, NOW_US - 3_600_000_000 * 24 * 30)
    assert behind.state == "warn"
    assert "behind" in behind.found
    assert clock_behind(HEAD, NOW_US + 3_600_000_000 * 24 * 30).state == "ok"


@pytest.mark.parametrize(
    ("free", "state"), [(10 << 30, "ok"), (500 << 20, "warn"), (10 << 20, "fail")], ids=["ok", "warn", "fail"]
)
def test_a_full_disk_is_told_before_a_post_fails(
    free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("usage", (), {"free": free}))
    assert doctor.disk_space(tmp_path / "not" / "there" / "tppq.db").state == state


def test_what_fails_of_the_installation_itself_is_78() -> None:
    assert status([Check("duckdb", "fail", "2.0.1", "")]) == 78
    assert status([Check("ledger", "fail", "", ""), Check("disk", "warn", "", "")]) == 1
    assert status([Check("sqlite", "warn", "", "")]) == 0


def test_a_checkpoint_that_the_ledger_is_behind_fails_as_it_stops_whoever_writes(
    url: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with Ledger.init(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        older = copied(url, tmp_path / "older")
        ledger.post(entry("license", 1, license_no="L1"))
        assert examined(url, checkpoint=str(kept))["checkpoint"].state == "warn"  # none was signed yet
        ledger.checkpoint(signer, keep=[kept])
    assert examined(url)["checkpoint"].state == "ok"
    fits = examined(url, checkpoint=str(kept), verify_key=str(signer.verifier))["checkpoint"]
    assert fits == Check("checkpoint", "ok", f"the ledger continues {kept}", "")
    behind = examined(older, checkpoint=str(kept))["checkpoint"]
    assert behind.state == "fail"
    assert "this store ends at entry 158" in behind.found
    assert behind.advice.startswith("restore the latest backup")
    kept.unlink()
    gone = examined(url, checkpoint=str(kept))["checkpoint"]
    assert (gone.state, "No such file or directory" in gone.found) == ("fail", True)


def test_keys_that_cannot_be_used_fail(url: str, tmp_path: Path) -> None:
    with Ledger.init(url):
        pass
    here = {"checkpoint": str(tmp_path / "kept"), "verify_key": "a+b+c", "signing_key_file": "nosuch"}
    checks = examined(url, **here)
    assert "is not of the form" in checks["checkpoint"].found
    assert checks["signing key"].found == "the key file nosuch cannot be read: No such file or directory"
    assert {checks[name].state for name in ("checkpoint", "signing key")} == {"fail"}


def test_the_files_and_variables_that_settings_come_from_are_told(tmp_path: Path) -> None:
    (tmp_path / "tppq.toml").write_text("busy_seconds = 1", encoding="utf-8")
    around = {"HOME": str(tmp_path / "home"), "TPPQ_REGIME": "diffusion-2025"}
    found = settings({"ledger": f"sqlite:///{tmp_path / 'x.db'}"}, around, tmp_path)
    check = doctor.configuration(found, [])
    assert check.state == "ok"
    assert check.found == (
        f"{tmp_path}/home/.config/tppq/config.toml: not there; {tmp_path}/tppq.toml: read; TPPQ_REGIME: set"
    )
    wrong = doctor.configuration(found, [Misconfigured("a = 1 cannot be used")])
    assert (wrong.state, wrong.found, status([wrong])) == ("fail", "a = 1 cannot be used", 78)
    assert "most verbs say this" in wrong.advice


def test_a_regime_in_the_settings_that_is_none_stops_init_and_no_ledger_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Ledger.init("sqlite:///tppq.db", opening=False).close()
    (tmp_path / "tppq.toml").write_text('regime = "x"', encoding="utf-8")
    (said,) = (row for row in json.loads(typed(["doctor", "--json"])[1])["rows"] if row["state"] == "fail")
    assert "no regime 'x'" in said["found"]
    assert said["advice"].endswith("until then init says this, and what needs no ledger")
    assert (typed(["init"])[0], typed(["headroom"])[0]) == (78, 0)


def test_a_ledger_that_may_not_be_written_to_is_told_with_a_way_to_ask_it(url: str) -> None:
    said = Database(url, 1).explained(sqlite3.OperationalError("attempt to write a readonly database"))
    assert isinstance(said, NotPermitted)
    assert "which SQLite needs even to read a ledger while others write to it" in said.detail
    assert "a copy of their own" in said.detail
