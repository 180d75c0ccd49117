from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger import BadFeed, Entry, Kind, Ledger, Outcome, read_feed
from ledger.accounts import balances
from ledger.errors import REFUSALS
from ledger.model import BUCKETS
from tests import outside, sample
from tests.clock import Clock
from tests.sample import Sample
from tests.sample_cases import AWKWARD

FIXTURES = Path(__file__).parent.parent / "fixtures" / "sample"
GOLDEN = Path(__file__).parent / "golden"
TODAY, THROUGH = "2026-11-22", "2026-10-31"
FROM_A_PROGRAM = {"AlreadyReversed", "SelfApproval"}
"""Refusals that no file provokes by itself: they need an entry to reverse, or an approver."""


class Told(NamedTuple):
    """A sample, the ledger it was posted to, and what the ledger answered."""

    sample: Sample
    url: str
    ledger: Ledger
    outcome: Outcome


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The sample of fixtures/sample, posted whole to SQLite."""
    folder = tmp_path_factory.mktemp("sample")
    written = sample.write(folder)
    url = f"sqlite:///{folder / 'tppq.db'}"
    with Ledger.init(url, clock=Clock(TODAY), actor="officer") as ledger:
        yield Told(written, url, ledger, sample.post(ledger, written))


def planned(written: Sample) -> dict[int, str]:
    """What its author says of the rows that are not simply posted, by line."""
    with written.outcome.open(encoding="utf-8", newline="") as file:
        return {int(row["line"]): row["outcome"] for row in csv.DictReader(file)}


def answered(outcome: Outcome) -> dict[int, str]:
    return {each.line: type(each.refusal).__name__ for each in outcome.declined}


# ------------------------------------------------------------------------------------------- the files


@pytest.mark.parametrize("name", ["ledger.csv", "approved.csv", "amended.csv", "outcome.csv"])
def test_the_sample_is_what_its_seed_gives_byte_for_byte(
    name: str, told: Told, golden: Callable[[Path, str], None]
) -> None:
    golden(FIXTURES / name, (told.sample.ledger.parent / name).read_bytes().decode())


def test_every_file_of_the_folder_is_explained_in_it() -> None:
    told = (FIXTURES / "SOURCES.md").read_text(encoding="utf-8")
    files = {path.name for path in FIXTURES.iterdir()} - {"SOURCES.md"}
    assert {name for name in files if f"| `{name}` |" not in told} == set()


def test_another_seed_gives_another_sample(tmp_path: Path) -> None:
    one, other = (sample.write(tmp_path / str(seed), seed, rows=1_000) for seed in (1, 2))
    assert one.ledger.read_bytes() != other.ledger.read_bytes()


def test_a_sample_has_as_many_rows_as_were_asked_for(tmp_path: Path) -> None:
    for rows in (200, 1_001, 30_000):
        assert len(sample.write(tmp_path, rows=rows).ledger.read_text("utf-8").split("\n")) == rows + 2


# ---------------------------------------------------------------------------------------- what it holds


def test_the_ledger_answers_every_row_as_its_author_planned(told: Told) -> None:
    plan = planned(told.sample)
    assert answered(told.outcome) == {line: what for line, what in plan.items() if what != "replayed"}
    assert told.outcome.replayed == list(plan.values()).count("replayed")


def test_the_sample_posts_and_refuses_just_so_many(told: Told) -> None:
    assert (told.outcome.posted, told.outcome.replayed, told.outcome.refused) == (19_500, 16, 500)
    assert Counter(answered(told.outcome).values()) == {
        "OverHeadroom": 118, "OverLicense": 100, "LicenseExpired": 53, "UnknownName": 49,
        "UnknownLicense": 44, "DenialPolicy": 39, "OutsidePeriod": 32, "NoQuota": 24, "TppMismatch": 22,
        "NotCounted": 14, "IdReused": 5,
    }  # fmt: skip


def test_every_refusal_that_a_file_can_provoke_is_there(told: Told) -> None:
    assert set(answered(told.outcome).values()) == REFUSALS.keys() - FROM_A_PROGRAM


def test_every_kind_and_every_reason_to_release_is_there(told: Told) -> None:
    entries = outside.entries(told.url)
    assert {entry["kind"] for entry in entries} == set(Kind)
    reasons = {entry["reason"].split()[0].rstrip(":") for entry in entries if entry["kind"] == "release"}
    assert reasons >= {"expired", "revoked", "surrendered", "reduced", "superseded"}


def test_every_state_of_a_balance_a_control_and_a_license_is_there(told: Told) -> None:
    countries = told.ledger.headroom(as_of=THROUGH).rows()
    assert {row["balance_state"] for row in countries} == {
        "open", "watch", "critical", "exhausted", "overdrawn",
    }  # fmt: skip
    assert {row["control_state"] for row in countries} == {"none", "blocked", "suspended", "closed"}
    assert {row["license_state"] for row in told.ledger.licenses(as_of=THROUGH)} == {
        "active", "exhausted", "expired", "released", "revoked", "superseded", "surrendered", "void",
    }  # fmt: skip


def test_each_country_of_the_cases_is_in_the_state_that_is_said_of_it(told: Told) -> None:
    states = {
        "KW": "exhausted", "OM": "exhausted", "JO": "critical", "TN": "watch", "EG": "watch", "MA": "open",
        "GE": "open", "AL": "open", "QA": "overdrawn", "BH": "overdrawn", "KH": "open", "CH": "open",
    }  # fmt: skip
    rows = {row["country"]: row for row in told.ledger.headroom(*states, as_of=THROUGH)}
    assert {country: rows[country]["balance_state"] for country in states} == states


def test_a_country_that_was_reopened_has_an_event_each_way(told: Told) -> None:
    query = "select from_state, to_state from state_event where country = $country order by seq"
    events = told.ledger.sql(query, country="GE").rows()
    assert [(row["from_state"], row["to_state"]) for row in events] == [
        (None, "open"), ("open", "exhausted"), ("exhausted", "open"),
    ]  # fmt: skip


def test_awkward_texts_come_back_as_they_were_given(told: Told) -> None:
    consignees = [row["consignee"] for row in told.ledger.licenses("MU", as_of=THROUGH)]
    given = {unicodedata.normalize("NFC", text).strip() for text in AWKWARD}
    assert given <= set(consignees)
    assert "界" * 2_000 in consignees


# ----------------------------------------------------------------------------------- what it comes to


def test_what_each_country_has_left_is_in_headroom_csv(
    told: Told, golden: Callable[[Path, str], None]
) -> None:
    rows = told.ledger.headroom(as_of=THROUGH).rows()
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    golden(FIXTURES / "headroom.csv", text.getvalue())


def test_each_refusal_reads_as_in_the_file_of_examples(
    told: Told, golden: Callable[[Path, str], None]
) -> None:
    """One example a sentence: refusals that differ in nothing but names and figures are told once."""
    shown: dict[str, str] = {}
    for each in told.outcome.declined:
        name = type(each.refusal).__name__
        words = [word for word in str(each.refusal).split() if word.isalpha() and word.islower()]
        shown.setdefault(" ".join([name, *words]), f"{name}: {each.refusal} (line {each.line:,})\n")
    golden(GOLDEN / "sample_refusals.txt", "".join(sorted(shown.values())))


def test_a_sample_posts_alike_on_both_stores(store_url: str, tmp_path: Path) -> None:
    rows = 20_000 if store_url.startswith("sqlite") else 5_000
    written = sample.write(tmp_path, seed=7, rows=rows)
    with Ledger.init(store_url, clock=Clock(TODAY), actor="officer") as ledger:
        outcome = sample.post(ledger, written)
        headroom = ledger.headroom(as_of=THROUGH).rows()
        verified = ledger.verify()
    plan = planned(written)
    assert answered(outcome) == {line: what for line, what in plan.items() if what != "replayed"}
    assert outcome.posted + outcome.refused == rows
    assert verified.rows() == []
    assert {row["country"]: row["headroom_tpp"] for row in headroom} == written.left_tpp


def test_duckdb_the_stored_balances_the_fold_and_the_author_say_the_same(told: Told) -> None:
    entries = outside.entries(told.url)
    fold = balances((row["quota"], row["kind"], row["license_no"], row["tpp"]) for row in entries)
    stored = {
        (row["quota"], row["license_no"], bucket): row[f"{bucket}_tpp"]
        for row in outside.contents(told.url, outside.BALANCE)["balance"]
        for bucket in BUCKETS
    }
    assert {key: tpp for key, tpp in stored.items() if tpp} == {key: tpp for key, tpp in fold.items() if tpp}
    in_duckdb = {row["country"]: row["headroom_tpp"] for row in told.ledger.headroom(as_of=THROUGH)}
    assert in_duckdb == {country: fold[f"country/{country}", "", "headroom"] for country in in_duckdb}
    assert in_duckdb == told.sample.left_tpp


def test_the_history_of_the_sample_is_intact(told: Told) -> None:
    assert told.ledger.verify().rows() == []


def test_posting_the_sample_again_changes_nothing(tmp_path: Path) -> None:
    written = sample.write(tmp_path, rows=1_000)
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.init(url, clock=Clock(TODAY)) as ledger, read_feed(str(written.ledger)) as feed:
        first = ledger.post_file(feed, each=True)
        head = ledger.headroom().basis["head_hash"]
        second = ledger.post_file(feed, each=True)
        assert ledger.headroom().basis["head_hash"] == head
    assert second.replayed == second.posted == first.posted
    assert answered(second) == answered(first)


# ------------------------------------------------------------------------------------ what is unreadable


def test_every_unreadable_row_is_told_with_its_line_its_column_and_what_to_write(
    golden: Callable[[Path, str], None],
) -> None:
    with read_feed(str(FIXTURES / "unreadable.csv")) as feed:
        told = [f"{fault.line:>4}  {fault.column or '':<12}  {fault.reason}\n" for fault in feed.faults]
        good = [line for batch in feed.batches() for line in batch.lines]
    golden(GOLDEN / "unreadable.txt", "".join(told))
    assert good == [2]


def test_a_file_with_an_unreadable_row_writes_nothing(ledger: Ledger) -> None:
    head = ledger.headroom().basis["head_hash"]
    with read_feed(str(FIXTURES / "unreadable.csv")) as feed, pytest.raises(BadFeed) as caught:
        ledger.post_file(feed, each=True)
    assert len(caught.value.faults) == len(feed.faults)
    assert ledger.headroom().basis["head_hash"] == head


def test_a_program_is_held_to_what_a_file_is(told: Told) -> None:
    """Every row of the sample also makes an `Entry`, the refused ones too: they are well formed."""
    with read_feed(str(told.sample.ledger)) as feed:
        names = [name for name in Entry.model_fields if name != "reverses_seq"]
        for batch in feed.batches():
            for values in zip(*(batch.columns[name] for name in names), strict=True):
                Entry.model_validate(dict(zip(names, values, strict=True)))
