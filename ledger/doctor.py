"""What is wrong with this installation and its ledger, and what to do about it: one row per check.

It reads and reports, and changes nothing. What fails here fails elsewhere too, later and less clearly.
"""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from ledger import checkup, kept, pinned, reference, schema, segments
from ledger.checkup import Check
from ledger.database import Database
from ledger.errors import LedgerError, Misconfigured, NotPermitted
from ledger.installed import version_of
from ledger.reading import unsound
from ledger.schema import SCHEMA_VERSION
from ledger.settings import Settings
from ledger.sqlite_file import MAKE_ROOM, PUT_ASIDE
from ledger.store import Store, clock_us
from ledger.submission import EPOCH, Head

SOME_WRONG, BROKEN = 1, 78
WAL_RESET_MENDED_IN = (3, 51, 3)
_LITTLE_DISK, _NO_DISK = 1 << 30, 50 << 20
_BEHIND = timedelta(seconds=2)
_HALTED = "until it is put right nothing can be written: restore the latest backup"


class Examined(NamedTuple):
    """Every check, and the head of the ledger, where there is one."""

    checks: list[Check]
    head: Head | None


INSTALLATION = frozenset({"configuration", "python", "duckdb", "sqlite", "strict tables", "reference data"})
"""Checks of which none may fail: without them no ledger can be trusted, or it is another one than meant."""


def examine(
    settings: Settings, clock: Callable[[], int] = clock_us, wrong: Sequence[Misconfigured] = ()
) -> Examined:
    """Every check of the installation and of the ledger that the settings name; what is `wrong` in them."""
    checks = [
        configuration(settings, wrong),
        _python(),
        duckdb_release(version_of("duckdb")),
        sqlite_release(sqlite3.sqlite_version_info),
        _strict_tables(),
        _reference_data(),
        _postgresql(settings.ledger),
        *(_extra(package, name, use) for package, name, use in _EXTRAS),
    ]
    try:
        store = Store(Database(settings.ledger, settings.busy_seconds), clock)
    except Misconfigured as error:
        said = Check("ledger", "fail", error.detail, "mend the URL: --ledger, TPPQ_LEDGER or tppq.toml")
        return Examined([*checks, said], None)
    with closing(store):
        if store.database.file is not None:
            checks.append(disk_space(store.database.file))
        try:
            if (schema_version := store.schema_version()) not in (None, SCHEMA_VERSION):
                return Examined([*checks, _schema(schema_version)], None)
            head = store.stored_head()
            return Examined([*checks, *_ledger(store, head), *_evidence(store, settings)], head)
        except LedgerError as error:
            return Examined([*checks, _no_ledger(error)], None)


def status(checks: list[Check]) -> int:
    """0 where nothing fails, 1 where something does, 78 where the installation itself is broken."""
    failed = {check.check for check in checks if check.state == "fail"}
    return BROKEN if failed & INSTALLATION else SOME_WRONG if failed else 0


# ------------------------------------------------------------------------------------ the installation


def configuration(settings: Settings, wrong: Sequence[Misconfigured]) -> Check:
    """Where the settings come from, and what is wrong with them."""
    if wrong:
        who = "most verbs say this, and what follows may go by the defaults"
        if all(error.facts.get("setting") == "regime" for error in wrong):  # a ledger has one of its own
            who = "init says this, and what needs no ledger"
        found = "; ".join(error.detail for error in wrong)
        return Check("configuration", "fail", found, f"put it right there: until then {who}")
    told = [f"{path}: {'read' if read else 'not there'}" for path, read in settings.files.items()]
    others = sorted(set(settings.sources.values()) - settings.files.keys())
    found = "; ".join([*told, *(f"{other}: set" for other in others if other.startswith("TPPQ_"))])
    return Check("configuration", "ok", found, "")


def _python() -> Check:
    found = f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})"
    return Check("python", "ok", found, "")


def duckdb_release(found: str | None) -> Check:
    """Whether this release of DuckDB counts right and ends by itself: 2.0, but not 2.0.1."""
    advice = "pip install 'duckdb>=2.0,!=2.0.1,<2.1'"
    if found is None:
        return Check("duckdb", "fail", "not installed", advice)
    if found == "2.0.1":
        return Check("duckdb", "fail", f"{found}: a process that used it hangs at its end", advice)
    if found in ("1.5.5", "1.5.6"):
        said = f"{found}: some running sums are wrong past 1,041,748 rows (duckdb issue 24985)"
        return Check("duckdb", "fail", said, advice)
    if found.split(".")[:2] != ["2", "0"]:
        return Check("duckdb", "fail", f"{found}: not a release that this version was held to", advice)
    return Check("duckdb", "ok", found, "")


def sqlite_release(found: tuple[int, ...]) -> Check:
    """Whether SQLite is without the race between a writer and the reset of its log, mended in 3.51.3."""
    name = ".".join(map(str, found))
    if found < WAL_RESET_MENDED_IN:
        said = f"{name}: before 3.51.3, a reset of the write-ahead log can race with a writer"
        advice = (
            "use a Python with SQLite 3.51.3 or newer; until then let nothing but tppq open the ledger's file"
        )
        return Check("sqlite", "warn", said, advice)
    return Check("sqlite", "ok", name, "")


def _strict_tables() -> Check:
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(schema.sql("store/probe.sqlite.sql"))
    except sqlite3.Error as error:
        return Check("strict tables", "fail", str(error), "use a Python with SQLite 3.37 or newer")
    return Check("strict tables", "ok", "understood", "")


def _reference_data() -> Check:
    data = reference.load()
    found = (
        f"{len(data.countries):,} countries, {len(data.devices):,} devices, under {', '.join(data.regimes)}"
    )
    if data.unusable:
        advice = f"mend it in {reference.regimes_folder()}, or take it out: no ledger can run it until then"
        return Check("reference data", "warn", "; ".join([found, *data.unusable.values()]), advice)
    return Check("reference data", "ok", found, "")


_EXTRAS = (
    ("xlsxwriter", "xlsx", "--format xlsx"), ("polars", "polars", "Answer.pl()"),
    ("prompt_toolkit", "repl", "prompt of tppq sql with history and completion"),
    ("uvicorn", "serve", "tppq serve"),
)  # fmt: skip


def _extra(package: str, name: str, use: str) -> Check:
    found = version_of(package)
    if found is None:
        return Check(
            name, "ok", f"not installed: no {use}", f"only if you want it: pip install 'tppq[{name}]'"
        )
    return Check(name, "ok", f"{package} {found}", "")


def _postgresql(url: str) -> Check:
    found = version_of("psycopg")
    if found is None:
        needed = url.startswith("postgresql")
        advice = "pip install 'tppq[postgres]'"
        state: Literal["ok", "fail"] = "fail" if needed else "ok"
        return Check(
            "postgres", state, "not installed", advice if needed else f"only for a ledger there: {advice}"
        )
    return Check("postgres", "ok", f"psycopg {found}", "")


# -------------------------------------------------------------------------------------------- the ledger


def _no_ledger(error: LedgerError) -> Check:
    """What is said where the head of a ledger cannot be read."""
    if error.facts.get("missing") == "ledger":
        advice = "run tppq init, or name the ledger: --ledger, TPPQ_LEDGER"
        return Check("ledger", "warn", error.detail, advice)
    if isinstance(error, NotPermitted):
        return Check("ledger", "fail", error.detail, "ask whoever keeps it for that, or for a copy")
    way_out = next((way for way in (PUT_ASIDE, MAKE_ROOM) if error.detail.endswith(way)), "")
    otherwise = "do as it says" if isinstance(error, Misconfigured) else "start it, or let its user read it"
    return Check("ledger", "fail", error.detail.removesuffix(f": {way_out}"), way_out or otherwise)


def _ledger(store: Store, head: Head) -> Iterator[Check]:
    try:
        terms = reference.load().run_by_ledger(head.regime)
    except Misconfigured as error:
        yield Check("ledger", "fail", error.detail, "until then it can be neither asked nor written to")
    else:
        found = f"{store.database.name}: entry {head.seq:,}, head {head.hash[:8]}, {head.regime}"
        yield Check("ledger", "ok", found, "")
        for said in pinned.notes(terms, store.read("events", topic=pinned.TOPIC)):
            yield Check("regime", "warn", said, "see that it is right, or put the file back as it was")
    yield _schema(head.schema_version)
    yield checkup.guarded(store)
    yield from checkup.durable(store)
    for each in checkup.kept_apart(store, head):
        if each.state == "fail" or each.check == "login":
            yield each
    yield _segments(store)
    wrong = unsound(head)
    yield clock_behind(head, store.clock()) if wrong is None else Check("head", "fail", wrong.detail, _HALTED)


def _evidence(store: Store, settings: Settings) -> Iterator[Check]:
    """Whether writers are let in: by the checkpoint outside the store, with the key to verify it."""
    if settings.checkpoint is None:
        wanted = "if you want it: tppq checkpoint -o FILE, and TPPQ_CHECKPOINT names FILE"
        yield Check("checkpoint", "ok", "none outside the store: a tail that was cut would not show", wanted)
    else:
        yield _checkpoint(store, Path(settings.checkpoint), settings.verify_key)
    if settings.signing_key_file is not None:
        try:
            kept.signer(Path(settings.signing_key_file))
        except Misconfigured as error:
            yield Check(
                "signing key", "fail", error.detail, "mend the file, or what TPPQ_SIGNING_KEY_FILE names"
            )
        else:
            yield Check("signing key", "ok", settings.signing_key_file, "")


def _checkpoint(store: Store, path: Path, key: str | None) -> Check:
    try:
        why = kept.unfit(store, path, None if key is None else kept.verifier(key))
    except LedgerError as error:
        return Check("checkpoint", "fail", error.detail, "mend what TPPQ_CHECKPOINT and TPPQ_VERIFY_KEY name")
    if why is not None:
        return Check("checkpoint", "fail", f"{why}; nothing can be written", kept.way_out(path))
    if not kept.is_there(path):
        return Check("checkpoint", "warn", f"none at {path} yet", "run tppq checkpoint")
    unsigned = "" if key else "; its signature is not checked, as TPPQ_VERIFY_KEY names no key"
    return Check("checkpoint", "ok", f"the ledger continues {path}{unsigned}", "")


def _schema(found: int) -> Check:
    said = f"schema {found}; this version runs schema {SCHEMA_VERSION}"
    if found == SCHEMA_VERSION:
        return Check("schema", "ok", said, "")
    older = found < SCHEMA_VERSION
    advice = "run tppq db upgrade" if older else "use the newer version of tppq that wrote it"
    return Check("schema", "fail", said, advice)


def _segments(store: Store) -> Check:
    folder = segments.folder_of(store)
    if folder is None or not folder.is_dir():
        why = "the store is asked each time" if folder is None else "they come with the entries"
        return Check("segments", "ok", f"none: {why}", "")
    sealed, cores = list(folder.glob("*.parquet")), sorted(folder.glob("core-*.duckdb"))
    held = segments.sealed(store, wide=False)
    found = f"{len(held.files):,} in use, to entry {held.last_seq:,}" if sealed else "none yet"
    beside = f", beside {cores[-1].name}, which tppq sql asks" if cores else ""
    size = sum(path.stat().st_size for path in (*sealed, *cores))
    unused = sealed and not held.files and not segments.sealed(store, wide=True).files
    advice = f"they do not continue this ledger: remove {folder}, it is only a copy" if unused else ""
    return Check("segments", "warn" if unused else "ok", f"{found}{beside}; {size / 1e6:,.1f} MB", advice)


def disk_space(file: Path) -> Check:
    """How much room the ledger's disk has."""
    folder = next(parent for parent in file.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:,.1f} GB free in {folder}"
    if free < _NO_DISK:
        return Check("disk", "fail", found, "make room: a post may fail")
    return Check(
        "disk",
        "warn" if free < _LITTLE_DISK else "ok",
        found,
        "make room soon" if free < _LITTLE_DISK else "",
    )


def clock_behind(head: Head, now_us: int) -> Check:
    """Whether the clock is behind the last entry: new entries are then recorded a microsecond after it."""
    now, last = EPOCH + timedelta(microseconds=now_us), datetime.fromisoformat(head.recorded_at)
    found = f"{now:%Y-%m-%d %H:%M:%S}Z, last entry {last:%Y-%m-%d %H:%M:%S}Z"
    if last - now > _BEHIND:
        behind = str(last - now).partition(".")[0]
        return Check(
            "clock",
            "warn",
            f"{found}: {behind} behind",
            "set the clock: entries keep their order, not their time",
        )
    return Check("clock", "ok", found, "")
