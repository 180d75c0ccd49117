"""What people do about breaks: from the first look to the run that clears it; and what nobody may do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import (
    AlreadyReversed,
    Answer,
    BadQuery,
    Ledger,
    Misconfigured,
    NotPermitted,
    SelfApproval,
    Tampered,
    UnknownName,
    recon_screens,
)
from tests.night import H100_TPP, Night
from tests.outside import connected, contents

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


def test_who_confirms_what_is_over_hears_what_comes_next(office: Office) -> None:
    name = office.name
    office.ledger.break_propose(name)
    with office.as_("omar") as other:
        seq = other.break_confirm(name)[-1].seq
        comes_next = f"break {name} was put right by entry {seq}: a later run clears it"
        with pytest.raises(BadQuery, match=f"nothing waits to be confirmed: {comes_next}"):
            other.break_confirm(name)
    with pytest.raises(BadQuery, match=f"nothing else is drafted: {comes_next}"):
        office.ledger.break_propose(name)
    again = office.ledger.break_propose(name, correct=seq, changes={"quantity": 95})
    assert [each["quantity"] for each in again.entries] == [90, 95]
    office.ledger.break_accept(name, reason="settled", until="2026-12-31", approver="omar")
    with pytest.raises(BadQuery, match="is accepted until 2026-12-31: it is open again after that day, or"):
        office.ledger.break_confirm(name)
    office.night.clock.set("2027-01-01")
    with pytest.raises(BadQuery, match="is reopened: tppq break propose comes first"):
        office.ledger.break_confirm(name)


def test_what_was_proposed_before_the_break_was_cleared_is_not_confirmed(office: Office) -> None:
    office.ledger.break_propose(office.name)
    office.night.declared["X1/1"]["quantity"] = office.night.shipped["X1/1"]["quantity"] = 100
    office.night.run_number = 2
    assert office.run() == [("cleared", "cleared")]
    with office.as_("omar") as other, pytest.raises(BadQuery, match="is cleared: a run that finds it again"):
        other.break_confirm(office.name)


def test_what_the_rules_refuse_cannot_be_proposed(office: Office) -> None:
    office.ledger.reverse(EXPORTED, "never left")
    with pytest.raises(AlreadyReversed):
        office.ledger.break_propose(office.name)


def test_somebody_who_knows_better_names_the_entries(office: Office) -> None:
    proposed = office.ledger.break_propose(office.name, correct=EXPORTED, changes={"quantity": 95})
    assert [each["quantity"] for each in proposed.entries] == [100, 95]
    proposed = office.ledger.break_propose(office.name, reverse=[EXPORTED], reason="never left")
    assert [(each["kind"], each["reason"]) for each in proposed.entries] == [("restore", "never left")]


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_license_under_which_goods_left_may_be_corrected_for_a_break(
    office: Office, *, is_shared: bool
) -> None:
    issued = EXPORTED - 1
    if is_shared:
        share(office)
    with office.as_("ines" if is_shared else "maria") as officer:
        proposed = officer.break_propose(office.name, correct=issued, changes={"quantity": 2_000})
    assert [each["kind"] for each in proposed.entries] == ["license", "release"]
    with office.as_("omar") as other:
        assert [receipt.kind for receipt in other.break_confirm(office.name)] == ["license", "release"]


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


def test_once_the_day_of_an_acceptance_is_over_everybody_says_that_the_break_is_open(office: Office) -> None:
    ledger, name = office.ledger, office.name
    ledger.break_accept(name, reason="settled", until="2026-12-31", approver="omar")

    def told() -> list[int]:
        of_sql, of_report = ledger.sql("from break where is_open"), ledger.report("open-breaks")
        return [len(ledger.breaks()), len(of_sql), sum(row["breaks"] for row in of_report)]

    office.night.clock.set("2026-12-31")
    assert told() == [0, 0, 0]
    office.night.clock.set("2027-01-01")
    assert told() == [1, 1, 1]
    assert len(ledger.breaks(as_of="2026-12-31")) == 0
    assert office.state() == ledger.break_show(name).basis["break"]["state"] == "reopened"
    assert ledger.break_take(name).state == "taken"
    assert ledger.break_propose(name).state == "proposed"


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


def test_on_a_day_before_anybody_saw_it_neither_list_nor_report_has_a_break(office: Office) -> None:
    ledger = office.ledger
    office.night.clock.set("2026-11-23")
    ledger.break_take(office.name, "omar")

    def told(day: str) -> list[list[tuple[Any, ...]]]:
        reported = ledger.report("open-breaks", as_of=day)
        return [
            [(row["code"], row["officer"], row["age"]) for row in ledger.breaks(as_of=day)],
            [(row["code"], row["owner"], row["working_days"]) for row in reported],
        ]

    assert told("2026-11-19") == [[], []]
    assert told("2026-11-20") == [[("QUANTITY", None, "0-1")]] * 2
    assert told("2026-11-23") == [[("QUANTITY", "omar", "0-1")]] * 2
    assert told("2026-11-30") == [[("QUANTITY", "omar", "6-10")]] * 2


def test_one_break_is_shown_as_it_was_known(office: Office) -> None:
    ledger, name = office.ledger, office.name
    office.night.clock.set("2026-11-23")
    ledger.break_take(name, "omar")
    for asked in ({"known_at": "2026-11-22"}, {"as_of": "2026-11-20"}):
        then = ledger.break_show(name, **asked)
        assert ([row["action"] for row in then], then.basis["break"]["state"]) == (["seen"], "new")
    later = ledger.break_show(name, as_of="2026-12-31")
    assert (later.basis["break"]["state"], later.basis["break"]["age"]) == ("taken", "> 20")
    with pytest.raises(UnknownName, match="there is no break"):
        ledger.break_show(name, known_at="2026-11-19")


def test_a_code_that_is_none_is_refused_with_the_nearest(office: Office) -> None:
    assert len(office.ledger.breaks(code="quantity")) == 1
    with pytest.raises(UnknownName, match="no break code 'QUANTITIES': the nearest is QUANTITY"):
        office.ledger.breaks(code="QUANTITIES")
    with pytest.raises(UnknownName, match="no break code 'x': write one of FILE_MISSING, FILE_SEQUENCE"):
        office.ledger.breaks(code="x")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"country": "India"}, "No break is open in IN."),
        ({"code": "UNIT"}, "No break of UNIT is open."),
        ({"code": "UNIT", "country": "AE"}, "No break of UNIT is open in AE."),
        ({"code": "UNIT", "country": "AE", "every": True}, "There is no break of UNIT in AE."),
    ],
)
def test_where_there_is_no_break_of_what_was_asked_for_that_is_said(
    office: Office, asked: dict[str, Any], said: str
) -> None:
    assert recon_screens.breaks(office.ledger.breaks(**asked)) == [said]


# ------------------------------------------------------------------------- what a critical break sets aside

CRITICAL_TPP = 700 * H100_TPP


def drafted(answer: Answer) -> list[dict[str, Any]]:
    """The steps of the proposals of a run."""
    lines = (Path(answer.basis["folder"]) / "proposals.jsonl").read_text(encoding="utf-8").splitlines()
    return [step for line in lines for step in json.loads(line)["steps"]]


@pytest.fixture
def grave(tmp_path: Path) -> Iterator[Office]:
    """A ledger after a night with a critical break: customs and vendor have an export that it does not."""
    night = Night(url_in(tmp_path))
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE")
        night.told("X1/1", "L1", 700)
        ledger.reconcile(night.write(tmp_path / "feeds"))
        yield Office(tmp_path, night)


def blocked(office: Office) -> tuple[int, str]:
    (row,) = office.ledger.headroom("AE").rows()
    return row["blocked_tpp"], row["control_state"]


def test_a_critical_break_drafts_a_block_where_that_is_asked_for(grave: Office) -> None:
    folder = grave.folder / "feeds"
    blocks = []
    for block in (None, False, True):
        answer = grave.ledger.reconcile(folder, out=grave.folder / "out", block=block)
        blocks.append([step for step in drafted(answer) if step.get("post", {}).get("kind") == "block"])
    on = grave.night.as_of
    reason = f"critical break {grave.name}: set aside until it is cleared up"
    post = {"kind": "block", "country": "AE", "effective_on": on, "tpp": CRITICAL_TPP, "reason": reason}
    assert blocks == [[], [], [{"post": post}]]
    assert blocked(grave) == (0, "none"), "what is drafted is posted by people"


def test_the_regime_may_say_that_a_critical_break_blocks_its_country(grave: Office) -> None:
    terms = grave.ledger._terms  # noqa: SLF001  # a regime with another choice
    assert terms.choices["critical_break_blocks"] is False
    choices = {**terms.choices, "critical_break_blocks": True}
    grave.ledger._terms = replace(terms, choices=choices)  # noqa: SLF001
    answer = grave.ledger.reconcile(grave.folder / "feeds", out=grave.folder / "out")
    assert any(step.get("post", {}).get("kind") == "block" for step in drafted(answer))


def test_two_people_block_a_country_and_lift_the_block_once_the_break_is_cleared(grave: Office) -> None:
    out = grave.folder / "out"
    with pytest.raises(BadQuery, match="nothing is set aside"):
        grave.ledger.break_propose(grave.name, purpose="unblock")
    grave.ledger.break_propose(grave.name, purpose="block")
    assert grave.state() == "new", "setting aside puts nothing right"
    with pytest.raises(SelfApproval):
        grave.ledger.break_confirm(grave.name)
    with grave.as_("omar") as other:
        (receipt,) = other.break_confirm(grave.name)
    assert blocked(grave) == (CRITICAL_TPP, "blocked")
    assert grave.ledger.break_show(grave.name).basis["blocked_seq"] == receipt.seq
    with pytest.raises(BadQuery, match="already sets aside"):
        grave.ledger.break_propose(grave.name, purpose="block")
    assert [row["change"] for row in grave.ledger.breaks()] == ["new"]
    persisting = grave.ledger.reconcile(grave.folder / "feeds", out=out, block=True)
    assert [row["change"] for row in persisting.rows()] == ["persisting"]
    assert [row["change"] for row in grave.ledger.breaks()] == ["persisting"]
    assert {"reverse": receipt.seq} not in drafted(persisting)
    assert not any(step.get("post", {}).get("kind") == "block" for step in drafted(persisting))

    grave.night.untold("X1/1")
    grave.night.run_number = 2
    cleared = grave.ledger.reconcile(grave.night.write(grave.folder / "feeds"), out=out)
    assert [row["change"] for row in cleared.rows()] == ["cleared"]
    assert [row["change"] for row in grave.ledger.breaks(every=True)] == ["cleared"]
    assert grave.ledger.break_show(grave.name).basis["break"]["change"] == "cleared"
    assert drafted(cleared) == [{"reverse": receipt.seq}]
    assert blocked(grave)[0] == CRITICAL_TPP, "a run lifts nothing by itself"
    grave.ledger.break_propose(grave.name, purpose="unblock")
    with grave.as_("omar") as other:
        other.break_confirm(grave.name)
    assert blocked(grave) == (0, "none")
    assert grave.state() == "cleared"
    assert drafted(grave.ledger.reconcile(grave.folder / "feeds", out=out)) == []
    assert [row["action"] for row in grave.ledger.break_show(grave.name)] == [
        "seen", "proposed", "confirmed", "blocked", "cleared", "proposed", "confirmed", "unblocked",
    ]  # fmt: skip


def test_a_block_that_was_proposed_before_the_break_was_cleared_is_not_confirmed(grave: Office) -> None:
    grave.ledger.break_propose(grave.name, purpose="block")
    grave.ledger.break_take(grave.name)
    grave.night.untold("X1/1")
    grave.night.run_number = 2
    assert grave.run() == [("cleared", "cleared")]
    with grave.as_("omar") as other, pytest.raises(BadQuery, match="is cleared: a run that finds it again"):
        other.break_confirm(grave.name)
    assert blocked(grave) == (0, "none")


def test_a_block_that_somebody_reversed_is_not_drafted_to_be_lifted(grave: Office) -> None:
    grave.ledger.break_propose(grave.name, purpose="block")
    with grave.as_("omar") as other:
        (receipt,) = other.break_confirm(grave.name)
    grave.ledger.reverse(receipt.seq, "the minister decided so")
    grave.night.untold("X1/1")
    grave.night.run_number = 2
    answer = grave.ledger.reconcile(grave.night.write(grave.folder / "feeds"), out=grave.folder / "out")
    assert drafted(answer) == []


def test_no_more_is_set_aside_than_a_country_has_left(grave: Office) -> None:
    left_tpp = grave.ledger.headroom("AE").rows()[0]["headroom_tpp"]
    grave.night.post("block", "AE", "2026-11-20", tpp=left_tpp - 5, reason="an investigation")
    (entry,) = grave.ledger.break_propose(grave.name, purpose="block").entries
    assert entry["tpp"] == 5
    grave.night.post("block", "AE", "2026-11-20", tpp=5, reason="the rest")
    with pytest.raises(BadQuery, match="0 are left: there is nothing to set aside"):
        grave.ledger.break_propose(grave.name, purpose="block")


def test_in_a_shared_ledger_a_block_is_a_proposal_too(grave: Office) -> None:
    share(grave)
    with grave.as_("ines") as officer:
        proposed = officer.break_propose(grave.name, purpose="block")
        assert [row["kind"] for row in officer.pending(proposed.proposal)] == ["block"]
    with grave.as_("omar") as approver:
        approver.break_confirm(grave.name)
        assert blocked(grave) == (CRITICAL_TPP, "blocked")


@contextmanager
def the_store_refuses(office: Office, action: str) -> Iterator[None]:
    """While it lasts, no event of a break with this action can be written."""
    with connected(url_in(office.folder)) as outside:
        outside.exec_driver_sql(
            "create trigger refuses before insert on event "
            f"when new.topic = 'break' and new.action = '{action}' "
            "begin select raise(abort, 'not now'); end"
        )
    yield
    with connected(url_in(office.folder)) as outside:
        outside.exec_driver_sql("drop trigger refuses")


def test_what_is_confirmed_is_posted_and_told_of_the_break_at_once_or_not_at_all(grave: Office) -> None:
    grave.ledger.break_propose(grave.name, purpose="block")
    before = contents(url_in(grave.folder))
    with grave.as_("omar") as other:
        with the_store_refuses(grave, "blocked"), pytest.raises(Tampered, match="not now"):
            other.break_confirm(grave.name)
        assert contents(url_in(grave.folder)) == before
        other.break_confirm(grave.name)
    assert blocked(grave) == (CRITICAL_TPP, "blocked")


def test_in_a_shared_ledger_too_it_is_posted_and_told_at_once_or_not_at_all(grave: Office) -> None:
    share(grave)
    with grave.as_("ines") as officer:
        officer.break_propose(grave.name, purpose="block")
    before = contents(url_in(grave.folder))
    with grave.as_("omar") as approver:
        with the_store_refuses(grave, "blocked"), pytest.raises(Tampered, match="not now"):
            approver.break_confirm(grave.name)
        assert contents(url_in(grave.folder)) == before
        approver.break_confirm(grave.name)
    assert blocked(grave) == (CRITICAL_TPP, "blocked")


def test_in_a_shared_ledger_a_break_and_its_proposal_are_told_at_once_or_not_at_all(grave: Office) -> None:
    share(grave)
    before = contents(url_in(grave.folder))
    with grave.as_("ines") as officer:
        with the_store_refuses(grave, "proposed"), pytest.raises(Tampered, match="not now"):
            officer.break_propose(grave.name, purpose="block")
        assert contents(url_in(grave.folder)) == before
        officer.break_propose(grave.name, purpose="block")
        assert len(officer.pending()) == 1


@pytest.mark.parametrize("meanwhile", ["nothing", "somebody takes it"])
def test_a_block_that_is_approved_as_a_proposal_can_be_lifted_by_its_break(
    grave: Office, meanwhile: str
) -> None:
    share(grave)
    with grave.as_("ines") as officer, grave.as_("omar") as approver:
        proposed = officer.break_propose(grave.name, purpose="block")
        if meanwhile != "nothing":
            officer.break_take(grave.name)
        (receipt,) = approver.approve(proposed.proposal or "")
        assert officer.break_show(grave.name).basis["blocked_seq"] == receipt.seq
        lifted = officer.break_propose(grave.name, purpose="unblock")
        approver.approve(lifted.proposal or "")
        assert officer.break_show(grave.name).basis["blocked_seq"] is None
        told = [row["action"] for row in officer.break_show(grave.name)]
    assert told[-2:] == ["confirmed", "unblocked"]
    assert blocked(grave) == (0, "none")


@pytest.mark.parametrize(
    "given",
    [
        {"purpose": "block", "reverse": [EXPORTED]},
        {"purpose": "unblock", "correct": EXPORTED, "changes": {"quantity": 95}},
        {"changes": {"quantity": 95}},
        {"correct": EXPORTED},
    ],
)
def test_what_does_not_go_together_is_not_proposed(office: Office, given: dict[str, Any]) -> None:
    with pytest.raises(BadQuery, match=r"proposed by itself|go together"):
        office.ledger.break_propose(office.name, **given)
    assert office.state() == "new"


# ------------------------------------------------------------------------------------------- a shared ledger


def share(office: Office) -> None:
    """Make it a shared ledger: ines is an officer, omar may approve."""
    office.ledger.share()
    office.ledger.add_user("ines", "officer")
    office.ledger.add_user("omar", "officer", "approver")


def test_in_a_shared_ledger_a_break_is_put_right_by_a_proposal(office: Office) -> None:
    share(office)
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


@pytest.fixture
def shared(office: Office) -> Office:
    """The office as a shared ledger: alice and omar are officers who may approve, vera looks on."""
    office.ledger.share()
    for name in ("alice", "omar"):
        office.ledger.add_user(name, "officer", "approver")
    office.ledger.add_user("vera", "viewer")
    return office


def accept(ledger: Ledger, name: str) -> str:
    return ledger.break_accept(name, reason="settled", until="2026-12-31").state


def test_a_break_of_a_shared_ledger_is_given_to_one_of_its_users(shared: Office) -> None:
    with shared.as_("alice") as alice:
        with pytest.raises(
            UnknownName, match="no user 'nobody' in this ledger: there are alice, maria, omar"
        ):
            alice.break_take(shared.name, "nobody")
        assert alice.break_take(shared.name, "OMAR").officer == "omar"


def test_who_takes_a_break_in_anothers_name_does_not_accept_it(shared: Office) -> None:
    with shared.as_("alice") as alice, shared.as_("omar") as omar:
        alice.break_take(shared.name)
        alice.break_take(shared.name, "omar")
        for either in (alice, omar):
            with pytest.raises(SelfApproval, match="another person must"):
                accept(either, shared.name)
        omar.break_take(shared.name)
        assert accept(alice, shared.name) == "accepted"
        told = alice.break_show(shared.name).rows()[-1]
    assert (told["who"], told["action"]) == ("alice", "accepted")


def test_who_proposed_last_does_not_accept(shared: Office) -> None:
    with shared.as_("alice") as alice, shared.as_("omar") as omar:
        omar.break_take(shared.name)
        alice.break_propose(shared.name)
        with pytest.raises(SelfApproval):
            accept(alice, shared.name)


@pytest.mark.parametrize("said", ["", "gone\x1b[2J", "gone\x9b2J", "gone \u202eneve"])
def test_what_is_said_about_a_break_is_text(office: Office, said: str) -> None:
    ledger, name = office.ledger, office.name
    events, until = len(ledger.break_show(name)), "2026-12-31"
    deeds: list[Callable[[], object]] = [
        lambda: ledger.break_comment(name, said),
        lambda: ledger.break_take(name, said),
        lambda: ledger.break_propose(name, reverse=[EXPORTED], reason=said),
        lambda: ledger.break_accept(name, reason=said, until=until, approver="omar"),
        lambda: ledger.break_accept(name, reason="ok", until=until, approver=said),
    ]
    for deed in deeds:
        with pytest.raises(BadQuery, match=r"is empty|has a c"):
            deed()
    with pytest.raises(SelfApproval):
        ledger.break_accept(name, reason="ok", until=until, approver=" Maria\u2003")
    assert len(ledger.break_show(name)) == events
