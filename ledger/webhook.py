"""Where messages are sent: an address, and the key that they are signed with, as Standard Webhooks has it."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ledger.errors import Misconfigured

TIMEOUT_SECONDS = 10
_SECRET_MARK = "whsec_"  # noqa: S105  # how a secret begins, not a secret
_LEAST_SECRET, _MOST_SECRET = 24, 64


def is_address(url: str) -> bool:
    """Whether a request can be made of it: a host that can be looked up, and nothing that must be quoted."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        known = parts.scheme in ("https", "http") and parts.username is None and parts.port != 0
    except ValueError:  # a bracket too few, a port that is none, an empty label (UnicodeError is one)
        return False
    return bool(host) and known and url.isprintable() and " " not in url and url.isascii()


def secret_of(environment: Mapping[str, str]) -> bytes | None:
    """The key that messages are signed with: `whsec_` and base64. Raises Misconfigured."""
    text = environment.get("TPPQ_WEBHOOK_SECRET", "")
    if not text and (file := environment.get("TPPQ_WEBHOOK_SECRET_FILE")):
        try:
            text = Path(file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"TPPQ_WEBHOOK_SECRET_FILE {file} cannot be read") from error
    if not text.strip():
        return None
    try:
        key = base64.b64decode(text.strip().removeprefix(_SECRET_MARK), validate=True)
    except binascii.Error as error:
        raise Misconfigured("the webhook's secret is not base64: copy it whole, from whsec_ on") from error
    if not _LEAST_SECRET <= len(key) <= _MOST_SECRET:
        raise Misconfigured(
            f"the webhook's secret has {len(key)} bytes; it takes {_LEAST_SECRET} to {_MOST_SECRET}"
        )
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 over id, timestamp and body (Standard Webhooks, v1)."""
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


class _Staying(HTTPRedirectHandler):
    """Follows no redirect: urllib would ask the other address for a page, and take it for delivered."""

    def redirect_request(self, *_: Any) -> None:
        """Nothing: what was answered is then an HTTPError."""


def send(url: str, key: bytes | None, message_id: str, body: bytes, timestamp: int) -> str | None:
    """Why the webhook did not take a message; None where it did. `url` is what `is_address` takes for one."""
    headers = {
        "content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(timestamp),
    }  # fmt: skip
    if key is not None:
        headers["webhook-signature"] = signature(key, message_id, timestamp, body)
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310  # https or http: `is_address`
    try:
        with build_opener(_Staying).open(request, timeout=TIMEOUT_SECONDS):
            return None
    except HTTPError as error:
        with error:
            if 300 <= error.code < 400:
                return (
                    f"it answered {error.code}, to go elsewhere: name the address itself, not one before it"
                )
            return str(error)
    except (URLError, HTTPException, OSError) as error:
        return str(error)
