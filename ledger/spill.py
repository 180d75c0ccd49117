"""Where DuckDB puts what does not fit into memory.

It may be license data, so it goes into a folder of this process alone.

By itself it would take the folder in which the command is run, readable by whoever may read that, and all of
the disk.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from functools import cache

MOST = "10GB"
"""What does not end within that is given up, before the disk is full on which others write."""


def settings() -> dict[str, str]:
    """The settings of a connection to DuckDB that say so; without such a folder, nothing is put aside.

    What is put aside is gone with the connection, the folder with the process.
    """
    try:
        folder = _folder(os.getpid(), tempfile.gettempdir())
    except OSError:
        return {"temp_directory": ""}
    name = f"{secrets.token_hex(8)}.spill"
    return {"temp_directory": os.path.join(folder, name), "max_temp_directory_size": MOST}  # noqa: PTH118  # as DuckDB takes it


@cache
def _folder(process: int, within: str) -> str:
    """A new folder that nobody else may look into. Raises OSError."""
    folder = tempfile.mkdtemp(prefix="tppq-spill-", dir=within)
    atexit.register(_remove, process, folder)
    return folder


def _remove(process: int, folder: str) -> None:
    if os.getpid() == process:  # and not a fork of it
        shutil.rmtree(folder, ignore_errors=True)
