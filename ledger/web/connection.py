"""One connection: uvicorn's, with a time for each part of a request, and refusals that are problems.

uvicorn itself waits for as long as a client likes, and says what it refuses as plain text.
"""

from __future__ import annotations

import asyncio
import sys
from enum import Enum
from http import HTTPStatus
from operator import itemgetter
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ledger.errors import Busy
from ledger.web.failure import RETRY_SECONDS, not_understood, problem

AT_ONCE = 500
"""Connections at once. One more takes the place of the one that has been idle longest."""

LEAST_BYTES = 1 << 20
"""Of a body, what must come in each minute but its last: 1 GiB may take 17 hours; a byte is too few."""

ENDED_SECONDS = 1.0
"""How long a client has to take what it is told when the server ends."""


class Part(Enum):
    """What a connection waits for."""

    head = "head"
    """The head of a request, from its first moment, or from the answer before it."""

    body = "body"
    """The body of a request: each time LEAST_BYTES more of it, or its end."""

    rest = "rest"
    """What still comes of a body that is answered: thrown away, so that its client reads the answer."""


SECONDS = {Part.head: 20.0, Part.body: 60.0, Part.rest: 10.0}


class Lingering:
    """A transport that is closed by its connection, so that an answer is not lost with what was not read."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether it takes nothing more to be sent."""
        return self._connection.lets_go or self._transport.is_closing()

    def close(self) -> None:
        """Close it, at once where the client has said all that it began to say."""
        if self._connection.lets_go or not self._connection.still_sends:
            self._transport.close()
        else:
            self._connection.let_go()


class Connection(H11Protocol):
    """It is closed where its client keeps it waiting: says nothing, or half of it, or takes no answer."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._part: Part | None = None
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._bytes = self._left = 0
        self._below: asyncio.Transport | None = None
        self.lets_go = False

    # ------------------------------------------------------------------------------- what uvicorn calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A client is there."""
        if len(self.connections) >= AT_ONCE:
            self._make_room()
        self._below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
        super().connection_made(cast("asyncio.Transport", Lingering(transport, self)))
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A client sent something."""
        if not self.lets_go:
            self._bytes += len(data)
            super().data_received(data)
            self._watch()

    def on_response_complete(self) -> None:
        """A request is answered."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has gone."""
        self._wait_for(None)
        self.lets_go = True
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or has too long a head, is refused."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 0
        why, _, _ = str(error or msg).partition(": bytearray")  # after which is what was sent
        about = not_understood(f"this is no request of HTTP/1.1: {why}")
        self._refuse(hint or HTTPStatus.BAD_REQUEST, about)

    # -------------------------------------------------------------------------- what the others call

    @property
    def idle_since(self) -> float | None:
        """By the loop's clock; None while a request is under way, or its answer is being taken."""
        return self._since if self._part in (Part.head, Part.rest) and not self._untaken() else None

    @property
    def still_sends(self) -> bool:
        """Whether there is more to come of a body."""
        return self.conn.their_state is h11.SEND_BODY

    def let_go(self, seconds: float | None = None) -> None:
        """Say no more, and close when the client does, or soon; what it still says is read and let go."""
        self.lets_go = True
        if self.transport.can_write_eof():  # not by TLS
            self.transport.write_eof()
        self.flow.resume_reading()
        self._wait_for(Part.rest, seconds)

    def give_way(self) -> None:
        """Be closed, for another's sake."""
        self._wait_for(None)
        self.transport.abort()

    def end(self) -> None:
        """The server ends, and waits no longer: what is not answered by now is told so."""
        if self._is_under_way() and not self.lets_go:
            said = Busy("this was not done, or not told, before the server ended: ask what became of it")
            about = said.problem() | {"title": "The server ends"}
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, about, seconds=ENDED_SECONDS)
        else:
            self.transport.abort()

    # --------------------------------------------------------------------------------------------- within

    def _is_under_way(self) -> bool:
        """Whether there is a request that is not answered; before the first there is no cycle."""
        return bool(self.cycle) and not self.cycle.response_complete

    def _watch(self) -> None:
        """Start the time anew where the connection has come to another part."""
        if self.lets_go:
            return
        part: Part | None = Part.head
        if self._is_under_way():
            part = Part.body if self.cycle.more_body else None  # else it is for us to do something
        elif self.still_sends:
            part = Part.rest
        if part is not self._part:
            self._wait_for(part)

    def _wait_for(self, part: Part | None, seconds: float | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._part = part
        if part is not None:
            self._since, self._bytes = self.loop.time(), 0
            self._left = self._untaken()
            own = SECONDS[Part.body if self._left else part]  # an answer is taken as a body is brought
            self._timer = self.loop.call_later(seconds or own, self._overdue)

    def _overdue(self) -> None:
        """The time of a part is over: the client has more of it, or is closed."""
        left = self._untaken()
        if left < self._left or (self._part is Part.body and self._comes_on()):
            self._wait_for(self._part)
        elif left or self._part is Part.rest or not (self._is_under_way() or self.conn.trailing_data[0]):
            self.transport.abort()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, not_understood("the request did not come in time"))

    def _untaken(self) -> int:
        """Bytes of answers that the client has not taken; by TLS they wait below what encrypts them."""
        below = 0 if self._below is None else self._below.get_write_buffer_size()
        return int(self.transport.get_write_buffer_size()) + below

    def _comes_on(self) -> bool:
        """Whether a body comes as fast as it must, or waits for us."""
        return self._bytes >= LEAST_BYTES or self.flow.read_paused

    def _make_room(self) -> None:
        """Close what has been idle longest; those whose request is under way stay."""
        others = [each for each in self.connections if isinstance(each, Connection)]
        idle = [(each.idle_since, each) for each in others if each.idle_since is not None]
        if idle:
            _, longest = min(idle, key=itemgetter(0))
            longest.give_way()

    def _refuse(self, status: int, about: dict[str, Any], *, seconds: float | None = None) -> None:
        """Answer in the place of the application, if nobody has; what still comes is read and let go."""
        has_body = True
        if self._is_under_way():
            has_body = self.scope["method"] != "HEAD"
            self.cycle.disconnected = True  # to the application the client has gone
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            retry = {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
            said = problem(status, about, {"Connection": "close", **retry})
            headers = [*self.server_state.default_headers, *said.raw_headers]
            for event in (
                h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode()),
                h11.Data(data=bytes(said.body) if has_body else b""),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.let_go(seconds)
