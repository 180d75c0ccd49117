"""What real feeds are like and what must be no break: other spellings, repeats, amendments, parcels."""

from __future__ import annotations

from collections.abc import Callable

from ledger.recon_layout import DECLARATIONS, SHIPMENTS
from tests.sample_recon_breaks import Deck
from tests.sample_recon_night import Line, Night, day

SPELLED = {"AE": "AE-DU", "IN": "IND", "SA": "Saudi Arabia", "MY": "MYS", "VN": "Viet Nam", "IS": "Iceland"}


def spelled(night: Night, line: Line) -> None:
    night.declared(line).update(country=SPELLED[line.country], unit="PCS")
    night.shipped(line)["country"] = SPELLED[line.country]


def told_twice(night: Night, line: Line) -> None:
    """The same declaration came again, and the delivery's completion says nothing new."""
    night.tell(DECLARATIONS, **night.declared(line))
    night.tell(SHIPMENTS, **night.shipped(line))


def amended(night: Night, line: Line) -> None:
    """First filed two short."""
    night.declared(line)["quantity"] = line.quantity - 2
    night.declare(line, action="change", amendment_no=1)


def after_midnight(night: Night, line: Line) -> None:
    """Filed late in the evening, with the hour; delivered the day after."""
    night.declared(line)["exported_on"] = f"{line.on}T23:30:00-05:00"
    night.shipped(line)["shipped_on"] = min(day(line.on, 1), night.as_of)


def excepted(night: Night, line: Line) -> None:
    """Beside it, chips left for a validated end user: they draw on no country's allocation."""
    night.declare(line, itn=f"X{line.on:%Y%m%d}7{line.seq:05d}", license_no=None, exception="NVEU")


def replaced(night: Night, line: Line) -> None:
    """Declared with a line too many; the whole declaration was then replaced."""
    night.declare(line, line_no=9, quantity=1)
    night.declare(line, action="replace", amendment_no=1)


NOISES: tuple[Callable[[Night, Line], None], ...] = (
    spelled, told_twice, amended, after_midnight, excepted, replaced,
)  # fmt: skip


def roughen(night: Night, deck: Deck) -> None:
    """Do each of it to a line that nothing was planted in; send in parcels what the ledger does not name."""
    itns = [line.itn for line in night.lines]
    for noise in NOISES:
        noise(night, deck.line(lambda line: itns.count(line.itn) == 1 and line.quantity > 2))
    for line in night.lines:
        if line.reference is None and line.quantity % 3 == 0:
            row = night.declared(line)
            row["quantity"] = line.quantity // 3
            for parcel in (2, 3):
                night.tell(DECLARATIONS, **(row | {"line_no": parcel, "exported_on": day(line.on, 1)}))
