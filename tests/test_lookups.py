"""What a group of posts must know of the store: accounts, earlier answers, whether an entry can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ledger import Ledger, OverLicense, UnknownLicense, rules
from ledger.accounts import Asked, Books
from ledger.database import Database
from ledger.lookups import Lookups, issued, undoing
from ledger.store import Store
from ledger.submission import Head, Post
from tests.books import PASSES, asked, books, said
from tests.outside import BALANCE, connected
from tests.small import entry, fill


@pytest.fixture(name="database")
def _database(store_url: str) -> Database:
    with fill(store_url) as ledger, pytest.raises(OverLicense):
        ledger.post(entry("export", "SA", "2026-01-20", license_no="S-1", tpp=1), request_id="no")
    return Database(store_url, 10)


@pytest.fixture(name="cursor")
def _cursor(database: Database) -> Iterator[Any]:
    connection = database.connect_reader()
    yield connection.cursor()
    connection.close()


def filled(lookups: Lookups, cursor: Any, *each: Asked, fresh: bool = True) -> Books:
    kept = books()
    lookups.fill(cursor, [Post(str(n), 0, None, one, n) for n, one in enumerate(each)], kept, fresh=fresh)
    return kept


def test_the_accounts_that_posts_touch_are_read_and_no_others(database: Database, cursor: Any) -> None:
    kept = filled(
        Lookups(database), cursor, asked("export", license_no="L-1"), asked("license", "BR", license_no="N-1")
    )
    assert set(kept.quotas) == {"country/AE", "country/BR"}
    assert set(kept.licenses) == {"L-1", "N-1"}
    assert (kept.quotas["country/BR"], kept.licenses["N-1"]) == (None, None)
    country, held = kept.quotas["country/AE"], kept.licenses["L-1"]
    assert country is not None
    assert held is not None
    assert country.tpp["headroom"] == 54_087_200
    assert (held.quota, held.issued_on, held.expires_on) == ("country/AE", "2026-01-10", "2027-01-10")
    assert (held.tpp["licensed"], held.tpp["exported"]) == (1_500 * 15_832, 400 * 15_832)


def test_a_license_is_found_whichever_country_asks_for_it(database: Database, cursor: Any) -> None:
    held = filled(Lookups(database), cursor, asked("export", "SA", license_no="L-1")).licenses["L-1"]
    assert held is not None
    assert held.quota == "country/AE"


def test_who_closed_a_license_and_who_approved_an_overdraft_is_read_too(
    database: Database, cursor: Any
) -> None:
    kept = filled(Lookups(database), cursor, asked("export", "SA", license_no="S-1"))
    country, held = kept.quotas["country/SA"], kept.licenses["S-1"]
    assert country is not None
    assert held is not None
    assert (held.closed_by_seq, held.closed_reason) == (9, "revoked")
    assert country.overdraft_approver == "omar"


def test_accounts_are_kept_while_they_are_good_and_read_anew_when_they_are_not(
    database: Database, cursor: Any, store_url: str
) -> None:
    lookups = Lookups(database)
    first = filled(lookups, cursor, asked("export", license_no="L-1")).quotas["country/AE"]
    cursor.connection.rollback()
    with connected(store_url) as connection:
        changed = BALANCE.update().where(BALANCE.c.quota == "country/AE", BALANCE.c.license_no == "")
        connection.execute(changed.values(blocked_tpp=77))
    again = filled(lookups, cursor, asked("export", license_no="L-2"), fresh=False)
    assert again.quotas["country/AE"] is first
    assert set(again.licenses) == {"L-1", "L-2"}
    anew = filled(lookups, cursor, asked("block"))
    assert anew.quotas["country/AE"] is not first
    assert anew.quotas["country/AE"] is not None
    assert anew.quotas["country/AE"].tpp["blocked"] == 77
    assert anew.licenses == {}


@pytest.mark.parametrize(
    ("undoing", "why"),
    [
        (asked("withdraw", "SA", 1_000_000, effective_on="2026-01-01", reverses_seq=2), ""),
        (asked("withdraw", reverses_seq=1_500), "there is no entry 1,500 to reverse"),
        (
            asked("unblock", tpp=1_000_000, reverses_seq=8),
            "entry 8 was reversed before, by entry 13: an entry is undone once, whole",
        ),
        (
            asked("block", tpp=1_000_000, reverses_seq=13),
            "entry 13 is itself the reversal of 8: post the right entry anew",
        ),
        (
            asked("withdraw", "SA", 999_999, effective_on="2026-01-01", reverses_seq=2),
            "entry 2 is undone by withdraw of 1,000,000 TPP on 2026-01-01, not by what was asked",
        ),
        (
            asked("withdraw", "SA", 1_000_000, effective_on="2026-01-02", reverses_seq=2),
            "entry 2 is undone by withdraw of 1,000,000 TPP on 2026-01-01, not by what was asked",
        ),
    ],
)
def test_an_entry_is_undone_once_whole_and_by_its_opposite(
    database: Database, cursor: Any, undoing: Asked, why: str
) -> None:
    kept = filled(Lookups(database), cursor, undoing)
    assert said(rules.reversed_once, undoing, kept) == (("AlreadyReversed", why) if why else PASSES)


def test_what_issued_a_license_is_read_where_an_issue_is_undone(database: Database, cursor: Any) -> None:
    undoing = asked("release", tpp=31_664_000, license_no="L-1", effective_on="2026-01-10", reverses_seq=4)
    kept = filled(Lookups(database), cursor, undoing)
    assert said(rules.reversed_once, undoing, kept) == PASSES
    assert kept.issues == {"L-1": {4: ("2026-01-10", "2027-01-10")}}


def test_what_issued_several_licenses_is_told_apart(database: Database, cursor: Any) -> None:
    undone = {4: ("AE", "L-1"), 5: ("SA", "S-1")}
    posts = [
        asked("release", at, license_no=number, reverses_seq=seq) for seq, (at, number) in undone.items()
    ]
    alone = [filled(Lookups(database), cursor, each).issues for each in posts]
    assert [[*each["L-1" if "L-1" in each else "S-1"]] for each in alone] == [[4], [5]]
    assert filled(Lookups(database), cursor, *posts).issues == alone[0] | alone[1]


def test_what_was_issued_or_undone_since_it_was_looked_for_is_seen_under_the_lock(
    database: Database, cursor: Any, store_url: str
) -> None:
    undoing = asked("release", tpp=31_664_000, license_no="L-1", effective_on="2026-01-10", reverses_seq=4)
    posts = [Post("1", 0, None, undoing, 1)]
    store = Store(database)
    with Ledger.open(store_url) as other:
        more = entry("license", "AE", "2026-02-20", license_no="L-1", tpp=7)
        other.post(more)
        known = issued(store.read, posts)
        assert (known.up_to, known.seqs) == (15, [4, 15])
        other.reverse(15, "typed twice")
        other.post(more)
    kept, anew = books(), books()
    with closing(database.connect_writer()) as writer, database.pipelined(writer):
        Lookups(database).locked(writer.cursor(), posts, kept, known)
        writer.rollback()
    Lookups(database).fill(cursor, posts, anew, fresh=True)
    assert (
        kept.issues
        == anew.issues
        == {"L-1": {4: ("2026-01-10", "2027-01-10"), 17: ("2026-02-20", "2027-01-10")}}
    )
    store.close()


def test_nothing_is_looked_for_before_the_lock_where_no_license_is_undone(database: Database) -> None:
    store = Store(database)
    posts = [Post("1", 0, None, asked("unblock", tpp=1_000_000, reverses_seq=8), 1)]
    assert issued(store.read, posts) == undoing(posts)
    store.close()


# --- earlier answers ------------------------------------------------------------------------------


def test_earlier_answers_are_found_by_request_id(database: Database, cursor: Any) -> None:
    posts = [Post(each, 0, None, asked("block"), 1) for each in ("no", "never")]
    earlier = Lookups(database).earlier(cursor, posts)
    assert earlier.posted == {}
    assert set(earlier.refused) == {"no"}
    refusing = earlier.refused["no"]
    assert (refusing.attempt, refusing.problem["type"]) == (1, "OverLicense")
    assert refusing.refused_at == "2026-03-01T12:00:00.000000Z"
    assert [earlier.attempts(each) for each in ("no", "never")] == [1, 0]


def test_rows_of_one_file_are_found_by_their_range_and_neighbors_are_not_mixed_in(store_url: str) -> None:
    file, other = "a" * 32, "b" * 32
    with fill(store_url) as ledger:
        for request_id in (f"{file}-000000001", f"{file}-000000003", f"{other}-000000001"):
            ledger.post(entry("block", "AE", "2026-02-20", tpp=1, reason="why"), request_id=request_id)
    database = Database(store_url, 10)
    connection = database.connect_reader()
    posts = [Post(f"{file}-{row:09d}", 0, None, asked("block"), row) for row in (1, 2, 3)]
    earlier = Lookups(database).earlier(connection.cursor(), posts)
    assert {request_id: seq for request_id, (_, seq) in earlier.posted.items()} == {
        f"{file}-000000001": 15,
        f"{file}-000000003": 16,
    }
    connection.close()


# --- under the lock -------------------------------------------------------------------------------


@pytest.fixture(name="committed")
def _committed(database: Database) -> Iterator[Callable[[Lookups, str], Books]]:
    connection = database.connect_writer()

    def committed(lookups: Lookups, license_no: str) -> Books:
        kept = books()
        post = Post("1", 0, None, asked("export", license_no=license_no), 1)
        with database.pipelined(connection):
            (head,), _ = lookups.locked(connection.cursor(), [post], kept)
            lookups.kept_hash = Head(*head).hash
            connection.rollback()
        return kept

    yield committed
    connection.close()


def test_under_the_lock_accounts_are_kept_only_while_nobody_else_has_written(
    database: Database, store_url: str, committed: Callable[[Lookups, str], Books]
) -> None:
    lookups = Lookups(database)
    first = committed(lookups, "L-1").quotas["country/AE"]
    assert first is not None
    assert committed(lookups, "L-2").quotas["country/AE"] is first
    for blocked in (1, 2):  # what is kept is hoped to be good the first time, and not the second time
        with Ledger.open(store_url) as other:
            other.post(entry("block", "AE", "2026-02-20", tpp=1, reason="why"))
        anew = committed(lookups, "L-1")
        assert anew.quotas["country/AE"] is not None
        assert anew.quotas["country/AE"].tpp["blocked"] == first.tpp["blocked"] + blocked
        assert set(anew.licenses) == {"L-1"}
    kept = committed(lookups, "L-1").quotas["country/AE"]
    assert committed(lookups, "L-1").quotas["country/AE"] is kept  # alone again


def test_what_a_group_undid_is_looked_up_anew_when_the_group_is_tried_again(
    database: Database, cursor: Any
) -> None:
    undoing = asked("withdraw", "SA", 1_000_000, effective_on="2026-01-01", reverses_seq=2)
    lookups = Lookups(database)
    kept = filled(lookups, cursor, undoing)
    kept.apply(undoing, 15)  # by a group that was taken back
    assert said(rules.reversed_once, undoing, kept) != PASSES
    lookups.fill(cursor, [Post("1", 0, None, undoing, 1)], kept, fresh=True)
    assert said(rules.reversed_once, undoing, kept) == PASSES


def exports(*numbers: str) -> list[Asked]:
    return [asked("export", license_no=number) for number in numbers]


def test_what_a_license_that_is_not_there_was_meant_to_be_is_looked_for_where_there_are_few(
    database: Database, cursor: Any
) -> None:
    (typed,) = exports("L1")
    kept = filled(Lookups(database), cursor, typed)
    assert (kept.looked_for, kept.nearest_license(typed)) == (frozenset({"L1"}), "L-1")
    assert filled(Lookups(database), cursor, asked("export", "SA", license_no="L1")).looked_for == {"L1"}
    assert kept.nearest_license(typed._replace(country="SA", quota="country/SA")) is None
    nothing = filled(Lookups(database), cursor, *exports("L-1"), asked("license", license_no="L1"))
    assert (len(nothing.looked_for), set(nothing.licenses)) == (0, {"L-1", "L1"})
    many = filled(Lookups(database), cursor, *exports("L1", *(f"X-{number}" for number in range(20))))
    assert (len(many.looked_for), many.nearest_license(typed)) == (0, None)


def test_the_license_that_was_meant_may_be_one_of_the_same_group(store_url: str) -> None:
    with fill(store_url) as ledger:
        new = entry("license", "AE", "2026-02-20", license_no="D2026-00001", tpp=10)
        typed = entry("export", "AE", "2026-02-20", license_no="D2026-0001", tpp=5)
        said = []
        for _ in range(2):
            with pytest.raises(UnknownLicense) as refused:
                ledger.post(new, typed, request_id="both")
            said.append((refused.value.detail, refused.value.nearest))
    assert said == [("AE has no license D2026-0001; did you mean D2026-00001?", "D2026-00001")] * 2
