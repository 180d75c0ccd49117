"""The core as a file: it holds what the store holds, and goes on from the one before, if that fits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from ledger import BadQuery, Ledger, core_file, sandbox
from ledger.columns import FIELDS
from ledger.copies import restore
from ledger.core_file import CoreFile, Ground
from ledger.database import Database
from ledger.store import Store
from tests.books import REFERENCE, REGIME
from tests.small import entry, fill

GROUND = Ground(REGIME, REFERENCE)


class Small(NamedTuple):
    """A small ledger, its store, and the folder beside it."""

    ledger: Ledger
    store: Store
    folder: Path


@pytest.fixture(name="small")
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 1)
    monkeypatch.setattr(core_file, "MOST_SINCE", 2)
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with fill(url) as ledger:
        store = Store(Database(url, 10))
        yield Small(ledger, store, tmp_path / "tppq.db-segments")
        store.close()


def standing(small: Small) -> CoreFile:
    found = core_file.standing(small.store, GROUND)
    assert found is not None
    return found


def post(small: Small, times: int) -> None:
    for _ in range(times):
        small.ledger.post(entry("block", "AE", "2026-02-20", tpp=1, reason="inquiry"))


def asked(file: CoreFile, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file.path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_file_holds_every_entry_in_the_order_of_country_and_number(small: Small) -> None:
    file = standing(small)
    kept = asked(file, "select country::varchar, seq, hash from entry")
    assert [(country, seq) for country, seq, _ in kept] == sorted((each[0], each[1]) for each in kept)
    stored = small.ledger.sql("select country::varchar, seq, hash from entry order by country, seq")
    assert kept == [tuple(row.values()) for row in stored]
    assert asked(file, "select seq from sorted_through") == [(14,)]


def test_a_file_stands_until_enough_came_since(small: Small) -> None:
    first = standing(small)
    post(small, 1)
    assert standing(small) == first
    post(small, 1)
    second = standing(small)
    assert (first.seq, second.seq) == (14, 16)
    assert asked(second, "select count(*), max(seq) from entry") == [(16, 16)]
    assert asked(second, "select seq from sorted_through") == [(14,)]  # a copy, with two more at its end


def test_a_file_is_sorted_anew_once_a_quarter_of_it_came_since(small: Small) -> None:
    standing(small)
    post(small, 6)
    assert asked(standing(small), "select seq from sorted_through") == [(20,)]


def test_only_the_last_two_files_stay(small: Small) -> None:
    for _ in range(3):
        standing(small)
        post(small, 2)
    assert sorted(path.name[5:17] for path in small.folder.glob("core-*")) == ["000000000016", "000000000018"]
    assert list(small.folder.glob("*.part")) == []


def test_after_an_older_backup_was_restored_the_new_file_stays_and_the_old_ones_go(
    small: Small, tmp_path: Path
) -> None:
    small.ledger.backup(tmp_path / "backup.db")
    for _ in range(2):
        post(small, 4)
        standing(small)
    small.ledger.close()
    small.store.close()
    (tmp_path / "tppq.db").unlink()
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    restore(tmp_path / "backup.db", url)
    with Ledger.open(url, actor="maria") as again:
        restored = small._replace(ledger=again)
        for seq in (14, 14, 16):
            file = standing(restored)
            assert asked(file, "select count(*), max(seq) from entry") == [(seq, seq)]
            post(restored, 1)
    assert [path.name[5:17] for path in sorted(small.folder.iterdir())] == ["000000000014", "000000000016"]


@pytest.mark.parametrize("what", ["another hash", "another shape"])
def test_a_file_that_does_not_fit_is_left_aside(small: Small, what: str) -> None:
    file = standing(small)
    _, seq, last_hash, shape = file.path.stem.split("-")
    other = (
        f"core-{seq}-{'0' * 64}-{shape}" if what == "another hash" else f"core-{seq}-{last_hash}-{'0' * 16}"
    )
    file.path.rename(file.path.with_name(f"{other}.duckdb"))
    assert standing(small).path == file.path


def test_whoever_may_not_read_the_ledger_may_not_read_its_file(small: Small, tmp_path: Path) -> None:
    (tmp_path / "tppq.db").chmod(0o600)
    assert standing(small).path.stat().st_mode & 0o777 == 0o600
    assert small.folder.stat().st_mode & 0o777 == 0o700


def test_copies_are_shut_to_those_who_may_no_longer_read_the_ledger(small: Small, tmp_path: Path) -> None:
    (tmp_path / "tppq.db").chmod(0o644)
    file = standing(small)
    assert (file.path.stat().st_mode & 0o777, small.folder.stat().st_mode & 0o777) == (0o644, 0o755)
    (tmp_path / "tppq.db").chmod(0o600)
    assert standing(small) == file
    assert (file.path.stat().st_mode & 0o777, small.folder.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("damage", ["another figure", "noise"])
def test_a_file_that_cannot_be_right_is_not_gone_on_from(small: Small, damage: str) -> None:
    path = standing(small).path
    if damage == "another figure":
        with duckdb.connect(path) as connection:
            connection.execute("update entry set to_headroom_tpp = to_headroom_tpp + 1 where seq = 4")
    else:
        path.write_bytes(b"\xff" * path.stat().st_size)
    post(small, 2)
    file = standing(small)
    assert asked(file, "select sum(to_headroom_tpp) from entry where seq = 4") == [(-31_664_000,)]
    assert asked(file, "select seq from sorted_through") == [(16,)]


def test_a_file_that_says_otherwise_than_the_ledger_is_found_by_verify(small: Small) -> None:
    path = standing(small).path
    assert small.ledger.verify().rows() == []
    with duckdb.connect(path) as connection:
        connection.execute("update entry set tpp = tpp + 1 where seq = 4")
        connection.execute("delete from entry where seq = 5")
    found = [(row["seq"], row["check"], path.name in row["found"]) for row in small.ledger.verify().rows()]
    assert found == [(4, "copy", True), (5, "copy", True)]


def test_what_a_killed_process_left_beside_the_file_goes(small: Small) -> None:
    standing(small)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    part = small.folder / f"core-{gone.pid}-1.part"
    part.write_text("of the ledger", encoding="utf-8")
    os.utime(part, (0, 0))
    post(small, 2)
    standing(small)
    assert not part.exists()


def test_a_folder_that_cannot_be_written_is_done_without(small: Small) -> None:
    small.folder.write_text("in the way", encoding="utf-8")
    assert core_file.standing(small.store, GROUND) is None
    assert small.ledger.sandboxed_sql("select count(*) as n from entry").rows() == [{"n": 14}]


def test_a_small_ledger_has_no_file(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 50_000)
    assert core_file.standing(small.store, GROUND) is None


def test_a_file_is_made_from_segments_and_what_came_after_them(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ledger import segments  # noqa: PLC0415

    monkeypatch.setattr(segments, "LEAST_ENTRIES", 1)
    monkeypatch.setattr(segments, "SEGMENT_ENTRIES", 5)
    list(core_file.entries(small.store, 0, 14))
    assert segments.sealed(small.store, wide=True).last_seq == 14
    post(small, 2)
    with_segments = asked(standing(small), "from entry order by seq")
    for path in small.folder.iterdir():
        path.unlink()
    monkeypatch.setattr(segments, "LEAST_ENTRIES", 100)
    assert asked(standing(small), "from entry order by seq") == with_segments


def test_a_segment_that_was_cut_is_done_without(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.segments.LEAST_ENTRIES", 1)
    list(core_file.entries(small.store, 0, 14))
    (segment,) = small.folder.glob("wide-*")
    segment.write_bytes(segment.read_bytes()[:-100])
    assert asked(standing(small), "select count(*), max(seq) from entry") == [(14, 14)]


def test_a_ledger_on_postgresql_is_asked_without_a_file(store_url: str) -> None:
    with fill(store_url) as ledger:
        answer = ledger.sandboxed_sql("select country, headroom_tpp from headroom()")
        assert answer.rows() == [
            {"country": row["country"], "headroom_tpp": row["headroom_tpp"]} for row in ledger.headroom()
        ]


def test_the_tables_of_reference_data_have_every_column_in_its_place(small: Small) -> None:
    with core_file.in_memory(GROUND) as connection:
        for name, rows in core_file.reference_rows(GROUND).items():
            kept = connection.table(name).fetchall()
            columns = connection.table(name).columns
            if name in FIELDS:
                assert [each.removesuffix("_3a090_a") for each in columns] == list(FIELDS[name])
            assert [tuple(map(str, row)) for row in kept] == [tuple(map(str, row)) for row in rows], name
            trusted = small.ledger.sql(f"from {name}").rows()
            assert sorted(kept) == sorted(tuple(row.values()) for row in trusted), name


@pytest.mark.parametrize("how", ["noise", "nothing", "cut", "another program's"])
def test_a_query_does_without_a_file_that_cannot_be_read_and_writes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 1)
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        query = "select count(*) as entries, sum(tpp) as tpp, max(hash) as hash from entry"
        right = ledger.sandboxed_sql(query).rows()
        (file,) = (tmp_path / "tppq.db-segments").glob("core-*.duckdb")
        whole = file.read_bytes()
        damaged = {
            "noise": bytes(range(256)) * (len(whole) // 256), "nothing": b"", "cut": whole[: len(whole) // 2],
            "another program's": b"SQLite format 3\0" * 4_096,
        }  # fmt: skip
        file.write_bytes(damaged[how])
        assert ledger.sandboxed_sql(query).rows() == right
        assert file.read_bytes() != damaged[how]
        assert ledger.sandboxed_sql(query).rows() == right


def test_a_query_does_without_a_file_in_which_a_page_is_not_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 1)
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        query = "select columns(*)::varchar from entry order by seq"
        right = ledger.sandboxed_sql(query).rows()
        (file,) = (tmp_path / "tppq.db-segments").glob("core-*.duckdb")
        whole, found = file.read_bytes(), 0
        for at in range(12_288 + 100, len(whole), 262_144):  # three heads, then pages
            damaged = bytearray(whole)
            damaged[at : at + 64] = bytes(each ^ 0xFF for each in damaged[at : at + 64])
            file.write_bytes(damaged)
            assert ledger.sandboxed_sql(query).rows() == right
            found += file.read_bytes() != damaged
        assert found


def test_a_query_that_fails_on_another_file_too_fails_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_file, "LEAST_ENTRIES", 1)
    monkeypatch.setattr(sandbox, "_UNREADABLE", ("ConversionException",))
    with fill(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        with pytest.raises(BadQuery, match="Could not convert string '1x'"):
            ledger.sandboxed_sql("select kind::varchar || 'x' as x from entry where (seq || 'x')::int > 0")
        assert ledger.sandboxed_sql("select count(*) as n from entry").rows() == [{"n": 14}]
