"""The command that serves: where, for whom, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from ledger import Ledger, roster
from tests.clock import Clock
from tests.postgres import Postgres
from tests.served import TOKEN, Client, certify, served
from tests.transcripts import typed

TOP = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "ledger", "serve", "--port", "0")
SERVING = re.compile(r"Serving sqlite:///tppq.db at (https?)://127\.0\.0\.1:(\d+); Ctrl-C ends it\.\n")


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger of one person, and a token of its own for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TPPQ_TOKEN", TOKEN)
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    Ledger.init("sqlite:///tppq.db", clock=Clock("2026-03-01")).close()
    return tmp_path


@contextmanager
def serving(*flags: str, command: Sequence[str] = COMMAND) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """`tppq serve` at any port that is free, and a client of it; it is ended with the block."""
    command = [*command, *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = SERVING.fullmatch(process.stderr.readline())
            assert said
            yield process, Client(int(said[2]))
        finally:
            process.terminate()
            process.wait()


def refused(*flags: str) -> tuple[int, str]:
    """The status of a server that does not start, and what it says."""
    command = [sys.executable, "-m", "ledger", "serve", *flags]
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stderr


def test_the_ledger_is_served_until_a_signal_and_is_whole_afterwards() -> None:
    with serving() as (process, client):
        entry = {
            "kind": "license",
            "country": "AE",
            "effective_on": "2026-02-01",
            "license_no": "D1",
            "tpp": 5,
        }
        assert client.post("/post", entries=[entry]).status == 200
        assert client.get("/headroom", country="AE").json["rows"][0]["headroom_tpp"] == 789_999_995
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert typed(["verify"])[0] == 0


def test_what_is_under_way_at_the_end_is_answered() -> None:
    answers: list[int] = []
    with serving() as (process, client):
        assert client.get("/").status == 200

        def ask() -> None:
            answers.append(client.post("/sql", query="select count(*) from range(10000000)").status)

        asking = threading.Thread(target=ask)
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.putrequest("POST", "/post")
        connection.putheader("Authorization", f"Bearer {TOKEN}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "15")
        connection.endheaders(b'{"entries":')
        asking.start()
        asking.join()
        process.terminate()
        connection.send(b" []}")
        assert connection.getresponse().status == 422
        connection.close()
    assert answers == [200]


QUICKLY = (
    "from ledger.cli import run, serving; from ledger.web import serving as web; "
    "web.ENDING_SECONDS = serving.CLOSING_SECONDS = 1.0; raise SystemExit(run())"
)
"""The command, with a second in the place of each time that it takes to end."""

KNOWN = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()


@pytest.mark.parametrize(
    "signals", [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT], [signal.SIGINT, signal.SIGINT]]
)
def test_a_client_in_the_middle_of_an_upload_keeps_no_server_from_ending(
    signals: Sequence[signal.Signals],
) -> None:
    command = [sys.executable, "-c", QUICKLY, "serve", "--port", "0"]
    with serving(command=command) as (process, client):
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as uploading:
            head = b"POST /post_file HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n"
            uploading.sendall(head + KNOWN + b"\r\nkind,country")
            assert client.get("/").status == 200
            for each in signals:
                process.send_signal(each)
            assert process.wait(60) == 128 + signals[0]
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert typed(["headroom", "AE", "--csv"])[1].splitlines()[1].split(",")[6] == "790000000"
    assert typed(["verify"])[0] == 0


def test_what_cannot_be_stopped_keeps_no_server_from_ending_and_is_not_posted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TPPQ_BUSY_SECONDS", "600")
    command = [sys.executable, "-c", QUICKLY, "serve", "--port", "0"]
    entry = {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "D1", "tpp": 5}
    body = json.dumps({"entries": [entry]}).encode()
    head = b"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body)
    with closing(sqlite3.connect("tppq.db")) as other, serving(command=command) as (process, client):
        other.execute("begin immediate")  # who posts now, waits for ten minutes
        with socket.create_connection(("127.0.0.1", client.port), timeout=60) as posting:
            posting.sendall(b"POST /post HTTP/1.1\r\n" + KNOWN + head)
            assert posting.recv(1 << 16).startswith(b"HTTP/1.1 100")
            posting.sendall(body)
            assert client.get("/headroom").status == 200
            process.terminate()
            assert process.wait(60) == 128 + signal.SIGTERM
            assert posting.recv(1 << 16).startswith(b"HTTP/1.1 503")
        assert process.stderr is not None
        assert "Ended while something was still being done" in process.stderr.read()
    assert typed(["verify"])[0] == 0
    assert typed(["headroom", "AE", "--csv"])[1].splitlines()[1].split(",")[6] == "790000000"


def test_a_file_that_finds_no_room_on_the_disk_is_said_to_find_none() -> None:
    little = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)); "
    command = [sys.executable, "-c", little + QUICKLY, "serve", "--port", "0"]
    with serving(command=command) as (process, client):
        said = client.send("POST", "/post_file", b"kind,country\n" + b" " * (2 << 20), "text/csv")
        assert (said.status, said.json["type"]) == (503, "Unreachable")
        assert said.json["detail"] == "the body cannot be put aside here: File too large"
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_requests_are_told_on_stderr_to_those_who_want_to_know(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with told.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "ledger", "serve", "--port", "0", "-v"]
        with subprocess.Popen(command, stderr=out) as process:
            try:
                while not (said := SERVING.search(told.read_text(encoding="utf-8"))):
                    assert process.poll() is None
                Client(int(said[2])).get("/headroom", country="AE")
            finally:
                process.terminate()
    assert '"GET /headroom?country=AE HTTP/1.1" 200' in told.read_text(encoding="utf-8")
    assert TOKEN not in told.read_text(encoding="utf-8")


def test_a_port_that_is_taken_is_unreachable() -> None:
    with serving() as (_, client):
        status, said = refused("--port", str(client.port))
    assert (status, "cannot be served: Address already in use; --port names another" in said) == (69, True)


def test_a_server_whose_ledger_was_replaced_says_so_and_ends_to_be_started_anew() -> None:
    file = Path("tppq.db")
    with serving() as (process, client):
        assert client.get("/headroom", country="AE").status == 200
        Ledger.init("sqlite:///other.db", clock=Clock("2026-03-01")).close()
        Path("other.db").replace(file)
        said = client.get("/headroom", country="AE")
        assert (said.status, said.json["type"]) == (503, "Unreachable")
        assert process.wait(60) == 69
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1] == (
            "Unreachable: sqlite:///tppq.db was replaced by another file since it was opened: put it back, "
            "or open it anew"
        )
    with serving() as (_, client):
        assert client.get("/headroom", country="AE").status == 200


def test_a_ledger_that_was_moved_away_and_is_put_back_is_served_on() -> None:
    file = Path("tppq.db")
    with serving() as (process, client):
        file.rename("away.db")
        assert [client.get("/headroom", country="AE").status for _ in range(3)] == [503] * 3
        Path("away.db").rename(file)
        assert client.get("/headroom", country="AE").status == 200
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM


def test_a_postgresql_server_that_is_away_for_a_while_ends_no_server(postgres: Postgres) -> None:
    url = postgres.create()
    Ledger.init(url, clock=Clock("2026-03-01")).close()
    name = make_url(url).database or ""
    allow = f'alter database "{name}" allow_connections '
    with Ledger.open(url) as ledger, served(ledger) as client, postgres.connect() as operator:
        assert client.get("/headroom", country="AE").status == 200
        operator.execute(f"{allow} false")
        operator.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        assert [client.get("/headroom", country="AE").status for _ in range(3)] == [503] * 3
        operator.execute(f"{allow} true")
        assert client.get("/headroom", country="AE").status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104  # that these are refused is the test
def test_a_ledger_of_one_person_is_served_to_this_machine_alone(host: str) -> None:
    status, said = refused("--host", host, "--port", "0")
    assert (status, "lets other machines in" in said, "db init --shared" in said) == (77, True, True)


def test_a_shared_ledger_is_served_to_other_machines_by_https_alone() -> None:
    assert typed(["db", "init", "--shared"])[0] == 0
    with Ledger.open("sqlite:///tppq.db", actor="officer") as ledger:
        ledger.add_user(roster.at_work())
        os.environ["TPPQ_TOKEN"] = ledger.new_token("officer")
    status, said = refused("--host", "0.0.0.0", "--port", "0")  # noqa: S104  # likewise
    assert (status, "--tls-cert and --tls-key" in said) == (77, True)


def test_a_token_that_nobody_could_learn_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TPPQ_TOKEN")
    status, said = refused("--port", "0")
    assert (status, "TPPQ_TOKEN_FILE" in said) == (78, True)


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (["--tls-cert", "cert.pem"], 2, "go together"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], 78, "--tls-cert, --tls-key: No such file"),
        (["--host", "no.such.host.invalid"], 78, "knows no such address"),
        (["--port", "65536"], 2, "--port 65536: write a number from 1 to 65535"),
        (["--ledger", "sqlite:///none.db"], 78, "tppq init"),
        (["--dry-run"], 2, "--dry-run"),
    ],
)
def test_what_cannot_be_served_says_why(flags: Sequence[str], status: int, words: str) -> None:
    found, said = refused(*flags)
    assert (found, words in said) == (status, True)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    for name in [name for name in sys.modules if name.startswith("ledger.web")]:
        monkeypatch.delitem(sys.modules, name)
    status, _, said = typed(["serve"])
    assert (status, "pip install 'tppq[serve]'" in said) == (78, True)


def test_it_is_served_by_https_with_a_certificate(tmp_path: Path) -> None:
    certify(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving("--tls-cert", "cert.pem", "--tls-key", "key.pem") as (_, client):
        trust = ssl.create_default_context(cafile="cert.pem")
        connection = http.client.HTTPSConnection("127.0.0.1", client.port, timeout=60, context=trust)
        connection.request("GET", "/headroom", headers={"Authorization": f"Bearer {TOKEN}"})
        assert connection.getresponse().status == 200
        connection.close()
