"""Who may do what in a shared ledger: a fold over the events about people. A ledger of one person has none.

    role       may
    viewer     ask
    officer    ask, post, propose (and take back what they proposed), reconcile
    approver   ask, approve (or reject) what somebody else proposed
    auditor    ask, verify, audit, checkpoint, export and publish (copies of the whole), reconcile
    admin      ask, user (who may do what), db (create, upgrade, back up)

Whoever has several roles may do what each of them may. Nobody approves what they proposed, whatever their
roles.
"""

from __future__ import annotations

import hmac
import os
import pwd
import re
import secrets
import shlex
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from ledger import bounded, trail
from ledger.errors import Busy, Misconfigured, NotPermitted, Tampered, UnknownName, Unreachable
from ledger.events import Event, Telling
from ledger.reading import Reading
from ledger.store import Store
from ledger.text import written

TOPIC = "person"


class Role(StrEnum):
    """What somebody is in a shared ledger."""

    viewer = "viewer"
    officer = "officer"
    approver = "approver"
    auditor = "auditor"
    admin = "admin"


Act = Literal[
    "ask", "post", "propose", "approve", "reconcile", "verify", "audit", "checkpoint", "export", "user", "db"
]
"""What a role may allow; every verb is one of these."""

MAY: Mapping[Role, frozenset[Act]] = MappingProxyType({
    Role.viewer: frozenset({"ask"}),
    Role.officer: frozenset({"ask", "post", "propose", "reconcile"}),
    Role.approver: frozenset({"ask", "approve"}),
    Role.auditor: frozenset({"ask", "verify", "audit", "checkpoint", "export", "reconcile"}),
    Role.admin: frozenset({"ask", "user", "db"}),
})  # fmt: skip

MARK = "tppq_"
"""How a token begins, so that it is known for one where it turns up by mistake."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._@+\\-]{0,62}[A-Za-z0-9])?")


class Person(NamedTuple):
    """One user as they stand now; `token_sha256` is None where they have no token."""

    name: str
    roles: frozenset[Role]
    token_sha256: str | None
    added_at: str
    added_by: str

    def may(self, act: Act) -> bool:
        return any(act in MAY[role] for role in self.roles)

    @property
    def words(self) -> str:
        """The roles in words, in the order of the table above."""
        return ", ".join(role for role in Role if role in self.roles)


Roster = dict[str, Person]
"""Everybody who is a user now, by `key` of their name."""


def key(name: str) -> str:
    """A name as it is compared: Maria and maria are one person."""
    return name.casefold()


def same(one: str, other: str) -> bool:
    """Whether two names are one person's."""
    return key(one) == key(other)


def fold(events: Iterable[Event]) -> Roster:
    """Who is a user, and what they may do, after these events."""
    roster: Roster = {}
    for event in events:
        place = key(event.subject)
        if event.action == "removed":
            roster.pop(place, None)
        elif event.action == "added":
            roles = frozenset(map(Role, event.detail["roles"]))
            roster[place] = Person(event.subject, roles, None, event.at, event.actor)
        elif event.action == "roles":
            roster[place] = roster[place]._replace(roles=frozenset(map(Role, event.detail["roles"])))
        elif event.action == "token":
            roster[place] = roster[place]._replace(token_sha256=event.detail["sha256"])
    return roster


def of(store: Reading) -> Roster:
    """The roster of a store, as it stands now. Raises Tampered where its events say nothing of the sort."""
    try:
        return fold(store.events(TOPIC))
    except (KeyError, TypeError, ValueError) as error:
        raise Tampered(f"an event of a user was changed, so nobody can be let in: {error!r}") from error


def who_may(roster: Roster, act: Act) -> str:
    """Names, comma-separated, of those who may do it; "nobody" where there is none."""
    return ", ".join(sorted(each.name for each in roster.values() if each.may(act))) or "nobody"


def must(store: Store, act: Act, actor: str, *, leaves_trace: bool = True, **about: str) -> None:
    """Raise NotPermitted where a shared ledger does not let `actor` do this.

    The attempt is recorded, with what it was `about`, unless it `leaves_trace` False, as a dry run does.
    """
    roster = of(store)
    person = roster.get(key(actor))
    if person is not None and person.may(act):
        return
    if leaves_trace:
        tell_denied(store, act, actor, **about)
    if person is None:
        raise stranger(actor, roster)
    able = [role for role in Role if act in MAY[role]]
    together = " ".join(role for role in Role if role in {*person.roles, able[0]})
    raise NotPermitted(
        f"{actor} is {person.words} in this ledger, which does not include: {act}; it takes "
        f"{' or '.join(able)}, which an admin ({who_may(roster, 'user')}) gives with: tppq user role "
        f"{shlex.quote(actor)} {together} (all of their roles from then on)",
        actor=actor, act=act, roles=person.words,
    )  # fmt: skip


def must_still(store: Reading, act: Act, actor: str, so: str = "", **about: str) -> None:
    """The same under the lock, for whoever waited for it, and what comes of it.

    Raises NotPermitted; nothing is recorded of it.
    """
    person = of(store).get(key(actor))
    if person is None or not person.may(act):
        doing = "change users" if act == "user" else act
        said = f"{actor} may no longer {doing} in this ledger{so}"
        raise NotPermitted(said, **about, actor=actor, act=act)


def stranger(actor: str, roster: Roster) -> NotPermitted:
    """What is said to somebody who is no user of the ledger."""
    return NotPermitted(
        f"{actor} is no user of this ledger; an admin ({who_may(roster, 'user')}) adds one with: "
        f"tppq user add {shlex.quote(actor)} --role viewer",
        actor=actor,
    )


def tell_denied(store: Store, act: str, actor: str, **about: str) -> None:
    """Record that somebody tried what they may not; they are denied also where nothing can be written."""
    try:
        store.record([trail.told(act, "denied", **about)], actor)
    except (NotPermitted, Busy, Unreachable, Tampered):
        return


def share(store: Store, actor: str) -> Person:
    """Make a ledger of one person a ledger of many, for good, and `actor` its first admin.

    Raises NotPermitted where it is shared already, UnknownName for a name that cannot be a user's.
    """
    name = checked_name(actor)
    if store.head().shared:
        raise NotPermitted(f"{store.database.name} is shared already: tppq user add lets others in")
    store.share([Telling(TOPIC, name, "added", {"roles": [Role.admin.value]})], name)
    return of(store)[key(name)]


# ------------------------------------------------------------------------------------------ who is at work


def at_work() -> str:
    """Who is at work, by the operating system, and not by an environment variable that anybody may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # no name for this user id: in a container, say
        return f"uid {os.getuid()}"


def acting(
    store: Store, at_work: str, token: str | None, *, leaves_trace: Callable[[], bool] = lambda: True
) -> str:
    """Who acts in a shared ledger: the user whose token it is, or else the user at work on this machine.

    Raises NotPermitted for a token that is nobody's, and for somebody who is no user; both are recorded, the
    first if it `leaves_trace`.
    """
    roster = of(store)
    if token is not None:
        found = hashed(token)
        for each in roster.values():
            if each.token_sha256 is not None and hmac.compare_digest(each.token_sha256, found):
                return each.name
        if leaves_trace():
            tell_denied(store, "open", at_work, why="the token is nobody's")
        raise NotPermitted(
            "the token is nobody's in this ledger: it was replaced or revoked, or its user was removed; "
            f"an admin ({who_may(roster, 'user')}) gives a new one with: tppq user token NAME"
        )
    person = roster.get(key(at_work))
    if person is None:
        tell_denied(store, "open", at_work)
        raise stranger(at_work, roster)
    return person.name


def new_token() -> str:
    """A token that nobody can guess: 256 random bits."""
    return MARK + secrets.token_urlsafe(32)


def same_token(one: str, other: str) -> bool:
    """Whether two tokens are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(hashed(one), hashed(other))


def hashed(token: str) -> str:
    """What is kept of a token: its SHA-256. It is random and long, so that nothing slower is needed."""
    return sha256(token.encode(errors="surrogateescape")).hexdigest()


def token_given(environment: Mapping[str, str]) -> str | None:
    """The token of TPPQ_TOKEN, or of the file that TPPQ_TOKEN_FILE names; None where there is neither.

    Raises Misconfigured where both are set, or where the file cannot be read or is empty.
    """
    path, token = environment.get("TPPQ_TOKEN_FILE"), environment.get("TPPQ_TOKEN")
    if path and token:
        raise Misconfigured("TPPQ_TOKEN and TPPQ_TOKEN_FILE are both set: keep one")
    if not path:
        return token.strip() if token else None
    try:
        token = bounded.contents(Path(path), pipes=True).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Misconfigured(f"the token of TPPQ_TOKEN_FILE cannot be read: {path}: {said}") from None
    if not token:
        raise Misconfigured(f"TPPQ_TOKEN_FILE names {path}, which is empty")
    return token


def checked_name(name: str) -> str:
    """A name fit for a user. Raises UnknownName for one that could be taken for another's.

    Letters of one alphabet only, so that no two names look alike.
    """
    if _NAME.fullmatch(written("name", name)) is None:
        raise UnknownName(
            f"'{name}' cannot be the name of a user: write it as the operating system does, in up to 64 "
            "letters of A to Z, digits, and . _ @ + - \\ or blanks between them",
            field="name", value=name, nearest=None,
        )  # fmt: skip
    return name
