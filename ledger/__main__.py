"""`python -m ledger`, and the command `tppq`."""

from __future__ import annotations

import sys

from ledger.cli import run


def main() -> None:
    """Run the command and end the process with its exit status."""
    sys.exit(run())


if __name__ == "__main__":
    main()
