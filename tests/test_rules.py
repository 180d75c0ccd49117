"""What may be posted: what each rule lets pass, what it says where it refuses, and which speaks first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger import rules
from ledger.accounts import Asked
from ledger.model import Kind
from tests.books import H100, H100_TPP, PASSES, REGIME, asked, books, issued, quota, said

# --- destination ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (asked("allocate"), PASSES),
        (
            asked("license", license_no="L-1"),
            (
                "NoQuota",
                (
                    "AE is Tier 2 on 2026-02-01, but no allocation was opened for it: "
                    "post an allocate of up to 790,000,000 TPP first"
                ),
            ),
        ),
        (asked("allocate", "GB"), ("NoQuota", "GB is Tier 1 on 2026-02-01: no allocation applies")),
        (
            asked("license", "CN", license_no="L-1"),
            (
                "DenialPolicy",
                (
                    "CN is Tier 3 on 2026-02-01 (Country Group D:5 or Macau): "
                    "a policy of denial applies, and no quota"
                ),
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
                (
                    "a license effective on 2026-02-01 runs to 2027-02-01 at the latest (one year, "
                    "15 CFR 750.7(g)), not to 2027-02-02: give a reason if it was granted for longer"
                ),
            ),
        ),
    ],
)
def test_a_license_runs_one_year_unless_a_reason_says_why(
    expires_on: str, reason: str | None, expected: tuple[str, str]
) -> None:
    each = asked("license", license_no="L-1", expires_on=expires_on, reason=reason)
    assert said(rules.term, each, books()) == expected


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


def test_nothing_leaves_under_a_license_of_which_every_issue_was_undone() -> None:
    undone = issued("L-1", licensed=5)
    undone.issued_on = undone.expires_on = None
    kind, detail = said(rules.license_in_force, asked("export", license_no="L-1"), books(undone))
    assert kind == "LicenseExpired"
    assert detail == (
        "L-1 is not in force, as every entry that issued it was undone; goods that left all the same are "
        "recorded as an overrun"
    )


def test_the_longest_term_is_that_of_the_regime() -> None:
    kept = books(quota("AE"))
    kept.regime = replace(REGIME, license_years=2)
    each = asked("license", license_no="L-1", expires_on="2028-02-02")
    _, detail = said(rules.term, each, kept)
    assert "runs to 2028-02-01 at the latest (2 years, 15 CFR 750.7(g)), not to 2028-02-02" in detail


def test_under_another_regime_its_own_file_is_cited() -> None:
    lists = tuple(replace(each, cited_as=each.citation) for each in REGIME.lists)
    other = replace(REGIME, license_term_by="99 FR 1", license_years=2, lists=lists)
    kept = books(quota("AE"))
    kept.regime = other
    _, detail = said(rules.term, asked("license", license_no="L-1", expires_on="2028-02-02"), kept)
    assert "runs to 2028-02-01 at the latest (2 years, 99 FR 1), not to 2028-02-02" in detail
    cited = {
        "2025-06-01": "eCFR 2026-07-23 and Cambodia",
        "2026-06-01": "eCFR 2026-07-23; State decision 2025-11-07",
    }
    for on, citation in cited.items():
        refusal = rules.destination_of("CN", on, other)
        assert refusal is not None
        assert citation in refusal.detail


def test_every_refusal_says_what_was_asked() -> None:
    refusal = rules.judge(asked("license", "AE", license_no="L-1", tpp=5), books(quota("AE", headroom=4)))
    assert refusal is not None
    expected = {"country": "AE", "kind": "license", "license_no": "L-1", "effective_on": "2026-02-01"}
    assert {name: refusal.facts[name] for name in expected} == expected
    refusal = rules.judge(asked("unblock", "AE", tpp=5), books(quota("AE", blocked=4)))
    assert refusal is not None
    assert refusal.facts["kind"] == "unblock"
    assert "license_no" not in refusal.facts


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
