"""A ledger of a released schema becomes one of this version's: whole, or not at all, and byte for byte."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from ledger import Busy, Ledger, Misconfigured, Tampered, checkup, merkle, roster, schema, upgrade
from ledger.database import Database
from ledger.evidence import HASHED, canonical
from ledger.schema import SCHEMA_VERSION
from ledger.store import Store
from tests.clock import Clock
from tests.outside import by_hand, connected, entries
from tests.postgres import Postgres
from tests.shared import create, entry

GOLDEN = Path(__file__).parent / "golden"
RELEASED = list(range(1, SCHEMA_VERSION))
"""Every schema before this one, each of which a release wrote; its ledger is in `golden`."""

KEPT = {
    "balance": "select * from balance order by quota, license_no",
    "entry": "select * from entry order by seq",
    "refusal": "select * from refusal order by request_id, attempt",
    "head": "select one, seq, hash, recorded_at, regime from head",
}
"""What an upgrade does not touch."""


def dumped(url: str, version: int) -> None:
    """Put the ledger of a release where a URL says."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((GOLDEN / f"schema_{version}.sqlite.sql").read_text(encoding="utf-8"))
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute((GOLDEN / f"schema_{version}.postgresql.sql").read_bytes())


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def kept(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows(url, statement) for name, statement in KEPT.items()}


def upgraded(url: str) -> upgrade.Upgraded:
    return upgrade.upgrade(Database(url, 10))


def checked(url: str) -> dict[str, tuple[str, str, str]]:
    """What `check` says of each thing."""
    return {each.check: (each.state, each.found, each.advice) for each in checkup.check(Database(url, 10))}


# ---------------------------------------------------------------------------------------- what is kept


@pytest.mark.parametrize("version", RELEASED)
def test_an_older_ledger_is_not_opened_and_says_what_to_run(store_url: str, version: int) -> None:
    dumped(store_url, version)
    for opening in (Ledger.open, Ledger.init):
        with pytest.raises(Misconfigured, match="run tppq db upgrade"):
            opening(store_url)
    assert checked(store_url) == {
        "schema": ("fail", f"{version}; this version runs {SCHEMA_VERSION}", "run tppq db upgrade")
    }


@pytest.mark.parametrize("version", RELEASED)
def test_an_upgrade_keeps_every_byte_of_what_was_there(store_url: str, version: int) -> None:
    dumped(store_url, version)
    before = kept(store_url)
    assert upgraded(store_url) == (version, SCHEMA_VERSION, len(before["entry"]))
    assert kept(store_url) == before
    for row in entries(store_url):
        assert row["hash"] == by_hand(row)


@pytest.mark.parametrize("version", RELEASED)
def test_an_upgraded_ledger_is_intact_and_goes_on(store_url: str, version: int) -> None:
    dumped(store_url, version)
    upgraded(store_url)
    with Ledger.open(store_url, actor="maria", clock=Clock("2026-03-02")) as ledger:
        assert ledger.verify().rows() == []
        before = ledger.headroom("AE").rows()[0]["headroom_tpp"]
        ledger.post(entry("license", "AE", 1_000, license_no="N-1"))
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == before - 1_000
        assert ledger.verify().rows() == []
        assert not ledger.shared


@pytest.mark.parametrize("version", RELEASED)
def test_an_upgraded_store_is_made_like_a_new_one(
    store_url: str, tmp_path: Path, postgres: Postgres, version: int
) -> None:
    sqlite = store_url.startswith("sqlite")
    new_url = f"sqlite:///{tmp_path / 'new.db'}" if sqlite else postgres.create()
    Ledger.init(new_url, opening=False).close()
    dumped(store_url, version)
    upgraded(store_url)
    assert made(store_url) == made(new_url)


def made(url: str) -> list[tuple[Any, ...]]:
    """How a store is made: tables, keys, checks, indexes and triggers, in words."""
    if url.startswith("sqlite"):
        found = rows(url, "select type, name, tbl_name, sql from sqlite_schema where sql is not null")
        return sorted((kind, name, table, tidy(sql)) for kind, name, table, sql in found)
    columns = (
        "select table_name, ordinal_position, column_name, data_type, is_nullable, column_default "
        "from information_schema.columns where table_schema = 'public' order by 1, 2"
    )
    keys = (
        "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint "
        "where connamespace = 'public'::regnamespace order by 1, 2"
    )
    indexes = (
        "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2"
    )
    functions = "select proname, prosrc, proconfig from pg_proc where proname like 'tppq%%' order by 1"
    guards = schema.sql("store/guards.postgresql.sql") + " order by 1"
    return [row for each in (columns, keys, indexes, functions, guards) for row in rows(url, each)]


def tidy(statement: str) -> str:
    """A statement without what does not matter: white space, quotes, `if not exists`, case."""
    words = re.sub(r"[\s\"]+", " ", statement.lower()).replace("if not exists ", "")
    return re.sub(r"\s*([(),;])\s*", r"\1", words)


def test_the_tree_has_a_leaf_for_every_entry_there_was(store_url: str) -> None:
    dumped(store_url, 1)
    upgraded(store_url)
    store = Store(Database(store_url, 10))
    head = store.head()
    store.close()
    assert merkle.is_origin(head.origin)
    assert head.origin.startswith("tppq/diffusion-2025/")
    key = bytes.fromhex(head.salt_key)
    leaves = []
    for row in entries(store_url):
        body = canonical({name: row[name] for name in HASHED})
        committed = merkle.commitment(merkle.salt_of(key, row["seq"]), body)
        leaf = merkle.leaf(head.origin, row["seq"], row["recorded_at"], row["hash_v"], committed)
        leaves.append(merkle.leaf_hash(leaf))
    assert merkle.Edge.from_json(head.tree, head.seq).root() == by_the_book(leaves)


def by_the_book(leaves: Sequence[bytes]) -> bytes:
    """The root of a tree, as RFC 6962, 2.1 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + by_the_book(leaves[:left]) + by_the_book(leaves[left:])).digest()


def test_two_upgraded_ledgers_have_names_and_keys_of_their_own(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}" for name in ("one.db", "two.db")]
    for url in urls:
        dumped(url, 1)
        upgraded(url)
    (one,), (other,) = (rows(url, "select origin, salt_key from head") for url in urls)
    assert one[0] != other[0]
    assert one[1] != other[1]


# ------------------------------------------------------------------------------------- or not at all


def test_a_second_upgrade_changes_nothing(store_url: str) -> None:
    dumped(store_url, 1)
    upgraded(store_url)
    before = rows(store_url, "select * from head")
    assert upgraded(store_url) == (SCHEMA_VERSION, SCHEMA_VERSION, 0)
    assert rows(store_url, "select * from head") == before


TAMPERED = {
    "an entry was changed": ("update entry set tpp = tpp + 1 where seq = 100", "entry 100 is not what its h"),
    "an entry is gone": ("delete from entry where seq = 100", "entry 100 is not what its hash"),
    "the tail is gone": (
        "delete from entry where seq = 171",
        "the head is entry 171, but the entries end at",
    ),
}


@pytest.mark.parametrize(("statement", "said"), TAMPERED.values(), ids=TAMPERED)
def test_a_history_that_does_not_add_up_is_not_upgraded_and_not_touched(
    store_url: str, statement: str, said: str
) -> None:
    dumped(store_url, 1)
    with connected(store_url) as owner:
        if owner.dialect.name == "sqlite":
            for name in ("entry_no_update", "entry_no_delete"):
                owner.exec_driver_sql(f"drop trigger {name}")
        else:
            owner.exec_driver_sql("alter table entry disable trigger all")
        owner.exec_driver_sql(statement)
    before, how = kept(store_url), made(store_url)
    with pytest.raises(Tampered, match=said):
        upgraded(store_url)
    assert (kept(store_url), made(store_url)) == (before, how)
    assert rows(store_url, "select schema_version from head") == [(1,)]


def test_a_ledger_of_a_newer_version_is_left_alone(store_url: str) -> None:
    Ledger.init(store_url, opening=False).close()
    with connected(store_url) as owner:
        owner.exec_driver_sql("update head set schema_version = 99")
    with pytest.raises(Misconfigured, match=r"has schema 99; .* it needs a newer version of tppq"):
        upgraded(store_url)
    assert checked(store_url)["schema"][2] == "install a newer tppq, which it was written by"


def test_where_there_is_no_ledger_none_is_upgraded(store_url: str) -> None:
    with pytest.raises(Misconfigured, match=r"there is no ledger at .*: run tppq init"):
        upgraded(store_url)
    assert checked(store_url)["ledger"][2].split(", ")[0] == "run tppq db init"


def test_an_upgrade_waits_for_a_writer_and_not_for_ever(store_url: str) -> None:
    dumped(store_url, 1)
    with connected(store_url) as writer:
        lock = "begin immediate" if writer.dialect.name == "sqlite" else "select 1 from head for update"
        writer.exec_driver_sql(lock)
        with pytest.raises(Busy):
            upgrade.upgrade(Database(store_url, 0.1))
    assert rows(store_url, "select schema_version from head") == [(1,)]


def test_a_program_for_the_older_schema_cannot_write_to_it_any_more(store_url: str) -> None:
    dumped(store_url, 1)
    upgraded(store_url)
    older = "update head set seq = 172, hash = 'ff', recorded_at = '2026-03-02T00:00:00.000000Z'"
    with pytest.raises(sa.exc.IntegrityError, match="append-only"), connected(store_url) as connection:
        connection.exec_driver_sql(older)


# ------------------------------------------------------------------------------------------------ check


def test_check_of_a_sound_ledger_has_nothing_to_advise(store_url: str) -> None:
    Ledger.init(store_url, opening=False).close()
    found = checked(store_url)
    assert list(found) == ["schema", "guards", "roles", "users"]
    assert {(state, advice) for state, _, advice in found.values()} == {("ok", "")}
    assert found["guards"][1] == "append-only: triggers, keys and checks are there"
    assert found["users"][1].startswith("none: a ledger of one person")


def test_check_names_the_guards_that_are_away(store_url: str) -> None:
    Ledger.init(store_url, opening=False).close()
    with connected(store_url) as owner:
        on = "" if owner.dialect.name == "sqlite" else " on event"
        owner.exec_driver_sql(f"drop trigger event_continues{on}")
    assert checked(store_url)["guards"] == (
        "fail", "event_continues missing, changed or disabled",
        "run tppq init to put them back, then tppq verify to see what was done without them",
    )  # fmt: skip


def test_check_counts_the_users_and_names_who_may_what(tmp_path: Path) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", Clock("2026-02-01"))
    assert checked(url)["users"][1] == "6; admin: root; officer: maria, omar; approver: ada, omar"
    assert roster.who_may({}, "user") == "nobody"


def test_check_finds_a_shared_file_that_everybody_may_write(tmp_path: Path) -> None:
    file = tmp_path / "our tppq.db"
    url = create(f"sqlite:///{file}", Clock("2026-02-01"))
    file.chmod(0o666)
    state, found, advice = checked(url)["roles"]
    assert (state, found) == ("fail", "everybody on this machine may write the file")
    assert shlex.split(advice) == ["run", "chmod", "o-w", str(file)]
