"""What people do about breaks: take one, remark on it, propose what puts it right, accept it.

Every deed is an event. What corrects the ledger takes two people: one proposes, another confirms, and only
then is it posted. No verb clears a break: a later run does, that no longer finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from ledger import proposed, recon_steps, roster
from ledger.accounts import Books
from ledger.entry import Entry
from ledger.errors import BadQuery, Busy, Misconfigured, NotPermitted, Refused, SelfApproval
from ledger.events import Telling
from ledger.outcome import Receipt, Receipts
from ledger.proposals import Proposals
from ledger.proposed import Proposal
from ledger.question import day
from ledger.recon_alone import by_hand
from ledger.recon_asked import Breaks
from ledger.recon_breaks import DONE, TOPIC, BreakStanding, fold
from ledger.recon_steps import Proposed, Purpose
from ledger.text import named, remarked, visible


class BreakWork(Breaks, Proposals):
    """The verbs about breaks."""

    def break_take(self, name: str, officer: str | None = None) -> BreakStanding:
        """Take a break on, or give it to another officer: in a shared ledger, one of its users.

        Answers with where the break then stands, as the other verbs here do. Raises UnknownName, BadQuery
        (no text, or nothing is left to do), NotPermitted; and, as they do, Busy where somebody did something
        else about it meanwhile.
        """
        officer = self.actor if officer is None else self._user(named("officer", officer))
        return self._deed(name, "taken", {"officer": officer})

    def break_comment(self, name: str, text: str) -> BreakStanding:
        """Remark on a break; it stays where it is. Raises as `break_take`; BadQuery for no text."""
        return self._deed(name, "commented", {"text": remarked("text", text)})

    def break_propose(
        self,
        name: str,
        *,
        reverse: Sequence[int] = (),
        correct: int | None = None,
        changes: Mapping[str, Any] | None = None,
        purpose: Purpose | None = None,
        reason: str | None = None,
    ) -> BreakStanding:
        """Propose what puts a break right: what the run drafted, or these entries. Nothing is posted.

        `reverse`: entries to undo; `correct` with `changes`: an entry that should say something else.
        `purpose` "block" proposes to set aside what is at stake, "unblock" to give it back, also once the
        break is no longer open; it goes with none of the others. Raises BadQuery where nothing is drafted,
        what is named does not go together, or in a shared ledger another proposal for the same is pending;
        Refused, UnknownName, NotPermitted.
        """
        self._must("propose")
        if purpose is not None and (reverse or correct is not None or changes):
            raise BadQuery(
                f"{purpose} is proposed by itself: what reverses or corrects an entry is another proposal"
            )
        if (correct is not None) != bool(changes):
            raise BadQuery(
                "an entry to correct and what is right in it go together: name both (--correct SEQ --set "
                "KEY=VALUE), or neither"
            )
        standing = self._standing(name) if purpose == "unblock" else self._open(name)
        self._must_be_alone(standing, purpose)
        steps: list[dict[str, Any]] = [{"reverse": seq} for seq in reverse]
        if correct is not None:
            steps.append({"correct": correct, "changes": dict(changes or {})})
        drafted = visible(f"break {standing.seen.fingerprint}: {standing.seen.detail}")
        why = remarked("reason", drafted if reason is None else reason)
        if purpose is not None:
            steps = self._setting_aside(standing) if purpose == "block" else recon_steps.lift(standing)
        entries = recon_steps.entries(
            self._store, standing, steps or recon_steps.drafted(standing), why, self._would_post
        )
        given = [each.model_dump(mode="json") for each in entries]
        detail = {"entries": given, "reason": why, **({} if purpose is None else {"purpose": purpose})}
        if not self.shared:
            self._would_post(*entries)
            return self._deed(name, "proposed", detail, act="propose")
        called = standing.seen.fingerprint
        self._propose(
            self._resolver.posts(entries, None), why,
            beside=lambda made: [Telling(TOPIC, called, "proposed", {**detail, "proposal": made})],
            still=partial(self._must_stand_as, standing, "propose"),
        )  # fmt: skip
        return self._standing(called)

    def break_confirm(self, name: str) -> Receipts:
        """Confirm what somebody else proposed, and post it: in their name, with you as the approver.

        Where several proposals wait, it is the last of them. Raises SelfApproval, Refused, UnknownName,
        BadQuery (nothing is proposed), NotPermitted, Busy (somebody did something about the break meanwhile);
        then nothing is posted.
        """
        standing = self._standing(name)
        called, waiting = standing.seen.fingerprint, self._waiting(standing)
        if not waiting:
            today = self._store.today()
            is_over = recon_steps.over(standing, today)
            raise BadQuery(
                f"break {called} is {standing.state_on(today)}: tppq break propose comes first"
                if is_over is None
                else f"nothing waits to be confirmed: break {called} {is_over}",
                query=called,
            )
        of_others = [each for each in waiting if not roster.same(each.by, self.actor)]
        chosen = (of_others or waiting)[-1]
        if self.shared:
            return self.approve(chosen.proposal or "")
        if not of_others:
            raise SelfApproval(
                f"{self.actor} proposed what is to be confirmed about {called}: another person must, or, if "
                f"there is none, {by_hand(chosen.entries)} posts it",
                actor=self.actor, approver=self.actor,
            )  # fmt: skip
        entries = [Entry.model_validate(each) for each in chosen.entries]
        return self._judged(entries, chosen.by, self.actor, (standing, chosen))

    def break_accept(
        self, name: str, *, reason: str, until: date | str, approver: str | None = None
    ) -> BreakStanding:
        """Accept a difference until a day, for a reason, approved by a second person.

        In a shared ledger you are the approver, and somebody else must have taken the break, and have been
        the last to take it, give it away or propose something; naming an approver there is refused. Else
        `approver` names them. Raises SelfApproval, UnknownName, BadQuery (no day to come, no text),
        Misconfigured (no second person), NotPermitted.
        """
        last_day, why = day(until), remarked("reason", reason)
        standing = self._open(name)
        if last_day is None or last_day < self._store.today():
            raise BadQuery(f"{until} is over: a break is accepted until a day to come", query=str(until))
        if self.shared:
            if approver is not None:
                said = f"{approver} approves with a login of their own, not by being named"
                raise NotPermitted(f"{visible(said)}: let them run tppq break accept")
            asked, approver = standing.asked_by if standing.officer else None, self.actor
        else:
            asked, approver = self.actor, None if approver is None else named("approver", approver)
        if approver is None or asked is None:
            raise Misconfigured(
                "accepting a difference takes two people: --approver names the second; in a shared ledger, "
                "somebody takes the break (tppq break take) and another accepts it",
            )
        for maker in (asked, standing.officer if self.shared else None):
            if maker is not None and roster.same(maker, approver):
                raise SelfApproval(
                    f"{approver} cannot approve what {maker} asks for: another person must",
                    actor=maker, approver=approver,
                )  # fmt: skip
        detail = {"reason": why, "until": last_day, "approver": approver, "asked_by": asked}
        return self._deed(name, "accepted", detail, act="approve")

    # ------------------------------------------------------------------------------------------- within

    def _open(self, name: str) -> BreakStanding:
        """The break, if it still needs work. Raises UnknownName, BadQuery."""
        standing, today = self._standing(name), self._store.today()
        if not standing.is_open_on(today):
            state = standing.state_on(today)
            raise BadQuery(f"break {standing.seen.fingerprint} is {state}: nothing is left to do", query=name)
        return standing

    def _deed(
        self, name: str, action: str, detail: Mapping[str, Any], *, act: roster.Act = "reconcile"
    ) -> BreakStanding:
        """Record what somebody did about a break, if it stands as it did when they looked."""
        self._must(act)
        standing = self._standing(name) if detail.get("purpose") == "unblock" else self._open(name)
        called = standing.seen.fingerprint
        telling = Telling(TOPIC, called, action, dict(detail))
        self._store.record([telling], self.actor, partial(self._must_stand_as, standing, act))
        return self._standing(called)

    def _must_stand_as(self, standing: BreakStanding, act: roster.Act) -> None:
        """Under the lock: that the break stands as it did when they looked, and that they still may."""
        if self.shared:
            roster.must_still(self._store, act, self.actor)
        called = standing.seen.fingerprint
        now = self._store.events(TOPIC, called)
        if now[-1].seq != standing.history[-1].seq:
            raise Busy(
                f"break {called} was {now[-1].action} by {now[-1].actor} meanwhile: look at it again "
                f"(tppq break show {called})"
            )

    def _must_be_alone(self, standing: BreakStanding, purpose: Purpose | None) -> None:
        """That no proposal for the same is pending: both would be posted. Raises BadQuery."""
        called, pending = standing.seen.fingerprint, self._pending()
        for each in recon_steps.proposed(standing):
            if each.purpose == purpose and each.proposal in pending:
                raise BadQuery(
                    f"{each.proposal} of {each.by} waits already for break {called}: confirm, reject or "
                    f"withdraw it first (tppq pending {each.proposal})"
                    if each.overtaken is None
                    else each.why_not(called),
                    query=called,
                )

    def _pending(self) -> set[str | None]:
        """The ids of what waits for a second person; in a ledger of one person there is none."""
        return {each.proposal for each in proposed.pending(self._proposals())} if self.shared else set()

    def _waiting(self, standing: BreakStanding) -> list[Proposed]:
        """What was proposed for a break and can be confirmed, oldest first.

        In a shared ledger, where none of it is pending: what was, of which `approve` says how it ended.
        """
        made = [each for each in recon_steps.proposed(standing) if each.overtaken is None]
        if not self.shared:
            return made
        pending = self._pending()
        return [each for each in made if each.proposal in pending] or [each for each in made if each.proposal]

    def _made_for(self, chosen: Proposal) -> tuple[BreakStanding, Proposed] | None:
        """The break that a proposal was made for, and what was proposed; None: it was made for none."""
        for event in self._store.events_done(TOPIC, "proposed"):
            if event.detail.get("proposal") == chosen.proposal:
                standing = fold(self._store.events(TOPIC, event.subject))[event.subject]
                made = {each.seq: each for each in recon_steps.proposed(standing)}
                return standing, made[event.seq]
        return None

    def _must_not_be_overtaken(self, chosen: Proposal) -> None:
        """Under the lock: that its break was not put right, accepted or cleared since. Raises Refused."""
        standing, made = self._made_for(chosen) or (None, None)
        if standing is not None and made is not None and made.overtaken is not None:
            raise Refused(made.why_not(standing.seen.fingerprint), proposal=chosen.proposal)

    def _told_beside(self, chosen: Proposal, receipts: Sequence[Receipt]) -> Sequence[Telling]:
        """Of the break that a proposal was made for, that it was confirmed, whichever verb approved it."""
        found = self._made_for(chosen)
        return () if found is None else _confirmed(*found, receipts)

    def _setting_aside(self, standing: BreakStanding) -> list[dict[str, Any]]:
        """The steps that set aside what is at stake, as far as it is left."""
        country = standing.seen.country
        left = self._mirror.now([country])[0].column("headroom_tpp") if country else []
        return recon_steps.set_aside(standing, sum(left), self._store.today())

    def _would_post(self, *entries: Entry) -> None:
        """Whether these would be posted if somebody confirmed them now. Raises Refused."""
        if self.shared:
            self.propose(*entries, dry_run=True)
        else:
            self._judged(entries, self.actor, "(whoever confirms)")

    def _judged(
        self,
        entries: Sequence[Entry],
        actor: str,
        approver: str,
        of: tuple[BreakStanding, Proposed] | None = None,
    ) -> Receipts:
        """Judge entries as posted by one and approved by another; those `of` a proposal are posted.

        A proposal is posted once, however often it is confirmed.
        """
        books = Books(self._terms, self._store.today(), actor, approver, self._reference.devices)
        if of is None:
            verdict = self._store.submit(self._resolver.posts(entries, None), books, again=True, dry_run=True)
        else:
            standing, chosen = of
            request_id = f"break-{standing.seen.fingerprint}-{chosen.seq}"
            verdict = self._store.submit(
                self._resolver.posts(entries, request_id), books, again=True,
                tellings=lambda made: _confirmed(standing, chosen, self._receipts(made)),
                check=lambda _: self._must_stand_as(standing, "approve"),
            )  # fmt: skip
        if verdict.declined:
            refusal: Refused = verdict.declined[0].refusal
            raise refusal
        return self._receipts(verdict)


def _confirmed(standing: BreakStanding, chosen: Proposed, receipts: Sequence[Receipt]) -> list[Telling]:
    """What is told of a break with the entries that were proposed for it."""
    name, seq = standing.seen.fingerprint, max(receipt.seq for receipt in receipts)
    of = {"proposal": chosen.proposal, "purpose": chosen.purpose}
    which = {field: value for field, value in of.items() if value is not None}
    return [
        Telling(TOPIC, name, "confirmed", which),
        Telling(TOPIC, name, DONE[chosen.purpose], {"seq": seq}),
    ]
