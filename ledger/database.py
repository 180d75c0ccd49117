"""The tables beside `entry`, connections and statements: how the store reaches SQLite or PostgreSQL.

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
from sqlmodel import Field, SQLModel

from ledger import schema
from ledger.errors import Busy, LedgerError, Misconfigured, NotPermitted, Tampered, Unreachable
from ledger.model import WHOLE, Posted

SCHEMA_VERSION = 1
Row = Sequence[Any]
_IS_LICENSE = sa.text("license_no <> ''")


class Balance(SQLModel, table=True):
    """One row an account, one column a bucket, in whole TPP; the rows of a quota sum to zero.

    `license_no` is empty for the quota's own account, which holds regime, headroom, blocked and what was
    exported without a license; each license holds what it may still ship and what it shipped. The CHECKs
    are the second guard behind `rules`: only an approved overdraft may take headroom below zero.
    """

    __tablename__ = "balance"
    __table_args__ = (
        sa.CheckConstraint("headroom_tpp >= 0 or overdraft_approver is not null", name="balance_headroom"),
        sa.CheckConstraint("licensed_tpp >= 0", name="balance_licensed"),
        sa.CheckConstraint("exported_tpp >= 0", name="balance_exported"),
        sa.CheckConstraint("blocked_tpp >= 0", name="balance_blocked"),
        sa.CheckConstraint(
            "license_no = '' or (regime_tpp = 0 and headroom_tpp = 0 and blocked_tpp = 0)",
            name="balance_license",
        ),
        sa.Index(
            "balance_one_license",
            "license_no",
            unique=True,
            sqlite_where=_IS_LICENSE,
            postgresql_where=_IS_LICENSE,
        ),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )
    quota: str = Field(primary_key=True, sa_type=sa.Text)
    license_no: str = Field(primary_key=True, sa_type=sa.Text)
    regime_tpp: int = Field(sa_type=WHOLE)
    headroom_tpp: int = Field(sa_type=WHOLE)
    licensed_tpp: int = Field(sa_type=WHOLE)
    exported_tpp: int = Field(sa_type=WHOLE)
    blocked_tpp: int = Field(sa_type=WHOLE)
    issued_on: str | None = Field(default=None, sa_type=sa.Text)
    expires_on: str | None = Field(default=None, sa_type=sa.Text)
    closed_by_seq: int | None = Field(default=None, sa_type=WHOLE)
    closed_reason: str | None = Field(default=None, sa_type=sa.Text)
    overdraft_approver: str | None = Field(default=None, sa_type=sa.Text)


class Refusal(SQLModel, table=True):
    """One refused submission: what was asked and the answer, so that a repeat gets the same one."""

    __tablename__ = "refusal"
    __table_args__ = ({"sqlite_strict": True, "sqlite_with_rowid": False},)
    request_id: str = Field(primary_key=True, sa_type=sa.Text)
    attempt: int = Field(primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    body_hash: str | None = Field(default=None, sa_type=sa.Text)
    problem: str = Field(sa_type=sa.Text)
    refused_at: str = Field(sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)


class Head(SQLModel, table=True):
    """The one row that every writer locks first: the last entry, and what this ledger is."""

    __tablename__ = "head"
    __table_args__ = (sa.CheckConstraint("one = 1", name="head_one_row"), {"sqlite_strict": True})
    one: int = Field(default=1, primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=WHOLE)
    hash: str = Field(sa_type=sa.Text)
    recorded_at: str = Field(sa_type=sa.Text)
    regime: str = Field(sa_type=sa.Text)
    schema_version: int = Field(sa_type=WHOLE)


ENTRY: sa.Table = Posted.__table__  # type: ignore[attr-defined]  # SQLModel adds it at run time
REFUSAL: sa.Table = Refusal.__table__  # type: ignore[attr-defined]  # likewise


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
