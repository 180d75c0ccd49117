"""The guards of a store: there word for word, or named as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import Ledger, Misconfigured, guards
from ledger.checkup import check
from ledger.cli import run
from ledger.database import Database
from ledger.store import Store
from tests.clock import Clock
from tests.outside import connected, drop_guards
from tests.postgres import Postgres
from tests.shared import create


def found(url: str) -> list[tuple[str, str]]:
    store = Store(Database(url, 10))
    rows = [(name, definition) for name, definition in store.read("guards")]
    store.close()
    return rows


def dialect(url: str) -> str:
    return url.split(":", maxsplit=1)[0].split("+", maxsplit=1)[0]


def test_a_new_ledger_has_every_guard_word_for_word(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    assert guards.missing(dialect(store_url), found(store_url)) == []


def test_each_guard_that_is_away_or_changed_is_named(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    there = found(store_url)
    for name, definition in there:
        others = [each for each in there if each[0] != name]
        assert guards.missing(dialect(store_url), others) == [name]
        assert guards.missing(dialect(store_url), [*others, (name, definition + " ")]) == [name]


def test_what_else_is_there_is_nobodys_fault_unless_it_acts_by_itself(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(store_url) as owner:
        owner.exec_driver_sql("create index theirs on entry (country)")
        owner.exec_driver_sql("create table their_notes (seq integer)")
        owner.exec_driver_sql("create view their_view as select seq from entry")
        owner.commit()
    Ledger.open(store_url).close()
    assert guards.amiss(dialect(store_url), found(store_url)) is None


STRANGE = {
    "sqlite": "create trigger quiet before insert on event begin select raise(ignore); end",
    "postgresql": "create trigger quiet before insert on event for each row execute function quiet()",
    "a rule": "create rule quiet as on insert to event where new.topic = 'audit' do instead nothing",
}


@pytest.mark.parametrize("strange", STRANGE)
def test_a_trigger_or_rule_that_is_none_of_ours_is_named(
    postgres: Postgres, tmp_path: Path, strange: str
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}" if strange == "sqlite" else postgres.create()
    Ledger.init(url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(url) as owner:
        if strange == "postgresql":
            owner.exec_driver_sql(
                "create function quiet() returns trigger language plpgsql as 'begin return null; end'"
            )
        owner.exec_driver_sql(STRANGE[strange])
        owner.commit()
    with pytest.raises(Misconfigured, match=r"quiet is not one of the ledger's own triggers .* drop it"):
        Ledger.open(url)
    (guarded,) = (each for each in check(Database(url, 10)) if each.check == "guards")
    assert (guarded.state, guarded.advice[:7]) == ("fail", "drop it")


def test_without_any_all_are_named_in_order() -> None:
    assert guards.missing("postgresql", []) == [
        "balance_one_license",
        *("constraint balance_blocked", "constraint balance_exported", "constraint balance_headroom"),
        *("constraint balance_license", "constraint balance_licensed", "constraint entry_no_fork"),
        "constraint entry_request_id_request_part_key",
        *("constraint entry_tpp_positive", "constraint entry_two_people", "constraint event_no_fork"),
        "constraint head_one_row",
        "entry_append_only",
        "entry_continues",
        "entry_reversed_once",
        "event_append_only",
        "event_continues",
        "event_of",
        "head_goes_forward",
        "head_stays",
        "refusal_append_only",
    ]
    assert guards.missing("sqlite", []) == [
        "balance_one_license",
        "entry_continues",
        "entry_no_delete",
        "entry_no_update",
        "entry_reversed_once",
        "event_continues",
        "event_no_delete",
        "event_no_update",
        "event_of",
        "head_goes_forward",
        "head_is_one",
        "head_no_delete",
        "refusal_continues",
        "refusal_no_delete",
        "refusal_no_update",
        *("table balance", "table entry", "table event", "table head", "table refusal"),
    ]


def test_a_ledger_without_guards_is_not_opened_until_init_puts_them_back(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    drop_guards(store_url)
    with pytest.raises(Misconfigured, match="is not append-only: entry_"):
        Ledger.open(store_url)
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    Ledger.open(store_url).close()


def test_guards_that_are_off_where_roles_are_kept_apart_are_put_back_by_what_is_advised(
    postgres: Postgres,
) -> None:
    url = postgres.create()
    writer = create(url, Clock("2026-02-01"))
    with connected(url) as owner:
        owner.exec_driver_sql("alter table entry disable trigger all")
    with pytest.raises(Misconfigured, match="; run tppq db init as the superuser to put them back"):
        Ledger.open(writer, actor="maria")
    assert run(["db", "init", "--ledger", url], clock=Clock("2026-02-01"), actor="root") == 0
    with Ledger.open(writer, actor="ines", clock=Clock("2026-02-01")) as ledger:
        assert ledger.verify().rows() == []
    postgres.drop(url)


def test_a_ledger_without_one_of_its_keys_is_not_opened_and_init_puts_it_back(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(store_url) as connection:
        connection.exec_driver_sql("drop index entry_reversed_once")
    with pytest.raises(
        Misconfigured, match="entry_reversed_once missing, changed or disabled; run tppq init"
    ):
        Ledger.open(store_url)
    Ledger.init(store_url, opening=False).close()
    Ledger.open(store_url).close()
