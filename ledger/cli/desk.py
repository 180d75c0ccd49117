"""The desk: opens the ledger of a session, and puts answers where they belong: on stdout or into a file."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pyarrow as pa

from ledger import reference, render
from ledger.book import Ledger
from ledger.cli.failure import hush, tell
from ledger.cli.session import Session
from ledger.cli.values import Misused
from ledger.database import Database
from ledger.engine import Answer
from ledger.errors import LedgerError, Misconfigured, UnknownName, Unreachable
from ledger.evidence import FIRST_PREV_HASH
from ledger.model import Regime
from ledger.screens import Screen
from ledger.store import clock_us
from ledger.submission import FIRST_AT, Stamps


class Desk:
    """Where one verb works. What it tells people goes to stderr, unless they want JSON or quiet."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.options = session.options
        self.began = monotonic()

    # -------------------------------------------------------------------------------------- the ledger

    @property
    def url(self) -> str:
        return self.session.settings.ledger

    @property
    def name(self) -> str:
        """The URL without its password, fit to be shown."""
        return Database(self.url, 0).name

    def how_to_open(self) -> dict[str, Any]:
        """The options of `Ledger.open` and `Ledger.init` for this session."""
        around = self.session.surroundings
        options: dict[str, Any] = {"busy_seconds": self.session.settings.busy_seconds}
        return options | {
            name: value for name, value in (("clock", around.clock), ("actor", around.actor)) if value
        }

    def open(self) -> Ledger:
        """The ledger of this session. Raises Misconfigured, Unreachable."""
        if self.options.verbose:
            tell(f"ledger {self.name} ({self.session.settings.sources['ledger']})")
        return Ledger.open(self.url, **self.how_to_open())

    def reference_answer(self, ask: str, **values: Any) -> Answer:
        """Reference data: under the ledger's regime, or where there is no ledger, under the default one."""
        try:
            with self.open() as ledger:
                answer: Answer = getattr(ledger, ask)(**values)
                return answer
        except (Misconfigured, Unreachable) as why:
            data = reference.load()
            terms = data.regime(self.session.settings.regime or reference.DEFAULT_REGIME)
            self.remark(f"Reference data of {terms.regime}, without a ledger ({why.detail}).")
            basis = self.basis_without_ledger(terms)
            rows = {
                "regime": lambda: reference.regime_rows(terms),
                "devices": lambda: reference.device_rows(data, terms),
                "countries": lambda: reference.country_rows(
                    data, terms, values.get("as_of") or basis["as_of"]
                ),
            }[ask]()
            return Answer(pa.Table.from_pylist(rows), basis)

    def basis_without_ledger(self, terms: Regime) -> dict[str, Any]:
        """What an answer stands on that needs no ledger: the regime, and now."""
        now = Stamps(FIRST_AT, (self.session.surroundings.clock or clock_us)()).next()
        return {
            "regime": terms.regime, "seq": 0, "head_hash": FIRST_PREV_HASH,
            "as_of": now[:10], "known_at": now, "h100_tpp": terms.h100_tpp,
        }  # fmt: skip

    # ---------------------------------------------------------------------------------------- answers

    def answer(self, answer: Answer, screen: Screen, *, basis_told: bool = True) -> None:
        """Give an answer out: as the screen to people, as its rows and basis to programs."""
        if self.session.for_people:
            self.show(screen)
        else:
            notice = notice_of(answer.basis)
            self.write(render.rows_as(self.session.form, answer.table, answer.basis, notice))
        if basis_told:
            self.tell_basis(answer.basis)

    def outcome(
        self, outcome: Mapping[str, Any], rows: pa.Table, basis: Mapping[str, Any], screen: Screen
    ) -> None:
        """Give out what became of a post: one object as JSON, else its rows."""
        if self.session.form == "json":
            self.write(render.as_json(outcome))
        elif self.session.for_people:
            self.show(screen)
        else:
            self.write(render.rows_as(self.session.form, rows, basis, notice_of(basis)))
        self.tell_basis(basis)

    def show(self, screen: Screen) -> None:
        """Show a screen: within the width of the terminal as a table, as wide as it takes as plain text."""
        if self.session.form == "plain" or self.session.to_file:
            self.write(render.plain(screen).encode())
            return
        try:
            render.print_table(screen, sys.stdout, shutil.get_terminal_size().columns)
            sys.stdout.flush()
        except BrokenPipeError:
            hush(sys.stdout)

    def write(self, data: bytes) -> None:
        """Write the data where it was asked for. Raises Misused where the file cannot be written."""
        if self.session.to_file:
            path = Path(self.options.output or "")
            try:
                path.write_bytes(data)
            except OSError as error:
                raise Misused(f"{path} cannot be written: {error.strerror}") from error
            return
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            hush(sys.stdout)

    # ------------------------------------------------------------------------------------------- notes

    def note(self, text: str) -> None:
        """What a reader of the data must know and cannot see in it: on stderr, unless quiet."""
        if not self.options.quiet:
            tell(text)

    def remark(self, text: str) -> None:
        """What the basis of a JSON answer says too: on stderr, for everybody else, unless quiet."""
        if not self.session.as_json:
            self.note(text)

    def tell_basis(self, basis: Mapping[str, Any]) -> None:
        """What the figures stand on. JSON says so itself."""
        for line in render.provenance(basis, notice_of(basis)):
            self.remark(line)
        if self.options.verbose:
            tell(f"{monotonic() - self.began:.1f} s")

    def tell_charged(self, written: Sequence[str]) -> None:
        """Say of each country that was written where its entries are charged, if that is to another one."""
        data = reference.load()
        for text in sorted(set(written)):
            try:
                code = data.country_code(text)
            except UnknownName:
                continue  # it was refused, or is about to be: that says so
            charged = data.charged(code)
            if charged != code:
                name, instead = (data.countries[each].country_name for each in (code, charged))
                self.note(
                    f"{code} ({name}) is treated as {charged} ({instead}): what goes there is charged to it."
                )


def notice_of(basis: Mapping[str, Any]) -> str:
    """What the figures of a regime are and are not, in its own words."""
    try:
        return reference.load().regime(basis["regime"]).notice
    except LedgerError:
        return "a regime that this version does not know"
