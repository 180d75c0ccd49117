"""What is written aside takes its place whole, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, aside, notes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_over_the_one_before_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "not" / "there" / "file"
    for contents in (b"first", b"second"):
        aside.write(place, contents)
        assert place.read_bytes() == contents
    assert names(place.parent) == ["file"]


def test_a_file_that_cannot_be_written_whole_leaves_the_one_before(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.mkdir()  # nothing can be put there
    with pytest.raises(OSError, match="directory"):
        aside.write(place, b"new")
    assert (names(tmp_path), place.is_dir()) == (["file"], True)


def test_what_nobody_else_may_read_stays_so(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch(mode=0o600)
    aside.write(place, b"new")
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (b"new", 0o600)


def test_nothing_is_written_over_a_ledger_or_a_key(tmp_path: Path) -> None:
    ledger, key = tmp_path / "ledger.db", tmp_path / "key"
    with Ledger.init(f"sqlite:///{ledger}"):
        beside = Path(f"{ledger}-wal")
        others = [tmp_path / name for name in ("link", "again")]
        others[0].symlink_to(ledger)
        others[1].hardlink_to(ledger)
        notes.Signer.new("tppq.example/k").write(key)
        for place in (ledger, beside, key, *others):
            before = place.read_bytes()
            for put in (aside.write, aside.overwrite):
                with pytest.raises(FileExistsError, match="which nothing is written over"):
                    put(place, b"new")
            assert place.read_bytes() == before
    assert not any(map(aside.not_to_lose, (tmp_path, tmp_path / "none", Path("/dev/null"))))


def test_a_file_is_written_over_only_where_nothing_else_changes_with_it(tmp_path: Path) -> None:
    plain, linked, pipe = tmp_path / "plain", tmp_path / "linked", tmp_path / "pipe"
    plain.touch()
    linked.touch()
    (tmp_path / "again").hardlink_to(linked)
    (tmp_path / "symbolic").symlink_to(plain)
    os.mkfifo(pipe)
    assert [aside.may_take(each) for each in (plain, tmp_path / "new", tmp_path / ("n" * 200))] == [True] * 3
    for place in (
        linked, tmp_path / "symbolic", pipe, tmp_path, tmp_path / "nowhere" / "file", plain / "file",
        tmp_path / ("n" * 201), Path("/dev/null"), Path("/proc/self/fd/1"),
    ):  # fmt: skip
        assert not aside.may_take(place)


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_takes_a_free_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    place = tmp_path / "place"
    for contents in ("first", "second"):
        part = tmp_path / "part"
        part.write_text(contents, encoding="utf-8")
        if contents == "first":
            aside.put_new(part, place)
            assert names(tmp_path) == ["place"]
            continue
        with pytest.raises(FileExistsError):
            aside.put_new(part, place)
    assert place.read_text(encoding="utf-8") == "first"
    assert names(tmp_path) == ["part", "place"]


def test_a_link_to_nowhere_takes_a_place_too(tmp_path: Path) -> None:
    (tmp_path / "place").symlink_to(tmp_path / "nowhere")
    (tmp_path / "part").write_text("new", encoding="utf-8")
    with pytest.raises(FileExistsError):
        aside.put_new(tmp_path / "part", tmp_path / "place")
    assert (tmp_path / "place").is_symlink()


def test_a_folder_that_is_not_there_cannot_be_written_down(tmp_path: Path) -> None:
    aside.sync(tmp_path)
    with pytest.raises(FileNotFoundError):
        aside.sync(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name",
    [
        "core-{}-140000000000000.part", "core-{}-140000000000000.part.wal", "core-{}-1.spill",
        "wide-1-2-ff.{}.part", ".copy.{}-140000000000000.part.db", ".copy.{}-140000000000000.part.db-wal",
        ".copy.jsonl.{}-1.part.gz", ".checkpoint.{}-1.part",
    ],
)  # fmt: skip
def test_what_a_killed_process_wrote_aside_goes_and_all_else_stays(tmp_path: Path, name: str) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    parts = {
        who: tmp_path / name.format(number) for who, number in (("gone", gone.pid), ("here", os.getppid()))
    }
    for part in parts.values():
        part.mkdir() if part.suffix == ".spill" else part.write_text("of the ledger", encoding="utf-8")
    for other in ("copy.db", "4711.part", "mine.part", "thesis.4711.part.d.e"):
        (tmp_path / other).write_text("mine", encoding="utf-8")
    aside.clear_up(tmp_path)
    assert len(names(tmp_path)) == 6  # just touched: another machine's, perhaps
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    aside.clear_up(tmp_path)
    kept = sorted([parts["here"].name, "copy.db", "4711.part", "mine.part", "thesis.4711.part.d.e"])
    assert names(tmp_path) == kept
    aside.clear_up(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["core-{}.part", ".copy.{}.part.db", "core-{}.spill"])
def test_what_was_left_by_a_process_of_the_same_number_goes_and_what_a_thread_writes_stays(
    tmp_path: Path, name: str
) -> None:
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    writing = [f"{os.getpid()}-{thread}" for thread in (threading.get_ident(), other.ident)]
    for each in (*writing, f"{os.getpid()}-1", f"{os.getpid()}"):
        part = tmp_path / name.format(each)
        part.touch()
        os.utime(part, (0, 0))
    aside.clear_up(tmp_path)
    found = names(tmp_path)
    ended.set()
    other.join()
    assert found == sorted(name.format(each) for each in writing)


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_is_no_place_of_a_file(name: str) -> None:
    with pytest.raises(IsADirectoryError):
        aside.write(Path(name), b"new")
