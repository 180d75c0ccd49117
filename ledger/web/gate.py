"""Who asks. Nobody is told anything of the ledger without a token, on this machine neither: others share it.

In a shared ledger each request is its user's, known by the token that `tppq user token` gave. A ledger of one
person has one token, its server's. A page in a browser cannot send what it does not know, so no page of
somebody else's can ask or post. Whoever is not known is turned away before anything else of theirs is read.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.book import Ledger
from ledger.errors import Busy, LedgerError, NotPermitted, Unreachable
from ledger.web.connection import AT_ONCE
from ledger.web.failure import answer_to, nobody

FOR_EVERYBODY = frozenset({"/", "/openapi.json"})
"""The paths that tell what is served, and nothing of the ledger."""

_LOG = logging.getLogger(__name__)
_SCHEME = "bearer"
_THREADS = 8
"""Requests that are looked at at once, in threads of their own: long answers keep nobody from the gate."""

_TRACE_SECONDS = 10.0
"""How often a token that is nobody's is recorded at most: whoever guesses shall not fill the ledger."""


class Gate:
    """Around the application: it lets in whoever has a token, with the ledger as they have it open.

    `replaced` is told why, once another file stands where the ledger's was: this one answers nobody any more.
    """

    def __init__(
        self, app: ASGIApp, ledger: Ledger, own_token: str | None, replaced: Callable[[Unreachable], None]
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._own_token = own_token
        self._replaced = replaced
        self._lock = threading.Lock()
        self._traced = float("-inf")
        self._threads = CapacityLimiter(_THREADS)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, of no more than AT_ONCE: whoever hangs up may leave one that is still worked on."""
        if self._under_way >= AT_ONCE:
            busy = Busy(f"{AT_ONCE} requests are being answered: ask again in a while")
            await answer_to(busy)(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._known(scope, receive, send)
        except asyncio.CancelledError:
            return  # the server ends, and has told the client so
        finally:
            self._under_way -= 1

    async def _known(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, which goes on if its token is somebody's."""
        if scope["type"] == "http" and scope["path"] not in FOR_EVERYBODY:
            try:
                given = Headers(scope=scope).get("authorization", "")
                scope.setdefault("state", {})["ledger"] = await to_thread.run_sync(
                    self._let_in, given, limiter=self._threads
                )
            except NotPermitted as error:
                await nobody(error)(scope, receive, send)
                return
            except LedgerError as error:
                await answer_to(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _let_in(self, authorization: str) -> Ledger:
        """The ledger with whoever sends this at work. Raises NotPermitted where nobody is known by it."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != _SCHEME or not token.strip():
            whose = "tppq user token NAME gives one" if self._ledger.shared else "tppq serve tells which"
            raise NotPermitted(f"a token is missing: send the header 'Authorization: Bearer TOKEN' ({whose})")
        try:
            return self._ledger.known_by(
                token.strip(), own_token=self._own_token, leaves_trace=self._may_trace
            )
        except NotPermitted:
            raise NotPermitted(
                "the token is nobody's here: it was replaced or revoked, or its user removed"
            ) from None
        except (Busy, Unreachable) as error:
            _LOG.warning("%s", error.detail)
            self._look_for_another()
            raise type(error)("the store cannot be asked now, not even who this is: try again") from None

    def _look_for_another(self) -> None:
        """Tell where another file took the ledger's place. One that is gone may be put back."""
        store = self._ledger._store  # noqa: SLF001  # what serves is a part of the ledger
        try:
            store.must_be_there()
        except Unreachable as error:
            if store.database.file is not None and store.database.file.is_file():
                self._replaced(error)

    def _may_trace(self) -> bool:
        with self._lock:
            if (now := time.monotonic()) - self._traced < _TRACE_SECONDS:
                return False
            self._traced = now
            return True


TOKEN = Security(HTTPBearer(auto_error=False, description="A user's token, or the server's own."))
"""For the description of the paths: whoever has none was turned away before."""


async def _at_work(request: Request) -> Ledger:
    ledger: Ledger = request.state.ledger
    return ledger


Asked = Annotated[Ledger, Depends(_at_work)]
"""The ledger, with whoever asks at work."""
