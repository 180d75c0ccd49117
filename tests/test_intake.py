"""What DuckDB is given while others read: all of it, in its order, and nobody waits where it stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Queue

import pyarrow as pa
import pytest

from ledger import Tampered
from ledger.engine import Core
from ledger.intake import Intake
from ledger.lector import ends
from ledger.rehashing import Hashed
from ledger.rereading import Last
from tests.books import REFERENCE, REGIME

TAKING = "core/verify_take.sql"
BODY = (
    '{{"actor":"maria","country":"AE","headroom_after_tpp":1,"kind":"allocate","programme":"country",'
    '"quota":"country/AE","seq":{seq},"tpp":{tpp}}}'
)


@pytest.fixture(name="core")
def _core() -> Iterator[Core]:
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=True)
    core.take(pa.table({"account": pa.array([], pa.string())}), "core/verify_stored.sql")
    yield core
    core.close()


def some(*bodies: bytes, first: int = 1) -> Hashed:
    seqs = range(first, first + len(bodies))
    return Hashed(seqs, b"\n".join(bodies), ends(bodies), b"", Last(), ())


def bodies(first: int, until: int) -> list[bytes]:
    return [BODY.format(seq=seq, tpp=seq).encode() for seq in range(first, until)]


def taken(core: Core) -> list[tuple[int, int]]:
    found = core.ask("select seq, tpp from arrived order by place").to_pylist()
    return [(row["seq"], row["tpp"]) for row in found]


def test_all_that_is_given_is_taken_in_however_much_it_is(core: Core) -> None:
    with Intake(core, TAKING) as intake:
        for first in range(1, 3001, 100):
            intake.give(some(*bodies(first, first + 100), first=first))
        intake.end()
    assert taken(core) == [(seq, seq) for seq in range(1, 3001)]


def test_nothing_given_is_nothing_taken_in(core: Core) -> None:
    with Intake(core, TAKING) as intake:
        intake.end()
    assert taken(core) == []


def test_what_is_not_utf8_is_tampering_and_what_came_before_is_taken_in(core: Core) -> None:
    with Intake(core, TAKING) as intake:
        intake.give(some(*bodies(1, 3)))
        with pytest.raises(Tampered, match="holds bytes that are not UTF-8 text") as caught:
            intake.give(some(b'{"actor":"\xff"}', first=3))
        intake.end()
    assert caught.value.facts["seq"] == 3
    assert taken(core) == [(1, 1), (2, 2)]


def test_what_is_not_json_is_tampering_and_whoever_gives_more_does_not_wait(core: Core) -> None:
    with Intake(core, TAKING) as intake:
        intake.give(some(b'{"tpp":'))
        for first in range(2, 101):
            intake.give(some(*bodies(first, first + 1), first=first))
        with pytest.raises(Tampered, match="an entry holds what no entry can"):
            intake.end()


def test_whoever_gives_does_not_wait_for_a_script_that_takes_nothing(core: Core) -> None:
    with Intake(core, "core/verify_groups.sql") as intake:
        for first in range(1, 101):
            intake.give(some(*bodies(first, first + 1), first=first))
        intake.end()
    assert taken(core) == []


def test_whoever_gives_and_fails_does_not_wait_either(core: Core) -> None:
    def fails(intake: Intake) -> None:
        with intake:
            intake.give(some(*bodies(1, 3)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails(Intake(core, TAKING))
    assert taken(core) == [(1, 1), (2, 2)]


class Interrupted(BaseException):
    """What a signal raises, wherever the process is."""


def test_an_interrupt_while_it_is_ended_leaves_nobody_waiting(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, coming = Queue.put, [Interrupted]

    def interrupted(queue: Queue[object], item: object) -> None:
        if item is None and coming:
            raise coming.pop()
        put(queue, item)

    monkeypatch.setattr(Queue, "put", interrupted)

    def given() -> None:
        with Intake(core, TAKING) as intake:
            intake.give(some(*bodies(1, 3)))
            intake.end()

    with pytest.raises(Interrupted):
        given()
    assert taken(core) == [(1, 1), (2, 2)]


def test_nobody_waits_before_anything_is_given(core: Core) -> None:
    running = threading.active_count()
    Intake(core, TAKING)
    assert threading.active_count() == running
