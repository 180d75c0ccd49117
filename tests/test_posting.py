"""From what people give to posts: names looked up, TPP worked out, request ids given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger import BadQuery, Ledger, SelfApproval, evidence
from ledger.accounts import Asked
from ledger.entry import Entry
from ledger.errors import Refused, UnknownName
from ledger.feed import read_feed
from ledger.model import MOST_TPP
from ledger.posting import Resolver
from tests.books import H100, H100_TPP, REFERENCE


def resolved(**given: Any) -> Asked | Refused:
    """An entry of 1,000 TPP, with what is given in its place."""
    values: dict[str, Any] = dict.fromkeys(
        ("license_no", "device_text", "quantity", "expires_on", "consignee", "exporter", "reference",
         "reason", "holder")
    )  # fmt: skip
    values |= {"kind": "license", "country_text": "AE", "effective_on": "2026-02-01", "tpp": 1_000}
    return Resolver(REFERENCE).resolve(**(values | {"programme": "country"} | given))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("AE", "AE"),
        ("UAE", "AE"),
        ("are", "AE"),
        ("LI", "CH"),
        ("Liechtenstein", "CH"),
        ("HK", "CN"),
    ],
)
def test_a_country_is_charged_to_the_quota_it_follows(text: str, code: str) -> None:
    found = resolved(country_text=text)
    assert isinstance(found, Asked)
    assert (found.country, found.holder, found.quota) == (code, code, f"country/{code}")


def test_tpp_is_worked_out_from_device_and_quantity() -> None:
    found = resolved(device_text=H100, quantity=2_000, tpp=None)
    assert isinstance(found, Asked)
    assert (found.device_id, found.quantity, found.tpp) == (H100, 2_000, 2_000 * H100_TPP)


def test_a_tpp_that_is_stated_stands_until_the_rules_judge_it() -> None:
    found = resolved(device_text=H100, quantity=2_000, tpp=5)
    assert isinstance(found, Asked)
    assert found.tpp == 5


@pytest.mark.parametrize(
    ("given", "detail", "nearest"),
    [
        (
            {"country_text": "Emirats"},
            "no country 'Emirats': the nearest is AE (United Arab Emirates)",
            "AE",
        ),
        (
            {"device_text": "nvidia-h100-sxm5-80g", "quantity": 1},
            "no device 'nvidia-h100-sxm5-80g': the nearest is nvidia-h100-sxm5-80gb (H100 SXM5 80GB)",
            H100,
        ),
        (
            {"programme": "nveu"},
            "no programme 'nveu' in this ledger: it runs country",
            "country",
        ),
        (
            {"holder": "SA"},
            "the holder of a country's quota is the country: 'SA' is not AE; leave it empty",
            "AE",
        ),
        (
            {"holder": "G42"},
            "the holder of a country's quota is the country: 'G42' is not AE; leave it empty",
            "AE",
        ),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_the_nearest(
    given: dict[str, Any], detail: str, nearest: str
) -> None:
    found = resolved(**given)
    assert isinstance(found, UnknownName)
    assert found.detail == detail
    assert found.facts["nearest"] == nearest


def test_the_holder_may_be_written_as_any_name_of_the_country() -> None:
    found = resolved(holder="Emirates")
    assert isinstance(found, Asked)
    assert found.holder == "AE"


def test_a_name_is_looked_up_once_and_answers_the_same() -> None:
    resolver = Resolver(REFERENCE)
    assert resolver.country("nowhere") is resolver.country("nowhere")


# --- submissions ----------------------------------------------------------------------------------


def entry(tpp: int, **more: object) -> Entry:
    fields = {"kind": "allocate", "country": "UAE", "effective_on": "2026-02-01", "tpp": tpp}
    return Entry.model_validate({**fields, **more})


def test_entries_posted_together_are_parts_of_one_request_with_one_body() -> None:
    posts = Resolver(REFERENCE).posts([entry(1), entry(2)], "request")
    assert [(each.request_id, each.part, each.line) for each in posts] == [
        ("request", 0, 1),
        ("request", 1, 2),
    ]
    assert len({each.body_hash for each in posts}) == 1


def test_a_post_without_an_id_is_given_one_and_cannot_be_repeated() -> None:
    resolver = Resolver(REFERENCE)
    (first,), (second,) = resolver.posts([entry(1)], None), resolver.posts([entry(1)], None)
    assert first.request_id != second.request_id
    assert (first.body_hash, second.body_hash) == (None, None)


def test_the_body_is_what_was_asked_every_field_of_it() -> None:
    resolver = Resolver(REFERENCE)
    bodies = [
        entry(1), entry(2), entry(1, reference="R"), entry(1, country="AE"), entry(1, kind="withdraw"),
        entry(1, reverses_seq=1), entry(1, effective_on="2026-02-02"), entry(1, consignee="G42"),
    ]  # fmt: skip
    hashes = [resolver.posts([each], "id")[0].body_hash for each in bodies]
    assert len(set(hashes)) == len(bodies)
    assert resolver.posts([entry(1)], "other id")[0].body_hash == hashes[0]


def test_a_row_of_a_file_and_an_entry_of_a_program_have_one_body(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("kind,country,effective_on,tpp,request_id\nallocate,UAE,2026-02-01,1,id\n", "utf-8")
    resolver = Resolver(REFERENCE)
    with read_feed(str(file)) as feed:
        (batch,) = feed.batches(10)
        (row,) = resolver.batch(batch, "prefix")
    (of_program,) = resolver.posts([entry(1)], "id")
    assert row._replace(line=1) == of_program


def test_a_row_without_an_id_has_the_files_and_its_number(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text(
        "kind,country,effective_on,tpp\nallocate,AE,2026-02-01,1\n\nallocate,XX,2026-02-01,2\n", "utf-8"
    )
    with read_feed(str(file)) as feed:
        (batch,) = feed.batches(10)
        posts = Resolver(REFERENCE).batch(batch, "prefix")
    assert [each.request_id for each in posts] == ["prefix-000000001", "prefix-000000002"]
    assert [type(each.asked) for each in posts] == [Asked, UnknownName]


@pytest.mark.parametrize(
    "more",
    [
        {
            "kind": "license",
            "license_no": "L-1",
            "expires_on": "2026-12-31",
            "device_id": H100,
            "quantity": 8,
        },
        {"kind": "withdraw", "tpp": 5, "reverses_seq": 7, "reason": "a slip", "holder": "AE"},
        {
            "kind": "block",
            "tpp": 5,
            "reason": "inquiry",
            "consignee": "Ünïcode",
            "exporter": "x",
            "reference": "y",
        },
    ],
)
def test_the_body_of_an_entry_is_its_fields_as_a_file_would_give_them(more: dict[str, Any]) -> None:
    entry = Entry.model_validate({"country": "UAE", "effective_on": "2026-02-01", **more})
    fields = entry.model_dump(mode="json")
    if entry.reverses_seq is None:
        del fields["reverses_seq"]
    (post,) = Resolver(REFERENCE).posts([entry], "request-1")
    assert post.body_hash == evidence.body_hash([fields])
    assert isinstance(post.asked, Asked)
    assert type(post.asked.kind) is str


def test_what_a_program_names_itself_is_text(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with pytest.raises(BadQuery, match=r"^actor has a control character"):
        Ledger.open(url, actor="root\x1b[2J")
    entry = Entry.model_validate({"kind": "overrun", "country": "AE", "effective_on": "2026-02-01", "tpp": 1,
                                  "reason": "left"})  # fmt: skip
    with Ledger.init(url, actor="root") as ledger:
        asked: list[Any] = ["a\x9bb", " ", 5, True]
        for request_id in asked:
            with pytest.raises(BadQuery, match=r"^request_id "):
                ledger.post(entry, request_id=request_id)
        with pytest.raises(BadQuery, match=r"^approver "):
            ledger.post(entry, approver="ada\u202e")
        with pytest.raises(SelfApproval):
            ledger.post(entry, approver="Root ")


BEYOND_KEEPING: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown programme": ({"programme": "nveu", "country": "CN"}, "UnknownName"),
    "another holder": ({"holder": "SA", "effective_on": "2030-01-05"}, "UnknownName"),
    "Tier 3": ({"country": "CN", "effective_on": "2030-01-05"}, "DenialPolicy"),
    "Tier 1": ({"country": "FR"}, "NoQuota"),
    "a day to come": ({"effective_on": "2030-01-05"}, "OutsidePeriod"),
    "what does not count": ({"device_id": "nvidia-t4"}, "NotCounted"),
    "nothing else": ({}, "TppMismatch"),
    "a second officer who is the first": ({"reason": "x"}, "TppMismatch"),
    "a reversal of what was never so much": (
        {"kind": "release", "reverses_seq": 1, "reason": "x"},
        "Already",
    ),
}


@pytest.mark.parametrize(("given", "name"), BEYOND_KEEPING.values(), ids=BEYOND_KEEPING)
@pytest.mark.parametrize("stated", [{}, {"tpp": 5}], ids=["worked out", "stated"])
def test_more_tpp_than_can_be_kept_is_said_in_its_turn_and_is_written_nowhere(
    tmp_path: Path, given: dict[str, Any], name: str, stated: dict[str, int]
) -> None:
    fields = {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "L-1"}
    asked = Entry.model_validate({**fields, "device_id": H100, "quantity": MOST_TPP, **stated, **given})
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False, actor="maria") as ledger:
        ledger.post(entry(1_000))
        for _ in range(2):  # judged, and then answered as it was
            with pytest.raises(Refused) as refused:
                ledger.post(asked, request_id="R-1", approver="Maria" if given == {"reason": "x"} else None)
            assert type(refused.value).__name__.startswith(name)
            numbers = [each for each in refused.value.facts.values() if isinstance(each, int)]
            assert max(numbers, default=0) <= MOST_TPP
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == 1_000
