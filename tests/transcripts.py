"""Transcripts: what somebody types and exactly what comes back, as text files that anybody can read.

    ## A remark, kept as it is.
    << licenses.csv
    kind,country,...
    <<
    $ tppq post licenses.csv
    what comes on stdout
    ! what comes on stderr
    exit 3

A file between `<<` lines is written first; `exit` is left out where it is 0; `< NAME` after a command is its
stdin. Each command is typed one minute after the one before, the first on 2026-11-21 at 22:40:07 UTC. Once an
entry was reversed or corrected, heads are shown as dots: such requests have random ids, which are hashed too.
The current folder is shown as FOLDER.
"""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from ledger.cli import run

BEGINS_US = int(datetime(2026, 11, 21, 22, 40, 7, tzinfo=UTC).timestamp()) * 1_000_000 + 123_456
MINUTE_US = 60_000_000
OFFICER = "officer"
HEAD = re.compile(r"\bhead [0-9a-f]{8}\b")


class Typed:
    """Types commands, one a minute, in the current folder."""

    def __init__(self) -> None:
        self._us = BEGINS_US - MINUTE_US

    def __call__(self, command: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of `tppq ...`."""
        self._us += MINUTE_US
        words = shlex.split(command)
        assert words[0] == "tppq"
        given = Path(words[words.index("<") + 1]).read_bytes() if "<" in words else b""
        arguments = words[1 : words.index("<")] if "<" in words else words[1:]
        return typed(arguments, clock=lambda: self._us, stdin=given)


def typed(
    arguments: Sequence[str],
    *,
    clock: Callable[[], int] | None = None,
    stdin: bytes | io.TextIOWrapper = b"",
    stderr: io.TextIOWrapper | None = None,
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command, run in this process."""
    out_bytes, err_bytes = io.BytesIO(), io.BytesIO()
    out = io.TextIOWrapper(out_bytes, encoding="utf-8", write_through=True)
    err = stderr or io.TextIOWrapper(err_bytes, encoding="utf-8", write_through=True)
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8") if isinstance(stdin, bytes) else stdin
    before, sys.stdin = sys.stdin, given
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = run(arguments, clock=clock, actor=OFFICER)
    finally:
        sys.stdin = before
    return status, out_bytes.getvalue().decode(), err_bytes.getvalue().decode()


def replay(transcript: str) -> str:
    """The transcript as it comes out now: its remarks, files and commands, with the answers of today."""
    return "".join(f"{line}\n" for line in _replayed(transcript.splitlines()))


def _replayed(lines: Sequence[str]) -> Iterator[str]:
    officer, place, random = Typed(), 0, False
    while place < len(lines):
        line = lines[place]
        place += 1
        if line.startswith("## "):
            yield line
        elif line.startswith("<< "):
            end = lines.index("<<", place)
            Path(line[3:]).write_text("".join(f"{row}\n" for row in lines[place:end]), encoding="utf-8")
            yield from lines[place - 1 : end + 1]
            place = end + 1
        elif line.startswith("$ "):
            yield line
            status, out, err = officer(line[2:])
            random = random or " reverse " in line or " correct " in line
            folder = str(Path.cwd())
            for said in (*out.splitlines(), *(f"! {said}" for said in err.splitlines())):
                each = said.replace(folder, "FOLDER")
                yield HEAD.sub("head ........", each) if random else each
            if status:
                yield f"exit {status}"
