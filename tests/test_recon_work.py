"""What people do about breaks: from the first look to the run that clears it; and what nobody may do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import AlreadyReversed, BadQuery, Ledger, Misconfigured, NotPermitted, SelfApproval, UnknownName
from tests.night import H100_TPP, Night

EXPORTED = 3
"""The entry of the export."""


class Office:
    """Maria's ledger with a night of one break, and the same ledger as others open it."""

    def __init__(self, folder: Path, night: Night) -> None:
        self.folder = folder
        self.night = night

    @property
    def ledger(self) -> Ledger:
        return self.night.ledger

    @property
    def name(self) -> str:
        return next(str(row["break"]) for row in self.ledger.breaks(every=True))

    def run(self) -> list[tuple[str, str]]:
        """What a night finds and makes of it."""
        answer = self.ledger.reconcile(self.night.write(self.folder / "feeds"))
        return [(row["change"], row["state"]) for row in answer.rows()]

    def state(self) -> str:
        return next(str(row["state"]) for row in self.ledger.breaks(every=True))

    def as_(self, actor: str) -> Ledger:
        return Ledger.open(url_in(self.folder), actor=actor, clock=self.night.clock)


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'tppq.db'}"


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Night]:
    """A ledger after its first night, closed: customs and vendor have 90 of what it has 100 of."""
    folder = tmp_path_factory.mktemp("first")
    night = Night(url_in(folder), actor="maria")
    with night.ledger:
        night.quota("AE")
        night.license("L1", "AE")
        night.export("X1/1", "L1", 100)
        night.declared["X1/1"]["quantity"] = night.shipped["X1/1"]["quantity"] = 90
        Office(folder, night).run()
    return folder, night


@pytest.fixture
def office(first_night: tuple[Path, Night], tmp_path: Path) -> Iterator[Office]:
    """A copy of that ledger, opened again."""
    folder, night = first_night
    shutil.copy(folder / "tppq.db", tmp_path / "tppq.db")
    with night.opened_at(url_in(tmp_path)) as opened:
        yield Office(tmp_path, opened)


def test_a_break_is_put_right_by_two_people_and_cleared_by_a_later_run(office: Office) -> None:
    assert office.state() == "new"
    office.ledger.break_take(office.name)
    office.ledger.break_comment(office.name, "asked the broker")
    proposed = office.ledger.break_propose(office.name)
    assert [(each["kind"], each["quantity"]) for each in proposed.entries] == [
        ("restore", 100),
        ("export", 90),
    ]
    assert office.run() == [("persisting", "proposed")]
    with office.as_("omar") as other:
        first, second = other.break_confirm(office.name)
    assert office.state() == "posted"
    rows = office.ledger.sql(
        "select actor, approver, quantity from entry where seq >= $seq order by seq", seq=first.seq
    )
    assert [tuple(row.values()) for row in rows] == [("maria", "omar", 100), ("maria", "omar", 90)]
    assert second.seq == first.seq + 1
    office.night.clock.set("2026-11-23")
    assert office.run() == [("cleared", "cleared")]
    assert len(office.ledger.breaks()) == 0
    assert [row["action"] for row in office.ledger.break_show(office.name)] == [
        "seen", "taken", "commented", "proposed", "confirmed", "posted", "cleared"
    ]  # fmt: skip


def test_nobody_confirms_what_they_proposed(office: Office) -> None:
    office.ledger.break_propose(office.name)
    with pytest.raises(SelfApproval, match="another person must"):
        office.ledger.break_confirm(office.name)
    assert office.state() == "proposed"


def test_nothing_is_confirmed_that_was_not_proposed(office: Office) -> None:
    with pytest.raises(BadQuery, match="tppq break propose comes first"):
        office.ledger.break_confirm(office.name)


def test_what_the_rules_refuse_cannot_be_proposed(office: Office) -> None:
    office.ledger.reverse(EXPORTED, "never left")
    with pytest.raises(AlreadyReversed):
        office.ledger.break_propose(office.name)


def test_somebody_who_knows_better_names_the_entries(office: Office) -> None:
    proposed = office.ledger.break_propose(office.name, correct=EXPORTED, changes={"quantity": 95})
    assert [each["quantity"] for each in proposed.entries] == [100, 95]
    proposed = office.ledger.break_propose(office.name, reverse=[EXPORTED], reason="never left")
    assert [(each["kind"], each["reason"]) for each in proposed.entries] == [("restore", "never left")]


def test_without_two_that_agree_nothing_is_drafted(office: Office) -> None:
    office.night.shipped["X1/1"]["quantity"] = 80
    office.night.run_number = 2
    assert office.run() == [("persisting", "new")]
    with pytest.raises(BadQuery, match="name entries with --reverse or --correct"):
        office.ledger.break_propose(office.name)


def test_a_difference_is_accepted_by_two_people_for_a_time(office: Office) -> None:
    with pytest.raises(Misconfigured, match="--approver names the second"):
        office.ledger.break_accept(office.name, reason="settled", until="2026-12-31")
    with pytest.raises(SelfApproval):
        office.ledger.break_accept(office.name, reason="settled", until="2026-12-31", approver="Maria")
    with pytest.raises(BadQuery, match="is over"):
        office.ledger.break_accept(office.name, reason="settled", until="2026-11-19", approver="omar")
    standing = office.ledger.break_accept(office.name, reason="settled", until="2026-12-31", approver="omar")
    assert standing.state == "accepted"
    assert len(office.ledger.breaks()) == 0
    assert office.run() == [("persisting", "accepted")]
    office.night.clock.set("2027-01-04")
    assert office.run() == [("reopened", "reopened")]


def test_an_accepted_break_is_no_longer_worked_on(office: Office) -> None:
    office.ledger.break_accept(office.name, reason="settled", until="2026-12-31", approver="omar")
    with pytest.raises(BadQuery, match="is accepted: nothing is left to do"):
        office.ledger.break_take(office.name)


def test_two_people_do_not_work_past_each_other(office: Office) -> None:
    taken = office.ledger.break_take(office.name, "omar")
    assert taken.officer == "omar"
    with pytest.raises(UnknownName, match="there is no break"):
        office.ledger.break_take("ffffffff")


def test_a_correction_that_does_not_help_reopens_its_break(office: Office) -> None:
    office.ledger.break_propose(office.name, correct=EXPORTED, changes={"quantity": 95})
    with office.as_("omar") as other:
        other.break_confirm(office.name)
    assert office.run() == [("reopened", "reopened")]


def test_a_run_that_looks_back_is_not_recorded(office: Office) -> None:
    events = len(office.ledger.break_show(office.name))
    answer = office.ledger.reconcile(office.night.write(office.folder / "feeds"), as_of="2026-11-01")
    assert not answer.basis["recorded"]
    assert len(office.ledger.break_show(office.name)) == events


def test_breaks_are_listed_as_they_were_known(office: Office) -> None:
    assert len(office.ledger.breaks(known_at="2026-11-19")) == 0
    (row,) = office.ledger.breaks("AE", code="QUANTITY", as_of="2026-11-30")
    assert (row["age_days"], row["age"], row["at_stake_tpp"]) == (6, "6-10", 10 * H100_TPP)
    assert len(office.ledger.breaks("SA")) == 0


def test_a_critical_break_drafts_a_block_where_that_is_asked_for(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE")
        night.told("X1/1", "L1", 700)
        folder = night.write(tmp_path / "feeds")
        drafted = []
        for block in (False, True):
            answer = ledger.reconcile(folder, out=tmp_path / "out", block=block)
            text = (Path(answer.basis["folder"]) / "proposals.jsonl").read_text(encoding="utf-8")
            drafted.append(text.count('"kind":"block"'))
        assert drafted == [0, 1]
        assert ledger.headroom("AE").rows()[0]["blocked_tpp"] == 0


def test_in_a_shared_ledger_a_break_is_put_right_by_a_proposal(office: Office) -> None:
    office.ledger.share()
    office.ledger.add_user("ines", "officer")
    office.ledger.add_user("omar", "officer", "approver")
    office.ledger.add_user("vera", "viewer")
    name = office.name
    with office.as_("vera") as viewer:
        assert len(viewer.breaks()) == 1
        with pytest.raises(NotPermitted):
            viewer.break_take(name)
    with office.as_("ines") as officer:
        officer.break_take(name)
        proposed = officer.break_propose(name)
        assert len(officer.pending(proposed.proposal)) == 2
        with pytest.raises((NotPermitted, SelfApproval)):
            officer.break_confirm(name)
    with office.as_("omar") as approver:
        assert len(approver.break_confirm(name)) == 2
        answer = approver.reconcile(office.night.write(office.folder / "feeds"))
        assert [row["change"] for row in answer] == ["cleared"]
