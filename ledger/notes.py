"""Signed notes and checkpoints: what a ledger says of its tree, under an Ed25519 key (C2SP).

A note (c2sp.org/signed-note) is text, an empty line, and signature lines. A checkpoint (tlog-checkpoint) is a
note whose text is the ledger's origin, how many entries its tree has, and their root in base64; then, in an
extension line, how many events its log of events has, and the hash of the last, to which all before it are
chained. Other such lines are passed over; without this one nothing is said of events.

    tppq/diffusion-2025/9f31c2e8d04b7a65
    18204
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    events 17 0b2c5f9e...

    — tppq/diffusion-2025/9f31c2e8d04b7a65 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+Z...

Keys are text too, as Go's note tools write them: NAME+ID+BASE64 to verify with, PRIVATE+KEY+NAME+ID+BASE64
to sign with. What is wrong with a note or a key is a ValueError that says what, and never shows the key.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_ED25519 = b"\x01"
_ID_BYTES, _KEY_BYTES, _HASH_BYTES = 4, 32, 32
_MOST_SIGNATURES = 100
_MOST_BYTES = 1_000_000
_SIGNATURE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_EVENTS = re.compile(r"events (?P<count>[1-9][0-9]{0,17}) (?P<hash>[0-9a-f]{64})")
_PRIVATE = "PRIVATE+KEY+"


# -------------------------------------------------------------------------------------------------- keys
# cryptography is loaded where a key is used: it takes 30 ms, at every start of the command


class Verifier(NamedTuple):
    """Who can have signed: the name and the public key."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """A verifier from its text, NAME+ID+BASE64. Raises ValueError."""
        name, key_id, key = _taken_apart(text.strip(), "the key to verify with")
        verifier = cls(name, key)
        if verifier.key_id.hex() != key_id:
            raise ValueError(
                "the key to verify with does not have the id that it names: it was cut or mistyped"
            )
        return verifier

    @property
    def key_id(self) -> bytes:
        """What a signature line names its key by, beside the name: 4 bytes."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self.public).decode()}"


class Signer:
    """An Ed25519 key with the name it signs under. It is never shown: not in `repr`, not in an error."""

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    @classmethod
    def new(cls, name: str) -> Signer:
        """A new key, from the system's source of randomness."""
        return cls(name, secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> Signer:
        """A signer from its text, PRIVATE+KEY+NAME+ID+BASE64. Raises ValueError."""
        if not text.startswith(_PRIVATE):
            raise ValueError(f"a key to sign with begins with {_PRIVATE}")
        name, key_id, seed = _taken_apart(text.removeprefix(_PRIVATE).strip(), "the key to sign with")
        signer = cls(name, seed)
        if signer.verifier.key_id.hex() != key_id:
            raise ValueError(
                "the key to sign with does not have the id that it names: it was cut or mistyped"
            )
        return signer

    def write(self, path: Path) -> None:
        """Write the key to a new file for its owner alone. Raises OSError, where there is one too."""
        name, key_id, _ = str(self.verifier).split("+", 2)
        seed = b64encode(_ED25519 + self._key.private_bytes_raw()).decode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  # a path cannot be told to exclude
            file.write(f"{_PRIVATE}{name}+{key_id}+{seed}\n")

    def sign(self, text: str) -> str:
        """The note of a text that ends in a line break. Raises ValueError for one that cannot be a note's."""
        if not text.endswith("\n") or _has_controls(text):
            raise ValueError("the text of a note ends in a line break and has no other control character")
        signature = b64encode(self.verifier.key_id + self._key.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.name} {signature}\n"


def _taken_apart(text: str, what: str) -> tuple[str, str, bytes]:
    """Name, id and 32 bytes of NAME+ID+BASE64. Raises ValueError."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not is_name(name) or not re.fullmatch(r"[0-9a-f]{8}", key_id):
        raise ValueError(f"{what} is not of the form NAME+ID+BASE64")
    key = _base64(encoded, what)
    if len(key) != 1 + _KEY_BYTES or key[:1] != _ED25519:
        raise ValueError(f"{what} is not an Ed25519 key of the form NAME+ID+BASE64")
    return name, key_id, key[1:]


def is_name(text: str) -> bool:
    """Whether a text can name a key: not empty, no space, no plus sign, no control character."""
    return re.fullmatch(r"[^\s+]+", text) is not None and not _has_controls(text)


# -------------------------------------------------------------------------------------------------- notes


def text_of(note: str, verifier: Verifier | None = None) -> str:
    """The text of a note that `verifier` signed; where there is none, of any note that is well formed.

    Signatures of other keys are passed over; one of this key that does not hold rejects the whole note.
    Raises ValueError.
    """
    text, empty, lines = note.rpartition("\n\n")
    if not empty or not lines.endswith("\n") or _has_controls(note) or len(note) > _MOST_BYTES:
        raise ValueError("it is not a signed note: text, an empty line, and lines of signatures")
    text += "\n"
    signatures = [_SIGNATURE.fullmatch(line) for line in lines[:-1].split("\n")]
    if len(signatures) > _MOST_SIGNATURES:
        raise ValueError(f"it has {len(signatures):,} signatures; {_MOST_SIGNATURES} are the most")
    found = False
    for match in signatures:
        if match is None:
            raise ValueError("a line of its signatures is not of the form: em dash, name, base64")
        signature = _base64(match["signature"], "a signature")
        if len(signature) <= _ID_BYTES:
            raise ValueError("a signature is cut short")
        if verifier and (match["name"], signature[:_ID_BYTES]) == (verifier.name, verifier.key_id):
            _must_hold(verifier, text, signature[_ID_BYTES:])
            found = True
    if verifier is not None and not found:
        raise ValueError(
            f"it is not signed by {verifier.name}+{verifier.key_id.hex()}: name the key that signed it, or, "
            "to sign with a new key, a new file or folder"
        )
    return text


def _must_hold(verifier: Verifier, text: str, signature: bytes) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, text.encode())
    except InvalidSignature:
        raise ValueError(
            f"the signature of {verifier.name}+{verifier.key_id.hex()} does not hold: changed, or forged"
        ) from None


def _has_controls(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)


def _base64(text: str, what: str) -> bytes:
    """Standard base64 in its one right spelling. Raises ValueError."""
    try:
        decoded = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise ValueError(f"{what} is not base64") from None
    if b64encode(decoded).decode() != text:
        raise ValueError(f"{what} is not base64 as it is written canonically")
    return decoded


# -------------------------------------------------------------------------------------------- checkpoints


class Checkpoint(NamedTuple):
    """What a ledger was at a time: its origin, how many entries its tree had, and their root (32 bytes).

    And how many events there were, with the last one's hash (hex); 0 where there was none, or none is told.
    """

    origin: str
    size: int
    root: bytes
    events: int = 0
    last_event: str = ""

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """A checkpoint from the text of its note. Raises ValueError."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or "" in lines[:-1]:
            raise ValueError("it is not a checkpoint: origin, size and root, a line each")
        origin, size, root = lines[:3]
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
            raise ValueError(f"its size '{size}' is not a whole number")
        hashed = _base64(root, "its root")
        if len(hashed) != _HASH_BYTES:
            raise ValueError("its root is not a SHA-256 hash")
        if size == "0" and hashed != sha256(b"").digest():
            raise ValueError("its size is 0, and its root is that of some entries")
        return cls(origin, int(size), hashed, *_events_of(lines[3:-1]))

    def text(self) -> str:
        """The text of its note."""
        events = f"events {self.events} {self.last_event}\n" if self.events else ""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{events}"


def _events_of(lines: list[str]) -> tuple[int, str]:
    """What the line of events among a checkpoint's further lines says. Raises ValueError."""
    told = [line for line in lines if line.split(" ")[0] == "events"]
    if not told:
        return 0, ""
    match = _EVENTS.fullmatch(told[0])
    if match is None or len(told) > 1:
        raise ValueError("its line of events is not one of the form: events, how many, hash of the last")
    return int(match["count"]), match["hash"]
