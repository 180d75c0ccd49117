"""The mirror: it keeps a core in step with the store, and asks it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from ledger import segments
from ledger.answer import Rows
from ledger.columns import as_table
from ledger.engine import Core, Damaged
from ledger.errors import Tampered
from ledger.model import Regime
from ledger.reading import Reading
from ledger.reference import Reference
from ledger.submission import Head

T = TypeVar("T")


class Mirror:
    """Keeps a core in step with the store: from segments at first, then by `seq`, entry by entry."""

    def __init__(self, store: Reading, regime: Regime, reference: Reference) -> None:
        self._store, self._regime, self._reference = store, regime, reference
        self._core: Core | None = None
        self._hash = ""  # of the last entry that the core has
        self._reads_segments = True
        self._lock = threading.RLock()

    def empty_core(self, *, wide: bool) -> Core:
        """A core without entries, for a caller who fills and closes it."""
        return Core(self._regime, self._reference.countries, self._reference.devices, wide=wide)

    def ask(
        self,
        query: str,
        values: Mapping[str, Any],
        *,
        wide: bool,
        beside: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> tuple[Any, Head]:
        """The rows of a question in Arrow, and the head up to which they hold: all committed so far."""
        return self._asked(lambda core: core.ask(query, values, beside), wide=wide)

    def rows(self, query: str, values: Mapping[str, Any], *, wide: bool) -> tuple[Rows, Head]:
        """The same, with rows as Python has them: for questions that a person or a script asks once."""
        return self._asked(lambda core: core.rows(query, values), wide=wide)

    def now(self, countries: Collection[str]) -> tuple[Rows, Head]:
        """What these countries (all, where none is named) have left now, and the head."""
        return self._asked(lambda core: core.now(countries), wide=False)

    def _asked(self, question: Callable[[Core], T], *, wide: bool) -> tuple[T, Head]:
        self._store.must_be_own()  # DuckDB's threads stay with the process that started them
        with self._lock:
            try:
                core, head = self._caught_up(wide=wide)
                return question(core), head
            except Tampered:
                self.close()  # it may have taken in a part of what is wrong
                raise
            except Damaged:
                self.close()
                self._reads_segments = False
                core, head = self._caught_up(wide=wide)
                return question(core), head

    def _caught_up(self, *, wide: bool) -> tuple[Core, Head]:
        if self._core is not None and wide and not self._core.wide:
            self._must_continue(self._core, self._store.head())
            self.close()
        if self._core is None:
            self._core = self._opened(wide=wide)
        core, head = self._core, self._store.head()
        self._must_continue(core, head)
        if core.seq != head.seq:
            self._hash = ""  # not known until all is taken in
            head = self._read_on(core, head)
        self._hash = head.hash
        core.set_today(self._store.day_at(head))
        if wide:
            core.sort()  # for running sums, which no other question asks for
        return core, head

    def _must_continue(self, core: Core, head: Head) -> None:
        """Raise Tampered where the store's last entries are no longer those that the core has taken in.

        That is so after a server was put back to an earlier time, or another one with less took its place.
        """
        if not self._hash or not core.seq:
            return
        found = [(head.hash,)] if core.seq == head.seq else self._store.read("hash_at", seq=core.seq)
        if found != [(self._hash,)]:
            raise Tampered(
                f"entry {core.seq:,} was there and is no longer, or is another one: the store "
                "was put back to an earlier time; hold it to a checkpoint kept elsewhere: tppq verify "
                "--checkpoint FILE",
                seq=core.seq,
            )

    def _opened(self, *, wide: bool) -> Core:
        """A core with what the segments hold."""
        self._hash = ""
        core = self.empty_core(wide=wide)
        found = segments.sealed(self._store, wide=wide) if self._reads_segments else segments.NONE
        if not found.files or core.load(found.files, found.last_seq):
            return core
        core.close()  # a damaged copy: the store is read instead
        return self.empty_core(wide=wide)

    def _read_on(self, core: Core, head: Head) -> Head:
        """Read the entries after `core.seq` from the store, and seal them where they are many."""
        is_many = head.seq - core.seq >= segments.LEAST_ENTRIES
        sealer = segments.Sealer(self._store, wide=core.wide) if is_many else None
        while core.seq != head.seq:
            before = core.seq
            for page in self._store.pages(core.columns, after=core.seq):
                if sealer is None:
                    core.append_rows(page)
                    continue
                table = as_table(core.columns, zip(*page, strict=True))
                core.append(table)
                ((last_hash,),) = self._store.read("hash_at", seq=core.seq)
                sealer.take(table, last_hash)
            head = self._store.head()
            if core.seq == before or core.seq > head.seq:
                raise Tampered(
                    f"the head of the store is entry {head.seq:,}, but its entries end at {core.seq:,}: "
                    "run tppq verify",
                    seq=core.seq + 1,
                )
        if sealer is not None:
            sealer.close()
        return head

    def close(self) -> None:
        """Give the core's memory back; the next question fills one anew."""
        with self._lock:
            if self._core is not None:
                self._core.close()
            self._core = None
