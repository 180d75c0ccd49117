"""Finds the SQL and the reference data, in a wheel and in a checkout alike."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SCHEMA_VERSION = 2
"""The schema of the store that this version runs."""

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `schemas` or `fixtures`: inside the package (a wheel), else beside it (a checkout).

    Two places, because hatchling's force-include puts a copy into site-packages also for
    `pip install -e`, where the package itself is found in the checkout.
    """
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"{name}/ is neither in {_PACKAGE} nor beside it: the installation is incomplete")


@cache
def sql(path: str) -> str:
    """The text of one file below `schemas`, by its path there: `sql("core/3_headroom.sql")`."""
    return (folder("schemas") / path).read_text(encoding="utf-8")


def core_scripts() -> list[str]:
    """Every script of the DuckDB core by its path, in the order in which they run: by name."""
    return [f"core/{path.name}" for path in sorted((folder("schemas") / "core").glob("[0-9]_*.sql"))]
