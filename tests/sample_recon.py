"""A night of feeds that agree with a ledger, and then do not: breaks of every code, planted from a seed.

`python -m tests.sample_recon` writes `fixtures/sample/recon`: `posted.csv`, to be posted on top of the ledger
of `announced.csv`, and the feeds of the night after. The same seed gives the same bytes on every machine.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet

from ledger import Ledger, schema
from ledger.feed import read_feed
from ledger.recon_files import SUFFIX
from ledger.recon_layout import LAYOUTS, SOURCES
from tests.sample_recon_breaks import PLANTS, plant
from tests.sample_recon_night import Night, Planted, Row, night_of
from tests.sample_recon_noise import roughen
from tests.sample_recon_posted import COLUMNS, posted

SEED = 20_261_120
AS_OF = date(2026, 11, 20)
SAMPLE = schema.folder("fixtures") / "sample"
FOLDER = SAMPLE / "recon"
FORMS = {"licenses": "csv", "declarations": "csv", "shipments": "csv", "reexports": "jsonl"}
"""In which form each feed is written: CSV, JSON Lines or Parquet."""


class Written(NamedTuple):
    """A night on disk: its files by source, and the breaks that must be found, by code and key."""

    folder: Path
    files: dict[str, Path]
    planted: list[Planted]


def write_night(
    folder: Path,
    ledger: Ledger,
    seed: int = SEED,
    breaks: Collection[str] = tuple(PLANTS),
    *,
    as_of: date = AS_OF,
    run_number: int = 1,
    forms: Mapping[str, str] | None = None,
) -> Written:
    """Write four feeds that agree with a ledger but for one break of each of these codes.

    Also where they agree they are as real feeds are: spelled otherwise, told twice, amended, in parcels.
    """
    night = night_of(ledger, as_of)
    roughen(night, plant(night, seed, breaks))
    return write(folder, night, run_number, {**FORMS, **(forms or {})})


def write(folder: Path, night: Night, run_number: int, forms: Mapping[str, str]) -> Written:
    """Write the feeds of a night, each with its manifest; a feed without rows is a file too."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for source in SOURCES:
        path = folder / f"{source}.{forms[source]}"
        rows = night.rows[source]
        path.write_bytes(_content(LAYOUTS[source].names, rows, forms[source]))
        total = sum(row["quantity"] or 0 for row in rows)
        write_manifest(path, source, run_number, len(rows), total, night.as_of)
        files[source] = path
    return Written(folder, files, sorted(night.planted))


def write_manifest(
    path: Path, source: str, run_number: int, row_count: int, hash_total: int, as_of: date
) -> None:
    manifest = {
        "source": source, "run_number": run_number, "row_count": row_count, "hash_total": hash_total,
        "mode": "cumulative", "as_of": as_of.isoformat(),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }  # fmt: skip
    manifest_of(path).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def manifest_of(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def amend(path: Path, **fields: object) -> None:
    """Change what a manifest says; None takes a field away."""
    beside = manifest_of(path)
    manifest = json.loads(beside.read_text(encoding="utf-8")) | fields
    kept = {name: value for name, value in manifest.items() if value is not None}
    beside.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def spoil(written: Written, code: str) -> str:
    """Make one file of a night a break of P0; its source. FILE_DUPLICATE needs the night accepted before."""
    if code == "FILE_MISSING":
        written.files["reexports"].unlink()
        manifest_of(written.files["reexports"]).unlink()
        return "reexports"
    source = "declarations"
    path = written.files[source]
    manifest = json.loads(manifest_of(path).read_text(encoding="utf-8"))
    if code == "FILE_CONTROL":
        amend(path, hash_total=manifest["hash_total"] + 1)
    elif code == "FILE_SEQUENCE":
        amend(path, run_number=manifest["run_number"] + 2)
    else:
        as_delta = {"mode": "delta", "covers_from": "2025-01-01"}
        amend(path, run_number=manifest["run_number"] + 1, **as_delta)
    return source


def spoil_ledger(file: Path) -> None:
    """Make an SQLite ledger a break of P1 (INTEGRITY): change an entry, as the owner of the file can."""
    with closing(sqlite3.connect(file)) as connection:
        guards = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f'drop trigger "{name}"')
        connection.execute("update entry set quantity = quantity + 1 where kind = 'export'")
        for _, text in guards:
            connection.execute(text)
        connection.commit()


def _content(names: Sequence[str], rows: Sequence[Row], form: str) -> bytes:
    texts = [{name: _text(row[name]) for name in names} for row in rows]
    if form == "parquet":
        sink = io.BytesIO()
        layout = pa.schema([(name, pa.string()) for name in names])
        parquet.write_table(pa.Table.from_pylist(texts, layout), sink)
        return sink.getvalue()
    if form == "jsonl":
        given = [{name: text for name, text in row.items() if text is not None} for row in texts]
        return "".join(json.dumps(row) + "\n" for row in given).encode()
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(row.values() for row in texts)
    return table.getvalue().encode()


def _text(value: object) -> str | None:
    return None if value is None else str(value)


# ------------------------------------------------------------------------------------------ the sample


def post(ledger: Ledger, file: Path = FOLDER / "posted.csv") -> None:
    """Make a new ledger the sample's: the announced clusters, and what is posted on top of them."""
    with read_feed(str(SAMPLE / "announced.csv")) as feed:
        ledger.post_file(feed, each=True)
    with read_feed(str(file)) as feed:
        feed.check()
        assert not ledger.post_file(feed).declined


def write_sample(folder: Path, seed: int = SEED) -> Written:
    """Write `posted.csv` and the feeds of the night after, with a break of every code."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "posted.csv"
    with file.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(posted(seed))
    with TemporaryDirectory() as place, Ledger.init(f"sqlite:///{Path(place) / 'tppq.db'}") as ledger:
        post(ledger, file)
        return write_night(folder / AS_OF.isoformat(), ledger, seed)


def expected(written: Written) -> str:
    """What was planted, as a table."""
    lines = [f"{code},{key},{tpp}" for code, key, tpp in written.planted]
    return "\n".join(["code,key,tpp", *lines]) + "\n"


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "planted.csv").write_text(expected(write_sample(FOLDER)), encoding="utf-8")
