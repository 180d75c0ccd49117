"""Whatever is changed in what is stored is found, and the first wrong entry named first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import Ledger, Tampered, evidence
from ledger.database import Database
from ledger.tables import ENTRY
from tests.forger import differences, fill, head_on_the_last, rehash, unguarded, unopened
from tests.outside import EVENT, HEAD, by_hand, connected, drop_guards


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


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
    found = differences(url)
    assert (3, "chain") in found
    assert found[0][0] == 3


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


def test_an_entry_changed_and_hashed_anew_breaks_the_chain_after_it(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values(consignee="Khazna"))
        rehash(connection, 3)
    assert differences(url) == [(4, "chain"), (6, "tree")]


def test_a_rest_hashed_anew_no_longer_ends_in_the_head(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 3).values(consignee="Khazna"))
        rehash(connection, 3, 4, 5, 6)
    assert differences(url) == [(6, "head"), (6, "tree")]


def test_an_amount_changed_and_everything_made_anew_disagrees_with_the_balances(url: str) -> None:
    with connected(url) as connection:
        changed = {"tpp": 8, "headroom_after_tpp": 841_672}
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(changed))
        rehash(connection, 6)
        head_on_the_last(connection)
    assert differences(url) == [(None, "balance")] * 2


def test_a_chain_made_anew_still_is_not_the_tree_that_was_committed_to(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(consignee="Khazna"))
        rehash(connection, 6)
        last = sa.select(ENTRY.c.hash).where(ENTRY.c.seq == 6).scalar_subquery()
        connection.execute(sa.update(HEAD).values(hash=last))
    assert differences(url) == [(6, "tree")]


@pytest.mark.parametrize("tree", ["", "[]", "no edge", '["00", "11"]', '{"a": 1}'])
def test_a_head_that_keeps_no_edge_is_found(url: str, tree: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(HEAD).values(tree=tree))
    assert differences(url) == [(6, "tree")]


@pytest.mark.parametrize("column", ["origin", "salt_key"])
def test_another_name_or_salt_key_in_the_head_is_another_tree(url: str, column: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(HEAD).values({column: "ab" * 32}))
    assert differences(url) == [(6, "tree")]


def test_a_head_put_forward_in_time_is_found_though_no_guard_forbids_it(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(HEAD).values(recorded_at="9999-12-31T23:59:59.999990Z"))
    assert differences(url) == [(6, "head")]


@pytest.mark.parametrize("seq", [0, -1, -(2**40)])
def test_an_entry_before_the_first_is_found_though_no_question_reads_it(store_url: str, seq: int) -> None:
    fill(store_url)
    drop_guards(store_url)
    with connected(store_url) as connection:
        row = dict(connection.execute(sa.select(ENTRY).where(ENTRY.c.seq == 3)).mappings().one())
        hidden = {"seq": seq, "request_id": "hidden", "prev_hash": "e" * 64, "hash": "f" * 64}
        connection.execute(sa.insert(ENTRY).values(row | hidden))
    assert [(row["seq"], row["check"]) for row in unopened(store_url).rows()] == [(seq, "order")]


def test_roles_that_are_taken_away_or_come_from_nowhere_are_found(tmp_path: Path) -> None:
    one = unguarded(tmp_path)
    with connected(one) as connection:
        connection.execute(sa.update(HEAD).values(shared=1))
    assert [(row["expected"], row["found"]) for row in unopened(one).rows()] == [
        ("a ledger of one person", "a ledger of people with roles")
    ]
    many = shared(tmp_path)
    with connected(many) as connection:
        connection.execute(sa.update(HEAD).values(shared=0))
    assert [(row["expected"], row["found"]) for row in unopened(many).rows()] == [
        ("a ledger of people with roles", "a ledger of one person")
    ]


@pytest.mark.parametrize("detail", ["no JSON", "[]", "{}", '{"roles": ["king"]}', '{"roles": 1}'])
def test_a_user_whose_event_was_changed_is_not_let_in(tmp_path: Path, detail: str) -> None:
    url = shared(tmp_path)
    with connected(url) as connection:
        connection.execute(sa.update(EVENT).values(detail=detail))
    Database(url, 1).create()  # its guards are back
    with pytest.raises(Tampered, match="was changed"):
        Ledger.open(url, actor="maria").close()


def shared(folder: Path) -> str:
    """The same entries in a ledger of people with roles, the guards taken away."""
    url = f"sqlite:///{folder / 'shared.db'}"
    fill(url)
    with Ledger.open(url, actor="maria") as ledger:
        ledger.share()
    drop_guards(url)
    return url


def remove(*seqs: int) -> Callable[[sa.Connection], object]:
    return lambda connection: connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq.in_(seqs)))


def swap(connection: sa.Connection) -> None:
    """Entries 3 and 4 change places."""
    for old, new in ((3, 30), (4, 3), (30, 4)):
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == old).values(seq=new))


def double(connection: sa.Connection) -> None:
    """The third entry once more, at the end, chained and hashed as it should be, and the head on it."""
    row = dict(connection.execute(sa.select(ENTRY).where(ENTRY.c.seq == 3)).mappings().one())
    last = connection.execute(sa.select(ENTRY.c.hash).where(ENTRY.c.seq == 6)).scalar_one()
    row |= {
        "seq": 7,
        "request_id": "once more",
        "prev_hash": last,
        "recorded_at": "2026-02-01T12:00:00.000099Z",
    }
    connection.execute(sa.insert(ENTRY).values({**row, "hash": by_hand(row)}))
    head_on_the_last(connection)


REARRANGED: dict[str, tuple[Callable[[sa.Connection], object], tuple[int, str]]] = {
    "the first entry removed": (remove(1), (2, "chain")),
    "one in the middle removed": (remove(3), (4, "chain")),
    "the last removed": (remove(6), (5, "head")),
    "one doubled, chain and tree and head made anew": (double, (7, "running")),
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


BEYOND: dict[str, tuple[dict[str, Any], str]] = {
    "another country's quota": ({"quota": "country/SA"}, "quota"),
    "a license below zero with an approver": ({"headroom_after_tpp": -1, "approver": "omar"}, "overdraft"),
    "an overrun below zero without a reason": (
        {"kind": "overrun", "license_no": None, "headroom_after_tpp": -1, "approver": "omar"}, "overdraft",
    ),
}  # fmt: skip
"""What a forger may make of the last entry, hashed anew with all care, that no rule lets pass."""


@pytest.mark.parametrize(("changed", "check"), BEYOND.values(), ids=BEYOND)
def test_an_entry_that_no_rule_lets_pass_is_found_though_it_was_hashed_anew(
    url: str, changed: dict[str, Any], check: str
) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(changed))
        rehash(connection, 6)
        head_on_the_last(connection)
    assert (6, check) in differences(url)


def test_an_overrun_below_zero_that_nobody_approved_is_found_though_it_has_a_reason(url: str) -> None:
    below = {"kind": "overrun", "license_no": None, "headroom_after_tpp": -1, "reason": "left all the same"}
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(below))
        rehash(connection, 6)
        head_on_the_last(connection)
    assert (6, "overdraft") in differences(url)


def test_what_undoes_an_entry_on_another_day_is_found_though_all_was_hashed_anew(url: str) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 5).values(effective_on="2026-01-15"))
        rehash(connection, 5, 6)
        head_on_the_last(connection)
    assert differences(url) == [(5, "reversal")]


@pytest.mark.parametrize("named", [6, 99])
def test_what_undoes_a_later_entry_or_none_is_found_though_all_was_hashed_anew(url: str, named: int) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 5).values(reverses_seq=named))
        rehash(connection, 5, 6)
        head_on_the_last(connection)
    assert (5, "reversal") in differences(url)
