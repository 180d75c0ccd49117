"""The verbs of evidence. Each is the method of `Ledger` with its name."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from ledger import kept, limits, render, screens
from ledger.answer import Answer
from ledger.cli.desk import Desk
from ledger.cli.failure import NO
from ledger.cli.patience import waiting
from ledger.cli.progress import telling
from ledger.cli.session import Session
from ledger.cli.values import Misused, entry_seq
from ledger.errors import Misconfigured


def verify(session: Session, checkpoint: Path | None, key: str | None) -> int:
    desk = Desk(session)
    if session.options.as_of or session.options.known_at:
        desk.remark("verify reads the whole history: --as-of and --known-at change nothing.")
    where = checkpoint or (Path(session.settings.checkpoint) if session.settings.checkpoint else None)
    given = key or session.settings.verify_key
    if key and where is None:
        raise Misused("--key is for a checkpoint: name one with --checkpoint")
    verifier = kept.verifier(given) if given else None
    outside = None if where is None else kept.outside(where, verifier, pipes=checkpoint is not None)
    with desk.open() as ledger, telling("entries", quiet=desk.options.quiet) as progress:
        answer = ledger.verify(outside, progress)
    if where is not None and not given:
        desk.remark(f"{where} was taken as it is: with --key its signature is checked too.")
    desk.answer(answer, screens.verified(answer))
    return NO if len(answer) else 0


def explain(session: Session, checkpoint: Path | None, key: str | None) -> int:
    for option, given in (
        ("--checkpoint", checkpoint), ("--key", key), ("--as-of", session.options.as_of),
        ("--known-at", session.options.known_at),
    ):  # fmt: skip
        if given:
            raise Misused(f"verify --explain takes no {option}: it looks at no ledger")
    desk = Desk(session)
    guards = pa.Table.from_pylist([guard._asdict() for guard in limits.GUARDS])
    answer = Answer(guards, desk.basis_of(desk.terms()))
    desk.answer(answer, screens.reference(answer, screens.GUARDS), basis_told=False)
    return 0


def new_key(session: Session, path: Path, tiles: Path | None) -> int:
    if tiles is not None:
        raise Misused("checkpoint --new-key takes no --tiles: it makes a key, and signs nothing")
    desk = Desk(session)
    with desk.open() as ledger:
        verifier = ledger.new_key(path)
    _give(desk, f"{verifier}\n", {"key": verifier})
    desk.remark(
        f"{path} signs for this ledger: nobody else may read it, and whoever has a copy can sign too. Give "
        "the key above to those who verify."
    )
    return 0


def checkpoint(session: Session, tiles: Path | None) -> int:
    desk = Desk(session)
    settings, output = session.settings, session.options.output
    if settings.signing_key_file is None:
        raise Misconfigured(
            "there is no key to sign with: make one with tppq checkpoint --new-key FILE, and name that file "
            "in TPPQ_SIGNING_KEY_FILE"
        )
    named = (settings.checkpoint, output if session.to_file else None)
    keep = [*{os.path.realpath(each): Path(each) for each in named if each}.values()]
    signer = kept.signer(Path(settings.signing_key_file))
    with desk.open() as ledger, waiting("reading what came since", quiet=desk.options.quiet):
        signed = ledger.checkpoint(signer, keep=keep, folder=tiles)
    if not session.to_file:
        _give(desk, signed.note, asdict(signed))
    again = "signed before" if not signed.recorded else f"{signed.reread:,} read again"
    desk.remark(f"Checkpoint of {signed.size:,} entries ({again}), root {signed.root[:8]}.")
    for path in keep:
        desk.remark(f"It is in {path}: keep that where nobody who keeps the ledger can change it.")
    return 0


def prove(
    session: Session, given: str | None, since: Path | None, tiles: Path | None, *, private: bool
) -> int:
    desk = Desk(session)
    seq = None if given is None else entry_seq(given, "SEQ")
    if (seq is None) == (since is None):
        raise Misused("name the entry to prove, or an older checkpoint with --from")
    with desk.open() as ledger:
        if seq is not None:
            proof = ledger.prove(seq, private=private, folder=tiles)
        elif since is not None:
            proof = ledger.prove_since(since, folder=tiles)
    _give(desk, proof, {"proof": proof})
    return 0


def _give(desk: Desk, text: str, facts: dict[str, Any]) -> None:
    """Give text out as it is, or within its facts as JSON."""
    desk.write(render.as_json(facts) if desk.session.as_json else text.encode())
