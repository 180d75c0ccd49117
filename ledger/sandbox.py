"""Ad-hoc SQL: a query that somebody typed, run where it can do no harm.

It runs in a process of its own (`sandbox_child`), which gets data and no way to the store: the file of the
core that stands beside the store, and the entries after it. That process gives up files, network and
processes, has so much memory and so much time, and asks only one SELECT over the core's own tables, views
and macros.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ledger import core_file, told
from ledger.answer import Answer, Rows
from ledger.base import Opened
from ledger.core_file import Ground
from ledger.database import Row
from ledger.errors import BadQuery, Unreachable
from ledger.question import bound_times, whole
from ledger.sandbox_process import Child, Limits
from ledger.submission import Head
from ledger.text import written
from ledger.told import Told

LONGEST = 100_000
"""Characters of a query."""

_OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "malloc")
_UNREADABLE = ("Error", "IOException", "SerializationException")
"""Failures that only a damaged file causes, as a query reads no other; a wrong sum is a plain `Error`."""

_KIND = re.compile(r"^[A-Z][A-Za-z ]* Error: ")
_USUAL = Limits()


class Job(NamedTuple):
    """One query with its values, its limits, and the data it is asked of, as rows."""

    query: str
    values: Mapping[str, Any]
    limits: Limits
    today: str
    file: str | None
    tables: Mapping[str, Sequence[Row]]
    told: Mapping[str, Told]
    nested: bool

    def written(self) -> bytes:
        """As the process reads it: one line of JSON."""
        line = self._asdict() | self.limits._asdict()
        del line["limits"]
        return orjson.dumps(line)


class _Damaged(Exception):
    """The file of the core that was asked cannot be read."""

    def __init__(self, file: str, said: str) -> None:
        super().__init__(file)
        self.file, self.said = file, said


def _done(child: Child, job: Job) -> tuple[Any, int]:
    """The rows of a query up to its limit (`Rows`, or many in Arrow), and how many there are in all.

    Raises BadQuery.
    """
    ended = child.do(job.written(), job.limits.seconds)
    header, _, stream = ended.answer.partition(b"\n")
    if ended.too_slow:
        raise BadQuery(
            f"the query took more than {job.limits.seconds:g} s and was ended: narrow it, or allow it more "
            "(--timeout)",
            query=job.query,
        )
    if not header and ended.failed and not any(each in ended.said for each in _OUT_OF_MEMORY):
        raise RuntimeError(f"the sandbox failed: {ended.said}")
    said = json.loads(header or b'{"failed": "OutOfMemoryException"}')
    if job.file is not None and ("damaged" in said or said.get("failed") in _UNREADABLE):
        raise _Damaged(job.file, said.get("said", ""))
    if "refused" in said:
        raise BadQuery(said["refused"], query=job.query)
    if said.get("failed") == "OutOfMemoryException":
        raise BadQuery(
            f"the query needs more than {job.limits.memory_mb:,} MB: narrow it, or allow it more (--memory)",
            query=job.query,
        )
    if "failed" in said:
        raise BadQuery(f"{_first_words(said['said'])}{_of_digits(said, job)}", query=job.query)
    return _read_stream(stream) if said["streamed"] else _rows(said), said["rows"]


def _read_stream(stream: bytes) -> Any:
    import pyarrow as pa  # a tenth of a second, for those who ask for many rows  # noqa: PLC0415

    return pa.ipc.open_stream(stream).read_all()


def _rows(said: Mapping[str, Any]) -> Rows:
    """The rows as the process wrote them, with Python's own types."""
    columns = []
    for kind, values in zip(said["types"], said["columns"], strict=True):
        read = next((each for start, each in _READ.items() if kind.startswith(start)), None)
        columns.append([None if value is None else read(value) for value in values] if read else values)
    return Rows(tuple(said["names"]), tuple(said["types"]), list(zip(*columns, strict=True)))


_READ: Mapping[str, Callable[[str], Any]] = {
    "decimal": Decimal, "date32": date.fromisoformat, "timestamp": datetime.fromisoformat,
}  # fmt: skip


def _first_words(said: str) -> str:
    """A message of DuckDB's, without its kind, and without the part that draws the query again."""
    return _KIND.sub("", " ".join(said.partition("\n\n")[0].split()))


def _of_digits(said: Mapping[str, Any], job: Job) -> str:
    """What helps where a text could not become a number: a value of digits may have been meant as text."""
    texts = [f"${name}::varchar" for name, value in job.values.items() if whole(value) is not None]
    if not texts or "Could not convert string" not in said["said"]:
        return ""
    return f" (a value of digits is a number: write {' or '.join(texts)} for text)"


class Sandbox(Opened):
    """The verb about queries that somebody typed."""

    def sandboxed_sql(
        self,
        query: str,
        values: Mapping[str, Any] | None = None,
        *,
        limits: Limits = _USUAL,
        child: Child | None = None,
        nested: bool = False,
    ) -> Answer:
        """The first rows of one SELECT that is not trusted, over the tables, views and macros of the core.

        `$name` in it is bound to `values`; `$as_of` and `$known_at` are null where they are not given. The
        basis says in `total_rows` how many rows there are. Nothing but the ledger's data can be reached; an
        own process does it (`child`, where it was started early). Lists, structs and maps are text as DuckDB
        writes it, unless `nested`. Raises BadQuery: no single SELECT, something that is not for queries, too
        slow, too large.
        """
        self._must("ask")
        _must_be_utf8("the query", written("query", query))
        if len(query) > LONGEST:
            raise BadQuery(f"the query has {len(query):,} characters; {LONGEST:,} are allowed")
        given, asked = values or {}, bound_times(values or {})
        bound = {name: asked[name] if name in asked else _bound(name, given[name]) for name in given}
        process, dropped = child or Child(), set[str]()
        while True:
            with process:
                job, head = self._job(query, bound, limits, nested=nested)
                try:
                    rows, total = _done(process, job)
                    break
                except _Damaged as damaged:
                    if damaged.file in dropped:  # another was written, and it is no better: it is the query
                        raise BadQuery(_first_words(damaged.said), query=query) from None
                    dropped.add(damaged.file)
                    _drop(Path(damaged.file))  # it is a copy
            process = Child()
        remark = self._record_query(query, total, head)
        notes = {} if remark is None else {"notes": [remark]}
        return Answer(rows, self._basis(head, bound) | {"total_rows": total} | notes)

    def _job(self, query: str, bound: Mapping[str, Any], limits: Limits, *, nested: bool) -> tuple[Job, Head]:
        """A query with all that it may be asked of, and the head up to which that goes."""
        ground = Ground(self._terms, self._reference)
        file = core_file.standing(self._store, ground)
        head = self._store.head()  # after the file, which is never ahead of it
        tables: dict[str, Sequence[Row]] = {} if file is not None else {**core_file.reference_rows(ground)}
        since = core_file.pages(self._store, 0 if file is None else file.seq, head.seq)
        tables["entry"] = list(chain.from_iterable(since))
        told_of = {name: told.rows(self._store, name) for name in told.named_in(query)}
        path = None if file is None else str(file.path.resolve())
        return Job(query, bound, limits, self._store.day_at(head), path, tables, told_of, nested), head


def _drop(file: Path) -> None:
    """Remove a copy that cannot be read. Raises Unreachable."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise Unreachable(f"{file} is damaged and cannot be removed ({error.strerror}): remove it") from error


def _bound(name: str, value: Any) -> Any:
    """A value as the process takes it: days and instants as ISO text. Raises BadQuery for what it cannot."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, str):
        _must_be_utf8(f"${name}", value)
    number = float(value) if isinstance(value, float) else whole(value)
    if isinstance(number, int) and not -(1 << 63) <= number < 1 << 63:
        raise BadQuery(f"${name} is {value}: a whole number here has 64 bits", value=str(value))
    carried = value if number is None else number
    with suppress(TypeError):
        if orjson.dumps(carried) != b"null" or value is None:  # as which it writes what is no number
            return carried
    raise BadQuery(
        f"${name} is {value!r}: a value here is text, a number, true, false, a day, an instant or nothing; "
        f"give another as text and cast it, as ${name}::decimal(18, 2)",
        value=str(value),
    )


def _must_be_utf8(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadQuery(f"{what} has half a character (a lone surrogate): write it as UTF-8") from None
