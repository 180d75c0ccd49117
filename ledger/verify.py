"""Holds the stored history to three independent answers: the store's balances, DuckDB's sums, Python's fold.

A difference is a row (seq, check, expected, found), not an error. What is worth knowing and no fault, such
as a past day that a back-dated entry would have breached, is a note in the basis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from ledger import schema
from ledger.accounts import balances
from ledger.engine import WIDE, Answer, Core, as_table
from ledger.errors import Tampered
from ledger.evidence import entry_hash
from ledger.model import BUCKETS, HELD_BY_LICENSE
from ledger.store import Store

ROW = pa.schema(
    [("seq", pa.int64()), ("check", pa.string()), ("expected", pa.string()), ("found", pa.string())]
)
Difference = tuple[int | None, str, str, str]
MOST_ROWS = 1000
"""Differences shown of each check: the first is what matters, and a broken chain has one at every entry."""

_ENTRY_CHECKS = ("order", "chain", "running", "overdraft", "approval", "reversal")
_KIND, _QUOTA, _LICENSE, _TPP = (WIDE.index(name) for name in ("kind", "quota", "license_no", "tpp"))


def verify(store: Store, core: Core, basis: dict[str, Any]) -> Answer:
    """Read the whole ledger from the store into an empty, wide `core`, and compare. One row a difference."""
    held: dict[tuple[str, str, str], int] = {}
    differences: list[Difference] = []
    for page in store.pages(WIDE):
        try:
            core.append_unchecked(as_table(WIDE, zip(*page, strict=True)))
            page_held = balances((row[_QUOTA], row[_KIND], row[_LICENSE], row[_TPP]) for row in page)
        except (Tampered, ValueError) as error:
            note = "an entry cannot be read: nothing after it was checked"
            return _answer(list(_unreadable(page, str(error))), {**basis, "notes": [note]})
        for key, tpp in page_held.items():
            held[key] = held.get(key, 0) + tpp
    core.sort()
    for check in _ENTRY_CHECKS:
        found = core.ask(schema.sql(f"core/verify_{check}.sql"), {"most": MOST_ROWS}).to_pylist()
        differences.extend((row["seq"], check, str(row["expected"]), str(row["found"])) for row in found)
    head = store.head()
    last = core.ask(schema.sql("core/verify_last.sql")).to_pylist()[0]
    if (head.seq, head.hash) != (last["seq"], last["hash"]):
        differences.append((last["seq"], "head", f"{last['seq']} {last['hash']}", f"{head.seq} {head.hash}"))
    differences.extend(_balance_differences(store, core, held))
    differences.sort(key=lambda row: (row[0] if row[0] is not None else head.seq + 1, row[1]))
    breached = core.ask(schema.sql("core/verify_backdated.sql")).to_pylist()
    notes = [
        f"{row['country']} {row['on_day']}: headroom by effective day was {row['headroom_tpp']:,} TPP, "
        f"breached by the back-dated entry {row['seq']:,}"
        for row in breached
    ]
    checked = {"entries": last["seq"], "accounts": len({(quota, number) for quota, number, _ in held})}
    table = pa.Table.from_pylist([dict(zip(ROW.names, row, strict=True)) for row in differences], ROW)
    return Answer(
        table, {**basis, "seq": head.seq, "head_hash": head.hash, "checked": checked, "notes": notes}
    )


def _answer(differences: Sequence[Difference], basis: dict[str, Any]) -> Answer:
    rows = [dict(zip(ROW.names, row, strict=True)) for row in differences]
    return Answer(pa.Table.from_pylist(rows, ROW), {"checked": {"entries": 0, "accounts": 0}, **basis})


def _unreadable(page: Sequence[Sequence[Any]], said: str) -> Iterator[Difference]:
    """A page with a value that no entry can have: the first entry whose hash is not that of its contents."""
    for row in page:
        fields = dict(zip(WIDE, row, strict=True))
        prev_hash, found = fields.pop("prev_hash"), fields.pop("hash")
        if (expected := entry_hash(prev_hash, fields)) != found:
            yield fields["seq"], "chain", expected, found
            return
    yield page[0][-1], "values", "values that an entry can have", said


def _balance_differences(
    store: Store, core: Core, held: dict[tuple[str, str, str], int]
) -> Iterator[Difference]:
    """Every account, bucket by bucket: the fold against the store's balance rows and DuckDB's legs."""
    stored = {
        (row[0], row[1], bucket): row[2 + index]
        for row in store.read("balances")
        for index, bucket in enumerate(BUCKETS)
        if bool(row[1]) <= (bucket in HELD_BY_LICENSE)
    }
    summed = {
        (row["quota"], row["license_no"], row["bucket"]): row["tpp"]
        for row in core.ask(schema.sql("core/verify_balances.sql")).to_pylist()
    }
    for key in sorted(held.keys() | stored.keys() | summed.keys()):
        expected = held.get(key, 0)
        for name, found in (("store", stored.get(key, 0)), ("duckdb", summed.get(key, 0))):
            if found != expected:
                what = " ".join(part for part in key if part)
                yield None, "balance", f"{what} {expected}", f"{what} {found} ({name})"
