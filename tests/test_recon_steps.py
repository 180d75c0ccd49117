"""Where nothing is drafted that would correct the ledger, whoever proposes hears what can be done instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import BadQuery, Ledger
from ledger.recon_breaks import fold
from ledger.recon_drafts import WHO
from ledger.recon_steps import over, proposed
from tests.night import Night
from tests.test_recon_breaks import event, found
from tests.test_recon_codes import CORNERS, COUNTRIES, PLACES

OVERRUN = "ask {who} about {key}; what left all the same is posted as an overrun (tppq post)"
ACCEPT = (
    "the ledger has entry {seq} of it: where that is right, accept it (tppq break accept); else ask {who}"
)
CORRECT = (
    "ask {who} about {key}, or, where the ledger is wrong, name entries with --reverse or --correct (it has"
)
NOT_DRAFTED = {
    ("DUPLICATE", False): "ask {who} to take back what it told twice, {key}",
    ("EXPIRED_USE", False): OVERRUN,
    ("EXPIRED_USE", True): ACCEPT,
    ("IN_TRANSIT", True): "it may still be told of until then, and nothing is wrong with entry {seq}",
    (
        "LICENSE_DIFFERS",
        False,
    ): "ask {who} about {key}, or name the license's entry with --correct (tppq state",
    ("LICENSE_MISSING_LEDGER", False): "post the license (tppq post), or ask {who} about {key}",
    (
        "LICENSE_MISSING_SOURCE",
        False,
    ): "name the license's entry with --reverse (tppq statement {country} has",
    ("MISSING_IN_LEDGER", False): "post what is missing (tppq post), or ask {who} about {key}",
    ("MISSING_IN_SOURCE", True): CORRECT,
    (
        "OVER_LICENSE",
        False,
    ): "ask {who} what left under {key}; where that is right, accept it (tppq break acc",
    ("QUANTITY", True): CORRECT,
    ("REEXPORT_ONE_LEG", False): "post the leg that is missing (tppq post), or ask {who} about {key}",
    ("REEXPORT_ONE_LEG", True): "post the leg that is missing (tppq post), ask {who} about {key}, or name",
    ("ROLLUP", False): "or name entries with --reverse or --correct (tppq statement {country})",
    ("SERIAL_CONFLICT", False): "ask {who} about {key}. A later run",
    ("STALE_AMENDMENT", False): "ask {who} about {key}. A later run",
    ("STALE_AMENDMENT", True): "ask {who} about {key}. A later run",
    ("UNKNOWN_LICENSE", False): OVERRUN,
    ("UNLICENSED_EXPORT", False): OVERRUN,
    ("UNLICENSED_EXPORT", True): ACCEPT,
}
"""What can be done about a break for which nothing is drafted: by code, and whether the ledger has it."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The ledger after the night with every corner."""
    folder = tmp_path_factory.mktemp("instead")
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    with night.ledger as ledger:
        night.quota("MY", *COUNTRIES[: len(CORNERS)])
        for name, (_, plant) in CORNERS.items():
            plant(night, *PLACES[name])
        ledger.reconcile(night.write(folder / "feeds"))
        yield ledger


@pytest.fixture(scope="module")
def refused(ledger: Ledger) -> list[tuple[dict[str, Any], dict[str, Any] | None, str]]:
    """Each break that cannot be proposed as it is: the break, what is drafted for it, and what is said."""
    found = []
    for row in ledger.breaks(every=True).rows():
        draft = ledger.break_show(row["break"]).basis["draft"]
        if draft is not None and draft["correct"] == "ledger":
            continue
        with pytest.raises(BadQuery) as error:
            ledger.break_propose(row["break"])
        assert error.value.detail.startswith(f"break {row['break']} ({row['detail']}): ")
        assert "A later run that no longer finds it clears it" in error.value.detail
        found.append((row, draft, error.value.detail))
    return found


def test_whom_to_ask_is_said_where_the_ledger_is_right(
    refused: list[tuple[dict[str, Any], dict[str, Any] | None, str]],
) -> None:
    drafted = [(row, draft, said) for row, draft, said in refused if draft is not None]
    assert {row["code"] for row, *_ in drafted} >= {"QUANTITY", "MISSING_IN_SOURCE", "COUNTRY", "TREATMENT"}
    for row, draft, said in drafted:
        (step,) = draft["steps"]
        agree = " and ".join(WHO[side] for side in draft["agree"])
        assert f"{agree} agree, so nothing is drafted that would correct the ledger: ask " in said
        assert f": ask {WHO[step['ask']]} about {row['key']}" in said
        assert all(step[name] in said for name in ("file", "filer") if name in step)
        assert "where the ledger is wrong all the same, name entries with --reverse or --correct" in said


@pytest.mark.parametrize(
    "case", NOT_DRAFTED, ids=lambda case: f"{case[0]}-{'entries' if case[1] else 'none'}"
)
def test_what_can_be_done_is_said_where_nothing_is_drafted(
    case: tuple[str, bool], refused: list[tuple[dict[str, Any], dict[str, Any] | None, str]]
) -> None:
    mine = [(row, said) for row, draft, said in refused if draft is None and _case(row) == case]
    assert mine
    for row, said in mine:
        who = "whoever reported it" if row["source"] == "reexports" else WHO[row["source"]]
        seq = row["entries"]
        expected = NOT_DRAFTED[case].format(who=who, key=row["key"], country=row["country"], seq=seq)
        assert expected in said
        assert case[1] or "it has entr" not in said


def test_nothing_else_is_left_without_a_draft(
    refused: list[tuple[dict[str, Any], dict[str, Any] | None, str]],
) -> None:
    assert {_case(row) for row, draft, _ in refused if draft is None} == set(NOT_DRAFTED)


def _case(row: dict[str, Any]) -> tuple[str, bool]:
    return row["code"], row["entries"] is not None


def test_a_file_is_to_be_got_anew(tmp_path: Path) -> None:
    night = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with night.ledger as ledger:
        feeds = night.write(tmp_path / "feeds")
        (feeds / "declarations.csv").unlink()
        ledger.reconcile(feeds)
        (row,) = ledger.breaks().rows()
        with pytest.raises(BadQuery, match="a file is not as it should be: get it anew from customs"):
            ledger.break_propose(row["break"])


NAME = found().fingerprint


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (("proposed", {}), "has no proposal that is pending: tppq break propose makes another"),
        (("posted", {"seq": 1_200}), "was put right by entry 1,200: a later run clears it, or opens it"),
        (("cleared", {}), "is cleared: a run that finds it again opens it again"),
        (("accepted", {"until": "2026-12-31"}), "is accepted until 2026-12-31: it is open again after that"),
    ],
)
def test_why_a_break_waits_for_nobody_is_said(done: tuple[str, dict[str, Any]], why: str) -> None:
    action, detail = done
    standing = fold([event(1, "seen", found()), event(2, action, **detail)])[NAME]
    assert (over(standing, "2026-11-20") or "").startswith(why)


def test_a_break_that_somebody_took_waits_for_them() -> None:
    standing = fold([event(1, "seen", found()), event(2, "taken", officer="omar")])[NAME]
    assert over(standing, "2026-11-20") is None


@pytest.mark.parametrize(
    ("purpose", "action", "is_overtaken"),
    [
        (None, "taken", True), (None, "posted", True), (None, "commented", False), (None, "blocked", False),
        ("block", "taken", False), ("block", "blocked", True), ("block", "cleared", True),
        ("unblock", "taken", False), ("unblock", "unblocked", True), ("unblock", "cleared", False),
    ],
)  # fmt: skip
def test_what_nobody_can_withdraw_is_overtaken_by_what_its_purpose_says(
    purpose: str | None, action: str, *, is_overtaken: bool
) -> None:
    given = {} if purpose is None else {"purpose": purpose}
    told = [event(1, "seen", found()), event(2, "proposed", entries=[], **given)]
    (made,) = proposed(fold([*told, event(3, action, officer="omar", text="x", seq=9)])[NAME])
    assert (made.overtaken is not None) == is_overtaken


@pytest.mark.parametrize(
    ("action", "said"),
    [("posted", "was put right by entry 1,200"), ("accepted", "was accepted"), ("cleared", "was cleared")],
)
def test_what_overtook_a_proposal_is_said(action: str, said: str) -> None:
    told = [event(1, "seen", found()), event(2, "proposed", proposal="P-0007")]
    (made,) = proposed(fold([*told, event(3, action, seq=1_200, until="2026-12-31")])[NAME])
    assert made.why_not("abc") == (
        f"break abc {said} after P-0007 was proposed: reject or withdraw that, and propose anew what is "
        "still wanted"
    )


def test_another_proposal_for_the_same_overtakes_one_that_nobody_can_withdraw() -> None:
    given = [{"kind": "export"}]
    told = [
        event(2, "proposed", entries=given),
        event(3, "proposed", purpose="block"),
        event(4, "proposed", entries=given),
        event(5, "proposed", entries=given, proposal="P-0007"),
        event(6, "proposed", entries=given, proposal="P-0008"),
    ]
    made = proposed(fold([event(1, "seen", found()), *told])[NAME])
    assert [each.overtaken is not None for each in made] == [True, False, True, False, False]
    assert [each.entries for each in made] == [given, (), given, given, given]
