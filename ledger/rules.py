"""What may be posted: one pure function a rule, in order of precedence, each with its citation.

A rule takes what is asked and the books as they stand, and answers with a `Refused` or None; its docstring
is the rule. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable

from ledger import errors, slips, terms
from ledger.accounts import Asked, Books
from ledger.errors import Refused
from ledger.model import HELD_BY_LICENSE, MOST_TPP, MOVES, TAKES_LICENSE, Kind, Regime

_TIER_RULED = frozenset({Kind.allocate.value, Kind.license.value})
_SOURCE = {kind.value: move.source for kind, move in MOVES.items()}


def destination(asked: Asked, books: Books) -> Refused | None:
    """Allocations apply to Tier 2 only; Tier 1 has none, Tier 3 is under a policy of denial.

    15 CFR 742.6(b)(10)(iii)(A)-(B), 90 FR 4544. Lists change by date, so the day of the entry decides.
    An account that is open goes on: what it holds can always be exported, released or returned.
    """
    is_open = books.quotas.get(asked.quota) is not None
    if is_open and asked.kind not in _TIER_RULED:
        return None
    refusal = destination_of(asked.country, asked.effective_on, books.regime)
    if refusal is None and not is_open and asked.kind != Kind.allocate:
        refusal = errors.NoQuota(
            f"{asked.country} is Tier 2 on {asked.effective_on}, but no allocation was opened for it: "
            f"post an allocate of up to {books.regime.cap_tpp:,} TPP first",
            country=asked.country, tier=2,
        )  # fmt: skip
    if refusal is not None:
        refusal.facts["asked_tpp"] = asked.tpp if asked.tpp <= MOST_TPP else None
    return refusal


def destination_of(country: str, on: str, regime: Regime) -> Refused | None:
    """Why a country has no allocation on a day, by its tier; None where it may have one."""
    listed_on = min(max(on, regime.period_from), regime.period_to)  # outside it, `period` has its say
    listed = regime.listed(country, listed_on)
    tier = None if listed is None else listed.tier
    if tier == 2:
        return None
    if listed is not None and tier == 3:
        return errors.DenialPolicy(
            f"{country} is Tier 3 on {on} ({listed.cited_as}): a policy of denial applies, and no quota",
            country=country, tier=tier,
        )  # fmt: skip
    where = "is Tier 1" if tier == 1 else "is on no list of this regime"
    return errors.NoQuota(f"{country} {where} on {on}: no allocation applies", country=country, tier=tier)


def period(asked: Asked, books: Books) -> Refused | None:
    """An entry takes effect within the regime's period and not in the future.

    742.6(b)(10)(iii)(B)(1)-(2): licensed cumulatively beginning in 2025, for 2025 to 2027. What was licensed
    then may leave, come back or lapse later: a license runs one year (15 CFR 750.7(g)).
    """
    on, regime = asked.effective_on, books.regime
    runs_on = asked.license_no is not None and asked.kind != Kind.license
    if on < regime.period_from or (on > regime.period_to and not runs_on):
        return errors.OutsidePeriod(
            f"{on} is outside the period of {regime.regime}, {regime.period_from} to {regime.period_to}",
            period_from=regime.period_from, period_to=regime.period_to,
        )  # fmt: skip
    if on > books.today:
        return errors.OutsidePeriod(
            f"{on} is in the future: today is {books.today} (UTC); post it on its day",
            today=books.today,
        )  # fmt: skip
    return None


def term(asked: Asked, books: Books) -> Refused | None:
    """A license runs one year, or as the regime says, and never ends before it begins: 15 CFR 750.7(g)."""
    on, expires_on = asked.effective_on, asked.expires_on
    if expires_on is None:
        return None
    if expires_on < on:
        return errors.OutsidePeriod(
            f"a license effective on {on} cannot expire before that, on {expires_on}",
            expires_on=expires_on,
        )  # fmt: skip
    latest, years = terms.latest_expiry(asked, books), books.regime.license_years
    if expires_on > latest and asked.reason is None:
        longest = "one year" if years == 1 else f"{years} years"
        return errors.OutsidePeriod(
            f"a license effective on {on} runs to {latest} at the latest "
            f"({longest}, {books.regime.license_term_by}), not to {expires_on}: "
            "give a reason if it was granted for longer",
            expires_on=expires_on, latest=latest,
        )  # fmt: skip
    return None


def counted(asked: Asked, books: Books) -> Refused | None:
    """Only items of 3A090.a, 4A090.a and the matching .z items draw a country's allocation.

    3A090.a: TPP of 4,800 or more, or of 1,600 or more with a performance density of 5.92 or more.
    A device whose die area is not known is let through: it may count.
    """
    device = books.devices.get(asked.device_id) if asked.device_id is not None else None
    if device is None or device.counts is not False:
        return None
    known = device.performance_density
    density = f"performance density {known}" if known else "no density known"
    return errors.NotCounted(
        f"{device.device_id} ({device.tpp:,} TPP, {density}) is below 3A090.a: it draws no allocation",
        device_id=device.device_id, device_tpp=device.tpp, performance_density=known,
    )  # fmt: skip


def agreement(asked: Asked, books: Books) -> Refused | None:
    """A stated TPP stands within the regime's tolerance (2 %) of quantity x the catalogue's, or the maker's.

    TPP = dense rate x bit length, summed over chips (3A090 notes 1-3). Otherwise it is refused, naming the
    likely slip (`slips.likely_slip`).
    """
    device = books.devices.get(asked.device_id) if asked.device_id is not None else None
    if device is None or asked.quantity is None:
        return None
    tolerance = books.regime.tpp_tolerance_percent
    expected = asked.quantity * device.tpp
    if expected > MOST_TPP:
        said = slips.beyond_keeping(asked.quantity, device.device_id, expected)
        return errors.TppMismatch(said, device_id=device.device_id, quantity=asked.quantity)
    for known in (expected, asked.quantity * (device.declared_tpp or 0)):
        if abs(asked.tpp - known) * 100 <= known * tolerance:
            return None
    return errors.TppMismatch(
        f"{asked.tpp:,} TPP stated, but {asked.quantity:,} x {device.device_id} is {expected:,} TPP "
        f"({device.tpp:,} each){slips.likely_slip(asked.tpp, expected, device.bit_length)}",
        stated_tpp=asked.tpp, expected_tpp=expected, device_id=device.device_id, quantity=asked.quantity,
    )  # fmt: skip


def reversed_once(asked: Asked, books: Books) -> Refused | None:
    """An entry is undone once, whole, by its opposite kind; a reversal is not reversed, but posted anew."""
    seq = asked.reverses_seq
    if seq is None:
        return None
    found = books.undone.get(seq)
    reason = terms.why_not_undone(seq, found, asked) if found else f"there is no entry {seq:,} to reverse"
    return errors.AlreadyReversed(reason, reverses_seq=seq) if reason else None


def two_people(asked: Asked, books: Books) -> Refused | None:
    """An approval is another person's."""
    if books.approver is None or books.approver.casefold() != books.actor.casefold():
        return None
    return errors.SelfApproval(
        f"{books.actor} posts this and cannot approve it too: a second officer must",
        country=asked.country, actor=books.actor, approver=books.approver,
    )  # fmt: skip


def license_known(asked: Asked, books: Books) -> Refused | None:
    """Goods leave, come back or are given up under a license that was issued for that one country.

    Supp. No. 2 to part 748 (c)(4): one application, one country. Undone there, a number is free for another.
    """
    if asked.license_no is None:
        return None
    account = books.licenses.get(asked.license_no)
    if asked.kind == Kind.license if account is None else account.takes(asked):
        return None
    facts: dict[str, errors.Fact] = {"asked_tpp": asked.tpp}
    if account is not None:
        facts["license_country"] = account.quota.rpartition("/")[2]
        return errors.UnknownLicense(terms.of_another(asked, account, books), **facts)
    hint = "; leave license_no empty and put the number into reference" if asked.kind == Kind.overrun else ""
    if nearest := books.nearest_license(asked):
        hint, facts["nearest"] = f"{hint}; did you mean {nearest}?", nearest
    return errors.UnknownLicense(f"{asked.country} has no license {asked.license_no}{hint}", **facts)


def license_in_force(asked: Asked, books: Books) -> Refused | None:
    """An export leaves while its license is in force: from its issue to its expiry (15 CFR 750.7(g)).

    The day of the export decides, not the day on which it is recorded: late declarations find their license.
    """
    account = books.licenses.get(asked.license_no) if asked.license_no is not None else None
    if account is None:
        return None
    issued_on, expires_on = account.issued_on, account.expires_on
    if issued_on is not None and issued_on <= asked.effective_on <= (expires_on or asked.effective_on):
        return None
    why = f"was in force from {issued_on} to {expires_on}, not on {asked.effective_on}"
    if issued_on is None:
        why = "is not in force, as every entry that issued it was undone"
    return errors.LicenseExpired(
        f"{asked.license_no} {why}; goods that left all the same are recorded as an overrun",
        issued_on=issued_on, expires_on=expires_on, asked_tpp=asked.tpp,
    )  # fmt: skip


def within_license(asked: Asked, books: Books) -> Refused | None:
    """A licensed quantity is never exceeded; only value has a tolerance (15 CFR 750.11)."""
    source = _SOURCE[asked.kind]
    account = books.holder_of(source, asked)
    held = account.tpp[source] if account is not None else 0
    if asked.tpp <= held:
        return None
    whose = asked.license_no or f"{asked.country}, without a license,"
    what = "left to export" if source == "licensed" else "exported"
    excess = "; the excess, if it left, is an overrun" if asked.kind == Kind.export else ""
    hint = terms.instead(asked) or excess
    return errors.OverLicense(
        f"{whose} has {held:,} TPP {what}; {asked.tpp:,} asked; short by {asked.tpp - held:,}{hint}",
        asked_tpp=asked.tpp, held_tpp=held, short_by_tpp=asked.tpp - held, fits=asked.fitting(held),
    )  # fmt: skip


def within_headroom(asked: Asked, books: Books) -> Refused | None:
    """Once a country's allocation is met, a policy of denial applies: 742.6(b)(10)(iii)(B)(1)-(2).

    The one exception: an overrun or a withdraw that a second officer approves, with a reason, may take
    headroom below zero; the state is then `overdrawn`.
    """
    source = _SOURCE[asked.kind]
    held = books.free(source, asked.quota)
    if asked.tpp <= held:
        return None
    may_go_below = asked.kind in books.regime.approval.beyond_headroom and held - asked.tpp >= -MOST_TPP
    if may_go_below and books.approver and asked.reason:
        return None
    where = "left" if source == "headroom" else "blocked"
    where += " beside pending proposals" if source == "headroom" and books.reserved.get(asked.quota) else ""
    fits, h100e = asked.fitting(held), held // books.regime.h100_tpp
    detail = (
        f"{asked.country} has {held:,} TPP{f' ({h100e:,} H100e)' if h100e > 0 else ''} {where}; "
        f"{asked.tpp:,} asked; short by {asked.tpp - held:,}{terms.instead(asked)}"
    )
    if fits:
        detail += f"; {fits:,} x {asked.device_id} would fit"
    if may_go_below:
        detail += "; a second officer may approve it, with a reason"
    facts: dict[str, errors.Fact] = {} if source == "headroom" else {"blocked_tpp": held}
    return errors.OverHeadroom(
        detail, asked_tpp=asked.tpp, headroom_tpp=books.free("headroom", asked.quota),
        short_by_tpp=asked.tpp - held, fits=fits, **facts,
    )  # fmt: skip


def within_cap(asked: Asked, books: Books) -> Refused | None:
    """Government assurances may raise a cap by up to 100 %, to 1,580,000,000 TPP: 742.6(b)(10)(iii)(C)."""
    account = books.quotas.get(asked.quota)
    allocated = -account.tpp["regime"] if account is not None else 0
    most = books.regime.max_cap_tpp
    if allocated + asked.tpp <= most:
        return None
    return errors.OverHeadroom(
        f"{asked.country} has an allocation of {allocated:,} TPP, which may be raised to {most:,} "
        f"at the most; {asked.tpp:,} asked; {allocated + asked.tpp - most:,} too much",
        asked_tpp=asked.tpp, headroom_tpp=books.free("headroom", asked.quota), allocated_tpp=allocated,
        max_cap_tpp=most, short_by_tpp=allocated + asked.tpp - most, fits=None,
    )  # fmt: skip


Rule = Callable[[Asked, Books], Refused | None]

RULES: tuple[Rule, ...] = (
    destination, period, term, counted, agreement, reversed_once, two_people,
    license_known, license_in_force, within_license, within_headroom, within_cap,
)  # fmt: skip
"""In order of precedence, after `IdReused` (the store's) and unknown names (`posting.Resolver`)."""

_ONLY_FOR: dict[Rule, frozenset[Kind]] = {
    term: frozenset({Kind.license}),
    license_known: TAKES_LICENSE,
    license_in_force: frozenset({Kind.export}),
    within_license: frozenset(kind for kind in Kind if MOVES[kind].source in HELD_BY_LICENSE),
    within_headroom: frozenset(kind for kind in Kind if MOVES[kind].source in ("headroom", "blocked")),
    within_cap: frozenset({Kind.allocate}),
}
_ALL = {kind: tuple(rule for rule in RULES if kind in _ONLY_FOR.get(rule, frozenset(Kind))) for kind in Kind}

_REPEATS_FACTS = frozenset({destination, period, term, counted, agreement, license_in_force})
"""What a reversal need not meet: its facts were judged when they were first posted."""
_UNDOING = {kind.value: tuple(rule for rule in _ALL[kind] if rule not in _REPEATS_FACTS) for kind in Kind}
_POSTING = {kind.value: tuple(rule for rule in _ALL[kind] if rule is not reversed_once) for kind in Kind}


_TOLD = ("country", "kind", "license_no", "effective_on")
"""What every refusal says of what was asked, beside its own facts."""


def judge(asked: Asked, books: Books) -> Refused | None:
    """The first rule that refuses, or None: one outcome per entry."""
    for rule in (_POSTING if asked.reverses_seq is None else _UNDOING)[asked.kind]:
        if (refusal := rule(asked, books)) is not None:
            told = {name: value for name in _TOLD if (value := getattr(asked, name))}
            refusal.facts = told | refusal.facts
            return refusal
    return None
