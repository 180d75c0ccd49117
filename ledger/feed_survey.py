"""What one pass over the bytes of a feed says: its hash, and whether DuckDB can be trusted to read it."""

from __future__ import annotations

import codecs
import hashlib
import re
from pathlib import Path
from typing import Literal, NamedTuple

Form = Literal["csv", "tsv", "jsonl", "parquet"]

LONGEST_LINE = 1_000_000
"""Bytes of a line, and characters of a record of several lines: one is held in memory whole."""

TOO_LONG = f"is longer than {LONGEST_LINE:,} bytes, the most that a line may have: give each record a line"
CHUNK_BYTES = LONGEST_LINE
# How blanks, and what no text may hold, begin in UTF-8: one byte is found faster than what it may lead to.
_ODD = (b"\xc2", b"\xd8\x9c", b"\xe1\x9a\x80", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80\x80")
# A line whose fields have no quotation mark, or stand between two; a mark inside them is written twice.
_FIELD = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"%b]*+)'
_WELL_QUOTED = {
    mark: re.compile(rb"%b(?:%b%b)*+\r?" % (_FIELD % mark, mark, _FIELD % mark)) for mark in (b",", b"\t")
}
_CONTROLS = bytes({*range(32), 127} - set(b"\r\n"))


class Survey(NamedTuple):
    """What one pass over the bytes of a file says about it."""

    content_sha256: str
    stamp: tuple[int, int]
    lines: int
    too_long: int | None  # the first line that is
    delimiters: int
    quoted: bool  # has quotation marks
    regular: bool  # DuckDB's reading and the careful one cannot differ but in what a count shows
    plain: bool  # while a record is a line: no control characters in a cell, no blanks but spaces at its ends


def delimiter(form: Form) -> str:
    return "\t" if form == "tsv" else ","


def stamp(file: Path) -> tuple[int, int]:
    """Another size or time than before means that the file has been written to."""
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def survey(file: Path, form: Form) -> Survey:
    """Hashes the file and counts what tells whether DuckDB's reading of it can be trusted."""
    mark = delimiter(form).encode()
    controls = _CONTROLS.replace(mark, b"")
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    lines = delimiters = returns = line_ends = held = 0
    too_long = None
    regular, quoted, plain = True, False, form != "jsonl"
    before, first_stamp = b"\n", stamp(file)
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES) + stream.readline(LONGEST_LINE + 2):
            digest.update(chunk)
            seen = before[-2:] + chunk
            if form != "parquet" and too_long is None:
                place, held = _first_too_long(chunk, held)
                too_long = None if place is None else lines + returns - line_ends + place
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
        too_long=too_long,
        delimiters=delimiters,
        quoted=quoted,
        regular=regular and returns == line_ends and not decoder.getstate()[0],
        plain=plain,
    )


def _first_too_long(chunk: bytes, held: int) -> tuple[int | None, int]:
    """The first line that is too long, counted from 1; and how much of its last line a chunk leaves open.

    `held` is what the chunk before left open of this one's first. No other line than the last, which was read
    to its end, is longer than what is read at a time.
    """
    if not held and len(chunk) - chunk.rfind(b"\n", 0, -1) - 1 <= LONGEST_LINE:
        return None, 0
    lengths = list(map(len, chunk.splitlines()))
    lengths[0] += held
    place = next((place for place, length in enumerate(lengths, 1) if length > LONGEST_LINE), None)
    return place, 0 if chunk.endswith((b"\n", b"\r")) else lengths[-1]


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
