"""Which quotas a ledger opens with: one for every country that is Tier 2 on the period's first day."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ledger import rules
from ledger.accounts import Asked, Books
from ledger.model import Kind, Regime
from ledger.store import Store
from ledger.submission import Post, Verdict


def standing(store: Store, terms: Regime) -> dict[str, int]:
    """By country, of those that open with a ledger: the allocation (TPP) of each that has a quota in it."""
    quotas = orjson.dumps([f"country/{code}" for code in terms.opened()]).decode()
    rows = store.read("accounts", quotas=quotas, licenses="[]")
    return {quota.rpartition("/")[2]: -regime_tpp for quota, _, regime_tpp, *_ in rows}


def missing(store: Store, terms: Regime) -> list[str]:
    """The countries that open with a ledger and have no quota in this one."""
    there = standing(store, terms)
    return [code for code in terms.opened() if code not in there]


def must_open(terms: Regime, codes: Sequence[str], today: str) -> None:
    """Raise Refused where a country without a quota could not be opened on a day: before anything is made."""
    books = Books(terms, today, "")
    for post in openings(terms, codes):
        assert isinstance(post.asked, Asked)
        if (refusal := rules.judge(post.asked, books)) is not None:
            why = refusal.detail
            if terms.period_from > today:
                why = f"its period begins on {terms.period_from}: open the ledger then"
            detail = f"{terms.regime} cannot be opened on {today}, nothing was written: {why}"
            raise type(refusal)(detail, **refusal.facts)


def by_two(terms: Regime, codes: Sequence[str]) -> str | None:
    """What about openings takes two people, in a shared ledger that has entries; None where nothing does."""
    why = terms.approval.why(Kind.allocate, terms.cap_tpp, reverses=False)
    return None if why is None else f"{', '.join(codes)}: {why} takes two people"


def openings(terms: Regime, codes: Sequence[str]) -> list[Post]:
    """The opening allocations of countries; each request has an id of its own."""
    return [
        Post(
            f"opening-{terms.regime}-{code}", 0, None,
            Asked(
                Kind.allocate, code, terms.period_from, None, None, None, terms.cap_tpp, None, None, None,
                terms.citation, "opening allocation", "country", code, None, f"country/{code}",
            ),
            line,
        )
        for line, code in enumerate(codes, 1)
    ]  # fmt: skip


def none_refused(verdict: Verdict) -> None:
    """Raise what refused the first of them: where one cannot be opened, none is."""
    if verdict.declined:
        raise verdict.declined[0].refusal
