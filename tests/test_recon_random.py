"""Nights by chance: what all agree on is no break; the certificate has all that left, whatever differs."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest

from ledger import Answer
from ledger.errors import Refused
from tests.night import H100_TPP, LEFT, Night

COUNTRIES = ("AE", "IN", "SA")
BACK = "2026-10-20"


def begun(folder: Path) -> Night:
    night = Night(f"sqlite:///{folder / 'tppq.db'}")
    night.quota(*COUNTRIES)
    return night


def compared(night: Night, folder: Path) -> tuple[Answer, dict[str, dict[str, int]]]:
    """What the night comes to, and its certificate."""
    answer = night.ledger.reconcile(night.write(folder / "feeds"), out=folder / "out")
    with (folder / "out" / answer.basis["run"] / "certificate.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return answer, {
        row["country"]: {name: int(row[name]) for name in row if name.endswith("_tpp")} for row in rows
    }


def put(night: Night, by: Random, kind: str, number: str, quantity: int, name: str | None, on: str) -> None:
    """An entry that says its device and quantity, or its TPP alone."""
    said = {"device_id": night.licensed[number]["device_id"], "quantity": quantity}
    if by.random() < 0.5:
        said = {"tpp": quantity * H100_TPP}
    reason = "left all the same" if kind == "overrun" else None
    country = night.licensed[number]["country"]
    night.post(kind, country, on, license_no=number, reference=name, reason=reason, **said)


@pytest.mark.parametrize("seed", range(2))
def test_what_all_agree_on_is_no_break_however_little_the_entries_say(tmp_path: Path, seed: int) -> None:
    by, night = Random(seed), begun(tmp_path)  # noqa: S311  # the same nights each time
    with night.ledger:
        for number in range(24):
            name, itn = f"L{number}", f"X{number}"
            night.license(name, by.choice(COUNTRIES), 150)
            for line, quantity in enumerate(by.sample(range(5, 30), by.randint(1, 3)), 1):
                told, on = f"{itn}/{line}", f"2026-10-{3 + 8 * line:02}"
                night.told(told, name, quantity, on)
                put(night, by, "export", name, quantity, by.choice((told, told, itn, None)), on)
            if by.random() < 0.3:
                put(night, by, "return", name, 5, by.choice((told, None)), "2026-11-10")
            if by.random() < 0.3:  # declared, and cancelled before it left
                told, quantity = f"{itn}/9", by.randint(31, 40)
                night.told(told, name, quantity, LEFT)
                night.later.append({**night.declared[told], "action": "cancel"})
                del night.shipped[told]
                put(night, by, "export", name, quantity, told, LEFT)
                put(night, by, "restore", name, quantity, by.choice((told, None)), BACK)
        answer, certificate = compared(night, tmp_path)
        assert [(row["code"], row["key"], row["detail"]) for row in answer] == []
        assert answer.basis["status"] == "FINAL"
        for row in certificate.values():
            assert row["ledger_exported_tpp"] == row["customs_tpp"]
            assert row["unexplained_tpp"] == row["gross_tpp"] == 0


@pytest.mark.parametrize("seed", range(2))
def test_the_certificate_has_all_that_left_whatever_differs(tmp_path: Path, seed: int) -> None:
    """What the ledger has exported, and what came back of it since; every difference is some break's."""
    by, night = Random(seed), begun(tmp_path)  # noqa: S311  # the same nights each time
    came_back = dict.fromkeys(COUNTRIES, 0)
    with night.ledger:
        for number in range(30):
            name, itn = f"L{number}", f"X{number}"
            night.license(name, by.choice(COUNTRIES), 60)
            for line in range(1, by.randint(2, 4)):
                told, quantity = f"{itn}/{line}", by.choice((4, 7, 10))
                night.told(told, name, quantity)
                put(night, by, "export", name, quantity, by.choice((told, itn, None)), LEFT)
            for _ in range(by.randint(0, 3)):
                kind = by.choice(("restore", "restore", "return", "overrun"))
                quantity = by.choice((3, 4, 7, 10))
                try:
                    put(night, by, kind, name, quantity, by.choice((told, itn, f"Y{number}", None)), BACK)
                except Refused:
                    continue
                if kind == "return":
                    came_back[night.licensed[name]["country"]] += quantity * H100_TPP
            spoil(night, by, told)
        answer, certificate = compared(night, tmp_path)
        exported = {row["country"]: row["exported_tpp"] for row in night.ledger.headroom()}
        assert {name: row["ledger_exported_tpp"] for name, row in certificate.items()} == {
            name: exported[name] + came_back[name] for name in COUNTRIES
        }
        assert {row["unexplained_tpp"] for row in certificate.values()} == {0}
        assert len({row["break"] for row in answer}) == len(answer) > 0


def spoil(night: Night, by: Random, told: str) -> None:
    """One thing that is told otherwise than the ledger has it, or none."""
    customs, vendor = night.declared[told], night.shipped[told]
    match by.randrange(8):
        case 0:
            customs["quantity"] = 5
        case 1:
            customs["quantity"] = vendor["quantity"] = 8
        case 2:
            for each in (*night.declared.values(), *night.shipped.values()):
                if each["itn"] == customs["itn"]:
                    each["country"] = "SA"
        case 3:
            night.untold(told)
        case 4:
            night.later.append({**customs, "action": "cancel"})
        case 5:
            customs["license_no"] = vendor["license_no"] = ""
