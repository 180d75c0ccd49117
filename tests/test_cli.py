"""The command, typed: transcripts, exit statuses, terminals and pipes."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import errors
from ledger.address import Address
from ledger.cli.failure import EXITS, exit_status
from tests.transcripts import BEGINS_US, replay, typed

TRANSCRIPTS = sorted((Path(__file__).parent / "cli").glob("*.txt"))
TOP = Path(__file__).parent.parent
SQLITE = "sqlite:///tppq.db"
VERBS = (
    *("init", "post", "reverse", "correct", "headroom", "balance", "statement", "licenses", "fit"),
    *("regime", "devices", "countries", "demo", "doctor", "report", "forecast", "sql", "publish"),
    *("reconcile", "breaks", "verify", "checkpoint", "prove", "backup", "restore", "export", "import"),
    *("propose", "pending", "approve", "reject", "withdraw", "audit", "serve"),
)
GROUPS = ("break", "user", "db")
"""Verbs that have verbs of their own."""


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and no setting from this machine."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("LEDGER", "FORMAT", "REGIME", "BUSY_SECONDS"):
        monkeypatch.delenv(f"TPPQ_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


def clock() -> int:
    return BEGINS_US


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "ledger", *arguments]
    around = {**os.environ, "PYTHONPATH": str(TOP), **environment}
    return subprocess.run(command, env=around, capture_output=True, text=True, timeout=60, check=False)


# --- transcripts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_comes_out_as_it_is_written(path: Path, golden: Callable[[Path, str], None]) -> None:
    golden(path, replay(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["1_a_first_day", "2_refusals", "4_reverse_and_correct"])
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_answers_to_the_byte_like_sqlite(
    name: str, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TPPQ_LEDGER", store_url)
    written = (Path(__file__).parent / "cli" / f"{name}.txt").read_text(encoding="utf-8")
    shown = Address.of(store_url).name
    assert replay(written).replace(shown, SQLITE) == written


# --- exit statuses --------------------------------------------------------------------------------


def leaves(kind: type[errors.LedgerError]) -> Iterator[type[errors.LedgerError]]:
    for below in kind.__subclasses__():
        yield below
        yield from leaves(below)


def test_every_error_has_the_exit_status_that_its_tree_promises() -> None:
    drawn = re.findall(r"[├└]─ (\w+) .*?exit (\d+)", errors.__doc__ or "")
    assert {(kind.__name__, status) for kind, status in EXITS.items()} == {
        (name, int(status)) for name, status in drawn
    }
    statuses = {exit_status(kind("why")) for kind in leaves(errors.LedgerError)}
    assert statuses == {1, 3, 65, 69, 75, 77, 78}  # and never 99


def test_a_ledger_that_another_writer_holds_is_busy() -> None:
    typed(["init", "-q"], clock=clock)
    Path("x.csv").write_text(
        "kind,country,effective_on,license_no,tpp\nlicense,AE,2026-02-01,D1,5\n", encoding="utf-8"
    )
    Path("tppq.toml").write_text("busy_seconds = 0.05\n", encoding="utf-8")
    with closing(sqlite3.connect("tppq.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        status, out, err = typed(["post", "x.csv", "--json"], clock=clock)
    assert (status, out, json.loads(err)["type"]) == (75, "", "Busy")


def test_a_store_that_does_not_answer_is_69_and_its_password_stays_unsaid() -> None:
    url = "postgresql+psycopg://officer:secret@127.0.0.1:1/tppq"
    status, out, err = typed(["--ledger", url, "-v", "headroom"], clock=clock)
    assert (status, out) == (69, "")
    assert "ledger postgresql+psycopg://officer:***@127.0.0.1:1/tppq (--ledger)" in err
    assert "Unreachable: " in err
    assert "secret" not in err


def older(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((TOP / "tests" / "golden" / "schema_1.sqlite.sql").read_text("utf-8"))


def junk(file: Path) -> None:
    file.write_bytes(b"not a database, but long enough to be taken for one" * 100)


@pytest.mark.parametrize("made", [older, junk])
def test_a_dry_run_of_init_says_of_what_is_no_ledger_of_this_version_what_init_says(
    made: Callable[[Path], None],
) -> None:
    made(Path("tppq.db"))
    status, out, err = typed(["init", "--dry-run"], clock=clock)
    assert (status, out) == (78, "")
    assert (status, out, err) == typed(["init"], clock=clock)


def test_a_balance_that_somebody_changed_does_not_verify() -> None:
    typed(["init", "-q"], clock=clock)
    with closing(sqlite3.connect("tppq.db", isolation_level=None)) as intruder:
        intruder.execute("update balance set headroom_tpp = headroom_tpp + 1 where quota = 'country/AE'")
    status, out, _ = typed(["verify"], clock=clock)
    assert status == 1
    assert "NOT INTACT: 1 difference;" in out
    assert "stored = DuckDB = Python: NO, see balance" in out
    status, out, _ = typed(["verify", "--json"], clock=clock)
    (row,) = json.loads(out)["rows"]
    assert (status, list(row)) == (1, ["seq", "check", "expected", "found"])


def broken_clock() -> int:
    raise ZeroDivisionError("a fault")


def test_a_fault_of_ours_is_one_line_and_a_traceback_only_for_those_who_ask() -> None:
    typed(["init", "-q"], clock=clock)
    said = "internal error: ZeroDivisionError: a fault; run with -v for the traceback\n"
    assert typed(["headroom"], clock=broken_clock) == (70, "", said)
    status, _, err = typed(["headroom", "--json"], clock=broken_clock)
    assert (status, json.loads(err)["type"]) == (70, "InternalError")
    status, _, err = typed(["-v", "headroom"], clock=broken_clock)
    assert status == 70
    assert "Traceback (most recent call last)" in err


def interrupted_clock() -> int:
    raise KeyboardInterrupt


def test_an_interruption_ends_without_a_word() -> None:
    typed(["init", "-q"], clock=clock)
    assert typed(["headroom"], clock=interrupted_clock) == (130, "", "")


def test_the_doctor_looks_also_where_a_folder_has_a_name_that_is_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / os.fsdecode(b"bytes\xff\xfe")
    folder.mkdir()
    monkeypatch.chdir(folder)
    typed(["init", "-q"], clock=clock)
    status, out, err = typed(["doctor", "--csv"], clock=clock)
    assert (status in {0, 1}, "bytes\\udcff\\udcfe" in out) == (True, True), (status, err)


def test_a_current_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    asked = f"cd {gone}; rmdir {gone}; exec {sys.executable} -m ledger headroom"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    told = subprocess.run(["sh", "-c", asked], env=environment, capture_output=True, check=False)
    assert (told.returncode, told.stderr) == (
        69, b"Unreachable: the current folder: No such file or directory\n",
    )  # fmt: skip


@pytest.mark.parametrize("form", ["", "--json"])
@pytest.mark.parametrize(
    ("error", "begins", "ends"),
    [
        (
            MemoryError(),
            "this machine has not enough memory for this: end other programs, raise the limit",
            "",
        ),
        (
            ImportError("x.so: failed to map segment from shared object"),
            "this machine has too little memory for a library, or lets nothing run from the folder",
            "noexec): x.so: failed to map segment from shared object",
        ),
        (
            RuntimeError("can't start new thread"),
            "this machine has too little memory for a thread, or lets this user have no more",
            "own limit): can't start new thread",
        ),
    ],
)
def test_what_the_machine_does_not_let_is_said_with_what_may_be_why(
    error: Exception, begins: str, ends: str, form: str
) -> None:
    def full_clock() -> int:
        raise error

    typed(["init", "-q"], clock=clock)
    status, out, err = typed(["headroom", *form.split()], clock=full_clock)
    assert (status, out) == (69, "")
    said = json.loads(err)["detail"] if form else err.removeprefix("Unreachable: ").rstrip("\n")
    assert said.startswith(begins)
    assert said.endswith(ends)


def test_a_workbook_without_its_extra_is_refused_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(["init", "-q"], clock=clock)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    status, out, err = typed(["headroom", "--format", "xlsx", "-q"], clock=clock)
    assert (status, out) == (78, "")
    assert "pip install 'tppq[xlsx]'" in err


def test_settings_that_cannot_be_read_are_78() -> None:
    Path("tppq.toml").write_text("legder = 'sqlite:///x.db'\n", encoding="utf-8")
    status, _, err = typed(["headroom"], clock=clock)
    assert status == 78
    assert "did you mean ledger?" in err


# --- help -----------------------------------------------------------------------------------------


def test_numpy_starts_no_threads_for_what_nobody_asks_of_it() -> None:
    script = (
        "import sys; from ledger.__main__ import main; sys.argv[1:] = ['--version']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "from pathlib import Path; import numpy\n"
        "print(len(list(Path('/proc/self/task').iterdir())))"
    )
    clean = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=TOP, env=clean, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "1"


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from ledger.__main__ import main; sys.argv[1:] = ['--help']\n"
        "try: main()\nfinally: print(*sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], cwd=TOP, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage: " in shown.stdout
    assert {"duckdb", "sqlalchemy", "sqlmodel", "pydantic", "pandas", "pyarrow", "rich.console"}.isdisjoint(
        shown.stdout.split()
    )


def test_help_lists_every_verb() -> None:
    status, out, _ = typed(["--help"])
    listed = re.findall(r"^  ([a-z]+) {2,}\S", out.partition("Commands:")[2], re.MULTILINE)
    assert (status, listed) == (0, [*(verb for verb in VERBS if verb != "balance"), *GROUPS])
    assert "..." not in out.partition("Commands:")[2].partition("Every option")[0]


def test_no_line_of_the_help_is_wider_than_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, typed(["--help"])[1].splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_examples_whose_options_exist(verb: str) -> None:
    status, out, _ = typed([verb, "--help"])
    about, _, examples = out.partition("Examples:")
    typed_lines = [line for line in examples.splitlines() if "tppq" in line]
    assert status == 0
    assert typed_lines
    for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", "\n".join(typed_lines)):
        assert option in about


def test_help_says_where_settings_may_stand() -> None:
    told = " ".join(typed(["--help"])[1].split())
    assert "else from ./tppq.toml, else from ~/.config/tppq/config.toml" in told
    assert "tppq doctor says where it looked" in told


def test_the_version_is_said_before_any_verb() -> None:
    status, out, err = typed(["--version"])
    assert (status, err) == (0, "")
    assert re.fullmatch(r"tppq \S.*\n", out)


def test_the_command_alone_says_how_it_is_used() -> None:
    status, out, err = typed([])
    assert (status, out) == (2, "")
    assert err.startswith("Usage: tppq")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_verbs_alone_says_which_there_are_line_by_line(group: str) -> None:
    status, out, err = typed([group])
    assert (status, out) == (2, "")
    assert err == typed([group, "--help"])[1]
    assert err.startswith(f"Usage: tppq {group} ")
    assert re.findall(r"^  ([a-z]+) {2,}\S", err.partition("Commands:")[2], re.MULTILINE)


def test_the_shell_completes_verbs() -> None:
    words = {"_TPPQ_COMPLETE": "complete_bash", "COMP_WORDS": "tppq head", "COMP_CWORD": "1"}
    assert process(**words).stdout.split() == ["headroom"]


# --- settings -------------------------------------------------------------------------------------


def test_a_regime_that_nobody_knows_is_78_and_says_where_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status, _, err = typed(["init", "--regime", "nosuch"], clock=clock)
    assert status == 78
    assert err.startswith("Misconfigured: --regime: no regime 'nosuch': write diffusion-2025\n")
    Path("tppq.toml").write_text("regime = 'diffusion-2052'\n", encoding="utf-8")
    status, _, err = typed(["init"], clock=clock)
    assert status == 78
    assert "tppq.toml: no regime 'diffusion-2052': the nearest is diffusion-2025" in err
    monkeypatch.setenv("TPPQ_REGIME", "bogus")
    for verb in (["init"], ["db", "init"], ["verify", "--explain"], ["report"], ["devices"]):
        status, _, err = typed(verb, clock=clock)
        assert (status, "TPPQ_REGIME: no regime 'bogus'" in err) == (78, True)


@pytest.mark.parametrize("text", ["regime = 'bogus'", "legder = 'x'", "ledger = 5", "busy_seconds = "])
def test_the_doctor_shows_what_is_wrong_with_a_setting_and_all_the_rest(text: str) -> None:
    typed(["init", "-q"], clock=clock)
    Path("tppq.toml").write_text(text, encoding="utf-8")
    status, out, err = typed(["doctor", "--json"], clock=clock)
    rows = {row["check"]: row for row in json.loads(out)["rows"]}
    assert (status, err) == (78, "")
    assert rows["configuration"]["state"] == "fail"
    assert "tppq.toml" in rows["configuration"]["found"]
    assert rows["guards"]["state"] == "ok"


def test_what_stands_on_a_ledger_says_which_entry_and_head() -> None:
    typed(["init", "-q"], clock=clock)
    head = json.loads(typed(["headroom", "--json"], clock=clock)[1])["basis"]
    for verb in (["doctor"], ["db", "check"], ["init", "--dry-run"]):
        basis = json.loads(typed([*verb, "--json"], clock=clock)[1])["basis"]
        assert (basis["seq"], basis["head_hash"]) == (158, head["head_hash"])


# --- posts ----------------------------------------------------------------------------------------

HEADER = "kind,country,effective_on,license_no,tpp"


@pytest.mark.parametrize(
    ("contents", "counts"),
    [
        (b"kind,country,effective_on,license_no,tpps\nlicense,AE,2026-02-01,D1,5\n", "1 line: 1 unreadable."),
        (b"\xff\xfe\x00\x81\n", "0 lines: nothing to post."),
        (
            f"{HEADER},x\nlicense,AE,2026-02-01,D1,5,\nlicense,AE,2026-02-01,D2,0,\n".encode(),
            "2 lines: 1 unreadable, 1 not written: all or none.",
        ),
        (b"\n\nkind,country\nlicense,AE\n", "1 line: 1 unreadable."),
    ],
)
def test_a_fault_of_the_header_is_no_line_that_cannot_be_read(contents: bytes, counts: str) -> None:
    typed(["init", "-q"], clock=clock)
    Path("x.csv").write_bytes(contents)
    status, out, _ = typed(["post", "x.csv", "--dry-run"], clock=clock)
    assert status == 65
    assert counts in out.splitlines()


def test_a_quiet_dry_run_says_that_it_is_one_and_what_cannot_be_read() -> None:
    typed(["init", "-q"], clock=clock)
    Path("good.csv").write_text(f"{HEADER}\nlicense,AE,2026-02-01,D1,5\n", encoding="utf-8")
    Path("bad.csv").write_text(f"{HEADER}\nlicense,AE,2026-02-01,D1,x\n", encoding="utf-8")
    assert typed(["post", "good.csv", "-n", "-q"], clock=clock) == (
        0, "dry run: posted 1, refused 0, replayed 0\n", ""
    )  # fmt: skip
    status, out, err = typed(["post", "bad.csv", "-n", "-q"], clock=clock)
    assert (status, out) == (65, "dry run: posted 0, refused 0, replayed 0\n")
    assert "'x' is not a whole number: write whole TPP" in err
    assert "BadFeed: bad.csv cannot be read (1 fault); nothing was written" in err


@pytest.mark.parametrize("bad", ["bad.csv", "nosuch.csv"])
def test_of_several_files_the_one_at_fault_is_named(bad: str) -> None:
    typed(["init", "-q"], clock=clock)
    Path("good.csv").write_text(f"{HEADER}\nlicense,AE,2026-02-01,D1,5\n", encoding="utf-8")
    Path("bad.csv").write_text(f"{HEADER}\nlicense,AE,2026-02-01,D1,x\n", encoding="utf-8")
    _, out, _ = typed(["post", "good.csv", bad, "--dry-run"], clock=clock)
    assert re.search(rf"^File +Line +Column +Problem\n{re.escape(bad)} ", out)
    status, _, err = typed(["post", "good.csv", bad], clock=clock)
    assert status == 65
    assert re.search(rf"^File +Line +Column +Problem\n{re.escape(bad)} ", err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reverse", "1", "--reason", " "], "Invalid value for --reason: reason is empty"),
        (["reverse", "1", "--reason", "a\x1b"], "--reason: reason has a control character"),
        (["correct", "1", "--set", "kind=licens", "--reason", "x"], "'licens' is not a kind: did you mean"),
        (["correct", "1", "--set", "country=", "--reason", "x"], "--set, --reason: country is required"),
        (["correct", "1", "--set", f"tpp={'9' * 20}", "--reason", "x"], "9,007,199,254,740,991, the most"),
        (["correct", "1", "--set", f"license_no={'x' * 200}", "--reason", "x"], "200 characters long"),
        (["propose", "--reverse", "1", "--reason", ""], "Invalid value for --reason: reason is empty"),
        (["post", "x.csv", "--approver", "\x1b[31m"], "--approver: approver has a control character"),
        (["post", "x.csv", "--approver", ""], "--approver: approver is empty"),
        (["fit", "AE", "--tpp", "9" * 20], "9,007,199,254,740,991, the most that is kept exactly"),
        (["fit", "AE", "--device", "nvidia-h100-sxm5-80gb", "--quantity", "9" * 20], "the most that is kept"),
        (["sql", "--limit", str(2**63), "select 1"], "less than or equal to 9007199254740991"),
        (["sql", "--memory", str(2**63), "select 1"], "less than or equal to 1000000"),
        (["break", "propose", "abcd", "--reverse", "9" * 20], "is more than any entry's number"),
        (["break", "propose", "abcd", "--correct", "9" * 20], "is more than any entry's number"),
    ],
)
def test_a_value_that_makes_no_entry_is_refused_in_our_own_words(arguments: list[str], said: str) -> None:
    typed(["init", "-q"], clock=clock)
    Path("x.csv").write_text(f"{HEADER}\nlicense,AE,2026-02-01,D1,5\n", encoding="utf-8")
    status, _, err = typed(arguments, clock=clock)
    assert status == 2
    assert said in err
    assert not re.search("String should|Input should be [^l]|valid", err.replace("Invalid", ""))


@pytest.mark.parametrize(
    "words", [["headroom", "--foo"], ["nope"], ["statement"], ["fit", "AE", "--tpp", "x"]]
)
@pytest.mark.parametrize("where", ["environment", "file"])
def test_where_json_is_the_setting_a_command_that_is_none_is_told_so(
    words: list[str], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "environment":
        monkeypatch.setenv("TPPQ_FORMAT", "json")
    else:
        Path("tppq.toml").write_text('format = "json"\n', encoding="utf-8")
    status, out, err = typed(words, clock=clock)
    assert (status, out, json.loads(err)["type"]) == (2, "", "UsageError")
    assert not typed([*words, "--csv"], clock=clock)[2].startswith("{")


@pytest.mark.parametrize("days", ["9" * 20, "2000000000"])
def test_more_days_than_there_are_is_no_number_of_days(days: str) -> None:
    typed(["init", "-q"], clock=clock)
    status, _, err = typed(["report", "licenses-by-expiry", "--param", f"days={days}"], clock=clock)
    assert status == 65
    assert f"BadQuery: '{days}' is not a whole number up to 1,000,000 for days" in err


def test_blanks_around_a_name_make_nobody_another_person() -> None:
    typed(["init", "-q"], clock=clock)
    Path("x.csv").write_text(
        "kind,country,effective_on,tpp,reason\noverrun,AE,2026-02-01,900000000,why\n", encoding="utf-8"
    )
    status, out, _ = typed(["post", "x.csv", "--approver", " officer\u00a0"], clock=clock)
    assert (status, "SelfApproval: officer posts this" in out) == (3, True)


# --- terminals and pipes --------------------------------------------------------------------------


def on_a_terminal(*arguments: str, columns: int = 120, **environment: str) -> str:
    """What the command shows on a terminal of this width, stderr apart."""
    ours, theirs = pty.openpty()
    around = {**os.environ, "PYTHONPATH": str(TOP), "COLUMNS": str(columns), "TERM": "xterm", **environment}
    command = [sys.executable, "-m", "ledger", *arguments]
    with subprocess.Popen(command, env=around, stdout=theirs, stderr=subprocess.DEVNULL) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65_536)
            except OSError:  # Linux: the other end is closed
                break
            if not chunk:
                break
            shown += chunk
        assert running.wait(timeout=60) == 0
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_gets_a_table_and_a_pipe_gets_plain_text() -> None:
    typed(["init", "-q"], clock=clock)
    terminal, pipe = on_a_terminal("headroom", "AE"), process("headroom", "AE").stdout
    assert "─" in terminal
    assert "\x1b[" in terminal
    assert "─" not in pipe
    assert "\x1b" not in pipe
    without_color = on_a_terminal("headroom", "AE", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", without_color)


def test_a_terminal_gets_no_workbook() -> None:
    typed(["init", "-q"], clock=clock)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ledger", "headroom", "--format", "xlsx"]
    run = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(theirs)
    os.close(ours)
    assert (run.returncode, run.stderr) == (2, b"xlsx is not for a terminal: name a file with -o\n")


def test_a_reader_who_had_enough_is_no_error() -> None:
    typed(["init", "-q"], clock=clock)
    command = f"{sys.executable} -m ledger devices --csv | head -n 1"
    around = {**os.environ, "PYTHONPATH": str(TOP)}
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=around,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0
    assert run.stdout.startswith("device_id,")
    assert "Error" not in run.stderr
    assert "Broken" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reverse", "9" * 20, "--reason", "why"], "is more than any entry's number"),
        (["reverse", "1,5", "--reason", "why"], "'1,5' is not a whole number above zero"),
        (["headroom", "\udcff"], "argument 2 is not UTF-8 text: '\\udcff'"),
        (["sql", "select '\udcff'"], "argument 2 is not UTF-8 text"),
    ],
)
def test_what_cannot_be_a_number_or_a_text_is_a_slip_of_whoever_typed_it(
    arguments: list[str], said: str
) -> None:
    typed(["init", "-q"], clock=clock)
    status, _, err = typed(arguments, clock=clock)
    assert status == 2
    assert said in err


def test_the_number_of_an_entry_may_be_written_as_screens_show_it() -> None:
    typed(["init", "-q"], clock=clock)
    status, out, _ = typed(["reverse", "1,158", "--reason", "why"], clock=clock)
    assert status == 3
    assert "there is no entry 1,158 in this ledger" in out


def test_what_is_worth_a_word_about_a_correction_is_told(tmp_path: Path) -> None:
    typed(["init", "-q"], clock=clock)
    rows = [
        "license,AE,2026-02-01,L1,100,",
        "export,AE,2026-02-02,L1,60,",
        "release,AE,2026-02-03,L1,40,revoked",
    ]
    file = tmp_path / "post.csv"
    file.write_text(
        "\n".join(["kind,country,effective_on,license_no,tpp,reason", *rows, ""]), encoding="utf-8"
    )
    assert typed(["post", str(file)], clock=clock)[0] == 0
    said = "L1 was released by entry 161 (revoked); this is late"
    correct = ["correct", "160", "--set", "tpp=50", "--reason", "50 left"]
    assert f"warning: {said}" in typed([*correct, "--dry-run"], clock=clock)[1].splitlines()
    told = json.loads(typed([*correct, "--json"], clock=clock)[1])
    assert [receipt["seq"] for receipt in told["posted"]] == [162, 163]
    assert told["warnings"] == [{"path": None, "line": None, "detail": said}]


def test_a_file_that_this_machine_cannot_have_is_no_fault_of_ours() -> None:
    typed(["init", "-q"], clock=clock)
    status, _, err = typed(["backup", "a" * 300], clock=clock)
    assert status == 69
    assert "File name too long" in err


@pytest.mark.parametrize("form", ["plain", "json"])
def test_an_answer_that_finds_no_room_is_said_to_be_missing(form: str) -> None:
    typed(["init", "-q"], clock=clock)
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "ledger", "headroom", "--format", form],
            env={**os.environ, "PYTHONPATH": str(TOP)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert run.returncode == 69
    assert "the answer cannot be written to standard output: No space left on device" in run.stderr
    assert run.stderr.count("\n") == 1


class Terminal(io.TextIOWrapper):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_long_import_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from ledger.cli import progress  # noqa: PLC0415  # heavy: for this test alone

    typed(["init", "-q"], clock=clock)
    rows = "".join(f"license,AE,2026-02-01,D{number},1\n" for number in range(100))
    Path("x.csv").write_text(f"kind,country,effective_on,license_no,tpp\n{rows}", encoding="utf-8")
    monkeypatch.setattr(progress, "SHOWN_FROM_SECONDS", -1.0)
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal(io.BytesIO(), encoding="utf-8", write_through=True)
    status, _, _ = typed(["post", "x.csv", "--each"], clock=clock, stderr=screen)
    shown = screen.buffer.getvalue().decode()  # type: ignore[attr-defined]  # a BytesIO
    assert status == 0
    assert "x.csv" in shown
    assert "100/100" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["verify"], "158/158"),
        (["forecast"], "forecast"),
        (["licenses"], "entries"),
        (["publish", "snapshots"], "snapshots"),
        (["report", "what-is-left"], "what-is-left"),
    ],
)
def test_whatever_may_take_long_tells_that_it_goes_on(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger.cli import patience, progress  # noqa: PLC0415  # heavy: for this test alone

    typed(["init", "-q"], clock=clock)
    for module in (patience, progress):
        monkeypatch.setattr(module, "SHOWN_FROM_SECONDS", -1.0)
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal(io.BytesIO(), encoding="utf-8", write_through=True)
    status, _, _ = typed(arguments, clock=clock, stderr=screen)
    assert status == 0
    assert told in screen.buffer.getvalue().decode()  # type: ignore[attr-defined]  # a BytesIO


def test_standard_input_from_a_person_is_refused_where_nobody_is_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Terminal, "fileno", lambda _self: 0)
    status, _, err = typed(["post", "-", "--no-input"], stdin=Terminal(io.BytesIO(), encoding="utf-8"))
    assert (status, err) == (2, "- waits for somebody to type, which --no-input forbids\n")


@pytest.mark.parametrize("verb", ["backup", "export", "publish"])
def test_a_copy_does_not_go_to_standard_output_nor_into_a_file_of_that_sign(verb: str) -> None:
    typed(["init", "-q"], clock=clock)
    status, out, err = typed([verb, "-"], clock=clock)
    assert (status, out) == (2, "")
    assert err.startswith("- is no name here: write the name of a new file or folder")
    assert not Path("-").exists()


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.json", b'{"basis":'),
        ("x.jsonl", b'{"country":'),
        ("x.csv", b"country,country_name,"),
        ("x.tsv", b"country\tcountry_name\t"),
        ("x.md", b"| country |"),
        ("x.xlsx", b"PK"),
        ("x.parquet", b"PAR1"),
        ("x.arrow", b"ARROW1"),
        ("x.txt", b"    Country"),
    ],
)
def test_the_suffix_of_the_file_says_its_form(name: str, begins: bytes) -> None:
    typed(["init", "-q"], clock=clock)
    status, out, _ = typed(["headroom", "-o", name], clock=clock)
    assert (status, out) == (0, "")
    assert Path(name).read_bytes().startswith(begins)


@pytest.mark.parametrize("asked", ["headroom --csv", "post good.csv", "verify", "prove 1", "checkpoint"])
def test_no_answer_is_written_over_a_ledger(asked: str, desk: Path) -> None:
    assert typed(["init", "--quiet"])[0] == 0
    Path("good.csv").write_text("kind,country,effective_on,tpp\nblock,AE,2026-01-05,100\n", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    status, out, err = typed([*asked.split(), "-o", "tppq.db"])
    said = "-o tppq.db: it is a database, which nothing is written over; name another file"
    assert (status, out, err.splitlines()[0]) == (2, "", said)
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("post good.csv --json", "good.csv"), ("post new.csv good.csv", "./good.csv"),
        ("propose good.csv", "link"),
        ("sql -f good.csv", "good.csv"), ("verify --checkpoint good.csv", "good.csv"),
        ("prove --from good.csv", "good.csv"), ("export new.jsonl", "new.jsonl"), ("headroom", "kept"),
    ],
)  # fmt: skip
def test_no_answer_is_written_over_what_a_verb_is_given(asked: str, place: str, desk: Path) -> None:
    assert typed(["init", "--quiet"])[0] == 0
    Path("tppq.toml").write_text("checkpoint = 'kept'\n", encoding="utf-8")
    Path("good.csv").write_text("kind,country,effective_on,tpp\nblock,AE,2026-01-05,100\n", encoding="utf-8")
    Path("link").symlink_to("good.csv")
    before = {path.name: path.read_bytes() for path in desk.iterdir()}
    status, out, err = typed([*asked.split(), "-o", place])
    assert (status, out, "which nothing is written over; name another file" in err) == (2, "", True)
    assert {path.name: path.read_bytes() for path in desk.iterdir()} == before


def test_an_answer_goes_to_the_device_that_the_question_came_from() -> None:
    assert typed(["init", "--quiet"])[0] == 0
    status, _, err = typed(["post", "/dev/null", "-o", "/dev/null"])
    assert (status, "is empty: a header line is needed" in err) == (65, True)


def test_a_form_that_was_asked_for_beats_the_suffix() -> None:
    typed(["init", "-q"], clock=clock)
    typed(["headroom", "--json", "-o", "x.csv"], clock=clock)
    assert json.loads(Path("x.csv").read_bytes())["basis"]["seq"] == 158


def test_a_form_that_cannot_be_text_goes_down_a_pipe_whole() -> None:
    typed(["init", "-q"], clock=clock)
    command = [sys.executable, "-m", "ledger", "headroom", "--format", "parquet", "-q"]
    around = {**os.environ, "PYTHONPATH": str(TOP)}
    run = subprocess.run(command, env=around, capture_output=True, timeout=60, check=True)
    assert run.stdout[:4] == run.stdout[-4:] == b"PAR1"


def test_reference_data_comes_with_its_sources() -> None:
    for verb, names in (
        ("regime", ["key", "value", "status", "citation"]),
        ("devices", ["device_id", "vendor", "device_name", "tpp"]),
        ("countries", ["country", "alpha_3", "country_name", "tier"]),
    ):
        status, out, _ = typed([verb, "--json"], clock=clock)
        answer = json.loads(out)
        assert status == 0
        assert answer["basis"]["seq"] == 0
        assert list(answer["rows"][0])[:4] == names
        assert all(row.get("source") or row.get("citation") for row in answer["rows"])


def test_the_demonstration_runs_and_leaves_nothing(desk: Path) -> None:
    status, out, _ = typed(["demo"], clock=clock)
    assert status == 0
    assert "H100e" in out
    assert list(desk.iterdir()) == []


def test_the_demonstration_gives_out_what_was_asked_for() -> None:
    status, out, err = typed(["demo", "--json"], clock=clock)
    licensed = [row["country"] for row in json.loads(out)["rows"] if row["licensed_tpp"]]
    assert (status, err, sorted(licensed)) == (0, "", ["IN", "IS", "MY", "SA", "VN"])
    assert typed(["demo", "-o", "d.txt"], clock=clock) == (0, "", "")
    assert Path("d.txt").read_text(encoding="utf-8").startswith("TPP quota ledger: what announced")
    assert typed(["--as-of", "2026-01-01", "demo"], clock=clock) == (2, "", "demo takes no --as-of\n")
