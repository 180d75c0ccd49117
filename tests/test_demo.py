from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger import Entry, Kind, Ledger, Misconfigured, reference
from ledger.demo import AUTHORIZED, demo
from ledger.render import print_table
from tests.clock import Clock
from tests.outside import count

TOP = Path(__file__).parent.parent
SAMPLE = TOP / "fixtures" / "sample"
GOLDEN = Path(__file__).parent / "golden"
TODAY = "2026-11-22"
FIGURE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{2})?")
OPENING = 158


def told(url: str | None = None, width: int = 80, today: str = TODAY) -> str:
    out = io.StringIO()
    print_table(demo(url, clock=Clock(today)).screen, out, width)
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


def test_nothing_is_said_of_what_was_authorized_before_it_was() -> None:
    assert "may ask again" not in told(today="2025-06-01")
    assert "may ask again" in told()


def test_what_the_readme_quotes_of_it_is_what_it_says() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    quoted = readme.partition("```text\n")[2].partition("```")[0]
    lines, said = [line for line in quoted.splitlines() if line != "..."], iter(told().splitlines())
    assert len(lines) > 20
    assert [line for line in lines if line not in said] == []  # in this order


def test_no_figure_is_cut_and_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TOP)
    figures = set(FIGURE.findall(told(width=300)))
    for width in (40, 60, 80, 120):
        shown = told(width=width)
        assert set(FIGURE.findall(shown)) == figures, width
        assert max(map(len, shown.splitlines())) <= width


def test_it_says_what_the_figures_are_not() -> None:
    text = " ".join(told().split())
    assert "a planned cluster is not a license, nor is what the press says of an authorization" in text
    assert "what left before 2025 would not count; here all their chips do" in text
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


def test_what_was_asked_for_is_told_without_what_may_be_the_same_chips_too() -> None:
    devices = reference.load().devices
    asked: dict[tuple[str, bool], int] = {}
    for row in applications():
        key = (row["country"], row["reference"] in AUTHORIZED)
        asked[key] = asked.get(key, 0) + int(row["quantity"]) * devices[row["device_id"]].tpp
    tenths = {code: asked[code, False] * 10 // 790_000_000 for code in ("AE", "SA")}
    text = " ".join(told().split())
    assert asked["AE", True] == asked["SA", True] == 2_100_000_000
    assert tenths == {"AE": 86 + 1, "SA": 15}  # with the one of AE that does not count
    assert "India 23.5 times, United Arab Emirates 11.3 times, Saudi Arabia 4.1 times." in text
    assert "without the two: United Arab Emirates 8.6 times, Saudi Arabia 1.5 times." in text


def test_no_country_is_called_untouched_that_draws_on_anothers_allocation(store_url: str) -> None:
    shown = " ".join(told(store_url, width=300).split())
    with Ledger.open(store_url, clock=Clock(TODAY)) as ledger:
        states = Counter(row["control_state"] for row in ledger.headroom())
    assert states == {"none": 157, "closed": 1}
    assert (
        "151 other Tier 2 countries are untouched: 790,000,000 TPP (49,898.93 H100e) each; "
        "Liechtenstein draws on Switzerland's."
    ) in shown


def test_after_the_period_no_headroom_is_promised() -> None:
    shown = told(width=300, today="2028-01-01")
    assert "are untouched" not in shown
    assert (
        "Of this headroom 3,295,889,680 TPP (208,178.98 H100e) are closed (6 countries): "
        "as of this day nothing can be licensed from them.\n\nAsked for in all"
    ) in shown


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


def test_a_ledger_that_people_share_is_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with Ledger.init(url, clock=Clock(TODAY)) as ledger:
        ledger.share()
        with pytest.raises(Misconfigured, match="this ledger is shared; the demonstration wants"):
            told(url)
        assert count(url) == OPENING


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


def test_what_was_authorized_and_what_ran_before_the_rule_is_told_as_such() -> None:
    sources = (SAMPLE / "SOURCES.md").read_text(encoding="utf-8")
    authorized = re.findall(r"^\| (S\d\d) \| .* \| authorized \|", sources, re.MULTILINE)
    assert tuple(authorized) == AUTHORIZED
    assert f"**{', '.join(AUTHORIZED)}.**" in sources
    operational = re.findall(r"^\| (S\d\d) \| [^|]+ \| ([\d-]{10}) \|", sources, re.MULTILINE)
    assert [key for key, on in operational if on <= "2025-01-15"] == ["S01", "S02", "S03", "S04"]
    assert "S01 to S04 ran by 2025-01-15" in sources


def test_applications_have_numbers_and_ids_of_their_own() -> None:
    rows = applications()
    for column in ("license_no", "request_id"):
        assert len({row[column] for row in rows}) == len(rows)
