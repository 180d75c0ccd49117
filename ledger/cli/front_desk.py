"""The front desk: opens a ledger to ask it, and puts answers where they belong: on stdout or into a file.

It loads nothing that only those need who write, or who want more than an answer: `desk` does.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from ledger import aside, catalog, kept, reference, render, roster
from ledger.answer import Answer
from ledger.cli.failure import tell
from ledger.cli.session import Session
from ledger.cli.streams import let_go
from ledger.cli.values import Misused
from ledger.database import Database
from ledger.errors import Misconfigured, UnknownName, Unreachable
from ledger.evidence import FIRST_PREV_HASH
from ledger.model import Regime
from ledger.questions import Questions
from ledger.reading import clock_us
from ledger.screens import Screen
from ledger.submission import FIRST_AT, Head, Stamps


class FrontDesk:
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
        options["token"] = roster.token_given(os.environ)
        if self.session.settings.checkpoint is not None:
            options["checkpoint"] = Path(self.session.settings.checkpoint)
            key = self.session.settings.verify_key
            options["verifier"] = None if key is None else kept.verifier(key)
        return options | {
            name: value for name, value in (("clock", around.clock), ("actor", around.actor)) if value
        }

    def open(self) -> Questions:
        """The ledger of this session, to be asked. Raises Misconfigured, Unreachable, NotPermitted."""
        self.tell_which()
        return Questions.open(self.url, **self.how_to_open())

    def tell_which(self) -> None:
        """Which ledger it is, and who says so, for those who want to know."""
        if self.options.verbose:
            tell(f"ledger {self.name} ({self.session.settings.sources['ledger']})")

    def reference_answer(self, ask: catalog.What, as_of: str | None) -> Answer:
        """Reference data: under the ledger's regime, or where there is no ledger, under the default one."""
        try:
            with self.open() as ledger:
                if ask == "regime":
                    return ledger.regime()
                return ledger.devices(as_of=as_of) if ask == "devices" else ledger.countries(as_of=as_of)
        except (Misconfigured, Unreachable) as why:
            if "regime" in why.facts:  # there is a ledger: it is its regime that is not here
                raise
            data, terms = reference.load(), self.terms()
            self.remark(f"Reference data of {terms.regime}, without a ledger ({why.detail}).")
            basis = self.basis_of(terms)
            rows = catalog.rows(ask, data, terms, as_of, basis["as_of"])
            return Answer(rows, basis | ({} if as_of is None else {"as_of": as_of}))

    def terms(self, named: str | None = None) -> Regime:
        """The regime that was named, else that of the settings, else the default. Raises Misconfigured."""
        settings = self.session.settings
        source = "--regime" if named else settings.sources["regime"]
        try:
            return reference.load().regime(named or settings.regime or reference.DEFAULT_REGIME)
        except (UnknownName, Misconfigured) as error:
            raise Misconfigured(f"{source}: {error.detail}", setting="regime", source=source) from error

    def basis_of(self, terms: Regime, head: Head | None = None) -> dict[str, Any]:
        """What an answer stands on that asks no entry: the regime, now, and the head if there is one."""
        now = Stamps(FIRST_AT, (self.session.surroundings.clock or clock_us)()).next()
        return {
            "regime": terms.regime,
            "seq": head.seq if head else 0, "head_hash": head.hash if head else FIRST_PREV_HASH,
            "as_of": now[:10], "known_at": max(now, head.recorded_at) if head else now,
            "h100_tpp": terms.h100_tpp,
        }  # fmt: skip

    # ---------------------------------------------------------------------------------------- answers

    def answer(self, answer: Answer, screen: Screen, *, basis_told: bool = True) -> None:
        """Give an answer out: as the screen to people, as its rows and basis to programs."""
        if self.session.for_people:
            self.show(screen)
        else:
            notice = reference.notice_of(answer.basis)
            self.write(render.rows_as(self.session.form, answer.given, answer.basis, notice))
        if basis_told:
            self.tell_basis(answer.basis)

    def outcome(
        self, outcome: Mapping[str, Any], rows: Any, basis: Mapping[str, Any], screen: Screen
    ) -> None:
        """Give out what a verb did: one object as JSON, else its rows (`Rows`, or an Arrow table)."""
        if self.session.form == "json":
            self.write(render.as_json(outcome))
        elif self.session.for_people:
            self.show(screen)
        else:
            self.write(render.rows_as(self.session.form, rows, basis, reference.notice_of(basis)))
        self.tell_basis(basis)

    def show(self, screen: Screen) -> None:
        """Show a screen: within the width of the terminal as a table, as wide as it takes as plain text."""
        if self.session.form == "plain" or self.session.to_file:
            self.write(render.plain(screen).encode())
            if suffix := self.session.odd_suffix:
                name = Path(self.options.output or "").name
                self.note(f"{name} holds plain text: {suffix} names no form; --format has them.")
            return
        with _answering():
            render.print_table(screen, sys.stdout, shutil.get_terminal_size().columns)

    def write(self, data: bytes) -> None:
        """Write the data where it was asked for. Raises Misused; Unreachable where a disk takes no more."""
        if self.session.to_file:
            path = Path(self.options.output or "")
            try:
                aside.overwrite(path, data)
            except OSError as error:
                raised = Unreachable if error.errno in aside.NO_ROOM else Misused
                raise raised(f"{path} cannot be written: {error.strerror}") from error
            return
        with _answering():
            sys.stdout.flush()
            sys.stdout.buffer.write(render.at_a_terminal(data) if sys.stdout.isatty() else data)

    # ------------------------------------------------------------------------------------------- notes

    def note(self, text: str) -> None:
        """What a reader of the data must know and cannot see in it: on stderr, unless quiet."""
        if not self.options.quiet:
            tell(text)

    def remark(self, text: str) -> None:
        """What the basis of a JSON answer says too: on stderr, for everybody else, unless quiet."""
        if not self.session.holds_basis:
            self.note(text)

    def tell_basis(self, basis: Mapping[str, Any]) -> None:
        """What the figures stand on. JSON says so itself."""
        for line in render.provenance(basis, reference.notice_of(basis)):
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


@contextmanager
def _answering() -> Iterator[None]:
    """Around what is written to stdout. Raises Unreachable where it takes no more; readers may stop."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        let_go(sys.stdout)
        raise Unreachable(f"the answer cannot be written to standard output: {error.strerror}") from error
