"""What others say, column by column: the four feeds that a reconciliation reads.

They are those of the licensing office, of customs, of the vendors, and of those who reexport or transfer.

Customs states no TPP and no serial numbers, vendors no TPP: what they say is compared by license, device,
quantity, country and day.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledger.feed_layout import Column, Layout

LICENSES, DECLARATIONS, SHIPMENTS, REEXPORTS = "licenses", "declarations", "shipments", "reexports"
SOURCES = (LICENSES, DECLARATIONS, SHIPMENTS, REEXPORTS)
"""Who is asked: the license system, customs, the vendors, and those who reexport or transfer in country."""

STATES = ("active", "exhausted", "expired", "revoked", "surrendered", "superseded")
ACTIONS = ("add", "change", "replace", "cancel")
LEGS = ("out", "in")
TRANSPORTS = ("vessel", "air", "rail", "truck", "other")
EXCEPTIONS = ("LPP", "ACA", "ACM", "AIA", "NVEU", "UVEU")
"""Authorizations under which chips leave without drawing the country's allocation: 15 CFR 740, 748.15."""

_COUNTRY = "ISO 3166-1 alpha-2, alpha-3, or as the regulations spell it; others are set aside."
_DEVICE = "Id of the device in the catalogue; other names are set aside."
_SERIALS = "Serial numbers, parted by blanks, semicolons or bars."


def _local_day(name: str, description: str, *, required: bool = True) -> Column:
    return Column(name, "local_day", f"{description} An instant counts as its own day.", required=required)


def _pieces(description: str, *, required: bool = False, sign: str = "") -> Column:
    return Column(
        "quantity", "whole", description, required=required, unit="a whole device count", sign=sign,
        most=1_000_000_000,  # more were never made, and what so many are worth is a whole number still
    )  # fmt: skip


def _line() -> Column:
    unit = "the number of the line"
    return Column("line_no", "whole", "Its line, from 1.", required=True, unit=unit, most=1_000_000)


_LICENSES = Layout((
    Column("license_no", "name", "Number of the license.", required=True),
    Column("country", "name", f"Where it allows goods to go. {_COUNTRY}", required=True),
    Column("consignee", "remark", "Who may receive the goods."),
    Column("device_id", "name", f"{_DEVICE} Goes together with quantity."),
    _pieces("How many devices were licensed in all."),
    Column("licensed_tpp", "whole", "Whole TPP that were licensed in all.", required=True, unit="whole TPP"),
    _local_day("issued_on", "Its first day."),
    _local_day("expires_on", "Its last day."),
    Column("state", "word", "What became of it.", required=True, choices=STATES),
))  # fmt: skip

_DECLARATIONS = Layout(
    (
        Column("itn", "name", "Internal transaction number of the declaration.", required=True),
        _line(),
        Column(
            "action", "word", "add: declared; change: this line as it is now; replace: all lines of the ITN "
            "as they are now; cancel: did not leave.", required=True, choices=ACTIONS,
        ),
        Column(
            "amendment_no", "count", "0 as first filed, then rising. Default: by order of arrival.",
            unit="the number of the amendment",
        ),
        Column("license_no", "name", "The license it leaves under; without one, exception says why."),
        Column("exception", "word", "What it leaves under instead of a license.", choices=EXCEPTIONS),
        Column("eccn", "name", "Export control classification number."),
        Column("schedule_b", "name", "Schedule B or HTS number."),
        Column("device_id", "name", f"{_DEVICE} Customs need not know it."),
        _pieces("How many left in all; may be empty to cancel.", sign="action"),
        Column("unit", "name", "What quantity counts: NO for pieces, the default; THS, DOZ, SET, ..."),
        Column("country", "name", f"Ultimate destination. {_COUNTRY} May be empty to cancel."),
        _local_day("exported_on", "The day it left. May be empty to cancel.", required=False),
        _local_day("filed_on", "The day it was filed.", required=False),
        Column("transport", "word", "How it left.", choices=TRANSPORTS),
        Column("consignee", "remark", "Ultimate consignee."),
        Column("filer", "name", "Who filed it.", required=True),
    )
)  # fmt: skip

_SHIPMENTS = Layout((
    Column("delivery_no", "name", "Number of the delivery.", required=True),
    _line(),
    Column("device_id", "name", _DEVICE, required=True),
    _pieces("How many were delivered under it in all.", required=True),
    Column("serials", "list", _SERIALS),
    _local_day("shipped_on", "The day it was shipped."),
    Column("license_no", "name", "The license it was shipped under."),
    Column("country", "name", f"Where it was shipped to. {_COUNTRY}", required=True),
    Column("consignee", "remark", "Who receives it."),
    Column("itn", "name", "Internal transaction number of its declaration, where the vendor knows it."),
    Column("vendor", "name", "Who shipped it."),
))  # fmt: skip

_REEXPORTS = Layout((
    Column("reference", "name", "Number of the reexport or transfer, the same for both legs.", required=True),
    Column("leg", "word", "out: they left; in: they arrived.", required=True, choices=LEGS),
    Column("from_country", "name", f"Where it was. {_COUNTRY}", required=True),
    Column("to_country", "name", "Where it went; from_country for a transfer in country.", required=True),
    Column("license_no", "name", "The license it moved under."),
    Column("device_id", "name", _DEVICE, required=True),
    _pieces("How many moved.", required=True),
    Column("serials", "list", _SERIALS),
    _local_day("moved_on", "The day it moved."),
    Column("consignee", "remark", "Who has it now."),
    Column("reporter", "name", "Who reports it."),
))  # fmt: skip

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    dict(zip(SOURCES, (_LICENSES, _DECLARATIONS, _SHIPMENTS, _REEXPORTS), strict=True))
)
