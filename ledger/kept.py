"""A checkpoint kept outside the store: read, written, and what it forbids a store that does not fit it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ledger import anchors, aside, bounded, merkle, tiles
from ledger.errors import BadFeed, Misconfigured, Tampered, Unreachable
from ledger.notes import Checkpoint, Signer, Verifier, text_of
from ledger.reading import Reading
from ledger.submission import Head


def read(path: Path, verifier: Verifier | None = None, *, pipes: bool = True) -> Checkpoint:
    """A checkpoint from its file, signed by `verifier` if one is given. Raises BadFeed, Unreachable.

    Without `pipes` not from a pipe, which might keep us waiting: one is named for once, not in settings.
    """
    try:
        return Checkpoint.parse(text_of(bounded.contents(path, pipes=pipes).decode(), verifier))
    except UnicodeDecodeError:
        raise _bad(path, "it is not UTF-8 text") from None
    except ValueError as error:
        raise _bad(path, str(error)) from error
    except OSError as error:
        raise Unreachable(f"{path} cannot be read: {error.strerror}", path=str(path)) from error


def write(path: Path, note: str) -> None:
    """Write a checkpoint over the one before, as a whole or not at all. Raises Unreachable."""
    try:
        aside.write(path, note.encode())
        aside.sync(path.parent)
    except OSError as error:
        raise Unreachable(f"{path} cannot be written: {error.strerror}", path=str(path)) from error


@contextmanager
def alone(folders: Iterable[Path], busy_seconds: float) -> Iterator[None]:
    """Alone in signing for these folders, where they can be locked: what is signed later is written later.

    Raises Busy.
    """
    with ExitStack() as held:
        for folder in sorted({each.resolve() for each in folders}):
            with suppress(OSError):  # some shares know no locks; and what cannot be written says so by itself
                held.enter_context(aside.alone(folder, "writes", busy_seconds))
        yield


def outside(path: Path, verifier: Verifier | None = None, *, pipes: bool = True) -> anchors.Outside:
    """What `verify` holds a ledger to: a checkpoint, or a folder of tiles, which can name the first entry.

    Without `pipes` not from a pipe, as `read`. Raises BadFeed, Unreachable, Tampered (tiles that do not make
    their checkpoint's root).
    """
    if not path.is_dir():
        return _outside(read(path, verifier, pipes=pipes), path)
    found = tiles.served(path, verifier)
    if found is None:
        raise Unreachable(f"there is no checkpoint in the folder {path}", path=str(path))
    checkpoint, tree = found
    return _outside(checkpoint, path, tree.nodes(0, 0, len(tree)))


def _outside(said: Checkpoint, path: Path, leaves: bytes = b"") -> anchors.Outside:
    return anchors.Outside(said.origin, said.size, said.root, str(path), leaves, said.events, said.last_event)


def verifier(given: str) -> Verifier:
    """The key to verify with: a file that has it, else NAME+ID+BASE64 itself. Raises Misconfigured."""
    try:
        text = bounded.contents(Path(given), pipes=True).decode()
    except (OSError, UnicodeDecodeError) as error:
        if "+" not in given or isinstance(error, (PermissionError, UnicodeDecodeError)):
            raise _no_key(given, error) from None
        text = given
    try:
        return Verifier.parse(text)
    except ValueError as error:
        raise Misconfigured(str(error)) from None


def signer(path: Path) -> Signer:
    """The key of a file that nobody else can read. Raises Misconfigured, and never shows the key."""
    try:
        mode, text = path.stat().st_mode, bounded.contents(path, pipes=True).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_key(path, error) from None
    if mode & 0o077:
        raise Misconfigured(f"the key file {path} can be read by others: chmod 600 {shlex.quote(str(path))}")
    try:
        return Signer.parse(text)
    except ValueError as error:
        raise Misconfigured(f"the key file {path} cannot be used: {error}") from None


def guard(store: Reading, path: Path, verifier: Verifier | None = None) -> Tampered | None:
    """Why nothing may be written: the store is behind, or is not, what a checkpoint kept outside says it was.

    None where all is well. Asked once when a ledger is opened, so it reads a few rows and no history.
    """
    why = unfit(store, path, verifier)
    return Tampered(f"{why}; until that is settled nothing is written: {way_out(path)}") if why else None


def unfit(store: Reading, path: Path, verifier: Verifier | None = None) -> str | None:
    """In what a store does not fit a checkpoint; None where it does, or where none was signed yet.

    It fits where the checkpoint is of this ledger (and by `verifier`, if given), has no more entries than the
    head, stands in the log of events, and the last entry and event it covers still have the hashes that they
    had; where it has as many entries as the head, the head's tree has its root. That finds a store that was
    restored from an older copy, and one that went on from there. What was changed with care is for `tppq
    verify --checkpoint`.
    """
    head = store.stored_head()
    known = anchors.recorded(store.read("events", topic=anchors.TOPIC))
    try:
        if not known and not is_there(path):
            return None  # the first checkpoint is yet to be made
        return _unfit(store, head, known, read(path, verifier, pipes=False), path)
    except (BadFeed, Unreachable) as error:
        return error.detail


def is_there(path: Path) -> bool:
    """Whether something is there. Raises Unreachable where that cannot be seen: it may be."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:  # a folder of somebody else, a name too long or with NUL
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Unreachable(f"{path} cannot be looked at: {why}", path=str(path)) from error
    return True


def must_await(path: Path) -> None:
    """Raise Misconfigured where a ledger that is yet to be made has a checkpoint already, or Unreachable."""
    if is_there(path):
        raise Misconfigured(
            f"{path} is there, and a ledger that is yet to be made has no checkpoint: it is another's. If "
            "that one was meant and is lost, restore its latest backup (tppq restore); for a new ledger set "
            "TPPQ_CHECKPOINT to a file that is not there yet, or to none: env -u TPPQ_CHECKPOINT tppq init",
            path=str(path),
        )


def way_out(path: Path) -> str:
    """What to do about a store that does not fit its checkpoint."""
    return (
        "restore the latest backup, once this store is moved away, and post again what came after it. Where "
        f"that is behind {path} too, first move {path} away (keep it: it shows what was lost), with its "
        "folder of tiles if there is one, and sign anew without that setting: env -u TPPQ_CHECKPOINT tppq "
        f"checkpoint -o {shlex.quote(str(path))}. If this store is the right one and {path} is not, put the "
        "right file there"
    )


def _unfit(
    store: Reading, head: Head, known: list[anchors.Recorded], checkpoint: Checkpoint, path: Path
) -> str | None:
    origin, size, root, events, last_event = checkpoint
    if origin != head.origin:
        return f"{path} is a checkpoint of {origin}, and this ledger is {head.origin}"
    if size > head.seq:
        return (
            f"this store ends at entry {head.seq:,}, and {path} covers {size:,} entries: it is an "
            "older copy, or its tail was cut"
        )
    if size == head.seq:
        try:
            fits = merkle.Edge.from_json(head.tree, size).root() == root
        except ValueError:
            fits = False  # the head does not even hold an edge
    else:
        hashes = {each.head_hash for each in known if (each.size, each.root) == (size, root)}
        fits = size == 0 or any(found in hashes for (found,) in store.read("hash_at", seq=size))
    if not fits:
        return f"this store is not the one {path} was signed for ({size:,} entries)"
    found = store.read("event_at", seq=events) if events else []
    if events and not found:
        return (
            f"this store has no event {events:,}, and {path} covers {events:,} events: it is an older copy, "
            "or the tail of its log of events was cut"
        )
    if found and found[0][0] != last_event:
        return f"the log of events of this store is not the one {path} was signed for ({events:,} events)"
    return None


def _no_key(given: Path | str, error: OSError | UnicodeDecodeError) -> Misconfigured:
    """What is said of the file of a key, and never what is in it."""
    why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    return Misconfigured(f"the key file {given} cannot be read: {why}")


def _bad(path: Path, reason: str) -> BadFeed:
    faults = [{"path": str(path), "line": None, "column": None, "reason": reason}]
    return BadFeed(f"{path} cannot be taken for a checkpoint: {reason}", faults=faults)
