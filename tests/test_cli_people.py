"""The command in a shared ledger: who types is who acts, and what takes two takes two."""

from __future__ import annotations

import io
import json
import os
import shlex
import stat
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from ledger.cli import run
from tests.clock import Clock
from tests.outside import connected
from tests.postgres import Postgres

Typed = Callable[..., tuple[int, str, str]]
RAISE = "kind,country,effective_on,tpp,reason\nallocate,AE,2026-02-01,100000,assurances\n"
NONE_OF_US = "tppq_of_nobody"


@pytest.fixture(name="typed")
def _typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """`typed("tppq ...", "maria")`: exit status, stdout and stderr of what maria types, in its own folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("TPPQ_LEDGER", "TPPQ_TOKEN", "TPPQ_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    clock = Clock("2026-02-01")

    def typed(command: str, who: str = "root", **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        out, err = io.BytesIO(), io.StringIO()
        text = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
        with redirect_stdout(text), redirect_stderr(err):
            status = run(shlex.split(command)[1:], clock=clock, actor=who)
        for name in environment:
            monkeypatch.delenv(name)
        return status, out.getvalue().decode(), err.getvalue()

    return typed


@pytest.fixture(name="shared")
def _shared(typed: Typed) -> Typed:
    """A shared ledger of root, maria who proposes, omar who approves, and ines who looks on."""
    assert typed("tppq db init --shared")[0] == 0
    for name, role in (("maria", "officer"), ("omar", "approver"), ("ines", "auditor")):
        assert typed(f"tppq user add {name} --role {role}")[0] == 0
    Path("raise.csv").write_text(RAISE, encoding="utf-8")
    return typed


def rows(answer: tuple[int, str, str]) -> list[dict[str, Any]]:
    status, out, err = answer
    assert status == 0, err
    found: list[dict[str, Any]] = json.loads(out)["rows"]
    return found


# ---------------------------------------------------------------------------------------------------- db


def test_db_init_makes_a_ledger_shared_and_says_who_lets_others_in(typed: Typed) -> None:
    status, out, err = typed("tppq db init --shared")
    assert (status, err) == (0, "root is the first admin: tppq user add lets others in.\n")
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [
        ["schema", "ok"], ["guards", "ok"], ["roles", "ok"], ["users", "ok"]
    ]  # fmt: skip
    assert "1; admin: root; officer: nobody; approver: nobody" in out
    assert typed("tppq db init --shared")[0] == 0
    assert len(rows(typed("tppq headroom --json"))) == 158


def test_db_init_makes_a_ledger_of_one_person_one_of_many(typed: Typed) -> None:
    assert typed("tppq init")[0] == 0
    assert "none: a ledger of one person" in typed("tppq db check")[1]
    assert typed("tppq db init --shared", "maria")[0] == 0
    assert typed("tppq headroom", "omar")[0] == 77


def test_db_check_of_nothing_says_what_to_run_and_exits_with_78(typed: Typed) -> None:
    status, out, err = typed("tppq db check")
    assert (status, err) == (78, "")
    assert out.splitlines()[1].split("  ")[-1] == "run tppq db init"


def test_db_upgrade_tells_what_became_what(typed: Typed, postgres: Postgres) -> None:
    del postgres
    golden = Path(__file__).parent / "golden" / "schema_1.sqlite.sql"
    with connected("sqlite:///tppq.db") as owner:
        owner.connection.executescript(golden.read_text(encoding="utf-8"))
    status, _, err = typed("tppq headroom AE")
    assert status == 78
    assert err.endswith(": run tppq db upgrade\n")
    assert typed("tppq db check")[0] == 78
    before = json.loads(typed("tppq backup before.db --json")[1])
    assert (before["file"], before["entries"], list(Path().glob("*before*"))) == (
        "before.db", 171, [Path("before.db")]
    )  # fmt: skip
    assert (typed("tppq backup before.db")[0], typed("tppq backup again.db -q")[0]) == (78, 0)
    assert Path("again.db").read_bytes() == Path("before.db").read_bytes()
    status, out, _ = typed("tppq db upgrade --json")
    assert (status, json.loads(out)) == (0, {"before": 1, "after": 2, "entries": 171})
    assert typed("tppq db upgrade --ledger sqlite:///before.db")[0] == 0
    status, out, _ = typed("tppq db upgrade")
    assert (status, out) == (0, "sqlite:///tppq.db has schema 2 already: nothing was changed.\n")
    assert typed("tppq db check")[0] == 0
    assert typed("tppq verify")[0] == 0


def test_db_init_on_postgresql_keeps_owner_and_writers_apart(typed: Typed, postgres: Postgres) -> None:
    url = postgres.create()
    status, out, _ = typed(f"tppq db init --shared --ledger {url}")
    assert (status, "tppq_owner, tppq_writer and tppq_reader are kept apart" in out) == (0, True)
    assert "postgres: fit for tppq db alone" in out
    assert typed(f"tppq db init --shared --ledger {url}")[0] == 0
    status, _, err = typed(f"tppq headroom --ledger {url}")
    assert (status, "postgres is a superuser, whom no guard stops" in err) == (78, True)
    login = url.replace("postgres@", "typist@")
    with connected(url) as owner:
        owner.exec_driver_sql("create role typist login in role tppq_writer")
    assert len(rows(typed(f"tppq headroom --json --ledger {login}"))) == 158
    status, _, err = typed(f"tppq db init --ledger {login}")
    assert (status, "permission denied" in err) == (77, True)
    with connected(url) as owner:
        owner.exec_driver_sql("grant delete on entry to typist")
    status, out, _ = typed(f"tppq db check --ledger {url}")
    assert (
        status,
        "run as the superuser: revoke DELETE on public.entry from typist" in " ".join(out.split()),
    ) == (78, True)
    postgres.drop(url)


# ------------------------------------------------------------------------------------------------- users


def test_users_are_added_changed_listed_and_removed(shared: Typed) -> None:
    assert shared("tppq user role maria officer auditor")[1] == "maria: officer, auditor.\n"
    assert [(row["name"], row["roles"]) for row in rows(shared("tppq user list --json"))] == [
        ("ines", "auditor"), ("maria", "officer, auditor"), ("omar", "approver"), ("root", "admin"),
    ]  # fmt: skip
    assert shared("tppq user list")[1].splitlines()[0].split() == [
        "User",
        "Roles",
        "Token",
        "Since",
        "Added",
        "by",
    ]
    assert shared("tppq user remove maria")[1] == "maria is no user any more; what they did stays.\n"
    assert shared("tppq headroom", "maria")[0] == 77


REFUSED = {
    "tppq user add maria": (77, "maria is a user already"),
    "tppq user add lea --role boss": (3, "no role 'boss': write viewer, officer, approver, auditor, admin"),
    "tppq user remove root": (77, "root is the last admin"),
    "tppq user remove lea": (3, "no user 'lea' in this ledger"),
    "tppq audit": (77, "root is admin in this ledger, which does not include: audit; it takes auditor"),
    "tppq pending P-0009": (3, "no proposal 'P-0009': pending are none"),
    "tppq reject P-0009 --reason x": (77, "which does not include: approve"),
    "tppq propose": (2, "propose wants a FILE, or --reverse SEQ, or --correct SEQ: one of the three"),
    "tppq propose raise.csv --reverse 1 --reason x": (2, "one of the three"),
    "tppq propose --reverse 1": (2, "want --reason"),
    "tppq propose --reverse 1 --reason x --set tpp=1": (2, "--set goes with --correct alone"),
    "tppq propose raise.csv --reason x": (2, "--reason with --reverse and --correct"),
    "tppq propose --correct 1 --reason x --set colour=red": (
        2,
        "is not key=value with a key of kind, country",
    ),
    "tppq withdraw P-0001": (2, "Missing option '--reason'"),
    "tppq user": (2, ""),
}


@pytest.mark.parametrize("command", REFUSED)
def test_the_command_says_why_not(shared: Typed, command: str) -> None:
    status, _, err = shared(command)
    assert status == REFUSED[command][0]
    assert REFUSED[command][1] in " ".join(err.split())


def test_whoever_may_not_approve_is_denied_and_recorded_whatever_they_name(shared: Typed) -> None:
    assert rows(shared("tppq pending --json")) == []
    for proposal in ("P-0001", "what is none"):
        status, _, err = shared(f"tppq approve '{proposal}'", "maria")
        assert (status, "which does not include: approve" in " ".join(err.split())) == (77, True)
    denied = [row for row in rows(shared("tppq audit --json", "ines")) if row["outcome"] == "denied"]
    assert [(row["who"], row["what"]) for row in denied] == [("maria", "approve"), ("maria", "approve")]


def test_an_approval_of_what_is_decided_is_refused_and_recorded(shared: Typed) -> None:
    assert shared("tppq propose raise.csv", "maria")[0] == 0
    assert shared("tppq approve 1", "omar")[0] == 0
    assert shared("tppq approve P-0001", "omar")[0] == 3
    said = [row for row in rows(shared("tppq audit --json", "ines")) if row["what"] == "approve"]
    assert [(row["who"], row["outcome"]) for row in said] == [("omar", "refused")]
    assert json.loads(said[0]["detail"])["proposal"] == "P-0001"


def test_it_is_told_where_headroom_is_another_than_was_shown(shared: Typed) -> None:
    assert shared("tppq propose raise.csv", "maria")[0] == 0
    license_row = "kind,country,effective_on,license_no,tpp\nlicense,AE,2026-02-01,L-1,5\n"
    Path("license.csv").write_text(license_row, encoding="utf-8")
    assert shared("tppq post license.csv", "maria")[0] == 0
    said = "AE has 790,099,995 TPP left after it; when it was proposed, 790,100,000 were to be left."
    assert said in " ".join(shared("tppq approve p-1", "omar")[2].split())


def test_a_token_is_printed_alone_and_once_and_acts_as_its_user(shared: Typed, tmp_path: Path) -> None:
    status, token, err = shared("tppq user token maria")
    assert status == 0
    assert token.startswith("tppq_")
    assert err == "It acts as maria, is shown this once, and replaces the one before it.\n"
    assert shared("tppq pending", "eve", TPPQ_TOKEN=token.strip())[0] == 0
    file = tmp_path / "token"
    file.write_text(token, encoding="utf-8")
    file.chmod(stat.S_IRUSR)
    assert shared("tppq pending", "eve", TPPQ_TOKEN_FILE=str(file))[0] == 0
    status, _, err = shared("tppq pending", "maria", TPPQ_TOKEN=NONE_OF_US)
    assert (status, "the token is nobody's" in err, NONE_OF_US in err) == (77, True, False)
    assert shared("tppq user token maria --revoke")[1] == "No token is maria's any more.\n"
    assert shared("tppq pending", "eve", TPPQ_TOKEN=token.strip())[0] == 77


def test_a_token_in_a_file_is_for_its_owner_alone(shared: Typed, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("", encoding="utf-8")
    file.chmod(0o644)
    assert shared(f"tppq user token maria -o {file}")[0] == 0
    assert (file.read_text(encoding="utf-8")[:5], file.stat().st_mode & 0o777) == ("tppq_", 0o600)
    status, _, err = shared(f"tppq user token maria -o {tmp_path / 'none' / 'token'}")
    assert (status, "cannot be written: No such file or directory" in err) == (2, True)
    assert shared("tppq pending", "eve", TPPQ_TOKEN=file.read_text(encoding="utf-8").strip())[0] == 0


def test_where_no_token_comes_of_it_no_file_is_made_for_one(shared: Typed, tmp_path: Path) -> None:
    file = tmp_path / "token"
    status, _, err = shared(f"tppq user token nobody -o {file}")
    assert (status, err.startswith("UnknownName: no user 'nobody'"), file.exists()) == (3, True, False)
    file.write_text("theirs", encoding="utf-8")
    assert shared(f"tppq user token nobody -o {file}")[0] == 3
    assert file.read_text(encoding="utf-8") == "theirs"


def test_a_token_that_goes_to_a_device_leaves_it_open_to_others(shared: Typed, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert shared(f"tppq user token maria -o {pipe}")[0] == 0
        assert (os.read(reader, 5), pipe.stat().st_mode & 0o777) == (b"tppq_", 0o644)
    finally:
        os.close(reader)


# -------------------------------------------------------------------------------------------- two people


def test_what_one_types_another_approves(shared: Typed) -> None:
    status, _, err = shared("tppq post raise.csv", "maria")
    assert (status, "propose it (tppq propose)" in err) == (77, True)
    status, out, _ = shared("tppq propose raise.csv --remark letter", "maria")
    assert status == 0
    lines = out.splitlines()
    assert lines[1].split() == ["allocate", "AE", "100,000", "790,100,000", "49,905.25", "2026-02-01"]
    assert lines[2] == "P-0001 waits for a second person, until 2026-02-15 12:00:00Z."
    approve = lines[3]
    assert approve.startswith("tppq approve P-0001 --hash ")
    for more in ("", " --dry-run"):
        again = shared(f"tppq propose raise.csv --remark once-more{more}", "maria")[1].splitlines()
        assert again[2].startswith("Proposed already, at 20"), again
        assert (again[2].split("; ")[1], again[3:]) == ("its remark stands: letter.", lines[2:])
    shown = shared("tppq pending", "omar")[1].splitlines()[1].split()
    assert shown[:5] == ["P-0001", "maria", "allocate", "AE", "100,000"]
    assert shown[-1] == approve.split()[-1]
    assert shared(approve, "maria")[0] == 77
    status, out, _ = shared(approve + " --dry-run", "omar")
    assert (status, out.splitlines()[-1]) == (0, "Dry run: nothing was written.")
    status, out, err = shared(approve, "omar")
    assert (status, out.splitlines()[1].split()[:4]) == (0, ["159", "allocate", "AE", "100,000"])
    assert "when it was proposed" not in err
    assert shared("tppq pending", "omar")[1] == "Nothing waits for a second person.\n"
    assert shared("tppq verify", "ines")[0] == 0


def test_an_approval_tells_where_headroom_is_not_what_was_shown(shared: Typed) -> None:
    shared("tppq propose raise.csv", "maria")
    Path("license.csv").write_text(
        "kind,country,effective_on,tpp,license_no\nlicense,AE,2026-02-01,5,L1\n", encoding="utf-8"
    )
    assert shared("tppq post license.csv", "maria")[0] == 0
    status, _, err = shared("tppq approve 1", "omar")
    assert status == 0
    said = "AE has 790,099,995 TPP left after it; when it was proposed, 790,100,000 were to be left."
    assert said in err


def test_a_proposal_is_one_object_for_programs_and_rows_for_tables(shared: Typed) -> None:
    proposed = json.loads(shared("tppq propose --reverse 1 --reason twice --json", "maria")[1])
    assert (proposed["proposal"], proposed["by"], proposed["state"]) == ("P-0001", "maria", "pending")
    (entry,) = proposed["entries"]
    assert (entry["kind"], entry["reverses_seq"], entry["headroom_tpp"]) == ("withdraw", 1, 0)
    (row,) = rows(shared("tppq pending --json", "omar"))
    assert (row["hash"], row["reason"]) == (proposed["hash"], "twice")
    status, out, _ = shared("tppq reject 1 --reason 'not twice' --csv", "omar")
    assert (status, out.splitlines()[1].split(",")[:2]) == (0, ["P-0001", "maria"])
    status, out, _ = shared("tppq propose --correct 1 --set tpp=5 --reason less", "maria")
    assert (status, "P-0002 waits" in out) == (0, True)
    status, out, _ = shared("tppq withdraw 2 --reason mistaken", "maria")
    assert (status, out) == (0, "P-0002 of maria is withdrawn: mistaken.\n")


CHANGED = (
    "entry 159: quantity 2,000, was 1,000; tpp 31,664,000, was 15,832,000; expires_on 2099-12-31, was "
    "2027-02-01; consignee Front Company FZE, was Honest University; reference D1, was none"
)


@pytest.fixture(name="corrected")
def _corrected(shared: Typed) -> Typed:
    """A shared ledger in which a correction waits, of a license for Honest University."""
    Path("license.csv").write_text(
        "kind,country,effective_on,license_no,device_id,quantity,consignee,exporter\n"
        "license,AE,2026-02-01,L1,nvidia-h100-sxm5-80gb,1000,Honest University,Example Maker\n",
        encoding="utf-8",
    )
    assert shared("tppq post license.csv", "maria")[0] == 0
    changes = "--set expires_on=2099-12-31 --set quantity=2000 --set reference=D1"
    command = f"tppq propose --correct 159 {changes} --set 'consignee=Front Company FZE' --reason slip"
    status, out, _ = shared(command, "maria")
    assert (status, f"\nCorrects {CHANGED}.\n" in out, "1,000 x nvidia-h100" in out) == (0, True, True)
    return shared


@pytest.mark.parametrize("command", ["tppq pending", "tppq pending P-0001", "tppq approve 1 --dry-run"])
def test_whoever_approves_sees_what_tells_an_entry_from_others(corrected: Typed, command: str) -> None:
    status, out, _ = corrected(command, "omar")
    undone, right = out.splitlines()[1:3]
    assert status == 0
    for said in ("release, reverses 159", "2026-02-01", "1,000 x nvidia-h100-sxm5-80gb", "Honest University"):
        assert said in undone
    for said in (
        "2026-02-01", "2099-12-31", "2,000 x nvidia-h100-sxm5-80gb", "Front Company FZE", "Example Maker",
        "D1",
    ):  # fmt: skip
        assert said in right
    assert ("License expires" in out.splitlines()[0], out.splitlines()[3]) == (
        True, f"P-0001 corrects {CHANGED}.",
    )  # fmt: skip


@pytest.mark.parametrize("width", ["80", "120", "500"])
def test_what_waits_is_shown_whole_at_every_width(
    corrected: Typed, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    status, out, _ = corrected("tppq pending --format table", "omar")
    assert (status, max(map(len, out.splitlines())) <= int(width)) == (0, True)
    said = " ".join(out.split())
    told = ("2,000 x nvidia-h100-sxm5-80gb", "31,664,000", "2099-12-31", "Front Company FZE", "D1", "slip")
    assert [each for each in told if each not in said] == []
    assert CHANGED in said


@pytest.mark.parametrize("form", ["csv", "md", "json"])
def test_programs_get_all_that_was_given_of_what_waits(corrected: Typed, form: str) -> None:
    status, out, _ = corrected(f"tppq pending --format {form}", "omar")
    assert status == 0
    for each in (
        "expires_on",
        "2099-12-31",
        "consignee",
        "Front Company FZE",
        "exporter",
        "Example Maker",
        "D1",
    ):
        assert each in out


def test_columns_in_which_nothing_was_given_are_not_shown(shared: Typed) -> None:
    shared("tppq propose raise.csv", "maria")
    heading = shared("tppq pending", "omar")[1].splitlines()[0]
    assert " ".join(heading.split()) == (
        "Proposal By Kind TPP Headroom after, when proposed Effective Why Waits until Hash"
    )


def test_an_approval_that_would_go_deeper_below_zero_than_shown_is_refused(shared: Typed) -> None:
    rows = "kind,country,effective_on,license_no,tpp,reason\n{},AE,2026-02-01,{},{},left all the same\n"
    Path("overrun.csv").write_text(rows.format("overrun", "", 790_000_001), encoding="utf-8")
    Path("license.csv").write_text(rows.format("license", "L1", 790_000_000), encoding="utf-8")
    assert shared("tppq propose overrun.csv", "maria")[0] == 0
    assert shared("tppq post license.csv", "maria")[0] == 0
    status, _, err = shared("tppq approve 1", "omar")
    said = (
        "OverHeadroom: P-0001 would now take AE 790,000,001 TPP below zero; when it was proposed it left -1"
    )
    assert (status, said in " ".join(err.split())) == (3, True)


def test_a_dry_run_of_a_proposal_gives_it_no_id(shared: Typed) -> None:
    status, out, _ = shared("tppq propose raise.csv --dry-run", "maria")
    assert (status, out.splitlines()[-1]) == (0, "Dry run: it could be proposed; nothing was written.")
    assert rows(shared("tppq pending --json", "maria")) == []


def test_a_long_proposal_is_shown_by_its_beginning(shared: Typed) -> None:
    header, row = RAISE.splitlines()
    Path("raise.csv").write_text("\n".join([header, *[row] * 25]), encoding="utf-8")
    out = shared("tppq propose raise.csv", "maria")[1]
    assert "... and 5 entries more: --json or --csv lists them all." in out
    assert "P-0001: ... and 5 entries more" in shared("tppq pending", "omar")[1]
    assert len(rows(shared("tppq pending --json", "omar"))) == 25


def test_headroom_shows_what_is_pending_in_a_column_of_its_own(shared: Typed) -> None:
    shared("tppq propose raise.csv", "maria")
    (row,) = rows(shared("tppq headroom AE --json", "maria"))
    assert (row["headroom_tpp"], row["pending_tpp"]) == (790_000_000, 100_000)
    out = shared("tppq headroom AE", "maria")[1].splitlines()
    assert "Pending TPP" in out[0]
    assert out[1].split()[-3:] == ["100,000", "49,898.93", "0.0%"]
    names = shared("tppq headroom AE --csv", "maria")[1].splitlines()[0].split(",")
    assert names[6:8] == ["headroom_tpp", "headroom_h100e"]
    assert names[-2:] == ["last_seq", "pending_tpp"], "the others are where they are without people"


def test_the_trail_is_asked_from_the_day_on_which_things_were_done(shared: Typed) -> None:
    told = " ".join(shared("tppq audit --help")[1].split())
    assert "--from DATE What was done on this day (UTC) or later." in told


# ------------------------------------------------------------------------------------------------- audit


def test_the_audit_trail_is_shown_to_auditors(shared: Typed) -> None:
    shared("tppq propose raise.csv --remark letter", "maria")
    shared("tppq user list", "maria")
    status, out, _ = shared("tppq audit", "ines")
    lines = [line.split()[2:6] for line in out.splitlines()]
    assert status == 0
    assert ["maria", "proposal", "P-0001", "proposed"] in lines
    assert ["maria", "user", "denied"] in lines
    assert "entries 1; expires_at 2026-02-15" in out
    found = rows(shared("tppq audit --who maria --from 2026-02-01 --json", "ines"))
    assert {row["who"] for row in found} == {"maria"}
    assert shared("tppq audit --from 2026-03-01", "ines")[1] == "Nothing was recorded.\n"


def test_an_approval_that_was_refused_or_denied_is_told_with_its_proposal(shared: Typed) -> None:
    shared("tppq propose raise.csv --remark letter", "maria")
    shared("tppq user role ines auditor officer approver")
    shared("tppq propose raise.csv --remark own", "ines")
    for status, who, asked in (
        (3, "omar", "1 --hash 00000000"),
        (77, "maria", "p-1"),
        (3, "ines", "2"),
        (3, "omar", "1 --hash 00000000 --dry-run"),  # which leaves no trace, as it says
    ):
        assert shared(f"tppq approve {asked} --no-input", who)[0] == status, asked
    found = rows(shared("tppq audit --json", "ines"))[-3:]
    assert [
        (row["who"], row["what"], row["outcome"], json.loads(row["detail"]).get("proposal")) for row in found
    ] == [
        ("omar", "approve", "refused", "P-0001"),
        ("maria", "approve", "denied", "P-0001"),
        ("ines", "approve", "refused", "P-0002"),
    ]
    status, out, _ = shared("tppq audit", "ines")
    said = " ".join(out.split())
    assert status == 0
    assert "proposal P-0001; type UnknownName; why P-0001 is" in said
    assert "proposal P-0002; type SelfApproval; why ines proposed P-0002, and nobody" in said
