"""What a break is called, how it ranks, how old it is, and where its events leave it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import Tampered, UnknownName, reference
from ledger.events import Event
from ledger.recon_breaks import (
    CODES,
    TOPIC,
    Break,
    bucket,
    find,
    fingerprint,
    fold,
    of_event,
    ranked,
    severity,
    working_days,
)
from ledger.recon_changes import Change, changes, lines
from ledger.recon_steps import proposed

REGIME = reference.load().regime("diffusion-2025")
ROOM = 790_000_000
DAYS = st.dates(min_value=date(2025, 1, 1), max_value=date(2030, 12, 31))


def found(name: str = "aaaa000011112222", **more: Any) -> Break:
    fields: dict[str, Any] = dict.fromkeys(Break.__slots__)
    fields |= {"code": "QUANTITY", "severity": "major", "key": "X1/1", "source": "declarations", "seqs": (7,)}
    fields |= {"net_tpp": 79_160, "at_stake_tpp": 79_160, "detail": "the ledger has 40, customs 35"}
    return Break(**(fields | {"fingerprint": name, "on_day": "2026-10-05", "country": "SA"} | more))


def event(
    seq: int, action: str, each: Break | None = None, /, *, actor: str = "maria", **detail: Any
) -> Event:
    told = {} if each is None else each.told()
    name = "aaaa000011112222" if each is None else each.fingerprint
    detail = {**told, "run": "r", "on": "2026-11-20", **detail}
    return Event(seq, f"2026-11-20T12:00:{seq:02}.000000Z", actor, TOPIC, name, action, detail, "", "")


# --- rank and age ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "tpp", "headroom", "expected"),
    [
        ("QUANTITY", 0, ROOM, "minor"),
        ("QUANTITY", 78_999, ROOM, "minor"),
        ("QUANTITY", 79_000, ROOM, "major"),
        ("QUANTITY", 790_000, ROOM, "severe"),
        ("QUANTITY", 7_900_000, ROOM, "critical"),
        ("QUANTITY", 1_001, 20_020, "minor"),
        ("QUANTITY", 1_002, 20_020, "critical"),
        ("QUANTITY", 1, 0, "critical"),
        ("QUANTITY", 1, -5, "critical"),
        ("QUANTITY", 1, None, "minor"),
        ("COUNTRY", 1, ROOM, "critical"),
        ("UNLICENSED_EXPORT", 1, ROOM, "critical"),
        ("INTEGRITY", 0, None, "critical"),
        ("FILE_MISSING", 0, None, "critical"),
        ("IN_TRANSIT", 700_000_000, ROOM, "info"),
    ],
)
def test_a_break_ranks_by_the_tpp_at_stake(code: str, tpp: int, headroom: int | None, expected: str) -> None:
    assert severity(code, tpp, headroom, REGIME) == expected


def test_what_was_set_aside_as_critical_is_critical_whatever_it_is_worth() -> None:
    assert severity("PERIOD", 1, ROOM, REGIME, is_critical=True) == "critical"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-20", "2026-11-20", 0),  # a Friday
        ("2026-11-20", "2026-11-22", 0),
        ("2026-11-20", "2026-11-23", 1),
        ("2026-11-21", "2026-11-23", 1),
        ("2026-11-16", "2026-11-20", 4),
        ("2026-11-13", "2026-11-20", 5),
        ("2026-10-23", "2026-11-20", 20),
    ],
)
def test_ages_are_counted_in_working_days(first: str, last: str, expected: int) -> None:
    assert working_days(date.fromisoformat(first), date.fromisoformat(last)) == expected


@given(DAYS, DAYS)
def test_working_days_are_the_weekdays_in_between(one: date, other: date) -> None:
    first, last = sorted((one, other))
    days = [date.fromordinal(each) for each in range(first.toordinal() + 1, last.toordinal() + 1)]
    assert working_days(first, last) == sum(day.isoweekday() <= 5 for day in days)


def test_there_are_five_ages() -> None:
    ages = {days: bucket(days) for days in (0, 1, 2, 5, 6, 10, 11, 20, 21, 500)}
    assert list(ages.values()) == ["0-1"] * 2 + ["2-5"] * 2 + ["6-10"] * 2 + ["11-20"] * 2 + ["> 20"] * 2


# --- names ----------------------------------------------------------------------------------------


def test_a_fingerprint_is_made_of_code_and_keys_and_of_nothing_else() -> None:
    name = fingerprint("QUANTITY", "", "X1/1")
    assert (name, len(name)) == (fingerprint("QUANTITY", "", "X1/1"), 16)
    assert len(
        {fingerprint(code, scope, key) for code in CODES for scope in ("", "s") for key in ("a", "b")}
    ) == 4 * len(CODES)


def test_a_break_is_found_by_its_first_characters() -> None:
    standings = fold(
        [event(1, "seen", found("aaaa000011112222")), event(2, "seen", found("aaaa999911112222"))]
    )
    assert find(standings, "aaaa0").seen.fingerprint == "aaaa000011112222"
    with pytest.raises(UnknownName, match="may be any of aaaa000011112222, aaaa999911112222"):
        find(standings, "aaaa")
    with pytest.raises(UnknownName, match="there is no break bbbb"):
        find(standings, "bbbb")
    with pytest.raises(UnknownName, match="4 characters are enough"):
        find(standings, "aa")


def test_a_break_reads_back_from_its_event_as_it_was_told() -> None:
    each = found(draft={"correct": "ledger", "agree": [], "steps": []}, third_says="35")
    assert of_event(each.fingerprint, event(1, "seen", each).detail) == each


def test_the_gravest_comes_first() -> None:
    small, large, grave = (
        found("1" * 16, at_stake_tpp=1),
        found("2" * 16, at_stake_tpp=9),
        found("3" * 16, severity="critical"),
    )  # fmt: skip
    assert ranked([small, grave, large]) == [grave, large, small]


# --- the life of a break --------------------------------------------------------------------------


def test_a_break_goes_from_new_to_cleared_by_events_alone() -> None:
    each = found()
    events = [
        event(1, "seen", each), event(2, "taken", officer="omar"), event(3, "commented", text="asked"),
        event(4, "proposed", actor="omar", entries=[]), event(5, "confirmed", actor="ines"),
        event(6, "posted", actor="ines", seq=12), event(7, "cleared", on="2026-11-23"),
    ]  # fmt: skip
    states = [fold(events[:length])[each.fingerprint].state for length in range(1, 8)]
    assert states == ["new", "taken", "taken", "proposed", "confirmed", "posted", "cleared"]
    standing = fold(events)[each.fingerprint]
    assert (standing.officer, standing.asked_by, standing.posted_seq, standing.first_on) == (
        "omar", "omar", 12, "2026-11-20",
    )  # fmt: skip


def waiting(events: list[Event]) -> list[str | None]:
    """What waits of a break after these events: the ids of its proposals."""
    (standing,) = fold(events).values()
    return [each.proposal for each in proposed(standing) if each.overtaken is None]


def test_a_block_that_was_confirmed_leaves_the_correction_waiting() -> None:
    """The events are as 0.5.0 wrote them: that something was confirmed did not say what."""
    events = [
        event(1, "seen", found()), event(2, "proposed", proposal="P-0001"),
        event(3, "proposed", proposal="P-0002", purpose="block"), event(4, "confirmed"),
        event(5, "blocked", seq=12),
    ]  # fmt: skip
    (standing,) = fold(events).values()
    assert (standing.state, standing.blocked_seq, standing.posted_seq) == ("proposed", 12, None)
    assert waiting(events) == ["P-0001"]


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("posted", ["P-0003", "P-0004"]), ("blocked", ["P-0001", "P-0002", "P-0004"]),
        ("unblocked", ["P-0001", "P-0002", "P-0003"]), ("accepted", ["P-0004"]), ("cleared", ["P-0004"]),
        ("taken", ["P-0001", "P-0002", "P-0003", "P-0004"]),
        ("commented", ["P-0001", "P-0002", "P-0003", "P-0004"]),
        ("changed", ["P-0001", "P-0002", "P-0003", "P-0004"]),
    ],
)  # fmt: skip
def test_a_proposal_is_overtaken_by_what_makes_it_needless(action: str, left: list[str]) -> None:
    given = event(6, action, found() if action == "changed" else None, seq=12, until="2026-12-31")
    events = [
        event(1, "seen", found()), event(2, "proposed", proposal="P-0001"),
        event(3, "proposed", proposal="P-0002"), event(4, "proposed", proposal="P-0003", purpose="block"),
        event(5, "proposed", proposal="P-0004", purpose="unblock"), given,
    ]  # fmt: skip
    assert waiting(events) == left


@pytest.mark.parametrize("later", ["taken", "proposed"])
def test_in_a_ledger_of_one_person_whoever_takes_a_break_or_proposes_anew_withdraws(later: str) -> None:
    events = [event(1, "seen", found()), event(2, "proposed"), event(3, "proposed", purpose="block")]
    assert waiting(events) == [None, None]
    (standing,) = fold([*events, event(4, later)]).values()
    by_seq = {each.seq: each.overtaken is None for each in proposed(standing)}
    assert by_seq == {2: False, 3: True} | ({4: True} if later == "proposed" else {})


def test_what_was_put_right_stays_so_until_a_run_opens_it_again() -> None:
    events = [event(1, "seen", found()), event(2, "posted", seq=12), event(3, "taken"), event(4, "proposed")]
    assert [fold(events[:length])["aaaa000011112222"].state for length in (2, 3, 4)] == ["posted"] * 3
    (change,) = made(events, [found()], seq=12)
    assert change.change == "reopened"
    (standing,) = fold([*events, event(5, "reopened", found()), event(6, "taken")]).values()
    assert (standing.state, standing.posted_seq) == ("taken", None)


def test_a_purpose_that_there_is_not_is_tampered() -> None:
    with pytest.raises(Tampered, match="event 2, of break aaaa000011112222, was changed"):
        fold([event(1, "seen", found()), event(2, "proposed", purpose="gift")])


def made(events: list[Event], now: list[Break], *, seq: int = 99, on: str = "2026-11-23") -> list[Change]:
    return changes(fold(events), now, lambda each: each.source == "declarations", on, seq)


def test_a_break_that_is_no_longer_found_is_cleared() -> None:
    (change,) = made([event(1, "seen", found()), event(2, "posted", seq=12)], [])
    assert (change.change, change.action, change.is_open) == ("cleared", "cleared", False)


def test_a_break_persists_where_the_run_did_not_look() -> None:
    (change,) = made([event(1, "seen", found(source="shipments")), event(2, "taken")], [])
    assert (change.change, change.action, change.state) == ("persisting", None, "taken")


def test_an_age_counts_from_the_first_sighting_through_all_runs() -> None:
    first = event(1, "seen", found(), on="2026-11-02")
    (change,) = made([first, event(2, "changed", found(net_tpp=1))], [found()])
    assert (change.first_on, change.age_days("2026-11-23")) == ("2026-11-02", 15)
    (change,) = made([first, event(2, "cleared"), event(3, "reopened", found())], [found()])
    assert change.age_days("2026-11-23") == 15


def test_a_break_with_other_figures_is_told_anew_and_stays_where_it_is() -> None:
    (change,) = made([event(1, "seen", found()), event(2, "taken")], [found(at_stake_tpp=80_000)])
    assert (change.change, change.action, change.state) == ("persisting", "changed", "taken")


def test_a_break_that_comes_back_is_reopened() -> None:
    (change,) = made([event(1, "seen", found()), event(2, "cleared")], [found()])
    assert (change.change, change.action, change.state) == ("reopened", "reopened", "reopened")


def test_what_was_posted_and_did_not_help_is_reopened_by_a_run_that_saw_it() -> None:
    events = [event(1, "seen", found()), event(2, "posted", seq=12)]
    assert [change.change for change in made(events, [found()], seq=12)] == ["reopened"]
    assert [change.state for change in made(events, [found()], seq=11)] == ["posted"]


def test_an_accepted_break_is_open_again_when_its_time_is_over_or_it_grows() -> None:
    events = [
        event(1, "seen", found()),
        event(2, "accepted", until="2026-12-31", reason="x", approver="omar"),
    ]
    (change,) = made(events, [found()])
    assert (change.change, change.is_open) == ("persisting", False)
    assert [change.change for change in made(events, [found()], on="2027-01-04")] == ["reopened"]
    assert [change.change for change in made(events, [found(at_stake_tpp=79_161)])] == ["reopened"]
    assert [change.change for change in made(events, [])] == ["cleared"]


def test_an_acceptance_whose_day_is_over_is_open_also_where_the_run_did_not_look() -> None:
    events = [
        event(1, "seen", found(source="shipments")),
        event(2, "accepted", until="2026-12-31", reason="x", approver="omar"),
    ]
    (standing,) = fold(events).values()
    stands = [(standing.state_on(on), standing.is_open_on(on)) for on in ("2026-12-31", "2027-01-01")]
    assert stands == [("accepted", False), ("reopened", True)]
    (change,) = made(events, [], on="2027-01-01")
    assert (change.change, change.action, change.is_open) == ("persisting", None, True)


@pytest.mark.parametrize(
    "detail",
    [{}, {"severity": "terrible", "on": "2026-11-20"}, {"severity": "major"}, {"severity": ["major"]}],
)
def test_an_event_that_tells_of_no_break_is_tampered(detail: dict[str, Any]) -> None:
    changed = event(7, "seen", found())._replace(detail=detail)
    with pytest.raises(Tampered, match="event 7, of break aaaa000011112222, was changed"):
        fold([changed])


def test_a_summary_counts_by_code() -> None:
    events = [
        event(1, "seen", found("1" * 16)),
        event(2, "seen", found("2" * 16, key="X2/1"), on="2026-11-19"),
    ]
    now = [found("2" * 16, key="X2/1"), found("3" * 16, key="X3/1", net_tpp=-79_160)]
    (line,) = lines(made(events, now), "2026-11-23")
    assert line == ("QUANTITY", "major", 1, 2, 1, 158_320, 0, 2)
