"""Arguments are text: what is none, or what Python was told to read as something else, is said to be so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (
            "TÜRKİYE".encode(),
            r"argument 2 is UTF-8 text ('T\xdcRK\u0130YE'), and Python reads ascii here: set ",
        ),
        ("TÜRKEI".encode("latin-1"), r"argument 2 is not UTF-8 text: 'T\udcdcRKEI'"),
    ],
)
def test_in_a_locale_without_utf_8_an_argument_is_called_what_it_is(argument: bytes, said: str) -> None:
    around = {
        **os.environ,
        "PYTHONPATH": str(TOP),
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    command: list[str | bytes] = [sys.executable, "-m", "ledger", "headroom", argument]
    run = subprocess.run(command, env=around, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert said in run.stderr
