"""What a command does that is told to end: nothing half done stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import Ledger
from tests.small import fill

TOP = Path(__file__).parent.parent
ENDED = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]

BEGIN = """
import os, signal, sys, threading, time
import duckdb
from ledger import copies, snapshot_files, spill
from ledger.__main__ import main
from ledger.store import Store

number = int(sys.argv.pop(1))

def told():
    os.kill(os.getpid(), number)
    time.sleep(60)
"""
IN_A_BACKUP = """
copies._verified = lambda *_: told()
spill.settings()  # its folder, too
"""
IN_A_POST = """
write = Store._write
Store._write = lambda *about: (write(*about), told())
"""
IN_DUCKDB = """
def asked(*_):
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    with duckdb.connect(config={"threads": 1}) as connection:  # with more, it may wait for another
        connection.execute("select sum(a.range * b.range) from range(100000) a, range(100000) b")

snapshot_files._write_sums = asked
"""
UNDER_NOHUP = """
verified = copies._verified
signal.signal(number, signal.SIG_IGN)
copies._verified = lambda *about: (os.kill(os.getpid(), number), verified(*about))[1]
"""
AS_IT_BEGINS = """
import os, signal, sys

number, name = int(sys.argv.pop(1)), sys.argv.pop(1)

class Told:
    def find_spec(self, fullname, path=None, target=None):
        if fullname == name:
            os.kill(os.getpid(), number)

sys.meta_path.insert(0, Told())
from ledger.__main__ import main
"""


@pytest.fixture(name="desk")
def _desk(tmp_path: Path) -> Iterator[Path]:
    """A folder with a ledger, where a command can work."""
    (tmp_path / "temporary").mkdir()
    fill(f"sqlite:///{tmp_path / 'tppq.db'}").close()
    yield tmp_path
    assert list((tmp_path / "temporary").iterdir()) == []


def ended(desk: Path, where: str, number: int, *arguments: str) -> tuple[int, str]:
    """The exit status of a command that was sent a signal at one moment, and what it said."""
    return _run(desk, f"{BEGIN}{where}main()", str(number), "--ledger", "sqlite:///tppq.db", *arguments)


def _run(desk: Path, program: str, *arguments: str) -> tuple[int, str]:
    around = {**os.environ, "PYTHONPATH": str(TOP), "TMPDIR": str(desk / "temporary")}
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=desk, env=around, capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    return run.returncode, run.stderr


def left(desk: Path) -> list[str]:
    return [path.name for path in desk.rglob("*") if "part" in path.name]


@pytest.mark.parametrize(("number", "status"), ENDED)
def test_a_copy_that_is_ended_leaves_nothing_of_itself(desk: Path, number: int, status: int) -> None:
    assert ended(desk, IN_A_BACKUP, number, "-q", "backup", "copy.db") == (status, "")
    assert (left(desk), (desk / "copy.db").exists()) == ([], False)


@pytest.mark.parametrize(("number", "status"), ENDED)
def test_a_post_that_is_ended_before_its_commit_is_none(desk: Path, number: int, status: int) -> None:
    (desk / "x.csv").write_text("kind,country,effective_on,tpp,reason\nblock,AE,2026-02-20,1,x\n", "utf-8")
    assert ended(desk, IN_A_POST, number, "-q", "post", "x.csv") == (status, "")
    with Ledger.open(f"sqlite:///{desk / 'tppq.db'}") as ledger:
        answer = ledger.verify()
        assert (answer.rows(), answer.basis["seq"]) == ([], 14)


@pytest.mark.parametrize(("number", "status"), ENDED)
def test_what_waits_for_duckdb_ends_without_a_word(desk: Path, number: int, status: int) -> None:
    assert ended(desk, IN_DUCKDB, number, "-q", "publish", "out") == (status, "")
    assert list((desk / "out").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_ignored_stays_ignored(desk: Path, number: int) -> None:
    status, _ = ended(desk, UNDER_NOHUP, number, "-q", "backup", "copy.db")
    assert (status, left(desk), (desk / "copy.db").exists()) == (0, [], True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["ledger.cli", "typer", "ledger.cli.app", "ledger.cli.db_verbs"])
def test_a_command_that_is_ended_while_it_is_imported_says_nothing(
    desk: Path, number: int, name: str
) -> None:
    assert _run(desk, f"{AS_IT_BEGINS}main()", str(number), name, "headroom", "AE") == (-number, "")


def test_ctrl_c_is_told_by_the_status_once_the_command_runs(desk: Path) -> None:
    begun = (str(signal.SIGINT.value), "ledger.engine", "headroom", "AE")
    assert _run(desk, f"{AS_IT_BEGINS}main()", *begun) == (130, "")
