"""Where DuckDB puts what does not fit into memory."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from ledger import recon_feeds, spill
from ledger.feed import Feed
from tests.feeds import GOOD, HEADER


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for what is temporary."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_does_not_fit_into_memory_goes_where_nobody_else_looks_and_is_gone_afterwards(
    temporary: Path,
) -> None:
    with duckdb.connect(config={"memory_limit": "40MB", "threads": 1, **spill.settings()}) as connection:
        connection.execute(
            "create table t as select range as a, hash(range)::varchar as b from range(2000000)"
        )
        (own,) = temporary.iterdir()
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        (aside,) = own.iterdir()
        assert any(aside.iterdir())
    assert list(own.iterdir()) == []


def test_a_process_leaves_no_folder_behind(tmp_path: Path) -> None:
    code = "from ledger import spill; print(spill.settings()['temp_directory'])"
    environment = {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(spill.__file__).parent.parent)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_where_no_folder_can_be_had_nothing_is_put_aside(temporary: Path) -> None:
    temporary.rmdir()
    assert spill.settings() == {"temp_directory": ""}


def test_feeds_of_postings_and_of_a_night_are_read_with_it(temporary: Path) -> None:
    file = temporary / "feed.csv"
    file.write_text(HEADER + GOOD)
    asked = "select current_setting('temp_directory'), current_setting('max_temp_directory_size')"
    with recon_feeds.connect() as connection, Feed(str(file)) as feed:
        for where in (connection, feed._connection):  # noqa: SLF001  # no other way to ask it
            folder, most = where.execute(asked).fetchall()[0]
            assert folder.startswith(str(temporary / "tppq-spill-"))
            assert most == "9.3 GiB"
