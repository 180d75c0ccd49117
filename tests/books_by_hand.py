"""What a ledger should say, in plain Python from the text of the rules, with nothing of the ledger's own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

FLOWS = {
    "allocate": ("regime", "headroom"),
    "withdraw": ("headroom", "regime"),
    "license": ("headroom", "licensed"),
    "release": ("licensed", "headroom"),
    "export": ("licensed", "exported"),
    "restore": ("exported", "licensed"),
    "overrun": ("headroom", "exported"),
    "return": ("exported", "headroom"),
    "block": ("headroom", "blocked"),
    "unblock": ("blocked", "headroom"),
}
OPPOSITE = {a: b for a, flow in FLOWS.items() for b, back in FLOWS.items() if flow == back[::-1]}
WITH_LICENSE = ("license", "release", "export", "restore")
TIER = {"AE": 2, "SA": 2, "US": 1, "CN": 3}
MAKER = "maria"


@dataclass(frozen=True)
class Fact:
    """One entry, asked for or written."""

    kind: str
    country: str
    tpp: int
    on: str
    license_no: str | None = None
    until: str | None = None
    undoes: int | None = None


@dataclass
class Books:
    """Every entry that was let in, in order; all else is worked out from them, each time anew."""

    facts: list[Fact] = field(default_factory=list)

    def copy(self) -> Books:
        return Books(list(self.facts))

    def held(self, country: str, bucket: str, license_no: str | None = None, on: str = "9999") -> int:
        """What a bucket holds of the entries that took effect by a day; of one license, where it is named."""
        return sum(
            fact.tpp * ((FLOWS[fact.kind][1] == bucket) - (FLOWS[fact.kind][0] == bucket))
            for fact in self.facts
            if fact.country == country and fact.on <= on and license_no in (None, fact.license_no)
        )

    def own_exported(self, country: str) -> int:
        """What was exported without a license."""
        bare = Books([fact for fact in self.facts if fact.license_no is None])
        return bare.held(country, "exported")

    def countries(self) -> list[str]:
        return sorted({fact.country for fact in self.facts})

    def licenses(self) -> dict[str, str]:
        """Each license's number and country: the last, where one was undone and posted to another."""
        return {fact.license_no: fact.country for fact in self.facts if fact.license_no is not None}

    def undone(self) -> set[int]:
        """The places of entries that were reversed."""
        return {fact.undoes for fact in self.facts if fact.undoes is not None}

    def issues(self, license_no: str) -> list[Fact]:
        """The entries that issued or increased a license and still stand."""
        undone = self.undone()
        return [
            fact
            for place, fact in enumerate(self.facts, 1)
            if (fact.kind, fact.license_no, fact.undoes) == ("license", license_no, None)
            and place not in undone
        ]

    def stands(self, license_no: str, country: str) -> bool:
        """Whether a license was issued and not undone, or holds anything."""
        held = (self.held(country, bucket, license_no) for bucket in ("licensed", "exported"))
        return bool(self.issues(license_no)) or any(held)

    def is_closed(self, license_no: str) -> bool:
        """Whether a license was given up to the last TPP, and not issued since."""
        left, closed = 0, False
        for fact in self.facts:
            if fact.license_no != license_no:
                continue
            source, target = FLOWS[fact.kind]
            left += fact.tpp * ((target == "licensed") - (source == "licensed"))
            if fact.kind == "license":
                closed = False
            elif fact.kind == "release" and fact.undoes is None and left == 0:
                closed = True
        return closed

    # -------------------------------------------------------------------------------------- the rules

    def refusal(self, fact: Fact, approver: str | None) -> str | None:
        """The name of what a post is refused with, by the first rule that holds; None where it is let in."""
        checks = (self.of_place, self.of_day, self.of_people, self.of_license, self.of_amount)
        return next((said for check in checks if (said := check(fact, approver)) is not None), None)

    def of_place(self, fact: Fact, _approver: str | None) -> str | None:
        if fact.undoes is not None:
            target = self.facts[fact.undoes - 1] if fact.undoes <= len(self.facts) else None
            if target is None or target.undoes is not None or fact.undoes in self.undone():
                return "AlreadyReversed"
            return None
        is_open = fact.country in self.countries()
        if TIER[fact.country] == 2:
            return None if is_open or fact.kind == "allocate" else "NoQuota"
        return {1: "NoQuota", 3: "DenialPolicy"}[TIER[fact.country]]

    def of_day(self, fact: Fact, _approver: str | None) -> str | None:
        return "OutsidePeriod" if not "2025-01-01" <= fact.on <= "2027-12-31" else None

    def of_people(self, _fact: Fact, approver: str | None) -> str | None:
        return "SelfApproval" if approver == MAKER else None

    def of_license(self, fact: Fact, _approver: str | None) -> str | None:
        if fact.license_no is None:
            return None
        country = self.licenses().get(fact.license_no)
        if country is None and fact.kind != "license":
            return "UnknownLicense"
        if country is not None and country != fact.country:
            moves = fact.kind == "license" and not self.stands(fact.license_no, country)
            return None if moves else "UnknownLicense"
        if fact.kind != "export" or fact.undoes is not None:
            return None
        if not (issues := self.issues(fact.license_no)):
            return "LicenseExpired"
        first, last = min(issue.on for issue in issues), issues[-1].until
        return None if last is None or first <= fact.on <= last else "LicenseExpired"

    def of_amount(self, fact: Fact, approver: str | None) -> str | None:
        bucket = FLOWS[fact.kind][0]
        if bucket == "regime":
            return None
        if bucket in ("licensed", "exported"):
            held = (
                self.own_exported(fact.country)
                if fact.license_no is None
                else self.held(fact.country, bucket, fact.license_no)
            )
            return "OverLicense" if fact.tpp > held else None
        approved = fact.kind in ("overrun", "withdraw") and approver is not None
        return "OverHeadroom" if fact.tpp > self.held(fact.country, bucket) and not approved else None

    def post(self, fact: Fact, approver: str | None) -> str | None:
        """Let an entry in, or say what it is refused with."""
        said = self.refusal(fact, approver)
        if said is None:
            self.facts.append(self.with_term(fact))
        return said

    def with_term(self, fact: Fact) -> Fact:
        """A license runs one year, an increase as long as what it increases."""
        if fact.kind != "license" or fact.until is not None or fact.license_no is None:
            return fact
        issues = self.issues(fact.license_no)
        if issues and not self.is_closed(fact.license_no) and (issues[-1].until or "") >= fact.on:
            return replace(fact, until=issues[-1].until)
        return replace(fact, until=f"{int(fact.on[:4]) + 1}{fact.on[4:]}")
