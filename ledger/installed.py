"""Which version of a package is installed: told where it matters what has worked out an answer."""

from __future__ import annotations


def version_of(package: str) -> str | None:
    """The version of an installed package, as pip knows it; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # 30 ms, for --help too  # noqa: PLC0415

    try:
        return version(package)
    except PackageNotFoundError:
        return None
