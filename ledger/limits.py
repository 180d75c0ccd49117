"""What each guard of the ledger stops, and what it does not: said plainly, for whoever has to rely on it."""

from __future__ import annotations

from typing import NamedTuple


class Guard(NamedTuple):
    """One guard: its name, what it stops or shows, what gets past it."""

    guard: str
    stops: str
    does_not_stop: str


GUARDS = (
    Guard(
        "rules, and checks of the store",
        "an entry over headroom or over its license, by two writers at once too; balances below zero",
        "an entry that is true to the rules and false to the facts: that is for reconciliation",
    ),
    Guard(
        "append-only triggers",
        "update, delete, truncate and replace, by anybody who comes with SQL alone",
        "the owner of the database, a superuser, or whoever can write to the file: they can drop them. "
        "At every start they are compared word for word",
    ),
    Guard(
        "four eyes",
        "one person alone: maker and approver are two names in one hashed entry",
        "two people who agree, or one who has the credentials of both",
    ),
    Guard(
        "hash chain",
        "a change to any field of any entry or event, one removed, added, moved: verify names the first; "
        "and a field that holds what no entry can, however well it was hashed",
        "a chain made anew from there to its end, head included, by whoever can write everything",
    ),
    Guard(
        "tree in the head",
        "an entry that is not what was committed to when it was posted",
        "the same: the head is in the same store",
    ),
    Guard(
        "balances, three ways",
        "a balance, a running headroom or a license's dates that do not follow from the entries",
        "entries and balances changed together: the chain and the tree show that, or a checkpoint",
    ),
    Guard(
        "signed checkpoint",
        "entries or events other than those that were signed, by whoever has not the key",
        "whoever has the key, an old one too for as long as others take it; what came after the last "
        "checkpoint; and if it is kept in the store alone, a cut: records of checkpoints go with the tail",
    ),
    Guard(
        "checkpoint kept elsewhere",
        "a tail that was cut, a history made anew, an older copy, of entries and of events: with verify "
        "--checkpoint, and in part at every start (TPPQ_CHECKPOINT)",
        "whoever can change that file too, where no key is named to check it by; and what came after it",
    ),
    Guard(
        "proofs given to others",
        "a ledger that shows one history here and another there, as soon as two of them compare checkpoints",
        "a holder who never checks",
    ),
    Guard(
        "salted leaves",
        "reading an entry from the published tree, or confirming a guess at what it says",
        "whoever has the salt key, which is in the head, or was shown the entry",
    ),
    Guard(
        "log of events",
        "a change to who did what, or to which checkpoints there were: it is a chain of its own",
        "its own tail cut, or made anew, after the last event that a checkpoint kept elsewhere covers",
    ),
    Guard(
        "answers that were kept",
        "a refusal changed or replaced by anybody who comes with SQL alone; a repeat answered otherwise",
        "whoever can drop the triggers: refusals are in no chain; verify names those that cannot be read",
    ),
    Guard(
        "copies beside the store",
        "a copy that ends in another hash than the store is left aside; verify holds the kinds, countries, "
        "days and TPP of every copy to the ledger",
        "a change to the other columns of a copy: remove its folder (FILE-segments), it is made anew",
    ),
)
