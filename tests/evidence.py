"""A small ledger under checkpoints, for tests: its key, and what was signed of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlalchemy as sa

from ledger import Entry, Ledger, kept
from ledger.database import Database
from ledger.events import Telling
from ledger.evidence import FIRST_PREV_HASH, entry_hash
from ledger.notes import Signer, Verifier
from ledger.reading import Reading
from ledger.store import Store
from ledger.tables import EVENT
from tests.clock import Clock

DAY = "2026-02-01"
CLOCK = Clock(DAY)


def entry(kind: str, tpp: int, **more: object) -> Entry:
    return Entry.model_validate({"kind": kind, "country": "AE", "effective_on": DAY, "tpp": tpp, **more})


def begun(url: str) -> Ledger:
    """A new ledger of an allocation and five licenses, open."""
    ledger = Ledger.init(url, opening=False, actor="maria", clock=CLOCK)
    ledger.post(entry("allocate", 1_000_000), request_id="cap")
    post(ledger, 5)
    return ledger


def opened(url: str) -> Ledger:
    return Ledger.open(url, actor="maria", clock=CLOCK)


def signer_of(ledger: Ledger, folder: Path, name: str = "key") -> Signer:
    """A new key for a ledger, made as its keeper makes it."""
    ledger.new_key(folder / name)
    return Signer.parse((folder / name).read_text())


def post(ledger: Ledger, count: int, first: int = 1, consignee: str = "G42") -> None:
    """So many licenses, each of its own number."""
    ledger.post(
        *(
            entry("license", 10 + number, license_no=f"L{number}", consignee=consignee)
            for number in range(first, first + count)
        ),
        request_id=f"{consignee} from {first}",
    )


def told(url: str, *subjects: str) -> None:
    """An event about each."""
    store = Store(Database(url, 1), CLOCK)
    for subject in subjects:
        store.record([Telling("audit", subject, "done", {"rows": 3})], "maria")
    store.close()


def rechained(connection: sa.Connection, seq: int, **values: object) -> None:
    """Change an event and hash it and all after it anew, as whoever knows how they are made can."""
    connection.execute(sa.update(EVENT).where(EVENT.c.seq == seq).values(values))
    rows = connection.execute(sa.select(EVENT).order_by(EVENT.c.seq)).mappings().all()
    prev_hash = FIRST_PREV_HASH
    for row in rows:
        fields = {name: value for name, value in row.items() if name not in {"prev_hash", "hash"}}
        hashes = {"prev_hash": prev_hash, "hash": entry_hash(prev_hash, fields)}
        connection.execute(sa.update(EVENT).where(EVENT.c.seq == row["seq"]).values(hashes))
        prev_hash = hashes["hash"]


def copied(url: str, folder: Path) -> str:
    """The ledger's file, copied as whoever can read it may: a copy that goes on by itself."""
    file = Path(url.removeprefix("sqlite:///"))
    folder.mkdir(exist_ok=True)
    for each in file.parent.glob(f"{file.name}*"):
        if each.is_file():
            shutil.copy(each, folder / each.name)
    return f"sqlite:///{folder / file.name}"


def forbidden(url: str, file: Path, verifier: Verifier | None = None) -> str:
    """Why the ledger may not be written to while a checkpoint stands elsewhere; nothing where it may."""
    reading = Reading(Database(url, 1))
    found = kept.guard(reading, file, verifier)
    reading.close()
    return "" if found is None else found.detail
