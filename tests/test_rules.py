"""What may be posted: what each rule lets pass, what it says where it refuses, and which speaks first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger import rules
from ledger.accounts import Asked, Books
from ledger.errors import Refused
from ledger.model import MOST_TPP, UNDONE_BY, Kind
from ledger.rules import Rule
from tests.books import H100, H100_TPP, REFERENCE, REGIME, asked, books, issued, quota

CAP = 790_000_000


def said(rule: Rule, each: Asked, kept: Books) -> tuple[str, str]:
    """Which error a rule answers with, and its sentence; empty where it lets the entry pass."""
    refusal = rule(each, kept)
    return (type(refusal).__name__, refusal.detail) if refusal is not None else ("", "")


PASSES = ("", "")


# --- destination ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (asked("allocate"), PASSES),
        (
            asked("license", license_no="L-1"),
            (
                "NoQuota",
                ("AE is Tier 2 on 2026-02-01, but no allocation was opened for it: "
                "post an allocate of up to 790,000,000 TPP first"),
            ),
        ),
        (asked("allocate", "GB"), ("NoQuota", "GB is Tier 1 on 2026-02-01: no allocation applies")),
        (
            asked("license", "CN", license_no="L-1"),
            (
                "DenialPolicy",
                ("CN is Tier 3 on 2026-02-01 (Country Group D:5 or Macau): "
                "a policy of denial applies, and no quota"),
            ),
        ),
        (asked("license", "US"), ("NoQuota", "US is Tier 1 on 2026-02-01: no allocation applies")),
    ],
)
def test_the_tier_of_a_country_decides_whether_it_has_an_allocation(
    each: Asked, expected: tuple[str, str]
) -> None:
    assert said(rules.destination, each, books()) == expected


def test_an_account_that_is_open_goes_on_whatever_becomes_of_its_tier() -> None:
    kept = books(quota("CN", headroom=5), issued("L-1", "CN", licensed=5))
    for kind in Kind:
        refused = said(rules.destination, asked(kind.value, "CN", license_no="L-1"), kept)[0]
        assert refused == ("DenialPolicy" if kind in (Kind.allocate, Kind.license) else "")


def test_a_refused_destination_says_how_much_was_asked() -> None:
    refusal = rules.destination(asked("license", "CN", tpp=77), books())
    assert refusal is not None
    assert refusal.facts == {"country": "CN", "tier": 3, "asked_tpp": 77}


# --- period ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2025-01-01", PASSES),
        ("2026-06-30", PASSES),
        (
            "2024-12-31",
            (
                "OutsidePeriod",
                "2024-12-31 is outside the period of diffusion-2025, 2025-01-01 to 2027-12-31",
            ),
        ),
        (
            "2028-01-01",
            (
                "OutsidePeriod",
                "2028-01-01 is outside the period of diffusion-2025, 2025-01-01 to 2027-12-31",
            ),
        ),
        (
            "2026-07-01",
            (
                "OutsidePeriod",
                "2026-07-01 is in the future: today is 2026-06-30 (UTC); post it on its day",
            ),
        ),
    ],
)
def test_an_entry_takes_effect_within_the_period_and_not_in_the_future(
    on: str, expected: tuple[str, str]
) -> None:
    assert said(rules.period, asked("block", effective_on=on), books()) == expected


@pytest.mark.parametrize(
    ("expires_on", "reason", "expected"),
    [
        ("2026-02-01", None, PASSES),
        ("2027-02-01", None, PASSES),
        ("2030-01-01", "granted for four years", PASSES),
        (
            "2026-01-31",
            "whatever",
            (
                "OutsidePeriod",
                "a license effective on 2026-02-01 cannot expire before that, on 2026-01-31",
            ),
        ),
        (
            "2027-02-02",
            None,
            (
                "OutsidePeriod",
                ("a license effective on 2026-02-01 runs to 2027-02-01 at the latest (one year, "
                "15 CFR 750.7(g)), not to 2027-02-02: give a reason if it was granted for longer"),
            ),
        ),
    ],
)
def test_a_license_runs_one_year_unless_a_reason_says_why(
    expires_on: str, reason: str | None, expected: tuple[str, str]
) -> None:
    each = asked("license", license_no="L-1", expires_on=expires_on, reason=reason)
    assert said(rules.period, each, books()) == expected


# --- devices --------------------------------------------------------------------------------------


def test_a_device_below_3a090_draws_no_allocation() -> None:
    assert said(rules.counted, asked("license", device_id="nvidia-t4", quantity=1), books()) == (
        "NotCounted",
        "nvidia-t4 (1,042 TPP, performance density 1.91) is below 3A090.a: it draws no allocation",
    )


@pytest.mark.parametrize("device_id", [None, H100, "google-tpu-v4"])
def test_a_device_that_counts_or_may_count_is_let_through(device_id: str | None) -> None:
    assert said(rules.counted, asked("license", device_id=device_id, quantity=1), books()) == PASSES


EXPECTED = 100 * H100_TPP
DECLARED = 100 * 15_840


@pytest.mark.parametrize(
    "tpp", [EXPECTED, EXPECTED * 98 // 100 + 1, EXPECTED * 102 // 100, DECLARED * 102 // 100]
)
def test_a_stated_tpp_within_two_percent_of_what_is_known_stands(tpp: int) -> None:
    assert said(rules.agreement, asked("license", tpp=tpp, device_id=H100, quantity=100), books()) == PASSES


@pytest.mark.parametrize(
    ("tpp", "slip"),
    [
        (DECLARED * 102 // 100 + 1, ""),
        (EXPECTED * 98 // 100 - 1, ""),
        (EXPECTED * 2, ": 2 times too much, a sparse rate counted as dense?"),
        (
            197_900,
            ": 8 times too little, a rate (TOPS) given as TPP? multiply by the bit length, 8",
        ),
    ],
)
def test_a_stated_tpp_that_is_off_is_refused_with_the_likely_slip(tpp: int, slip: str) -> None:
    assert said(rules.agreement, asked("license", tpp=tpp, device_id=H100, quantity=100), books()) == (
        "TppMismatch",
        f"{tpp:,} TPP stated, but 100 x {H100} is 1,583,200 TPP (15,832 each){slip}",
    )


# --- people and reversals -------------------------------------------------------------------------


@pytest.mark.parametrize(("approver", "refused"), [(None, ""), ("omar", ""), ("MARIA", "SelfApproval")])
def test_nobody_approves_what_they_post(approver: str | None, refused: str) -> None:
    assert said(rules.two_people, asked("allocate"), books(approver=approver))[0] == refused


def test_a_self_approval_is_said_by_name() -> None:
    assert said(rules.two_people, asked("allocate"), books(approver="maria"))[1] == (
        "maria posts this and cannot approve it too: a second officer must"
    )


def test_an_entry_that_cannot_be_undone_is_refused_with_the_reason_found() -> None:
    kept = books()
    kept.undone = {7: "", 8: "there is no entry 8 to reverse"}
    assert said(rules.reversed_once, asked("withdraw"), kept) == PASSES
    assert said(rules.reversed_once, asked("withdraw", reverses_seq=7), kept) == PASSES
    assert said(rules.reversed_once, asked("withdraw", reverses_seq=8), kept) == (
        "AlreadyReversed",
        "there is no entry 8 to reverse",
    )


# --- licenses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "country", "number", "expected"),
    [
        ("export", "AE", "L-1", PASSES),
        ("license", "AE", "L-9", PASSES),
        ("overrun", "AE", None, PASSES),
        ("export", "AE", "L-9", ("UnknownLicense", "AE has no license L-9")),
        (
            "overrun", "AE", "L-9",
            (
                "UnknownLicense",
                "AE has no license L-9; leave license_no empty and put the number into reference",
            ),
        ),
        (
            "license", "SA", "L-1",
            ("UnknownLicense", "L-1 is a license for AE, not for SA: a license is for one country"),
        ),
    ],
)  # fmt: skip
def test_a_license_is_for_one_country_and_there_before_it_is_used(
    kind: str, country: str, number: str | None, expected: tuple[str, str]
) -> None:
    kept = books(quota("AE"), quota("SA"), issued("L-1", "AE", licensed=5))
    assert said(rules.license_known, asked(kind, country, license_no=number), kept) == expected


@pytest.mark.parametrize(
    ("on", "refused"),
    [
        ("2026-01-09", "LicenseExpired"),
        ("2026-01-10", ""),
        ("2027-01-10", ""),
        ("2027-01-11", "LicenseExpired"),
    ],
)
def test_goods_leave_while_their_license_is_in_force(on: str, refused: str) -> None:
    each = asked("export", license_no="L-1", effective_on=on)
    found = said(rules.license_in_force, each, books(issued("L-1", licensed=5)))
    detail = (
        f"L-1 was in force from 2026-01-10 to 2027-01-10, not on {on}; "
        "goods that left all the same are recorded as an overrun"
    )
    assert found == ((refused, detail) if refused else PASSES)


@pytest.mark.parametrize(
    ("kind", "tpp", "number", "expected"),
    [
        ("export", 50, "L-1", ""),
        (
            "export", 51, "L-1",
            "L-1 has 50 TPP left to export; 51 asked; short by 1; the excess, if it left, is an overrun",
        ),
        ("release", 60, "L-1", "L-1 has 50 TPP left to export; 60 asked; short by 10"),
        ("restore", 31, "L-1", "L-1 has 30 TPP exported; 31 asked; short by 1"),
        ("return", 9, None, ""),
        ("return", 10, None, "AE, without a license, has 9 TPP exported; 10 asked; short by 1"),
    ],
)  # fmt: skip
def test_a_license_never_gives_more_than_it_holds(
    kind: str, tpp: int, number: str | None, expected: str
) -> None:
    kept = books(quota(exported=9), issued("L-1", licensed=50, exported=30))
    found = said(rules.within_license, asked(kind, tpp=tpp, license_no=number), kept)
    assert found == (("OverLicense", expected) if expected else PASSES)


# --- headroom -------------------------------------------------------------------------------------


def test_headroom_is_never_exceeded_and_the_refusal_says_what_would_fit() -> None:
    kept = books(quota(headroom=6_005_600))
    over = asked("license", tpp=80_702_400, device_id=H100, quantity=5_096)
    assert said(rules.within_headroom, over, kept) == (
        "OverHeadroom",
        ("AE has 6,005,600 TPP (379 H100e) left; 80,702,400 asked; short by 74,696,800; "
        "379 x nvidia-h100-sxm5-80gb would fit"),
    )
    assert said(rules.within_headroom, asked("license", tpp=6_005_600), kept) == PASSES
    assert said(rules.within_headroom, asked("license", tpp=6_005_601), kept)[0] == "OverHeadroom"


def test_what_is_blocked_is_not_unblocked_twice() -> None:
    kept = books(quota(headroom=100, blocked=30))
    assert said(rules.within_headroom, asked("unblock", tpp=30), kept) == PASSES
    assert said(rules.within_headroom, asked("unblock", tpp=31), kept) == (
        "OverHeadroom",
        "AE has 30 TPP blocked; 31 asked; short by 1",
    )


@pytest.mark.parametrize("kind", ["overrun", "withdraw"])
@pytest.mark.parametrize(("approver", "reason"), [("omar", "shipped"), ("omar", None), (None, "shipped")])
def test_only_an_approval_with_a_reason_takes_headroom_below_zero(
    kind: str, approver: str | None, reason: str | None
) -> None:
    kept = books(quota(headroom=10), approver=approver)
    found = said(rules.within_headroom, asked(kind, tpp=11, reason=reason), kept)
    advised = "AE has 10 TPP left; 11 asked; short by 1; a second officer may approve it, with a reason"
    assert found == (PASSES if approver and reason else ("OverHeadroom", advised))


@pytest.mark.parametrize("kind", ["license", "block"])
def test_no_approval_lets_a_license_or_a_block_below_zero(kind: str) -> None:
    kept = books(quota(headroom=10), approver="omar")
    assert said(rules.within_headroom, asked(kind, tpp=11, reason="why"), kept)[0] == "OverHeadroom"


def test_a_cap_is_raised_to_its_double_at_the_most() -> None:
    kept = books(quota(regime=-CAP, headroom=CAP))
    assert said(rules.within_cap, asked("allocate", tpp=CAP), kept) == PASSES
    assert said(rules.within_cap, asked("allocate", tpp=CAP + 1), kept) == (
        "OverHeadroom",
        ("AE has an allocation of 790,000,000 TPP, which may be raised to 1,580,000,000 at the most; "
        "790,000,001 asked; 1 too much"),
    )


def test_no_bucket_leaves_the_range_of_canonical_json() -> None:
    kept = books(quota(headroom=0), approver="omar")
    over = asked("overrun", tpp=MOST_TPP, reason="shipped")
    assert rules.judge(over, kept) is None
    kept.apply(over, 2)
    assert rules.judge(over, kept) is not None


# --- precedence -----------------------------------------------------------------------------------

MANY_FAULTS = [
    ("DenialPolicy", {"country": "CN", "quota": "country/CN"}),
    ("OutsidePeriod", {"effective_on": "2028-01-01"}),
    ("NotCounted", {"device_id": "nvidia-t4"}),
    ("TppMismatch", {"tpp": 5 * CAP}),
    ("SelfApproval", {}),
    ("UnknownLicense", {"license_no": "S-1"}),
    ("OverHeadroom", {"quantity": 5 * CAP // H100_TPP, "license_no": "L-2"}),
]


@pytest.mark.parametrize("first", range(len(MANY_FAULTS)), ids=[name for name, _ in MANY_FAULTS])
def test_the_first_rule_that_refuses_a_license_is_the_one_that_answers(first: int) -> None:
    kept = books(quota("AE", headroom=CAP), issued("S-1", "SA"), approver="maria" if first <= 4 else "omar")
    each = asked("license", tpp=5 * CAP, device_id=H100, quantity=1, license_no="S-1")
    for name, fault in reversed(MANY_FAULTS[first:-1]):
        if name != "SelfApproval":
            each = each._replace(**fault)
    if first >= 4:
        each = each._replace(quantity=5 * CAP // H100_TPP)
    if first == 6:
        each = each._replace(license_no="L-2")
    refusal = rules.judge(each, kept)
    assert type(refusal).__name__ == MANY_FAULTS[first][0]


EXPORT_FAULTS = [("UnknownLicense", "L-9", "2025-05-05"), ("LicenseExpired", "L-1", "2025-05-05")]


@pytest.mark.parametrize(("name", "number", "on"), [*EXPORT_FAULTS, ("OverLicense", "L-1", "2026-02-01")])
def test_the_first_rule_that_refuses_an_export_is_the_one_that_answers(
    name: str, number: str, on: str
) -> None:
    kept = books(quota(headroom=CAP), issued("L-1", licensed=5))
    refusal = rules.judge(asked("export", tpp=6, license_no=number, effective_on=on), kept)
    assert type(refusal).__name__ == name


def test_a_reversal_is_not_judged_by_the_facts_of_what_it_undoes_but_by_what_is_held() -> None:
    kept = books(quota("CN", headroom=10, blocked=5))
    kept.undone[4] = ""
    kept.regime = replace(REGIME, period_from="2027-01-01")
    undoing = asked("unblock", "CN", tpp=5, device_id="nvidia-t4", quantity=1, reverses_seq=4)
    assert rules.judge(undoing, kept) is None
    refusal = rules.judge(undoing._replace(tpp=6), kept)
    assert isinstance(refusal, Refused)
    assert type(refusal).__name__ == "OverHeadroom"


@pytest.mark.parametrize("kind", Kind)
def test_undoes_is_the_table_of_the_model(kind: Kind) -> None:
    assert rules.undoes(kind) == UNDONE_BY[kind]


def test_every_rule_says_what_it_holds_to() -> None:
    assert all(rule.__doc__ for rule in rules.RULES)
    assert REFERENCE.regime("diffusion-2025") is REGIME
