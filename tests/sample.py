"""A made-up ledger from a seed: every kind of entry, every state, every refusal that a file can provoke.

`python -m tests.sample FOLDER [--rows N] [--seed S]` writes it. The same rows and seed give the same bytes on
every machine. It is in `fixtures/sample`, where a test holds it to this module.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ledger import reference
from ledger.book import Ledger
from ledger.feed import read_feed
from ledger.outcome import Outcome
from tests import sample_cases
from tests.sample_books import COLUMNS, Books, Chip
from tests.sample_stream import Stream

SEED, ROWS = 20_250_115, 20_000
APPROVER = "second officer"


class Sample(NamedTuple):
    """The files of a sample, and what its author expects each country to have left (TPP) after them."""

    ledger: Path
    approved: Path
    amended: Path
    outcome: Path
    left_tpp: dict[str, int]


def in_folder(folder: Path) -> Sample:
    """The files of a sample that lies in a folder."""
    names = ("ledger.csv", "approved.csv", "amended.csv", "outcome.csv")
    return Sample(folder / names[0], folder / names[1], folder / names[2], folder / names[3], {})


def write(folder: Path, seed: int = SEED, rows: int = ROWS) -> Sample:
    """Write a sample of so many rows into a folder: `ledger.csv` and, beside it, the files of `Sample`."""
    folder.mkdir(parents=True, exist_ok=True)
    sample = in_folder(folder)
    books, amendments = write_rows(sample.ledger, seed, rows)
    sample_cases.approved(books, _h100())
    _write(sample.approved, COLUMNS, books.rows)
    _write(sample.amended, ("request_id", "quantity", "reason"), amendments)
    _write(sample.outcome, ("line", "outcome"), books.outcomes)
    return sample._replace(left_tpp=books.left_tpp)


def write_rows(
    path: Path, seed: int = SEED, rows: int = ROWS
) -> tuple[Books, list[tuple[str, int | str, str]]]:
    """Write the rows alone, into one file: its author's books after them, and what has to be put right."""
    known, h100 = reference.load(), _h100()
    books = Books(known.regime("diffusion-2025").opened())
    sample_cases.states(books, h100)
    sample_cases.cambodia(books, h100)
    sample_cases.texts(books, h100)
    sample_cases.refusals(books, dict(known.devices))
    amendments = sample_cases.amendable(books, h100)
    assert books.count < rows, f"the cases alone are {books.count} rows"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for _ in Stream(books, rows, seed).run():
            writer.writerows(books.rows)
            books.rows.clear()
        writer.writerows(books.rows)
        books.rows.clear()
    return books, amendments


def _h100() -> Chip:
    return Chip.of(reference.load().devices["nvidia-h100-sxm5-80gb"])


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def post(ledger: Ledger, sample: Sample) -> Outcome:
    """Post a sample whole: its rows one by one, those for a second officer, then what has to be put right."""
    with read_feed(str(sample.ledger)) as feed:
        outcome = ledger.post_file(feed, each=True)
    with read_feed(str(sample.approved)) as feed:
        ledger.post_file(feed, approver=APPROVER)
    seqs = {receipt.request_id: receipt.seq for receipt in outcome.receipts}
    with sample.amended.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            seq = seqs[row["request_id"]]
            if row["quantity"]:
                ledger.correct(seq, {"quantity": int(row["quantity"])}, row["reason"])
            else:
                ledger.reverse(seq, row["reason"])
    return outcome


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.sample", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    write(options.folder, options.seed, options.rows)
