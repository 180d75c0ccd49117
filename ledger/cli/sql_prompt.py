"""A prompt for queries, with history and completion, on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ledger import sql_screens
from ledger.cli.failure import tell
from ledger.cli.sql import SqlDesk, give
from ledger.errors import LedgerError, Misconfigured
from ledger.sandbox_process import Child, Limits

try:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
except ModuleNotFoundError:
    raise Misconfigured(
        "a prompt needs an extra: pip install 'tppq[repl]'; or give the query: tppq sql \"SELECT ...\"",
        extra="repl",
    ) from None

_KEYWORDS = (
    "select", "from", "where", "group by", "order by", "limit", "having", "qualify", "with", "join",
    "left join", "using", "on", "and", "or", "not", "in", "is null", "between", "like", "case",
    "when", "then", "else", "end", "distinct", "union all", "over", "partition by", "asc",
    "desc", "count(*)", "sum(", "min(", "max(",
)  # fmt: skip
_WELCOME = (
    "One SELECT, ended by a semicolon. Ctrl-C stops it; .schema says what may be asked; .quit or Ctrl-D ends."
)


def run(desk: SqlDesk, limits: Limits, times: Mapping[str, Any]) -> int:
    """Ask until whoever types has had enough; what goes wrong is said, and the next query is asked."""
    with desk.open() as ledger:
        words = ledger.dictionary()
        typed = _session(row["column"] or row["name"] for row in words)
        tell(_WELCOME)
        while True:
            with Child() as child:  # it starts while the query is typed
                try:
                    text = typed.prompt("tppq> ").strip().removesuffix(";").strip()
                    if text in _ASKS_HOW or (text.startswith(".") and text not in _KNOWN):
                        tell(_WELCOME)
                    elif text == ".schema":
                        desk.answer(words, sql_screens.dictionary(words), basis_told=False)
                    elif text and text not in _LAST_WORDS:
                        nested = desk.session.as_json
                        give(
                            desk, ledger.sandboxed_sql(text, times, limits=limits, child=child, nested=nested)
                        )
                except KeyboardInterrupt:
                    tell("stopped")
                    continue
                except EOFError:
                    return 0
                except LedgerError as error:
                    tell(f"{type(error).__name__}: {error.detail}")
                    continue
            if text in _LAST_WORDS:
                return 0


_LAST_WORDS = frozenset({".quit", ".exit", "quit", "exit", "\\q"})
_ASKS_HOW = frozenset({"help", "?", "\\?"})
_KNOWN = frozenset({".schema", *_LAST_WORDS})


def _session(words: Iterable[str]) -> PromptSession[str]:
    """A prompt where Enter asks once the query is ended, and else begins another line."""
    names = sorted({*(word.strip("()") for word in words), *_KEYWORDS})
    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        text = event.current_buffer.text.strip()
        if not text or text.endswith(";") or text.startswith(".") or text in _LAST_WORDS | _ASKS_HOW:
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.insert_text("\n")

    return PromptSession(
        history=history(), completer=WordCompleter(names, ignore_case=True), key_bindings=keys,
        multiline=True, complete_while_typing=False, prompt_continuation="  ... ",
    )  # fmt: skip


def history() -> History:
    """What was typed before, kept in the user's own folder; in memory where none can be written, or is known.

    A user id without a name has none, as in a container, unless HOME says so.
    """
    try:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tppq"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "sql_history"
        file.touch(mode=0o600)
    except (OSError, RuntimeError):  # the latter where there is no home
        return InMemoryHistory()
    return FileHistory(str(file))
