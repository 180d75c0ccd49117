"""A dry run of several files says of each what a post of them all would say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, read_feed
from ledger.outcome import Outcome
from ledger.rehearsal import Rehearsal
from tests.shared import entry
from tests.transcripts import typed

HEADER = "kind,country,effective_on,license_no,tpp,request_id\n"
FILES = {
    "most of a cap": "license,PL,2026-02-01,A1,700000000,\n",
    "an export under it": "export,PL,2026-02-02,A1,100,\n",
    "more than is then left": "license,PL,2026-02-01,A2,600000000,\nlicense,SA,2026-02-01,S1,5,\n",
    "what only fits without that": "license,SA,2026-02-01,S1,7,\nlicense,AE,2026-02-01,E1,7,r1\n",
    "that id for something else": "license,IN,2026-02-01,I1,7,\nlicense,IN,2026-02-01,I2,9,r1\n",
    "an id, of what does not fit": "license,AE,2026-02-01,X1,800000000,r9\n",
    "that id, of what would": "license,AE,2026-02-01,X2,8,r9\n",
    "the rest": "license,PL,2026-02-01,A3,90000000,\nlicense,PL,2026-02-01,A4,1,\n",
}
ORDERS = [
    ["most of a cap", "an export under it", "more than is then left", "the rest"],
    ["an export under it", "most of a cap", "an export under it", "most of a cap"],
    ["more than is then left", "what only fits without that", "most of a cap", "more than is then left"],
    ["what only fits without that", "that id for something else", "what only fits without that"],
    ["an id, of what does not fit", "that id, of what would", "an id, of what does not fit"],
    list(FILES),
    [*FILES, *reversed(FILES)],
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """What is posted behind what is judged alike on every store."""
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False) as opened:
        opened.post(*(entry("allocate", country, 790_000_000) for country in ("AE", "IN", "PL", "SA")))
        yield opened


def posted(ledger: Ledger, folder: Path, names: list[str], **how: Any) -> list[Outcome]:
    behind, outcomes = Rehearsal(), []
    for name in names:
        path = folder / f"{name}.csv"
        path.write_text(HEADER + FILES[name], encoding="utf-8")
        with read_feed(str(path)) as feed:
            outcomes.append(ledger.post_file(feed, **how, behind=behind))
    return outcomes


def said(outcome: Outcome) -> object:
    """What became of a file, less what the clock has a part in, and what is the same answer given again."""
    receipts = [receipt._replace(hash="") for receipt in outcome.receipts]
    declined = [(one.line, one.request_id, one.refusal.title, one.refusal.detail) for one in outcome.declined]
    return receipts, declined, outcome.warnings, outcome.replayed, outcome.refused


@pytest.mark.parametrize("names", ORDERS, ids=" - ".join)
def test_row_by_row_a_dry_run_of_several_files_says_what_a_post_of_them_says(
    ledger: Ledger, tmp_path: Path, names: list[str]
) -> None:
    before = ledger.headroom().basis["seq"]
    rehearsed = posted(ledger, tmp_path, names, each=True, dry_run=True)
    assert ledger.headroom().basis["seq"] == before
    done = posted(ledger, tmp_path, names, each=True, dry_run=False)
    assert list(map(said, rehearsed)) == list(map(said, done))


@pytest.mark.parametrize("names", ORDERS, ids=" - ".join)
def test_all_or_none_a_file_with_a_refusal_leaves_nothing_for_those_behind_it(
    ledger: Ledger, tmp_path: Path, names: list[str]
) -> None:
    again = names is ORDERS[1]
    rehearsed = posted(ledger, tmp_path, names, each=False, again=again, dry_run=True)
    done = posted(ledger, tmp_path, names, each=False, again=again, dry_run=False)
    for would, did in zip(rehearsed, done, strict=True):
        assert said(would) == said(did)


def test_what_another_posts_meanwhile_is_not_taken_for_what_a_file_would_post(
    ledger: Ledger, tmp_path: Path
) -> None:
    behind = Rehearsal()
    for name in ("most of a cap", "the rest"):
        (tmp_path / name).with_suffix(".csv").write_text(HEADER + FILES[name], encoding="utf-8")
    with read_feed(str(tmp_path / "most of a cap.csv")) as feed:
        (first,) = ledger.post_file(feed, dry_run=True, behind=behind).receipts
    (theirs,) = ledger.post(entry("license", "PL", 95_000_000, license_no="X"))
    assert theirs.seq == first.seq
    with read_feed(str(tmp_path / "the rest.csv")) as feed:
        outcome = ledger.post_file(feed, dry_run=True, each=True, behind=behind)
    assert [receipt.license_no for receipt in outcome.receipts] == ["A3", "A4"]
    assert (outcome.posted, outcome.refused) == (2, 0)


def test_a_row_twice_in_one_file_is_told_in_a_dry_run_as_it_is_posted(ledger: Ledger, tmp_path: Path) -> None:
    row = "license,AE,2026-02-01,L1,7,r1\n"
    path = tmp_path / "twice.csv"
    path.write_text(HEADER + row + row, encoding="utf-8")
    with read_feed(str(path)) as feed:
        rehearsed = ledger.post_file(feed, dry_run=True)
        done = ledger.post_file(feed)
    assert said(rehearsed) == said(done)
    assert (rehearsed.posted, rehearsed.replayed) == (2, 1)


def test_a_repeat_beside_a_refusal_is_told_in_a_dry_run_as_it_is_answered(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "beside.csv"
    row = "license,AE,2026-02-01,L2,7,r1\n"
    path.write_text(HEADER + row, encoding="utf-8")
    with read_feed(str(path)) as feed:
        assert ledger.post_file(feed).posted == 1
    path.write_text(HEADER + row + "license,AE,2026-02-01,L3,800000000,r2\n", encoding="utf-8")
    with read_feed(str(path)) as feed:
        rehearsed = ledger.post_file(feed, dry_run=True)
        done = ledger.post_file(feed)
    assert said(rehearsed) == said(done)
    assert (rehearsed.posted, rehearsed.replayed, rehearsed.refused) == (1, 1, 1)


def test_a_file_with_a_row_twice_is_answered_alike_however_often_it_is_posted(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [f"license,AE,2026-02-01,L{number},7,r{number}\n" for number in (1, 2, 1, 1)]
    path = tmp_path / "twice.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    done = []
    for _ in range(3):
        with read_feed(str(path)) as feed:
            done.append(ledger.post_file(feed, each=True))
    assert [(each.posted, each.replayed) for each in done] == [(4, 2), (4, 4), (4, 4)]
    first = done[0].receipts
    assert [receipt.license_no for receipt in first] == ["L1", "L1", "L1", "L2"]
    assert [each.receipts for each in done] == [first] * 3


def test_the_command_judges_each_file_behind_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed(["init", "-q"])
    for name, rows in FILES.items():
        (tmp_path / f"{name}.csv").write_text(HEADER + rows, encoding="utf-8")
    given = [f"{name}.csv" for name in ("most of a cap", "an export under it", "more than is then left")]
    status, out, _ = typed(["post", *given, "--dry-run"])
    assert status == 3
    assert "PL has 90,000,000 TPP (5,684 H100e) left; 600,000,000 asked" in " ".join(out.split())
    assert "4 lines: 3 good, 1 refused." in out
    _, out, _ = typed(["post", given[0], given[0], "--dry-run"])
    assert "2 lines: 1 good, 1 posted before." in out
    _, out, _ = typed(["post", given[0], given[1], "--dry-run", "--json"])
    assert [receipt["seq"] for receipt in json.loads(out)["posted"]] == [159, 160]
