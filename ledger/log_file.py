"""The whole log as one text file, which any engine, and any program, can read: a backup of the second kind.

JSON Lines, each in canonical form. The first line is the head; then every entry with its two hashes, every
refusal and every event; the last line counts them and has the SHA-256 of all bytes before it, so that a file
that was cut is known for what it is. The same ledger makes the same bytes, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from ledger.errors import BadFeed, Tampered
from ledger.evidence import canonical, chain_hash
from ledger.loading import Group
from ledger.log_fields import FIELDS, first_unfit
from ledger.rereading import Page
from ledger.submission import Head

FORMAT = "tppq-log"
VERSION = 1
GROUP_ROWS = 20_000
LONGEST = 64 << 20
"""Bytes of a line at most: more than a proposal with as many entries as it may have."""

_TABLES = ("entry", "refusal", "event")
_OF_ENTRY = ("prev_hash", "hash")
"""What stands beside an entry in its line: what its hash does not cover."""

_FIRST = frozenset({"format", "v", "head"})
"""What stands in the first line."""

_LINES = {"entry": {"entry", *_OF_ENTRY}, "refusal": {"refusal"}, "event": {"event"}}
"""What stands in any other, by the table that it is of."""

_WITHIN = {table: FIELDS[table].keys() - names for table, names in _LINES.items()}
"""And what in the object of that name."""

_SHOWN = 60
"""Characters shown of a value that is at fault."""

_LEVEL = 6
"""How hard gzip tries: at 9 it takes three times as long, for a file that is 2 % smaller."""


class Counted(NamedTuple):
    """How many rows of each table a log holds."""

    entry: int
    refusal: int
    event: int


class Writer:
    """Writes a log, line by line; `end` makes it whole."""

    def __init__(self, file: BinaryIO, head: Head) -> None:
        self._file, self._digest = file, sha256()
        self._counts = dict.fromkeys(_TABLES, 0)
        self._line({"format": FORMAT, "v": VERSION, "head": head._asdict()})

    def entries(self, page: Page) -> None:
        """A page of entries. Raises Tampered where one is not what its hash says."""
        lines = []
        rows = zip(page.seqs, page.prev_hashes, page.hashes, page.bodies, strict=True)
        for seq, prev_hash, found, body in rows:
            if chain_hash(prev_hash, body) != found:
                raise Tampered(f"entry {seq:,} is not what its hash says: run tppq verify", seq=seq)
            # as `canonical` writes it, with the entry's own canonical form in its place
            lines.append(
                b'{"entry":%b,"hash":"%b","prev_hash":%b}\n' % (body, found.encode(), orjson.dumps(prev_hash))
            )
        self._write(b"".join(lines))
        self._counts["entry"] += len(lines)

    def others(self, table: str, rows: Iterable[Iterable[Any]]) -> None:
        """Rows of another table, as it is defined."""
        for row in rows:
            self._line({table: dict(zip(FIELDS[table], row, strict=True))})
            self._counts[table] += 1

    def end(self) -> Counted:
        """Write the last line."""
        self._line({"end": self._counts, "sha256": self._digest.hexdigest()})
        return Counted(**self._counts)

    def _line(self, content: dict[str, Any]) -> None:
        self._write(canonical(content) + b"\n")

    def _write(self, lines: bytes) -> None:
        self._digest.update(lines)
        self._file.write(lines)


@contextmanager
def opened(path: Path, mode: str) -> Iterator[BinaryIO]:
    """The file; through gzip where its name ends in .gz, without a time in it: same log, same bytes."""
    with path.open(mode) as file:
        if path.suffix == ".gz":
            with gzip.GzipFile("", mode, _LEVEL, file, mtime=0) as through:
                yield through  # type: ignore[misc]  # it reads and writes bytes, as asked
        else:
            yield file  # type: ignore[misc]  # binary, by its mode


def read_head(path: Path) -> Head:
    """The head of a log that is whole: its last line is there, and agrees. Raises BadFeed."""
    digest, counts = sha256(), dict.fromkeys(_TABLES, 0)
    first: dict[str, Any] | None = None
    ended = False
    for number, line, content in _lines(path):
        if ended:
            raise _bad(path, number, "there is more after the last line")
        if first is None:
            first = _first(path, content)
        elif "end" in content:
            ended = True
            if content != {"end": counts, "sha256": digest.hexdigest()}:
                raise _bad(path, number, "it does not hold what its last line says: it was changed, or cut")
        else:
            counts[_table_of(path, number, content)] += 1
        digest.update(line)
    if first is None or not ended:
        raise _bad(path, None, "its last line is missing: it was cut, or was never finished")
    if first.keys() != FIELDS["head"].keys():
        raise _bad(path, 1, "the head is not one of this version")
    head = [first[name] for name in FIELDS["head"]]
    _must_fit(path, 1, "head", [head])
    return Head(*head)


def groups(path: Path) -> Iterator[Group]:
    """The rows of a log that `read_head` found whole, in their order, some thousands at a time.

    Raises BadFeed for a field that is missing, or holds what it may not, with its line.
    """
    table, above = "entry", 1
    rows: list[list[Any]] = []
    for number, _, content in _lines(path):
        if number == 1 or "end" in content:
            continue
        found = _table_of(path, number, content)
        if rows and (found != table or len(rows) == GROUP_ROWS):
            yield _group(path, above, table, rows)
            rows, above = [], number - 1
        table = found
        rows.append(_row(path, number, table, content))
    if rows:
        yield _group(path, above, table, rows)


def _row(path: Path, number: int, table: str, content: dict[str, Any]) -> list[Any]:
    """The fields of a line, in the order of the columns."""
    strange = (content.keys() - _LINES[table]) | (content[table].keys() - _WITHIN[table])
    if strange:
        raise _unknown(path, number, strange)
    fields = {**content, **content[table]}
    try:
        return [fields[name] for name in FIELDS[table]]
    except KeyError as missing:
        raise _bad(path, number, f"{missing} is missing") from None


def _group(path: Path, above: int, table: str, rows: list[list[Any]]) -> Group:
    """Rows that stand one per line below the line `above`, where each field holds what it may."""
    _must_fit(path, above + 1, table, rows)
    return Group(table, rows)


def _must_fit(path: Path, first: int, table: str, rows: list[list[Any]]) -> None:
    unfit = first_unfit(table, rows)
    if unfit is not None:
        value = json.dumps(unfit.value)  # what cannot be seen by its code
        value = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        said = f"{unfit.name} is {value}: it {unfit.must_be}"
        raise _bad(path, first + unfit.row, said, column=unfit.name, value=value)


def _lines(path: Path) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    try:
        with opened(path, "rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
                if len(line) > LONGEST:
                    raise _bad(path, number, f"is longer than {LONGEST:,} bytes, which no line of a log is")
                try:
                    content = orjson.loads(line)
                except orjson.JSONDecodeError:
                    raise _bad(path, number, "is not JSON") from None
                if not isinstance(content, dict):
                    raise _bad(path, number, "is not an object")
                yield number, line, content
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(path, None, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _first(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    head = content.get("head")
    if content.get("format") != FORMAT or not isinstance(head, dict):
        raise _bad(path, 1, f"is not the first line of a log: {FORMAT} was looked for")
    if content.get("v") != VERSION:
        raise _bad(path, 1, f"is of version {content.get('v')}; this version reads {VERSION}")
    if strange := content.keys() - _FIRST:
        raise _unknown(path, 1, strange)
    return head


def _table_of(path: Path, number: int, content: dict[str, Any]) -> str:
    found = [name for name in _TABLES if isinstance(content.get(name), dict)]
    if len(found) != 1:
        raise _bad(path, number, f"is none of {', '.join(_TABLES)}")
    return found[0]


def _unknown(path: Path, line: int, names: AbstractSet[str]) -> BadFeed:
    name = json.dumps(min(names))[1:-1][:_SHOWN]  # what cannot be seen by its code
    return _bad(path, line, f"{name} is no field of this version")


def _bad(
    path: Path, line: int | None, why: str, *, column: str | None = None, value: str | None = None
) -> BadFeed:
    where = str(path) if line is None else f"{path}, line {line:,}"
    fault = {"path": str(path), "line": line, "column": column, "value": value, "reason": why}
    return BadFeed(f"{where}: {why}; nothing was written", faults=[fault])
