"""A store that is put back to an earlier time under a process that had read on: a failover, a restore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ledger import Ledger
from ledger.errors import Tampered
from ledger.tables import ENTRY
from tests.clock import Clock
from tests.outside import BALANCE, HEAD, connected, contents, drop_guards
from tests.shared import entry
from tests.small import fill


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    with fill(store_url) as ledger:
        yield ledger


def licensed(ledger: Ledger, *numbers: int) -> None:
    for number in numbers:
        ledger.post(entry("license", "AE", 1_000 * number, license_no=f"LATE-{number}"))


def put_back(url: str, last: int, *, balances: list[dict[str, object]], head: dict[str, object]) -> None:
    """Take away the entries after one, as a standby that never had them."""
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq > last))
        connection.execute(sa.delete(BALANCE))
        connection.execute(sa.insert(BALANCE), balances)
        connection.execute(sa.update(HEAD).values(**head))


@pytest.mark.parametrize("since", [(), (7,), (7, 8), (7, 8, 9)])
@pytest.mark.parametrize("query", ["headroom", "statement"])
def test_a_process_that_had_read_on_says_so_once_and_then_answers_as_it_is(
    small: Ledger, store_url: str, since: tuple[int, ...], query: str
) -> None:
    def asked(ledger: Ledger) -> list[dict[str, object]]:
        return (ledger.headroom() if query == "headroom" else ledger.statement("AE")).rows()

    then = contents(store_url, BALANCE, HEAD)
    last = then["head"][0]["seq"]
    licensed(small, 1, 2)
    asked(small)
    put_back(store_url, last, balances=then["balance"], head=then["head"][0])
    with Ledger.init(store_url, opening=False, actor="omar", clock=Clock("2026-03-01")) as other:
        licensed(other, *since)
        with pytest.raises(Tampered, match=f"entry {last + 2} was there and is no longer, or is another one"):
            asked(small)
        assert asked(small) == asked(other)
