"""The ledger as a web application: its paths, who may ask them, and how it says what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Response

from ledger.book import Ledger
from ledger.errors import Unreachable
from ledger.installed import version_of
from ledger.web.asking import asking
from ledger.web.body import Bounded
from ledger.web.failure import take
from ledger.web.gate import Gate
from ledger.web.giving import told
from ledger.web.posting import posting, posting_files

_ABOUT = (
    "Each path is the method of Ledger with its name; /sql is sandboxed_sql. Every request but for / and "
    "/openapi.json carries 'Authorization: Bearer TOKEN'. Errors are application/problem+json."
)


def application(
    ledger: Ledger,
    own_token: str | None = None,
    replaced: Callable[[Unreachable], None] = lambda _: None,
) -> FastAPI:
    """The application that serves an open ledger, any number of requests at once.

    `own_token` is what lets in to a ledger of one person; a shared one has its users' tokens. `replaced` is
    told why, once another file stands where the ledger's was.
    """
    app = FastAPI(
        title="tppq", version=version_of("tppq") or "0", description=_ABOUT,
        docs_url=None, redoc_url=None,  # they load scripts from elsewhere
        redirect_slashes=False,  # to an address that a proxy may have hidden, and without the body
        generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    app.add_middleware(Bounded)
    app.add_middleware(Gate, ledger=ledger, own_token=own_token, replaced=replaced)
    take(app)
    app.include_router(asking)
    app.include_router(posting)
    app.include_router(posting_files)

    @app.get("/", tags=["about"])
    def about() -> Response:
        """Which service this is, and where its paths are described; it tells nothing of the ledger."""
        found: dict[str, Any] = {"service": "tppq", "version": app.version, "paths": app.openapi_url}
        return told(found)

    return app
