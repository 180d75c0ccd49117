"""Serving the ledger over HTTP."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from ledger import roster
from ledger.cli.desk import Desk
from ledger.cli.failure import exit_status, tell
from ledger.cli.session import Session
from ledger.cli.values import Misused
from ledger.errors import Misconfigured

_LAST_PORT = 65_535
CLOSING_SECONDS = 15.0
"""After the last answer, for what is still being done, and is told to nobody any more."""


def serve(session: Session, host: str, port: int, certificate: Path | None, key: Path | None) -> int:
    """Serve until a signal ends it. Raises Unreachable once another file took the ledger's place."""
    if not 0 <= port <= _LAST_PORT:
        raise Misused(f"--port {port}: write a number from 1 to {_LAST_PORT}, or 0 for any that is free")
    if (certificate is None) != (key is None):
        raise Misused("--tls-cert and --tls-key go together")
    try:
        from ledger.web import serving  # an extra: most ledgers are asked by the command  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("ledger"):
            raise
        raise Misconfigured("serving needs the extra: pip install 'tppq[serve]'", extra="serve") from None
    desk = Desk(session)
    place = serving.Place(host, port, certificate, key)
    with desk.open() as ledger:
        token = None if ledger.shared else own_token()
        server = serving.server(ledger, place, token, verbose=session.options.verbose)
        with serving.bound(place, shared=ledger.shared) as opened:
            tell(f"Serving {desk.name} at {serving.address_of(place, opened)}; Ctrl-C ends it.")
            if ledger.shared:
                tell("Each request carries its user's token: tppq user token NAME gives one.")
            elif not roster.token_given(os.environ):
                tell(f"Each request carries this token, which ends with the server: {token}")
            try:
                server.run(sockets=[opened])
            finally:
                _end_in_time(lambda: server.status if server.lost is None else exit_status(server.lost))
    if server.lost is not None:
        raise server.lost
    return 0


def _end_in_time(status: Callable[[], int]) -> None:
    """End the process in a while even if something in it does not end."""

    def end() -> None:
        tell("Ended while something was still being done: what was not committed by now is taken back.")
        os._exit(status())

    last = threading.Timer(CLOSING_SECONDS, end)
    last.daemon = True  # it keeps nobody waiting
    last.start()


def own_token() -> str:
    """The token that lets in to a ledger of one person. Raises Misconfigured where nobody could learn it."""
    given = roster.token_given(os.environ)
    if given is None and not sys.stderr.isatty():
        raise Misconfigured(
            "nobody could learn a token that is made now, as nobody looks: put one into a file that only its "
            "users read, and name it with TPPQ_TOKEN_FILE"
        )
    return given or roster.new_token()
