"""Found = planted: a night from a seed, and a night like this again in which nothing is left to find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import Ledger
from tests.clock import Clock
from tests.night import Night
from tests.sample_recon import AS_OF, SEED, post, write_night


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The ledger of the sample, as it stands on the day of the night."""
    url = f"sqlite:///{tmp_path_factory.mktemp('found') / 'tppq.db'}"
    with Ledger.init(url, actor="maria", clock=Clock(AS_OF.isoformat())) as opened:
        post(opened)
        yield opened


@pytest.mark.parametrize("seed", [SEED, 7])
def test_what_was_planted_is_what_is_found(ledger: Ledger, tmp_path: Path, seed: int) -> None:
    night = write_night(tmp_path / "night", ledger, seed)
    answer = ledger.reconcile(night.folder, dry_run=True)
    found = {(row["code"], row["key"]): row["at_stake_tpp"] for row in answer.rows()}
    assert found == {(code, key): tpp for code, key, tpp in night.planted}
    assert len(found) == len(answer)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_is_compared_alike(store_url: str, tmp_path: Path) -> None:
    """Found, worked on and cleared, as on SQLite."""
    night = Night(store_url)
    with night.ledger as ledger:
        night.quota("AE")
        night.license("L1", "AE")
        night.export("X1/1", "L1", 100)
        night.declared["X1/1"]["quantity"] = night.shipped["X1/1"]["quantity"] = 90
        (row,) = ledger.reconcile(night.write(tmp_path / "feeds"), out=tmp_path / "out").rows()
        assert (row["code"], row["key"]) == ("QUANTITY", "X1/1")
        ledger.break_propose(row["break"])
        with Ledger.open(store_url, actor="omar", clock=night.clock) as other:
            other.break_confirm(row["break"])
        assert [each["change"] for each in ledger.reconcile(tmp_path / "feeds")] == ["cleared"]


def test_feeds_that_agree_leave_only_the_ledgers_own_mistakes(ledger: Ledger, tmp_path: Path) -> None:
    night = write_night(tmp_path / "night", ledger, SEED, breaks=())
    found = {(row["code"], row["key"]) for row in ledger.reconcile(night.folder, dry_run=True)}
    assert found == {(code, key) for code, key, _ in night.planted}
    assert {code for code, _ in found} == {
        "DUPLICATE", "CUMULATIVE_AS_DELTA", "ROLLUP", "UNLICENSED_EXPORT"
    }  # fmt: skip


def test_a_replay_of_the_night_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    night = write_night(tmp_path / "night", ledger)
    first = ledger.reconcile(night.folder)
    before = ledger._store.read("head"), len(ledger._store.events("break"))  # noqa: SLF001  # what no verb shows
    again = ledger.reconcile(night.folder)
    assert first.basis["recorded"]
    assert not again.basis["recorded"]
    assert again.rows() == first.rows()
    assert again.basis["run"] == first.basis["run"]
    assert (ledger._store.read("head"), len(ledger._store.events("break"))) == before  # noqa: SLF001
