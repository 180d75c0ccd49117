"""From what people give (an `Entry`, rows of a file) to posts that the store can judge.

Names are looked up, TPP worked out, request ids given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import repeat
from operator import is_, itemgetter
from typing import Any, Protocol
from uuid import uuid4

from ledger import evidence
from ledger.accounts import Asked
from ledger.errors import BadQuery, Refused, UnknownName
from ledger.model import AS_CHECKED, GIVEN, Kind, as_given
from ledger.reference import Reference
from ledger.submission import Post
from ledger.text import named

PROGRAMMES = ("country",)
"""The programmes this ledger runs; NVEU, UVEU and LPP draw on quotas of their own."""

_BODY = GIVEN[:-1]
"""The fields of a request as given: what its id stands for."""

_body = itemgetter(*_BODY)


class Given(Protocol):
    """What an `Entry` is here: its fields."""

    @property
    def kind(self) -> Kind: ...

    @property
    def effective_on(self) -> date: ...

    @property
    def expires_on(self) -> date | None: ...

    @property
    def reverses_seq(self) -> int | None: ...


class Block(Protocol):
    """What rows of a file are here: their values by column, their numbers in it, and their lines."""

    @property
    def columns(self) -> Mapping[str, Sequence[Any]]: ...

    @property
    def rows(self) -> Sequence[int]: ...

    @property
    def lines(self) -> Sequence[int]: ...


class _Found(dict[Any, Any]):
    """What texts stand for, or why they stand for nothing: each is looked up once."""

    def __init__(self, look: Callable[[str], Any]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, text: str) -> Any:
        try:
            found = self._look(text)
        except UnknownName as unknown:
            found = unknown
        self[text] = found
        return found


class Resolver:
    """Looks names up once each; a name that is not known is refused with the nearest."""

    def __init__(self, reference: Reference) -> None:
        self._countries = _Found(lambda text: reference.charged(reference.country_code(text)))
        self._devices = _Found(reference.device)
        self._quotas = _Found("country/{}".format)

    def country(self, text: str) -> str | Refused:
        """The alpha-2 code whose quota is charged (LI follows CH), or why there is none."""
        found: str | Refused = self._countries[text]
        return found

    def resolve(
        self, kind: str, country_text: str, effective_on: str, license_no: str | None,
        device_text: str | None, quantity: int | None, tpp: int | None, expires_on: str | None,
        consignee: str | None, exporter: str | None, reference: str | None, reason: str | None,
        programme: str, holder: str | None, reverses_seq: int | None = None,
    ) -> Asked | Refused:  # fmt: skip
        """One entry, its names looked up and its TPP worked out (quantity x the catalogue's), or why not."""
        country = self._countries[country_text]
        if isinstance(country, Refused):
            return country
        device_id = None
        if device_text is not None:
            device = self._devices[device_text]
            if isinstance(device, Refused):
                return device
            device_id = device.device_id
            if quantity is not None and tpp is None:
                tpp = quantity * device.tpp  # more than can be kept: `rules.agreement` says so, in its turn
        if programme not in PROGRAMMES:
            return UnknownName(
                f"no programme '{programme}' in this ledger: it runs {', '.join(PROGRAMMES)}",
                field="programme", value=programme, nearest=PROGRAMMES[0],
            )  # fmt: skip
        if holder is not None and self.country(holder) != country:
            return UnknownName(
                f"the holder of a country's quota is the country: '{holder}' is not {country}; "
                "leave it empty",
                field="holder", value=holder, nearest=country,
            )  # fmt: skip
        assert tpp is not None  # an Entry and a feed row have one, or device and quantity
        return Asked(
            kind, country, effective_on, license_no, device_id, quantity, tpp, expires_on, consignee,
            exporter, reference, reason, programme, country, reverses_seq, self._quotas[country],
        )  # fmt: skip

    def _resolve_given(self, given: dict[str, Any]) -> Asked | Refused:
        values: list[Any] = [*_body(given), given.get("reverses_seq")]
        return self.resolve(*values)

    def posts(self, entries: Sequence[Given], request_id: str | None) -> list[Post]:
        """The entries as one submission; without a request id it is given one, and cannot be repeated.

        Raises BadQuery for a request id that is no text, and for what is no entry; ValidationError for one
        that was made unchecked (`model_copy`, `model_construct`) and is none that could be built.
        """
        request_id = None if request_id is None else named("request_id", request_id)
        bodies = [_given(entry) for entry in entries]
        body_hash = evidence.body_hash(bodies) if request_id is not None else None
        used_id = request_id if request_id is not None else uuid4().hex
        return [
            Post(used_id, part, body_hash, self._resolve_given(given), part + 1)
            for part, given in enumerate(bodies)
        ]

    def batch(self, batch: Block, prefix: str) -> list[Post]:
        """The rows of a file, each a request; one without an id of its own has the file's and its number."""
        columns = batch.columns
        own = zip(columns["request_id"], batch.rows, strict=True)
        request_ids = (request_id or f"{prefix}-{row:09d}" for request_id, row in own)
        asked = map(self.resolve, *(columns[name] for name in _BODY))
        return list(map(Post, request_ids, repeat(0), columns["body_hash"], asked, batch.lines))


def _given(entry: Given) -> dict[str, Any]:
    """The entry as a file would give it; the entry it reverses only where there is one. Raises BadQuery."""
    try:
        values = as_given(vars(entry))
    except (TypeError, KeyError):
        raise BadQuery(f"{entry!r} is no Entry: give entries one by one, as in post(first, second)") from None
    checked = getattr(entry, AS_CHECKED, None)
    if checked is None or not all(map(is_, values, checked)):
        values = _checked(values)
    *body, reverses_seq = values
    said = dict(zip(_BODY, body, strict=True))
    said["kind"], said["effective_on"] = said["kind"].value, said["effective_on"].isoformat()
    if said["expires_on"] is not None:
        said["expires_on"] = said["expires_on"].isoformat()
    if reverses_seq is not None:
        said["reverses_seq"] = reverses_seq
    return said


def _checked(values: Sequence[Any]) -> tuple[Any, ...]:
    """The values of what was changed since it was built, or never built as one. Raises ValidationError."""
    from ledger.entry import Entry  # loads the object mapper, which questions need not  # noqa: PLC0415

    checked: tuple[Any, ...] = as_given(vars(Entry.model_validate(dict(zip(GIVEN, values, strict=True)))))
    return checked
