"""The prompt for queries, on a real terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prompt_toolkit.history import FileHistory, InMemoryHistory

from ledger.cli import sql_prompt
from tests.small import fill
from tests.transcripts import typed

TOP = Path(__file__).parent.parent
CTRL_C, CTRL_D, TAB = "\x03", "\x04", "\t"


class Prompt:
    """Somebody at a terminal who types, and reads what comes."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        around = {
            **os.environ, "PYTHONPATH": str(TOP), "TERM": "xterm", "COLUMNS": "100", "LINES": "40",
            "XDG_STATE_HOME": str(folder / "state"), "PROMPT_TOOLKIT_NO_CPR": "1",
        }  # fmt: skip
        url = f"sqlite:///{folder / 'tppq.db'}"
        command = [sys.executable, "-m", "ledger", "--ledger", url, "sql", "--timeout", "20"]
        self.process = subprocess.Popen(
            command, env=around, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.shown = ""

    def reads(self, pattern: str) -> str:
        """What came since something was last read, up to and with a pattern."""
        until = time.monotonic() + 30
        while not (found := re.search(pattern, self.shown)):
            assert time.monotonic() < until, f"{pattern} never came: {self.shown!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                chunk = os.read(self._ours, 65_536).decode(errors="replace")
                self.shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", self.shown + chunk)
        text, self.shown = self.shown[: found.end()], self.shown[found.end() :]
        return text

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def leaves(self) -> int:
        """Ctrl-D until it is heard: what is typed while a new line begins is lost. The exit status."""
        until = time.monotonic() + 30
        while True:
            assert time.monotonic() < until, "Ctrl-D is not heard"
            self.types(CTRL_D)
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(0.5)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture(name="prompt")
def _prompt(tmp_path: Path) -> Iterator[Prompt]:
    fill(f"sqlite:///{tmp_path / 'tppq.db'}").close()
    prompt = Prompt(tmp_path)
    try:
        prompt.reads("tppq>")
        yield prompt
    finally:
        prompt.close()


def test_queries_are_answered_one_after_another(prompt: Prompt, tmp_path: Path) -> None:
    prompt.types("select country, headroom_tpp\r")
    prompt.reads(r"\.\.\.")
    prompt.types("from headroom() order by country;\r")
    assert "54,087,200" in prompt.reads("entry 14")
    prompt.reads("tppq>")
    prompt.types("select * from read_csv('/etc/passwd');\r")
    prompt.reads(r"BadQuery: read_csv\(\) is no table for queries")
    prompt.reads("tppq>")
    prompt.types("select count(*) from range(1000000000000);\r")
    time.sleep(1.5)
    prompt.process.send_signal(signal.SIGINT)  # as a terminal does that is its own
    prompt.reads("stopped")
    prompt.reads("tppq>")
    prompt.types("select outstandi" + TAB)
    prompt.reads("outstanding_tpp")
    prompt.types(CTRL_C)
    assert prompt.leaves() == 0
    history = (tmp_path / "state" / "tppq" / "sql_history").read_text(encoding="utf-8")
    assert "+from headroom() order by country;" in history


def test_the_dictionary_is_a_word_away(prompt: Prompt) -> None:
    prompt.types(".schema\r")
    assert "What is left, whole TPP" in prompt.reads(r"license_state\(.*")
    prompt.reads("tppq>")
    prompt.types(".quit\r")
    assert prompt.process.wait(30) == 0


def test_who_does_not_know_how_is_told(prompt: Prompt) -> None:
    for word in ("help", ".tables"):
        prompt.types(f"{word}\r")
        prompt.reads("One SELECT, ended by a semicolon")
        prompt.reads("tppq>")
    prompt.types("exit\r")
    assert prompt.process.wait(30) == 0


def test_what_is_typed_by_somebody_without_a_name_and_a_home_is_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54_321_987)  # as in a container
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert isinstance(sql_prompt.history(), InMemoryHistory)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("HOME", str(tmp_path))
    assert isinstance(sql_prompt.history(), FileHistory)


def test_without_a_terminal_nothing_prompts(tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path / 'tppq.db'}").close()
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    status, out, err = typed(["--ledger", url, "sql", "--json"], stdin=b"select 1 as one")
    assert (status, err) == (0, "")
    assert out.endswith('"rows":[{"one":1}]}\n')
    named = b"select seq from entry where country = $cc order by seq limit 1;"
    status, out, err = typed(["--ledger", url, "sql", "--csv", "-q", "--param", "cc=SA"], stdin=named)
    assert (status, out, err) == (0, "seq\n2\n", "")


def test_a_query_from_standard_input_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    fill(url).close()
    query = "select 'ü' as letter".encode()
    for encoding in ("latin-1", "ascii"):
        given = io.TextIOWrapper(io.BytesIO(query), encoding=encoding, errors="surrogateescape")
        status, out, _ = typed(["--ledger", url, "sql", "-f", "-", "--csv", "-q"], stdin=given)
        assert (status, out) == (0, "letter\nü\n")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (b"select 'M\xfcller'", "- cannot be read: it is not UTF-8\n"),
        (b"-" * 1_000_001, "- cannot be read: it has more than 1,000,000 bytes"),
    ],
)
def test_a_query_from_standard_input_that_cannot_be_read_is_misuse(
    query: bytes, why: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    status, out, err = typed(["--ledger", url, "sql", "-f", "-"], stdin=query)
    assert (status, out) == (2, "")
    assert err.startswith(why)
