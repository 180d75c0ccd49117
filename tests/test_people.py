"""Users of a shared ledger: what each may do, and that nobody does it under another's name."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from ledger import BadQuery, Entry, Ledger, Misconfigured, NotPermitted, UnknownName, book, read_feed, roster
from ledger.database import Database
from ledger.events import Telling
from ledger.roster import Act, Role
from ledger.store import Store
from tests.clock import Clock
from tests.outside import contents, count
from tests.shared import DAY, PEOPLE, at, create, entry

CLOCK = Clock(DAY)


@pytest.fixture(scope="module", name="url")
def _url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One shared ledger, whose roster the tests that use it leave as it is."""
    return create(f"sqlite:///{tmp_path_factory.mktemp('shared') / 'tppq.db'}", CLOCK)


@pytest.fixture(name="own")
def _own(store_url: str) -> Iterator[Callable[[str], Ledger]]:
    """A shared ledger of the test's own, on either store: `own("maria")` is it as maria has it open."""
    url, opened = create(store_url, CLOCK), []

    def as_(who: str) -> Ledger:
        opened.append(at(url, who, CLOCK))
        return opened[-1]

    yield as_
    for each in opened:
        each.close()


# ------------------------------------------------------------------------------------- nobody in the way


def test_a_ledger_of_one_person_has_none_of_this_in_the_way(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="maria", clock=CLOCK) as ledger:
        ledger.post(entry("allocate", "AE", 1_000))
        ledger.post(entry("withdraw", "AE", 2_000, reason="closed"), approver="omar")
        assert ledger.verify().rows() == []
        assert "pending_tpp" not in ledger.headroom().table.column_names
        assert not ledger.shared
    with Ledger.open(store_url, actor="anybody", clock=CLOCK) as ledger:
        assert ledger.headroom("AE").rows()[0]["headroom_tpp"] == -1_000


WANTS_PEOPLE: dict[str, Callable[[Ledger], Any]] = {
    "users": lambda ledger: ledger.users(),
    "add_user": lambda ledger: ledger.add_user("omar"),
    "new_token": lambda ledger: ledger.new_token("omar"),
    "propose": lambda ledger: ledger.propose(entry("allocate", "AE", 5)),
    "pending": lambda ledger: ledger.pending(),
    "approve": lambda ledger: ledger.approve("P-0001"),
}


@pytest.mark.parametrize("verb", WANTS_PEOPLE.values(), ids=WANTS_PEOPLE)
def test_a_ledger_of_one_person_says_how_it_becomes_one_of_many(
    tmp_path: Path, verb: Callable[[Ledger], Any]
) -> None:
    refused = pytest.raises(Misconfigured, match="has no users: tppq db init --shared makes it")
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", opening=False) as ledger, refused:
        verb(ledger)


# -------------------------------------------------------------------------------------------- the roster


def test_whoever_shares_a_ledger_is_its_first_admin_and_there_is_no_way_back(store_url: str) -> None:
    with Ledger.init(store_url, opening=False, actor="Root", clock=CLOCK) as ledger:
        assert ledger.share().words == "admin"
        assert ledger.users().rows() == [
            {"name": "Root", "roles": "admin", "token": False, "added_at": f"{DAY}T12:00:00.000000Z",
             "added_by": "Root"}
        ]  # fmt: skip
        with pytest.raises(NotPermitted, match="is shared already: tppq user add lets others in"):
            ledger.share()
    assert contents(store_url)["head"][0]["shared"] == 1


def test_an_admin_lets_in_changes_and_removes(own: Callable[[str], Ledger]) -> None:
    root = own("root")
    assert root.add_user("lea").words == "viewer"
    assert root.set_roles("LEA", "approver", Role.auditor).words == "approver, auditor"
    assert own("Lea").actor == "lea"
    root.remove_user("Lea")
    with pytest.raises(
        NotPermitted, match="lea is no user of this ledger; an admin \\(root\\) adds one with"
    ):
        own("lea")
    assert [row["name"] for row in root.users()] == sorted(PEOPLE)


def test_a_user_who_was_removed_does_nothing_more_where_they_have_it_open(
    own: Callable[[str], Ledger],
) -> None:
    maria = own("maria")
    maria.post(entry("license", "AE", 5, license_no="L1"))
    own("root").remove_user("maria")
    with pytest.raises(NotPermitted, match="maria is no user of this ledger"):
        maria.post(entry("license", "AE", 5, license_no="L2"))
    for ask in ASKS.values():
        with pytest.raises(NotPermitted, match="maria is no user of this ledger"):
            ask(maria)


ASKS: dict[str, Callable[[Ledger], Any]] = {
    "headroom": lambda ledger: ledger.headroom("AE"),
    "statement": lambda ledger: ledger.statement("AE"),
    "licenses": lambda ledger: ledger.licenses(),
    "fit": lambda ledger: ledger.fit("AE", tpp=5),
    "sql": lambda ledger: ledger.sql("from headroom()"),
    "sandboxed_sql": lambda ledger: ledger.sandboxed_sql("from headroom()"),
    "breaks": lambda ledger: ledger.breaks(),
}


REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "adding whom there is": (lambda root: root.add_user("MARIA"), NotPermitted, "maria is a user already"),
    "a role of no table": (lambda root: root.add_user("lea", "boss"), UnknownName, "no role 'boss': write v"),
    "no role": (lambda root: root.set_roles("maria"), UnknownName, "no role was named"),
    "a name like another": (lambda root: root.add_user("m\u0430ria"), UnknownName, "cannot be the name"),
    "roles of nobody": (lambda root: root.set_roles("lea", "viewer"), UnknownName, "no user 'lea'"),
    "removing nobody": (
        lambda root: root.remove_user("lea"),
        UnknownName,
        "no user 'lea'.* there are ada, i",
    ),
    "a token of nobody": (lambda root: root.new_token("lea"), UnknownName, "no user 'lea'"),
    "adding what is no text": (lambda root: root.add_user(5), BadQuery, "name is 5: write it as text"),
    "roles of what is no text": (
        lambda root: root.set_roles(5, "viewer"),
        BadQuery,
        "name is 5: write it as",
    ),
    "removing what is no text": (lambda root: root.remove_user(5), BadQuery, "name is 5: write it as text"),
    "a token of no text": (lambda root: root.new_token(None), BadQuery, "name is None: write it as text"),
    "no token of no text": (
        lambda root: root.revoke_token(["lea"]),
        BadQuery,
        r"name is \['lea'\]: write it",
    ),
    "removing the last admin": (
        lambda root: root.remove_user("root"),
        NotPermitted,
        r"last admin: first make another \(tppq user role NAME admin, with the roles that they are to keep\)",
    ),
    "demoting the last admin": (
        lambda root: root.set_roles("root", "officer"),
        NotPermitted,
        "root is the last admin: first make another",
    ),
}


@pytest.mark.parametrize(("verb", "kind", "said"), REFUSED.values(), ids=REFUSED)
def test_the_roster_is_not_changed_by(
    url: str, verb: Callable[[Ledger], Any], kind: type[Exception], said: str
) -> None:
    with at(url, "root", CLOCK) as root:
        before = root.users().rows()
        with pytest.raises(kind, match=said):
            verb(root)
        assert root.users().rows() == before


def test_the_last_admin_may_take_a_second_role(own: Callable[[str], Ledger]) -> None:
    assert own("root").set_roles("root", "admin", "auditor").words == "auditor, admin"


def test_an_admin_may_go_once_there_is_another(own: Callable[[str], Ledger]) -> None:
    root = own("root")
    root.set_roles("ada", "admin", "approver")
    root.remove_user("root")
    with pytest.raises(NotPermitted, match="root is no user"):
        root.add_user("lea")
    assert own("ada").users().rows()


# -------------------------------------------------------------------------------------- what a role may do


def rejecting_nothing(ledger: Ledger) -> None:
    with pytest.raises(UnknownName, match="no proposal 'P-9999'"):
        ledger.reject("P-9999", "no")


DOES: dict[Act, Callable[[Ledger], Any]] = {
    "ask": lambda ledger: ledger.pending(),
    "post": lambda ledger: ledger.post(entry("license", "AE", 1, license_no="L1"), dry_run=True),
    "propose": lambda ledger: ledger.propose(entry("allocate", "AE", 1), dry_run=True),
    "approve": rejecting_nothing,
    "verify": lambda ledger: ledger.verify(),
    "audit": lambda ledger: ledger.audit(),
    "user": lambda ledger: ledger.users(),
}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("act", DOES)
def test_everybody_may_do_what_their_roles_include_and_no_more(url: str, who: str, act: Act) -> None:
    with at(url, who, CLOCK) as ledger:
        if any(act in roster.MAY[Role(role)] for role in PEOPLE[who]):
            DOES[act](ledger)
        else:
            with pytest.raises(NotPermitted, match=f"{who} is .* which does not include: {act}; it takes "):
                DOES[act](ledger)


@pytest.mark.parametrize("name", ["uid 54321", "CORP\\maria", "lea"])
def test_what_an_admin_is_told_to_type_names_whom_it_is_about_in_a_shell_too(url: str, name: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        at(url, name, CLOCK)
    assert shlex.split(refused.value.detail.partition("with: ")[2]) == (
        ["tppq", "user", "add", name, "--role", "viewer"]
    )


def test_a_role_that_is_missing_is_given_by_a_command_that_a_shell_takes_whole(tmp_path: Path) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", CLOCK)
    with at(url, "root", CLOCK) as root:
        root.add_user("uid 54321")
    with at(url, "uid 54321", CLOCK) as ledger, pytest.raises(NotPermitted) as refused:
        ledger.post(entry("license", "AE", 1, license_no="L1"))
    typed = shlex.split(refused.value.detail.partition("with: ")[2])
    assert typed[:6] == ["tppq", "user", "role", "uid 54321", "viewer", "officer"]


def test_whoever_is_no_user_does_not_open_it_and_is_told_whom_to_ask(url: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        at(url, "eve", CLOCK)
    assert refused.value.detail == (
        "eve is no user of this ledger; an admin (root) adds one with: tppq user add eve --role viewer"
    )


# ------------------------------------------------------------------------------------ what nobody does alone

ALONE: dict[str, tuple[Entry, str]] = {
    "raises a cap": (entry("allocate", "AE", 1), "AE: allocate of 1 TPP: every allocate takes two people"),
    "lowers a cap": (
        entry("withdraw", "AE", 1, reason="x"),
        "AE: withdraw of 1 TPP: every withdraw takes two",
    ),
}


@pytest.mark.parametrize(("given", "said"), ALONE.values(), ids=ALONE)
def test_nobody_alone(url: str, given: Entry, said: str) -> None:
    with at(url, "omar", CLOCK) as omar:
        before = contents(url)["entry"]
        with pytest.raises(NotPermitted, match=f"{said}.*tppq propose.*tppq approve"):
            omar.post(given)
        told = contents(url)["event"]
        with pytest.raises(NotPermitted, match="takes two people"):
            omar.post(entry("license", "AE", 1, license_no="L1"), given, dry_run=True)
    assert contents(url)["entry"] == before
    assert contents(url)["event"] == told, "a dry run writes nothing"


@pytest.mark.parametrize(("name", "given"), [("vera", "license"), ("omar", "allocate")])
def test_a_dry_run_of_what_somebody_may_not_leaves_no_trace(
    url: str, tmp_path: Path, name: str, given: str
) -> None:
    path = tmp_path / "given.csv"
    number = "L1" if given == "license" else ""
    row = f"{given},AE,2026-02-01,{number},1"
    path.write_text(f"kind,country,effective_on,license_no,tpp\n{row}\n", encoding="utf-8")
    before = contents(url)
    with at(url, name, CLOCK) as ledger, read_feed(str(path)) as feed:
        with pytest.raises(NotPermitted):
            ledger.post_file(feed, dry_run=True)
        assert contents(url) == before
        with pytest.raises(NotPermitted):
            ledger.post_file(feed)
    assert contents(url) != before


def test_a_reversal_takes_two_people_over_a_million_tpp(own: Callable[[str], Ledger]) -> None:
    maria = own("maria")
    (small,) = maria.post(entry("license", "KZ", 5, license_no="K1"))
    (large,) = maria.post(entry("license", "KZ", 1_000_001, license_no="K2"))
    maria.reverse(small.seq, "typed twice")
    with pytest.raises(NotPermitted, match="KZ: a reversal of 1,000,001 TPP: one over 1,000,000 takes two"):
        maria.reverse(large.seq, "typed twice")
    with pytest.raises(NotPermitted, match="a reversal of 1,000,001 TPP"):
        maria.correct(large.seq, {"tpp": 5}, "5, not 1,000,001")


def test_an_approver_is_not_named_but_logs_in(url: str) -> None:
    with at(url, "maria", CLOCK) as maria, pytest.raises(NotPermitted, match="omar approves with a login of"):
        maria.post(entry("license", "AE", 1, license_no="L1"), approver="omar")


@pytest.mark.parametrize("each", [False, True], ids=["all or none", "each"])
def test_a_file_with_one_such_row_is_not_begun(url: str, tmp_path: Path, *, each: bool) -> None:
    file = tmp_path / "post.csv"
    rows = [f"license,AE,{DAY},1,L{number}" for number in range(30)]
    file.write_text(
        "kind,country,effective_on,tpp,license_no\n" + "\n".join([*rows, f"allocate,AE,{DAY},1,"])
    )
    before = count(url)
    refused = pytest.raises(NotPermitted, match="every allocate takes two people")
    with at(url, "maria", CLOCK) as maria, read_feed(str(file)) as feed, refused:
        maria.post_file(feed, each=each)
    assert count(url) == before


def test_what_was_tried_alone_is_in_the_audit_trail(own: Callable[[str], Ledger]) -> None:
    with pytest.raises(NotPermitted):
        own("maria").post(entry("allocate", "AE", 1))
    with pytest.raises(NotPermitted):
        own("maria").users()
    with pytest.raises(NotPermitted):
        own("eve")
    tried = [
        (row["who"], row["what"], row["outcome"]) for row in own("ines").audit() if row["outcome"] == "denied"
    ]
    assert tried == [("maria", "post", "denied"), ("maria", "user", "denied"), ("eve", "open", "denied")]


def test_the_opening_allocations_need_no_second_person(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    with Ledger.init(url, opening=False, actor="root", clock=CLOCK) as ledger:
        ledger.share()
        ledger.add_user("maria", "officer")
    with pytest.raises(NotPermitted, match="maria is officer in this ledger, which does not include: db"):
        Ledger.init(url, actor="maria", clock=CLOCK)
    with Ledger.init(url, actor="root", clock=CLOCK) as ledger:
        assert len(ledger.headroom()) == 158


# ---------------------------------------------------------------------------------------------- tokens


def test_a_token_acts_as_its_user_whoever_is_at_work(store_url: str) -> None:
    url = create(store_url, CLOCK)
    with at(url, "root", CLOCK) as root:
        token = root.new_token("maria")
        assert [row["name"] for row in root.users() if row["token"]] == ["maria"]
    with Ledger.open(url, actor="eve", token=token, clock=CLOCK) as ledger:
        assert ledger.actor == "maria"
        ledger.post(entry("license", "AE", 5, license_no="L1"))
    assert contents(store_url)["entry"][-1]["actor"] == "maria"


def test_only_the_hash_of_a_token_is_kept(own: Callable[[str], Ledger], store_url: str) -> None:
    token = own("root").new_token("maria")
    kept = [row["detail"] for row in contents(store_url)["event"]]
    assert not [detail for detail in kept if token in detail]
    assert [detail for detail in kept if roster.hashed(token) in detail]


@pytest.mark.parametrize("end", ["replaced", "revoked", "removed", "invented"])
def test_a_token_that_is_nobodys_opens_nothing_even_for_a_user(tmp_path: Path, end: str) -> None:
    url = create(f"sqlite:///{tmp_path / 'tppq.db'}", CLOCK)
    with at(url, "root", CLOCK) as root:
        token = roster.new_token() if end == "invented" else root.new_token("maria")
        if end == "replaced":
            root.new_token("maria")
        elif end == "revoked":
            root.revoke_token("maria")
        elif end == "removed":
            root.remove_user("maria")
    said = "the token is nobody's in this ledger: it was replaced or revoked, or its user was removed"
    with pytest.raises(NotPermitted, match=said):
        Ledger.open(url, actor="omar", token=token, clock=CLOCK)


def test_a_ledger_of_one_person_takes_no_notice_of_a_token(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    Ledger.init(url, opening=False, actor="maria", token="tppq_x", clock=CLOCK).close()  # noqa: S106  # nobody's
    with Ledger.open(url, actor="maria", token="tppq_x", clock=CLOCK) as ledger:  # noqa: S106  # nobody's
        assert ledger.actor == "maria"


def while_removed(store_url: str, name: str, by: str, deed: Callable[[], object]) -> Future[Any]:
    """A deed that was begun, and waited for the lock, while somebody else removed its doer."""
    store, coming = Store(Database(store_url, 10), CLOCK), list[Future[Any]]()
    with ThreadPoolExecutor(1) as thread:

        def meanwhile() -> None:
            coming.append(thread.submit(deed))
            wait(coming, timeout=0.5)  # they may still do it

        store.record([Telling(roster.TOPIC, name, "removed", {})], by, meanwhile)
    store.close()
    return coming[0]


def test_an_admin_who_is_removed_while_waiting_for_the_lock_lets_nobody_in(
    own: Callable[[str], Ledger], store_url: str
) -> None:
    root = own("root")
    root.add_user("boss", Role.admin)
    added = while_removed(store_url, "root", "boss", lambda: root.add_user("eve", Role.admin))
    with pytest.raises(NotPermitted, match="root may no longer change users in this ledger"):
        added.result()
    assert "eve" not in {row["name"] for row in own("boss").users().rows()}


def test_an_officer_who_is_removed_while_waiting_for_the_lock_posts_and_proposes_nothing(
    own: Callable[[str], Ledger], store_url: str
) -> None:
    maria, root = own("maria"), own("root")
    late = entry("license", "AE", 1, license_no="L-late")
    posted = while_removed(store_url, "maria", "root", lambda: maria.post(late))
    with pytest.raises(NotPermitted, match="maria may no longer post in this ledger"):
        posted.result()
    root.add_user("maria", Role.officer)
    proposed = while_removed(store_url, "maria", "root", lambda: maria.propose(entry("allocate", "AE", 500)))
    with pytest.raises(NotPermitted, match="maria may no longer propose in this ledger"):
        proposed.result()
    assert (root.licenses().rows(), root.pending().rows()) == ([], [])


@pytest.mark.parametrize("group", [20_000, 1], ids=["one group", "several, which another process writes"])
def test_an_officer_who_is_removed_while_waiting_for_the_lock_posts_nothing_of_a_file_row_by_row(
    own: Callable[[str], Ledger], store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int
) -> None:
    monkeypatch.setattr(book, "GROUP", group)
    rows = [f"license,AE,{DAY},L-{number},1" for number in range(4)]
    (tmp_path / "rows.csv").write_text("\n".join(["kind,country,effective_on,license_no,tpp", *rows, ""]))
    maria = own("maria")

    def post() -> None:
        with read_feed(str(tmp_path / "rows.csv")) as feed:
            maria.post_file(feed, each=True)

    posted = while_removed(store_url, "maria", "root", post)
    with pytest.raises(NotPermitted, match=r"maria (may no longer post in|is no user of) this ledger"):
        posted.result()
    assert own("root").licenses().rows() == []


def test_a_token_that_is_nobodys_is_in_the_trail(own: Callable[[str], Ledger], store_url: str) -> None:
    own("root")
    at_work = store_url.replace("postgres@", "worker@")
    with pytest.raises(NotPermitted, match="the token is nobody's"):
        Ledger.open(at_work, actor="eve", token="tppq_stolen", clock=CLOCK)  # noqa: S106  # none
    denied = [row for row in own("ines").audit().rows() if row["outcome"] == "denied"]
    assert [(row["who"], row["what"]) for row in denied] == [("eve", "open")]
