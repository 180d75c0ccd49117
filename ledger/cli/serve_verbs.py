"""The verb that serves. Light: what does the work is imported inside it."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.session import Session


@verb("runs")
def serve(
    session: Session,
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="Where to serve.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="0: any that is free.")] = 8790,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="The certificate, for HTTPS.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key.")
    ] = None,
) -> int:
    r"""Serve the ledger over HTTP.

    Each path is the method of Ledger with its name; GET /openapi.json describes them. Every request but that
    and GET / carries a token: in a shared ledger its user's, in another the one of TPPQ_TOKEN or of the file
    of TPPQ_TOKEN_FILE, or else one that is made and told at the start. Only a shared ledger lets other
    machines in, by HTTPS.
    Ctrl-C or SIGTERM ends it, when what is under way is answered, or after ten seconds. It ends by itself,
    with 69, once another file stands where the ledger's was: start it anew.

    Examples:
        tppq serve
        curl -H "Authorization: Bearer $TOKEN" 'http://127.0.0.1:8790/headroom?country=AE&country=SA'
        curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: text/csv' --data-binary @licenses.csv \
            'http://127.0.0.1:8790/post_file?each=true'
    """
    from ledger.cli import serving

    return serving.serve(session, host, port, tls_cert, tls_key)
