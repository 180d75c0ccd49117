"""What others say, staged by column in DuckDB: licenses, declarations, shipments and reexports of a night.

`stage` reads every file of a night, checks it to the cell, brings names to the ledger's own, and leaves one
view per source, one row per thing as last told. What cannot be brought to the ledger's names, or may not be,
is set aside: it stays in its view, marked, and is listed in `quarantined` with the reason. Nothing is lost.

    license_told         one row per license of the newest snapshot
    declaration          one row per line of a declaration; declaration_version: one row per telling of it
    shipment             one row per line of a delivery; shipment_version likewise
    reexport             one row per leg of a reexport or transfer in country; reexport_version likewise
    serial               one row per serial number that counts
    quarantined          one row per thing amiss: source, row_id, line, code (a break's), reason, ...
    source_count         one row per source and filer: row_count, quarantined, late

A thing told again is restated, never added: 10, 25, 25, 40 are 40.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from ledger import recon_files, rules, spill
from ledger.accounts import Asked, Books
from ledger.errors import BadFeed
from ledger.feed_faults import Fault, Found, summary
from ledger.feed_staging import Staging
from ledger.model import Kind, Regime
from ledger.recon_files import Finding, Given, History
from ledger.recon_layout import DECLARATIONS, LAYOUTS, LICENSES, REEXPORTS, SHIPMENTS, SOURCES
from ledger.recon_manifest import Manifest
from ledger.recon_names import COUNTRIES, DEVICES, Names, tiers
from ledger.reference import Reference
from ledger.schema import sql

_PRIVATE: Mapping[str, Any] = {
    "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    "python_enable_replacements": False,
}  # fmt: skip
_DAY_COLUMN = {
    LICENSES: "issued_on", DECLARATIONS: "exported_on", SHIPMENTS: "shipped_on", REEXPORTS: "moved_on",
}  # fmt: skip
_NOT_LISTED, _TIER_1, _TIER_3 = 0, 1, 3
_TIERS_SET_ASIDE = {source: [_NOT_LISTED, _TIER_1, _TIER_3] for source in SOURCES} | {REEXPORTS: [_TIER_3]}
"""Goods may be reexported from Tier 1 and to it; nobody ships to Tier 3, or from there."""

_ISSUE = pa.schema([("row_id", pa.int64()), ("value", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of a night: what it promised, and what it held."""

    path: str
    manifest: Manifest
    content_sha256: str
    row_count: int


class Coverage(NamedTuple):
    """The days that the files of a source report on; `from_on` None: all there are.

    Where they tell only what came since: the last entry that the files before were held to, from which day on
    these told of everything (None: from the first), and the vendors that they told of.
    """

    from_on: date | None
    as_of: date
    since_seq: int | None = None
    asked_from: date | None = None
    vendors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Staged:
    """What a night brought: its files, the days they cover, and what keeps them from being accepted."""

    files: list[StagedFile]
    coverage: dict[str, Coverage]
    findings: list[Finding]

    @property
    def tells_all(self) -> bool:
        """Whether every source tells of all days, and none only of what came since."""
        return all(each.from_on is None for each in self.coverage.values())

    @property
    def paths(self) -> dict[tuple[str, int], str]:
        """Where the file of a source and run number lies."""
        return {(file.manifest.source, file.manifest.run_number): file.path for file in self.files}


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, in memory, without extensions: for `stage` and what compares with it."""
    return duckdb.connect(":memory:", config={**_PRIVATE, **spill.settings()})


def stage(
    connection: duckdb.DuckDBPyConnection,
    found: recon_files.Files,
    history: History,
    reference: Reference,
    regime: Regime,
) -> Staged:
    """Stage every file that was found, also where something keeps one from being accepted.

    Raises BadFeed with every fault of every file, by line and column; nothing is then staged.
    """
    night = _Night(connection, history, reference, regime)
    try:
        staged = night.stage(found)
    except BaseException:
        night.undo()
        raise
    finally:
        night.close()
    return staged


class _File(Staging):
    """One feed file, staged as text."""

    takes_nothing = True
    takes_pipes = False  # a folder is read as it was left: what keeps us waiting there is no file

    def __init__(self, each: Given, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(each.path, LAYOUTS[each.manifest.source], connection)
        self.source = each.manifest.source

    def _misfits(self) -> Iterator[Found]:
        if self.source in (LICENSES, DECLARATIONS):
            query = f"recon/feed_misfits_{self.source}.sql"
            for cell_id, line, column, why in self.rows(query, first_line=self.first_line):
                yield cell_id, (line, column, None, why)


class _Night:
    """The work of `stage`, on a cursor of its own, whose unqualified names are those of schema `feed`."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, history: History, reference: Reference, regime: Regime
    ) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._history = history
        self._reference = reference
        self._regime = regime
        self._faults: list[Fault] = []
        self._files: list[StagedFile] = []
        self._findings: list[Finding] = []
        self._names = Names(reference)

    def close(self) -> None:
        self._cursor.close()

    def undo(self) -> None:
        self._run("feed_undo")

    def stage(self, found: recon_files.Files) -> Staged:
        self._findings = [*found.findings, *recon_files.in_turn(found.given, self._history)]
        self._run("feed_begin")
        self._run("feed_results")
        self._put("feed_tiers", {"given_tier": tiers(self._regime)})
        self._put("feed_lookups", self._names.tables())
        coverage = {}
        for source in SOURCES:
            given = [each for each in found.given if each.manifest.source == source]
            self._run("feed_told")
            if given:
                coverage[source] = _coverage([each.manifest for each in given])
                self._source(source, given, coverage[source])
            self._run(f"feed_show_{source}")
        self._run("feed_end")
        if self._faults:
            raise BadFeed(
                summary(self._faults[0].path, self._faults),
                faults=[fault._asdict() for fault in self._faults],
            )
        return Staged(self._files, coverage, self._findings)

    def _source(self, source: str, given: Sequence[Given], covered: Coverage) -> None:
        """Take in the files of one source, in the order of their runs, and say what is amiss with them."""
        for each in given:
            if source == LICENSES:
                self._run("feed_told")  # a snapshot says all there is: the one before is history
            self._file(each)
        for query in ("standing", "stand", "replace", "fill_cancelled", "issue"):
            self._run(f"feed_{query}")
        self._judge(source, covered)
        self._run("feed_quarantine")
        for query in ("feed_quarantined", "feed_serials", "feed_counts"):
            self._run(query, of_source=source)

    def _file(self, each: Given) -> None:
        """Take in one file; its faults and findings where it has some."""
        path, manifest = each
        source = manifest.source
        cursor = self._connection.cursor()
        cursor.execute(sql("recon/feed_enter.sql"))
        with _File(each, cursor) as file:
            try:
                file.read()
            except BadFeed as error:
                self._faults.extend(Fault(**fault) for fault in error.faults)
                return
            ((row_count, hash_total),) = file.rows("recon/feed_totals.sql")
            content = file.content_sha256
            self._files.append(StagedFile(path, manifest, content, row_count))
            self._findings.extend(recon_files.controlled(each, content, row_count, hash_total))
            self._findings.extend(recon_files.unseen(each, content, row_count, self._seen(manifest)))
            self._faults.extend(file.faults)
            if not file.faults:
                self._look_up(file)
                values = {"run_number": manifest.run_number, "first_line": file.first_line}
                file.rows(f"recon/feed_take_{source}.sql", **values)

    def _seen(self, manifest: Manifest) -> History:
        """What was accepted before, and what came with this night under other numbers."""
        tonight = {
            file.manifest.run_number: file.content_sha256
            for file in self._files
            if file.manifest.source == manifest.source and file.manifest.run_number != manifest.run_number
        }
        return {manifest.source: {**tonight, **self._history.get(manifest.source, {})}}

    def _look_up(self, file: _File) -> None:
        """The countries and devices that a file names."""
        for columns, take in ((COUNTRIES, self._names.take_countries), (DEVICES, self._names.take_devices)):
            names = [name for name in file.layout.names if name in columns]
            for texts in file.rows("recon/feed_names.sql", names=names):
                take(texts)
        self._put("feed_lookups", self._names.tables())

    def _judge(self, source: str, covered: Coverage) -> None:
        """List what is amiss with the records that count."""
        regime = self._regime
        from_on = covered.from_on.isoformat() if covered.from_on is not None else ""
        self._run(
            "feed_issues", period_from=regime.period_from, period_to=regime.period_to,
            as_of=covered.as_of.isoformat(), tiers=_TIERS_SET_ASIDE[source], day_column=_DAY_COLUMN[source],
            is_complete=from_on <= regime.period_from, is_snapshot=source == LICENSES,
        )  # fmt: skip
        if source == LICENSES:
            off = [
                (row[0], str(row[-1]), self._disagreement(*row[1:])) for row in self._run("feed_off_licenses")
            ]
            issues = [dict(zip(_ISSUE.names, each, strict=True)) for each in off if each[-1] is not None]
            self._put("feed_add_issues", {"given_issue": pa.Table.from_pylist(issues, _ISSUE)})

    def _disagreement(
        self, license_no: str, country: str | None, on: str, device_id: str, quantity: int, tpp: int
    ) -> str | None:
        """Why the TPP of a license cannot be that of its devices: what would be said if it were posted."""
        asked = Asked(
            Kind.license, country or "", on, license_no, device_id, quantity, tpp, None, None, None, None,
            None, "country", country or "", None, f"country/{country}",
        )  # fmt: skip
        refusal = rules.agreement(asked, Books(self._regime, on, "", devices=self._reference.devices))
        return None if refusal is None else refusal.detail

    def _run(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql("recon/" + query + ".sql"), values or None)
        return self._cursor.fetchall()

    def _put(self, query: str, tables: Mapping[str, pa.Table]) -> None:
        """Run a query that takes these tables over."""
        for name, table in tables.items():
            self._cursor.register(name, table)
        self._run(query)
        for name in tables:
            self._cursor.unregister(name)


def _coverage(manifests: Sequence[Manifest]) -> Coverage:
    """The days that the files of one source cover together."""
    begun = [manifest.covers_from for manifest in manifests]
    days = [day for day in begun if day is not None]
    from_on = min(days) if len(days) == len(begun) else None
    return Coverage(from_on, max(manifest.as_of for manifest in manifests))
