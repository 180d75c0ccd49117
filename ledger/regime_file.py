"""The file of a regime, checked: what cannot be run is refused before anything relies on it.

A fact that the program goes by is taken by its type and bounds; one that is shown, and that the program
could not do otherwise, is held to what is built in. What only tells ([dates], most of [programme]) is free.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType
from typing import Any

from ledger import choices, merkle
from ledger.approval import Approval
from ledger.facts import HOW_FIRM, STATUSES, Table, nearest, unusable
from ledger.model import MOST_TPP, CountryList, Kind, Regime

_TEXTS = ("title", "notice", "citation")
_MAY_OVERDRAW = (Kind.overrun.value, Kind.withdraw.value)
_LONGEST_ID, _MOST_YEARS, _MOST_DAYS = 100, 99, 36_500

_READ: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "allocation": ("period_from", "period_to", "cap_tpp"),
    "assurances": ("max_cap_tpp",),
    "h100_equivalent": ("h100_tpp",),
    "license": ("license_years",),
    "ledger": ("watch_percent", "critical_percent", "tpp_tolerance_percent"),
    "approval": (
        "approval_kinds", "approval_beyond_headroom", "approval_reversals_over_tpp", "approval_days",
    ),
})  # fmt: skip
"""The tables that a regime with a country cap must have, and the keys that the program reads in them."""

_TOLD: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "allocation": ("below_cap", "published_progress", "allocation_review"),
    "h100_equivalent": ("h100_device_id", "h100_basis"),
    "license": ("license_term_by", "license_value_tolerance_percent", "license_record_years"),
})  # fmt: skip
"""What may be told beside them: what a refusal of a longer term cites, and what no figure depends on."""

_IN_THE_CATALOG = "what counts is in device.csv, by 3A090.a"
_BUILT_IN: Mapping[str, Mapping[str, tuple[object, str]]] = MappingProxyType({
    "allocation": {
        "above_cap": ("policy of denial", "what is above a cap is refused"),
        "counted_activities": (
            ["export", "reexport", "transfer in country"], "a license draws the cap whatever it is for",
        ),
    },
    "assurances": {
        "assured_countries": ([], "an allocate may raise any Tier 2 country to max_cap_tpp"),
    },
    "counted_items": {
        "counted_eccns": (
            [
                "3A090.a", "4A090.a",
                "3A001.z.1.a", "3A001.z.2.a", "3A001.z.3.a", "3A001.z.4.a",
                "4A003.z.1.a", "4A003.z.2.a", "4A004.z.1", "4A005.z.1",
                "5A002.z.1.a", "5A002.z.2.a", "5A002.z.3.a", "5A002.z.4.a", "5A002.z.5.a",
                "5A004.z.1.a", "5A004.z.2.a", "5A992.z.1",
            ],
            _IN_THE_CATALOG,
        ),
        "counted_from_tpp": (4800, _IN_THE_CATALOG),
        "counted_dense_from_tpp": (1600, _IN_THE_CATALOG),
        "counted_performance_density": ("5.92", _IN_THE_CATALOG),
        "system_tpp": ("sum of the TPP of each integrated circuit", "the catalog has the TPP of chips"),
    },
    "license": {
        "license_quantity_tolerance_percent": (0, "a licensed quantity is never exceeded"),
        "license_one_country": (True, "a license is for one country"),
    },
    "choices": {
        "order_of_requests": ("first come, first served", "each request is judged as it is posted"),
    },
})  # fmt: skip
"""What a file may tell and not choose, by table and key: the one value that is run, and why."""

_DERIVED = {"allocation": ("not_counted_before",), "assurances": ("max_uplift_percent",)}
_LISTED = ("list_id", "label", "cited_as", "tier", "valid_from", "valid_to", "published_from", "members")
_TOP = ("id", "status", *_TEXTS, *_READ, "counted_items", "choices", "country_list", "dates", "programme")


def of(
    text: Mapping[str, Any], countries: Collection[str], meant: Callable[[str], Sequence[str]]
) -> Regime | None:
    """The regime that a file tells; None where it sets no country cap. Raises Misconfigured.

    `countries` are the codes that a list may have, `meant` those of a country that is written otherwise.
    """
    top = Table(text["id"], "it", text)
    _must_be_named(top)
    if "allocation" not in text:
        return None
    if "limits" in text:
        top.refuse("has [limits], which nothing here obeys: take it out, and say in notice what they are")
    part = {name: _part(top, name) for name in (*_READ, "choices")}
    _must_be_told(top)
    allocation, assured, standing = part["allocation"], part["assurances"], part["ledger"]
    period_from, period_to = allocation.day("period_from"), allocation.day("period_to")
    if period_to < period_from:
        allocation.must_be("period_to", f"a day from {period_from}, period_from, on")
    cap_tpp = allocation.whole("cap_tpp", 1, MOST_TPP)
    max_cap_tpp = assured.whole("max_cap_tpp", cap_tpp, MOST_TPP, ", cap_tpp at the least")
    critical = standing.whole("critical_percent", 2, 100)
    uplift = (max_cap_tpp - cap_tpp) * 100 // cap_tpp
    assured.must_hold("max_uplift_percent", uplift, "max_cap_tpp says how far a cap may be raised")
    first_day = allocation.value("period_from")
    allocation.must_hold("not_counted_before", first_day, "an entry may take effect from period_from on")
    return Regime(
        regime=text["id"],
        title=top.text("title"),
        status=text["status"],
        notice=top.text("notice"),
        citation=top.text("citation"),
        period_from=period_from,
        period_to=period_to,
        cap_tpp=cap_tpp,
        max_cap_tpp=max_cap_tpp,
        h100_tpp=part["h100_equivalent"].whole("h100_tpp", 1, MOST_TPP),
        watch_percent=standing.whole("watch_percent", 1, critical - 1, ", below critical_percent"),
        critical_percent=critical,
        tpp_tolerance_percent=standing.whole("tpp_tolerance_percent", 0, 100),
        license_years=part["license"].whole("license_years", 1, _MOST_YEARS),
        license_term_by=_said(part["license"], "license_term_by", text["citation"]),
        approval=_approval(part["approval"]),
        choices=choices.of(_run(part["choices"])),
        lists=_lists(top, period_from, countries, meant),
    )


def _must_be_named(top: Table) -> None:
    """What every file has to say, with a cap or without; and no table that nobody knows."""
    for name in top.facts:
        if name not in (*_TOP, "limits"):
            top.refuse(f"has {name}, which this version does not know: {nearest(name, _TOP)}")
    for key in _TEXTS:
        if isinstance(top.facts.get(key), dict):
            top.refuse(f"has a table {key}: write one line of text")
        top.text(key)
    if top.facts.get("status") not in STATUSES:
        top.must_be("status", f"one of {', '.join(STATUSES)}")
    name = top.regime
    if not merkle.is_origin(name) or len(name) > _LONGEST_ID:  # it names the ledger in all that is signed
        top.must_be(
            "id", f"at most {_LONGEST_ID} of A-Z, a-z, 0-9, ., _, ~, :, @ and -, and name the file so"
        )


def _part(top: Table, name: str) -> Table:
    """One of the tables, with keys that are known alone."""
    given = top.facts.get(name)
    if not isinstance(given, dict):
        keys = ", ".join(choices.RUN if name == "choices" else _READ.get(name, HOW_FIRM))
        top.refuse(f"has no table [{name}]: write one with {keys}")
    table = Table(top.regime, f"[{name}]", given)
    built_in = _BUILT_IN.get(name, {})
    if name in _READ:
        table.must_know((*_READ[name], *_TOLD.get(name, ()), *built_in, *_DERIVED.get(name, ())))
    table.must_be_flat()
    for key, (only, why) in built_in.items():
        table.must_hold(key, only, why)
    return table


def _run(chosen: Table) -> Table:
    """The choices that are run, and so recorded (`pinned`): a file that tells more is not a changed one."""
    told = _BUILT_IN["choices"]
    return replace(chosen, facts={name: fact for name, fact in chosen.facts.items() if name not in told})


def _must_be_told(top: Table) -> None:
    """The tables that the program does not go by can be shown, and say nothing against it."""
    if "counted_items" in top.facts:
        _part(top, "counted_items").must_know(_BUILT_IN["counted_items"])
    if "dates" in top.facts:
        _part(top, "dates")
    programmes = top.facts.get("programme", {})
    for name, told in programmes.items() if isinstance(programmes, dict) else [("", None)]:
        if not isinstance(told, dict):
            top.refuse("has facts in [programme]: write them in [programme.NAME]")
        where = f"[programme.{name}]"
        table = Table(top.regime, where, {key: fact for key, fact in told.items() if key != "steps"})
        table.must_be_flat()
        table.must_hold("draws_country_cap", only=False, why="licenses alone draw it")
        steps = told.get("steps", [])
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            table.refuse("has steps that are no list of tables: write { from, to, cap_tpp } for each")
        for number, facts in enumerate(steps, 1):
            step = Table(top.regime, f"step {number} of {where}", facts)
            step.must_know(("from", "to", "cap_tpp"))
            for key, fact in facts.items():
                if isinstance(fact, dict):
                    step.must_be(key, "it bare: the programme says how firm it is")
            for key in {"from", "to"} & {"from", *facts}:
                step.day(key)
            step.whole("cap_tpp", 0, MOST_TPP)


def _approval(table: Table) -> Approval:
    kinds = [kind.value for kind in Kind]
    return Approval(
        kinds=frozenset(table.names("approval_kinds", kinds, lambda text: nearest(text, kinds))),
        beyond_headroom=frozenset(
            table.names(
                "approval_beyond_headroom", _MAY_OVERDRAW,
                lambda _: "only overrun and withdraw may take headroom below zero",
            )
        ),
        reversals_over_tpp=table.whole("approval_reversals_over_tpp", 0, MOST_TPP),
        days=table.whole("approval_days", 1, _MOST_DAYS),
    )  # fmt: skip


def _lists(
    top: Table, first_day: str, countries: Collection[str], meant: Callable[[str], Sequence[str]]
) -> tuple[CountryList, ...]:
    """The lists of countries: no country in two on a day, and some in Tier 2 when the period begins."""

    def near(text: str) -> str:
        codes = meant(text)
        return f"write {codes[0]}" if len(codes) == 1 else "write ISO 3166-1 alpha-2, such as AE"

    given = top.facts.get("country_list")
    if not isinstance(given, list) or not all(isinstance(facts, dict) for facts in given):
        top.refuse(f"has no [[country_list]]: write one or more with {', '.join(_LISTED)}")
    tables = [
        Table(top.regime, f"[[country_list]] {number} of {len(given)}", facts)
        for number, facts in enumerate(given, 1)
    ]
    lists = [_list(top, table, countries, near) for table in tables]
    for (here, table), (there, other) in combinations(zip(lists, tables, strict=True), 2):
        since = max(here.valid_from, there.valid_from)
        both = here.members & there.members
        if both and since <= min(here.valid_to or "9999", there.valid_to or "9999"):
            other.refuse(
                f"has {min(both)} on {since}, as {table.where} has: a country is in one list on a day"
            )
    if not any(
        each.tier == 2 and each.members and each.valid_from <= first_day <= (each.valid_to or "9999")
        for each in lists
    ):
        raise unusable(
            top.regime,
            f"no [[country_list]] of tier = 2 has a country on {first_day}, the first day of its period: "
            f"write one with valid_from = {first_day}",
        )
    return tuple(lists)


def _list(top: Table, table: Table, countries: Collection[str], near: Callable[[str], str]) -> CountryList:
    table.must_know(_LISTED)
    table.must_be_flat()
    for key in {"list_id", "label"} & {"list_id", *table.facts}:
        table.text(key)
    if "published_from" in table.facts:
        table.day("published_from")
    valid_from, valid_to = table.day("valid_from"), None
    if "valid_to" in table.facts and (valid_to := table.day("valid_to")) < valid_from:
        table.must_be("valid_to", f"a day from {valid_from}, valid_from, on")
    return CountryList(
        tier=table.whole("tier", 1, 3),
        valid_from=valid_from,
        valid_to=valid_to,
        members=frozenset(table.names("members", countries, near)),
        status=table.facts.get("status", top.facts["status"]),
        citation=(citation := table.facts.get("citation", top.facts["citation"])),
        cited_as=_said(table, "cited_as", citation),
    )


def _said(table: Table, key: str, otherwise: str) -> str:
    """A text that need not be there."""
    return table.text(key) if key in table.facts else otherwise
