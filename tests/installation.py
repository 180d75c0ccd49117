"""An installation of one's own, in whose reference data a test may write."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger import schema

TOP = Path(__file__).parent.parent


def own_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make it the one that is used, and give its folder of regimes; `reference.load` is to be cleared."""
    folder = tmp_path / "installed"
    shutil.copytree(TOP / "fixtures" / "reference", folder / "fixtures" / "reference")
    (folder / "schemas").symlink_to(TOP / "schemas")
    monkeypatch.setattr(schema, "_PACKAGE", folder)
    return folder / "fixtures" / "reference" / "regimes"
