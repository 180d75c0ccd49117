"""Questions of the core on a small ledger: each is a file, and so is its expected answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger import Answer, Ledger
from tests.clock import Clock
from tests.scenario import play

FOLDER = Path(__file__).parent / "core"
QUESTIONS = sorted(FOLDER.glob("*.sql"))


@pytest.fixture(scope="module", name="small")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The ledger of tests/core/ledger.txt."""
    clock = Clock("2025-01-01")
    url = f"sqlite:///{tmp_path_factory.mktemp('core') / 'tppq.db'}"
    written = (FOLDER / "ledger.txt").read_text(encoding="utf-8")
    with Ledger.init(url, opening=False, actor="maria", clock=clock) as ledger:
        assert play(written, ledger, clock) == written
        yield ledger


def as_csv(answer: Answer) -> str:
    """The answer as text, every figure in full; what is null is empty."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(answer.table.column_names)
    lines.writerows(row.values() for row in answer)
    return text.getvalue()


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_has_the_answer_beside_it(
    path: Path, small: Ledger, golden: Callable[[Path, str], None]
) -> None:
    golden(path.with_suffix(".csv"), as_csv(small.sql(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_says_what_one_row_is(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("-- One row ")


def test_every_answer_belongs_to_a_question() -> None:
    assert {path.stem for path in FOLDER.glob("*.csv")} == {path.stem for path in QUESTIONS}


def test_the_small_ledger_is_in_order(small: Ledger) -> None:
    answer = small.verify()
    assert answer.rows() == []
    assert answer.basis["checked"] == {"entries": 24, "accounts": 13}


def test_a_whole_number_stays_one_on_its_way_out(small: Ledger) -> None:
    answer = small.headroom("SA")
    assert [str(kind) for kind in answer.df().dtypes.filter(like="_tpp")] == ["int64[pyarrow]"] * 5
    assert {str(field.type) for field in answer.arrow().schema if field.name.endswith("_tpp")} == {"int64"}
    assert answer.df()["headroom_tpp"].tolist() == [0]
