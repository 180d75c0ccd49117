"""What a question loads: a process that asks one thing starts with that thing alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger import Ledger
from ledger.questions import Questions
from tests.clock import Clock
from tests.small import fill

TOP = Path(__file__).parent.parent
HEAVY = {"sqlalchemy", "sqlmodel", "pydantic", "pandas", "pyarrow", "numpy", "ledger.book", "ledger.entry"}
SCRIPT = """
import sys
from ledger.cli import run
status = run(sys.argv[1:])
print(status, *sys.modules, file=sys.stderr)
"""


@pytest.fixture(name="url", scope="module")
def _url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'tppq.db'}"
    fill(url).close()
    return url


@pytest.mark.parametrize(
    "arguments",
    [
        ["headroom", "--json"],
        ["headroom", "United Arab Emirates"],
        ["headroom", "--as-of", "2026-01-31", "--known-at", "2026-02-01", "--format", "csv"],
        ["balance", "--format", "md"],
        ["devices", "--csv"],
        ["countries", "--as-of", "2026-01-31"],
        ["regime"],
    ],
)
def test_a_question_by_the_command_loads_nothing_it_has_no_use_for(url: str, arguments: list[str]) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", SCRIPT, "--ledger", url, *arguments],
        cwd=TOP, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    status, *loaded = asked.stderr.splitlines()[-1].split()
    assert status == "0"
    assert asked.stdout
    assert HEAVY & set(loaded) == set()


def test_a_ledger_can_be_opened_to_be_asked_alone(url: str) -> None:
    clock = Clock("2026-03-01")
    with Questions.open(url, clock=clock) as asked, Ledger.open(url, clock=clock) as ledger:
        assert asked.headroom().rows() == ledger.headroom().rows()
        assert asked.headroom().basis == ledger.headroom().basis
        assert not hasattr(asked, "post")
