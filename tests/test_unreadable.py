"""What is stored and can no longer be read is said to be changed, and is never an internal error."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import Entry, Ledger, OverHeadroom, Tampered
from ledger.database import Database
from ledger.events import Telling
from ledger.store import Store
from tests.clock import Clock
from tests.evidence import DAY
from tests.forger import unguarded
from tests.outside import EVENT, HEAD, REFUSAL, connected, count, drop_guards
from tests.transcripts import typed


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return unguarded(tmp_path)


# ----------------------------------------------------------------------------------- a head that is none


NO_HEAD: dict[str, dict[str, str]] = {
    "a day for an instant": {"recorded_at": "2099-01-01"},
    "an instant without a zone": {"recorded_at": "2099-01-01T00:00:00"},
    "a month that is none": {"recorded_at": "2099-13-99T00:00:00.000000Z"},
    "a key that is none": {"salt_key": "zz"},
    "a key that was cut": {"salt_key": "ab"},
}


@pytest.fixture(name="desk")
def _desk(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command, typed about the ledger once its guards are back."""
    folder = Path(url.removeprefix("sqlite:///")).parent
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))

    def desk(*arguments: str) -> tuple[int, str, str]:
        Database(url, 1).create()
        return typed([*arguments, "--ledger", url], clock=Clock(DAY))

    return desk


@pytest.mark.parametrize("changed", NO_HEAD.values(), ids=NO_HEAD)
def test_a_head_that_is_none_is_said_to_be_and_not_written_to(
    url: str, desk: Callable[..., tuple[int, str, str]], changed: dict[str, str]
) -> None:
    with connected(url) as connection:
        connection.execute(sa.update(HEAD).values(changed))
    Path("more.csv").write_text(
        "kind,country,effective_on,license_no,tpp\nlicense,AE,2026-02-01,L9,1\n", encoding="utf-8"
    )
    before = count(url)
    for verb in (("post", "more.csv"), ("post", "more.csv", "--dry-run"), ("headroom",)):
        status, _, err = desk(*verb)
        assert (status, err.startswith("Tampered: the head of the ledger was changed: ")) == (1, True)
    assert count(url) == before
    status, out, _ = desk("verify", "--json")
    assert (status, {row["check"] for row in json.loads(out)["rows"]} >= {"head"}) == (1, True)
    assert desk("doctor")[0] == 1


@pytest.mark.parametrize("verb", [("init",), ("db", "init")])
def test_a_head_that_is_none_without_its_guard_is_verified_once_init_has_put_that_back(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with connected(url) as connection:
        connection.execute(sa.update(HEAD).values(recorded_at="x"))

    def said(*arguments: str) -> tuple[int, str, str]:
        return typed([*arguments, "--ledger", url], clock=Clock(DAY))

    status, _, err = said("verify")
    assert (status, "run tppq init to put them back, then tppq verify" in err) == (78, True)
    status, _, err = said(*verb)
    assert (status, err.endswith("; run tppq verify\n")) == (1, True)
    status, out, _ = said("verify", "--json")
    assert (status, {row["check"] for row in json.loads(out)["rows"]} >= {"head"}) == (1, True)


@pytest.mark.parametrize("changed", NO_HEAD.values(), ids=NO_HEAD)
def test_a_program_that_opened_the_ledger_before_its_head_was_changed_is_told_so(
    url: str, changed: dict[str, str]
) -> None:
    Database(url, 1).create()
    with Ledger.open(url, actor="maria", clock=Clock(DAY)) as ledger:
        drop_guards(url)
        with connected(url) as connection:
            connection.execute(sa.update(HEAD).values(changed))
        with pytest.raises(Tampered, match="run tppq verify"):
            ledger.headroom()


# ------------------------------------------------------------------------------- a refusal that is none


@pytest.mark.parametrize(
    "problem",
    ["x", "{}", "[]", "null", '{"type": "Nope", "detail": "no"}', '{"type": [], "detail": "no"}',
     '{"type": "NoQuota"}', '{"type": "NoQuota", "detail": 7}'],
)  # fmt: skip
def test_a_refusal_that_is_none_is_shown_as_such_and_found(
    url: str, desk: Callable[..., tuple[int, str, str]], problem: str
) -> None:
    refused = {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "L9"}
    Database(url, 1).create()
    with Ledger.open(url, actor="maria", clock=Clock(DAY)) as ledger:
        with pytest.raises(OverHeadroom):
            ledger.post(Entry.model_validate({**refused, "tpp": 2_000_000}), request_id="nine")
        drop_guards(url)
        with connected(url) as connection:
            connection.execute(sa.update(REFUSAL).values(problem=problem))
        with pytest.raises(Tampered, match="the answer that was kept for this request was changed"):
            ledger.post(Entry.model_validate({**refused, "tpp": 2_000_000}), request_id="nine")
        with pytest.raises(OverHeadroom):
            ledger.post(Entry.model_validate({**refused, "tpp": 2_000_000}), request_id="nine", again=True)
        with connected(url) as connection:
            connection.execute(sa.delete(REFUSAL).where(REFUSAL.c.attempt == 2))
    for verb in (("audit",), ("sql", "select type, detail from refusal")):
        status, out, _ = desk(*verb, "--csv")
        assert (status, "Tampered" in out and "this request was changed" in out) == (0, True)
    for verb in (("audit",), ("report", "misuse"), ("publish", "published")):
        assert desk(*verb)[0] == 0
    status, out, _ = desk("verify", "--json")
    assert (status, [row["check"] for row in json.loads(out)["rows"]]) == (1, ["refusal"])


def test_a_refusal_whose_facts_are_none_is_shown_without_them(
    url: str, desk: Callable[..., tuple[int, str, str]]
) -> None:
    problem = '{"type":"NoQuota","detail":"no","asked_tpp":"7","country":7,"effective_on":"soon","self":1}'
    row = {"request_id": "r", "attempt": 1, "body_hash": None, "problem": problem, "actor": "maria"}
    with connected(url) as connection:
        connection.execute(sa.insert(REFUSAL).values(**row, refused_at="2026-02-01T12:00:00.000000Z"))
    asked = "select type, asked_tpp, country, effective_on from refusal"
    assert desk("sql", asked, "--csv")[1].splitlines()[-1] == "NoQuota,,,"
    with connected(url) as connection:
        drop_guards(url)
        connection.execute(sa.update(REFUSAL).values(refused_at="soon"))
    assert desk("sql", asked)[0] == 1
    assert desk("verify")[0] == 1


# ----------------------------------------------------------------------------------- a run that is none


NO_RUN = [
    "{}", '{"as_of": "soon", "seq": 1, "status": "FINAL", "inputs": []}',
    '{"as_of": "2026-02-01", "seq": 1, "status": "FINAL", "inputs": [1]}',
    '{"as_of": "2026-02-01", "seq": 1, "status": "FINAL", "inputs": [["licenses"]]}',
    '{"as_of": "2026-02-01", "seq": 1, "status": "FINAL", "inputs": [], "months": 7}',
]  # fmt: skip


@pytest.mark.parametrize("detail", NO_RUN)
def test_a_run_that_is_none_stops_the_next_one_and_its_reports(
    url: str, desk: Callable[..., tuple[int, str, str]], detail: str
) -> None:
    said = {"as_of": "2026-02-01", "seq": 6, "status": "FINAL", "inputs": []}
    Database(url, 1).create()
    with closing(Store(Database(url, 1), Clock(DAY))) as store:
        store.record([Telling("run", "20260201-1200", "finished", said)], "maria")
    Path("feeds").mkdir()
    for report in ("sources", "three-ways", "open-breaks"):
        assert desk("report", report)[0] == 0
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.update(EVENT).values(detail=detail))
    status, out, _ = desk("reconcile", "feeds", "--json")
    assert (status, [row["code"] for row in json.loads(out)["rows"]]) == (3, ["INTEGRITY"])
    for report in ("sources", "three-ways", "open-breaks"):
        status, _, err = desk("report", report)
        assert (status, "was changed: it tells of no run" in err) == (1, True)
