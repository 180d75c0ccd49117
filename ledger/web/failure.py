"""What went wrong, as a status and as one object (RFC 9457, `application/problem+json`). No traceback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ledger import errors, render

STATUSES: Mapping[type[errors.LedgerError], int] = MappingProxyType({
    errors.Refused: HTTPStatus.CONFLICT, errors.BadFeed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.BadQuery: HTTPStatus.BAD_REQUEST, errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE, errors.Unreachable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Misconfigured: HTTPStatus.INTERNAL_SERVER_ERROR, errors.Tampered: HTTPStatus.INTERNAL_SERVER_ERROR,
})  # fmt: skip
"""By base class, as `cli.failure.EXITS` maps them to exit statuses."""

PROBLEM = "application/problem+json"
RETRY_SECONDS = 1
_PARTS = (["body"], ["query"], ["path"])
_MOST_SHOWN = 200
"""Characters that are given back of what was sent."""

_MOST_SAID = 5
"""Faults that the sentence names; the list has them all."""

_WORDS = MappingProxyType({
    "extra_forbidden": "there is none of this name here", "missing": "is missing",
    "model_attributes_type": "is no JSON object, or was not sent as Content-Type: application/json",
})  # fmt: skip
_OURS = "This is a fault of tppq, not yours"


_PROBLEM_SCHEMA = {
    "type": "object", "required": ["type", "title", "detail", "status"],
    "properties": {
        "type": {"type": "string"}, "title": {"type": "string"}, "detail": {"type": "string"},
        "status": {"type": "integer"},
    },
}  # fmt: skip
DESCRIBED: Mapping[int | str, dict[str, Any]] = MappingProxyType({
    status: {"description": said, "content": {PROBLEM: {"schema": _PROBLEM_SCHEMA}}}
    for status, said in (
        (400, "The question cannot be understood"), (401, "No token, or nobody's"),
        (403, "This role may not do that"), (408, "The request came too slowly"),
        (409, "Refused, with numbers"), (413, "The body is too large"),
        (422, "The body cannot be read; `faults` lists each"), (503, "Busy or unreachable: try again"),
        (500, "The ledger is not set up for this, or does not add up; or a fault of tppq"),
    )
})  # fmt: skip
"""What can go wrong on any path, for the description of all of them."""


def status_of(error: errors.LedgerError) -> int:
    """The status of an error of the ledger."""
    return next(status for kind, status in STATUSES.items() if isinstance(error, kind))


def take(app: FastAPI) -> None:
    """Answer with a problem wherever something goes wrong."""
    app.add_exception_handler(errors.LedgerError, _of_ledger)
    app.add_exception_handler(RequestValidationError, _of_request)
    app.add_exception_handler(ValidationError, _of_entry)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(Exception, _of_ours)


def problem(status: int, about: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """One problem as a response."""
    return Response(
        render.as_json({"status": status, **about}), status, headers=dict(headers or {}), media_type=PROBLEM
    )


def not_understood(detail: str) -> dict[str, Any]:
    """What is said of a request that is none, or not one that can be answered here."""
    return {"type": "UsageError", "title": "The request cannot be understood", "detail": detail}


def answer_to(error: errors.LedgerError) -> Response:
    """An error of the ledger as a response."""
    headers = {}
    if isinstance(error, errors.Busy):
        headers["Retry-After"] = str(RETRY_SECONDS)
    return problem(status_of(error), error.problem(), headers)


def nobody(error: errors.NotPermitted) -> Response:
    """What is answered to whoever is not known: 401, where somebody who is known gets 403."""
    return problem(HTTPStatus.UNAUTHORIZED, error.problem(), {"WWW-Authenticate": 'Bearer realm="tppq"'})


def _of_ledger(_request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.LedgerError)
    return answer_to(error)


def _of_request(_request: Request, error: Exception) -> Response:
    """What cannot be understood: in the address BadQuery, in the body BadFeed, each fault in its place."""
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    if any(fault["loc"][0] == "body" for fault in faults):
        return answer_to(_unreadable(faults))
    said = "; ".join(f"{_place(fault)}: {_reason(fault)}" for fault in faults)
    return answer_to(errors.BadQuery(said))


def _of_entry(_request: Request, error: Exception) -> Response:
    """What is to be an entry, and can be none."""
    assert isinstance(error, ValidationError)
    return answer_to(_unreadable(error.errors()))


def _unreadable(faults: Sequence[Any]) -> errors.BadFeed:
    listed: list[dict[str, Any]] = [
        {
            "path": "body", "line": None, "column": _place(fault), "value": _value(fault),
            "reason": _reason(fault),
        }
        for fault in faults
    ]  # fmt: skip
    said = "; ".join(f"{fault['column']}: {fault['reason']}" for fault in listed[:_MOST_SAID])
    more = f"; and {len(listed) - _MOST_SAID:,} more" if len(listed) > _MOST_SAID else ""
    return errors.BadFeed(f"{said}{more}; nothing was written", faults=listed)


def _place(fault: Mapping[str, Any]) -> str:
    """Where it is wrong: `entries.0.quantity`."""
    names = [str(each) for each in fault["loc"]]
    if fault["type"] == "json_invalid":
        return "body"
    if names[:1] in _PARTS:
        return _shown(".".join(names[1:])) or names[0]
    return _shown(".".join(names)) or "entry"


def _reason(fault: Mapping[str, Any]) -> str:
    """Why, in the words that there are for it; else in those of the checker."""
    if fault["type"] == "json_invalid":
        return f"is no JSON: {fault['ctx']['error']}"
    return _WORDS.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")


def _value(fault: Mapping[str, Any]) -> str | None:
    value = fault.get("input")
    return None if value is None else _shown(str(value))


def _shown(text: str) -> str:
    """What somebody sent, as far as it may be shown: its beginning, and half a character by its code."""
    return text[:_MOST_SHOWN].encode(errors="backslashreplace").decode()


def _of_http(request: Request, error: Exception) -> Response:
    """No such path, not by this method, too large, no text: what the framework says by itself."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return answer_to(errors.BadFeed("the body is no JSON; nothing was written", faults=[]))
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"{detail}: {_where_to(request)}"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (takes := (error.headers or {}).get("Allow")):
        detail = f"{detail}: {_shown(request.url.path)} takes {takes}"
    return problem(error.status_code, not_understood(detail), error.headers)


def _where_to(request: Request) -> str:
    """The path that was meant, where its last part is missing or empty; else where all are described."""
    asked, paths = request.url.path.rstrip("/"), request.app.openapi()["paths"]
    meant = next((path for path in paths if path == asked or path.startswith(f"{asked}/{{")), None)
    return f"write {meant}" if meant else "GET / says where all paths are described (/openapi.json)"


def _of_nobody(_request: Request, _error: Exception) -> Response:
    """The client has gone, and reads no answer."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


def _of_ours(_request: Request, error: Exception) -> Response:
    detail = type(error).__name__
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, {"type": "InternalError", "title": _OURS, "detail": detail}
    )
