"""What takes two people: proposed by one, approved or rejected by another, nothing posted in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ledger import proposed, repeats, roster, trail, undoing
from ledger.accounts import Books
from ledger.answer import Answer
from ledger.entry import Entry
from ledger.errors import BadFeed, NotPermitted, OverHeadroom, Refused, SelfApproval, Tampered, UnknownName
from ledger.events import Telling
from ledger.feed import Feed
from ledger.line import always
from ledger.lookups import OWN_PREFIX
from ledger.model import GIVEN, TO_HEADROOM
from ledger.outcome import Receipt, Receipts
from ledger.people import People
from ledger.proposed import Proposal
from ledger.submission import Post, Verdict
from ledger.text import remarked, visible

_SOMEBODY = "(whoever approves)"
_LEAST_SEEN = 8
"""Characters of a hash that tell one proposal from all others."""

_LONGEST_WHY = 500
"""Characters that are kept of why something was not approved, which may repeat what was given."""

_KEPT = ("expires_at", "hash", "remark", "entries", "shown")


class Proposals(People):
    """The verbs of two people. Only a shared ledger has them: in another, each raises Misconfigured."""

    def propose(
        self, *entries: Entry, remark: str | None = None, request_id: str | None = None, dry_run: bool = False
    ) -> Proposal:
        """Propose entries as one submission; another person approves them, and then they are posted.

        They are judged now as they will be then: what is refused cannot be proposed. The answer has an id, a
        hash, and the headroom that each would leave; what repeats a proposal of yours that waits, with the
        same request ids, is answered with that one. Raises Refused, NotPermitted, BadQuery, BadFeed (none).
        """
        return self._propose(self._resolver.posts(entries, request_id), remark, dry_run=dry_run)

    def propose_file(self, feed: Feed, *, remark: str | None = None, dry_run: bool = False) -> Proposal:
        """Propose the rows of a file as one submission. Raises BadFeed, Refused, NotPermitted, BadQuery."""
        feed.check()
        if feed.row_count > proposed.MOST_ENTRIES:
            raise BadFeed(
                f"{feed.path} has {feed.row_count:,} rows, and a proposal holds {proposed.MOST_ENTRIES:,}: "
                "propose it in parts that somebody can look at",
                faults=[],
            )
        prefix = feed.content_sha256[:OWN_PREFIX]
        posts = [post for batch in feed.batches() for post in self._resolver.batch(batch, prefix)]
        return self._propose(posts, remark, dry_run=dry_run)

    def propose_reversal(self, seq: int, reason: str, *, dry_run: bool = False) -> Proposal:
        """Propose to undo one entry, whole. Raises UnknownName, AlreadyReversed, and as `propose`."""
        return self.propose(undoing.undoing(self._store, seq, reason), dry_run=dry_run)

    def propose_correction(
        self, seq: int, changes: Mapping[str, Any], reason: str, *, dry_run: bool = False
    ) -> Proposal:
        """Propose to undo one entry and post the right one in its place. Raises as `propose_reversal`."""
        both = undoing.correction(self._store, seq, changes, reason)
        try_out = partial(self.propose, dry_run=True)
        return self.propose(*undoing.in_order(try_out, *both), dry_run=dry_run)

    def pending(self, proposal: str | None = None) -> Answer:
        """What waits for a second person: one row per entry of each proposal (or of one), oldest first.

        Columns: proposal, by, at, part, kind, country, effective_on, license_no, device_id, quantity, tpp,
        reverses_seq, reason, headroom_tpp (left after it, when it was proposed), remark, expires_at, hash,
        expires_on, consignee, exporter, reference, request_id, programme, holder. Raises UnknownName (no such
        proposal is pending), NotPermitted, Misconfigured (not a shared ledger).
        """
        self._must_be_shared()
        self._must("ask")
        chosen = proposed.pending(self._proposals()) if proposal is None else [self._found(proposal)]
        rows = [row for each in chosen for row in each.rows()]
        answer = self._answer_of(proposed.COLUMNS, rows)
        return Answer(answer.held, answer.basis, {each.proposal: self._corrects(each) for each in chosen})

    def approve(self, proposal: str, *, seen: str | None = None, dry_run: bool = False) -> Receipts:
        """Approve what somebody else proposed, and post it: in their name, with you as the approver.

        It is judged again. `seen`, the hash of what was looked at (or its first 8 characters and more), binds
        the approval to that. Raises Refused where a rule no longer lets it pass, where headroom no longer
        suffices that was shown to, or would be further below zero than was shown, or where the break that it
        is for was put right, accepted or cleared since; SelfApproval, UnknownName, NotPermitted. Then nothing
        is posted, and that it was tried is recorded; where all of it was posted since, it waits no more.
        """
        if dry_run:
            chosen, posts, books = self._to_approve(proposal, seen)
            verdict = self._store.submit(posts, books, again=True, dry_run=True)
            self._must_stand(chosen, verdict)
            repeats.must_pass(verdict, chosen.proposal)
            return self._receipts(verdict)
        try:
            chosen, posts, books = self._to_approve(proposal, seen)
            verdict = self._store.submit(
                posts, books, again=True,
                tellings=lambda verdict: self._told_of(chosen, verdict),
                check=lambda verdict: self._must_stand(chosen, verdict),
            )  # fmt: skip
            repeats.must_pass(verdict, chosen.proposal)
        except Refused as refusal:
            about = {"proposal": proposed.called(proposal), "type": type(refusal).__name__}
            why = visible(refusal.detail[:_LONGEST_WHY])
            self._store.record([trail.told("approve", "refused", **about, why=why)], self.actor)
            raise
        return self._receipts(verdict)

    def reject(self, proposal: str, reason: str) -> Proposal:
        """Turn down what somebody else proposed. Raises SelfApproval, UnknownName, NotPermitted, BadQuery."""
        return self._end(self._another_persons(proposal, "reject"), "rejected", reason)

    def withdraw(self, proposal: str, reason: str) -> Proposal:
        """Take back what you proposed yourself. Raises UnknownName, NotPermitted, BadQuery (reason)."""
        self._must_be_shared()
        self._must("propose")
        chosen = self._found(proposal)
        if not roster.same(chosen.by, self.actor):
            raise NotPermitted(
                f"{chosen.proposal} is {chosen.by}'s, who alone can withdraw it; an approver can reject it",
                proposal=chosen.proposal, by=chosen.by,
            )  # fmt: skip
        return self._end(chosen, "withdrawn", reason)

    # ------------------------------------------------------------------------------------------- within

    def _propose(
        self,
        posts: Sequence[Post],
        remark: str | None,
        *,
        dry_run: bool = False,
        beside: Callable[[str], Sequence[Telling]] = lambda _proposal: (),
        still: Callable[[], None] = always,
    ) -> Proposal:
        """Propose these posts; with the proposal is recorded what is told `beside` it, if `still` lets it."""
        self._must_be_shared()
        self._must("propose")
        if not posts:
            raise BadFeed("there is no entry to propose", faults=[])
        remark = None if remark is None else remarked("remark", remark)
        while True:
            name = proposed.named(self._store.subjects(proposed.TOPIC)[0] + 1)
            books = self._books_of(self.actor, _SOMEBODY)
            verdict = self._store.submit(posts, books, again=True, dry_run=True)
            waits = self._repeated(posts)  # looked for last: what is proposed from here on takes the name
            if waits is not None and not verdict.replayed:
                return waits._replace(replayed=True)
            if waits is not None and repeats.is_whole(verdict) and not dry_run:
                self._end(waits, "overtaken", repeats.since(verdict))
            repeats.must_pass(verdict, "what is proposed")
            shown = [receipt.headroom_tpp for receipt in self._receipts(verdict)]
            entries = proposed.as_entries(posts, [tpp < 0 for tpp in shown])
            head, now = self._store.head(), self._never_back()
            expires_at = proposed.expiry(now, self._terms.approval.days)
            bound = proposed.content_hash(head.origin, name, self.actor, expires_at, entries)
            proposal = Proposal(name, self.actor, now, expires_at, bound, remark, entries, shown)
            if dry_run:
                return proposal
            detail = {each: getattr(proposal, each) for each in _KEPT} | {"shown_seq": head.seq}
            tellings = [Telling(proposed.TOPIC, name, "proposed", detail), *beside(name)]
            try:
                made = self._store.record(tellings, self.actor, partial(self._must_be_free, name, still))
            except _Taken:
                continue
            return proposal._replace(at=made[0].at)

    def _repeated(self, posts: Sequence[Post]) -> Proposal | None:
        """What waits that this user proposed with the same entries and request ids, if it is there."""
        asked = [(post.request_id, post.part, post.body_hash) for post in posts]
        waiting = proposed.pending(self._proposals())
        of_own = (each for each in waiting if roster.same(each.by, self.actor))
        return next((each for each in of_own if each.asked() == asked), None)

    def _must_be_free(self, name: str, still: Callable[[], None]) -> None:
        """Under the lock: that the proposer still may, and that nobody has just used this id."""
        roster.must_still(self._store, "propose", self.actor)
        still()
        if self._about(name):
            raise _Taken

    def _to_approve(self, proposal: str, seen: str | None) -> tuple[Proposal, Sequence[Post], Books]:
        """What is to be approved, if it is what was looked at; its entries, and books for them."""
        chosen = self._another_persons(proposal, "approve")
        if seen is not None and not (len(seen) >= _LEAST_SEEN and chosen.hash.startswith(seen.lower())):
            raise UnknownName(
                f"{chosen.proposal} is {chosen.hash[:16]}, not {seen}: look at it again (tppq pending "
                f"{chosen.proposal}), and approve what you see",
                field="hash", value=seen, nearest=chosen.hash,
            )  # fmt: skip
        return chosen, chosen.posts(), self._books_of(chosen.by, self.actor, chosen.proposal)

    def _another_persons(self, proposal: str, verb: str) -> Proposal:
        """The pending proposal, which somebody else made and which this user may decide on."""
        self._must_be_shared()
        self._must("approve", proposal=proposed.called(proposal))
        chosen = self._found(proposal)
        if roster.same(chosen.by, self.actor):
            way_out = "tppq withdraw takes it back" if verb == "reject" else "another approver must"
            raise SelfApproval(
                f"{self.actor} proposed {chosen.proposal}, and nobody {verb}s their own proposal: {way_out}",
                actor=self.actor, approver=self.actor, proposal=chosen.proposal,
            )  # fmt: skip
        return chosen

    def _must_stand(self, chosen: Proposal, verdict: Verdict) -> None:
        """Under the lock: still pending, both still in their roles, and posting it does what it showed."""
        self._found(chosen.proposal)
        self._must_not_be_overtaken(chosen)
        so = f": {chosen.proposal} cannot be posted"
        roster.must_still(self._store, "approve", self.actor, so, proposal=chosen.proposal)
        roster.must_still(self._store, "propose", chosen.by, so, proposal=chosen.proposal)
        origin = self._store.head().origin
        if chosen.hash != proposed.content_hash(
            origin, chosen.proposal, chosen.by, chosen.expires_at, chosen.entries
        ):
            raise Tampered(
                f"{chosen.proposal} is not what its hash was made of: run tppq verify",
                proposal=chosen.proposal,
            )
        if repeats.is_whole(verdict):
            return
        repeats.must_pass(verdict, chosen.proposal)
        for left, entry, shown in zip(self._receipts(verdict), chosen.entries, chosen.shown, strict=True):
            deeper = left.headroom_tpp < shown and TO_HEADROOM[entry["kind"]] < 0
            if left.headroom_tpp < 0 and (deeper or not entry["below_zero"]):
                raise OverHeadroom(
                    f"{chosen.proposal} would now take {left.country} {-left.headroom_tpp:,} TPP below zero; "
                    f"when it was proposed it left {shown:,}: reject it, and have it proposed anew if it is "
                    "meant so",
                    country=left.country, asked_tpp=left.tpp, headroom_tpp=left.headroom_tpp + left.tpp,
                    short_by_tpp=-left.headroom_tpp, fits=None,
                )  # fmt: skip

    def _corrects(self, proposal: Proposal) -> str:
        """What a correction would change in the entry that it undoes; empty for what is none."""
        undo, right = proposed.correction(proposal.entries)
        rows = self._store.read("given", seq=undo["reverses_seq"]) if undo else ()
        return proposed.changes(undo, right, dict(zip(GIVEN, rows[0], strict=True))) if rows else ""

    def _must_not_be_overtaken(self, _chosen: Proposal) -> None:
        """That nothing happened since by which it would be posted in vain, or twice."""

    def _told_of(self, chosen: Proposal, verdict: Verdict) -> Sequence[Telling]:
        """What an approval tells: that it was given, or that all of it was posted since."""
        about = {"hash": chosen.hash}
        if repeats.is_whole(verdict):
            why = {**about, "reason": repeats.since(verdict)}
            return [Telling(proposed.TOPIC, chosen.proposal, "overtaken", why)]
        told = Telling(proposed.TOPIC, chosen.proposal, "approved", about)
        return [told, *self._told_beside(chosen, self._receipts(verdict))]

    def _told_beside(self, _chosen: Proposal, _receipts: Sequence[Receipt]) -> Sequence[Telling]:
        """What else is recorded with an approval, in the same transaction."""
        return ()

    def _end(self, chosen: Proposal, action: str, reason: str) -> Proposal:
        act: roster.Act = "approve" if action == "rejected" else "propose"

        def still() -> None:
            roster.must_still(self._store, act, self.actor)
            self._found(chosen.proposal)

        why = {"hash": chosen.hash, "reason": remarked("reason", reason)}
        telling = Telling(proposed.TOPIC, chosen.proposal, action, why)
        self._store.record([telling], self.actor, still)
        return self._about(chosen.proposal)[chosen.proposal]

    def _found(self, given: str) -> Proposal:
        """The pending proposal that is meant. Raises UnknownName: why there is none, and which there are."""
        about = self._about(given)
        return proposed.found(about if proposed.pending(about) else self._proposals() | about, given)

    def _about(self, given: str) -> proposed.Proposals:
        """The proposal that is meant, whatever became of it; nothing where there is none."""
        events = self._store.events(proposed.TOPIC, proposed.called(given))
        return proposed.fold(events, self._now_as_told())

    def _books_of(self, actor: str, approver: str, but: str | None = None) -> Books:
        return Books(
            self._terms, self._store.today(), actor, approver, self._reference.devices,
            reserved=self._reserved(but),
        )  # fmt: skip


class _Taken(Exception):
    """Another process has just used this id."""
