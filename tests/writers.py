"""What other processes do to a ledger in tests; each starts afresh, and has a connection of its own."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import resource
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from ledger import Entry, Ledger, LedgerError, OverHeadroom, book, read_feed
from tests.clock import Clock
from tests.postgres import UNPRIVILEGED

SPAWN = multiprocessing.get_context("spawn")
DAY = "2026-02-01"


def started(work: Callable[..., None], *arguments: Any) -> tuple[SpawnProcess, Connection]:
    """A process that does the work, and where it answers; `work` takes the other end first."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=work, args=(there, *arguments))
    process.start()
    there.close()
    return process, here


def answers(process: SpawnProcess, connection: Connection) -> list[Any]:
    """Everything that a process said until it ended."""
    said = []
    with suppress(EOFError):
        while True:
            said.append(connection.recv())
    process.join()
    return said


def license_entry(number: str, tpp: int, on: str = DAY) -> Entry:
    return Entry.model_validate(
        {"kind": "license", "country": "AE", "effective_on": on, "license_no": number, "tpp": tpp}
    )


def init(answer: Connection, url: str, together: Barrier) -> None:
    """Create the ledger at the same time as others do."""
    together.wait()
    Ledger.init(url, clock=Clock(DAY)).close()
    answer.send("created")


def license_more_than_half(answer: Connection, url: str, name: str, together: Barrier) -> None:
    """License more than half of what is left, again and again; answers how often it was let, and refused."""
    licensed = refused = 0
    with Ledger.open(url, actor=name, busy_seconds=30, clock=Clock(DAY)) as ledger:
        together.wait()
        for turn in range(25):
            left = ledger.headroom("AE").rows()[0]["headroom_tpp"]
            try:
                ledger.post(license_entry(f"{name}-{turn}", left // 2 + 1))
                licensed += 1
            except OverHeadroom:
                refused += 1
    answer.send((licensed, refused))


def license_all_that_is_left(answer: Connection, url: str) -> None:
    """License the last TPP that AE has; answers the receipt's seq, and what was refused."""
    with Ledger.open(url, busy_seconds=30, clock=Clock(DAY)) as ledger:
        while left := ledger.headroom("AE").rows()[0]["headroom_tpp"]:
            with suppress(OverHeadroom):  # others post as well
                (receipt,) = ledger.post(license_entry("all-the-rest", left))
    answer.send(receipt.seq)


def post_one_by_one(answer: Connection, url: str) -> None:
    """Post until killed; answers each receipt's (seq, hash) once it is given."""
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        for number in range(1_000_000):
            (receipt,) = ledger.post(license_entry(f"L{number}", 1), request_id=f"request-{number}")
            answer.send((receipt.seq, receipt.hash))


def post_from(answer: Connection, url: str, first: int) -> None:
    """Post until killed, requests numbered from `first` on; answers each receipt's (seq, hash)."""
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        for number in range(first, 1_000_000):
            (receipt,) = ledger.post(license_entry(f"L{number}", 1), request_id=f"request-{number}")
            answer.send((receipt.seq, receipt.hash))


def post_file_in_groups(answer: Connection, url: str, path: str, group: int) -> None:
    """Post the rows of a file, each on its own, so many in a group; answers how many are done."""
    vars(book)["GROUP"] = group
    post_file(answer, url, path)


def post_file(answer: Connection, url: str, path: str) -> None:
    """Post the rows of a file, each on its own; answers how many are done after each group."""
    with Ledger.open(url, clock=Clock(DAY)) as ledger, read_feed(path) as feed:
        ledger.post_file(feed, each=True, receipts=False, progress=lambda done, _of: answer.send(done))


def post_file_until_full(answer: Connection, url: str, path: str, group: int, most: int) -> None:
    """Post a file in groups while no file may grow beyond `most` bytes; answers rows done and the error."""
    done = [0]
    vars(book)["GROUP"] = group
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        with Ledger.open(url, clock=Clock(DAY)) as ledger, read_feed(path) as feed:
            ledger.post_file(feed, each=True, receipts=False, progress=lambda rows, _of: done.append(rows))
    except LedgerError as error:
        for each in (done[-1], type(error).__name__, error.detail):
            answer.send(each)


def post_until_full(answer: Connection, url: str, file: str, room: int) -> None:
    """Post while the store's files may grow by `room` bytes; answers the last receipt's seq and the error."""
    seq = 0
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        largest = max(path.stat().st_size for path in Path(file).parent.iterdir() if path.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room, resource.RLIM_INFINITY))
        try:
            for number in range(10_000):
                seq = ledger.post(license_entry(f"L{number}", 1))[0].seq
        except LedgerError as error:
            answer.send((seq, type(error).__name__, error.detail))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        answer.send(ledger.post(license_entry("afterwards", 1))[0].seq)


def post_unprivileged(answer: Connection, url: str, *, new: bool = False) -> None:
    """Open and post as a user who is not the store's own; `new`: make it first."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(pwd.getpwnam(UNPRIVILEGED).pw_gid)
        os.setuid(pwd.getpwnam(UNPRIVILEGED).pw_uid)
    try:
        if new:
            Ledger.init(url, actor="maria", clock=Clock(DAY)).close()
        with Ledger.open(url, actor="maria", clock=Clock(DAY)) as ledger:
            ledger.post(license_entry("L1", 1))
    except LedgerError as error:
        answer.send((type(error).__name__, error.detail))
