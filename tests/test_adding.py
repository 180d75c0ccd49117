"""From a verdict to what is written: rows by column, accounts as they stand, refusals that are new."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from ledger import adding, evidence, merkle
from ledger.accounts import Account
from ledger.database import Database
from ledger.errors import Tampered
from ledger.model import BUCKETS
from ledger.submission import Earlier, EarlierRefusal, Head, Post, Verdict, judge_all
from tests.books import asked, books, quota

EDGE = merkle.Edge(7, [bytes([level]) * 32 for level in (2, 1, 0)])
HEAD = Head(
    7, "f" * 64, "2026-06-29T08:00:00.000000Z", "diffusion-2025", 2, "tppq/test", "5" * 64, 0, EDGE.to_json()
)
NOON_US = 1_782_820_800_000_000


@pytest.fixture(params=["sqlite:///{}/tppq.db", "postgresql+psycopg://host/base"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    return Database(request.param.format(tmp_path), busy_seconds=1)


def test_a_sheet_holds_entries_accounts_and_the_head_after_them(database: Database) -> None:
    kept = books(quota(headroom=10_000))
    posts = [
        Post(f"r{number}", 0, None, asked("license", tpp=4_000, license_no=f"L-{number}"), number)
        for number in (1, 2)
    ]
    verdict = judge_all(posts, kept, HEAD, NOON_US, Earlier({}, {}), atomic=False, again=False)
    sheet = adding.sheet(database, HEAD, verdict, kept, [])
    assert sheet.continues == HEAD.hash
    entries, accounts = sheet.inserts
    assert [row[-1] for row in entries.rows()] == [row[-1] for row in verdict.rows]
    assert [(row[1], row[3]) for row in sorted(accounts.rows())] == [("", 2_000), ("L-1", 0), ("L-2", 0)]
    last = dict(zip(evidence.COLUMNS, verdict.rows[-1], strict=True))
    tree = grown(verdict)
    assert sheet.head == {"seq": 9, "hash": last["hash"], "recorded_at": last["recorded_at"], "tree": tree}


def grown(verdict: Verdict) -> str:
    """The edge that the leaves of a verdict's entries leave."""
    edge = merkle.Edge(EDGE.size, EDGE.hashes)
    for row, committed in zip(verdict.rows, verdict.commitments, strict=True):
        entry = dict(zip(evidence.COLUMNS, row, strict=True))
        leaf = merkle.leaf(HEAD.origin, entry["seq"], entry["recorded_at"], entry["hash_v"], committed)
        edge.append(merkle.leaf_hash(leaf))
    return edge.to_json()


def test_a_head_without_the_edge_of_its_tree_is_not_continued(database: Database) -> None:
    posts = [Post("r1", 0, None, asked("license", tpp=4_000, license_no="L-1"), 1)]
    kept, damaged = books(quota(headroom=10_000)), HEAD._replace(tree="[]")
    verdict = judge_all(posts, kept, damaged, NOON_US, Earlier({}, {}), atomic=False, again=False)
    with pytest.raises(Tampered, match=r"the edge of the tree of 7 entries .*: run tppq verify"):
        adding.sheet(database, damaged, verdict, kept, [])


def test_a_verdict_without_entries_leaves_the_head_alone(database: Database) -> None:
    refused = [("r1", 1, "h", "{}", "2026-06-30T12:00:00.000000Z", "maria")]
    sheet = adding.sheet(database, HEAD, Verdict(), books(), refused)
    assert sheet.head == {}
    assert [list(insert.rows()) for insert in sheet.inserts] == [refused]
    assert adding.sheet(database, HEAD, Verdict(), books(), []).inserts == []


def test_columns_that_are_null_in_all_rows_are_left_to_the_store(database: Database) -> None:
    rows = [("r1", 1, None, "{}", "2026-06-30", "maria"), ("r2", 1, None, "{}", "2026-06-30", "omar")]
    insert = adding.insert(database, "refusal", rows)
    assert "body_hash" not in insert.statement
    assert list(insert.rows()) == [row[:2] + row[3:] for row in rows]


def test_an_account_is_written_in_the_order_in_which_its_statement_takes_it(database: Database) -> None:
    names = [field.name for field in fields(Account)]
    expected = [*names[:2], *(f"{bucket}_tpp" for bucket in BUCKETS), *names[3:-1]]
    assert names[-1] == "moved"  # which is told beside it
    assert list(database.statement("put_balance").takes) == expected


def test_an_entry_is_written_in_the_order_of_its_columns(database: Database) -> None:
    assert database.statement("put_entry").takes == evidence.COLUMNS


def test_only_what_was_not_answered_so_before_is_a_new_refusal() -> None:
    refused = asked("license", tpp=90_000, license_no="L-9")
    asked_now = ("new", None), ("again", "h"), ("repeat", "h"), ("reused", "h")
    posts = [Post(name, 0, body, refused, line) for line, (name, body) in enumerate(asked_now, 1)]
    before = EarlierRefusal("h", 2, {"type": "OverHeadroom", "detail": "no"}, "2026-06-01T00:00:00.000000Z")
    earlier = Earlier({"reused": ("other", 3)}, {"repeat": before})
    verdict = judge_all(
        posts, books(quota(headroom=10_000)), HEAD, NOON_US, earlier, atomic=False, again=False
    )
    assert [each.request_id for each in verdict.declined] == [name for name, _ in asked_now]
    rows = adding.refusals(verdict, "maria")
    assert [(row[0], row[1], row[2], row[4], row[5]) for row in rows] == [
        ("new", 1, None, "2026-06-30T12:00:00.000000Z", "maria"),
        ("again", 1, "h", "2026-06-30T12:00:00.000000Z", "maria"),
    ]
    assert all("10,000" in row[3] for row in rows)
