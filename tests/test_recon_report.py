"""The printable report of a run: what it counts, and where the rest is of what it does not show."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ledger.recon_changes import Change
from ledger.recon_night import Cut, Night, alone, of_faults
from ledger.recon_report import MOST_ROWS, page
from tests.test_recon_breaks import REGIME, found

ON = "2026-11-20"
NOBODY = pa.table({"country": pa.array([], pa.string()), "gross_tpp": pa.array([], pa.int64())})
DRAFT = {"correct": "ledger", "agree": ["declarations", "shipments"], "steps": [{"reverse": 18_011}]}


def report(*changes: Change) -> str:
    cut = Cut(20_000, "0" * 64, f"{ON}T12:00:00.000000Z", ON)
    return page(Night("1", cut, [], changes, NOBODY, NOBODY, {}, 0, REGIME, "", months=NOBODY, vendors=()))


def some(count: int) -> list[Change]:
    """So many breaks, each with a draft of what would put it right."""
    return [alone(found(f"{number:016x}", draft=DRAFT), ON) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "No break is open."), (1, "1 break is open: 1 major."), (2, "2 breaks are open: 2 major.")],
)
def test_the_answer_counts_what_is_open(count: int, said: str) -> None:
    assert f"</span> {said}</p>" in report(*some(count))


@pytest.mark.parametrize(
    ("more", "said"), [(0, None), (1, "1 more is in {}."), (1_200, "1,200 more are in {}.")]
)
def test_a_table_that_does_not_show_all_says_where_the_rest_is(more: int, said: str | None) -> None:
    text = report(*some(MOST_ROWS + more))
    assert text.count("<span>reverse entry 18,011</span>") == MOST_ROWS
    if said is None:
        assert "more" not in text
    else:
        assert all(f"<p>{said.format(file)}</p>" in text for file in ("breaks.csv", "proposals.jsonl"))


@pytest.mark.parametrize(("count", "said"), [(1, "1 fault: line 3: "), (2, "2 faults; the first: line 3: ")])
def test_the_break_of_an_unreadable_file_counts_its_faults(count: int, said: str) -> None:
    fault = {"path": "a.csv", "line": 3, "column": "tpp", "reason": "is no number"}
    other = fault | {"path": "b.csv"}
    here, there = of_faults([other, *[fault] * count], REGIME)[::-1]
    assert here.detail == f"a.csv has {said}tpp is no number"
    assert there.detail == "b.csv has 1 fault: line 3: tpp is no number"


def test_the_break_of_a_file_that_is_wrong_as_a_whole_names_no_column() -> None:
    whole = {"path": "c.csv", "line": None, "column": None, "reason": "no manifest is beside it"}
    assert of_faults([whole], REGIME)[0].detail == "c.csv has 1 fault: no manifest is beside it"
