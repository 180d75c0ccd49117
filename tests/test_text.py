"""What text may hold: one rule, in Python and in DuckDB, for all that people give; how the rest is shown."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadQuery
from ledger.schema import sql
from ledger.text import by_code, clean_text, named, remarked, visible

UNSEEN = ["\x1b", "\x07", "\n", "\x7f", "\x80", "\x9b", "\x9f", "\u061c", "\u200e", "\u202e", "\u2066"]
SEEN = ["é", "\u0645", "\u4e2d", "\u200b", "\u200d", "\ufe0f", "\xa0", "\U0001f600"]


def is_refused(value: str) -> bool:
    try:
        clean_text(value)
    except ValueError:
        return True
    return False


@given(st.text())
def test_clean_text_is_stable_and_shown_as_it_is(value: str) -> None:
    if not is_refused(value):
        clean = clean_text(value)
        assert clean_text(clean) == visible(clean) == clean


@pytest.mark.parametrize("character", UNSEEN)
def test_a_character_that_commands_a_terminal_or_turns_the_writing_is_no_text(character: str) -> None:
    assert is_refused(f"a{character}b")


@pytest.mark.parametrize("character", SEEN)
def test_letters_of_any_writing_and_what_joins_them_are_text(character: str) -> None:
    assert clean_text(f"a{character}b") == f"a{character}b"


def test_a_file_and_a_program_are_held_to_the_same_characters() -> None:
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    with duckdb.connect() as connection:
        connection.register("layout", pa.table({"reason": pa.array([], pa.string())}))
        connection.execute(sql("feed/cell.sql"))
        connection.register("every", pa.table({"each": every}))
        query = "select each from every where is_unfit('a' || each || 'b', 9, false)"
        unfit = {each for (each,) in connection.execute(query).fetchall()}
    assert unfit == {each for each in every if is_refused(f"a{each}b")}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "reason is empty: write at least a word"),
        (" \u2009\t", "reason is empty: write at least a word"),
        ("a\x1b[2Jb", "reason has a control character (a tab or a line break, perhaps): remove it"),
        ("a\x9b2Jb", "reason has a character that cannot be seen (U+009B): remove it"),
        ("a\u202eb", "reason has a character that cannot be seen (U+202E): remove it"),
        ("a\udc9bb", "reason has a character that cannot be seen (U+DC9B): remove it"),
        ("x" * 2001, "reason is 2,001 characters long: 2,000 at most"),
        ("\u0958" * 1001, "reason is 2,002 characters long: 2,000 at most"),  # NFC makes two of each
    ],
)
def test_what_is_given_in_words_is_refused_with_the_reason(value: str, said: str) -> None:
    with pytest.raises(BadQuery) as refused:
        remarked("reason", value)
    assert refused.value.detail == said


def test_what_is_given_in_words_is_kept_without_blanks_at_its_ends() -> None:
    assert named("approver", "\u2003root \n") == "root"
    assert remarked("reason", " typed\xa0twice ") == "typed\xa0twice"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b[31mb", "a␛[31mb"), ("a\x9b31mb", "a\\u009b31mb"), ("a\u202eb", "a\\u202eb"),
        ("a\nb\tc\x7f\x00", "a␊b␉c␡␀"), ("a\udc9bb", "a\\udc9bb"), ("Zoë\xa0\u4e2d", "Zoë\xa0\u4e2d"),
    ],
)  # fmt: skip
def test_what_no_text_may_hold_is_shown_by_a_sign_or_by_its_code(value: str, shown: str) -> None:
    assert visible(value) == shown
    assert visible(shown) == shown


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_the_same_with_such_characters_by_their_codes(value: str) -> None:
    written = by_code(json.dumps({"a": value}, ensure_ascii=False))
    assert json.loads(written) == {"a": value}
    assert not any(character in written for character in "\x7f\x9b\u202e\u2066")
    assert written.splitlines() == [written]
