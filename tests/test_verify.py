"""What verify finds: any change to what is stored, the first wrong entry named first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import Entry, Ledger, Refused, evidence
from ledger.tables import ENTRY
from tests.clock import Clock
from tests.outside import BALANCE, HEAD, by_hand, connected, drop_guards

DAY = "2026-02-01"


def entry(kind: str, tpp: int, **more: object) -> Entry:
    return Entry.model_validate({"kind": kind, "country": "AE", "effective_on": DAY, "tpp": tpp, **more})


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    """Six entries on SQLite, the guards taken away: what the owner of a file can do to it."""
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    fill(url)
    drop_guards(url)
    return url


def fill(url: str) -> None:
    with Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:
        device = {"device_id": "nvidia-h100-sxm5-80gb", "quantity": 10}
        ledger.post(entry("allocate", 1_000_000), request_id="one")
        ledger.post(
            entry(
                "license",
                158_320,
                license_no="L1",
                consignee="G42",
                exporter="Acme",
                reference="D1",
                **device,
            ),
            request_id="two",
        )
        ledger.post(
            entry("export", 15_832, license_no="L1", reason="part", **{**device, "quantity": 1}),
            entry("block", 500, reason="inquiry"),
            request_id="three",
            approver="omar",
        )
        ledger.reverse(4, "lifted", request_id="four")
        ledger.post(entry("license", 7, license_no="L2"), request_id="five")


def differences(url: str) -> list[tuple[int | None, str]]:
    """(seq, check) of everything that verify finds, without asking whether the guards are there."""
    Ledger.init(url, opening=False).close()
    with Ledger.open(url) as ledger:
        return [(row["seq"], row["check"]) for row in ledger.verify().rows()]


def test_an_untouched_ledger_verifies(url: str) -> None:
    assert differences(url) == []


OTHER: dict[str, Any] = {
    "kind": "overrun", "country": "SA", "effective_on": "2026-02-02", "license_no": "L9",
    "device_id": "amd-mi300x", "quantity": 2, "expires_on": "2026-03-01",
    "consignee": "Khazna", "exporter": "Other", "reference": "D2",
    "reason": "another", "programme": "nveu", "reverses_seq": 1,
    "recorded_at": "2026-02-01T12:00:00.000099Z",
    "request_id": "other", "request_part": 7, "body_hash": "f" * 64, "group_id": "other",
    "regime": "uae-2026",
    "quota": "country/SA", "holder": "SA", "tpp": 15_833, "actor": "eve", "approver": "eva",
    "headroom_after_tpp": 841_681, "hash_v": 2, "prev_hash": "f" * 64, "hash": "f" * 64,
}  # fmt: skip
"""Another value for each column but seq, of a sort that an entry may have."""


def test_there_is_another_value_for_every_column() -> None:
    assert set(OTHER) == set(evidence.COLUMNS) - {"seq"}


@pytest.mark.parametrize("column", OTHER)
def test_a_changed_column_is_found_and_its_entry_named_first(url: str, column: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values({column: OTHER[column]}))
    assert (3, "chain") in differences(url)
    assert differences(url)[0][0] == 3


NO_VALUE: list[tuple[str, Any]] = [
    ("kind", "gift"), ("country", "ZZ"), ("country", ""), ("effective_on", "soon"),
    ("effective_on", "2026-02-30"), ("expires_on", "never"), ("recorded_at", "yesterday"),
    ("programme", "none"), ("tpp", 0), ("tpp", -15_832), ("tpp", 2**63 - 1),
    ("headroom_after_tpp", -(2**63)), ("reason", "a\tb"), ("reference", "nul\0byte"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), NO_VALUE)
def test_a_value_that_no_entry_can_have_is_found_too(url: str, column: str, value: object) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql("pragma ignore_check_constraints = on")
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values({column: value}))
    assert differences(url)[0] == (3, "chain")


def rehash(connection: sa.Connection, *seqs: int) -> None:
    """What a forger does who knows how hashes are made: hash these entries anew, each onto the one before."""
    for seq in seqs:
        rows = (
            connection.execute(sa.select(ENTRY).where(ENTRY.c.seq <= seq).order_by(ENTRY.c.seq))
            .mappings()
            .all()
        )
        row = {**rows[-1], "prev_hash": rows[-2]["hash"]}
        where = sa.update(ENTRY).where(ENTRY.c.seq == seq)
        connection.execute(where.values(prev_hash=row["prev_hash"], hash=by_hand(row)))


def test_an_entry_changed_and_hashed_anew_breaks_the_chain_after_it(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values(consignee="Khazna"))
        rehash(connection, 3)
    assert differences(url) == [(4, "chain")]


def test_a_rest_hashed_anew_no_longer_ends_in_the_head(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values(consignee="Khazna"))
        rehash(connection, 3, 4, 5, 6)
    assert differences(url) == [(6, "head")]


def test_an_amount_changed_and_everything_hashed_anew_disagrees_with_the_balances(url: str) -> None:
    with connected(url) as connection:
        changed = {"tpp": 8, "headroom_after_tpp": 841_672}
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(changed))
        rehash(connection, 6)
        connection.execute(
            sa.update(HEAD).values(hash=sa.select(ENTRY.c.hash).where(ENTRY.c.seq == 6).scalar_subquery())
        )
    assert differences(url) == [(None, "balance")] * 2


def remove(*seqs: int) -> Callable[[sa.Connection], object]:
    return lambda connection: connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq.in_(seqs)))


def swap(connection: sa.Connection) -> None:
    """Entries 3 and 4 change places."""
    for old, new in ((3, 30), (4, 3), (30, 4)):
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == old).values(seq=new))


REARRANGED: dict[str, tuple[Callable[[sa.Connection], object], tuple[int, str]]] = {
    "the first entry removed": (remove(1), (2, "chain")),
    "one in the middle removed": (remove(3), (4, "chain")),
    "the last removed": (remove(6), (5, "head")),
    "all removed": (remove(1, 2, 3, 4, 5, 6), (0, "head")),
    "two swapped": (swap, (3, "chain")),
    "one moved to the end": (
        lambda connection: connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values(seq=7)),
        (4, "chain"),
    ),
}


@pytest.mark.parametrize(("change", "first"), REARRANGED.values(), ids=REARRANGED)
def test_entries_removed_or_rearranged_are_found(
    url: str, change: Callable[[sa.Connection], object], first: tuple[int, str]
) -> None:
    with connected(url) as connection:
        change(connection)
    assert differences(url)[0] == first


def test_a_changed_balance_is_found_on_both_databases(store_url: str) -> None:
    fill(store_url)
    with connected(store_url) as connection:
        first = sa.update(BALANCE).where(BALANCE.c.license_no == "L1")
        connection.execute(first.values(exported_tpp=15_831))
    with Ledger.open(store_url) as ledger:
        assert ledger.verify().rows() == [
            {
                "seq": None,
                "check": "balance",
                "expected": "country/AE L1 exported 15832",
                "found": "country/AE L1 exported 15831 (store)",
            }
        ]


def test_a_tail_cut_together_with_its_balances_shows_only_against_a_head_kept_elsewhere(url: str) -> None:
    with Ledger.init(url, opening=False) as ledger:
        kept_elsewhere = ledger.headroom().basis["head_hash"]
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq == 6))
        connection.execute(sa.delete(BALANCE).where(BALANCE.c.license_no == "L2"))
        connection.execute(
            sa.update(BALANCE)
            .where(BALANCE.c.license_no == "")
            .values(headroom_tpp=BALANCE.c.headroom_tpp + 7)
        )
        last = sa.select(ENTRY.c.hash).where(ENTRY.c.seq == 5).scalar_subquery()
        connection.execute(sa.update(HEAD).values(seq=5, hash=last))
    assert differences(url) == []
    with Ledger.open(url) as ledger:
        assert ledger.headroom().basis["head_hash"] != kept_elsewhere
        with pytest.raises(Refused):
            ledger.post(entry("export", 7, license_no="L2"))


def test_a_past_day_that_a_back_dated_entry_breached_is_a_note_and_no_difference(store_url: str) -> None:
    clock = Clock("2026-01-10")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", 1_000, effective_on="2026-01-01"))
        ledger.post(entry("block", 900, effective_on="2026-01-02", reason="inquiry"))
        clock.set("2026-02-10")
        ledger.post(entry("unblock", 900, effective_on="2026-02-01"))
        assert ledger.verify().basis["notes"] == []
        ledger.post(entry("license", 700, effective_on="2026-01-05", license_no="L1"))
        answer = ledger.verify()
    assert answer.rows() == []
    assert answer.basis["checked"] == {"entries": 4, "accounts": 2}
    assert answer.basis["notes"] == [
        "AE 2026-01-05: headroom by effective day was -600 TPP, breached by the back-dated entry 4"
    ]
