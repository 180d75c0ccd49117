"""A comparison with other programs compares the same answers, or says why it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import small
from tests.bench import others
from tests.bench.others import ASKED, Asked
from tests.bench.others_asked import Differs, told
from tests.bench.others_contender import Journal

QUICK = [each.name for each in ASKED if each.is_there and each.name not in ("postgresql", "beanquery")]
DAYS = [date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 14)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with small.fill(url) as ledger:
        yield others.given(tmp_path / "others", ledger, url, DAYS, 14)


@pytest.mark.parametrize("name", QUICK)
def test_a_program_answers_as_ours_does_and_is_timed(journal: Journal, name: str) -> None:
    found = told(name, journal)
    assert found["days"] == len(DAYS)
    assert min(found["balances_s"], found["running_s"], found["as_of_s"], found["memory_mb"]) > 0


def test_a_command_that_is_called_as_our_package_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    there = [each.name for each in ASKED if each.install and each.is_there and not each.is_package]
    assert there == []


def test_a_part_of_the_journal_is_answered_by_what_was_known_then(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with small.fill(url) as ledger:
        part = others.given(tmp_path / "others", ledger, url, DAYS, 9)
    assert pq.read_metadata(part.file).num_rows == 9
    assert told("sqlite", part)["days"] == len(DAYS)


@pytest.mark.parametrize("day", ["", "2026-01-31"])
def test_what_answers_otherwise_is_not_timed(journal: Journal, day: str) -> None:
    answers = json.loads(journal.our_answers.read_text(encoding="utf-8"))
    answers[day]["AE"][1] += 1
    journal.our_answers.write_text(json.dumps(answers), encoding="utf-8")
    with pytest.raises(Differs, match="AE has"):
        told("sqlite", journal)


def test_headroom_after_each_entry_is_compared_too(journal: Journal) -> None:
    ours = pq.read_table(journal.our_running)
    after = [*ours["headroom_after_tpp"].to_pylist()[:-1], 0]
    place = ours.column_names.index("headroom_after_tpp")
    pq.write_table(ours.set_column(place, "headroom_after_tpp", pa.array(after)), journal.our_running)
    with pytest.raises(Differs, match="another headroom after some entry"):
        told("sqlite", journal)


def test_what_is_not_installed_or_breaks_is_a_line(journal: Journal) -> None:
    missing = others.asked_of(Asked("no-such-program", install="apt-get install it"), journal)
    assert missing == {"why": "not installed: apt-get install it"}
    broken = others.asked_of(Asked("no-such-program"), journal)
    assert broken == {"why": "broke (1): KeyError: 'no-such-program'"}
