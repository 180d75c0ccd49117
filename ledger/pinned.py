"""What a ledger goes by, recorded: an edited file of a regime, which changes past answers too, then shows.

The facts of the file that figures, states and refusals depend on are an event, told when a ledger is opened
and when `init` finds them changed. `verify` says where the file is not what was last recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ledger.events import COLUMNS, Telling
from ledger.model import Regime

TOPIC = "regime"
_PLAIN = (
    "period_from", "period_to", "cap_tpp", "max_cap_tpp", "h100_tpp", "watch_percent", "critical_percent",
    "tpp_tolerance_percent", "license_years",
)  # fmt: skip
_LISTS = "country_lists"
_SHOWN = 5
"""Countries that a note names, of those that a list has got or lost."""


def facts(terms: Regime) -> dict[str, Any]:
    """What a ledger goes by, as JSON holds it, by the names that the file has."""
    approval = terms.approval
    listed: dict[str, set[str]] = {}
    for each in terms.lists:
        days = f"from {each.valid_from}" + (f" to {each.valid_to}" if each.valid_to else "")
        listed.setdefault(f"tier {each.tier} {days}", set()).update(each.members)
    return {
        **{name: getattr(terms, name) for name in _PLAIN},
        "approval_kinds": sorted(approval.kinds),
        "approval_beyond_headroom": sorted(approval.beyond_headroom),
        "approval_reversals_over_tpp": approval.reversals_over_tpp,
        "approval_days": approval.days,
        **terms.choices,
        _LISTS: [[name, *sorted(members)] for name, members in sorted(listed.items())],
    }


def tellings(terms: Regime, trail: Sequence[Sequence[Any]]) -> list[Telling]:
    """What is to be recorded: the facts, unless the events (rows of table `event`) end with the same."""
    now, last = facts(terms), _last(terms, trail)
    return [] if last is not None and last[1] == now else [Telling(TOPIC, terms.regime, "recorded", now)]


def notes(terms: Regime, trail: Sequence[Sequence[Any]]) -> list[str]:
    """In what the file is not what was recorded; nothing where it is, or where nothing was recorded yet."""
    at, was = _last(terms, trail) or ("", {})
    if not at or not (changes := "; ".join(_changes(_flat(was), _flat(facts(terms))))):
        return []
    since = f"the file of {terms.regime} says other than what was recorded on {at[:10]}"
    return [f"{since}: {changes}; tppq init records what it says now"]


def _last(terms: Regime, trail: Sequence[Sequence[Any]]) -> tuple[str, dict[str, Any]] | None:
    """When the facts were recorded last, and which; what cannot be read is left out."""
    for row in reversed(trail):
        fields = dict(zip(COLUMNS, row, strict=True))
        if (fields["topic"], fields["subject"]) == (TOPIC, terms.regime):
            try:
                said = orjson.loads(fields["detail"])
            except ValueError:
                continue  # the chain of events says so
            if isinstance(said, dict):
                return fields["recorded_at"], said
    return None


def _flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with each list of countries beside the others, by its tier and days."""
    plain = dict(said)
    lists = plain.pop(_LISTS, None)
    told = [each for each in lists if isinstance(each, list) and each] if isinstance(lists, list) else []
    return plain | {str(name): members for name, *members in told}


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*was, *now)):
        before, after = was.get(name), now.get(name)
        if before == after:
            continue
        if isinstance(before, list) and isinstance(after, list):
            had, has = set(map(str, before)), set(map(str, after))
            lost, got = sorted(had - has), sorted(has - had)
            said = [f"{word} {_some(some)}" for word, some in (("without", lost), ("with", got)) if some]
            yield f"{name} is {' and '.join(said)}"
        else:
            yield f"{name} was {_shown(before)}, is {_shown(after)}"


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    if isinstance(value, list):
        return _some([str(each) for each in value])
    return f"{value:,}" if type(value) is int else str(value)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "") or "none"
