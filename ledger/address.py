"""Where a ledger is: its URL, read into its parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ledger.errors import Misconfigured

_URL = re.compile(r"(?P<dialect>\w+)(?:\+\w+)?://(?P<rest>.*)", re.DOTALL)
_PASSWORDS = re.compile(
    r"(?P<user>(?<=://)[^:@/?]*:).*(?=@)|(?P<key>[?&][^=&]*password=)[^&]*", re.DOTALL | re.IGNORECASE
)
_AFTER_A_COLON = re.compile(r"(?<=:).*(?=@)", re.DOTALL)
_A_FILE = re.compile(r"[^:@?]+\.\w+")
_WANTED = "write sqlite:///FILE or postgresql+psycopg://HOST/DATABASE"


class Address(NamedTuple):
    """A ledger's URL: `name` without its password, fit to be shown; `file` for SQLite, `server` for libpq."""

    dialect: str
    name: str
    file: Path | None
    server: str | None

    @classmethod
    def of(cls, url: str) -> Address:
        """The parts of `sqlite:///FILE` or `postgresql+psycopg://...`. Raises Misconfigured."""
        match = _URL.fullmatch(url)
        if match is None:
            shown = _shown(_AFTER_A_COLON.sub("***", url))
            wanted = f"did you mean sqlite:///{url}?" if _A_FILE.fullmatch(url) else _WANTED
            raise Misconfigured(f"'{shown}' is no ledger URL: {wanted}", url=shown)
        dialect, rest = match["dialect"], match["rest"]
        if dialect == "sqlite":
            host, slash, file = rest.partition("/")
            if host or not slash or file in ("", ":memory:"):
                raise Misconfigured("a ledger needs a file: write sqlite:///FILE", url=_shown(url))
            return cls(dialect, url, Path(file), None)
        if dialect in ("postgresql", "postgres"):
            return cls("postgresql", _shown(url), None, f"postgresql://{rest}")
        raise Misconfigured(f"'{dialect}' cannot hold a ledger: use sqlite or postgresql", url=_shown(url))


def _shown(url: str) -> str:
    return _PASSWORDS.sub(lambda match: f"{match['user'] or match['key']}***", url)
