"""The night: the ledger against what the licensing office, customs, vendors and reexporters told.

P0 accepts the files, P1 verifies the ledger itself; where either fails, nothing is compared. P2 to P6 find
the breaks, P7 ages and clears them. A run writes events and result files, never an entry: what should be
corrected is drafted, for people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from ledger import core_file, recon_feeds, recon_files, recon_results, schema
from ledger.answer import Answer, Rows
from ledger.engine import Core
from ledger.errors import BadFeed, Busy, Tampered
from ledger.events import Event, Telling
from ledger.evidence import FIRST_PREV_HASH
from ledger.model import Regime
from ledger.reading import Progress
from ledger.recon_awaited import examined, left_open, unbroken
from ledger.recon_breaks import TOPIC, Break, fold, ranked
from ledger.recon_changes import changes, names, table, told_apart
from ledger.recon_feeds import Staged
from ledger.recon_night import (
    STOPPED,
    Cut,
    Input,
    Night,
    alone,
    identity,
    of_difference,
    of_faults,
    of_finding,
    of_row,
)  # fmt: skip
from ledger.recon_passes import Passes
from ledger.recon_steps import decided, held, standing_events
from ledger.reference import Reference
from ledger.store import Store
from ledger.submission import FIRST_AT
from ledger.told import FINISHED, RUN, finished_runs
from ledger.verify import verify


class Run:
    """One run on a store; with `dry_run` nothing is recorded or written."""

    def __init__(
        self,
        store: Store,
        regime: Regime,
        reference: Reference,
        actor: str,
        *,
        dry_run: bool,
        progress: Progress,
    ) -> None:
        self._store = store
        self._terms = regime
        self._reference = reference
        self._actor = actor
        self._dry_run = dry_run
        self._known_at: str | None = None
        self._progress = progress
        self._began = perf_counter()
        self._seconds: dict[str, float] = {}

    def __call__(
        self,
        feeds: Sequence[str | Path],
        on: str,
        known_at: str | None,
        out: str | Path | None,
        *,
        block: bool,
        expected: Collection[str],
    ) -> Answer:
        """As `Ledger.reconcile`."""
        self._known_at = known_at
        try:
            if self._store.frozen is not None:  # it does not even fit what was signed of it
                raise self._store.frozen
            runs = finished_runs(self._store)
        except Tampered as error:
            signed = {"seq": None, "check": "checkpoint", "expected": "the history that was signed"}
            found = {**signed, **error.facts, "found": error.detail}
            return self._stopped("ledger", [of_difference(found, self._terms)], on)
        connection = recon_feeds.connect()
        core = Core(self._terms, self._reference.countries, self._reference.devices, wide=True)
        try:
            with ThreadPoolExecutor(1, "verifying") as verifying:
                # P1 does not depend on P0, and each leaves half of the machine idle
                verified = verifying.submit(self._verified, core, on, known_at)
                staged = self._staged(connection, feeds, expected, runs, on)
            if staged.findings:
                broken = [of_finding(each, self._terms) for each in staged.findings]
                return self._stopped("files", self._tell_files(broken, on), on)
            cut, wrong = verified.result()
            if wrong:
                return self._stopped("ledger", [of_difference(row, self._terms) for row in wrong], on)
            passes = Passes(connection)
            passes.seconds.update(self._seconds)
            passes.take_ledger(core.ask, cut.as_of, cut.known_at, tells_all=staged.tells_all)
            core.close()
            return self._kept(passes, staged, cut, runs, out, blocks=block)
        finally:
            core.close()
            connection.close()

    # ---------------------------------------------------------------------------------------- P0 and P1

    def _staged(
        self,
        connection: DuckDBPyConnection,
        feeds: Sequence[str | Path],
        expected: Collection[str],
        runs: Sequence[Event],
        on: str,
    ) -> Staged:
        """The files of the night, staged. Raises BadFeed; that is then recorded too."""
        began = perf_counter()
        history: dict[str, dict[int, str]] = {}
        for event in runs:
            for source, number, content, *_ in event.detail["inputs"]:
                history.setdefault(source, {})[number] = content
        try:
            found = recon_files.find(feeds, expected)
            staged = recon_feeds.stage(connection, found, history, self._reference, self._terms)
        except BadFeed as error:
            self._tell_files(of_faults(error.faults, self._terms), on)
            raise
        self._seconds["files"] = perf_counter() - began
        return staged

    def _verified(self, core: Core, on: str, known_at: str | None) -> tuple[Cut, list[dict[str, Any]]]:
        """Up to where the ledger is compared, and what is wrong with it; `core` then has its entries.

        So what is compared is what was verified, and the ledger is read once.
        """
        began = perf_counter()
        try:
            copies, taking = core_file.copies(self._store), "recon/verify_take.sql"
            answer = verify(self._store, core, {}, taking=taking, copies=copies, progress=self._progress)
        except Tampered as error:
            head = self._store.stored_head()
            wrong = {"seq": error.facts.get("seq"), "check": "history", "expected": "one that can be read"}
            return Cut(head.seq, head.hash, head.recorded_at, on), [{**wrong, "found": error.detail}]
        self._seconds["verify"] = perf_counter() - began
        seq, head_hash = answer.basis["seq"], answer.basis["head_hash"]
        if len(answer):
            return Cut(seq, head_hash, "", on), answer.rows()
        (last,) = core.ask(schema.sql("recon/ledger_cut.sql"), {"known_at": known_at}).to_pylist()
        if last["seq"] != seq:
            rows = self._store.read("hash_at", seq=last["seq"])
            head_hash = rows[0][0] if rows else FIRST_PREV_HASH
        return Cut(last["seq"], head_hash, last["recorded_at"], on), []

    # ---------------------------------------------------------------------------------------- P2 to P7

    def _kept(
        self,
        passes: Passes,
        staged: Staged,
        cut: Cut,
        runs: Sequence[Event],
        out: str | Path | None,
        *,
        blocks: bool,
    ) -> Answer:
        """Compare, record what that changes, and leave the results, where they go into a folder."""
        with recon_results.results(None if self._dry_run else out) as results:
            matched = (lambda: None) if results is None else partial(results.matched, passes)
            night, earlier = self._compared(passes, staged, cut, runs, matched, blocks=blocks)
            rows = table(night.changes, cut.as_of)
            if results is not None:
                results.fill(night, rows, passes.seconds, self._began)
            holds = earlier in (None, *runs[-1:]) and _later(cut, runs) is None
            if is_new := earlier is None and holds and not self._dry_run:
                self._record(night, runs)
            folder = None if results is None else results.keep(night, holds=holds)
        said = {"recorded": is_new, "folder": None if folder is None else str(folder)}
        return self._answered(night.run, cut, rows, night.summary() | said)

    def _compared(
        self,
        passes: Passes,
        staged: Staged,
        cut: Cut,
        runs: Sequence[Event],
        matched: Callable[[], None],
        *,
        blocks: bool,
    ) -> tuple[Night, Event | None]:
        """What the night comes to, and the run that came to the same before, if there was one."""
        inputs = [Input.of(each.manifest, each.content_sha256, each.row_count) for each in staged.files]
        earlier, own, before_seq, until = self._before(inputs, cut, runs, blocks=blocks)
        covered = unbroken(staged.coverage, staged.files, runs)
        left = {} if staged.tells_all else fold(standing_events(self._store, (), before_seq, until))
        passes.set_terms(self._terms, self._reference.devices, covered, cut.as_of, left_open(left, covered))
        try:
            passes.run(matched)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            beyond = recon_files.beyond_belief(staged.paths, passes.ask("largest").to_pylist())
            self._tell_files(of_faults(beyond.faults, self._terms), cut.as_of)
            raise beyond from error
        found = ranked(of_row(row, self._terms) for row in passes.ask("breaks_found").to_pylist())
        standings = fold(standing_events(self._store, names(found), before_seq, until))
        settled = {row["name"] for row in passes.ask("settled").to_pylist()}
        made = changes(standings, found, examined(covered, cut.as_of, settled), cut.as_of, cut.seq)
        run = earlier.subject if earlier else self._named(runs)
        return Night(
            run, cut, inputs, made, passes.ask("certificate"), passes.ask("sources"),
            {row["matched_by"]: row["rows"] for row in passes.ask("matched").to_pylist()},
            passes.ask("suggested").num_rows, self._terms, own, blocks,
            held(self._store, standings, cut.seq), passes.seconds, months=passes.ask("months"),
            vendors=passes.column("vendors"),
        ), earlier  # fmt: skip

    def _before(
        self, inputs: Sequence[Input], cut: Cut, runs: Sequence[Event], *, blocks: bool
    ) -> tuple[Event | None, str, int | None, str | None]:
        """The run that came to the same, if there was one; what makes this one the same; what it comes after.

        That is the event of a run, and an instant, where it looks back.
        """
        later, deed = _later(cut, runs), cache(partial(decided, self._store))
        same = partial(identity, inputs, cut, blocks=blocks)
        alike = [run for run in reversed(runs) if run.detail["seq"] == cut.seq]
        # Who looks back is answered as the run was that came to the same, whatever was decided since.
        named = {run.seq: same(deed(run.seq if later else None, None)) for run in alike}
        earlier = next((run for run in alike if run.detail.get("identity") == named[run.seq]), None)
        until = self._known_at if later and earlier is None else None
        own = earlier.detail["identity"] if earlier else same(deed(None, until))
        before = earlier or later
        return earlier, own, before.seq if before else None, until

    def _named(self, runs: Sequence[Event]) -> str:
        """The name of a run: the minute it began in, and a number where there was one before."""
        now = self._store.now()
        minute = f"{now[:4]}{now[5:7]}{now[8:10]}-{now[11:13]}{now[14:16]}"
        taken = {event.subject for event in runs}
        names = (minute if number == 1 else f"{minute}-{number}" for number in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    # ------------------------------------------------------------------------------------ what is recorded

    def _record(self, night: Night, runs: Sequence[Event]) -> None:
        """Record the run and what it changed, at once; another run in between makes it Busy."""

        def still() -> None:
            if len(finished_runs(self._store)) != len(runs):
                raise Busy("another run was recorded while this one compared: run it again")

        told = [change.telling(night.run, night.cut.as_of) for change in night.changes]
        finished = Telling(RUN, night.run, FINISHED, night.told())
        self._store.record([finished, *(each for each in told if each is not None)], self._actor, still)

    def _tell_files(self, made: Sequence[Break], on: str) -> list[Break]:
        """Record what keeps the files of a night from being accepted, so that its age counts; as recorded."""
        standings = fold(standing_events(self._store, names(made)))
        named = told_apart(made, standings)
        then = {"run": STOPPED, "on": on}
        told = [
            Telling(TOPIC, name, "reopened" if name in standings else "seen", each.told() | then)
            for name, each in ((each.fingerprint, each) for each in named)
            if name not in standings or not standings[name].is_open_on(on)
        ]
        if told and not self._dry_run:
            self._store.record(told, self._actor)
        return named

    # -------------------------------------------------------------------------------------- what is answered

    def _stopped(self, by: str, broken: Sequence[Break], on: str) -> Answer:
        head = self._store.stored_head()
        cut = Cut(head.seq, head.hash, head.recorded_at, on)
        rows = table([alone(each, on) for each in told_apart(broken, {})], on)
        return self._answered(None, cut, rows, {"status": STOPPED, "stopped_by": by, "recorded": False})

    def _answered(self, run: str | None, cut: Cut, rows: Rows, said: Mapping[str, Any]) -> Answer:
        basis = {
            "regime": self._terms.regime, "seq": cut.seq, "head_hash": cut.head_hash, "as_of": cut.as_of,
            "known_at": self._store.now() if cut.known_at == FIRST_AT else cut.known_at,
            "h100_tpp": self._terms.h100_tpp, "run": run, **said,
        }  # fmt: skip
        return Answer(rows, basis)


def _later(cut: Cut, runs: Sequence[Event]) -> Event | None:
    """The first run that was recorded of a later time than a run asks about: that one looks back."""
    return next((run for run in runs if cut.as_of < run.detail["as_of"] or cut.seq < run.detail["seq"]), None)
