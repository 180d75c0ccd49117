"""Published snapshots: `FOLDER/<seq>/` with every file that others may open, and `FOLDER/current`.

A snapshot is made aside and appears under its number whole; `current` moves in one step. What it says of
licenses and closed quotas is as of the day of its last entry, so the same number is the same snapshot
whenever it is made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger import snapshot_files
from ledger.base import Opened
from ledger.core_file import Ground
from ledger.errors import Busy, Misconfigured, Unreachable
from ledger.snapshot_files import Before
from ledger.submission import Head

CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot: its folder, its last entry, how many files and bytes, how many of them it shares.

    `made` is False where it was there already; `pruned` counts older ones that were removed.
    """

    folder: str
    seq: int
    head_hash: str
    files: int
    bytes: int
    shared_files: int
    made: bool
    pruned: int
    remark: str | None = None


class Snapshots(Opened):
    """The verb that publishes."""

    def publish(self, folder: Path, *, keep: int | None = None) -> Published:
        """Publish the ledger as it stands into `folder/<seq>`, and point `folder/current` at it.

        There: a DuckDB file, each table as Parquet and CSV, the macros, a dictionary, datapackage.json,
        SHA256SUMS. Files of the history that were published before are shared, not written again. `keep`: how
        many snapshots stay, this one among them; the older ones are removed. Raises Busy (somebody else
        publishes there), Misconfigured (another ledger's folder), Unreachable (no room), NotPermitted.
        """
        self._must("export")
        head = self._store.head()
        remark = self._record_read("publish", {"folder": str(folder), "seq": head.seq})
        try:
            with _alone(folder):
                last = _last(folder)
                self._must_be_ours(folder, last)
                made, shared = False, 0
                if snapshot_files.read(folder / str(head.seq)) is None:
                    shared = self._make(folder, head, last)
                    made = True
                _point(folder, head.seq)
                pruned = _prune(folder, keep, head.seq)
        except OSError as error:
            raise Unreachable(
                f"{folder} cannot be written: {error.strerror or error}", folder=str(folder)
            ) from error
        files = [path for path in (folder / str(head.seq)).rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        return Published(
            str(folder / str(head.seq)), head.seq, head.hash, len(files), size, shared, made, pruned, remark
        )

    def _must_be_ours(self, folder: Path, last: Path | None) -> None:
        about = None if last is None else snapshot_files.read(last)
        if about is not None and self._store.read("hash_at", seq=about[0]) != [(about[1],)] and about[0]:
            raise Misconfigured(
                f"{folder} holds snapshots of another ledger (entry {about[0]:,} there has another hash): "
                "choose another folder",
                folder=str(folder),
            )

    def _make(self, folder: Path, head: Head, last: Path | None) -> int:
        """Write a snapshot aside, and give it its number once it is whole."""
        ground = Ground(self._terms, self._reference)
        earlier: Before | None = None if last is None else snapshot_files.before(last)
        part = folder / f".{head.seq}.part"
        part.mkdir()
        try:
            shared = snapshot_files.write(part, self._store, ground, head, earlier)
            shutil.rmtree(folder / str(head.seq), ignore_errors=True)  # one without its package is none
            part.rename(folder / str(head.seq))
        finally:
            shutil.rmtree(part, ignore_errors=True)
        snapshot_files.sync(folder)
        return shared


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Alone in the folder; what an earlier run left half-made is gone. Raises Busy."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"somebody else publishes to {folder} now: try again", folder=str(folder)) from None
        for left in folder.glob(".*.part"):
            shutil.rmtree(left)
        yield
    finally:
        os.close(held)


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal() and path.is_dir())


def _last(folder: Path) -> Path | None:
    """The snapshot with the highest number."""
    numbers = _numbers(folder)
    return folder / str(numbers[-1]) if numbers else None


def _point(folder: Path, seq: int) -> None:
    """Let `current` be this snapshot, from one moment to the next."""
    link = folder / f".{CURRENT}.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(str(seq), target_is_directory=True)
    link.replace(folder / CURRENT)
    snapshot_files.sync(folder)


def _prune(folder: Path, keep: int | None, current: int) -> int:
    """Remove all but the newest; how many went. What a reader has open stays with the reader."""
    if keep is None:
        return 0
    gone = [number for number in _numbers(folder)[:-keep] if number != current]
    for number in gone:
        aside = folder / f".{number}.part"  # gone at once under its number; the next run removes what stays
        (folder / str(number)).rename(aside)
        shutil.rmtree(aside)
    return len(gone)
