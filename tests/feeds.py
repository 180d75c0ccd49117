"""Posting feeds for tests: a few rows, written in every form, and what is read back from them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet

from ledger.feed import COLUMNS, Feed, read_feed
from ledger.model import MOST_TPP

Write = Callable[..., str]
"""`write(content, name)` writes a file of that name and answers its path."""
HEADER = "kind,country,effective_on,license_no,device_id,quantity,tpp,reason\n"
GOOD = "allocate,AE,2026-01-01,,,,5,\n"
LICENSE: dict[str, Any] = {
    "kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "L1", "device_id": "h100",
    "quantity": 500, "tpp": 7_916_000, "expires_on": "2027-01-31", "request_id": "r-1", "consignee": "G42",
    "exporter": "Acme, Inc.", "reference": "X1", "reason": "first", "programme": "country", "holder": "AE",
}  # fmt: skip
ALLOCATE = {"kind": "allocate", "country": "IN", "effective_on": date(2026, 1, 1), "tpp": MOST_TPP}

Fault = tuple[int | None, str | None, str]


def writing_in(folder: Path) -> Write:
    def written(content: str | bytes, name: str = "feed.csv") -> str:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return written


def faults(path: str) -> list[Fault]:
    with read_feed(path) as feed:
        return [(fault.line, fault.column, fault.reason) for fault in feed.faults]


def rows(feed: Feed, size: int = 20_000) -> list[tuple[int, dict[str, Any]]]:
    """The line and the cells of each row without fault."""
    return [
        (line, {name: batch.columns[name][place] for name in (*COLUMNS, "body_hash")})
        for batch in feed.batches(size)
        for place, line in enumerate(batch.lines)
    ]


def read(path: str) -> list[dict[str, Any]]:
    with read_feed(path) as feed:
        feed.check()
        return [cells for _, cells in rows(feed)]


def as_csv(entries: Sequence[Mapping[str, Any]], mark: str = ",") -> bytes:
    def quoted(value: object) -> str:
        return '"' + str(value).replace('"', '""') + '"' if value is not None else ""

    lines = [
        mark.join(COLUMNS),
        *(mark.join(quoted(entry.get(name)) for name in COLUMNS) for entry in entries),
    ]
    return ("\n".join(lines) + "\n").encode()


def as_json_lines(entries: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(dict(entry)) + b"\n" for entry in entries)


def as_parquet(entries: Sequence[Mapping[str, Any]]) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(
        pa.Table.from_pylist([dict.fromkeys(COLUMNS) | dict(entry) for entry in entries]), sink
    )
    return sink.getvalue()
