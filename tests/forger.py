"""What somebody can do to a ledger whose owner he is: change rows, hash them anew, put the head on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rfc8785
import sqlalchemy as sa

from ledger import Ledger, evidence, merkle
from ledger.answer import Answer
from ledger.database import Database
from ledger.engine import Core
from ledger.events import Telling
from ledger.store import Store
from ledger.tables import ENTRY
from ledger.verify import verify
from tests.books import REFERENCE, REGIME
from tests.clock import Clock
from tests.evidence import DAY, entry
from tests.outside import HEAD, by_hand, connected, drop_guards


def unguarded(folder: Path) -> str:
    """Six entries on SQLite, the guards taken away: what the owner of a file can do to it."""
    url = f"sqlite:///{folder / 'tppq.db'}"
    fill(url)
    drop_guards(url)
    return url


def fill(url: str) -> None:
    with Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:
        device = {"device_id": "nvidia-h100-sxm5-80gb", "quantity": 10}
        ledger.post(entry("allocate", 1_000_000), request_id="one")
        ledger.post(
            entry(
                "license",
                158_320,
                license_no="L1",
                consignee="G42",
                exporter="Acme",
                reference="D1",
                **device,
            ),
            request_id="two",
        )
        ledger.post(
            entry("export", 15_832, license_no="L1", reason="part", **{**device, "quantity": 1}),
            entry("block", 500, reason="inquiry"),
            request_id="three",
            approver="omar",
        )
        ledger.reverse(4, "lifted", request_id="four")
        ledger.post(entry("license", 7, license_no="L2"), request_id="five")


def differences(url: str) -> list[tuple[int | None, str]]:
    """(seq, check) of everything that verify finds, without asking whether the guards are there."""
    Ledger.init(url, opening=False).close()
    with Ledger.open(url) as ledger:
        return [(row["seq"], row["check"]) for row in ledger.verify().rows()]


def rows(url: str) -> list[dict[str, Any]]:
    Ledger.init(url, opening=False).close()
    with Ledger.open(url) as ledger:
        return ledger.verify().rows()


def unopened(url: str) -> Answer:
    """What verify finds, whoever may ask, and whether or not the store is one that may be opened."""
    store = Store(Database(url, 1))
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=True)
    try:
        return verify(store, core, {}, terms=REGIME)
    finally:
        core.close()
        store.close()


def record(url: str, *subjects: str) -> None:
    store = Store(Database(url, 1), Clock(DAY))
    for subject in subjects:
        store.record([Telling("audit", subject, "done", {"rows": 3})], "maria")
    store.close()
    drop_guards(url)


def tear(url: str, index: str) -> None:
    """What a copy of an open file may come to: an index that has nothing of its table."""
    with connected(url) as connection:
        connection.exec_driver_sql("create index spare on head (one) where one <> 1")
        connection.exec_driver_sql("pragma writable_schema = on")
        schema = sa.table("sqlite_master", sa.column("name"), sa.column("rootpage"))
        pages = dict(
            connection.execute(
                sa.select(schema.c.name, schema.c.rootpage).where(schema.c.name.in_((index, "spare")))
            ).all()
        )
        for name, other in ((index, "spare"), ("spare", index)):
            where = sa.update(schema).where(schema.c.name == name)
            connection.execute(where.values(rootpage=pages[other]))


def rehash(connection: sa.Connection, *seqs: int) -> None:
    """What a forger does who knows how hashes are made: hash these entries anew, each onto the one before."""
    for seq in seqs:
        rows = (
            connection.execute(sa.select(ENTRY).where(ENTRY.c.seq <= seq).order_by(ENTRY.c.seq))
            .mappings()
            .all()
        )
        row = {**rows[-1], "prev_hash": rows[-2]["hash"]}
        where = sa.update(ENTRY).where(ENTRY.c.seq == seq)
        connection.execute(where.values(prev_hash=row["prev_hash"], hash=by_hand(row)))


def head_on_the_last(connection: sa.Connection) -> None:
    """A forger's head: the last entry's, and the right edge of the tree over what is there now."""
    rows = connection.execute(sa.select(ENTRY).order_by(ENTRY.c.seq)).mappings().all()
    origin, salt_key = connection.execute(sa.select(HEAD.c.origin, HEAD.c.salt_key)).one()
    edge = merkle.Edge()
    for row in rows:
        body = rfc8785.dumps({name: row[name] for name in evidence.HASHED})
        committed = merkle.commitment(merkle.salt_of(bytes.fromhex(salt_key), row["seq"]), body)
        leaf = merkle.leaf(origin, row["seq"], row["recorded_at"], row["hash_v"], committed)
        edge.append(merkle.leaf_hash(leaf))
    last = rows[-1]
    of_last = {name: last[name] for name in ("seq", "hash", "recorded_at")}
    connection.execute(sa.update(HEAD).values(**of_last, tree=edge.to_json()))
