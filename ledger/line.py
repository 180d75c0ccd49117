"""Group commit: submissions wait in line, and whoever is first commits all that wait, in one transaction.

A commit costs more than a post, so many threads that post share one. Nobody is answered before the commit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger.accounts import Books
from ledger.events import Telling
from ledger.submission import Post, Verdict

MOST = 500
"""Submissions committed together."""


def always() -> None:
    """What is asked of somebody whom nothing can keep from posting."""


@dataclass(slots=True, eq=False)
class Submission:
    """What is to be posted, on which terms, and then what became of it: a verdict, or an error."""

    posts: Sequence[Post]
    books: Books
    atomic: bool
    again: bool
    dry_run: bool
    tellings: Sequence[Telling]
    check: Callable[[Verdict], None] | None
    still: Callable[[], None]
    verdict: Verdict = field(default_factory=Verdict)
    error: BaseException | None = None
    done: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held while the submission waits; let go when it is done, or when it is to commit those that wait."""

    @property
    def alone(self) -> bool:
        """Whether it wants a transaction of its own: to be taken back as a whole, memory and all."""
        return len(self.posts) != 1 or self.dry_run or bool(self.tellings) or self.check is not None


class Line:
    """Those who wait for the one writer."""

    def __init__(self, commit: Callable[[Sequence[Submission]], None]) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._waiting: deque[Submission] = deque()
        self._somebody_commits = False

    def take(self, submission: Submission) -> Verdict:
        """Wait until it is committed, by this thread or another. Raises what went wrong with it."""
        with self._lock:
            self._waiting.append(submission)
            first, self._somebody_commits = not self._somebody_commits, True
            if not first:
                submission.turn.acquire()
        if not first:
            submission.turn.acquire()  # until it is done, or its turn has come
        if not submission.done:
            self._commit_group()
        if submission.error is not None:
            raise submission.error
        return submission.verdict

    def _commit_group(self) -> None:
        """Commit those at the head of the line, the caller's own among them, and hand on."""
        with self._lock:
            group = [self._waiting.popleft()]
            while self._waiting and len(group) < MOST and not (group[0].alone or self._waiting[0].alone):
                group.append(self._waiting.popleft())
        try:
            self._commit(group)
        except BaseException as error:  # noqa: BLE001  # handed to each that waits, and raised there
            self._answer_alone(group, error)
        finally:
            with self._lock:
                for each in group:
                    each.done = True
                following = self._waiting[0] if self._waiting else None
                self._somebody_commits = following is not None
            for each in group[1:]:
                each.turn.release()
            if following is not None:
                following.turn.release()

    def _answer_alone(self, group: Sequence[Submission], error: BaseException) -> None:
        """One of several spoiled the transaction: each is tried in one of its own, and answers for itself."""
        if len(group) == 1 or not isinstance(error, Exception):
            group[0].error = error  # an interrupt is for this thread alone
            group = group[1:]
        for each in group:
            try:
                self._commit([each])
            except BaseException as own:  # noqa: BLE001  # raised in the thread that waits for it
                each.error = own
