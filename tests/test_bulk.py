"""A file of many groups, written by another process: the same outcome, whatever happens to either."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger import Busy, Ledger, book, read_feed
from ledger.outcome import Outcome
from tests import sample, writers
from tests.clock import Clock
from tests.outside import connected, contents
from tests.writers import DAY, answers, license_entry, started

GROUP = 100
CAP = 790_000_000
HEADER = "kind,country,effective_on,license_no,tpp,request_id"
TODAY = "2026-11-01"


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "GROUP", GROUP)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tppq.db'}"


def licenses(folder: Path, rows: int, tpp: int = 1) -> Path:
    """A file of licenses for AE, one a row."""
    lines = (f"license,AE,{DAY},L{number},{tpp}," for number in range(rows))
    return written(folder, lines)


def written(folder: Path, lines: Any) -> Path:
    path = folder / "post.csv"
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


def posted(ledger: Ledger, path: Path, progress: Callable[[int], None] = lambda _done: None) -> Outcome:
    with read_feed(str(path)) as feed:
        return ledger.post_file(feed, each=True, progress=lambda done, _of: progress(done))


def counted(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.posted, outcome.replayed, outcome.refused


def writers_running() -> dict[int, int]:
    """The processes that write for another and still run, and who started them."""
    columns = "pid=,ppid=,stat=,args="
    listed = subprocess.run(["ps", "-Aww", "-o", columns], capture_output=True, text=True, check=True)
    rows = (line.split(None, 3) for line in listed.stdout.splitlines())
    return {int(pid): int(of) for pid, of, state, args in rows if "ledger.scribe" in args and state[0] != "Z"}


def children(of: int | None = None) -> list[int]:
    """Those that this process started, or another."""
    return [pid for pid, starter in writers_running().items() if starter == (of or os.getpid())]


def has_ended(pid: int) -> bool:
    """Whether a writing process ends within ten seconds."""
    for _ in range(100):
        if pid not in writers_running():
            return True
        time.sleep(0.1)
    return False


def said(outcome: Outcome) -> list[tuple[Any, ...]]:
    return [
        (each.line, type(each.refusal).__name__, each.refusal.detail, each.answered_at)
        for each in outcome.declined
    ]


# --- the same outcome -----------------------------------------------------------------------------


def test_a_file_written_by_another_process_comes_out_as_one_written_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sample.write(tmp_path / "sample", rows=2_500).ledger
    told, outcomes, running = [], [], []
    for name in ("beside.db", "here.db"):
        if name == "here.db":
            monkeypatch.setattr(sys, "executable", str(tmp_path / "no-such-python"))
        with Ledger.init(f"sqlite:///{tmp_path / name}", actor="maria", clock=Clock(TODAY)) as ledger:
            outcomes.append(posted(ledger, path, lambda _done: running.append(len(children()))))
            assert ledger.verify().rows() == []
        stored = contents(f"sqlite:///{tmp_path / name}")
        told.append({table: stored[table] for table in ("entry", "balance", "refusal")})
    assert told[0] == told[1]
    assert said(outcomes[0]) == said(outcomes[1])
    assert (outcomes[0].receipts, outcomes[0].warnings) == (outcomes[1].receipts, outcomes[1].warnings)
    assert counted(outcomes[0]) == counted(outcomes[1])
    assert all(counted(outcomes[0]))
    assert set(running[: len(running) // 2]) == {1}
    assert set(running[len(running) // 2 :]) == {0}
    assert children() == []


def test_requests_of_earlier_groups_that_still_wait_are_answered_as_before(url: str, tmp_path: Path) -> None:
    first = [f"license,AE,{DAY},L{number},1,r-{number}" for number in range(GROUP - 2)]
    first += [f"license,AE,{DAY},L-big,{2 * CAP},too-much", f"license,AE,{DAY},L-x,5,other"]
    again = [*first[:-1], f"license,AE,{DAY},L-x,6,other"]
    path = written(tmp_path, [*first, *again, *again])
    with Ledger.init(url, clock=Clock(DAY)) as ledger:
        outcome = posted(ledger, path)
        assert counted(outcome) == (3 * (GROUP - 2) + 1, 2 * (GROUP - 2), 5)
        assert [(each.line, type(each.refusal).__name__) for each in outcome.declined] == [
            (GROUP, "OverHeadroom"),
            (2 * GROUP, "OverHeadroom"),
            (2 * GROUP + 1, "IdReused"),
            (3 * GROUP, "OverHeadroom"),
            (3 * GROUP + 1, "IdReused"),
        ]
        assert [each.answered_at is not None for each in outcome.declined] == [
            False,
            True,
            False,
            True,
            False,
        ]
        assert ledger.verify().rows() == []
    assert [row["attempt"] for row in contents(url)["refusal"]] == [1]


def test_what_was_refused_is_judged_anew_each_time_where_that_is_asked_whatever_the_groups(
    url: str, tmp_path: Path
) -> None:
    path = written(tmp_path, [f"license,AE,{DAY},L-big,{2 * CAP},too-much"] * (2 * GROUP + 1))
    with Ledger.init(url, clock=Clock(DAY)) as ledger, read_feed(str(path)) as feed:
        outcome = ledger.post_file(feed, each=True, again=True)
        assert counted(outcome) == (0, 0, 2 * GROUP + 1)
    assert [row["attempt"] for row in contents(url)["refusal"]] == [*range(1, 2 * GROUP + 2)]


def test_the_same_file_again_is_replayed_group_by_group(url: str, tmp_path: Path) -> None:
    path, rows, seen = licenses(tmp_path, 3 * GROUP + 5), 3 * GROUP + 5, list[int]()
    with Ledger.init(url, clock=Clock(DAY)) as ledger:
        first = posted(ledger, path)
        second = posted(ledger, path, seen.append)
        assert (counted(first), counted(second)) == ((rows, 0, 0), (rows, rows, 0))
        assert seen == [GROUP, 2 * GROUP, 3 * GROUP, rows]
        assert second.receipts == first.receipts


@pytest.mark.parametrize("each", [True, False])
def test_it_is_told_how_many_rows_are_done_and_of_how_many(url: str, tmp_path: Path, *, each: bool) -> None:
    path, told = licenses(tmp_path, 2 * GROUP + 5), list[tuple[int, int]]()
    with Ledger.init(url, clock=Clock(DAY)) as ledger, read_feed(path) as feed:
        ledger.post_file(feed, each=each, progress=lambda done, of: told.append((done, of)))
    rows = 2 * GROUP + 5
    assert told == ([(GROUP, rows), (2 * GROUP, rows), (rows, rows)] if each else [(rows, rows)])


# --- another writer -------------------------------------------------------------------------------


def test_a_group_that_another_writer_overtook_is_judged_anew(url: str, tmp_path: Path) -> None:
    rows = 8 * GROUP
    path = licenses(tmp_path, rows)
    with Ledger.init(url, clock=Clock(DAY)) as ledger:

        def take_the_rest(done: int) -> None:
            if done == 3 * GROUP:
                took.extend(answers(*started(writers.license_all_that_is_left, url)))

        took: list[int] = []
        outcome = posted(ledger, path, take_the_rest)
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 0
        assert ledger.verify().rows() == []
    overtaken = outcome.declined[0].line - 2
    assert 3 * GROUP <= overtaken <= 6 * GROUP
    assert overtaken % GROUP == 0
    assert counted(outcome) == (overtaken, 0, rows - overtaken)
    assert [receipt.seq for receipt in outcome.receipts][-1] == took[0] - 1
    assert {type(each.refusal).__name__ for each in outcome.declined} == {"OverHeadroom"}


def test_a_writer_that_does_not_let_go_in_time_is_said_so_and_whole_groups_are_there(
    url: str, tmp_path: Path
) -> None:
    path, done = licenses(tmp_path, 8 * GROUP), []
    with Ledger.init(url, clock=Clock(DAY)) as ledger:
        before = len(contents(url)["entry"])
    with Ledger.open(url, clock=Clock(DAY), busy_seconds=0.2) as ledger, connected(url) as holder:

        def hold(rows: int) -> None:
            done.append(rows)
            if rows == GROUP:
                holder.exec_driver_sql("begin immediate")

        with pytest.raises(Busy, match="another writer holds the ledger and did not let go in time"):
            posted(ledger, path, hold)
        assert children() == []
    assert len(contents(url)["entry"]) - before == done[-1]
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        assert counted(posted(ledger, path)) == (8 * GROUP, done[-1], 0)
        assert ledger.verify().rows() == []


# --- crashes --------------------------------------------------------------------------------------


def test_where_the_writing_process_is_killed_this_one_goes_on_and_nothing_is_lost_or_told_twice(
    url: str, tmp_path: Path
) -> None:
    rows = 12 * GROUP + 3
    path, seen = licenses(tmp_path, rows), []

    def kill(done: int) -> None:
        seen.append(done)
        if done == 2 * GROUP:
            (pid,) = children()
            os.kill(pid, signal.SIGKILL)

    with Ledger.init(url, clock=Clock(DAY)) as ledger:
        before = len(contents(url)["entry"])
        outcome = posted(ledger, path, kill)
        assert counted(outcome) == (rows, 0, 0)
        assert [receipt.seq for receipt in outcome.receipts] == list(range(before + 1, before + rows + 1))
        assert seen == [*range(GROUP, rows, GROUP), rows]
        assert ledger.verify().rows() == []
    assert children() == []


def test_where_this_process_is_killed_the_writing_one_ends(url: str, tmp_path: Path) -> None:
    rows = 40 * GROUP
    path = licenses(tmp_path, rows)
    Ledger.init(url, clock=Clock(DAY)).close()
    before = len(contents(url)["entry"])
    process, connection = started(writers.post_file_in_groups, url, str(path), GROUP)
    assert connection.recv() == GROUP
    (writer,) = children(process.pid)
    process.kill()
    answers(process, connection)
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        left = ledger.post(license_entry("behind whoever still writes", 1))[0].seq - before - 1
        assert left % GROUP == 0
        assert GROUP <= left < rows
        assert counted(posted(ledger, path)) == (rows, left, 0)
        assert ledger.verify().rows() == []
    assert has_ended(writer)


def test_an_interrupt_ends_both_and_leaves_whole_groups(url: str, tmp_path: Path) -> None:
    path, rows = licenses(tmp_path, 12 * GROUP), 12 * GROUP

    def interrupt(done: int) -> None:
        if done == 3 * GROUP:
            raise KeyboardInterrupt

    with Ledger.init(url, clock=Clock(DAY)) as ledger:
        before = len(contents(url)["entry"])
        with pytest.raises(KeyboardInterrupt):
            posted(ledger, path, interrupt)
        assert children() == []
        left = len(contents(url)["entry"]) - before
        assert left % GROUP == 0
        assert left >= 3 * GROUP
        assert counted(posted(ledger, path)) == (rows, left, 0)
        assert ledger.verify().rows() == []


def test_a_full_disk_is_said_so_and_the_groups_before_it_are_there(url: str, tmp_path: Path) -> None:
    rows = 60 * GROUP
    path = licenses(tmp_path, rows)
    Ledger.init(url, clock=Clock(DAY)).close()
    before = len(contents(url)["entry"])
    done, error, detail = answers(*started(writers.post_file_until_full, url, str(path), GROUP, 1_500_000))
    assert error == "Unreachable"
    assert detail in {
        f"{url} cannot be used: disk I/O error",
        f"{url} cannot be used: its disk is full (database or disk is full): make room there, and try again",
    }
    assert GROUP <= done < rows
    assert len(contents(url)["entry"]) - before == done
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        assert counted(posted(ledger, path)) == (rows, done, 0)
        assert ledger.verify().rows() == []
