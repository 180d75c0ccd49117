"""The paths that ask: GET, and the parameters of the method with the path's name; of a query, its body."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from ledger.errors import BadQuery, Busy
from ledger.sandbox_process import Limits
from ledger.web.address import NOTHING, ONCE
from ledger.web.failure import DESCRIBED
from ledger.web.gate import TOKEN, Asked
from ledger.web.giving import IN_ANY_FORM, Form, answered

asking = APIRouter(
    tags=["questions"], dependencies=[ONCE, TOKEN], redirect_slashes=False,
    responses={**IN_ANY_FORM, **DESCRIBED},
)  # fmt: skip

LONG_AT_ONCE = max(2, os.cpu_count() or 1)
"""Questions at once that may take long and much memory; whoever asks another then is told to come again."""

_MOST_ROWS = (1 << 53) - 1
_long = BoundedSemaphore(LONG_AT_ONCE)


@contextmanager
def _long_one() -> Iterator[None]:
    """While a long question is answered. Raises Busy where as many are as may be."""
    if not _long.acquire(blocking=False):
        raise Busy(f"{LONG_AT_ONCE} long questions are being answered: ask again in a while")
    try:
        yield
    finally:
        _long.release()


class Plain(BaseModel):
    """What every question takes: the form of its answer. A parameter that there is none of is refused."""

    model_config = ConfigDict(extra="forbid")

    format: Form = "json"


class Timed(Plain):
    """A question about a day (`as_of`), or by what was known at an instant (`known_at`, UTC)."""

    as_of: str | None = None
    known_at: str | None = None

    @property
    def times(self) -> dict[str, str | None]:
        return {"as_of": self.as_of, "known_at": self.known_at}


class OfDay(Plain):
    """A question about what was in force on a day."""

    as_of: str | None = None


class OfCountries(Timed):
    """About the countries that are named, or all."""

    country: list[str] = []


class OfCountry(Timed):
    """About one country, or all."""

    country: str | None = None


class OfBreaks(OfCountry):
    """About breaks of one code, or of all; `every`: those in transit, cleared or accepted too."""

    code: str | None = None
    every: bool = False


class OfStatement(Timed):
    """About the entries that took effect on `from_day` or later."""

    from_day: str | None = None


class OfFit(Timed):
    """About a license for a device and a quantity, or for TPP."""

    device: str | None = None
    quantity: Annotated[int | None, Query(gt=0)] = None
    tpp: Annotated[int | None, Query(gt=0)] = None


class OfTrail(Plain):
    """About what was done on `from_day` or later, by everybody or one."""

    from_day: str | None = None
    who: str | None = None


class OfProof(BaseModel):
    """Whether the proof shows the entry, or only when it was recorded."""

    model_config = ConfigDict(extra="forbid")

    private: bool = False


def _printable(name: str) -> str:
    if not name.isprintable():  # half of a surrogate pair is not, either
        raise ValueError("has a character that cannot be seen: remove it")
    return name


_Name = Annotated[str, AfterValidator(_printable)]


class Select(Plain):
    """One SELECT, the values that its $names are bound to, and how many of its rows are wanted."""

    query: str
    limit: Annotated[int, Field(ge=0, le=_MOST_ROWS)] = Limits().rows
    values: dict[_Name, StrictInt | StrictStr | StrictBool | float | None] = {}


@asking.get("/balance", include_in_schema=False)  # the same by another name, as for the command
@asking.get("/headroom")
def headroom(ledger: Asked, asked: Annotated[OfCountries, Query()]) -> Response:
    """What each country has left: one row per country, lowest headroom first."""
    return answered(ledger.headroom(*asked.country, **asked.times), asked.format)


@asking.get("/statement/{country}")
def statement(ledger: Asked, country: str, asked: Annotated[OfStatement, Query()]) -> Response:
    """The entries of one country in order, with its headroom and H100e after each."""
    return answered(ledger.statement(country, from_day=asked.from_day, **asked.times), asked.format)


@asking.get("/licenses")
def licenses(ledger: Asked, asked: Annotated[OfCountry, Query()]) -> Response:
    """One row per license: what was done under it, and what it still holds."""
    return answered(ledger.licenses(asked.country, **asked.times), asked.format)


@asking.get("/fit/{country}")
def fit(ledger: Asked, country: str, asked: Annotated[OfFit, Query()]) -> Response:
    """Would a license for this fit? One row; 200 where it does not, too. Reserves nothing."""
    found = ledger.fit(country, device=asked.device, quantity=asked.quantity, tpp=asked.tpp, **asked.times)
    return answered(found, asked.format)


@asking.get("/forecast")
def forecast(ledger: Asked, asked: Annotated[OfCountry, Query()]) -> Response:
    """When each quota, or one, will be critical, and used up: P10, P50, P90."""
    with _long_one():
        return answered(ledger.forecast(asked.country, **asked.times), asked.format)


@asking.get("/regime")
def regime(ledger: Asked, asked: Annotated[Plain, Query()]) -> Response:
    """What the ledger runs under, with citations."""
    return answered(ledger.regime(), asked.format)


@asking.get("/devices")
def devices(ledger: Asked, asked: Annotated[OfDay, Query()]) -> Response:
    """The catalog of devices: TPP, density, whether each counts, and its source."""
    return answered(ledger.devices(as_of=asked.as_of), asked.format)


@asking.get("/countries")
def countries(ledger: Asked, asked: Annotated[OfDay, Query()]) -> Response:
    """Every country, its tier on a day, and its source."""
    return answered(ledger.countries(as_of=asked.as_of), asked.format)


@asking.get("/verify")
def verify(ledger: Asked, asked: Annotated[Plain, Query()]) -> Response:
    """One row per difference between the stored history, its hashes and its sums; none: intact."""
    with _long_one():
        return answered(ledger.verify(), asked.format)


@asking.get("/pending")
def pending(ledger: Asked, asked: Annotated[Plain, Query()]) -> Response:
    """What waits for a second person: one row per entry of each proposal, with its hash."""
    return answered(ledger.pending(), asked.format)


@asking.get("/breaks")
def breaks(ledger: Asked, asked: Annotated[OfBreaks, Query()]) -> Response:
    """The open breaks of the nightly reconciliation, gravest first."""
    found = ledger.breaks(asked.country, code=asked.code, every=asked.every, **asked.times)
    return answered(found, asked.format)


@asking.get("/break_show/{name}")
def break_show(ledger: Asked, name: str, asked: Annotated[Timed, Query()]) -> Response:
    """All that happened to one break, oldest first; the basis has the break."""
    return answered(ledger.break_show(name, **asked.times), asked.format)


@asking.get("/reports")
def reports(ledger: Asked, asked: Annotated[Plain, Query()]) -> Response:
    """The ready reports: number, name, question, parameters."""
    return answered(ledger.reports(), asked.format)


_OWN = frozenset({"self", "name"})
"""What no report has as a parameter, as the method itself does."""


@asking.get("/report/{name}")
def report(
    ledger: Asked, name: str, request: Request, form: Annotated[Form, Query(alias="format")] = "json"
) -> Response:
    """The answer to one ready report; every other parameter is the report's own."""
    given: dict[str, Any] = {key: value for key, value in request.query_params.items() if key != "format"}
    if strange := _OWN.intersection(given):
        raise BadQuery(f"{name} has no parameter '{min(strange)}'", value=min(strange))
    return answered(ledger.report(name, **given), form)


@asking.get("/audit")
def audit(ledger: Asked, asked: Annotated[OfTrail, Query()]) -> Response:
    """Who did what, when, and what came of it."""
    return answered(ledger.audit(from_day=asked.from_day, who=asked.who), asked.format)


@asking.get("/prove/{seq}", response_class=PlainTextResponse)
def prove(ledger: Asked, seq: int, asked: Annotated[OfProof, Query()]) -> Response:
    """A proof that an entry is under the last checkpoint (C2SP tlog-proof); `tppq-verify` checks it."""
    return PlainTextResponse(ledger.prove(seq, private=asked.private))


@asking.post("/sql", dependencies=[NOTHING])
def sql(ledger: Asked, asked: Select) -> Response:
    """The first rows of one SELECT over the tables and macros of the core, in a sandbox.

    The basis says in `total_rows` how many there are; `limit` 0 gives all.
    """
    limits, nested = Limits(rows=asked.limit), asked.format == "json"
    with _long_one():
        found = ledger.sandboxed_sql(asked.query, asked.values, limits=limits, nested=nested)
        return answered(found, asked.format)
