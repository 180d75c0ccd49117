"""How long a license runs, and what is worth a word although it is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger import terms
from tests.books import REGIME, asked, books, issued


@pytest.mark.parametrize(
    ("on", "years", "later"),
    [
        ("2026-02-01", 1, "2027-02-01"),
        ("2024-02-29", 1, "2025-02-28"),
        ("2026-12-31", 2, "2028-12-31"),
        ("2026-02-28", 2, "2028-02-28"),
    ],
)
def test_a_year_later_is_the_same_day_or_the_last_of_february(on: str, years: int, later: str) -> None:
    assert terms.years_later(on, years) == later


def test_a_license_without_an_expiry_runs_one_year() -> None:
    given = asked("license", license_no="L-9")
    assert terms.with_term(given, books()).expires_on == "2027-02-01"


def test_an_expiry_that_is_given_stands() -> None:
    given = asked("license", license_no="L-1", expires_on="2026-05-05")
    assert terms.with_term(given, books(issued("L-1", licensed=5))) == given


def test_an_increase_keeps_the_expiry_of_its_license() -> None:
    given = asked("license", license_no="L-1")
    assert terms.with_term(given, books(issued("L-1", licensed=5))).expires_on == "2027-01-10"


def test_an_increase_on_the_last_day_of_its_license_keeps_its_expiry_too() -> None:
    given = asked("license", license_no="L-1", effective_on="2027-01-10")
    assert terms.with_term(given, books(issued("L-1", licensed=5))).expires_on == "2027-01-10"


def test_a_license_that_ran_out_or_was_given_up_runs_anew() -> None:
    given = asked("license", license_no="L-1", effective_on="2027-01-11")
    assert terms.with_term(given, books(issued("L-1", licensed=5))).expires_on == "2028-01-11"
    closed = issued("L-1")
    closed.closed_by_seq = 7
    again = asked("license", license_no="L-1")
    assert terms.with_term(again, books(closed)).expires_on == "2027-02-01"


@pytest.mark.parametrize("kind", ["export", "release", "allocate"])
def test_nothing_but_a_license_is_given_a_term(kind: str) -> None:
    given = asked(kind, license_no="L-1")
    assert terms.with_term(given, books(issued("L-1"))) == given


def test_what_comes_after_a_license_was_given_up_is_worth_a_word() -> None:
    closed = issued("L-1")
    closed.closed_by_seq, closed.closed_reason = 1_204, "revoked"
    kept = books(closed)
    ended = "L-1 was released by entry 1,204 (revoked); "
    assert terms.warning(asked("export", license_no="L-1"), kept) == f"{ended}this is late"
    assert terms.warning(asked("license", license_no="L-1"), kept) == f"{ended}this issues it anew"
    assert terms.warning(asked("license", license_no="L-1", reverses_seq=1_204), kept) is None


def test_an_open_license_and_a_country_are_not() -> None:
    kept = books(issued("L-1", licensed=5))
    assert terms.warning(asked("export", license_no="L-1"), kept) is None
    assert terms.warning(asked("export", license_no="L-9"), kept) is None
    assert terms.warning(asked("overrun"), kept) is None


@pytest.mark.parametrize(
    ("asked_tpp", "then"), [(1_500, "then it fits"), (1_501, "it would not fit even then")]
)
def test_what_lapses_soon_is_weighed_against_what_is_asked(asked_tpp: int, then: str) -> None:
    assert terms.freed(asked_tpp, 500, 1_000, 0) == (
        f"Licenses that expire unused within 60 days would free 1,000: {then}"
    )


@pytest.mark.parametrize(
    ("asked_tpp", "then"), [(1_500, "with that it fits"), (1_501, "it would not fit even then")]
)
def test_what_expired_unused_and_was_not_released_is_weighed_too(asked_tpp: int, then: str) -> None:
    assert terms.freed(asked_tpp, 500, 0, 1_000) == (
        f"Licenses that expired hold 1,000 that were not released: {then}"
    )
    assert terms.freed(asked_tpp, 500, 300, 700) == (
        "Licenses that expired hold 700 that were not released, "
        f"licenses that expire unused within 60 days would free 300: {then}"
    )
    assert terms.freed(asked_tpp, 500, 0, 0) == ""


@pytest.mark.parametrize(
    ("today", "reason", "lag_days", "warned"),
    [
        ("2027-01-11", "expired", 30, "2027-02-09"),
        ("2027-02-08", "expired", 30, "2027-02-09"),
        ("2027-02-09", "expired", 30, None),
        ("2027-01-11", "revoked", 30, None),
        ("2027-01-11", "expired", 0, None),
        ("2027-10-01", "expired", 300, "2027-11-06"),
        ("2027-10-01", "expired", 10**9, "9999-12-31"),
    ],
)
def test_what_is_released_as_expired_while_it_may_be_declared_late_is_worth_a_word(
    today: str, reason: str, lag_days: int, warned: str | None
) -> None:
    kept = books(issued("L-1", licensed=100))
    kept.today = today
    kept.regime = replace(REGIME, choices={**REGIME.choices, "expiry_lag_days": lag_days})
    release = asked("release", license_no="L-1", effective_on="2027-01-11", reason=reason)
    said = (
        f"L-1 expires on 2027-01-10: late declarations are over on {warned} (expiry_lag_days {lag_days}); "
        "one that comes before that lacks what this gives back"
    )
    assert terms.warning(release, kept) == (said if warned else None)


def test_a_license_that_is_issued_again_brings_back_what_it_held_when_it_expired() -> None:
    kept = books(issued("L-1", licensed=100))
    again = asked("license", license_no="L-1", effective_on="2027-01-11")
    assert terms.warning(again, kept) == (
        "L-1 expired on 2027-01-10 with 100 TPP that were not released; this brings them back"
    )
    for no_reason_to_say_so in (
        asked("license", license_no="L-1", effective_on="2027-01-10"),
        asked("export", license_no="L-1", effective_on="2027-01-11"),
    ):
        assert terms.warning(no_reason_to_say_so, kept) is None
    assert terms.warning(again, books(issued("L-1"))) is None


@pytest.mark.parametrize(
    ("on", "to", "reason", "said"),
    [
        ("2026-06-01", "2027-01-10", None, None),
        (
            "2025-01-02",
            "2026-01-02",
            None,
            "L-1 is in force from 2025-01-02 with this, which it was from 2026-01-10",
        ),
        ("2025-01-02", "2026-01-02", "granted early", None),
        (
            "2025-01-02",
            "2027-01-10",
            None,
            "L-1 runs from 2025-01-02 to 2027-01-10 with this, longer than one year: no reason is given",
        ),
        (
            "2026-06-01",
            "2027-06-01",
            None,
            "L-1 runs from 2026-01-10 to 2027-06-01 with this, longer than one year: no reason is given",
        ),
        ("2026-06-01", "2027-06-01", "renewed", None),
        ("2026-06-01", "2026-12-31", None, None),
    ],
)
def test_an_increase_that_moves_the_term_of_its_license_is_worth_a_word(
    on: str, to: str, reason: str | None, said: str | None
) -> None:
    kept = books(issued("L-1", licensed=100))
    increase = asked("license", license_no="L-1", effective_on=on, expires_on=to, reason=reason)
    assert terms.warning(increase, kept) == said


@pytest.mark.parametrize(("tpp", "warned"), [(100, True), (50, True), (200, False), (60, False)])
def test_as_much_again_under_a_license_that_stands_is_worth_a_word(tpp: int, *, warned: bool) -> None:
    kept = books(issued("L-1", licensed=40, exported=60))
    again = asked("license", license_no="L-1", effective_on="2026-06-01", expires_on="2027-01-10", tpp=tpp)
    said = f"L-1 stands with 100 TPP already, and this adds {tpp} to it"
    assert terms.warning(again, kept) == (said if warned else None)
    assert terms.warning(again._replace(reason="instead of entry 4"), kept) is None
