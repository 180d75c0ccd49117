"""A submission in memory: stamps that go forward, repeats that get their first answer, rows on the chain."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import evidence, merkle
from ledger.accounts import Asked, Books, Undoable
from ledger.errors import IdReused, NoQuota, OverHeadroom, Refused, Tampered
from ledger.submission import (
    FIRST_AT,
    Earlier,
    EarlierRefusal,
    Head,
    Post,
    Stamps,
    Verdict,
    judge_all,
)
from tests.books import asked, books, issued, quota

NOON_US = 1_782_820_800_000_000
NOON = "2026-06-30T12:00:00.000000Z"
HEAD = Head(7, "f" * 64, "2026-06-29T08:00:00.000000Z", "diffusion-2025", 2, "tppq/test", "5" * 64, 0, "[]")


# --- stamps ---------------------------------------------------------------------------------------


def test_the_first_stamp_is_now() -> None:
    assert Stamps(FIRST_AT, NOON_US).next() == NOON


def test_stamps_go_on_by_a_microsecond_across_the_second() -> None:
    stamps = Stamps(FIRST_AT, NOON_US + 999_999)
    assert [stamps.next(), stamps.next()] == ["2026-06-30T12:00:00.999999Z", "2026-06-30T12:00:01.000000Z"]


@given(st.lists(st.integers(0, 4_000_000_000_000_000), min_size=1, max_size=20))
def test_stamps_strictly_increase_wherever_the_clock_goes(clock: list[int]) -> None:
    stamped = [FIRST_AT]
    for now_us in clock:
        stamps = Stamps(stamped[-1], now_us)
        stamped += [stamps.next(), stamps.next()]
    assert all(before < after for before, after in pairwise(stamped))
    assert {len(each) for each in stamped} == {len(FIRST_AT)}


def test_after_what_is_no_instant_nothing_is_stamped() -> None:
    with pytest.raises(Tampered, match="the time of what came last, '9999', is no valid instant"):
        Stamps("9999", NOON_US)


# --- repeats --------------------------------------------------------------------------------------


def opened() -> Books:
    return books(quota(headroom=10_000))


def judged(
    *posts: Post,
    earlier: Earlier | None = None,
    kept: Books | None = None,
    again: bool = False,
    atomic: bool = False,
) -> Verdict:
    known = earlier or Earlier({}, {})
    return judge_all(posts, kept or opened(), HEAD, NOON_US, known, atomic=atomic, again=again)


def post(request_id: str, each: Asked | Refused, *, body: str | None = "b", part: int = 0) -> Post:
    return Post(request_id, part, body, each, part + 1)


def by_name(row: Any) -> dict[str, Any]:
    return dict(zip(evidence.COLUMNS, row, strict=True))


LICENSE = asked("license", tpp=4_000, license_no="L-1")
REFUSED = OverHeadroom("AE has 5 TPP left", country="AE", short_by_tpp=7)


def test_an_answered_request_gets_its_first_entry_and_appends_nothing() -> None:
    verdict = judged(post("one", LICENSE), earlier=Earlier({"one": ("b", 3)}, {}))
    assert (verdict.rows, verdict.declined, verdict.replayed) == ([], [], [(3, 1)])


def test_the_same_request_twice_in_one_file_is_one_post() -> None:
    verdict = judged(post("one", LICENSE), post("one", LICENSE))
    assert len(verdict.rows) == 1
    assert verdict.replayed == [(8, 1)]


def test_an_answered_id_with_another_body_is_refused_with_the_entry_it_stands_for() -> None:
    verdict = judged(post("one", LICENSE, body="other"), earlier=Earlier({"one": ("b", 1_203)}, {}))
    (declined,) = verdict.declined
    assert isinstance(declined.refusal, IdReused)
    assert declined.refusal.facts == {"request_id": "one", "first_seq": 1_203}
    assert declined.refusal.detail == (
        "request id one was used before, for entry 1,203, with other contents: "
        "use an id of its own for each request"
    )


def test_an_id_that_a_file_uses_twice_for_two_things_is_refused_with_the_line_of_the_first() -> None:
    other = post("one", LICENSE, body="other")._replace(line=7)
    for atomic in (True, False):
        verdict = judged(post("one", LICENSE), other, atomic=atomic)
        (declined,) = verdict.declined
        assert isinstance(declined.refusal, IdReused)
        assert (declined.line, declined.refusal.facts) == (7, {"request_id": "one", "first_line": 1})
        assert declined.refusal.detail.startswith("request id one was used before, on line 1, with other")


def test_ids_that_were_used_before_are_looked_for_once_however_many_there_are() -> None:
    class Counted(list[Post]):
        read = 0

        def __iter__(self) -> Iterator[Post]:
            return map(self.counted, super().__iter__())

        def __reversed__(self) -> Iterator[Post]:
            return map(self.counted, super().__reversed__())

        def counted(self, each: Post) -> Post:
            self.read += 1
            return each

    posts = Counted(post(f"id {number}", LICENSE, body="other", part=0) for number in range(400))
    earlier = Earlier({each.request_id: ("b", 1) for each in posts}, {})
    posts.read = 0
    verdict = judge_all(posts, opened(), HEAD, NOON_US, earlier, atomic=False, again=False)
    assert len(verdict.declined) == 400
    assert posts.read == 2 * 400


def refused_before(body: str = "b") -> Earlier:
    return Earlier({}, {"one": EarlierRefusal(body, 1, REFUSED.problem(), NOON)})


def test_a_refused_request_gets_its_refusal_again_with_the_day_of_that_answer() -> None:
    verdict = judged(post("one", LICENSE), earlier=refused_before())
    (declined,) = verdict.declined
    assert declined.answered_at == NOON
    assert declined.refusal.problem() == REFUSED.problem()
    assert verdict.rows == []


def test_a_refused_request_is_judged_anew_when_asked_again() -> None:
    verdict = judged(post("one", LICENSE), earlier=refused_before(), again=True)
    assert len(verdict.rows) == 1
    assert verdict.declined == []


def test_a_refused_id_with_another_body_is_refused_for_that() -> None:
    (declined,) = judged(post("one", LICENSE), earlier=refused_before("other")).declined
    assert isinstance(declined.refusal, IdReused)
    assert declined.refusal.detail == (
        "request id one was used before, for a request refused on 2026-06-30, with other contents: "
        "use an id of its own for each request"
    )


def test_what_a_file_repeats_after_its_refusal_is_refused_again_whatever_came_between() -> None:
    too_much = asked("license", tpp=14_000)
    room = asked("release", tpp=9_000, license_no="L-1", reason="why")
    kept = books(quota(headroom=10_000, licensed=9_000), issued("L-1", licensed=9_000))
    posts = [
        post("one", too_much),
        post("room", room)._replace(line=2),
        post("one", too_much)._replace(line=3),
    ]
    verdict = judged(*posts, kept=kept)
    assert [by_name(row)["request_id"] for row in verdict.rows] == ["room"]
    first, repeat = verdict.declined
    assert (first.answered_at, repeat.answered_at) == (None, NOON)
    assert (repeat.line, repeat.refusal.problem()) == (3, first.refusal.problem())
    assert [name for name, _ in verdict.refused] == ["one"]


def test_what_a_file_repeats_after_its_refusal_is_judged_anew_when_asked_again() -> None:
    too_much = asked("license", tpp=14_000)
    verdict = judged(post("one", too_much), post("one", too_much)._replace(line=2), again=True)
    assert [each.answered_at for each in verdict.declined] == [None, None]
    assert [(name, said.attempt) for name, said in verdict.refused] == [("one", 1), ("one", 2)]


def test_a_refused_id_that_a_file_uses_for_something_else_is_refused_with_the_line_of_the_first() -> None:
    other = post("one", LICENSE, body="other")._replace(line=7)
    first, second = judged(post("one", asked("license", tpp=14_000)), other).declined
    assert isinstance(first.refusal, OverHeadroom)
    assert isinstance(second.refusal, IdReused)
    assert second.refusal.facts == {"request_id": "one", "first_line": 1}


def test_each_part_of_a_refused_request_has_its_own_reason_and_the_first_is_its_answer() -> None:
    parts = [post("one", asked("license", tpp=14_000)), post("one", NoQuota("no such"), part=1)]
    verdict = judged(*parts, atomic=True)
    assert [type(each.refusal) for each in verdict.declined] == [OverHeadroom, NoQuota]
    assert [(name, said.problem["type"]) for name, said in verdict.refused] == [("one", "OverHeadroom")]


def test_the_parts_of_one_request_are_no_repeats_of_each_other() -> None:
    parts = [
        post("one", LICENSE),
        post("one", asked("block", tpp=1, reason="why"), part=1),
    ]
    verdict = judged(*parts, atomic=True)
    assert [by_name(row)["request_part"] for row in verdict.rows] == [0, 1]
    assert {by_name(row)["group_id"] for row in verdict.rows} == {"one"}
    again = judged(*parts, earlier=Earlier({"one": ("b", 8)}, {}), atomic=True)
    assert (again.rows, again.replayed) == ([], [(8, 1)])


@pytest.mark.parametrize(
    ("count", "atomic", "group_id"), [(2, True, "one"), (2, False, None), (1, True, None), (1, False, None)]
)
def test_a_group_is_what_is_posted_together_and_more_than_one(
    count: int, group_id: str | None, *, atomic: bool
) -> None:
    posts = [post(name, LICENSE._replace(license_no=name)) for name in ("one", "two")][:count]
    verdict = judged(*posts, atomic=atomic)
    assert [by_name(row)["group_id"] for row in verdict.rows] == [group_id] * count


# --- judging --------------------------------------------------------------------------------------


def test_each_post_is_judged_against_what_those_before_it_left() -> None:
    posts = [
        post(f"r{n}", asked("license", tpp=4_000, license_no=f"L-{n}"), part=0)._replace(line=n)
        for n in (1, 2, 3)
    ]
    verdict = judged(*posts)
    assert [by_name(row)["headroom_after_tpp"] for row in verdict.rows] == [6_000, 2_000]
    assert [(each.line, type(each.refusal)) for each in verdict.declined] == [(3, OverHeadroom)]


def test_a_name_that_could_not_be_resolved_is_declined_as_it_is() -> None:
    (declined,) = judged(post("one", NoQuota("no such"))).declined
    assert (declined.refusal.detail, declined.answered_at) == ("no such", None)


def test_what_is_allowed_and_worth_a_word_is_said_of_its_line() -> None:
    closed = issued("L-1")
    closed.closed_by_seq, closed.closed_reason = 3, "revoked"
    kept = books(quota(headroom=10_000), closed)
    verdict = judged(post("one", asked("block", tpp=1)), post("two", LICENSE)._replace(line=9), kept=kept)
    assert verdict.warnings == [(9, "L-1 was released by entry 3 (revoked); this issues it anew")]


def test_rows_continue_the_head_and_each_other() -> None:
    verdict = judged(post("one", LICENSE), post("two", asked("block", tpp=1, reason="why")))
    rows = [by_name(row) for row in verdict.rows]
    assert [row["seq"] for row in rows] == [8, 9]
    assert [row["prev_hash"] for row in rows] == [HEAD.hash, rows[0]["hash"]]
    assert [row["recorded_at"] for row in rows] == [NOON, "2026-06-30T12:00:00.000001Z"]
    for row in rows:
        fields = {name: row[name] for name in evidence.HASHED}
        assert row["hash"] == evidence.entry_hash(row["prev_hash"], fields)
    key = bytes.fromhex(HEAD.salt_key)
    assert verdict.commitments == [
        merkle.commitment(
            merkle.salt_of(key, row["seq"]), evidence.canonical({name: row[name] for name in evidence.HASHED})
        )
        for row in rows
    ]


def test_a_license_without_an_expiry_is_appended_with_the_one_it_was_given() -> None:
    assert by_name(judged(post("one", LICENSE)).rows[0])["expires_on"] == "2027-02-01"


@pytest.mark.parametrize("atomic", [False, True])
def test_an_entry_is_undone_once_within_one_submission_too(atomic: bool) -> None:  # noqa: FBT001 - pytest names it
    kept = opened()
    kept.undone[5] = Undoable("unblock", "country/AE", None, 10, None, None, None, None, None, "2026-02-01")
    block = asked("block", tpp=10, reason="why", reverses_seq=5)
    verdict = judged(post("one", block), post("two", block), kept=kept, atomic=atomic)
    assert len(verdict.rows) == 1
    assert verdict.declined[0].refusal.detail == (
        "entry 5 was reversed before, by entry 8: an entry is undone once, whole"
    )
