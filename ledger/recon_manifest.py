"""What a source promises of a feed file, in a manifest beside it; and what is said of one that is none."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ledger import bounded
from ledger.feed_faults import Fault, shown
from ledger.model import MOST_TPP
from ledger.recon_layout import LICENSES


class Manifest(BaseModel):
    """What a source promises of one of its files."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", title="Manifest of a feed file")

    source: Literal["licenses", "declarations", "shipments", "reexports"] = Field(
        description="Whose file it is."
    )
    run_number: Annotated[int, Field(ge=1, le=MOST_TPP)] = Field(
        description="One more than that of the source's file before."
    )
    row_count: Annotated[int, Field(ge=0, le=MOST_TPP)] = Field(description="How many records it has.")
    hash_total: Annotated[int, Field(ge=0, le=MOST_TPP)] = Field(
        description="The sum of its quantities, whatever they count; empty ones count 0."
    )
    mode: Literal["cumulative", "delta"] = Field(
        description="cumulative: all there is up to as_of; delta: what came from covers_from on, "
        "amendments of earlier days included."
    )
    as_of: date = Field(description="The last day that it reports on.")
    covers_from: date | None = Field(
        default=None,
        description="The first day that it reports on; for delta, and only there. Days since the file before "
        "are held to have been told.",
    )
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        default=None, description="SHA-256 of the file, in hex."
    )

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.source == LICENSES and self.mode != "cumulative":
            raise ValueError("mode of licenses is cumulative: they come as a full snapshot")
        if (self.covers_from is None) != (self.mode == "cumulative"):
            raise ValueError("covers_from is required for delta, and does not belong to cumulative")
        if self.covers_from is not None and self.covers_from > self.as_of:
            raise ValueError(f"covers_from {self.covers_from} is after as_of {self.as_of}")
        return self


def manifest_schema() -> dict[str, Any]:
    """The manifest as JSON Schema (2020-12)."""
    schema = Manifest.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def read(path: Path, faults: list[Fault]) -> Manifest | None:
    """What a manifest says; None, and its faults, where that is not what it should."""
    where = str(path)
    try:
        content = bounded.contents(path).removeprefix(codecs.BOM_UTF8)
        twice = _given_twice(content)
        manifest = Manifest.model_validate_json(content)
    except OSError as error:
        faults.append(Fault(where, None, None, None, f"cannot be read: {error.strerror or error}"))
    except ValidationError as error:
        faults.extend(_fault(where, each) for each in error.errors(include_url=False))
    else:
        faults.extend(Fault(where, None, name, None, "is given twice") for name in twice)
        return None if twice else manifest
    return None


def _given_twice(content: bytes) -> list[str]:
    """The keys that an object of this JSON has more than once: of such a pair, readers take either."""
    twice: list[str] = []

    def note(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return dict(pairs)

    try:
        json.loads(content, object_pairs_hook=note)
    except (ValueError, RecursionError):
        return []  # it is no JSON: the model says why
    return twice


def _fault(path: str, error: ErrorDetails) -> Fault:
    column = ".".join(str(part) for part in error["loc"]) or None
    given = error["input"] if column and error["type"] != "missing" else None
    value = None if given is None else shown(str(given))
    return Fault(path, None, column, value, _reason(error, given))


def _reason(error: ErrorDetails, given: Any) -> str:
    """What is wrong with a field, its value, and what would be right."""
    kind, limits = error["type"], error.get("ctx", {})
    value = f"'{shown(given)}'" if isinstance(given, str) else shown(json.dumps(given, default=str))
    if kind in _PLAINLY:
        return _PLAINLY[kind].format(value=value, **limits)
    why = error["msg"].removeprefix("Value error, ")
    return f"{why[:1].lower()}{why[1:]}"


_DAY = '{value} is not a day: write "YYYY-MM-DD"'
_PLAINLY = {
    "missing": "is required",
    "extra_forbidden": "is not a field of a manifest",
    "model_type": "is not one JSON object",
    "json_invalid": "is not JSON (UTF-8): {error}",
    "int_type": "{value} is not a whole number: write one such as 12, without quotation marks or decimals",
    "greater_than_equal": "{value} is too small: {ge} at least",
    "less_than_equal": "{value} is too large: {le} at most",
    "literal_error": "{value} is none of those that there are: write {expected}",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "string_type": "{value} is no text: write 64 hexadecimal digits between quotation marks",
    "string_pattern_mismatch": "{value} is no SHA-256: write 64 hexadecimal digits, in lower case",
}
"""By the kind of the fault."""
