"""The files of one published snapshot: what each of them is, and how it is written.

The history is in parts that are written once: a part that reaches a multiple of 250,000 entries (then
50,000, then 10,000) never changes again, and the next snapshot has it by a hard link. Which parts there are
follows from the number of entries alone, so the same number gives the same files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import orjson

from ledger import aside, core_file, dictionary, schema
from ledger.columns import fill
from ledger.core_check import Otherwise
from ledger.core_file import Ground
from ledger.snapshot_before import CORE, PACKAGE, SUMS, Before
from ledger.store import Store
from ledger.submission import Head
from ledger.told import Stand

_WORDS = ("macros.sql", "DICTIONARY.md")
TABLES = ("break", "country", "device", "headroom", "license", "meta", "move", "refusal", "regime")
"""The tables that are small enough to be written whole each time, besides the entries."""

FORMS = ("parquet", "csv")
_PARTS = (250_000, 50_000, 10_000)
_CREATED, _TEMPORARY = re.compile(r"^create (macro|view) ", re.MULTILINE), r"create or replace temp \1 "
_TYPES = {
    "BIGINT": "integer", "INTEGER": "integer", "DATE": "date", "TIMESTAMP": "datetime", "BOOLEAN": "boolean",
}  # fmt: skip
_GUARDED = frozenset({"break", "license", "meta", "refusal"})
"""Tables with texts or instants, whose CSV has its own query."""

_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"
_READ_ME = (
    "Whole TPP are integers. In CSV, a text that a spreadsheet would take for a formula has an apostrophe "
    "before it. SHA256SUMS names every file, the same tables as Parquet and DuckDB among them."
)
_MACROS = """\
-- The macros and views of the ledger, for whoever opened {file}: they last as long as the connection.
--     duckdb -readonly {file}
--     .read macros.sql
--     from headroom(as_of := '2026-06-30');
"""


class Part(NamedTuple):
    """Some of the history: from one entry to another."""

    first: int
    last: int

    @property
    def names(self) -> tuple[str, str]:
        """As Parquet and as CSV."""
        stem = f"{self.first:012d}-{self.last:012d}"
        return f"entry.parquet/{stem}.parquet", f"entry.csv/{stem}.csv"


def parts(seq: int) -> Iterator[Part]:
    """The parts of a history of so many entries."""
    done = 0
    for size in _PARTS:
        while seq - done >= size:
            yield Part(done + 1, done + size)
            done += size
    if done < seq:
        yield Part(done + 1, seq)


class Made(NamedTuple):
    """How a snapshot came to be: files had from the one before, and files there that were found damaged."""

    shared: int
    damaged: tuple[str, ...]


def write(
    folder: Path, store: Store, ground: Ground, head: Head, stand: Stand, earlier: Before | None
) -> Made:
    """Write every file of a snapshot into an empty folder, but for those that the one before has as well."""
    if earlier is None:
        return Made(_written(folder, store, ground, head, stand, None), ())
    with earlier:
        earlier.want([CORE, *_WORDS, *(name for part in parts(head.seq) for name in part.names)])
        shared = _written(folder, store, ground, head, stand, earlier)
    return Made(shared, tuple(earlier.damaged))


def _written(
    folder: Path, store: Store, ground: Ground, head: Head, stand: Stand, earlier: Before | None
) -> int:
    _write_core(folder, store, ground, head, earlier)
    for form in FORMS:
        (folder / f"entry.{form}").mkdir()
    sums: dict[str, str] = {}

    def taken_over(names: Sequence[str]) -> bool:
        found = {} if earlier is None else earlier.take(names, folder)
        sums.update(found)
        return bool(found)

    if not taken_over(_WORDS):
        (folder / "macros.sql").write_text(macros(), encoding="utf-8")
        words = dictionary.markdown(dictionary.words(ground))
        (folder / "DICTIONARY.md").write_text(words, encoding="utf-8")
    with core_file.opened(folder / CORE) as connection:
        connection.execute(macros())
        connection.execute(schema.sql("core/set_today.sql"), {"today": head.recorded_at[:10]})
        connection.execute(schema.sql("snapshot/add_answers.sql"))
        connection.execute(schema.sql("snapshot/clear_told.sql"))
        for name, rows in stand.rows.items():
            fill(connection, name, rows)
        connection.execute(schema.sql("core/comment_table.sql"))
        connection.execute(schema.sql("snapshot/csv_guard.sql"))
        for part in parts(head.seq):
            if not taken_over(part.names):
                _write_part(connection, folder, part, ground)
        for name in TABLES:
            _write_table(connection, folder, name, head)
        columns = connection.execute(schema.sql("snapshot/columns.sql")).fetchall()
    shared = len(sums)
    (folder / PACKAGE).write_bytes(_package(folder, ground, head, stand, columns))
    _write_sums(folder, sums)
    return shared


def _write_core(folder: Path, store: Store, ground: Ground, head: Head, earlier: Before | None) -> None:
    """The core: from the one before, if that says what the store says, or from the start."""
    core = None if earlier is None else earlier.core()
    try:
        core_file.write(folder / CORE, store, ground, head, core)
    except Otherwise:
        if earlier is not None:
            earlier.damaged.append(CORE)
        core_file.write(folder / CORE, store, ground, head, None)


def macros() -> str:
    """The core's macros and views as a script for whoever may not write to the file: they are temporary.

    Running sums are errors in DuckDB 1.x, rather than wrong.
    """
    core = "\n".join(schema.sql(path) for path in core_file.scripts()[1])
    before, plain, after = core.partition("create macro fit_for_windows() as true;\n")
    assert plain, "the core has a macro fit_for_windows()"
    guarded = f"{before}{schema.sql('snapshot/guard.sql')}{after}"
    return f"{_MACROS.format(file=CORE)}\n{_CREATED.sub(_TEMPORARY, guarded)}"


def _write_part(connection: duckdb.DuckDBPyConnection, folder: Path, part: Part, ground: Ground) -> None:
    values = {"first": part.first, "last": part.last}
    ((head_hash,),) = connection.execute(schema.sql("snapshot/hash_of.sql"), {"seq": part.last}).fetchall()
    about = {"seq": str(part.last), "head_hash": head_hash, "regime": ground.regime.regime}
    for name, form, more in zip(part.names, FORMS, (about, {}), strict=True):
        query = schema.sql(f"snapshot/entry_{form}.sql")
        connection.execute(query, {**values, **more, "file": str(folder / name)})


def _write_table(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, head: Head) -> None:
    about = {"seq": str(head.seq), "head_hash": head.hash, "regime": head.regime}
    table = {"name": f"kept.main.{name}"}  # a view of that name is asked first, and works it out anew
    file = {"file": str(folder / f"{name}.parquet")}
    connection.execute(schema.sql("snapshot/table_parquet.sql"), {**table, **file, **about})
    file = {"file": str(folder / f"{name}.csv")}
    if name in _GUARDED:
        connection.execute(schema.sql(f"snapshot/{name}_csv.sql"), file)
    else:
        connection.execute(schema.sql("snapshot/table_csv.sql"), {**table, **file})


def _package(folder: Path, ground: Ground, head: Head, stand: Stand, columns: list[tuple[str, ...]]) -> bytes:
    """The snapshot as a Frictionless Data Package: every CSV file with its columns, in words."""
    fields: dict[str, list[dict[str, Any]]] = {}
    for table, column, sort, comment in columns:
        kind = "number" if sort.startswith("DECIMAL") else _TYPES.get(sort, "string")
        field = {"name": column, "type": kind, "description": comment}
        fields.setdefault(table, []).append(field | ({"format": _INSTANT} if kind == "datetime" else {}))
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*.csv") if path.is_file())
    files = sorted(found)
    resources = [
        {
            "name": name.removesuffix(".csv").replace(".csv/", "-"), "path": name, "format": "csv",
            "mediatype": "text/csv", "encoding": "utf-8", "profile": "tabular-data-resource",
            "bytes": (folder / name).stat().st_size,
            "schema": {"fields": fields[name.partition(".")[0]]},
        }
        for name in files
    ]  # fmt: skip
    about = {
        "seq": head.seq, "head_hash": head.hash, "recorded_at": head.recorded_at, "regime": head.regime,
        "fingerprint": core_file.fingerprint(), "told": stand.mark,
    }  # fmt: skip
    package = {
        "profile": "data-package", "name": f"tppq-{head.regime}-{head.seq}",
        "title": f"TPP quota ledger up to entry {head.seq:,}, under {ground.regime.title}",
        "description": f"{ground.regime.notice} {_READ_ME}",
        "resources": resources, "tppq": about,
    }  # fmt: skip
    return orjson.dumps(package, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _write_sums(folder: Path, known: Mapping[str, str]) -> None:
    """SHA-256 of every file, in the form that `sha256sum -c` reads; all of them reach the disk."""
    lines = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        if name in known:
            digest = known[name]
        else:
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
        lines.append(f"{digest}  {name}\n")
    with (folder / SUMS).open("w", encoding="utf-8") as sums:
        sums.writelines(lines)
        sums.flush()
        os.fsync(sums.fileno())
    for inner in (*(folder / f"entry.{form}" for form in FORMS), folder):
        aside.sync(inner)
