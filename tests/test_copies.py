"""Backups and logs: a copy is the ledger, entry by entry, or it is not called one."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Barrier, get_ident
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import BadFeed, Entry, Ledger, Misconfigured, Refused, Tampered, Unreachable
from ledger.copies import backup_older, import_log, restore
from ledger.database import Database
from ledger.events import Telling
from ledger.store import Store
from ledger.tables import ENTRY
from tests.clock import Clock
from tests.forger import tear
from tests.outside import connected, drop_guards
from tests.postgres import Postgres
from tests.writers import answers, post_one_by_one, started

DAY = "2026-02-01"


def entry(kind: str, tpp: int, **more: Any) -> Entry:
    return Entry.model_validate(
        {"kind": kind, "country": "AE", "effective_on": DAY, "tpp": tpp, "reason": "a test", **more}
    )


def fill(url: str) -> None:
    """Licenses issued, increased, undone, released and used, a refusal, an overdraft, two events."""
    with Ledger.init(url, actor="maria", clock=Clock("2026-03-01")) as ledger:
        issued = ledger.post(entry("license", 400, license_no="L1", consignee="Größe \U0001f600"))[0]
        ledger.post(entry("license", 100, license_no="L1", expires_on="2027-01-31"))
        ledger.post(entry("license", 300, license_no="L2"), entry("export", 200, license_no="L1"))
        ledger.reverse(issued.seq + 1, "posted twice")
        ledger.post(entry("release", 300, license_no="L2", reason="revoked"))
        ledger.post(entry("overrun", 800_000_000), approver="jonas")
        with pytest.raises(Refused):
            ledger.post(entry("license", 1, license_no="L9"), request_id="application-1")
    store = Store(Database(url, 10), Clock("2026-03-02"))
    store.record([Telling("audit", "sql", "asked", {"rows": 1}), Telling("audit", "é", "asked", {})], "maria")
    store.close()


@pytest.fixture(scope="module", name="file")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite ledger that the tests of this module only read."""
    file = tmp_path_factory.mktemp("copied") / "tppq.db"
    fill(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="module", name="log")
def _log(file: Path) -> Path:
    log = file.with_name("log.jsonl")
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.export(log)
    return log


def everything(url: str) -> dict[str, list[Any]]:
    store = Store(Database(url, 10))
    try:
        return {
            "entries": [row for page in store.pages(("hash", "tpp", "seq")) for row in page],
            "balances": sorted(
                map(tuple, store.read("accounts", quotas='["country/AE"]', licenses='["L1","L2"]'))
            ),
            "refusals": list(store.read("refusals", request_id="", attempt=0, size=100)),
            "events": store.events("audit"),
            "head": [store.head()],
        }
    finally:
        store.close()


# ------------------------------------------------------------------------------------------------ backup


def test_a_backup_is_the_ledger(file: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        copy = ledger.backup(backup)
    assert everything(f"sqlite:///{backup}") == everything(f"sqlite:///{file}")
    assert (copy.entries, copy.head_hash) == (everything(f"sqlite:///{file}")["head"][0][:2])
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_copy_is_named_by_text_or_by_a_path_alike(file: Path, tmp_path: Path) -> None:
    backup, log = f"{tmp_path}/backup.db", f"{tmp_path}/log.jsonl.gz"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        assert ledger.backup(backup).file == backup
        assert ledger.export(log).file == log
        whole = ledger.verify().basis["seq"]
    assert restore(backup, f"sqlite:///{tmp_path}/restored.db").entries == whole
    assert import_log(log, f"sqlite:///{tmp_path}/imported.db").entries == whole


def test_a_backup_leaves_one_file_and_nothing_beside_it(file: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
    assert [path.name for path in tmp_path.iterdir()] == ["backup.db"]


def test_what_a_killed_backup_left_goes_once_nobody_has_touched_it_for_long(
    file: Path, tmp_path: Path
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    numbers = {
        "killed": f"{gone.pid}-1",
        "as this one's": f"{os.getpid()}-1",
        "another machine's": f"{gone.pid}-2",
    }
    parts = {whose: tmp_path / f".backup.{number}.part.db" for whose, number in numbers.items()}
    for part in parts.values():
        for each in (part, part.with_name(f"{part.name}-wal")):
            each.touch()
            os.utime(each, (0, 0))
    growing = parts["another machine's"]
    growing.with_name(f"{growing.name}-wal").touch()  # where SQLite writes at first
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [growing.name, f"{growing.name}-wal", "backup.db"]


def test_a_backup_begins_anew_where_its_own_part_was_left(file: Path, tmp_path: Path) -> None:
    own = tmp_path / f".backup.{os.getpid()}-{get_ident()}.part.db"
    own.write_text("half a ledger", encoding="utf-8")
    own.with_name(f"{own.name}-wal").touch()
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
    assert [path.name for path in tmp_path.iterdir()] == ["backup.db"]


def test_a_backup_writes_nothing_over(file: Path, tmp_path: Path) -> None:
    (tmp_path / "backup.db").write_text("dear", encoding="utf-8")
    with Ledger.open(f"sqlite:///{file}") as ledger, pytest.raises(Misconfigured, match="is there already"):
        ledger.backup(tmp_path / "backup.db")
    assert (tmp_path / "backup.db").read_text(encoding="utf-8") == "dear"


def test_a_file_that_appears_while_a_copy_grows_stays_as_it_is(file: Path, tmp_path: Path) -> None:
    backup, url, log = tmp_path / "backup.db", f"sqlite:///{tmp_path / 'tppq.db'}", tmp_path / "log.jsonl"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "whole.db")
        with pytest.raises(Misconfigured, match=r"backup\.db is there already: nothing is written over"):
            ledger.backup(backup, lambda _done, _of: write(backup))
        with pytest.raises(Misconfigured, match=r"log\.jsonl is there already"):
            ledger.export(log, lambda _done, _of: write(log))
    with pytest.raises(Misconfigured, match=r"tppq\.db is there already"):
        restore(tmp_path / "whole.db", url, lambda _done, _of: write(tmp_path / "tppq.db"))
    for path in (backup, log, tmp_path / "tppq.db"):
        assert path.read_text(encoding="utf-8") == "dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "backup.db", "log.jsonl", "tppq.db", "whole.db"
    ]  # fmt: skip


def write(path: Path) -> None:
    path.write_text("dear", encoding="utf-8")


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_nothing_is_copied_to_where_sqlite_left_something_of_another_file(
    file: Path, tmp_path: Path, end: str
) -> None:
    left, url = tmp_path / f"tppq.db{end}", f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
        write(left)
        with pytest.raises(Misconfigured, match=f"tppq.db{end}: left behind by the file that was at "):
            ledger.backup(tmp_path / "tppq.db")
    with pytest.raises(Misconfigured, match="or remove it, and try again"):
        restore(tmp_path / "backup.db", url)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.db", left.name]
    left.unlink()
    restore(tmp_path / "backup.db", url)
    assert everything(url) == everything(f"sqlite:///{file}")


def test_the_log_of_a_ledger_that_is_gone_is_not_played_into_one_that_is_taken_in(
    log: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.init(url) as ledger:
        ledger.post(entry("license", 1, license_no="L1"))
        left = (tmp_path / "tppq.db-wal").read_bytes()
    (tmp_path / "tppq.db").unlink()
    (tmp_path / "tppq.db-wal").write_bytes(left)
    with pytest.raises(Misconfigured, match=r"tppq\.db-wal: left behind by the file that was at "):
        import_log(log, url)
    assert [path.name for path in tmp_path.iterdir()] == ["tppq.db-wal"]
    (tmp_path / "tppq.db-wal").unlink()
    copy = import_log(log, url)
    assert everything(url)["head"][0][:2] == (copy.entries, copy.head_hash)


def test_a_backup_into_no_folder_says_so(file: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger, pytest.raises(Unreachable, match="cannot be copied"):
        ledger.backup(tmp_path / "not" / "there" / "backup.db")


def test_a_backup_of_a_ledger_that_was_changed_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    fill(url)
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 160).values(tpp=ENTRY.c.tpp + 1))
    Ledger.init(url).close()
    with Ledger.open(url) as ledger, pytest.raises(Tampered, match="entry 160"):
        ledger.backup(tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_a_file_whose_index_disagrees_with_its_table_is_not_backed_up_and_its_log_makes_a_new_one(
    tmp_path: Path,
) -> None:
    url, log, anew = (
        f"sqlite:///{tmp_path / 'tppq.db'}",
        tmp_path / "log.jsonl",
        f"sqlite:///{tmp_path / 'n.db'}",
    )
    fill(url)
    tear(url, "event_of")
    with Ledger.open(url) as ledger:
        with pytest.raises(Tampered, match=r"store, expected each index as its table, found .*event_of"):
            ledger.backup(tmp_path / "backup.db")
        ledger.export(log)
    import_log(log, anew)
    with Ledger.open(anew) as ledger:
        assert ledger.verify().rows() == []


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_is_no_name_of_a_backup(file: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match="is there already"):
        backup_older(name, f"sqlite:///{file}")


def test_a_backup_while_another_process_posts_is_one_moment_of_the_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    Ledger.init(url).close()
    process, connection = started(post_one_by_one, url)
    connection.recv()
    with Ledger.open(url) as ledger:
        copy = ledger.backup(tmp_path / "backup.db")
    process.kill()
    answers(process, connection)
    assert copy.entries > 158
    with Ledger.open(f"sqlite:///{tmp_path / 'backup.db'}") as ledger:
        assert ledger.verify().rows() == []


def test_a_restored_ledger_goes_on_where_the_backup_ended(file: Path, tmp_path: Path) -> None:
    backup, url = tmp_path / "backup.db", f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(backup)
    restore(backup, url)
    with Ledger.open(url, clock=Clock("2026-03-03")) as ledger:
        (receipt,) = ledger.post(entry("block", 5, country="IN"))
        assert receipt.seq == everything(f"sqlite:///{file}")["head"][0].seq + 1
        assert ledger.verify().rows() == []


def test_a_backup_is_not_restored_over_a_ledger(file: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
    with pytest.raises(Misconfigured, match="is there already"):
        restore(tmp_path / "backup.db", f"sqlite:///{file}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is a SQLite database without a ledger"),
        ("hello", "it is no SQLite database"),
        ("kind,country\n" * 4000, "it is no SQLite database"),
    ],
)
def test_what_is_no_backup_is_not_restored(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "backup.db").write_text(text, encoding="utf-8")
    with pytest.raises(BadFeed, match=f"backup.db is no backup of a ledger: {why}; tppq backup makes one"):
        restore(tmp_path / "backup.db", f"sqlite:///{tmp_path / 'tppq.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["backup.db"]


def test_a_postgresql_ledger_says_what_backs_it_up(postgres: Postgres, tmp_path: Path) -> None:
    with Ledger.init(postgres.create()) as ledger, pytest.raises(Misconfigured, match="pg_basebackup"):
        ledger.backup(tmp_path / "backup.db")


def test_a_base_backup_of_postgresql_is_the_ledger(postgres: Postgres) -> None:
    url = postgres.create()
    fill(url)
    with postgres.base_backup() as copied:
        there = copied.url_like(url)
        assert everything(there) == everything(url)
        with Ledger.open(there) as ledger:
            assert ledger.verify().rows() == []


# ------------------------------------------------------------------------------------------------ the log


def test_a_log_makes_the_same_ledger_on_the_other_engine_and_back(
    postgres: Postgres, file: Path, log: Path, tmp_path: Path
) -> None:
    there, back = postgres.create(), f"sqlite:///{tmp_path / 'back.db'}"
    import_log(log, there)
    with Ledger.open(there) as ledger:
        ledger.export(tmp_path / "there.jsonl")
        assert ledger.verify().rows() == []
    import_log(tmp_path / "there.jsonl", back)
    with Ledger.open(back) as ledger:
        ledger.export(tmp_path / "back.jsonl")
    assert (
        log.read_bytes() == (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "back.jsonl").read_bytes()
    )
    assert everything(back) == everything(there) == everything(f"sqlite:///{file}")


def test_a_ledger_taken_in_answers_repeats_as_before(log: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    import_log(log, url)
    with Ledger.open(url, clock=Clock("2026-03-03")) as ledger:
        with pytest.raises(Refused) as refused:
            ledger.post(entry("license", 1, license_no="L9"), request_id="application-1")
        assert refused.value.facts["answered_at"] == "2026-03-01T12:00:00.000000Z"


def test_a_compressed_log_is_the_same_log_and_the_same_bytes_each_time(
    file: Path, log: Path, tmp_path: Path
) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger:
        for name in ("one.jsonl.gz", "two.jsonl.gz"):
            ledger.export(tmp_path / name)
    one = (tmp_path / "one.jsonl.gz").read_bytes()
    assert one == (tmp_path / "two.jsonl.gz").read_bytes()
    assert gzip.decompress(one) == log.read_bytes()
    import_log(tmp_path / "one.jsonl.gz", f"sqlite:///{tmp_path / 'tppq.db'}")


def test_a_compressed_log_that_was_damaged_is_refused_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.export(tmp_path / "log.jsonl.gz")
    whole = (tmp_path / "log.jsonl.gz").read_bytes()
    for place in range(0, len(whole), len(whole) // 50):
        (tmp_path / "log.jsonl.gz").write_bytes(
            whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        )
        with pytest.raises(BadFeed):
            import_log(tmp_path / "log.jsonl.gz", f"sqlite:///{tmp_path / 'tppq.db'}")
        assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl.gz"]
    (tmp_path / "log.jsonl.gz").write_bytes(whole[:-9])
    with pytest.raises(BadFeed):
        import_log(tmp_path / "log.jsonl.gz", f"sqlite:///{tmp_path / 'tppq.db'}")


def test_an_empty_ledger_has_a_log(store_url: str, tmp_path: Path) -> None:
    with Ledger.init(store_url, opening=False) as ledger:
        ledger.export(tmp_path / "log.jsonl")
    import_log(tmp_path / "log.jsonl", f"sqlite:///{tmp_path / 'new.db'}")
    with Ledger.open(f"sqlite:///{tmp_path / 'new.db'}") as ledger:
        assert ledger.headroom().rows() == []


def test_a_log_is_not_taken_into_a_ledger(file: Path, log: Path) -> None:
    before = everything(f"sqlite:///{file}")
    with pytest.raises(Misconfigured, match="import into a new one"):
        import_log(log, f"sqlite:///{file}")
    assert everything(f"sqlite:///{file}") == before


def test_of_two_logs_taken_in_at_once_one_becomes_the_ledger_and_stays(log: Path, tmp_path: Path) -> None:
    for number in range(2):
        url, together = f"sqlite:///{tmp_path / f'{number}.db'}", Barrier(2)

        def take(url: str, together: Barrier) -> str:
            together.wait()
            try:
                return import_log(log, url).head_hash
            except Misconfigured as refused:
                return refused.detail

        with ThreadPoolExecutor(2) as both:
            said = list(both.map(take, [url] * 2, [together] * 2))
        head = everything(url)["head"][0]
        assert head.hash in said
        assert any("is there already" in each or "import into a new one" in each for each in said)


def lines_of(change: Callable[[list[bytes]], object]) -> Callable[[bytes], bytes]:
    def changed(log: bytes) -> bytes:
        lines = log.splitlines(keepends=True)
        change(lines)
        return b"".join(lines)

    return changed


RUINED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _log: b"", "its last line is missing"),
    "no log at all": (lambda _log: b"kind,country\n", "line 1: is not JSON"),
    "another JSON": (lambda _log: b'{"a":1}\n', "line 1: is not the first line of a log"),
    "a later version": (lambda log: log.replace(b'"v":1}', b'"v":9}', 1), "line 1: is of version 9"),
    "cut in the middle": (lambda log: log[: len(log) // 2], "is not JSON"),
    "cut between lines": (lines_of(lambda lines: lines.pop()), "its last line is missing"),
    "an entry left out": (lines_of(lambda lines: lines.__delitem__(9)), "what its last line says"),
    "two entries swapped": (
        lines_of(lambda lines: lines.insert(9, lines.pop(10))),
        "what its last line says",
    ),
    "a figure changed": (
        lambda log: log.replace(b'"tpp":790000000', b'"tpp":790000001', 1),
        "what its last line says",
    ),
    "something after its end": (lambda log: log + b'{"entry":{}}\n', "more after the last line"),
    "a table nobody knows": (
        lines_of(lambda lines: lines.insert(5, b'{"other":{}}\n')),
        "line 6: is none of entry",
    ),
}


@pytest.mark.parametrize(("ruin", "said"), RUINED.values(), ids=RUINED)
def test_a_log_that_is_not_whole_is_refused_and_leaves_nothing(
    log: Path, tmp_path: Path, ruin: Callable[[bytes], bytes], said: str
) -> None:
    (tmp_path / "log.jsonl").write_bytes(ruin(log.read_bytes()))
    with pytest.raises(BadFeed, match=said):
        import_log(tmp_path / "log.jsonl", f"sqlite:///{tmp_path / 'tppq.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_log_whose_last_line_was_forged_too_is_refused_by_the_chain(log: Path, tmp_path: Path) -> None:
    body, _, end = log.read_bytes().rpartition(b'{"end"')
    forged = body.replace(b'"tpp":790000000', b'"tpp":790000001', 1)
    old = sha256(body).hexdigest().encode()
    assert old in end
    (tmp_path / "log.jsonl").write_bytes(
        forged + b'{"end"' + end.replace(old, sha256(forged).hexdigest().encode())
    )
    with pytest.raises(Tampered, match="entry 1 is not what its hash says"):
        import_log(tmp_path / "log.jsonl", f"sqlite:///{tmp_path / 'tppq.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_ledger_that_was_changed_is_not_exported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    fill(url)
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 160).values(tpp=ENTRY.c.tpp + 1))
    Ledger.init(url).close()
    with Ledger.open(url) as ledger, pytest.raises(Tampered, match="entry 160 is not what its hash says"):
        ledger.export(tmp_path / "log.jsonl")
    assert not (tmp_path / "log.jsonl").exists()


def test_the_log_can_be_checked_with_nothing_but_a_hash(log: Path) -> None:
    """Each entry's line holds all that its hash is made of: the hash before it, and the body as it stands."""
    check = """
import hashlib, json, sys
last = "0" * 64
for line in open(sys.argv[1], "rb"):
    row = json.loads(line)
    if "entry" in row:
        body = line[line.index(b'{', 1):line.rindex(b',"hash":')]
        assert row["prev_hash"] == last
        last = hashlib.sha256(last.encode() + body).hexdigest()
        assert last == row["hash"], row
print(last)
"""
    said = subprocess.run(["python3", "-c", check, str(log)], check=True, capture_output=True, text=True)
    assert len(said.stdout.strip()) == 64


def test_the_copy_of_a_store_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("create table other (id integer)")
    connection.commit()
    connection.close()
    with pytest.raises(BadFeed, match="it is a SQLite database of something else"):
        restore(other, f"sqlite:///{tmp_path / 'tppq.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_a_backup_of_another_version_is_named_with_the_way_out(file: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
    drop_guards(f"sqlite:///{tmp_path / 'backup.db'}")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as connection:
        connection.execute("update head set schema_version = 1")
        connection.commit()
    with pytest.raises(Misconfigured, match=r"backup.db has schema 1; .* then run tppq db upgrade"):
        restore(tmp_path / "backup.db", f"sqlite:///{tmp_path / 'tppq.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["backup.db"]


@pytest.mark.parametrize("cut", [False, True])
def test_nothing_is_left_beside_a_plain_copy_that_is_restored_or_refused(
    file: Path, tmp_path: Path, *, cut: bool
) -> None:
    raw, url = tmp_path / "raw.db", f"sqlite:///{tmp_path / 'tppq.db'}"
    raw.write_bytes(file.read_bytes()[: 60_000 if cut else None])  # which says of itself that it was in use
    if cut:
        with pytest.raises(BadFeed):
            restore(raw, url)
    else:
        restore(raw, url)
        Ledger.open(url).close()
    assert [each.name for each in tmp_path.glob("raw.db*")] == ["raw.db"]


def test_a_damaged_backup_is_no_backup(file: Path, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{file}") as ledger:
        ledger.backup(tmp_path / "backup.db")
    with (tmp_path / "backup.db").open("r+b") as backup:
        backup.truncate(60_000)
    with pytest.raises(BadFeed, match="is no backup of a ledger: it is damaged, or cut short"):
        restore(tmp_path / "backup.db", f"sqlite:///{tmp_path / 'tppq.db'}")
