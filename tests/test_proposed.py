"""Proposals as a fold over events: what stands, what has expired, what it would do to headroom."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import Tampered, UnknownName, proposed
from ledger.answer import Rows
from ledger.events import Event
from ledger.submission import Post
from tests.books import asked

AT = "2026-02-01T12:00:00.000000Z"
EXPIRES = "2026-02-15T12:00:00.000000Z"
LATER = "2026-02-15T12:00:00.000001Z"
POSTS = [
    Post("request", 0, None, asked("allocate", "AE", 100), 1),
    Post("request", 1, None, asked("withdraw", "KZ", 30, effective_on="2026-02-05"), 2),
    Post("request", 2, None, asked("license", "KZ", 7, license_no="K1"), 3),
    Post("request", 3, None, asked("export", "KZ", 5, license_no="K1"), 4),
]
ENTRIES = proposed.as_entries(POSTS, [False, True, False, False])


def event(subject: str, action: str, actor: str = "maria", at: str = AT, **detail: Any) -> Event:
    return Event(1, at, actor, "proposal", subject, action, detail, "", "")


def made(number: int) -> Event:
    about: dict[str, Any] = {
        "expires_at": EXPIRES,
        "hash": "ab" * 32,
        "remark": None,
        "shown": [100, -30, -37, -37],
    }
    own = [{**each, "request_id": f"request-{number}"} for each in ENTRIES]
    return event(proposed.named(number), "proposed", entries=own if number > 1 else ENTRIES, **about)


def test_a_proposal_gives_back_the_posts_it_was_made_of() -> None:
    (proposal,) = proposed.fold([made(1)], AT).values()
    assert proposal.posts() == POSTS
    assert (proposal.proposal, proposal.by, proposal.at, proposal.state) == ("P-0001", "maria", AT, "pending")


def test_a_proposal_is_told_whole_with_the_headroom_after_each_of_its_entries() -> None:
    (proposal,) = proposed.fold([made(1)], AT).values()
    told = proposal.told()
    assert [entry.pop("headroom_tpp") for entry in told["entries"]] == [100, -30, -37, -37]
    assert told.pop("entries") == ENTRIES
    about = {"proposal": "P-0001", "by": "maria", "at": AT, "expires_at": EXPIRES, "hash": "ab" * 32}
    undecided = dict.fromkeys(("remark", "decided_by", "decided_at", "reason"))
    assert told == {**about, **undecided, "state": "pending", "replayed": False}


def test_a_proposal_has_expired_after_its_instant_and_not_at_it() -> None:
    assert proposed.fold([made(1)], EXPIRES)["P-0001"].state == "pending"
    assert proposed.fold([made(1)], LATER)["P-0001"].state == "expired"


@pytest.mark.parametrize("action", ["approved", "rejected", "withdrawn", "overtaken"])
def test_what_was_decided_stays_so_and_does_not_expire(action: str) -> None:
    ended = event("P-0001", action, "omar", EXPIRES, reason="because")
    proposal = proposed.fold([made(1), made(2), ended], LATER)["P-0001"]
    assert (proposal.state, proposal.decided_by, proposal.decided_at) == (action, "omar", EXPIRES)
    assert proposed.pending(proposed.fold([made(1), ended], AT)) == []


@pytest.mark.parametrize("given", ["P-0002", "p-2", "2", "0002", " P-2 "])
def test_a_proposal_is_found_by_its_number(given: str) -> None:
    assert proposed.found(proposed.fold([made(1), made(2)], AT), given).proposal == "P-0002"


@pytest.mark.parametrize("given", ["P-0003", "", "AE", "P-0", "-1"])
def test_what_is_no_proposal_says_which_are_pending(given: str) -> None:
    with pytest.raises(UnknownName, match=r"no proposal .*: pending are P-0001, P-0002") as refused:
        proposed.found(proposed.fold([made(1), made(2)], AT), given)
    assert refused.value.nearest == "P-0001, P-0002"


def test_without_any_there_is_none_to_name() -> None:
    with pytest.raises(UnknownName, match="no proposal '1': pending are none"):
        proposed.found({}, "1")


ENDS = {
    "approved": "omar approved it on 2026-02-01",
    "rejected": "omar rejected it on 2026-02-01 (no letter)",
    "withdrawn": "omar withdrew it on 2026-02-01 (no letter)",
    "overtaken": "omar found nothing left to do in it on 2026-02-01 (no letter)",
}


@pytest.mark.parametrize(("action", "said"), ENDS.items(), ids=ENDS)
def test_what_is_not_pending_any_more_says_what_became_of_it(action: str, said: str) -> None:
    why = {} if action == "approved" else {"reason": "no letter"}
    with pytest.raises(UnknownName) as refused:
        proposed.found(proposed.fold([made(1), event("P-0001", action, "omar", **why)], AT), "1")
    assert refused.value.detail == f"no pending proposal P-0001: {said}; propose it anew if it is wanted"
    with pytest.raises(UnknownName, match="it expired on 2026-02-15"):
        proposed.found(proposed.fold([made(1)], LATER), "1")


def test_the_days_of_a_proposal_are_whole_ones() -> None:
    assert proposed.expiry(AT, 14) == EXPIRES
    assert proposed.expiry("2028-02-28T23:59:59.999999Z", 1) == "2028-02-29T23:59:59.999999Z"


# ------------------------------------------------------------------------------------------------ hash

GIVEN: dict[str, Any] = {
    "origin": "tppq/x", "proposal": "P-0001", "by": "maria", "expires_at": EXPIRES, "entries": ENTRIES
}  # fmt: skip
OTHERS: dict[str, Any] = {
    "origin": "tppq/y", "proposal": "P-0002", "by": "omar", "expires_at": LATER, "entries": ENTRIES[:1]
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_the_hash_covers(name: str) -> None:
    assert proposed.content_hash(**GIVEN) != proposed.content_hash(**GIVEN | {name: OTHERS[name]})


@pytest.mark.parametrize("field", ENTRIES[1])
def test_the_hash_covers_of_an_entry(field: str) -> None:
    other = [ENTRIES[0], {**ENTRIES[1], field: "another"}, *ENTRIES[2:]]
    assert proposed.content_hash(**GIVEN) != proposed.content_hash(**GIVEN | {"entries": other})


def test_the_hash_is_the_same_for_the_same() -> None:
    reordered = [dict(reversed(each.items())) for each in ENTRIES]
    assert proposed.content_hash(**GIVEN) == proposed.content_hash(**GIVEN | {"entries": reordered})


CHANGED: dict[str, Event] = {
    "nothing is told": event("P-0001", "proposed"),
    "no hash": event("P-0001", "proposed", entries=ENTRIES, expires_at=EXPIRES, remark=None, shown=[1] * 4),
    "another number of figures": made(1)._replace(detail={**made(1).detail, "shown": [100]}),
    "entries that are none": made(1)._replace(detail={**made(1).detail, "entries": [1, 2, 3, 4]}),
    "a kind that is none": made(1)._replace(detail={**made(1).detail, "entries": [{"kind": "x"}] * 4}),
    "entries without ids": made(1)._replace(
        detail={**made(1).detail, "entries": [{**asked("allocate", "AE", 1)._asdict()}] * 4}
    ),
    "a decision on nothing": event("P-0001", "approved", "omar"),
    "a decision that is none": event("P-0001", "forgotten", "omar"),
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_an_event_that_tells_of_no_proposal_is_tampered(changed: Event) -> None:
    with pytest.raises(Tampered, match="an event of a proposal was changed, so what waits cannot be told"):
        proposed.fold([made(2), changed], AT)


def test_a_decision_whose_detail_is_no_object_is_tampered_too() -> None:
    decided = event("P-0001", "rejected")._replace(detail=[])  # type: ignore[arg-type]  # as it was changed
    with pytest.raises(Tampered, match="an event of a proposal was changed, so what waits cannot be told"):
        proposed.fold([made(1), decided], AT)


# -------------------------------------------------------------------------------------------- headroom


def test_what_is_pending_is_counted_by_what_it_would_do_to_headroom() -> None:
    waiting = proposed.pending(proposed.fold([made(1), made(2)], AT))
    assert proposed.pending_tpp(waiting) == {"country/AE": 200, "country/KZ": -74}
    assert proposed.pending_tpp(waiting, "2026-02-04") == {"country/AE": 200, "country/KZ": -14}


def test_of_proposals_that_undo_the_same_entry_one_is_counted_as_only_one_can_pass() -> None:
    (proposal,) = proposed.fold([made(1)], AT).values()
    undoing = {**ENTRIES[0], "kind": "withdraw", "tpp": 5}
    waiting = [
        proposal._replace(entries=[{**undoing, "request_id": str(place), "reverses_seq": seq}])
        for place, seq in enumerate((7, 7, 8))
    ]
    assert proposed.pending_tpp(waiting) == {undoing["quota"]: -10}
    assert proposed.reserved_tpp(waiting) == {undoing["quota"]: 15}, "nobody knows which"


def test_of_proposals_that_ask_the_same_one_is_counted_as_it_is_posted_once() -> None:
    (proposal,) = proposed.fold([made(1)], AT).values()
    assert proposed.pending_tpp([proposal, proposal]) == proposed.pending_tpp([proposal])


def test_reserved_is_what_would_be_taken_not_what_would_be_brought() -> None:
    assert proposed.reserved_tpp(proposed.fold([made(1)], AT).values()) == {"country/KZ": 37}


def test_the_column_comes_last_so_that_the_others_keep_their_places() -> None:
    names = ("country", "headroom_tpp", "headroom_h100e")
    rows = Rows(names, ("string", "int64", "int64"), [("AE", 5, 0), ("SA", 6, 0)])
    beside = proposed.with_pending(rows, {"country/AE": -3})
    assert beside.names == ("country", "headroom_tpp", "headroom_h100e", "pending_tpp")
    assert beside.types == ("string", "int64", "int64", "int64")
    assert beside.rows == [("AE", 5, 0, -3), ("SA", 6, 0, 0)]


UNDO = asked("release", "KZ", 7, license_no="K1", reason="slip", reverses_seq=1_234)._asdict()
RIGHT = asked("license", "KZ", 7, license_no="K1", reason="slip")._asdict()


def test_a_correction_is_one_entry_that_undoes_and_one_that_is_right_in_either_order() -> None:
    for both in ([UNDO, RIGHT], [RIGHT, UNDO]):
        assert proposed.correction(both) == (UNDO, RIGHT)
    for other in ([], [RIGHT], [UNDO], [UNDO, RIGHT, RIGHT], [UNDO, UNDO, RIGHT]):
        assert proposed.correction(other) == ({}, {})


@pytest.mark.parametrize(
    ("was", "said"),
    [
        ({}, "entry 1,234: changes nothing in it"),
        ({"reason": None}, "entry 1,234: changes nothing in it"),
        ({"tpp": 7_000, "license_no": "K2"}, "entry 1,234: license_no K1, was K2; tpp 7, was 7,000"),
        ({"consignee": "gone\x1b[2J"}, "entry 1,234: consignee none, was gone\u241b[2J"),
        ({"country": "AE", "kind": "block"}, "entry 1,234: kind license, was block; country KZ, was AE"),
    ],
)
def test_what_a_correction_changes_is_told_field_by_field(was: dict[str, Any], said: str) -> None:
    assert proposed.changes(UNDO, RIGHT, RIGHT | was) == said
