"""What a feed holds, column by column: its names, what each may contain, and the schema that says so.

Pure: no file and no database is touched here. `POSTING` is the feed of entries; the feeds of reconciliation
are laid out in `recon_layout`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

from ledger.model import MOST_TPP, Kind
from ledger.text import NAME_LENGTH, REMARK_LENGTH

Sort = Literal["word", "day", "local_day", "whole", "count", "name", "remark", "list"]
"""What a cell may hold: one of some words; a day; a day, or an instant whose own day is meant; a whole number
above zero, or from zero on; a text that names something, or one that remarks on it; a list of names."""


LONGEST: Mapping[str, int] = {"name": NAME_LENGTH, "remark": REMARK_LENGTH, "list": 100_000}
"""The most characters of a text, by its sort."""

NO_COLUMN = ["broken"]
"""In place of columns where there are none: a query must name one, and this one is empty."""

_TYPES: Mapping[Sort, str] = {"day": "date", "whole": "integer", "count": "integer"}
_LIMITS: Mapping[Sort, Mapping[str, Any]] = {
    "whole": {"minimum": 1},
    "count": {"minimum": 0},
    "local_day": {"pattern": "[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?"},
    **{sort: {"minLength": 1, "maxLength": LONGEST[sort]} for sort in ("name", "remark", "list")},
}


class Column(NamedTuple):
    """One column of a feed.

    `choices` are the words that may be chosen; `unit` says what a number counts, `sign` names the column that
    tells its direction, where there is one, and `most` is as high as it may be.
    """

    name: str
    sort: Sort
    description: str
    required: bool = False
    unit: str = ""
    choices: tuple[str, ...] = ()
    sign: str = ""
    most: int = MOST_TPP


class Layout:
    """The columns of one feed, and all that follows from them."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = {column.name: column for column in columns}
        self.names = tuple(self.columns)
        self.required = tuple(column.name for column in columns if column.required)
        self.texts = self.of("name", "remark", "list")
        self.sorts = [
            {
                "name": column.name, "sort": column.sort, "required": column.required,
                "longest": LONGEST.get(column.sort, 0), "most": column.most,
            }
            for column in columns
        ]  # fmt: skip
        self.words = [f"{column.name}={word}" for column in columns for word in column.choices]
        """Every word that may be chosen, with its column."""
        self.rank = {name: rank for rank, name in enumerate(self.names)}

    def of(self, *sorts: Sort) -> tuple[str, ...]:
        """The names of the columns of these sorts."""
        return tuple(name for name, column in self.columns.items() if column.sort in sorts)

    @cached_property
    def table_schema(self) -> dict[str, Any]:
        """The feed as a Frictionless Table Schema: columns in any order, optional ones may be missing."""
        fields = [
            {
                "name": column.name,
                "type": _TYPES.get(column.sort, "string"),
                "description": column.description,
                "constraints": {"required": column.required, **_constraints(column)},
            }
            for column in self.columns.values()
        ]
        return {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": fields,
            "fieldsMatch": "superset",
            "missingValues": [""],
        }


def _constraints(column: Column) -> Mapping[str, Any]:
    if column.choices:
        return {"enum": list(column.choices)}
    most = {"maximum": column.most} if column.sort in ("whole", "count") else {}
    return {**_LIMITS.get(column.sort, {}), **most}


_COUNTED, _TPP = "a whole device count", "whole TPP"

POSTING = Layout(
    (
        Column(
            "kind", "word", "What happened: which buckets of the quota TPP moves between.",
            required=True, choices=tuple(str(kind) for kind in Kind),
        ),
        Column(
            "country", "name", "ISO 3166-1 alpha-2, alpha-3, or as the regulations spell it.", required=True
        ),
        Column("effective_on", "day", "The day from which the entry counts.", required=True),
        Column("license_no", "name", "For license, release, export, restore; optional for overrun, return."),
        Column("device_id", "name", "Id of the device in the catalogue; goes together with quantity."),
        Column(
            "quantity", "whole", "How many devices; goes together with device_id.", unit=_COUNTED, sign="kind"
        ),
        Column(
            "tpp", "whole", "Whole TPP; required without device_id and quantity, with them it must agree.",
            unit=_TPP, sign="kind",
        ),
        Column(
            "expires_on", "day",
            "For license only: its last day. Default: one term (a year under diffusion-2025) on.",
        ),
        Column(
            "request_id", "name", "Makes the row safe to repeat. Default: by the file's content and the row."
        ),
        Column("consignee", "remark", "Who receives the goods."),
        Column("exporter", "remark", "Who sends the goods."),
        Column("reference", "remark", "The declaration's ITN, the application's number."),
        Column("reason", "remark", "Why; required for release, block and overrun."),
        Column("programme", "name", "The programme whose quota is drawn on. Default: country."),
        Column("holder", "name", "Who holds the quota, where a programme has holders."),
    )
)  # fmt: skip
