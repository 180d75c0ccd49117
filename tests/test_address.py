"""URLs of ledgers: read as SQLAlchemy reads them, and shown without their passwords."""

from __future__ import annotations

import traceback

import psycopg.conninfo
import pytest
from sqlalchemy import make_url

from ledger.address import Address
from ledger.database import Database
from ledger.errors import Misconfigured


@pytest.mark.parametrize(
    "url",
    ["sqlite:///tppq.db", "sqlite:////var/lib/tppq/tppq.db", "sqlite:///a b/ü.db", "sqlite+pysqlite:///x.db"],
)
def test_a_file_is_the_one_that_sqlalchemy_would_open(url: str) -> None:
    address = Address.of(url)
    assert (address.dialect, str(address.file), address.server) == ("sqlite", make_url(url).database, None)
    assert address.name == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://localhost/tppq", "postgresql+psycopg://localhost/tppq"),
        (
            "postgresql://maria@db:5433/tppq?sslmode=require",
            "postgresql://maria@db:5433/tppq?sslmode=require",
        ),
        ("postgres://maria:s%40cret@db/tppq", "postgres://maria:***@db/tppq"),
        (
            "postgresql+psycopg://maria:secret@/tppq?host=/run/pg",
            "postgresql+psycopg://maria:***@/tppq?host=/run/pg",
        ),
        ("postgresql://db/tppq?user=maria&password=secret", "postgresql://db/tppq?user=maria&password=***"),
        ("postgresql://db/tppq?sslpassword=secret", "postgresql://db/tppq?sslpassword=***"),
    ],
)
def test_a_server_is_named_without_the_password_and_reached_with_it(url: str, shown: str) -> None:
    address = Address.of(url)
    assert (address.dialect, address.file, address.name) == ("postgresql", None, shown)
    asked, given = make_url(url), psycopg.conninfo.conninfo_to_dict(address.server or "")
    assert given["dbname"] == asked.database
    assert given.get("user") == (asked.username or asked.query.get("user"))
    assert given.get("password") == (asked.password or asked.query.get("password"))


@pytest.mark.parametrize("password", ["a/b", "a@b", "a?b", "a:b", "a#b"])
def test_a_password_is_hidden_even_where_the_url_is_wrong(password: str) -> None:
    assert password not in Address.of(f"postgresql://maria:{password}@db/tppq").name


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://host/tppq.db"])
def test_a_ledger_needs_a_file(url: str) -> None:
    with pytest.raises(Misconfigured, match="a ledger needs a file"):
        Address.of(url)


def test_what_is_no_url_or_no_store_is_said_so_without_the_password() -> None:
    with pytest.raises(Misconfigured, match=r"'tppq\.db' is no ledger URL"):
        Address.of("tppq.db")
    with pytest.raises(Misconfigured, match="'mysql' cannot hold a ledger") as refused:
        Address.of("mysql://maria:secret@db/tppq")
    assert "secret" not in str(refused.value.problem())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg:/maria:secret@db/tppq",
        "maria:secret@db/tppq",
        "maria:se:secret@cr@db",
        "postgresql:db?PASSWORD=secret",
        "sqlite://maria:secret@db",
    ],
)
def test_a_password_is_hidden_where_there_is_no_url(url: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        Address.of(url)
    assert "secret" not in str(refused.value.problem())


@pytest.mark.parametrize(
    "url", ["postgresql://maria:se%cret@127.0.0.1:1/db", "postgresql://maria:se%cret@[::1/db"]
)
def test_the_driver_does_not_tell_the_password_of_a_url_that_it_cannot_read(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"cannot be read: write .* in a password as %XX") as refused:
        Database(url, 1).connect_reader()
    assert "cret" not in str(refused.value.problem())
    assert "cret" not in "".join(traceback.format_exception(refused.value))
