"""Many writers, crashes and full disks: what is acknowledged is there, and nothing is half there."""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url

from ledger import Busy, Entry, Ledger, NotPermitted, OverHeadroom, Unreachable, read_feed
from ledger.accounts import Asked, Books
from ledger.database import Database
from ledger.events import Telling
from ledger.store import Store
from ledger.submission import Post, Verdict
from tests import writers
from tests.books import REGIME
from tests.clock import Clock
from tests.outside import connected, contents, count, entries
from tests.postgres import Postgres
from tests.shared import create
from tests.writers import DAY, SPAWN, answers, license_entry, started

CAP = 1_000_000


@pytest.fixture(name="opened")
def _opened(store_url: str) -> Iterator[Ledger]:
    """A ledger where AE has CAP, and nobody else anything."""
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:
        ledger.post(allocation(CAP), request_id="opening")
        yield ledger


def allocation(tpp: int) -> Entry:
    return Entry.model_validate(
        {"kind": "allocate", "country": "AE", "effective_on": "2025-01-01", "tpp": tpp}
    )


@pytest.mark.parametrize("became", ["is gone", "was replaced by another file"])
def test_a_file_that_is_moved_away_while_it_is_open_takes_no_more_posts(tmp_path: Path, became: str) -> None:
    file, away = tmp_path / "tppq.db", tmp_path / "away.db"
    with Ledger.init(f"sqlite:///{file}", opening=False) as ledger:
        ledger.post(allocation(CAP))
        file.rename(away)
        if became != "is gone":
            Ledger.init(f"sqlite:///{file}", opening=False).close()
        with pytest.raises(Unreachable, match=f"{became} since it was opened: put it back, or open it anew"):
            ledger.post(allocation(CAP))
        if became == "is gone":
            away.rename(file)
            assert ledger.post(allocation(CAP))[0].seq == 2


def test_what_is_told_of_many_entries_is_recorded_with_them(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock(DAY)).close()
    with closing(Store(Database(store_url, 1), Clock(DAY))) as store:
        for number in range(12):
            posts = [
                Post(f"{number}-{code}", 0, None, allocated(code), line)
                for line, code in enumerate(REGIME.opened(), 1)
            ]
            tellings = partial(told, str(number))
            verdict = store.submit(posts, Books(REGIME, DAY, "maria"), tellings=tellings)
            assert len(verdict.rows) == len(posts)
        assert [each.subject for each in store.events("audit")] == [str(number) for number in range(12)]


def told(subject: str, _verdict: Verdict) -> list[Telling]:
    return [Telling("audit", subject, "done", {})]


def allocated(code: str) -> Asked:
    return Asked(
        "allocate", code, "2025-01-01", None, None, None, 1, None, None, None, None, None, "country", code,
        None, f"country/{code}",
    )  # fmt: skip


# --- creating -------------------------------------------------------------------------------------


def test_the_empty_ledger_answers_every_question(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, clock=Clock(DAY)) as ledger:
        nothing = [
            ledger.headroom(),
            ledger.headroom("AE", as_of="2026-01-01", known_at="2026-01-01"),
            ledger.statement("AE"),
            ledger.statement("AE", from_day="2026-01-01", as_of="2026-01-01", known_at="2026-01-01"),
            ledger.licenses(),
            ledger.licenses("AE", as_of="2026-01-01"),
            ledger.verify(),
            *(ledger.sql(f"from {view}") for view in ("entry", "posting", "headroom_daily", "state_event")),
        ]
        assert [(answer.rows(), answer.df().shape[0], answer.basis["seq"]) for answer in nothing] == (
            [([], 0, 0)] * len(nothing)
        )
        (fit,) = ledger.fit("AE", tpp=5).rows()
        assert (fit["fits"], fit["headroom_tpp"], fit["short_by_tpp"]) == (False, None, 5)
        assert fit["reason"] == (
            "AE is Tier 2 on 2026-02-01, but no allocation was opened for it: "
            "post an allocate of up to 790,000,000 TPP first"
        )
        checked = ledger.verify().basis["checked"]
        assert (checked["entries"], checked["accounts"]) == (0, 0)


def test_init_opens_every_tier_2_country_and_a_second_init_changes_nothing(store_url: str) -> None:
    with Ledger.init(store_url, clock=Clock(DAY)) as ledger:
        rows = ledger.headroom().rows()
    assert {row["headroom_tpp"] for row in rows} == {790_000_000}
    assert len(rows) == 158
    before = contents(store_url)
    Ledger.init(store_url, clock=Clock("2026-05-05")).close()
    assert contents(store_url) == before


def nobody_else_has_open(url: str) -> bool:
    """Whether no connection is left to a store in a file: else it stays a WAL database."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0)) as alone:
        try:
            return bool(alone.execute("pragma journal_mode = delete").fetchone() == ("delete",))
        except sqlite3.OperationalError:
            return False


def test_an_init_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", Clock(DAY))
    assert nobody_else_has_open(url)
    with pytest.raises(NotPermitted, match="vera is viewer in this ledger") as denied:
        Ledger.init(url, actor="vera")
    assert nobody_else_has_open(url)
    with connected(url) as holder:
        holder.exec_driver_sql("begin immediate")
        with pytest.raises(Busy) as busy:
            Ledger.init(url, actor="vera", busy_seconds=0.01)
        holder.rollback()
    assert nobody_else_has_open(url)
    del denied, busy  # whoever keeps an error keeps all that was in reach of it


def test_several_processes_may_init_at_the_same_time(store_url: str) -> None:
    together = SPAWN.Barrier(3)
    all_at_once = [started(writers.init, store_url, together) for _ in range(3)]
    assert [answers(*each) for each in all_at_once] == [["created"]] * 3
    with Ledger.open(store_url) as ledger:
        assert len(ledger.headroom()) == 158
        assert ledger.verify().rows() == []


# --- many writers ---------------------------------------------------------------------------------


def test_two_processes_that_each_take_more_than_half_never_overdraw(opened: Ledger, store_url: str) -> None:
    together = SPAWN.Barrier(2)
    names = ("maria", "omar")
    both = [started(writers.license_more_than_half, store_url, name, together) for name in names]
    said = [answers(*each) for each in both]
    assert [sum(counts) for (counts,) in said] == [25, 25]
    stored = entries(store_url)
    assert len(stored) == 1 + sum(licensed for ((licensed, _),) in said)
    assert {row["actor"] for row in stored} >= {"maria"}
    assert min(row["headroom_after_tpp"] for row in stored) >= 0
    assert opened.headroom("AE").rows()[0]["headroom_tpp"] == stored[-1]["headroom_after_tpp"]
    assert opened.verify().rows() == []


def test_threads_share_a_ledger_and_none_of_their_posts_is_lost(opened: Ledger) -> None:
    def post(number: int) -> int:
        (receipt,) = opened.post(license_entry(f"L{number}", 1))
        assert opened.headroom("AE").rows()[0]["headroom_tpp"] <= receipt.headroom_tpp
        return receipt.seq

    with ThreadPoolExecutor(8) as threads:
        seqs = sorted(threads.map(post, range(64)))
    assert seqs == list(range(2, 66))
    assert opened.headroom("AE").rows()[0]["headroom_tpp"] == CAP - 64
    assert opened.verify().rows() == []


def test_a_ledger_sees_what_another_one_posted(opened: Ledger, store_url: str) -> None:
    assert opened.headroom("AE").rows()[0]["headroom_tpp"] == CAP
    with Ledger.open(store_url, actor="omar", clock=Clock(DAY)) as other:
        other.post(license_entry("L1", CAP - 10))
        assert opened.headroom("AE").rows()[0]["headroom_tpp"] == 10
        with pytest.raises(OverHeadroom, match="AE has 10 TPP left; 11 asked; short by 1"):
            opened.post(license_entry("L2", 11))
        opened.post(license_entry("L2", 10))
        with pytest.raises(OverHeadroom, match="AE has 0 TPP left"):
            other.post(license_entry("L3", 1))


def test_a_writer_that_does_not_let_go_makes_others_busy_and_then_lets_them_in(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, busy_seconds=0.2, clock=Clock(DAY)) as ledger:
        ledger.post(allocation(CAP))
        before = contents(store_url)
        with connected(store_url) as holder:
            if holder.dialect.name == "sqlite":
                holder.exec_driver_sql("begin immediate")
            else:
                holder.exec_driver_sql("select seq from head for update")
            with pytest.raises(
                Busy, match="another writer holds the ledger and did not let go in time: try again"
            ):
                ledger.post(license_entry("L1", 5))
            assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == CAP
        assert contents(store_url) == before
        assert ledger.post(license_entry("L1", 5))[0].seq == 2


# --- crashes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_what_was_acknowledged_before_a_kill_is_there(
    opened: Ledger, store_url: str, acknowledged: int
) -> None:
    process, connection = started(writers.post_one_by_one, store_url)
    receipts = [connection.recv() for _ in range(acknowledged)]
    process.kill()
    receipts += answers(process, connection)
    stored = {(row["seq"], row["hash"]) for row in entries(store_url)}
    assert stored >= set(receipts)
    assert len(stored) - len(receipts) in (1, 2)  # the opening; one that was committed and not answered yet
    assert opened.verify().rows() == []
    assert opened.post(license_entry("afterwards", 1))[0].seq == len(stored) + 1


def test_a_file_killed_half_way_leaves_whole_groups_and_posting_it_again_completes_it(
    opened: Ledger, store_url: str, tmp_path: Path
) -> None:
    path, group, rows = tmp_path / "post.csv", 500, 10_000
    lines = (f"license,AE,{DAY},L{number},1" for number in range(rows))
    path.write_text("\n".join(["kind,country,effective_on,license_no,tpp", *lines, ""]), encoding="utf-8")
    process, connection = started(writers.post_file_in_groups, store_url, str(path), group)
    assert connection.recv() == group
    process.kill()
    connection.close()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = opened.post(license_entry("behind whoever still writes", 1))[0].seq - 2
    assert left % group == 0
    assert group <= left < rows
    assert opened.verify().rows() == []
    with read_feed(str(path)) as feed:
        outcome = opened.post_file(feed, each=True, receipts=False)
    assert (outcome.posted, outcome.replayed, outcome.refused) == (rows, left, 0)
    assert count(store_url) - 2 == rows
    assert opened.headroom("AE").rows()[0]["headroom_tpp"] == CAP - rows - 1
    assert opened.verify().rows() == []


def test_a_full_disk_is_said_so_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    file = tmp_path / "tppq.db"
    url = f"sqlite:///{file}"
    with Ledger.init(url, opening=False, clock=Clock(DAY)) as ledger:
        ledger.post(allocation(CAP))
    (seq, error, detail), afterwards = answers(*started(writers.post_until_full, url, str(file), 100_000))
    assert error == "Unreachable"
    assert detail in {
        f"{url} cannot be used: disk I/O error",
        f"{url} cannot be used: its disk is full (database or disk is full): make room there, and try again",
    }
    assert afterwards == seq + 1
    assert len(entries(url)) == afterwards
    with Ledger.open(url) as ledger:
        assert ledger.verify().rows() == []


def test_a_store_that_may_only_be_read_is_said_so_and_stays_as_it_is() -> None:
    with tempfile.TemporaryDirectory(prefix="tppq-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'tppq.db'}"
        with Ledger.init(url, opening=False, clock=Clock(DAY)) as ledger:
            ledger.post(allocation(CAP))
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        (folder / "tppq.db").chmod(0o444)
        folder.chmod(0o555)
        ((error, detail),) = answers(*started(writers.post_unprivileged, url))
        folder.chmod(0o755)
        assert error == "NotPermitted"
        assert detail == (
            f"this user may not write to {url} and its folder, which SQLite needs even to read a ledger "
            "while others write to it: let them, or ask a copy of their own, made by somebody who may (tppq "
            "backup, tppq publish)"
        )
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


NEEDS = "let them, or ask a copy of their own, made by somebody who may (tppq backup, tppq publish)"
OTHERS = {
    "a file that others may not read": (
        {"tppq.db": 0o600},
        f"this user may not read {{url}}: {NEEDS}",
    ),
    "a folder that others may not write to": (
        {"tppq.db": 0o666, ".": 0o555},
        (
            "this user may not write to {url} and its folder, which SQLite needs even to read a ledger while "
            f"others write to it: {NEEDS}"
        ),
    ),
    "a file that others may not write to, in a folder that they may": (
        {"tppq.db": 0o444, ".": 0o777},
        (
            "this user may not write to {url} and its folder, which SQLite needs even to read a ledger while "
            f"others write to it: {NEEDS}"
        ),
    ),
    "what SQLite keeps beside it": (
        {"tppq.db": 0o666, "tppq.db-wal": 0o444, "tppq.db-shm": 0o444, ".": 0o777},
        (
            "this user may not write to {file}-wal and {file}-shm, left beside the ledger, without which "
            "SQLite cannot even read it: let them (chown, chmod), and delete nothing, as entries may be in "
            "there"
        ),
    ),
}


@pytest.mark.parametrize(("modes", "said"), OTHERS.values(), ids=OTHERS)
def test_who_may_not_use_a_file_is_told_what_to_be_let_do(modes: dict[str, int], said: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tppq-") as name:
        folder = Path(name)
        file = folder / "tppq.db"
        url = f"sqlite:///{file}"
        with ExitStack() as stack:
            ledger = stack.enter_context(Ledger.init(url, opening=False, clock=Clock(DAY)))
            ledger.post(allocation(CAP))
            if "tppq.db-wal" not in modes:
                ledger.close()
            folder.chmod(0o755)
            for each, mode in modes.items():
                (folder / each).chmod(mode)
            answered = answers(*started(writers.post_unprivileged, url))
            folder.chmod(0o755)
            assert {path.stat().st_uid for path in folder.iterdir()} == {os.geteuid()}  # nothing is left
        assert answered == [("NotPermitted", said.format(url=url, file=file))]


def test_no_ledger_is_made_where_one_may_not_make_a_file() -> None:
    with tempfile.TemporaryDirectory(prefix="tppq-") as name:
        Path(name).chmod(0o555)
        made_by_others = partial(writers.post_unprivileged, new=True)
        ((error, detail),) = answers(*started(made_by_others, f"sqlite:///{name}/tppq.db"))
        Path(name).chmod(0o755)
        assert (error, list(Path(name).iterdir())) == ("NotPermitted", [])
        assert detail == (
            f"this user may not make a file in {name}: "
            "let them, or name another ledger (--ledger, TPPQ_LEDGER)"
        )


# --- the clock ------------------------------------------------------------------------------------


def test_recorded_at_goes_on_when_the_clock_steps_back(store_url: str) -> None:
    clock = Clock("2026-02-10")
    with Ledger.init(store_url, opening=False, clock=clock) as ledger:
        ledger.post(allocation(CAP))
        clock.set("2026-02-08")
        ledger.post(license_entry("L1", 1), license_entry("L2", 1))
        clock.set("2026-02-11")
        ledger.post(license_entry("L3", 1))
        assert ledger.verify().rows() == []
    assert [row["recorded_at"] for row in entries(store_url)] == [
        "2026-02-10T12:00:00.000000Z",
        "2026-02-10T12:00:00.000001Z",
        "2026-02-10T12:00:00.000002Z",
        "2026-02-11T12:00:00.000000Z",
    ]


# --- connections that are not one's own any more ---------------------------------------------------


def test_whoever_comes_back_to_a_server_that_was_restarted_meanwhile_posts_as_ever(
    postgres: Postgres,
) -> None:
    url = postgres.create()
    with Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:
        ledger.post(allocation(CAP))
        with postgres.connect() as server:
            of_ours = "from pg_stat_activity where application_name = 'tppq' and datname = %s"
            asked = f"select pg_terminate_backend(pid, 10000) {of_ours}"
            ended = server.execute(asked, [make_url(url).database]).fetchall()
            assert len(ended) == 2  # one reads, one writes
        (receipt,) = ledger.post(license_entry("L1", 10))
        assert receipt.headroom_tpp == CAP - 10
        assert ledger.verify().rows() == []
    postgres.drop(url)


def test_where_the_server_ends_a_connection_a_refusal_stays_a_refusal_and_the_next_post_is_posted(
    postgres: Postgres,
) -> None:
    url = postgres.create()
    store = Store(Database(url, 10), Clock(DAY))
    with Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:

        def refuse() -> None:
            with postgres.connect() as server:
                asked = (
                    "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
                    "where application_name = 'tppq' and datname = %s and state <> 'idle'"
                )
                assert len(server.execute(asked, [make_url(url).database]).fetchall()) == 1
            raise NotPermitted("refused under the lock")

        with pytest.raises(NotPermitted, match="refused under the lock"):
            store.record([], "maria", refuse)
        assert store.record([], "maria") == []
        ledger.post(allocation(CAP))
    store.close()
    postgres.drop(url)
