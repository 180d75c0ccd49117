"""The ledger: open it, post to it, ask it. Start here.

One table, one sum: an entry moves TPP from one bucket of a country's quota to another (`model.MOVES`), and
headroom is a sum over entries (`schemas/core/3_headroom.sql`). `post` goes through `store`, the write path;
every question goes to `engine`, a private copy of the entries in DuckDB that catches up by `seq`.

A post: `posting` (names) -> `store.submit` -> `rules.judge` -> `accounts.Books.apply` (the move) -> hashed in
`submission` -> written. A question: `questions.headroom` -> `engine` -> `schemas/core/3_headroom.sql`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from typing import Any

from ledger import pinned, quotas, reference, roster, segments, undoing
from ledger.accounts import Books
from ledger.audit import Audit
from ledger.base import must_open_anew
from ledger.bulk import Bulk
from ledger.copies import Copies
from ledger.database import Database
from ledger.dictionary import Dictionary
from ledger.entry import Entry
from ledger.errors import Misconfigured
from ledger.feed import GROUP, Feed
from ledger.line import always
from ledger.lookups import OWN_PREFIX
from ledger.outcome import Outcome, Receipts
from ledger.proofs import Proofs
from ledger.reading import Progress, silent
from ledger.recon import Reconciling
from ledger.rehearsal import Rehearsal
from ledger.report import Reports
from ledger.sandbox import Sandbox
from ledger.schema import SCHEMA_VERSION
from ledger.snapshot import Snapshots
from ledger.store import Store, clock_us
from ledger.submission import Post, Verdict
from ledger.text import named


class Ledger(Audit, Copies, Dictionary, Proofs, Reconciling, Reports, Sandbox, Snapshots):
    """One ledger. Use it as a context manager, or `close` it; any thread may call it.

    This class posts. The rest is in its parts: `Questions` (headroom, statement, licenses, fit, verify, ...),
    `Proofs` (checkpoint, prove), `Copies` (backup, export), `People`, `Proposals` (propose, approve, ...),
    `Reconciling` (reconcile, breaks), `Reports`, `Forecasts`, `Sandbox`, `Snapshots` (publish), `Audit`.
    In a shared ledger each raises NotPermitted for whoever has no role for it.
    """

    # -------------------------------------------------------------------------------------------- open

    @classmethod
    def init(
        cls, url: str, regime: str = reference.DEFAULT_REGIME, *, opening: bool = True, **options: Any
    ) -> Ledger:
        """Create the store at `url`, if not there, and post the opening allocation of every Tier 2 country.

        742.6(b)(10)(iii)(B): 790,000,000 TPP each, for 2025 to 2027. Repeating it changes nothing; where the
        regime has got a country more since, it opens that one. `options` as for `open`. Raises UnknownName
        (no such regime), Misconfigured (a regime without a cap; another regime's ledger), Refused where a
        country could not be opened, as before the period begins, Misconfigured and BadQuery for options with
        which a new ledger could not be opened: then nothing is written. Also what `open` raises.
        """
        terms = reference.load().regime(regime)
        how = {name: options[name] for name in ("busy_seconds", "clock") if name in options}
        with closing(_store(url, **how)) as store:
            found = store.schema_version()
            if found not in (None, SCHEMA_VERSION):
                raise store.other_schema(found)
            if found is None:
                must_open_anew(**options)
            if opening and found is None:
                quotas.must_open(terms, terms.opened(), store.today())
            if found is None or store.guards_amiss() is not None:
                store.database.create()
            store.open_head(terms.regime)
        ledger = cls.open(url, **options)
        try:
            ledger._must_run(regime)
            if opening:
                ledger._allocate()
        except BaseException:
            ledger.close()
            raise
        return ledger

    # -------------------------------------------------------------------------------------------- post

    def post(
        self,
        *entries: Entry,
        request_id: str | None = None,
        approver: str | None = None,
        again: bool = False,
        dry_run: bool = False,
    ) -> Receipts:
        """Post entries as one submission, all or none; the same `request_id` twice is one post.

        Answers after the commit, with one receipt per entry: its seq and its country's headroom after it. A
        repeat gets its first answer, a refusal too, unless `again`. Raises Refused (which rule, with the
        numbers), BadQuery (a request_id or an approver that is no name), `pydantic.ValidationError` (a copy
        of an entry, changed unchecked), NotPermitted, Busy, Unreachable, Tampered (the store is frozen).
        """
        if not entries:
            return Receipts()
        verdict = self._submit(
            self._resolver.posts(entries, request_id), approver=approver, again=again, dry_run=dry_run
        )
        if verdict.declined:
            first = verdict.declined[0]
            if first.answered_at is not None:
                first.refusal.facts["answered_at"] = first.answered_at
            raise first.refusal
        return self._receipts(verdict)

    def post_file(
        self,
        feed: Feed,
        *,
        each: bool = False,
        approver: str | None = None,
        again: bool = False,
        dry_run: bool = False,
        behind: Rehearsal | None = None,
        receipts: bool = True,
        progress: Progress = silent,
    ) -> Outcome:
        """Post the rows of a file: as one submission, all or none, or `each` on its own, in groups.

        `progress` is told how many rows are done, and of how many. Rows that are refused are in the Outcome,
        and raise nothing. Raises BadFeed (every bad line and column; nothing is written), unless `dry_run`,
        which judges the good rows all the same; of several files, `behind` what those before would post. Also
        BadQuery, NotPermitted, Busy, Unreachable and Tampered, as `post`.
        """
        if not dry_run:
            feed.check()
        if self._store.frozen is not None:
            raise self._store.frozen
        self._may_post_file(feed, approver, dry_run=dry_run)
        became, done = Outcome(), 0
        sealer = segments.Sealer(self._store, wide=False)
        how: dict[str, Any] = {"each": each, "approver": approver, "again": again}
        rehearsal = behind or Rehearsal()
        posting = self._rehearse(feed, rehearsal, **how) if dry_run else self._post_rows(feed, **how)
        with _no_garbage_collection(), closing(posting) as posted:
            for posts, verdict in posted:
                became.add(verdict, self._receipts(verdict, rehearsal.rows) if receipts else [])
                if not dry_run:
                    sealer.take_posted(verdict.rows)
                done += len(posts)
                progress(done, feed.row_count)
            sealer.close()
        return became

    def reverse(
        self,
        seq: int,
        reason: str,
        *,
        approver: str | None = None,
        request_id: str | None = None,
        dry_run: bool = False,
    ) -> Receipts:
        """Undo one entry, whole, by its opposite kind on the same day.

        Raises BadQuery (seq is no whole number, reason no text), UnknownName, AlreadyReversed, Refused.
        """
        undone = undoing.undoing(self._store, seq, reason)
        return self.post(undone, approver=approver, request_id=request_id, dry_run=dry_run)

    def correct(
        self,
        seq: int,
        changes: Mapping[str, Any],
        reason: str,
        *,
        approver: str | None = None,
        request_id: str | None = None,
        dry_run: bool = False,
    ) -> Receipts:
        """Undo one entry and post the right one in its place, in one group.

        `correct(12, {"quantity": 500}, "...")`; what follows from a field that changes is worked out anew
        (`undoing.correction`). The right one comes first where others have drawn on what is undone. Raises as
        `reverse` does; BadQuery also where nothing would change, and `pydantic.ValidationError` where what is
        to be right can be no entry: no such field, no such value.
        """
        both = undoing.correction(self._store, seq, changes, reason)
        post = partial(self.post, approver=approver, request_id=request_id)
        return post(*undoing.in_order(partial(post, dry_run=True), *both), dry_run=dry_run)

    # ----------------------------------------------------------------------------------------- within

    def _groups(self, feed: Feed) -> Iterator[list[Post]]:
        prefix = feed.content_sha256[:OWN_PREFIX]
        return (self._resolver.batch(batch, prefix) for batch in feed.batches(GROUP) if batch.rows)

    def _post_rows(
        self, feed: Feed, *, each: bool, approver: str | None, again: bool
    ) -> Generator[tuple[Sequence[Post], Verdict]]:
        """The rows of a file and what became of them: in groups, or as one submission."""
        groups = self._groups(feed)
        if each:
            many = feed.row_count > GROUP
            bulk = Bulk(
                self._store, lambda posts: self._books(posts, approver),
                again=again, many=many, still=self._still(),
            )  # fmt: skip
            with closing(bulk):
                yield from bulk.post(groups)
        elif posts := list(chain.from_iterable(groups)):
            yield posts, self._submit(posts, approver=approver, again=again, dry_run=False)

    def _rehearse(
        self, feed: Feed, behind: Rehearsal, *, each: bool, approver: str | None, again: bool
    ) -> Generator[tuple[Sequence[Post], Verdict]]:
        """The rows of a file and what would become of them."""
        if posts := list(chain.from_iterable(self._groups(feed))):
            whole = behind.behind(posts)
            verdict = self._submit(whole, approver=approver, again=again, dry_run=True, atomic=not each)
            yield posts, behind.part_of(posts, verdict, each=each)

    def _submit(
        self, posts: Sequence[Post], *, approver: str | None, again: bool, dry_run: bool, atomic: bool = True
    ) -> Verdict:
        books = self._books(posts, approver, dry_run=dry_run)
        still = self._still()
        return self._store.submit(posts, books, atomic=atomic, again=again, dry_run=dry_run, still=still)

    def _still(self) -> Callable[[], None]:
        """What is asked under the lock: whether the actor may still post."""
        return partial(roster.must_still, self._store, "post", self.actor) if self.shared else always

    def _books(self, posts: Sequence[Post], approver: str | None, *, dry_run: bool = False) -> Books:
        """Books for these posts, whose accounts are still to be read. Raises NotPermitted, BadQuery."""
        approver = None if approver is None else named("approver", approver)
        self._may_post(posts, approver, dry_run=dry_run)
        return Books(
            self._terms, self._store.today(), self.actor, approver, self._reference.devices,
            reserved=self._reserved(),
        )  # fmt: skip

    def _must_run(self, regime: str) -> None:
        if self._terms.regime != regime:
            found = f"the ledger at {self._store.database.name} runs {self._terms.regime}"
            raise Misconfigured(f"{found}, not {regime}", regime=regime)

    def _allocate(self) -> None:
        """The opening allocations that are missing, all or none; each has an id of its own, for a repeat.

        What was refused before, as of an earlier day, is judged anew.
        """
        self._must("db")
        if self._store.frozen is not None:
            raise self._store.frozen
        terms, head, today = self._terms, self._store.head(), self._store.today()
        missing = quotas.missing(self._store, terms)
        quotas.must_open(terms, missing, today)
        if self.shared and head.seq and missing:  # a new ledger does not have two people
            if (said := quotas.by_two(terms, missing)) is not None:
                raise self._to_propose(said, dry_run=False)
            self._must("post")
        told = pinned.tellings(terms, self._store.read("events", topic=pinned.TOPIC))
        if missing:
            posts, books = quotas.openings(terms, missing), Books(terms, today, self.actor)
            self._store.submit(
                posts, books, atomic=False, again=True, tellings=lambda _: told, check=quotas.none_refused
            )
        elif told:
            self._store.record(told, self.actor)


def _store(url: str, busy_seconds: float = 10, clock: Callable[[], int] = clock_us) -> Store:
    return Store(Database(url, busy_seconds), clock)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Rows are many, small and free of cycles: looking for cycles among them costs a fifth of an import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
