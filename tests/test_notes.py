"""Notes, keys and checkpoints are those of C2SP, by published examples; what is not is refused."""

from __future__ import annotations

import stat
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.notes import Checkpoint, Signer, Verifier, text_of

# The example of Go's golang.org/x/mod/sumdb/note (note_test.go), whose format C2SP signed-note describes.
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuG"
    "UgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCHS = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2"
    "tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
NOTE = f"{TEXT}\n{LINE}"
# The example of the Go module documentation of the same format, under a name with a path.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOOS = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The example of C2SP tlog-checkpoint.
BEHIND = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
PETER = Verifier.parse(VKEY)
SIGNER = Signer.parse(SKEY)


# ------------------------------------------------------------------------------------ published examples


def test_the_published_key_signs_the_published_note_to_the_byte() -> None:
    assert SIGNER.sign(TEXT) == NOTE
    assert str(SIGNER.verifier) == VKEY


@pytest.mark.parametrize(
    ("note", "key", "text"), [(NOTE, VKEY, TEXT), (FOOS, FOO, "This is an example message.\n")]
)
def test_the_published_notes_open_under_the_published_keys(note: str, key: str, text: str) -> None:
    assert text_of(note, Verifier.parse(key)) == text
    assert str(Verifier.parse(key)) == key


def test_signatures_of_other_keys_are_passed_over() -> None:
    assert text_of(NOTE + ENOCHS, PETER) == TEXT
    assert text_of(f"{TEXT}\n{ENOCHS}{LINE}", Verifier.parse(ENOCH)) == TEXT
    assert text_of(f"{TEXT}\n{ENOCHS}") == TEXT
    with pytest.raises(ValueError, match=r"not signed by PeterNeumann\+c74f20a3"):
        text_of(f"{TEXT}\n{ENOCHS}", PETER)


def test_the_last_empty_line_parts_the_text_from_its_signatures() -> None:
    text = "first\n\nsecond\n\n\nthird\n"
    assert text_of(SIGNER.sign(text), PETER) == text


# ---------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "note",
    [
        "", TEXT, f"{TEXT}\n", NOTE[:-1], f"\x01{NOTE}", f"{NOTE}Unexpected line.\n", f"{TEXT}\r\n{LINE}",
        f"{TEXT}\n{LINE.replace('— PeterNeumann', '- PeterNeumann')}",
        f"{TEXT}\n{LINE.replace('PeterNeumann', 'Peter Neumann')}",
        f"{TEXT}\n{LINE.replace('PeterNeumann', 'Peter+Neumann')}",
        f"{TEXT}\n{LINE.replace('=', '')}", f"{TEXT}\n{LINE.replace('=', '==')}",
        f"{TEXT}\n— PeterNeumann x08g\n", f"{TEXT}\n{LINE * 101}", f"{TEXT}{LINE}",
        f"{TEXT}\n{LINE[:60]}ABCD{LINE[60:]}", NOTE.replace("problem", "Problem"),
    ],
)  # fmt: skip
def test_a_note_that_is_malformed_or_changed_is_refused(note: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        text_of(note, PETER)


def test_one_signature_of_the_key_that_does_not_hold_rejects_the_note() -> None:
    forged = LINE[:60] + ("A" if LINE[60] != "A" else "B") + LINE[61:]
    with pytest.raises(ValueError, match="does not hold: changed, or forged"):
        text_of(NOTE + forged, PETER)


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_no_character_of_a_note_can_be_another_one(place: int, put: str) -> None:
    other = NOTE[:place] + put + NOTE[place + 1 :]
    if other != NOTE:
        with pytest.raises(ValueError, match=r"."):
            text_of(other, PETER)


@pytest.mark.parametrize("text", [VKEY, SKEY])
def test_no_part_of_a_key_and_no_mistyped_key_is_a_key(text: str) -> None:
    parse = Signer.parse if text == SKEY else Verifier.parse
    others = [text[start:stop] for start in range(len(text)) for stop in range(start, len(text))]
    others += [text[:at] + chr(ord(text[at]) + 1) + text[at + 1 :] for at in range(len(text))]
    for other in others:
        with pytest.raises(ValueError, match=r"."):
            parse(other)


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
    ids=["too long, with its right id", "of an unknown sort, with its right id"],
)
def test_a_key_that_is_no_ed25519_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="the key to verify with is not"):
        Verifier.parse(key)


@pytest.mark.parametrize("text", ["no line break", "a\tb\n", "a\0\n"])
def test_only_text_that_can_be_a_notes_is_signed(text: str) -> None:
    with pytest.raises(ValueError, match="the text of a note"):
        SIGNER.sign(text)


# --------------------------------------------------------------------------------------------------- keys


def test_a_new_key_is_in_a_file_for_its_owner_alone_and_written_over_nothing(tmp_path: Path) -> None:
    signer = Signer.new("tppq/diffusion-2025/9f31")
    signer.write(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    again = Signer.parse((tmp_path / "key").read_text())
    assert again.verifier == signer.verifier
    assert text_of(again.sign("a\n"), signer.verifier) == "a\n"
    with pytest.raises(FileExistsError):
        Signer.new("tppq/diffusion-2025/9f31").write(tmp_path / "key")
    assert Signer.new("a").verifier != Signer.new("a").verifier


def test_a_key_shows_itself_in_no_text_and_no_error() -> None:
    secret = SKEY.rpartition("+")[2]
    shown = [repr(SIGNER), str(SIGNER), repr(SIGNER.verifier)]
    for broken in (SKEY[:-1], SKEY.replace("c74f20a3", "c74f20a4"), SKEY.replace("+A", "+B"), f"x{SKEY}"):
        with pytest.raises(ValueError, match=r".") as raised:
            Signer.parse(broken)
        shown += [str(raised.value), repr(raised.value)]
    assert not [each for each in shown if secret[4:20] in each]


# -------------------------------------------------------------------------------------------- checkpoints


def test_the_published_checkpoint_is_read_and_written_to_the_byte() -> None:
    checkpoint = Checkpoint.parse(BEHIND)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert b64encode(checkpoint.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert checkpoint.text() == BEHIND
    assert Checkpoint.parse(BEHIND + "an extension line\n") == checkpoint


HASH = "0b2c" * 16
COVERING = f"{BEHIND}events 17 {HASH}\n"


def test_a_checkpoint_tells_its_events_in_a_line_that_others_pass_over() -> None:
    checkpoint = Checkpoint.parse(COVERING)
    assert checkpoint == Checkpoint.parse(BEHIND)._replace(events=17, last_event=HASH)
    assert checkpoint.text() == COVERING
    assert Checkpoint.parse(COVERING + "another line\n") == checkpoint
    assert Checkpoint.parse(f"{BEHIND}eventsand 5\nevents 17 {HASH}\n") == checkpoint


def test_a_checkpoint_of_before_tells_of_no_events() -> None:
    assert Checkpoint.parse(BEHIND)[3:] == (0, "")
    assert "events" not in Checkpoint.parse(BEHIND).text()


@pytest.mark.parametrize(
    "line",
    [
        "events", f"events  17 {HASH}", f"events 017 {HASH}", f"events 0 {'0' * 64}", f"events -1 {HASH}",
        f"events 17 {HASH[1:]}", f"events 17 {HASH}0", f"events 17 {HASH.upper()}", f"events 17 {HASH} ",
        f"events ٣ {HASH}", f"events {'9' * 19} {HASH}", "events 17", f"events 17 {HASH}\nevents 17 {HASH}",
        f"events 17 {HASH}\nevents",
    ],
)  # fmt: skip
def test_a_line_of_events_that_is_none_spoils_the_checkpoint(line: str) -> None:
    with pytest.raises(ValueError, match="its line of events is not one"):
        Checkpoint.parse(f"{BEHIND}{line}\n")


SHORT = b64encode(bytes(31)).decode()
"""As long as a root in base64, and a byte too few."""


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n\n", BEHIND[:-1], f"{BEHIND}more", BEHIND.replace("20852163", "0"), f"a\n5\n{SHORT}\n",
        BEHIND.replace("20852163", "020852163"), BEHIND.replace("20852163", "-1"),
        BEHIND.replace("20852163", "1e3"), BEHIND.replace("20852163", "٣"), BEHIND.replace("20852163", ""),
        BEHIND.replace("20852163", "9" * 20), BEHIND.replace("=", ""), BEHIND.replace("CsUY", "CsU"),
        BEHIND.replace("2I=", "2J="), f"{BEHIND}\n", "origin\n5\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Checkpoint.parse(text)
