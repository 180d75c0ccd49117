"""The ledger: open it, post to it, ask it. Start here.

One table, one sum: an entry moves TPP from one bucket of a country's quota to another (`model.MOVES`), and
headroom is a sum over entries (`schemas/core/3_headroom.sql`). `post` goes through `store`, the only writer;
every question goes to `engine`, a private copy of the entries in DuckDB that catches up by `seq`.
"""

from __future__ import annotations

import gc
import os
import pwd
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import orjson

from ledger import outcome, publish, reference, rules
from ledger.accounts import Asked, Books
from ledger.database import Database
from ledger.errors import Misconfigured, UnknownName
from ledger.feed import Feed
from ledger.lookups import OWN_PREFIX
from ledger.model import Entry, Kind
from ledger.outcome import Outcome, Receipt
from ledger.questions import Questions
from ledger.store import Store, clock_us
from ledger.submission import Post, Verdict
from ledger.tables import SCHEMA_VERSION

GROUP = 20_000
"""Rows of a file that are judged, written and committed together."""


class Ledger(Questions):
    """One ledger. Use it as a context manager, or `close` it; any thread may call it.

    It is asked by the methods of `Questions`: headroom, statement, licenses, fit, regime, devices, countries,
    sql, verify.
    """

    # -------------------------------------------------------------------------------------------- open

    @classmethod
    def init(
        cls, url: str, regime: str = reference.DEFAULT_REGIME, *, opening: bool = True, **options: Any
    ) -> Ledger:
        """Create the store at `url`, if not there, and post the opening allocation of every Tier 2 country.

        742.6(b)(10)(iii)(B): 790,000,000 TPP each, for 2025 to 2027. Repeating it changes nothing. `options`
        as for `open`. Raises UnknownName (no such regime), Misconfigured (a regime without a cap; another
        regime's ledger).
        """
        terms = reference.load().regime(regime)
        store = _store(url, **{name: options[name] for name in options if name != "actor"})
        found = store.schema_version()
        if found not in (None, SCHEMA_VERSION):
            store.close()
            raise store.other_schema(found)
        store.database.create()
        store.open_head(terms.regime)
        store.close()
        ledger = cls.open(url, **options)
        if ledger._terms.regime != regime:
            ledger.close()
            raise Misconfigured(
                f"the ledger at {url} runs {ledger._terms.regime}, not {regime}", regime=regime
            )
        if opening:
            ledger._allocate()
        return ledger

    @classmethod
    def open(
        cls,
        url: str,
        *,
        actor: str | None = None,
        busy_seconds: float = 10,
        clock: Callable[[], int] = clock_us,
    ) -> Ledger:
        """Open the ledger at a SQLAlchemy URL: `sqlite:///FILE` or `postgresql+psycopg://...`.

        `actor` (default: the user of the operating system) is who posts; `busy_seconds` how long to wait for
        another writer; `clock` microseconds since 1970. Raises Misconfigured where there is no ledger.
        """
        store = _store(url, busy_seconds, clock)
        try:
            terms = reference.load().regime(store.checked_head().regime)
        except BaseException:
            store.close()
            raise
        return cls(store, terms, actor or _user())

    def close(self) -> None:
        """Let go of the store and of the memory of the core."""
        self._mirror.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -------------------------------------------------------------------------------------------- post

    def post(
        self,
        *entries: Entry,
        request_id: str | None = None,
        approver: str | None = None,
        again: bool = False,
        dry_run: bool = False,
    ) -> list[Receipt]:
        """Post entries as one submission, all or none; the same `request_id` twice is one post.

        Answers after the commit, with one receipt an entry: its seq and its country's headroom after it. A
        repeat gets its first answer, a refusal too, unless `again`. Raises Refused (which rule, with the
        numbers), Busy, Unreachable.
        """
        if not entries:
            return []
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
        receipts: bool = True,
        progress: Callable[[int], None] = lambda _rows: None,
    ) -> Outcome:
        """Post the rows of a file: as one submission, all or none, or `each` on its own, in groups.

        `progress` is told how many rows are done. Raises BadFeed (every bad line and column; nothing is
        written), unless `dry_run`, which judges the good rows all the same.
        """
        if not dry_run:
            feed.check()
        prefix = feed.content_sha256[:OWN_PREFIX]
        groups: Iterable[list[Post]] = (self._resolver.batch(batch, prefix) for batch in feed.batches(GROUP))
        if not each or dry_run:
            groups = [[post for group in groups for post in group]]
        became, done = Outcome(), 0
        sealer = publish.Sealer(self._store, wide=False)
        with _no_garbage_collection():
            for posts in groups:
                if not posts:
                    continue
                verdict = self._submit(
                    posts, approver=approver, again=again, dry_run=dry_run, atomic=not each
                )
                became.add(verdict, self._receipts(verdict) if receipts else [])
                if not dry_run:
                    sealer.take_posted(verdict.rows)
                done += len(posts)
                progress(done)
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
    ) -> list[Receipt]:
        """Undo one entry, whole, by its opposite kind on the same day.

        Raises UnknownName, AlreadyReversed, Refused.
        """
        undoing = self._undoing(seq, reason)
        return self.post(undoing, approver=approver, request_id=request_id, dry_run=dry_run)

    def correct(
        self,
        seq: int,
        changes: Mapping[str, Any],
        reason: str,
        *,
        approver: str | None = None,
        request_id: str | None = None,
        dry_run: bool = False,
    ) -> list[Receipt]:
        """Undo one entry and post the right one in its place, in one group.

        `correct(12, {"quantity": 500}, "...")`; where device or quantity change, the TPP is worked out anew
        unless it is among the changes.
        """
        given = self._given(seq)
        if "tpp" not in changes and {"device_id", "quantity"} & changes.keys():
            given["tpp"] = None
        right = Entry.model_validate(
            {**given, "reason": given["reason"] or reason, "reverses_seq": None, **changes}
        )
        undoing = self._undoing(seq, reason)
        return self.post(undoing, right, approver=approver, request_id=request_id, dry_run=dry_run)

    # ----------------------------------------------------------------------------------------- within

    def _submit(
        self, posts: Sequence[Post], *, approver: str | None, again: bool, dry_run: bool, atomic: bool = True
    ) -> Verdict:
        books = Books(self._terms, self._store.today(), self.actor, approver, self._reference.devices)
        return self._store.submit(posts, books, atomic=atomic, again=again, dry_run=dry_run)

    def _allocate(self) -> None:
        """The opening allocations; each request has an id of its own, so that a repeat changes nothing."""
        terms = self._terms
        posts = [
            Post(
                f"opening-{terms.regime}-{code}", 0, None,
                Asked(
                    Kind.allocate, code, terms.period_from, None, None, None, terms.cap_tpp, None, None, None,
                    terms.citation, "opening allocation", "country", code, None, f"country/{code}",
                ),
                line,
            )
            for line, code in enumerate(terms.members(2, terms.period_from), 1)
        ]  # fmt: skip
        self._submit(posts, approver=None, again=False, dry_run=False, atomic=False)

    def _receipts(self, verdict: Verdict) -> list[Receipt]:
        """Receipts of what was appended, and of what the repeats were answered the first time."""
        first = [seq for seq, _ in verdict.replayed]
        again = self._store.read("receipts", seqs=orjson.dumps(first).decode()) if first else []
        return outcome.receipts([*again, *map(outcome.picked, verdict.rows)], self._terms.h100_tpp)

    def _given(self, seq: int) -> dict[str, Any]:
        """A stored entry as the fields that were posted."""
        rows = self._store.read("given", seq=seq)
        if not rows:
            raise UnknownName(
                f"there is no entry {seq:,} in this ledger", field="seq", value=str(seq), nearest=None
            )
        return dict(zip(_GIVEN, rows[0], strict=True))

    def _undoing(self, seq: int, reason: str) -> Entry:
        given = self._given(seq)
        undoing = {
            "kind": rules.undoes(Kind(given["kind"])),
            "reason": reason,
            "reverses_seq": seq,
            "expires_on": None,
        }
        return Entry.model_validate({**given, **undoing})


_GIVEN = tuple(Entry.model_fields)


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


def _user() -> str:
    """Who is at work, by the operating system, and not by an environment variable that anybody may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # no name for this user id: in a container, say
        return f"uid {os.getuid()}"
