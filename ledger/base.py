"""The base of every part of an open ledger: store, regime, known names, DuckDB copy, and who is at work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from pathlib import Path
from typing import Any, Self

import orjson

from ledger import kept, outcome, proposed, reference, roster, trail
from ledger.answer import Answer, Rows
from ledger.database import Database
from ledger.errors import Busy, Misconfigured, NotPermitted, Tampered, Unreachable
from ledger.mirror import Mirror
from ledger.model import Regime
from ledger.notes import Verifier
from ledger.outcome import Receipts
from ledger.posting import Resolver
from ledger.reading import unsound
from ledger.roster import Act
from ledger.store import Store, clock_us
from ledger.submission import Head, Row, Verdict
from ledger.text import named, written

_KEPT_TEXT = 2_000
"""Characters of a query that the audit keeps."""


def must_open_anew(
    *, actor: str | None = None, checkpoint: str | os.PathLike[str] | None = None, **_others: Any
) -> None:
    """Raise what of the options of `Opened.open` a ledger that is yet to be made could not be opened with.

    That is BadQuery for an actor that is no name, Misconfigured for a checkpoint that is there already, and
    Unreachable for one that may be.
    """
    if actor is not None:
        named("actor", actor)
    if checkpoint is not None:
        kept.must_await(Path(checkpoint))


class Opened:
    """An open ledger, of which `Questions` and the other parts of `Ledger` are made.

    `shared` is True where people have roles; `actor` is then one of them.
    """

    def __init__(self, store: Store, regime: Regime, actor: str, *, shared: bool = False) -> None:
        self._store = store
        self._terms = regime
        self.actor = actor
        self.shared = shared
        self._reference = reference.load()
        self._resolver = Resolver(self._reference)
        self._mirror = Mirror(store, regime, self._reference)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        actor: str | None = None,
        token: str | None = None,
        busy_seconds: float = 10,
        clock: Callable[[], int] = clock_us,
        checkpoint: str | os.PathLike[str] | None = None,
        verifier: Verifier | None = None,
    ) -> Self:
        """Open the ledger at a URL: `sqlite:///FILE` or `postgresql+psycopg://HOST/DATABASE`.

        `actor` (default: the user of the operating system) is who is at work; in a shared ledger one of its
        users, or the user whose `token` is given. `busy_seconds` is how long to wait for another writer,
        `clock` microseconds since 1970. Where the store does not fit the `checkpoint` that is kept outside it
        (signed by `verifier`, if given), nothing can be written. Raises Misconfigured where there is no
        ledger, or no file of its regime that can be used, NotPermitted for somebody who is no user of a
        shared one, BadQuery for what is no name, Unreachable.
        """
        who = roster.at_work() if actor is None else named("actor", actor)
        store = Store(Database(url, busy_seconds), clock)
        try:
            head = store.checked_head()
            terms = reference.load().run_by_ledger(head.regime)
            store.frozen = unsound(head)  # before anything is recorded, a denial too
            if checkpoint is not None and store.frozen is None:
                store.frozen = kept.guard(store, Path(checkpoint), verifier)
            who = roster.acting(store, who, token) if head.shared else who
        except BaseException:
            store.close()
            raise
        return cls(store, terms, who, shared=bool(head.shared))

    def close(self) -> None:
        """Let go of the store and of the memory of the core; in a forked process they are its parent's.

        Whoever uses the ledger afterwards is told that it is closed; closing it twice does nothing.
        """
        if self._store.is_own:
            self._mirror.close()
            self._store.end()

    def known_by(
        self, token: str, *, own_token: str | None = None, leaves_trace: Callable[[], bool] = lambda: True
    ) -> Self:
        """The same open ledger with another at work, for a server: the user of a shared one by their token.

        A ledger of one person has that person at work, for whoever has its `own_token`. It is not to be
        closed by itself. A token that is nobody's is recorded, if it `leaves_trace`. Raises NotPermitted;
        Misconfigured where the ledger became a shared one since it was opened, Unreachable where it is gone.
        """
        if not self.shared and (own_token is None or not roster.same_token(token, own_token)):
            raise NotPermitted("the token is not the one with which this ledger is served")
        self._store.must_be_there()
        if self._store.head().shared != self.shared:
            raise Misconfigured(
                f"{self._store.database.name} became a ledger of many after it was opened: open it anew",
                store=self._store.database.name,
            )
        if not self.shared:
            return self
        other = copy(self)
        other.actor = roster.acting(self._store, self.actor, token, leaves_trace=leaves_trace)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _must(self, act: Act, *, leaves_trace: bool = True, **about: str) -> None:
        """Raise NotPermitted where people have roles, and none of the actor's includes this; `about` what.

        Raises Misconfigured once it is closed, or in a process forked from the one which opened it.
        """
        self._store.must_be_own()
        if self.shared:
            roster.must(self._store, act, self.actor, leaves_trace=leaves_trace, **about)

    def _record_read(self, what: str, detail: Mapping[str, Any]) -> str | None:
        """Record that a copy of the whole is taken: the verb, and what is taken.

        Where nothing can be written, a ledger of one person is read all the same, and the answer is a remark
        that says so. Raises NotPermitted, Busy, Unreachable, Tampered in a shared ledger: there, no trace is
        no copy.
        """
        try:
            self._store.record([trail.told(what, "done", **detail)], self.actor)
        except (NotPermitted, Busy, Unreachable, Tampered) as error:
            if not self.shared:
                return f"It could not be recorded that this was read ({error.detail})."
            if isinstance(error, Tampered):
                # Which checkpoint a store is held to, whoever asks may say: any that does not fit would be a
                # way to take a copy without a trace.
                why = f"{what}: that it was asked must be recorded in a shared ledger, and cannot be"
                raise Tampered(f"{why}: {error.detail}", **error.facts) from error
            raise
        return None

    def _record_query(self, query: str, rows: int, head: Head) -> str | None:
        """As `_record_read`, of a query that somebody wrote: its text, and how many rows it had."""
        return self._record_read("sql", {"query": query[:_KEPT_TEXT], "rows": rows, "seq": head.seq})

    def _record_copy(self, what: str, detail: Mapping[str, Any]) -> None:
        """As `_record_read`, of a copy byte for byte: one person's ledger is the same after it as before."""
        if self.shared:
            self._record_read(what, detail)

    def _receipts(self, verdict: Verdict, unwritten: Iterable[Row] = ()) -> Receipts:
        """Receipts of what was appended, and of each repeat what it was answered the first time.

        In a dry run that first answer may be one of the `unwritten` rows, which the store does not have.
        """
        new, repeats = list(map(outcome.picked, verdict.rows)), 0
        if verdict.replayed:
            made = {row[0]: row for row in map(outcome.picked, unwritten)}
            first = sorted(seq for seq, _ in verdict.replayed if seq not in made)
            parts: dict[str, list[Row]] = {}
            for row in self._store.read("receipts", seqs=orjson.dumps(first).decode()) if first else ():
                parts.setdefault(row[1], []).append(row)
            of = {own[0][0]: own for own in parts.values()}
            again = [row for seq in first for row in of.get(seq, ())]
            again.extend(made[seq] for seq, _ in verdict.replayed if seq in made)
            new, repeats = [*again, *new], len(again)
        given = outcome.receipts(new, self._terms.h100_tpp)
        return Receipts(given, replayed=repeats, warnings=verdict.warnings)

    def _country(self, text: str) -> str:
        """The code of a country that was named. Raises UnknownName, BadQuery."""
        code = self._resolver.country(written("country", text))
        if not isinstance(code, str):
            raise code
        return code

    def _proposals(self, known_at: str | None = None) -> proposed.Proposals:
        """By id, oldest first, what nobody has decided, or had by an instant: it waits, or has expired."""
        now = known_at or self._now_as_told()
        return proposed.fold(self._store.undecided(proposed.TOPIC, known_at), now)

    def _now_as_told(self) -> str:
        """The instant by which proposals expire."""
        return self._never_back(self._store.subjects(proposed.TOPIC)[1])

    def _never_back(self, *known: str) -> str:
        """The instant by the clock; where that was put back, the last that is known of, or has an entry."""
        return max(self._store.now(), self._store.head().recorded_at, *known)

    def _reserved(self, but: str | None = None, known_at: str | None = None) -> dict[str, int]:
        """By quota, the TPP that pending proposals, `but` one, hold or held at an instant.

        Empty unless the regime says so.
        """
        if not self.shared or not self._terms.choices["pending_reserves"]:
            return {}
        waiting = proposed.pending(self._proposals(known_at))
        return proposed.reserved_tpp(each for each in waiting if each.proposal != but)

    def _beside_pending(self, answer: Answer, known_at: str | None) -> Answer:
        """The answer to `headroom`; in a shared ledger with what pending proposals would add to it."""
        if not self.shared:
            return answer
        waiting = proposed.pending(self._proposals(known_at))
        change = proposed.pending_tpp(waiting, answer.basis["as_of"])
        return Answer(proposed.with_pending(answer.held, change), answer.basis, answer.aside)

    def _basis(self, head: Head, values: Mapping[str, Any]) -> dict[str, Any]:
        """What an answer stands on; asked again with these times, the same question has the same answer."""
        return {
            "regime": self._terms.regime, "seq": head.seq, "head_hash": head.hash,
            "as_of": values.get("as_of") or self._store.day_at(head),
            "known_at": values.get("known_at") or max(self._store.now(), head.recorded_at),
            "h100_tpp": self._terms.h100_tpp,
        }  # fmt: skip

    def _answer_of(self, types: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> Answer:
        """An answer about the present: rows with the columns named, of types as Arrow names them."""
        values = [tuple(row[name] for name in types) for row in rows]
        return Answer(Rows(tuple(types), tuple(types.values()), values), self._basis_now())

    def _basis_now(self) -> dict[str, Any]:
        """What an answer about the present stands on."""
        return self._basis(self._store.head(), {})
