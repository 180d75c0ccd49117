"""Holds the stored history to itself and to what was signed of it: nothing kept in memory is believed.

Chain and tree are hashed anew from the first entry; balances have three independent answers (the store's
rows, DuckDB's legs, Python's fold); what a checkpoint kept elsewhere says is held against the tree. A
difference is a row (seq, check, expected, found), not an error. What is worth knowing and no fault, such as a
past day that a back-dated entry would have breached, is a note in the basis.
"""

from __future__ import annotations

from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import pyarrow as pa

from ledger import anchors, merkle, rereading, schema
from ledger.accounts import balances
from ledger.anchors import Difference, Outside
from ledger.answer import Answer
from ledger.engine import Core
from ledger.errors import Tampered
from ledger.reading import Reading
from ledger.submission import Head

ROW = pa.schema(
    [("seq", pa.int64()), ("check", pa.string()), ("expected", pa.string()), ("found", pa.string())]
)
MOST_ROWS = 1000
"""Differences shown of each check: the first is what matters, and a broken chain has one at every entry."""

_CHECKS = ("running", "overdraft", "approval", "reversal", "license", "balance")
_KEY, _GROUP = ("quota", "license_no", "bucket"), ("quota", "kind", "license_no", "tpp")


@dataclass(slots=True)
class _Read:
    """What was read of the entries: their tree, the last of them, and what is wrong with any."""

    tree: merkle.Tree = field(default_factory=merkle.Tree)
    last: rereading.Last = field(default_factory=rereading.Last)
    differences: list[Difference] = field(default_factory=list)
    whole: bool = True


def verify(
    store: Reading,
    core: Core,
    basis: dict[str, Any],
    outside: Outside | None = None,
    *,
    taking: str = "core/verify_take.sql",
) -> Answer:
    """Read the whole ledger from the store into an empty, wide `core`, and compare. One row a difference.

    While others post, it is the ledger up to one head that is verified, and no later. `outside` is what was
    kept elsewhere: only that shows a tail that was cut off, or a history that was made anew as a whole.
    `taking` is the script by which `core` takes a page in: for a caller who asks it more afterwards.
    """
    trail = store.read("all_events")  # before the head: what was signed by then stands under it
    last_stored = store.read("last_entry")[0][0] or 0
    standing = store.read("standing")
    if not standing:
        raise store.no_ledger()
    *fields, accounts = standing[0]
    head = Head(*fields)
    stored = pa.array(accounts.split("\n") if accounts else [], pa.string())
    core.take(pa.table({"account": stored}), "core/verify_stored.sql")
    found = _entries(store, core, head, taking)
    differences = found.differences
    last = found.last
    if (head.seq, head.hash) != (last.seq, last.hash) or last_stored > head.seq:
        seq = max(last.seq, last_stored)
        differences.append((last.seq, "head", f"{seq} {last.hash}", f"{head.seq} {head.hash}"))
    differences.extend(anchors.chained(trail))
    differences.extend(anchors.edge(head, found.tree))
    differences.extend(anchors.signed(head, found.tree, trail, outside))
    unreadable = _asked(core, "values")
    differences.extend(unreadable)
    count, notes = 0, ["an entry cannot be read: balances and states were not checked"]
    if found.whole and not unreadable:
        count, notes = _sums(core, differences), _breached(core)
    differences.sort(key=lambda row: (row[0] if row[0] is not None else head.seq + 1, row[1]))
    table = pa.Table.from_pylist([dict(zip(ROW.names, row, strict=True)) for row in differences], ROW)
    checked = {
        "entries": len(found.tree), "accounts": count, "events": len(trail),
        "checkpoints": len(anchors.recorded(trail)), "outside": outside.where if outside else None,
    }  # fmt: skip
    return Answer(
        table, {**basis, "seq": head.seq, "head_hash": head.hash, "checked": checked, "notes": notes}
    )


# ---------------------------------------------------------------------------------------------- entries


def _entries(store: Reading, core: Core, head: Head, taking_by: str) -> _Read:
    """Hash every entry up to the head anew, while DuckDB takes it in."""
    found = _Read()
    counts: dict[str, int] = {}
    with ThreadPoolExecutor(1, "taking") as taker:
        try:
            for page in rereading.pages(store, 0, head.seq):
                taking = taker.submit(_take, core, page, taking_by)
                for fault in rereading.faults(page, found.last):
                    counts[fault.check] = counts.get(fault.check, 0) + 1
                    if counts[fault.check] <= MOST_ROWS:
                        found.differences.append((fault.seq, fault.check, fault.expected, fault.found))
                found.tree.extend(page.leaf_hashes(head))
                found.last = rereading.last_of(page)
                taking.result()
        except Tampered as error:
            found.whole = False
            found.differences.append((error.seq, "values", "values that an entry can have", error.detail))
    return found


def _take(core: Core, page: rereading.Page, taking: str) -> None:
    """Give DuckDB the canonical forms of a page, as they lie. Raises Tampered for what is not UTF-8."""
    lengths = [len(body) + 1 for body in page.bodies]  # with the line break, which JSON passes over
    offsets = array("i", accumulate(lengths, initial=0))
    offsets[-1] = len(page.packed)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(page.packed)]
    bodies = pa.Array.from_buffers(pa.string(), len(page.bodies), buffers)
    try:
        bodies.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Tampered(f"an entry holds text that is none: {error}", seq=page.seqs[0]) from error
    seqs = pa.array(array("q", page.seqs), pa.int64())
    core.take(pa.table({"seq": seqs, "body": bodies}), taking)


# ------------------------------------------------------------------------------------------------- sums


def _sums(core: Core, differences: list[Difference]) -> int:
    """Hold balances and states to the entries; how many accounts there are."""
    groups = core.ask(schema.sql("core/verify_groups.sql"))
    folded = balances(zip(*(groups[name].to_pylist() for name in _GROUP), strict=True))
    keys = list(zip(*folded, strict=True)) or [()] * len(_KEY)
    columns = {name: pa.array(key, pa.string()) for name, key in zip(_KEY, keys, strict=True)}
    core.take(pa.table({**columns, "tpp": pa.array(folded.values(), pa.int64())}), "core/verify_folded.sql")
    for check in _CHECKS:
        differences.extend(_asked(core, check))
    return len({(quota, number) for quota, number, _ in folded})


def _asked(core: Core, check: str) -> list[Difference]:
    """What one question finds; the first of it, where it is much."""
    rows = core.ask(schema.sql(f"core/verify_{check}.sql"), {"most": MOST_ROWS}).to_pylist()
    return [(row["seq"], check, str(row["expected"]), str(row["found"])) for row in rows]


def _breached(core: Core) -> list[str]:
    return [
        f"{row['country']} {row['on_day']}: headroom by effective day was {row['headroom_tpp']:,} TPP, "
        f"breached by the back-dated entry {row['seq']:,}"
        for row in core.ask(schema.sql("core/verify_backdated.sql")).to_pylist()
    ]
