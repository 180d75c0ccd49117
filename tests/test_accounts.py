"""The books in memory: the move of one entry, and the fold that it is held to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts import balances
from ledger.model import BUCKETS, HELD_BY_LICENSE, MOVES, NEEDS_LICENSE, TAKES_LICENSE, Kind
from tests.books import asked, books, issued, quota

KINDS = st.sampled_from(list(Kind))
MOVED = st.lists(
    st.tuples(KINDS, st.sampled_from(["AE", "SA"]), st.sampled_from(["1", "2"]), st.integers(1, 10**9)),
    max_size=40,
)


@given(MOVED)
def test_apply_and_the_fold_agree_on_any_entries(moved: list[tuple[Kind, str, str, int]]) -> None:
    kept = books()
    folded = []
    for seq, (kind, country, number, tpp) in enumerate(moved, 1):
        license_no = f"{country}-{number}" if kind in NEEDS_LICENSE or (kind in TAKES_LICENSE) else None
        each = asked(kind.value, country, tpp, license_no=license_no)
        headroom = kept.apply(each, seq)
        folded.append((each.quota, kind.value, license_no, tpp))
        assert headroom == balances(folded).get((each.quota, "", "headroom"), 0)
    accounts = [*kept.quotas.values(), *kept.licenses.values()]
    held = {
        (account.quota, account.license_no, bucket): tpp
        for account in accounts
        if account is not None
        for bucket, tpp in account.tpp.items()
        if tpp
    }
    assert held == {key: tpp for key, tpp in balances(folded).items() if tpp}


@given(MOVED)
def test_the_buckets_of_a_quota_sum_to_zero(moved: list[tuple[Kind, str, str, int]]) -> None:
    entries = [(f"country/{country}", kind.value, None, tpp) for kind, country, _, tpp in moved]
    held = balances(entries)
    for name in {name for name, *_ in held}:
        assert sum(tpp for key, tpp in held.items() if key[0] == name) == 0


@pytest.mark.parametrize("kind", Kind)
def test_an_entry_moves_its_tpp_between_its_two_buckets_and_touches_no_other(kind: Kind) -> None:
    kept = books(quota(), issued("L-1"))
    kept.apply(asked(kind.value, tpp=7, license_no="L-1" if kind in TAKES_LICENSE else None), 5)
    both = [kept.quotas["country/AE"], kept.licenses["L-1"]]
    total = {bucket: sum(each.tpp[bucket] for each in both if each) for bucket in BUCKETS}
    moved = {MOVES[kind].source: -7, MOVES[kind].target: 7}
    assert total == dict.fromkeys(BUCKETS, 0) | moved


def test_what_a_license_holds_is_kept_apart_from_its_country() -> None:
    kept = books(quota(headroom=100), issued("L-1", licensed=50))
    kept.apply(asked("export", tpp=20, license_no="L-1"), 2)
    kept.apply(asked("overrun", tpp=5), 3)
    country, held = kept.quotas["country/AE"], kept.licenses["L-1"]
    assert country is not None
    assert held is not None
    assert (country.tpp["headroom"], country.tpp["exported"]) == (95, 5)
    assert (held.tpp["licensed"], held.tpp["exported"]) == (30, 20)
    assert {bucket for bucket, tpp in held.tpp.items() if tpp} == HELD_BY_LICENSE


# --- terms ----------------------------------------------------------------------------------------


def term(*entries: tuple[str, str, str | None]) -> tuple[str | None, str | None]:
    """The term of a license after entries (kind, effective_on, expires_on) of 10 TPP each."""
    kept = books()
    for seq, (kind, on, expires_on) in enumerate(entries, 1):
        kept.apply(asked(kind, tpp=10, license_no="L-1", effective_on=on, expires_on=expires_on), seq)
    account = kept.licenses["L-1"]
    assert account is not None
    return account.issued_on, account.expires_on


def test_a_license_runs_from_the_first_day_it_was_issued_for_to_the_expiry_last_given() -> None:
    first, later = ("license", "2026-02-01", "2027-02-01"), ("license", "2026-03-01", "2027-03-01")
    assert term(first) == ("2026-02-01", "2027-02-01")
    assert term(first, later) == ("2026-02-01", "2027-03-01")
    assert term(later, first) == ("2026-02-01", "2027-02-01")


def test_exports_and_releases_leave_the_term_as_it_is() -> None:
    issue = ("license", "2026-02-01", "2027-02-01")
    assert term(issue, ("export", "2026-02-05", None)) == ("2026-02-01", "2027-02-01")
    assert term(issue, ("release", "2026-02-05", None)) == ("2026-02-01", "2027-02-01")


def test_an_issue_that_is_undone_leaves_the_term_as_it_was_without_it() -> None:
    kept = books()
    kept.issues["L-1"] = {}
    issued_for = [("2026-02-01", "2027-02-01"), ("2026-01-01", "2027-03-01"), ("2026-04-01", "2027-04-01")]
    for seq, (on, until) in enumerate(issued_for, 1):
        kept.apply(asked("license", tpp=10, license_no="L-1", effective_on=on, expires_on=until), seq)
    account = kept.licenses["L-1"]
    assert account is not None
    found = []
    for seq in (3, 2, 1):
        undoing = asked("release", tpp=10, license_no="L-1", effective_on="2026-01-01", reverses_seq=seq)
        kept.apply(undoing, seq + 3)
        found.append((account.issued_on, account.expires_on))
    assert found == [("2026-01-01", "2027-03-01"), ("2026-02-01", "2027-02-01"), (None, None)]


def test_a_license_is_closed_by_the_release_that_empties_it_and_opened_by_the_next_issue() -> None:
    kept = books(quota(headroom=100), issued("L-1", licensed=50))
    account = kept.licenses["L-1"]
    assert account is not None
    kept.apply(asked("release", tpp=20, license_no="L-1", reason="reduced"), 2)
    assert (account.closed_by_seq, account.closed_reason) == (None, None)
    kept.apply(asked("release", tpp=30, license_no="L-1", reason="revoked"), 3)
    assert (account.closed_by_seq, account.closed_reason) == (3, "revoked")
    kept.apply(asked("license", tpp=1, license_no="L-1", expires_on="2027-01-10"), 4)
    assert (account.closed_by_seq, account.closed_reason) == (None, None)


def test_who_approved_an_overdraft_is_kept_until_it_is_made_good() -> None:
    kept = books(quota(headroom=10), approver="omar")
    account = kept.quotas["country/AE"]
    assert account is not None
    assert kept.apply(asked("overrun", tpp=15), 2) == -5
    assert account.overdraft_approver == "omar"
    kept.approver = None
    kept.apply(asked("allocate", tpp=2), 3)
    assert account.overdraft_approver == "omar"
    kept.apply(asked("allocate", tpp=3), 4)
    assert account.overdraft_approver is None
