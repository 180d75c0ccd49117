"""Where nothing is drafted that would correct the ledger, whoever proposes hears what can be done instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import BadQuery, Ledger
from ledger.recon_drafts import WHO
from tests.night import Night
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
