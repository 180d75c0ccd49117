"""What a sample has to hold whatever its seed: every state to the last TPP, every refusal, awkward texts.

The countries here are left alone by chance, so that what is said of them stays true.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from ledger.model import Device
from tests.sample_books import CAP, DAYS, LOOSE, Books, Chip

H100_TPP = 15_832
RESERVED = (
    "AL", "AM", "BH", "CH", "EG", "GE", "JO", "KH", "KW", "KZ", "LI", "LU", "MA", "MC", "MD", "MU", "OM",
    "QA", "TN", "UZ",
)  # fmt: skip
AWKWARD = (
    'Al-Noor, "Nimbus" & Sons', "Société Électrique d\u2019Été S.à r.l.", "株式会社みらい計算",
    "شركة السحاب للحوسبة", "=SUM(A1:A9)", "+971 4 555 0100", "@ledger", "-1,000", "O'Hara; Ünal | Çelik",
    "a\\b \"c\" 'd'", "100 % 云 ☁",
    "  spaces at both ends  ", "NULL", "1.200", "line\u2028separator", "e\u0301 as two characters", "'=1+1",
)  # fmt: skip
"""Texts that something on the way in, or out, may take for something else."""


def states(books: Books, h100: Chip) -> None:
    """Each balance state at its edge, each control state, and a state that was left again."""
    last = DAYS.index("2026-06-30")
    whole = books.license("KW", 20, LOOSE, CAP, consignee="exhausted to the last TPP")
    for chips in (1, 600_000_000, CAP - 600_000_001):
        books.export(whole, 40, chips)
    books.license("OM", 21, LOOSE, CAP - (H100_TPP - 1), consignee="exhausted: less than one H100 is left")
    books.license("JO", 22, LOOSE, CAP * 90 // 100, consignee="critical from 90 % on")
    books.license("TN", 23, LOOSE, CAP * 90 // 100 - 1, consignee="watch: one TPP below critical")
    books.license("EG", 24, LOOSE, CAP * 75 // 100, consignee="watch from 75 % on")
    books.license("MA", 25, LOOSE, CAP * 75 // 100 - 1, consignee="open: one TPP below watch")
    books.block("UZ", 26, 100_000_000, "blocked: an investigation")
    books.license("KZ", 27, h100, 1_000, consignee="suspended: all that is left is blocked")
    books.block("KZ", 28, books.left_tpp["KZ"], "all that is left, until a break is cleared")
    books.withdraw("MD", 29, CAP, reason="closed: the allocation was withdrawn")
    reopened = books.license("GE", 30, LOOSE, CAP, consignee="exhausted, then open again")
    books.release(reopened, 90, CAP, "revoked")
    books.allocate("AL", 31, CAP, reason="raised by 100 %, after assurances")
    books.license("AL", 32, LOOSE, CAP + 1, consignee="more than others have in all")
    tiny = books.license("AM", 33, LOOSE, 1, consignee="one TPP")
    books.export(tiny, 34, 1)
    books.return_(tiny, 60, 1, "one TPP came back")
    books.license("CH", 35, h100, 500, spelled="Liechtenstein", consignee="charged to Switzerland")
    late = books.license("LU", 36, h100, 800, consignee="declared late")
    books.export(late, 100, 300, reference="X20250411000001")
    books.release(late, 120, 500, "surrendered")
    books.restore(late, 100, 300, "X20250411000001", "declaration cancelled after the surrender")
    books.export(late, 100, 299, reference="X20250411000002")
    again = books.license("LU", 130, h100, 10, number=late.number, consignee="the same number, issued anew")
    books.release(again, last, 10, "reduced")


def cambodia(books: Books, h100: Chip) -> None:
    """Tier 3 until 2025-11-06, then Tier 2 without an allocation, then with one."""
    before, after = DAYS.index("2025-11-06"), DAYS.index("2025-11-07")
    books.refused("DenialPolicy", "license", "KH", before, "D2025-KH-1", h100, 8)
    books.refused("NoQuota", "license", "KH", after, "D2025-KH-2", h100, 8)
    books.blocked_tpp["KH"] = books.unlicensed_tpp["KH"] = 0
    books.allocate("KH", after, CAP, reason="left Country Group D:5")
    books.license("KH", after, h100, 8, number="D2025-KH-3")


def texts(books: Books, h100: Chip) -> None:
    """Awkward texts in every column that takes any, and the longest there may be."""
    for number, text in enumerate(AWKWARD):
        given = books.license(
            "MU", 50 + number, h100, 8, request_id=f"text {number}: {text.strip()}", consignee=text,
            exporter=text, reason=text,
        )  # fmt: skip
        books.export(given, 50 + number, 3, reference=text)
    books.license("MU", 80, h100, 1, number="N" * 128, consignee="界" * 2_000)


def amendable(books: Books, h100: Chip) -> list[tuple[str, int | str, str]]:
    """Entries that somebody will put right: (request id, right quantity or nothing to reverse it, reason)."""
    books.license("MC", 40, h100, 64, request_id="amend-1", consignee="entered by mistake")
    doubled = books.license(
        "MC", 41, h100, 1_280, request_id="amend-2", consignee="128, entered with a 0 too many"
    )
    shipped = books.license("MC", 42, h100, 72, request_id="amend-3", consignee="shipped in two parts")
    books.export(shipped, 60, 36, request_id="amend-4", reference="X20250302000007")
    books.export(shipped, 61, 36, request_id="amend-5", reference="X20250302000007")
    books.left_tpp["MC"] += (64 + doubled.held - 128) * h100.tpp  # as if it were put right already
    return [
        ("amend-1", "", "entered for the wrong country"),
        ("amend-2", 128, "128 chips, not 1,280"),
        ("amend-4", 35, "one chip stayed behind"),
        ("amend-5", "", "the same declaration twice"),
    ]


def approved(books: Books, h100: Chip) -> None:
    """Rows for a second officer: they take headroom below zero, which nobody may do alone."""
    day = DAYS.index("2026-09-01")
    books.overrun("QA", day, LOOSE, CAP + 1_000_000, "left before anybody counted: found at a check")
    books.withdraw("BH", day, CAP, reason="the allocation lapsed")
    books.overrun("BH", day + 1, h100, 2, "two more had left")


def refusals(books: Books, devices: dict[str, Device]) -> None:
    """Each refusal that a file can provoke, each way there is to it."""
    h100 = Chip.of(devices["nvidia-h100-sxm5-80gb"])
    number = (f"D2025-NO-{each}" for each in count(1))
    good = books.license(
        "MC", 10, h100, 100, request_id="first", expires=200, consignee="what others are held to"
    )
    books.export(good, 20, 40, reference="X20250121000001")
    _names(books, h100, number)
    for country in ("DE", "JPN", "United Kingdom", "KR", "US", "Taiwan", "AQ"):
        books.refused("NoQuota", "license", country, 60, next(number), h100, 8)
    for country in ("CN", "HK", "MO", "RU", "IRN", "Venezuela", "KP"):
        books.refused("DenialPolicy", "license", country, 60, next(number), h100, 8)
    books.refused("OutsidePeriod", "export", "MC", "2024-12-31", good.number, h100)
    for day in ("2028-01-01", "2027-12-31"):
        books.refused("OutsidePeriod", "license", "MC", day, next(number), h100, 8)
    for expires in (DAYS[59], DAYS[60 + 366]):
        books.refused("OutsidePeriod", "license", "MC", 60, next(number), h100, 8, expires=expires)
    for device_id in ("amd-mi210", "nvidia-h20-96gb", "nvidia-t4"):
        books.refused("NotCounted", "license", "MC", 60, next(number), Chip.of(devices[device_id]), 1_000)
    for tpp in (h100.tpp // 8, h100.tpp // 16, h100.tpp * 2, h100.tpp * 8, h100.tpp * 72, 1):
        books.refused(
            "TppMismatch", "license", "MC", 60, next(number), Chip(h100.device_id, tpp, stated=True), 64
        )
    books.refused("UnknownLicense", "export", "MC", 60, "D2025-99999", h100)
    books.refused("UnknownLicense", "export", "MU", 60, good.number, h100)
    books.refused("UnknownLicense", "overrun", "MC", 60, "D2025-99999", h100, reason="no such license")
    books.refused("LicenseExpired", "export", "MC", 9, good.number, h100)
    books.refused("LicenseExpired", "export", "MC", 201, good.number, h100)
    books.refused("OverLicense", "export", "MC", 60, good.number, h100, 61)
    books.refused("OverLicense", "release", "MC", 60, good.number, h100, 61, reason="expired")
    books.refused("OverLicense", "return", "MC", 60, good.number, h100, 41)
    books.refused("OverLicense", "restore", "MC", 60, good.number, h100, 41)
    books.refused("OverLicense", "return", "MC", 60, "", h100)
    left = books.left_tpp["MC"]
    for chips in (left + 1, 2**53 - 1):
        books.refused("OverHeadroom", "license", "MC", 60, next(number), LOOSE, chips)
    books.refused("OverHeadroom", "license", "MC", 60, next(number), h100, 60_000)
    books.refused("OverHeadroom", "overrun", "MC", 60, "", LOOSE, left + 1, reason="nobody approved it")
    books.refused("OverHeadroom", "withdraw", "MC", 60, "", LOOSE, left + 1)
    books.refused("OverHeadroom", "block", "MC", 60, "", LOOSE, left + 1, reason="more than is left")
    books.refused("OverHeadroom", "unblock", "MC", 60, "", LOOSE, 1)
    books.refused("IdReused", "license", "MC", 10, good.number, h100, 101, request_id="first")


def _names(books: Books, h100: Chip, number: Iterator[str]) -> None:
    for country in ("Untied Arab Emirates", "ARA", "Korea", "520", "Atlantis"):
        books.refused("UnknownName", "license", country, 60, next(number), h100, 8)
    for device_id in ("H100", "nvidia-h100", "rtx-9090"):
        chip = Chip(device_id, h100.tpp, stated=True)
        books.refused("UnknownName", "license", "MC", 60, next(number), chip, 8)
