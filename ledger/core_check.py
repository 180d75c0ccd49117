"""Whether a core that was kept as a file still says what the store says, as far as that is quickly told.

The next file begins as its copy, and would hand on whatever is wrong with it. Entries are not read again,
which is what `verify` is for: its reference data, which entries it has, and each quota's last entry and what
is left after it have to be the store's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson

from ledger import schema
from ledger.reading import Reading


class Otherwise(Exception):
    """A file of the core cannot be gone on from: it cannot be read, or says otherwise than the store."""


def sorted_seq(path: Path) -> int:
    """Up to which entry a file lies in the order of (country, seq). Raises Otherwise."""
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(schema.sql("snapshot/attach_sealed.sql"), {"file": str(path)})
            ((seq,),) = connection.execute(schema.sql("snapshot/sorted.sql")).fetchall()
            return int(seq)
    except (duckdb.Error, ValueError) as error:
        raise Otherwise(str(path)) from error


def must_agree(
    connection: duckdb.DuckDBPyConnection,
    store: Reading,
    seq: int,
    reference: Mapping[str, Sequence[Sequence[Any]]],
) -> None:
    """Hold a core with all entries up to `seq` to the store and to the rows of its reference data.

    Raises Otherwise.
    """
    for name, rows in reference.items():
        if _as_text(connection.table(name).fetchall()) != _as_text(rows):
            raise Otherwise(name)
    kept = connection.execute(schema.sql("snapshot/last_of_quota.sql")).fetchall()
    if (sum(row[-2] for row in kept), sum(row[-1] for row in kept)) != (seq, seq * (seq + 1) // 2):
        raise Otherwise("entry")
    last = orjson.dumps([row[0] for row in kept]).decode()
    if sorted(tuple(row) for row in store.read("left_after", seqs=last)) != sorted(row[:-2] for row in kept):
        raise Otherwise("entry")


def _as_text(rows: Sequence[Sequence[Any]]) -> list[tuple[str, ...]]:
    """Rows without their order, in words: the same for a day and for what DuckDB was given for one."""
    return sorted(tuple(map(str, row)) for row in rows)
