"""What verify holds the balances and states to, at one moment, whoever posts meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import Ledger, quotas, rereading
from ledger.accounts import Asked, Books
from ledger.database import Database
from ledger.store import Store
from tests.books import REGIME
from tests.clock import Clock
from tests.evidence import entry
from tests.forger import differences, fill, record, rows, tear, unguarded
from tests.outside import BALANCE, connected


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


LICENSE: dict[str, Any] = {
    "issued_on": "2026-01-01", "expires_on": "2036-02-01", "closed_by_seq": 3, "closed_reason": "lost",
}  # fmt: skip


@pytest.mark.parametrize("column", LICENSE)
def test_a_licenses_changed_dates_are_found_though_they_move_no_tpp(url: str, column: str) -> None:
    with connected(url) as connection:
        where = sa.update(BALANCE).where(BALANCE.c.license_no == "L1")
        connection.execute(where.values({column: LICENSE[column]}))
    assert differences(url) == [(3, "license")]


def test_an_approval_of_an_overdraft_that_is_none_is_found(url: str) -> None:
    with connected(url) as connection:
        where = sa.update(BALANCE).where(BALANCE.c.license_no == "")
        connection.execute(where.values(overdraft_approver="eve"))
    assert differences(url) == [(6, "account")]


@pytest.mark.parametrize("quota", ["country/AE", "country/SA"])
@pytest.mark.parametrize("number", ["", "L9"])
def test_an_account_that_holds_nothing_and_has_no_entry_is_found(url: str, quota: str, number: str) -> None:
    with connected(url) as connection:
        if (quota, number) == ("country/AE", ""):
            quota = "country/BR"
        nothing = dict.fromkeys(
            ("regime_tpp", "headroom_tpp", "licensed_tpp", "exported_tpp", "blocked_tpp"), 0
        )
        connection.execute(sa.insert(BALANCE).values(quota=quota, license_no=number, **nothing))
    assert differences(url) == [(None, "account")]


def test_an_account_that_held_nothing_and_was_removed_is_found(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock("2026-03-01")) as ledger:
        ledger.post(entry("allocate", 1_000))
        ledger.post(entry("license", 100, license_no="L3"))
        ledger.post(entry("release", 100, license_no="L3", reason="revoked"))
        with connected(store_url) as connection:
            connection.execute(sa.delete(BALANCE).where(BALANCE.c.license_no == "L3"))
        found = ledger.verify().rows()
    assert [tuple(row.values()) for row in found] == [
        (3, "account", "country/AE L3: an account", "country/AE L3: none")
    ]


def test_an_overdraft_keeps_the_approver_who_let_it_begin(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock("2026-03-01")) as ledger:
        ledger.post(entry("allocate", 1_000))
        for tpp, approver in ((900, "ada"), (200, "omar"), (300, "ines")):
            ledger.post(entry("overrun", tpp, reason="left all the same"), approver=approver)
        assert ledger.verify().rows() == []
        with connected(store_url) as connection:
            where = sa.update(BALANCE).where(BALANCE.c.license_no == "")
            connection.execute(where.values(overdraft_approver="eve"))
        (found,) = ledger.verify().rows()
    assert (found["check"], found["expected"], found["found"]) == (
        "account",
        "country/AE: an overdraft approved by omar",
        "country/AE: an overdraft approved by eve",
    )


def test_what_two_let_below_zero_and_what_leaves_zero_or_moves_none_is_no_overdraft(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock("2026-03-01")) as ledger:
        ledger.post(entry("allocate", 1_000))
        ledger.post(entry("license", 400, license_no="L1"))
        ledger.post(entry("block", 600, reason="inquiry"))  # nothing is left
        ledger.post(entry("withdraw", 100, reason="cap lowered"), approver="omar")
        ledger.post(entry("export", 400, license_no="L1"))
        ledger.post(entry("unblock", 50))  # less is missing
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == -50
        assert ledger.verify().rows() == []


def test_licenses_keep_what_their_entries_say_through_increase_reversal_and_release(store_url: str) -> None:
    clock = Clock("2026-03-01")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", 100_000))
        for number in ("L1", "L2", "L3", "L4"):
            ledger.post(entry("license", 100, license_no=number))
        ledger.post(entry("license", 50, license_no="L1", effective_on="2026-01-15", expires_on="2026-12-01"))
        ledger.post(entry("license", 50, license_no="L2", effective_on="2026-01-15", expires_on="2026-12-01"))
        ledger.reverse(7, "posted twice")
        ledger.post(entry("export", 40, license_no="L3"))
        ledger.post(entry("release", 60, license_no="L3", reason="expired"))
        ledger.post(entry("restore", 40, license_no="L3"))
        ledger.post(entry("release", 100, license_no="L4", reason="revoked: false statement"))
        ledger.post(entry("license", 5, license_no="L4"))
        ledger.post(entry("release", 5, license_no="L4", reason="surrendered"))
        ledger.reverse(14, "not surrendered")
        ledger.reverse(6, "wrong license")
        ledger.reverse(2, "wrong license too")
        assert ledger.verify().rows() == []


def test_a_changed_balance_is_found_on_both_databases(store_url: str) -> None:
    fill(store_url)
    with connected(store_url) as connection:
        first = sa.update(BALANCE).where(BALANCE.c.license_no == "L1")
        connection.execute(first.values(exported_tpp=15_831))
    with Ledger.open(store_url) as ledger:
        assert ledger.verify().rows() == [
            {
                "seq": None,
                "check": "balance",
                "expected": "country/AE L1 exported 15832",
                "found": "country/AE L1 exported 15831 (store)",
            }
        ]


def test_it_is_one_moment_that_is_verified_while_others_post(store_url: str) -> None:
    with Ledger.init(store_url, opening=False) as ledger:
        ledger.post(entry("allocate", 1_000_000))
        done = threading.Event()

        def posting() -> None:
            number = 0
            while not done.is_set():
                number += 1
                ledger.post(entry("license", 1, license_no=f"L{number}"))

        with ThreadPoolExecutor(1) as poster:
            writing = poster.submit(posting)
            try:
                found = [ledger.verify() for _ in range(8)]
            finally:
                done.set()
            writing.result()
    assert [answer.rows() for answer in found] == [[]] * 8
    seqs = [answer.basis["seq"] for answer in found]
    assert seqs == sorted(seqs)
    assert [answer.basis["checked"]["entries"] for answer in found] == seqs


def test_entries_over_several_pages_are_read_in_their_order(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "PAGE", 3)
    with Ledger.init(store_url, opening=False) as ledger:
        for number in range(10):
            ledger.post(entry("allocate", 1 + number))
        assert ledger.verify().basis["checked"]["entries"] == 10
        assert ledger.verify().rows() == []


def test_a_past_day_that_a_back_dated_entry_breached_is_a_note_and_no_difference(store_url: str) -> None:
    clock = Clock("2026-01-10")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        ledger.post(entry("block", 900, effective_on="2026-01-02", reason="inquiry"))
        clock.set("2026-02-10")
        ledger.post(entry("unblock", 900, effective_on="2026-02-01"))
        assert ledger.verify().basis["notes"] == []
        ledger.post(entry("license", 700, effective_on="2026-01-05", license_no="L1"))
        answer = ledger.verify()
    assert answer.rows() == []
    assert (answer.basis["checked"]["entries"], answer.basis["checked"]["accounts"]) == (4, 2)
    assert answer.basis["notes"] == [
        (
            "AE 2026-01-05 to 2026-01-31: headroom by effective day was as low as -600 TPP, "
            "breached by the back-dated entry 4"
        )
    ]


def test_a_breach_names_the_back_dated_entry_and_not_the_last_of_its_day(store_url: str) -> None:
    clock = Clock("2026-01-10")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        ledger.post(entry("license", 400, effective_on="2026-01-03", license_no="L1"))
        ledger.post(entry("block", 600, effective_on="2026-01-03", reason="inquiry"))
        ledger.post(entry("unblock", 600, effective_on="2026-01-04"))
        (back_dated,) = ledger.post(entry("license", 100, effective_on="2026-01-02", license_no="L2"))
        answer = ledger.verify()
    assert answer.basis["notes"] == [
        (
            "AE 2026-01-03: headroom by effective day was -100 TPP, "
            f"breached by the back-dated entry {back_dated.seq}"
        )
    ]


def test_a_back_dated_breach_is_told_in_a_country_that_was_overdrawn_at_another_time(store_url: str) -> None:
    clock = Clock("2026-03-10")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        ledger.post(entry("block", 1_000, effective_on="2026-01-02", reason="inquiry"))
        ledger.post(entry("unblock", 1_000, effective_on="2026-02-01"))
        ledger.post(entry("license", 10, effective_on="2026-01-05", license_no="L1"))
        ledger.post(
            entry("overrun", 995, effective_on="2026-02-02", reason="left all the same"), approver="omar"
        )
        answer = ledger.verify()
    assert answer.rows() == []
    assert answer.basis["notes"] == [
        (
            "AE 2026-01-05 to 2026-01-31: headroom by effective day was as low as -10 TPP, "
            "breached by the back-dated entry 4"
        )
    ]


def test_the_days_of_a_breach_end_with_its_own_countrys_next_entry_whatever_others_post(
    store_url: str,
) -> None:
    clock = Clock("2026-02-10")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        for country in ("AE", "IN", "SA"):
            ledger.post(entry("allocate", 1_000, country=country, effective_on="2026-01-01"))
        ledger.post(entry("block", 900, effective_on="2026-01-02", reason="inquiry"))
        ledger.post(entry("unblock", 900, effective_on="2026-02-01"))
        for day in ("2026-01-05", "2026-01-08", "2026-02-03"):
            ledger.post(entry("license", 1, country="IN", effective_on=day, license_no=f"IN {day}"))
            ledger.post(entry("license", 1, country="SA", effective_on=day, license_no=f"SA {day}"))
        (breach,) = ledger.post(entry("license", 700, effective_on="2026-01-05", license_no="L1"))
        answer = ledger.verify()
    assert answer.basis["notes"] == [
        (
            "AE 2026-01-05 to 2026-01-31: headroom by effective day was as low as -600 TPP, "
            f"breached by the back-dated entry {breach.seq}"
        )
    ]


def test_a_breach_of_a_day_that_was_overdrawn_before_and_made_good_is_told(store_url: str) -> None:
    clock = Clock("2026-02-10")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        left = entry("overrun", 1_200, effective_on="2026-01-05", reason="left all the same")
        (overdrawn,) = ledger.post(left, approver="omar")
        ledger.reverse(overdrawn.seq, "it had not left")
        ledger.post(entry("block", 900, effective_on="2026-01-02", reason="inquiry"))
        ledger.post(entry("unblock", 900, effective_on="2026-02-01"))
        (breach,) = ledger.post(entry("license", 700, effective_on="2026-01-05", license_no="L1"))
        answer = ledger.verify()
    assert answer.basis["notes"] == [
        (
            "AE 2026-01-05 to 2026-01-31: headroom by effective day was as low as -600 TPP, "
            f"breached by the back-dated entry {breach.seq}"
        )
    ]


def test_an_approved_overdraft_hides_no_later_breach_of_the_same_days(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock("2026-03-10")) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        ledger.post(entry("license", 999, effective_on="2026-01-05", license_no="L1"))
        gone = entry("overrun", 2, effective_on="2026-01-10", reason="left all the same")
        ledger.post(gone, approver="omar")
        ledger.post(entry("allocate", 1_000, effective_on="2026-03-01"))
        assert ledger.verify().basis["notes"] == []
        ledger.post(entry("license", 999, effective_on="2026-02-01", license_no="L2"))
        answer = ledger.verify()
    assert answer.rows() == []
    assert answer.basis["notes"] == [
        (
            "AE 2026-02-01 to 2026-02-28: headroom by effective day was as low as -1,000 TPP, "
            "breached by the back-dated entry 5"
        )
    ]


def test_an_allocation_above_what_a_cap_may_be_is_a_note(store_url: str) -> None:
    above = replace(REGIME, max_cap_tpp=2 * REGIME.max_cap_tpp)
    opening = quotas.openings(REGIME, ["AE"])[0]
    assert isinstance(opening.asked, Asked)
    raised = opening._replace(asked=opening.asked._replace(tpp=REGIME.max_cap_tpp + 1))
    Ledger.init(store_url, opening=False, clock=Clock("2026-03-10")).close()
    with closing(Store(Database(store_url, 1), Clock("2026-03-10"))) as store:
        assert store.submit([raised], Books(above, "2026-03-10", "maria")).rows
    with Ledger.open(store_url) as ledger:
        answer = ledger.verify()
    assert answer.rows() == []
    assert answer.basis["notes"] == [
        "AE is allocated 1,580,000,001 TPP, and a cap may be raised to 1,580,000,000"
    ]


EARLY = [
    (
        [("license", "2026-02-01", "L1"), ("release", "2026-01-05", "L1")],
        "AE L1 2026-01-05 to 2026-01-31: licensed",
    ),
    (
        [("license", "2026-02-01", "L1"), ("export", "2026-02-03", "L1"), ("return", "2026-02-02", "L1")],
        "AE L1 2026-02-02: exported",
    ),
    (
        [("block", "2026-02-01", None), ("unblock", "2026-01-05", None)],
        "AE 2026-01-05 to 2026-01-31: blocked",
    ),
]


@pytest.mark.parametrize(("moves", "said"), EARLY)
def test_what_is_given_back_before_it_was_taken_is_a_note(
    store_url: str, moves: list[tuple[str, str, str | None]], said: str
) -> None:
    with Ledger.init(store_url, opening=False, actor="maria", clock=Clock("2026-03-10")) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        for kind, on, number in moves:
            assert ledger.verify().basis["notes"] == []
            (last,) = ledger.post(entry(kind, 600, effective_on=on, license_no=number, reason="so it was"))
        answer = ledger.verify()
    assert answer.rows() == []
    was = "was" if said.startswith("AE L1 2026-02-02") else "was as low as"
    assert answer.basis["notes"] == [
        f"{said} by effective day {was} -600 TPP, taken too early by entry {last.seq}"
    ]


@pytest.mark.parametrize(
    "index",
    [
        "sqlite_autoindex_entry_1", "sqlite_autoindex_entry_2", "entry_reversed_once", "balance_one_license",
        "sqlite_autoindex_event_1", "event_of",
    ],
)  # fmt: skip
def test_an_index_that_disagrees_with_its_table_is_found_with_what_makes_it_anew(
    url: str, index: str
) -> None:
    record(url, "sql")
    tear(url, index)
    found = [(row["check"], row["found"]) for row in rows(url) if index in row["found"]]
    assert found
    assert {check for check, _ in found} == {"store"}
    assert all("tppq export and tppq import make a new ledger of it" in said for _, said in found)
