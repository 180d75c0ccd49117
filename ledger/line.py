"""Group commit: submissions wait in line, and whoever is first commits all that wait, in one transaction.

A commit costs more than a post, so many threads that post share one. Nobody is answered before the commit.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from ledger.accounts import Books
from ledger.events import Telling
from ledger.submission import Post, Verdict

MOST = 500
"""Submissions committed together."""


Tellings = Callable[[Verdict], Sequence[Telling]]
"""What is recorded with the entries, once it is known what became of them."""


def always() -> None:
    """The `still` of a ledger without roles, or of what depends on nothing: never raises."""


@dataclass(slots=True, eq=False)
class Submission:
    """What is to be posted, on which terms, and then what became of it: a verdict, or an error."""

    posts: Sequence[Post]
    books: Books
    atomic: bool
    again: bool
    dry_run: bool
    tellings: Tellings | None
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
        return len(self.posts) != 1 or self.dry_run or self.tellings is not None or self.check is not None


class Line:
    """Those who wait for the one writer."""

    def __init__(self, commit: Callable[[Sequence[Submission]], None]) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._waiting: deque[Submission] = deque()
        self._commits: Submission | None = None
        """Whose thread commits, or is to: that of the head of the line; nobody's where none waits."""

    def take(self, submission: Submission) -> Verdict:
        """Wait until it is committed, by this thread or another. Raises what went wrong with it.

        Whoever is interrupted while it waits may have been committed all the same.
        """
        try:
            with self._lock:
                submission.turn.acquire()
                first = self._commits is None
                if first:
                    self._commits = submission
                self._waiting.append(submission)
            if not first:
                submission.turn.acquire()  # until it is done, or its turn has come
            if not submission.done:
                self._commit_group()
        except BaseException:
            self._leave(submission)
            raise
        if submission.error is not None:
            raise submission.error
        return submission.verdict

    def _commit_group(self) -> None:
        """Commit those at the head of the line, the caller's own first, and hand on.

        They stay in the line meanwhile: wherever this thread is interrupted, `_leave` finds who waits for it.
        """
        with self._lock:
            own = self._waiting[0]
            others = () if own.alone else takewhile(_together, islice(self._waiting, 1, MOST))
            group = [own, *others]
        try:
            self._commit(group)
        except BaseException as error:  # noqa: BLE001  # handed to each that waits, and raised there
            self._answer_alone(group, error)
        else:
            for each in group:
                each.done = True
        finally:
            with self._lock:
                self._hand_on()

    def _hand_on(self) -> None:
        """Under the lock: wake those at the head of the line who are done, and let the next one commit.

        Wherever it is interrupted, it can be done again: whoever is woken twice notices nothing.
        """
        while self._waiting and self._waiting[0].done:
            _wake(self._waiting[0])
            self._waiting.popleft()
        following = self._waiting[0] if self._waiting else None
        if following is not None:
            _wake(following)
        self._commits = following

    def _leave(self, submission: Submission) -> None:
        """Its thread was interrupted: it stands in line no more, and where its turn had come, hands it on.

        What somebody else has in hand by now is committed there, and nobody is told.
        """
        with self._lock:
            if submission in self._waiting:
                self._waiting.remove(submission)
            if self._commits is submission:
                self._hand_on()

    def _answer_alone(self, group: Sequence[Submission], error: BaseException) -> None:
        """One of several spoiled the transaction: each is tried in one of its own, and answers for itself.

        An interrupt is for this thread alone: who is not answered by then commits for itself.
        """
        if len(group) == 1 or not isinstance(error, Exception):
            group[0].error, group[0].done = error, True
            group = group[1:]
        for each in group:
            try:
                self._commit([each])
            except BaseException as own:
                if not isinstance(own, Exception):
                    raise
                each.error = own  # raised in the thread that waits for it
            each.done = True


def _together(submission: Submission) -> bool:
    return not submission.alone


def _wake(submission: Submission) -> None:
    try:
        submission.turn.release()
    except RuntimeError:  # it was woken before, by one who was interrupted then
        return
