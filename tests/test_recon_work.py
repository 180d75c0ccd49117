"""What people do about breaks: from the first look to the run that clears it; and what nobody may do."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger import (
    AlreadyReversed,
    Answer,
    BadQuery,
    Busy,
    Entry,
    Ledger,
    LedgerError,
    Misconfigured,
    NotPermitted,
    Refused,
    SelfApproval,
    Tampered,
    UnknownName,
    recon_screens,
    recon_steps,
    upgrade,
)
from ledger.database import Database
from ledger.events import Telling
from ledger.recon_drafts import blocking
from ledger.recon_steps import Purpose
from tests.night import H100_TPP, LEFT, Night
from tests.outside import connected, contents
from tests.shared import LOGIN

EXPORTED = 3
"""The entry of the export."""


class Office:
    """Maria's ledger with a night of one break, and the same ledger as others open it."""

    def __init__(self, folder: Path, night: Night, url: str | None = None) -> None:
        self.folder = folder
        self.night = night
        self.url = url_in(folder) if url is None else url

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
        return Ledger.open(self.url, actor=actor, clock=self.night.clock)


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


def test_whoever_is_alone_is_told_what_posts_it_and_a_later_run_clears_the_break(office: Office) -> None:
    proposed = office.ledger.break_propose(office.name)
    with pytest.raises(SelfApproval) as refused:
        office.ledger.break_confirm(office.name)
    seq = proposed.entries[0]["reverses_seq"]
    way_out = f"if there is none, tppq correct {seq} --set quantity=90 --reason WHY posts it"
    assert refused.value.detail.endswith(way_out)
    office.ledger.correct(seq, {"quantity": 90}, "as customs has it")
    office.night.clock.set("2026-11-23")
    assert office.run() == [("cleared", "cleared")]


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


@pytest.mark.parametrize("wanted", [["licenses"], "licenses"])
def test_a_source_that_is_not_expected_is_not_missed(office: Office, wanted: str | list[str]) -> None:
    feeds = office.night.write(office.folder / "feeds")
    for file in feeds.glob("shipments.*"):
        file.unlink()
    assert office.ledger.reconcile(feeds).basis["status"] == "STOPPED"
    assert office.ledger.reconcile(feeds, expected=wanted).basis["status"] != "STOPPED"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["licenses", "customs"], "no source 'customs': write one of licenses, declarations, "),
        ("declaration", "no source 'declaration': the nearest is declarations"),
    ],
)
def test_a_source_that_is_none_cannot_be_expected(office: Office, wanted: str | list[str], said: str) -> None:
    with pytest.raises(UnknownName, match=said):
        office.ledger.reconcile(office.night.write(office.folder / "feeds"), expected=wanted)


def test_a_run_that_looks_back_is_not_recorded(office: Office) -> None:
    events = len(office.ledger.break_show(office.name))
    answer = office.ledger.reconcile(office.night.write(office.folder / "feeds"), as_of="2026-11-01")
    assert not answer.basis["recorded"]
    assert len(office.ledger.break_show(office.name)) == events


@pytest.mark.parametrize("asked", ["as of then", "as it was known after it", "as it was known in it"])
def test_a_night_that_is_asked_again_has_the_same_results_whatever_was_decided_since(
    tmp_path: Path, asked: str
) -> None:
    night = Night(url_in(tmp_path))
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE")
        night.told("X1/1", "L1", 700)
        feeds, office = night.write(tmp_path / "first"), Office(tmp_path, night)
        then = ledger.reconcile(feeds, out=tmp_path / "out")
        known_at = ledger.headroom().basis["known_at"]
        if asked == "as of then":  # no entry came since
            night.untold("X1/1")
        else:
            ledger.break_propose(office.name)
            with office.as_("omar") as omar:
                omar.break_confirm(office.name)
        night.clock.set("2026-11-23")
        night.as_of, night.run_number = "2026-11-23", 2
        assert office.run() == [("cleared", "cleared")]
        times: dict[str, Any] = {
            "as_of": "2026-11-20",
            "known_at": None if asked == "as of then" else known_at,
        }
        if asked.endswith("in it"):
            times = {name: then.basis[name] for name in times}
        again = ledger.reconcile(feeds, out=tmp_path / "again", **times)
    assert [row["change"] for row in again] == [row["change"] for row in then] == ["new"]
    assert again.rows() == then.rows()
    assert (again.basis["recorded"], again.basis["run"]) == (False, then.basis["run"])
    for name in ("breaks.csv", "changes.csv", "certificate.csv", "proposals.jsonl"):
        both = [Path(each.basis["folder"], name).read_bytes() for each in (then, again)]
        assert both[0] == both[1], name


def test_who_looks_back_hears_of_no_decision_that_was_not_known_then(office: Office) -> None:
    """Nor of one by a later run: the break was taken, and cleared, after the time that is asked about."""
    night, ledger = office.night, office.ledger
    feeds = night.write(office.folder / "first")
    night.license("L2", "AE")
    known_at = ledger.headroom().basis["known_at"]
    night.clock.set("2026-11-23")
    ledger.break_take(office.name)
    night.as_of, night.run_number = "2026-11-23", 2
    night.declared["X1/1"]["quantity"] = night.shipped["X1/1"]["quantity"] = 100
    assert office.run() == [("cleared", "cleared")]
    told = []
    for known in (known_at, None):
        answer = ledger.reconcile(feeds, as_of="2026-11-20", known_at=known, dry_run=True)
        told.append([(row["change"], row["state"]) for row in answer if row["code"] == "QUANTITY"])
    assert told == [[("persisting", "new")], [("persisting", "taken")]]


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


def test_in_a_shared_ledger_nobody_is_named_as_the_one_who_accepts(shared: Office) -> None:
    with shared.as_("alice") as alice, shared.as_("omar") as omar:
        alice.break_take(shared.name)
        with pytest.raises(NotPermitted, match="vera approves with a login of their own, not by being named"):
            omar.break_accept(shared.name, reason="settled", until="2026-12-31", approver="vera")
        assert shared.state() == "taken"


def test_what_happened_to_a_break_while_somebody_looked_is_looked_at_again(office: Office) -> None:
    looked_at = office.ledger.break_take(office.name)
    office.ledger.break_comment(office.name, "asked customs")
    with pytest.raises(Busy, match=r"was commented by maria meanwhile: look at it again \(tppq break show"):
        office.ledger._must_stand_as(looked_at, "reconcile")  # noqa: SLF001  # what is asked under the lock


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


# --------------------------------------------------------------- several proposals for one break, many people

LOST_TPP = 100 * H100_TPP
PEOPLE = {"ines": ("officer",), "olaf": ("officer",), "ada": ("approver",)}


@contextmanager
def team_at(url: str, folder: Path, *lost: str) -> Iterator[Office]:
    """A shared ledger after a night in which goods had left that it lacks, under one license each."""
    night = Night(url)
    night.quota("AE")
    for number in lost:
        night.license(number)
        night.told(f"X{number}/1", number, 100)
    office = Office(folder, night, url)
    office.run()
    night.ledger.share()
    for name, roles in PEOPLE.items():
        night.ledger.add_user(name, *roles)
    night.ledger.close()
    if url.startswith("postgresql"):
        upgrade.separate(Database(url, 10))
        with connected(url) as owner:
            owner.exec_driver_sql(LOGIN)
        office.url = url.replace("postgres@", "worker@")
    with office.as_("ines") as night.ledger:
        yield office


@pytest.fixture
def team(store_url: str, tmp_path: Path) -> Iterator[Office]:
    """The same on either store, with one break: ines and olaf are officers, ada approves."""
    with team_at(store_url, tmp_path, "L1") as office:
        yield office


@pytest.fixture
def small_team(tmp_path: Path) -> Iterator[Office]:
    """The same in a file, for what does not depend on the store."""
    with team_at(url_in(tmp_path), tmp_path, "L1") as office:
        yield office


def told(office: Office) -> list[str]:
    return [row["action"] for row in office.ledger.break_show(office.name)]


def counted(office: Office) -> tuple[int, int]:
    """How much was exported and is set aside (TPP), by the ledger."""
    (row,) = office.ledger.headroom("AE").rows()
    return row["exported_tpp"], row["blocked_tpp"]


def proposed_before(ledger: Ledger, name: str, purpose: Purpose | None = None) -> str:
    """Propose what a break needs as 0.5.0 did: whatever else waits for it already."""
    draft = ledger.break_show(name).basis["draft"]
    if purpose == "block":
        draft = blocking("AE", LOST_TPP, name, LEFT)
    given = draft["steps"][0]["post"]
    posts = ledger._resolver.posts([Entry.model_validate(given)], None)  # noqa: SLF001
    detail = {"entries": [given], "reason": "x", **({"purpose": purpose} if purpose else {})}
    return ledger._propose(  # noqa: SLF001
        posts, "x", beside=lambda made: [Telling("break", name, "proposed", detail | {"proposal": made})]
    ).proposal


@pytest.mark.parametrize("purpose", [None, "block"])
def test_nothing_is_proposed_twice_for_a_break_while_it_waits(team: Office, purpose: Purpose | None) -> None:
    name = team.name
    with team.as_("olaf") as olaf, team.as_("ada") as ada:
        team.ledger.break_propose(name, purpose=purpose)
        said = "P-0001 of ines waits already for break .*: confirm, reject or withdraw it first"
        for taken in (False, True):
            if taken:
                olaf.break_take(name)
            with pytest.raises(BadQuery, match=said):
                olaf.break_propose(name, purpose=purpose)
        assert [row["proposal"] for row in ada.pending()] == ["P-0001"]
        ada.reject("P-0001", "look at it again")
        with pytest.raises(UnknownName, match="no pending proposal P-0001: ada rejected it"):
            ada.break_confirm(name)
        assert olaf.break_propose(name, purpose=purpose).proposal == "P-0002"
        assert len(ada.break_confirm(name)) == 1
    assert counted(team) == ((0, LOST_TPP) if purpose else (LOST_TPP, 0))


def test_what_was_proposed_before_a_ledger_was_shared_is_proposed_anew(office: Office) -> None:
    office.ledger.break_propose(office.name)
    share(office)
    with office.as_("ines") as ines, office.as_("omar") as omar:
        with pytest.raises(BadQuery, match="has no proposal that is pending: tppq break propose makes"):
            omar.break_confirm(office.name)
        ines.break_propose(office.name)
        assert len(omar.break_confirm(office.name)) == 2


@pytest.mark.parametrize("first", ["P-0001", "P-0002", "the last"])
def test_of_two_corrections_that_wait_since_before_one_is_posted(small_team: Office, first: str) -> None:
    name, ines = small_team.name, small_team.ledger
    with small_team.as_("olaf") as olaf, small_team.as_("ada") as ada:
        made = [proposed_before(ines, name), proposed_before(olaf, name)]
        (receipt,) = ada.break_confirm(name) if first == "the last" else ada.approve(first)
        assert (small_team.state(), told(small_team)[-2:]) == ("posted", ["confirmed", "posted"])
        (other,) = (row["proposal"] for row in ada.pending())
        assert {other} == set(made) - {made[-1] if first == "the last" else first}
        said = f"was put right by entry {receipt.seq} after {other} was proposed: reject or withdraw that"
        for dry_run in (True, False):
            with pytest.raises(Refused, match=said):
                ada.approve(other, dry_run=dry_run)
        with pytest.raises(BadQuery, match=r"nothing waits to be confirmed: .* was put right by entry"):
            ada.break_confirm(name)
        with pytest.raises(BadQuery, match=said):
            olaf.break_propose(name, reverse=[receipt.seq])
    assert counted(small_team) == (LOST_TPP, 0)


@pytest.mark.parametrize("by", ["confirm", "approve", "approve, the first first"])
def test_a_correction_and_a_block_of_one_break_are_each_told_as_what_they_are(team: Office, by: str) -> None:
    name, ines = team.name, team.ledger
    ines.break_propose(name)
    with team.as_("olaf") as olaf, team.as_("ada") as ada:
        olaf.break_propose(name, purpose="block")
        order = ["P-0001", "P-0002"] if by.endswith("first") else ["P-0002", "P-0001"]
        kinds, states = [], []
        for proposal in order:
            (receipt,) = ada.break_confirm(name) if by == "confirm" else ada.approve(proposal)
            kinds.append(receipt.kind)
            states.append(team.state())
        with pytest.raises(BadQuery, match=r"nothing waits to be confirmed: .* was put right by entry"):
            ada.break_confirm(name)
        with pytest.raises(BadQuery, match="nothing else is drafted"):
            olaf.break_propose(name)
    told_as = {"export": "posted", "block": "blocked"}
    assert told(team)[3:] == ["confirmed", told_as[kinds[0]], "confirmed", told_as[kinds[1]]]
    assert sorted(kinds) == ["block", "export"]
    assert states == (["posted", "posted"] if by.endswith("first") else ["proposed", "posted"])
    assert counted(team) == (LOST_TPP, LOST_TPP)


@pytest.mark.parametrize("purpose", [None, "block"])
@pytest.mark.parametrize("overtaken", ["cleared", "accepted"])
def test_what_was_proposed_before_a_break_was_cleared_or_accepted_is_not_approved(
    small_team: Office, overtaken: str, purpose: Purpose | None
) -> None:
    name, ines = small_team.name, small_team.ledger
    ines.break_propose(name, purpose=purpose)
    with small_team.as_("olaf") as olaf, small_team.as_("ada") as ada:
        if overtaken == "cleared":
            small_team.night.bare("export", "L1", 100, reference="XL1/1")
            small_team.night.run_number = 2
            assert small_team.run() == [("cleared", "cleared")]
        else:
            olaf.break_take(name)
            assert accept(ada, name) == "accepted"
        before = counted(small_team)
        for _ in range(2):
            with pytest.raises(BadQuery, match=f"nothing waits to be confirmed: .* is {overtaken}"):
                ada.break_confirm(name)
            with pytest.raises(Refused, match=f"was {overtaken} after P-0001 was proposed: reject or"):
                ada.approve("P-0001")
        assert (counted(small_team), small_team.state()) == (before, overtaken)
        ada.reject("P-0001", "overtaken")
        assert len(ada.pending()) == 0


def test_what_waits_for_a_break_that_came_back_is_rejected_and_proposed_anew(small_team: Office) -> None:
    name, ines = small_team.name, small_team.ledger
    ines.break_propose(name)
    seq = small_team.night.bare("export", "L1", 100, reference="XL1/1")
    small_team.night.run_number = 2
    assert small_team.run() == [("cleared", "cleared")]
    with small_team.as_("ada") as ada:
        ada.approve(ines.propose_reversal(seq, "by mistake").proposal)
        small_team.night.run_number = 3
        assert small_team.run() == [("reopened", "reopened")]
        with pytest.raises(BadQuery, match="is reopened: tppq break propose comes first"):
            ada.break_confirm(name)
        with pytest.raises(BadQuery, match="was cleared after P-0001 was proposed: reject or withdraw that"):
            ines.break_propose(name)
        ines.withdraw("P-0001", "overtaken")
        ines.break_propose(name)
        assert [receipt.kind for receipt in ada.break_confirm(name)] == ["export"]
    assert (counted(small_team), small_team.state()) == ((LOST_TPP, 0), "posted")


def test_of_two_blocks_that_wait_since_before_one_is_posted_and_given_back(small_team: Office) -> None:
    name, ines = small_team.name, small_team.ledger
    with small_team.as_("olaf") as olaf, small_team.as_("ada") as ada:
        first, second = proposed_before(ines, name, "block"), proposed_before(olaf, name, "block")
        (receipt,) = ada.approve(first)
        said = f"had what is at stake set aside by entry {receipt.seq} after {second} was proposed"
        with pytest.raises(Refused, match=said):
            ada.approve(second)
        ines.break_propose(name, purpose="unblock")
        with pytest.raises(BadQuery, match="waits already for break"):
            olaf.break_propose(name, purpose="unblock")
        ada.break_confirm(name)
        assert counted(small_team) == (0, 0)
        with pytest.raises(Refused, match=said):
            ada.approve(second)


def test_in_a_ledger_of_one_person_a_correction_waits_beside_a_block(grave: Office) -> None:
    grave.ledger.break_propose(grave.name)
    with grave.as_("omar") as omar, grave.as_("ines") as ines:
        omar.break_propose(grave.name, purpose="block")
        assert [receipt.kind for receipt in omar.break_confirm(grave.name)] == ["export"]
        with pytest.raises(SelfApproval):
            omar.break_confirm(grave.name)
        assert [receipt.kind for receipt in ines.break_confirm(grave.name)] == ["block"]
    assert (grave.state(), counted(grave)) == ("posted", (CRITICAL_TPP, CRITICAL_TPP))


@pytest.mark.parametrize("since", ["taken", "proposed", "accepted"])
def test_what_was_posted_for_a_break_is_not_drafted_again_whatever_was_done_since(
    grave: Office, since: str
) -> None:
    name, ledger = grave.name, grave.ledger
    ledger.break_propose(name)
    with grave.as_("omar") as omar:
        seq = omar.break_confirm(name)[0].seq
    if since == "taken":
        assert ledger.break_take(name).state == "posted"
    elif since == "proposed":
        assert ledger.break_propose(name, reverse=[seq]).state == "posted"
    else:
        ledger.break_accept(name, reason="settled", until="2026-11-20", approver="omar")
        grave.night.clock.set("2026-11-21")
    with pytest.raises(BadQuery, match=f"nothing else is drafted: break {name} was put right by entry"):
        ledger.break_propose(name)


def test_who_confirms_while_somebody_else_does_something_about_the_break_looks_again(grave: Office) -> None:
    ledger = grave.ledger
    ledger.break_propose(grave.name)
    looked_at = ledger._standing(grave.name)  # noqa: SLF001  # as it was read before the lock
    (made,) = recon_steps.proposed(looked_at)
    ledger.break_accept(grave.name, reason="settled", until="2026-12-31", approver="ines")
    entries = [Entry.model_validate(each) for each in made.entries]
    with grave.as_("omar") as omar, pytest.raises(Busy, match="was accepted by maria meanwhile"):
        omar._judged(entries, made.by, "omar", (looked_at, made))  # noqa: SLF001
    assert (counted(grave), grave.state()) == ((0, 0), "accepted")


class Deeds:
    """What people do about breaks by chance; and what has to wait then, told apart from the ledger."""

    def __init__(self, by: Random, as_: Mapping[str, Ledger], names: Sequence[str]) -> None:
        self.by, self.as_, self.names = by, as_, names
        self.waits: dict[str, tuple[str, Purpose | None]] = {}
        """By the id of each pending proposal, oldest first: its break, and what it is for."""

        self.overtaken: set[str] = set()
        self.posted: set[tuple[str, Purpose | None]] = set()

    def one(self) -> None:
        """One thing by one of them, which succeeds where it should and nowhere else."""
        name, who, ada = self.by.choice(self.names), self.by.choice(("ines", "olaf")), self.as_["ada"]
        made = self.by.choice(list(self.waits)) if self.waits else "P-9999"
        match self.by.choice(("propose",) * 5 + ("confirm", "approve", "approve", "end", "take")):
            case "propose":
                self.propose(self.as_[who], name, self.by.choice((None, None, "block", "unblock")))
            case "confirm":
                mine = [each for each, (of, _) in self.waits.items() if of == name]
                live = [each for each in mine if each not in self.overtaken]
                self.decide(live[-1] if live else "P-9999", lambda: ada.break_confirm(name))
            case "approve":
                self.decide(made, lambda: ada.approve(made))
            case "end":
                verb = self.by.choice((ada.reject, self.as_[who].withdraw))
                if succeeds(lambda: verb(made, "not so")):
                    del self.waits[made]
            case _:
                self.as_[who].break_take(name)

    def propose(self, ledger: Ledger, name: str, purpose: Purpose | None) -> None:
        lacks = (name, purpose) not in self.posted
        if purpose == "unblock":
            lacks = (name, "block") in self.posted
        if lacks and purpose != "unblock" and self.by.random() < 0.6:
            self.waits[proposed_before(ledger, name, purpose)] = name, purpose
            return
        free = lacks and (name, purpose) not in self.waits.values()
        assert succeeds(lambda: ledger.break_propose(name, purpose=purpose)) == free
        if free:
            self.waits[ledger.pending().rows()[-1]["proposal"]] = name, purpose

    def decide(self, made: str, deed: Callable[[], object]) -> None:
        """Post the proposal that is meant, if it is one that can be."""
        assert succeeds(deed) == (made in self.waits and made not in self.overtaken)
        if made in self.waits and made not in self.overtaken:
            name, purpose = self.waits.pop(made)
            self.overtaken |= {each for each, of in self.waits.items() if of == (name, purpose)}
            if purpose == "unblock":
                self.posted.remove((name, "block"))
            else:
                self.posted.add((name, purpose))


def succeeds(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except LedgerError:
        return False
    return True


@pytest.mark.parametrize("seed", [3, 4])
def test_whatever_people_do_by_chance_nothing_is_posted_twice_and_what_waits_is_pending(
    store_url: str, tmp_path: Path, seed: int
) -> None:
    with team_at(store_url, tmp_path, "L1", "L2") as office, ExitStack() as closing:
        as_ = {who: closing.enter_context(office.as_(who)) for who in PEOPLE}
        names = [str(row["break"]) for row in office.ledger.breaks()]
        deeds = Deeds(Random(seed), as_, names)  # noqa: S311  # the same deeds each time
        for _ in range(60):
            deeds.one()
            assert {row["proposal"] for row in as_["ada"].pending()} == set(deeds.waits)
            posted = Counter(purpose for _, purpose in deeds.posted)
            assert counted(office) == (LOST_TPP * posted[None], LOST_TPP * posted["block"])
        office.night.run_number = 2
        still = {row["break"] for row in office.ledger.breaks() if (row["break"], None) not in deeds.posted}
        office.run()
        assert {row["break"] for row in office.ledger.breaks()} == still
