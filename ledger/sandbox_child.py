"""The process in which an ad-hoc query runs: it gets data, no way to the store, and then loses all rights.

It is started bare (no environment, no site, nothing open but its pipes), takes one job from its input,
fills a DuckDB of its own, gives up files, processes, memory and time beyond what the job allows, and only
then reads the query. It answers with one line of JSON, which has few rows in it; many follow it as an Arrow
stream. `ledger.sandbox` starts it.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
from duckdb.sqltypes import TIMESTAMP, VARCHAR, DuckDBPyType

from ledger import schema
from ledger.columns import WIDE, as_table, fill
from ledger.installed import WithoutPandas
from ledger.sandbox_gate import Refusal, Surface, check

THREADS = 2
_STARTING_SECONDS = 10
"""How long filling may take: after a time the system ends us, also where whoever started us is gone."""

_SLACK_MB = 256
"""Beyond what the query may use: address space that threads reserve and never fill."""

_MAY_LACK = frozenset({"as_of", "known_at"})
_PLAIN = frozenset({
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "DATE", "TIMESTAMP",
})  # fmt: skip
"""Types that every form can show; values of any other are shown as DuckDB writes them."""
_SHOWN_AS = {"TIMESTAMP WITH TIME ZONE": TIMESTAMP}
"""UTC, as every instant here."""
_OF_DIGITS = re.compile(r"(DECIMAL)\([0-9]+,[0-9]+\)")
_NESTS = frozenset({"array", "list", "map", "struct"})
_DESCRIBED = ["column_name", "column_type"]
"""The first columns of what DESCRIBE and SUMMARIZE answer."""
_MOST_IN_JSON = 10_000
"""Rows; beyond, reading JSON takes longer than loading Arrow."""

Job = Mapping[str, Any]


class _Damaged(Exception):
    """What was to be asked cannot be read."""


def serve() -> None:
    """Do one job, from stdin to stdout, and end."""
    sys.meta_path.insert(0, WithoutPandas())
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    job = json.loads(asked.read())
    signal.setitimer(signal.ITIMER_REAL, job["seconds"] + _STARTING_SECONDS)
    try:
        rows, total = _asked(job)
    except Refusal as error:
        _say(answered, {"refused": str(error)})
    except _Damaged:
        _say(answered, {"damaged": job["file"]})
    except RecursionError:
        _say(answered, {"refused": "the query nests too deeply"})
    except duckdb.Error as error:
        _say(answered, {"failed": type(error).__name__, "said": _without_paths(str(error), job)})
    except MemoryError:
        _say(answered, {"failed": "OutOfMemoryException", "said": "out of memory"})
    else:
        _give(answered, rows, total)
    answered.flush()
    os._exit(0)  # nothing is left to put in order


def _say(out: BinaryIO, header: Mapping[str, Any]) -> None:
    out.write(json.dumps(header).encode() + b"\n")


def _give(out: BinaryIO, rows: pa.Table, total: int) -> None:
    """Rows as JSON; many, or what it has no exact value for, as an Arrow stream after it.

    These are lists, structs, and days outside of Python's calendar.
    """
    streamed = rows.num_rows > _MOST_IN_JSON or any(map(pa.types.is_nested, rows.schema.types))
    header: dict[str, Any] = {"rows": total}
    if not streamed:
        try:
            header["columns"] = [column.to_pylist() for column in rows.columns]
        except OverflowError:
            streamed = True
        else:
            header |= {"names": rows.column_names, "types": [str(each.type) for each in rows.schema]}
    header["streamed"] = streamed
    out.write(json.dumps(header, default=str).encode() + b"\n")
    if streamed:
        with pa.ipc.new_stream(out, rows.schema) as writer:
            writer.write_table(rows)


def _without_paths(text: str, job: Job) -> str:
    """A message of DuckDB's without where the data lies."""
    return text if job["file"] is None else text.replace(job["file"], "(the ledger)")


def _asked(job: Job) -> tuple[pa.Table, int]:
    """The first rows of the query's answer, and how many there are in all."""
    try:
        connection = filled(job)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise _Damaged from error
    surface = surface_of(connection)
    connection.execute(schema.sql("snapshot/lock_down.sql"))
    parse = schema.sql("snapshot/parse.sql")
    give_up(job)
    query = job["query"]
    (tree,) = connection.execute(parse, {"query": query}).fetchall()[0]
    check(json.loads(tree), surface, query)
    return run(connection, query, job)


def filled(job: Job) -> duckdb.DuckDBPyConnection:
    """The core with its entries: the sealed ones from a file, the others as they came with the job."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": THREADS, "async_threads": 1, "memory_limit": f"{job['memory_mb']}MiB",
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        },
    )  # fmt: skip
    if job["file"] is not None:
        connection.execute(schema.sql("snapshot/attach_sealed.sql"), {"file": job["file"]})
    for path in schema.core_scripts():
        connection.execute(schema.sql(path))
        if path == "core/0_reference.sql":
            if job["file"] is not None:
                connection.execute(schema.sql("snapshot/take_reference.sql"))
            for name, rows in job["tables"].items():
                if name != "entry":
                    connection.values(*map(tuple, rows)).insert_into(name)
    for name, rows in job["told"].items():
        fill(connection, name, rows)
    if job["tables"]["entry"]:
        connection.register("arriving", as_table(WIDE, zip(*job["tables"]["entry"], strict=True)))
        connection.execute(schema.sql("core/take_arriving.sql"))
        connection.unregister("arriving")
    connection.execute(schema.sql("core/comment_macro.sql"))
    connection.execute(schema.sql("core/comment_table.sql"))
    if job["file"] is not None:
        connection.execute(schema.sql("snapshot/join_sealed.sql"))
    connection.execute(schema.sql("core/set_today.sql"), {"today": job["today"]})
    return connection


def surface_of(connection: duckdb.DuckDBPyConnection) -> Surface:
    found = connection.execute(schema.sql("snapshot/surface.sql")).fetchall()
    return Surface(
        *(
            frozenset(name.lower() for sort, name in found if sort == each)
            for each in ("relation", "table_macro", "macro", "type")
        )
    )


def give_up(job: Job) -> None:
    """From here on: no new file or socket, no byte into a file, no process, and so much memory and time."""
    seconds = math.ceil(time.process_time() + job["seconds"] * THREADS) + 1
    signal.setitimer(signal.ITIMER_REAL, job["seconds"])
    limits = {
        resource.RLIMIT_AS: _size() + (job["memory_mb"] + _SLACK_MB) * 2**20, resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0, resource.RLIMIT_NPROC: 0, resource.RLIMIT_NOFILE: 0,
        resource.RLIMIT_CORE: 0,
    }  # fmt: skip
    for limit, most in limits.items():
        with suppress(ValueError, OSError):  # macOS has no limit on address space that it keeps to
            resource.setrlimit(limit, (most, most))


def _size() -> int:
    """Bytes of address space that this process has now."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def run(connection: duckdb.DuckDBPyConnection, query: str, job: Job) -> tuple[pa.Table, int]:
    """The rows up to the limit; the others are counted and let go."""
    (statement,) = connection.extract_statements(query)
    relation = connection.sql(query, params=_bound(job["values"], statement.named_parameters))
    names = relation.columns
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refusal(
            f"two columns are called {', '.join(twice)}: give one of them another name (... as ...)"
        )
    kinds = [_nested(kind, connection) if job["nested"] else _flat(kind) for kind in relation.types]
    if kinds != relation.types:
        columns = [duckdb.ColumnExpression(name) for name in names]
        relation = relation.select(
            *(
                column if kind == was else column.cast(kind).alias(name)
                for name, was, kind, column in zip(names, relation.types, kinds, columns, strict=True)
            )
        )
    if names[:2] == _DESCRIBED and kinds[1] == VARCHAR:
        relation = relation.select(*map(_described, names))
    reader = relation.to_arrow_reader()
    limit = job["rows"]
    kept: list[pa.RecordBatch] = []
    total = 0
    for batch in reader:
        if limit == 0 or total < limit:
            kept.append(batch if limit == 0 else batch.slice(0, limit - total))
        total += batch.num_rows
    return pa.Table.from_batches(kept, reader.schema), total


def _described(name: str) -> duckdb.Expression:
    """A column of what DESCRIBE and SUMMARIZE answer: what is one of a few words is text in every answer."""
    column = duckdb.ColumnExpression(name)
    if name != _DESCRIBED[1]:
        return column
    words, text = duckdb.ConstantExpression(r"ENUM\([^)]*\)"), duckdb.ConstantExpression("VARCHAR")
    return duckdb.FunctionExpression("regexp_replace", column, words, text).alias(name)


def _flat(kind: DuckDBPyType) -> DuckDBPyType:
    """The type that values are shown as: their own, where every form can show it."""
    name = _OF_DIGITS.sub(r"\1", str(kind))
    return kind if name in _PLAIN else _SHOWN_AS.get(name, VARCHAR)


def _nested(kind: DuckDBPyType, connection: duckdb.DuckDBPyConnection) -> DuckDBPyType:
    """The same where a value may be a list or a struct of others; what a map names is named by text."""
    of: dict[str, Any] = dict(kind.children) if kind.id in _NESTS else {}
    if kind.id == "struct":
        return connection.struct_type({name: _nested(each, connection) for name, each in of.items()})
    if kind.id == "map":
        return connection.map_type(VARCHAR, _nested(of["value"], connection))
    return connection.list_type(_nested(of["child"], connection)) if of else _flat(kind)


def _bound(values: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    """The values of what the query names with `$`. Raises Refusal for one too few, or one too many."""
    for name in sorted(set(values) - set(named)):
        raise Refusal(f"a value is given for ${name}, which the query does not name")
    for name in sorted(set(named) - set(values) - _MAY_LACK):
        raise Refusal(f"the query names ${name}, for which no value is given: --param {name}=...")
    return {name: values.get(name) for name in named}
