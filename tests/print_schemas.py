"""Prints what is defined in Python and read elsewhere: the store's tables, and the schema of each feed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ledger import feed_layout, recon_manifest, schema
from ledger.recon_layout import LAYOUTS
from ledger.tables import ENTRY

FIRST_LINE = "-- One row is what its class in ledger/ says (entry, tables); printed by `make schemas`."
QUOTED = re.compile(r"('[^']*'|\"[^\"]*\")")


def tables(kind: type[Dialect]) -> str:
    """Every table and index of the store in one dialect, as a script that may be run again."""
    dialect = kind()
    definitions: list[CreateTable | CreateIndex] = []
    for table in ENTRY.metadata.sorted_tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        definitions.append(CreateTable(table, if_not_exists=True))
        definitions.extend(CreateIndex(index, if_not_exists=True) for index in indexes)
    statements = [_tidy(str(definition.compile(dialect=dialect))) for definition in definitions]
    return "\n".join([FIRST_LINE, *statements])


def _tidy(statement: str) -> str:
    """The statement as one would write it by hand: lower case except in quotes, four blanks, no more."""
    options_in_line = re.sub(r"\n (?=\S)", " ", statement.strip())
    parts = QUOTED.split(options_in_line.replace("\t", "    "))
    lowered = "".join(part if QUOTED.fullmatch(part) else part.lower() for part in parts)
    lines = [line.rstrip() for line in lowered.splitlines() if line.strip()]
    return "\n".join(lines) + ";\n"


def printed() -> dict[Path, str]:
    """Every printed file and what belongs in it."""
    folder = schema.folder("schemas")
    feeds = {"post": feed_layout.POSTING.table_schema, "manifest": recon_manifest.manifest_schema()}
    feeds |= {source: layout.table_schema for source, layout in LAYOUTS.items()}
    return {
        folder / "store" / "tables.sqlite.sql": tables(sqlite.dialect),
        folder / "store" / "tables.postgresql.sql": tables(postgresql.dialect),
        **{
            folder / "feed" / f"{name}.schema.json": json.dumps(text, indent=2, ensure_ascii=False) + "\n"
            for name, text in feeds.items()
        },
    }


if __name__ == "__main__":
    for path, text in printed().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
