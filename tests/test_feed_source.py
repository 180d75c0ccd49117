"""The bytes of a feed: every form is told apart, and both readings of a file say the same."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ledger.errors import BadFeed
from ledger.feed import COLUMNS, read_feed
from ledger.feed_survey import LONGEST_LINE, TOO_LONG, survey
from ledger.model import MOST_TPP
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
    rows,
    writing_in,
)


@pytest.fixture(name="write")
def writer(tmp_path: Path) -> Write:
    return writing_in(tmp_path)


FORMS = {
    "feed.csv": as_csv([LICENSE, ALLOCATE]),
    "feed.tsv": as_csv([LICENSE, ALLOCATE], "\t"),
    "feed.jsonl": as_json_lines([LICENSE, ALLOCATE]),
    "feed.ndjson": as_json_lines([LICENSE, ALLOCATE]),
    "feed.parquet": as_parquet([LICENSE, ALLOCATE | {"effective_on": "2026-01-01"}]),
    "feed.txt": as_csv([LICENSE, ALLOCATE]),
    "feed": as_json_lines([LICENSE, ALLOCATE]),
    "feed.1": as_parquet([LICENSE, ALLOCATE | {"effective_on": "2026-01-01"}]),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_rows(write: Write, name: str) -> None:
    first, second = read(write(FORMS[name], name))
    assert {key: first[key] for key in COLUMNS} == LICENSE
    given = {"kind": "allocate", "country": "IN", "effective_on": "2026-01-01", "tpp": MOST_TPP}
    assert second == dict.fromkeys((*COLUMNS, "body_hash")) | given | {"programme": "country"}


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"feed.tsv"}))  # commas, unless a name says otherwise
def test_standard_input_is_known_by_its_look(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FORMS[name])))
    assert [row["country"] for row in read("-")] == ["AE", "IN"]


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[FORMS["feed.csv"]])
    writer.start()
    assert [row["country"] for row in read(str(path))] == ["AE", "IN"]
    writer.join()


def test_a_name_with_wildcards_is_a_name(write: Write) -> None:
    write(HEADER + GOOD.replace("AE", "SA"), "a1.csv")
    assert [row["country"] for row in read(write(HEADER + GOOD, "a[1].csv"))] == ["AE"]
    assert [row["country"] for row in read(write(HEADER + GOOD, "a*.csv"))] == ["AE"]


def test_a_folder_named_like_a_column_adds_no_column(write: Write, tmp_path: Path) -> None:
    (tmp_path / "reason=x").mkdir()
    assert read(write(HEADER + GOOD, "reason=x/feed.csv"))[0]["reason"] is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_any_end_of_line_and_a_byte_order_mark_are_read(
    write: Write, end: str, mark: str, *, last: bool
) -> None:
    text = mark + (HEADER + GOOD + GOOD).replace("\n", end)
    path = write(text if last else text.removesuffix(end))
    with read_feed(path) as feed:
        assert [line for line, _ in rows(feed)] == [2, 3]
        assert feed.faults == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("allocate,AE,2026-01-01,,,,5", "has 7 fields, the header has 8"),
        (
            "block,AE,2026-01-01,,,,5,Smith, Jr",
            "has 9 fields, the header has 8: put quotation marks around a field that holds a separator",
        ),
        (
            "block,AE,2026-01-01,,,,5,Smith,",
            "has 9 fields, the header has 8: put quotation marks around a field that holds a separator",
        ),
        ("   ", None),
        (
            'block,AE,2026-01-01,,,,5,"a"b',
            "has text after a closing quotation mark: inside a field, write a quotation mark twice",
        ),
    ],
)
def test_a_record_with_another_number_of_fields_is_refused(write: Write, line: str, said: str | None) -> None:
    path = write(HEADER + GOOD + line + "\n" + GOOD)
    assert faults(path) == ([(3, None, said)] if said else [])
    with read_feed(path) as feed:
        assert [number for number, _ in rows(feed)] == [2, 4]
        assert feed.row_count == 2 + bool(said)


def test_a_quotation_mark_that_is_never_closed_is_found_where_it_opens(write: Write) -> None:
    text = HEADER + GOOD + 'block,AE,2026-01-01,,,,5,"a\n' + GOOD
    assert faults(write(text)) == [(3, None, "opens a quotation mark that is never closed")]
    assert faults(write(text + "x" * 200_000)) == [
        (3, None, "has a field of over 131,072 characters: is a quotation mark not closed?")
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("before", [0, 1, 30_000])
def test_a_line_has_a_longest_length_wherever_it_stands(tmp_path: Path, before: int, end: bytes) -> None:
    file = tmp_path / "feed.jsonl"
    short, longest = b"x" * 60 + end, b"x" * LONGEST_LINE
    for last in (end + short, b""):
        file.write_bytes(short * before + longest + last)
        assert survey(file, "jsonl").too_long is None
        file.write_bytes(short * before + longest + b"x" + last)
        assert survey(file, "jsonl").too_long == before + 1


@pytest.mark.parametrize("name", ["feed.csv", "feed.jsonl"])
def test_a_file_with_a_line_that_is_too_long_is_not_read_at_all(write: Write, name: str) -> None:
    content = as_csv([LICENSE]) if name == "feed.csv" else as_json_lines([LICENSE])
    lines = content.count(b"\n")
    path = write(content + b"x" * 3_000_000 + b"\n" + content, name)
    assert faults(path) == [(lines + 1, None, TOO_LONG)]
    with read_feed(path) as feed:
        assert feed.row_count == 0


def test_a_record_that_goes_on_over_many_lines_ends_somewhere(write: Write) -> None:
    path = write(HEADER + 'block,AE,2026-01-01,,,,5,"' + '","a\n' * 200_001 + '"\n' + GOOD)
    found = faults(path)
    assert found[0] == (
        2,
        None,
        "has a record of more than 1,000,000 characters: is a quotation mark not closed?",
    )


def test_a_pipe_without_an_end_or_a_line_is_not_copied_for_ever(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").symlink_to("/dev/zero")
    assert [line for line, *_ in faults(str(tmp_path / "feed.csv"))] == [None]
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=endless, args=[pipe])
    writer.start()
    assert faults(str(pipe)) == [(2, None, TOO_LONG)]
    writer.join()


def endless(pipe: Path) -> None:
    """A header, and a line that is written for as long as somebody reads it."""
    with suppress(BrokenPipeError), pipe.open("wb") as stream:
        stream.write(HEADER.encode())
        while True:
            stream.write(b"x" * 100_000)


@pytest.mark.parametrize("many", [1, 30_000])
def test_parquet_has_no_lines_and_comes_through_a_pipe_whole(tmp_path: Path, many: int) -> None:
    pipe = tmp_path / "pipe.parquet"
    os.mkfifo(pipe)
    entry = LICENSE | {"effective_on": "2026-01-01"}
    content = as_parquet([entry | {"request_id": f"{place:0100d}"} for place in range(many)])
    writer = threading.Thread(target=pipe.write_bytes, args=[content])
    writer.start()
    assert len(read(str(pipe))) == many
    writer.join()


@pytest.mark.parametrize("name", ["feed.csv", "feed.jsonl"])
def test_a_line_that_is_not_utf_8_is_named(write: Write, name: str) -> None:
    entry = LICENSE | {"consignee": "Société"}
    good, start = (as_csv([entry]), 2) if name == "feed.csv" else (as_json_lines([entry]), 1)
    content = good + good.splitlines()[-1].replace("é".encode(), b"\xe9") + b"\n"
    path = write(content, name)
    assert faults(path) == [(start + 1, None, "is not UTF-8 text: save the file as UTF-8")]
    with read_feed(path) as feed:
        assert [line for line, _ in rows(feed)] == [start]


@pytest.mark.parametrize(
    "line",
    [
        "",
        " \t",
        "\x1c",
        "{",
        '{"kind": }',
        "[1]",
        "null",
        '{"kind": "block"} x',
        '{"country": "\\ud800"}',
        "kind",
    ],
)
def test_a_line_that_is_no_json_object_is_named_and_an_empty_one_passed_over(write: Write, line: str) -> None:
    good = '{"kind": "allocate", "country": "AE", "effective_on": "2026-01-01", "tpp": 5}\n'
    path = write(good + line + "\n" + good, "feed.jsonl")
    assert faults(path) == ([(2, None, "is not one JSON object on one line")] if line.strip(" \t") else [])
    with read_feed(path) as feed:
        assert [number for number, _ in rows(feed)] == [1, 3]


@pytest.mark.parametrize(
    ("name", "content", "line", "said"),
    [
        ("feed.csv", b"", None, "is empty: a header line is needed"),
        ("feed.csv", b"\xef\xbb\xbf \n\n", None, "is empty: a header line is needed"),
        ("feed.csv", b"\n" * 9000, 1, "is empty: a header line is needed"),
        ("feed.jsonl", b"", None, "is empty: at least one line is needed"),
        ("feed.parquet", b"", None, "is not a Parquet file"),
        ("feed.csv", (HEADER + GOOD).encode("utf-16"), None, "is UTF-16 text: save it as UTF-8"),
        ("feed.csv", (HEADER + GOOD).encode("utf-16-be"), None, "is UTF-16 text: save it as UTF-8"),
        ("feed.jsonl", "{}".encode("utf-16"), None, "is UTF-16 text: save it as UTF-8"),
        (
            "feed.csv",
            b"PK\x03\x04..",
            None,
            "is a workbook or a ZIP archive: save the sheet as CSV (UTF-8)",
        ),
        ("feed.csv", b"\x1f\x8b\x08", None, "is compressed: unpack it first"),
        ("feed.csv", b"PAR1....PAR1", None, "is a Parquet file: name it .parquet"),
        ("feed.jsonl", b"[1]", None, "is a JSON array: write one object per line (JSON Lines)"),
        (
            "feed.json",
            b'[\n {"kind": "block"}]',
            None,
            "is a JSON array: write one object per line (JSON Lines)",
        ),
        ("feed.csv", b"\xef\xbb\xbf [ ]", None, "is a JSON array: write one object per line (JSON Lines)"),
        (
            "feed.csv",
            b"kind;country\nx;y\n",
            1,
            "the fields of this file are parted by ';': save it with commas",
        ),
        (
            "feed.csv",
            b"kind\tcountry\n",
            1,
            "the fields of this file are parted by '\\t': save it with commas",
        ),
        ("feed.csv", b'"kind', 1, "opens a quotation mark that is never closed"),
    ],
)
def test_a_file_that_is_something_else_is_refused_once(
    write: Write, name: str, content: bytes, line: int | None, said: str
) -> None:
    path = write(content, name)
    assert faults(path) == [(line, None, said)]
    with read_feed(path) as feed:
        assert list(feed.batches()) == []


def test_a_damaged_parquet_file_is_refused_by_its_own_name(write: Write) -> None:
    path = write(FORMS["feed.parquet"][:-20], "feed.parquet")
    ((line, column, said),) = faults(path)
    assert (line, column) == (None, None)
    assert said.startswith("cannot be read as Parquet: ")


def test_the_columns_of_a_parquet_file_have_types_that_are_exact(write: Write) -> None:
    table = pa.table(
        {
            "kind": ["allocate", "allocate"],
            "country": pa.array(["AE", "AE"]).dictionary_encode(),
            "effective_on": pa.array(["2026-01-01"] * 2).cast(pa.timestamp("ns")),
            "quantity": pa.array([None, None], pa.float64()),
            "tpp": [500.0, 5e15],
            "holder": pa.nulls(2),
            "license_no": [7, 8],
            "hodler": [1, 2],
        }
    )
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    path = write(sink.getvalue(), "feed.parquet")
    misfit = "does not belong to allocate: leave it empty"
    assert faults(path) == [
        (None, "effective_on", "is a column of TIMESTAMP_NS: write days as DATE"),
        (None, "license_no", "is a column of BIGINT: write text"),
        (None, "tpp", "is a column of DOUBLE: write whole numbers as integers"),
        (None, "hodler", "is not a column of this feed: did you mean holder?"),
        (1, "license_no", misfit),
        (2, "license_no", misfit),
    ]
    with read_feed(path) as feed:
        assert (feed.row_count, list(feed.batches())) == (2, [])


@pytest.mark.parametrize("name", ["nowhere.csv", "folder.csv"])
def test_a_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadFeed, match=f"{name} cannot be read: ") as caught:
        read_feed(str(tmp_path / name))
    assert caught.value.faults[0]["path"] == str(tmp_path / name)


def test_a_file_that_is_written_to_while_it_is_read_is_refused(write: Write) -> None:
    path = Path(write(HEADER + GOOD))
    waiting = [path.read_bytes() + GOOD.encode()]

    def write_at_the_second_opening(event: str, details: tuple[Any, ...]) -> None:
        if event == "open" and str(details[0]) == str(path):
            opened.append(event)
            if len(opened) == 4 and waiting:
                path.write_bytes(waiting.pop())

    opened: list[str] = []
    sys.addaudithook(write_at_the_second_opening)
    assert (None, None, "was changed while it was read: try again") in faults(str(path))


ALLOWED = "\nallocate,AE,2026-01-01,5,x,"
PIECES = (
    *("a", ",", ",", '"', '""', '"b"', '"c,d"', " ", "\n", "\r\n", "\r", "\t", "\x00", "\x0b", "é", "\u00a0"),
    *("'", "\\", "#", "NULL", ALLOWED, ALLOWED, ALLOWED.replace("x", ""), '"b, ""c"" d"', ' "', '" '),
)
OBJECT = '{"kind":"allocate","country":"AE","effective_on":"2026-01-01","tpp":5}'
PIECES_OF_JSON = (
    *(
        '{"kind"',
        ":",
        '"allocate"',
        "}",
        ",",
        "\n",
        "\r\n",
        "\r",
        " ",
        '"tpp"',
        "5",
        "é",
        "\t",
        "\x0b",
        "\x1c",
    ),
    *("\n" + OBJECT, "\n" + OBJECT),
)


def hold_both_readings_together(write: Write, text: str, name: str) -> None:
    """An empty line before the first one is all it takes for the careful reading."""
    with read_feed(write(text, name)) as fast, read_feed(write("\n" + text, f"careful-{name}")) as careful:
        assert fast.row_count == careful.row_count
        assert [(line + 1, cells) for line, cells in rows(fast)] == rows(careful)
        moved = [((fault.line or 0) + 1, *fault[2:]) for fault in fast.faults]
        assert moved == [fault[1:] for fault in careful.faults]


@given(body=st.lists(st.sampled_from(PIECES), max_size=12))
@example(body=[ALLOWED, ' "a"'])
@example(body=[ALLOWED, '"a" '])
@example(body=[ALLOWED, '"b, ""c"" d"'])
@example(body=[ALLOWED, '"b\n', ALLOWED, '"c, ""', ALLOWED])
@example(body=[ALLOWED, 'a"b, "c"'])
@example(body=[",", ALLOWED])
@example(body=[ALLOWED, "\x85", ALLOWED, "\u00a0"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_reading_of_csv_and_the_careful_one_agree(write: Write, body: list[str]) -> None:
    text = "kind,country,effective_on,tpp,consignee,holder" + ALLOWED + "".join(body)
    hold_both_readings_together(write, text, "feed.csv")


@given(body=st.lists(st.sampled_from(PIECES_OF_JSON), max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_reading_of_json_lines_and_the_careful_one_agree(write: Write, body: list[str]) -> None:
    hold_both_readings_together(write, OBJECT + "".join(body), "feed.jsonl")


def test_a_large_quoted_file_is_read_alike_by_both(write: Write) -> None:
    lines = [f'block,AE,2026-01-01,,,,{number},"because, ""{number}"""\n' for number in range(1, 150_001)]
    text = HEADER + "".join(lines)
    with read_feed(write(text)) as fast, read_feed(write("\n" + text, "careful.csv")) as careful:
        assert fast.faults == careful.faults == []
        for left, right in zip(fast.batches(), careful.batches(), strict=True):
            assert left.columns == right.columns
            assert left.rows == right.rows


def test_a_temporary_folder_that_takes_nothing_is_no_fault_of_the_file(write: Write) -> None:
    path = write("name[1].csv", "\n".join(["kind,country", *["license,AE"] * 9]))
    program = (
        "import resource, sys\n"
        "from ledger.errors import Unreachable\n"
        "from ledger.feed import read_feed\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "try:\n"
        "    read_feed(sys.argv[1])\n"
        "except Unreachable as error:\n"
        "    sys.stdout.write(error.detail)\n"
    )
    for most in ("0", "20"):  # bytes: no folder is found that takes a file; a folder takes the first bytes
        done = subprocess.run(
            [sys.executable, "-c", program, str(path), most], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("the temporary folder ")
        assert done.stdout.endswith("name another with TMPDIR")
