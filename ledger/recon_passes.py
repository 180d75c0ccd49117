"""The passes of a reconciliation: the ledger's exports against what others told, in DuckDB, by column.

Lines of the ledger and rows of the sources are matched by the keys K1 to K5 in cascade, each one join over
what the keys before it left over, and what differs is a row of `found`. The SQL is in `schemas/recon`;
Python says in which order it runs, and looks at no row.

The passes of a night:
    P0  files: which there are, what their manifests promise, whose turn it is (`recon_files`)
    P1  the ledger itself: does it verify? (`recon_run`)
    P2  licenses: what the licensing office says of each, against the ledger
    P3  declarations: what customs says left, against the ledger's exports
    P4  shipments: what the vendors say they sent, against the exports; then all three, side by side
    P5  reexports and transfers in country: the two legs of each, and whose goods they were
    P6  roll-up: each country's sums, net and gross
    P7  breaks: new ones opened, old ones aged and cleared, results written (`recon_changes`, `recon_results`)

The keys, in the order in which they are tried:
    K1  same ITN (number of the customs filing), line and license
    K2  same ITN, license and device; then same ITN, license and quantity, where each side has one such row;
        where neither names a license, the ITN and device do
    K3  same license, device and quantity; days at most three apart
    K4  by sum: several on one side add up to one on the other; same license and device, days within the
        window of a split shipment; on nights of deltas, K3 and K4 take only what may still be declared
        (`asked_line.sql`; decision 77)
    K5  serial numbers: goods reexported are those of the delivery that has most of their serial numbers
    K6  a suggestion only, never a match: same device, quantity and country, days near, consignees alike
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from ledger import schema
from ledger.model import Device, Regime
from ledger.recon_breaks import TRANSIT_DAYS
from ledger.recon_feeds import Coverage

_MOST_ROUNDS = 50
"""How often a key is tried again on what it left over; more than a few would be a flaw of the key."""

Ask = Callable[[str, Mapping[str, Any]], pa.Table]

_KEYS = ("k2", "k2_device", "k2_unlicensed", "apart", "k3_same_day", "k3_near", "k4_lines", "k4_rows", "k6")
_LEFT = (
    "missing", "surface", "over_pieces", "restores_left", "set_aside", "three_ways", "under_another",
)  # fmt: skip
_REPEATED = frozenset({"k3_near", "k4_lines", "k4_rows"})
_TABLE_OF = {"lines": "line", "returns": "came_back", "licenses": "license_held", "countries": "country_held"}


class Passes:
    """One night's comparison, on a connection in which the feeds are staged (`recon_feeds.stage`)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.seconds: dict[str, float] = {}
        """How long each pass took; it goes into the log of a run, never into its results."""

    # ------------------------------------------------------------------------------------------ the ledger

    def take_ledger(self, ask: Ask, as_of: str, known_at: str, *, tells_all: bool) -> None:
        """Copy what the ledger says: its exports, returns, licenses and countries; `ask` asks its core.

        `tells_all`: whether the files do, so that nobody asks in whose place an export was posted.
        """
        with self._timed("ledger"):
            self._run("1_tables")
            self._run("2_macros")
            values = {"as_of": as_of, "known_at": known_at}
            more = {"lines": {"tells_all": tells_all}}
            for name, table in _TABLE_OF.items():
                asked = values | more.get(name, {})
                self._fill(table, ask(schema.sql(f"recon/ledger_{name}.sql"), asked))

    def set_terms(
        self,
        regime: Regime,
        devices: Mapping[str, Device],
        coverage: Mapping[str, Coverage],
        as_of: str,
        left_open: Mapping[str, pa.Table],
    ) -> None:
        """Say by what the night is judged: the catalogue, the days that the sources cover, the day itself.

        `left_open`: what earlier nights left open, by table (`recon_awaited`).
        """
        catalogue = [
            {
                "device_id": each.device_id, "vendor": each.vendor, "tpp": each.tpp,
                "declared_tpp": each.declared_tpp,
            }
            for each in devices.values()
        ]  # fmt: skip
        covered = [{"source": source, **each._asdict()} for source, each in coverage.items()]
        self._fill("device", pa.Table.from_pylist(catalogue))
        if covered:
            self._fill("coverage", pa.Table.from_pylist(covered, _COVERED))
        for table, rows in left_open.items():
            self._fill(table, rows)
        self._run(
            "set_terms", as_of=as_of, transit_days=TRANSIT_DAYS,
            credits_origin=regime.choices["reexport_credits_origin"],
        )  # fmt: skip

    # ---------------------------------------------------------------------------------------- the passes

    def run(self, matched: Callable[[], None] = lambda: None) -> None:
        """P2 to P6. Afterwards `pair` says what was matched, `found` what differs, `certificate` the sums.

        `matched` is called as soon as the matches stand.
        """
        with self._timed("licenses"):
            self._run("3_worth")
            self._run("worth_of_lines")
            self._settle_restores()
            self._run("other_worth")
            self._run("licenses")
            self._run("transfers")
            self._run("owed")
        with self._timed("declarations"):
            self.match("declarations")
        with self._timed("shipments"):
            if self._rows("count_shipments") != [(0,)]:
                self.match("shipments")
        with self._timed("reexports"):
            self._run("transfers_late")
            self._run("transfer_breaks")
            self._run("transfers_missing")
            self._run("serials")
        matched()
        with self._timed("missing"):
            for script in _LEFT:
                self._run(script)
        with self._timed("rollup"):
            self._run("rollup")

    def match(self, source: str) -> None:
        """Match the lines of the ledger with one source, key by key, and add to `found` where they differ."""
        self._run(f"told_{source}")
        self._run("asked_line")
        with self._timed(f"{source} matched"):
            self._first_key(source)
            for script in _KEYS:
                for _ in range(_MOST_ROUNDS if script in _REPEATED else 1):
                    if (0,) in self._rows("left_counts"):
                        break
                    added = self._rows(script)
                    self._run("left_over")
                    if added == [(0,)]:
                        break
        for script in ("compare", "differences", "keep_lone"):
            self._run(script)

    def _first_key(self, source: str) -> None:
        """K1, which settles nearly all of a night; only declarations have what it takes."""
        if source != "declarations":
            self._run("all_left")
            return
        self._run("k1")
        ((lines, declarations),) = self._rows("k1_counts")
        if lines > declarations:
            self._run("k1_twice")
        self._run("k1_left")

    def _settle_restores(self) -> None:
        """Take what was restored off the export that it belongs to, where the ledger does not say which."""
        settled = self._rows("loose_restores")
        for _ in range(_MOST_ROUNDS):
            if settled == [(0,)]:
                break
            settled = self._rows("settle_restores")

    def ask(self, query: str, **values: Any) -> pa.Table:
        """The rows of `schemas/recon/QUERY.sql`."""
        return self._connection.sql(schema.sql(f"recon/{query}.sql"), params=values or None).to_arrow_table()

    def column(self, query: str) -> list[Any]:
        """The first column of the rows of `schemas/recon/QUERY.sql`."""
        return [row[0] for row in self._rows(query)]

    def write_aside(self, query: str, **values: Any) -> None:
        """Run a query that writes a file, beside what else is asked meanwhile; `values` name it."""
        with self._connection.cursor() as cursor:
            cursor.execute(schema.sql("snapshot/csv_guard.sql"))
            cursor.execute(schema.sql(f"recon/{query}.sql"), values)

    # -------------------------------------------------------------------------------------------- within

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - began

    def _run(self, script: str, **values: Any) -> None:
        self._connection.execute(schema.sql(f"recon/{script}.sql"), values or None)

    def _rows(self, script: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(schema.sql(f"recon/{script}.sql")).fetchall()

    def _fill(self, table: str, rows: pa.Table) -> None:
        """Insert rows into a native table, by the names of their columns."""
        if rows.num_rows == 0:
            return
        self._connection.register("arriving", rows)
        try:
            self._connection.execute(schema.sql(f"recon/take_{table}.sql"))
        finally:
            self._connection.unregister("arriving")


_COVERED = pa.schema([
    ("source", pa.string()), ("from_on", pa.date32()), ("as_of", pa.date32()), ("since_seq", pa.int64()),
    ("asked_from", pa.date32()), ("vendors", pa.list_(pa.string())),
])  # fmt: skip
