"""What is said of a cell or a row that cannot be read: the words, and that all are said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.entry import Entry
from ledger.feed import COLUMNS, read_feed
from ledger.feed_faults import reason, shown
from ledger.feed_layout import POSTING
from ledger.model import MOST_TPP, Kind
from tests.feeds import GOOD, HEADER, LICENSE, Write, as_csv, as_json_lines, as_parquet, faults, writing_in


@pytest.fixture(name="write")
def writer(tmp_path: Path) -> Write:
    return writing_in(tmp_path)


COUNT = "is not a whole number: write a whole device count"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "1.200",
            "is not a whole number: write 1200 or, if one and two tenths was meant, a whole device count",
        ),
        (
            "1.001",
            "is not a whole number: write 1001 or, if one and one thousandth was meant, a whole device count",
        ),
        ("1.000", "is not a whole number: write 1000 or, if one was meant, 1"),
        ("1,200", "is not a whole number: write 1200"),
        ("1,234,567", "is not a whole number: write 1234567"),
        ("1.234.567", "is not a whole number: write 1234567"),
        ("12,34,567", "is not a whole number: write 1234567"),
        ("1,200.00", "is not a whole number: write 1200"),
        ("1.200,00", "is not a whole number: write 1200"),
        ("1 200", "is not a whole number: write 1200"),
        ("1\u202f200", "is not a whole number: write 1200"),
        ("1'200", "is not a whole number: write 1200"),
        ("1_200", "is not a whole number: write 1200"),
        ("1,200.50", COUNT),
        ("1.5", COUNT),
        ("1,5", COUNT),
        ("0.500", COUNT),
        ("500.0", "is not a whole number: write 500"),
        ("500.", COUNT),
        ("5e3", "is not a whole number: write 5000"),
        ("1.2E+3", "is not a whole number: write 1200"),
        ("5e-3", COUNT),
        ("1e40", COUNT),
        ("0.0", COUNT),
        ("+500", "is not a whole number: write 500"),
        ("\uff15\uff10\uff10", "is not a whole number: write 500"),
        ("-5", "is below zero: write a whole device count without a sign, and let kind say the direction"),
        ("(5)", "is below zero: write a whole device count without a sign, and let kind say the direction"),
        ("0", "is not above zero: write a whole device count"),
        ("000", "is not above zero: write a whole device count"),
        ("9007199254740992", "is more than 9007199254740991, the most that is kept exactly"),
        ("9" * 50, "is more than 9007199254740991, the most that is kept exactly"),
        ("NaN", "is not a number: where there is none, leave the cell empty"),
        ("inf", "is not a number: where there is none, leave the cell empty"),
        ("n/a", "is not a number: where there is none, leave the cell empty"),
        ("-", "is not a number: where there is none, leave the cell empty"),
        ("many", COUNT),
        ("500 pcs", COUNT),
        ("true", COUNT),
    ],
)
def test_a_quantity_that_is_no_whole_number_is_refused_with_what_to_write(
    write: Write, value: str, said: str
) -> None:
    line = f'license,AE,2026-01-01,L1,h100,"{value}",,\n'
    assert faults(write(HEADER + line)) == [(2, "quantity", f"'{shown(value)}' {said}")]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1.100", "one and one tenth"),
        ("31.250", "thirty-one and twenty-five hundredths"),
        ("112.019", "one hundred twelve and nineteen thousandths"),
        ("900.000", "nine hundred"),
    ],
)
def test_the_other_reading_of_a_point_is_said_in_words(value: str, words: str) -> None:
    assert f" or, if {words} was meant, " in reason("quantity", value)


def test_a_tpp_that_is_no_whole_number_is_refused_in_its_own_unit(write: Write) -> None:
    assert faults(write(HEADER + GOOD.replace(",5,", ",1.5,"))) == [
        (2, "tpp", "'1.5' is not a whole number: write whole TPP")
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1.5", "'1.5' is not a whole number: write whole TPP"),
        ("500.0", "'500.0' is not a whole number: write 500"),
        ("true", "'true' is not a whole number: write whole TPP"),
        ("[5]", "'[5]' is not a whole number: write whole TPP"),
        ("NaN", "'NaN' is not a number: where there is none, leave the cell empty"),
        (str(2**53), f"'{2**53}' is more than {MOST_TPP}, the most that is kept exactly"),
        (str(10**30), f"'{10**30}' is more than {MOST_TPP}, the most that is kept exactly"),
        ("null", "is required where device_id and quantity are not both given"),
        ('""', "is required where device_id and quantity are not both given"),
    ],
)
def test_a_number_of_json_is_whole_or_refused(write: Write, value: str, said: str) -> None:
    line = '{"kind": "allocate", "country": "AE", "effective_on": "2026-01-01", "tpp": ' + value + "}\n"
    assert faults(write(line, "feed.jsonl")) == [(1, "tpp", said)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-13-01", "'2026-13-01' is not in the calendar: write YYYY-MM-DD"),
        ("2025-02-29", "'2025-02-29' is not in the calendar: write YYYY-MM-DD"),
        ("0000-01-01", "'0000-01-01' is not in the calendar: write YYYY-MM-DD"),
        ("01/02/2026", "'01/02/2026' is not a date: write YYYY-MM-DD"),
        ("2026-1-2", "'2026-1-2' is not a date: write YYYY-MM-DD"),
        ("20260102", "'20260102' is not a date: write YYYY-MM-DD"),
        ("2026-01-02T00:00:00Z", "'2026-01-02T00:00:00Z' is not a date: write YYYY-MM-DD"),
        ("infinity", "'infinity' is not a date: write YYYY-MM-DD"),
        ("10000-01-01", "'10000-01-01' is not a date: write YYYY-MM-DD"),
        ("46023", "'46023' is not a date: write YYYY-MM-DD"),
        ("", "is required"),
    ],
)
def test_a_day_is_written_in_one_way_only(write: Write, value: str, said: str) -> None:
    assert faults(write(HEADER + GOOD.replace("2026-01-01", value))) == [(2, "effective_on", said)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("LICENSE", "'LICENSE' is not a kind: did you mean license?"),
        ("licens", "'licens' is not a kind: did you mean license?"),
        ("return_", "'return_' is not a kind: did you mean return?"),
        ("xyz", "'xyz' is not a kind: write one of " + ", ".join(Kind)),
        ("", "is required"),
    ],
)
def test_a_kind_is_one_of_ten(write: Write, value: str, said: str) -> None:
    assert faults(write(HEADER + GOOD.replace("allocate", value))) == [(2, "kind", said)]


CONTROL = "has a control character (a tab or a line break, perhaps): remove it"
UNSEEN = "has a character that cannot be seen (U+{:04X}): remove it"


@pytest.mark.parametrize(
    ("character", "said"),
    [
        *((character, CONTROL) for character in "\t\x00\x1b\x1f\x7f"),
        *((character, UNSEEN.format(ord(character))) for character in "\x80\x85\x9b\u061c\u200f\u202e\u2069"),
    ],
)
def test_a_character_that_nobody_sees_is_refused_inside_a_text(
    write: Write, character: str, said: str
) -> None:
    assert faults(write(HEADER + f"block,AE,2026-01-01,,,,5,a{character}b\n")) == [(2, "reason", said)]
    line = as_json_lines([LICENSE | {"license_no": f"a{character}b"}])
    assert faults(write(line, "feed.jsonl")) == [(1, "license_no", said)]


@pytest.mark.parametrize(
    ("column", "most"), [("country", 128), ("license_no", 128), ("request_id", 128), ("reason", 2000)]
)
def test_a_text_may_be_so_long_and_no_longer(write: Write, column: str, most: int) -> None:
    assert faults(write(as_csv([LICENSE | {column: "é" * most}]))) == []
    said = f"is {most + 1} characters long: {most} at most"
    assert faults(write(as_csv([LICENSE | {column: "é" * (most + 1)}]))) == [(2, column, said)]
    assert faults(write(as_csv([LICENSE | {column: "e\u0301" * most}]))) != []  # that of one character more
    said = f"is {most + 2} characters long: {most} at most"
    grows = "\u0958" * (most // 2)  # NFC makes two of each
    assert faults(write(as_csv([LICENSE | {column: grows}]))) == []
    assert faults(write(as_csv([LICENSE | {column: grows + "\u0958"}]))) == [(2, column, said)]


@pytest.mark.parametrize(
    ("value", "said"),
    [(5, "a number"), (1.5, "a number"), (True, "true or false"), (["x"], "a list"), ({}, "an object")],
)
def test_a_text_of_json_is_a_string(write: Write, value: object, said: str) -> None:
    line = as_json_lines([LICENSE | {"license_no": value}])
    assert faults(write(line, "feed.jsonl")) == [
        (1, "license_no", f"is {said}, not text: write text in quotation marks")
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("license,AE,2026-01-01,,,,5,", [("license_no", "is required for license")]),
        ("allocate,AE,2026-01-01,L1,,,5,", [("license_no", "does not belong to allocate: leave it empty")]),
        (
            "allocate,AE,2026-01-01,,h100,,5,",
            [("quantity", "is required: device_id and quantity go together")],
        ),
        (
            "allocate,AE,2026-01-01,,,7,,",
            [
                ("device_id", "is required: device_id and quantity go together"),
                ("tpp", "is required where device_id and quantity are not both given"),
            ],
        ),
        ("block,AE,2026-01-01,,,,5,", [("reason", "is required for block")]),
        (
            "release,,2026-01-01,,,x,,",
            [
                ("country", "is required"),
                ("license_no", "is required for release"),
                ("device_id", "is required: device_id and quantity go together"),
                ("quantity", "'x' is not a whole number: write a whole device count"),
                ("tpp", "is required where device_id and quantity are not both given"),
                ("reason", "is required for release"),
            ],
        ),
        (
            "lizenz,AE,2026-01-01,,,,,",
            [
                ("kind", "'lizenz' is not a kind: did you mean license?"),
                ("tpp", "is required where device_id and quantity are not both given"),
            ],
        ),
        (
            ",,,D-1,,,,",
            [
                ("kind", "is required"),
                ("country", "is required"),
                ("effective_on", "is required"),
                ("tpp", "is required where device_id and quantity are not both given"),
            ],
        ),
    ],
)
def test_all_that_is_amiss_in_a_row_is_said_at_once(
    write: Write, line: str, found: list[tuple[str, str]]
) -> None:
    assert faults(write(HEADER + line + "\n" + GOOD)) == [(2, column, said) for column, said in found]


def test_a_key_of_json_is_a_column_and_given_once(write: Write) -> None:
    good = '"kind": "allocate", "country": "AE", "effective_on": "2026-01-01", "tpp": 5'
    text = f'{{{good}}}\n{{{good}, "hodler": "x"}}\n{{{good}, "tpp": 6}}\n{{{good}, "Kind": "block"}}\n'
    assert faults(write(text, "feed.jsonl")) == [
        (2, "hodler", "is not a column of this feed: did you mean holder?"),
        (3, "tpp", "is given twice"),
        (4, "Kind", "is not a column of this feed: did you mean kind?"),
    ]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            "kind,country,effective_on,tpp,hodler",
            [("hodler", "is not a column of this feed: did you mean holder?")],
        ),
        (
            "kind,country,effective_on,tpp,qqq",
            [("qqq", "is not a column of this feed: the columns are " + ", ".join(COLUMNS))],
        ),
        ("kind,country,effective_on,tpp,tpp", [("tpp", "is given twice")]),
        ("kind,country,effective_on,tpp,", [("column 5", "has no name")]),
        ("kind,country,Effective_on,tpp,holder",
         [("effective_on", "is missing: this column is required"),
          ("Effective_on", "is not a column of this feed: did you mean effective_on?")]),
    ],
)  # fmt: skip
def test_a_header_is_refused_with_what_was_meant_and_no_row_is_given(
    write: Write, header: str, found: list[tuple[str, str]]
) -> None:
    path = write(header + "\nallocate,AE,2026-01-01,5,AE\n")
    assert faults(path) == [(1, column, said) for column, said in found]
    with read_feed(path) as feed:
        assert (feed.row_count, list(feed.batches())) == (1, [])


def test_the_rows_below_a_bad_header_are_checked_all_the_same(write: Write) -> None:
    assert faults(write("kind,country,tpp\nallocate,AE,5\nallocate,,1.5\n")) == [
        (1, "effective_on", "is missing: this column is required"),
        (3, "country", "is required"),
        (3, "tpp", "'1.5' is not a whole number: write whole TPP"),
    ]


def test_a_parquet_row_is_named_by_its_number(write: Write) -> None:
    content = as_parquet([LICENSE, LICENSE | {"quantity": 0}, LICENSE | {"country": ""}])
    assert faults(write(content, "feed.parquet")) == [
        (2, "quantity", "'0' is not above zero: write a whole device count"),
        (3, "country", "is required"),
    ]


def test_a_value_is_shown_short_and_printable() -> None:
    assert reason("kind", "x" * 100).startswith(f"'{'x' * 59}…' is not a kind: ")
    assert reason("effective_on", "\x1b[2J") == "'\\x1b[2J' is not a date: write YYYY-MM-DD"


def test_the_schema_has_every_column_with_what_is_said_of_it() -> None:
    schema = POSTING.table_schema
    assert tuple(field["name"] for field in schema["fields"]) == COLUMNS
    assert all(field["description"] for field in schema["fields"])
    fields = {field["name"]: field for field in schema["fields"]}
    assert fields["kind"]["constraints"] == {"required": True, "enum": [kind.value for kind in Kind]}
    assert fields["tpp"]["type"] == "integer"
    assert fields["tpp"]["constraints"] == {"required": False, "minimum": 1, "maximum": MOST_TPP}
    assert fields["expires_on"]["type"] == "date"
    assert fields["holder"]["constraints"]["maxLength"] == 128
    assert fields["reason"]["constraints"]["maxLength"] == 2000


def test_every_column_but_the_request_id_is_a_field_of_an_entry() -> None:
    assert set(COLUMNS) - {"request_id"} == set(Entry.model_fields) - {"reverses_seq"}
