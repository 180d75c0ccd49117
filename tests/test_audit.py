"""The audit trail of a ledger: who did what, and that a read which cannot be recorded is no read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import BadQuery, Ledger, NotPermitted, OverHeadroom, Tampered
from tests import evidence
from tests.clock import Clock
from tests.outside import EVENT, connected, contents, count
from tests.postgres import Postgres
from tests.shared import DAY, at, create, entry


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock(DAY)


def test_the_trail_tells_of_users_denials_refusals_and_copies(
    store_url: str, tmp_path: Path, clock: Clock
) -> None:
    url = create(store_url, clock)
    clock.set("2026-02-02")
    with at(url, "omar", clock) as omar, at(url, "ines", clock) as ines:
        with pytest.raises(OverHeadroom):
            omar.post(entry("license", "AE", 5_000, license_no="L1"), request_id="application-1")
        with pytest.raises(NotPermitted):
            omar.audit()
        ines.export(tmp_path / "log.jsonl")
        rows = ines.audit().rows()
    assert [(row["who"], row["what"], row["subject"], row["outcome"]) for row in rows[:2]] == [
        ("root", "person", "root", "added"),
        ("root", "person", "maria", "added"),
    ]
    last = {(row["who"], row["what"], row["subject"], row["outcome"]) for row in rows[-3:]}
    assert last == {
        ("omar", "post", "application-1", "refused"),
        ("omar", "audit", "", "denied"),
        ("ines", "export", "", "done"),
    }


def test_it_can_be_asked_from_a_day_on_and_about_one_person(tmp_path: Path, clock: Clock) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", clock)
    clock.set("2026-02-05")
    with at(url, "root", clock) as root:
        root.add_user("lea")
    with at(url, "ines", clock) as ines:
        (row,) = ines.audit(from_day="2026-02-05").rows()
        assert (row["subject"], row["detail"]) == ("lea", '{"roles":["viewer"]}')
        assert {row["who"] for row in ines.audit(who="ROOT")} == {"root"}
        assert ines.audit(who="nobody").rows() == []
        with pytest.raises(BadQuery, match="'yesterday' is not a day"):
            ines.audit(from_day="yesterday")


def test_a_ledger_of_one_person_has_a_trail_too(tmp_path: Path, clock: Clock) -> None:
    with Ledger.init(
        f"sqlite:///{tmp_path / 'tppq.db'}", opening=False, actor="maria", clock=clock
    ) as ledger:
        assert ledger.audit().rows() == []
        assert ledger._record_read("sql", {"query": "from headroom()"}) is None  # noqa: SLF001  # as sql does
        (row,) = ledger.audit().rows()
    assert (row["who"], row["what"], row["outcome"]) == ("maria", "sql", "done")
    assert row["detail"] == '{"query":"from headroom()"}'


def test_where_nothing_can_be_written_one_persons_ledger_is_read_with_a_remark(
    postgres: Postgres, clock: Clock
) -> None:
    url = postgres.create()
    Ledger.init(url, opening=False, clock=clock).close()
    with connected(url) as owner:
        owner.exec_driver_sql("create role looker login")
        owner.exec_driver_sql("grant select on all tables in schema public to looker")
    before = contents(url)
    with Ledger.open(url.replace("postgres@", "looker@"), clock=clock) as ledger:
        remark = ledger._record_read("sql", {})  # noqa: SLF001  # as sql does
    assert remark is not None
    assert remark.startswith("It could not be recorded that this was read (this user may not do that to ")
    assert contents(url) == before
    postgres.drop(url)


def test_where_nothing_can_be_written_a_shared_ledger_gives_no_copy(
    postgres: Postgres, tmp_path: Path, clock: Clock
) -> None:
    url = postgres.create()
    create(url, clock)
    with connected(url) as owner:
        owner.exec_driver_sql("create role asker login in role tppq_reader")
    with at(url.replace("postgres@", "asker@"), "ines", clock) as ines:
        assert len(ines.headroom()) == 2
        with pytest.raises(NotPermitted, match="permission denied"):
            ines.export(tmp_path / "log.jsonl")
    assert not (tmp_path / "log.jsonl").exists()
    postgres.drop(url)


def test_copies_of_a_shared_ledger_take_a_role_and_leave_a_trace(tmp_path: Path, clock: Clock) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", clock)
    with at(url, "maria", clock) as maria:
        with pytest.raises(NotPermitted, match="does not include: export; it takes auditor"):
            maria.export(tmp_path / "log.jsonl")
        with pytest.raises(NotPermitted, match="does not include: db; it takes admin"):
            maria.backup(tmp_path / "backup.db")
    with at(url, "root", clock) as root:
        root.backup(tmp_path / "backup.db")
    with at(url, "ines", clock) as ines:
        told = [(row["who"], row["what"], row["outcome"]) for row in ines.audit().rows()[-3:]]
    assert told == [("maria", "export", "denied"), ("maria", "db", "denied"), ("root", "backup", "done")]


def test_two_exports_of_an_unchanged_ledger_of_one_person_are_alike(tmp_path: Path, clock: Clock) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False, clock=clock) as ledger:
        ledger.export(one)
        ledger.export(other)
        assert ledger.audit().rows() == []
    assert one.read_bytes() == other.read_bytes()


def test_one_persons_ledger_that_must_not_be_written_to_is_asked_and_copied_with_a_remark(
    tmp_path: Path, clock: Clock
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    kept = tmp_path / "kept"
    with Ledger.init(url, opening=False, actor="maria", clock=clock) as ledger:
        older = evidence.copied(url, tmp_path / "older")
        ledger.post(entry("allocate", "AE", 5))
        ledger.checkpoint(evidence.signer_of(ledger, tmp_path), keep=[kept])
    before = contents(older)
    with Ledger.open(older, actor="maria", clock=clock, checkpoint=kept) as ledger:
        answer = ledger.sandboxed_sql("select 1 as one")
        published = ledger.publish(tmp_path / "published")
    assert answer.rows() == [{"one": 1}]
    why = "It could not be recorded that this was read (this store ends at entry 0, and "
    assert answer.basis["notes"][0].startswith(why)
    assert (published.remark or "").startswith(why)
    assert contents(older) == before


def test_a_shared_ledger_that_must_not_be_written_to_is_asked_and_gives_no_copy(
    tmp_path: Path, clock: Clock
) -> None:
    """Else a checkpoint that does not fit, which anybody may name, would be a way to leave no trace."""
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", clock)
    with at(url, "ines", clock) as ines:
        signer, kept = evidence.signer_of(ines, tmp_path), tmp_path / "kept"
        older = evidence.copied(url, tmp_path / "older")
        with at(url, "maria", clock) as maria:
            maria.post(entry("license", "AE", 5, license_no="L1"))
        ines.checkpoint(signer, keep=[kept])
    before = contents(older)
    said = "that it was asked must be recorded in a shared ledger, and cannot be: this store ends at entry 2"
    with Ledger.open(older, actor="ines", clock=clock, checkpoint=kept) as ines:
        assert len(ines.headroom()) == 2
        with pytest.raises(Tampered, match=f"sql: {said}"):
            ines.sandboxed_sql("from headroom()")
        with pytest.raises(Tampered, match=f"sql: {said}"):
            ines.sql("from headroom()")
        with pytest.raises(Tampered, match=f"publish: {said}"):
            ines.publish(tmp_path / "published")
    refused = pytest.raises(NotPermitted, match="vera is viewer in this ledger")
    with Ledger.open(older, actor="vera", clock=clock, checkpoint=kept) as vera, refused:
        vera.audit()
    with pytest.raises(NotPermitted, match="mallory is no user of this ledger"):
        Ledger.open(older, actor="mallory", clock=clock, checkpoint=kept)
    assert contents(older) == before


def test_what_a_program_asks_of_a_shared_ledger_in_sql_is_in_the_trail_as_what_people_ask(
    store_url: str, clock: Clock
) -> None:
    url, query = create(store_url, clock), "select country from headroom()"
    with at(url, "vera", clock) as vera:
        assert vera.sql(query).rows() == vera.sandboxed_sql(query).rows()
    with at(url, "ines", clock) as ines:
        one, other = ines.audit(who="vera").rows()
    assert (one["who"], one["what"], one["outcome"]) == ("vera", "sql", "done")
    assert one["detail"] == other["detail"] == f'{{"query":"{query}","rows":2,"seq":2}}'


def test_what_a_program_of_one_person_asks_leaves_no_trace(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.init(url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.sql("from headroom()")
    assert count(url, EVENT) == 0
