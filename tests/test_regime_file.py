"""The file of a regime: the smallest that runs, and what is refused before anything relies on it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from ledger import reference, regime_file
from ledger.database import Database
from ledger.errors import Misconfigured
from ledger.model import Kind, Regime
from ledger.store import Store
from tests.books import REFERENCE, REGIME

TOP = Path(__file__).parent.parent

SMALLEST = """\
id = "small-2026"
title = "The smallest regime that runs"
status = "choice"
notice = "a test, not a legal balance"
citation = "none"

[allocation]
period_from = 2026-01-01
period_to = 2027-12-31
cap_tpp = 1_000_000_000

[assurances]
max_cap_tpp = 1_000_000_000

[h100_equivalent]
h100_tpp = 16_000

[license]
license_years = 2

[ledger]
watch_percent = 50
critical_percent = 80
tpp_tolerance_percent = 5

[approval]
approval_kinds = ["allocate"]
approval_beyond_headroom = ["overrun"]
approval_reversals_over_tpp = 0
approval_days = 3

[choices]
reexport_credits_origin = true
pending_reserves = false
critical_break_blocks = false
expiry_lag_days = 10

[[country_list]]
list_id = "quota"
tier = 2
valid_from = 2026-01-01
members = ["AE", "SA"]
"""
RECIPES = (TOP / "ledger" / "RECIPES.md").read_text(encoding="utf-8")
DIFFUSION = reference.regimes_folder().joinpath("diffusion-2025.toml").read_text(encoding="utf-8")
SECOND = '\n[[country_list]]\nlist_id = "more"\ntier = 1\nvalid_from = {}\nmembers = ["FR", "SA"]\n'


def regime_of(text: str) -> Regime | None:
    meant = REFERENCE.spellings
    return regime_file.of(
        tomllib.loads(text), REFERENCE.countries, lambda name: meant.get(reference.fold(name), ())
    )


def test_what_a_file_does_not_say_is_cited_by_its_citation() -> None:
    said = {**tomllib.loads(SMALLEST), "citation": "99 FR 1"}
    regime = regime_file.of(said, REFERENCE.countries, lambda _: ())
    assert regime is not None
    assert {regime.license_term_by, *(each.cited_as for each in regime.lists)} == {"99 FR 1"}


def test_the_recipe_has_the_smallest_file() -> None:
    assert textwrap.indent(SMALLEST, "    ") in RECIPES


def instead(written: str, other: str, text: str = SMALLEST) -> str:
    assert written in text
    return text.replace(written, other, 1)


@pytest.fixture(name="here")
def _here(tmp_path: Path) -> Path:
    """A checkout with a folder of regimes of its own, which may take more."""
    for name in ("ledger", "schemas"):
        (tmp_path / name).symlink_to(TOP / name)
    shutil.copytree(TOP / "fixtures" / "reference", tmp_path / "fixtures" / "reference")
    return tmp_path


def put(here: Path, text: str) -> Path:
    """Put the file of a regime, named as the id in it, into the folder of a checkout."""
    regimes = here / "fixtures" / "reference" / "regimes"
    file = regimes / f"{tomllib.loads(text)['id']}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def typed(here: Path, *arguments: str, **around: str) -> tuple[int, str, str]:
    """The command of a checkout, in a process of its own: its status, and what it wrote."""
    command = [sys.executable, "-m", "ledger", *arguments]
    if "--ledger" not in arguments:
        command += ["--ledger", f"sqlite:///{here}/tppq.db"]
    around = {**os.environ, "PYTHONPATH": str(here), "XDG_CONFIG_HOME": str(here), **around}
    ran = subprocess.run(
        command, env=around, cwd=here, capture_output=True, text=True, timeout=60, check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_the_smallest_file_opens_a_ledger_that_posts_and_verifies(here: Path) -> None:
    put(here, SMALLEST)
    (here / "post.csv").write_text(
        "kind,country,effective_on,license_no,tpp\nlicense,AE,2026-02-01,L1,1\n", encoding="utf-8"
    )
    status, said, _ = typed(here, "init", "--regime", "small-2026")
    assert (status, "an allocation of 1,000,000,000 TPP from 2026-01-01 on" in said) == (0, True)
    assert typed(here, "post", "post.csv", "-q")[0] == 0
    status, said, _ = typed(here, "headroom", "--csv", "-q")
    assert [line.split(",")[6] for line in said.splitlines()] == ["headroom_tpp", "999999999", "1000000000"]
    status, said, _ = typed(here, "verify")
    assert (status, "Intact" in said) == (0, True)


def test_a_fact_that_says_for_itself_how_firm_it_is_is_shown_so(here: Path) -> None:
    text = instead("tier = 2", "tier = { value = 2, status = 'secondary' }")
    put(here, instead("cap_tpp = 1_000_000_000", "cap_tpp = { value = 790, status = 'secondary' }", text))
    _, said, _ = typed(here, "regime", "--csv", "-q", TPPQ_REGIME="small-2026")
    assert "\ncap_tpp,790,secondary,none\n" in said
    assert '\nquota from 2026-01-01,"tier 2, count 2, until further notice",choice,none\n' in said


def test_every_shipped_file_can_be_used() -> None:
    assert dict(REFERENCE.unusable) == {}
    assert regime_of(DIFFUSION) == REGIME


@pytest.mark.parametrize(
    ("written", "fact", "key"),
    [
        (
            "cap_tpp = 1_000_000_000",
            "{ value = 1_000_000_000, status = 'secondary', citation = 'C' }",
            "cap_tpp",
        ),
        ("license_years = 2", "{ value = 2 }", "license_years"),
        ("expiry_lag_days = 10", "{ value = 10, status = 'derived' }", "expiry_lag_days"),
        ('members = ["AE", "SA"]', "{ value = ['AE', 'SA'], citation = 'C' }", "members"),
    ],
)
def test_a_fact_may_say_for_itself_how_firm_it_is(written: str, fact: str, key: str) -> None:
    assert regime_of(instead(written, f"{key} = {fact}")) == regime_of(SMALLEST)


REFUSED = r"""
cap_tpp = 1_000_000_000 | cap_tpp = 1e9
    [allocation] says cap_tpp = 1000000000.0: write a whole number from 1 to 9,007,199,254,740,991
cap_tpp = 1_000_000_000 | cap_tpp = true
    [allocation] says cap_tpp = true: write a whole number from 1 to
cap_tpp = 1_000_000_000 | cap_tpp = 'none'
    [allocation] says cap_tpp = "none": write a whole number from 1 to
cap_tpp = 1_000_000_000 | cap_tpp = 0
    [allocation] says cap_tpp = 0: write a whole number from 1 to
cap_tpp = 1_000_000_000 | cap_tpp = 9007199254740992
    cap_tpp = 9007199254740992: write a whole number from 1 to
cap_tpp = 1_000_000_000 | cap_tpp = 1_000_000_001
    max_cap_tpp = 1000000000: write a whole number from 1,000,000,001 to 9,007,199,254,740,991, cap_tpp at
cap_tpp = 1_000_000_000 | cap_tpp = { AE = 5, SA = 7 }
    [allocation] has a table cap_tpp within it: write cap_tpp = { value, status, citation }
cap_tpp = 1_000_000_000\n | #\n
    [allocation] does not say cap_tpp: write a whole number from 1 to
period_from = 2026-01-01 | period_from = 2026-01-01T00:00:00Z
    says period_from = 2026-01-01 00:00:00+00:00: write a day without quotes, such as 2028-01-01
period_from = 2026-01-01 | period_from = '2026-01-01'
    says period_from = "2026-01-01": write a day
period_from = 2026-01-01 | period_from = 2028-01-01
    says period_to = 2027-12-31: write a day from 2028-01-01, period_from, on
period_from | period_form
    [allocation] says period_form, which this version does not know: the nearest is period_from
h100_tpp = 16_000 | h100_tpp = 0
    [h100_equivalent] says h100_tpp = 0: write a whole number from 1 to
h100_tpp = 16_000 | h100_tpp = 15831.2
    [h100_equivalent] says h100_tpp = 15831.2: write a whole number from 1
watch_percent = 50 | watch_percent = 80
    [ledger] says watch_percent = 80: write a whole number from 1 to 79, below critical_percent
watch_percent = 50 | watch_percent = 75.5
    [ledger] says watch_percent = 75.5: write a whole number from 1 to 79
critical_percent = 80 | critical_percent = 101
    says critical_percent = 101: write a whole number from 2 to 100
tpp_tolerance_percent = 5 | tpp_tolerance_percent = -1
    = -1: write a whole number from 0 to 100
license_years = 2 | license_years = 0.5
    [license] says license_years = 0.5: write a whole number from 1 to 99
license_years = 2 | license_years = 9000
    [license] says license_years = 9000: write a whole number from 1 to
"allocate" | "allocate", "licence"
    [approval] has "licence" in approval_kinds: the nearest is license
["allocate"] | "allocate"
    [approval] says approval_kinds = "allocate": write a list of text
approval_days = 3 | approval_days = 0
    [approval] says approval_days = 0: write a whole number from 1 to 36,500
tier = 2 | tier = "2"
    [[country_list]] 1 of 1 says tier = "2": write a whole number from 1 to 3
tier = 2 | tier = 4
    [[country_list]] 1 of 1 says tier = 4: write a whole number from 1 to 3
tier = 2 | tier = 1
    no [[country_list]] of tier = 2 has a country on 2026-01-01, the first day
valid_from = 2026-01-01 | valid_from = 2026-01-13
    has a country on 2026-01-01, the first day of its period: write one with valid_from = 2026-01-01
["AE", "SA"] | []
    no [[country_list]] of tier = 2 has a country on 2026-01-01
["AE", "SA"] | ["AE", "UK"]
    [[country_list]] 1 of 1 has "UK" in members: write GB
["AE", "SA"] | ["ae", "SA"]
    [[country_list]] 1 of 1 has "ae" in members: write AE
["AE", "SA"] | ["AE", "ZZ"]
    has "ZZ" in members: write ISO 3166-1 alpha-2, such as AE
["AE", "SA"] | ["AE", "AE"]
    has "AE" in members twice: write it once
["AE", "SA"] | "AESA"
    [[country_list]] 1 of 1 says members = "AESA": write a list of text
valid_from = 2026-01-01 | valid_from = 2026-01-01\nvalid_to = 2025-12-31
    says valid_to = 2025-12-31: write a day from 2026-01-01, valid_from, on
list_id = "quota"\n | #\n
    [[country_list]] 1 of 1 does not say list_id: write one line of text
[[country_list]] | [country_list]
    it has no [[country_list]]: write one or more with list_id
[approval] | [approved]
    it has approved, which this version does not know: the nearest is approval
expiry_lag_days = 10 | expiry_lag = 10
    [choices] says expiry_lag, which this version does not know: the nearest is expiry_lag_days
[license] | [dates]
    it has no table [license]: write one with license_years
[allocation] | [alocation]
    it has alocation, which this version does not know: the nearest is allocation
[allocation] | [operators.g42]\nshare = 20\n[allocation]
    it has operators, which this version does not know: it knows id, status, title, notice, citation
[allocation] | [limits]\nmax_chip_tpp_exclusive = 21000\n[allocation]
    it has [limits], which nothing here obeys: take it out
[allocation] | [dates]\nheard = [{ on = 2026-01-01 }]\n[allocation]
    [dates] has tables or lists in the list heard: write its members bare
[allocation] | [programme]\nx = 5\n[allocation]
    it has facts in [programme]: write them in [programme.NAME]
[allocation] | [programme.x]\nsteps = [{ from = 2026-01-01, cap = 5 }]\n[allocation]
    step 1 of [programme.x] says cap, which this version does not know: the nearest is cap_tpp
status = "choice" | status = "sure"
    it says status = "sure": write one of confirmed, secondary, derived, choice
title = "The smallest regime that runs" | title = 5
    it says title = 5: write one line of text in quotes
notice = "a test, not a legal balance" | notice = "a\tb"
    it says notice = "a␉b": write one line of text
citation = "none"\n | #\n
    it does not say citation: write one line of text
"""
"""What is written, and what instead; then what is said of it."""

NOT_OBEYED = r"""
counted_from_tpp = 4800 | counted_from_tpp = 20000
    what counts is in device.csv, by 3A090.a: write 4800
counted_dense_from_tpp = 1600 | counted_dense_from_tpp = 1600.0
    in device.csv, by 3A090.a: write 1600
counted_performance_density = "5.92" | counted_performance_density = "3.2"
    write "5.92"
"3A090.a", "4A090.a", | "3A090.a",
    what counts is in device.csv
license_quantity_tolerance_percent = 0 | license_quantity_tolerance_percent = 10
    a licensed quantity is never exceeded: write 0
license_one_country = true | license_one_country = false
    a license is for one country: write true
license_one_country = true | license_one_country = 1
    a license is for one country: write true
assured_countries = [] | assured_countries = ["AE"]
    an allocate may raise any Tier 2 country to max_cap_tpp: write []
max_uplift_percent = 100 | max_uplift_percent = 50
    max_cap_tpp says how far a cap may be raised: write 100
not_counted_before = 2025-01-01 | not_counted_before = 2025-05-15
    may take effect from period_from on: write 2025-01-01
above_cap = "policy of denial" | above_cap = "case by case"
    what is above a cap is refused: write "policy of denial"
draws_country_cap = false | draws_country_cap = true
    licenses alone draw it: write false
value = "first come, first served" | value = "by lot"
    each request is judged as it is posted: write "first come, first served"
"""


def cases(text: str) -> list[tuple[str, str, str]]:
    lines = text.strip().splitlines()
    changes = [change.replace(r"\n", "\n").partition(" | ") for change in lines[::2]]
    return [(old, new, said.strip()) for (old, _, new), said in zip(changes, lines[1::2], strict=True)]


@pytest.mark.parametrize(("written", "other", "said"), cases(REFUSED))
def test_what_cannot_be_run_is_refused_with_its_place_and_what_to_write(
    written: str, other: str, said: str
) -> None:
    with pytest.raises(Misconfigured) as refusal:
        regime_of(instead(written, other))
    assert refusal.value.detail.startswith("the regime file small-2026.toml cannot be used: ")
    assert said in refusal.value.detail


@pytest.mark.parametrize("kind", [kind.value for kind in Kind if kind not in ("overrun", "withdraw")])
def test_only_what_verify_lets_overdraw_may_be_let_to(kind: str) -> None:
    with pytest.raises(Misconfigured, match="only overrun and withdraw may take headroom below zero"):
        regime_of(instead('["overrun"]', f'["overrun", "{kind}"]'))


def test_a_country_is_in_one_list_on_a_day() -> None:
    later = instead("valid_from = 2026-01-01", "valid_from = 2026-01-01\nvalid_to = 2026-06-30")
    assert regime_of(later + SECOND.format("2026-07-01")) is not None
    with pytest.raises(Misconfigured) as refusal:
        regime_of(later + SECOND.format("2026-06-30"))
    assert refusal.value.detail.endswith(
        "[[country_list]] 2 of 2 has SA on 2026-06-30, as [[country_list]] 1 of 2 has: "
        "a country is in one list on a day"
    )


@pytest.mark.parametrize(("written", "other", "why"), cases(NOT_OBEYED))
def test_a_fact_that_would_be_shown_and_not_obeyed_is_refused(written: str, other: str, why: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        regime_of(instead(written, other, DIFFUSION))
    assert "which nothing here obeys, as " in refusal.value.detail
    assert why in refusal.value.detail
    assert refusal.value.detail.endswith(" or leave it out")


@pytest.mark.parametrize("name", ["uae 2026", "uae+sa", "émirats-2026", "uae'26", "x" * 101])
def test_a_regimes_id_is_one_that_a_signed_ledger_can_bear(name: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(f'it says id = "{name[:59]}')):
        regime_of(instead("small-2026", name))


def test_no_head_is_opened_with_an_origin_that_cannot_be_signed(store_url: str) -> None:
    with closing(Store(Database(store_url, 1))) as store:
        store.database.create()
        with pytest.raises(Misconfigured, match="no ledger can be named tppq/uae 2026/"):
            store.open_head("uae 2026")


def test_a_file_that_cannot_be_used_stops_the_ledgers_that_run_it_and_no_other(here: Path) -> None:
    said = "the regime file small-2026.toml cannot be used: [license] does not say license_years"
    small = f"sqlite:///{here}/small.db"
    put(here, SMALLEST)
    assert typed(here, "init", "--regime", "small-2026", "-q", "--ledger", small)[0] == 0
    put(here, instead("license_years = 2\n", ""))
    assert typed(here, "init", "-q")[0] == 0
    assert typed(here, "headroom", "AE", "-q")[0] == 0
    status, told, _ = typed(here, "doctor", "--csv", "-q")
    assert status == 0
    assert [line.split(",")[1] for line in told.splitlines() if said in line] == ["warn"]
    for ledger in (small, f"sqlite:///{here}/new.db"):
        status, _, told = typed(here, "init", "--regime", "small-2026", "--ledger", ledger)
        assert (status, said in told) == (78, True)
    assert not (here / "new.db").exists()
    for verb in ("headroom", "regime"):
        status, _, told = typed(here, verb, "--ledger", small)
        assert (status, said in told) == (78, True)
    status, told, _ = typed(here, "doctor", "--csv", "-q", "--ledger", small)
    assert status == 1
    assert [line.split(",")[1] for line in told.splitlines() if said in line] == ["warn", "fail"]


def test_the_doctor_names_every_file_that_cannot_be_used_and_why(here: Path) -> None:
    regimes = put(here, SMALLEST).parent
    for name, text in {
        "no-toml": b'id = "no-toml"\ntitle =\n',
        "copied": b'id = "diffusion-2025"\n',
        "nameless": b'title = "N"\n',
        "latin": 'id = "latin"\ntitle = "Émirats"\n'.encode("latin-1"),
    }.items():
        (regimes / f"{name}.toml").write_bytes(text)
    status, said, _ = typed(here, "doctor", "--json", "-q")
    checks = {check["check"]: check for check in json.loads(said)["rows"]}
    found = checks["reference data"]
    assert (status, found["state"]) == (0, "warn")
    assert "under diffusion-2025, small-2026; " in found["found"]
    for each in (
        "no-toml.toml cannot be used: Invalid value (at line 2, column 8)",
        'copied.toml cannot be used: it says id = "diffusion-2025": write "copied", as the file is named',
        'nameless.toml cannot be used: it does not say id: write "nameless", as the file is named',
        "latin.toml cannot be used: 'utf-8' codec can't decode byte 0xc9",
    ):
        assert f"; the regime file {each}" in found["found"]
    assert found["advice"].startswith(f"mend it in {regimes}, or take it out")


def test_a_ledger_whose_regime_is_not_here_says_where_its_file_belongs(here: Path) -> None:
    file = put(here, SMALLEST)
    for arguments in (("init", "--regime", "small-2026"), ("export", "log.jsonl"), ("backup", "backup.db")):
        assert typed(here, *arguments, "-q")[0] == 0
    file.unlink()
    said = f"the ledger runs small-2026, whose file small-2026.toml is not in {file.parent}: put it there"
    copy = ("--ledger", f"sqlite:///{here}/copy.db")
    taken = [("import", "log.jsonl", *copy), ("restore", "backup.db", *copy)]
    for verb, *rest in (("headroom",), ("verify",), ("regime",), ("db", "check"), *taken):
        status, _, told = typed(here, verb, *rest)
        assert (status, said in told) == (78, True), verb
    assert not (here / "copy.db").exists()
    status, told, _ = typed(here, "doctor", "--csv", "-q")
    assert (status, [line.split(",")[1] for line in told.splitlines() if said in line]) == (1, ["fail"])
    status, _, told = typed(here, "init", "--regime", "small-2027", *copy)  # somebody typed it
    assert (status, "no regime 'small-2027'" in told) == (78, True)
