"""The canonical form and the chain: three hands build them alike, over every column."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import Entry, Ledger, evidence
from ledger.model import MOST_TPP
from ledger.tables import ENTRY
from tests.clock import Clock
from tests.outside import by_hand, entries
from tests.postgres import Postgres

DAY = "2026-02-01"
FIRST = "0" * 64
HARD = [
    'quoted "twice" and \\ slashed / both ways',
    "Zürich, São Tomé, Đà Nẵng, الإمارات, 日本, ไทย",
    "beyond the basic plane: 🛰️ 𐎠𐎢 \U0010ffff",
    "line separators of Unicode: \u2028 and \u2029, no-break\u00a0space, zero width\u200b.",
    "decomposed: e\u0301 a\u030a",
    "</script>&amp;' -- ; drop table entry",
    "{}[]:, null true 1e400 \\u0041 \\n",
    "\ufeffbyte order mark, \ufffd, private \ue000",
    "=1+2",
]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)


def entry(kind: str, tpp: int, **more: object) -> Entry:
    return Entry.model_validate({"kind": kind, "country": "AE", "effective_on": DAY, "tpp": tpp, **more})


@given(st.dictionaries(st.sampled_from(evidence.HASHED), st.none() | TEXT | st.integers(-MOST_TPP, MOST_TPP)))
@settings(deadline=None, max_examples=200)
def test_the_canonical_form_is_that_of_rfc_8785_byte_for_byte(fields: dict[str, Any]) -> None:
    assert evidence.canonical(fields) == rfc8785.dumps(fields)


def test_python_and_the_store_and_rfc_8785_agree_on_hard_texts_and_great_numbers(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="márïa “m”", clock=Clock(DAY)) as ledger:
        ledger.post(entry("allocate", 1_580_000_000), request_id=HARD[0])
        for number, text in enumerate(HARD):
            named = {"consignee": text, "exporter": text, "reference": text, "reason": text}
            ledger.post(entry("license", number + 1, license_no=text, **named), approver=text)
        ledger.post(entry("overrun", MOST_TPP, reason="the most there is"), approver="omar")
        assert ledger.verify().rows() == []
    stored = entries(store_url)
    assert [row["hash"] for row in stored] == [by_hand(row) for row in stored]
    assert [row["prev_hash"] for row in stored] == [FIRST, *(row["hash"] for row in stored[:-1])]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=40))
@settings(deadline=None, max_examples=15)
def test_they_agree_on_any_text(texts: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory(prefix="tppq-") as folder:
        url = f"sqlite:///{folder}/tppq.db"
        with Ledger.init(url, opening=False) as ledger:
            ledger.post(*(entry("allocate", 5, consignee=one, reference=two) for one, two in texts))
            assert ledger.verify().rows() == []
        stored = entries(url)
        assert [row["hash"] for row in stored] == [by_hand(row) for row in stored]


def test_the_same_posts_have_the_same_hashes_on_both_databases(tmp_path: Path, postgres: Postgres) -> None:
    urls = [f"sqlite:///{tmp_path / 'tppq.db'}", postgres.create()]
    for url in urls:
        with Ledger.init(url, actor="maria", clock=Clock(DAY)) as ledger:
            ledger.post(entry("license", 5, license_no="L1", consignee=HARD[1]), request_id="one")
            ledger.post(
                entry("export", 3, license_no="L1"), entry("block", 2, reason="why"), request_id="two"
            )
            ledger.reverse(160, "cancelled", request_id="three")
    assert entries(urls[0]) == entries(urls[1])
    postgres.drop(urls[1])


def test_every_column_but_the_chains_own_is_hashed() -> None:
    assert set(evidence.COLUMNS) == {column.name for column in ENTRY.columns}
    assert set(evidence.COLUMNS) - set(evidence.HASHED) == {"prev_hash", "hash"}
    assert list(evidence.HASHED) == sorted(evidence.HASHED)


def test_a_body_has_one_hash_in_whatever_order_its_fields_come() -> None:
    body: dict[str, Any] = {"kind": "license", "tpp": 5, "reason": None}
    backwards = dict(reversed(body.items()))
    assert evidence.body_hash([body]) == evidence.body_hash([backwards])
    assert evidence.body_hash([body]) == sha256(rfc8785.dumps(body)).hexdigest()
    assert len({evidence.body_hash(bodies) for bodies in ([body], [body, body], [{**body, "tpp": 6}])}) == 3
