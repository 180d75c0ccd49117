"""What is posted: `Entry`, checked when it is built, and frozen.

`tables.Posted` is what the store keeps. Two classes, because a SQLModel table class checks nothing.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import (
    AfterValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    StrictInt,
    StringConstraints,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema
from sqlmodel import Field, SQLModel

from ledger.model import AS_CHECKED, MOST_TPP, Kind, as_given, whole_entry_faults
from ledger.text import NAME_LENGTH, REMARK_LENGTH, clean_text

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # STRICT tables of SQLite know no BIGINT


class _AsADay:
    """Says of what pydantic takes for no day how one is written, as a file is told."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source), custom_error_type="day", custom_error_message="is not a day: write YYYY-MM-DD"
        )


def _kept(value: str, most: int) -> str:
    """A text as it is kept, in NFC, which may be longer than it was given. Raises ValueError."""
    kept = clean_text(value)
    if len(kept) > most:
        raise ValueError(f"is {len(kept):,} characters long: {most:,} at most")
    return kept


Day = Annotated[date, _AsADay()]
Whole = Annotated[StrictInt, Field(gt=0, le=MOST_TPP)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_LENGTH),
    AfterValidator(partial(_kept, most=NAME_LENGTH)),
]
Remark = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=REMARK_LENGTH),
    AfterValidator(partial(_kept, most=REMARK_LENGTH)),
]


class Entry(SQLModel):
    """One move of TPP, as it is posted: frozen, and checked when it is built.

    `tpp` (whole TPP) may be left out when `device_id` and `quantity` (whole chips) are given: it is then
    their product, by the catalogue. `country` may be written as ISO 3166-1 alpha-2, alpha-3 or as the
    regulations spell it; it is stored as alpha-2. Raises `pydantic.ValidationError`.
    """

    __slots__ = (AS_CHECKED,)
    model_config = ConfigDict(frozen=True, extra="forbid")  # type: ignore[assignment]  # SQLModel narrows it, to no use

    kind: Kind = Field(sa_type=sa.Text)
    country: Name = Field(sa_type=sa.Text)
    effective_on: Day = Field(sa_type=sa.Text)
    license_no: Name | None = Field(default=None, sa_type=sa.Text)
    device_id: Name | None = Field(default=None, sa_type=sa.Text)
    quantity: Whole | None = Field(default=None, sa_type=WHOLE)
    tpp: Whole | None = Field(default=None, sa_type=WHOLE)
    expires_on: Day | None = Field(default=None, sa_type=sa.Text)
    consignee: Remark | None = Field(default=None, sa_type=sa.Text)
    exporter: Remark | None = Field(default=None, sa_type=sa.Text)
    reference: Remark | None = Field(default=None, sa_type=sa.Text)
    reason: Remark | None = Field(default=None, sa_type=sa.Text)
    programme: Name = Field(default="country", sa_type=sa.Text)
    holder: Name | None = Field(default=None, sa_type=sa.Text)
    reverses_seq: Whole | None = Field(default=None, sa_type=WHOLE)

    @model_validator(mode="after")
    def _belongs_together(self) -> Entry:
        faults = whole_entry_faults(
            self.kind, self.license_no, self.device_id, self.quantity, self.tpp, self.expires_on, self.reason
        )
        if faults:
            raise ValueError("; ".join(f"{column} {reason}" for column, reason in faults))
        if type(self) is Entry:  # what a subclass checks is its own affair
            object.__setattr__(self, AS_CHECKED, as_given(vars(self)))
        return self
