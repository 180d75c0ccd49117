"""The verbs that give evidence, or hold the ledger to it, with their arguments, help and examples."""
# ruff: noqa: PLC0415 (the imports inside the verbs are what keeps the help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.app import verb
from ledger.cli.session import Session

Tiles = Annotated[
    Path | None,
    typer.Option("--tiles", metavar="FOLDER", help="The tree as files that any web server serves."),
]


@verb("asks")
def verify(
    session: Session,
    *,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="A checkpoint kept elsewhere, or a folder of tiles."
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="The key that signed it: NAME+ID+BASE64, or a file."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each guard stops, and what it does not.")
    ] = False,
) -> int:
    """Check the history against its hashes and sums. Exit 0 or 1.

    And against the signed checkpoints. A tail that was cut, of entries or of events, and a history made
    anew show only against a checkpoint that was kept elsewhere (--checkpoint, or TPPQ_CHECKPOINT).

    Examples:
        tppq verify
        tppq verify --checkpoint /mnt/elsewhere/checkpoint --key tppq.vkey
        tppq verify --json || echo "do not write to it"
        tppq verify --explain
    """
    from ledger.cli import evidence

    return (evidence.explain if explain else evidence.verify)(session, checkpoint, key)


@verb("runs")
def checkpoint(
    session: Session,
    *,
    tiles: Tiles = None,
    new_key: Annotated[
        Path | None,
        typer.Option("--new-key", metavar="FILE", help="Make a key instead; says the key to verify with."),
    ] = None,
) -> int:
    """Sign what the ledger holds.

    The entries and events since the last checkpoint are read again first. The key is in the file that
    TPPQ_SIGNING_KEY_FILE names. With -o, or TPPQ_CHECKPOINT, the checkpoint goes to a file, whose last
    one it must continue: keep that file where the ledger's keeper cannot change it. To change the key,
    make another and begin a new file (and folder of tiles) with it; keep the old file, and both keys to
    verify with. As JSON: {"note", "size", "root", "head_hash", "key", "reread", "written", "recorded"}.

    Examples:
        tppq checkpoint --new-key tppq.key > tppq.vkey
        TPPQ_SIGNING_KEY_FILE=tppq.key tppq checkpoint -o /mnt/elsewhere/checkpoint
        tppq checkpoint --tiles /srv/www/tppq
    """
    from ledger.cli import evidence

    if new_key is not None:
        return evidence.new_key(session, new_key, tiles)
    return evidence.checkpoint(session, tiles)


@verb("runs")
def prove(
    session: Session,
    seq: Annotated[
        str | None, typer.Argument(metavar="SEQ", help="The number of an entry.", show_default=False)
    ] = None,
    *,
    since: Annotated[
        Path | None, typer.Option("--from", metavar="OLD", help="An older checkpoint, instead of an entry.")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Show when it was recorded, and not what it says.")
    ] = False,
    tiles: Tiles = None,
) -> int:
    """Prove that an entry is under the last checkpoint.

    Or that the last checkpoint continues an older one. What it writes is for somebody else: tppq-verify
    --key KEY proof FILE, or consistency OLD FILE (with --key twice where the key was changed in between).
    With --tiles the history is not read again. As JSON: {"proof": TEXT}.

    Examples:
        tppq prove 18204 -o entry-18204.tlog-proof
        tppq prove 18204 --private
        tppq prove --from checkpoint-of-last-year -o since
    """
    from ledger.cli import evidence

    return evidence.prove(session, seq, since, tiles, private=private)
