"""How fast entries are posted: one at a time, and a whole file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from ledger import Entry, Kind, Ledger
from ledger.evidence import COLUMNS
from tests.bench.timing import Line, seconds

GROUP = 1000
_WHOLE = frozenset({"seq", "tpp", "quantity", "reverses_seq", "request_part", "headroom_after_tpp", "hash_v"})


class Plain(SQLModel, table=True):
    """A row as SQLModel's own example would have it."""

    seq: int | None = Field(default=None, primary_key=True)
    kind: str
    country: str
    license_no: str
    tpp: int


def one_post(folder: Path, times: int) -> Iterator[Line]:
    """One post, durable on return, by the public API; a bare insert with one trigger; SQLModel's insert."""
    with Ledger.init(f"sqlite:///{folder / 'one.db'}") as ledger:
        entries = [
            Entry(
                kind=Kind.license, country="IN", effective_on=date(2026, 2, 1), license_no=f"L{number}",
                device_id="nvidia-h100-sxm5-80gb", quantity=1,
            )
            for number in range(times)
        ]  # fmt: skip
        start = time.perf_counter()
        for number, entry in enumerate(entries):
            ledger.post(entry, request_id=f"request-{number}")
        ours = times / (time.perf_counter() - start)
    bare = times / seconds(lambda: _bare_inserts(folder / "bare.db", times))
    orm = times / seconds(lambda: _orm_inserts(folder / "orm.db", times))
    yield Line(
        "one post, durable", f"{ours:,.0f}/s", f"bare sqlite3 insert, one trigger {bare:,.0f}/s",
        f"{ours / bare:.2f}", ">= 0.25",
    )  # fmt: skip
    yield Line("", "", f"SQLModel's ORM insert {orm:,.0f}/s", f"{ours / orm:.2f}", ">= 1.3")


def _bare_inserts(file: Path, times: int) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript(
        "pragma journal_mode = wal; pragma synchronous = full;"
        "create table plain (seq integer primary key, kind text, country text, license_no text, tpp integer);"
        "create trigger fixed before update on plain begin select raise(abort, 'fixed'); end;"
    )
    for number in range(times):
        connection.execute("insert into plain values (?, 'license', 'IN', 'L', 15832)", (number,))
    connection.close()


def _orm_inserts(file: Path, times: int) -> None:
    engine = sa.create_engine(f"sqlite:///{file}")

    def durable(connection: sqlite3.Connection, _record: object) -> None:
        connection.executescript("pragma journal_mode = wal; pragma synchronous = full;")

    sa.event.listen(engine, "connect", durable)
    SQLModel.metadata.tables["plain"].create(engine)
    with Session(engine) as session:
        for number in range(times):
            session.add(Plain(kind="license", country="IN", license_no=f"L{number}", tpp=15832))
            session.commit()
    engine.dispose()


def import_file(folder: Path, feed: Path, url: str, rows: int) -> Iterator[Line]:
    """`tppq post --each`, the whole process, refusals and all; a bare executemany of the same rows."""
    tppq = [sys.executable, "-m", "ledger", "--ledger", url]
    quiet = subprocess.DEVNULL
    subprocess.run([*tppq, "init", "--quiet"], check=True, stdout=quiet, stderr=quiet)
    post = [*tppq, "post", "--each", "--quiet", "--json", str(feed)]
    start = time.perf_counter()
    with subprocess.Popen(post, stdout=subprocess.PIPE, stderr=quiet) as process:
        assert process.stdout is not None
        answer = process.stdout.read().decode().strip()
        _, _, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    stored = _stored(url)
    bare = seconds(lambda: _bare_import(folder / "copy.db", stored))
    rate = f"{rows / took:,.0f} rows/s"
    yield Line(
        f"post --each of {rows:,} rows", rate, f"bare executemany {rows / bare:,.0f} rows/s",
        f"{bare / took:.2f}", ">= 100,000 rows/s",
    )  # fmt: skip
    yield Line("  its answer and peak memory", f"{usage.ru_maxrss / 1000:,.0f} MB", answer, "", "< 1,500 MB")


def _stored(url: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return connection.execute("select * from entry order by seq").fetchall()
    finally:
        connection.close()


def _bare_import(file: Path, rows: list[tuple[Any, ...]]) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    types = ", ".join(f"{name} {'integer' if name in _WHOLE else 'text'}" for name in COLUMNS)
    connection.executescript("pragma journal_mode = wal; pragma synchronous = full;")
    connection.execute(f"create table entry ({types})")
    insert = f"insert into entry values ({', '.join('?' for _ in COLUMNS)})"  # noqa: S608  # question marks only
    for start in range(0, len(rows), GROUP):
        connection.execute("begin")
        connection.executemany(insert, rows[start : start + GROUP])
        connection.execute("commit")
    connection.close()
