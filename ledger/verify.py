"""Holds the stored history to itself and to what was signed of it: nothing kept in memory is believed.

Chain and tree are hashed anew from the first entry; balances have three independent answers (the store's
rows, DuckDB's legs, Python's fold); what a checkpoint kept elsewhere says is held against the tree. A
difference is a row (seq, check, expected, found), not an error. What is worth knowing and no fault, such as a
past day that a back-dated entry would have breached, is a note in the basis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from ledger import anchors, events, merkle, pinned, roster, schema, sound
from ledger.accounts import balances
from ledger.anchors import Difference, Outside
from ledger.answer import Answer
from ledger.engine import Core
from ledger.errors import REFUSALS, Busy, Tampered, problem_of
from ledger.intake import Intake
from ledger.model import Regime
from ledger.reading import Progress, Reading, silent
from ledger.rehashing import Hashed, hashed
from ledger.rereading import Last
from ledger.submission import FIRST_AT, Head

ROW = pa.schema(
    [("seq", pa.int64()), ("check", pa.string()), ("expected", pa.string()), ("found", pa.string())]
)
MOST_ROWS = 1000
"""Differences shown of each check: the first is what matters, and a broken chain has one at every entry."""

_ANEW = "tppq export and tppq import make a new ledger of it, tppq restore one of the latest backup"
_TOPIC = events.COLUMNS.index("topic")
_CHECKS = ("quota", "running", "overdraft", "approval", "reversal", "license")
_KEY, _GROUP = ("quota", "license_no", "bucket"), ("quota", "kind", "license_no", "tpp")


@dataclass(slots=True)
class _Read:
    """What was read of the entries: the hashes of their leaves, the last of them, what is wrong with any."""

    leaves: list[bytes] = field(default_factory=list)
    last: Last = field(default_factory=Last)
    differences: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    whole: bool = True

    def take(self, some: Hashed) -> None:
        """Take in entries that follow those taken before."""
        for fault in some.faults:
            self.counts[fault.check] += 1
            if self.counts[fault.check] <= MOST_ROWS:
                self.differences.append((fault.seq, fault.check, fault.expected, fault.found))
        self.leaves.append(some.leaves)
        self.last = some.last


class _Summed(NamedTuple):
    """What adding up comes to: what differs, how many accounts there are, what is worth knowing."""

    differences: list[Difference]
    accounts: int
    notes: list[str]


def verify(
    store: Reading,
    core: Core,
    basis: dict[str, Any],
    outside: Outside | None = None,
    *,
    taking: str = "core/verify_take.sql",
    copies: Iterable[tuple[str, Any]] = (),
    terms: Regime | None = None,
    progress: Progress = silent,
) -> Answer:
    """Read the whole ledger from the store into an empty, wide `core`, and compare. One row per difference.

    While others post, it is the ledger up to one head that is verified, and no later. `outside` is what was
    kept elsewhere: only that shows a tail that was cut off, or a history that was made anew as a whole.
    `taking` is the script by which `core` takes entries in: for a caller who asks it more afterwards.
    `copies` are held to the ledger too, by name: Arrow tables of what headroom needs of each entry; `terms`
    to what was recorded of them.
    `progress` is told how many entries are read, and of how many.
    """
    trail = store.read("all_events")  # before the head: what was signed by then stands under it
    ((last_stored, first_stored),) = store.read("last_entry")
    standing = store.read("standing")
    if not standing:
        raise store.no_ledger()
    *fields, accounts = standing[0]
    head = Head(*fields)
    key, head = head.salt_key, head if sound.is_key(head.salt_key) else head._replace(salt_key="")
    stored = pa.array(accounts.split("\n") if accounts else [], pa.string())
    core.take(pa.table({"account": stored}), "core/verify_stored.sql")
    with ThreadPoolExecutor(2, "beside") as beside:
        looked = beside.submit(_store_faults, store)
        found = _entries(store, core, head, taking, progress)
        # in DuckDB, while Python makes the tree
        added = beside.submit(_summed, core, copies, terms, whole=found.whole)
        tree = merkle.Tree()
        tree.extend(found.leaves)
        differences = found.differences
        differences.extend(_ends(head, found.last, first_stored, last_stored))
        if key != head.salt_key:  # the tree is then another one too
            differences.append((None, "head", "a salt_key of 64 hexadecimal digits", "none"))
        differences.extend(_shared(store, head, trail))
        differences.extend(_refusals(store))
        differences.extend(anchors.event_faults(trail))
        differences.extend(anchors.edge_faults(head, tree))
        differences.extend(anchors.checkpoint_faults(head, tree, trail, outside))
        summed = added.result()
        differences.extend(looked.result())
    differences.extend(summed.differences)
    differences.sort(key=lambda row: (row[0] if row[0] is not None else head.seq + 1, row[1]))
    table = pa.Table.from_pylist([dict(zip(ROW.names, row, strict=True)) for row in differences], ROW)
    checked = {
        "entries": len(tree), "accounts": summed.accounts, "events": len(trail),
        "checkpoints": len(anchors.recorded(trail)), "outside": outside.where if outside else None,
    }  # fmt: skip
    notes = [*(pinned.notes(terms, trail) if terms is not None else ()), *summed.notes]
    return Answer(
        table, {**basis, "seq": head.seq, "head_hash": head.hash, "checked": checked, "notes": notes}
    )


def _ends(head: Head, last: Last, first_stored: int | None, last_stored: int | None) -> Iterator[Difference]:
    """Whether the entries begin with the first and end with the head, and none is stored beside them."""
    if first_stored is not None and first_stored < 1:  # nobody reads it, but it answers its request
        yield first_stored, "order", "entry 1 as the first", f"entry {first_stored}"
    if (head.seq, head.hash) != (last.seq, last.hash) or (last_stored or 0) > head.seq:
        seq = max(last.seq, last_stored or 0)
        yield last.seq, "head", f"{seq} {last.hash}", f"{head.seq} {head.hash}"
    elif head.recorded_at != (last.recorded_at or FIRST_AT):
        yield (
            last.seq,
            "head",
            f"recorded at {last.recorded_at or FIRST_AT}",
            f"recorded at {head.recorded_at}",
        )


def _shared(store: Reading, head: Head, trail: Sequence[Sequence[Any]]) -> Iterator[Difference]:
    """Whether the head says that people have roles where they were given any, which is for good."""
    alone, shared = "a ledger of one person", "a ledger of people with roles"
    if any(row[_TOPIC] == roster.TOPIC for row in trail):
        if not head.shared:
            yield None, "head", shared, alone
    # asked of the store again: it may have come to be shared after the trail was read
    elif head.shared and not store.events(roster.TOPIC):
        yield None, "head", alone, shared


def _refusals(store: Reading) -> Iterator[Difference]:
    """The refusals that can no longer be read. They are in no chain: what else was changed does not show."""
    for request_id, attempt, problem, refused_at, _ in store.read("all_refusals"):
        if problem_of(problem)["type"] not in REFUSALS or not sound.is_instant(refused_at):
            yield None, "refusal", f"the answer to request {request_id} (attempt {attempt:,})", "none"


def _store_faults(store: Reading) -> list[Difference]:
    """What SQLite finds wrong with the file itself, such as an index that disagrees with its table.

    Such a file is read as if nothing were, and cannot be written. Raises Busy.
    """
    if store.database.file is None:
        return []
    try:
        found = store.faults()
    except store.database.driver_error as error:
        why = store.database.explained(error)
        if isinstance(why, Busy):
            raise why from error
        found = [str(error)]
    return [(None, "store", "each index as its table", f"{_one_line(fault)}: {_ANEW}") for fault in found]


def _one_line(fault: str) -> str:
    return " ".join(line for line in fault.splitlines() if not line.startswith("***"))


# ---------------------------------------------------------------------------------------------- entries


def _entries(store: Reading, core: Core, head: Head, taking: str, progress: Progress) -> _Read:
    """Hash every entry up to the head anew, while DuckDB takes it in."""
    found = _Read()
    with Intake(core, taking) as intake, closing(hashed(store, head, found.last, head.seq)) as coming:
        try:
            for some in coming:
                found.take(some)
                intake.give(some)
                progress(found.last.seq, head.seq)
            intake.end()
        except Tampered as error:
            found.whole = False
            found.differences.append((error.seq, "values", "values that an entry can have", error.detail))
    return found


# ------------------------------------------------------------------------------------------------- sums


def _summed(core: Core, copies: Iterable[tuple[str, Any]], terms: Regime | None, *, whole: bool) -> _Summed:
    """Hold balances, states and copies to the entries, if all could be read."""
    differences = _asked(core, "values")
    if not whole or differences:
        return _Summed(differences, 0, ["an entry cannot be read: balances and states were not checked"])
    groups = core.ask(schema.sql("core/verify_groups.sql"))
    core.take(groups, "core/verify_entry.sql")
    with ThreadPoolExecutor(1, "folding") as folding:
        coming = folding.submit(_folded, groups)  # in Python, while DuckDB asks the rest
        for check in _CHECKS:
            differences.extend(_asked(core, check))
        folded = coming.result()
    keys = list(zip(*folded, strict=True)) or [()] * len(_KEY)
    columns = {name: pa.array(key, pa.string()) for name, key in zip(_KEY, keys, strict=True)}
    core.take(pa.table({**columns, "tpp": pa.array(folded.values(), pa.int64())}), "core/verify_folded.sql")
    for check in ("balance", "account"):
        differences.extend(_asked(core, check))
    differences.extend(_copied(core, copies))
    notes = [*_raised(folded, terms), *_breached(core)]
    return _Summed(differences, len({(quota, number) for quota, number, _ in folded}), notes)


def _copied(core: Core, copies: Iterable[tuple[str, Any]]) -> Iterator[Difference]:
    """What a copy of the ledger says otherwise: questions are answered from it."""
    for name, table in copies:
        for seq, expected, found in core.take(table, "core/verify_copy.sql"):
            yield seq, "copy", expected, f"{found}, in {name}: remove it, it is made anew"


def _folded(groups: Any) -> dict[tuple[str, str, str], int]:
    """What Python's fold over the entries puts into each account and bucket (whole TPP)."""
    return balances(zip(*(groups[name].to_pylist() for name in _GROUP), strict=True))


def _asked(core: Core, check: str) -> list[Difference]:
    """What one question finds; the first of it, where it is much."""
    rows = core.ask(schema.sql(f"core/verify_{check}.sql"), {"most": MOST_ROWS}).to_pylist()
    return [(row["seq"], check, str(row["expected"]), str(row["found"])) for row in rows]


def _raised(folded: Mapping[tuple[str, str, str], int], terms: Regime | None) -> Iterator[str]:
    """Allocations above what a cap may be raised to: reversals were let do that before version 0.8."""
    for (quota, _, bucket), tpp in sorted(folded.items()):
        if terms is not None and bucket == "regime" and -tpp > terms.max_cap_tpp:
            country = quota.rpartition("/")[2]
            yield f"{country} is allocated {-tpp:,} TPP, and a cap may be raised to {terms.max_cap_tpp:,}"


def _breached(core: Core) -> list[str]:
    """Past days on which, by effective day, more was taken than there was."""
    headroom = core.ask(schema.sql("core/verify_backdated.sql")).to_pylist()
    others = core.ask(schema.sql("core/verify_ahead.sql")).to_pylist()
    return [
        *(_said(row, row["country"], "headroom", "breached by the back-dated entry") for row in headroom),
        *(
            _said(
                row,
                f"{row['country']} {row['license_no']}".rstrip(),
                row["bucket"],
                "taken too early by entry",
            )
            for row in others
        ),
    ]


def _said(row: dict[str, Any], whose: str, bucket: str, how: str) -> str:
    days, low = row["on_day"].isoformat(), "was"
    if row["until_day"] != row["on_day"]:
        days += f" to {row['until_day']}" if row["until_day"] is not None else " and since"
        low = "was as low as"
    lowest = f"{bucket} by effective day {low} {row['lowest_tpp']:,} TPP"
    return f"{whose} {days}: {lowest}, {how} {row['seq']:,}"
