"""How long it takes to hold a whole history to its hashes and sums, beside the bare hashing of it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from ledger import Ledger, merkle, rereading
from ledger.database import Database
from ledger.notes import Signer
from ledger.reading import Reading
from tests.bench.timing import Line, seconds

ASKED_SECONDS = 5.0


def verify(folder: Path, url: str) -> Iterator[Line]:
    """`verify` of all there is; the first checkpoint, which reads as much; and the proof of one entry."""
    with Ledger.open(url) as ledger:
        count = ledger.verify().basis["checked"]["entries"]
        least = bare(url)
        yardstick = f"hashlib over the bodies, then their tree: {least:.2f} s"
        before = processor_seconds()
        took = seconds(ledger.verify, 2)
        ours = f"{took:.2f} s, {(processor_seconds() - before) / 2:.2f} s of processors"
        asked = f"under {ASKED_SECONDS * count / 1_000_000:.1f} s"
        yield Line(f"verify of {count:,} entries", ours, yardstick, f"{took / least:.1f}", asked)
        ledger.new_key(folder / "key")
        signer = Signer.parse((folder / "key").read_text())
        took = seconds(lambda: ledger.checkpoint(signer, folder=folder / "tiles"))
        yield Line(
            "checkpoint of all of them, with tiles", f"{took:.2f} s", yardstick, f"{took / least:.1f}", ""
        )
        took = seconds(lambda: ledger.prove(count // 2, folder=folder / "tiles"), 2)
        yield Line("proof of one, from tiles", f"{took:.2f} s", yardstick, f"{took / least:.1f}", "")


def processor_seconds() -> float:
    """What this process has used of processors so far, and those it started that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def bare(url: str) -> float:
    """What SHA-256 alone takes, over canonical forms that are in memory already."""
    reading = Reading(Database(url, 10))
    head = reading.head()
    took = 0.0
    tree = merkle.Tree()
    for page in rereading.pages(reading, 0, head.seq):
        hashed: list[bytes] = []
        took += seconds(lambda: hashed.extend([sha256(body).digest() for body in page.bodies]))  # noqa: B023
        took += seconds(lambda: tree.extend(hashed))  # noqa: B023
    reading.close()
    return took
