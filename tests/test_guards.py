"""The guards of a store: there word for word, or named as missing."""

from __future__ import annotations

import pytest

from ledger import Ledger, Misconfigured, guards
from ledger.database import Database
from ledger.store import Store
from tests.clock import Clock
from tests.outside import connected, drop_guards


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


def test_what_else_is_there_is_nobodys_fault(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    assert guards.missing(dialect(store_url), [*found(store_url), ("theirs", "begin select 1; end")]) == []


def test_without_any_all_are_named_in_order() -> None:
    assert guards.missing("postgresql", []) == [
        "balance_one_license",
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
    ]


def test_a_ledger_without_guards_is_not_opened_until_init_puts_them_back(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    drop_guards(store_url)
    with pytest.raises(Misconfigured, match="is not append-only: entry_"):
        Ledger.open(store_url)
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    Ledger.open(store_url).close()


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
