"""`python -m ledger`, and the command `tppq`."""

from __future__ import annotations

import gc
import os
import signal
import sys

_OBJECTS = 50_000
"""New objects after which Python looks for garbage: starting up makes many, and no garbage."""

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""Of what numpy computes with, and nothing here asks for: it starts one a core, and dies where it may not."""

_SIGNALED = 128
"""Above it, an exit status says by which signal a run was ended."""


def main() -> None:
    """Run the command and end the process with its exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # till `run` can tell of Ctrl-C without a traceback
    gc.set_threshold(_OBJECTS)
    os.environ.setdefault(*_ONE_THREAD)
    from ledger.cli import run  # after that, as it takes the longest  # noqa: PLC0415
    from ledger.cli.streams import let_go  # likewise  # noqa: PLC0415
    from ledger.installed import WithoutPandas  # likewise  # noqa: PLC0415

    sys.meta_path.insert(0, WithoutPandas())
    status = run()
    if status > _SIGNALED:
        let_go(sys.stderr)  # DuckDB, interrupted, complains at the end of the process of what it then lost
    sys.exit(status)


if __name__ == "__main__":
    main()
