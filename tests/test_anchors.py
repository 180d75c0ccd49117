"""The log of events is a chain of its own, and what was signed holds the rest: above all, kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import Ledger, Refused, anchors, kept
from ledger.tables import ENTRY, EVENT
from tests.clock import Clock
from tests.evidence import DAY, begun, copied, entry, opened, post, rechained, signer_of, told
from tests.forger import differences, head_on_the_last, record, rehash, rows, unguarded
from tests.outside import BALANCE, connected, drop_guards
from tests.transcripts import typed


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


EVENTS: dict[str, Any] = {
    "recorded_at": "2026-02-01T12:00:00.000099Z", "actor": "eve", "topic": "break", "subject": "eve",
    "action": "approved", "detail": '{"size":5}', "prev_hash": "f" * 64, "hash": "f" * 64,
}  # fmt: skip


@pytest.mark.parametrize("column", EVENTS)
def test_a_changed_event_is_found_and_named(url: str, column: str) -> None:
    record(url, "first", "second", "third")
    with connected(url) as connection:
        connection.execute(sa.update(EVENT).where(EVENT.c.seq == 2).values({column: EVENTS[column]}))
    found = rows(url)
    assert {row["check"] for row in found} == {"event"}
    assert "event 2" in found[0]["expected"]


@pytest.mark.parametrize(("seq", "first"), [(1, "event 1, after"), (2, "event 2, after")])
def test_a_removed_event_is_found(url: str, seq: int, first: str) -> None:
    record(url, "first", "second", "third")
    with connected(url) as connection:
        connection.execute(sa.delete(EVENT).where(EVENT.c.seq == seq))
    assert rows(url)[0]["expected"].startswith(first)


def hashed_anew(url: str, seq: int, **values: object) -> None:
    with connected(url) as connection:
        rechained(connection, seq, **values)


def test_an_event_that_was_changed_and_hashed_anew_is_found_by_the_next(url: str) -> None:
    record(url, "first", "second", "third")
    with connected(url) as connection:
        kept_as = connection.execute(sa.select(EVENT.c.hash).order_by(EVENT.c.seq)).scalars().all()
    hashed_anew(url, 2, actor="eve")
    with connected(url) as connection:
        third = {"prev_hash": kept_as[1], "hash": kept_as[2]}
        connection.execute(sa.update(EVENT).where(EVENT.c.seq == 3).values(third))
    assert [(row["check"], row["expected"][:17]) for row in rows(url)] == [("event", "event 3 continues")]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-02-01T12:00:00.000000Z", "event 2, after 2026-02-01T12:00:00.000000Z"),  # that of the first
        ("2026-01-31T12:00:00.000001Z", "event 2, after 2026-02-01T12:00:00.000000Z"),
        ("2026-02-01T12:00:00.00000150Z", "event 2, at an instant"),
    ],
)
def test_an_event_is_recorded_at_an_instant_after_the_one_before(url: str, at: str, said: str) -> None:
    record(url, "first", "second")
    hashed_anew(url, 2, recorded_at=at)
    assert [(row["check"], row["expected"]) for row in rows(url)] == [("event", said)]


def test_where_a_history_first_differs_is_after_the_last_checkpoint_that_still_holds(
    url: str, tmp_path: Path
) -> None:
    Ledger.init(url, opening=False).close()
    with Ledger.open(url, actor="maria", clock=Clock(DAY)) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer)
        for first in (3, 4):
            post(ledger, 1, first=first)
            ledger.checkpoint(signer)
        origin = signer.verifier.name
        found = ledger.verify(anchors.Outside(origin, 7, bytes(32), "elsewhere")).rows()
        assert found[0]["found"].endswith("the first that differs is one of entries 7 to 7")
        assert found[1]["found"] == "none: the log of events was cut, or made anew"
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 7).values(consignee="Khazna"))
        rehash(connection, 7, 8)
        head_on_the_last(connection)
    where = [row["found"].rpartition(" is ")[2] for row in rows(url) if row["check"] == "checkpoint"]
    assert where == ["one of entries 7 to 7", "one of entries 7 to 8"]


def test_a_tail_cut_together_with_all_that_stands_on_it_shows_only_against_a_checkpoint_kept_elsewhere(
    url: str, tmp_path: Path
) -> None:
    with Ledger.init(url, opening=False) as ledger:
        ledger.checkpoint(signer_of(ledger, tmp_path), keep=[tmp_path / "kept"])
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.delete(ENTRY).where(ENTRY.c.seq == 6))
        connection.execute(sa.delete(EVENT))
        connection.execute(sa.delete(BALANCE).where(BALANCE.c.license_no == "L2"))
        own = sa.update(BALANCE).where(BALANCE.c.license_no == "")
        connection.execute(own.values(headroom_tpp=BALANCE.c.headroom_tpp + 7))
        head_on_the_last(connection)
    assert differences(url) == []
    with Ledger.open(url) as ledger:
        found = ledger.verify(kept.outside(tmp_path / "kept")).rows()
        with pytest.raises(Refused):
            ledger.post(entry("export", 7, license_no="L2"))
    assert [(row["seq"], row["check"], row["found"]) for row in found] == [
        (5, "checkpoint", "5 entries: the tail was cut"),
        (None, "event", "none: the log of events was cut, or made anew"),
    ]


def test_a_history_made_anew_as_a_whole_shows_against_a_checkpoint_and_tiles_name_the_entry(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'store' / 'tppq.db'}"
    with Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:
        ledger.post(entry("allocate", 1_000), request_id="cap")
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer)
        post(ledger, 4)
    fork = copied(url, tmp_path / "fork")  # an older copy goes its own way
    with Ledger.open(url, clock=Clock(DAY)) as ledger:
        post(ledger, 4, first=5)
        ledger.checkpoint(signer, keep=[tmp_path / "kept"], folder=tmp_path / "tiles")
    with Ledger.open(fork, clock=Clock(DAY)) as ledger:
        post(ledger, 5, first=5, consignee="Khazna")
        assert ledger.verify().rows() == []
        against_file = ledger.verify(kept.outside(tmp_path / "kept", signer.verifier)).rows()
        against_tiles = ledger.verify(kept.outside(tmp_path / "tiles", signer.verifier)).rows()
    assert [(row["seq"], row["check"]) for row in against_file] == [(9, "checkpoint"), (None, "event")]
    assert against_file[0]["found"].endswith("the first that differs is one of entries 2 to 9")
    assert [(row["seq"], row["check"]) for row in against_tiles] == [(6, "checkpoint"), (None, "event")]
    assert against_tiles[0]["expected"] == f"entry 6 as it was when {tmp_path / 'tiles'} was written"
    with Ledger.open(url) as ledger:
        assert ledger.verify(kept.outside(tmp_path / "tiles")).rows() == []


def test_a_checkpoint_recorded_in_the_ledger_must_lie_on_its_tree(url: str, tmp_path: Path) -> None:
    with Ledger.init(url, opening=False) as ledger:
        ledger.checkpoint(signer_of(ledger, tmp_path))
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(consignee="Khazna"))
        rehash(connection, 6)
        head_on_the_last(connection)
    assert differences(url) == [(6, "checkpoint")]


def test_the_checkpoint_of_another_ledger_is_none_of_this_one(url: str, tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'other.db'}", opening=False) as other:
        other.checkpoint(signer_of(other, tmp_path), keep=[tmp_path / "kept"])
    Ledger.init(url, opening=False).close()
    with Ledger.open(url) as ledger:
        (row,) = ledger.verify(kept.outside(tmp_path / "kept")).rows()
    assert row["check"] == "checkpoint"
    assert row["found"].endswith("another one")


# ------------------------------------------------------------------------------------- events, as signed


def signed_with_events(url: str, folder: Path) -> Path:
    """A ledger of three events and its checkpoint, which is the fourth; where that is kept."""
    begun(url).close()
    told(url, "first", "second", "third")
    with opened(url) as ledger:
        ledger.checkpoint(signer_of(ledger, folder), keep=[folder / "kept"])
    drop_guards(url)
    return folder / "kept"


def hash_of(url: str, seq: int) -> str:
    with connected(url) as connection:
        return str(connection.execute(sa.select(EVENT.c.hash).where(EVENT.c.seq == seq)).scalar_one())


def against(url: str, file: Path) -> list[tuple[str, str]]:
    """What verify expected of the events and found, with a checkpoint kept elsewhere."""
    Ledger.init(url, opening=False).close()
    with Ledger.open(url) as ledger:
        found = ledger.verify(kept.outside(file)).rows()
    assert {(row["seq"], row["check"]) for row in found} <= {(None, "event")}
    return [(row["expected"], row["found"]) for row in found]


def test_events_that_stand_as_they_were_signed_are_intact(store_url: str, tmp_path: Path) -> None:
    file = signed_with_events(store_url, tmp_path)
    assert file.read_text().split("\n")[3] == f"events 3 {hash_of(store_url, 3)}"
    assert against(store_url, file) == []
    told(store_url, "fourth")
    assert against(store_url, file) == []


def test_events_that_were_all_hashed_anew_show_against_what_was_signed(
    store_url: str, tmp_path: Path
) -> None:
    file = signed_with_events(store_url, tmp_path)
    signed = hash_of(store_url, 3)
    hashed_anew(store_url, 2, actor="eve")
    at = rows(store_url)[0]["expected"].partition(", as recorded at ")[2]
    found = f"event 3 {hash_of(store_url, 3)}"
    assert against(store_url, file) == [
        (f"event 3 {signed}, as recorded at {at}", found),
        (f"event 3 {signed}, as signed ({file})", found),
    ]


def test_records_of_checkpoints_that_were_made_anew_too_show_against_the_one_kept_elsewhere_alone(
    store_url: str, tmp_path: Path
) -> None:
    file = signed_with_events(store_url, tmp_path)
    signed = hash_of(store_url, 3)
    hashed_anew(store_url, 2, actor="eve")
    with connected(store_url) as connection:
        detail = connection.execute(sa.select(EVENT.c.detail).where(EVENT.c.seq == 4)).scalar_one()
    hashed_anew(store_url, 4, detail=detail.replace(signed, hash_of(store_url, 3)))
    assert differences(store_url) == []
    drop_guards(store_url)
    assert against(store_url, file) == [
        (f"event 3 {signed}, as signed ({file})", f"event 3 {hash_of(store_url, 3)}"),
        (
            f"a record of the checkpoint of 6 entries ({file})",
            "none: the log of events was cut, or made anew",
        ),
    ]


def test_a_log_of_events_that_was_cut_shows_against_what_was_signed(store_url: str, tmp_path: Path) -> None:
    file = signed_with_events(store_url, tmp_path)
    signed = hash_of(store_url, 3)
    with connected(store_url) as connection:
        connection.execute(sa.delete(EVENT).where(EVENT.c.seq >= 3))
    assert differences(store_url) == []
    assert against(store_url, file)[0] == (
        f"event 3 {signed}, as signed ({file})", "2 events: the log was cut"
    )  # fmt: skip


def test_an_event_that_was_signed_and_is_missing_in_the_middle_is_gone(
    store_url: str, tmp_path: Path
) -> None:
    file = signed_with_events(store_url, tmp_path)
    signed = hash_of(store_url, 3)
    with connected(store_url) as connection:
        connection.execute(sa.delete(EVENT).where(EVENT.c.seq == 3))
    assert (f"event 3 {signed}, as signed ({file})", "event 3 is gone") in against(store_url, file)


def test_a_screen_says_that_events_are_not_as_they_were_signed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store' / 'tppq.db'}"
    file = signed_with_events(url, tmp_path)
    hashed_anew(url, 2, actor="eve")
    Ledger.init(url, opening=False).close()
    status, out, _ = typed(["verify", "--ledger", url, "--checkpoint", str(file)])
    assert status == 1
    assert f"as signed in {file}: NO, see event" in out
