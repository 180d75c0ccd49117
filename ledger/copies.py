"""Copies of a ledger: backups and what is made of them, and the whole log, which moves between engines.

Every copy is verified, entry by entry, before it is called one; nothing is ever written over.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ledger import log_file, reference, rereading, schema
from ledger import part as part_file
from ledger.base import Opened
from ledger.database import Database
from ledger.errors import BadFeed, Misconfigured, Tampered, Unreachable
from ledger.loading import Check, Group, Loader, unchecked
from ledger.questions import Questions
from ledger.reading import Progress, silent
from ledger.schema import SCHEMA_VERSION
from ledger.sqlite_file import DAMAGED
from ledger.store import Store, clock_us

_PAGES = 4_000
"""Pages of a SQLite file copied at a time, between which others may write: 16 MB."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What was copied, and verified: up to which entry, with which hash, and how many bytes it takes."""

    file: str
    entries: int
    head_hash: str
    bytes: int


class Copies(Opened):
    """The part of a ledger that makes copies of it."""

    def backup(self, file: str | os.PathLike[str], progress: Progress = silent) -> Copy:
        """Copy a SQLite ledger into a new file while others post to it, and verify the copy.

        Raises Misconfigured (the file is there already, or what SQLite kept beside one; a PostgreSQL ledger,
        which its own tools back up), Unreachable (no room), Tampered (the copy, and so the ledger, does not
        verify).
        """
        source = self._store.database.file
        if source is None:
            raise Misconfigured(
                "a PostgreSQL ledger is backed up by pg_basebackup; tppq export writes its whole log",
                store=self._store.database.name,
            )
        self._must("db")
        file = Path(file)
        part_file.must_be_new(file)
        part_file.must_stand_alone(file)
        self._record_copy("backup", {"file": str(file)})
        part = part_file.begun(file)
        try:
            _copy_sqlite(source, part, progress)
            copy = _verified(part, file, "run tppq verify")
            part_file.put(part, file)
        finally:
            part_file.remove(part)
        return copy

    def export(self, file: str | os.PathLike[str], progress: Progress = silent) -> Copy:
        """Write the whole log to a new file: every entry, refusal and event (.gz: compressed).

        The file tells all that the ledger holds, its salts too: keep it as you keep the ledger.
        Raises Misconfigured (the file is there already), Unreachable (no room).
        """
        self._must("export")
        file = Path(file)
        part_file.must_be_new(file)
        self._record_copy("export", {"file": str(file)})
        part = part_file.begun(file)
        told = self._store.read("all_events")  # before the head: an event never runs ahead of its entries
        head = self._store.head()
        try:
            part.touch(mode=0o600)
            with log_file.opened(part, "wb") as output:
                writer = log_file.Writer(output, head)
                done = 0
                with closing(rereading.pages(self._store, 0, head.seq)) as pages:
                    for some in pages:
                        writer.entries(some)
                        done += len(some.seqs)
                        progress(done, head.seq)
                after = ("", 0)
                while page := self._store.read(
                    "refusals", request_id=after[0], attempt=after[1], size=log_file.GROUP_ROWS
                ):
                    writer.others("refusal", page)
                    after = (page[-1][0], page[-1][1])
                writer.others("event", told)
                counted = writer.end()
            with part.open("rb") as written:
                os.fsync(written.fileno())
            log_file.read_head(part)  # reads the whole file back: BadFeed where it is not what was written
            copy = Copy(str(file), counted.entry, head.hash, part.stat().st_size)
            part_file.put(part, file)
        except OSError as error:
            raise Unreachable(f"{file} cannot be written: {error.strerror}", file=str(file)) from error
        finally:
            part_file.remove(part)
        return copy


def backup_older(file: str | os.PathLike[str], url: str, progress: Progress = silent) -> Copy | None:
    """Copy a SQLite ledger of an older schema into a new file, as it is; None where there is no such ledger.

    SQLite alone finds it whole: every entry is read by `upgrade`, which this is for, and by the version that
    wrote it. Raises Misconfigured (the file is there already), Unreachable, Tampered (its file is damaged).
    """
    file, source = Path(file), Database(url, 10)
    part = part_file.begun(file)
    try:
        with closing(Store(source, clock_us)) as store:  # it closes last, and takes away what is beside it
            if source.file is None or (store.schema_version() or SCHEMA_VERSION) >= SCHEMA_VERSION:
                return None
            part_file.must_be_new(file)
            part_file.must_stand_alone(file)
            _copy_sqlite(source.file, part, progress)
        with closing(Store(Database(f"sqlite:///{part}", 10), clock_us)) as store:
            ((seq, head_hash),) = store.read("any_head")
        with closing(sqlite3.connect(part)) as connection:
            if (found := connection.execute(schema.sql("store/whole.sqlite.sql")).fetchone()[0]) != "ok":
                raise Tampered(f"{source.name} is damaged: {found.splitlines()[0]}; nothing was written")
            connection.execute("pragma journal_mode = delete")
        copy = Copy(str(file), seq, head_hash, part.stat().st_size)
        part_file.put(part, file)
    finally:
        part_file.remove(part)
    return copy


def restore(file: str | os.PathLike[str], url: str, progress: Progress = silent) -> Copy:
    """Make a ledger at `url` (SQLite, where there is none yet) from a backup, which is verified first.

    Raises BadFeed (the file is no backup), Misconfigured (there is a ledger already, or what SQLite kept
    beside one; not SQLite; a backup of another version), Tampered (the backup does not verify).
    """
    file, target = Path(file), Database(url, 0)
    if target.file is None:
        raise Misconfigured(
            "a backup is restored to SQLite; tppq import takes a log into PostgreSQL", store=target.name
        )
    part_file.must_be_new(target.file)
    part_file.must_stand_alone(target.file)
    if not file.is_file():
        raise Misconfigured(f"there is no backup at {file}", file=str(file))
    part = part_file.begun(target.file)
    try:
        target.file.parent.mkdir(parents=True, exist_ok=True)
        # as it lies there: SQLite leaves files beside what it reads, if that was in use when it was copied
        _copy_sqlite(file, part, progress, how="ro" if part_file.left_beside(file) else "ro&immutable=1")
        _must_hold_a_ledger(part, file)
        copy = _verified(part, target.file)
        part_file.put(part, target.file)
    except OSError as error:
        raise Unreachable(f"{target.file} cannot be written: {error.strerror}", store=target.name) from error
    finally:
        part_file.remove(part)
    return copy


def import_log(
    file: str | os.PathLike[str], url: str, progress: Progress = silent, *, busy_seconds: float = 10
) -> Copy:
    """Take a log into a new ledger at `url`, on either engine: the same entries, the same hashes.

    All of it, verified, or nothing: until then nobody finds a ledger there. Raises BadFeed (the file is not a
    whole log), Misconfigured (there is a ledger already, or what SQLite kept beside one), Tampered (it does
    not verify), Busy (another writer holds it for `busy_seconds`), Unreachable.
    """
    file, target = Path(file), Database(url, 0)
    head = log_file.read_head(file)
    regime = reference.load().run_by_ledger(head.regime)

    def load(url: str, check: Check) -> None:
        done = 0

        def counted() -> Iterator[Group]:
            nonlocal done
            for group in log_file.groups(file):
                yield group
                if group.table == "entry":
                    done += len(group.rows)
                    progress(done, head.seq)

        with closing(Loader(url, busy_seconds)) as store:
            store.load(head, regime, counted(), check)

    if target.file is None or target.file.is_file():
        load(url, _must_verify)
    else:
        part_file.must_be_new(target.file)
        part_file.must_stand_alone(target.file)
        part = part_file.begun(target.file)
        try:
            target.file.parent.mkdir(parents=True, exist_ok=True)
            part.touch(mode=0o644)  # as SQLite makes files
            load(f"sqlite:///{part}", unchecked)  # by several processes, once they can see it
            _verified(part, target.file)
            part_file.put(part, target.file)
        except OSError as error:
            raise Unreachable(
                f"{target.file} cannot be written: {error.strerror}", store=target.name
            ) from error
        finally:
            part_file.remove(part)
    return Copy(target.name, head.seq, head.hash, file.stat().st_size)


def _copy_sqlite(source: Path, target: Path, progress: Progress, how: str = "ro") -> None:
    """SQLite's own online backup: a copy of one moment, whoever writes meanwhile."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode={how}", uri=True)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            target.chmod(0o600)
            reading.backup(
                writing, pages=_PAGES, progress=lambda _, left, total: progress(total - left, total)
            )
        with target.open("rb") as written:
            os.fsync(written.fileno())
    except sqlite3.Error as error:
        why = DAMAGED.get(getattr(error, "sqlite_errorname", ""))
        if why is not None:
            raise _no_backup(source, why) from error
        raise Unreachable(
            f"{source} cannot be copied to {target.absolute().parent}: {error}", file=str(source)
        ) from error


def _no_backup(file: Path, why: str) -> BadFeed:
    """What is said of a file that is no copy of a ledger."""
    reason = f"is no backup of a ledger: {why}"
    return BadFeed(
        f"{file} {reason}; tppq backup makes one; tppq import takes the log that tppq export wrote",
        faults=[{"path": str(file), "line": None, "column": None, "reason": reason}],
    )


def _must_hold_a_ledger(part: Path, file: Path) -> None:
    """Raise BadFeed or Misconfigured where `part`, which was copied from `file`, is not for this version."""
    with closing(Store(Database(f"sqlite:///{part}", 10), clock_us)) as store:
        try:
            found = store.schema_version()
        except Misconfigured as error:
            raise _no_backup(file, "it is a SQLite database of something else") from error
        if found is None:
            raise _no_backup(file, "it is a SQLite database without a ledger")
        if found != SCHEMA_VERSION:
            raise Misconfigured(
                f"{file} has schema {found}; this version runs schema {SCHEMA_VERSION}: restore it with the "
                "version of tppq that made it, then run tppq db upgrade with this one",
                file=str(file),
            )


def _verified(part: Path, file: Path, advice: str = "nothing was written") -> Copy:
    """What a copy holds, once every entry of it was verified. Raises Tampered, with this advice."""
    store = Store(Database(f"sqlite:///{part}", 10), clock_us)
    try:
        store.checked_head()
        _must_verify(store, advice)
        head = store.head()
    finally:
        store.close()
    with closing(sqlite3.connect(part)) as connection:
        connection.execute("pragma journal_mode = delete")  # one file, with nothing beside it
    return Copy(str(file), head.seq, head.hash, part.stat().st_size)


def _must_verify(store: Store, advice: str = "nothing was written") -> None:
    asked = Questions(store, reference.load().run_by_ledger(store.head().regime), "")
    answer = asked.verify()
    if len(answer):
        first = answer.rows()[0]
        where = "" if first["seq"] is None else f" at entry {first['seq']:,}"
        raise Tampered(
            f"what was copied does not verify: {first['check']}{where}, expected {first['expected']}, "
            f"found {first['found']}; {advice}",
            seq=first["seq"],
        )
