"""A night of any size, by column: a ledger of exports, and declarations of them with one break in a hundred.

`python -m tests.sample_recon_large FOLDER --rows 1000000`. The ledger is a Parquet file with the columns of
the core, for `Core.load`; the feeds are Parquet with manifests; `planted.parquet` has code, key and TPP.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from ledger import reference
from ledger.recon_layout import DECLARATIONS, LAYOUTS, LICENSES, SOURCES
from tests.sample_recon import AS_OF, write_manifest

ROWS = 1_000_000
EXPORTS_A_LICENSE = 50
CODES = (
    "MISSING_IN_SOURCE", "QUANTITY", "UNIT", "COUNTRY", "CANCELLED_AT_SOURCE", "DEVICE_UNKNOWN", "DEVICE",
    "PERIOD", "UNKNOWN_LICENSE", "UNLICENSED_EXPORT", "MISSING_IN_LEDGER", "STALE_AMENDMENT",
)  # fmt: skip
COUNTRIES = [
    code for code in reference.load().regime(reference.DEFAULT_REGIME).opened() if code not in ("LI", "QA")
]
"""So many that the allocations hold a million exports; LI is charged to CH, and QA is where strays go."""

_SQL = Path(__file__).parent / "recon"


class Large(NamedTuple):
    """A large night on disk; `last_seq` is that of the ledger's last entry, `breaks` were planted."""

    ledger: Path
    folder: Path
    planted: Path
    last_seq: int
    breaks: int


def write_large(folder: Path, rows: int = ROWS) -> Large:
    """Write a ledger of so many exports, and the night in which they were declared; deterministic."""
    night = folder / AS_OF.isoformat()
    night.mkdir(parents=True, exist_ok=True)
    large = Large(folder / "ledger.parquet", night, folder / "planted.parquet", 0, 0)
    licenses = max(10, rows // EXPORTS_A_LICENSE)
    with duckdb.connect() as connection:
        values = {"licenses": licenses, "row_count": rows, "codes": list(CODES), "countries": COUNTRIES}
        connection.execute(_query("export"), values)
        connection.execute(_query("license"))
        connection.sql(_query("ledger")).write_parquet(str(large.ledger))
        planted = connection.sql(_query("planted"))
        planted.write_parquet(str(large.planted))
        for source in SOURCES:
            _write_feed(connection, night, source)
        ((breaks,),) = planted.aggregate("count(*)").fetchall()
    return large._replace(last_seq=licenses + rows, breaks=breaks)


def _write_feed(connection: duckdb.DuckDBPyConnection, night: Path, source: str) -> None:
    """One feed and its manifest; only licenses and declarations have rows."""
    path = night / f"{source}.parquet"
    if source in (LICENSES, DECLARATIONS):
        told = connection.sql(_query(source))
    else:
        texts = [(name, pa.string()) for name in LAYOUTS[source].names]
        told = connection.from_arrow(pa.schema(texts).empty_table())
    told.write_parquet(str(path))
    counted: list[tuple[Any, ...]] = (
        connection.read_parquet(str(path))
        .aggregate("count(*), coalesce(sum(quantity::bigint), 0)")
        .fetchall()
    )
    write_manifest(path, source, 1, int(counted[0][0]), int(counted[0][1]), AS_OF)


def _query(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.sample_recon_large", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    write_large(options.folder, options.rows)
