"""What is installed: versions, told where it matters what worked out an answer; pandas, which is left out."""

from __future__ import annotations


class WithoutPandas:
    """Says, on `sys.meta_path`, that there is no pandas: pyarrow imports it at the first list it is given.

    That takes 0.2 s, and neither the command nor the process of a query ever makes a frame.
    """

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """No spec, so that others look; for pandas ModuleNotFoundError."""
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError("the command does without pandas", name=fullname)


def version_of(package: str) -> str | None:
    """The version of an installed package, as pip knows it; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # 30 ms, for --help too  # noqa: PLC0415

    try:
        return version(package)
    except PackageNotFoundError:
        return None
