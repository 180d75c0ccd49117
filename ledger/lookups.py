"""What a group of posts must know of the store before it is judged: accounts, earlier answers, reversals."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import orjson

from ledger import slips
from ledger.accounts import NO_LICENSE, Account, Asked, Books, Undoable
from ledger.database import Database, Row
from ledger.errors import problem_of
from ledger.model import BUCKETS, Kind
from ledger.submission import Earlier, EarlierRefusal, Head, Post

OWN_PREFIX = 32
"""How much of a request id made from a file is the file's: characters of its SHA-256."""

_FEW = 20
"""Licenses of one group that are not there: of more, nothing is looked for, as it is no slip of the hand."""

_LICENSE, _RELEASE = Kind.license.value, Kind.release.value

Question = tuple[str, Mapping[str, Any]]
"""A statement of `schemas/store`, and its values."""

_OF_A_FILE = re.compile(r"[0-9a-f]{32}-[0-9]{9}")


class Undoing(NamedTuple):
    """What must be read of what a group undoes."""

    entries: Collection[int]
    """By their seq: there may be none of that seq."""

    licenses: Collection[str]
    """Of which an issue is undone: what else issued them must be known."""

    up_to: int = 0
    seqs: Sequence[int] = ()
    """The entries that issued those licenses, where they were looked for before the lock: up to this seq."""


class Lookups:
    """Reads in the writing transaction; keeps accounts for the next group, which may find them unchanged."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._quotas: dict[str, Account | None] = {}
        self._licenses: dict[str, Account | None] = {}
        self.kept_hash = ""
        """The hash of the head at which the accounts stand as they are kept; empty where it is not known."""

        self._was_alone = True

    def locked(
        self, cursor: Any, posts: Sequence[Post], books: Books, undone: Undoing | None = None
    ) -> tuple[Sequence[Row], Earlier]:
        """Lock the head, and read it (no row where there is none) with all that `fill` and `earlier` read.

        It is asked for together: on PostgreSQL, all writers wait for each round trip of the one that has the
        lock. What `issued` found spares it the whole history. Afterwards `kept_hash` is empty, until the
        caller says that what was judged is committed.
        """
        kept_hash, self.kept_hash = self.kept_hash, ""
        hoped = bool(kept_hash) and self._was_alone  # where others write too, all is asked for at once
        if not hoped:
            self._forget()
        undone = undone or undoing(posts)
        asked, repeats, undoings = self._unknown(posts), _repeats(posts), _undoings(undone)
        head, *rows = self._database.rows_together(cursor, ("lock_head", {}), *asked, *repeats, *undoings)
        read = iter(rows)
        accounts, answered = list(islice(read, len(asked))), list(islice(read, len(repeats)))
        self._was_alone = kept_hash in ("", *(Head(*row).hash for row in head))
        if hoped and not self._was_alone:
            self._forget()
            accounts = self._database.rows_together(cursor, *self._unknown(posts))
        self._keep(accounts)
        self._lend(cursor, posts, books, undone, read)
        return head, _earlier(answered)

    def fill(self, cursor: Any, posts: Sequence[Post], books: Books, *, fresh: bool) -> None:
        """Put every account that the posts touch into the books, from memory where that is still good."""
        if fresh:
            self._forget()
        self._keep(self._database.rows_together(cursor, *self._unknown(posts)))
        undone = undoing(posts)
        self._lend(cursor, posts, books, undone, self._database.rows_together(cursor, *_undoings(undone)))

    def earlier(self, cursor: Any, posts: Sequence[Post]) -> Earlier:
        """What the requests of these posts were answered before."""
        return _earlier(self._database.rows_together(cursor, *_repeats(posts)))

    def _forget(self) -> None:
        self._quotas, self._licenses = {}, {}

    def _unknown(self, posts: Sequence[Post]) -> list[Question]:
        """What to ask for the accounts that the posts touch and that are not kept: nothing or one question.

        From then on they count as known, and as not there until `_keep` is told otherwise.
        """
        quotas: dict[str, None] = {}
        licenses: dict[str, None] = {}
        for post in posts:
            each = post.asked
            if not isinstance(each, Asked):
                continue
            if each.quota not in self._quotas:
                quotas[each.quota] = None
            if each.license_no is not None and each.license_no not in self._licenses:
                licenses[each.license_no] = None
        if not (quotas or licenses):
            return []
        self._quotas.update(quotas)
        self._licenses.update(licenses)
        if len(quotas) < 2 and len(licenses) < 2:  # half the price of two lists
            return [
                ("account", {"quota": next(iter(quotas), None), "license_no": next(iter(licenses), None)})
            ]
        return [("accounts", {"quotas": _names(quotas), "licenses": _names(licenses)})]

    def _keep(self, found: Iterable[Sequence[Row]]) -> None:
        for row in chain.from_iterable(found):
            account = Account(row[0], row[1], dict(zip(BUCKETS, row[2:7], strict=True)), *row[7:])
            if account.license_no == NO_LICENSE:
                self._quotas[account.quota] = account
            else:
                self._licenses[account.license_no] = account

    def _lend(
        self, cursor: Any, posts: Sequence[Post], books: Books, undone: Undoing,
        undoings: Iterable[Sequence[Row]],
    ) -> None:  # fmt: skip
        """Give the books what is kept, and what reversals must know: the answers to `_undoings`."""
        books.quotas, books.licenses = self._quotas, self._licenses
        found = iter(undoings)
        books.undone = {seq: Undoable(*row) for seq in undone.entries for row in next(found)}
        books.issues = {number: {} for number in undone.licenses}
        for number, seq, issued_on, expires_on in chain.from_iterable(found):
            books.issues[number][seq] = issued_on, expires_on
        issued: set[str] = set()
        used: set[str] = set()
        for post in posts:
            each = post.asked
            if not isinstance(each, Asked):
                continue
            if each.license_no is not None and self._licenses.get(each.license_no) is None:
                (issued if each.kind == _LICENSE else used).add(each.license_no)
        books.looked_for = self._look_for(cursor, used - issued if books.alone else used)

    def _look_for(self, cursor: Any, numbers: set[str]) -> frozenset[str]:
        """These licenses, which are not there, once what they may have been meant to be is kept; if few."""
        if not 0 < len(numbers) <= _FEW:
            return frozenset()
        near = {each for number in numbers for each in slips.meant(number)} - self._licenses.keys()
        asked = {"quotas": _names(()), "licenses": _names(near)}
        self._keep(self._database.rows_together(cursor, ("accounts", asked)))
        return frozenset(numbers)


def undoing(posts: Sequence[Post]) -> Undoing:
    """What a group undoes."""
    entries: dict[int, None] = {}
    licenses: set[str] = set()
    for post in posts:
        each = post.asked
        if isinstance(each, Asked) and each.reverses_seq is not None:
            entries[each.reverses_seq] = None
            if each.kind == _RELEASE:
                licenses.add(each.license_no or "")
    return Undoing(entries.keys(), licenses)


def issued(read: Callable[..., Sequence[Row]], posts: Sequence[Post]) -> Undoing:
    """What a group undoes, and what `locked` need not look for again: nobody waits while the history is read.

    That is once for all licenses of the group. No index has the license of an entry, and nothing that is kept
    of a license bounds when it was issued.
    """
    undone = undoing(posts)
    head = read("head") if undone.licenses else ()
    if not head:
        return undone
    *_, (statement, values) = _undoings(undone)
    return undone._replace(up_to=Head(*head[0]).seq, seqs=[row[1] for row in read(statement, **values)])


def _undoings(undone: Undoing) -> list[Question]:
    """What to ask for: each entry that is undone, and at last what issued those licenses, if any."""
    asked: list[Question] = [("reversal_of", {"seq": seq}) for seq in undone.entries]
    if undone.licenses:
        known = orjson.dumps(list(undone.seqs)).decode()
        asked.append(("issues", {"licenses": _names(undone.licenses), "up_to": undone.up_to, "known": known}))
    return asked


def _repeats(posts: Sequence[Post]) -> list[Question]:
    """What to ask for earlier answers to these posts."""
    first = [post for post in posts if post.part == 0]
    made = [post.request_id for post in first if post.body_hash is None]
    given = [post.request_id for post in first if post.body_hash is not None]
    asked: list[Question] = []
    if made and _of_one_file(low := min(made), high := max(made)):
        asked.append(_between(low, high))  # they stand side by side
    else:
        given += made
    if len(given) == 1:
        asked.append(_between(given[0], given[0]))
    elif given:
        asked.append(("answers", {"request_ids": _names(given)}))
    return asked


def _earlier(found: Iterable[Sequence[Row]]) -> Earlier:
    """The answers to `_repeats`."""
    earlier = Earlier({}, {})
    for request_id, body_hash, number, problem, refused_at in chain.from_iterable(found):
        if problem is None:
            earlier.posted[request_id] = body_hash, number
        else:
            earlier.refused[request_id] = EarlierRefusal(body_hash, number, problem_of(problem), refused_at)
    return earlier


def _of_one_file(low: str, high: str) -> bool:
    """Whether these are ids that were made for the rows of one file."""
    alike = low[:OWN_PREFIX] == high[:OWN_PREFIX]
    return alike and _OF_A_FILE.fullmatch(low) is not None and _OF_A_FILE.fullmatch(high) is not None


def _between(low: str, high: str) -> Question:
    return "answers_between", {"low": low, "high": high}


def _names(names: Iterable[str]) -> str:
    """Names as one JSON array, for statements that take any number of them."""
    return orjson.dumps(sorted(names)).decode()
