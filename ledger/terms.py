"""How long a licence runs, and what is worth a word although it is allowed."""

from __future__ import annotations

from ledger.accounts import Asked, Books
from ledger.model import Kind


def with_term(asked: Asked, books: Books) -> Asked:
    """A licence without an expiry runs one year (15 CFR 750.7(g)); an increase keeps the expiry of its licence."""
    if asked.kind != Kind.license or asked.expires_on is not None or asked.license_no is None:
        return asked
    licence = books.licenses.get(asked.license_no)
    if (
        licence is not None
        and licence.closed_by_seq is None
        and (licence.expires_on or "") >= asked.effective_on
    ):
        return asked._replace(expires_on=licence.expires_on)
    return asked._replace(expires_on=years_later(asked.effective_on, books.regime.license_years))


def warning(asked: Asked, books: Books) -> str | None:
    """What an officer should look at although it is allowed."""
    licence = books.licenses.get(asked.license_no) if asked.license_no is not None else None
    if licence is None or licence.closed_by_seq is None or asked.reverses_seq is not None:
        return None
    ended = licence.closed_reason or "released"
    if asked.kind == Kind.license:
        return f"{asked.license_no} was {ended} by entry {licence.closed_by_seq:,}; this issues it anew"
    return f"{asked.license_no} was {ended} by entry {licence.closed_by_seq:,}; this is late"


def lapsing(asked_tpp: int, headroom_tpp: int, lapsing_tpp: int) -> str:
    """What licences about to expire unused would free, as a sentence."""
    then = "then it fits" if asked_tpp <= headroom_tpp + lapsing_tpp else "it would not fit even then"
    return f"Licences that expire unused within 60 days would free {lapsing_tpp:,}: {then}"


def years_later(on: str, years: int) -> str:
    """The same day `years` later, ISO text; the 29th of February becomes the 28th."""
    day = f"{int(on[:4]) + years:04d}{on[4:]}"
    return day if not day.endswith("02-29") else f"{day[:8]}28"
