"""What is written over HTTP: once, by whoever's token it is, and with a problem for what is refused."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from ledger import Ledger
from ledger.web.body import MOST_BYTES
from tests import shared
from tests.clock import Clock
from tests.served import TOKEN, Client, served

CLOCK = Clock("2026-03-01")
CSV = b"kind,country,effective_on,license_no,tpp\n"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", clock=CLOCK) as ledger:
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> Iterator[Client]:
    with served(ledger) as client:
        yield client


@pytest.fixture
def url(store_url: str) -> str:
    """Where a shared ledger is, on either store."""
    return shared.create(store_url, CLOCK)


@pytest.fixture
def people(url: str) -> Iterator[dict[str, Client]]:
    """Its people, as each reaches it."""
    with shared.at(url, "root", CLOCK) as ledger:
        tokens = {name: ledger.new_token(name) for name in shared.PEOPLE}
        with served(ledger) as client:
            yield {name: client.by(token) for name, token in tokens.items()}


def entry(kind: str = "license", country: str = "AE", tpp: int = 5, **more: Any) -> dict[str, Any]:
    number = {"license_no": "D1"} if kind == "license" else {}
    return {"kind": kind, "country": country, "effective_on": "2026-02-01", "tpp": tpp, **number, **more}


def headroom(client: Client, country: str) -> int:
    tpp: int = client.get("/headroom", country=country).json["rows"][0]["headroom_tpp"]
    return tpp


def test_a_post_is_answered_with_receipts_and_stands(client: Client, ledger: Ledger) -> None:
    said = client.post("/post", entries=[entry(tpp=15_832), entry(country="India", tpp=7, license_no="D2")])
    first, second = said.json["posted"]
    assert (first["headroom_tpp"], first["headroom_h100e"]) == (789_984_168, 49_897.93)
    assert (second["country"], second["seq"]) == ("IN", first["seq"] + 1)
    assert headroom(client, "AE") == 789_984_168
    assert len(ledger.verify()) == 0


def test_the_same_request_twice_is_one_post_and_with_other_contents_is_refused(client: Client) -> None:
    first = client.post("/post", entries=[entry()], request_id="one")
    again = client.post("/post", entries=[entry()], request_id="one")
    other = client.post("/post", entries=[entry(tpp=6)], request_id="one")
    assert first.json["posted"] == again.json["posted"]
    assert (first.json["refused"], first.json["replayed"], again.json["replayed"]) == ([], 0, 1)
    assert (other.status, other.json["type"]) == (409, "IdReused")


def test_a_repeat_of_what_was_undone_since_says_so(client: Client) -> None:
    entries = [entry(license_no="D1"), entry(license_no="D2")]
    seq = client.post("/post", entries=entries, request_id="one").json["posted"][1]["seq"]
    undoing = client.post(f"/reverse/{seq}", reason="posted twice").json["posted"][0]["seq"]
    again = client.post("/post", entries=entries, request_id="one").json
    said = (
        f"posted before as entry {seq}, and undone since by entry {undoing}: a new request_id posts it anew"
    )
    assert again["replayed"] == 2
    assert again["warnings"] == [{"request_part": 0, "detail": said}]


def test_a_refusal_has_the_numbers(client: Client) -> None:
    said = client.post("/post", entries=[entry(), entry(tpp=800_000_000)])
    assert (said.status, said.headers["content-type"]) == (409, "application/problem+json")
    problem = {"type": "OverHeadroom", "country": "AE", "asked_tpp": 800_000_000, "short_by_tpp": 10_000_005}
    assert problem.items() <= said.json.items()
    assert headroom(client, "AE") == 790_000_000


def test_a_dry_run_writes_nothing(client: Client) -> None:
    assert client.post("/post", entries=[entry()], dry_run=True).status == 200
    target = "/post_file?dry_run=true"
    said = client.send("POST", target, CSV + b"license,AE,2026-02-01,D1,5\n", "text/csv")
    assert (said.status, said.json["dry_run"], len(said.json["posted"])) == (200, True, 1)
    assert headroom(client, "AE") == 790_000_000


@pytest.mark.parametrize("path", ["/post", "/reverse/159", "/correct/159", "/propose", "/approve/P-0001"])
def test_a_dry_run_in_the_address_of_what_has_a_body_is_refused_and_not_passed_over(
    client: Client, path: str
) -> None:
    (receipt,) = client.post("/post", entries=[entry()]).json["posted"]
    given = json.dumps({"entries": [entry(license_no="D2")]} if path == "/post" else {"reason": "a slip"})
    said = client.send("POST", f"{path}?dry_run=true", given.encode(), "application/json")
    assert (said.status, "dry_run goes into the body" in said.json["detail"]) == (400, True)
    assert headroom(client, "AE") == receipt["headroom_tpp"]
    twice = client.send("POST", "/post_file?dry_run=true&dry_run=false", CSV + b"license,AE,2026-02-01,X,5\n")
    assert (twice.status, "dry_run is given twice" in twice.json["detail"]) == (400, True)


def test_whoever_hangs_up_in_the_middle_of_a_file_posts_nothing_of_it(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        head = f"POST /post_file?each=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        sizes = "Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\n"
        connection.sendall(f"{head}{sizes}".encode() + CSV + b"license,AE,2026-02-01,D1,5\n")
    assert headroom(client, "AE") == 790_000_000


def test_what_is_posted_to_a_file_that_was_moved_away_is_not_acknowledged(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.post("/post", entries=[entry()]).status == 200
    (tmp_path / "tppq.db").rename(tmp_path / "away.db")
    for answer in (client.post("/post", entries=[entry(license_no="D2")]), client.get("/headroom")):
        assert (answer.status, answer.json["type"]) == (503, "Unreachable")
        assert str(tmp_path) not in answer.json["detail"]
    assert "is gone since it was opened" in caplog.text
    (tmp_path / "away.db").rename(tmp_path / "tppq.db")
    assert client.post("/post", entries=[entry(license_no="D2")]).status == 200


def test_an_entry_is_reversed_and_corrected(client: Client) -> None:
    (receipt,) = client.post("/post", entries=[entry(tpp=50)]).json["posted"]
    both = client.post(f"/correct/{receipt['seq']}", changes={"tpp": 70}, reason="a slip").json["posted"]
    assert [each["kind"] for each in both] == ["release", "license"]
    (undone,) = client.post(f"/reverse/{both[1]['seq']}", reason="never issued").json["posted"]
    assert undone["headroom_tpp"] == 790_000_000
    assert client.post(f"/reverse/{both[1]['seq']}", reason="again").json["type"] == "AlreadyReversed"
    wrong = client.post(f"/correct/{receipt['seq']}", changes={"tpp": -1}, reason="a slip")
    assert (wrong.status, wrong.json["faults"][0]["column"]) == (422, "tpp")


@pytest.mark.parametrize(
    ("given", "column", "said"),
    [
        ({"entries": [entry(tpp=-5)]}, "entries.0.tpp", "greater than 0"),
        ({"entries": [entry(), entry(quantity="x")]}, "entries.1.quantity", "valid integer"),
        ({"entries": [entry(tppp=5)]}, "entries.0.tppp", "none of this name"),
        ({"entries": [entry()], "foo": 1}, "foo", "none of this name"),
        ({"entries": []}, "entries", "at least 1 item"),
        ({}, "entries", "is missing"),
    ],
)
def test_a_body_that_cannot_be_read_names_the_place(
    client: Client, given: dict[str, Any], column: str, said: str
) -> None:
    answer = client.post("/post", **given)
    (fault,) = answer.json["faults"]
    assert (answer.status, answer.json["type"], fault["column"]) == (422, "BadFeed", column)
    assert said in fault["reason"]


@pytest.mark.parametrize("day", ["14.03.2026", "2026-02-30", "20260201", 46_000, None])
def test_a_day_that_is_none_is_told_as_a_file_tells_it(client: Client, day: object) -> None:
    said = client.post("/post", entries=[entry(effective_on=day)])
    detail = "entries.0.effective_on: is not a day: write YYYY-MM-DD; nothing was written"
    assert (said.status, said.json["detail"]) == (422, detail)


def test_half_a_character_is_said_to_be_one_and_not_our_fault(client: Client) -> None:
    said = client.send("POST", "/post", b'{"entries": [{"country": "\\ud800"}]}', "application/json")
    assert (said.status, said.json["type"]) == (422, "BadFeed")
    assert "\\ud800" in [fault["value"] for fault in said.json["faults"]]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000, b'{"entries":' * 50_000]
)
def test_what_is_no_json_is_said_to_be_none(client: Client, body: bytes) -> None:
    said = client.send("POST", "/post", body, "application/json")
    assert (said.status, said.json["type"]) == (422, "BadFeed")


def test_a_body_beyond_its_bounds_is_not_read(client: Client) -> None:
    said = client.send("POST", "/post", b" " * (MOST_BYTES + 1), "application/json")
    assert (said.status, "4,194,304 bytes" in said.json["detail"]) == (413, True)


def test_a_file_is_posted_in_each_form(client: Client, tmp_path: Path) -> None:
    rows = [
        {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": number, "tpp": 5}
        for number in ("P1", "P2")
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    bodies = {
        "text/csv": CSV + b"license,AE,2026-02-01,C1,5\n",
        "text/tab-separated-values": CSV.replace(b",", b"\t") + b"license\tAE\t2026-02-01\tT1\t5\n",
        "application/x-ndjson; charset=utf-8": json.dumps(rows[0] | {"license_no": "J1"}).encode(),
        "application/vnd.apache.parquet": (tmp_path / "rows.parquet").read_bytes(),
    }
    for kind, body in bodies.items():
        said = client.send("POST", "/post_file", body, kind)
        assert (said.status, said.json["refused"]) == (200, [])
        assert client.send("POST", "/post_file", body, kind).json["replayed"] == len(said.json["posted"])
    assert headroom(client, "AE") == 790_000_000 - 25
    assert client.send("POST", "/post_file", b"a", "text/html").status == 422


def test_each_row_of_a_file_stands_by_itself_and_what_was_refused_is_told(client: Client) -> None:
    body = CSV + b"license,AE,2026-02-01,C1,5\nlicense,AE,2026-02-01,C2,900000000\n"
    said = client.send("POST", "/post_file?each=true", body, "text/csv")
    (refused,) = said.json["refused"]
    assert (said.status, len(said.json["posted"])) == (409, 1)
    assert (refused["line"], refused["type"]) == (3, "OverHeadroom")
    counts = client.send("POST", "/post_file?each=true&receipts=false", body, "text/csv").json
    assert counts == {"posted": 0, "refused": 1, "replayed": 1}


def test_a_file_that_cannot_be_read_names_every_line_and_no_path(client: Client) -> None:
    body = CSV + b"license,AE,2026-02-01,C1,x\nlicense,AE,someday,C2,5\n"
    said = client.send("POST", "/post_file?each=true", body, "text/csv")
    assert said.status == 422
    assert [(each["path"], each["line"]) for each in said.json["faults"]] == [("body", 2), ("body", 3)]
    assert "tppq-body-" not in said.body.decode()
    assert headroom(client, "AE") == 790_000_000


def test_many_clients_at_once_lose_nothing(client: Client, ledger: Ledger) -> None:
    told: list[int] = []

    def work(number: int) -> None:
        for each in range(10):
            said = client.post("/post", entries=[entry(license_no=f"D{number}-{each}")])
            told.extend(receipt["seq"] for receipt in said.json["posted"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == list(range(159, 239))
    assert len(ledger.verify()) == 0


# --------------------------------------------------------------------------------------------- people


def test_what_takes_two_people_is_proposed_by_one_and_approved_by_another(people: dict[str, Client]) -> None:
    alone = people["omar"].post("/post", entries=[entry("allocate", tpp=500)])
    assert (alone.status, alone.json["type"]) == (403, "NotPermitted")
    proposal = people["omar"].post("/propose", entries=[entry("allocate", tpp=500)], remark="assurances").json
    assert (proposal["by"], proposal["entries"][0]["headroom_tpp"]) == ("omar", 1_500)
    (waits,) = people["vera"].get("/pending").json["rows"]
    assert waits["hash"] == proposal["hash"]
    path = f"/approve/{proposal['proposal']}"
    assert people["ada"].post(path).json["faults"][0]["column"] == "seen"
    assert people["ada"].post(path, seen="0" * 64).status == 409
    assert people["omar"].post(path, seen=waits["hash"]).json["type"] == "SelfApproval"
    assert people["maria"].post(path, seen=waits["hash"]).status == 403
    (receipt,) = people["ada"].post(path, seen=waits["hash"]).json["posted"]
    assert receipt["headroom_tpp"] == 1_500
    assert people["vera"].get("/pending").json["rows"] == []


def test_what_waits_is_told_with_all_that_was_given_of_it(people: dict[str, Client]) -> None:
    more = {"license_no": "L1", "expires_on": "2026-12-31", "consignee": "Example Cloud"}
    given = entry("license", tpp=5, **more, exporter="Example Maker", reference="D1")
    (proposed,) = people["omar"].post("/propose", entries=[given]).json["entries"]
    (waits,) = people["vera"].get("/pending").json["rows"]
    assert given.items() <= proposed.items()
    assert given.items() <= waits.items()


def test_a_proposal_is_rejected_withdrawn_and_made_of_a_file(people: dict[str, Client]) -> None:
    body = CSV + b"allocate,AE,2026-02-01,,5\n"
    for verb, who, state in (("reject", "ada", "rejected"), ("withdraw", "omar", "withdrawn")):
        made = people["omar"].send("POST", "/propose_file?remark=so", body, "text/csv").json
        ended = people[who].post(f"/{verb}/{made['proposal']}", reason="not yet").json
        assert (ended["state"], ended["decided_by"]) == (state, who)
    (receipt,) = people["maria"].post("/post", entries=[entry(tpp=50)]).json["posted"]
    undone = people["maria"].post(f"/propose_reversal/{receipt['seq']}", reason="too early").json
    assert [each["kind"] for each in undone["entries"]] == ["release"]
    path = f"/propose_correction/{receipt['seq']}"
    right = people["maria"].post(path, changes={"tpp": 40}, reason="a slip").json
    assert [each["headroom_tpp"] for each in right["entries"]] == [1_000, 960]


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("vera", "/headroom", 200), ("vera", "/audit", 403), ("ines", "/audit", 200),
        ("ines", "/verify", 200), ("maria", "/verify", 403), ("root", "/headroom", 200),
    ],
)  # fmt: skip
def test_each_may_what_their_roles_include(
    people: dict[str, Client], who: str, path: str, status: int
) -> None:
    assert people[who].get(path).status == status


def test_the_entry_is_its_users_and_whoever_was_removed_is_nobody_at_once(
    url: str, people: dict[str, Client]
) -> None:
    assert people["maria"].post("/post", entries=[entry()]).status == 200
    with shared.at(url, "root", CLOCK) as ledger:
        ((actor,),) = (row.values() for row in ledger.sql("select actor from entry where seq = 3").rows())
        assert actor == "maria"
        ledger.remove_user("maria")
    assert people["maria"].post("/post", entries=[entry()]).status == 401
    assert people["vera"].get("/headroom").status == 200


def test_whoever_guesses_tokens_does_not_fill_the_ledger(url: str, people: dict[str, Client]) -> None:
    for number in range(20):
        said = people["vera"].by(f"tppq_{number}").get("/headroom")
        assert (said.status, "root" in said.json["detail"]) == (401, False)  # who the admins are
    with shared.at(url, "ines", CLOCK) as ledger:
        denied = [row for row in ledger.audit().rows() if row["outcome"] == "denied"]
    assert len(denied) == 1


def test_a_ledger_that_is_shared_while_it_is_served_is_to_be_served_anew(
    client: Client, tmp_path: Path
) -> None:
    assert client.get("/headroom").status == 200
    with Ledger.open(f"sqlite:///{tmp_path / 'tppq.db'}", clock=CLOCK) as other:
        other.share()
    said = client.get("/headroom")
    assert (said.status, said.json["type"]) == (500, "Misconfigured")
    assert "open it anew" in said.json["detail"]
