"""`python -m ledger`, and the command `tppq`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

from ledger.cli import run
from ledger.cli.streams import let_go

_OBJECTS = 50_000
"""New objects after which Python looks for garbage: starting up makes many, and no garbage."""

_SIGNALED = 128
"""Above it, an exit status says by which signal a run was ended."""


class WithoutPandas(MetaPathFinder):
    """Says that there is no pandas: pyarrow imports it at the first list it is given, which takes 0.2 s.

    The command never makes a frame.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """No spec, so that others look; for pandas ModuleNotFoundError."""
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError("the command does without pandas", name=fullname)


def main() -> None:
    """Run the command and end the process with its exit status."""
    gc.set_threshold(_OBJECTS)
    sys.meta_path.insert(0, WithoutPandas())
    status = run()
    if status > _SIGNALED:
        let_go(sys.stderr)  # DuckDB, interrupted, complains at the end of the process of what it then lost
    sys.exit(status)


if __name__ == "__main__":
    main()
