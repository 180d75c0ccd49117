"""Entries on their way into DuckDB: one statement takes in all of them, while others are read and hashed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from types import TracebackType
from typing import Self

import pyarrow as pa

from ledger.engine import Core
from ledger.errors import Tampered
from ledger.rehashing import Hashed

_ARRIVING = pa.schema([("seq", pa.int64()), ("body", pa.string())])
_WAITING = 4
"""How often entries may be given while DuckDB is busy with those given before."""


class Intake:
    """Takes in canonical forms by a script of `schemas`, which reads them as `arriving` (seq, body)."""

    def __init__(self, core: Core, script: str) -> None:
        self._core, self._script = core, script
        self._waiting: Queue[pa.RecordBatch | None] = Queue(_WAITING)
        self._thread = ThreadPoolExecutor(1, "taking")
        self._taken: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()  # also where a signal came while it was closed: a second end does no harm
        self._thread.shutdown()

    def give(self, some: Hashed) -> None:
        """Let entries be taken in that follow those given before. Raises Tampered for what is not UTF-8."""
        buffers = [None, pa.py_buffer(some.ends), pa.py_buffer(some.packed)]
        bodies = pa.Array.from_buffers(pa.string(), len(some.seqs), buffers)
        try:
            bodies.validate(full=True)
        except pa.ArrowInvalid as error:
            what = f"an entry holds bytes that are not UTF-8 text: {error}"
            raise Tampered(what, seq=some.seqs[0]) from error
        numbers = [None, pa.py_buffer(array("q", some.seqs))]
        seqs = pa.Array.from_buffers(pa.int64(), len(some.seqs), numbers)
        self._started()
        self._waiting.put(pa.record_batch([seqs, bodies], schema=_ARRIVING))

    def end(self) -> None:
        """Wait until all are taken in. Raises Tampered for a value that no entry can have."""
        taken = self._started()
        self._close()
        taken.result()

    def _started(self) -> Future[None]:
        """The work, begun within the block that ends it: whatever signal comes, nobody waits for it."""
        if self._taken is None:
            self._taken = self._thread.submit(self._take)
        return self._taken

    def _close(self) -> None:
        self._waiting.put(None)

    def _take(self) -> None:
        coming = self._coming()
        try:
            self._core.take(pa.RecordBatchReader.from_batches(_ARRIVING, coming), self._script)
        finally:
            for _ in coming:  # where DuckDB stopped before the last: whoever gives more is not to wait for it
                pass

    def _coming(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._waiting.get()) is not None:
            yield batch
