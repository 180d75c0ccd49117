"""Screens: no digit is cut or wrapped at any width, with every country and with none."""

from __future__ import annotations

import ast
import inspect
import json
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rich.cells import cell_len

from ledger import anchors, rereading, screens, verify
from ledger.book import Ledger
from tests.transcripts import BEGINS_US, typed

WIDTHS = (40, 60, 80, 120)
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?%?")


def clock() -> int:
    return BEGINS_US


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ledger where every country has a license of its own odd size, some exports, blocks and releases."""
    folder = tmp_path_factory.mktemp("everywhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("TPPQ_LEDGER", raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        typed(["init", "-q"], clock=clock)
        _, out, _ = typed(["headroom", "--json"], clock=clock)
        draw = random.Random(20261121)  # noqa: S311  # a fixed seed: the same ledger each time
        rows = ["kind,country,effective_on,license_no,tpp,device_id,quantity,consignee,reason"]
        for number, row in enumerate(json.loads(out)["rows"]):
            country, license_no = row["country"], f"D2026-{number:05d}"
            if row["control_state"] != "none":
                continue  # Liechtenstein: what goes there is charged to Switzerland
            tpp = draw.randrange(1, 780_000_000)
            rows.append(
                f"license,{country},2026-02-01,{license_no},{tpp},,,A consignee with a long name Ltd.,"
            )
            rows.append(f"export,{country},2026-02-02,{license_no},{draw.randrange(1, tpp + 1)},,,,")
            rows.append(f"block,{country},2026-02-03,,{draw.randrange(1, 10_000_000)},,,,under investigation")
        Path("x.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        status, _, err = typed(["post", "x.csv", "--each", "-q"], clock=clock)
        assert status == 0, err
        yield folder


@pytest.fixture
def at_the_desk(everywhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(everywhere)
    monkeypatch.delenv("TPPQ_LEDGER", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(everywhere / "config"))


def shown(monkeypatch: pytest.MonkeyPatch, width: int, *arguments: str) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    status, out, err = typed([*arguments, "--format", "table"], clock=clock)
    assert status in (0, 1), err
    return out.splitlines()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.usefixtures("at_the_desk")
def test_every_figure_of_every_country_is_whole_on_screen(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(monkeypatch, width, "headroom")
    _, out, _ = typed(["headroom", "--json"], clock=clock)
    rows = json.loads(out)["rows"]
    figures = NUMBER.findall("\n".join(lines))
    assert len(rows) == 158
    for row in rows:
        for name, value in row.items():
            if name.endswith("_tpp"):
                assert f"{value:,}" in figures
        assert f"{row['headroom_h100e']:,.2f}" in figures
        assert f"{row['used_percent']:.1f}%" in figures
    assert f"{sum(row['allocated_tpp'] for row in rows):,}" in figures
    assert all(cell_len(line) <= width for line in lines)
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "arguments",
    [
        ["headroom", "AE"],
        ["statement", "AE"],
        ["statement", "AE", "--from", "2026-02-02"],
        ["licenses", "--as-of", "2026-11-21"],
        ["fit", "BA", "--device", "nvidia-h100-sxm5-80gb", "--quantity", "499999"],
        ["regime"],
        ["devices"],
        ["countries"],
        ["verify"],
        ["doctor"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("at_the_desk")
def test_what_is_on_a_narrow_screen_is_what_is_on_a_wide_one(
    width: int, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(monkeypatch, width, *arguments)
    _, plain, _ = typed([*arguments, "--format", "plain"], clock=clock)
    if arguments[0] in ("headroom", "statement", "licenses", "fit", "verify"):
        wide, narrow = (set(NUMBER.findall(text)) for text in (plain, "\n".join(lines)))
        assert {number for number in wide - narrow if "," in number or "." in number} == set()
    longest = max(cell_len(word) for word in plain.split()) + 4
    assert all(cell_len(line) <= max(width, longest) for line in lines)
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_empty_ledger_is_a_sentence_on_every_screen(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with Ledger.init("sqlite:///tppq.db", opening=False, clock=clock):
        pass
    for arguments in (["headroom"], ["headroom", "AE"], ["statement", "AE"], ["licenses"], ["verify"]):
        lines = shown(monkeypatch, width, *arguments)
        assert lines
        assert all(cell_len(line) <= width for line in lines)


def checks_of_verify() -> set[str]:
    """Every check that a difference may be of: what stands second of four, in the modules that make them."""
    found = {"balance", "account", *verify._CHECKS}  # noqa: SLF001  # each asked by its name
    for module in (verify, rereading, anchors):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            row: list[ast.expr] = []
            if isinstance(node, ast.Tuple):
                row = node.elts
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
                row = node.args
            match row:
                case [ast.Constant(value=str()) | ast.Starred(), *_]:
                    pass  # names of columns
                case [_, ast.Constant(value=str(check)), _, _]:
                    found.add(check)
    return found


def test_every_check_of_a_verification_is_told_in_one_of_its_lines() -> None:
    assert {"values", "order", "head", "event", "refusal", "copy", "tree"} <= checks_of_verify()
    assert checks_of_verify() == set().union(*screens.VERIFIED.values())


def test_a_line_of_a_verification_says_no_where_what_it_tells_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    Ledger.init("sqlite:///tppq.db", clock=clock).close()
    with closing(sqlite3.connect("tppq.db", isolation_level=None)) as intruder:
        intruder.execute(
            "insert into balance (quota, license_no, regime_tpp, headroom_tpp, licensed_tpp, exported_tpp,"
            " blocked_tpp) values ('country/AE', 'L-GHOST', 0, 0, 0, 0, 0)"
        )
    lines = shown(monkeypatch, 120, "verify")
    (said,) = [line for line in lines if line.startswith("balances")]
    assert said.endswith("stored = DuckDB = Python: NO, see account")
    assert any(line.startswith("copies") and "NO" not in line for line in lines)


CLOSED = "Of this headroom {} are closed ({}): as of this day nothing can be licensed from them."


@pytest.mark.usefixtures("at_the_desk")
def test_what_is_closed_of_a_total_is_told_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, total, said = shown(monkeypatch, 300, "headroom")
    assert "158 countries" in total
    assert said == CLOSED.format("790,000,000 TPP (49,898.93 H100e)", "LI")
    assert not any("closed" in line for line in shown(monkeypatch, 300, "headroom", "AE", "CH"))


@pytest.mark.usefixtures("at_the_desk")
def test_of_many_closed_countries_only_the_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, who in ((["AE"], "AE"), (["AE", "CH", "SA"], "{}, {}, {}"), (["AE", "CH", "IN", "SA"], "4")):
        *rows, total, said = shown(monkeypatch, 300, "headroom", *asked, "--as-of", "2028-01-01")
        codes = [row[:2] for row in rows if row[:2] in asked]
        headroom_tpp, h100e = total.split()[-3:-1]
        named = f"{who} countries" if who.isdecimal() else who.format(*codes)
        assert said == CLOSED.format(f"{headroom_tpp} TPP ({h100e} H100e)", named)


def test_a_closed_country_with_nothing_left_is_not_told_of() -> None:
    row = {"country": "AE", "control_state": "closed", "headroom_tpp": 0}
    assert screens.closed([row, row | {"headroom_tpp": -1}], 15_832) == []


NOT_OPENED = "KH (Cambodia) is Tier 2, but no allocation had been opened for it."


@pytest.mark.usefixtures("at_the_desk")
def test_a_country_of_tier_2_without_an_allocation_is_named_wherever_it_was_asked_about() -> None:
    status, out, err = typed(["headroom", "KH", "--format", "plain"], clock=clock)
    assert (status, out, NOT_OPENED in err) == (0, f"{NOT_OPENED}\n", False)
    for asked in (["KH", "--json"], ["CH", "KH"], ["KH", "LI", "--csv"]):
        status, out, err = typed(["headroom", *asked], clock=clock)
        assert (status, NOT_OPENED in out, NOT_OPENED in err.splitlines()) == (0, False, True)
    assert NOT_OPENED not in typed(["headroom"], clock=clock)[2]
    _, out, err = typed(["headroom", "KH", "--known-at", "2025-12-01"], clock=clock)
    assert out.startswith("Nothing had been recorded by 2025-12-01")
    assert NOT_OPENED not in err
