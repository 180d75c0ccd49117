"""What chance adds to a sample: licensing from 2025-01-02 to 2026-10-31, day by day, row by row.

Licenses of 8 to 20,000 chips for some 140 countries, shipped in parts, now and then returned, given up or
overrun; one row in fifty is a mistake, to be refused. Past 20,000 rows licenses grow smaller, so that
allocations last. Nothing but `Random.random` and whole numbers decide: a seed is the same sample everywhere.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

from ledger import reference
from tests.sample_books import DAYS, LAST, Books, Chip, License, Row
from tests.sample_cases import AWKWARD, RESERVED

T = TypeVar("T")

_CHIPS = {
    "nvidia-h100-sxm5-80gb": 22, "nvidia-h200-sxm-141gb": 20, "nvidia-gb200-gpu": 14, "nvidia-gb300-gpu": 8,
    "nvidia-b200-sxm6": 8, "amd-mi300x": 6, "amd-mi325x": 4, "nvidia-h100-pcie-80gb": 4, "intel-gaudi3": 3,
    "nvidia-l40s": 3, "nvidia-a100-sxm4-80gb": 3, "amd-mi355x": 2, "groq-lpu-v1": 2, "cerebras-wse-3": 1,
}  # fmt: skip
_SIZES = {
    8: 20, 16: 15, 32: 15, 64: 14, 128: 10, 256: 9, 512: 6, 1_024: 5, 2_048: 3, 4_096: 2, 8_192: 1, 20_000: 1,
}  # fmt: skip
_LARGE = {
    "AE": 60, "IN": 50, "SA": 50, "MY": 40, "SG": 40, "BR": 25, "IL": 25, "TH": 20, "ID": 20, "MX": 20,
}  # fmt: skip
_SPELLED = {"AE": "AE-DU", "IN": "IND", "SA": "Saudi Arabia", "MY": "MYS", "BR": "BRA", "VN": "Viet Nam"}
_TIER_1, _TIER_3 = ("DE", "GB", "JP"), ("CN", "HK", "RU")
_FIRMS = (
    "Meridian Compute", "Blue Delta Data", "Orchid Cloud", "Northgate Research", "Sable Systems",
    "Atlas Grid", "Cedar Networks", "Harbor Light", "Monsoon AI", "Quartz Analytics", "Tern Telecom",
)  # fmt: skip
_EXPORTERS = ("Pinnacle Servers Inc", "Lakeshore Integration LLC", "Redwood Parts Corp", "Summit Boards Ltd")
_REASONS = ("revoked", "surrendered", "reduced", "surrendered: the project ended")
_FETCHED = 10_000
_FULL_SIZE_ROWS = 25_000


class Chance:
    """Draws that come out alike on every machine."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed).random  # noqa: S311  # a sample, not a secret

    def below(self, limit: int) -> int:
        return int(self.draw() * limit)

    def one_in(self, number: int) -> bool:
        return self.below(number) == 0

    def of(self, things: deque[T] | list[T] | tuple[T, ...]) -> T:
        return things[self.below(len(things))]


class Weighted(Generic[T]):
    """Things drawn as often as their weights say."""

    def __init__(self, weights: dict[T, int], chance: Chance) -> None:
        self._things = list(weights)
        self._sums = list(accumulate(weights.values()))
        self._draw = chance.draw

    def __call__(self) -> T:
        return self._things[bisect(self._sums, self._draw() * self._sums[-1])]


class Stream:
    """Writes rows into the books until there are as many as were asked for; the cases are there before."""

    def __init__(self, books: Books, rows: int, seed: int) -> None:
        self.books = books
        self.rows = rows
        self.chance = chance = Chance(seed)
        devices = reference.load().devices
        chips = {Chip.of(devices[name]): 4 * weight for name, weight in _CHIPS.items()}
        chips |= {Chip.of(devices[name], declared=True): weight for name, weight in _CHIPS.items()}
        streamed = [country for country in books.left_tpp if country not in RESERVED]
        self._chip = Weighted(chips, chance)
        self._uncounted = [Chip.of(device) for device in devices.values() if device.counts is False]
        self._size = Weighted(_SIZES, chance)
        self._shrunk = max(1, rows // _FULL_SIZE_ROWS)
        self._country = Weighted({country: _LARGE.get(country, 3) for country in streamed}, chance)
        self._firm = Weighted(dict.fromkeys(_FIRMS, 90) | dict.fromkeys(AWKWARD, 2), chance)
        self._act = Weighted(
            {
                self._license: 170, self._export: 690, self._return: 40, self._correct_declaration: 25,
                self._release: 20, self._overrun: 7, self._block: 13, self._increase: 15, self._mistake: 20,
            },
            chance,
        )  # fmt: skip
        self._mistaken = Weighted(
            {
                self._over_headroom: 5, self._over_license: 4, self._not_in_force: 2,
                self._unknown_license: 2, self._by_name: 4, self._by_device: 2, self._same_id_again: 1,
            },
            chance,
        )  # fmt: skip
        self._live: list[License] = []
        self._shipped: deque[License] = deque(maxlen=5_000)
        self._declared: deque[tuple[License, int, int, str]] = deque(maxlen=500)
        self._asked: deque[Row] = deque(maxlen=100)
        self._day = 0

    def run(self) -> Iterator[None]:
        """Row after row; pauses whenever there are enough to be fetched."""
        before = self.books.count
        while self.books.count < self.rows:
            self._to_day(1 + (self.books.count - before) * (LAST - 1) // (self.rows - before))
            if not self._live:
                self._license()
            elif self.books.count < self.rows:
                self._act()()
            if len(self.books.rows) >= _FETCHED:
                yield

    def _to_day(self, day: int) -> None:
        """Lets days pass; what licenses still hold 30 days after they expired is given up."""
        while self._day < day:
            self._day += 1
            for given in self.books.due.pop(self._day, ()):
                if given.held and self._room(1) and given.country not in RESERVED:
                    self.books.release(given, self._day, given.held, "expired")

    def _room(self, rows: int) -> bool:
        return self.books.count + rows <= self.rows

    # ----------------------------------------------------------------------------------- what is accepted

    def _license(self) -> None:
        country, chip = self._country(), self._chip()
        chips = min(max(1, self._size() // self._shrunk), self.books.left_tpp[country] // chip.tpp)
        if not chips:
            return
        if self.chance.one_in(20):
            chips = max(1, chips - self.chance.below(7))
        day = max(0, self._day - self.chance.below(60)) if self.chance.one_in(40) else self._day
        number, term = self.books.next_number(day), self.chance.below(40)
        given = self.books.license(
            country, day, chip, chips, number=number,
            spelled=_SPELLED.get(country, "") if self.chance.one_in(30) else "",
            expires={0: day + 180, 1: day + 1_000}.get(term) if day < LAST - 600 else None,
            reason="granted for the whole project" if term == 1 else "", request_id=f"app-{number[1:]}",
            consignee=self._firm() if self.chance.one_in(50) else f"{self._firm()} {country}",
            exporter=self.chance.of(_EXPORTERS),
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
        if self.chance.one_in(33):
            on = max(given.issued, on - self.chance.below(40))
        part = self.chance.below(16)
        chips = given.held if part == 0 else max(1, given.held * part // 40)
        declaration = f"X{DAYS[on].replace('-', '')}{self.books.count % 1_000_000:06d}"
        self.books.export(given, on, chips, reference=declaration)
        self._declared.append((given, on, chips, declaration))
        if self.chance.one_in(4):
            self._shipped.append(given)

    def _return(self) -> None:
        given = self.chance.of(self._shipped) if self._shipped else None
        if given is not None and given.shipped:
            chips = max(1, given.shipped * (1 + self.chance.below(4)) // 20)
            self.books.return_(given, self._day, chips, f"return {self.books.count}")

    def _correct_declaration(self) -> None:
        """A declaration is cancelled; most were wrong by a little, and are made anew."""
        if not self._declared or not self._room(2):
            return
        declared = self.chance.of(self._declared)
        given, on, chips, declaration = declared
        if given.shipped < chips:
            return
        self._declared.remove(declared)
        self.books.restore(given, on, chips, declaration, "declaration cancelled")
        if not self.chance.one_in(3):
            right = max(1, chips - 1 - self.chance.below(3))
            self.books.export(given, on, right, reference=f"{declaration}-R")

    def _release(self) -> None:
        given = self.chance.of(self._live)
        held, reason = given.held, self.chance.of(_REASONS)
        if not held:
            return
        if self.chance.one_in(3) and self._room(2):
            number = self.books.next_number(self._day)
            self.books.release(given, self._day, held, "superseded", reference=number)
            self._live.append(self.books.license(given.country, self._day, given.chip, held, number=number))
        else:
            self.books.release(given, self._day, (held + 1) // 2 if reason == "reduced" else held, reason)

    def _overrun(self) -> None:
        given = self.chance.of(self._shipped) if self._shipped else None
        if given is None or self.books.left_tpp[given.country] < 3 * given.chip.tpp:
            return
        chips = 1 + self.chance.below(3)
        if self.chance.one_in(2):
            self.books.overrun(given.country, self._day, given.chip, chips, "more than was licensed", given)
            return
        self.books.overrun(given.country, self._day, given.chip, chips, "left without a license")
        if self.chance.one_in(2) and self._room(1):
            back_tpp = self.books.unlicensed_tpp[given.country] // 2
            self.books.return_unlicensed(given.country, self._day, back_tpp, "sent back")

    def _block(self) -> None:
        country = self._country()
        if self.books.blocked_tpp[country]:
            self.books.unblock(country, self._day, self.books.blocked_tpp[country], "cleared")
        elif self.chance.one_in(4) and (tpp := self.books.left_tpp[country] // 20):
            self.books.block(country, self._day, tpp, "set aside for an investigation")

    def _increase(self) -> None:
        given = self.chance.of(self._live)
        chips = max(1, given.held // 4)
        fits = chips * given.chip.tpp <= self.books.left_tpp[given.country]
        if fits and given.held and not given.closed and given.expires >= self._day:
            self.books.increase(given, self._day, chips, reason="increased")

    # ------------------------------------------------------------------------------------ what is refused

    def _mistake(self) -> None:
        self._mistaken()()

    def _over_headroom(self) -> None:
        country, chip = self._country(), self._chip()
        chips = self.books.left_tpp[country] // chip.tpp + 1 + self.chance.below(20_000)
        self._ask("OverHeadroom", country, chip, chips)

    def _over_license(self) -> None:
        given = self.chance.of(self._live)
        chips = given.held + 1 + self.chance.below(100)
        on = min(self._day, given.expires)
        self.books.refused("OverLicense", "export", given.country, on, given.number, given.chip, chips)

    def _not_in_force(self) -> None:
        given = self.chance.of(self._live)
        on = given.expires + 1 if given.expires < self._day else given.issued - 1
        if on >= 0:
            self.books.refused("LicenseExpired", "export", given.country, on, given.number, given.chip)

    def _unknown_license(self) -> None:
        given, country = self.chance.of(self._live), self._country()
        number = given.number if country != given.country else self.books.next_number(self._day)
        self.books.refused("UnknownLicense", "export", country, self._day, number, given.chip, 8)

    def _by_name(self) -> None:
        error, country, day = self.chance.of([
            ("NoQuota", self.chance.of(_TIER_1), DAYS[self._day]),
            ("DenialPolicy", self.chance.of(_TIER_3), DAYS[self._day]),
            ("UnknownName", "Emirate", DAYS[self._day]),
            ("OutsidePeriod", self._country(), "2028-01-01"),
        ])  # fmt: skip
        self._ask(error, country, self._chip(), 64, day)

    def _by_device(self) -> None:
        chip = self._chip()
        error, wrong = self.chance.of([
            ("NotCounted", self.chance.of(self._uncounted)),
            ("TppMismatch", chip._replace(tpp=chip.tpp * self.chance.of([2, 8, 72]), stated=True)),
            ("UnknownName", chip._replace(device_id="H100")),
        ])  # fmt: skip
        self._ask(error, self._country(), wrong, 512)

    def _same_id_again(self) -> None:
        """A request that was made before: the same, which is answered as then, or another under its id."""
        if self._asked:
            row, same = self.chance.of(self._asked), self.chance.one_in(2)
            again = row if same else (*row[:5], int(row[5]) + 1, *row[6:])
            self.books.repeat(again, same=same)

    def _ask(self, error: str, country: str, chip: Chip, chips: int, day: str = "") -> None:
        number = self.books.next_number(self._day)
        self.books.refused(error, "license", country, day or self._day, number, chip, chips)
