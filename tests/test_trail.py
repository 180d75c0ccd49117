"""The audit trail: events and refusals as one list of deeds."""

from __future__ import annotations

from typing import Any

from ledger import trail
from ledger.events import Event

EARLY, LATE = "2026-02-01T12:00:00.000000Z", "2026-02-02T12:00:00.000000Z"


def event(topic: str, subject: str, action: str, at: str = EARLY, **detail: Any) -> Event:
    return Event(7, at, "maria", topic, subject, action, detail, "0" * 64, "f" * 64)


def test_a_telling_of_an_audit_says_what_was_done_and_what_came_of_it() -> None:
    assert trail.told("export", "done", file="log.jsonl", entries=171) == (
        "audit", "export", "done", {"file": "log.jsonl", "entries": 171}
    )  # fmt: skip


def test_an_audit_is_about_its_verb_and_an_event_about_its_subject() -> None:
    rows = trail.rows([event("audit", "sql", "done", query="x"), event("person", "omar", "added")], [])
    assert [(row["what"], row["subject"], row["outcome"]) for row in rows] == [
        ("sql", "", "done"),
        ("person", "omar", "added"),
    ]
    assert (rows[0]["event_seq"], rows[0]["hash"], rows[0]["who"]) == (7, "f" * 64, "maria")


def test_refusals_stand_among_the_events_in_order_of_time() -> None:
    refused = (EARLY, "omar", "application-1", '{"type":"NoQuota","detail":"DE is Tier 1"}')
    rows = trail.rows([event("person", "omar", "added", LATE)], [refused])
    assert [row["at"] for row in rows] == [EARLY, LATE]
    assert rows[0] == {
        "at": EARLY, "who": "omar", "what": "post", "subject": "application-1", "outcome": "refused",
        "detail": refused[3], "event_seq": None, "hash": None,
    }  # fmt: skip
    assert trail.sentence(rows[0]) == "NoQuota: DE is Tier 1"


def test_of_what_is_long_the_trail_gives_the_size() -> None:
    (row,) = trail.rows([event("proposal", "P-0001", "proposed", entries=[{"tpp": 1}] * 40, remark=None)], [])
    assert row["detail"] == '{"entries":40,"remark":null}'
    assert trail.sentence(row) == "entries 40"


def test_a_refusal_that_is_an_event_is_read_as_words_too() -> None:
    (row,) = trail.rows([event("audit", "approve", "refused", proposal="P-0001", why="other hash")], [])
    assert trail.sentence(row) == "proposal P-0001; why other hash"


def test_a_detail_is_read_as_words() -> None:
    (row,) = trail.rows(
        [event("x", "y", "z", roles=["officer", "viewer"], n=18204, by={"a": 1}, none=[])], []
    )
    assert trail.sentence(row) == "roles officer, viewer; n 18,204; by a=1; none none"
    assert trail.sentence({"detail": "", "outcome": "done"}) == ""
