"""Programs for accounts in plain text, asked the same: each reads its journal before it answers.

A journal has the entries country by country, in the order of their numbers, all on one day, as these
programs go by days; the day on which an entry took effect is its second one. So one register of every
country's headroom tells what is left after each entry: a running total over all, less what it stood at where
the country began.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib import import_module
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

from ledger.model import BUCKETS, MOVES, Kind
from tests.bench.asking import ran
from tests.bench.others_contender import Balances, Contender, Journal, Running

_PLACE = {bucket: place for place, bucket in enumerate(BUCKETS)}


@contextmanager
def ledger_cli(journal: Journal) -> Iterator[Contender]:
    file = _journal(journal)
    told = "%(account) %(quantity(scrub(display_total)))\n"
    each = "%(payee) %(account) %(quantity(scrub(total)))\n"

    def balances(day: date | None) -> Balances:
        until = [] if day is None else ["--effective", "--end", _after(day)]
        said = _said("ledger", file, "balance", *until, "--flat", "--no-total", "--format", told)
        return _held(line.split() for line in said.splitlines())

    def running() -> str:
        return _said("ledger", file, "register", ":headroom$", "--format", each)

    yield Contender(
        f"ledger {_version('ledger')}", "reads its journal each time", balances, running,
        lambda said: _less_before(line.split() for line in said.splitlines()),
        lambda: int(ran("ledger", "--file", str(file), "balance").memory_mb),
    )  # fmt: skip


@contextmanager
def hledger(journal: Journal) -> Iterator[Contender]:
    file = _journal(journal)

    def balances(day: date | None) -> Balances:
        until = [] if day is None else ["--date2", "--end", _after(day)]
        return _held(_cells(_said("hledger", file, "balance", *until, "--flat", "-N", "-O", "csv")))

    def running() -> str:
        return _said("hledger", file, "register", ":headroom$", "-O", "csv")

    described = itemgetter(3, 4, 6)
    yield Contender(
        f"hledger {_version('hledger')}", "reads its journal each time", balances, running,
        lambda said: _less_before(map(described, _cells(said))),
        lambda: int(ran("hledger", "--file", str(file), "balance").memory_mb),
    )  # fmt: skip


@contextmanager
def beanquery(journal: Journal) -> Iterator[Contender]:
    """The journal is loaded once; the day on which an entry took effect is a note to it."""
    file = journal.folder / "entry.beancount"
    with file.open("w", encoding="utf-8") as out:
        for country in sorted(journal.balances(None)):
            out.writelines(f"2024-12-31 open Assets:{country}:{each.title()}\n" for each in BUCKETS)
        for entry in journal.by_country():
            target, source = _legs(entry, lambda country, bucket: f"Assets:{country}:{bucket.title()}")
            out.write(
                f'2025-01-01 * "{entry["seq"]}"\n  effective: {entry["effective_on"]}\n'
                f"  {target}  {entry['tpp']} TPP\n  {source}  {-entry['tpp']} TPP\n"
            )
    connection: Any = import_module("beanquery").connect(f"beancount:{file}")
    now = "select account, sum(number) group by account"
    as_of = "select account, sum(number) where entry_meta('effective') <= %s group by account"
    each = "select narration, account, balance where account ~ ':Headroom$'"

    def balances(day: date | None) -> Balances:
        asked = connection.execute(now) if day is None else connection.execute(as_of, (day,))
        return _held((account.partition(":")[2].lower(), tpp) for account, tpp in asked.fetchall())

    def after(rows: list[Any]) -> Running:
        units = ((seq, account, one.get_only_position().units.number) for seq, account, one in rows)
        return _less_before(units)

    yield Contender(
        f"beanquery {version('beanquery')}", "open", balances,
        lambda: connection.execute(each).fetchall(), after,
    )  # fmt: skip


def _journal(journal: Journal) -> Path:
    file = journal.folder / "entry.journal"
    with file.open("w", encoding="utf-8") as out:
        for entry in journal.by_country():
            target, source = _legs(entry, lambda country, bucket: f"{country}:{bucket}")
            out.write(
                f"2025-01-01={entry['effective_on']} {entry['seq']}\n"
                f" {target}  {entry['tpp']}\n {source}  {-entry['tpp']}\n\n"
            )
    return file


def _legs(entry: dict[str, Any], account: Callable[[str, str], str]) -> tuple[str, str]:
    move = MOVES[Kind(entry["kind"])]
    return account(entry["country"], move.target), account(entry["country"], move.source)


def _said(program: str, file: Path, *arguments: str) -> str:
    command = [program, "--file", str(file), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _cells(said: str) -> Iterator[list[str]]:
    """The rows of a CSV file of which every cell is in quotes, without its header."""
    return (line[1:-1].split('","') for line in said.splitlines()[1:])


def _held(rows: Iterable[Any]) -> Balances:
    """Accounts and what is in them, as buckets of countries."""
    found: dict[str, list[int]] = {}
    for account, tpp in rows:
        country, _, bucket = account.partition(":")
        found.setdefault(country.upper(), [0] * len(BUCKETS))[_PLACE[bucket]] = int(tpp)
    return found


def _less_before(rows: Iterable[Any]) -> Running:
    """A running total over all countries as one of each: less what it stood at where the country began."""
    seqs, after, at, before, total = [], [], "", 0, 0
    for seq, account, summed in rows:
        if account != at:
            at, before = account, total
        total = int(summed)
        seqs.append(int(seq))
        after.append(total - before)
    return seqs, after


def _after(day: date) -> str:
    """The day after: what these programs leave out begins with it."""
    return (day + timedelta(days=1)).isoformat()


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return next(word.strip(",").partition("-")[0] for word in said.split() if word[0].isdigit())
