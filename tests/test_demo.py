from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger import Entry, Kind, Ledger, Misconfigured
from ledger.demo import demo
from ledger.render import print_table
from tests.clock import Clock
from tests.outside import count

TOP = Path(__file__).parent.parent
SAMPLE = TOP / "fixtures" / "sample"
GOLDEN = Path(__file__).parent / "golden"
TODAY = "2026-11-22"
FIGURE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{2})?")
OPENING = 158


def told(url: str | None = None, width: int = 80) -> str:
    out = io.StringIO()
    print_table(demo(url, clock=Clock(TODAY)).screen, out, width)
    return out.getvalue()


def applications() -> list[dict[str, str]]:
    with (SAMPLE / "announced.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------------------------------- what is shown


def test_the_demonstration_reads_as_expected(
    golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(TOP)
    golden(GOLDEN / "demo.txt", told())


def test_no_figure_is_cut_and_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP)
    figures = set(FIGURE.findall(told(width=300)))
    for width in (40, 60, 80, 120):
        shown = told(width=width)
        assert set(FIGURE.findall(shown)) == figures, width
        assert max(map(len, shown.splitlines())) <= width


def test_it_says_what_the_figures_are_not() -> None:
    text = " ".join(told().split())
    assert "a planned cluster is not a license" in text
    assert "not enforced; not a legal balance" in text
    assert "H100e = TPP / 15,832, rounded down" in text
    assert "Epoch AI, GPU clusters, CC BY 4.0, as of December 2025" in text


def test_what_it_shows_is_what_the_ledger_answers(store_url: str) -> None:
    shown = told(store_url, width=300)
    with Ledger.open(store_url) as ledger:
        drawn = ledger.headroom("AE", "IN", "IS", "MY", "SA", "VN").rows()
        assert ledger.verify().rows() == []
    for row in drawn:
        line = next(
            line for line in shown.splitlines() if line.startswith(f"{row['country']}  {row['country_name']}")
        )
        assert line.split()[-4:] == [
            f"{row[name]:,}" for name in ("licensed_tpp", "headroom_tpp", "headroom_h100e", "used_percent")
        ]


# ------------------------------------------------------------------------------------ which ledger it uses


def test_without_a_ledger_it_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    told()
    left = [path.name for path in tmp_path.iterdir()]
    assert [name for name in left if not name.startswith("tppq-spill-")] == []  # that goes with the process


def test_a_ledger_that_is_named_stays(store_url: str) -> None:
    told(store_url)
    licensed = 7
    assert count(store_url) == OPENING + licensed


def test_a_ledger_with_its_opening_alone_is_taken(store_url: str) -> None:
    Ledger.init(store_url, clock=Clock(TODAY)).close()
    assert "7 would have been licensed" in told(store_url)


def test_a_ledger_with_entries_of_its_own_is_not_touched(ledger: Ledger, store_url: str) -> None:
    ledger.post(
        Entry(kind=Kind.block, country="AE", effective_on=date(2025, 2, 1), tpp=1, reason="somebody's")
    )
    head = ledger.headroom().basis["head_hash"]
    with pytest.raises(Misconfigured, match="this ledger has 159 entries, more than its opening"):
        told(store_url)
    assert ledger.headroom().basis["head_hash"] == head


# ------------------------------------------------------------------------------------------ its input


def test_every_application_names_a_source_that_is_told_beside_it() -> None:
    sources = (SAMPLE / "SOURCES.md").read_text(encoding="utf-8")
    rows = applications()
    assert [row["reference"] for row in rows] == [f"S{number:02d}" for number in range(1, len(rows) + 1)]
    for row in rows:
        assert f"| {row['reference']} | {row['consignee']} |" in sources
    linked = set(re.findall(r"^- (S\d\d): <https://\S+>$", sources, re.MULTILINE))
    assert {row["reference"] for row in rows} - linked == {"S05", "S12", "S13"}  # the text says why


def test_applications_are_dated_ninety_days_before_operation_and_are_past() -> None:
    sources = (SAMPLE / "SOURCES.md").read_text(encoding="utf-8")
    operational = dict(re.findall(r"^\| (S\d\d) \| [^|]+ \| ([\d-]{10}) \|", sources, re.MULTILINE))
    rows = applications()
    assert [row["effective_on"] for row in rows] == sorted(row["effective_on"] for row in rows)
    for row in rows:
        on = date.fromisoformat(row["effective_on"])
        if row["reference"] in operational:
            runs_on = date.fromisoformat(operational[row["reference"]])
            assert on == max(date(2025, 1, 15), runs_on - timedelta(days=90))
        else:
            assert on == date(2025, 11, 19)
        assert on <= date.fromisoformat(TODAY)


def test_applications_have_numbers_and_ids_of_their_own() -> None:
    rows = applications()
    for column in ("license_no", "request_id"):
        assert len({row[column] for row in rows}) == len(rows)
