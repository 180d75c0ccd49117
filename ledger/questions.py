"""Every question that can be asked of a ledger: the read side, which cannot write.

Each answers with an `Answer`: its rows as Arrow, and the basis they stand on. The SQL is in `schemas/core`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from ledger import reference, rules, schema, terms
from ledger.accounts import NO_LICENSE, Account, Asked, Books
from ledger.base import Opened
from ledger.engine import Answer
from ledger.errors import OverHeadroom
from ledger.model import Kind
from ledger.question import day, times
from ledger.submission import Head
from ledger.verify import verify

_FIT = pa.schema([
    ("fits", pa.bool_()), ("asked_tpp", pa.int64()), ("headroom_tpp", pa.int64()),
    ("short_by_tpp", pa.int64()), ("largest_quantity", pa.int64()), ("reason", pa.string()),
])  # fmt: skip


class Questions(Opened):
    """What may be asked of an open ledger. Any thread may ask."""

    def headroom(
        self, *countries: str, as_of: date | str | None = None, known_at: datetime | str | None = None
    ) -> Answer:
        """What is left, one row a country (all that have a quota where none is named), lowest first.

        Columns: country, country_name, allocated_tpp, licensed_tpp (not yet exported), exported_tpp,
        blocked_tpp, headroom_tpp (whole TPP), headroom_h100e, used_percent, balance_state, control_state,
        last_seq. `as_of` asks what had taken effect on a day, `known_at` what had been recorded at an
        instant (UTC). Raises UnknownName, NoQuota, DenialPolicy.
        """
        codes = [self._country(country) for country in countries]
        values = {**times(as_of, known_at), "countries": codes}
        answer = self._ask("core/ask_headroom.sql", values, wide=False)
        if len(answer) < len(set(codes)):
            found = set(answer.table["country"].to_pylist())
            for code in codes:
                self._must_have_quota(code, found, answer)
        return answer

    def statement(
        self,
        country: str,
        *,
        from_day: date | str | None = None,
        as_of: date | str | None = None,
        known_at: datetime | str | None = None,
    ) -> Answer:
        """The entries of one country in order, with its headroom (TPP, H100e) after each.

        `from_day` leaves out those that took effect before it.
        """
        code = self._country(country)
        values = {**times(as_of, known_at), "country": code, "from_day": day(from_day)}
        answer = self._ask("core/ask_statement.sql", values)
        if not len(answer):
            self._must_have_quota(code, set(), answer)
        return answer

    def licenses(
        self,
        country: str | None = None,
        *,
        as_of: date | str | None = None,
        known_at: datetime | str | None = None,
    ) -> Answer:
        """One row a license: licensed, exported and released under it, and what may still leave (TPP)."""
        code = self._country(country) if country is not None else None
        return self._ask("core/ask_licenses.sql", {**times(as_of, known_at), "country": code})

    def sql(self, query: str, **values: Any) -> Answer:
        """The rows of one SELECT over the core: `ledger.sql("from headroom()")`. Raises BadQuery.

        For a program that trusts its own query: the core is a private copy, and nothing reaches the store.
        """
        return self._answer(query, values, wide=True)

    def fit(
        self,
        country: str,
        *,
        device: str | None = None,
        quantity: int | None = None,
        tpp: int | None = None,
        as_of: date | str | None = None,
        known_at: datetime | str | None = None,
    ) -> Answer:
        """Would a license for this fit now, or by what was so and known then? One row; reserves nothing.

        Columns: fits, asked_tpp, headroom_tpp, short_by_tpp, largest_quantity (whole devices; null without a
        device), reason (why it does not fit, or null). Raises UnknownName.
        """
        asked_times = times(as_of, known_at)
        today = asked_times["as_of"] or self._store.today()
        asked = self._resolver.resolve(
            Kind.license, country, today, None, device, quantity, tpp, None, None, None, None, None,
            "country", None,
        )  # fmt: skip
        if not isinstance(asked, Asked):
            raise asked
        values = {**asked_times, "country": asked.country, "today": today}
        answer = self._ask("core/ask_fit.sql", values)
        found = answer.rows()[0]
        books = Books(self._terms, self._store.today(), "", devices=self._reference.devices)
        headroom_tpp = found["headroom_tpp"]
        if headroom_tpp is not None:
            account = books.quotas[asked.quota] = Account(asked.quota, NO_LICENSE)
            account.tpp["headroom"] = headroom_tpp
        refusal = rules.judge(asked, books)
        reason = None if refusal is None else refusal.detail
        if isinstance(refusal, OverHeadroom) and found["lapsing_tpp"]:
            reason = f"{reason}. {terms.lapsing(asked.tpp, headroom_tpp, found['lapsing_tpp'])}"
        left_tpp = max(0, headroom_tpp or 0)
        largest = left_tpp * asked.quantity // asked.tpp if asked.quantity is not None else None
        row = {
            "fits": refusal is None, "asked_tpp": asked.tpp, "headroom_tpp": headroom_tpp,
            "short_by_tpp": max(0, asked.tpp - (headroom_tpp or 0)), "largest_quantity": largest,
            "reason": reason,
        }  # fmt: skip
        return Answer(pa.Table.from_pylist([row], _FIT), answer.basis)

    def regime(self) -> Answer:
        """What it runs under: one row a fact (key, value, status, citation), named choices included."""
        return self._of_reference(reference.regime_rows(self._terms))

    def devices(self) -> Answer:
        """The catalogue: one row a device, its TPP and H100e, whether it counts (3A090.a), and its source."""
        return self._of_reference(reference.device_rows(self._reference, self._terms))

    def countries(self, *, as_of: date | str | None = None) -> Answer:
        """One row a country: its tier on a day (default: today), what it is treated as, and its source."""
        on = day(as_of) or self._store.today()
        return self._of_reference(reference.country_rows(self._reference, self._terms, on))

    def verify(self) -> Answer:
        """One row a difference between the stored history, DuckDB's sums and Python's fold; none: intact."""
        core = self._mirror.empty_core(wide=True)
        try:
            return verify(self._store, core, self._basis(self._store.head(), {}))
        finally:
            core.close()

    def _country(self, text: str) -> str:
        code = self._resolver.country(text)
        if not isinstance(code, str):
            raise code
        return code

    def _must_have_quota(self, code: str, found: Iterable[str], answer: Answer) -> None:
        """Why a country has no row: its tier says so. Before its allocation it simply has none."""
        if code in found:
            return
        on = answer.basis["as_of"]
        refusal = rules.destination_of(code, on, self._terms)
        if refusal is not None:
            raise refusal

    def _ask(self, path: str, values: Mapping[str, Any], *, wide: bool = True) -> Answer:
        return self._answer(schema.sql(path), values, wide=wide)

    def _answer(self, query: str, values: Mapping[str, Any], *, wide: bool) -> Answer:
        table, head = self._mirror.ask(query, values, wide=wide)
        return Answer(table, self._basis(head, values))

    def _of_reference(self, rows: list[dict[str, Any]]) -> Answer:
        return Answer(pa.Table.from_pylist(rows), self._basis(self._store.head(), {}))

    def _basis(self, head: Head, values: Mapping[str, Any]) -> dict[str, Any]:
        """What an answer stands on; asked again with these times, the same question has the same answer."""
        return {
            "regime": self._terms.regime, "seq": head.seq, "head_hash": head.hash,
            "as_of": values.get("as_of") or self._store.today(),
            "known_at": values.get("known_at") or max(self._store.now(), head.recorded_at),
            "h100_tpp": self._terms.h100_tpp,
        }  # fmt: skip
