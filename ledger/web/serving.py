"""Serving on a socket: the loopback, unless told otherwise, and beyond it only with tokens and TLS."""

from __future__ import annotations

import logging
import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from ledger.book import Ledger
from ledger.errors import Misconfigured, NotPermitted, Unreachable
from ledger.web.app import application

AT_ONCE = 500
"""Connections at once; whoever comes then is told to come again (503)."""

_ENDING_SECONDS = 30
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


def server(
    ledger: Ledger, place: Place, own_token: str | None = None, *, verbose: bool = False
) -> uvicorn.Server:
    """What serves: `run(sockets=[...])` until a signal ends it, and what is under way is answered.

    Raises Misconfigured for a certificate or a key that is none.
    """
    if verbose:
        requests = logging.getLogger("uvicorn.access")
        requests.addHandler(logging.StreamHandler(sys.stderr))
        requests.setLevel(logging.INFO)
    config = uvicorn.Config(
        application(ledger, own_token), lifespan="off", ws="none", log_config=None, access_log=verbose,
        server_header=False, limit_concurrency=AT_ONCE, timeout_graceful_shutdown=_ENDING_SECONDS,
        ssl_certfile=place.certificate, ssl_keyfile=place.key,
    )  # fmt: skip
    try:
        config.load()
    except OSError as error:  # of TLS too
        raise Misconfigured(f"--tls-cert, --tls-key: {error.strerror or error}") from error
    return uvicorn.Server(config)
