"""Where settings come from, in which order, and what is said about a wrong one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ledger.errors import Misconfigured
from ledger.settings import DEFAULT_LEDGER, NAMES, by_flags, settings, user_file


def written(folder: Path, text: str, name: str = "tppq.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_setting_the_defaults_hold(tmp_path: Path) -> None:
    found = settings({}, {"HOME": str(tmp_path)}, tmp_path)
    assert (found.ledger, found.format, found.regime, found.busy_seconds) == (DEFAULT_LEDGER, None, None, 10)
    assert dict(found.sources) == dict.fromkeys(NAMES, "default")


def test_a_flag_beats_the_environment_beats_the_folder_beats_the_user(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "folder"
    own = written(home, "ledger = 'sqlite:///user.db'", ".config/tppq/config.toml")
    around = {"HOME": str(home)}
    folder.mkdir()

    def ledger(flags: dict[str, str | None], environment: dict[str, str]) -> tuple[str, str]:
        found = settings(flags, environment, folder)
        return found.ledger, found.sources["ledger"]

    assert ledger({}, around) == ("sqlite:///user.db", str(own))
    here = written(folder, "ledger = 'sqlite:///folder.db'")
    assert ledger({}, around) == ("sqlite:///folder.db", str(here))
    around["TPPQ_LEDGER"] = "sqlite:///environment.db"
    assert ledger({"ledger": None}, around) == ("sqlite:///environment.db", "TPPQ_LEDGER")
    assert ledger({"ledger": "sqlite:///flag.db"}, around) == ("sqlite:///flag.db", "--ledger")


def test_an_empty_variable_is_no_setting(tmp_path: Path) -> None:
    assert settings({}, {"HOME": str(tmp_path), "TPPQ_LEDGER": ""}, tmp_path).ledger == DEFAULT_LEDGER


def test_every_setting_can_stand_in_a_file(tmp_path: Path) -> None:
    written(tmp_path, "ledger = 'a'\nformat = 'json'\nregime = 'b'\nbusy_seconds = 2")
    found = settings({}, {"HOME": str(tmp_path / "home")}, tmp_path)
    assert (found.ledger, found.format, found.regime, found.busy_seconds) == ("a", "json", "b", 2)


@pytest.mark.parametrize(
    ("environment", "platform", "path"),
    [
        ({"HOME": "/home/a"}, "linux", "/home/a/.config/tppq/config.toml"),
        ({"HOME": "/home/a", "XDG_CONFIG_HOME": "/etc/a"}, "linux", "/etc/a/tppq/config.toml"),
        ({"HOME": "/Users/a"}, "darwin", "/Users/a/Library/Application Support/tppq/config.toml"),
    ],
)
def test_the_users_file_is_where_the_platform_keeps_such_files(
    environment: dict[str, str], platform: str, path: str
) -> None:
    assert user_file(environment, platform) == Path(path)


@pytest.mark.parametrize("home", [{}, {"HOME": ""}], ids=["without HOME", "an empty one"])
def test_whoever_has_no_home_has_no_file_of_their_own_and_not_one_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".config" / "tppq").mkdir(parents=True)
    (tmp_path / ".config" / "tppq" / "config.toml").write_text("busy_seconds = 77", encoding="utf-8")
    found = settings({}, home, tmp_path)
    assert (found.busy_seconds, found.files) == (10, {str(tmp_path / "tppq.toml"): False})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("legder = 'x'", "has no setting 'legder': did you mean ledger?"),
        ("xyz = 1", "has no setting 'xyz': the settings are ledger, format, regime, busy_seconds"),
        ("format = 'yaml'", "write one of table, plain, csv, tsv, json, ndjson, md, xlsx, parquet, arrow"),
        ("ledger = 5", "write text, in quotation marks"),
        ("busy_seconds = 'long'", "write seconds to wait for another writer, such as 10"),
        ('signing_key_file = "a\\u0000b"', "take the NUL character out of it"),
        ("busy_seconds = -1", "write seconds to wait for another writer, such as 10"),
        ("busy_seconds = true", "write seconds to wait for another writer, such as 10"),
        (f"busy_seconds = 1{'0' * 400}", "write seconds to wait for another writer, such as 10"),
        (f"busy_seconds = 1{'0' * 5_000}", "cannot be read: "),
        (f"ledger = {'[' * 100_000}", "cannot be read: it nests too deeply"),
        (f"#{'#' * 1_000_000}", "cannot be read: it has more than 1,000,000 bytes"),
        ("busy_seconds = nan", "write seconds to wait for another writer, such as 10"),
        ("ledger = ", "cannot be read: "),
    ],
)
def test_a_wrong_setting_is_refused_with_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    written(tmp_path, text)
    with pytest.raises(Misconfigured) as refused:
        settings({}, {"HOME": str(tmp_path / "home")}, tmp_path)
    assert said in refused.value.detail
    assert "tppq.toml" in refused.value.detail


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"\(TPPQ_BUSY_SECONDS\) cannot be used"):
        settings({}, {"TPPQ_BUSY_SECONDS": "soon"}, Path("/nowhere"))


def test_the_files_that_were_read_are_known_from_those_that_are_not_there(tmp_path: Path) -> None:
    here = written(tmp_path, "")
    found = settings({}, {"HOME": str(tmp_path / "home")}, tmp_path)
    assert dict(found.files) == {str(tmp_path / "home/.config/tppq/config.toml"): False, str(here): True}


def test_by_flags_alone_no_file_and_no_variable_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "legder = 'x'")
    monkeypatch.chdir(tmp_path)
    found = by_flags({"ledger": "sqlite:///x.db", "format": None})
    assert (found.ledger, found.format, dict(found.files)) == ("sqlite:///x.db", None, {})


def test_a_file_that_cannot_be_read_is_said_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "tppq.toml").mkdir()
    with pytest.raises(Misconfigured, match=r"tppq\.toml cannot be read: Is a directory$"):
        settings({}, {"HOME": str(tmp_path / "home")}, tmp_path)
    (tmp_path / "tppq.toml").rmdir()
    os.mkfifo(tmp_path / "tppq.toml")
    with pytest.raises(
        Misconfigured, match=r"tppq\.toml cannot be read: it is a pipe or a device, not a file$"
    ):
        settings({}, {"HOME": str(tmp_path / "home")}, tmp_path)
    (tmp_path / "tppq.toml").unlink()
    (tmp_path / "tppq.toml").write_bytes(b"\xff")
    with pytest.raises(Misconfigured, match=r"tppq\.toml cannot be read: it is not UTF-8 text"):
        settings({}, {"HOME": str(tmp_path / "home")}, tmp_path)


def test_somebody_elses_home_is_said_with_what_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str, *_: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(os, "open", denied)  # whoever may do anything is denied nothing
    with pytest.raises(Misconfigured, match=r"Permission denied; .*set HOME or XDG_CONFIG_HOME to a folder"):
        settings({}, {"HOME": str(tmp_path)}, tmp_path)
