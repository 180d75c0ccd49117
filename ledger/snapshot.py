"""Published snapshots: `FOLDER/<seq>/` with every file that others may open, and `FOLDER/current`.

A snapshot is made aside and appears under its number whole; `current` moves in one step. What it says of
licenses and closed quotas is as of the day of its last entry, so the same number is the same snapshot
whenever it is made. Where refusals or breaks came and no entry, it is another edition: `FOLDER/<seq>-2`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger import aside, segments, snapshot_before, snapshot_files, told
from ledger.base import Opened
from ledger.core_file import Ground
from ledger.errors import BadQuery, Misconfigured, Unreachable
from ledger.snapshot_files import Made
from ledger.submission import Head
from ledger.told import Stand

CURRENT = "current"
_NAME = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_PART, _LINK = re.compile(r"\.[0-9]+(-[0-9]+)?\.part"), re.compile(r"\.current\.[0-9]+")
"""What a run that was killed leaves: a folder, half made or half removed, and what was to be `current`."""


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot: its folder, its last entry, how many files and bytes, how many of them it shares.

    `made` is False where it was there already; `pruned` counts older ones that were removed. `damaged_files`
    counts files of the one before that are not what was published, and so were not built on.
    """

    folder: str
    seq: int
    head_hash: str
    files: int
    bytes: int
    shared_files: int
    made: bool
    pruned: int
    damaged_files: int = 0
    remark: str | None = None


class Snapshots(Opened):
    """The verb that publishes."""

    def publish(self, folder: str | os.PathLike[str], *, keep: int | None = None) -> Published:
        """Publish the ledger as it stands into `folder/<seq>`, and point `folder/current` at it.

        Where it was published before, and refusals or breaks came since, it is `folder/<seq>-2`, `-3`, ...

        There: a DuckDB file, each table as Parquet and CSV, the macros, a dictionary, datapackage.json,
        SHA256SUMS. Files of the history that were published before are shared, not written again. `keep`: how
        many snapshots stay, this one among them; the older ones are removed. Raises BadQuery (`keep` is below
        1), Busy (somebody else publishes there), Misconfigured (another ledger's folder; something else has
        the snapshot's name), Unreachable (no room), NotPermitted.
        """
        self._must("export")
        folder = Path(folder)
        if keep is not None and keep < 1:
            raise BadQuery(
                f"keep={keep}: the snapshot that is published stays, so keep at least 1", keep=keep
            )
        if (sign := segments.unfit(folder)) is not None:
            raise Misconfigured(
                f"DuckDB cannot write to {folder.absolute()}, which has a {sign} in its name: choose another",
                folder=str(folder),
            )
        head = self._store.head()
        remark = self._record_read("publish", {"folder": str(folder), "seq": head.seq})
        try:
            with _alone(folder):
                last = _last(folder)
                self._must_be_ours(folder, last)
                stand = told.stand(self._store, head.recorded_at)
                made = None
                own = _own(folder, head.seq, stand)
                if snapshot_before.read(own) is None:
                    made = self._make(own, head, stand, last)
                _point(folder, own.name)
                pruned = _prune(folder, keep, own)
        except OSError as error:
            raise Unreachable(
                f"{folder} cannot be written: {error.strerror or error}", folder=str(folder)
            ) from error
        files = [path for path in own.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        shared, damaged = made or Made(0, ())
        if last is not None and damaged:
            found = f"{last} is no longer as it was published: {', '.join(damaged)}"
            found += ", written anew here. Nobody should use that folder."
            remark = found if remark is None else f"{remark} {found}"
        return Published(
            str(own), head.seq, head.hash, len(files), size, shared, made is not None, pruned, len(damaged),
            remark,
        )  # fmt: skip

    def _must_be_ours(self, folder: Path, last: Path | None) -> None:
        about = None if last is None else snapshot_before.read(last)
        if about is None or not about.seq:
            return
        if self._store.read("hash_at", seq=about.seq) != [(about.head_hash,)]:
            raise Misconfigured(
                f"{folder} holds snapshots of another ledger (entry {about.seq:,} there has another hash): "
                "choose another folder",
                folder=str(folder),
            )

    def _make(self, own: Path, head: Head, stand: Stand, last: Path | None) -> Made:
        """Write a snapshot aside, and give it its number once it is whole."""
        ground = Ground(self._terms, self._reference)
        earlier = None if last is None else snapshot_before.before(last)
        part = own.with_name(f".{own.name}.part")
        for path in (own, part):
            if os.path.lexists(path):
                raise Misconfigured(
                    f"{path} is there and is no snapshot: move it elsewhere, or remove it", folder=str(path)
                )
        part.mkdir()
        try:
            made = snapshot_files.write(part, self._store, ground, head, stand, earlier)
            part.rename(own)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        aside.sync(own.parent)
        return made


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Alone in the folder; what an earlier run left half-made is gone. Raises Busy."""
    with aside.alone(folder, "publishes"):
        for path in list(folder.iterdir()):
            if path.is_symlink():
                if _LINK.fullmatch(path.name):
                    path.unlink()
            elif path.is_dir() and _PART.fullmatch(path.name):
                shutil.rmtree(path)
        yield


def _numbered(folder: Path) -> dict[tuple[int, int], Path]:
    """The snapshots by their last entry and edition, the oldest first; a folder of anything else is none."""
    matches = [(_NAME.fullmatch(path.name), path) for path in folder.iterdir()]
    found = {
        (int(match[1]), int(match[2] or 1)): path
        for match, path in matches
        if match and snapshot_before.read(path) is not None
    }
    return dict(sorted(found.items()))


def _last(folder: Path) -> Path | None:
    """The snapshot with the highest number."""
    return next(reversed(_numbered(folder).values()), None)


def _own(folder: Path, seq: int, stand: Stand) -> Path:
    """Where the snapshot of an entry is, or will be: another edition where more was told since the last."""
    editions = [(edition, path) for (number, edition), path in _numbered(folder).items() if number == seq]
    if not editions:
        return folder / str(seq)
    edition, path = editions[-1]
    about = snapshot_before.read(path)
    return path if about is None or about.told == stand.mark else folder / f"{seq}-{edition + 1}"


def _point(folder: Path, name: str) -> None:
    """Let `current` be this snapshot, from one moment to the next."""
    link = folder / f".{CURRENT}.{os.getpid()}"
    link.symlink_to(name, target_is_directory=True)
    link.replace(folder / CURRENT)
    aside.sync(folder)


def _prune(folder: Path, keep: int | None, own: Path) -> int:
    """Remove all but the newest; how many went. What a reader has open stays with the reader."""
    if keep is None:
        return 0
    gone = [path for path in list(_numbered(folder).values())[:-keep] if path != own]
    for path in gone:
        part = path.with_name(f".{path.name}.part")  # gone at once; the next run removes what stays
        path.rename(part)
        shutil.rmtree(part)
    return len(gone)
