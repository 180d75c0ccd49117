"""What is read whole is small, and a file: nothing that is found in its place is waited for."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ledger import bounded


def test_a_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * bounded.MOST_BYTES)
    assert len(bounded.contents(file)) == bounded.MOST_BYTES
    file.write_bytes(b"x" * (bounded.MOST_BYTES + 1))
    with pytest.raises(OSError, match="more than 1,000,000 bytes"):
        bounded.contents(file)


def test_a_pipe_without_a_writer_and_a_device_without_an_end_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        with pytest.raises(OSError, match="it is a pipe or a device, not a file"):
            bounded.contents(tmp_path / name)
    with pytest.raises(IsADirectoryError):
        bounded.contents(tmp_path)


def test_a_pipe_that_is_named_for_once_is_read_and_a_device_as_far_as_the_limit(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"told"])
    writer.start()
    assert bounded.contents(pipe, pipes=True) == b"told"
    writer.join()
    with pytest.raises(OSError, match="more than 1,000,000 bytes"):
        bounded.contents(Path("/dev/zero"), pipes=True)
