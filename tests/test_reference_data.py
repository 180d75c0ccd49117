"""What the files of `fixtures/reference` must hold: sources, dates, names, tiers and figures."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pycountry
import pytest

from ledger import catalog, reference, schema
from ledger.approval import Approval
from ledger.model import Regime
from ledger.reference import Reference

HERE = schema.folder("fixtures") / "reference"
AMBIGUOUS = {
    "congo": ("CD", "CG"),
    "korea": ("KP", "KR"),
    "saint martin": ("MF", "SX"),
    "st martin": ("MF", "SX"),
    "virgin islands": ("VG", "VI"),
}
"""Spellings that mean two countries: never resolved, because their tiers differ."""


@pytest.fixture(scope="module", name="known")
def _known() -> Reference:
    return reference.load()


@pytest.fixture(scope="module", name="diffusion")
def _diffusion(known: Reference) -> Regime:
    return known.regime("diffusion-2025")


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts() -> list[dict[str, Any]]:
    return [
        tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted((HERE / "regimes").glob("*.toml"))
    ]


@pytest.mark.parametrize("name", ["country.csv", "device.csv"])
def test_every_row_has_a_source_and_dates(name: str) -> None:
    for row in rows(name):
        assert row["source"].strip(), row
        start = date.fromisoformat(row["valid_from"])
        assert not row["valid_to"] or date.fromisoformat(row["valid_to"]) >= start, row


@pytest.mark.parametrize("name", ["country.csv", "device.csv"])
def test_every_row_is_there_once_and_has_no_stray_spaces(name: str) -> None:
    key = next(iter(rows(name)[0]))
    assert [row for row, times in Counter(row[key] for row in rows(name)).items() if times > 1] == []
    assert [row for row in rows(name) for text in row.values() if text != text.strip()] == []


def test_every_regime_says_what_it_is_and_where_it_stands() -> None:
    for text in texts():
        for key in ("id", "title", "status", "notice", "citation"):
            assert text[key].strip(), (text["id"], key)
        assert (HERE / "regimes" / f"{text['id']}.toml").is_file()


def test_every_fact_of_a_capped_regime_has_a_status_and_a_citation(diffusion: Regime) -> None:
    for row in catalog.regime_rows(diffusion):
        assert row["status"] in {"confirmed", "secondary", "derived", "choice"}, row
        assert row["citation"], row


def test_countries_are_iso_3166_1_and_kosovo(known: Reference) -> None:
    ours = {(each.country, each.alpha_3) for each in known.countries.values()}
    assert ours == {(each.alpha_2, each.alpha_3) for each in pycountry.countries} | {("XK", None)}
    assert len(known.countries) == 250


def test_every_iso_name_is_understood(known: Reference) -> None:
    for each in pycountry.countries:
        for key in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
            text = getattr(each, key, each.alpha_2)
            if text != "Congo":  # ISO's short name of CG, but as often said of CD: refused
                assert known.country_code(text) == each.alpha_2, text


def test_every_name_and_alias_means_its_country_or_is_known_to_mean_two(known: Reference) -> None:
    for row in rows("country.csv"):
        for text in (row["country"], row["alpha_3"] or row["country"], row["country_name"]):
            assert known.country_code(text) == row["country"], text
        for alias in row["aliases"].split("|") if row["aliases"] else ():
            if reference.fold(alias) not in AMBIGUOUS:
                assert known.country_code(alias) == row["country"], alias
                assert known.country_code(alias.upper()) == row["country"], alias


def test_no_spelling_means_two_countries_but_the_known_ones(known: Reference) -> None:
    assert {text: codes for text, codes in known.spellings.items() if len(codes) > 1} == AMBIGUOUS
    assert "" not in known.spellings


def test_dependencies_follow_the_country_whose_rules_they_share(known: Reference) -> None:
    follows = {each.country: each.treated_as for each in known.countries.values() if each.treated_as}
    french = ("GF", "GP", "MQ", "RE", "YT", "PM", "BL", "MF", "PF", "NC", "WF", "TF")
    assert follows == {
        "HK": "CN",
        "LI": "CH",
        "KY": "GB",
        "GL": "DK",
        "FO": "DK",
        **dict.fromkeys(french, "FR"),
    }
    for code, head in follows.items():
        assert known.charged(code) == head
        assert known.charged(head) == head, "no chains"
        assert f"treated as {head}: " in known.countries[code].source
    assert known.country_code("Hong Kong") == "HK", "the code is the one written; `charged` follows it"


def tiers(regime: Regime, known: Reference, on: str) -> Counter[int | None]:
    return Counter(regime.tier(code, on) for code in known.countries)


def test_158_countries_are_tier_2_in_january_2025(known: Reference, diffusion: Regime) -> None:
    for on in ("2025-01-01", "2025-01-13", "2025-11-06"):
        counted = tiers(diffusion, known, on)
        assert (counted[1], counted[2], counted[3]) == (19, 158, 24)
    counted = tiers(diffusion, known, "2025-11-07")
    assert (counted[1], counted[2], counted[3]) == (19, 159, 23)


def test_cambodia_is_tier_3_until_2025_11_06_and_tier_2_from_then_on(diffusion: Regime) -> None:
    assert [diffusion.tier("KH", on) for on in ("2025-01-01", "2025-11-06")] == [3, 3]
    assert [diffusion.tier("KH", on) for on in ("2025-11-07", "2027-12-31")] == [2, 2]


def test_tiers_are_disjoint_and_leave_no_gap_on_every_boundary_day(diffusion: Regime) -> None:
    bounds = {diffusion.period_from, diffusion.period_to}
    bounds |= {day for each in diffusion.lists for day in (each.valid_from, each.valid_to) if day}
    around = {
        (date.fromisoformat(day) + timedelta(days=step)).isoformat() for day in bounds for step in (-1, 0, 1)
    }
    everywhere = {code for each in diffusion.lists for code in each.members}
    for on in sorted(day for day in around if diffusion.period_from <= day <= diffusion.period_to):
        valid = [each for each in diffusion.lists if each.valid_from <= on <= (each.valid_to or on)]
        held = Counter(code for each in valid for code in each.members)
        assert set(held) == everywhere, f"on {on} a country is in no list"
        assert max(held.values()) == 1, f"on {on} a country is in two lists"


def test_every_member_of_a_list_is_a_country_of_ours(known: Reference, diffusion: Regime) -> None:
    for each in diffusion.lists:
        assert each.members <= set(known.countries), (each.tier, each.valid_from)


def test_tpp_is_dense_rate_times_bits_rounded_once() -> None:
    for row in rows("device.csv"):
        exact = Decimal(row["dense_rate_tera"]) * int(row["bit_length"])
        assert int(row["tpp"]) == round(exact), row["device_id"]
        assert int(row["tpp"]) > 0


def test_performance_density_is_tpp_by_die_area_where_the_area_is_known() -> None:
    for row in rows("device.csv"):
        if row["die_area_mm2"]:
            exact = Decimal(row["tpp"]) / Decimal(row["die_area_mm2"])
            assert row["performance_density"] == f"{exact:.2f}", row["device_id"]
        else:
            assert row["performance_density"] == "", row["device_id"]


def test_what_counts_is_3a090_a_recomputed_from_rate_bits_and_die_area() -> None:
    for row in rows("device.csv"):
        tpp = Decimal(row["dense_rate_tera"]) * int(row["bit_length"])
        if tpp >= 4800:
            counts = "true"
        elif tpp < 1600:
            counts = "false"
        elif not row["die_area_mm2"]:
            counts = "unknown"
        else:
            counts = str(tpp >= Decimal("5.92") * Decimal(row["die_area_mm2"])).lower()
        assert row["counts"] == counts, row["device_id"]


def test_mi210_does_not_count_and_groq_lpu_does(known: Reference) -> None:
    assert known.device("amd-mi210").counts is False
    assert known.device("groq-lpu-v1").counts is True
    assert known.device("google-tpu-v4").counts is None


def test_a_declared_tpp_is_near_the_computed_one(known: Reference) -> None:
    declared = {each.device_id: each.declared_tpp for each in known.devices.values() if each.declared_tpp}
    for device_id, tpp in declared.items():
        assert abs(tpp - known.device(device_id).tpp) * 100 <= 6 * known.device(device_id).tpp, device_id
    assert declared["nvidia-h100-sxm5-80gb"] == 15840
    assert len(known.devices) == 121


def test_diffusion_2025_holds_the_figures_of_the_rule(known: Reference, diffusion: Regime) -> None:
    assert (diffusion.cap_tpp, diffusion.max_cap_tpp) == (790_000_000, 1_580_000_000)
    assert (diffusion.period_from, diffusion.period_to) == ("2025-01-01", "2027-12-31")
    assert diffusion.h100_tpp == known.device("nvidia-h100-sxm5-80gb").tpp == 15_832
    assert (diffusion.watch_percent, diffusion.critical_percent) == (75, 90)
    assert (diffusion.tpp_tolerance_percent, diffusion.license_years) == (2, 1)
    assert diffusion.notice == "announced as rescinded 2025-05-13, not enforced; not a legal balance"
    assert dict(diffusion.choices) == {
        "counting_basis": "licensed",
        "release_restores": True,
        "return_restores": True,
        "reexport_credits_origin": True,
        "loss_restores": False,
        "charged_country": "destination",
        "expiry_lag_days": 30,
        "pending_reserves": False,
        "critical_break_blocks": False,
    }
    assert diffusion.approval == Approval(
        frozenset({"allocate", "withdraw"}), frozenset({"overrun", "withdraw"}), 1_000_000, 14
    )


def test_what_does_not_draw_the_country_cap_says_how_firm_that_is(diffusion: Regime) -> None:
    firm = {row["key"]: row["status"] for row in catalog.regime_rows(diffusion)}
    assert firm["nveu.draws_country_cap"] == "confirmed"
    assert firm["uveu.draws_country_cap"] == "secondary"
    assert {firm[f"{name}.draws_country_cap"] for name in ("lpp", "aia", "acm", "aca", "nac")} == {"derived"}


def test_what_came_after_the_rule_is_told_by_its_day(diffusion: Regime) -> None:
    rows = {row["key"]: row for row in catalog.regime_rows(diffusion)}
    assert (rows["compliance_from"]["value"], rows["delayed_compliance_from"]["value"]) == (
        "2025-05-15", "2026-01-15",
    )  # fmt: skip
    events = {key.removeprefix("event_"): rows[key]["status"] for key in rows if key.startswith("event_")}
    assert events == {
        "2025_05_15": "secondary", "2025_06_04": "secondary", "2025_11_19": "secondary",
        "2026_03_13": "secondary", "2026_05_12": "confirmed",
    }  # fmt: skip
