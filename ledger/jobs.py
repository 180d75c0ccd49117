"""What a night needs around it, run by systemd, cron or Airflow: a lock, one message, metrics.

A message is written into an outbox of files, and then sent to a webhook, if there is one, signed as Standard
Webhooks has it; what could not be sent stays in the outbox, and the next night sends it. There is none where
nothing is wrong.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import orjson

from ledger import aside
from ledger.errors import Busy, Misconfigured
from ledger.webhook import is_address, secret_of, send

LOCK = ".lock"
SENT = "sent"
_OUTBOX = "name another folder with TPPQ_OUTBOX"
_METRICS = "name another file with TPPQ_METRICS_FILE"


# -------------------------------------------------------------------------------------------------- lock


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of results; the system lets go of it with the process, whatever ends it.

    Raises Busy where another run holds it; Misconfigured where the folder cannot be written, Unreachable
    where its disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / LOCK).open("ab")
    except OSError as error:
        raise aside.unwritten(folder, error, "name another folder with --out") from error
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
        if webhook is not None and not is_address(webhook):
            # not shown: a path is a secret, too, and there may be a password in it
            raise Misconfigured(
                "TPPQ_WEBHOOK_URL is no address such as https://HOST/PATH (without a user and a password)"
            )
        metrics = environment.get("TPPQ_METRICS_FILE")
        return cls(
            Path(environment.get("TPPQ_OUTBOX") or out / "outbox"),
            webhook,
            secret_of(environment) if webhook else None,
            Path(metrics) if metrics else None,
        )


def try_out(delivery: Delivery) -> None:
    """Try whether messages and metrics can be written where they go; nothing is left there.

    Raises Misconfigured, Unreachable.
    """
    outbox, metrics_file = delivery.outbox, delivery.metrics
    # the outbox is made when the first message is due; the folder of the metrics is not
    _try_out(outbox, next(each for each in (outbox, *outbox.parents) if os.path.lexists(each)), _OUTBOX)
    if metrics_file is not None:
        _try_out(metrics_file, metrics_file.parent, _METRICS)


def _try_out(path: Path, folder: Path, instead: str) -> None:
    try:
        if not path.name or (path != folder and path.is_dir()):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise aside.unwritten(path, error, instead) from error


def tell(message: Message | None, delivery: Delivery, clock: Callable[[], float] = time.time) -> list[str]:
    """Put a message, if there is one, into the outbox, and send what lies there; a sentence for each failure.

    What cannot be put there is sent all the same.
    """
    failed: list[str] = []
    at, url, key = int(clock()), delivery.webhook, delivery.secret
    if message is not None:
        try:
            aside.write(delivery.outbox / f"{message.id}.json", message.body())
        except OSError as error:
            failed.append(aside.unwritten(delivery.outbox, error, _OUTBOX).detail)
            if url is not None and (why := send(url, key, message.id, message.body(), at)) is not None:
                failed.append(f"{message.id} could not be sent, and does not wait for the next run: {why}")
    if url is None or not delivery.outbox.is_dir():
        return failed
    for path in sorted(delivery.outbox.glob("*.json")):
        try:
            why = send(url, key, path.stem, path.read_bytes(), at)
            if why is None:
                (delivery.outbox / SENT).mkdir(exist_ok=True)
                path.replace(delivery.outbox / SENT / path.name)
            else:
                failed.append(f"{path} could not be sent and waits for the next run: {why}")
        except OSError as error:
            failed.append(aside.unwritten(path, error, _OUTBOX).detail)
    return failed


# ----------------------------------------------------------------------------------------------- metrics


def metrics(path: Path, found: Mapping[str, Any], *, status: int, at: float, seconds: float) -> None:
    """Write the metrics of a run for Prometheus' textfile collector. Raises Misconfigured, Unreachable.

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
        raise aside.unwritten(path, error, _METRICS) from error


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
