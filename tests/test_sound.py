"""What the ledger writes is sound; an entry that holds anything else is found, however well it was hashed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import Tampered, evidence, rehashing, sound
from ledger.notes import Signer
from ledger.submission import FIRST_AT, instant
from ledger.tables import ENTRY
from tests.evidence import opened, signer_of
from tests.forger import differences, fill, head_on_the_last, record, rehash, rows, unguarded
from tests.outside import EVENT, HEAD, connected, drop_guards

NO_INSTANTS = [
    "", "tomorrow", "3", "9999-99-99T99:99:99.999999Z", "2026-11-22T17:10:41.0540439999Z", "2026-11-22",
    "2026-02-29T12:00:00.000000Z", "2026-11-22T24:00:00.000000Z", "2026-11-22T23:60:00.000000Z",
    "2026-11-22 12:00:00.000000Z", "2026-11-22T12:00:00.000000+00:00", "2026-11-22T12:00:00.00000Z",
    "2026-11-22T12:00:00,000000Z", "0000-01-01T00:00:00.000000Z", "2026-11-22T12:00:00.000000Z\n",
    "\u0662026-11-22T12:00:00.000000Z",
]  # fmt: skip
UNFIT = ["a\0b", "a\x1b[2Jb", "a\nb", "a\x7fb"]
KEPT_BEFORE = ["a\x9bb", "a\u202eb", "\u061c"]
"""What the ledger took once and takes no more."""


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


def last_made(url: str, **values: object) -> None:
    """The last entry with other values, and hash, tree and head made anew with all care."""
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == 6).values(values))
        rehash(connection, 6)
        head_on_the_last(connection)


# ------------------------------------------------------------------------------------------ what is sound


@pytest.mark.parametrize("text", NO_INSTANTS)
def test_what_the_ledger_writes_for_no_instant_is_none(text: str) -> None:
    assert not sound.is_instant(text)
    assert not sound.are_instants([FIRST_AT, text, FIRST_AT])


def test_every_instant_that_the_ledger_writes_is_one() -> None:
    written = [FIRST_AT, instant(1), instant(1_785_585_600_999_999), "2028-02-29T23:59:59.999999Z"]
    assert all(sound.is_instant(each) for each in written)
    assert sound.are_instants(written)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-2-3", "20260203", "2026-W01-1", "soon", "", "10000-01-01"]
)
def test_a_day_is_written_in_one_way(text: str) -> None:
    assert not sound.is_day(text)
    assert sound.is_day("2026-02-03")


def test_the_texts_of_entries_are_held_to_the_same_characters_together_as_each_alone() -> None:
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    unfit = [each for each in every if not sound.is_text(each)]
    fit = "".join(sorted(set(every).difference(unfit)))
    assert unfit == [*map(chr, range(0x20)), "\x7f"]
    assert sound.hold_text(evidence.canonical({"reason": fit, "consignee": 'a "b" \\n \\u0000'}))
    for each in unfit:
        assert not sound.hold_text(evidence.canonical({"reason": "Größe", "consignee": f"a{each}b"}))
        assert not sound.hold_text(evidence.canonical({"reason": "size", "consignee": f"a{each}b"}))


# --------------------------------------------------------------------------------------- what verify finds


@pytest.mark.parametrize("recorded_at", ["tomorrow", "3", *NO_INSTANTS[3:5]])
def test_an_instant_that_is_none_is_found_though_the_head_has_it_too(url: str, recorded_at: str) -> None:
    last_made(url, recorded_at=recorded_at)
    assert (6, "values") in differences(url)
    (row,) = (each for each in rows(url) if each["check"] == "values")
    assert (row["expected"], row["found"]) == ("values that an entry can have", "recorded_at")


@pytest.mark.parametrize("text", UNFIT)
def test_text_that_no_text_may_hold_is_found_though_it_was_hashed_anew(url: str, text: str) -> None:
    last_made(url, consignee=text, exporter="Größe", reference='"a" \\n')
    assert [(each["check"], each["found"]) for each in rows(url)] == [("values", "consignee")]


@pytest.mark.parametrize("text", KEPT_BEFORE)
def test_what_was_kept_before_it_was_refused_is_no_tampering(url: str, text: str) -> None:
    last_made(url, consignee=text)
    assert "values" not in {each["check"] for each in rows(url)}


def test_a_form_of_no_version_and_another_regime_are_found(url: str) -> None:
    last_made(url, hash_v=2, regime="other")
    assert [(each["check"], each["found"]) for each in rows(url)] == [("values", "hash_v, regime")]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("consignee", "a\x1bb"), ("reason", "a\x7fb"), ("hash_v", 2),
        ("regime", "other"), ("recorded_at", "3"),
    ],
)  # fmt: skip
def test_several_processes_find_it_as_one_does(
    url: str, monkeypatch: pytest.MonkeyPatch, column: str, value: object
) -> None:
    monkeypatch.setattr(rehashing, "MANY", 1)
    monkeypatch.setattr(rehashing, "RUN", 2)
    monkeypatch.setattr(rehashing, "_processors", lambda: 2)
    last_made(url, **{column: value})
    assert ("values", column) in [(each["check"], each["found"]) for each in rows(url)]


def test_it_is_found_on_both_databases(store_url: str) -> None:
    fill(store_url)
    drop_guards(store_url)
    last_made(store_url, consignee="a\x1bb", recorded_at="tomorrow", regime="other", hash_v=2)
    found = [(each["check"], each["found"]) for each in rows(store_url)]
    assert found == [("values", "consignee, hash_v, recorded_at, regime")]


def test_nothing_is_signed_that_holds_it(url: str, tmp_path: Path) -> None:
    differences(url)  # its guards are back
    with opened(url) as ledger:
        signer: Signer = signer_of(ledger, tmp_path)
    drop_guards(url)
    last_made(url, consignee="a\x1bb")
    differences(url)
    with opened(url) as ledger, pytest.raises(Tampered, match=r"found consignee.*nothing was signed"):
        ledger.checkpoint(signer, keep=tmp_path / "kept")


def test_an_event_at_no_instant_is_found(url: str) -> None:
    record(url, "sql")
    with connected(url) as connection:
        connection.execute(sa.update(EVENT).values(recorded_at="tomorrow"))
        row = dict(connection.execute(sa.select(EVENT)).mappings().one())
        fields = {name: value for name, value in row.items() if name not in ("prev_hash", "hash")}
        made = evidence.entry_hash(row["prev_hash"], fields)
        connection.execute(sa.update(EVENT).values(hash=made))
        assert connection.execute(sa.select(HEAD.c.seq)).scalar_one() == 6
    assert [(each["check"], each["expected"], each["found"]) for each in rows(url)] == [
        ("event", "event 1, at an instant", "event 1, at tomorrow")
    ]
