"""The bytes of a feed: where they lie, what form they have, and the careful reading of those that need one.

DuckDB reads a file in parallel, but says too little about a bad one: which lines, and all of them. So each
file is surveyed while it is hashed. Where that leaves no doubt that DuckDB reads just what stands there,
DuckDB reads it; any other file is read here, record by record, and handed over as Parquet.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from ledger.text import BLANKS

Form = Literal["csv", "tsv", "jsonl", "parquet"]
Record = tuple[int, list[str] | str]
"""The line on which a record starts, and its fields; or, if it cannot be read, why."""

FORMS: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_PARQUET = b"PAR1"
_UTF16 = "is UTF-16 text: save it as UTF-8"
_OTHER_FORMS = (
    (codecs.BOM_UTF16_LE, _UTF16),
    (codecs.BOM_UTF16_BE, _UTF16),
    (b"PK\x03\x04", "is a workbook or a ZIP archive: save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "is compressed: unpack it first"),
    (_PARQUET, "is a Parquet file: name it .parquet"),
)
_CHUNK_BYTES = 1 << 20
_RECORDS = 2_000  # at a time: few enough to stay in the processor's cache
_NOT_UTF8 = "is not UTF-8 text: save the file as UTF-8"
# How blanks, and what no text may hold, begin in UTF-8: one byte is found faster than what it may lead to.
_ODD = (b"\xc2", b"\xd8\x9c", b"\xe1\x9a\x80", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80\x80")
# A line whose fields have no quotation mark, or stand between two; a mark inside them is written twice.
_FIELD = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"%b]*+)'
_WELL_QUOTED = {
    mark: re.compile(rb"%b(?:%b%b)*+\r?" % (_FIELD % mark, mark, _FIELD % mark)) for mark in (b",", b"\t")
}
_ARRAY = re.compile(rb"\[\s*(?:\{|\])")
_CONTROLS = bytes({*range(32), 127} - set(b"\r\n"))


class Survey(NamedTuple):
    """What one pass over the bytes of a file says about it."""

    content_sha256: str
    stamp: tuple[int, int]
    lines: int
    delimiters: int
    quoted: bool  # has quotation marks
    regular: bool  # DuckDB's reading and the careful one cannot differ but in what a count shows
    plain: bool  # while a record is a line: no control characters in a cell, no blanks but spaces at its ends


def delimiter(form: Form) -> str:
    return "\t" if form == "tsv" else ","


def locate(path: str, folder: Path) -> Path:
    """A regular file with the bytes of `path` ('-' is stdin), by a name that DuckDB takes literally.

    Pipes, and names that DuckDB would take for a pattern, are copied to `folder`. Raises `OSError`.
    """
    if path == "-":
        return _copied(sys.stdin.buffer, folder)
    file = Path(path).absolute()
    with file.open("rb") as stream:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and not set("*?[") & set(str(file)):
            return file
        return _copied(stream, folder)


def _copied(stream: BinaryIO, folder: Path) -> Path:
    copy = folder / "feed"
    with copy.open("wb") as target:
        shutil.copyfileobj(stream, target, _CHUNK_BYTES)
    return copy


def form_of(path: str, file: Path) -> Form:
    """The form that the suffix of `path` names; without one that is known, what the first bytes look like."""
    if known := FORMS.get(Path(path).suffix.lower()):
        return known
    head = _head(file).removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(_PARQUET):
        return "parquet"
    return "jsonl" if head.startswith(b"{") else "csv"


def unreadable(file: Path, form: Form) -> str | None:
    """Why the file as a whole cannot be of this form, if its first bytes say so."""
    head = _head(file)
    text = head.removeprefix(codecs.BOM_UTF8).strip()
    if form == "parquet":
        return None if head.startswith(_PARQUET) else "is not a Parquet file"
    if is_blank(file):
        return f"is empty: {'at least one' if form == 'jsonl' else 'a header'} line is needed"
    if _ARRAY.match(text) or (form == "jsonl" and text.startswith(b"[")):
        return "is a JSON array: write one object a line (JSON Lines)"
    if head.count(0) > len(head) // 4:
        return _UTF16
    return next((why for start, why in _OTHER_FORMS if head.startswith(start)), None)


def is_blank(file: Path) -> bool:
    """Whether nothing stands in a file but, perhaps, some blanks."""
    head = _head(file)
    return not head.removeprefix(codecs.BOM_UTF8).strip() and file.stat().st_size <= len(head)


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(4096)


def stamp(file: Path) -> tuple[int, int]:
    """Another size or time than before means that the file has been written to."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def survey(file: Path, form: Form) -> Survey:
    """Hashes the file and counts what tells whether DuckDB's reading of it can be trusted."""
    mark = delimiter(form).encode()
    controls = _CONTROLS.replace(mark, b"")
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    lines = delimiters = returns = line_ends = 0
    regular, quoted, plain = True, False, form != "jsonl"
    before, first_stamp = b"\n", stamp(file)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES) + stream.readline(_CHUNK_BYTES):
            digest.update(chunk)
            seen = before[-2:] + chunk
            lines += chunk.count(b"\n")
            delimiters += chunk.count(mark) if form != "jsonl" else 0
            if b"\r" in seen:  # one byte is found ten times as fast as two
                returns += chunk.count(b"\r")
                line_ends += seen[1:].count(b"\r\n")
            if form != "jsonl" and b'"' in seen:
                quoted = True
                regular = regular and _well_quoted(chunk, mark)
                plain = plain and form == "csv"
            if not seen.isascii():
                regular = regular and _is_utf8(chunk, decoder)
                plain = plain and not any(odd in seen for odd in _ODD)
            plain = plain and len(chunk) == len(chunk.translate(None, controls))
            before = chunk
    return Survey(
        content_sha256=digest.hexdigest(),
        stamp=first_stamp,
        lines=lines + (not before.endswith(b"\n")),
        delimiters=delimiters,
        quoted=quoted,
        regular=regular and returns == line_ends and not decoder.getstate()[0],
        plain=plain,
    )


def _well_quoted(chunk: bytes, mark: bytes) -> bool:
    """Whether marks beside a blank leave no doubt: the two readings differ on `"a" ,` and on `, "a"`."""
    for beside in (b' "', b'" '):
        at = chunk.find(beside)
        while at >= 0:
            start, end = chunk.rfind(b"\n", 0, at) + 1, chunk.find(b"\n", at)
            end = end if end >= 0 else len(chunk)
            if not _WELL_QUOTED[mark].fullmatch(chunk, start, end):
                return False
            at = chunk.find(beside, end)
    return True


def _is_utf8(chunk: bytes, decoder: codecs.IncrementalDecoder) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def csv_records(file: Path, mark: str) -> Iterator[Record]:
    """Every record of a CSV file, the header too; lines that hold nothing are no records."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream, delimiter=mark, strict=True, skipinitialspace=True)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, _csv_reason(str(error))
                continue
            if len(fields) > 1 or any(field.strip(BLANKS) for field in fields):
                yield line, fields if _is_text("".join(fields)) else _NOT_UTF8


def json_lines(file: Path) -> Iterator[Record]:
    """Every line of a JSON Lines file that holds something, as a record of one field."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        for line, text in enumerate(stream, start=1):
            if text.strip(BLANKS):
                yield line, [text] if _is_text(text) else _NOT_UTF8


def write_careful(records: Iterator[Record], names: Sequence[str | None], target: Path) -> None:
    """Writes records to a Parquet file of text columns, after `line` and, for one without cells, `broken`.

    `names` are those of the fields; fields named None are left out. Nothing is written as ''.
    """
    kept = [(place, name) for place, name in enumerate(names) if name is not None]
    texts = [("broken", pa.string()), *((name, pa.string()) for _, name in kept)]
    schema = pa.schema([("line", pa.int32()), *texts])
    nothing = [""] * len(names)
    with parquet.ParquetWriter(target, schema, use_dictionary=False, compression="none") as writer:
        while group := list(islice(records, _RECORDS)):
            rows = [_cells(fields, len(names)) for _, fields in group]
            fields = list(zip(*(nothing if isinstance(row, str) else row for row in rows), strict=True))
            lines = [line for line, _ in group]
            broken = [row if isinstance(row, str) else "" for row in rows]
            columns = [lines, broken, *(fields[place] for place, _ in kept)]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _cells(fields: list[str] | str, width: int) -> list[str] | str:
    if isinstance(fields, str) or len(fields) == width:
        return fields
    hint = ": put quotation marks around a field that holds a separator" if len(fields) > width else ""
    return f"has {len(fields)} fields, the header has {width}{hint}"


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _csv_reason(error: str) -> str:
    if error.startswith("unexpected end"):
        return "opens a quotation mark that is never closed"
    if "field larger" in error:
        return f"has a field of over {csv.field_size_limit():,} characters: is a quotation mark not closed?"
    return "has text after a closing quotation mark: inside a field, write a quotation mark twice"
