"""The verbs of evidence, as they are typed: keys by file, notes and proofs as text, exit 1 for no."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger import limits, tppq_verify
from tests.transcripts import typed


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger in the current folder, its key in `key`, what verifies it in `vkey`."""
    monkeypatch.chdir(tmp_path)
    for name in ("TPPQ_LEDGER", "TPPQ_CHECKPOINT", "TPPQ_VERIFY_KEY"):
        monkeypatch.delenv(name, raising=False)
    typed(["init", "-q"])
    Path("vkey").write_text(typed(["checkpoint", "--new-key", "key", "-q"])[1])
    monkeypatch.setenv("TPPQ_SIGNING_KEY_FILE", "key")


def test_a_checkpoint_goes_to_stdout_or_to_a_file_that_it_continues() -> None:
    status, note, err = typed(["checkpoint"])
    assert (status, note.split("\n")[1]) == (0, "158")
    assert "Checkpoint of 158 entries (158 read again)" in err
    status, out, err = typed(["checkpoint", "-o", "kept"])
    assert (status, out, Path("kept").read_text()) == (0, "", note)
    assert "keep that where nobody who keeps the ledger can change it" in err
    assert tppq_verify.main(["--key", "vkey", "checkpoint", "kept"]) == 0
    Path("kept").write_text("something else")
    status, _, err = typed(["checkpoint", "-o", "kept"])
    assert (status, Path("kept").read_text()) == (65, "something else")
    assert "cannot be taken for a checkpoint" in err


def test_a_file_that_is_named_twice_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPPQ_CHECKPOINT", "kept")
    status, _, err = typed(["checkpoint", "-o", "./kept"])
    assert (status, err.count("It is in kept")) == (0, 1)
    assert Path("kept").read_text(encoding="utf-8") == typed(["checkpoint", "-q"])[1]


def test_a_program_gets_a_checkpoint_and_a_proof_as_json() -> None:
    said = json.loads(typed(["checkpoint", "--json"])[1])
    assert list(said) == ["note", "size", "root", "head_hash", "key", "reread", "written", "recorded"]
    assert said["key"] == Path("vkey").read_text().strip()
    assert json.loads(typed(["prove", "5", "--json"])[1])["proof"] == typed(["prove", "5"])[1]


def test_without_a_key_or_with_one_that_others_can_read_nothing_is_signed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("key").chmod(0o644)
    status, out, err = typed(["checkpoint"])
    assert (status, out) == (78, "")
    assert "chmod 600 key" in err
    assert Path("key").read_text().strip().split("+", 4)[4] not in err
    monkeypatch.delenv("TPPQ_SIGNING_KEY_FILE")
    status, _, err = typed(["checkpoint"])
    assert status == 78
    assert "make one with tppq checkpoint --new-key FILE" in err


def test_a_proof_is_a_file_that_tppq_verify_takes() -> None:
    typed(["checkpoint", "-q", "-o", "kept", "--tiles", "tiles"])
    assert typed(["prove", "17", "-o", "proof"])[:2] == (0, "")
    assert typed(["prove", "17", "--private", "--tiles", "tiles", "-o", "private"])[0] == 0
    assert typed(["prove", "--from", "kept", "-o", "since"])[0] == 0
    for arguments in (["proof", "proof"], ["proof", "private"], ["consistency", "kept", "since"]):
        assert tppq_verify.main(["--key", "vkey", *arguments]) == 0
    assert typed(["prove"])[0] == 2
    assert typed(["prove", "17", "--from", "kept"])[0] == 2
    assert typed(["prove", "159"])[0] == 3


def test_verify_holds_the_ledger_to_a_checkpoint_kept_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = typed(["verify"])
    assert status == 0
    assert "a tail that was cut would not show (--checkpoint)" in out
    typed(["checkpoint", "-q", "-o", "kept"])
    status, out, err = typed(["verify", "--checkpoint", "kept"])
    assert (status, "as signed in kept" in out) == (0, True)
    assert "with --key its signature is checked too" in err
    monkeypatch.setenv("TPPQ_CHECKPOINT", "kept")
    monkeypatch.setenv("TPPQ_VERIFY_KEY", "vkey")
    status, out, err = typed(["verify"])
    assert (status, "as signed in kept" in out, "with --key" in err) == (0, True, False)
    Path("kept").write_text(Path("kept").read_text().replace("\n158\n", "\n157\n"))
    assert typed(["verify"])[0] == 65
    with closing(sqlite3.connect("tppq.db", isolation_level=None)) as intruder:
        for trigger in intruder.execute("select name from sqlite_schema where type = 'trigger'").fetchall():
            intruder.execute(f"drop trigger {trigger[0]}")
        intruder.execute("update entry set consignee = 'Khazna' where seq = 9")
    typed(["init", "-q"])
    monkeypatch.delenv("TPPQ_CHECKPOINT")
    status, out, _ = typed(["verify"])
    assert status == 1
    assert "NO, see chain" in out
    assert "NO, see checkpoint, tree" in out


def test_a_key_without_a_checkpoint_is_a_misunderstanding() -> None:
    status, _, err = typed(["verify", "--key", "vkey"])
    assert (status, "--key is for a checkpoint" in err) == (2, True)


def test_an_option_that_would_be_passed_over_is_a_misunderstanding() -> None:
    for given in (["--checkpoint", "kept"], ["--key", "vkey"], ["--as-of", "2026-02-01"]):
        status, out, err = typed(["verify", "--explain", *given])
        assert (status, out, f"verify --explain takes no {given[0]}" in err) == (2, "", True)
    status, out, err = typed(["checkpoint", "--new-key", "another", "--tiles", "tiles"])
    assert (status, out, "checkpoint --new-key takes no --tiles" in err) == (2, "", True)
    assert not Path("another").exists()


def test_what_each_guard_does_not_stop_is_said_without_a_ledger() -> None:
    Path("tppq.db").unlink()
    status, out, _ = typed(["verify", "--explain", "--json"])
    rows = json.loads(out)["rows"]
    assert status == 0
    assert [row["guard"] for row in rows] == [guard.guard for guard in limits.GUARDS]
    assert all(row["stops"] and row["does_not_stop"] for row in rows)
    _, out, _ = typed(["verify", "--explain"])
    assert "a tail that was cut" in out
    assert "whoever has the key" in out
