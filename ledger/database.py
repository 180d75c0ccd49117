"""Connections and statements: how the store reaches SQLite or PostgreSQL.

SQLite runs in autocommit at the driver, and every writing transaction begins IMMEDIATE: with the driver's own
transaction modes two writers lose updates. PostgreSQL is pinned to READ COMMITTED, where the lock on the head
row puts writers in order. Reads go through a connection of their own that cannot write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from ledger import schema
from ledger.errors import Busy, LedgerError, Misconfigured, NotPermitted, Tampered, Unreachable
from ledger.tables import ENTRY

Row = Sequence[Any]


class Statement(NamedTuple):
    """A statement in one dialect's own words, the order in which it takes values, those it brings itself."""

    text: str
    takes: tuple[str, ...]
    brings: Mapping[str, Any]

    def values(self, named: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(named[name] if name in named else self.brings[name] for name in self.takes)


class Database:
    """One store: its dialect, an engine that writes, an engine that only reads, and its statements."""

    def __init__(self, url: str, busy_seconds: float) -> None:
        try:
            self.url: URL = make_url(url)
        except ArgumentError:
            raise Misconfigured(
                f"'{url}' is no ledger URL: write sqlite:///FILE or postgresql+psycopg://HOST/DATABASE",
                url=url,
            ) from None
        self.dialect = self.url.get_backend_name()
        self._statements: dict[str, Statement] = {}
        if self.dialect == "sqlite":
            if self.url.database in (None, "", ":memory:"):
                raise Misconfigured("a ledger needs a file: write sqlite:///FILE", url=url)
            self.file: Path | None = Path(self.url.database or "")
            self.begin: str | None = "begin immediate"
            self.writer = _sqlite_engine(self.url, busy_seconds, query_only=False)
            self.reader = _sqlite_engine(self.url, busy_seconds, query_only=True)
        elif self.dialect == "postgresql":
            self.file, self.begin = None, None  # the driver begins
            milliseconds = int(busy_seconds * 1000)
            options = f"-c lock_timeout={milliseconds} -c synchronous_commit=on -c timezone=UTC"
            self.writer = _postgresql_engine(self.url, options)
            self.reader = _postgresql_engine(self.url, f"{options} -c default_transaction_read_only=on")
        else:
            raise Misconfigured(
                f"'{self.dialect}' is no store of this ledger: use sqlite or postgresql", url=self.name
            )
        driver = self.writer.dialect.dbapi
        assert driver is not None
        self.driver_error: type[Exception] = driver.Error

    @property
    def name(self) -> str:
        """The URL without its password, fit for messages and logs."""
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()

    def statement(self, name: str) -> Statement:
        """The statement of `schemas/store/NAME.sql`, or of NAME.DIALECT.sql where the dialects differ."""
        if name not in self._statements:
            shared = schema.folder("schemas") / "store" / f"{name}.sql"
            path = f"store/{name}.sql" if shared.exists() else f"store/{name}.{self.dialect}.sql"
            self._statements[name] = self._compiled(sa.text(schema.sql(path)))
        return self._statements[name]

    def rows(self, cursor: Any, name: str, **values: Any) -> Sequence[Row]:
        """What a statement of `schemas/store` answers, in the transaction of a cursor."""
        self.run(cursor, name, **values)
        rows: Sequence[Row] = cursor.fetchall()
        return rows

    def run(self, cursor: Any, name: str, **values: Any) -> None:
        """Run a statement of `schemas/store` in the transaction of a cursor."""
        prepared = self.statement(name)
        cursor.execute(prepared.text, prepared.values(values))

    def insert(self, table: sa.Table, columns: Sequence[str]) -> Statement:
        """`insert into table (columns) values (...)`."""
        name = f"insert:{table.name}:{','.join(columns)}"
        if name not in self._statements:
            values: Any = {column: sa.bindparam(column) for column in columns}
            self._statements[name] = self._compiled(sa.insert(table).values(values))
        return self._statements[name]

    def page(self, columns: Sequence[str]) -> Statement:
        """`select columns from entry where seq > :after order by seq limit :size`."""
        name = "page:" + ",".join(columns)
        if name not in self._statements:
            query = sa.select(*(ENTRY.c[column] for column in columns)).where(
                ENTRY.c.seq > sa.bindparam("after")
            )
            self._statements[name] = self._compiled(query.order_by(ENTRY.c.seq).limit(sa.bindparam("size")))
        return self._statements[name]

    def _compiled(self, clause: sa.ClauseElement) -> Statement:
        compiled = clause.compile(dialect=self.writer.dialect)
        assert isinstance(compiled, sa.Compiled)
        takes = tuple(getattr(compiled, "positiontup", None) or ())
        return Statement(str(compiled), takes, {k: v for k, v in compiled.params.items() if v is not None})

    def connect_writer(self) -> Any:
        """A connection of the driver, for one writing transaction after another."""
        return self._connect(self.writer)

    def connect_reader(self) -> Any:
        """A connection of the driver that cannot write."""
        return self._connect(self.reader)

    def _connect(self, engine: sa.Engine) -> Any:
        self._must_exist()
        try:
            return engine.raw_connection()
        except DBAPIError as error:
            raise self.explained(error.orig) from error

    def _must_exist(self) -> None:
        if self.file is not None and not self.file.is_file():
            raise Misconfigured(f"there is no ledger at {self.name}: run tppq init", store=self.name)

    def explained(self, error: BaseException | None) -> LedgerError:
        """The driver's error in the ledger's words, with the way out."""
        said = (str(error).splitlines() or ["no reason given"])[0]
        kind = type(error).__name__
        if "append-only" in said or kind in ("IntegrityError", "UniqueViolation", "CheckViolation"):
            return Tampered(
                f"the store refused to continue its history ({said}): run tppq verify", store=self.name
            )
        if "database is locked" in said or kind == "LockNotAvailable":
            return Busy(
                "another writer holds the ledger and did not let go in time: try again", store=self.name
            )
        if "no such column" in said or kind == "UndefinedColumn":
            return Misconfigured(
                f"{self.name} was made by an older version ({said}): run tppq db upgrade", store=self.name
            )
        if "no such table" in said or kind == "UndefinedTable" or "not a database" in said:
            return Misconfigured(
                f"there is no ledger at {self.name} ({said}): run tppq init", store=self.name
            )
        if kind == "InsufficientPrivilege" or "readonly database" in said:
            return NotPermitted(f"this user may not do that to {self.name}: {said}", store=self.name)
        return Unreachable(f"{self.name} cannot be used: {said}", store=self.name)

    def create(self) -> None:
        """Create every table and trigger that is not there yet, in one transaction."""
        scripts = [schema.sql(f"store/{name}.{self.dialect}.sql") for name in ("tables", "append_only")]
        try:
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                connection = self.writer.raw_connection()
                try:
                    connection.executescript("begin immediate;" + "".join(scripts) + "commit;")
                finally:
                    connection.close()
            else:
                with self.writer.begin() as transaction:
                    transaction.exec_driver_sql(schema.sql("store/one_at_a_time.postgresql.sql"))
                    for script in scripts:
                        transaction.exec_driver_sql(script.replace("%", "%%"))
        except DBAPIError as error:
            raise self.explained(error.orig) from error
        except (sqlite3.Error, OSError) as error:
            raise Unreachable(f"cannot create a ledger at {self.name}: {error}", store=self.name) from error


def _sqlite_engine(url: URL, busy_seconds: float, *, query_only: bool) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=NullPool,
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.executescript(schema.sql("store/connect.sqlite.sql"))
        if query_only:
            connection.execute("pragma query_only = on")

    sa.event.listen(engine, "connect", prepare)
    return engine


def _postgresql_engine(url: URL, options: str) -> sa.Engine:
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            isolation_level="READ COMMITTED",
            paramstyle="format",
            connect_args={"options": options, "connect_timeout": 10, "application_name": "tppq"},
        )
    except ModuleNotFoundError:
        raise Misconfigured(
            "PostgreSQL needs the extra: pip install 'tppq[postgres]'", extra="postgres"
        ) from None
