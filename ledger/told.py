"""What the store tells besides entries: refusals and breaks, as rows of the tables of `core/1_told.sql`.

They are not in the core, which holds entries: a question that names one of them brings its rows along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from ledger import sound
from ledger.errors import Tampered, problem_of
from ledger.events import Event
from ledger.reading import Reading

Told = Sequence[Mapping[str, Any]]
"""Rows by the names of their columns; days and instants are ISO text."""

RUN, FINISHED = "run", "finished"
"""The topic of a reconciliation, and what is done once it is over."""

NEVER_RAN = (
    "No reconciliation had run on this ledger by then, so there is nothing to show: see tppq reconcile."
)

_INPUT = [str, int, str, int]
"""A file of a run, as it is recorded: source, number, hash, rows, and more."""

TABLES = ("break", "refusal")
_FACTS = (
    "type", "kind", "country", "license_no", "effective_on", "asked_tpp", "headroom_tpp", "short_by_tpp",
    "detail",
)  # fmt: skip


def named_in(query: str) -> list[str]:
    """The tables that a query may be about: those of whose names it has the letters."""
    letters = query.lower()
    return [name for name in TABLES if name in letters]


class Stand(NamedTuple):
    """All that is told, at once: the rows of each table, and a mark that is another one once more is told."""

    rows: Mapping[str, Told]
    mark: list[int]


def stand(store: Reading, at_least: str) -> Stand:
    """What is told as it stands; breaks are as old as on the day of the last thing that was recorded.

    `at_least` is when the last entry was (ISO text). The same entries, refusals and events stand the same
    whenever it is asked.
    """
    refused = refusals(store)
    broken = _events(store)
    last = max([at_least, *(each["refused_at"] for each in refused[-1:]), *(each.at for each in broken[-1:])])
    found = {"break": _stand(broken, last[:10]), "refusal": refused}
    return Stand(found, [broken[-1].seq if broken else 0, len(refused)])


def rows(store: Reading, table: str) -> Told:
    """The rows of one of `TABLES`, as they stand now."""
    return refusals(store) if table == "refusal" else breaks(store, store.day_at(store.head()))


def refusals(store: Reading) -> Told:
    """The refusals as they were answered, attempt by attempt."""
    found = []
    for request_id, attempt, problem, refused_at, actor in store.read("all_refusals"):
        if not sound.is_instant(refused_at):
            raise Tampered(f"the time of a refusal of request {request_id} was changed: run tppq verify")
        facts = problem_of(problem)
        found.append({
            "request_id": request_id, "attempt": attempt, "refused_at": refused_at.rstrip("Z"),
            "actor": actor, **{name: _fact(name, facts.get(name)) for name in _FACTS},
        })  # fmt: skip
    return found


def _fact(name: str, value: object) -> object:
    """A fact of a refusal, or None where it is no such fact: it was changed."""
    if name.endswith("_tpp"):
        return value if type(value) is int and abs(value) < 1 << 63 else None
    return value if isinstance(value, str) and (name != "effective_on" or sound.is_day(value)) else None


def finished_runs(store: Reading) -> list[Event]:
    """The reconciliations that were recorded, the newest last. Raises Tampered for what tells of none."""
    found = [event for event in store.events(RUN) if event.action == FINISHED]
    for event in found:
        if not _is_run(event.detail):
            said = f"event {event.seq:,} ({RUN} {event.subject}) was changed: it tells of no run"
            raise Tampered(said, event_seq=event.seq, check="event", expected="a run that came to its end")
    return found


def _is_run(said: Mapping[str, Any]) -> bool:
    lists = [said.get(name, []) for name in ("inputs", "certificate", "months", "vendors")]
    return (
        "inputs" in said and isinstance(said.get("as_of"), str) and sound.is_day(said["as_of"])
        and isinstance(said.get("status"), str) and type(said.get("seq")) is int
        and all(isinstance(each, list) for each in lists)
        and all(isinstance(each, list) and list(map(type, each))[:4] == _INPUT for each in lists[0])
        and all(isinstance(each, dict) for each in lists[1])
        and all(isinstance(each, list) for each in lists[2])
        and all(isinstance(each, str) for each in lists[3])
    )  # fmt: skip


def _events(store: Reading) -> list[Event]:
    return store.events("break")


def breaks(store: Reading, as_of: str, known_at: str | None = None) -> Told:
    """The breaks, how old they are on a day, and where they stand by what is or was recorded."""
    return _stand((each for each in _events(store) if known_at is None or each.at <= known_at), as_of)


def _stand(events: Iterable[Event], as_of: str) -> Told:
    """What these events about breaks come to on a day."""
    from ledger import recon_breaks  # two milliseconds, for those who ask about breaks  # noqa: PLC0415

    found, on = [], date.fromisoformat(as_of)
    for name, standing in recon_breaks.fold(events).items():
        seen, first_on = standing.seen, date.fromisoformat(standing.first_on)
        age = recon_breaks.working_days(first_on, on)
        found.append({
            "fingerprint": name, "code": seen.code, "severity": seen.severity, "country": seen.country,
            "license_no": seen.license_no, "device_id": seen.device_id, "source": seen.source,
            "key": seen.key, "net_tpp": seen.net_tpp, "at_stake_tpp": seen.at_stake_tpp,
            "state": standing.state_on(as_of), "owner": standing.officer, "first_seen_on": standing.first_on,
            "is_open": standing.is_open_on(as_of),
            "last_seen_on": standing.last_on, "age_working_days": age, "age": recon_breaks.bucket(age),
            "detail": seen.detail, "other_country": seen.other_country,
        })  # fmt: skip
    return found
