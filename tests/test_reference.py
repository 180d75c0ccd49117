"""How names are found in the reference data, what is shown of it, and how it is refused."""

from __future__ import annotations

from collections import Counter

import pycountry
import pytest

from ledger import catalog, reference
from ledger.errors import Misconfigured, UnknownName
from ledger.model import Regime
from ledger.reference import Reference


@pytest.fixture(scope="module", name="known")
def _known() -> Reference:
    return reference.load()


@pytest.fixture(scope="module", name="diffusion")
def _diffusion(known: Reference) -> Regime:
    return known.regime("diffusion-2025")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AE", "AE"),
        (" ae ", "AE"),
        ("are", "AE"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("UAE", "AE"),
        ("The Bahamas", "BS"),
        ("bahamas, the", "BS"),
        ("COTE D’IVOIRE", "CI"),  # noqa: RUF001 - an apostrophe as word processors write it
        ("Cote d'lvoire", "CI"),  # so spelled in Supp. No. 1 to part 740
        ("Seycheles", "SC"),  # so spelled in Supp. No. 1 to part 738
        ("Turkey", "TR"),
        ("turkiye", "TR"),
        ("Bosnia & Herzegovina", "BA"),
        ("Antigua & Barbuda", "AG"),
        ("Burma", "MM"),
        ("Korea, South", "KR"),
        ("Korea, North", "KP"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Congo (Democratic Republic of the)", "CD"),
        ("Congo (Republic of the)", "CG"),
        ("Gaza Strip administered by Israel", "PS"),
        ("Kosovo", "XK"),
    ],
)
def test_the_regulations_spellings_are_understood(known: Reference, text: str, code: str) -> None:
    assert known.country_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("AE-DU", "AE"), ("ae-az", "AE"), ("US-CA", "US"), ("NL-NH", "NL"), ("UK-ENG", "GB")],
)
def test_a_sub_territory_is_its_country(known: Reference, text: str, code: str) -> None:
    assert known.country_code(text) == code


def test_a_sub_territory_with_an_iso_code_of_its_own_is_that_country(known: Reference) -> None:
    for code in ("AW", "CW", "SX"):  # Tier 2, where the Netherlands are Tier 1
        assert known.country_code(f"NL-{code}") == code
    assert [known.country_code(text) for text in ("CN-TW", "CN-HK", "CN-MO")] == ["TW", "HK", "MO"]
    apart = {
        (each.code, country.alpha_2)
        for each in pycountry.subdivisions
        for country in [pycountry.countries.get(alpha_2=each.code[3:])]
        if country is not None and each.country_code in ("CN", "FR", "NL", "US")
        if reference.fold(each.name.split(",")[0]) == reference.fold(country.name.split(",")[0])
    }
    assert {("NL-AW", "AW"), ("US-PR", "PR"), ("FR-BL", "BL")} <= apart
    for text, code in apart - {("US-GA", "GA")}:
        assert known.country_code(text) == code


@pytest.mark.parametrize(
    ("text", "message", "nearest"),
    [
        ("Emirate", "no country 'Emirate': the nearest is AE (United Arab Emirates)", "AE"),
        ("Brasil", "no country 'Brasil': the nearest is BR (Brazil)", "BR"),
        ("Nigera", "no country 'Nigera': the nearest is NG (Nigeria)", "NG"),
        ("Congo", "no country 'Congo': the nearest are CD (DR Congo), CG (Republic of the Congo)", "CD, CG"),
        ("korea", "no country 'korea': the nearest are KP (North Korea), KR (South Korea)", "KP, KR"),
        ("XX", "no country 'XX': write ISO 3166-1 alpha-2, such as AE", None),
        ("", "no country '': write ISO 3166-1 alpha-2, such as AE", None),
        ("GZ", "no country 'GZ': write ISO 3166-1 alpha-2, such as AE", None),
        (
            "5200",
            (
                "no country '5200': codes of Census Schedule C and other numbers are not understood, "
                "write ISO 3166-1 alpha-2, such as AE"
            ),
            None,
        ),
    ],
)
def test_an_unknown_country_is_refused_with_the_nearest(
    known: Reference, text: str, message: str, nearest: str | None
) -> None:
    with pytest.raises(UnknownName) as refusal:
        known.country_code(text)
    assert refusal.value.detail == message
    assert refusal.value.facts == {"field": "country", "value": text, "nearest": nearest}


@pytest.mark.parametrize(
    ("code", "tier"),
    [
        ("AE", 2),
        ("HK", 3),
        ("CN", 3),
        ("MO", 3),
        ("LI", 2),
        ("GF", 1),
        ("KY", 1),
        ("GL", 1),
        ("US", 1),
        ("XK", 2),
        ("AQ", None),
    ],
)
def test_a_country_row_shows_the_tier_of_the_country_it_follows(
    known: Reference, diffusion: Regime, code: str, tier: int | None
) -> None:
    shown = {row["country"]: row for row in catalog.country_rows(known, diffusion, "2025-06-30")}
    assert shown[code]["tier"] == tier


@pytest.mark.parametrize(
    ("text", "message", "nearest"),
    [
        (
            "H100",
            (
                "no device 'H100': the nearest are nvidia-h100-sxm5-80gb (H100 SXM5 80GB), "
                "nvidia-h100-pcie-80gb (H100 PCIe 80GB), nvidia-h100-nvl-94gb (H100 NVL 94GB (per GPU))"
            ),
            "nvidia-h100-sxm5-80gb, nvidia-h100-pcie-80gb, nvidia-h100-nvl-94gb",
        ),
        (
            "NVIDIA-H100-SXM5-80GB",
            "no device 'NVIDIA-H100-SXM5-80GB': the nearest is nvidia-h100-sxm5-80gb (H100 SXM5 80GB)",
            "nvidia-h100-sxm5-80gb",
        ),
        (
            "nvidia-h100-sxm-80bg",
            (
                "no device 'nvidia-h100-sxm-80bg': the nearest are nvidia-h100-sxm5-80gb (H100 SXM5 80GB), "
                "nvidia-h800-sxm5-80gb (H800 SXM5 80GB), nvidia-a100-sxm4-80gb (A100 SXM4 80GB)"
            ),
            "nvidia-h100-sxm5-80gb, nvidia-h800-sxm5-80gb, nvidia-a100-sxm4-80gb",
        ),
        (
            "MI-300X",
            "no device 'MI-300X': the nearest is amd-mi300x (Instinct MI300X)",
            "amd-mi300x",
        ),
        ("abacus", "no device 'abacus': tppq devices lists the catalogue", None),
        ("", "no device '': tppq devices lists the catalogue", None),
    ],
)
def test_an_unknown_device_is_refused_with_up_to_three_that_may_be_meant(
    known: Reference, text: str, message: str, nearest: str | None
) -> None:
    with pytest.raises(UnknownName) as refusal:
        known.device(text)
    assert refusal.value.detail == message
    assert refusal.value.facts == {"field": "device_id", "value": text, "nearest": nearest}


def test_a_device_row_shows_h100_equivalents_rounded_toward_zero(known: Reference) -> None:
    terms = known.regime(reference.DEFAULT_REGIME)
    shown = {row["device_id"]: row for row in catalog.device_rows(known, terms)}
    assert len(shown) == 121
    assert str(shown["nvidia-h100-sxm5-80gb"]["h100e"]) == "1.00"
    assert str(shown["nvidia-gb300-gpu"]["h100e"]) == "3.78"  # 60,000 / 15,832 = 3.7898
    assert str(shown["nvidia-a2"]["h100e"]) == "0.01"
    assert [shown[name]["counts_3a090_a"] for name in ("amd-mi210", "groq-lpu-v1", "google-tpu-v4")] == [
        False,
        True,
        None,
    ]


def test_regime_rows_are_one_a_key_and_all_text(diffusion: Regime) -> None:
    shown = catalog.regime_rows(diffusion)
    assert [key for key, times in Counter(row["key"] for row in shown).items() if times > 1] == []
    assert {type(value) for row in shown for value in row.values()} == {str}
    values = {row["key"]: row["value"] for row in shown}
    assert values["cap_tpp"] == "790000000"
    assert values["release_restores"] == "true"
    assert values["assured_countries"] == "none"
    assert values["tier2-chart from 2025-01-01"] == "tier 2, count 158, until 2025-11-06"
    assert values["tier2-chart from 2025-11-07"] == "tier 2, count 159, until further notice"
    assert values["nveu.cap_tpp from 2027-01-01"] == "5064000000"
    assert values["lpp.annual_limit_tpp"] == "26900000"
    assert set(diffusion.choices) <= set(values)
    assert values["order_of_requests"] == "first come, first served"
    assert values["lpp.not_available_to"] == "Country Groups D:1 and D:4 outside A:5 and A:6"


def test_a_regime_without_a_country_cap_opens_no_ledger(known: Reference) -> None:
    assert set(known.uncapped) == {"acs-2023", "cn-casebycase-2026", "hq-guidance-2026", "uae-2026"}
    with pytest.raises(Misconfigured) as error:
        known.regime("uae-2026")
    assert error.value.detail == (
        "regime 'uae-2026' sets no country cap: no ledger can be opened under it, use diffusion-2025"
    )
    assert error.value.facts == {"regime": "uae-2026"}


@pytest.mark.parametrize("written", ["nosuch", "acs-2024", "uae-2027"])
def test_in_place_of_an_unknown_regime_none_is_named_under_which_no_ledger_can_be_opened(
    known: Reference, written: str
) -> None:
    with pytest.raises(UnknownName) as refusal:
        known.regime(written)
    assert refusal.value.detail == f"no regime '{written}': write {', '.join(known.regimes)}"


def test_an_unknown_regime_is_refused_with_the_nearest(known: Reference) -> None:
    with pytest.raises(UnknownName) as refusal:
        known.regime("diffusion-2024")
    assert refusal.value.detail == (
        "no regime 'diffusion-2024': the nearest is diffusion-2025 "
        "(Framework for Artificial Intelligence Diffusion)"
    )
    assert refusal.value.facts == {"field": "regime", "value": "diffusion-2024", "nearest": "diffusion-2025"}


def test_reference_data_cannot_be_changed(known: Reference) -> None:
    with pytest.raises(TypeError):
        known.countries["ZZ"] = known.countries["AE"]  # type: ignore[index] # the point of the test
    with pytest.raises(AttributeError):
        known.devices = {}  # type: ignore[misc] # the point of the test


def test_loading_happens_once() -> None:
    assert reference.load() is reference.load()
