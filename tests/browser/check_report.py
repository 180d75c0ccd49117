"""The report of a night as a browser lays it out: on a wide screen, on a telephone, on paper.

Run by `make browser`: it needs Debian's chromium, which is no Python package, so `make test` does not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from ledger import Ledger, read_feed
from tests.clock import Clock
from tests.sample_recon import SAMPLE

WIDTHS_PX = {"telephone": 360, "tablet": 768, "screen": 1280}
PAPER_PX = {"A4": 1032, "Letter": 965}
"""Landscape, less the page's margins, at 96 to an inch."""

OPTIONS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1400,1000",
)  # fmt: skip
MEASURE = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample's night, in which breaks of every kind were planted."""
    folder = tmp_path_factory.mktemp("night")
    with Ledger.init(f"sqlite:///{folder / 'tppq.db'}", clock=Clock("2026-11-20")) as ledger:
        for name in ("announced.csv", "approved.csv", "recon/posted.csv"):
            with read_feed(SAMPLE / name) as feed:
                ledger.post_file(feed, each=True)
        answer = ledger.reconcile(SAMPLE / "recon" / "2026-11-20", as_of="2026-11-20", out=folder / "out")
    return Path(answer.basis["folder"]) / "report.html"


def browsed(folder: Path, *options: str) -> bytes:
    """What the browser writes to stdout."""
    browser = shutil.which("chromium")
    assert browser, "no chromium on the PATH: make browser installs it where it may"
    unboxed = ["--no-sandbox"] if os.getuid() == 0 else []  # root has none
    command = [browser, *OPTIONS, *unboxed, f"--user-data-dir={folder / 'profile'}", *options]
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout


def laid_out(page: str, width_px: int, folder: Path) -> dict[str, Any]:
    """What `measure.js` says of a page in a window of that width."""
    style = f"border:0;width:{width_px}px;height:900px"
    frame = f'<iframe id="page" style="{style}" srcdoc="{escape(page)}"></iframe>'
    around = folder / "around.html"
    around.write_text(
        f'<!doctype html><meta charset="utf-8"><body style="margin:0">{frame}<pre id="said"></pre>'
        f"<script>{MEASURE}</script>",
        encoding="utf-8",
    )
    dom = browsed(folder, "--virtual-time-budget=5000", "--dump-dom", around.as_uri()).decode()
    said = re.search(r'<pre id="said">(.*?)</pre>', dom, re.DOTALL)
    assert said is not None
    measured: dict[str, Any] = json.loads(unescape(said[1]))
    return measured


@pytest.mark.parametrize("window", WIDTHS_PX)
def test_no_figure_is_cut_or_written_over_in_any_window(report: Path, tmp_path: Path, window: str) -> None:
    found = laid_out(report.read_text(encoding="utf-8"), WIDTHS_PX[window], tmp_path)
    assert found["figures"] > 300
    assert found["width_px"] <= WIDTHS_PX[window], "the page as a whole is scrolled sideways"
    assert found["out_of_reach"] == []
    assert found["written_over"] == []
    assert found["smallest_px"] >= 11
    assert found["fetched"] == []


@pytest.mark.parametrize("paper", PAPER_PX)
def test_on_paper_all_columns_stand_side_by_side(report: Path, tmp_path: Path, paper: str) -> None:
    page = report.read_text(encoding="utf-8").replace("@media print", "@media all")
    found = laid_out(page, PAPER_PX[paper], tmp_path)
    assert found["beyond_the_edge"] == []
    assert found["written_over"] == []


def test_it_prints_as_several_pages(report: Path, tmp_path: Path) -> None:
    printed = tmp_path / "report.pdf"
    browsed(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={printed}", report.as_uri())
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 12


def test_what_a_filer_wrote_is_text_and_runs_nowhere(report: Path, tmp_path: Path) -> None:
    page = report.read_text(encoding="utf-8")
    hostile = '<img src=x onerror="parent.ran=1"><script>parent.ran=1</script>'
    assert not laid_out(page, 1280, tmp_path)["ran"]
    assert not laid_out(page.replace("NVIDIA", escape(hostile)), 1280, tmp_path)["ran"]
    assert laid_out(page.replace("NVIDIA", hostile), 1280, tmp_path)["ran"], "or this would not be seen"
