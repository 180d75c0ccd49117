"""Evidence to hand out: signed checkpoints, proofs of one entry or between two checkpoints, tiles.

What is handed out can be checked by `tppq-verify`, and by any tool of C2SP, without this ledger.
"""

from __future__ import annotations

import os
import shlex
from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from struct import iter_unpack
from typing import Any

import orjson

from ledger import anchors, continued, kept, merkle, question, rereading, tiles
from ledger.anchors import TOPIC, Recorded
from ledger.base import Opened
from ledger.errors import Busy, Misconfigured, Refused, Tampered, UnknownName
from ledger.events import Telling
from ledger.notes import Checkpoint, Signer
from ledger.rehashing import hashed
from ledger.submission import Head

PROOF = "c2sp.org/tlog-proof@v1"
"""The first line of a proof that an entry is there."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed: the note, what it says, by which key; how many entries were read again.

    `written`: files of tiles; `recorded`: False where the same checkpoint stood in the log already.
    """

    note: str
    size: int
    root: str
    head_hash: str
    key: str
    reread: int
    written: int
    recorded: bool


class Proofs(Opened):
    """The part of a ledger that gives evidence of it."""

    def new_key(self, path: str | os.PathLike[str]) -> str:
        """Make a key that signs for this ledger, in a new file; what others need to check what it signs.

        Raises Misconfigured where there is a file of that name.
        """
        self._must("checkpoint")
        signer = Signer.new(self._store.head().origin)
        try:
            signer.write(Path(path))
        except OSError as error:
            raise Misconfigured(f"the key cannot be written to {path}: {error.strerror}") from error
        return str(signer.verifier)

    def checkpoint(
        self,
        signer: Signer,
        *,
        keep: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
        folder: str | os.PathLike[str] | None = None,
    ) -> Signed:
        """Sign what the ledger holds now, after reading again all that came since the last checkpoint.

        That is entries and events. `keep`: a file outside the store, or several, with the last checkpoint and
        then this one. `folder`: the tiles, brought up to date. The checkpoint is recorded as an event, unless
        nothing came since the last but its own record. Raises Tampered, and signs nothing, where the ledger
        does not continue every checkpoint that is known; Misconfigured (the key is another ledger's), Busy,
        NotPermitted, Unreachable, BadFeed (a kept file is no checkpoint by this key).
        """
        self._must("checkpoint")
        places = [Path(each) for each in ([keep] if isinstance(keep, (str, os.PathLike)) else keep)]
        folder = None if folder is None else Path(folder)
        folders = [*(each.parent for each in places), *([] if folder is None else [folder])]
        with kept.alone(folders, self._store.database.busy_seconds):
            return self._signed(signer, places, folder)

    def _signed(self, signer: Signer, places: Sequence[Path], folder: Path | None) -> Signed:
        """As `checkpoint`, with nobody else at these places."""
        known = self._recorded()
        outside = [kept.read(path, signer.verifier, pipes=False) for path in places if path.exists()]
        served = tiles.served(folder, signer.verifier) if folder is not None else None
        head = self._store.head()
        wanted = {each.size: each.root for each in known}
        signed = [*outside, *([served[0]] if served else [])]
        for each in signed:
            continued.must_be_of(each, head)
            if wanted.setdefault(each.size, each.root) != each.root:
                raise continued.forked(each.size)
        continued.must_reach(head, wanted)
        if signer.verifier.name != head.origin:
            raise Misconfigured(
                f"the key signs as {signer.verifier.name}, and this ledger is {head.origin}: make a key for "
                "it with tppq checkpoint --new-key FILE"
            )
        tree = (served[1] if served else merkle.Tree()) if folder is not None else None
        if tree is not None:
            right = merkle.edge_of(len(tree), tree.node)
        else:
            oldest, right = continued.base(known, outside, signer)
            signed.extend([oldest] if oldest else [])
        start = right.size
        hashes = self._reread(right, head, wanted, is_served=served is not None)
        if tree is not None:
            tree.extend(hashes)
            for size, root in wanted.items():
                if merkle.edge_of(size, tree.node).root() != root:
                    raise continued.forked(size)
        made = Checkpoint(head.origin, right.size, right.root())
        events, last_event = continued.last_event(self._store, signed, known, made)
        made = made._replace(events=events, last_event=last_event)
        note = signer.sign(made.text())
        new = all(each.note != note for each in known)
        if new:
            self._record(made, right, note, head.hash, signer)
        written = tiles.write(folder, tree, start, note) if folder is not None and tree is not None else 0
        for path in places:
            kept.write(path, note)
        return Signed(
            note, made.size, made.root.hex(), head.hash, str(signer.verifier), made.size - start, written, new
        )

    def prove(self, seq: int, *, private: bool = False, folder: str | os.PathLike[str] | None = None) -> str:
        """A proof that an entry is under the last checkpoint, to be given to somebody else (C2SP tlog-proof).

        It shows the entry, unless `private`: then only when it was recorded. With the tiles of a `folder` the
        history is not read again. Raises BadQuery (seq is no number), UnknownName, Refused (no checkpoint yet
        covers it), BadFeed (tiles of another ledger), Tampered.
        """
        self._must("checkpoint")
        seq = question.seq(seq)
        head = self._store.head()
        if not 0 < seq <= head.seq:
            raise UnknownName(
                f"there is no entry {seq:,} in this ledger: its last is {head.seq:,}",
                field="seq", value=str(seq), nearest=None,
            )  # fmt: skip
        last = self._last_recorded()
        if last is None or last.size < seq:
            covers = f"the last checkpoint covers {last.size:,} entries" if last else "there is no checkpoint"
            raise Refused(
                f"entry {seq:,} is under no checkpoint yet ({covers}): run tppq checkpoint", seq=seq
            )
        page = rereading.entry(self._store, seq)
        body, salt = page.bodies[0], merkle.salt_of(bytes.fromhex(head.salt_key), seq)
        leaf = merkle.leaf(
            head.origin, seq, page.recorded_at[0], page.hash_v[0], merkle.commitment(salt, body)
        )
        tree = self._tree(head, last, folder)
        proof = merkle.inclusion_proof(seq - 1, last.size, tree.node)
        if not merkle.includes(seq - 1, last.size, merkle.leaf_hash(leaf), proof, last.root):
            raise Tampered(f"entry {seq:,} is not what was signed: run tppq verify", seq=seq)
        shown: dict[str, str] = {"leaf": leaf.decode()}
        if not private:
            shown |= {"body": body.decode(), "salt": salt.hex()}
        extra = b64encode(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).decode()
        return f"{PROOF}\nextra {extra}\nindex {seq - 1}\n{_lines(proof)}\n{last.note}"

    def prove_since(
        self, old: str | os.PathLike[str], *, folder: str | os.PathLike[str] | None = None
    ) -> str:
        """A proof that the last checkpoint continues an older one (C2SP tlog-witness, add-checkpoint).

        Raises BadFeed (no checkpoint of this ledger, nor tiles), Tampered (it is not continued), Refused (no
        later one), Unreachable (no such file).
        """
        self._must("checkpoint")
        head = self._store.head()
        was = kept.read(Path(old))
        continued.must_be_of(was, head)
        last = self._last_recorded()
        if last is None or last.size < was.size or last.events < was.events:
            covers = f"covers {_count(last)}" if last else "is not there"
            raise Refused(
                f"{old} has {_count(was)}, and the last checkpoint of this ledger {covers}: "
                "run tppq checkpoint, and if that fails tppq verify --checkpoint",
                size=was.size,
            )
        tree = self._tree(head, last, folder)
        proof = merkle.consistency_proof(was.size, last.size, tree.node)
        same = not was.events or self._store.read("event_at", seq=was.events) == [(was.last_event,)]
        if not same or not merkle.consistent(was.size, was.root, last.size, last.root, proof):
            raise Tampered(
                f"the history of this ledger does not continue {old}, of {_count(was)}: "
                "run tppq verify --checkpoint",
                size=was.size,
            )
        return f"old {was.size}\n{_lines(proof)}\n{last.note}"

    # ----------------------------------------------------------------------------------------- within

    def _recorded(self) -> list[Recorded]:
        return anchors.recorded(self._store.read("events", topic=TOPIC))

    def _last_recorded(self) -> Recorded | None:
        return max(self._recorded(), default=None)

    def _tree(self, head: Head, last: Recorded, folder: str | os.PathLike[str] | None) -> merkle.Tree:
        """The tree up to a checkpoint: of the tiles, if they reach it, else of the entries read again."""
        served = tiles.served(Path(folder)) if folder is not None else None
        if served is not None:
            checkpoint, whole = served
            continued.must_be_of(checkpoint, head, f"the checkpoint of the folder {folder}")
            if checkpoint.size >= last.size:
                if merkle.edge_of(last.size, whole.node).root() != last.root:
                    raise Tampered(
                        f"the tiles of {folder} do not continue the last checkpoint of this ledger, of "
                        f"{last.size:,} entries: run tppq verify --checkpoint {shlex.quote(str(folder))}",
                        size=last.size,
                    )
                return whole
        tree = merkle.Tree()
        with closing(hashed(self._store, head, rereading.Last(), last.size)) as coming:
            tree.extend(some.leaves for some in coming)
        return tree

    def _reread(
        self, right: merkle.Edge, head: Head, wanted: dict[int, bytes], *, is_served: bool
    ) -> list[bytes]:
        """Let the edge grow to the head by the entries as they are stored; its leaves. Raises Tampered."""
        start = right.size
        last = rereading.last_of(rereading.entry(self._store, right.size)) if right.size else rereading.Last()
        hashes: list[bytes] = []
        with closing(hashed(self._store, head, last, head.seq)) as coming:
            for some in coming:
                for seq, check, expected, found in some.faults:
                    raise Tampered(
                        f"entry {seq:,} is not what was posted ({check}: expected {expected}, found "
                        f"{found}); nothing was signed: run tppq verify",
                        seq=seq,
                    )
                last = some.last
                for (leaf,) in iter_unpack(f"{merkle.HASH_BYTES}s", some.leaves):
                    right.append(leaf)
                    if right.size in wanted and right.root() != wanted[right.size]:
                        raise continued.forked(right.size)
                hashes.append(some.leaves)
        stands = (last.seq, last.hash) == (head.seq, head.hash)
        if stands and start and is_served and right.to_json() != head.tree:
            raise continued.forked(start)  # the tiles are of another history up to where they end
        if not stands or right.to_json() != head.tree:
            raise Tampered(
                f"the head of the ledger (entry {head.seq:,}) does not stand on its entries, which end at "
                f"{last.seq:,}; nothing was signed: run tppq verify",
                seq=last.seq,
            )
        return hashes

    def _record(
        self, made: Checkpoint, right: merkle.Edge, note: str, head_hash: str, signer: Signer
    ) -> None:
        detail: dict[str, Any] = {
            "size": made.size, "root": made.root.hex(), "head_hash": head_hash,
            "edge": orjson.loads(right.to_json()), "key": str(signer.verifier), "note": note.split("\n"),
            "events": made.events, "last_event": made.last_event,
        }  # fmt: skip

        def still_the_last() -> None:
            last = self._last_recorded()
            if last is not None and last.size > made.size:
                raise Busy(f"a checkpoint of {last.size:,} entries was signed meanwhile: try again")
            if last is not None and last.events > made.events:
                raise Busy(f"a checkpoint of {last.events:,} events was signed meanwhile: try again")

        self._store.record([Telling(TOPIC, str(made.size), "signed", detail)], self.actor, still_the_last)


def _count(covering: Checkpoint | Recorded) -> str:
    events = f" and {covering.events:,} events" if covering.events else ""
    return f"{covering.size:,} entries{events}"


def _lines(hashes: Iterable[bytes]) -> str:
    return "".join(f"{b64encode(each).decode()}\n" for each in hashes)
