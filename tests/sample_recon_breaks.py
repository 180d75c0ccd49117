"""One break of each code that a feed can show, each planted in a line that agreed before.

Every function takes a night and a deck of its lines, changes rows of the feeds, and says what must be found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from ledger import reference
from ledger.recon_layout import DECLARATIONS, LICENSES, REEXPORTS
from tests.sample_recon_night import Line, Night, Row, day
from tests.sample_stream import Chance

ELSEWHERE = ("QA", "KZ", "BR", "TH", "CL")
"""Tier 2 countries that goods are declared for by mistake."""
SMALLER = "nvidia-a100-sxm4-80gb"
MARKETED = ("DGX H100", "H100 80GB", "Hopper baseboard")
"""Names that no catalogue has."""


class Deck:
    """The lines and licenses of a night in an order by chance; each is dealt once."""

    def __init__(self, night: Night, seed: int) -> None:
        self.chance = Chance(seed)
        sound = [line for line in night.lines if line.is_named and line.tpps == (line.tpp,)]
        self._lines = sorted(sound, key=lambda _: self.chance.draw())
        self._licenses = sorted(night.licenses, key=lambda _: self.chance.draw())
        self.exceeded: set[str] = set()
        """Licenses of which more was declared than they hold."""

    def line(self, fits: Callable[[Line], bool] = lambda _: True) -> Line:
        """The next line that fits."""
        found = next((line for line in self._lines if fits(line)), None)
        assert found is not None, "no line of this ledger is left that this break can be planted in"
        self._lines.remove(found)
        return found

    def license(self, fits: Callable[[str], bool] = lambda _: True) -> str:
        """The next license that fits."""
        found = next((number for number in self._licenses if fits(number)), None)
        assert found is not None, "no license of this ledger is left that this break can be planted in"
        self._licenses.remove(found)
        return found

    def itn(self, line: Line) -> str:
        """An ITN that nobody has used, of the day of a line."""
        return f"X{line.on:%Y%m%d}9{line.seq:05d}"


Plant = Callable[[Night, Deck], None]


def _changed(code: str, tpp: Callable[[Line], int], fits: Callable[[Line], bool], **cells: object) -> Plant:
    """A declaration in which some cells are other than they should be."""

    def plant(night: Night, deck: Deck) -> None:
        line = deck.line(fits)
        changes = {name: value(line) if callable(value) else value for name, value in cells.items()}
        night.declared(line).update(changes)
        night.plant(code, line.key, tpp(line))

    return plant


def in_transit(night: Night, deck: Deck) -> None:
    line = deck.line(lambda line: day(line.on, 5) >= night.as_of)
    night.rows[DECLARATIONS].remove(night.declared(line))
    night.plant("IN_TRANSIT", line.key, line.tpp)


def missing_in_source(night: Night, deck: Deck) -> None:
    line = deck.line(lambda line: day(line.on, 5) < night.as_of)
    night.rows[DECLARATIONS].remove(night.declared(line))
    night.plant("MISSING_IN_SOURCE", line.key, line.tpp)


def missing_in_ledger(night: Night, deck: Deck) -> None:
    def fits(line: Line) -> bool:
        held = _outstanding(night, line)
        return line.license_no not in deck.exceeded and held >= 4 * line.piece_tpp

    line = deck.line(fits)
    row = night.declare(line, itn=deck.itn(line), line_no=1, quantity=4)
    night.plant("MISSING_IN_LEDGER", f"{row['itn']}/1", 4 * line.piece_tpp)


def over_license(night: Night, deck: Deck) -> None:
    """More was declared than the license still holds: the export, and the license, are each a break."""
    sound = [line for line in night.lines if line.is_named]
    least = min(sound, key=lambda line: (_outstanding(night, line), line.key))
    deck.exceeded.add(deck.license(lambda number: number == least.license_no))
    line = next(line for line in sound if line.license_no == least.license_no)
    beyond = _outstanding(night, line) // line.piece_tpp + 3
    row = night.declare(line, itn=deck.itn(line), line_no=1, quantity=beyond)
    night.plant("MISSING_IN_LEDGER", f"{row['itn']}/1", beyond * line.piece_tpp)
    night.plant("OVER_LICENSE", line.license_no, beyond * line.piece_tpp - _outstanding(night, line))


def treatment(night: Night, deck: Deck) -> None:
    line = deck.line(lambda line: _other_license(night, line) is not None)
    night.declared(line)["license_no"] = _other_license(night, line)
    night.plant("TREATMENT", line.key, line.tpp)


def period(night: Night, deck: Deck) -> None:
    def fits(line: Line) -> bool:
        return bool(day(line.on, 10) <= min(night.as_of, night.licenses[line.license_no]["expires_on"]))

    line = deck.line(fits)
    night.declared(line)["exported_on"] = day(line.on, 10)
    night.plant("PERIOD", line.key, line.tpp)


def expired_use(night: Night, deck: Deck) -> None:
    def expired(line: Line) -> bool:
        return bool(day(night.licenses[line.license_no]["expires_on"], 2) <= night.as_of)

    line = deck.line(expired)
    night.declared(line)["exported_on"] = day(night.licenses[line.license_no]["expires_on"], 2)
    night.plant("EXPIRED_USE", line.key, line.tpp)


def cancelled_at_source(night: Night, deck: Deck) -> None:
    line = deck.line()
    night.tell(
        DECLARATIONS, itn=line.itn, line_no=line.line_no, action="cancel", amendment_no=1,
        filer=night.declared(line)["filer"],
    )  # fmt: skip
    night.plant("CANCELLED_AT_SOURCE", line.key, line.tpp)


def stale_amendment(night: Night, deck: Deck) -> None:
    """The second amendment comes before the first, which says something else and must change nothing."""
    line = deck.line()
    night.declare(line, action="change", amendment_no=2)
    night.declare(line, action="change", amendment_no=1, quantity=line.quantity + 5)
    night.plant("STALE_AMENDMENT", line.key, 5 * line.piece_tpp)


def serial_conflict(night: Night, deck: Deck) -> None:
    one = deck.line(lambda line: bool(night.shipped(line)["serials"]))
    other = deck.line(lambda line: bool(night.shipped(line)["serials"]) and line.device_id == one.device_id)
    serial = night.shipped(one)["serials"].split()[0]
    night.shipped(other)["serials"] = " ".join([serial, *night.shipped(other)["serials"].split()[1:]])
    night.plant("SERIAL_CONFLICT", serial, one.piece_tpp)


def reexport_one_leg(night: Night, deck: Deck) -> None:
    crossing = [
        row
        for row in night.rows[REEXPORTS]
        if row["leg"] == "in" and row["from_country"] != row["to_country"]
    ]
    row: Row = deck.chance.of(crossing)
    night.rows[REEXPORTS].remove(row)
    tpp = row["quantity"] * reference.load().devices[row["device_id"]].tpp
    night.plant("REEXPORT_ONE_LEG", row["reference"], tpp)


def license_missing_ledger(night: Night, _deck: Deck) -> None:
    on = day(night.as_of, -50)
    row = night.tell(
        LICENSES, license_no="EXP-2026-099", country="KZ", consignee="Atlas Grid Kazakhstan",
        device_id=SMALLER, quantity=500, licensed_tpp=500 * reference.load().devices[SMALLER].tpp,
        issued_on=on, expires_on=day(on, 365), state="active",
    )  # fmt: skip
    night.plant("LICENSE_MISSING_LEDGER", row["license_no"], row["licensed_tpp"])


def license_missing_source(night: Night, deck: Deck) -> None:
    row = _told(night, deck.license())
    night.rows[LICENSES].remove(row)
    night.plant("LICENSE_MISSING_SOURCE", row["license_no"], row["licensed_tpp"])


def license_differs(night: Night, deck: Deck) -> None:
    """The office has increased a license by a tenth; nobody told the ledger."""
    row = _told(night, deck.license(lambda number: _told(night, number)["quantity"] is not None))
    piece_tpp, more = row["licensed_tpp"] // row["quantity"], row["quantity"] // 10
    row["quantity"] += more
    row["licensed_tpp"] += more * piece_tpp
    night.plant("LICENSE_DIFFERS", row["license_no"], more * piece_tpp)


def _told(night: Night, number: str) -> Row:
    return next(row for row in night.rows[LICENSES] if row["license_no"] == number)


def _outstanding(night: Night, line: Line) -> int:
    held: int = night.licenses[line.license_no]["outstanding_tpp"]
    return held


def _other_license(night: Night, line: Line) -> str | None:
    """Another license of the country for the same device, in force on the day."""
    return next(
        (
            number
            for number, held in night.licenses.items()
            if number != line.license_no
            and (held["country"], held["device_id"]) == (line.country, line.device_id)
            and held["issued_on"] <= line.on <= held["expires_on"]
        ),
        None,
    )


def _any(_line: Line) -> bool:
    return True


def _whole(line: Line) -> int:
    return line.tpp


PLANTS: Mapping[str, Plant] = {
    # first what fits few lines
    "IN_TRANSIT": in_transit,
    "TREATMENT": treatment,
    "EXPIRED_USE": expired_use,
    "SERIAL_CONFLICT": serial_conflict,
    "PERIOD": period,
    "UNIT": _changed(
        "UNIT", lambda line: line.tpp - line.tpp // 8, lambda line: line.quantity % 8 == 0,
        quantity=lambda line: line.quantity // 8, unit="SYS",
    ),
    "DEVICE": _changed(
        "DEVICE", lambda line: line.tpp - line.quantity * reference.load().devices[SMALLER].tpp,
        lambda line: line.piece_tpp > reference.load().devices[SMALLER].tpp, device_id=SMALLER,
    ),
    "DEVICE_UNKNOWN": _changed(
        "DEVICE_UNKNOWN", _whole, _any, device_id=lambda line: MARKETED[line.seq % 3]
    ),
    "COUNTRY": _changed("COUNTRY", _whole, _any, country=lambda line: ELSEWHERE[line.seq % 5]),
    "QUANTITY": _changed(
        "QUANTITY", lambda line: line.piece_tpp, lambda line: line.quantity > 2,
        quantity=lambda line: line.quantity - 1,
    ),
    "UNKNOWN_LICENSE": _changed("UNKNOWN_LICENSE", _whole, _any, license_no="D-MISTYPED"),
    "UNLICENSED_EXPORT": _changed("UNLICENSED_EXPORT", _whole, _any, license_no=None),
    "MISSING_IN_SOURCE": missing_in_source,
    "OVER_LICENSE": over_license,
    "MISSING_IN_LEDGER": missing_in_ledger,
    "CANCELLED_AT_SOURCE": cancelled_at_source,
    "STALE_AMENDMENT": stale_amendment,
    "REEXPORT_ONE_LEG": reexport_one_leg,
    "LICENSE_MISSING_LEDGER": license_missing_ledger,
    "LICENSE_MISSING_SOURCE": license_missing_source,
    "LICENSE_DIFFERS": license_differs,
}  # fmt: skip
"""How each break is planted that is one of the feeds. DUPLICATE, CUMULATIVE_AS_DELTA and ROLLUP are mistakes
of the ledger (`sample_recon_posted`), FILE_* are the files' (`sample_recon.spoil`)."""


def plant(night: Night, seed: int, breaks: Collection[str]) -> Deck:
    """Plant one break of each of these codes; the lines and licenses that are left."""
    deck = Deck(night, seed)
    for code, by in PLANTS.items():
        if code in breaks:
            by(night, deck)
    return deck
