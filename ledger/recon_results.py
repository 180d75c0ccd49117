"""The folder of a run: everything that was found, in forms for programs, spreadsheets and people.

It is written aside and moved into place when the run is recorded, so that there is never half a result. The
same inputs and the same ledger give the same bytes, but for the timings in the manifest.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson
import pyarrow.parquet as pq

from ledger import recon_report
from ledger.errors import Misconfigured
from ledger.recon_changes import CLEARED, table
from ledger.recon_night import Night
from ledger.recon_passes import Passes
from ledger.render import rows_as
from ledger.workbook import workbook

CURRENT = "current.json"
"""Beside the runs: which certificate holds, and whether it is stale."""

MOST_ROWS = 20_000
"""Breaks in the workbook: the gravest. Nobody works through more of them by hand; breaks.csv has all."""

_PACKAGES = ("tppq", "duckdb", "pyarrow")
_CHANGES = ("change", "break", "code", "severity", "state", "country", "key", "at_stake_tpp", "first_seen_on")
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@contextmanager
def written(out: str | Path | None, night: Night, passes: Passes, began: float) -> Iterator[Path | None]:
    """The folder that holds the results of a run once the block is left without an error; None without `out`.

    Raises Misconfigured where it cannot be written.
    """
    if out is None:
        yield None
        return
    folder, part = Path(out) / night.run, Path(out) / f".{night.run}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _fill(part, night, passes, began)
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
        _say(Path(out), {"run": night.run, "status": night.status, "as_of": night.cut.as_of, "stale": None})
    except OSError as error:
        raise Misconfigured(
            f"{error.filename or out} cannot be written: {error.strerror}; name another folder with --out",
            path=str(out),
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def mark_stale(out: str | Path, why: str) -> dict[str, Any] | None:
    """Say of the last certificate that a later night could not be compared; None where there is none."""
    try:
        said: dict[str, Any] = orjson.loads((Path(out) / CURRENT).read_bytes())
    except FileNotFoundError:
        return None
    said["stale"] = why
    _say(Path(out), said)
    return said


def _say(out: Path, said: Mapping[str, Any]) -> None:
    part = out / f".{CURRENT}.part"
    part.write_bytes(orjson.dumps(said, option=_INDENTED))
    part.replace(out / CURRENT)


def _fill(folder: Path, night: Night, passes: Passes, began: float) -> None:
    with ThreadPoolExecutor(1, "matches") as writing:
        # as many rows as the ledger has lines: DuckDB writes them while Python writes the rest
        matches = writing.submit(passes.write, "write_matches", path=str(folder / "matches.csv"))
        left_out = _fill_rest(folder, night)
    matches.result()
    manifest = _manifest(folder, night) | {
        "left_out": left_out,
        "timings": {"seconds": round(perf_counter() - began, 3)}
        | {name: round(seconds, 3) for name, seconds in passes.seconds.items()},
    }
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest, option=_INDENTED))


def _fill_rest(folder: Path, night: Night) -> list[str]:
    """Write all but matches and manifest; what could not be written, and why."""
    on = night.cut.as_of
    breaks = table((change for change in night.changes if change.change != CLEARED), on).arrow()
    changed = table(night.changes, on).arrow().select(_CHANGES)
    pq.write_table(breaks, folder / "breaks.parquet", compression="zstd")
    for name, rows in (
        ("breaks", breaks), ("changes", changed), ("certificate", night.certificate),
        ("sources", night.sources),
    ):  # fmt: skip
        (folder / f"{name}.csv").write_bytes(rows_as("csv", rows, {}, ""))
    lines = (orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in night.proposals())
    (folder / "proposals.jsonl").write_bytes(b"".join(lines))
    (folder / "report.html").write_text(recon_report.page(night), encoding="utf-8")
    sheets = {
        "Breaks": breaks.slice(0, MOST_ROWS), "Certificate": night.certificate, "Sources": night.sources,
    }  # fmt: skip
    basis = {
        "run": night.run, "status": night.status, "regime": night.regime.regime,
        "h100_tpp": night.regime.h100_tpp, **night.cut._asdict(),
    }  # fmt: skip
    try:
        (folder / "breaks.xlsx").write_bytes(workbook(sheets, basis, night.regime.notice))
    except Misconfigured as missing:  # a night is compared without the extra, too
        return [f"breaks.xlsx: {missing.detail}"]
    return []


def _manifest(folder: Path, night: Night) -> dict[str, Any]:
    return {
        "run": night.run,
        "status": night.status,
        "regime": night.regime.regime,
        "notice": night.regime.notice,
        "cut": night.cut._asdict(),
        "inputs": [each._asdict() for each in night.inputs],
        "identity": night.identity,
        "open": night.open_by_severity(),
        "matched": dict(night.matched),
        "versions": {name: _version(name) for name in _PACKAGES},
        "files": {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
