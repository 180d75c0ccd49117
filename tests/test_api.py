"""One name a verb: what the package offers, what the command takes, and what SQL calls it."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

import ledger
from ledger import Ledger, LedgerError, Refused
from ledger.cli.app import app
from ledger.engine import Core
from tests.books import REFERENCE, REGIME

NO_METHODS = {"demo", "doctor", "restore", "import", "serve"}
FOR_PROGRAMS = {
    *("post_file", "reports", "users", "add_user", "set_roles", "remove_user", "new_token"),
    *("revoke_token", "share", "propose_file", "propose_reversal", "propose_correction", "new_key"),
    "prove_since",
    *("break_show", "break_take", "break_comment", "break_propose", "break_confirm", "break_accept"),
    *("sandboxed_sql", "dictionary", "known_by"),
}
"""Methods that are a group's verbs, or an option of one, at the command line, or what serves there."""

NO_VERBS = {"open", "close"}
OTHER_NAMES = {"balance": "headroom"}


def commands() -> dict[str, str]:
    """Each verb of the command, hidden ones too, and its help."""
    import_module("ledger.cli")  # which adds them
    return {each.name or "": each.help or "" for each in app.registered_commands}


@pytest.mark.parametrize("name", sorted(set(commands()) - NO_METHODS))
def test_a_verb_of_the_command_is_a_method_of_the_ledger(name: str) -> None:
    assert callable(getattr(Ledger, OTHER_NAMES.get(name, name)))


def test_every_method_of_the_ledger_is_a_verb_but_those_for_programs() -> None:
    methods = {name for name, _ in inspect.getmembers(Ledger, callable) if not name.startswith("_")}
    assert methods - set(commands()) == NO_VERBS | FOR_PROGRAMS


@pytest.mark.parametrize("name", commands())
def test_a_verb_says_what_it_does_in_one_line_first(name: str) -> None:
    first = commands()[name].splitlines()[0]
    assert first[0].isupper()
    assert first.endswith((".", "?"))


@pytest.mark.parametrize("name", ["headroom()", "statement('AE')", "licenses()", "running()"])
def test_a_question_has_the_same_name_in_sql(name: str) -> None:
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=True)
    assert core.ask(f"from {name}").num_rows == 0
    core.close()


def test_the_public_names_are_those_listed_in_order_and_each_is_documented() -> None:
    assert sorted(ledger.__all__) == ledger.__all__
    assert {name for name in vars(ledger) if name[0].isupper()} <= set(ledger.__all__)
    for name in ledger.__all__:
        assert inspect.getdoc(getattr(ledger, name))


def test_every_error_is_public_and_has_a_title_of_its_own() -> None:
    kinds: list[type[LedgerError]] = [LedgerError]
    kinds += [*LedgerError.__subclasses__(), *Refused.__subclasses__()]
    assert {kind.__name__ for kind in kinds} <= set(ledger.__all__)
    assert len({kind.title for kind in kinds}) == len(kinds)
