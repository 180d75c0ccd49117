"""Segments: a copy of the history, written where it is worth it, used where it is right, never believed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ledger import Entry, Ledger, read_feed, segments
from ledger.copies import restore
from ledger.database import Database
from ledger.errors import Misconfigured, Tampered
from ledger.mirror import Mirror
from ledger.segments import folder_of, sealed
from ledger.store import PAGE, Store
from tests.books import REFERENCE, REGIME
from tests.clock import Clock
from tests.outside import connected, drop_guards

OPENED = 158
HEADROOM = "from headroom()"
STATEMENT = "from statement('AE')"


class Watched(Store):
    """A store that keeps from which entry on it was read."""

    def __init__(self, url: str) -> None:
        super().__init__(Database(url, 10), Clock("2026-03-01"))
        self.read_after: list[int] = []

    def pages(self, columns: Sequence[str], after: int = 0, size: int = PAGE) -> Iterator[Sequence[Any]]:
        self.read_after.append(after)
        return super().pages(columns, after, size)


@pytest.fixture(name="url")
def _url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger of 158 entries, each segment worth its file from 100 entries on."""
    monkeypatch.setattr(segments, "LEAST_ENTRIES", 100)
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    Ledger.init(url, clock=Clock("2026-02-01")).close()
    return url


def asked(url: str, query: str = HEADROOM, *, wide: bool = False) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows of a question that a fresh process asks, and from which entries on it read the store."""
    store = Watched(url)
    mirror = Mirror(store, REGIME, REFERENCE)
    rows, head = mirror.ask(query, {}, wide=wide)
    assert head == store.head()
    mirror.close()
    store.close()
    return rows.to_pylist(), store.read_after


def files(url: str) -> list[Path]:
    folder = Path(url.removeprefix("sqlite:///") + "-segments")
    return sorted(folder.iterdir()) if folder.is_dir() else []


def licensed(url: str, *numbers: int) -> None:
    with Ledger.open(url, clock=Clock("2026-02-02")) as ledger:
        for number in numbers:
            fields = {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "tpp": 1_000}
            ledger.post(Entry.model_validate({**fields, "license_no": f"L-{number}"}))


# --- written --------------------------------------------------------------------------------------


def test_a_large_reading_is_sealed_and_the_next_process_reads_the_segment(url: str) -> None:
    first = asked(url)
    assert first[1] == [0]
    (file,) = files(url)
    assert file.name.startswith(f"narrow-{1:012d}-{OPENED:012d}-")
    assert asked(url) == (first[0], [])


def test_a_small_reading_is_not_worth_a_file(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "LEAST_ENTRIES", OPENED + 1)
    asked(url)
    assert files(url) == []


def test_what_came_after_the_segment_is_read_from_the_store(url: str) -> None:
    asked(url)
    licensed(url, 1, 2)
    rows, read_after = asked(url)
    assert read_after == [OPENED]
    assert {row["country"]: row["licensed_tpp"] for row in rows}["AE"] == 2_000
    assert len(files(url)) == 1


def test_segments_continue_each_other(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(url)
    monkeypatch.setattr(segments, "LEAST_ENTRIES", 2)
    licensed(url, 1, 2, 3)
    asked(url)
    assert [file.name[:32] for file in files(url)] == [
        f"narrow-{1:012d}-{OPENED:012d}",
        f"narrow-{OPENED + 1:012d}-{OPENED + 3:012d}",
    ]
    assert asked(url)[1] == []


def test_there_are_two_families_and_each_question_reads_its_own(url: str) -> None:
    narrow, wide = asked(url), asked(url, STATEMENT, wide=True)
    assert narrow[1] == wide[1] == [0]
    assert [file.name.split("-")[0] for file in files(url)] == ["narrow", "wide"]
    assert asked(url) == (narrow[0], [])
    assert asked(url, STATEMENT, wide=True) == (wide[0], [])


def test_a_file_that_is_posted_is_sealed_as_it_is_written(url: str, tmp_path: Path) -> None:
    lines = [f"license,AE,2026-01-01,1000,L-{number}" for number in range(120)]
    feed = tmp_path / "licenses.csv"
    feed.write_text("\n".join(["kind,country,effective_on,tpp,license_no", *lines]), "utf-8")
    with Ledger.open(url, clock=Clock("2026-02-02")) as ledger, read_feed(str(feed)) as read:
        ledger.post_file(read, each=True)
    (file,) = files(url)
    assert file.name.startswith(f"narrow-{1:012d}-{OPENED + 120:012d}-")
    assert asked(url)[1] == []


def test_a_long_history_is_sealed_in_parts(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_ENTRIES", 60)
    monkeypatch.setattr(segments, "LEAST_ENTRIES", 10)
    licensed(url, *range(60))
    plain, _ = asked(url)
    assert files(url) != []
    assert asked(url)[0] == plain


@pytest.mark.parametrize(
    ("mode", "of_folder", "of_file"), [(0o600, 0o700, 0o600), (0o640, 0o750, 0o640), (0o444, 0o755, 0o644)]
)
def test_whoever_may_not_read_the_ledger_may_not_read_its_segments(
    url: str, mode: int, of_folder: int, of_file: int
) -> None:
    Path(url.removeprefix("sqlite:///")).chmod(mode)
    asked(url)
    (segment,) = files(url)
    assert (segment.parent.stat().st_mode & 0o777, segment.stat().st_mode & 0o777) == (of_folder, of_file)


def test_segments_are_shut_to_those_who_may_no_longer_read_the_ledger(url: str) -> None:
    ledger = Path(url.removeprefix("sqlite:///"))
    ledger.chmod(0o644)
    asked(url)
    (segment,) = files(url)
    assert segment.stat().st_mode & 0o777 == 0o644
    for mode, of_folder in ((0o640, 0o750), (0o600, 0o700)):
        ledger.chmod(mode)
        assert asked(url)[1] == []
        assert (segment.parent.stat().st_mode & 0o777, segment.stat().st_mode & 0o777) == (of_folder, mode)


@pytest.mark.parametrize("wide", [False, True])
def test_a_segment_that_says_otherwise_than_the_ledger_is_found_by_verify(url: str, *, wide: bool) -> None:
    asked(url, wide=wide)
    (segment,) = files(url)
    table = pq.read_table(segment)
    more = table["to_headroom_tpp"].to_pylist()
    more[2] += 1_000
    column = table.column_names.index("to_headroom_tpp")
    pq.write_table(table.set_column(column, "to_headroom_tpp", [more]), segment)
    with Ledger.open(url) as ledger:
        (found,) = ledger.verify().rows()
        assert (found["seq"], found["check"]) == (3, "copy")
        assert found["found"] == (
            "allocate AG country 2025-01-01 790000000 790001000, "
            f"in the {'wide' if wide else 'narrow'} segments: remove it, it is made anew"
        )
        segment.unlink()
        assert ledger.verify().rows() == []


def test_a_copy_is_not_held_to_entries_that_cannot_be_read(url: str) -> None:
    asked(url)
    drop_guards(url)
    with connected(url) as connection:
        connection.exec_driver_sql("update entry set effective_on = 'soon' where seq = 3")
    Database(url, 1).create()  # its guards are back
    with Ledger.open(url) as ledger:
        assert {row["check"] for row in ledger.verify().rows()} == {"chain", "tree", "values"}


def test_postgresql_has_no_segments(store_url: str) -> None:
    Ledger.init(store_url, clock=Clock("2026-02-01")).close()
    store = Store(Database(store_url, 10))
    assert (folder_of(store) is None) == store_url.startswith("postgresql")
    assert sealed(store, wide=False) == segments.NONE
    store.close()


# --- used only where it is right ------------------------------------------------------------------


def other_hash(folder: Path) -> None:
    """The segment of another ledger."""
    (file,) = folder.iterdir()
    file.rename(file.with_name(file.name[:-72] + "f" * 64 + ".parquet"))


def beyond(folder: Path) -> None:
    """A segment that ends after the store does, as after a restore of an older file."""
    (file,) = folder.iterdir()
    file.rename(file.with_name(file.name.replace(f"{OPENED:012d}", f"{OPENED + 9:012d}")))


def strangers(folder: Path) -> None:
    """A part that was never finished, and files of somebody else's."""
    (file,) = folder.iterdir()
    file.rename(file.with_suffix(".4711.part"))
    (folder / "README").write_text("mine", "utf-8")
    (folder / "narrow-1-158.parquet").write_bytes(b"PAR1")


def not_a_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file", "utf-8")


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def emptied(folder: Path) -> None:
    (file,) = folder.iterdir()
    file.write_bytes(b"")


def truncated(folder: Path) -> None:
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-100])


def overwritten(folder: Path) -> None:
    """The file has its length and its end; its pages are noise."""
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + b"\xff" * 200 + whole[204:])


DAMAGE = (other_hash, beyond, strangers, not_a_folder, removed, emptied, truncated, overwritten)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("query", "wide"), [(HEADROOM, False), (STATEMENT, True)])
def test_a_segment_that_cannot_be_right_is_left_aside_and_the_answer_is_the_same(
    url: str, damage: Any, query: str, *, wide: bool
) -> None:
    right, _ = asked(url, query, wide=wide)
    damage(Path(url.removeprefix("sqlite:///") + "-segments"))
    rows, read_after = asked(url, query, wide=wide)
    assert rows == right
    assert read_after == [0]


def scribbled_over(file: Path, column: str) -> None:
    """The pages of one column are noise."""
    group = pq.read_metadata(file).row_group(0)
    (chunk,) = (
        group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema == column
    )
    whole, at = bytearray(file.read_bytes()), chunk.dictionary_page_offset or chunk.data_page_offset
    whole[at : at + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    file.write_bytes(whole)


@pytest.mark.parametrize("column", ["effective_on", "recorded_at"])
@pytest.mark.parametrize("noticed_by", ["the first", "the second"])
def test_a_segment_whose_damage_only_questions_of_the_past_can_see_is_left_aside_then(
    url: str, column: str, noticed_by: str
) -> None:
    asked(url)
    (file,) = files(url)
    query = "from headroom(as_of := '2026-02-01', known_at := '2026-02-01T13:00:00Z')"
    store = Watched(url)
    mirror = Mirror(store, REGIME, REFERENCE)
    now, head = mirror.now([])
    assert store.read_after == []
    if noticed_by == "the second":
        assert mirror.rows(query, {}, wide=False)[0].dicts() == now.dicts()
    scribbled_over(file, column)
    for _ in range(2):
        assert mirror.rows(query, {}, wide=False) == (now, head)
        assert mirror.now([]) == (now, head)
    assert store.read_after == [0]
    mirror.close()
    store.close()


def restored(url: str, backup: Path) -> None:
    """The ledger as it was when it was backed up; its segments stay where they are."""
    file = Path(url.removeprefix("sqlite:///"))
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        path.unlink(missing_ok=True)
    restore(backup, url)


def test_after_an_older_backup_was_restored_segments_are_made_anew_and_used(url: str, tmp_path: Path) -> None:
    licensed(url, 1, 2)
    with Ledger.open(url) as ledger:
        ledger.backup(tmp_path / "backup.db")
    licensed(url, *range(3, 103))
    asked(url)
    restored(url, tmp_path / "backup.db")
    licensed(url, *range(201, 331))
    right, read_after = asked(url)
    assert read_after == [0]
    assert {row["country"]: row["licensed_tpp"] for row in right}["AE"] == 132_000
    assert [int(file.name[20:32]) for file in files(url)] == [OPENED + 102, OPENED + 132]
    assert asked(url) == (right, [])


def test_what_agrees_of_a_restored_ledgers_segments_is_used_still(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(url)
    with Ledger.open(url) as ledger:
        ledger.backup(tmp_path / "backup.db")
    monkeypatch.setattr(segments, "LEAST_ENTRIES", 2)
    licensed(url, 1, 2, 3)
    asked(url)
    restored(url, tmp_path / "backup.db")
    licensed(url, 4)
    assert asked(url)[1] == [OPENED]


def test_a_segment_of_another_history_is_not_taken_in_front_of_one_of_this(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As large as its own, it may lie before it; only the last of all was held to the store once."""
    asked(url)
    (right,) = files(url)
    stale = right.with_name(f"{right.name[:-72]}{'0' * 64}.parquet")
    table = pq.read_table(right)
    doubled = [2 * tpp for tpp in table["tpp"].to_pylist()]
    pq.write_table(table.set_column(table.column_names.index("tpp"), "tpp", [doubled]), stale)
    monkeypatch.setattr(segments, "LEAST_ENTRIES", 2)
    licensed(url, 1, 2, 3)
    first, _ = asked(url)
    assert len(files(url)) == 3
    assert asked(url) == (first, [])
    assert {row["country"]: row["headroom_tpp"] for row in first}["AE"] == 790_000_000 - 3_000


@pytest.mark.parametrize("asked_before", [0, 1, 2])
def test_the_folder_may_be_removed_while_a_ledger_is_open(url: str, asked_before: int) -> None:
    asked(url)
    past = {"as_of": "2026-02-01"}
    with Ledger.open(url, clock=Clock("2026-02-02")) as ledger:
        now = ledger.headroom().rows()  # by the segments, which stay where they are
        for _ in range(asked_before):
            assert ledger.headroom(**past).rows() == now
        shutil.rmtree(files(url)[0].parent)
        for number in range(3):
            licensed(url, number)
            for answer in (ledger.headroom("AE", **past), ledger.headroom("AE")):
                assert [row["licensed_tpp"] for row in answer] == [1_000 * (number + 1)]


def test_a_process_that_asks_what_is_left_now_reads_no_more_than_it_needs(url: str) -> None:
    asked(url)
    licensed(url, 1, 2)
    store = Watched(url)
    mirror = Mirror(store, REGIME, REFERENCE)
    now, head = mirror.now(["AE"])
    assert [row["licensed_tpp"] for row in now.dicts()] == [2_000]
    licensed(url, 3)
    now, later = mirror.now(["AE"])
    assert [row["licensed_tpp"] for row in now.dicts()] == [3_000]
    assert (head.seq, later.seq, store.read_after) == (OPENED + 2, OPENED + 3, [OPENED, OPENED + 2])
    mirror.close()
    store.close()


def test_what_is_left_now_closes_with_the_period(url: str) -> None:
    clock = Clock("2027-12-31")
    store = Store(Database(url, 10), clock)
    mirror = Mirror(store, REGIME, REFERENCE)
    assert {row["control_state"] for row in mirror.now(["AE"])[0].dicts()} == {"none"}
    clock.set("2028-01-01")
    assert {row["control_state"] for row in mirror.now(["AE"])[0].dicts()} == {"closed"}
    mirror.close()
    store.close()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(url: str) -> None:
    Path(url.removeprefix("sqlite:///") + "-segments").write_text("in the way", "utf-8")
    assert len(asked(url)[0]) == OPENED


def test_a_segment_whose_writing_was_interrupted_leaves_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_table: Any, part: Path, **_: Any) -> None:
        part.write_bytes(b"PAR1")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            asked(url)
    assert files(url) == []


# --- the mirror -----------------------------------------------------------------------------------


def test_a_kept_mirror_reads_only_what_is_new(url: str) -> None:
    store = Watched(url)
    mirror = Mirror(store, REGIME, REFERENCE)
    for number in range(3):
        licensed(url, number)
        assert mirror.ask("select max(seq) as seq from entry", {}, wide=False)[1].seq == OPENED + number + 1
    assert store.read_after == [0, OPENED + 1, OPENED + 2]
    mirror.close()
    store.close()


def test_a_forked_process_leaves_the_core_of_the_other_alone(url: str) -> None:
    store = Watched(url)
    mirror = Mirror(store, REGIME, REFERENCE)
    now, _ = mirror.now([])
    assert mirror.rows(HEADROOM, {}, wide=False)[0] == now
    child = os.fork()
    if child == 0:
        try:
            mirror.ask(STATEMENT, {}, wide=True)  # wants another core than the one that is there
        except Misconfigured:
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert mirror.rows(HEADROOM, {}, wide=False)[0] == now
    mirror.close()
    store.close()


def test_a_store_that_went_back_is_noticed_by_whoever_saw_it_further_on(url: str, tmp_path: Path) -> None:
    file, older = tmp_path / "tppq.db", tmp_path / "older.db"
    shutil.copyfile(file, older)
    licensed(url, 1)
    store = Watched(url)
    mirror = Mirror(store, REGIME, REFERENCE)
    mirror.ask(HEADROOM, {}, wide=False)
    store.close()
    older.replace(file)
    with pytest.raises(Tampered, match=f"entry {OPENED + 1} was there and is no longer"):
        mirror.ask(HEADROOM, {}, wide=False)
    mirror.close()
    store.close()
