"""Thousands of licenses: a terminal lists the first and says so; everything else has them all."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ledger.cli import run
from tests.transcripts import BEGINS_US, typed

MANY = 1_002


def clock() -> int:
    return BEGINS_US


class Terminal(io.TextIOWrapper):
    """A stdout that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ledger with one license more than a terminal lists in SA, and one in AE."""
    folder = tmp_path_factory.mktemp("many")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("TPPQ_LEDGER", raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        typed(["init", "-q"], clock=clock)
        rows = [f"license,{'SA' if number else 'AE'},2026-02-01,D{number:04},7" for number in range(MANY)]
        header = "kind,country,effective_on,license_no,tpp"
        Path("x.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        assert typed(["post", "x.csv", "--each", "-q"], clock=clock)[0] == 0
        yield folder


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("TPPQ_LEDGER", raising=False)


def at_a_terminal(*arguments: str) -> str:
    screen = Terminal(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(screen), redirect_stderr(io.StringIO()):
        assert run(arguments, clock=clock, actor="maria") == 0
    return bytes(screen.buffer.getvalue()).decode()  # type: ignore[attr-defined]  # a BytesIO


def test_a_terminal_lists_the_first_thousand_licenses_and_says_how_many_more_there_are() -> None:
    shown = at_a_terminal("licenses")
    assert [name in shown for name in ("D0000", "D0999", "D1000", "D1001")] == [True, True, False, False]
    assert shown.splitlines()[-1] == "... and 2 more: --csv lists them all"


def test_as_many_as_a_terminal_lists_are_all_there_is_to_say() -> None:
    assert "more" not in at_a_terminal("licenses", "AE")
    assert at_a_terminal("licenses", "SA").splitlines()[-1] == "... and 1 more: --csv lists them all"


@pytest.mark.parametrize("form", ["table", "plain", "csv", "json", "md"])
def test_what_goes_elsewhere_has_every_license(form: str) -> None:
    status, out, _ = typed(["licenses", "--format", form], clock=clock)
    assert status == 0
    assert all(f"D{number:04}" in out for number in range(MANY))
    assert "more" not in out


@pytest.mark.parametrize("form", ["csv", "json", "plain"])
def test_a_terminal_too_has_every_license_in_any_other_form(form: str) -> None:
    assert "D1001" in at_a_terminal("licenses", "--format", form)
