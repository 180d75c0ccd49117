"""Posts the many groups of a large file: this process judges a group while another writes the one before.

A group is judged against the books as the groups before it leave them, and is written only where it finds
the head that they leave. Where another writer was first, or an event may have changed who may post, it is
judged anew. Each group is answered after its commit, in the file's order, with what it would have been
answered if it had been posted alone.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from ledger import adding, repeats
from ledger.accounts import Books
from ledger.database import Database
from ledger.line import always
from ledger.lookups import Lookups
from ledger.schema import sql
from ledger.scribe import Fate, Orders, Reply, Scribe
from ledger.store import Store
from ledger.submission import Earlier, Head, Post, Verdict, after, judge_all

WAITING = 2
"""Groups that are judged and not yet known to be written; more would only take memory."""

Posts = Sequence[Post]


class _Judged(NamedTuple):
    posts: Posts
    verdict: Verdict
    earlier: Earlier
    reply: Future[Reply]


class Bulk:
    """Posts groups, every post on its own; `books` gives the books for a group, or raises why it must not be.

    `many`: whether there are groups enough for a second process, which only SQLite needs: PostgreSQL is one.
    `still`, as in `Store.submit`: whether somebody may still post is asked of each group.
    """

    def __init__(
        self,
        store: Store,
        books: Callable[[Posts], Books],
        *,
        again: bool,
        many: bool,
        still: Callable[[], None],
    ) -> None:
        self._store, self._books, self._again, self._still = store, books, again, still
        self._lookups = Lookups(store.database)
        self._reader: Any = None
        self._scribe: Scribe | None = None
        if many and store.database.file is not None:
            self._reader = store.database.connect_reader()
            self._scribe = _scribe(store.database, store.database.file)
        self._waiting: deque[_Judged] = deque()
        self._head: Head | None = None
        """The head that the groups which wait leave; None where it has to be read."""

    def close(self) -> None:
        """End the other process, and with it what is not committed."""
        if self._scribe is not None:
            self._scribe.close()
        if self._reader is not None:
            self._reader.close()
        self._scribe = self._reader = None

    def post(self, groups: Iterable[Posts]) -> Iterator[tuple[Posts, Verdict]]:
        """Each group and what became of it, once that is committed. Raises Busy, Unreachable, Tampered."""
        for posts in groups:
            if self._scribe is None:
                yield posts, self._here(posts)
                continue
            self._waiting.append(self._judged(posts, self._scribe))
            if len(self._waiting) > WAITING:
                yield from self._settled()
        while self._waiting:
            yield from self._settled()

    def _here(self, posts: Posts) -> Verdict:
        books = self._books(posts)
        return self._store.submit(posts, books, atomic=False, again=self._again, still=self._still)

    def _judged(self, posts: Posts, scribe: Scribe) -> _Judged:
        """Judge a group behind those that wait, and hand it on."""
        database, last_event = self._store.database, self._last_event()
        books = self._books(posts)  # which asks who may post, behind that event
        head = self._head or self._store.head()
        cursor = self._reader.cursor()
        try:
            self._lookups.fill(cursor, posts, books, fresh=self._head is None)
            earlier = self._lookups.earlier(cursor, posts)
        except database.driver_error as error:
            raise database.explained(error) from error
        finally:
            cursor.close()
        for each in self._waiting:
            _learn(earlier, each, posts)
        verdict = judge_all(posts, books, head, self._store.clock(), earlier, atomic=False, again=self._again)
        refusals = adding.refusals(verdict, books.actor)
        sheet = adding.sheet(database, head, verdict, books, refusals)
        self._head = head._replace(**sheet.head)
        return _Judged(posts, verdict, earlier, scribe.write(sheet._replace(events=last_event)))

    def _last_event(self) -> int | None:
        """The seq of the last event, by which roles may have changed; None where nobody has any."""
        if self._still is always:
            return None
        found = self._store.read("last_event")
        return int(found[0][0]) if found else 0

    def _settled(self) -> Iterator[tuple[Posts, Verdict]]:
        """The first group that waits, once it is written; if it was not, all that wait, judged anew here."""
        first = self._waiting[0]
        answer = first.reply.result()
        if answer.fate == Fate.failed:
            error = answer.raised
            raise self._store.database.explained(error) from error
        if answer.fate == Fate.unknown:
            self.close()
        if answer.fate == Fate.written or (answer.fate == Fate.unknown and self._is_there(first)):
            self._waiting.popleft()
            repeats.warn(first.verdict, self._store.read)
            yield first.posts, first.verdict
        if answer.fate == Fate.written:
            return
        anew = list(self._waiting)
        self._waiting.clear()
        self._head = None
        for each in anew:
            each.reply.result()  # the same: it continues what is not there
            yield each.posts, self._here(each.posts)

    def _is_there(self, judged: _Judged) -> bool:
        """Whether the process committed a group before it ended."""
        if not judged.verdict.rows:
            return False
        last = after(self._store.head(), judged.verdict)
        return self._store.read("hash_at", seq=last.seq) == [(last.hash,)]


def _scribe(database: Database, file: Path) -> Scribe | None:
    """Another process that writes this SQLite file; None where none can be started."""
    assert database.begin is not None
    orders = Orders(
        parent=os.getpid(),
        file=str(file.absolute()),
        busy_seconds=database.busy_seconds,
        connect=sql("store/connect.sqlite.sql") + sql("store/bulk.sqlite.sql"),
        begin=database.begin,
        lock_head=sql("store/lock_head.sqlite.sql"),
        last_event=sql("store/last_event.sql"),
        move_head=sql("store/move_head.sql"),
    )
    try:
        return Scribe(orders)
    except OSError:
        return None  # no more processes, or no interpreter to be found: this one can write as well


def _learn(earlier: Earlier, before: _Judged, posts: Posts) -> None:
    """Add what a group that waits answered to the requests of these posts."""
    asked = {post.request_id for post in posts}
    for request_id in asked & before.earlier.posted.keys():
        earlier.posted[request_id] = before.earlier.posted[request_id]
    for request_id in asked & before.earlier.refused.keys():
        earlier.refused[request_id] = before.earlier.refused[request_id]
