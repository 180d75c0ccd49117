"""What a night needs around it, run by systemd, cron or Airflow: a lock, one message, metrics.

A message is written into an outbox of files, and then sent to a webhook, if there is one, signed as Standard
Webhooks has it; what could not be sent stays in the outbox, and the next night sends it. There is none where
nothing is wrong.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson

from ledger import aside
from ledger.errors import Busy, Misconfigured

LOCK = ".lock"
SENT = "sent"
TIMEOUT_SECONDS = 10
_SECRET_MARK = "whsec_"  # noqa: S105  # how a secret begins, not a secret
_LEAST_SECRET, _MOST_SECRET = 24, 64


# -------------------------------------------------------------------------------------------------- lock


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of results; the system lets go of it with the process, whatever ends it.

    Raises Busy where another run holds it, Misconfigured where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / LOCK).open("ab")
    except OSError as error:
        raise Misconfigured(
            f"{folder} cannot be written: {error.strerror}; name another folder with --out", path=str(folder)
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(
                f"another run holds {folder / LOCK}: this one did nothing; try again when it is over",
                path=str(folder),
            ) from error
        yield


# ----------------------------------------------------------------------------------------------- message


@dataclass(frozen=True, slots=True)
class Message:
    """What is told about one run. `subject` is the answer; `id` is the same if it is told again."""

    id: str
    kind: str
    subject: str
    at: str
    data: Mapping[str, Any]

    def body(self) -> bytes:
        """The message as JSON: type, timestamp and data, as Standard Webhooks has it."""
        data = {"subject": self.subject, **self.data}
        return orjson.dumps({"type": self.kind, "timestamp": self.at, "data": data})


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where messages and metrics go."""

    outbox: Path
    webhook: str | None = None
    secret: bytes | None = None
    metrics: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str], out: Path) -> Delivery:
        """From TPPQ_OUTBOX, TPPQ_WEBHOOK_URL, TPPQ_WEBHOOK_SECRET(_FILE), TPPQ_METRICS_FILE.

        The outbox is in the folder of results where none is named. Raises Misconfigured.
        """
        webhook = environment.get("TPPQ_WEBHOOK_URL") or None
        if webhook is not None and not _is_address(webhook):
            # not shown: a path is a secret, too, and there may be a password in it
            raise Misconfigured(
                "TPPQ_WEBHOOK_URL is no address such as https://HOST/PATH (without a user and a password)"
            )
        metrics = environment.get("TPPQ_METRICS_FILE")
        return cls(
            Path(environment.get("TPPQ_OUTBOX") or out / "outbox"),
            webhook,
            _secret(environment) if webhook else None,
            Path(metrics) if metrics else None,
        )


def _is_address(url: str) -> bool:
    """Whether a request can be made of it: a host that can be looked up, and nothing that must be quoted."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        known = parts.scheme in ("https", "http") and parts.username is None and parts.port != 0
    except ValueError:  # a bracket too few, a port that is none, an empty label (UnicodeError is one)
        return False
    return bool(host) and known and url.isprintable() and " " not in url and url.isascii()


def _secret(environment: Mapping[str, str]) -> bytes | None:
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


def tell(message: Message | None, delivery: Delivery, clock: Callable[[], float] = time.time) -> list[str]:
    """Put a message, if there is one, into the outbox, and send what lies there; a sentence for each failure.

    Raises Misconfigured where the outbox cannot be written.
    """
    try:
        if message is not None:
            aside.write(delivery.outbox / f"{message.id}.json", message.body())
        if delivery.webhook is None or not delivery.outbox.is_dir():
            return []
        failed = []
        for path in sorted(delivery.outbox.glob("*.json")):
            why = _send(path, delivery.webhook, delivery.secret, int(clock()))
            if why is None:
                (delivery.outbox / SENT).mkdir(exist_ok=True)
                path.replace(delivery.outbox / SENT / path.name)
            else:
                failed.append(f"{path} could not be sent and waits for the next run: {why}")
    except OSError as error:
        raise Misconfigured(f"{delivery.outbox} cannot be written: {error.strerror}") from error
    return failed


class _Staying(HTTPRedirectHandler):
    """Follows no redirect: urllib would ask the other address for a page, and take it for delivered."""

    def redirect_request(self, *_: Any) -> None:
        """Nothing: what was answered is then an HTTPError."""


def _send(path: Path, webhook: str, key: bytes | None, timestamp: int) -> str | None:
    """Why the webhook did not take a message; None where it did."""
    body = path.read_bytes()
    headers = {
        "content-type": "application/json", "webhook-id": path.stem, "webhook-timestamp": str(timestamp),
    }  # fmt: skip
    if key is not None:
        headers["webhook-signature"] = signature(key, path.stem, timestamp, body)
    request = Request(webhook, data=body, headers=headers, method="POST")  # noqa: S310  # https or http: `Delivery.of`
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


# ----------------------------------------------------------------------------------------------- metrics


def metrics(path: Path, found: Mapping[str, Any], *, status: int, at: float, seconds: float) -> None:
    """Write the metrics of a run for Prometheus' textfile collector. Raises Misconfigured.

    `found` is the basis of a reconciliation's answer, empty where it came to none. The last success is kept
    while a run fails.
    """
    succeeded = at if status in (0, 1) else _last_success(path)
    said = [
        _metric("tppq_reconcile_last_run_timestamp_seconds", "When it last ran.", [({}, at)]),
        _metric("tppq_reconcile_exit_status", "Its exit status.", [({}, status)]),
        _metric("tppq_reconcile_duration_seconds", "How long it took.", [({}, round(seconds, 3))]),
        _metric(
            "tppq_reconcile_last_success_timestamp_seconds", "When it last compared a whole night.",
            [({}, succeeded)] if succeeded is not None else [],
        ),
        _metric(
            "tppq_breaks_open", "Open breaks.",
            [
                ({"code": each["code"], "severity": each["severity"]}, each["open"])
                for each in found.get("counted", ())
            ],
        ),
        _metric(
            "tppq_breaks_open_tpp", "TPP at stake in open breaks.",
            [({"code": each["code"]}, each["gross_tpp"]) for each in found.get("lines", ())],
        ),
        _metric(
            "tppq_reconcile_rows_matched", "Lines of the ledger matched, by source and key.",
            [(_by(name), count) for name, count in found.get("matched", {}).items()],
        ),
    ]  # fmt: skip
    try:
        path.parent.stat()  # a folder that is not there is not made: it may be a slip
        aside.write(path, "".join(said).encode())
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}", path=str(path)) from error


def _by(name: str) -> dict[str, str]:
    source, _, key = name.rpartition(" ")
    return {"source": source, "key": key}


def _metric(name: str, about: str, samples: list[tuple[dict[str, str], float]]) -> str:
    if not samples:
        return ""
    head = f"# HELP {name} {about}\n# TYPE {name} gauge\n"
    return head + "".join(f"{name}{_labels(labels)} {value}\n" for labels, value in samples)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    escaped = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{','.join(escaped)}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _last_success(path: Path) -> float | None:
    """When the metrics that stand there, if they are metrics, say that a night was last compared."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    name = "tppq_reconcile_last_success_timestamp_seconds "
    values = [line.removeprefix(name) for line in text.splitlines() if line.startswith(name)]
    try:
        return float(values[0]) if values else None
    except ValueError:
        return None
