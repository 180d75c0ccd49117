"""The ledger over HTTP: each path is a method, asked of a real server on the loopback."""

from __future__ import annotations

import inspect
import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from ledger import Ledger, errors
from ledger.web.app import application
from ledger.web.asking import LONG_AT_ONCE
from ledger.web.body import MOST_BYTES
from ledger.web.failure import STATUSES, status_of
from ledger.web.giving import FORMS
from tests.clock import Clock
from tests.served import TOKEN, Client, served
from tests.small import ASKED_ON, H100, fill
from tests.transcripts import typed

NOT_SERVED = {
    # It makes the ledger, files, keys, or users: whoever may do that works at the machine.
    *("init", "open", "close", "backup", "export", "publish", "reconcile", "checkpoint"),
    *("new_key", "share", "users", "add_user", "set_roles", "remove_user", "new_token", "revoke_token"),
    # Its argument is a file of this machine.
    "prove_since",
    # What becomes of a break is decided beside the results of the night, which are files too.
    *("break_take", "break_comment", "break_propose", "break_confirm", "break_accept"),
    # For programs that trust their own query, or have the ledger open; /openapi.json says what is served.
    *("known_by", "dictionary", "sandboxed_sql"),
}
TIMES = {"as_of": "2026-02-20", "known_at": "2026-02-21"}
QUESTIONS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("/headroom", {}, ["headroom"]),
    ("/headroom", {"country": ["AE", "India"]}, ["headroom", "AE", "India"]),
    ("/balance", {"country": "IN"}, ["balance", "IN"]),
    ("/statement/AE", {"from_day": "2026-01-15"}, ["statement", "AE", "--from", "2026-01-15"]),
    ("/licenses", {}, ["licenses"]),
    ("/licenses", {"country": "SA"}, ["licenses", "SA"]),
    ("/fit/AE", {"device": H100, "quantity": 9}, ["fit", "AE", "--device", H100, "--quantity", "9"]),
    ("/fit/IN", {"tpp": 9_000_000}, ["fit", "IN", "--tpp", "9000000"]),
    ("/forecast", {"country": "AE"}, ["forecast", "AE"]),
    ("/breaks", {}, ["breaks"]),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('web') / 'tppq.db'}"


@pytest.fixture(scope="module")
def ledger(url: str) -> Iterator[Ledger]:
    with fill(url) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def client(ledger: Ledger) -> Iterator[Client]:
    with served(ledger) as client:
        yield client


def test_each_path_is_the_method_of_the_ledger_with_its_name_and_each_method_has_one(ledger: Ledger) -> None:
    paths = application(ledger, TOKEN).openapi()["paths"]
    served_names = {path.split("/")[1] for path in paths} - {""}
    methods = {name for name, _ in inspect.getmembers(Ledger, callable) if not name.startswith("_")}
    assert served_names <= methods
    assert methods - served_names == NOT_SERVED


def test_the_description_says_the_token_the_forms_and_every_error(ledger: Ledger) -> None:
    api = application(ledger, TOKEN).openapi()
    assert list(api["components"]["securitySchemes"]) == ["HTTPBearer"]
    for path, ways in api["paths"].items():
        for way in ways.values() if path != "/" else ():
            assert way["security"] == [{"HTTPBearer": []}]
            codes = {"200", "400", "401", "403", "408", "409", "413", "422", "500", "503"}
            assert set(way["responses"]) == codes, path
            assert list(way["responses"]["409"]["content"]) == ["application/problem+json"]
    assert len(api["paths"]["/headroom"]["get"]["responses"]["200"]["content"]) == len(FORMS)


def test_a_path_takes_what_its_method_takes(ledger: Ledger) -> None:
    own = {"format", "country", "values", "receipts", "each", "again", "approver", "dry_run", "parameters"}
    api = application(ledger, TOKEN).openapi()
    for path, ways in api["paths"].items():
        if (name := path.split("/")[1]) and name != "sql":
            takes = set(inspect.signature(getattr(Ledger, name)).parameters)
            for way in ways.values():
                asked = {each["name"] for each in way.get("parameters", ())}
                assert asked - own <= takes, path


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "tsv", "md"])
@pytest.mark.parametrize(("path", "parameters", "words"), QUESTIONS, ids=lambda each: str(each)[:30])
def test_a_question_has_the_bytes_that_the_command_gives(
    client: Client, url: str, path: str, parameters: dict[str, Any], words: list[str], form: str
) -> None:
    said = client.get(path, **parameters, **TIMES, format=form)
    times = [f"--{name.replace('_', '-')}={value}" for name, value in TIMES.items()]
    _, out, _ = typed(["--ledger", url, *words, *times, "--format", form], clock=Clock(ASKED_ON))
    assert said.status == 200
    assert said.body.decode() == out


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_it_stands_on(client: Client, form: str) -> None:
    said = client.get("/headroom", format=form)
    assert said.status == 200
    assert '"regime":"diffusion-2025"' in said.headers["tppq-basis"]
    assert "not a legal balance" in said.headers["tppq-notice"]


@pytest.mark.parametrize("token", [None, "", "tppq_other", TOKEN[:-1], TOKEN + "a", TOKEN.upper()])
def test_nobody_is_answered_without_the_token(client: Client, token: str | None) -> None:
    said = client.by(token).get("/headroom")
    assert (said.status, said.json["type"]) == (401, "NotPermitted")
    assert said.headers["www-authenticate"] == 'Bearer realm="tppq"'
    assert "790" not in said.body.decode()
    assert client.by(token).get("/nosuch").status == 401
    assert client.by(token).send("POST", "/post", b" " * (MOST_BYTES + 1), "application/json").status == 401


def test_where_the_paths_are_described_is_told_to_everybody_and_nothing_else(client: Client) -> None:
    anybody = client.by(None)
    assert anybody.get("/").json["paths"] == "/openapi.json"
    assert anybody.get("/openapi.json").json["info"]["title"] == "tppq"
    assert client.get("/docs").status == 404


@pytest.mark.parametrize("kind", errors.LedgerError.__subclasses__())
def test_every_error_has_a_status_by_its_base_class(kind: type[errors.LedgerError]) -> None:
    assert status_of(kind("so")) == STATUSES[kind]
    refusals = errors.Refused.__subclasses__() if kind is errors.Refused else []
    assert all(status_of(below("so")) == STATUSES[kind] for below in refusals)


@pytest.mark.parametrize(
    ("path", "parameters", "status", "said"),
    [
        ("/headroom", {"contry": "AE"}, 400, "contry: there is none of this name here"),
        ("/headroom", {"country": "XX"}, 409, "no country 'XX'"),
        ("/headroom", {"country": "KP"}, 409, "KP is Tier 3"),
        ("/headroom", {"as_of": "soon"}, 400, "'soon' is not a day"),
        ("/headroom", {"format": "pdf"}, 400, "format: Input should be 'json'"),
        ("/fit/AE", {"quantity": 5}, 400, "a device and a quantity"),
        ("/fit/AE", {"tpp": "1.5"}, 400, "tpp: Input should be a valid integer"),
        ("/fit/AE", {"tpp": 0}, 400, "tpp: Input should be greater than 0"),
        ("/fit/AE", {"device": "H900", "quantity": 1}, 409, "no device 'H900'"),
        ("/report/nosuch", {}, 400, "no report 'nosuch'"),
        ("/report/left-on-day", {"on_day": ["2026-01-01", "2026-01-02"]}, 400, "on_day is given twice"),
        ("/report/1", {"self": "1"}, 400, "1 has no parameter 'self'"),
        ("/report/1", {"name": "1"}, 400, "1 has no parameter 'name'"),
        ("/licenses", {"country": ["AE", "SA"]}, 400, "country is given twice"),
        ("/headroom", {"as_of": ["2026-01-01", "2026-01-02"]}, 400, "as_of is given twice"),
        ("/headroom/", {}, 404, "Not Found: write /headroom"),
        ("/report/left-on-day", {"format": "pdf"}, 400, "format: Input should be 'json'"),
        ("/break_show/abcdef123", {}, 409, "abcdef123"),
        ("/prove/1", {}, 409, "under no checkpoint yet"),
        ("/prove/x", {}, 400, "seq: Input should be a valid integer"),
        ("/pending", {}, 500, "belongs to one person"),
        ("/nosuch", {}, 404, "Not Found: GET / says where all paths are described (/openapi.json)"),
        ("/statement", {"country": "AE"}, 404, "Not Found: write /statement/{country}"),
        ("/fit", {"country": "AE", "tpp": 5}, 404, "Not Found: write /fit/{country}"),
        ("/report/", {"name": "holders"}, 404, "Not Found: write /report/{name}"),
        ("/post", {}, 405, "Method Not Allowed: /post takes POST"),
    ],
)
def test_what_cannot_be_answered_says_why(
    client: Client, path: str, parameters: dict[str, Any], status: int, said: str
) -> None:
    answer = client.get(path, **parameters)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json["detail"]
    assert answer.json["status"] == status


def test_a_query_is_answered_in_the_sandbox(client: Client) -> None:
    query = "select country, headroom_tpp from headroom() where country = $named"
    rows = client.post("/sql", query=query, values={"named": "IN"}).json["rows"]
    assert rows == [{"country": "IN", "headroom_tpp": 5_000}]
    assert client.post("/sql", query="copy entry to '/tmp/out.csv'").status == 400
    assert client.post("/sql", query="select 1 as one", format="csv").body == b"one\n1\n"


WORDS = ("", "AE", "xx", "-1", "1e9", "9" * 30, "\0", "ä", "2026-02-30", "null", "true", "'--", "%", "../..")
NAMES = ("country", "as_of", "known_at", "format", "device", "quantity", "tpp", "every", "private", "x")
BODIES = (b"", b"{", b"[]", b"null", b'{"entries": [{}]}', b"\xff\x00", b"a,b\n1")
KINDS = (None, "application/json", "text/csv", "application/x-ndjson", "nonsense")


def test_an_answer_that_was_cut_says_so_in_every_form_and_can_be_had_whole(client: Client) -> None:
    said = client.post("/sql", query="from range(1500)", format="csv")
    assert (said.body.count(b"\n"), json.loads(said.headers["tppq-basis"])["total_rows"]) == (1_001, 1_500)
    assert client.post("/sql", query="from range(1500)", format="csv", limit=0).body.count(b"\n") == 1_501
    assert client.post("/sql", query="select 1", limit=-1).status == 422


def test_a_parameter_that_belongs_into_the_body_is_refused_in_the_address(client: Client) -> None:
    said = client.send("POST", "/sql?format=csv", b'{"query": "select 1"}', "application/json")
    assert (said.status, "format goes into the body" in said.json["detail"]) == (400, True)


def test_long_questions_keep_nobody_waiting_for_short_ones(client: Client) -> None:
    def ask(_: int) -> int:
        query = "select sum(a.range * b.range) from range(30000) as a, range(30000) as b"
        return client.post("/sql", query=query).status

    with ThreadPoolExecutor(LONG_AT_ONCE + 2) as asking:
        asked = asking.map(ask, range(LONG_AT_ONCE + 2))
        assert client.get("/regime").status == 200
        assert sorted(set(asked)) == [200, 503]
    busy = client.post("/sql", query="select 1")
    assert (busy.status, busy.headers.get("retry-after")) == (200, None)


def test_no_nonsense_is_our_fault(client: Client, ledger: Ledger) -> None:
    """Random requests of every path: each is answered with a status that says what was wrong with it."""
    dice = random.Random(790)  # noqa: S311  # a seed, so that it is the same again
    paths = application(ledger, TOKEN).openapi()["paths"]
    seq = ledger.regime().basis["seq"]
    for _ in range(150):
        path = dice.choice(sorted(paths))
        filled = re.sub(r"\{\w+\}", lambda _: dice.choice(WORDS) or "z", path)
        given = {name: dice.choice(WORDS) for name in dice.sample(NAMES, dice.randrange(3))}
        if "get" in paths[path]:
            said = client.get(filled, **given)
        else:
            said = client.send("POST", quote(filled), dice.choice(BODIES), dice.choice(KINDS))
        assert said.status < 500 or said.json["type"] == "Misconfigured", (filled, given, said.body)
    assert ledger.regime().basis["seq"] == seq


def test_questions_without_times_are_answered(client: Client) -> None:
    assert client.get("/regime").status == 200
    assert client.get("/devices", as_of="2026-01-01").json["rows"]
    assert client.get("/countries").json["rows"]
    assert client.get("/reports").json["rows"]
    assert client.get("/verify").json["rows"] == []
    assert client.get("/audit", from_day="2026-01-01").status == 200
