"""Hundreds of kills, lost connections, a clock that goes back: nothing acknowledged is lost, nothing is half.

`TPPQ_SEED=7 make test ARGS="-k faults"` repeats the run with seed 7; the seed of each run is in its name.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from time import sleep
from typing import Any

import psycopg
import pytest

from ledger import Busy, Entry, Ledger, OutsidePeriod, Unreachable, read_feed
from tests import writers
from tests.clock import Clock
from tests.outside import count, entries
from tests.postgres import Postgres
from tests.writers import DAY, license_entry

SEED = int(os.environ.get("TPPQ_SEED", "20260201"))
KILLS = 150
ROWS, GROUP = 400, 20
CAP = 1_000_000
FORKED = multiprocessing.get_context("forkserver")  # a process in milliseconds: everything is imported once
FORKED.set_forkserver_preload(["tests.writers", "ledger.book"])


def opened(url: str) -> Ledger:
    ledger = Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY))
    ledger.post(
        Entry.model_validate({"kind": "allocate", "country": "AE", "effective_on": "2025-01-01", "tpp": CAP}),
        request_id="opening",
    )
    return ledger


def killed(work: Callable[..., None], *arguments: object, after: int, seconds: float) -> list[Any]:
    """What a process had answered when it was killed: some time after its n-th answer."""
    here, there = FORKED.Pipe()
    process = FORKED.Process(target=work, args=(there, *arguments))
    process.start()
    there.close()
    said = [here.recv() for _ in range(after)]
    sleep(seconds)
    process.kill()
    with suppress(EOFError):
        while True:
            said.append(here.recv())
    process.join()
    here.close()
    return said


def state(file: Path) -> tuple[int, str, int]:
    """The head's seq and hash, and how many entries there are: quick enough to ask after every kill."""
    with closing(sqlite3.connect(file)) as connection:
        row: tuple[int, str, int] = connection.execute(
            "select seq, hash, (select count(*) from entry) from head"
        ).fetchone()
        return row


@pytest.mark.parametrize("seed", [SEED])
def test_hundreds_of_kills_between_posts_lose_nothing_acknowledged(seed: int, tmp_path: Path) -> None:
    file, chance = tmp_path / "tppq.db", random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    url = f"sqlite:///{file}"
    opened(url).close()
    acknowledged: dict[int, str] = {}
    for turn in range(KILLS):
        after, seconds = chance.randrange(4), chance.uniform(0, 0.02)
        acknowledged |= dict(killed(writers.post_from, url, len(acknowledged), after=after, seconds=seconds))
        seq, _, rows = state(file)
        assert seq == rows, f"kill {turn}: the head says {seq}, there are {rows}"
        assert seq >= max(acknowledged, default=1), f"kill {turn}: an acknowledged entry is gone"
    stored = {row["seq"]: row["hash"] for row in entries(url)}
    assert acknowledged.items() <= stored.items()
    assert len(acknowledged) > KILLS / 2
    with Ledger.open(url) as ledger:
        assert ledger.verify().rows() == []


@pytest.mark.parametrize("seed", [SEED])
def test_hundreds_of_kills_in_a_file_leave_whole_groups_and_the_same_file_completes_it(
    seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    path = tmp_path / "post.csv"
    lines = (f"license,AE,{DAY},L{number},{1 if number % 7 else CAP}" for number in range(ROWS))
    path.write_text("\n".join(["kind,country,effective_on,license_no,tpp", *lines, ""]), encoding="utf-8")
    half_way = 0
    for turn in range(KILLS // 5):
        file = tmp_path / f"{turn}.db"
        url = f"sqlite:///{file}"
        opened(url).close()
        after, seconds = chance.randrange(ROWS // GROUP), chance.uniform(0, 0.003)
        killed(writers.post_file_in_groups, url, str(path), GROUP, after=after, seconds=seconds)
        seq, _, rows = state(file)
        assert seq == rows
        half_way += 1 < rows < ROWS - ROWS // 7
        with Ledger.open(url, clock=Clock(DAY)) as ledger, read_feed(str(path)) as feed:
            outcome = ledger.post_file(feed, each=True)
            assert outcome.posted + outcome.refused == ROWS
            assert count(url) - 1 == outcome.posted
            if turn % 10 == 0:
                assert ledger.verify().rows() == []
    assert half_way > 0


def test_a_connection_to_postgresql_that_is_lost_within_a_transaction_loses_nothing(
    postgres: Postgres,
) -> None:
    url = postgres.create()
    lost = posted = 0
    stop = threading.Event()

    def end_connections() -> None:
        chance = random.Random(SEED)  # noqa: S311  # to be repeated, not to be secret
        with postgres.connect() as operator:
            while not stop.wait(chance.uniform(0.001, 0.015)):
                terminate_others(operator, url)

    with opened(url) as ledger:
        ending = threading.Thread(target=end_connections)
        ending.start()
        try:
            while lost < 10 and posted < 5_000:
                posted += 1
                request_id, entry = f"request-{posted}", license_entry(f"L{posted}", 1)
                while True:
                    try:
                        ledger.post(entry, request_id=request_id)
                    except (Unreachable, Busy):
                        lost += 1
                    else:
                        break
        finally:
            stop.set()
            ending.join()
        assert lost >= 10
        assert count(url) == posted + 1
        assert ledger.verify().rows() == []


def terminate_others(operator: psycopg.Connection[tuple[object, ...]], url: str) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    operator.execute(
        "select pg_terminate_backend(a.pid) from pg_stat_activity as a"
        " where a.datname = %s and a.pid <> pg_backend_pid()",
        (name,),
    )


def test_a_clock_that_goes_back_does_not_take_the_ledger_back(store_url: str) -> None:
    clock = Clock(DAY)
    opened(store_url).close()
    with Ledger.open(store_url, clock=clock) as ledger:
        ledger.post(license_entry("L1", 1))
        clock.set("2025-12-31")
        (receipt,) = ledger.post(license_entry("L2", 1, on="2025-12-30"))
        assert receipt.seq == 3
        with pytest.raises(OutsidePeriod, match="is in the future: today is 2025-12-31"):
            ledger.post(license_entry("L3", 1))
        clock.set("2026-02-02")
        ledger.post(license_entry("L4", 1))
        recorded = [row["recorded_at"] for row in entries(store_url)]
        assert recorded == sorted(set(recorded))
        assert ledger.verify().rows() == []
