"""PostgreSQL is told what is written in UTF-8, whatever the environment or the database would have it be."""

from __future__ import annotations

import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from ledger import Ledger, Misconfigured
from tests.postgres import Postgres
from tests.shared import entry

HOLDER = "日本 İstanbul GmbH"


def post_and_ask(url: str) -> None:
    with Ledger.init(url, opening=False) as ledger:
        ledger.post(entry("allocate", "TR", 10), entry("license", "TR", 5, license_no="L1", consignee=HOLDER))
        assert ledger.licenses("TR").rows()[0]["consignee"] == HOLDER
        assert ledger.verify().rows() == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_the_environment_has_no_say_in_how_text_is_sent(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", encoding)
    post_and_ask(postgres.create())


def test_nor_has_the_database(postgres: Postgres) -> None:
    url = postgres.create()
    name = sql.Identifier(make_url(url).database or "")
    with postgres.connect() as connection:
        connection.execute(sql.SQL("alter database {} set client_encoding = latin1").format(name))
    post_and_ask(url)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_keep_every_letter_is_not_taken(postgres: Postgres, encoding: str) -> None:
    with pytest.raises(Misconfigured, match=f"keeps text as {encoding}.*create database NAME"):
        Ledger.init(postgres.create(encoding))
