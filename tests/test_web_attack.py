"""What nobody should send, sent to each path: every answer is a problem that says what was wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger import Ledger
from ledger.web.app import application
from tests import shared
from tests.clock import Clock
from tests.served import TOKEN, Client, Said, served

CLOCK = Clock("2026-03-01")
JSON = "application/json"
ENTRY = b'{"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "D1", "tpp": 5}'
CSV = b"kind,country,effective_on,license_no,tpp\nlicense,AE,2026-02-01,D1,5\n"
NASTY = ("%00", "A%00E", "%ff", "%ed%a0%80", "%", "..", "%F0%9F%92%A9", "'--", "%09", "9" * 30, "a" * 9_000)
"""As it stands in an address."""

BODIES = {
    "deep": b"[" * 100_000, "deep and whole": b"[" * 2_000 + b"]" * 2_000,
    "nan": b'{"entries": [{"tpp": NaN}]}', "huge": b'{"limit": ' + b"9" * 4_000 + b"}",
    "a string": b'"a"', "utf-16": '{"entries": []}'.encode("utf-16"), "half a character": b'{"\\ud800": 1}',
    "nul": b'{"query": "select 1", "values": {"a\\u0000": 1}, "reason": "a\\u0000", "seen": "\\u0000"}',
    "a key twice": b'{"entries": [], "entries": null}', "lists": b'{"reason": [], "query": {}, "seen": 1}',
}  # fmt: skip
VALUES = (b'"\\u0000"', b'"a\\u0000b"', b'"\\ud800"', b"9" * 30, b"-1", b"1e400", b"[[]]")


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with shared.at(shared.create(store_url, CLOCK), "root", CLOCK) as ledger:
        ledger.set_roles("omar", "officer", "approver", "auditor")
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> Iterator[Client]:
    token = ledger.new_token("omar")
    with served(ledger) as client:
        yield client.by(token)


def is_problem(said: Said) -> bool:
    """Whether it says what was wrong with what was sent, and not that it is our fault."""
    kind = said.headers["content-type"]
    return kind == "application/problem+json" and said.json["status"] == said.status and said.status < 500


def test_nothing_in_an_address_is_our_fault(
    client: Client, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    before = ledger.regime().basis["seq"]
    for path, ways in application(ledger, TOKEN).openapi()["paths"].items():
        (method,) = ways
        named = [each["name"] for each in ways[method].get("parameters", ()) if each["in"] == "query"]
        body = b"{}" if "requestBody" in ways[method] else None
        for nasty in NASTY:
            targets = [path.replace("{" + path.partition("{")[2], nasty)] if "{" in path else []
            filled = path.replace("{country}", "AE").replace("{seq}", "1").replace("{name}", "1")
            targets += [f"{filled.replace('{proposal}', 'P-0001')}?{name}={nasty}" for name in named]
            for target in targets:
                said = client.send(method.upper(), target, body, JSON)
                assert said.status == 200 or is_problem(said), (method, target, said)
    assert ledger.regime().basis["seq"] == before
    assert caplog.records == []


def test_nothing_in_a_body_is_our_fault(
    client: Client, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    for path, ways in application(ledger, TOKEN).openapi()["paths"].items():
        if "post" in ways:
            target = path.replace("{seq}", "1").replace("{proposal}", "P-0001")
            for what, body in BODIES.items():
                for kind in (JSON, "text/csv", None, "ä;="):
                    said = client.send("POST", target, body, kind)
                    assert is_problem(said), (target, what, kind, said)
    assert ledger.regime().basis["seq"] == 2
    assert caplog.records == []


@pytest.mark.parametrize("value", VALUES)
def test_no_value_in_a_body_is_our_fault(
    client: Client, ledger: Ledger, caplog: pytest.LogCaptureFixture, value: bytes
) -> None:
    fields = [b"kind", b"country", b"effective_on", b"license_no", b"tpp", b"device_id", b"quantity"]
    fields += [b"request_id", b"consignee", b"exporter", b"reference", b"reason", b"expires_on"]
    entries = [b'{"entries": [' + ENTRY[:-1] + b', "%s": %s}]}' % (field, value) for field in fields]
    about = [
        b'{"entries": [' + ENTRY + b'], "%s": %s}' % (each, value) for each in (b"request_id", b"approver")
    ]
    reason = b'{"reason": %s}' % value
    sent = {
        "/post": [*entries, *about],
        "/propose": [*entries, b'{"entries": [' + ENTRY + b'], "remark": %s}' % value],
        "/reverse/1": [reason, b'{"reason": "so it is", "request_id": %s}' % value],
        "/correct/1": [b'{"reason": "so it is", "changes": {"%s": %s}}' % (each, value) for each in fields],
        "/approve/P-0001": [b'{"seen": %s}' % value],
        "/sql": [
            b'{"query": %s}' % value,
            b'{"query": "select $a", "values": {"%s": 1}}' % value.strip(b'"'),
        ],
        **{path: [reason] for path in ("/propose_reversal/1", "/reject/P-0001", "/withdraw/P-0001")},
    }
    for path, bodies in sent.items():
        for body in bodies:
            assert is_problem(said := client.send("POST", path, body, JSON)), (path, body, said)
    assert (
        client.send("POST", "/sql", b'{"query": "select $a", "values": {"a": %s}}' % value, JSON).status < 500
    )
    assert ledger.regime().basis["seq"] == 2
    assert caplog.records == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "FOO"])
def test_a_method_that_a_path_has_not_is_said_to_be_none(client: Client, method: str) -> None:
    said = client.send(method, "/headroom")
    assert (said.status, said.headers["allow"]) == (405, "GET")
    assert said.headers["content-type"] == "application/problem+json"


def test_a_name_of_a_value_and_a_number_of_rows_that_can_be_none_are_refused(client: Client) -> None:
    name = client.send("POST", "/sql", b'{"query": "select 1", "values": {"\\ud800": 1}}', JSON)
    assert (name.status, "cannot be seen: remove it" in name.json["detail"]) == (422, True)
    rows = client.post("/sql", query="select 1", limit=1 << 63)
    assert (rows.status, rows.json["faults"][0]["column"]) == (422, "limit")
