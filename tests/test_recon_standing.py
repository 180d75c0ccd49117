"""Of all that was ever told of breaks, what is read to say where they stand now, or stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import pytest

from ledger import Ledger
from ledger.database import Database
from ledger.events import Event, Telling
from ledger.recon_breaks import BY_RUNS, TOPIC, BreakStanding, Standings, fingerprint, fold
from ledger.recon_steps import decided, standing_events
from ledger.store import Store
from tests.clock import Clock
from tests.test_recon_breaks import found

NAMES = [fingerprint("QUANTITY", "", f"X{number}/1") for number in range(12)]
DEEDS: dict[str, dict[str, Any]] = {
    "taken": {"officer": "maria"}, "commented": {"text": "asked"}, "proposed": {"entries": []},
    "confirmed": {}, "posted": {"seq": 5}, "blocked": {"seq": 6}, "unblocked": {"seq": 7},
    "accepted": {"until": "2026-12-01"},
}  # fmt: skip


@pytest.fixture(name="store")
def _store(store_url: str) -> Iterator[Store]:
    Ledger.init(store_url, opening=False).close()
    store = Store(Database(store_url, 10), Clock("2026-11-20"))
    yield store
    store.close()


def run(name: str, action: str) -> Telling:
    told = {} if action == "cleared" else found(name).told()
    return Telling(TOPIC, name, action, {**told, "run": "r", "on": "2026-11-20"})


def told(store: Store, by: Random) -> list[Event]:
    """All that is told of the breaks in some nights; and of something else, by the same words."""
    for _ in range(60):
        name, was = by.choice(NAMES), fold(store.events(TOPIC))
        if name not in was:
            telling = run(name, "seen")
        elif was[name].state == "cleared":
            telling = by.choice((run(name, "reopened"), Telling(TOPIC, name, "unblocked", {"seq": 7})))
        else:
            by_runs = (run(name, "changed"), run(name, "cleared"), run(name, "cleared"))
            telling = by.choice((*by_runs, *(Telling(TOPIC, name, each, DEEDS[each]) for each in DEEDS)))
        store.record([telling, Telling("audit", name, by.choice(("cleared", "blocked", "taken")), {})], "ada")
    return store.events(TOPIC)


def needed(standings: Standings, called: Iterable[str]) -> dict[str, BreakStanding]:
    """Those that are not cleared, for which something is set aside, or that are asked for."""
    return {
        name: each
        for name, each in standings.items()
        if each.state != "cleared" or each.blocked_seq is not None or name in called
    }


@pytest.mark.parametrize("seed", range(3))
def test_what_is_read_says_where_a_break_stands_as_all_that_was_told_does(store: Store, seed: int) -> None:
    by = Random(seed)  # noqa: S311  # the same nights each time
    events = told(store, by)
    for event in [*by.sample(events, 8), events[-1]]:
        called = by.sample(NAMES, 2)
        before = fold(each for each in events if each.seq < event.seq)
        read = fold(standing_events(store, called, before_seq=event.seq))
        assert needed(read, called) == needed(before, called)
        until = fold(each for each in events if each.at <= event.at)
        assert needed(fold(standing_events(store, until=event.at)), ()) == needed(until, ())
    assert needed(fold(standing_events(store)), ()) == needed(fold(events), ())


@pytest.mark.parametrize("seed", range(3))
def test_the_last_deed_of_people_is_found_as_by_looking_at_all(store: Store, seed: int) -> None:
    assert decided(store) == ""
    by = Random(seed)  # noqa: S311  # the same nights each time
    events = told(store, by)
    for event in events:
        before = [each.hash for each in events if each.action not in BY_RUNS and each.seq < event.seq]
        assert decided(store, event.seq) == (before or [""])[-1]
    until = [each.hash for each in events if each.action not in BY_RUNS and each.at <= events[9].at]
    assert decided(store, until=events[9].at) == (until or [""])[-1]


def test_of_what_was_cleared_nothing_is_read(store: Store) -> None:
    store.record([run(name, "seen") for name in NAMES], "ada")
    store.record(
        [Telling(TOPIC, NAMES[0], "taken", {}), Telling(TOPIC, NAMES[1], "blocked", {"seq": 1})], "ada"
    )
    cleared = store.record([run(name, "cleared") for name in NAMES[1:]], "ada")
    assert [event.action for event in standing_events(store)] == [
        "seen",
        "seen",
        "taken",
        "blocked",
        "cleared",
    ]
    assert [event.subject for event in standing_events(store, NAMES[5:6])][-1] == NAMES[5]
    earlier = standing_events(store, before_seq=cleared[0].seq)
    assert {event.subject for event in earlier} == set(NAMES)


def test_what_is_cleared_without_ever_having_been_seen_is_no_break(store: Store) -> None:
    store.record([run(NAMES[0], "cleared")], "ada")
    assert standing_events(store) == []
