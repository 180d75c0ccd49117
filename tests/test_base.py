"""A ledger that was closed answers nothing more, and takes nothing more in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ledger import Entry, Ledger, Misconfigured
from tests.clock import Clock

LICENSE = Entry.model_validate(
    {"kind": "license", "country": "AE", "effective_on": "2026-02-01", "license_no": "L1", "tpp": 10}
)
USES: Mapping[str, Callable[[Ledger, Path], object]] = {
    "post": lambda ledger, _: ledger.post(LICENSE),
    "judge": lambda ledger, _: ledger.post(LICENSE, dry_run=True),
    "reverse": lambda ledger, _: ledger.reverse(1, "closed"),
    "share": lambda ledger, _: ledger.share(),
    "what is left": lambda ledger, _: ledger.headroom("AE"),
    "what was left": lambda ledger, _: ledger.headroom("AE", as_of="2026-01-15"),
    "what fits": lambda ledger, _: ledger.fit("AE", tpp=1),
    "reference data": lambda ledger, _: ledger.regime(),
    "a query": lambda ledger, _: ledger.sql("from headroom()"),
    "a query of somebody's": lambda ledger, _: ledger.sandboxed_sql("from headroom()"),
    "a report": lambda ledger, _: ledger.report("what-is-left"),
    "verify": lambda ledger, _: ledger.verify(),
    "export": lambda ledger, folder: ledger.export(folder / "log"),
    "publish": lambda ledger, folder: ledger.publish(folder / "published"),
}


def test_a_ledger_that_is_closed_says_so_to_whoever_uses_it(store_url: str, tmp_path: Path) -> None:
    with Ledger.init(store_url, clock=Clock("2026-02-01")) as ledger:
        asked = len(ledger.headroom()), len(ledger.headroom(as_of="2026-01-15"))
    for name, use in USES.items():
        with pytest.raises(Misconfigured, match="this ledger is closed: open it again"):
            pytest.fail(f"{name}: {use(ledger, tmp_path)}")
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("tppq.db")] == []
    with Ledger.open(store_url, clock=Clock("2026-02-01")) as again:
        assert (len(again.headroom()), len(again.headroom(as_of="2026-01-15"))) == asked
        assert again.headroom().basis["seq"] == len(again.headroom())


def test_closing_a_ledger_twice_does_nothing(store_url: str) -> None:
    with Ledger.init(store_url, clock=Clock("2026-02-01")) as ledger:
        ledger.close()
        ledger.close()
