"""Serving on a socket: the loopback, unless told otherwise; beyond it only a shared ledger, over TLS."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import FrameType

import uvicorn

from ledger.book import Ledger
from ledger.errors import Misconfigured, NotPermitted, Unreachable
from ledger.web.app import application
from ledger.web.connection import AT_ONCE, Connection

_LONG = 86_400
"""uvicorn's own time between requests, in seconds, so long that it never ends one: `Connection` does."""

_AT_THE_DOOR = 128
"""Connections that wait to be taken, and are taken in one go: so few that 1,024 open files do for all."""

ENDING_SECONDS = 10.0
"""What is under way when the server is to end has so long to be answered."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to serve; port 0 is any that is free. `certificate` and `key` are files, for TLS."""

    host: str = "127.0.0.1"
    port: int = 8790
    certificate: Path | None = None
    key: Path | None = None


def bound(place: Place, *, shared: bool) -> socket.socket:
    """A socket at that place. Raises NotPermitted, Misconfigured, Unreachable."""
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise Misconfigured(f"--host {place.host}: this machine knows no such address ({error})") from None
    if not ip_address(address[0]).is_loopback:
        _must_be_safe(place, shared=shared)
    opened = socket.socket(family, kind, number)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(AT_ONCE)  # who comes before the first answer can be given, waits
    except OSError as error:
        opened.close()
        raise Unreachable(
            f"{place.host}:{place.port} cannot be served: {error.strerror}; --port names another, 0 any"
        ) from error
    return opened


def _must_be_safe(place: Place, *, shared: bool) -> None:
    """Raise where others than this machine could reach what is not made for that."""
    if not shared:
        raise NotPermitted(
            f"--host {place.host} lets other machines in, and a ledger of one person has one token for all: "
            "tppq db init --shared gives each of several people their own"
        )
    if place.certificate is None:
        raise NotPermitted(
            f"--host {place.host} lets other machines in, and tokens would cross the network in the clear: "
            "give --tls-cert and --tls-key, or leave it at 127.0.0.1 behind a proxy that has them"
        )


def address_of(place: Place, opened: socket.socket) -> str:
    """Where it is to be found: http://127.0.0.1:8790."""
    host, port = opened.getsockname()[:2]
    return f"http{'s' if place.certificate else ''}://{f'[{host}]' if ':' in host else host}:{port}"


class Server(uvicorn.Server):
    """What serves: `run(sockets=[...])` until a signal ends it, of which `status` is the exit status.

    Or until it is `lost`: what it serves is not where it was any more, and another server is to be started.
    """

    status = 0
    lost: Unreachable | None = None

    def lose(self, error: Unreachable) -> None:
        """End, as this says. Any thread may call it."""
        self.lost, self.should_exit = error, True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        self.status = 128 + sig
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A terminal that closes ends it as SIGTERM does, unless that is ignored, as under nohup."""
        with super().capture_signals():
            heard = threading.current_thread() is threading.main_thread()
            before = signal.getsignal(signal.SIGHUP)
            if heard and before != signal.SIG_IGN:
                signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                if heard:
                    signal.signal(signal.SIGHUP, before)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody new, let what is under way be answered, and after a while close what is left."""
        asyncio.get_running_loop().call_later(ENDING_SECONDS, self._close_what_is_left)
        await super().shutdown(sockets)
        self._close_what_is_left()  # where Ctrl-C came twice

    def _close_what_is_left(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection):
                connection.end()
        for task in self.server_state.tasks:
            task.cancel()


def server(ledger: Ledger, place: Place, own_token: str | None = None, *, verbose: bool = False) -> Server:
    """What serves a ledger at a place. Raises Misconfigured for a certificate or a key that is none."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING if verbose else logging.ERROR)
    if verbose:
        requests = logging.getLogger("uvicorn.access")
        requests.addHandler(logging.StreamHandler(sys.stderr))
        requests.setLevel(logging.INFO)

    def lose(error: Unreachable) -> None:
        serves.lose(error)

    config = uvicorn.Config(
        application(ledger, own_token, lose), http=Connection, lifespan="off", ws="none", log_config=None,
        access_log=verbose, server_header=False, backlog=_AT_THE_DOOR, timeout_keep_alive=_LONG,
        ssl_certfile=place.certificate, ssl_keyfile=place.key,
    )  # fmt: skip
    serves = Server(config)
    try:
        config.load()
    except OSError as error:  # of TLS too
        raise Misconfigured(f"--tls-cert, --tls-key: {error.strerror or error}") from error
    return serves
