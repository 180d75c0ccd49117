"""A ledger under a regime that somebody wrote: it opens when that begins, and its words are that regime's."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from ledger import Entry, Ledger, OutsidePeriod, OverHeadroom, quotas, reference
from ledger.accounts import Books
from tests.books import REGIME
from tests.clock import Clock
from tests.installation import TOP, own_installation
from tests.night import LEFT, Night
from tests.transcripts import OFFICER, typed

NAME = "successor-2028"
TEXT = (TOP / "fixtures" / "reference" / "regimes" / "diffusion-2025.toml").read_text(encoding="utf-8")
BEFORE, BEGUN = "2026-11-21", "2028-03-01"
DERIVED = ("not_counted_before", "max_uplift_percent")
"""What follows from other values, and need not be said."""

TIERS = ((1, ("US",)), (2, ("AE", "SA")), (3, ("CN",)))

Written = Callable[..., None]
Asks = Callable[..., tuple[int, str, str]]


def listed(tier: int, members: tuple[str, ...], valid: str = "valid_from = 2028-01-01") -> str:
    named = ", ".join(f'"{code}"' for code in members)
    return (
        f'[[country_list]]\nlist_id = "list-{tier}"\nlabel = "list {tier} of the successor"\ntier = {tier}\n'
        f'{valid}\nmembers = [{named}]\nstatus = "choice"\ncitation = "99 FR 1, list {tier}"\n\n'
    )  # fmt: skip


def text_of(name: str, *tiers: tuple[int, tuple[str, ...]] | str, **instead: str) -> str:
    """The rule of 2025 three years later, for few countries; `instead` replaces values by key."""
    head, _, rest = TEXT.partition("[[country_list]]")
    rest = rest[rest.index("[programme.nveu]") :]
    values = {"id": f'"{name}"', "period_from": "2028-01-01", "period_to": "2030-12-31", **instead}
    for key, value in values.items():
        lines = [line for line in head.splitlines() if not line.startswith(DERIVED)]
        (place,) = (at for at, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[place] = f"{key} = {value}"
        head = "\n".join(lines) + "\n"
    waits = "[choices.pending_reserves]\nvalue = "
    head = head.replace(f"{waits}false", f"{waits}true")
    lists = (each if isinstance(each, str) else listed(*each) for each in tiers or TIERS)
    return head + "".join(lists) + rest


@pytest.fixture(name="written")
def _written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Writes a regime's file, the successor's, into the reference data of an installation of its own."""
    regimes = own_installation(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)

    def write(*tiers: tuple[int, tuple[str, ...]] | str, name: str = NAME, **instead: str) -> None:
        file = regimes / f"{name}.toml"
        file.write_text(text_of(name, *tiers, **instead), encoding="utf-8")
        forget()

    write()
    yield write
    forget()


def forget() -> None:
    reference.load.cache_clear()


@pytest.fixture(name="url")
def _url(written: Written, store_url: str) -> str:  # noqa: ARG001  # the file comes first
    return store_url


@pytest.fixture(name="asks")
def _asks(written: Written, tmp_path: Path) -> Asks:  # noqa: ARG001  # the file comes first
    """Types a command on a day: its status, stdout and stderr."""
    return lambda day, *words: typed([*words, "--ledger", f"sqlite:///{tmp_path}/q.db"], clock=Clock(day))


# ------------------------------------------------------------------------------------------------ opening


@pytest.mark.parametrize("verb", [("init",), ("init", "-n"), ("db", "init"), ("db", "init", "--shared")])
def test_before_its_period_begins_no_ledger_is_opened_and_no_store_left(
    asks: Asks, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    status, _, told = asks(BEFORE, *verb, "--regime", NAME)
    cannot = f"OutsidePeriod: {NAME} cannot be opened on {BEFORE}, nothing was written"
    assert told == f"{cannot}: its period begins on 2028-01-01: open the ledger then\n"
    assert status == 3
    assert not (tmp_path / "q.db").exists()


def test_a_country_that_could_not_be_opened_is_named_with_why() -> None:
    terms = replace(REGIME, max_cap_tpp=789_999_999)
    cannot = "diffusion-2025 cannot be opened on 2028-03-01, nothing was written"
    why = "AE has an allocation of 0 TPP, which may be raised to 789,999,999 at the most"
    with pytest.raises(OverHeadroom, match=f"{cannot}: {why}"):
        quotas.must_open(terms, ["AE"], BEGUN)


def test_a_program_is_told_that_a_ledger_cannot_be_opened_yet(url: str) -> None:
    with pytest.raises(OutsidePeriod, match="its period begins on 2028-01-01: open the ledger then"):
        Ledger.init(url, NAME, clock=Clock(BEFORE))
    with Ledger.init(url, NAME, clock=Clock(BEGUN)) as ledger:
        assert [row["country"] for row in ledger.headroom().rows()] == ["AE", "SA"]


def test_a_ledger_whose_openings_were_refused_once_is_opened_when_its_period_has_begun(url: str) -> None:
    with Ledger.init(url, NAME, opening=False, clock=Clock(BEFORE)) as ledger:
        posts = quotas.openings(ledger._terms, ["AE", "SA"])  # noqa: SLF001  # as it was done once
        books = Books(ledger._terms, BEFORE, "officer")  # noqa: SLF001
        refused = ledger._store.submit(posts, books, atomic=False)  # noqa: SLF001
        assert [type(each.refusal) for each in refused.declined] == [OutsidePeriod, OutsidePeriod]
    with pytest.raises(OutsidePeriod, match="cannot be opened on 2026-11-21, nothing was written"):
        Ledger.init(url, NAME, clock=Clock(BEFORE))
    with Ledger.init(url, NAME, clock=Clock(BEGUN)) as ledger:
        assert [row["allocated_tpp"] for row in ledger.headroom().rows()] == [790_000_000] * 2
        assert ledger.verify().rows() == []
    with Ledger.init(url, NAME, clock=Clock(BEGUN)) as ledger:
        assert ledger.headroom().basis["seq"] == 2


def test_a_country_that_was_allocated_by_hand_is_not_opened_once_more(url: str) -> None:
    by_hand = Entry.model_validate(
        {"kind": "allocate", "country": "AE", "effective_on": "2028-02-01", "tpp": 500}
    )
    with Ledger.init(url, NAME, opening=False, clock=Clock(BEGUN)) as ledger:
        ledger.post(by_hand)
    with Ledger.init(url, NAME, clock=Clock(BEGUN)) as ledger:
        allocated = {row["country"]: row["allocated_tpp"] for row in ledger.headroom().rows()}
    assert allocated == {"AE": 500, "SA": 790_000_000}


# --------------------------------------------------------------------------------------------- opened later


def test_a_country_that_the_file_got_later_is_opened_and_the_others_are_told_with_their_own_figures(
    asks: Asks, written: Written
) -> None:
    assert asks(BEGUN, "init", "--regime", NAME, "-q")[0] == 0
    written(*TIERS, (2, ("MY",)), cap_tpp="1_500_000_000")
    stood = "Open before: 2 countries with 1,580,000,000 TPP allocated.\n"
    cap = f"under {NAME}, with an allocation of 1,500,000,000 TPP from 2028-01-01 on for MY.\n{stood}"
    promised = asks(BEGUN, "init", "--regime", NAME, "-n")[1]
    assert promised.partition(": ")[2] == f"would open {cap}Dry run: nothing was written.\n"
    assert asks(BEGUN, "init", "--regime", NAME)[1].partition(": ")[2] == f"opened {cap}"
    again = asks(BEGUN, "init", "--regime", NAME)[1]
    assert again.partition(": ")[2] == (
        f"is open under {NAME}: 3 countries with 3,080,000,000 TPP allocated.\nNothing had to be written.\n"
    )
    counted = json.loads(asks(BEGUN, "init", "--regime", NAME, "--json")[1])
    assert (counted["posted"], counted["replayed"], counted["basis"]["seq"]) == (0, 3, 3)


def test_a_country_that_the_file_got_later_is_not_opened_by_one_person_where_it_takes_two(
    asks: Asks, written: Written
) -> None:
    assert asks(BEGUN, "db", "init", "--shared", "--regime", NAME)[0] == 0
    assert asks(BEGUN, "init", "--regime", NAME)[0] == 0  # all of it is there
    written(*TIERS, (2, ("MY",)))
    for more in ((), ("-n",)):
        status, _, told = asks(BEGUN, "init", "--regime", NAME, *more)
        assert status == 77
        assert "MY: allocate of 790,000,000 TPP: every allocate takes two people" in told
        assert "propose it (tppq propose)" in told
    assert asks(BEGUN, "headroom", "--json")[1].count('"country":') == 2
    assert asks(BEGUN, "user", "role", OFFICER, "admin", "auditor")[0] == 0
    trail = json.loads(asks(BEGUN, "audit", "--json")[1])["rows"]
    assert [row["outcome"] for row in trail].count("denied") == 1  # a dry run leaves none


# ---------------------------------------------------------------------------------------- tiers that change


def left_tier_2(written: Written, tier: int) -> None:
    """Under the rule of 2025, AE is of another tier from September 2026 on."""
    written(
        listed(1, ("US",), "valid_from = 2025-01-01"),
        listed(2, ("AE", "SA"), "valid_from = 2025-01-01\nvalid_to = 2026-08-31"),
        listed(2, ("SA",), "valid_from = 2026-09-01"),
        listed(tier, ("AE",), "valid_from = 2026-09-01"),
        name="diffusion-2025", period_from="2025-01-01", period_to="2027-12-31",
    )  # fmt: skip


@pytest.mark.parametrize("tier", [1, 3])
def test_what_a_country_that_left_tier_2_is_sent_under_its_older_license_is_no_break(
    written: Written, tmp_path: Path, tier: int
) -> None:
    left_tier_2(written, tier)
    night = Night(f"sqlite:///{tmp_path}/q.db")
    with night.ledger as ledger:
        night.quota("AE", "SA")
        night.license("L1", "AE")
        night.license("L2", "SA")
        night.export("X1/1", "L1", 200)
        night.export("X2/1", "L1", 100)
        night.export("X3/1", "L2", 100)
        night.shipped["X2/1"]["license_no"] = ""  # a vendor need not know it: the declaration does
        answer = ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out")
    assert answer.rows() == []
    with (tmp_path / "out" / answer.basis["run"] / "sources.csv").open(encoding="utf-8") as file:
        assert {row["source"]: row["fatal"] for row in csv.DictReader(file)} == {
            "licenses": "0", "declarations": "0", "shipments": "0",
        }  # fmt: skip


def test_what_left_under_a_license_in_time_is_no_break_once_the_rest_of_it_is_revoked(
    written: Written, tmp_path: Path
) -> None:
    left_tier_2(written, 3)
    night = Night(f"sqlite:///{tmp_path}/q.db")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE", 1_000, state="revoked")
        night.export("X1/1", "L1", 200)
        rest_tpp = night.licensed["L1"]["licensed_tpp"] // 5 * 4
        night.post("release", "AE", "2026-11-01", license_no="L1", tpp=rest_tpp, reason="revoked")
        rows = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
    assert rows == []


def test_what_went_to_a_country_before_it_joined_tier_2_is_a_break_whatever_license_it_has_now(
    written: Written, tmp_path: Path
) -> None:
    written(
        listed(1, ("US",), "valid_from = 2025-01-01"),
        listed(2, ("SA",), "valid_from = 2025-01-01"),
        listed(3, ("AE",), "valid_from = 2025-01-01\nvalid_to = 2026-02-28"),
        listed(2, ("AE",), "valid_from = 2026-03-01"),
        name="diffusion-2025", period_from="2025-01-01", period_to="2027-12-31",
    )  # fmt: skip
    night = Night(f"sqlite:///{tmp_path}/q.db")
    with night.ledger as ledger:
        night.post("allocate", "AE", "2026-03-01", tpp=790_000_000)
        night.license("L1", "AE")
        night.told("X1/1", "L1", 10, on="2026-02-20")
        rows = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
    assert ("COUNTRY", "critical") in {(row["code"], row["severity"]) for row in rows}


def test_what_a_country_that_left_tier_2_is_sent_without_a_license_of_its_own_is_one(
    written: Written, tmp_path: Path
) -> None:
    left_tier_2(written, 1)
    night = Night(f"sqlite:///{tmp_path}/q.db")
    with night.ledger as ledger:
        night.quota("AE", "SA")
        night.license("L1", "AE")
        night.license("L2", "SA")
        night.told("X1/1", "L1", 10)
        night.declared["X1/1"] |= {"license_no": "L9"}
        night.told("X2/1", "L2", 10)
        night.declared["X2/1"] |= {"country": "AE"}
        night.told("X3/1", "L1", 10)
        night.declared["X3/1"] |= {"unit": "KG"}
        night.shipped.clear()
        rows = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
    assert sorted((row["key"], row["code"], row["source_says"]) for row in rows) == [
        ("X1/1", "COUNTRY", "AE"),
        ("X2/1", "COUNTRY", "AE"),
        ("X3/1", "UNIT", "KG"),
    ]


@pytest.mark.parametrize("until", ["2026-09-30", "2027-03-01"], ids=["it had expired", "it was given back"])
def test_what_is_sent_to_tier_3_under_a_license_that_is_not_in_force_is_a_critical_break(
    written: Written, tmp_path: Path, until: str
) -> None:
    left_tier_2(written, 3)
    night = Night(f"sqlite:///{tmp_path}/q.db")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE", until=until)
        held_tpp = night.licensed["L1"]["licensed_tpp"]
        if until > LEFT:
            night.post("release", "AE", "2026-09-15", license_no="L1", tpp=held_tpp, reason="surrendered")
        night.told("X1/1", "L1", 10)
        rows = ledger.reconcile(night.write(tmp_path / "feeds")).rows()
    assert ("COUNTRY", "critical") in {(row["code"], row["severity"]) for row in rows}


# ------------------------------------------------------------------------------------------- its own words


def test_the_total_of_one_country_says_country(asks: Asks, written: Written) -> None:
    written((2, ("AE",)), (3, ("CN",)))
    assert asks(BEGUN, "init", "--regime", NAME)[1].endswith("on for each of 1 country.\n")
    assert "1 country " in asks(BEGUN, "headroom", "--format", "plain")[1]


def test_a_refusal_cites_the_file_of_the_regime(asks: Asks, written: Written, tmp_path: Path) -> None:
    written(license_years="2", license_term_by='"99 FR 2"')
    asks(BEGUN, "init", "--regime", NAME)
    (tmp_path / "l.csv").write_text(
        "kind,country,effective_on,license_no,tpp,expires_on\n"
        "license,AE,2028-03-01,L1,5,2030-03-02\nlicense,CN,2028-03-01,L2,5,\n",
        encoding="utf-8",
    )
    told = "".join(asks(BEGUN, "post", "--each", "--json", "l.csv")[1:])
    assert "CN is Tier 3 on 2028-03-01 (99 FR 1, list 3): a policy of denial applies" in told
    assert "runs to 2030-03-01 at the latest (2 years, 99 FR 2)" in told
    assert "750.7" not in told


def test_a_forecast_asks_for_what_the_regime_calls_critical(url: str, written: Written) -> None:
    written(critical_percent="80")
    with Ledger.init(url, NAME, clock=Clock(BEGUN)) as ledger:
        rows = ledger.forecast("AE").rows()
        assert [row["percent"] for row in rows] == [80, 80, 80, 100, 100, 100]
        reported = ledger.report("forecast", country="AE").rows()
    assert {row["percent"] for row in reported} == {80, 100}


def test_what_fits_beside_pending_proposals_adds_up_on_the_screen(asks: Asks, tmp_path: Path) -> None:
    asks(BEGUN, "db", "init", "--shared", "--regime", NAME)
    asks(BEGUN, "user", "role", OFFICER, "admin", "officer")
    (tmp_path / "l.csv").write_text(
        "kind,country,effective_on,license_no,tpp\nlicense,AE,2028-03-01,L1,600000000\n", encoding="utf-8"
    )
    assert asks(BEGUN, "propose", "l.csv")[0] == 0
    status, shown, _ = asks(BEGUN, "fit", "AE", "--tpp", "200000000", "--format", "plain")
    assert status == 1
    assert shown.splitlines() == [
        "DOES NOT FIT   200,000,000 TPP",
        "  United Arab Emirates' headroom now  790,000,000",
        "  held by pending proposals           600,000,000",
        "  asked                               200,000,000",
        "  short by                             10,000,000",
        (
            "  AE has 190,000,000 TPP (12,001 H100e) left beside pending proposals; 200,000,000 asked; "
            "short by 10,000,000."
        ),
        "  Nothing was reserved.",
    ]
    status, shown, _ = asks(BEGUN, "fit", "AE", "--tpp", "150000000", "--format", "plain")
    assert status == 0
    assert "  left after it                        40,000,000" in shown.splitlines()


def test_a_country_that_left_tier_2_is_closed_from_that_day_on_wherever_it_is_asked(
    written: Written, tmp_path: Path
) -> None:
    left_tier_2(written, 1)
    clock = Clock("2026-08-31")
    states = "select country, control_state from headroom() order by country"
    open_, closed = (
        [{"country": "AE", "control_state": state}, {"country": "SA", "control_state": "none"}]
        for state in ("none", "closed")
    )
    with Ledger.init(f"sqlite:///{tmp_path}/q.db", clock=clock) as ledger:
        assert ledger.sql(states).rows() == open_
        clock.set("2026-09-01")
        assert ledger.sql(states).rows() == closed
        assert not ledger.fit("AE", tpp=5).rows()[0]["fits"]
        for asked in (None, "2026-09-01", "2027-05-05"):
            rows = {row["country"]: row["control_state"] for row in ledger.headroom(as_of=asked).rows()}
            assert rows == {"AE": "closed", "SA": "none"}
        assert ledger.headroom("AE", as_of="2026-08-31").rows()[0]["control_state"] == "none"
        assert {row["outcome"] for row in ledger.forecast("AE").rows()} == {"closed"}
        assert {row["outcome"] for row in ledger.forecast("SA").rows()} == {"too few draws"}
        assert ledger.sandboxed_sql(states).rows() == closed
        ledger.post(
            Entry.model_validate(
                {"kind": "block", "country": "SA", "effective_on": "2026-09-01", "tpp": 5, "reason": "kept"}
            )
        )
        ledger.publish(tmp_path / "published")
    with duckdb.connect(tmp_path / "published" / "current" / "tppq.duckdb", read_only=True) as connection:
        published = connection.sql("select country, control_state from headroom order by country").fetchall()
    assert published == [("AE", "closed"), ("SA", "blocked")]
