"""The body of a request: bounded, and where it is a file, put aside as one that `Feed` can read."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.errors import BadFeed, Unreachable

MOST_BYTES = 4 << 20
"""Of a body that is held in memory: some 10,000 entries as JSON."""

MOST_FILE_BYTES = 1 << 30
"""Of a file: some five million rows of CSV."""

SUFFIXES = MappingProxyType({
    "text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl", "application/vnd.apache.parquet": ".parquet",
})  # fmt: skip
"""The forms of a file that is posted, by media type, as the suffix by which a feed knows them."""

FILES = frozenset({"/post_file", "/propose_file"})
"""The paths whose body is a file."""


class Bounded:
    """Around the application: a body ends where it is larger than its path takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_FILE_BYTES if scope["path"] in FILES else MOST_BYTES
        got = 0
        declared = int(Headers(scope=scope).get("content-length", "0"))  # uvicorn lets in nothing else

        async def counted() -> Message:
            nonlocal got
            if declared <= most:
                message = await receive()
                got += len(message.get("body", b""))
                if got <= most:
                    return message
            said = f"{scope['path']} takes {most:,} bytes, and the body has more: nothing was written"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)

        await self._app(scope, counted, send)


@asynccontextmanager
async def put_aside(request: Request) -> AsyncIterator[Path]:
    """The body as a file of its form, in a folder of its own, which is removed afterwards.

    Raises BadFeed; Unreachable where there is no room for it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in SUFFIXES:
        raise BadFeed(
            f"the body is '{kind or 'of no type'}': send CSV, TSV, JSON Lines or Parquet, and say which with "
            f"the header Content-Type: {', '.join(SUFFIXES)}",
            faults=[],
        )
    with tempfile.TemporaryDirectory(prefix="tppq-body-") as folder:
        file = Path(folder) / f"body{SUFFIXES[kind]}"
        try:
            with file.open("wb") as target:
                async for chunk in request.stream():
                    target.write(chunk)
        except OSError as error:
            raise Unreachable(f"the body cannot be put aside here: {error.strerror}") from error
        yield file


def in_body(faults: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Faults of a file that was put aside, with the name by which whoever sent it knows it."""
    return [fault | {"path": "body"} for fault in faults]
