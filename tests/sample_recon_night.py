"""A night on which everybody agrees: what a ledger holds, as licensing office, customs and vendors tell it.

Only chips can be declared: exports that name no device are left out. What the ledger itself got wrong is told
rightly here, and stands in `planted` from the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from ledger import Ledger, reference
from ledger.recon_layout import DECLARATIONS, LAYOUTS, LICENSES, REEXPORTS, SHIPMENTS, SOURCES

Row = dict[str, Any]
FILERS = ("Pinnacle Forwarding", "Lakeshore Customs Brokers", "Redwood Logistics")
TRANSPORTS = ("air", "vessel", "air", "air", "truck")
_STATES = {"released": "surrendered"}


class Planted(NamedTuple):
    """A break that must be found: its code, what it is about, and whole TPP at stake."""

    code: str
    key: str
    tpp: int


@dataclass(frozen=True)
class Line:
    """What left by one line of a declaration; the ledger has it in one entry or, by mistake, in several."""

    itn: str
    line_no: int
    reference: str | None
    """What the ledger calls it: ITN and line, the ITN alone, or nothing."""
    country: str
    license_no: str
    device_id: str
    quantities: tuple[int, ...]
    tpps: tuple[int, ...]
    on: date
    seq: int
    consignee: str | None

    @property
    def key(self) -> str:
        return f"{self.itn}/{self.line_no}"

    @property
    def is_named(self) -> bool:
        return "/" in (self.reference or "")

    @property
    def quantity(self) -> int:
        """How many left: the ledger may have that twice, or every running total on the way there."""
        return self.quantities[-1]

    @property
    def piece_tpp(self) -> int:
        return reference.load().devices[self.device_id].tpp

    @property
    def tpp(self) -> int:
        return self.quantity * self.piece_tpp


@dataclass
class Night:
    """The rows of four feeds, and the breaks between them and the ledger."""

    as_of: date
    licenses: dict[str, Row]
    """The licenses of the ledger, by number."""
    lines: list[Line] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {source: [] for source in SOURCES})
    planted: list[Planted] = field(default_factory=list)

    def plant(self, code: str, key: str, tpp: int) -> None:
        self.planted.append(Planted(code, key, tpp))

    def tell(self, source: str, **cells: Any) -> Row:
        """Add a row to a feed; what is not given is empty."""
        row = dict.fromkeys(LAYOUTS[source].names) | cells
        assert len(row) == len(LAYOUTS[source].names), cells
        self.rows[source].append(row)
        return row

    def declared(self, line: Line) -> Row:
        """The declaration of a line, as first told."""
        name = (line.itn, line.line_no)
        return next(row for row in self.rows[DECLARATIONS] if (row["itn"], row["line_no"]) == name)

    def shipped(self, line: Line) -> Row:
        return next(row for row in self.rows[SHIPMENTS] if row["delivery_no"] == _delivery(line.seq))

    def declare(self, line: Line, **cells: Any) -> Row:
        """Add a declaration of a line, as it left, but for the cells that are given."""
        as_it_left: Row = {
            "itn": line.itn, "line_no": line.line_no, "action": "add", "amendment_no": 0,
            "license_no": line.license_no, "eccn": "3A090.a", "schedule_b": "8473.30.1180",
            "quantity": line.quantity, "unit": "NO", "country": line.country, "exported_on": line.on,
            "filed_on": line.on, "transport": TRANSPORTS[line.seq % 5], "consignee": line.consignee,
            "filer": FILERS[line.seq % 3],
        }  # fmt: skip
        return self.tell(DECLARATIONS, **(as_it_left | cells))

    def ship(self, line: Line) -> Row:
        serials = " ".join(f"SN{line.seq:06d}-{number:02d}" for number in range(line.quantity))
        return self.tell(
            SHIPMENTS, delivery_no=_delivery(line.seq), line_no=1, device_id=line.device_id,
            quantity=line.quantity, serials=serials if line.quantity <= 16 else None, shipped_on=line.on,
            license_no=line.license_no, country=line.country, consignee=line.consignee, itn=line.itn,
            vendor=reference.load().devices[line.device_id].vendor,
        )  # fmt: skip


def _delivery(seq: int) -> str:
    return f"DN-{seq:06d}"


def night_of(ledger: Ledger, as_of: date) -> Night:
    """What every source tells of a ledger on a day where nothing went wrong but in the ledger itself."""
    night = Night(as_of, {row["license_no"]: row for row in ledger.licenses(as_of=as_of)})
    entries = [row for row in ledger.sql("from entry order by seq") if row["effective_on"] <= as_of]
    _license(night, entries)
    undone = {row["reverses_seq"] for row in entries}
    left = [
        row
        for row in entries
        if row["kind"] in ("export", "overrun", "restore", "return")
        and row["device_id"] and row["reverses_seq"] is None and row["seq"] not in undone
    ]  # fmt: skip
    moved = {row["reference"]: row for row in left if row["kind"] == "return" and row["reference"]}
    by_name: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in left:
        name = (row["reference"] or f"entry {row['seq']}").removesuffix("-R")
        if row["kind"] == "return":
            continue
        if name in moved or not name.startswith(("X", "entry ")):
            _transfer(night, row, moved.get(name))
        elif row["license_no"] is None:
            night.plant("UNLICENSED_EXPORT", name, row["tpp"])
        else:
            by_name[name, row["license_no"]].append(row)
    for (name, _), rows in by_name.items():
        _lines(night, name, _net(rows))
    return night


def _license(night: Night, entries: Iterable[Row]) -> None:
    """The licensing office has every license, with its chips where the ledger knows them."""
    chips: defaultdict[str, int] = defaultdict(int)
    for row in entries:
        if row["kind"] == "license" and row["reverses_seq"] is None and row["quantity"]:
            chips[row["license_no"]] += row["quantity"]
    for number, held in night.licenses.items():
        if held["license_state"] == "void":
            continue
        device = reference.load().devices.get(held["device_id"])
        known = device is not None and chips[number] * device.tpp == held["licensed_tpp"]
        night.tell(
            LICENSES, license_no=number, country=held["country"], consignee=held["consignee"],
            device_id=held["device_id"] if known else None, quantity=chips[number] if known else None,
            licensed_tpp=held["licensed_tpp"], issued_on=held["issued_on"], expires_on=held["expires_on"],
            state=_STATES.get(held["license_state"], held["license_state"]),
        )  # fmt: skip


def _net(rows: list[Row]) -> list[Row]:
    """Exports of one name, less what was restored of them: a declaration that was cancelled, or made anew."""
    restored = sum(row["quantity"] for row in rows if row["kind"] == "restore")
    exports = [row for row in rows if row["kind"] != "restore"]
    if not restored:
        return exports
    rest = sum(row["quantity"] for row in exports) - restored
    piece_tpp = exports[-1]["tpp"] // exports[-1]["quantity"]
    return [exports[-1] | {"quantity": rest, "tpp": rest * piece_tpp}] if rest else []


def _lines(night: Night, name: str, rows: list[Row]) -> None:
    """Exports that the ledger has under one name: a line that was posted more than once, or several lines."""
    itn, _, number = name.partition("/")
    together = [rows] if number else [[row] for row in rows]
    for line_no, same in enumerate((each for each in together if each), start=int(number or 1)):
        first = same[0]
        line = Line(
            itn if itn.startswith("X") else f"X{first['effective_on']:%Y%m%d}{first['seq']:06d}", line_no,
            first["reference"], first["country"], first["license_no"], first["device_id"],
            tuple(row["quantity"] for row in same), tuple(row["tpp"] for row in same),
            first["effective_on"], first["seq"], first["consignee"],
        )  # fmt: skip
        night.lines.append(line)
        night.ship(line)
        for amendment, quantity in enumerate(line.quantities if len(same) > 2 else line.quantities[-1:]):
            action = "change" if amendment else "add"
            night.declare(line, quantity=quantity, action=action, amendment_no=amendment)
        if len(same) > 2:
            night.plant("CUMULATIVE_AS_DELTA", line.key, sum(line.tpps) - line.tpp)
        elif len(same) == 2:
            night.plant("DUPLICATE", line.key, line.tpp)
        elif line.tpps[0] != line.tpp:
            night.plant("ROLLUP", line.country, abs(line.tpps[0] - line.tpp))


def _transfer(night: Night, arrived: Row, left: Row | None) -> None:
    """Both legs of a reexport, or of a transfer in country."""
    for leg in ("out", "in"):
        night.tell(
            REEXPORTS, reference=arrived["reference"], leg=leg, to_country=arrived["country"],
            from_country=(left or arrived)["country"], license_no=arrived["license_no"],
            device_id=arrived["device_id"], quantity=arrived["quantity"], moved_on=arrived["effective_on"],
            consignee=arrived["consignee"], reporter=FILERS[arrived["seq"] % 3],
        )  # fmt: skip


def day(on: date, days: int) -> date:
    """So many days later."""
    return on + timedelta(days=days)
