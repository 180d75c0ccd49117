"""How long a license runs, why an entry cannot be undone, and what is worth a word although it is allowed."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from ledger.accounts import Account, Asked, Books, Undoable
from ledger.model import UNDONE_BY, Kind

_LICENSE, _RELEASE = Kind.license.value, Kind.release.value


LAPSING_DAYS = 60
"""What a license that expires within so many days would free is worth waiting for."""


def with_term(asked: Asked, books: Books) -> Asked:
    """A license without an expiry runs as long as the regime says; an increase keeps its license's expiry.

    One year (15 CFR 750.7(g)) under the rule of 2025.
    """
    if asked.kind != _LICENSE or asked.expires_on is not None:
        return asked
    running_to = _running_to(asked, books)
    return asked._replace(
        expires_on=running_to or years_later(asked.effective_on, books.regime.license_years)
    )


def latest_expiry(asked: Asked, books: Books) -> str:
    """The last day that a license needs no reason for: a term on, or that of the license it increases."""
    one_term = years_later(asked.effective_on, books.regime.license_years)
    return max(one_term, _running_to(asked, books) or "")


def _running_to(asked: Asked, books: Books) -> str | None:
    """The expiry of the license that is increased; None where it is issued now, or anew."""
    account = books.licenses.get(asked.license_no) if asked.license_no is not None else None
    if account is None or account.quota != asked.quota or account.closed_by_seq is not None:
        return None
    return account.expires_on if (account.expires_on or "") >= asked.effective_on else None


def warning(asked: Asked, books: Books) -> str | None:
    """What an officer should look at although it is allowed."""
    account = books.licenses.get(asked.license_no) if asked.license_no is not None else None
    if account is None or asked.reverses_seq is not None:
        return None
    if account.closed_by_seq is None:
        if asked.kind == _RELEASE:
            return _given_back_early(asked, account, books)
        return _issued_again(asked, account, books) if asked.kind == _LICENSE else None
    ended = f"{asked.license_no} was released by entry {account.closed_by_seq:,} ({account.closed_reason})"
    return f"{ended}; this issues it anew" if asked.kind == _LICENSE else f"{ended}; this is late"


def _given_back_early(asked: Asked, account: Account, books: Books) -> str | None:
    """What is given back as expired, while goods that left in time may still be declared and find nothing."""
    if asked.reason != "expired" or account.expires_on is None:
        return None
    lag_days = int(books.regime.choices["expiry_lag_days"])
    expired = date.fromisoformat(account.expires_on).toordinal()
    over_on = date.fromordinal(min(expired + lag_days, date.max.toordinal())).isoformat()
    if books.today >= over_on:
        return None
    return (
        f"{asked.license_no} expires on {account.expires_on}: late declarations are over on {over_on} "
        f"(expiry_lag_days {lag_days}); one that comes before that lacks what this gives back"
    )


def _issued_again(asked: Asked, account: Account, books: Books) -> str | None:
    """What is worth a word of more under a license that stands: without a reason, it may be a slip."""
    brought_back = _brought_back(asked, account)
    if brought_back is not None or asked.reason is not None:
        return brought_back
    return _longer(asked, account, books) or _doubled(asked, account)


def _doubled(asked: Asked, account: Account) -> str | None:
    """As much again, or a part of it: so it looks where a row is posted once more, in another file."""
    standing_tpp = account.tpp["licensed"] + account.tpp["exported"]
    if not standing_tpp or standing_tpp % asked.tpp:
        return None
    return f"{asked.license_no} stands with {standing_tpp:,} TPP already, and this adds {asked.tpp:,} to it"


def _brought_back(asked: Asked, account: Account) -> str | None:
    """A license that is issued again after its expiry holds what it held, and is in force without a gap."""
    held_tpp, expired_on = account.tpp["licensed"], account.expires_on
    if not held_tpp or expired_on is None or expired_on >= asked.effective_on:
        return None
    return (
        f"{asked.license_no} expired on {expired_on} with {held_tpp:,} TPP that were not released; "
        "this brings them back"
    )


def _longer(asked: Asked, account: Account, books: Books) -> str | None:
    """An increase that moves the term of the whole license, which is judged entry by entry."""
    on, to, issued_on = asked.effective_on, asked.expires_on or "", account.issued_on
    if issued_on is None or (on >= issued_on and to == account.expires_on):
        return None
    first, years = min(on, issued_on), books.regime.license_years
    if to > years_later(first, years):
        term = "one year" if years == 1 else f"{years} years"
        return (
            f"{asked.license_no} runs from {first} to {to} with this, longer than {term}: no reason is given"
        )
    if on < issued_on:
        return f"{asked.license_no} is in force from {on} with this, which it was from {issued_on}"
    return None


def freed(asked_tpp: int, headroom_tpp: int, lapsing_tpp: int, expired_tpp: int) -> str:
    """What licenses that expire unused soon, or have, would free, as a sentence; empty for nothing."""
    parts = [f"licenses that expired hold {expired_tpp:,} that were not released"] if expired_tpp else []
    if lapsing_tpp:
        parts.append(f"licenses that expire unused within {LAPSING_DAYS} days would free {lapsing_tpp:,}")
    if not parts:
        return ""
    fits = asked_tpp <= headroom_tpp + lapsing_tpp + expired_tpp
    then = "with that it fits" if expired_tpp else "then it fits"
    sentence = f"{', '.join(parts)}: {then if fits else 'it would not fit even then'}"
    return sentence[0].upper() + sentence[1:]


def why_not_undone(seq: int, found: Undoable, asked: Asked) -> str:
    """Why the entry that was found cannot be undone by what is asked; empty where it can."""
    if found.reversed_by_seq is not None:
        instead = f"; entry {found.stands_seq:,} stands in its place" if found.stands_seq is not None else ""
        return (
            f"entry {seq:,} was reversed before, by entry {found.reversed_by_seq:,}: "
            f"an entry is undone once, whole{instead}"
        )
    if found.reverses_seq is not None:
        return f"entry {seq:,} is itself the reversal of {found.reverses_seq:,}: post the right entry anew"
    undoing = (UNDONE_BY[Kind(found.kind)], found.quota, found.license_no, found.tpp, found.effective_on)
    if undoing != (asked.kind, asked.quota, asked.license_no, asked.tpp, asked.effective_on):
        return (
            f"entry {seq:,} is undone by {undoing[0]} of {found.tpp:,} TPP on {found.effective_on}, "
            "not by what was asked"
        )
    if asked.device_id is not None and (asked.device_id, asked.quantity) != (found.device_id, found.quantity):
        what = "no devices" if found.device_id is None else f"{found.quantity:,} x {found.device_id}"
        return f"entry {seq:,} names {what}, not {asked.quantity:,} x {asked.device_id}: undo it whole"
    return ""


def instead(asked: Asked) -> str:
    """What to do where an entry cannot be undone, as others drew on it; empty where nothing is undone."""
    if asked.reverses_seq is None:
        return ""
    return (
        f"; entry {asked.reverses_seq:,} was drawn on since: undo that first, or post the difference as an "
        "entry of its own"
    )


def of_another(asked: Asked, account: Account, books: Books) -> str:
    """Why a license number is not for the country asked for, but has an account in another."""
    country = account.quota.rpartition("/")[2]
    if account.stands:
        not_here = f"{asked.license_no} is a license for {country}, not for {asked.country}"
        only = f"{not_here}: a license is for one country"
        if asked.kind != _LICENSE or not books.alone or asked.license_no not in books.issues:
            return only
        return f"{only}; undo first what else stands of it in {country} (tppq reverse), the last entry first"
    return f"{asked.license_no} was undone in {country}: post the license for {asked.country} first"


@lru_cache(maxsize=2048)
def years_later(on: str, years: int) -> str:
    """The same day `years` later, ISO text; the 29th of February becomes the 28th."""
    day = f"{int(on[:4]) + years:04d}{on[4:]}"
    return day if not day.endswith("02-29") else f"{day[:8]}28"
