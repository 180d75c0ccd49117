"""PostgreSQL: its driver, which servers are taken, and what its sessions were asked to be.

A session is set once it is connected, since a pooler may drop what comes with the connection itself: then
readers could write, and ask, or post to, another schema's ledger.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ledger import roles
from ledger.errors import Busy, LedgerError, Misconfigured, NotPermitted, Unreachable

OLDEST = 14
"""The first version that has all that the store's tables and guards are made of."""

_POOLED = (
    "a pooler in between drops such settings: connect to the server itself, or give them to the login "
    "(alter role NAME in database DATABASE set search_path = SCHEMA)"
)
_WORD = re.compile(r"(?:\\.|[^\\\s])+", re.DOTALL)
_SETTING = re.compile(r"(?:-c|--)(?P<name>[^=]+)=(?P<value>.*)", re.DOTALL)


@cache
def driver() -> Any:
    """The module psycopg. Raises Misconfigured where it is not installed."""
    try:
        import psycopg  # an extra: most ledgers are a file  # noqa: PLC0415
    except ModuleNotFoundError:
        raise Misconfigured(
            "PostgreSQL needs the extra: pip install 'tppq[postgres]'", extra="postgres"
        ) from None
    logging.getLogger(psycopg.__name__).addHandler(logging.NullHandler())  # its errors are ours to tell
    return psycopg


def connected(server: str, name: str) -> Any:
    """A connection to a server that can hold a ledger, each statement a transaction. Raises Misconfigured."""
    psycopg = driver()
    try:
        given = psycopg.conninfo.conninfo_to_dict(server)
    except psycopg.ProgrammingError:  # whose words hold the password
        raise Misconfigured(
            f"{name} cannot be read: write postgresql+psycopg://USER@HOST/DATABASE, and what is no "
            "letter or digit in a password as %XX",
            url=name,
        ) from None
    own = {"application_name": "tppq", "client_encoding": "UTF8", "autocommit": True}
    connection = psycopg.connect(server, **{"connect_timeout": 10} | given | own)
    if (unfit := _unfit(connection.info, name)) is not None:
        connection.close()
        raise unfit
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return connection


def _unfit(info: Any, name: str) -> Misconfigured | None:
    """Why this server or database cannot hold a ledger."""
    if info.server_version < OLDEST * 10_000:
        version = info.parameter_status("server_version")
        return Misconfigured(
            f"the server at {name} is PostgreSQL {version}: a ledger needs {OLDEST} or newer", store=name
        )
    encoding = info.parameter_status("server_encoding")
    if encoding != "UTF8":
        return Misconfigured(
            f"the database at {name} keeps text as {encoding}, which has not every letter: make one "
            "with create database NAME encoding 'UTF8' template template0",
            store=name,
        )
    return None


def settings(options: str) -> dict[str, str]:
    """The settings that a session's options ask for, as the server reads them: `-c a=b -cc=d --e=f`."""
    words = iter([re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in _WORD.findall(options)])
    read = [_SETTING.fullmatch(f"-c{next(words, '')}" if word == "-c" else word) for word in words]
    found = [match for match in read if match is not None]
    return {match["name"].replace("-", "_").lower(): match["value"] for match in found}


def dropped(name: str, asked: Mapping[str, str], lost: Sequence[str]) -> Misconfigured:
    """The error where a session is not what it was asked to be."""
    said = ", ".join(f"{each}={asked[each]}" for each in lost)
    return Misconfigured(
        f"{said} was asked for, and the session at {name} does not have it: {_POOLED}", store=name
    )


def refused(kind: str, said: str, name: str) -> LedgerError:
    """What the server refuses, in the ledger's words, with the way out."""
    if "unsupported startup parameter" in said:
        return Misconfigured(f"{name} cannot be used: {said}: {_POOLED}", store=name)
    if kind == "QueryCanceled":
        return Busy(f"{name} did not answer in time ({said}): try again", store=name)
    if kind == "ReadOnlySqlTransaction":
        return Unreachable(
            f"the server at {name} only reads: it is a standby, or default_transaction_read_only is on; name "
            "the primary (of several hosts, target_session_attrs=read-write finds it), or try again later",
            store=name,
        )
    if kind == "InsufficientPrivilege":
        return NotPermitted(
            f"this user may not do that to {name}: {said}; connect as a member of {roles.WRITER} to post, or "
            f"of {roles.READER} to ask; where this is one, or neither role is there yet, {roles.MENDED_BY}",
            store=name,
        )
    return Unreachable(f"{name} cannot be used: {said}", store=name)
