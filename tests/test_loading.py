"""A history that is taken over: its head has to be one that a ledger can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.database import Database
from ledger.errors import Tampered
from ledger.evidence import FIRST_PREV_HASH
from ledger.loading import Loader
from ledger.reference import load
from ledger.submission import FIRST_AT, Head
from tests.outside import connected

HEAD = Head(0, FIRST_PREV_HASH, FIRST_AT, "diffusion-2025", 2, "tppq/here", "5" * 64, 0, "[]")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "two words"},
        {"origin": 'quote"d'},
        {"origin": ""},
        {"salt_key": "5" * 63},
        {"salt_key": "no key at all"},
        {"seq": "0"},
        {"origin": None},
    ],
    ids=str,
)
def test_a_head_that_no_ledger_can_have_is_not_taken_over(wrong: dict[str, Any], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    loader = Loader(Database(url, busy_seconds=1))
    loader.database.create()
    with pytest.raises(Tampered, match=r"the head of the log .*: nothing was written"):
        loader.load(HEAD._replace(**wrong), load().regime(HEAD.regime), [])
    loader.close()
    with connected(url) as connection:
        assert connection.exec_driver_sql("select count(*) from head").scalar() == 0


def test_the_head_of_an_empty_ledger_is_taken_over_as_it_is(tmp_path: Path) -> None:
    loader = Loader(Database(f"sqlite:///{tmp_path / 'tppq.db'}", busy_seconds=1))
    loader.database.create()
    loader.load(HEAD, load().regime(HEAD.regime), [])
    assert loader.head() == HEAD
    loader.close()
