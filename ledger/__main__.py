"""`python -m ledger`, and the command `tppq`."""

from __future__ import annotations

import gc
import sys

from ledger.cli import run
from ledger.cli.streams import let_go
from ledger.installed import WithoutPandas

_OBJECTS = 50_000
"""New objects after which Python looks for garbage: starting up makes many, and no garbage."""

_SIGNALED = 128
"""Above it, an exit status says by which signal a run was ended."""


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
