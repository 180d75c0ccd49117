"""A night in a few lines: a small ledger, and what licensing office, customs and vendors told of it.

`Night.export` posts an export and tells it to customs and to the vendor, as it is when all agree. A test then
changes one thing: `night.declared["X1/1"]["quantity"] = 90`.
"""

from __future__ import annotations

import copy
import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger import Entry, Ledger
from ledger.recon_layout import LAYOUTS
from tests.clock import Clock

H100, H200, GB200 = "nvidia-h100-sxm5-80gb", "nvidia-h200-sxm-141gb", "nvidia-gb200-gpu"
H100_TPP = 15_832
AS_OF = "2026-11-20"
ISSUED, EXPIRES = "2026-03-02", "2027-03-01"
LEFT = "2026-10-05"
"""The day on which goods leave where a test does not say."""


class Night:
    """The ledger at a URL with licenses and exports, and what each source tells of them, by name."""

    def __init__(self, url: str, as_of: str = AS_OF, actor: str = "maria") -> None:
        self.clock = Clock(as_of)
        self.as_of = as_of
        self.ledger = Ledger.init(url, opening=False, actor=actor, clock=self.clock)
        self.licensed: dict[str, dict[str, Any]] = {}
        self.declared: dict[str, dict[str, Any]] = {}
        self.shipped: dict[str, dict[str, Any]] = {}
        self.moved: list[dict[str, Any]] = []
        self.later: list[dict[str, Any]] = []
        """Declarations told after the others: amendments."""
        self.run_number = 1
        self.covers_from: dict[str, str] = {}

    @contextmanager
    def opened_at(self, url: str) -> Iterator[Night]:
        """The same night over a copy of its ledger: what is changed in it stays there."""
        night = copy.copy(self)
        night.clock = Clock(self.as_of)
        told = (self.licensed, self.declared, self.shipped, self.moved, self.later, self.covers_from)
        names = ("licensed", "declared", "shipped", "moved", "later", "covers_from")
        vars(night).update(zip(names, copy.deepcopy(told), strict=True))
        with Ledger.open(url, actor="maria", clock=night.clock) as night.ledger:
            yield night

    def post(self, kind: str, country: str, on: str, **more: Any) -> int:
        entry = Entry.model_validate({"kind": kind, "country": country, "effective_on": on, **more})
        approver = "omar" if kind == "overrun" else None
        return self.ledger.post(entry, approver=approver)[0].seq

    def quota(self, *countries: str, tpp: int = 790_000_000) -> None:
        for country in countries:
            self.post("allocate", country, "2025-01-01", tpp=tpp)

    def license(
        self,
        number: str,
        country: str = "AE",
        quantity: int = 1_000,
        device: str = H100,
        *,
        until: str = EXPIRES,
        **more: Any,
    ) -> int:
        """A license, posted and known to the licensing office; `more` is what that says otherwise."""
        given = {
            "license_no": number,
            "device_id": device,
            "quantity": quantity,
            "consignee": "Example Cloud",
        }
        seq = self.post("license", country, ISSUED, expires_on=until, **given)
        tpp = self.ledger.sql("select tpp from entry where seq = $seq", seq=seq).rows()[0]["tpp"]
        self.licensed[number] = {
            **given, "country": country, "licensed_tpp": tpp, "issued_on": ISSUED, "expires_on": until,
            "state": "active", **more,
        }  # fmt: skip
        return seq

    def export(
        self,
        name: str,
        license_no: str,
        quantity: int,
        on: str = LEFT,
        *,
        reference: str | None = "",
        **more: Any,
    ) -> int:
        """An export, posted, declared as ITN/line and delivered; `reference` is what the ledger calls it."""
        given = self.licensed[license_no]
        self.told(name, license_no, quantity, on, **more)
        return self.post(
            "export", given["country"], on, license_no=license_no, device_id=given["device_id"],
            quantity=quantity, consignee=given["consignee"], reference=name if reference == "" else reference,
        )  # fmt: skip

    def bare(
        self, kind: str, license_no: str, quantity: int, on: str = LEFT, *, reference: str | None = None
    ) -> int:
        """An entry under a license that nobody else is told of here."""
        given = self.licensed[license_no]
        reason = "left all the same" if kind == "overrun" else None
        return self.post(
            kind, given["country"], on, license_no=license_no, device_id=given["device_id"],
            quantity=quantity, reference=reference, reason=reason,
        )  # fmt: skip

    def told(self, name: str, license_no: str, quantity: int, on: str = LEFT, **more: Any) -> None:
        """What customs and the vendor tell of an export."""
        given = self.licensed[license_no]
        itn, line = name.split("/")
        self.declared[name] = {
            "itn": itn, "line_no": line, "action": "add", "license_no": license_no, "quantity": quantity,
            "unit": "NO", "country": given["country"], "exported_on": on, "transport": "air",
            "consignee": given["consignee"], "filer": "broker-1", **more,
        }  # fmt: skip
        self.shipped[name] = {
            "delivery_no": f"D{itn[1:]}", "line_no": line, "device_id": given["device_id"],
            "quantity": quantity, "shipped_on": on, "license_no": license_no, "country": given["country"],
            "consignee": given["consignee"], "itn": itn, "vendor": "nvidia",
        }  # fmt: skip

    def untold(self, name: str) -> None:
        """Neither customs nor the vendor tells of it."""
        del self.declared[name], self.shipped[name]

    def reexport(
        self, reference: str, license_no: str, quantity: int, from_country: str, on: str = LEFT,
        legs: tuple[str, ...] = ("out", "in"), **more: Any,
    ) -> None:  # fmt: skip
        """What is told of a reexport to the country of a license: its legs."""
        given = self.licensed[license_no]
        for leg in legs:
            self.moved.append({
                "reference": reference, "leg": leg, "from_country": from_country,
                "to_country": given["country"], "license_no": license_no, "device_id": given["device_id"],
                "quantity": quantity, "moved_on": on, "consignee": given["consignee"], "reporter": "broker-2",
                **more,
            })  # fmt: skip

    def write(self, folder: Path) -> Path:
        """The four feeds of the night, each with its manifest."""
        folder.mkdir(parents=True, exist_ok=True)
        rows: Mapping[str, Iterable[dict[str, Any]]] = {
            "licenses": self.licensed.values(), "declarations": [*self.declared.values(), *self.later],
            "shipments": self.shipped.values(), "reexports": self.moved,
        }  # fmt: skip
        for source, told in rows.items():
            self.feed(folder, source, list(told))
        return folder

    def feed(self, folder: Path, source: str, rows: list[dict[str, Any]]) -> Path:
        """One feed with its manifest."""
        path = folder / f"{source}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(LAYOUTS[source].names), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        begun = self.covers_from.get(source)
        manifest = {
            "source": source, "run_number": self.run_number, "row_count": len(rows),
            "hash_total": sum(int(row.get("quantity") or 0) for row in rows),
            "mode": "delta" if begun else "cumulative", "as_of": self.as_of, "covers_from": begun,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }  # fmt: skip
        path.with_name(f"{path.name}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return path
