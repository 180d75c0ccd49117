"""Where a setting comes from: flag > environment (TPPQ_*) > ./tppq.toml > the user's own file > default.

Both files are TOML with the names of `NAMES` at their top. The user's own is `tppq/config.toml` in the folder
for configuration: $XDG_CONFIG_HOME, else ~/.config, on macOS ~/Library/Application Support.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from ledger import bounded
from ledger.errors import Misconfigured

Format = Literal["table", "plain", "csv", "tsv", "json", "ndjson", "md", "xlsx", "parquet", "arrow"]
FORMATS: tuple[str, ...] = get_args(Format)
"""In which forms rows can be given out: the first two for people, the others for programs."""

DEFAULT_LEDGER = "sqlite:///tppq.db"
_OWN = "config.toml"
NAMES = ("ledger", "format", "regime", "busy_seconds", "signing_key_file", "verify_key", "checkpoint")


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one run.

    `sources` says of each name where its value came from, `files` where files of settings may be, and whether
    one was read there. `signing_key_file` has the key that signs checkpoints, `verify_key` is the one to
    verify them with (or a file that has it), `checkpoint` the file outside the store that has the last one.
    """

    ledger: str
    format: str | None
    regime: str | None
    busy_seconds: float
    sources: Mapping[str, str]
    signing_key_file: str | None = None
    verify_key: str | None = None
    checkpoint: str | None = None
    files: Mapping[str, bool] = field(default_factory=dict)


def settings(flags: Mapping[str, str | None], environment: Mapping[str, str], folder: Path) -> Settings:
    """The settings of a run in a folder; a flag that is None was not given. Raises Misconfigured."""
    own = user_file(environment)
    return _settled(flags, environment, (*([own] if own else []), folder / "tppq.toml"))


def by_flags(flags: Mapping[str, str | None]) -> Settings:
    """The settings of a run whose flags alone are heard: of one that says what is wrong with the others."""
    return _settled(flags, {}, ())


def _settled(
    flags: Mapping[str, str | None], environment: Mapping[str, str], paths: Sequence[Path]
) -> Settings:
    found: dict[str, tuple[Any, str]] = dict.fromkeys(NAMES, (None, "default"))
    files = {str(path): _read(path) for path in paths}
    for path, read in files.items():
        found.update({name: (value, path) for name, value in (read or {}).items()})
    for name in NAMES:
        if variable := environment.get(f"TPPQ_{name.upper()}"):
            found[name] = (variable, f"TPPQ_{name.upper()}")
        if (flag := flags.get(name)) is not None:
            found[name] = (flag, f"--{name.replace('_', '-')}")
    ledger, form, regime = (_text(name, *found[name]) for name in ("ledger", "format", "regime"))
    if form is not None and form not in FORMATS:
        raise _wrong("format", *found["format"], f"write one of {', '.join(FORMATS)}")
    return Settings(
        ledger=ledger or DEFAULT_LEDGER,
        format=form,
        regime=regime,
        busy_seconds=_seconds(*found["busy_seconds"]),
        sources={name: source for name, (_, source) in found.items()},
        signing_key_file=_text("signing_key_file", *found["signing_key_file"]),
        verify_key=_text("verify_key", *found["verify_key"]),
        checkpoint=_text("checkpoint", *found["checkpoint"]),
        files={path: read is not None for path, read in files.items()},
    )


def user_file(environment: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The user's own configuration, where this platform keeps it; it need not exist.

    None for somebody without a home, as in a container: the current folder is none.
    """
    home = environment.get("HOME")
    if chosen := environment.get("XDG_CONFIG_HOME"):
        base = Path(chosen)
    elif not home:
        return None
    elif platform == "darwin":
        base = Path(home) / "Library" / "Application Support"
    else:
        base = Path(home) / ".config"
    return base / "tppq" / _OWN


def _read(path: Path) -> dict[str, Any] | None:
    """What a file sets; None where there is no file."""
    try:
        text = tomllib.loads(bounded.contents(path).decode())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        way_out = "let this user read it"
        if path.name == _OWN:
            way_out += ", or set HOME or XDG_CONFIG_HOME to a folder of their own"
        raise Misconfigured(f"{path} cannot be read: {error.strerror}; {way_out}", path=str(path)) from error
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} cannot be read: it is not UTF-8 text", path=str(path)) from error
    except RecursionError:
        raise Misconfigured(f"{path} cannot be read: it nests too deeply", path=str(path)) from None
    except ValueError as error:  # no TOML, or a number of thousands of digits
        raise Misconfigured(f"{path} cannot be read: {error}", path=str(path)) from error
    for name in text:
        if name not in NAMES:
            meant = get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {meant[0]}?" if meant else f"the settings are {', '.join(NAMES)}"
            raise Misconfigured(f"{path} has no setting '{name}': {hint}", path=str(path))
    return text


def _text(name: str, value: Any, source: str) -> str | None:
    if value is None or (isinstance(value, str) and "\0" not in value):
        return value
    if isinstance(value, str):
        raise _wrong(name, value, source, "take the NUL character out of it")
    raise _wrong(name, value, source, "write text, in quotation marks")


def _seconds(value: Any, source: str) -> float:
    try:
        seconds = 10.0 if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if isinstance(value, bool) or not 0 <= seconds <= 86_400:
        raise _wrong("busy_seconds", value, source, "write seconds to wait for another writer, such as 10")
    return seconds


def _wrong(name: str, value: Any, source: str, advice: str) -> Misconfigured:
    return Misconfigured(
        f"{name} = {value!r} ({source}) cannot be used: {advice}", setting=name, source=source
    )
