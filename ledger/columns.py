"""What the core takes of an entry: the columns, their types, and what a move puts into each bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from ledger.errors import Tampered
from ledger.model import BUCKETS, MOVES, TO_HEADROOM, Country, Device, Regime

NARROW = ("kind", "country", "programme", "effective_on", "tpp", "recorded_at", "seq")
"""The columns that headroom needs; the rest is read when a question needs it."""

WIDE = (
    "kind", "country", "programme", "effective_on", "tpp", "recorded_at", "license_no", "device_id",
    "quantity", "expires_on", "reverses_seq", "consignee", "exporter", "reference", "reason", "holder",
    "quota", "regime", "request_id", "request_part", "body_hash", "group_id", "actor", "approver",
    "headroom_after_tpp", "hash_v", "prev_hash", "hash", "seq",
)  # fmt: skip

_DAYS = frozenset({"effective_on", "expires_on"})
_WHOLE = frozenset({"tpp", "quantity", "reverses_seq", "request_part", "headroom_after_tpp", "hash_v", "seq"})
INTO: Mapping[str, tuple[int, ...]] = MappingProxyType({
    kind.value: tuple((bucket == move.target) - (bucket == move.source) for bucket in BUCKETS)
    for kind, move in MOVES.items()
})  # fmt: skip
"""What an entry of a kind puts into each of `BUCKETS`, by TPP: 1, -1 or 0."""

FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "country": (
        "country", "alpha_3", "country_name", "treated_as", "valid_from", "valid_to", "source",
    ),
    "device": (
        "device_id", "vendor", "device_name", "tpp", "declared_tpp", "counts", "confidence", "valid_from",
        "valid_to", "source",
    ),
    "regime": (
        "regime", "title", "status", "notice", "citation", "period_from", "period_to", "cap_tpp", "h100_tpp",
        "watch_percent", "critical_percent",
    ),
})  # fmt: skip
"""By table of `core/0_reference.sql`: what its columns, in their order, are called in `model`."""


def references(
    regime: Regime, countries: Mapping[str, Country], devices: Mapping[str, Device]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables of reference data, by the names of the tables of `core/0_reference.sql`."""
    things = {"country": countries.values(), "device": devices.values(), "regime": [regime]}
    rows = {name: list(map(attrgetter(*FIELDS[name]), each)) for name, each in things.items()}
    return rows | {"move": [(kind.value, *move) for kind, move in MOVES.items()], "tier": tiers(regime)}


def tiers(regime: Regime) -> list[tuple[str, int, str, str | None]]:
    """Country, tier, first and last day: one row where lists go on from one another."""
    listed = sorted(
        (code, each.tier, each.valid_from, each.valid_to) for each in regime.lists for code in each.members
    )
    spans: list[tuple[str, int, str, str | None]] = []
    for code, tier, since, until in listed:
        goes_on = spans and spans[-1][:2] == (code, tier) and _goes_on(spans[-1][3], since)
        spans.append((code, tier, spans.pop()[2] if goes_on else since, until))
    return spans


def _goes_on(until: str | None, since: str) -> bool:
    return until is not None and (date.fromisoformat(since) - date.fromisoformat(until)).days == 1


def to_headroom(kinds: Iterable[str], tpp: Iterable[int]) -> list[int]:
    """What entries add to their country's headroom."""
    return [TO_HEADROOM[kind] * each for kind, each in zip(kinds, tpp, strict=True)]


def as_table(columns: Sequence[str], by_column: Iterable[Sequence[Any]]) -> Any:
    """Columns of the store as a `pyarrow.Table` with types, as the core takes them.

    Days and instants are given as ISO text. Adds `to_headroom_tpp`: what each entry adds to its country's
    headroom. Raises Tampered.
    """
    import pyarrow as pa  # a tenth of a second, for those with many entries to take in  # noqa: PLC0415

    def array(name: str, values: Sequence[Any]) -> Any:
        if name in _WHOLE:
            return pa.array(values, pa.int64())
        text = pa.array(values, pa.string())
        if name in _DAYS:
            return text.cast(pa.date32())
        at = pa.timestamp("us", "UTC")
        return text.cast(at).cast(pa.timestamp("us")) if name == "recorded_at" else text

    try:
        given = dict(zip(columns, by_column, strict=True))
        arrays = {name: array(name, values) for name, values in given.items()}
        arrays["to_headroom_tpp"] = pa.array(to_headroom(given["kind"], given["tpp"]), pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, TypeError) as error:
        raise Tampered(f"an entry holds what no entry can: {error}") from error
    return pa.Table.from_pydict(arrays)


def sums(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, int]]:
    """What a few entries put into each bucket of their country, and the last of them.

    `rows` begin with the columns of NARROW, and end in `seq`. Raises Tampered.
    """
    found: dict[str, list[int]] = {}
    try:
        for kind, country, programme, _on, tpp, *_, seq in rows:
            if programme == "country":
                held = found.setdefault(country, [0] * len(BUCKETS) + [0])
                for bucket, sign in enumerate(INTO[kind]):
                    held[bucket] += sign * tpp
                held[-1] = seq
    except (KeyError, TypeError) as error:
        raise Tampered(f"an entry holds what no entry can: {error}") from error
    return {country: dict(zip((*BUCKETS, "last_seq"), held, strict=True)) for country, held in found.items()}


def fill(connection: Any, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows into a table of a connection to DuckDB: all of its columns, by their names."""
    if not rows:
        return
    import pyarrow as pa  # a tenth of a second, for those who ask with tables beside  # noqa: PLC0415

    names = connection.table(table).columns
    arrow = pa.Table.from_pydict({name: [row[name] for row in rows] for name in names})
    connection.from_arrow(arrow).insert_into(table)
