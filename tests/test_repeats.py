"""What is posted again after it was undone: its first answer, and a word that it stands no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger import Ledger, book, read_feed
from ledger.outcome import Outcome, Receipts
from tests.shared import entry
from tests.transcripts import typed

HEADER = "kind,country,effective_on,license_no,tpp,expires_on\n"
ANEW = "a new request_id posts it anew"


def license_row(number: str, tpp: int = 5, on: str = "2026-02-01") -> str:
    return f"license,AE,{on},{number},{tpp},2026-12-31\n"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "post.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def posted(ledger: Ledger, path: Path, *, each: bool = False, receipts: bool = True) -> Outcome:
    with read_feed(str(path)) as feed:
        return ledger.post_file(feed, each=each, receipts=receipts)


@pytest.mark.parametrize("each", [False, True])
def test_a_repeat_of_what_was_undone_says_by_which_entry_and_of_what_was_corrected_too(
    ledger: Ledger, tmp_path: Path, *, each: bool
) -> None:
    path = written(tmp_path, *map(license_row, ("D1", "D2", "D3")))
    first, second, _ = (receipt.seq for receipt in posted(ledger, path).receipts)
    assert posted(ledger, path, each=each).warnings == []
    (undone,) = ledger.reverse(first, "posted twice")
    corrected, _ = ledger.correct(second, {"tpp": 6}, "as the license says")
    again = posted(ledger, path, each=each, receipts=False)
    right = f"corrected since: entry {corrected.seq} undid it, with what is right beside it"
    assert again.warnings == [
        (2, f"posted before as entry {first}, and undone since by entry {undone.seq}: {ANEW}"),
        (3, f"posted before as entry {second}, and {right}"),
    ]
    assert (again.posted, again.replayed, again.undone, again.warned) == (3, 3, 2, 0)


def test_a_large_file_says_so_of_each_row_whatever_process_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "GROUP", 20)
    path = written(tmp_path, *(license_row(f"D{number}") for number in range(100)))
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        seqs = [receipt.seq for receipt in posted(ledger, path, each=True).receipts]
        for seq in (seqs[0], seqs[50]):
            ledger.reverse(seq, "posted twice")
        again = posted(ledger, path, each=True)
    assert [line for line, _ in again.warnings] == [2, 52]
    assert (again.replayed, again.undone) == (100, 2)


def test_a_submission_of_several_says_it_of_the_one_that_was_undone(ledger: Ledger) -> None:
    entries = [entry("license", "AE", 5, license_no=number) for number in ("D1", "D2")]
    _, second = ledger.post(*entries, request_id="one")
    (undone,) = ledger.reverse(second.seq, "posted twice")
    again = ledger.post(*entries, request_id="one")
    assert isinstance(again, Receipts)
    said = f"posted before as entry {second.seq}, and undone since by entry {undone.seq}: {ANEW}"
    assert (again.replayed, again.warnings) == (2, [(1, said)])


def test_the_command_says_it_in_a_dry_run_too_and_the_exit_status_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed(["init", "-q"])
    written(tmp_path, license_row("D1"), license_row("D2"))
    typed(["post", "post.csv"])
    typed(["reverse", "159", "--reason", "posted twice"])
    for more in ([], ["--dry-run"], ["--each", "--again"]):
        status, out, _ = typed(["post", "post.csv", *more])
        assert status == 0
        assert f"posted before as entry 159, and undone since by entry 161: {ANEW}" in " ".join(out.split())
        assert "2 lines: 2 posted before (1 of them undone since)." in out
    told = json.loads(typed(["post", "post.csv", "--json"])[1])
    detail = f"posted before as entry 159, and undone since by entry 161: {ANEW}"
    assert told["warnings"] == [{"path": "post.csv", "line": 2, "detail": detail}]
    assert told["replayed"] == 2
    typed(["reverse", "160", "--reason", "posted twice"])
    assert "2 lines: 2 posted before (undone since)." in typed(["post", "post.csv"])[1]


def test_a_row_with_a_warning_beside_one_that_is_refused_is_counted_as_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed(["init", "-q"])
    written(tmp_path, license_row("D1", on="2026-03-01"))
    typed(["post", "post.csv"])
    written(tmp_path, license_row("D1"), license_row("D2", tpp=800_000_000))
    status, out, _ = typed(["post", "post.csv"])
    assert (status, "warning: D1" in out) == (3, True)
    assert "2 lines: 1 refused, 1 not written: all or none." in out
