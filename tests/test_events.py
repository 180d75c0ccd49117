"""The log of what people do around the ledger, on both stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger import Ledger, Misconfigured, NotPermitted
from ledger.database import Database
from ledger.events import Telling, chained, read
from ledger.store import Store
from tests.clock import Clock

MARIA = Telling("person", "maria", "added", {"role": "officer"})
JONAS = Telling("person", "jonas", "added", {"role": "approver"})


@pytest.fixture(name="store")
def _store(store_url: str) -> Iterator[Store]:
    Ledger.init(store_url, opening=False).close()
    store = Store(Database(store_url, 10), Clock("2026-02-01"))
    yield store
    store.close()


def test_an_event_is_answered_as_it_is_kept(store: Store) -> None:
    told = store.record([MARIA, JONAS], "anna")
    assert store.events("person") == told
    assert [(event.seq, event.actor, event.subject, event.detail) for event in told] == [
        (1, "anna", "maria", {"role": "officer"}),
        (2, "anna", "jonas", {"role": "approver"}),
    ]


def test_events_are_found_by_what_they_are_about(store: Store) -> None:
    store.record([MARIA, JONAS, Telling("audit", "jonas", "asked", {})], "anna")
    assert [event.seq for event in store.events("person", "jonas")] == [2]
    assert [event.seq for event in store.events("audit")] == [3]
    assert store.events("proposal") == []


def test_what_begins_so_is_found_in_order_and_only_the_first_of_many(store: Store) -> None:
    names = [f"ab{number:02}" for number in range(25)]
    store.record([Telling("break", name, "new", {}) for name in reversed([*names, "ac", "a%"])], "anna")
    found = [name for (name,) in store.read("subjects_like", topic="break", begins="ab")]
    assert found == names[:20]
    assert store.read("subjects_like", topic="break", begins="a%") == [("a%",)]
    assert store.read("subjects_like", topic="person", begins="ab") == []


def test_an_event_continues_the_one_before_by_hash_and_by_time(store: Store) -> None:
    first, *_ = store.record([MARIA], "anna")
    second, third = store.record([JONAS, MARIA], "anna")
    assert [second.prev_hash, third.prev_hash] == [first.hash, second.hash]
    assert first.at < second.at < third.at


def test_nothing_is_written_where_the_check_refuses(store: Store) -> None:
    def refuse() -> None:
        raise NotPermitted("no")

    with pytest.raises(NotPermitted):
        store.record([MARIA], "anna", refuse)
    assert store.events("person") == []


def test_events_move_neither_entries_nor_head(store: Store) -> None:
    before = store.head()
    store.record([MARIA], "anna")
    assert store.head() == before


def test_a_ledger_is_shared_once_and_for_all(store: Store) -> None:
    store.share([MARIA], "anna")
    assert store.head().shared == 1
    assert [event.subject for event in store.events("person")] == ["maria"]


def test_the_same_tellings_make_the_same_hashes() -> None:
    rows = [chained([MARIA, JONAS], "anna", None, lambda: "2026-02-01T00:00:00.000000Z") for _ in range(2)]
    assert rows[0] == rows[1]
    assert read(rows[0][1]).prev_hash == read(rows[0][0]).hash


def test_each_ledger_has_a_name_and_a_salt_of_its_own(store_url: str, tmp_path: object) -> None:
    Ledger.init(store_url, opening=False).close()
    Ledger.init(f"sqlite:///{tmp_path}/other.db", opening=False).close()
    heads = []
    for url in (store_url, f"sqlite:///{tmp_path}/other.db"):
        store = Store(Database(url, 10))
        heads.append(store.head())
        store.close()
    assert heads[0].origin != heads[1].origin
    assert heads[0].salt_key != heads[1].salt_key


def test_where_there_is_no_ledger_there_is_no_schema(tmp_path: object) -> None:
    store = Store(Database(f"sqlite:///{tmp_path}/none.db", 10))
    assert store.schema_version() is None
    with pytest.raises(Misconfigured, match="run tppq init") as refused:
        store.events("person")
    assert refused.value.problem()["missing"] == "ledger"
