"""Users of a shared ledger: who they are, what they may do, and by which token a program knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import orjson

from ledger import roster
from ledger.accounts import Asked
from ledger.answer import Answer
from ledger.base import Opened
from ledger.errors import Misconfigured, NotPermitted, UnknownName
from ledger.events import Telling
from ledger.feed import Feed
from ledger.lookups import OWN_PREFIX
from ledger.roster import Person, Role, Roster
from ledger.submission import Post
from ledger.text import written

_USERS = {
    "name": "string", "roles": "string", "token": "bool", "added_at": "string", "added_by": "string"
}  # fmt: skip


class People(Opened):
    """The verbs about users, which only an admin of a shared ledger has, and `share`, which makes one.

    But for `share`, each raises Misconfigured where the ledger is not shared.
    """

    def users(self) -> Answer:
        """One row per user: name, roles, token (whether they have one), added_at, added_by.

        Raises Misconfigured (not a shared ledger), NotPermitted.
        """
        self._must_be_shared()
        self._must("user")
        people = sorted(roster.of(self._store).values(), key=lambda each: roster.key(each.name))
        rows = [
            {
                "name": each.name, "roles": each.words, "token": each.token_sha256 is not None,
                "added_at": each.added_at, "added_by": each.added_by,
            }
            for each in people
        ]  # fmt: skip
        return self._answer_of(_USERS, rows)

    def add_user(self, name: str, *roles: Role | str) -> Person:
        """Make somebody a user, a viewer if no role is named. Raises UnknownName, BadQuery, NotPermitted."""
        wanted = _roles(roles or (Role.viewer,))
        name = roster.checked_name(name)

        def check(people: Roster) -> None:
            if found := people.get(roster.key(name)):
                raise NotPermitted(
                    f"{found.name} is a user already ({found.words}): tppq user role changes that",
                    name=name,
                )

        return self._change(name, "added", {"roles": wanted}, check)

    def set_roles(self, name: str, *roles: Role | str) -> Person:
        """Give a user these roles in place of those they had. Raises UnknownName, BadQuery, NotPermitted."""
        if not roles:
            raise UnknownName("no role was named: write at least one", field="role", value="", nearest=None)
        wanted = _roles(roles)

        def check(people: Roster) -> None:
            person = _known(people, name)
            if Role.admin not in wanted:
                _not_the_last_admin(people, person, "take the role from them")

        return self._change(name, "roles", {"roles": wanted}, check)

    def remove_user(self, name: str) -> None:
        """From now on they may do nothing; what they did stays. Raises as `set_roles`."""

        def check(people: Roster) -> None:
            _not_the_last_admin(people, _known(people, name), "remove them")

        self._change(name, "removed", {}, check)

    def new_token(self, name: str) -> str:
        """A token by which a program acts as this user, told once; the one before it is good no longer.

        Raises UnknownName, BadQuery, NotPermitted, Misconfigured (not a shared ledger).
        """
        token = roster.new_token()
        self._keep_token(name, roster.hashed(token))
        return token

    def revoke_token(self, name: str) -> None:
        """From now on no token is this user's. Raises as `new_token`."""
        self._keep_token(name, None)

    def share(self) -> Person:
        """Make a ledger of one person a ledger of many, for good; whoever does is its first admin.

        From then on only users open it, each may do what their roles include, and what takes two people is
        proposed. Where it is open elsewhere, it is to be opened anew. Raises NotPermitted where it is shared.
        """
        first = roster.share(self._store, self.actor)
        self.actor, self.shared = first.name, True
        return first

    # ------------------------------------------------------------------------------------------- within

    def _keep_token(self, name: str, sha256: str | None) -> None:
        def check(people: Roster) -> None:
            _known(people, name)

        self._change(name, "token", {"sha256": sha256}, check)

    def _change(
        self, name: str, action: str, detail: dict[str, object], check: Callable[[Roster], None]
    ) -> Person:
        """Record one change to the roster, after `check` has seen it under the lock."""
        self._must_be_shared()
        self._must("user")

        def under_lock() -> None:
            roster.must_still(self._store, "user", self.actor)
            check(roster.of(self._store))

        known = roster.of(self._store).get(roster.key(written("name", name)))
        subject = known.name if known is not None else name
        events = self._store.record([Telling(roster.TOPIC, subject, action, detail)], self.actor, under_lock)
        after = roster.of(self._store).get(roster.key(subject))
        return after or Person(subject, frozenset(), None, events[0].at, self.actor)

    def _user(self, name: str) -> str:
        """The user of a shared ledger who is meant, as they are written; in another, any name is somebody's.

        Raises UnknownName.
        """
        return _known(roster.of(self._store), name).name if self.shared else name

    def _must_be_shared(self) -> None:
        if not self.shared:
            raise Misconfigured(
                f"{self._store.database.name} belongs to one person and has no users: "
                "tppq db init --shared makes it a ledger of many, for good",
                store=self._store.database.name,
            )

    def _may_post_file(self, feed: Feed, approver: str | None, *, dry_run: bool) -> None:
        """As `_may_post`, of a file that is written in groups: before any of it is."""
        if self.shared:
            prefix = feed.content_sha256[:OWN_PREFIX]
            for batch in feed.batches():
                self._may_post(self._resolver.batch(batch, prefix), approver, dry_run=dry_run)

    def _may_post(self, posts: Sequence[Post], approver: str | None, *, dry_run: bool) -> None:
        """Raise NotPermitted for what nobody posts alone in a shared ledger: the way is tppq propose.

        A request that was posted before, with its second person or without, is answered again, or as reused.
        That somebody tried is recorded, but for a dry run, which writes nothing.
        """
        if not self.shared:
            return
        self._must("post", leaves_trace=not dry_run)
        if approver is not None:
            said = f"{approver} approves with a login of their own, not by being named"
            raise self._to_propose(said, dry_run=dry_run)
        approval = self._terms.approval
        by_two = [
            (post, f"{asked.country}: {why} takes two people")
            for post in posts
            if isinstance(asked := post.asked, Asked)
            and (why := approval.why(asked.kind, asked.tpp, reverses=asked.reverses_seq is not None))
        ]
        posted = self._posted([post.request_id for post, _ in by_two]) if by_two else ()
        for post, said in by_two:
            if post.request_id not in posted:
                raise self._to_propose(said, dry_run=dry_run)

    def _posted(self, request_ids: Sequence[str]) -> set[str]:
        """Of these requests, those that have entries; they have them for good."""
        rows = self._store.read("answers", request_ids=orjson.dumps(request_ids).decode())
        return {request_id for request_id, _, _, problem, _ in rows if problem is None}

    def _to_propose(self, why: str, *, dry_run: bool) -> NotPermitted:
        """What is said of an entry that nobody posts alone."""
        if not dry_run:
            roster.tell_denied(self._store, "post", self.actor, why=why)
        return NotPermitted(
            f"{why}; nothing was written: propose it (tppq propose), for another to approve (tppq approve)"
        )


def _roles(given: Iterable[Role | str]) -> list[str]:
    """Roles as they are recorded, in the order of the table. Raises UnknownName."""
    found = set()
    for each in given:
        try:
            found.add(Role(each))
        except ValueError:
            known = ", ".join(Role)
            raise UnknownName(
                f"no role '{each}': write {known}", field="role", value=str(each), nearest=None
            ) from None
    return [role.value for role in Role if role in found]


def _known(people: Roster, name: str) -> Person:
    person = people.get(roster.key(name))
    if person is None:
        names = ", ".join(sorted(each.name for each in people.values()))
        raise UnknownName(
            f"no user '{name}' in this ledger: there are {names}", field="name", value=name, nearest=None
        )
    return person


def _not_the_last_admin(people: Roster, person: Person, what: str) -> None:
    admins = [each for each in people.values() if Role.admin in each.roles]
    if admins == [person]:
        raise NotPermitted(
            f"{person.name} is the last admin: first make another (tppq user role NAME admin, with the roles "
            f"that they are to keep), then {what}",
            name=person.name,
        )
