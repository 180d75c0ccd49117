"""Who may do what: a fold over events, and how a ledger knows who is at work."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any, get_args

import pytest

from ledger import Misconfigured, UnknownName, roster
from ledger.events import Event
from ledger.roster import MAY, Act, Role


def event(subject: str, action: str, **detail: Any) -> Event:
    return Event(1, "2026-02-01T12:00:00.000000Z", "root", "person", subject, action, detail, "", "")


ADDED = event("Maria", "added", roles=["officer", "viewer"])


def test_the_table_in_the_docstring_is_the_table() -> None:
    assert roster.__doc__ is not None
    drawn = {
        line.split()[0]: {act for act in get_args(Act) if act in line.replace(",", "").split()[1:]}
        for line in roster.__doc__.splitlines()
        if line.startswith("    ") and line.split()[0] in set(Role)
    }
    assert drawn == {role.value: set(acts) for role, acts in MAY.items()}


def test_every_act_is_somebodys_and_everybody_may_ask() -> None:
    assert set().union(*MAY.values()) == set(get_args(Act))
    assert all("ask" in acts for acts in MAY.values())


def test_nobody_gets_more_from_a_role_than_it_includes() -> None:
    person = roster.fold([ADDED])["maria"]
    assert {act for act in get_args(Act) if person.may(act)} == MAY[Role.officer] | MAY[Role.viewer]
    assert person.words == "viewer, officer"


def test_without_events_there_is_nobody() -> None:
    assert roster.fold([]) == {}
    assert roster.who_may({}, "user") == "nobody"


def test_the_last_event_about_somebody_counts() -> None:
    roles = event("Maria", "roles", roles=["approver"])
    token = event("Maria", "token", sha256="ab")
    person = roster.fold([ADDED, token, roles])["maria"]
    assert (person.name, person.words, person.token_sha256) == ("Maria", "approver", "ab")
    assert roster.fold([ADDED, event("Maria", "token", sha256=None)])["maria"].token_sha256 is None
    assert roster.fold([ADDED, roles, event("Maria", "removed")]) == {}


def test_who_is_let_in_again_has_no_token_of_before() -> None:
    again = roster.fold([ADDED, event("Maria", "token", sha256="ab"), event("Maria", "removed"), ADDED])
    assert again["maria"].token_sha256 is None


def test_maria_and_MARIA_are_one_person() -> None:  # noqa: N802  # the name is the claim
    assert roster.same("Maria", "MARIA")
    assert list(roster.fold([ADDED, event("MARIA", "roles", roles=["viewer"])])) == ["maria"]


@pytest.mark.parametrize("name", ["maria", "m.garcia@example.org", "EXAMPLE\\maria", "uid 1000", "a-b_c+d"])
def test_a_name_of_the_operating_system_can_be_a_users(name: str) -> None:
    assert roster.checked_name(name) == name


@pytest.mark.parametrize("name", ["", " maria", "maria ", "m\u0430ria", "a\nb", "-x", "a" * 65, "a;b", 'a"b'])
def test_a_name_that_could_pass_for_another_or_for_a_command_cannot(name: str) -> None:
    with pytest.raises(UnknownName, match="cannot be the name of a user"):
        roster.checked_name(name)


def test_who_is_at_work_is_who_the_operating_system_says_and_no_variable(monkeypatch: Any) -> None:
    real = roster.at_work()
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    assert getpass.getuser() == "somebody"
    assert roster.at_work() == real


def test_no_two_tokens_are_alike_and_what_is_kept_is_no_token() -> None:
    one, other = roster.new_token(), roster.new_token()
    assert one != other
    assert one.startswith(roster.MARK)
    assert len(one) > 40
    assert roster.hashed(one) not in (one, roster.hashed(other))


def test_a_token_comes_from_the_environment_or_from_a_file_it_names(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("tppq_of_a_file\n", encoding="utf-8")
    assert roster.token_given({}) is None
    assert roster.token_given({"TPPQ_TOKEN": ""}) is None
    assert roster.token_given({"TPPQ_TOKEN": "tppq_x "}) == "tppq_x"
    assert roster.token_given({"TPPQ_TOKEN_FILE": str(file)}) == "tppq_of_a_file"


def test_a_token_that_cannot_be_had_says_so(tmp_path: Path) -> None:
    empty, binary, missing = tmp_path / "empty", tmp_path / "binary", tmp_path / "missing"
    empty.touch()
    binary.write_bytes(b"\xff\xfe\x00")
    for path, said in ((empty, "which is empty"), (binary, "it is not text"), (missing, "No such file")):
        with pytest.raises(Misconfigured, match=said):
            roster.token_given({"TPPQ_TOKEN_FILE": str(path)})
    with pytest.raises(Misconfigured, match="both set: keep one"):
        roster.token_given({"TPPQ_TOKEN_FILE": str(empty), "TPPQ_TOKEN": "x"})
