"""The connections of a server: how long each may keep it waiting, how many there are, and how they end."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from ledger import Ledger
from ledger.web import connection, gate, serving
from ledger.web.body import MOST_BYTES, MOST_FILE_BYTES
from ledger.web.connection import Part
from tests import shared
from tests.clock import Clock
from tests.served import SECONDS, TOKEN, Client, Said, served

CLOCK = Clock("2026-03-01")
KNOWN = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
CSV = b"Content-Type: text/csv\r\n"
JSON = b"Content-Type: application/json\r\n"
SOON = 0.2


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False, clock=CLOCK) as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> Iterator[Client]:
    with served(ledger) as client:
        yield client


def connected(client: Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.port), timeout=SECONDS)


def told(connection: socket.socket) -> bytes:
    """All that the server says until it closes."""
    said = b""
    while some := connection.recv(1 << 16):
        said += some
    return said


def answered(said: bytes) -> Said:
    """The first answer of what a server said."""
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Said(int(first.split()[1]), headers, body[: int(headers["content-length"])])


def sent(client: Client, *parts: bytes) -> Said:
    """The answer to what is sent as it is."""
    with connected(client) as connection:
        for part in parts:
            connection.sendall(part)
        return answered(told(connection))


# -------------------------------------------------------------------------------------- what is no request


@pytest.mark.parametrize(
    ("raw", "status", "said"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "illegal request line"),
        (b"hello\r\n\r\n", 400, "illegal request line"),
        (b"GET /headroom?country=\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "illegal request line"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "Missing mandatory Host: header"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400, "illegal header line"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000 + b"\r\n\r\n", 431, "too long"),
        (b"GET /?" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "too long"),
        (b"POST /post HTTP/1.1\r\n" + KNOWN + b"Content-Length: -5\r\n\r\n", 400, "bad Content-Length"),
        (b"POST /post HTTP/1.1\r\n" + KNOWN + b"Transfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
    ],
)
def test_what_is_no_request_is_refused_with_a_problem(
    client: Client, raw: bytes, status: int, said: str
) -> None:
    answer = sent(client, raw)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json["status"], said in answer.json["detail"]) == (status, True)
    assert "bytearray" not in answer.json["detail"]


@pytest.mark.parametrize("path", [b"/post", b"/post_file"])
def test_a_body_that_breaks_off_in_nonsense_is_refused_with_a_problem_and_no_traceback(
    client: Client, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\n" + KNOWN + CSV + b"Transfer-Encoding: chunked\r\n\r\n"
    with connected(client) as connection:
        connection.sendall(head + b"4\r\nkind\r\n")
        assert client.get("/").status == 200  # and meanwhile it has begun to be read
        connection.sendall(b"no chunk\r\n")
        answer = answered(told(connection))
    assert (answer.status, "illegal chunk header" in answer.json["detail"]) == (400, True)
    assert caplog.records == []


# ------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize("begun", [b"", b"GET /headroom HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_who_says_nothing_or_half_a_head_is_closed(
    client: Client, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setitem(connection.SECONDS, Part.head, SOON)
    with connected(client) as silent:
        silent.sendall(begun)
        said = told(silent)
    assert said == b"" if not begun else answered(said).status == 408


def test_a_head_that_comes_byte_by_byte_has_no_more_time_for_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.SECONDS, Part.head, SOON)
    with connected(client) as slow:
        slow.settimeout(SOON / 10)
        said = b""
        for _ in range(100 * SECONDS):
            slow.sendall(b"G")
            try:
                said = slow.recv(1 << 16)
                break
            except TimeoutError:
                continue
    assert answered(said).status == 408


@pytest.mark.parametrize(("path", "kind"), [(b"/post", JSON), (b"/post_file", CSV)])
def test_a_body_that_does_not_come_on_is_ended_and_nothing_of_it_is_posted(
    client: Client, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, path: bytes, kind: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setitem(connection.SECONDS, Part.body, SOON)
    answer = sent(client, b"POST " + path + b" HTTP/1.1\r\n" + KNOWN + kind + b"Content-Length: 99\r\n\r\n{")
    assert (answer.status, answer.headers["content-type"]) == (408, "application/problem+json")
    assert (ledger.regime().basis["seq"], caplog.records) == (0, [])


def test_a_body_that_comes_on_has_as_long_as_it_takes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.SECONDS, Part.body, 10 * SOON)
    monkeypatch.setattr(connection, "LEAST_BYTES", 1)
    body, gone = b'{"query":   "select 1"}', threading.Event()
    with connected(client) as slow:
        slow.sendall(b"POST /sql HTTP/1.1\r\n" + KNOWN + JSON + b"Connection: close\r\n")
        slow.sendall(b"Content-Length: %d\r\n\r\n" % len(body))
        for byte in body:
            slow.sendall(bytes([byte]))
            gone.wait(SOON)  # in all, several times what a body has that does not come on
        assert answered(told(slow)).status == 200


def test_an_answer_that_its_client_does_not_take_is_let_go(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.SECONDS, Part.body, SOON)
    query = json.dumps({"query": "select repeat('x', 1000) from range(40000)", "limit": 0}).encode()
    size = b"Content-Length: %d\r\n\r\n" % len(query)
    with connected(client) as idle:
        idle.sendall(b"POST /sql HTTP/1.1\r\n" + KNOWN + JSON + size + query)
        head = idle.recv(100)
        threading.Event().wait(20 * SOON)
        assert head.startswith(b"HTTP/1.1 200")
        assert len(told(idle)) < 40_000_000


def test_an_answer_has_as_long_as_its_client_goes_on_taking_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.SECONDS, Part.head, SOON)
    monkeypatch.setitem(connection.SECONDS, Part.body, 15 * SOON)
    query = json.dumps({"query": "select repeat('x', 1000) from range(20000)", "limit": 0}).encode()
    size = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(query)
    with connected(client) as taking:
        taking.sendall(b"POST /sql HTTP/1.1\r\n" + KNOWN + JSON + size + query)
        said = b""
        while some := taking.recv(1 << 14):
            said += some
            threading.Event().wait(SOON / 50)
    assert len(answered(said).body) > 20_000_000


def test_what_is_answered_before_its_body_came_is_not_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.SECONDS, Part.rest, SOON)
    with connected(client) as stranger:
        stranger.sendall(b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        assert answered(told(stranger)).status == 401


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
def test_who_is_refused_while_they_send_reads_why(client: Client, close: bytes) -> None:
    head = b"POST /post HTTP/1.1\r\nHost: x\r\n" + close + b"Content-Length: 8000000\r\n\r\n"
    with connected(client) as stranger:
        for part in (head, *[b" " * 100_000] * 80):
            stranger.sendall(part)
        assert stranger.recv(12) == b"HTTP/1.1 401"


# ---------------------------------------------------------------------------------------------- how many


def test_who_comes_takes_the_place_of_who_was_silent_longest(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "AT_ONCE", 3)
    silent = [connected(client) for _ in range(3)]
    assert client.get("/").status == 200
    assert told(silent[0]) == b""
    silent[2].sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answered(told(silent[2])).status == 200
    for each in silent:
        each.close()


def test_who_comes_takes_the_place_of_who_was_turned_away_and_still_sends(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "AT_ONCE", 2)
    strangers = [connected(client) for _ in range(2)]
    for each in strangers:
        each.sendall(b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        said = b""
        while not said.endswith(b"}\n"):  # its head may come by itself
            said += each.recv(1 << 16)
        assert said.startswith(b"HTTP/1.1 401")
    assert client.get("/").status == 200
    assert told(strangers[0]) == b""
    for each in strangers:
        each.close()


def test_a_request_is_not_closed_for_who_comes_and_who_is_one_too_many_is_told_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "AT_ONCE", 2)
    monkeypatch.setattr(gate, "AT_ONCE", 2)
    head = b"POST /sql HTTP/1.1\r\n" + KNOWN + JSON + b"Connection: close\r\nContent-Length: 21\r\n"
    uploading = [connected(client) for _ in range(2)]
    for each in uploading:
        each.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert each.recv(1 << 16).startswith(b"HTTP/1.1 100")
    busy = client.get("/")
    assert (busy.status, busy.json["type"], busy.headers["retry-after"]) == (503, "Busy", "1")
    for each in uploading:
        each.sendall(b'{"query": "select 1"}')
        assert answered(told(each)).status == 200
        each.close()
    assert client.get("/").status == 200


def test_many_silent_connections_keep_nobody_out(client: Client) -> None:
    silent = [connected(client) for _ in range(connection.AT_ONCE + 50)]
    with ThreadPoolExecutor(4) as asking:
        assert set(asking.map(lambda _: client.get("/regime").status, range(20))) == {200}
    for each in silent:
        each.close()


# ---------------------------------------------------------------------------------------- before the body


@pytest.mark.parametrize(("path", "most"), [("/post", MOST_BYTES), ("/post_file", MOST_FILE_BYTES)])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(
    client: Client, path: str, most: int
) -> None:
    head = f"POST {path} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {most + 1}\r\n".encode()
    with connected(client) as large:
        large.sendall(head + KNOWN + CSV + b"\r\n")
        assert large.recv(12) == b"HTTP/1.1 413"


@pytest.mark.parametrize(("path", "act"), [("/post_file", "post"), ("/propose_file", "propose")])
@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_a_file_of_whom_their_role_does_not_let_is_refused_before_it_comes(
    tmp_path: Path, path: str, act: str, dry_run: str
) -> None:
    url = shared.create(f"sqlite:///{tmp_path / 'shared.db'}", CLOCK)
    with shared.at(url, "root", CLOCK) as ledger:
        token = ledger.new_token("vera")
        with served(ledger) as client:
            asking = HTTPConnection("127.0.0.1", client.port, timeout=SECONDS)
            asking.putrequest("POST", f"{path}?dry_run={dry_run}")
            asking.putheader("Authorization", f"Bearer {token}")
            asking.putheader("Content-Type", "text/csv")
            asking.putheader("Content-Length", str(MOST_FILE_BYTES))
            asking.endheaders()
            answer = asking.getresponse()
            assert (answer.status, json.loads(answer.read())["act"]) == (403, act)
            asking.close()
    with shared.at(url, "ines", CLOCK) as ledger:
        denied = [row["what"] for row in ledger.audit().rows() if row["outcome"] == "denied"]
    assert denied == ([] if (dry_run, act) == ("true", "post") else [act])


# ---------------------------------------------------------------------------------------------- the end


def test_what_was_not_done_when_the_server_ends_is_told_so(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "ENDING_SECONDS", SOON)
    half = b"POST /post_file HTTP/1.1\r\n" + KNOWN + CSV + b"Content-Length: 99\r\n\r\nkind,"
    entry = {"kind": "allocate", "country": "AE", "effective_on": "2026-02-01", "tpp": 5}
    whole = json.dumps({"entries": [entry]})
    post = b"POST /post HTTP/1.1\r\n" + KNOWN + JSON + b"Content-Length: %d\r\n\r\n" % len(whole)
    with closing(sqlite3.connect(tmp_path / "tppq.db")) as other:
        other.execute("begin immediate")  # who posts now, waits
        with served(ledger) as client:
            uploading, posting, silent = (connected(client) for _ in range(3))
            uploading.sendall(half)
            posting.sendall(post + whole.encode())
            assert client.get("/regime").status == 200
        for each in (uploading, posting):
            answer = answered(told(each))
            assert (answer.status, answer.json["title"]) == (503, "The server ends")
            each.close()
        assert told(silent) == b""
        silent.close()
    assert caplog.records == []
