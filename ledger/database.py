"""Connections and statements: how the store reaches SQLite or PostgreSQL.

SQLite runs in autocommit at the driver, and every writing transaction begins IMMEDIATE: with the driver's own
transaction modes two writers lose updates. PostgreSQL is pinned to READ COMMITTED, where the lock on the head
row puts writers in order. Reads go through a connection of their own that cannot write.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from ledger import postgres, schema, sqlite_file
from ledger.address import Address
from ledger.errors import Busy, LedgerError, Misconfigured, Tampered, Unreachable

Row = Sequence[Any]
_VALUE = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_COLUMN = re.compile(r" +(:?)(\w+),?")

OTHER_SCHEMA = "or name the schema that it is in, at the end of the URL: ?options=-csearch_path%3DSCHEMA"
"""What to do where PostgreSQL has one that this session does not see."""


class Statement(NamedTuple):
    """A statement in one dialect's own words, and the order in which it takes values."""

    text: str
    takes: tuple[str, ...]

    def values(self, named: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple([named[name] for name in self.takes])


class Database:
    """One store: its dialect, its connections, its statements."""

    def __init__(self, url: str, busy_seconds: float) -> None:
        self.address = Address.of(url)
        self.dialect = self.address.dialect
        # as it is now: a program may go to another folder before it connects again
        self.file = self.address.file.absolute() if self.address.file is not None else None
        self.busy_seconds = busy_seconds
        # PostgreSQL's driver begins by itself
        self.begin: str | None = "begin immediate" if self.dialect == "sqlite" else None
        self._statements: dict[str, Statement] = {}

    @property
    def name(self) -> str:
        """The URL without its password, fit for messages and logs."""
        return self.address.name

    # --------------------------------------------------------------------------------------- statements

    def statement(self, name: str) -> Statement:
        """The statement of `schemas/store/NAME.sql`, or of NAME.DIALECT.sql where the dialects differ."""
        if name not in self._statements:
            self._statements[name] = self._bound(self._text(name))
        return self._statements[name]

    def insert(self, table: str, columns: Sequence[str]) -> Statement:
        """The statement of `put_TABLE.sql`, for these of its columns alone."""
        return self._only(f"put_{table}", columns)

    def page(self, columns: Sequence[str]) -> Statement:
        """The statement of `page.sql`, with these of its columns alone, in this order."""
        return self._only("page", columns)

    def _only(self, name: str, columns: Sequence[str]) -> Statement:
        key = f"{name}: {','.join(columns)}"
        if key not in self._statements:
            self._statements[key] = self._bound(only(self._text(name), columns))
        return self._statements[key]

    def _text(self, name: str) -> str:
        shared = schema.folder("schemas") / "store" / f"{name}.sql"
        return schema.sql(f"store/{name}.sql" if shared.exists() else f"store/{name}.{self.dialect}.sql")

    def _bound(self, text: str) -> Statement:
        takes = tuple(_VALUE.findall(text))
        if self.dialect == "sqlite":
            return Statement(_VALUE.sub("?", text), takes)
        return Statement(_VALUE.sub("%s", text.replace("%", "%%")), takes)

    def rows(self, cursor: Any, name: str, **values: Any) -> Sequence[Row]:
        """What a statement of `schemas/store` answers, in the transaction of a cursor."""
        (rows,) = self.rows_together(cursor, (name, values))
        return rows

    def run(self, cursor: Any, name: str, **values: Any) -> None:
        """Run a statement of `schemas/store` in the transaction of a cursor."""
        self._ran(cursor, name, values)

    def _ran(self, cursor: Any, name: str, values: Mapping[str, Any]) -> Any:
        prepared = self.statement(name)
        return cursor.execute(prepared.text, prepared.values(values))

    def pipelined(self, connection: Any) -> AbstractContextManager[object]:
        """While it lasts, PostgreSQL is sent statements without waiting for the answers of those before."""
        if self.dialect == "sqlite":
            return nullcontext()
        pipeline: AbstractContextManager[object] = connection.pipeline()
        return pipeline

    def rows_together(self, cursor: Any, *asked: tuple[str, Mapping[str, Any]]) -> list[Sequence[Row]]:
        """What several statements answer: on PostgreSQL, within a pipeline, in one round trip."""
        if self.dialect == "sqlite":
            return [self._ran(cursor, name, values).fetchall() for name, values in asked]
        # Cursors of their own: what the pipeline still brings of other statements comes to theirs.
        cursors = [self._ran(cursor.connection.cursor(), name, values) for name, values in asked]
        return [each.fetchall() for each in cursors]

    # -------------------------------------------------------------------------------------- connections

    def connect_writer(self) -> Any:
        """A connection of the driver, for one writing transaction after another."""
        return self._connect(read_only=False)

    def connect_reader(self) -> Any:
        """A connection of the driver that cannot write."""
        return self._connect(read_only=True)

    def _connect(self, *, read_only: bool) -> Any:
        if self.file is not None:
            if not self._is_file(self.file):
                raise self.no_ledger()
            sqlite_file.must_leave_nothing(self.name, self.file)
        try:
            return self._opened(read_only=read_only)
        except self.driver_error as error:
            raise self.explained(error) from error

    def _is_file(self, path: Path) -> bool:
        """Whether there is a file. Raises Misconfigured where it is a folder, a pipe or a device."""
        is_file = path.is_file()
        if not is_file and path.exists():
            what = "is a folder" if path.is_dir() else "is no file"
            raise Misconfigured(
                f"{self.name} {what}: name another ledger (--ledger, TPPQ_LEDGER)", store=self.name
            )
        return is_file

    def _opened(self, *, read_only: bool) -> Any:
        if self.file is None:
            return self._opened_postgresql(read_only=read_only)
        connection = sqlite3.connect(
            self.file, isolation_level=None, timeout=self.busy_seconds, check_same_thread=False
        )
        try:
            connection.executescript(schema.sql("store/connect.sqlite.sql"))
            if read_only:
                connection.execute("pragma query_only = on")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _opened_postgresql(self, *, read_only: bool) -> Any:
        assert self.address.server is not None
        connection = postgres.connected(self.address.server, self.name)
        try:
            self._set(connection)
        except BaseException:
            connection.close()
            raise
        connection.read_only = read_only or None  # told with each begin, which no pooler drops
        connection.autocommit = False
        return connection

    def _set(self, connection: Any) -> None:
        """Set a session of PostgreSQL, in one round trip. Raises Misconfigured where it is not as asked."""
        asked = postgres.settings(connection.info.options)
        ((*_, pid, lost),) = self.rows(
            connection.cursor(), "session", lock_timeout=str(int(self.busy_seconds * 1000)),
            names=list(asked), wanted=list(asked.values()),
        )  # fmt: skip
        if lost:
            raise postgres.dropped(self.name, asked, lost)
        if pid != connection.info.backend_pid:  # a pooler: what one process has prepared, the next has not
            connection.prepare_threshold = None

    @cached_property
    def driver_error(self) -> type[Exception]:
        """What the driver raises."""
        error: type[Exception] = sqlite3.Error if self.dialect == "sqlite" else postgres.driver().Error
        return error

    def no_ledger(self, why: str = "", elsewhere: str = "") -> Misconfigured:
        """The error where `init` would make a ledger: the only one with missing="ledger"."""
        place = ""
        if self.file is not None and self.file != self.address.file:  # what a relative URL leaves out
            place = f" in {str(self.file).removesuffix(f'/{self.address.file}') or '/'}"
        said = f"there is no ledger at {self.name}{place}{why}: run tppq init{elsewhere}"
        return Misconfigured(said, store=self.name, missing="ledger")

    def explained(self, error: BaseException) -> LedgerError:
        """The driver's error in the ledger's words, with the way out."""
        said = (str(error).splitlines() or ["no reason given"])[0]
        kind = type(error).__name__
        if "append-only" in said or kind in ("IntegrityError", "UniqueViolation", "CheckViolation"):
            return Tampered(
                f"the store refused to continue its history ({said}): run tppq verify", store=self.name
            )
        if "database is locked" in said or kind == "LockNotAvailable":
            why = "another writer holds the ledger and did not let go in time"
            return Busy(f"{why}: try again", store=self.name)
        if "no such column" in said or kind == "UndefinedColumn":
            return Misconfigured(
                f"{self.name} was made by an older version ({said}): run tppq db upgrade", store=self.name
            )
        if "no such table" in said or kind == "UndefinedTable":
            elsewhere = "" if self.file is not None else f", {OTHER_SCHEMA}"
            return self.no_ledger(f" ({said})", elsewhere)
        if self.file is None:
            return postgres.refused(kind, said, self.name)
        return sqlite_file.refused(error, said, self.name, self.file)

    def is_lost(self, connection: Any) -> bool:
        """Whether a connection's server has gone, or let go of it."""
        return self.dialect == "postgresql" and bool(connection.broken)

    def create_in(self, cursor: Any) -> None:
        """Create what is not there yet, in a cursor's transaction: it stays or goes with what is in it."""
        scripts = [schema.sql(f"store/{name}.{self.dialect}.sql") for name in ("tables", "append_only")]
        if self.begin is None:
            for script in (schema.sql("store/one_at_a_time.postgresql.sql"), *scripts):
                cursor.execute(script)
        else:  # sqlite3 ends a transaction before it runs a script: this one was empty, if it was begun
            cursor.executescript(self.begin + ";" + "".join(scripts))

    def create(self) -> None:
        """Create every table and trigger that is not there yet, in one transaction."""
        connection = None
        try:
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self._is_file(self.file)
            connection = self._opened(read_only=False)
            self.create_in(connection.cursor())
            connection.commit()
        except OSError as error:
            raise Unreachable(
                f"cannot create a ledger at {self.name}: {error.strerror}", store=self.name
            ) from error
        except self.driver_error as error:
            raise self.explained(error) from error
        finally:
            if connection is not None:
                connection.close()


def only(text: str, columns: Sequence[str]) -> str:
    """A statement whose lists of columns, one per line, are cut to these, in this order."""
    lines: list[str] = []
    for is_list, each in groupby(text.splitlines(), lambda line: _COLUMN.fullmatch(line) is not None):
        run = list(each)
        if not is_list:
            lines.extend(run)
            continue
        found = {match[2]: match[1] for match in map(_COLUMN.fullmatch, run) if match is not None}
        kept = [f"    {found[name]}{name}" for name in columns]
        lines.extend([*(f"{line}," for line in kept[:-1]), kept[-1]])
    return "\n".join(lines)
