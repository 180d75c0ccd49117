"""The posting feed: what is read, in which order, and that it is just what the model accepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from pydantic import TypeAdapter, ValidationError

from ledger.entry import Entry, Name
from ledger.errors import BadFeed
from ledger.feed import COLUMNS, Feed, read_feed
from ledger.feed_layout import POSTING
from ledger.model import MOST_TPP, Kind
from tests.feeds import (
    ALLOCATE,
    GOOD,
    HEADER,
    LICENSE,
    Write,
    as_csv,
    as_json_lines,
    as_parquet,
    faults,
    read,
    writing_in,
)


@pytest.fixture(name="write")
def writer(tmp_path: Path) -> Write:
    return writing_in(tmp_path)


def test_columns_may_come_in_any_order_and_optional_ones_not_at_all(write: Write) -> None:
    (row,) = read(write("tpp,effective_on,country,kind\n5,2026-01-01,AE,allocate\n"))
    assert (row["kind"], row["tpp"], row["holder"], row["programme"]) == ("allocate", 5, None, "country")


@pytest.mark.parametrize("bits", [1, 0x95])
def test_a_parquet_file_with_one_damaged_byte_has_rows_or_faults(tmp_path: Path, bits: int) -> None:
    table = pa.table({name: [str(value)] * 3 for name, value in LICENSE.items() if value is not None})
    file = tmp_path / "feed.parquet"
    parquet.write_table(table, file, compression="none")
    whole = file.read_bytes()
    for place in range(0, len(whole), 11):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ bits]) + whole[place + 1 :])
        with read_feed(str(file)) as feed:
            assert feed.faults or feed.row_count == 3


def test_a_date_column_of_parquet_is_read_as_days(write: Write) -> None:
    assert read(write(as_parquet([ALLOCATE]), "feed.parquet"))[0]["effective_on"] == "2026-01-01"


def test_text_is_stripped_and_composed(write: Write) -> None:
    spelled = unicodedata.normalize("NFD", "Société Générale")
    entry = LICENSE | {
        "consignee": f"\u00a0 {spelled}\u3000",
        "country": " AE\t",
        "holder": " ",
        "reason": "",
    }
    (row,) = read(write(as_json_lines([entry]), "feed.jsonl"))
    assert (row["consignee"], row["country"]) == ("Société Générale", "AE")
    assert (row["holder"], row["reason"]) == (None, None)


@pytest.mark.parametrize("end", [" ", "\u00a0", "\u3000\t"])
def test_every_cell_is_stripped_and_every_text_composed(write: Write, end: str) -> None:
    texts = dict.fromkeys(POSTING.texts, "é")
    entry = {name: f"{end}{value}{end}" for name, value in {**LICENSE, **texts}.items()}
    (row,) = read(write(as_csv([entry])))
    assert {name: row[name] for name in COLUMNS} == LICENSE | dict.fromkeys(POSTING.texts, "\u00e9")


def test_a_quoted_field_may_hold_a_comma_and_a_quotation_mark(write: Write) -> None:
    line = 'block,AE,2026-01-01,,,,5,"Smith, ""Jr"""\n'
    assert read(write(HEADER + line))[0]["reason"] == 'Smith, "Jr"'
    assert read(write(HEADER + line.replace('""Jr""', ' ""Jr"" ')))[0]["reason"] == 'Smith,  "Jr"'


def test_leading_zeros_do_not_change_a_number(write: Write) -> None:
    assert read(write(HEADER + GOOD.replace(",5,", ",000500,")))[0]["tpp"] == 500


def test_a_file_may_be_named_by_a_path_and_what_is_wrong_in_it_is_told_by_its_name(write: Write) -> None:
    path = Path(write(HEADER + GOOD.replace(",5,", ",five,")))
    with read_feed(path) as feed:
        assert [fault.path for fault in feed.faults] == [str(path)]
        with pytest.raises(BadFeed) as unreadable:
            feed.check()
    (fault,) = orjson.loads(orjson.dumps(unreadable.value.problem()))["faults"]
    assert (fault["path"], fault["column"]) == (str(path), "tpp")


def test_a_file_of_a_header_alone_has_no_rows_and_no_fault(write: Write) -> None:
    with read_feed(write(HEADER)) as feed:
        assert (feed.row_count, feed.faults, list(feed.batches())) == (0, [], [])


@pytest.mark.parametrize("tail", ["\n,,,\n,,,", "\r\n,,,\r\n , ,,\r\n", "\n,,,\n\n"], ids=repr)
def test_lines_of_commas_at_the_end_of_a_table_are_no_rows_and_between_two_rows_they_are(
    tail: str, write: Write
) -> None:
    header, row = "kind,country,effective_on,tpp", "allocate,AE,2026-01-01,5"
    with read_feed(str(write(f"{header}\n{row}{tail}"))) as feed:
        assert (feed.row_count, feed.faults) == (1, [])
    with read_feed(str(write(f"{header}{tail}"))) as feed:
        assert (feed.row_count, feed.faults) == (0, [])
    with read_feed(str(write(f"{header}\n,,,\n{row}{tail}"))) as feed:
        assert [(each.line, each.reason) for each in feed.faults] == [
            (2, "has nothing in it: remove the line")
        ]


def test_the_hash_of_the_content_is_of_its_bytes(write: Write) -> None:
    with read_feed(write(HEADER + GOOD)) as feed:
        assert feed.content_sha256 == sha256((HEADER + GOOD).encode()).hexdigest()


def test_the_body_hash_is_of_the_canonical_json_of_what_was_given(write: Write) -> None:
    entries = [
        LICENSE | {"consignee": 'Ünïcode "quoted" \\ back/slash 中文 🚀', "expires_on": None, "holder": None},
        LICENSE | {"device_id": None, "quantity": None, "exporter": unicodedata.normalize("NFD", "é")},
        LICENSE | {"request_id": None},
    ]
    found = [row["body_hash"] for row in read(write(as_json_lines(entries), "feed.jsonl"))]
    for entry, hexadecimal in zip(entries[:2], found, strict=False):
        body = {
            name: unicodedata.normalize("NFC", value) if isinstance(value, str) else value
            for name, value in entry.items()
            if name != "request_id"
        }
        assert len(body) == 14
        assert hexadecimal == sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    assert found[2] is None


def test_the_same_request_id_twice_is_no_fault_of_the_file(write: Write) -> None:
    assert len(read(write(as_csv([LICENSE, LICENSE])))) == 2


def test_many_rows_keep_their_order_in_batches_of_any_size(write: Write) -> None:
    count = 300_000
    lines = "".join(f"allocate,AE,2026-01-01,{number},row {number}\n" for number in range(1, count + 1))
    with read_feed(write("kind,country,effective_on,tpp,reference\n" + lines)) as feed:
        assert feed.row_count == count
        for size in (7_919, count * 2):
            batches = list(feed.batches(size))
            assert max(len(batch.rows) for batch in batches) == min(size, count)
            assert [row for batch in batches for row in batch.rows] == list(range(1, count + 1))
            assert [line for batch in batches for line in batch.lines] == list(range(2, count + 2))
            assert [tpp for batch in batches for tpp in batch.columns["tpp"]] == list(range(1, count + 1))
            assert batches[-1].columns["reference"][-1] == f"row {count}"


def test_batches_may_be_left_half_way_and_asked_for_again(write: Write) -> None:
    with read_feed(write(HEADER + GOOD * 10)) as feed:
        assert next(iter(feed.batches(3))).rows == [1, 2, 3]
        assert [batch.rows for batch in feed.batches(4)] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]


def test_a_line_break_inside_a_text_is_refused_and_later_lines_keep_their_numbers(write: Write) -> None:
    text = HEADER + 'block,AE,2026-01-01,,,,5,"a\nb"\n' + GOOD + "\n" + GOOD.replace("AE", "")
    said = "has a control character (a tab or a line break, perhaps): remove it"
    path = write(text)
    assert faults(path) == [(2, "reason", said), (6, "country", "is required")]
    with read_feed(path) as feed:
        ((batch),) = feed.batches()
        assert (feed.row_count, batch.lines, batch.rows) == (3, [4], [2])


def test_check_lists_every_fault_and_says_the_first(write: Write) -> None:
    path = write(HEADER + GOOD + GOOD.replace("AE", "").replace("2026-01-01", "soon"))
    with read_feed(path) as feed, pytest.raises(BadFeed) as caught:
        feed.check()
    assert str(caught.value) == f"{path} has 2 faults, the first: line 3: country is required"
    assert caught.value.faults == [
        {"path": path, "line": 3, "column": "country", "value": None, "reason": "is required"},
        {
            "path": path,
            "line": 3,
            "column": "effective_on",
            "value": "soon",
            "reason": "'soon' is not a date: write YYYY-MM-DD",
        },
    ]


TEXT = st.one_of(
    st.just(""),
    st.sampled_from(
        [
            "AE",
            " AE ",
            "L1",
            "\u00a0x\u2003",
            "a\tb",
            "\tx\n",
            "a\u0085b",
            "\u0085",
            "x" * 128,
            "é" * 129,
            "y" * 2000,
            "y" * 2001,
        ]
    ),
    st.sampled_from(
        ["e\u0301" * 64, "e\u0301" * 65, "e\u0301" * 128, "\ufb1d" * 128, "\x7f", "a\x1fb", " \x1f", "\u200b"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
WHOLE = st.one_of(
    st.just(""),
    st.integers(-2, 3).map(str),
    st.integers(MOST_TPP - 1, MOST_TPP + 2).map(str),
    st.sampled_from(
        ["1.0", " 7 ", "007", "1e3", "1,000", "+1", "\u0661", "9" * 20, "0" * 20 + "9", "nan", "x"]
    ),
)
DAY = st.one_of(
    st.sampled_from(
        ["", "2026-01-01", " 2026-01-01", "2026-02-30", "2024-02-29", "0001-01-01", "0000-01-01"]
    ),
    st.sampled_from(["9999-12-31", "10000-01-01", "2026-1-1", "20260101", "infinity", "2026-01-01T00:00:00"]),
    st.dates().map(str),
)
CELLS: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(COLUMNS, TEXT),
    **dict.fromkeys(("quantity", "tpp"), WHOLE),
    **dict.fromkeys(("effective_on", "expires_on"), DAY),
    "kind": st.sampled_from([*Kind, *Kind, "License", "", " export", "license"]),
}
# Mostly sound rows with a few odd cells: else none would ever be accepted.
ROW = st.builds(
    lambda sound, odd, chosen: sound | {name: odd[name] for name in chosen},
    st.sampled_from(
        [
            {
                "kind": kind,
                "country": "AE",
                "effective_on": "2026-01-01",
                "license_no": "L1",
                "reason": "r",
                **amount,
            }
            for kind in ("license", "release", "export", "restore", "overrun", "return")
            for amount in ({"tpp": "5"}, {"device_id": "h100", "quantity": "7"})
        ]
        + [
            {"kind": kind, "country": "AE", "effective_on": "2026-01-01", "tpp": "5"}
            for kind in ("allocate", "unblock")
        ]
    ),
    st.fixed_dictionaries(CELLS),
    st.sets(st.sampled_from(COLUMNS), max_size=4),
)
# What the model strips: Unicode's White_Space, which is not quite what str.strip strips.
ENDS = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"


def typed(cells: Mapping[str, str]) -> dict[str, Any]:
    """The cells as a program would give them to `Entry`: int, date, and nothing for what is empty."""
    values: dict[str, Any] = {}
    for name, cell in cells.items():
        text = re.sub(f"^{ENDS}|{ENDS}$", "", cell) if name not in ("quantity", "tpp") else cell.strip()
        if not re.sub(f"^{ENDS}", "", cell):
            continue
        if name in ("quantity", "tpp"):
            values[name] = int(text) if re.fullmatch("[0-9]+", text) else text
        elif name.endswith("_on"):
            values[name] = date.fromisoformat(text) if is_day(text) else object()
        elif name == "kind":
            values[name] = text
        else:
            values[name] = cell
    return values


def is_day(text: str) -> bool:
    with suppress(ValueError):
        return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) and bool(date.fromisoformat(text))
    return False


def entry_of(cells: Mapping[str, str]) -> dict[str, Any] | None:
    """What the model makes of the cells, or None where it refuses them."""
    values = typed(cells)
    try:
        request_id = values.pop("request_id", None)
        if request_id is not None:
            request_id = TypeAdapter(Name).validate_python(request_id)
        return {**Entry(**values).model_dump(mode="json", exclude={"reverses_seq"}), "request_id": request_id}
    except ValidationError:
        return None


@given(entries=st.lists(ROW, min_size=1, max_size=25))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["feed.csv", "feed.jsonl", "feed.parquet"])
def test_a_row_is_accepted_just_when_the_model_accepts_it_and_with_the_same_values(
    write: Write, name: str, entries: list[dict[str, str]]
) -> None:
    makers = {"feed.csv": as_csv, "feed.jsonl": as_json_lines, "feed.parquet": as_parquet}
    with read_feed(write(makers[name](entries), name)) as feed:
        found = dict(numbered(feed))
        assert feed.row_count == len(entries)
        assert {fault.column for fault in feed.faults} <= set(COLUMNS)
    for number, cells in enumerate(entries, start=1):
        assert found.get(number) == entry_of(cells), cells


def numbered(feed: Feed) -> Iterator[tuple[int, dict[str, Any]]]:
    for batch in feed.batches():
        for place, number in enumerate(batch.rows):
            yield number, {name: batch.columns[name][place] for name in COLUMNS}
