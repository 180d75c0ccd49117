"""How fast many clients post at once: threads of one process that share commits, and processes."""

from __future__ import annotations

import http.client
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path

import orjson
import psycopg

from ledger import Entry, Ledger
from ledger.model import Kind
from tests import postgres
from tests.bench.timing import Line
from tests.served import TOKEN, served
from tests.writers import SPAWN

ON = date(2026, 2, 1)


def many_threads(folder: Path, clients: int, each: int) -> Iterator[Line]:
    """Threads of one process, durable on return; what the disk does alone, and bare rows by the hundred."""
    with Ledger.init(f"sqlite:///{folder / 'clients.db'}") as ledger:
        ours = clients * each / in_threads(clients, lambda client: _post(ledger, client, each))
        assert len(ledger.verify()) == 0
    yield Line(
        f"{clients} clients in one process, SQLite", f"{ours:,.0f} posts/s",
        f"fdatasync alone {_syncs(folder / 'synced'):,.0f}/s", "", ">= 8,000 posts/s",
    )  # fmt: skip
    bare = _bare_groups(folder / "bare_groups.db", 30_000)
    yield Line("", "", f"bare rows, 100 a commit {bare:,.0f}/s", f"{ours / bare:.2f}", "")


def many_processes(clients: int, each: int) -> Iterator[Line]:
    """Processes that post to one PostgreSQL; a row lock by hand, from as many."""
    with postgres.running() as server:
        url = server.create()
        Ledger.init(url).close()
        threads = clients * each / in_processes(clients, _post_from_process, url, each)
        by_hand = server.create()
        with psycopg.connect(by_hand.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("create table head (seq bigint)")
            connection.execute("insert into head values (0)")
            connection.execute("create table entry (seq bigint primary key, tpp bigint)")
        rows = clients * each / in_processes(clients, _lock_from_process, by_hand, each)
        together = server.create()
        with Ledger.init(together) as ledger:
            one = clients * each / in_threads(clients, lambda client: _post(ledger, client, each))
    yield Line(
        f"{clients} clients on PostgreSQL, a process each", f"{threads:,.0f} posts/s",
        f"a row lock by hand, from as many {rows:,.0f}/s", f"{threads / rows:.2f}",
        ">= 1,725, toward 3,000",
    )  # fmt: skip
    yield Line(
        f"{clients} clients of one process, PostgreSQL", f"{one:,.0f} posts/s", "", f"{one / rows:.2f}", ""
    )


def over_http(folder: Path, clients: int, each: int) -> Iterator[Line]:
    """Processes that post to a server, each over one connection; what it says without asking the ledger."""
    with Ledger.init(f"sqlite:///{folder / 'served.db'}") as ledger, served(ledger) as client:
        port = str(client.port)
        ours = clients * each / in_processes(clients, _post_over_http, port, each)
        empty = clients * each / in_processes(clients, _ask_over_http, port, each)
    yield Line(
        f"{clients} clients over HTTP, a process each", f"{ours:,.0f} posts/s",
        f"the server's own name {empty:,.0f}/s", f"{ours / empty:.2f}", "",
    )  # fmt: skip


def in_threads(clients: int, work: Callable[[int], object]) -> float:
    """Seconds until every thread is done."""
    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def in_processes(clients: int, work: Callable[..., None], url: str, each: int) -> float:
    """Seconds from when every process is ready until all are done."""
    ready, done = SPAWN.Barrier(clients + 1), SPAWN.Barrier(clients + 1)
    processes = [
        SPAWN.Process(target=work, args=(url, client, each, ready, done)) for client in range(clients)
    ]
    for process in processes:
        process.start()
    ready.wait()
    start = time.perf_counter()
    done.wait()
    took = time.perf_counter() - start
    for process in processes:
        process.join()
    return took


def _entry(client: int, number: int) -> Entry:
    return Entry(
        kind=Kind.license, country="IN", effective_on=ON, license_no=f"L{client}-{number}",
        device_id="nvidia-h100-sxm5-80gb", quantity=1,
    )  # fmt: skip


def _post(ledger: Ledger, client: int, each: int) -> None:
    for number in range(each):
        ledger.post(_entry(client, number), request_id=f"request-{client}-{number}")


def _post_from_process(
    url: str, client: int, each: int, ready: threading.Barrier, done: threading.Barrier
) -> None:
    with Ledger.open(url, busy_seconds=60) as ledger:
        ready.wait()
        _post(ledger, client, each)
        done.wait()


def _post_over_http(
    port: str, client: int, each: int, ready: threading.Barrier, done: threading.Barrier
) -> None:
    _send_each(port, each, ready, done, lambda number: orjson.dumps({
        "request_id": f"request-{client}-{number}",
        "entries": [_entry(client, number).model_dump(exclude_none=True)],
    }))  # fmt: skip


def _ask_over_http(
    port: str, client: int, each: int, ready: threading.Barrier, done: threading.Barrier
) -> None:
    del client
    _send_each(port, each, ready, done, lambda _: None)


def _send_each(
    port: str,
    each: int,
    ready: threading.Barrier,
    done: threading.Barrier,
    body: Callable[[int], bytes | None],
) -> None:
    """Send so many requests over one connection: with a body a post, else a question."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    ready.wait()
    for number in range(each):
        given = body(number)
        connection.request(
            "GET" if given is None else "POST", "/" if given is None else "/post", given, headers
        )
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (HTTPStatus.OK, True)
    done.wait()
    connection.close()


def _lock_from_process(
    url: str, client: int, each: int, ready: threading.Barrier, done: threading.Barrier
) -> None:
    del client
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        ready.wait()
        for _ in range(each):
            ((seq,),) = connection.execute("select seq from head for update").fetchall()
            connection.execute("insert into entry values (%s, 15832)", (seq + 1,))
            connection.execute("update head set seq = %s", (seq + 1,))
            connection.commit()
        done.wait()


def _syncs(file: Path) -> float:
    """How often a second the disk says that a block is on it."""
    with file.open("wb") as output:
        start = time.perf_counter()
        for _ in range(1000):
            output.write(b"x" * 4096)
            output.flush()
            os.fdatasync(output.fileno())
        return 1000 / (time.perf_counter() - start)


def _bare_groups(file: Path, rows: int) -> float:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript(
        "pragma journal_mode = wal; pragma synchronous = full;"
        "create table plain (seq integer primary key, kind text, country text, license_no text, tpp integer);"
    )
    start = time.perf_counter()
    for first in range(0, rows, 100):
        connection.execute("begin")
        for number in range(first, first + 100):
            connection.execute("insert into plain values (?, 'license', 'IN', 'L', 15832)", (number,))
        connection.execute("commit")
    took = time.perf_counter() - start
    connection.close()
    return rows / took
