"""What a published snapshot says of itself, and what of it the next one can have again.

A file is had again only as it was published: each is held to the sum that was written beside it. Both may
have been changed, so the core, which all the rest is written from, is held to the store too (`core_check`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from ledger import core_file
from ledger.core_file import CoreFile

CORE, SUMS, PACKAGE = "tppq.duckdb", "SHA256SUMS", "datapackage.json"
_HEX = 64
"""Digits of a sum; after them, two spaces and the name."""


class About(NamedTuple):
    """What a snapshot says of itself: its last entry, its hash, its fingerprint, the mark of its `Stand`."""

    seq: int
    head_hash: str
    fingerprint: str
    told: list[int] | None


def read(folder: Path) -> About | None:
    """What a snapshot says of itself; None where there is none."""
    try:
        about = orjson.loads((folder / PACKAGE).read_bytes())["tppq"]
        return About(int(about["seq"]), str(about["head_hash"]), str(about["fingerprint"]), about.get("told"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Before:
    """A snapshot whose files may be had again. Within its block they are hashed, while others are written.

    `damaged` names those that were wanted and are not what was published.
    """

    def __init__(self, folder: Path, about: About, sums: Mapping[str, str]) -> None:
        self.folder = folder
        self.damaged: list[str] = []
        self._about, self._sums = about, sums
        self._hashing = ThreadPoolExecutor(1, "hashing")
        self._hashed: dict[str, Future[str | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hashing.shutdown(cancel_futures=True)

    def want(self, names: Iterable[str]) -> None:
        """Begin to hash files that will be asked for, in this order."""
        for name in names:
            if name in self._sums:
                self._hashed[name] = self._hashing.submit(_digest, self.folder / name)

    def core(self) -> CoreFile | None:
        """The core, to go on from; None where it is gone or is not what was published."""
        if not self._is_as_was(CORE):
            return None
        return CoreFile(self.folder / CORE, self._about.seq, self._about.head_hash)

    def take(self, names: Sequence[str], folder: Path) -> dict[str, str]:
        """Have files in `folder` too, all of them or none; their sums."""
        sound = [self._is_as_was(name) for name in names]
        if not all(sound):
            return {}
        try:
            for name in names:
                _have(self.folder / name, folder / name)
        except FileNotFoundError:
            for name in names:  # who writes them now must not write through a link into the one before
                (folder / name).unlink(missing_ok=True)
            return {}
        return {name: self._sums[name] for name in names}

    def _is_as_was(self, name: str) -> bool:
        if name not in self._hashed:
            return False
        found = self._hashed[name].result()
        if found is not None and found != self._sums[name]:
            self.damaged.append(name)
        return found == self._sums[name]


def before(folder: Path) -> Before | None:
    """A snapshot whose files may be had again; None where there is none, or where they would now differ."""
    about = read(folder)
    if about is None or about.fingerprint != core_file.fingerprint():
        return None
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return Before(folder, about, {line[_HEX + 2 :]: line[:_HEX] for line in lines})


def _digest(path: Path) -> str | None:
    """The sum of a file; None where it is gone."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _have(earlier: Path, file: Path) -> None:
    """Have a file that was published before. Raises FileNotFoundError, where it is gone."""
    try:
        os.link(earlier, file)
    except FileNotFoundError:
        raise
    except OSError:  # no hard links here
        shutil.copyfile(earlier, file)
