"""The tree as static files that any web server can serve (C2SP tlog-tiles): hashes alone, no entry.

    FOLDER/checkpoint               the last signed checkpoint; the only file that ever changes
    FOLDER/tile/0/000               256 leaf hashes; tile/0/x001/234 is number 1,234
    FOLDER/tile/1/000.p/17          the first 17 hashes of a tile that is not full yet

The checkpoint is written last, so that whoever reads while others write finds all that it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ledger import aside, bounded, merkle
from ledger.errors import Tampered, Unreachable
from ledger.notes import Checkpoint, Verifier, text_of

WIDTH = 256
"""Hashes of a full tile."""

_LEVELS = 8
"""Levels of the tree from one level of tiles to the next."""

NAME = "checkpoint"


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile lies, below the folder; `width` hashes, fewer than 256 for one that is not full."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    path = f"tile/{level}/{'/'.join(reversed(parts))}"
    return path if width == WIDTH else f"{path}.p/{width}"


def served(folder: Path, verifier: Verifier | None = None) -> tuple[Checkpoint, merkle.Tree] | None:
    """The checkpoint of a folder and the tree that its tiles make; None where there is no checkpoint yet.

    Raises Tampered where they do not agree, or `verifier` did not sign; Unreachable.
    """
    try:
        note = bounded.contents(folder / NAME).decode()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Unreachable(f"{folder / NAME} cannot be read: {why}", path=str(folder)) from error
    try:
        checkpoint = Checkpoint.parse(text_of(note, verifier))
    except ValueError as error:
        raise Tampered(f"{folder / NAME}: {error}", path=str(folder)) from error
    tree = merkle.Tree()
    tree.extend([_leaves(folder, checkpoint.size)])
    if len(tree) != checkpoint.size or merkle.edge_of(len(tree), tree.node).root() != checkpoint.root:
        raise Tampered(
            f"the tiles of {folder} do not make the root of their checkpoint of {checkpoint.size:,} entries: "
            "write them anew into an empty folder",
            path=str(folder),
        )
    return checkpoint, tree


def write(folder: Path, tree: merkle.Tree, before: int, note: str) -> int:
    """Write the tiles that a tree has and had not when its size was `before`, then its checkpoint.

    How many files were written. What is there already is left alone. Raises Unreachable.
    """
    written, grown = 0, set[Path]()
    try:
        for path, hashes in _new(tree, before):
            place = folder / path
            if not place.exists() or place.read_bytes() != hashes:
                aside.write(place, hashes)
                written += 1
                grown.update(each for each in place.parents if each.is_relative_to(folder))
        for each in grown:
            aside.sync(each)
        aside.write(folder / NAME, note.encode())
        aside.sync(folder)
    except OSError as error:
        raise Unreachable(f"{folder} cannot be written: {error.strerror}", path=str(folder)) from error
    return written + 1


def _new(tree: merkle.Tree, before: int) -> Iterator[tuple[str, bytes]]:
    """The tiles of a tree that differ from those it had before: where they lie, and their hashes."""
    for level in range(64 // _LEVELS):
        count, had = len(tree) >> level * _LEVELS, before >> level * _LEVELS
        if count == 0:
            return
        for index in range(had // WIDTH, -(-count // WIDTH)):
            start, stop = index * WIDTH, min((index + 1) * WIDTH, count)
            yield tile_path(level, index, stop - start), tree.nodes(level * _LEVELS, start, stop)


def _leaves(folder: Path, size: int) -> bytes:
    """The leaf hashes of the first `size` entries; fewer where a tile is missing. Raises Unreachable."""
    found = []
    for index in range(-(-size // WIDTH)):
        width = min(WIDTH, size - index * WIDTH)
        full, part = folder / tile_path(0, index), folder / tile_path(0, index, width)
        try:
            found.append((full if full.exists() else part).read_bytes()[: width * merkle.HASH_BYTES])
        except FileNotFoundError:
            break
        except OSError as error:
            raise Unreachable(
                f"a tile of {folder} cannot be read: {error.strerror}", path=str(folder)
            ) from error
    return b"".join(found)
