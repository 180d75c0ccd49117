"""What takes two people, from the proposal to the entry, and everything that must not lead there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import chain
from pathlib import Path
from random import Random
from threading import Barrier, Thread
from typing import Any

import orjson
import pytest

from ledger import (
    AlreadyReversed,
    BadFeed,
    BadQuery,
    Entry,
    IdReused,
    Ledger,
    NotPermitted,
    OverHeadroom,
    SelfApproval,
    Tampered,
    UnknownName,
    proposed,
    read_feed,
    roster,
)
from ledger.database import Database
from ledger.events import Telling
from ledger.store import Store
from tests.clock import Clock
from tests.outside import by_hand, connected, contents, count, drop_guards
from tests.shared import DAY, at, create, entry

As = Callable[[str], Ledger]


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock(DAY)


@pytest.fixture(name="own")
def _own(store_url: str, clock: Clock) -> Iterator[As]:
    """A shared ledger on either store: `own("maria")` is it as maria has it open."""
    yield from _opened(store_url, clock)


@pytest.fixture(name="here")
def _here(tmp_path: Path, clock: Clock) -> Iterator[As]:
    """A shared ledger in a file, for what does not depend on the store."""
    yield from _opened(f"sqlite:///{tmp_path / 'tppq.db'}", clock)


def _opened(url: str, clock: Clock) -> Iterator[As]:
    work, opened = create(url, clock), {}

    def as_(who: str) -> Ledger:
        if who not in opened:
            opened[who] = at(work, who, clock)
        return opened[who]

    yield as_
    for each in opened.values():
        each.close()


def headroom(ledger: Ledger, country: str) -> tuple[int, int]:
    (row,) = ledger.headroom(country).rows()
    return row["headroom_tpp"], row["pending_tpp"]


# ------------------------------------------------------------------------------------ the whole way through


def test_what_one_proposes_and_another_approves_is_posted_in_both_names(own: As, store_url: str) -> None:
    maria, ada = own("maria"), own("ada")
    before = count(store_url)
    proposal = maria.propose(entry("allocate", "AE", 500), remark="letter of January")
    assert count(store_url) == before
    (row,) = ada.pending().rows()
    assert {name: row[name] for name in ("proposal", "by", "kind", "country", "tpp", "headroom_tpp")} == {
        "proposal": "P-0001", "by": "maria", "kind": "allocate", "country": "AE", "tpp": 500,
        "headroom_tpp": 1_500,
    }  # fmt: skip
    assert (row["hash"], row["remark"]) == (proposal.hash, "letter of January")
    assert (row["expires_at"], row["expires_at"][:10]) == (proposal.expires_at, "2026-02-15")
    (receipt,) = ada.approve("P-0001", seen=row["hash"][:8])
    assert receipt.headroom_tpp == 1_500
    posted = contents(store_url)["entry"][-1]
    assert (posted["actor"], posted["approver"], posted["tpp"]) == ("maria", "ada", 500)
    assert posted["hash"] == by_hand(posted)  # which covers both names
    assert ada.pending().rows() == []
    assert own("ines").verify().rows() == []


def test_the_decision_is_recorded_with_the_entries_by_whoever_decided(own: As) -> None:
    own("maria").propose(entry("allocate", "AE", 500))
    own("maria").propose(entry("allocate", "AE", 600))
    own("ada").approve("1")
    rejected = own("ada").reject("2", "no letter")
    assert (rejected.state, rejected.decided_by, rejected.reason) == ("rejected", "ada", "no letter")
    told = [
        (row["who"], row["subject"], row["outcome"])
        for row in own("ines").audit()
        if row["what"] == "proposal"
    ]
    assert told == [
        ("maria", "P-0001", "proposed"),
        ("maria", "P-0002", "proposed"),
        ("ada", "P-0001", "approved"),
        ("ada", "P-0002", "rejected"),
    ]


def test_a_proposal_is_answered_with_the_instant_at_which_it_was_recorded(here: As) -> None:
    proposal = here("maria").propose(entry("allocate", "AE", 500))
    (row,) = here("ada").pending().rows()
    assert (row["at"], row["expires_at"]) == (proposal.at, proposal.expires_at)
    (told,) = here("ines").audit(who="maria").rows()
    assert told["at"] == proposal.at


def test_a_file_is_proposed_and_posted_whole(here: As, tmp_path: Path) -> None:
    file = tmp_path / "raise.csv"
    rows = [f"allocate,AE,{DAY},10,a-1", f"withdraw,KZ,{DAY},20,a-2"]
    file.write_text("\n".join(["kind,country,effective_on,tpp,request_id", *rows]), encoding="utf-8")
    with read_feed(str(file)) as feed:
        proposal = here("maria").propose_file(feed)
    assert proposal.shown == [1_010, 1_999_980]
    receipts = here("ada").approve(proposal.proposal)
    assert [(each.request_id, each.tpp) for each in receipts] == [("a-1", 10), ("a-2", 20)]


def test_a_reversal_and_a_correction_can_be_proposed(here: As) -> None:
    maria, ada = here("maria"), here("ada")
    (receipt,) = maria.post(entry("license", "KZ", 1_500_000, license_no="K1"))
    undone = maria.propose_reversal(receipt.seq, "typed twice")
    assert undone.entries[0]["reverses_seq"] == receipt.seq
    right = maria.propose_correction(receipt.seq, {"tpp": 1_200_000}, "1,200,000")
    ada.approve(right.proposal)
    with pytest.raises(AlreadyReversed, match="P-0001: entry 3 was reversed before, by entry 4"):
        ada.approve(undone.proposal)
    assert headroom(ada, "KZ")[0] == 800_000


def test_whoever_approves_is_given_all_that_was_given_of_an_entry(own: As) -> None:
    given = {
        "kind": "license", "country": "KZ", "effective_on": "2026-02-01", "license_no": "K1",
        "device_id": "nvidia-h100-sxm5-80gb", "quantity": 3, "tpp": 47_496, "expires_on": "2026-11-30",
        "consignee": "Example Cloud", "exporter": "Example Maker", "reference": "D-1", "reason": "as asked",
        "programme": "country", "holder": "KZ", "reverses_seq": None,
    }  # fmt: skip
    own("maria").propose(Entry.model_validate(given), request_id="application-4711", remark="letter")
    answer = own("ada").pending()
    (row,) = answer.rows()
    assert given.items() | {("request_id", "application-4711")} <= row.items()
    assert answer.held.names == (
        "proposal", "by", "at", "part", "kind", "country", "effective_on", "license_no", "device_id",
        "quantity", "tpp", "reverses_seq", "reason", "headroom_tpp", "remark", "expires_at", "hash",
        "expires_on", "consignee", "exporter", "reference", "request_id", "programme", "holder",
    )  # fmt: skip


def test_whoever_approves_a_correction_is_told_what_it_changes(own: As) -> None:
    maria, ada = own("maria"), own("ada")
    (receipt,) = maria.post(
        entry("license", "KZ", 1_500_000, license_no="K1", consignee="Example Cloud", reason="as asked")
    )
    changed = {"expires_on": "2026-12-31", "consignee": "Another Cloud", "tpp": 1_200_000, "reference": "D1"}
    maria.propose_correction(receipt.seq, changed, "typing slip")
    maria.propose_correction(receipt.seq, {"reason": "as they asked"}, "typing slip")
    maria.propose(entry("allocate", "AE", 5))
    assert dict(ada.pending().aside) == {
        "P-0001": "entry 3: tpp 1,200,000, was 1,500,000; expires_on 2026-12-31, was 2027-02-01; "
        "consignee Another Cloud, was Example Cloud; reference D1, was none",
        "P-0002": "entry 3: reason as they asked, was as asked",
        "P-0003": "",
    }


def test_a_correction_whose_right_entry_comes_first_is_told_too(here: As) -> None:
    maria, ada = here("maria"), here("ada")
    (receipt, _) = maria.post(
        entry("license", "KZ", 900, license_no="K1"), entry("export", "KZ", 100, license_no="K1")
    )
    proposal = maria.propose_correction(receipt.seq, {"consignee": "Example Cloud"}, "typing slip")
    assert [each["reverses_seq"] for each in proposal.entries] == [None, receipt.seq]
    assert ada.pending("1").aside["P-0001"] == "entry 3: consignee Example Cloud, was none"


def test_an_overrun_beyond_headroom_is_approved_as_it_was_shown(here: As) -> None:
    beyond = entry("overrun", "AE", 1_500, reason="left all the same")
    with pytest.raises(OverHeadroom, match="a second officer may approve it, with a reason"):
        here("maria").post(beyond)
    proposal = here("maria").propose(beyond)
    assert proposal.shown == [-500]
    here("ada").approve("1")
    (row,) = here("ada").headroom("AE").rows()
    assert (row["headroom_tpp"], row["balance_state"]) == (-500, "overdrawn")


def test_a_dry_run_shows_and_keeps_nothing(here: As) -> None:
    maria, ada = here("maria"), here("ada")
    assert maria.propose(entry("allocate", "AE", 500), dry_run=True).shown == [1_500]
    assert maria.pending().rows() == []
    maria.propose(entry("allocate", "AE", 500))
    (receipt,) = ada.approve("1", dry_run=True)
    assert receipt.headroom_tpp == 1_500
    assert headroom(ada, "AE") == (1_000, 500)
    assert len(ada.pending()) == 1


# ------------------------------------------------------------------------------- who may not, and what not


@pytest.mark.parametrize("who", ["omar", "OMAR"])
def test_nobody_approves_or_rejects_what_they_proposed_whatever_their_roles(here: As, who: str) -> None:
    here("root").set_roles("omar", "officer", "approver", "auditor", "admin")
    here(who).propose(entry("allocate", "AE", 500))
    with pytest.raises(SelfApproval, match="omar proposed P-0001, and nobody approves their own proposal"):
        here("omar").approve("1")
    with pytest.raises(SelfApproval, match="tppq withdraw takes it back"):
        here("omar").reject("1", "no")
    assert len(here("omar").pending()) == 1


def test_only_whoever_proposed_it_withdraws_it(here: As) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    with pytest.raises(NotPermitted, match="P-0001 is maria's, who alone can withdraw it; an approver can"):
        here("omar").withdraw("1", "no")
    assert here("maria").withdraw("1", "wrong country").state == "withdrawn"
    assert here("maria").pending().rows() == []


@pytest.mark.parametrize("end", ["approve", "reject", "withdraw"])
def test_what_was_decided_is_not_decided_again(here: As, end: str) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    if end == "approve":
        here("ada").approve("1")
    elif end == "reject":
        here("ada").reject("1", "no")
    else:
        here("maria").withdraw("1", "no")
    before = headroom(here("ada"), "AE")
    for again in (
        lambda: here("ada").approve("1"),
        lambda: here("ada").reject("1", "no"),
        lambda: here("maria").withdraw("1", "no"),
    ):
        with pytest.raises(UnknownName, match=r"no pending proposal P-0001: .* it on 2026-02-01"):
            again()
    assert headroom(here("ada"), "AE") == before


def test_a_proposal_expires_by_the_ledgers_clock_after_the_days_of_the_regime(here: As, clock: Clock) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    clock.set("2026-02-14")
    assert headroom(here("ada"), "AE") == (1_000, 500)
    clock.set("2026-02-16")
    assert headroom(here("ada"), "AE") == (1_000, 0)
    assert here("ada").pending().rows() == []
    with pytest.raises(UnknownName, match="no pending proposal P-0001: it expired on 2026-02-15"):
        here("ada").approve("1")
    assert here("maria").propose(entry("allocate", "AE", 500)).proposal == "P-0002"
    clock.set("2026-02-14")  # the clock is put back, and the second proposal says when that was
    with pytest.raises(UnknownName, match="no pending proposal P-0001: it expired on 2026-02-15"):
        here("ada").approve("1")


def test_a_clock_that_was_put_back_neither_brings_a_proposal_back_nor_ends_a_new_one(
    here: As, clock: Clock
) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    clock.set("2026-02-16")
    here("omar").post(entry("license", "AE", 1, license_no="L-1"))
    clock.set("2026-02-01")
    with pytest.raises(UnknownName, match="no pending proposal P-0001: it expired on 2026-02-15"):
        here("ada").approve("1")
    assert here("maria").propose(entry("allocate", "AE", 500)).expires_at[:10] == "2026-03-02"


def test_an_approval_is_bound_to_the_hash_of_what_was_looked_at(here: As) -> None:
    proposal = here("maria").propose(entry("allocate", "AE", 500))
    for seen in ("0" * 64, proposal.hash[:7], "", proposal.hash + "0"):
        with pytest.raises(
            UnknownName, match=f"P-0001 is {proposal.hash[:16]}, not {seen}: look at it again"
        ):
            here("ada").approve("1", seen=seen)
    assert here("ada").approve("1", seen=proposal.hash.upper())


def test_what_is_refused_cannot_be_proposed_and_is_not_kept_as_a_refusal(here: As, store_file: str) -> None:
    before = contents(store_file)
    with pytest.raises(OverHeadroom, match="what is proposed: AE has an allocation of 1,000 TPP, which may"):
        here("maria").propose(entry("allocate", "AE", 1_580_000_000))
    assert contents(store_file) == before


@pytest.fixture(name="store_file")
def _store_file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tppq.db'}"


def test_a_proposal_holds_what_somebody_can_look_at(here: As, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    rows = [f"allocate,AE,{DAY},1"] * (proposed.MOST_ENTRIES + 1)
    file.write_text("\n".join(["kind,country,effective_on,tpp", *rows]), encoding="utf-8")
    with (
        read_feed(str(file)) as feed,
        pytest.raises(BadFeed, match="has 1,001 rows, and a proposal holds 1,0"),
    ):
        here("maria").propose_file(feed)
    with pytest.raises(BadFeed, match="there is no entry to propose"):
        here("maria").propose()


def test_what_was_posted_before_is_not_posted_again(here: As) -> None:
    here("maria").propose(entry("allocate", "AE", 500), request_id="letter-1")
    here("ada").approve("1")
    with pytest.raises(IdReused, match="what is proposed was posted before, as entry 3: nothing is left"):
        here("maria").propose(entry("allocate", "AE", 500), request_id="letter-1")
    assert headroom(here("ada"), "AE") == (1_500, 0)


def test_a_proposal_that_repeats_one_that_waits_is_answered_with_that_one(own: As, store_url: str) -> None:
    letter = entry("allocate", "AE", 500)
    first = own("maria").propose(letter, request_id="letter-1", remark="letter of January")
    before = contents(store_url)
    for dry_run in (True, False):
        again = own("MARIA").propose(letter, request_id="letter-1", remark="once more", dry_run=dry_run)
        assert again == first._replace(replayed=True)
    assert contents(store_url) == before
    assert headroom(own("ada"), "AE") == (1_000, 500)


def test_the_same_file_proposed_again_is_the_same_proposal_until_that_is_decided(
    here: As, tmp_path: Path
) -> None:
    file = tmp_path / "raise.csv"
    file.write_text(f"kind,country,effective_on,tpp\nallocate,AE,{DAY},10\nallocate,KZ,{DAY},20\n", "utf-8")

    def propose(who: str) -> str:
        with read_feed(str(file)) as feed:
            return here(who).propose_file(feed).proposal

    assert [propose(who) for who in ("maria", "maria", "omar")] == ["P-0001", "P-0001", "P-0002"]
    here("ada").reject("1", "no letter")
    assert [propose(who) for who in ("maria", "maria", "omar")] == ["P-0003", "P-0003", "P-0002"]


@pytest.mark.parametrize(
    ("tpp", "request_id"), [(501, "letter-1"), (500, "letter-2"), (500, None)], ids=["row", "id", "none"]
)
def test_what_differs_in_a_row_or_a_request_id_is_another_proposal(
    here: As, tpp: int, request_id: str | None
) -> None:
    here("maria").propose(entry("allocate", "AE", 500), request_id="letter-1")
    assert here("maria").propose(entry("allocate", "AE", tpp), request_id=request_id).proposal == "P-0002"


def test_one_proposal_sent_several_times_at_once_waits_once(own: As) -> None:
    letter = entry("allocate", "AE", 500)
    own("maria")
    acts = [lambda: own("maria").propose(letter, request_id="letter-1").proposal] * 4
    assert together(*acts) == ["P-0001"] * 4
    assert len(own("ada").pending()) == 1


def test_of_several_that_ask_the_same_headroom_gains_one(here: As) -> None:
    for who in ("maria", "omar"):
        here(who).propose(entry("allocate", "AE", 500), request_id="letter-1")
    assert headroom(here("ada"), "AE") == (1_000, 500)


def test_a_proposal_that_was_posted_since_is_closed_by_whoever_would_approve_it(
    own: As, store_url: str
) -> None:
    for who in ("maria", "omar"):
        own(who).propose(entry("allocate", "AE", 500), request_id="letter-1")
    ada = own("ada")
    ada.approve("1")
    before = count(store_url)
    with pytest.raises(IdReused, match="P-0002 was posted before, as entry 3: nothing is left to do"):
        ada.approve("2", dry_run=True)
    assert len(ada.pending()) == 1
    with pytest.raises(IdReused, match="P-0002 was posted before, as entry 3: nothing is left to do"):
        ada.approve("2")
    assert (count(store_url), ada.pending().rows(), headroom(ada, "AE")) == (before, [], (1_500, 0))
    told = [(row["who"], row["what"], row["subject"], row["outcome"]) for row in own("ines").audit()]
    assert told[-2][:2] + told[-2][3:] == ("ada", "proposal", "overtaken")
    assert told[-1][:2] + told[-1][3:] == ("ada", "approve", "refused")
    with pytest.raises(
        UnknownName,
        match=r"no pending proposal P-0002: ada found nothing left to do in it on 2026-02-01 \(posted before",
    ):
        ada.approve("2")
    assert own("ines").verify().rows() == []


def test_a_proposal_that_was_posted_since_is_closed_by_whoever_proposes_it_again(here: As) -> None:
    letter = entry("allocate", "AE", 500)
    for who in ("maria", "omar"):
        here(who).propose(letter, request_id="letter-1")
    here("ada").approve("1")
    with pytest.raises(IdReused, match="what is proposed was posted before, as entry 3"):
        here("omar").propose(letter, request_id="letter-1", dry_run=True)
    assert headroom(here("ada"), "AE") == (1_500, 500)
    with pytest.raises(IdReused, match="what is proposed was posted before, as entry 3"):
        here("omar").propose(letter, request_id="letter-1")
    assert headroom(here("ada"), "AE") == (1_500, 0)


def test_a_repeat_is_answered_also_where_what_waits_reserves_all_that_it_asks(here: As) -> None:
    maria, lower = reserving(here("maria")), entry("overrun", "AE", 800, reason="left all the same")
    assert maria.propose(lower, request_id="letter-1").proposal == "P-0001"
    assert maria.propose(lower, request_id="letter-1").proposal == "P-0001"


def test_what_two_people_posted_answers_again_whoever_posts_it_and_leaves_no_trace(
    own: As, store_url: str
) -> None:
    maria, letter = own("maria"), entry("allocate", "AE", 500)
    maria.propose(letter, request_id="letter-1")
    (first,) = own("ada").approve("1")
    before = contents(store_url)
    assert maria.post(letter, request_id="letter-1") == [first]
    assert own("omar").post(letter, request_id="letter-1", dry_run=True) == [first]
    assert contents(store_url) == before
    with pytest.raises(NotPermitted, match="vera is viewer in this ledger, which does not include: post"):
        own("vera").post(letter, request_id="letter-1")
    with pytest.raises(IdReused, match="letter-1 was used before, for entry 3, with other contents"):
        maria.post(entry("allocate", "AE", 501), request_id="letter-1")
    for request_id in ("letter-2", None):
        with pytest.raises(NotPermitted, match="every allocate takes two people"):
            maria.post(letter, request_id=request_id)


@pytest.mark.parametrize("each", [False, True], ids=["all or none", "each"])
@pytest.mark.parametrize("ids", [("", ""), ("a-1", "a-2")], ids=["by the file", "of its own"])
def test_a_file_that_two_people_posted_can_be_posted_again(
    here: As, tmp_path: Path, ids: tuple[str, str], *, each: bool
) -> None:
    file = tmp_path / "raise.csv"
    rows = [f"allocate,AE,{DAY},10,{ids[0]}", f"withdraw,KZ,{DAY},20,{ids[1]}"]
    file.write_text("\n".join(["kind,country,effective_on,tpp,request_id", *rows]), encoding="utf-8")
    with read_feed(str(file)) as feed:
        here("maria").propose_file(feed)
        receipts = here("ada").approve("1")
        again = here("maria").post_file(feed, each=each)
    assert (again.posted, again.replayed, again.receipts) == (2, 2, receipts)
    changed = tmp_path / "changed.csv"
    changed.write_text(file.read_text(encoding="utf-8").replace(",20,", ",21,"), encoding="utf-8")
    with read_feed(str(changed)) as feed:
        if ids[0]:
            refused = here("maria").post_file(feed, each=each).declined
            assert [(each.line, type(each.refusal)) for each in refused] == [(3, IdReused)]
        else:
            with pytest.raises(NotPermitted, match="takes two people"):
                here("maria").post_file(feed, each=each)


@pytest.mark.parametrize(("name", "act"), [("maria", "propose"), ("ada", "approve")])
def test_both_must_still_be_in_their_roles(here: As, name: str, act: str) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    ada = here("ada")
    here("root").set_roles(name, "viewer")
    with pytest.raises(NotPermitted, match=f"{name} (may no longer|is viewer .* not include:) {act}"):
        ada.approve("1")
    assert headroom(ada, "AE") == (1_000, 500)


@pytest.mark.parametrize(
    ("name", "act", "verb"),
    [
        ("ada", "approve", lambda ledger: ledger.approve("1")),
        ("ada", "approve", lambda ledger: ledger.reject("1", "no")),
        ("maria", "propose", lambda ledger: ledger.withdraw("1", "no")),
    ],
    ids=["approves", "rejects", "withdraws"],
)
def test_somebody_who_is_removed_while_waiting_for_the_lock_decides_nothing(
    own: As, store_url: str, name: str, act: str, verb: Callable[[Ledger], Any]
) -> None:
    own("maria").propose(entry("allocate", "AE", 500))
    decides, coming = own(name), list[Future[Any]]()
    store = Store(Database(store_url, 10), Clock(DAY))
    with ThreadPoolExecutor(1) as thread:

        def meanwhile() -> None:
            coming.append(thread.submit(verb, decides))
            wait(coming, timeout=0.5)  # they may still decide, and wait for the lock

        store.record([Telling(roster.TOPIC, name, "removed", {})], "root", meanwhile)
        with pytest.raises(NotPermitted, match=f"{name} may no longer {act} in this ledger"):
            coming[0].result()
    store.close()
    assert len(own("omar").pending()) == 1
    assert headroom(own("omar"), "AE") == (1_000, 500)


# ------------------------------------------------------------------------------------- judged once more


def test_what_no_longer_passes_is_refused_and_waits_until_it_does(here: As, store_file: str) -> None:
    maria, ada = here("maria"), here("ada")
    maria.propose(entry("license", "AE", 800, license_no="L1"))
    (receipt,) = maria.post(entry("license", "AE", 300, license_no="L2"))
    with pytest.raises(OverHeadroom) as refused:
        ada.approve("1")
    assert refused.value.detail == "P-0001: AE has 700 TPP left; 800 asked; short by 100"
    assert (refused.value.short_by_tpp, contents(store_file)["refusal"]) == (100, [])
    assert ("ada", "approve", "refused") in [
        (row["who"], row["what"], row["outcome"]) for row in here("ines").audit()
    ]
    maria.reverse(receipt.seq, "typed twice")
    assert ada.approve("1")[0].headroom_tpp == 200


def test_headroom_that_moved_does_not_stop_an_approval_while_it_suffices(here: As) -> None:
    proposal = here("maria").propose(entry("withdraw", "AE", 100, reason="lowered"))
    here("maria").post(entry("license", "AE", 300, license_no="L2"))
    assert proposal.shown == [900]
    assert here("ada").approve("1", seen=proposal.hash)[0].headroom_tpp == 600


def test_what_was_shown_to_leave_nothing_takes_nothing_below_zero(here: As) -> None:
    here("maria").propose(entry("withdraw", "AE", 1_000, reason="the cap is closed"))
    here("maria").post(entry("license", "AE", 1, license_no="L2"))
    with pytest.raises(OverHeadroom, match="AE 1 TPP below zero; when it was proposed it left 0"):
        here("ada").approve("1")


def test_what_was_shown_to_fit_does_not_overdraw(here: As) -> None:
    here("maria").propose(entry("withdraw", "AE", 800, reason="lowered"))
    here("maria").post(entry("license", "AE", 300, license_no="L2"))
    with pytest.raises(OverHeadroom) as refused:
        here("ada").approve("1")
    assert refused.value.detail == (
        "P-0001 would now take AE 100 TPP below zero; when it was proposed it left 200: reject it, and have "
        "it proposed anew if it is meant so"
    )
    assert (refused.value.headroom_tpp, refused.value.short_by_tpp) == (700, 100)
    assert here("maria").propose(entry("withdraw", "AE", 800, reason="lowered")).shown == [-100]
    assert here("ada").approve("2")[0].headroom_tpp == -100


def test_a_dry_run_of_an_approval_is_refused_as_the_approval_would_be(here: As) -> None:
    here("maria").propose(entry("withdraw", "AE", 800, reason="lowered"))
    here("maria").post(entry("license", "AE", 300, license_no="L2"))
    with pytest.raises(OverHeadroom, match="P-0001 would now take AE 100 TPP below zero"):
        here("ada").approve("1", dry_run=True)
    assert [row["proposal"] for row in here("ada").pending()] == ["P-0001"]


def test_what_is_pending_is_a_row_for_each_entry_of_these_columns_first(here: As) -> None:
    here("maria").propose(entry("allocate", "AE", 500), entry("withdraw", "AE", 200, reason="lowered"))
    pending = here("ada").pending()
    assert ", ".join(pending.table.column_names[:17]) == (
        "proposal, by, at, part, kind, country, effective_on, license_no, device_id, quantity, tpp, "
        "reverses_seq, reason, headroom_tpp, remark, expires_at, hash"
    )
    assert [(row["part"], row["kind"], row["headroom_tpp"]) for row in pending] == [
        (1, "allocate", 1_500), (2, "withdraw", 1_300),
    ]  # fmt: skip


def test_what_was_shown_below_zero_goes_no_deeper(own: As, store_url: str) -> None:
    maria, ada = own("maria"), own("ada")
    shown = maria.propose(entry("overrun", "AE", 1_001, reason="left all the same"))
    assert shown.shown == [-1]
    (receipt,) = maria.post(entry("license", "AE", 900, license_no="L2"))
    before = count(store_url)
    for dry_run in (True, False):
        with pytest.raises(OverHeadroom) as refused:
            ada.approve("1", seen=shown.hash, dry_run=dry_run)
        assert refused.value.detail == (
            "P-0001 would now take AE 901 TPP below zero; when it was proposed it left -1: reject it, and "
            "have it proposed anew if it is meant so"
        )
    assert (refused.value.headroom_tpp, refused.value.short_by_tpp) == (100, 901)
    assert (count(store_url), headroom(ada, "AE")[0], len(ada.pending())) == (before, 100, 1)
    maria.reverse(receipt.seq, "typed twice")
    assert ada.approve("1", seen=shown.hash)[0].headroom_tpp == -1


def test_what_was_shown_below_zero_may_leave_more_than_was_shown(here: As) -> None:
    maria, ada = here("maria"), here("ada")
    maria.propose(entry("withdraw", "AE", 1_300, reason="lowered"))
    maria.propose(entry("allocate", "AE", 200))
    ada.approve("2")
    assert ada.approve("1")[0].headroom_tpp == -100


def test_what_takes_no_headroom_is_approved_below_zero_however_deep(here: As) -> None:
    maria, ada = here("maria"), here("ada")
    for kind, tpp in (("withdraw", 1_100), ("allocate", 10), ("overrun", 50)):
        maria.propose(entry(kind, "AE", tpp, reason="as it is"))
        if kind == "withdraw":
            ada.approve("1")
    ada.approve("3")
    assert ada.approve("2")[0].headroom_tpp == -140


def test_a_proposal_that_was_tampered_with_is_not_posted(here: As, store_file: str) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    ada = here("ada")
    drop_guards(store_file)
    with connected(store_file) as owner:
        (detail,) = owner.exec_driver_sql("select detail from event where topic = 'proposal'").scalars()
        changed = orjson.loads(detail)
        changed["entries"][0]["tpp"] = 500_000
        owner.exec_driver_sql(
            "update event set detail = ? where topic = 'proposal'", (orjson.dumps(changed).decode(),)
        )
    with pytest.raises(Tampered, match="P-0001 is not what its hash was made of: run tppq verify"):
        ada.approve("1")
    assert headroom(ada, "AE")[0] == 1_000


def test_a_proposal_that_was_changed_past_reading_is_tampered_whoever_asks(here: As, store_file: str) -> None:
    here("maria").propose(entry("allocate", "AE", 500))
    ada = here("ada")
    drop_guards(store_file)
    with connected(store_file) as owner:
        owner.exec_driver_sql("update event set detail = '{}' where topic = 'proposal'")
    for ask in (ada.pending, ada.headroom, lambda: ada.approve("1")):
        with pytest.raises(Tampered, match="what waits cannot be told"):
            ask()


# -------------------------------------------------------------------------------------- two at one time


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each act answers, or what it raises, all of them begun at once."""
    barrier = Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers[place] = act()
        except UnknownName as refused:
            answers[place] = refused

    threads = [Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_who_approve_at_once_post_once(own: As, store_url: str) -> None:
    own("maria").propose(entry("allocate", "AE", 500))
    before = count(store_url)
    answers = together(*(lambda who=who: own(who).approve("1") for who in ("ada", "omar")))
    assert sorted(type(each).__name__ for each in answers) == ["Receipts", "UnknownName"]
    assert count(store_url) == before + 1


def test_one_who_approves_and_one_who_rejects_at_once_decide_once(own: As, store_url: str) -> None:
    own("maria").propose(entry("allocate", "AE", 500))
    before = count(store_url)
    answers = together(lambda: own("ada").approve("1"), lambda: own("omar").reject("1", "no"))
    approved = not isinstance(answers[0], UnknownName)
    assert isinstance(answers[1], UnknownName) == approved
    assert count(store_url) == before + approved


def test_proposals_made_at_once_have_ids_of_their_own(own: As) -> None:
    own("maria"), own("omar")
    made = together(*(
        lambda who=who: [own(who).propose(entry("allocate", "AE", 1)).proposal for _ in range(5)]
        for who in ("maria", "omar")
    ))  # fmt: skip
    assert sorted(chain.from_iterable(made)) == [proposed.named(number) for number in range(1, 11)]


def test_what_waits_is_what_all_events_of_proposals_come_to(own: As, clock: Clock) -> None:
    maria, ada, chance = own("maria"), own("ada"), Random(7)  # noqa: S311  # a sample, not a secret

    def every(known_at: str | None = None) -> proposed.Proposals:
        told = maria._store.events(proposed.TOPIC)  # noqa: SLF001  # the whole log, which nothing else reads
        now = known_at or max(maria._store.now(), *(each.at for each in told[-1:]))  # noqa: SLF001
        return proposed.fold((each for each in told if known_at is None or each.at <= known_at), now)

    for day in range(1, 28):
        clock.set(f"2026-02-{day:02d}")
        tpp = chance.randrange(1, 9)
        made = maria.propose(entry("allocate", chance.choice(["AE", "KZ"]), tpp, effective_on="2026-02-01"))
        assert made.proposal == proposed.named(len(every()))
        for each in chance.sample(proposed.pending(every()), k=1):
            name, end = each.proposal, chance.choice(["approve", "reject", "withdraw", "wait"])
            if end == "approve":
                ada.approve(name)
            elif end != "wait":
                (ada.reject if end == "reject" else maria.withdraw)(name, "why")
        waiting = proposed.pending(every())
        assert [row["proposal"] for row in maria.pending()] == [each.proposal for each in waiting]
        given = str(chance.randrange(1, day + 2))
        assert said(maria._found, given) == said(proposed.found, every(), given)  # noqa: SLF001
    for told in maria._store.events(proposed.TOPIC):  # noqa: SLF001
        change = proposed.pending_tpp(proposed.pending(every(told.at)))
        shown = {row["country"]: row["pending_tpp"] for row in maria.headroom(known_at=told.at)}
        assert shown == {country: change.get(f"country/{country}", 0) for country in shown}


def said(find: Callable[..., Any], *given: Any) -> Any:
    """What is found, or why nothing is."""
    try:
        return find(*given)
    except UnknownName as refused:
        return refused.problem()


def test_an_approved_entry_is_posted_and_not_pending_from_its_own_instant_on(own: As) -> None:
    own("maria").propose(entry("allocate", "AE", 500), entry("allocate", "AE", 50))
    own("ada").approve("1")
    rows = own("ines").statement("AE").rows()
    before, first, last = (
        own("ines").headroom("AE", known_at=f"{row['recorded_at']}Z").rows()[0] for row in rows
    )
    assert [(row["headroom_tpp"], row["pending_tpp"]) for row in (before, first, last)] == [
        (1_000, 0), (1_500, 0), (1_550, 0),
    ]  # fmt: skip


def test_what_was_decided_is_not_read_again(here: As, store_file: str) -> None:
    maria, ada, ines = here("maria"), here("ada"), here("ines")
    maria.propose(entry("allocate", "AE", 500))
    ada.reject("1", "no letter")
    drop_guards(store_file)
    with connected(store_file) as owner:
        owner.exec_driver_sql(
            "update event set detail = '{}' where topic = 'proposal' and action = 'proposed'"
        )
    assert headroom(maria, "AE") == (1_000, 0)
    assert maria.propose(entry("allocate", "AE", 600)).proposal == "P-0002"
    assert ada.approve("2")[0].headroom_tpp == 1_600
    with pytest.raises(Tampered, match="what waits cannot be told"):
        ada.approve("1")
    assert "event" in {row["check"] for row in ines.verify()}


# --------------------------------------------------------------------------------------------- reserving


def test_a_pending_proposal_reserves_nothing_and_shows_in_a_column_of_its_own(here: As) -> None:
    maria = here("maria")
    maria.propose(entry("withdraw", "AE", 900, reason="lowered"))
    maria.propose(entry("allocate", "KZ", 5))
    assert (headroom(maria, "AE"), headroom(maria, "KZ")) == ((1_000, -900), (2_000_000, 5))
    assert maria.fit("AE", tpp=1_000).rows()[0]["fits"]
    assert maria.post(entry("license", "AE", 1_000, license_no="L1"))


def test_what_was_pending_then_is_shown_then(here: As, clock: Clock) -> None:
    here("maria").propose(entry("withdraw", "AE", 900, reason="lowered"))
    clock.set("2026-02-03")
    here("ada").approve("1")
    clock.set("2026-02-04")
    then = here("ada").headroom("AE", known_at="2026-02-02").rows()[0]
    assert (then["headroom_tpp"], then["pending_tpp"]) == (1_000, -900)
    assert headroom(here("ada"), "AE") == (100, 0)


def reserving(ledger: Ledger) -> Ledger:
    """The ledger, as under a regime in which what waits reserves."""
    terms = ledger._terms  # noqa: SLF001  # no file in fixtures/reference says so
    ledger._terms = replace(terms, choices={**terms.choices, "pending_reserves": True})  # noqa: SLF001
    return ledger


def test_what_was_reserved_then_is_what_was_pending_then(here: As, clock: Clock) -> None:
    maria = reserving(here("maria"))
    clock.set("2026-02-03")
    before = maria.fit("AE", tpp=1_000, known_at="2026-02-02").rows()
    maria.propose(entry("withdraw", "AE", 900, reason="lowered"))
    clock.set("2026-02-04")
    assert (before[0]["fits"], maria.fit("AE", tpp=1_000, known_at="2026-02-02").rows()) == (True, before)
    assert maria.fit("AE", tpp=1_000).rows()[0]["short_by_tpp"] == 900


def test_a_regime_may_say_that_pending_proposals_reserve(here: As) -> None:
    maria, ada = reserving(here("maria")), reserving(here("ada"))
    maria.propose(entry("withdraw", "AE", 900, reason="lowered"))
    with pytest.raises(
        OverHeadroom, match="AE has 100 TPP left beside pending proposals; 101 asked; short by 1"
    ):
        maria.post(entry("license", "AE", 101, license_no="L1"))
    (row,) = maria.fit("AE", tpp=101).rows()
    assert (row["fits"], row["short_by_tpp"]) == (False, 1)
    maria.post(entry("license", "AE", 100, license_no="L1"))
    assert ada.approve("1")[0].headroom_tpp == 0


@pytest.mark.parametrize("said", ["", "gone\x1b[2J", "gone\x07", "gone\x9b2J", "gone \u202eneve"])
def test_a_remark_or_a_reason_that_could_command_a_screen_is_not_kept(here: As, said: str) -> None:
    maria, ada = here("maria"), here("ada")
    with pytest.raises(BadQuery, match=r"^remark"):
        maria.propose(entry("allocate", "AE", 500), remark=said)
    assert len(ada.pending()) == 0
    maria.propose(entry("allocate", "AE", 500), remark="letter of January")
    for deed in (ada.reject, maria.withdraw):
        with pytest.raises(BadQuery, match=r"^reason"):
            deed("P-1", said)
    with pytest.raises(BadQuery, match=r"^reason"):
        maria.propose_reversal(1, said)
    assert len(ada.pending()) == 1
