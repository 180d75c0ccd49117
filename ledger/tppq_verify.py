"""tppq-verify: holds what a quota ledger hands out to its key. One file, no ledger, no database.

    tppq-verify --key KEY proof FILE                    an entry is under a checkpoint
    tppq-verify --key KEY checkpoint FILE               the checkpoint was signed by this key
    tppq-verify --key KEY consistency OLD FILE          the newer checkpoint continues the older one

KEY is what the ledger's keeper gave you, by another way than these files: NAME+ID+BASE64, or a file with it.
NAME is the ledger's origin; what another ledger or another key signed is refused. Where its key was changed,
--key OLD --key NEW takes both. Whether the ledger has the events that a checkpoint counts, `tppq verify
--checkpoint` says. Needs Python 3.11 and `cryptography`, no code of the ledger it checks: copy it where it is
needed. Formats: C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-witness (what add-checkpoint is sent),
trees of RFC 6962. Exit: 0 it holds, 1 it does not, 2 usage, 66 no such file.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF = "c2sp.org/tlog-proof@v1"
LEAF = {"commitment": str, "hash_v": int, "origin": str, "recorded_at": str, "seq": int, "v": int}
SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


class Refused(Exception):
    """It does not hold, and why."""


class Key:
    """The one name whose signatures count, and its public keys by id: several where the key was changed."""

    def __init__(self, *texts: str) -> None:
        self.name, self.public = "", dict[bytes, Ed25519PublicKey]()
        for text in texts:
            match = re.fullmatch(r"([^\s+\ud800-\udfff]+)\+([0-9a-f]{8})\+(\S+)", text.strip())
            if match is None:
                raise Refused("the key is not of the form NAME+ID+BASE64")
            if self.name not in ("", match[1]):
                raise Refused(f"the keys are of {self.name} and of {match[1]}: check one ledger at a time")
            self.name, typed = match[1], unbase64(match[3], "the key")
            if len(typed) != 33 or typed[:1] != b"\x01":
                raise Refused("the key is not an Ed25519 key")
            key_id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
            if key_id.hex() != match[2]:
                raise Refused("the key does not have the id that it names: it was cut or mistyped")
            self.public[key_id] = Ed25519PublicKey.from_public_bytes(typed[1:])


class Checkpoint:
    """The text of a signed note, taken apart: origin, size, root; events and the last one's hash, if told."""

    def __init__(self, note: str, key: Key) -> None:
        lines = signed_text(note, key).split("\n")
        if len(lines) < 4 or lines[-1] or "" in lines[:-1]:
            raise Refused("the checkpoint is not origin, size and root, a line each")
        self.origin = lines[0]
        if self.origin != key.name:
            raise Refused(f"the checkpoint is of {self.origin}, and the key is of {key.name}")
        self.size = whole(lines[1], "the checkpoint's size")
        self.root = unbase64(lines[2], "the checkpoint's root", 32)
        if self.size == 0 and self.root != hashlib.sha256(b"").digest():
            raise Refused("the checkpoint is of 0 entries, and its root is that of some")
        told = [line for line in lines[3:-1] if line.split(" ")[0] == "events"]
        match = re.fullmatch(r"events ([1-9][0-9]{0,17}) ([0-9a-f]{64})", told[0]) if told else None
        if len(told) > bool(match):
            raise Refused("the checkpoint's line of events is not: events, how many, hash of the last")
        self.events, self.last_event = (int(match[1]), match[2]) if match else (0, "")


def signed_text(note: str, key: Key) -> str:
    """The text of a note, if the key signed it: each signature of it that there is must hold."""
    text, empty, signatures = note.rpartition("\n\n")
    controls = any(character < " " and character != "\n" for character in note)
    if not empty or not signatures.endswith("\n") or controls or len(note) > 1_000_000:
        raise Refused("it is not a signed note: text, an empty line, and lines of signatures")
    text += "\n"
    lines = signatures[:-1].split("\n")
    if len(lines) > 100:
        raise Refused("the note has more than 100 signatures")
    found = False
    for line in lines:
        match = SIGNATURE.fullmatch(line)
        if match is None:
            raise Refused("a line of the note's signatures is not of the form: em dash, name, base64")
        signature = unbase64(match[2], "a signature")
        if len(signature) <= 4:
            raise Refused("a signature is cut short")
        if match[1] == key.name and signature[:4] in key.public:
            try:
                key.public[signature[:4]].verify(signature[4:], text.encode())
            except InvalidSignature:
                raise Refused("the signature does not hold: the note was changed, or forged") from None
            found = True
    if not found:
        names = " or ".join(f"{key.name}+{each.hex()}" for each in key.public)
        raise Refused(f"the note is not signed by {names}: ask the ledger's keeper if its key was changed")
    return text


def unbase64(text: str, what: str, size: int | None = None) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(f"{what} is not base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise Refused(f"{what} is not base64 as it is written canonically")
    if size not in (None, len(decoded)):
        raise Refused(f"{what} is not of {size} bytes")
    return decoded


def whole(text: str, what: str) -> int:
    if re.fullmatch(r"0|[1-9][0-9]{0,18}", text) is None:
        raise Refused(f"{what} is not a whole number")
    return int(text)


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 6962, 2.1.1, from the root down)."""
    if (size > 1) != bool(proof):
        raise Refused(f"the proof is too {'long' if proof else 'short'}")
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1  # the largest power of two below
    if index < left:
        return node_hash(root_by(index, left, leaf, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_by(index - left, size - left, leaf, proof[:-1]))


def roots_by(old: int, size: int, old_root: bytes | None, proof: list[bytes]) -> tuple[bytes, bytes]:
    """The roots of the old tree and of the new one that a consistency proof leads to (2.1.2)."""
    if old == size:
        if len(proof) != (old_root is None):  # None: of a part of the old tree, whose root begins the proof
            raise Refused("the proof is too long or too short")
        return (old_root, old_root) if old_root is not None else (proof[0], proof[0])
    if not proof:
        raise Refused("the proof is too short")
    left = 1 << (size - 1).bit_length() - 1  # the largest power of two below
    if old <= left:
        was, now = roots_by(old, left, old_root, proof[:-1])
        return was, node_hash(now, proof[-1])
    was, now = roots_by(old - left, size - left, None, proof[:-1])
    return node_hash(proof[-1], was), node_hash(proof[-1], now)


def check_checkpoint(note: str, key: Key) -> list[str]:
    """Sentences about a checkpoint that holds."""
    checkpoint = Checkpoint(note, key)
    events = f"; events {checkpoint.events:,}, last {checkpoint.last_event}" if checkpoint.events else ""
    return [f"{checkpoint.origin} had {checkpoint.size:,} entries, root {checkpoint.root.hex()}{events}"]


def check_proof(text: str, key: Key) -> list[str]:
    """Sentences about the entry of a proof that holds; then the entry itself, if it is shown."""
    head, _, note = text.partition("\n\n")
    match = re.fullmatch(rf"{re.escape(PROOF)}\nextra (\S+)\nindex (\S+)((?:\n\S+)*)", head)
    if match is None:
        raise Refused(f"it is not a proof: {PROOF}, extra, index, hashes")
    checkpoint = Checkpoint(note, key)
    index = whole(match[2], "the index")
    hashes = [unbase64(line, "a line of the proof", 32) for line in match[3].split()]
    leaf, body = opened(match[1])
    fields = object_of(leaf, "the leaf")
    at = str(fields.get("recorded_at"))
    kinds = {name: type(value) for name, value in fields.items()}  # True and 1.0 are no 1
    if kinds != LEAF or fields["v"] != 1 or "\n" in at:
        raise Refused("the leaf has not the fields of version 1")
    if fields["origin"] != key.name or fields["seq"] != index + 1:
        raise Refused("the leaf is of another ledger, or of another entry")
    if index >= checkpoint.size:
        raise Refused(f"the checkpoint of {checkpoint.size:,} entries does not cover entry {index + 1:,}")
    hashed = hashlib.sha256(b"\x00" + leaf.encode()).digest()
    if root_by(index, checkpoint.size, hashed, hashes) != checkpoint.root:
        raise Refused("the proof does not lead to the root of the checkpoint")
    covered = f"under the checkpoint of {checkpoint.size:,} entries"
    said = f"entry {index + 1:,} of {key.name}, recorded at {at}, is {covered}"
    if body is None:
        return [said, "what it says is not shown"]
    shown, salt = body
    if hashlib.sha256(salt + shown.encode()).hexdigest() != fields["commitment"]:
        raise Refused("the entry that is shown is not the one that was committed to")
    entry = object_of(shown, "the entry")
    if any(repr(entry.get(name)) != repr(fields[name]) for name in ("seq", "recorded_at", "hash_v")):
        raise Refused("the entry that is shown and its leaf disagree")
    return [said, shown]


def opened(extra: str) -> tuple[str, tuple[str, bytes] | None]:
    """The leaf, and if the entry is shown its canonical form and salt."""
    try:
        shown = object_of(unbase64(extra, "extra").decode(), "extra")
        leaf, body, salt = shown["leaf"], shown.get("body"), shown.get("salt")
        if not isinstance(leaf, str) or (body is None) != (salt is None):
            raise Refused("extra has not leaf, body and salt")
        f"{leaf}{body}".encode()  # raises ValueError for what JSON can write and is no text
        return leaf, None if body is None else (str(body), bytes.fromhex(str(salt)))
    except (KeyError, TypeError, ValueError):
        raise Refused("extra has not leaf, body and salt") from None


def object_of(text: str, what: str) -> dict[str, object]:
    """A JSON object in which no name stands twice: what one reader sees, every reader sees."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) != len(pairs):
            raise Refused(f"{what} has a name twice")
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON") from None
    if not isinstance(found, dict):
        raise Refused(f"{what} is not a JSON object")
    return found


def check_consistency(old_note: str, text: str, key: Key) -> list[str]:
    """Sentences about two checkpoints, the newer of which continues the older."""
    old = Checkpoint(old_note, key)
    head, _, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    new = Checkpoint(note, key)
    if not first.startswith("old ") or whole(first.removeprefix("old "), "the old size") != old.size:
        raise Refused(f"the proof does not begin at the {old.size:,} entries of the older checkpoint")
    if old.size > new.size:
        raise Refused(f"the newer checkpoint has {new.size:,} entries, the older one {old.size:,}")
    if old.events > new.events or (old.events == new.events and old.last_event != new.last_event):
        raise Refused(f"the newer checkpoint does not stand on the {old.events:,} events of the older one")
    hashes = [unbase64(line, "a line of the proof", 32) for line in lines]
    roots = roots_by(old.size, new.size, old.root, hashes) if old.size else (old.root, new.root)
    if roots != (old.root, new.root) or (hashes and not old.size):  # every tree continues the empty one
        raise Refused("the proof does not lead from the older root to the newer: history was changed")
    return [f"{new.origin}: {new.size:,} entries continue the {old.size:,} that were there before"]


def read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one thing; the exit status."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tppq-verify", description=__doc__, formatter_class=form)
    parser.add_argument("--key", required=True, action="append", help="NAME+ID+BASE64, or a file with it")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("proof", "checkpoint", "consistency"):
        added = kinds.add_parser(kind)
        if kind == "consistency":
            added.add_argument("old", type=Path)
        added.add_argument("file", type=Path)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr has it: no answer fails in a code page
    given = parser.parse_args(arguments)
    try:
        # a file's name may have a + too
        key = Key(*(k if "+" in k and not os.access(k, os.F_OK) else read(Path(k)) for k in given.key))
        text = read(given.file)
        check = {"proof": check_proof, "checkpoint": check_checkpoint}.get(given.kind)
        said = check(text, key) if check else check_consistency(read(given.old), text, key)
    except Refused as error:
        tell(f"DOES NOT HOLD: {error}")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be read: {error.strerror}\n")
        return 66
    tell("HOLDS: " + "\n".join(said))
    return 0


def tell(text: str) -> None:
    """Print it, nothing that commands a terminal; where nobody reads it, the status says it alone."""
    try:
        shown = "".join(each if each.isprintable() or each == "\n" else "?" for each in text)
        print(shown, flush=True)  # noqa: T201  # a command's own answer
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
