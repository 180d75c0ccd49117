"""`tppq reconcile` as a job runs it: exit statuses, silence, the message, and what it leaves behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, jobs
from ledger.cli.recon_verbs import Least
from ledger.recon_breaks import SEVERITIES
from ledger.told import NEVER_RAN
from tests.night import Night
from tests.sample_recon import amend, spoil_ledger
from tests.transcripts import typed


class Desk:
    """A folder with a ledger and a night, and the command typed there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.night = night = Night(f"sqlite:///{folder / 'tppq.db'}")
        night.quota("AE")
        night.license("L1", "AE")
        for line in (1, 2):
            night.export(f"X1/{line}", "L1", 10 * line)
        night.ledger.close()

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        feeds = str(self.night.write(self.folder / "feeds"))
        return typed(["reconcile", feeds, *arguments], clock=self.night.clock)

    def messages(self) -> list[dict[str, object]]:
        """What lies in the outbox, oldest first."""
        files = sorted((self.folder / "out" / "outbox").glob("*.json"))
        return [json.loads(file.read_text(encoding="utf-8"))["data"] for file in files]

    def current(self) -> dict[str, str | None]:
        found: dict[str, str | None] = json.loads(
            (self.folder / "out" / "current.json").read_text(encoding="utf-8")
        )
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An empty folder to work in, and no setting from this machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("LEDGER", "FORMAT", "OUTBOX", "WEBHOOK_URL", "WEBHOOK_SECRET", "METRICS_FILE"):
        monkeypatch.delenv(f"TPPQ_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Desk(tmp_path)


def test_a_clean_night_says_nothing_and_sends_nothing(desk: Desk) -> None:
    assert desk() == (0, "", "")
    assert desk.messages() == []
    assert desk.current() == {"run": "20261120-1200", "status": "FINAL", "as_of": "2026-11-20", "stale": None}


def test_breaks_are_said_once_and_exit_with_1(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPPQ_METRICS_FILE", "tppq.prom")
    desk.night.declared["X1/1"]["quantity"] = 3
    status, out, _ = desk()
    assert (status, "QUANTITY" in out, "FINAL: 1 major break (AE)." in out) == (1, True, True)
    (message,) = desk.messages()
    said = (message["subject"], message["exit_status"], message["status"])
    assert said == ("FINAL: 1 major break (AE).", 1, "FINAL")
    assert 'tppq_breaks_open{code="QUANTITY",severity="major"} 1' in Path("tppq.prom").read_text(
        encoding="utf-8"
    )
    assert desk()[0] == 1
    assert len(desk.messages()) == 1, "the same run is told under the same name"


def test_a_night_that_is_not_clean_sends_a_message_whatever_it_exits_with(desk: Desk) -> None:
    desk.night.declared["X1/1"]["quantity"] = 9
    status, out, _ = desk()
    assert (status, "FINAL: 1 minor break (AE)." in out) == (0, True)
    (message,) = desk.messages()
    assert (message["subject"], message["exit_status"]) == ("FINAL: 1 minor break (AE).", 0)


@pytest.mark.parametrize(
    ("declared", "statuses"),
    [(9, (0, 0, 0, 1)), (3, (0, 0, 1, 1)), (90, (0, 1, 1, 1)), (1_000, (1, 1, 1, 1))],
    ids=["minor", "major", "severe", "critical"],
)
def test_the_exit_status_follows_fail_on(desk: Desk, declared: int, statuses: tuple[int, ...]) -> None:
    desk.night.declared["X1/1"]["quantity"] = declared
    found = [desk("--fail-on", least, "--dry-run")[0] for least in Least]
    assert tuple(found) == statuses
    if declared == 3:
        assert desk("--dry-run")[0] == 1, "major where nothing is said"


def test_every_severity_of_a_break_is_known_to_fail_on_and_no_other_word(desk: Desk) -> None:
    """What is in transit is none yet."""
    assert ["info", *reversed(Least)] == list(SEVERITIES)
    assert desk("--fail-on", "grave")[0] == desk("--fail-on", "info")[0] == 2


def test_a_clean_night_is_written_into_the_file_that_was_named(desk: Desk) -> None:
    Path("night.txt").write_text("what was found the night before\n", encoding="utf-8")
    assert desk("-o", "night.txt")[:2] == (0, "")
    assert "No break is open." in Path("night.txt").read_text(encoding="utf-8")


def test_what_another_entry_undoes_is_not_for_a_proposal_to_say(desk: Desk) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    desk()
    (name,) = json.loads(typed(["breaks", "--json"], clock=desk.night.clock)[1])["rows"]
    given = ["break", "propose", name["break"], "--correct", "3", "--set", "reverses_seq=2"]
    status, _, err = typed(given, clock=desk.night.clock)
    assert (status, "reverses_seq" in err) == (2, True)


def test_a_day_that_is_none_is_a_slip_of_usage_for_what_is_accepted_too(desk: Desk) -> None:
    given = ["break", "accept", "3f2a", "--reason", "settled", "--until", "1.9.2026"]
    status, _, err = typed(given, clock=desk.night.clock)
    assert status == typed(["headroom", "--as-of", "1.9.2026"], clock=desk.night.clock)[0] == 2
    assert err.startswith("Invalid value for '--until': '1.9.2026' is not a day: write YYYY-MM-DD\n")


def test_a_break_in_transit_is_none_yet(desk: Desk) -> None:
    desk.night.as_of = "2026-10-08"
    desk.night.untold("X1/2")
    assert desk("--as-of", "2026-10-08") == (0, "", "")


def test_json_is_written_even_where_nothing_is_wrong(desk: Desk) -> None:
    status, out, _ = desk("--json")
    answer = json.loads(out)
    assert (status, answer["rows"], answer["basis"]["status"]) == (0, [], "FINAL")


def test_a_dry_run_leaves_nothing_and_says_so(desk: Desk) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    status, out, _ = desk("--dry-run")
    assert (status, "Dry run: nothing was written." in out) == (1, True)
    assert not Path("out").exists()


def test_what_stops_a_night_marks_the_certificate_stale(desk: Desk) -> None:
    assert desk()[0] == 0
    desk.night.run_number = 3
    desk.night.declared["X1/1"]["quantity"] = 3
    status, out, _ = desk()
    assert (status, "FILE_SEQUENCE" in out) == (65, True)
    assert desk.current()["run"] == "20261120-1200"
    assert str(desk.current()["stale"]).startswith("STOPPED: FILE_SEQUENCE")
    (message,) = desk.messages()
    assert message["exit_status"] == 65
    desk.night.run_number = 2
    desk.night.declared["X1/1"]["quantity"] = 10
    assert desk()[0] == 0
    assert desk.current()["stale"] is None


@pytest.mark.parametrize("damaged", ["{", "[7]", "7", None])
def test_a_stopped_night_is_told_of_whatever_became_of_the_mark_of_the_last_one(
    desk: Desk, damaged: str | None
) -> None:
    desk()
    empty, current = desk.folder / "empty", desk.folder / "out" / "current.json"
    empty.mkdir()
    if damaged is None:
        current.unlink()
        current.mkdir()
    else:
        current.write_text(damaged, encoding="utf-8")
    status, _, err = typed(["reconcile", str(empty)], clock=desk.night.clock)
    (message,) = desk.messages()
    assert (status, message["exit_status"]) == (69, 69)
    if damaged is None:
        assert "current.json cannot be written, so it is not marked as stale" in err
    else:
        assert desk.current() == {"run": None, "status": None, "as_of": None, "stale": message["subject"]}


def test_a_folder_that_is_run_again_behind_a_newer_one_leaves_the_certificate_that_holds(desk: Desk) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    assert desk()[0] == 1
    before, first = desk.folder / "before", desk.current()["run"]
    shutil.copytree(desk.folder / "feeds", before)
    desk.night.declared["X1/1"]["quantity"] = 10
    desk.night.run_number += 1
    assert desk()[0] == 0
    holds = desk.current()
    assert holds["run"] != first
    assert typed(["reconcile", str(before)], clock=desk.night.clock)[0] == 1
    assert desk.current() == holds


def test_a_run_that_looks_back_leaves_the_certificate_that_holds(desk: Desk) -> None:
    assert desk()[0] == 0
    assert desk("--as-of", "2026-11-01", "--out", "out")[0] == 0
    assert desk.current()["as_of"] == "2026-11-20"
    assert len(list(Path("out").glob("2026*"))) == 2


def test_a_missing_file_exits_with_69(desk: Desk) -> None:
    feeds = desk.night.write(desk.folder / "feeds")
    (feeds / "reexports.csv").unlink()
    status, out, _ = typed(["reconcile", str(feeds)], clock=desk.night.clock)
    assert (status, "FILE_MISSING" in out) == (69, True)
    assert typed(["reconcile", "nowhere"], clock=desk.night.clock)[0] == 69


def test_what_is_done_about_a_break_is_told_to_people_and_answered_to_programs(desk: Desk) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    assert desk("-q")[0] == 1
    (row,) = json.loads(typed(["breaks", "--json"], clock=desk.night.clock)[1])["rows"]
    name = row["break"]

    def done(*arguments: str) -> list[dict[str, Any]]:
        status, out, err = typed(["break", *arguments, "--json"], clock=desk.night.clock)
        assert (status, err) == (0, "")
        said = json.loads(out)
        assert said["basis"]["seq"] == 4
        return list(said["rows"])

    said = f"{name} QUANTITY {row['key']}: taken by omar.\n"
    assert typed(["break", "take", name, "--for", "omar"], clock=desk.night.clock) == (0, "", said)
    assert done("take", name, "--for", "maria") == [row | {"state": "taken", "officer": "maria"}]
    assert done("comment", name, "hi")[0]["state"] == "taken"
    assert done("propose", name, "--correct", "3", "--set", "quantity=3")[0]["state"] == "proposed"
    assert typed(["break", "comment", name, "hi", "-o", "z.csv"], clock=desk.night.clock)[:2] == (0, "")
    assert Path("z.csv").read_text(encoding="utf-8").startswith("break,code,severity,")
    assert typed(["break", "comment", name, "hi", "-o", "z.txt"], clock=desk.night.clock)[:2] == (0, "")
    assert Path("z.txt").read_text(encoding="utf-8") == f"{name} QUANTITY {row['key']}: remarked on.\n"
    with Ledger.open("sqlite:///tppq.db", actor="maria", clock=desk.night.clock) as ledger:
        ledger.break_propose(name, correct=3, changes={"quantity": 3})
    status, out, err = typed(["break", "confirm", name, "--json"], clock=desk.night.clock)
    assert (status, err) == (0, "")
    posted = [(each["kind"], each["seq"]) for each in json.loads(out)["posted"]]
    assert posted == [("restore", 5), ("export", 6)]


def test_each_missing_file_is_a_break_of_its_own_under_the_name_by_which_it_was_asked_for(desk: Desk) -> None:
    feeds = desk.night.write(desk.folder / "feeds")
    (feeds / "reexports.csv").unlink()
    missing = ("a.csv", "b.csv", "declarations.csv")
    assert typed(["reconcile", str(feeds), *missing], clock=desk.night.clock)[0] == 69
    _, out, _ = typed(["breaks", "--json"], clock=desk.night.clock)
    found = {(row["key"], row["source"]): row["detail"] for row in json.loads(out)["rows"]}
    assert found == {
        ("a.csv", "files"): "a.csv is missing", ("b.csv", "files"): "b.csv is missing",
        ("declarations.csv", "declarations"): "declarations.csv is missing",
        ("reexports run 1", "reexports"): f"{feeds}/reexports.csv is missing: only its manifest is there",
    }  # fmt: skip
    _, out, _ = typed(["breaks"], clock=desk.night.clock)
    assert "run None" not in out
    assert desk()[0] == 0, "a night that is whole clears them"
    assert typed(["breaks"], clock=desk.night.clock)[1] == "No break is open.\n"


@pytest.mark.parametrize(
    ("variable", "place", "way_out"),
    [
        ("TPPQ_METRICS_FILE", "nowhere/tppq.prom", "name another file with TPPQ_METRICS_FILE"),
        ("TPPQ_OUTBOX", "tppq.db/outbox", "name another folder with TPPQ_OUTBOX"),
    ],
)
def test_where_a_message_or_metrics_cannot_go_no_night_begins(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, variable: str, place: str, way_out: str
) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    monkeypatch.setenv(variable, place)
    status, out, err = desk()
    assert (status, out) == (78, "")
    assert f"{place} cannot be written: " in err
    assert way_out in err
    said = " ".join(typed(["breaks"], clock=desk.night.clock)[1].split())
    assert said == NEVER_RAN, "which is no clean night"
    assert [path.name for path in Path("out").iterdir()] == [jobs.LOCK]
    assert desk("--dry-run")[0] == 1, "that writes neither"


def test_a_night_answers_as_it_did_where_only_then_message_and_metrics_cannot_be_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    expected = desk("--out", "before", "--dry-run")[1]
    (Path("out") / "outbox" / "reconcile-20261120-1200.json").mkdir(parents=True)
    too_long = f"{'m' * 245}.prom"  # with what marks it as a part
    monkeypatch.setenv("TPPQ_METRICS_FILE", too_long)
    status, out, err = desk()
    assert (status, out.splitlines()[1:-1]) == (1, expected.splitlines()[1:-2])
    said = " ".join(err.split())
    assert "out/outbox cannot be written: Is a directory; name another folder with TPPQ_OUTBOX" in said
    assert "cannot be written: File name too long; name another file with TPPQ_METRICS_FILE" in said
    assert desk.current()["stale"] is None


def test_a_file_that_cannot_be_read_exits_with_65_and_lists_its_faults(desk: Desk) -> None:
    desk.night.declared["X1/1"]["exported_on"] = "yesterday"
    status, _, err = desk()
    assert status == 65
    assert "exported_on" in err
    (message,) = desk.messages()
    assert str(message["subject"]).startswith("STOPPED: ")


def test_a_file_that_breaks_its_promise_exits_with_65(desk: Desk) -> None:
    feeds = desk.night.write(desk.folder / "feeds")
    amend(feeds / "licenses.csv", row_count=9)
    assert typed(["reconcile", str(feeds)], clock=desk.night.clock)[0] == 65


def test_a_ledger_that_does_not_verify_exits_with_3(desk: Desk) -> None:
    spoil_ledger(desk.folder / "tppq.db")
    status, out, _ = desk()
    assert (status, "INTEGRITY" in out) == (3, True)
    assert [path.name for path in Path("out").iterdir() if not path.name.startswith(".")] == ["outbox"]


def test_a_ledger_that_is_not_the_one_that_was_signed_exits_with_3_and_its_certificate_is_stale(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk() == (0, "", "")
    (desk.folder / "kept").write_text("signed of another ledger\n", encoding="utf-8")
    monkeypatch.setenv("TPPQ_CHECKPOINT", str(desk.folder / "kept"))
    status, out, _ = desk()
    assert (status, "INTEGRITY" in out, "until that is settled nothing is written" in out) == (3, True, True)
    (message,) = desk.messages()
    assert desk.current()["stale"] == message["subject"]


def test_another_run_that_holds_the_lock_exits_with_75(desk: Desk) -> None:
    with jobs.locked(Path("out")):
        status, out, err = desk()
    assert (status, out) == (75, "")
    assert "another run holds" in err


def test_what_a_killed_run_left_is_replaced(desk: Desk) -> None:
    desk.night.declared["X1/1"]["quantity"] = 3
    part = Path("out") / ".run.part"
    part.mkdir(parents=True)
    (part / "breaks.csv").write_text("half", encoding="utf-8")
    assert desk()[0] == 1
    kept = (Path("out") / "20261120-1200" / "breaks.csv").read_bytes()
    assert not part.exists()
    for each in Path("out").glob("2026*/*"):
        each.unlink()
    assert desk()[0] == 1, "killed after it was recorded: the same run writes its folder again"
    assert (Path("out") / "20261120-1200" / "breaks.csv").read_bytes() == kept
