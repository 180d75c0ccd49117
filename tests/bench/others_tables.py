"""Our ledger, three databases and two libraries of tables, asked the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from ledger import Ledger
from ledger.model import BUCKETS
from tests import postgres
from tests.bench.others_contender import Balances, Contender, Journal, Running, folded

NOW = "select country, kind, sum(tpp) from entry group by country, kind"
AS_OF = "select country, kind, sum(tpp) from entry where effective_on <= ? group by country, kind"
RUNNING = """
select seq, cast(sum(to_headroom_tpp) over (
    partition by country order by seq rows between unbounded preceding and current row
) as bigint) as headroom_after_tpp
from entry
"""
_TABLE = """
create table entry (
    seq bigint primary key, country text not null, kind text not null, tpp bigint not null,
    to_headroom_tpp bigint not null, effective_on {day} not null
)
"""
_COVERED = "seq, kind, tpp, to_headroom_tpp, effective_on"


@contextmanager
def tppq(journal: Journal) -> Iterator[Contender]:
    with Ledger.open(journal.url) as ledger:
        ledger.headroom()
        ledger.sql("from running() limit 0")
        yield Contender(
            "tppq", "open; kept up by each post", partial(ours, ledger),
            lambda: ledger.sql("from running()").arrow(), _of_arrow,
        )  # fmt: skip


def ours(ledger: Ledger, day: date | None, **times: Any) -> Balances:
    """What our ledger says is in each bucket."""
    rows = ledger.headroom(as_of=day, **times).held.dicts()
    return {row["country"]: [_in(bucket, row) for bucket in BUCKETS] for row in rows}


def _in(bucket: str, row: dict[str, Any]) -> int:
    tpp: int = -row["allocated_tpp"] if bucket == "regime" else row[f"{bucket}_tpp"]
    return tpp


def _of_arrow(answer: Any) -> Running:
    return answer["seq"].to_numpy(), answer["headroom_after_tpp"].to_numpy()


@contextmanager
def on_parquet(journal: Journal) -> Iterator[Contender]:
    """DuckDB, which reads the file for every question: no answer from the file can be quicker."""
    with duckdb.connect() as connection:
        connection.read_parquet(str(journal.file)).create_view("entry")

        def balances(day: date | None) -> Balances:
            asked = connection.execute(NOW) if day is None else connection.execute(AS_OF, [day])
            return folded(asked.fetchall())

        yield Contender(
            f"DuckDB {duckdb.__version__} on Parquet", "reads it each time", balances,
            lambda: connection.sql(RUNNING).to_arrow_table(), _of_arrow,
        )  # fmt: skip


@contextmanager
def in_sqlite(journal: Journal) -> Iterator[Contender]:
    """SQLite, with an index in which everything stands that a question reads."""
    with closing(sqlite3.connect(journal.folder / "entry.db")) as connection:
        connection.execute(_TABLE.format(day="text"))
        rows = ((*row[:-1], row[-1].isoformat()) for row in _rows(journal))
        connection.executemany("insert into entry values (?, ?, ?, ?, ?, ?)", rows)
        connection.execute(f"create index covering on entry (country, {_COVERED})")
        connection.commit()
        connection.execute("analyze")

        def balances(day: date | None) -> Balances:
            asked = connection.execute(NOW) if day is None else connection.execute(AS_OF, (day.isoformat(),))
            return folded(asked.fetchall())

        yield Contender(
            f"SQLite {sqlite3.sqlite_version}, covering index", "open; rows into Python", balances,
            lambda: connection.execute(RUNNING).fetchall(), _of_rows,
        )  # fmt: skip


@contextmanager
def in_postgresql(journal: Journal) -> Iterator[Contender]:
    """PostgreSQL, with the same index, its statistics and memory to sort in."""
    with postgres.running() as server, server.connect() as connection:
        connection.execute(_TABLE.format(day="date"))
        with connection.cursor() as cursor, cursor.copy("copy entry from stdin") as copy:
            for row in _rows(journal):
                copy.write_row(row)
        connection.execute(f"create index covering on entry (country) include ({_COVERED})")
        connection.execute("vacuum analyze entry")
        connection.execute("set work_mem = '512MB'")
        version = f"{connection.info.server_version // 10_000}"

        def balances(day: date | None) -> Balances:
            as_of = AS_OF.replace("?", "%s")
            return folded(connection.execute(NOW) if day is None else connection.execute(as_of, [day]))

        yield Contender(
            f"PostgreSQL {version}, covering index", "open; rows into Python; memory without the server's",
            balances, lambda: connection.execute(RUNNING).fetchall(), _of_rows,
        )  # fmt: skip


def _rows(journal: Journal) -> Iterator[tuple[Any, ...]]:
    for batch in pq.ParquetFile(journal.file).iter_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _of_rows(answer: list[tuple[Any, ...]]) -> Running:
    return [row[0] for row in answer], [row[1] for row in answer]


@contextmanager
def in_pandas(journal: Journal) -> Iterator[Contender]:
    entries = pd.read_parquet(journal.file)
    for name in ("country", "kind"):
        entries[name] = entries[name].astype("category")
    entries["effective_on"] = pd.to_datetime(entries["effective_on"])

    def balances(day: date | None) -> Balances:
        chosen = entries if day is None else entries[entries["effective_on"] <= pd.Timestamp(day)]
        sums = chosen.groupby(["country", "kind"], observed=True)["tpp"].sum()
        return folded((country, kind, tpp) for (country, kind), tpp in sums.items())

    def running() -> pd.DataFrame:
        after = entries.groupby("country", observed=True)["to_headroom_tpp"].cumsum()
        return pd.DataFrame({"seq": entries["seq"], "after": after})

    yield Contender(
        f"pandas {pd.__version__}", "in memory, categories", balances, running,
        lambda answer: (answer["seq"], answer["after"]),
    )  # fmt: skip


@contextmanager
def in_polars(journal: Journal) -> Iterator[Contender]:
    names = pl.col("country", "kind").cast(pl.Categorical)
    entries = pl.read_parquet(journal.file).with_columns(names)

    def balances(day: date | None) -> Balances:
        chosen = entries.lazy() if day is None else entries.lazy().filter(pl.col("effective_on") <= day)
        return folded(chosen.group_by("country", "kind").agg(pl.col("tpp").sum()).collect().rows())

    def running() -> pl.DataFrame:
        return entries.select("seq", pl.col("to_headroom_tpp").cum_sum().over("country"))

    yield Contender(
        f"polars {pl.__version__}", "in memory, categories", balances, running,
        lambda answer: (answer["seq"], answer["to_headroom_tpp"]),
    )  # fmt: skip
