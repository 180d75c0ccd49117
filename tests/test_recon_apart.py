"""Breaks of one code about one thing: each is told, has a name of its own, and keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ledger.recon_breaks import Standings, fingerprint, fold
from ledger.recon_changes import changes, names, told_apart
from tests.night import H100, H100_TPP, LEFT, Night
from tests.test_recon_breaks import event, found


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """A small ledger in which one export agrees with everybody."""
    made = Night(f"sqlite:///{tmp_path / 'tppq.db'}")
    with made.ledger:
        made.quota("AE", "SA")
        made.license("L9")
        made.export("X9/1", "L9", 1)
        yield made


def told(night: Night, folder: Path) -> list[tuple[str, str, int, str]]:
    """Code, key, TPP at stake and entries of every break; no two have one name."""
    rows = night.ledger.reconcile(night.write(folder / "feeds")).rows()
    assert len({row["break"] for row in rows}) == len(rows)
    return [(row["code"], row["key"], row["at_stake_tpp"], row["entries"] or "") for row in rows]


def test_exports_under_one_number_and_two_licenses_are_both_missed(night: Night, tmp_path: Path) -> None:
    night.license("L1")
    night.license("L2", "SA")
    large = night.bare("export", "L1", 700, reference="X1")
    small = night.bare("export", "L2", 4, reference="X1")
    assert told(night, tmp_path) == [
        ("MISSING_IN_SOURCE", "X1", 700 * H100_TPP, str(large)),
        ("MISSING_IN_SOURCE", "X1", 4 * H100_TPP, str(small)),
    ]
    assert night.ledger.reconcile(tmp_path / "feeds").basis["status"] == "PROVISIONAL"


def test_each_entry_of_a_cancelled_declaration_is_told_and_drafted(night: Night, tmp_path: Path) -> None:
    night.license("L1")
    night.told("X1/1", "L1", 10)
    night.later.append({**night.declared["X1/1"], "action": "cancel"})
    del night.shipped["X1/1"]
    seqs = [night.bare("export", "L1", quantity, reference="X1") for quantity in (6, 4)]
    assert told(night, tmp_path) == [
        ("CANCELLED_AT_SOURCE", "X1/1", quantity * H100_TPP, str(seq))
        for quantity, seq in zip((6, 4), seqs, strict=True)
    ]
    rows = night.ledger.reconcile(tmp_path / "feeds").rows()
    drafts = [night.ledger.break_show(row["break"]).basis["draft"]["steps"] for row in rows]
    assert drafts == [[{"reverse": seq}] for seq in seqs]


def test_overruns_without_a_license_under_one_number_are_all_told(night: Night, tmp_path: Path) -> None:
    seqs = [
        night.post("overrun", "SA", LEFT, device_id=H100, quantity=quantity, reference="X1/2", reason="left")
        for quantity in (7, 800)
    ]
    assert told(night, tmp_path) == [
        ("UNLICENSED_EXPORT", "X1/2", 800 * H100_TPP, str(seqs[1])),
        ("UNLICENSED_EXPORT", "X1/2", 7 * H100_TPP, str(seqs[0])),
    ]


def test_serial_numbers_in_three_deliveries_are_two_conflicts(night: Night, tmp_path: Path) -> None:
    night.quota("IN")
    for number, country in enumerate(("AE", "SA", "IN"), 1):
        night.license(f"L{number}", country)
        night.export(f"X{number}/1", f"L{number}", 2, on=f"2026-10-0{number + 4}")
        night.shipped[f"X{number}/1"]["serials"] = "S1 S2"
    assert told(night, tmp_path) == [("SERIAL_CONFLICT", "S1", 2 * H100_TPP, "")] * 2


def test_of_two_stale_amendments_the_larger_is_told_too(night: Night, tmp_path: Path) -> None:
    night.license("L1")
    night.export("X1/1", "L1", 10)
    night.later.extend(
        {**night.declared["X1/1"], "action": "change", "amendment_no": number, "quantity": quantity}
        for number, quantity in ((5, 10), (3, 900), (2, 20))
    )
    assert told(night, tmp_path) == [
        ("STALE_AMENDMENT", "X1/1", 890 * H100_TPP, ""),
        ("STALE_AMENDMENT", "X1/1", 10 * H100_TPP, ""),
    ]


def test_two_faults_of_one_file_are_two_breaks(night: Night, tmp_path: Path) -> None:
    """As many as the manifest promises, and as much: neither is so."""
    folder = night.write(tmp_path / "feeds")
    path = folder / "declarations.csv.manifest.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('"row_count": 1', '"row_count": 2').replace('"hash_total": 1', '"hash_total": 5'),
        encoding="utf-8",
    )
    rows = night.ledger.reconcile(folder).rows()
    assert [row["code"] for row in rows] == ["FILE_CONTROL", "FILE_CONTROL"]
    assert {row["break"] for row in night.ledger.breaks()} == {row["break"] for row in rows}
    assert len(night.ledger.breaks()) == 2


# --- the names --------------------------------------------------------------------------------------


PLAIN = fingerprint("QUANTITY", "", "X1/1")
FIRST, SECOND = found(PLAIN, seqs=(7,)), found(PLAIN, seqs=(8,))


def test_a_break_with_its_code_and_key_to_itself_is_called_as_ever() -> None:
    assert told_apart([FIRST], {}) == [FIRST]


def test_two_under_one_code_and_key_keep_their_names_in_any_order_and_alone() -> None:
    made = changes({}, [FIRST, SECOND], lambda _: True, "2026-11-20", 9)
    called = {change.each.seqs: change.each.fingerprint for change in made}
    assert called[7,] == PLAIN != called[8,]
    told = [event(number, "seen", change.each) for number, change in enumerate(made, 1)]
    standings = fold(told)
    for each in ([SECOND, FIRST], [FIRST, SECOND]):
        assert {each.seqs: each.fingerprint for each in told_apart(each, standings)} == called
    (left,) = told_apart([SECOND], standings)
    assert left.fingerprint == called[8,]
    again = changes(standings, [SECOND], lambda _: True, "2026-11-20", 9)
    assert {change.each.seqs: change.change for change in again} == {(7,): "cleared", (8,): "persisting"}


def test_even_those_that_nothing_tells_apart_are_all_kept() -> None:
    assert len({each.fingerprint for each in told_apart([FIRST] * 4, {})}) == 4


def test_those_that_nothing_tells_apart_are_numbered_from_the_second_on_and_find_their_names_again() -> None:
    called = [each.fingerprint for each in told_apart([FIRST] * 2_000, {})]
    own = fingerprint("QUANTITY", PLAIN, "declarations 7")
    assert called == [PLAIN, own, *(fingerprint("QUANTITY", own, str(number)) for number in range(2, 2_000))]
    standings = fold(event(number, "seen", found(name)) for number, name in enumerate(called, 1))
    assert {each.fingerprint for each in told_apart([FIRST] * 2_000, standings)} == set(called)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_a_break_may_be_called_is_among_the_names_that_are_looked_up(seed: int) -> None:
    by = Random(seed)  # noqa: S311  # the same breaks each time
    made = [found(by.choice((PLAIN, "aaaa000011112222")), seqs=(by.randint(1, 3),)) for _ in range(9)]
    standings: Standings = {}
    for night in ([], made[:5], made):
        called = told_apart(night, standings)
        assert {each.fingerprint for each in called} <= names(night)
        standings = fold(event(number, "seen", each) for number, each in enumerate(called, 1))


def test_of_equal_parcels_the_one_that_went_elsewhere_is_told_however_a_file_is_ordered(
    night: Night, tmp_path: Path
) -> None:
    night.license("L1")
    night.quota("BR")
    days = ("2026-10-05", "2026-10-06", "2026-10-07")
    seqs = [night.export(f"X1/{line}", "L1", 10, on) for line, on in enumerate(days, 1)]
    night.shipped["X1/2"]["country"] = "BR"
    made = list(night.shipped.items())
    answers = []
    for number, order in enumerate((made, made[::-1], [made[1], made[0], *made[2:]])):
        night.shipped, night.run_number = dict(order), number + 1
        rows = night.ledger.reconcile(night.write(tmp_path / f"feeds{number}")).rows()
        answers.append([(row["break"], row["code"], row["other_country"], row["entries"]) for row in rows])
    assert [told[1:] for told in answers[0]] == [("COUNTRY", "BR", str(seqs[1]))]
    assert answers[0] == answers[1] == answers[2]
