"""Ledgers nobody would think of, held to books kept by hand: the ledger and they agree after every step."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ledger import Entry, Ledger, Receipt, Refused
from tests.books_by_hand import FLOWS, MAKER, OPPOSITE, WITH_LICENSE, Books, Fact
from tests.clock import Clock
from tests.outside import contents

AMOUNTS = st.integers(1, 60)
APPROVERS = st.sampled_from([None, None, None, None, "omar", "omar", "omar", MAKER])
TODAY = "2026-03-01"
USUAL = {"AE": ["L1", "L2"], "SA": ["L3"], "US": ["L1", "L4"], "CN": ["L4"]}


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    """An entry that may be posted; most are sensible."""
    kind = draw(st.sampled_from(["allocate", "license", "license", "export", "export", *FLOWS]))
    country = draw(st.sampled_from(["AE"] * 8 + ["SA"] * 5 + ["US", "CN"]))
    on = draw(st.sampled_from(["2026-01-10", "2026-01-20", "2026-02-01", "2026-02-10"] * 4 + ["2024-12-31"]))
    license_no = until = None
    if kind in WITH_LICENSE or (kind in ("overrun", "return") and draw(st.booleans())):
        license_no = draw(st.sampled_from(USUAL[country] * 4 + ["L1"]))
    if kind == "license" and on < "2026-02-05":
        until = draw(st.sampled_from([None, None, None, "2026-02-05"]))
    return Fact(kind, country, draw(AMOUNTS), on, license_no, until)


def entry(fact: Fact) -> Entry:
    given: dict[str, Any] = {
        "kind": fact.kind,
        "country": fact.country,
        "effective_on": fact.on,
        "tpp": fact.tpp,
        "license_no": fact.license_no,
        "expires_on": fact.until,
        "reason": None if fact.kind == "license" else "said so",
        "reverses_seq": fact.undoes,
    }
    return Entry.model_validate(given)


class LedgerAndBooks(RuleBasedStateMachine):
    """The ledger on SQLite beside the books by hand; what both hold is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tppq-"))
        self.url = f"sqlite:///{self.folder / 'tppq.db'}"
        self.clock = Clock(TODAY)
        self.ledger = Ledger.init(self.url, opening=False, actor=MAKER, clock=self.clock)
        self.books = Books()
        self.answers: list[tuple[list[Fact], str | None, str | list[Receipt]]] = []
        self.known: list[tuple[str, list[dict[str, Any]]]] = []

    # ------------------------------------------------------------------------------------------ steps

    def submit(self, group: list[Fact], approver: str | None) -> None:
        """Post a group to both: the same refusal, or the same headroom after each entry."""
        tried = self.books.copy()
        refused = next((said for fact in group if (said := tried.post(fact, approver)) is not None), None)
        before = contents(self.url)
        answer = self.asked(group, approver, f"request-{len(self.answers)}")
        self.answers.append((group, approver, answer))
        if refused is not None:
            assert answer == refused
            after = contents(self.url)
            assert len(after.pop("refusal")) == len(before.pop("refusal")) + 1
            assert after == before
            return
        for fact, receipt in zip(group, answer, strict=True):
            assert isinstance(receipt, Receipt)
            self.books.facts.append(self.books.with_term(fact))
            assert receipt.seq == len(self.books.facts)
            assert receipt.headroom_tpp == self.books.held(fact.country, "headroom")

    def asked(self, group: list[Fact], approver: str | None, request_id: str) -> str | list[Receipt]:
        try:
            return self.ledger.post(*map(entry, group), approver=approver, request_id=request_id)
        except Refused as refusal:
            return type(refusal).__name__

    @initialize(amounts=st.tuples(st.integers(50, 200), st.integers(50, 200)))
    def open_two_countries(self, amounts: tuple[int, int]) -> None:
        self.submit([Fact("allocate", "AE", amounts[0], "2026-01-10")], None)
        self.submit([Fact("allocate", "SA", amounts[1], "2026-01-20")], None)

    @rule(fact=facts(), approver=APPROVERS)
    def post(self, fact: Fact, approver: str | None) -> None:
        self.submit([fact], approver)

    @rule(group=st.lists(facts(), min_size=2, max_size=3), approver=APPROVERS)
    def post_a_group(self, group: list[Fact], approver: str | None) -> None:
        self.submit(group, approver)

    @rule(place=st.integers(0, 40), approver=APPROVERS)
    def reverse(self, place: int, approver: str | None) -> None:
        seq = place % len(self.books.facts) + 1
        self.submit([self.undoing(seq)], approver)

    @rule(number=st.sampled_from(["L1", "L3"]), tpp=AMOUNTS, homes=st.permutations(["AE", "SA"]))
    def license_a_wrong_country(self, number: str, tpp: int, homes: list[str]) -> None:
        """A license is posted, and found to be another country's: undone and posted right, as one group."""
        wrong = Fact("license", homes[0], tpp, "2026-02-01", number)
        self.submit([wrong], None)
        seq = len(self.books.facts)
        if not isinstance(self.answers[-1][2], str):
            self.submit([self.undoing(seq), replace(wrong, country=homes[1])], None)

    def undoing(self, seq: int) -> Fact:
        done = self.books.facts[seq - 1]
        return Fact(OPPOSITE[done.kind], done.country, done.tpp, done.on, done.license_no, undoes=seq)

    @rule(place=st.integers(0, 40))
    def repeat(self, place: int) -> None:
        """A request again is answered as the first time, and changes nothing at all."""
        number = place % len(self.answers)
        group, approver, first = self.answers[number]
        before = contents(self.url)
        assert self.asked(group, approver, f"request-{number}") == first
        assert contents(self.url) == before

    @rule(place=st.integers(0, 40), fact=facts())
    def reuse(self, place: int, fact: Fact) -> None:
        number = place % len(self.answers)
        if self.answers[number][0] != [fact]:
            before = contents(self.url)
            assert self.asked([fact], None, f"request-{number}") == "IdReused"
            assert contents(self.url) == before

    @rule()
    def compare(self) -> None:
        """What is left of each license and each country, now and by effective day."""
        rows = {row["country"]: row for row in self.ledger.headroom()}
        assert sorted(rows) == self.books.countries()
        for country, row in rows.items():
            for bucket in ("headroom", "licensed", "exported", "blocked"):
                assert row[f"{bucket}_tpp"] == self.books.held(country, bucket)
            assert row["allocated_tpp"] == -self.books.held(country, "regime")
        named = {(fact.license_no, fact.country) for fact in self.books.facts if fact.license_no is not None}
        licenses = {(row["license_no"], row["country"]): row for row in self.ledger.licenses()}
        assert licenses.keys() == named
        for (number, country), row in licenses.items():
            assert row["outstanding_tpp"] == self.books.held(country, "licensed", number)
            assert row["exported_tpp"] == self.books.held(country, "exported", number)
        for day in ("2026-01-10", "2026-01-31"):
            for row in self.ledger.headroom(as_of=day):
                assert row["headroom_tpp"] == self.books.held(row["country"], "headroom", on=day)

    @precondition(lambda self: len(self.known) < 3)
    @rule()
    def end_the_day(self) -> None:
        """Remember what was known today; nothing that is recorded on a later day is to change it."""
        day = f"2026-03-{len(self.known) + 1:02d}"
        self.known.append((day, self.ledger.headroom().rows()))
        self.clock.set(f"2026-03-{len(self.known) + 1:02d}")

    # -------------------------------------------------------------------------------------- at the end

    def teardown(self) -> None:
        self.compare()
        self.in_order()
        self.rebuilt()
        for day, rows in self.known:
            assert self.ledger.headroom(known_at=day).rows() == rows
        self.undo_everything()
        self.ledger.close()
        shutil.rmtree(self.folder)

    def in_order(self) -> None:
        """Store, DuckDB and Python agree; legs sum to zero; only approval takes headroom below zero."""
        assert self.ledger.verify().rows() == []
        sums = self.ledger.sql("select seq, sum(tpp) from posting group by seq having sum(tpp) <> 0")
        assert sums.rows() == []
        for row in contents(self.url)["balance"]:
            assert min(row["licensed_tpp"], row["exported_tpp"], row["blocked_tpp"]) >= 0
            assert row["headroom_tpp"] >= 0 or row["overdraft_approver"] == "omar"

    def rebuilt(self) -> None:
        """A copy made anew from what is stored answers alike."""
        with Ledger.open(self.url, clock=self.clock) as copy:
            assert copy.licenses().rows() == self.ledger.licenses().rows()
            assert copy.headroom().rows() == self.ledger.headroom().rows()
            for country in ("AE", "SA"):
                assert copy.statement(country).rows() == self.ledger.statement(country).rows()

    def undo_everything(self) -> None:
        """With room to move, every entry can be undone; then nothing is left anywhere."""
        homes = self.books.licenses()
        named = {(fact.license_no, fact.country) for fact in self.books.facts if fact.license_no is not None}
        self.undo_all(list(homes.items()))
        for number, country in sorted(named - homes.items()):  # of a number that went to another country
            self.undo_all([(number, country)])
        assert len(self.books.facts) == 2 * len(self.books.undone())
        for row in contents(self.url)["balance"]:
            assert {name: tpp for name, tpp in row.items() if name.endswith("_tpp") and tpp != 0} == {}
        assert {row["headroom_tpp"] for row in self.ledger.headroom()} <= {0}
        assert {row["outstanding_tpp"] for row in self.ledger.licenses()} <= {0}

    def undo_all(self, licenses: list[tuple[str, str]]) -> None:
        """With room in every country, and under these licenses, undo all that can be."""
        room = [Fact("allocate", country, 1_000_000, TODAY) for country in self.books.countries()]
        room += [Fact("license", home, 10_000, TODAY, number) for number, home in licenses]
        for fact in room:
            self.submit([fact], None)
        last = len(self.books.facts)
        backwards = ["release", "return", "restore", "unblock", "withdraw"]
        forwards = ["export", "overrun", "block", "license", "allocate"]
        for kind in (*backwards, *forwards):
            for seq in range(1, last + 1):
                done = self.books.facts[seq - 1]
                if done.kind == kind and done.undoes is None and seq not in self.books.undone():
                    self.submit([self.undoing(seq)], None)


TestLedgerAndBooks = LedgerAndBooks.TestCase
TestLedgerAndBooks.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink what fails takes minutes: add it then
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
