"""A made-up ledger from a seed: every kind of entry, every state, every refusal that a file can provoke.

`python -m tests.sample FOLDER [--rows N] [--seed S]` writes it. The same rows and seed give the same bytes on
every machine: nothing but `Random.random` and whole numbers decide. About two years of licensing: licenses of
8 to 20,000 chips for some 140 countries, shipped in parts, now and then returned, given up or overrun; one row
in fifty is to be refused. Past 20,000 rows licenses grow smaller, so that allocations last.
"""

from __future__ import annotations

import argparse
import csv
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Generic, NamedTuple, TypeVar

from ledger import reference
from ledger.book import Ledger
from ledger.feed import read_feed
from ledger.outcome import Outcome
from tests import sample_cases
from tests.sample_books import CAP, COLUMNS, DAYS, LAST, LOOSE, Books, Chip, License, Row

SEED, ROWS = 20_250_115, 20_000
APPROVER = "second officer"

_CHIPS = {
    "nvidia-h100-sxm5-80gb": 22, "nvidia-h200-sxm-141gb": 20, "nvidia-gb200-gpu": 14, "nvidia-gb300-gpu": 8,
    "nvidia-b200-sxm6": 8, "amd-mi300x": 6, "amd-mi325x": 4, "nvidia-h100-pcie-80gb": 4, "intel-gaudi3": 3,
    "nvidia-l40s": 3, "nvidia-a100-sxm4-80gb": 3, "amd-mi355x": 2, "groq-lpu-v1": 2, "cerebras-wse-3": 1,
}  # fmt: skip
_SIZES = {
    8: 20, 16: 15, 32: 15, 64: 14, 128: 10, 256: 9, 512: 6, 1_024: 5, 2_048: 3, 4_096: 2, 8_192: 1, 20_000: 1,
}  # fmt: skip
_LARGE = {
    "AE": 60,
    "IN": 50,
    "SA": 50,
    "MY": 40,
    "SG": 40,
    "BR": 25,
    "IL": 25,
    "TH": 20,
    "ID": 20,
    "MX": 20,
    "PL": 20,
}
_SPELLED = {
    "AE": "AE-DU",
    "IN": "IND",
    "SA": "Saudi Arabia",
    "MY": "MYS",
    "SG": "Republic of Singapore",
    "VN": "Viet Nam",
}
_FIRMS = (
    "Meridian Compute", "Blue Delta Data", "Orchid Cloud", "Northgate Research", "Sable Systems", "Atlas Grid",
    "Cedar Networks", "Harbor Light", "Monsoon AI", "Quartz Analytics", "Tern Telecom", "Zephyr Institute",
)  # fmt: skip
_EXPORTERS = (
    "Pinnacle Servers Inc",
    "Lakeshore Integration LLC",
    "Redwood Distribution Corp",
    "Summit Boards Ltd",
)
_REASONS = ("revoked", "surrendered", "reduced", "surrendered: project ended")


_FETCHED = 10_000
T = TypeVar("T")


class Sample(NamedTuple):
    """The files of a sample, and what its author expects to be left of each country (TPP) after all of them."""

    ledger: Path
    approved: Path
    amended: Path
    outcome: Path
    left_tpp: dict[str, int]


class Chance:
    """Draws that come out alike on every machine."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed).random  # noqa: S311  # a sample, not a secret

    def below(self, limit: int) -> int:
        return int(self.draw() * limit)


class Weighted(Generic[T]):
    """Things drawn as often as their weights say."""

    def __init__(self, weights: dict[T, int], chance: Chance) -> None:
        self._things = list(weights)
        self._sums = list(accumulate(weights.values()))
        self._draw = chance.draw

    def __call__(self) -> T:
        return self._things[bisect(self._sums, self._draw() * self._sums[-1])]


class Stream:
    """What chance adds to the cases, day by day, until there are as many rows as were asked for."""

    def __init__(self, books: Books, rows: int, chance: Chance) -> None:
        self.books = books
        self.rows = rows
        self.chance = chance
        devices = reference.load().devices
        chips = {Chip.of(devices[name]): weight * 4 for name, weight in _CHIPS.items()}
        chips |= {Chip.of(devices[name], declared=True): weight for name, weight in _CHIPS.items()}
        self._chip = Weighted(chips, chance)
        self._uncounted = [Chip.of(device) for device in devices.values() if device.counts is False]
        self._size = Weighted(_SIZES, chance)
        self._one_in = max(1, rows * 4 // (5 * ROWS))
        streamed = [country for country in books.left_tpp if country not in sample_cases.RESERVED]
        self._country = Weighted({country: _LARGE.get(country, 3) for country in streamed}, chance)
        self._texts = Weighted({name: 90 for name in _FIRMS} | dict.fromkeys(sample_cases.AWKWARD, 2), chance)
        self._live: list[License] = []
        self._shipped: deque[License] = deque(maxlen=5_000)
        self._declared: deque[tuple[License, int, int, str]] = deque(maxlen=500)
        self._asked: deque[Row] = deque(maxlen=100)
        self._day = 0

    def run(self) -> Iterator[None]:
        """Writes row after row; pauses whenever there are enough to be fetched."""
        done = self.books.count
        while self.books.count < self.rows:
            self._to_day(1 + (self.books.count - done) * (LAST - 1) // (self.rows - done))
            self._act()
            if len(self.books.rows) >= _FETCHED:
                yield

    def _to_day(self, day: int) -> None:
        """Lets days pass; what licenses still hold 30 days after they expired is given up."""
        while self._day < day:
            self._day += 1
            for given in self.books.due.pop(self._day, ()):
                if given.held and self.books.count < self.rows and given.country not in sample_cases.RESERVED:
                    self.books.release(given, self._day, given.held, "expired")

    def _act(self) -> None:
        lot = self.chance.below(1_000)
        if lot < 170 or not self._live:
            self._license()
        elif lot < 860:
            self._export()
        elif lot < 900:
            self._return()
        elif lot < 925:
            self._correct_declaration()
        elif lot < 945:
            self._release()
        elif lot < 952:
            self._overrun()
        elif lot < 965:
            self._block()
        elif lot < 980:
            self._increase()
        else:
            self._refused(lot - 980)

    # ----------------------------------------------------------------------------------- what is accepted

    def _license(self) -> None:
        country, chip = self._country(), self._chip()
        room = self.books.left_tpp[country] // chip.tpp
        chips = min(max(1, self._size() // self._one_in), room)
        if not chips:
            return
        if self.chance.below(20) == 0:
            chips = max(1, chips - self.chance.below(7))
        day = max(0, self._day - self.chance.below(60)) if self.chance.below(40) == 0 else self._day
        number = self.books.next_number(day)
        spelled = _SPELLED.get(country, "") if self.chance.below(30) == 0 else ""
        term = self.chance.below(40)
        given = self.books.license(
            country, day, chip, chips, number=number, spelled=spelled,
            expires={0: day + 180, 1: day + 1_000}.get(term) if day < LAST - 600 else None,
            reason="granted for the whole project" if term == 1 else "", request_id=f"app-{number[1:]}",
            consignee=f"{self._texts()} {country}" if self.chance.below(50) else self._texts(),
            exporter=_EXPORTERS[self.chance.below(4)],
        )  # fmt: skip
        self._live.append(given)
        self._asked.append(self.books.rows[-1])

    def _export(self) -> None:
        place = self.chance.below(len(self._live))
        given = self._live[place]
        on = min(self._day, given.expires)
        if on < given.issued or not given.held or given.expires + 30 < self._day:
            self._live[place] = self._live[-1]
            self._live.pop()
            return
        if self.chance.below(33) == 0:
            on = max(given.issued, on - self.chance.below(40))
        part = self.chance.below(6)
        chips = given.held if part == 0 else max(1, given.held * part // 10)
        reference = f"X{DAYS[on].replace('-', '')}{self.books.count % 1_000_000:06d}"
        self.books.export(given, on, chips, reference=reference)
        self._declared.append((given, on, chips, reference))
        if self.chance.below(4) == 0:
            self._shipped.append(given)

    def _return(self) -> None:
        given = self._drawn(self._shipped)
        if given is None or not given.shipped:
            return
        chips = max(1, given.shipped * (1 + self.chance.below(4)) // 20)
        self.books.return_(given, self._day, chips, f"return {self.books.count}")

    def _correct_declaration(self) -> None:
        """A declaration is cancelled; most were wrong by a little, and are made anew."""
        if self.rows - self.books.count < 2:
            return
        declared = self._drawn(self._declared)
        if declared is None or declared[0].shipped < declared[2]:
            return
        self._declared.remove(declared)
        given, on, chips, reference = declared
        self.books.restore(given, on, chips, reference, "declaration cancelled")
        if self.chance.below(3):
            self.books.export(given, on, max(1, chips - 1 - self.chance.below(3)), reference=f"{reference}-R")

    def _release(self) -> None:
        given = self._live[self.chance.below(len(self._live))]
        if not given.held:
            return
        reason = _REASONS[self.chance.below(4)]
        if self.chance.below(3) == 0 and self.rows - self.books.count >= 2:
            number, held = self.books.next_number(self._day), given.held
            self.books.release(given, self._day, held, f"superseded by {number}")
            self._live.append(self.books.license(given.country, self._day, given.chip, held, number=number))
        else:
            self.books.release(
                given, self._day, (given.held + 1) // 2 if reason == "reduced" else given.held, reason
            )

    def _overrun(self) -> None:
        given = self._drawn(self._shipped)
        if given is None or self.books.left_tpp[given.country] < 3 * given.chip.tpp:
            return
        chips = 1 + self.chance.below(3)
        if self.chance.below(2):
            self.books.overrun(
                given.country, self._day, given.chip, chips, "more left than was licensed", given
            )
        else:
            self.books.overrun(given.country, self._day, given.chip, chips, "left without a license")
            back = self.books.unlicensed_tpp[given.country] // 2
            if self.chance.below(2) and self.books.count < self.rows:
                self.books.return_unlicensed(given.country, self._day, max(1, back), "sent back")

    def _block(self) -> None:
        country = self._country()
        if self.books.blocked_tpp[country]:
            self.books.unblock(country, self._day, self.books.blocked_tpp[country], "cleared")
        elif self.chance.below(4) == 0 and (tpp := self.books.left_tpp[country] // 20):
            self.books.block(country, self._day, tpp, "set aside for an investigation")

    def _increase(self) -> None:
        given = self._live[self.chance.below(len(self._live))]
        chips = max(1, given.held // 4)
        fits = chips * given.chip.tpp <= self.books.left_tpp[given.country]
        if fits and given.held and not given.closed and given.expires >= self._day:
            self.books.increase(given, self._day, chips, reason="increased")

    # ------------------------------------------------------------------------------------ what is refused

    def _refused(self, lot: int) -> None:
        """One of the refusals, as often as people make such mistakes."""
        books, day = self.books, self._day
        given, country, chip = self._live[self.chance.below(len(self._live))], self._country(), self._chip()
        on, number = min(day, given.expires), books.next_number(day)
        if lot < 5:
            chips = books.left_tpp[country] // chip.tpp + 1 + self.chance.below(20_000)
            books.refused("OverHeadroom", "license", country, day, number, chip, chips)
        elif lot < 9:
            chips = given.held + 1 + self.chance.below(100)
            books.refused("OverLicense", "export", given.country, on, given.number, given.chip, chips)
        elif lot < 11:
            on = given.expires + 1 if given.expires < day else max(given.issued - 1, 0)
            if on != given.issued:
                books.refused("LicenseExpired", "export", given.country, on, given.number, given.chip)
        elif lot == 11:
            books.refused("UnknownLicense", "export", country, day, number, chip, 8)
        elif lot == 12:
            if country != given.country:
                books.refused("UnknownLicense", "export", country, on, given.number, given.chip)
        elif lot == 13:
            books.refused(
                "UnknownName",
                "license",
                country,
                day,
                number,
                chip._replace(device_id="H100", stated=True),
                8,
            )
        elif lot == 14:
            books.refused(
                "NoQuota", "license", ("DE", "GB", "JP")[self.chance.below(3)], day, number, chip, 64
            )
        elif lot == 15:
            books.refused(
                "DenialPolicy", "license", ("CN", "HK", "RU")[self.chance.below(3)], day, number, chip, 64
            )
        elif lot == 16:
            books.refused("OutsidePeriod", "license", country, "2028-01-01", number, chip, 8)
        elif lot == 17:
            chip = self._uncounted[self.chance.below(len(self._uncounted))]
            books.refused("NotCounted", "license", country, day, number, chip, 512)
        elif lot == 18:
            slip = Chip(chip.device_id, chip.tpp * (2, 8, 72)[self.chance.below(3)], stated=True)
            books.refused("TppMismatch", "license", country, day, number, slip, 16)
        else:
            self._same_id_again()

    def _same_id_again(self) -> None:
        """A request that was made before: the same one, which is answered as then, or another under its id."""
        row = self._drawn(self._asked)
        if row is not None:
            same = self.chance.below(2) == 0
            self.books.repeat(row if same else (*row[:5], int(row[5]) + 1, *row[6:]), same=same)

    def _drawn(self, things: deque[T]) -> T | None:
        return things[self.chance.below(len(things))] if things else None


# --------------------------------------------------------------------------------------------- to files


def write(folder: Path, seed: int = SEED, rows: int = ROWS) -> Sample:
    """Write a sample of so many rows into a folder: `ledger.csv` and, beside it, the files of `Sample`."""
    folder.mkdir(parents=True, exist_ok=True)
    known = reference.load()
    books = Books(known.regime("diffusion-2025").members(2, DAYS[0]))
    h100 = Chip.of(known.devices["nvidia-h100-sxm5-80gb"])
    sample_cases.states(books, h100)
    sample_cases.cambodia(books, h100)
    sample_cases.texts(books, h100)
    sample_cases.refusals(books, dict(known.devices))
    amendments = sample_cases.amendable(books, h100)
    assert books.count < rows, f"the cases alone are {books.count} rows"
    with (folder / "ledger.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        stream = Stream(books, rows, Chance(seed))
        for _ in stream.run():
            writer.writerows(books.rows)
            books.rows.clear()
        writer.writerows(books.rows)
    outcomes = list(books.outcomes)
    books.rows.clear()
    sample_cases.approved(books, h100)
    _write(folder / "approved.csv", COLUMNS, books.rows)
    _write(folder / "amended.csv", ("request_id", "quantity", "reason"), amendments)
    _write(folder / "outcome.csv", ("line", "outcome"), outcomes)
    names = ("ledger.csv", "approved.csv", "amended.csv", "outcome.csv")
    return Sample(*(folder / name for name in names), books.left_tpp)


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
