"""The standard streams: a reader who goes ends nothing, and a stream that is closed is no other file."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.book import Ledger
from ledger.cli.failure import Failures
from ledger.cli.signals import Signals
from tests.clock import Clock

TOP = Path(__file__).parent.parent
ROWS = "kind,country,effective_on,license_no,tpp\n"


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger, a file that is posted, and one of which half is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    Ledger.init("sqlite:///tppq.db", clock=Clock("2026-03-01")).close()
    Path("good.csv").write_text(f"{ROWS}license,AE,2026-02-01,D1,5\n", encoding="utf-8")
    Path("half.csv").write_text(
        f"{ROWS}license,SA,2026-02-01,D2,5\nlicense,SA,2026-02-01,D3,900000000\n", encoding="utf-8"
    )
    return tmp_path


def shell(line: str) -> tuple[int, str, str]:
    """Exit status of the command in a line of bash, where it is the first of a pipe, too; what was shown."""
    command = f'tppq() {{ {sys.executable} -m ledger "$@"; }}; {line}\nexit "${{PIPESTATUS[0]}}"'
    around = {**os.environ, "PYTHONPATH": str(TOP)}
    run = subprocess.run(
        ["bash", "-c", command], env=around, capture_output=True, text=True, timeout=60, check=False
    )
    return run.returncode, run.stdout, run.stderr


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("tppq headroom --csv 2>&1 | true", 0),
        ("tppq --help | true", 0),
        ("tppq nosuch 2>&1 | true", 2),
        ("tppq headroom XX 2>&1 | true", 3),
        ("tppq fit AE --tpp 900000000 2>&1 | true", 1),
        ("tppq post half.csv --each --csv 2>&1 | true", 3),
        ("tppq post half.csv --each 2>&1 | true", 3),
    ],
)
def test_the_status_is_the_verbs_own_when_nobody_reads_to_the_end(line: str, status: int) -> None:
    assert shell(line)[0] == status


def test_what_is_posted_is_posted_when_nobody_reads_what_became_of_it() -> None:
    assert shell("tppq post good.csv 2>&1 | true")[0] == 0
    with Ledger.open("sqlite:///tppq.db") as ledger:
        assert ledger.headroom("AE").rows()[0]["licensed_tpp"] == 5


def test_a_demonstration_that_nobody_watches_to_its_end_is_no_error() -> None:
    assert shell("tppq demo | true")[0] == 0


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("tppq headroom AE >&-", 69, "cannot be written to standard output: it is closed"),
        ("tppq --help >&-", 69, "Unreachable: standard output: it is closed"),
        ("tppq headroom AE >/dev/full", 69, "standard output: No space left on device"),
        ("tppq headroom AE -o /dev/full", 69, "/dev/full cannot be written: No space left on device"),
        ("tppq headroom AE -o nowhere/at/all", 2, "nowhere/at/all cannot be written: No such file"),
        ("tppq --help >/dev/full", 69, "Unreachable: standard output: No space left on device"),
        ("tppq post - <&-", 65, "is empty: a header line is needed"),
        ("tppq sql --no-input <&-", 65, "BadQuery"),
        ("tppq checkpoint --new-key key -o key.pub >&-", 0, "signs for this ledger"),
    ],
)
def test_a_closed_or_full_stream_is_said_in_a_sentence(line: str, status: int, said: str) -> None:
    found, out, err = shell(line)
    assert (found, out) == (status, "")
    assert said in err
    assert "Traceback" not in err


def test_an_answer_that_has_no_room_leaves_the_file_that_was_there() -> None:
    kept = Path("kept.csv")
    kept.write_text("old", encoding="utf-8")
    Path("named.csv").symlink_to(kept)
    many = 'sql "select range as n from range(50000)" --limit 0'
    for name in ("kept.csv", "named.csv"):
        status, _, err = shell(f"ulimit -f 64; tppq {many} -o {name}")
        assert (status, f"{name} cannot be written: File too large" in err) == (69, True)
        assert kept.read_text(encoding="utf-8") == "old"
    assert shell("tppq headroom AE -o named.csv")[0] == 0
    assert (kept.read_text(encoding="utf-8")[:7], Path("named.csv").is_symlink()) == ("country", True)
    assert shell("tppq headroom AE --csv -o /dev/stdout | cat")[1].startswith("country")
    assert not list(Path().glob(".*"))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("tppq headroom AE 2>&-", 0),
        ("tppq headroom AE 2>/dev/full", 0),
        ("tppq post good.csv 2>&-", 0),
        ("tppq post half.csv 2>/dev/full", 3),
    ],
)
def test_what_cannot_be_said_on_stderr_changes_no_status(line: str, status: int) -> None:
    found, out, _ = shell(line)
    assert found == status
    assert out


def test_a_pipe_that_breaks_within_is_no_answer_of_no(capsys: pytest.CaptureFixture[str]) -> None:
    with Failures([], Signals()) as failures:
        try:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        except OSError:
            sys.exit(1)  # as typer does
    assert failures.status == 69
    assert capsys.readouterr().err == "Unreachable: this machine: Broken pipe\n"


def test_a_ledger_is_never_opened_in_the_place_of_a_closed_stream() -> None:
    assert shell("tppq post good.csv <&- >&- 2>&-")[0] == 69  # posted; but what became of it has no place
    with Ledger.open("sqlite:///tppq.db") as ledger:
        assert ledger.verify().rows() == []
        assert ledger.headroom("AE").rows()[0]["licensed_tpp"] == 5
