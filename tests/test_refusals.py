"""Every leaf of the error tree has a file in tests/refusals: the situation, the exact message, the facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import (
    BadFeed,
    BadQuery,
    Busy,
    Entry,
    Ledger,
    LedgerError,
    Misconfigured,
    NotPermitted,
    Refused,
    Tampered,
    Unreachable,
    errors,
    read_feed,
)
from tests.clock import Clock
from tests.outside import connected, drop_guards
from tests.postgres import Postgres
from tests.scenario import facts_of, play

FOLDER = Path(__file__).parent / "refusals"
DAY = "2026-02-01"
ALLOCATION = {"kind": "allocate", "country": "AE", "effective_on": DAY, "tpp": 1_000}


def leaves(kind: type[LedgerError]) -> list[type[LedgerError]]:
    heirs = kind.__subclasses__()
    return [leaf for heir in heirs for leaf in leaves(heir)] if heirs else [kind]


REFUSALS = leaves(Refused)
OTHERS = [leaf for leaf in leaves(LedgerError) if leaf not in REFUSALS]


def name(kind: type[LedgerError]) -> str:
    return kind.__name__


def test_every_leaf_of_the_tree_has_its_file_and_no_file_is_without_a_leaf() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {name(leaf) for leaf in leaves(LedgerError)}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = [line.split("─ ")[1].split()[0] for line in errors.__doc__.splitlines() if "─ " in line]
    assert sorted(drawn) == sorted([*map(name, leaves(LedgerError)), "Refused"])


@pytest.mark.parametrize("leaf", REFUSALS, ids=name)
def test_a_refusal_says_what_its_file_says(
    leaf: type[Refused], store_url: str, golden: Callable[[Path, str], None]
) -> None:
    path = FOLDER / f"{name(leaf)}.txt"
    clock = Clock(DAY)
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        golden(path, play(path.read_text(encoding="utf-8"), ledger, clock))
        assert ledger.verify().rows() == []


@pytest.mark.parametrize("leaf", REFUSALS, ids=name)
def test_a_file_is_about_its_refusal(leaf: type[Refused]) -> None:
    first, *lines = (FOLDER / f"{name(leaf)}.txt").read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    said = [line for line in lines if f"  {name(leaf)}: " in line]
    facts = [line for line in lines if line.split()[0] == "facts"]
    assert said
    assert facts
    assert not [line for line in lines if line.endswith("  ?")]


@pytest.mark.parametrize("leaf", REFUSALS, ids=name)
def test_a_refusal_is_a_problem_that_can_be_sent_and_read_again(leaf: type[Refused]) -> None:
    refusal = leaf("AE has 5 TPP left", country="AE", headroom_tpp=5, fits=None)
    assert refusal.headroom_tpp == 5
    assert refusal.problem() == {
        "type": name(leaf),
        "title": leaf.title,
        "detail": "AE has 5 TPP left",
        "country": "AE",
        "headroom_tpp": 5,
        "fits": None,
    }
    again = errors.refused_again(refusal.problem())
    assert (type(again), again.problem()) == (leaf, refusal.problem())
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = refusal.nothing_of_the_kind


# --- what is no refusal: each situation, in Python ------------------------------------------------


def a_ledger(folder: Path) -> str:
    url = f"sqlite:///{folder / 'tppq.db'}"
    with Ledger.init(url, opening=False, actor="maria", clock=Clock(DAY)) as ledger:
        ledger.post(Entry.model_validate(ALLOCATION))
    return url


def bad_feed(folder: Path, _server: Postgres) -> None:
    path = folder / "post.csv"
    path.write_text("kind,country,effective_on,tpp\nlicence,AE,01/02/2026,1.200\n", encoding="utf-8")
    with Ledger.open(a_ledger(folder)) as ledger, read_feed(str(path)) as feed:
        ledger.post_file(feed)


def bad_query(folder: Path, _server: Postgres) -> None:
    with Ledger.open(a_ledger(folder)) as ledger:
        ledger.sql("select headrom_tpp from headroom()")


def busy(folder: Path, _server: Postgres) -> None:
    url = a_ledger(folder)
    with Ledger.open(url, busy_seconds=0.1) as ledger, connected(url) as holder:
        holder.exec_driver_sql("begin immediate")
        ledger.post(Entry.model_validate(ALLOCATION))


def misconfigured(folder: Path, _server: Postgres) -> None:
    Ledger.open(f"sqlite:///{folder / 'tppq.db'}")


def not_permitted(_folder: Path, server: Postgres) -> None:
    url = server.create()
    Ledger.init(url, opening=False).close()
    with connected(url) as owner:
        owner.exec_driver_sql("create role reader login")
        owner.exec_driver_sql("grant select on all tables in schema public to reader")
    with Ledger.open(url.replace("postgres@", "reader@"), clock=Clock(DAY)) as ledger:
        ledger.headroom()
        ledger.post(Entry.model_validate(ALLOCATION))


def tampered(folder: Path, _server: Postgres) -> None:
    url = a_ledger(folder)
    drop_guards(url)
    with connected(url) as owner:
        owner.exec_driver_sql("update entry set seq = 3")
        owner.exec_driver_sql("update head set seq = 3")
    Ledger.init(url, opening=False).close()
    with Ledger.open(url) as ledger:
        ledger.headroom()


def unreachable(folder: Path, _server: Postgres) -> None:
    url = a_ledger(folder)
    (folder / "tppq.db-wal").mkdir()
    Ledger.open(url).close()


SITUATIONS: dict[type[LedgerError], Callable[[Path, Postgres], None]] = {
    BadFeed: bad_feed,
    BadQuery: bad_query,
    Busy: busy,
    Misconfigured: misconfigured,
    NotPermitted: not_permitted,
    Tampered: tampered,
    Unreachable: unreachable,
}


@pytest.mark.parametrize("leaf", OTHERS, ids=name)
def test_what_is_no_refusal_says_what_its_file_says(
    leaf: type[LedgerError], tmp_path: Path, postgres: Postgres, golden: Callable[[Path, str], None]
) -> None:
    with pytest.raises(leaf) as raised:
        SITUATIONS[leaf](tmp_path, postgres)
    path = FOLDER / f"{name(leaf)}.txt"
    situation = path.read_text(encoding="utf-8").splitlines()[0]
    error = raised.value
    said = f"{situation}\n{name(leaf)}: {error.detail}\n    facts: {facts_of(error)}\n"
    golden(path, said.replace(str(error.facts.get("store")), "STORE").replace(str(tmp_path), "FOLDER"))
