"""What a statement says: its opening is the headroom of the day before, whatever was recorded when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger import Ledger, render, statement_screens
from tests.small import H100, entry, fill

NAMES = {H100: "H100"}


@pytest.fixture(name="small", scope="module")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The small ledger, in which entries 12, 15 and 18 of AE were recorded late."""
    folder: Path = tmp_path_factory.mktemp("statement")
    with fill(f"sqlite:///{folder / 'tppq.db'}") as ledger:
        late = {"license_no": "L-0", "tpp": 7_000, "expires_on": "2026-12-31"}
        ledger.post(entry("license", "AE", "2026-01-03", **late))  # 15
        ledger.post(
            entry("release", "AE", "2026-02-20", license_no="L-0", tpp=2_000, reason="revoked: fraud")
        )
        ledger.post(entry("release", "AE", "2026-02-21", license_no="L-0", tpp=1_000, reason="no need of it"))
        ledger.post(entry("license", "AE", "2026-01-04", license_no="L-00", tpp=500))  # 18
        yield ledger


def left(ledger: Ledger, as_of: str | None = None) -> int:
    return sum(row["headroom_tpp"] for row in ledger.headroom("AE", as_of=as_of))


def said(ledger: Ledger, from_day: str | None, as_of: str | None = None) -> list[str]:
    answer = ledger.statement("AE", from_day=from_day, as_of=as_of)
    screen = statement_screens.statement(answer, from_day, left(ledger, as_of), NAMES)
    return render.plain(screen).splitlines()


def before(from_day: str) -> str:
    return (date.fromisoformat(from_day) - timedelta(1)).isoformat()


@pytest.mark.parametrize("as_of", [None, "2026-02-10"])
@pytest.mark.parametrize("from_day", ["2025-12-31", "2026-01-05", "2026-01-31", "2026-02-15", "2026-03-01"])
def test_a_statement_opens_with_the_headroom_of_the_day_before(
    small: Ledger, from_day: str, as_of: str | None
) -> None:
    day = before(from_day) if as_of is None else min(before(from_day), as_of)
    opening = said(small, from_day, as_of)[1]
    assert opening.split()[:3] == [from_day, "opening", f"{left(small, day):,}"]


def test_where_late_recording_parts_the_figures_notes_say_so(small: Ledger) -> None:
    notes = [line for line in said(small, "2026-02-01") if line.endswith(".")]
    assert (left(small, "2026-01-31"), left(small)) == (69_911_700, 54_082_700)
    assert notes == [
        (
            "Headroom after is in the order of recording, and begins at 68,336,000: entries effective before "
            "2026-02-01 were recorded later; the opening counts them."
        ),
        "Entries effective before 2026-02-01 stand between these; headroom counts them too.",
        "With those recorded after the last of these, headroom is 54,082,700.",
    ]


def test_without_a_first_day_everything_adds_up_and_nothing_is_noted(small: Ledger) -> None:
    lines = said(small, None)
    assert len(lines) == 1 + len(small.statement("AE"))
    assert not any("recorded" in line or "opening" in line for line in lines)


def test_a_release_says_how_the_license_ended_where_its_reason_does(small: Ledger) -> None:
    kinds = [re.split("  +", line.strip())[2] for line in said(small, "2026-02-16")[2:4]]
    assert kinds == ["release (revoked)", "release"]
    assert [row["kind"] for row in small.statement("AE", from_day="2026-02-16")] == ["release", "release"]
