"""What stands in the address of a request: each parameter once, and none where the body says it all.

A parameter that is passed over would be worse than one that is refused: `dry_run` most of all.
"""

from __future__ import annotations

from fastapi import Depends, Request

from ledger.errors import BadQuery

_REPEATED = {"/headroom": "country", "/balance": "country"}
"""The parameter of a path that may be given several times."""


async def _once(request: Request) -> None:
    seen = set()
    for name, _ in request.query_params.multi_items():
        if name in seen and name != _REPEATED.get(request.url.path):
            raise BadQuery(f"{name} is given twice: give it once", value=name)
        seen.add(name)


async def _nothing(request: Request) -> None:
    for name in request.query_params:
        raise BadQuery(f"{name} goes into the body, with the rest: {request.url.path}", value=name)


ONCE = Depends(_once)
"""Of a path that is asked by its address."""

NOTHING = Depends(_nothing)
"""Of a path whose body is an object."""
