"""The folder of a run: everything that was found, in forms for programs, spreadsheets and people.

It is written aside and moved into place when the run is recorded, so that there is never half a result. The
same inputs and the same ledger give the same bytes, but for the timings in the manifest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import orjson
import pyarrow.parquet as pq

from ledger import aside, installed, recon_report
from ledger.answer import Rows
from ledger.errors import Misconfigured
from ledger.recon_changes import CLEARED
from ledger.recon_night import Night
from ledger.recon_passes import Passes
from ledger.render import rows_as
from ledger.workbook import workbook

CURRENT = "current.json"
"""Beside the runs: which certificate holds, and whether it is stale."""

_PART, _OLD = ".run.part", ".run.old"
"""What is being written, and what it takes the place of: what a killed run left goes with the next one."""

MOST_ROWS = 20_000
"""Breaks in the workbook: the gravest. Nobody works through more of them by hand; breaks.csv has all."""

_PACKAGES = ("tppq", "duckdb", "pyarrow")
_CHANGES = ("change", "break", "code", "severity", "state", "country", "key", "at_stake_tpp", "first_seen_on")
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class Results:
    """The results of one run as they are written: aside, and in their place only once the run is recorded."""

    def __init__(self, out: Path, writing: ThreadPoolExecutor) -> None:
        self._out = out
        self._part = out / _PART
        self._writing = writing
        self._matches: Future[None] | None = None
        self.drop()
        self._part.mkdir(parents=True)

    def matched(self, passes: Passes) -> None:
        """Begin with the matches: as many rows as the ledger has lines, while the passes go on."""
        path = str(self._part / "matches.csv")
        self._matches = self._writing.submit(passes.write_aside, "write_matches", path=path)

    def fill(self, night: Night, rows: Rows, seconds: Mapping[str, float], began: float) -> None:
        """Write all the rest; `rows` are the changes of the night."""
        left_out = _fill(self._part, night, rows)
        if self._matches is not None:
            self._matches.result()
        manifest = _manifest(self._part, night) | {
            "left_out": left_out,
            "timings": {"seconds": round(perf_counter() - began, 3)}
            | {name: round(each, 3) for name, each in seconds.items()},
        }
        (self._part / "manifest.json").write_bytes(orjson.dumps(manifest, option=_INDENTED))

    def keep(self, night: Night, *, holds: bool) -> Path:
        """Move what was written into place, and say so where it is what `holds` now.

        What is there as it was written stays: nobody who reads it sees it go and come again.
        """
        folder = self._out / night.run
        if not _is_there(folder, self._part):
            self._make_way(folder)
            self._part.replace(folder)
        if holds:
            now = {"run": night.run, "status": night.status, "as_of": night.cut.as_of, "stale": None}
            _say(self._out, now)
        return folder

    def drop(self) -> None:
        """Let go of what was not kept."""
        for path in (self._part, self._out / _OLD):
            shutil.rmtree(path, ignore_errors=True)

    def _make_way(self, folder: Path) -> None:
        with suppress(FileNotFoundError):
            folder.rename(self._out / _OLD)


@contextmanager
def results(out: str | Path | None) -> Iterator[Results | None]:
    """Where the results of a run go; None without `out`. What is not kept in the block is gone after it.

    Raises Misconfigured where they cannot be written, Unreachable where the disk is full.
    """
    if out is None:
        yield None
        return
    kept: Results | None = None
    try:
        with ThreadPoolExecutor(1, "matches") as writing:
            kept = Results(Path(out), writing)
            yield kept
    except (OSError, duckdb.IOException) as error:
        where = error.filename if isinstance(error, OSError) and error.filename else out
        raise aside.unwritten(Path(where), _plainly(error), "name another folder with --out") from error
    finally:
        if kept is not None:
            kept.drop()


def _plainly(error: OSError | duckdb.Error) -> OSError:
    """What went wrong in the system's own words: Arrow and DuckDB put theirs around them."""
    said = str(error)
    for number in aside.NO_ROOM:
        if os.strerror(number) in said:
            return OSError(number, os.strerror(number))
    return error if isinstance(error, OSError) else OSError(None, said.splitlines()[0])


def mark_stale(out: str | Path, why: str) -> dict[str, Any] | None:
    """Say of the last certificate that a later night could not be compared; None where there is none.

    What stands there and cannot be read is written anew. Raises OSError.
    """
    said: dict[str, Any]
    try:
        said = dict(orjson.loads((Path(out) / CURRENT).read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, OSError):
        said = dict.fromkeys(("run", "status", "as_of"))  # nobody can tell which one it was
    said["stale"] = why
    _say(Path(out), said)
    return said


def _say(out: Path, said: Mapping[str, Any]) -> None:
    aside.write(out / CURRENT, orjson.dumps(said, option=_INDENTED))


def _fill(folder: Path, night: Night, rows: Rows) -> list[str]:
    """Write all but matches and manifest; what could not be written, and why."""
    place = rows.names.index("change")
    breaks = Rows(rows.names, rows.types, [row for row in rows.rows if row[place] != CLEARED])
    pq.write_table(breaks.arrow(), folder / "breaks.parquet", compression="zstd")
    for name, given in (
        ("breaks", breaks), ("changes", _only(rows, _CHANGES)), ("certificate", night.certificate),
        ("sources", night.sources),
    ):  # fmt: skip
        (folder / f"{name}.csv").write_bytes(rows_as("csv", given, {}, ""))
    lines = (orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in night.proposals())
    (folder / "proposals.jsonl").write_bytes(b"".join(lines))
    (folder / "report.html").write_text(recon_report.page(night), encoding="utf-8")
    sheets = {
        "Breaks": Rows(rows.names, rows.types, breaks.rows[:MOST_ROWS]),
        "Certificate": night.certificate, "Sources": night.sources,
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


def _only(rows: Rows, names: Sequence[str]) -> Rows:
    """Some columns, in another order."""
    places = [rows.names.index(name) for name in names]
    return Rows(
        tuple(names), tuple(rows.types[place] for place in places), list(map(itemgetter(*places), rows.rows))
    )


def _is_there(folder: Path, part: Path) -> bool:
    """Whether a folder has the files of another, byte for byte, and a manifest of these."""
    try:
        manifests = [orjson.loads((each / "manifest.json").read_bytes()) for each in (folder, part)]
        return bool(manifests[0]["files"] == manifests[1]["files"] == _sums(folder))
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder but its manifest."""
    paths = [path for path in sorted(folder.iterdir()) if path.name != "manifest.json"]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in paths}


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
        "versions": {name: installed.version_of(name) for name in _PACKAGES},
        "files": _sums(folder),
    }
