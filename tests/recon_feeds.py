"""Feeds of a reconciliation for tests: a few rows of one source, with the manifest that they deserve."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from ledger import recon_feeds, reference
from ledger.errors import BadFeed
from ledger.recon_feeds import Staged
from ledger.recon_files import SUFFIX, History, find
from ledger.recon_layout import LAYOUTS

Row = dict[str, Any]
LICENSE: Row = {
    "license_no": "L1", "country": "AE", "consignee": "Blue Delta", "device_id": "nvidia-h100-sxm5-80gb",
    "quantity": 100, "licensed_tpp": 1_583_200, "issued_on": "2026-01-02", "expires_on": "2027-01-02",
    "state": "active",
}  # fmt: skip
DECLARED: Row = {
    "itn": "X20261101000001", "line_no": 1, "action": "add", "amendment_no": 0, "license_no": "L1",
    "quantity": 10, "unit": "NO", "country": "AE", "exported_on": "2026-11-01", "filed_on": "2026-11-02",
    "filer": "Pinnacle", "transport": "air",
}  # fmt: skip
SHIPPED: Row = {
    "delivery_no": "DN-1", "line_no": 1, "device_id": "nvidia-h100-sxm5-80gb", "quantity": 3,
    "serials": "S1 S2 S3", "shipped_on": "2026-11-01", "license_no": "L1", "country": "AE",
    "vendor": "NVIDIA",
}  # fmt: skip
MOVED: Row = {
    "reference": "RX-1", "leg": "out", "from_country": "AE", "to_country": "SA", "license_no": "L1",
    "device_id": "nvidia-h100-sxm5-80gb", "quantity": 3, "moved_on": "2026-11-01",
}  # fmt: skip
REGIME = reference.load().regime("diffusion-2025")


def put(
    folder: Path, source: str, *rows: Row, name: str = "", content: str | None = None, **fields: Any
) -> Path:
    """Write a feed as CSV, or as the text that is given, and its manifest; `fields` are the manifest's."""
    path = folder / (name or f"{source}.csv")
    names = LAYOUTS[source].names
    if content is None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text(content, encoding="utf-8")
    quantities = [str(row.get("quantity")) for row in rows]
    manifest = {
        "source": source, "run_number": 1, "row_count": len(rows), "mode": "cumulative",
        "as_of": "2026-11-20",
        "hash_total": sum(int(quantity) for quantity in quantities if quantity.isdigit()),
    }  # fmt: skip
    manifest.update(fields)
    path.with_name(path.name + SUFFIX).write_text(json.dumps(manifest), encoding="utf-8")
    return path


class Told:
    """A night that was staged: what it brought, and its tables."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
        self.staged = staged
        self.connection = connection

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        return self.connection.table(table).order("row_id").project(", ".join(columns)).fetchall()

    def amiss(self, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of what was set aside, in order."""
        table = self.connection.table("quarantined").order("source, row_id, code, column_name")
        return table.project(", ".join(columns or ("code", "column_name", "value"))).fetchall()


@contextmanager
def told(folder: Path, history: History | None = None, expected: Collection[str] = ()) -> Iterator[Told]:
    """The feeds in a folder, staged; only sources that are expected are missed."""
    with recon_feeds.connect() as connection:
        found = find([folder], expected)
        yield Told(connection, recon_feeds.stage(connection, found, history or {}, reference.load(), REGIME))


def faults(folder: Path) -> list[tuple[str, int | None, str | None, str]]:
    """File, line, column and reason of every fault that keeps a night from being staged."""
    try:
        with told(folder):
            return []
    except BadFeed as error:
        return [
            (Path(str(fault["path"])).name, fault["line"], fault["column"], fault["reason"])
            for fault in error.faults
        ]
