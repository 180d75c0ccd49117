"""A ledger served on the loopback for as long as a test lasts, and a client that knows nothing of it."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger import Ledger
from ledger.web.serving import Place, bound, server

TOKEN = "tppq_" + "a" * 43
SECONDS = 60


class Said(NamedTuple):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """Whoever has this token asks the server at this port."""

    port: int
    token: str | None = TOKEN

    def by(self, token: str | None) -> Client:
        """Somebody else, at the same server."""
        return Client(self.port, token)

    def get(self, path: str, /, **parameters: Any) -> Said:
        """Ask; a list is a parameter that is repeated."""
        query = urlencode(parameters, doseq=True)
        return self.send("GET", quote(path) + (f"?{query}" if query else ""))

    def post(self, path: str, **given: Any) -> Said:
        """Post an object."""
        return self.send("POST", quote(path), json.dumps(given).encode(), "application/json")

    def send(self, method: str, target: str, body: bytes | None = None, kind: str | None = None) -> Said:
        """Send a request as it is."""
        headers = {"Content-Type": kind} if kind is not None else {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return Said(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


@contextmanager
def served(ledger: Ledger, own_token: str | None = TOKEN) -> Iterator[Client]:
    """A client of this ledger, which is served until the block ends."""
    place = Place(port=0)
    running = server(ledger, place, None if ledger.shared else own_token)
    with bound(place, shared=ledger.shared) as opened:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]})
        thread.start()
        try:
            yield Client(opened.getsockname()[1])
        finally:
            running.should_exit = True
            thread.join()


def certify(certificate: Path, key: Path) -> None:
    """A certificate for this machine, signed by its own key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tppq")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
