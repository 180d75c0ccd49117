"""What is asked of a ledger: the read side. It posts nothing; a shared ledger records some of the asking.

Each answers with an `Answer`: its rows, and the basis they stand on. The SQL is in `schemas/core`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from ledger import catalog, rules, schema, terms, told
from ledger.accounts import NO_LICENSE, Account, Asked, Books
from ledger.anchors import Outside
from ledger.answer import Answer, Rows, plain
from ledger.base import Opened
from ledger.errors import BadQuery, OverHeadroom
from ledger.model import MOST_TPP, Kind
from ledger.question import bound_times, day, times, whole
from ledger.reading import Progress, silent
from ledger.text import written

_FIT = {
    "fits": "bool", "asked_tpp": "int64", "headroom_tpp": "int64", "short_by_tpp": "int64",
    "largest_quantity": "int64", "reason": "string",
}  # fmt: skip
_AS_GIVEN = {"as_of": date, "known_at": datetime}
"""Times that a query is asked with as a program gave them, so that it may count with them."""

_BESIDE_STATEMENT = ("released_as", "opening_tpp")


class Questions(Opened):
    """What may be asked of an open ledger. Any thread may ask.

    A shared one tells figures to its users alone: NotPermitted for whoever was removed since they opened it.
    """

    def headroom(
        self, *countries: str, as_of: date | str | None = None, known_at: date | str | None = None
    ) -> Answer:
        """What is left, one row per country (all that have a quota where none is named), lowest first.

        Columns: country, country_name, allocated_tpp, licensed_tpp (not yet exported), exported_tpp,
        blocked_tpp, headroom_tpp (whole TPP), headroom_h100e, used_percent, balance_state, control_state,
        last_seq; in a shared ledger pending_tpp too, the last. `as_of` asks what had taken effect on a day,
        `known_at` what had been recorded at an instant (UTC). Raises UnknownName, NoQuota, DenialPolicy,
        BadQuery (no day, no instant), NotPermitted.
        """
        self._must("ask")
        codes = [self._country(country) for country in countries]
        asked_times = times(as_of, known_at)
        if as_of is None and known_at is None:
            rows, head = self._mirror.now(codes)
        else:
            values = {**asked_times, "countries": codes}
            rows, head = self._mirror.rows(schema.sql("core/ask_headroom.sql"), values, wide=False)
        aside = {} if rows.rows else {"begun_at": self._begun_at()}
        answer = Answer(rows, self._basis(head, asked_times), aside)
        if len(answer) < len(set(codes)):
            found = set(rows.column("country"))
            for code, asked in zip(codes, countries, strict=True):
                self._must_have_quota(code, found, answer, asked)
        return self._beside_pending(answer, asked_times["known_at"])

    def statement(
        self,
        country: str,
        *,
        from_day: date | str | None = None,
        as_of: date | str | None = None,
        known_at: date | str | None = None,
    ) -> Answer:
        """The entries of one country in order, with its headroom after each: one row per entry.

        Columns: seq, effective_on, recorded_at, kind, license_no, device_id, quantity, tpp,
        headroom_after_tpp (whole TPP), headroom_after_h100e, reference, reverses_seq. `from_day` leaves out
        those that took effect before it; `as_of` and `known_at` as for `headroom`. Raises UnknownName,
        NoQuota, DenialPolicy, BadQuery, NotPermitted.
        """
        code = self._country(country)
        values = {**times(as_of, known_at), "country": code, "from_day": day(from_day)}
        whole = self._ask("core/ask_statement.sql", values)
        aside: dict[str, Any] = {name: whole.table[name].to_pylist() for name in _BESIDE_STATEMENT}
        shown = whole.table.drop_columns(list(aside))
        if not len(whole):
            self._must_have_quota(code, set(), whole, country)
            aside["begun_at"] = self._begun_at()
        return Answer(shown, whole.basis, aside)

    def licenses(
        self,
        country: str | None = None,
        *,
        as_of: date | str | None = None,
        known_at: date | str | None = None,
    ) -> Answer:
        """One row per license of a country, or of all: what was done under it, and what it still holds.

        Columns: license_no, country, consignee, device_id, licensed_tpp, exported_tpp, released_tpp,
        outstanding_tpp (still held; of an expired license only for what left in time and is told late; whole
        TPP), issued_on, expires_on, license_state. `as_of` and `known_at` as for `headroom`. No row for a
        country without licenses, with a quota or not. Raises UnknownName, BadQuery, NotPermitted.
        """
        code = self._country(country) if country is not None else None
        values = {**times(as_of, known_at), "country": code}
        return self._ask("core/ask_licenses.sql", values)

    def sql(self, query: str, **values: Any) -> Answer:
        """The rows of one SELECT over the core: `ledger.sql("from headroom()")`. Raises BadQuery.

        `$name` in it is bound to a value; `as_of` and `known_at` also stand in the basis.

        For a program that trusts its own query: the core is a private copy, and nothing reaches the store. In
        a shared ledger the audit trail tells of it, as it does of `tppq sql`; where it cannot, there is no
        answer.
        """
        self._must("ask")
        beside = {name: told.rows(self._store, name) for name in told.named_in(written("query", query))}
        asked_times = bound_times(values)
        bound = values | {
            name: text
            for name, text in asked_times.items()
            if name in values and not isinstance(values[name], _AS_GIVEN[name])
        }
        found, head = self._mirror.ask(query, bound, wide=True, beside=beside or None)
        table = plain(found)
        if self.shared:  # a program of one person may ask thousands, and nobody else looks
            self._record_query(query, table.num_rows, head)
        return Answer(table, self._basis(head, asked_times))

    def fit(
        self,
        country: str,
        *,
        device: str | None = None,
        quantity: int | None = None,
        tpp: int | None = None,
        as_of: date | str | None = None,
        known_at: date | str | None = None,
    ) -> Answer:
        """Would a license for this fit now, or by what was so and known then? One row; reserves nothing.

        Columns: fits, asked_tpp, headroom_tpp, short_by_tpp, largest_quantity (whole devices; 0 where another
        rule than headroom refuses, null without a device), reason (why it does not fit, or null). Raises
        UnknownName, BadQuery, TppMismatch (device times quantity is not `tpp`, or more than an entry holds).
        """
        self._must("ask")
        written("country", country)
        quantity, tpp = _whole(device, quantity=quantity, tpp=tpp)
        asked_times = times(as_of, known_at)
        today = asked_times["as_of"] or self._store.day_at(self._store.head())
        asked = self._resolver.resolve(
            Kind.license, country, today, None, device, quantity, tpp, None, None, None, None, None,
            "country", None,
        )  # fmt: skip
        if not isinstance(asked, Asked):
            raise asked
        values = {**asked_times, "country": asked.country, "today": today}
        soon = {**values, "lapsing_days": terms.LAPSING_DAYS}
        rows, head = self._mirror.rows(schema.sql("core/ask_fit.sql"), soon, wide=True)
        (found,) = rows.dicts()
        reserved = self._reserved(known_at=asked_times["known_at"])
        on_day, devices = self._store.day_at(head), self._reference.devices
        books = Books(self._terms, on_day, "", devices=devices, reserved=reserved)
        if asked.tpp > MOST_TPP and (refusal := rules.agreement(asked, books)) is not None:
            raise refusal
        headroom_tpp = found["headroom_tpp"]
        if headroom_tpp is not None:
            account = books.quotas[asked.quota] = Account(asked.quota, NO_LICENSE)
            account.tpp["headroom"] = headroom_tpp
        refusal = rules.judge(asked, books)
        free_tpp = books.free("headroom", asked.quota)
        reason = None if refusal is None else refusal.detail
        aside: dict[str, Any] = {"reserved_tpp": reserved.get(asked.quota, 0)}
        if isinstance(refusal, OverHeadroom):
            freed = terms.freed(asked.tpp, free_tpp, found["lapsing_tpp"], found["expired_tpp"])
            reason, aside["freed"] = f"{reason}. {freed}" if freed else reason, freed
        fitting_tpp = max(0, free_tpp) if refusal is None or isinstance(refusal, OverHeadroom) else 0
        largest = fitting_tpp * asked.quantity // asked.tpp if asked.quantity is not None else None
        row = (
            refusal is None, asked.tpp, headroom_tpp, max(0, asked.tpp - free_tpp), largest, reason,
        )  # fmt: skip
        fitted = Rows(tuple(_FIT), tuple(_FIT.values()), [row])
        return Answer(fitted, self._basis(head, values), aside)

    def regime(self) -> Answer:
        """What it runs under: one row per fact (key, value, status, citation), named choices included."""
        return self._of_reference("regime", None)

    def devices(self, *, as_of: date | str | None = None) -> Answer:
        """The catalog: one row per device, its TPP and H100e, whether it counts (3A090.a), and its source.

        Columns: device_id, vendor, device_name, tpp (whole TPP), declared_tpp (by its maker), h100e,
        performance_density, counts_3a090_a (null: not known), confidence, valid_from, valid_to, source.
        `as_of` leaves out what was not in force on a day. Raises BadQuery (no day).
        """
        return self._of_reference("devices", as_of)

    def countries(self, *, as_of: date | str | None = None) -> Answer:
        """One row per country: its tier on a day (default: today), what it is treated as, and its source.

        Columns: country, alpha_3, country_name, tier (1, 2, 3 or null), treated_as, valid_from, valid_to,
        source. `as_of` leaves out what was not in force on that day. Raises BadQuery (no day).
        """
        return self._of_reference("countries", as_of)

    def verify(self, outside: Outside | None = None, progress: Progress = silent) -> Answer:
        """One row per difference between the stored history, its hashes and its sums; none: intact.

        `outside`: a checkpoint kept elsewhere (`kept.outside`); only that shows a tail that was cut.
        `progress` is told how many entries are read, and of how many.
        """
        from ledger import core_file  # loads what copies are made with  # noqa: PLC0415
        from ledger.verify import verify  # reads Arrow, and makes threads  # noqa: PLC0415

        self._must("verify")
        core = self._mirror.empty_core(wide=True)
        try:
            basis = self._basis(self._store.stored_head(), {})
            copies = core_file.copies(self._store)
            return verify(
                self._store, core, basis, outside, copies=copies, terms=self._terms, progress=progress
            )
        finally:
            core.close()

    def _begun_at(self) -> str | None:
        """When the first entry was recorded: an instant (UTC, ISO text); None where there is none."""
        first = next(self._store.pages(("recorded_at", "seq"), size=1), ())
        return next((recorded_at for recorded_at, _ in first), None)

    def _must_have_quota(self, code: str, found: Iterable[str], answer: Answer, asked: str) -> None:
        """Why a country has no row: its tier says so, or that of the one as which it is treated.

        Before its allocation it simply has none.
        """
        refusal = None if code in found else rules.destination_of(code, answer.basis["as_of"], self._terms)
        if refusal is None:
            return
        own = self._reference.country_code(asked)
        if own != code:
            said = f"{own} is treated as {code}: {refusal.detail}"
            raise type(refusal)(said, **refusal.facts, asked_country=own)
        raise refusal

    def _ask(self, path: str, values: Mapping[str, Any]) -> Answer:
        return self._answer(schema.sql(path), values)

    def _answer(self, query: str, values: Mapping[str, Any]) -> Answer:
        self._must("ask")
        table, head = self._mirror.ask(query, values, wide=True)
        return Answer(table, self._basis(head, values))

    def _of_reference(self, what: catalog.What, as_of: date | str | None) -> Answer:
        basis = self._basis(self._store.head(), {"as_of": day(as_of)})
        return Answer(catalog.rows(what, self._reference, self._terms, day(as_of), basis["as_of"]), basis)


def _whole(device: str | None, **numbers: int | None) -> tuple[int | None, int | None]:
    """The quantity and the TPP, as Python has them.

    Raises BadQuery for what no license could be: without TPP, not in whole numbers above zero, or of a device
    that is no text.
    """
    if device is not None:
        written("device", device)
    found = {name: whole(number) for name, number in numbers.items()}
    for name, number in found.items():
        if numbers[name] is not None and (number is None or not 0 < number <= MOST_TPP):
            said = f"{name} is {numbers[name]!r}: write a whole number from 1 to {MOST_TPP:,}"
            raise BadQuery(said, field=name)
    quantity, tpp = found["quantity"], found["tpp"]
    if (device is None) != (quantity is None) or (device is None and tpp is None):
        said = "fit asks about a device and a quantity, or about TPP: give device and quantity, or tpp"
        raise BadQuery(said)
    return quantity, tpp
