"""The tree as static files: where C2SP tlog-tiles says, growing with the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import (
    Tampered,
    Unreachable,
    merkle,
    tiles,
)
from ledger.notes import Checkpoint, Signer
from tests.evidence import begun, opened, post, signer_of


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store' / 'tppq.db'}"
    begun(url).close()
    return url


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"), (0, 999, 256, "tile/0/999"), (1, 1000, 256, "tile/1/x001/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"), (2, 0, 17, "tile/2/000.p/17"),
    ],
)  # fmt: skip
def test_a_tile_lies_where_tlog_tiles_says(level: int, index: int, width: int, path: str) -> None:
    assert tiles.tile_path(level, index, width) == path


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts(tmp_path: Path) -> None:
    tree = merkle.Tree()
    tree.extend(merkle.leaf_hash(b"%d" % number) for number in range(70_000))
    signer = Signer.new("a/b")
    note = signer.sign(Checkpoint("a/b", 70_000, merkle.edge_of(70_000, tree.node).root()).text())
    assert tiles.write(tmp_path, tree, 0, note) == 273 + 1 + 1 + 1 + 1 + 1
    level = {level: sorted((tmp_path / "tile" / level).rglob("*")) for level in ("0", "1", "2")}
    assert [len([each for each in level[name] if each.is_file()]) for name in level] == [274, 2, 1]
    assert (tmp_path / "tile/0/273.p/112").stat().st_size == 112 * 32
    assert (tmp_path / "tile/1/001.p/17").stat().st_size == 17 * 32
    full = (tmp_path / "tile/0/005").read_bytes()
    below = merkle.Tree()
    below.extend(full[at : at + 32] for at in range(0, len(full), 32))
    assert below.node(8, 0) == (tmp_path / "tile/1/000").read_bytes()[5 * 32 : 6 * 32]
    found = tiles.served(tmp_path, signer.verifier)
    assert found is not None
    assert found[1].nodes(0, 0, 70_000) == tree.nodes(0, 0, 70_000)


def test_tiles_grow_with_the_ledger_and_what_is_there_is_not_written_again(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        assert ledger.checkpoint(signer, folder=folder).written == 2
        post(ledger, 300, first=6)
        signed = ledger.checkpoint(signer, folder=folder)
        assert (signed.size, signed.reread) == (306, 300)
        files = {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}
        assert files == {
            "checkpoint", "tile/0/000", "tile/0/000.p/6", "tile/0/001.p/50", "tile/1/000.p/1",
        }  # fmt: skip
        assert (folder / "checkpoint").read_text() == signed.note
        assert ledger.prove(17, folder=folder) == ledger.prove(17)
        assert ledger.checkpoint(signer, folder=folder).written == 1


WHOLE = merkle.Tree()
WHOLE.extend(merkle.leaf_hash(b"%d" % number) for number in range(600))
SIGNER = Signer.new("a/b")


def first(size: int) -> tuple[merkle.Tree, str]:
    """The first leaves of a tree, and their checkpoint."""
    tree, hashes = merkle.Tree(), WHOLE.nodes(0, 0, size)
    tree.extend(hashes[at : at + 32] for at in range(0, len(hashes), 32))
    return tree, SIGNER.sign(Checkpoint("a/b", size, merkle.edge_of(size, WHOLE.node).root()).text())


@pytest.mark.parametrize(("before", "size"), [(300, 600), (256, 512), (255, 257), (1, 600)])
def test_tiles_that_grew_are_those_of_a_folder_written_at_once(
    tmp_path: Path, before: int, size: int
) -> None:
    small, small_note = first(before)
    large, large_note = first(size)
    tiles.write(tmp_path / "grown", small, 0, small_note)
    tiles.write(tmp_path / "grown", large, before, large_note)
    tiles.write(tmp_path / "once", large, 0, large_note)
    written = [each for each in (tmp_path / "once").rglob("*") if each.is_file()]
    assert len(written) > size // 256
    for each in written:
        grown = tmp_path / "grown" / each.relative_to(tmp_path / "once")
        assert grown.read_bytes() == each.read_bytes()


def test_whoever_reads_between_tiles_and_checkpoint_finds_the_tree_of_the_old_one(tmp_path: Path) -> None:
    tree, note = first(200)
    tiles.write(tmp_path, tree, 0, note)
    tiles.write(tmp_path, WHOLE, 200, note)  # a full tile is there, and no new checkpoint yet
    (tmp_path / "tile/0/000.p/200").unlink()
    found = tiles.served(tmp_path, SIGNER.verifier)
    assert found is not None
    assert (found[0].size, len(found[1])) == (200, 200)


def test_tiles_under_a_checkpoint_of_another_key_are_refused(tmp_path: Path) -> None:
    tree, note = first(600)
    tiles.write(tmp_path, tree, 0, note)
    with pytest.raises(Tampered, match="not signed by"):
        tiles.served(tmp_path, Signer.new("a/b").verifier)


def test_tiles_that_do_not_make_their_root_are_refused(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, folder=folder)
        tile = folder / "tile/0/000.p/6"
        tile.write_bytes(tile.read_bytes()[:-1] + b"\0")
        with pytest.raises(Tampered, match="do not make the root of their checkpoint of 6 entries"):
            ledger.checkpoint(signer, folder=folder)
        tile.unlink()
        with pytest.raises(Tampered):
            ledger.prove(3, folder=folder)
        (folder / "checkpoint").write_bytes(b"\xff")
        with pytest.raises(Unreachable):
            ledger.prove(3, folder=folder)
        (folder / "checkpoint").write_text("no note")
        with pytest.raises(Tampered, match="not a signed note"):
            ledger.prove(3, folder=folder)
