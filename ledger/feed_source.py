"""The bytes of a feed: where they lie, what form they have, and the careful reading of those that need one.

DuckDB reads a file in parallel, but says too little about a bad one: which lines, and all of them. So each
file is surveyed while it is hashed. Where that leaves no doubt that DuckDB reads just what stands there,
DuckDB reads it; any other file is read here, record by record, and handed over as Parquet.
"""

from __future__ import annotations

import codecs
import csv
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Self, TextIO

import pyarrow as pa
from pyarrow import parquet

from ledger import bounded
from ledger.errors import Unreachable
from ledger.feed_survey import CHUNK_BYTES, LONGEST_LINE, Form
from ledger.text import BLANKS

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
_RECORD_TOO_LONG = f"has a record of more than {LONGEST_LINE:,} characters: is a quotation mark not closed?"
_RECORDS = 2_000  # at a time: few enough to stay in the processor's cache
_NOT_UTF8 = "is not UTF-8 text: save the file as UTF-8"
_ARRAY = re.compile(rb"\[\s*(?:\{|\])")


def locate(path: str, folder: Path, *, pipes: bool) -> Path:
    """A regular file with the bytes of `path`, by a name that DuckDB takes literally.

    Names that DuckDB would take for a pattern are copied to `folder`, and with `pipes` so are pipes ('-' is
    stdin): without, one is no file. Raises `OSError`.
    """
    if pipes and path == "-":
        return _copied(sys.stdin.buffer, folder)
    file = Path(path).absolute()
    with file.open("rb") if pipes else bounded.opened(file) as stream:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) and not set("*?[") & set(str(file)):
            return file
        return _copied(stream, folder)


def folder_aside() -> AbstractContextManager[Path]:
    """A temporary folder for what has to be written meanwhile. Raises Unreachable where none can be made."""
    try:
        folder = TemporaryDirectory(prefix="tppq-")
    except OSError as error:
        raise no_room(os.environ.get("TMPDIR") or "of this machine", error) from error
    return _as_path(folder)


@contextmanager
def _as_path(folder: TemporaryDirectory[str]) -> Iterator[Path]:
    with folder as name:
        yield Path(name)


@contextmanager
def putting_aside(folder: Path) -> Iterator[None]:
    """What is written to a temporary folder meanwhile. Raises Unreachable where it takes nothing."""
    try:
        yield
    except OSError as error:
        raise no_room(folder, error) from error


def no_room(folder: Path | str, error: OSError) -> Unreachable:
    """What is said of a temporary folder that takes nothing: it is not the file that is at fault."""
    return Unreachable(
        f"the temporary folder {folder} cannot be written: {error.strerror or error}; make room there, "
        "or name another with TMPDIR",
        path=str(folder),
    )


def _copied(stream: BinaryIO, folder: Path) -> Path:
    """A copy, as far as its lines are none too long: a pipe need not have an end."""
    copy = folder / "feed"
    held, lined = 0, True
    with putting_aside(folder):
        target = copy.open("wb", buffering=0)  # what is left to write at its end would fail there
    with target:
        while chunk := stream.read(CHUNK_BYTES):
            lined = lined and not (target.tell() == 0 and chunk.startswith(_PARQUET))
            with putting_aside(folder):
                left = memoryview(chunk)
                while left:
                    left = left[target.write(left) :]
            ended = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            held = len(chunk) - ended - 1 + (held if ended < 0 else 0)
            if lined and held > LONGEST_LINE:
                break
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
        return "is a JSON array: write one object per line (JSON Lines)"
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


class _Lines:
    """The lines of a file, as many as a record may have: one whose end never comes is not waited for."""

    def __init__(self, stream: TextIO) -> None:
        self.given = 0
        """Characters since the record began."""
        self._stream = stream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self.given > LONGEST_LINE:
            raise csv.Error(_RECORD_TOO_LONG)
        line = next(self._stream)
        self.given += len(line)
        return line


def csv_records(file: Path, mark: str) -> Iterator[Record]:
    """Every record of a CSV file, the header too; lines that hold nothing are no records."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        lines = _Lines(stream)
        reader = csv.reader(lines, delimiter=mark, strict=True, skipinitialspace=True)
        while True:
            line, lines.given = reader.line_num + 1, 0
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

    `names` are those of the fields; fields named None are left out. What is missing is written as ''.
    """
    kept = [(place, name) for place, name in enumerate(names) if name is not None]
    texts = [("broken", pa.string()), *((name, pa.string()) for _, name in kept)]
    schema = pa.schema([("line", pa.int32()), *texts])
    nothing = [""] * len(names)
    with (
        putting_aside(target.parent),
        parquet.ParquetWriter(target, schema, use_dictionary=False, compression="none") as writer,
    ):
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
    if error == _RECORD_TOO_LONG:
        return error
    if error.startswith("unexpected end"):
        return "opens a quotation mark that is never closed"
    if "field larger" in error:
        return f"has a field of over {csv.field_size_limit():,} characters: is a quotation mark not closed?"
    return "has text after a closing quotation mark: inside a field, write a quotation mark twice"
