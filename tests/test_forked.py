"""A ledger is of the process that opened it: a fork of that has to open it again."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from ledger import Ledger, Misconfigured
from tests.clock import Clock
from tests.small import entry

# what is forked is a process with threads: that is what is tested
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
FORK = multiprocessing.get_context("fork")


def post(ledger: Ledger) -> object:
    return ledger.post(entry("license", "AE", "2026-02-01", license_no="L1", tpp=10))


def share(ledger: Ledger) -> object:
    return ledger.share()


def what_is_left(ledger: Ledger) -> object:
    return ledger.headroom("AE")


def what_was_left(ledger: Ledger) -> object:
    return ledger.headroom("AE", as_of="2026-01-15")


def query(ledger: Ledger) -> object:
    return ledger.sql("from headroom()")


def verify(ledger: Ledger) -> object:
    return ledger.verify()


def in_a_fork(use: Callable[[Ledger], object], ledger: Ledger, url: str, said: Connection) -> None:
    """Say what came of it, there and where the ledger is opened again."""
    try:
        use(ledger)
        said.send("used")
    except Misconfigured as refused:
        said.send(refused.detail)
    ledger.close()
    with Ledger.open(url, clock=Clock("2026-02-02")) as again:
        said.send(len(again.verify()))


@pytest.mark.parametrize("use", [post, share, what_is_left, what_was_left, query, verify])
def test_a_ledger_is_not_used_in_a_fork_of_its_process_and_stays_whole(
    store_url: str, use: Callable[[Ledger], object]
) -> None:
    with Ledger.init(store_url, clock=Clock("2026-02-01")) as ledger:
        assert len(ledger.headroom(as_of="2026-01-15")) == 158
        receiving, sending = FORK.Pipe(duplex=False)
        process = FORK.Process(target=in_a_fork, args=(use, ledger, store_url, sending))
        process.start()
        sending.close()
        assert "opened by another process: open it again" in receiving.recv()
        assert receiving.recv() == 0
        process.join()
        assert process.exitcode == 0
        post(ledger)
        assert ledger.verify().rows() == []
