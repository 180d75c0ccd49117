"""What tppq-verify makes of proofs that somebody who has the ledger's key put together by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from ledger import merkle, tppq_verify
from ledger.notes import Checkpoint, Signer, text_of

NAME = "a/b"
SIGNER = Signer.new(NAME)


def tree(*changed: int) -> merkle.Tree:
    """A tree of 20 leaves, some of which are others."""
    made = merkle.Tree()
    made.extend(merkle.leaf_hash(b"%d %d" % (number, number in changed)) for number in range(20))
    return made


def note(size: int, of: merkle.Tree, root: bytes | None = None, signer: Signer = SIGNER) -> str:
    return signer.sign(Checkpoint(NAME, size, root or merkle.edge_of(size, of.node).root()).text())


def lines(hashes: list[bytes]) -> str:
    return "".join(f"{b64encode(each).decode()}\n" for each in hashes)


def since(old: int, size: int, of: merkle.Tree, signer: Signer = SIGNER) -> str:
    proof = merkle.consistency_proof(old, size, of.node)
    return f"old {old}\n{lines(proof)}\n{note(size, of, signer=signer)}"


def held(folder: Path, kind: str, *texts: str, keys: tuple[Signer, ...] = (SIGNER,)) -> int:
    paths = [folder / str(number) for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    named = [word for key in keys for word in ("--key", str(key.verifier))]
    return tppq_verify.main([*named, kind, *map(str, paths)])


# ------------------------------------------------------------------------------------- two checkpoints


@pytest.mark.parametrize("old", range(1, 8))
def test_a_fork_before_the_older_checkpoint_is_not_continued(tmp_path: Path, old: int) -> None:
    for size in (old, 9):
        assert held(tmp_path, "consistency", note(old, tree()), since(old, size, tree())) == 0
        for place in range(old):
            assert held(tmp_path, "consistency", note(old, tree(place)), since(old, size, tree())) == 1


def test_a_history_that_became_shorter_is_not_continued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for hashes in ("", lines([bytes(32)])):
        forged = f"old 7\n{hashes}\n{note(3, tree())}"
        assert held(tmp_path, "consistency", note(7, tree()), forged) == 1
        assert "the newer checkpoint has 3 entries, the older one 7" in capsys.readouterr().out


def test_a_proof_begins_with_the_size_of_the_older_checkpoint_in_its_one_spelling(tmp_path: Path) -> None:
    good = since(3, 9, tree())
    assert held(tmp_path, "consistency", note(3, tree()), good) == 0
    for other in ("old 4", "OLD 3", "old 03", "old +3", "old  3", "3"):
        assert held(tmp_path, "consistency", note(3, tree()), good.replace("old 3", other)) == 1


def test_every_tree_continues_the_empty_one_without_a_proof(tmp_path: Path) -> None:
    empty = note(0, tree(), merkle.EMPTY_ROOT)
    for newer in (note(5, tree()), empty):
        assert held(tmp_path, "consistency", empty, f"old 0\n\n{newer}") == 0
        assert held(tmp_path, "consistency", empty, f"old 0\n{lines([bytes(32)])}\n{newer}") == 1


def test_an_empty_tree_has_no_other_root(tmp_path: Path) -> None:
    empty, other = note(0, tree(), merkle.EMPTY_ROOT), note(0, tree(), bytes(32))
    assert held(tmp_path, "checkpoint", empty) == 0
    assert held(tmp_path, "checkpoint", other) == 1
    assert held(tmp_path, "consistency", other, f"old 0\n\n{note(5, tree())}") == 1
    assert held(tmp_path, "consistency", empty, f"old 0\n\n{other}") == 1


def covering(count: int, last: str = "0b2c" * 16, size: int = 3) -> str:
    root = merkle.edge_of(size, tree().node).root()
    return SIGNER.sign(Checkpoint(NAME, size, root, count, last).text())


def test_a_newer_checkpoint_covers_the_events_of_the_older_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = lines(merkle.consistency_proof(3, 9, tree().node))
    for newer in (covering(5), covering(6, "f" * 64)):
        assert held(tmp_path, "consistency", covering(5), f"old 3\n\n{newer}") == 0
        assert held(tmp_path, "consistency", note(3, tree()), f"old 3\n\n{newer}") == 0
    assert held(tmp_path, "consistency", covering(5), f"old 3\n{proof}\n{covering(6, size=9)}") == 0
    capsys.readouterr()
    for newer in (covering(4), covering(5, "f" * 64), note(3, tree())):
        assert held(tmp_path, "consistency", covering(5), f"old 3\n\n{newer}") == 1
        assert "does not stand on the 5 events of the older one" in capsys.readouterr().out
    assert held(tmp_path, "consistency", covering(5), f"old 3\n{proof}\n{covering(4, size=9)}") == 1


def test_a_proof_that_is_too_long_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = lines([bytes(32)] * 65)
    assert held(tmp_path, "consistency", note(4, tree()), f"old 4\n{more}\n{note(4, tree())}") == 1
    assert "the proof is too long" in capsys.readouterr().out
    assert held(tmp_path, "proof", of_leaf(2, 5).replace("\nindex 2\n", f"\nindex 2\n{more}")) == 1
    assert "the proof is too long" in capsys.readouterr().out


def test_where_the_key_was_changed_a_proof_across_the_change_needs_both(tmp_path: Path) -> None:
    new = Signer.new(NAME)
    for before, after in ((SIGNER, new), (new, SIGNER)):
        two = (note(3, tree(), signer=before), since(3, 9, tree(), signer=after))
        assert held(tmp_path, "consistency", *two, keys=(SIGNER, new)) == 0
        assert held(tmp_path, "consistency", *two) == held(tmp_path, "consistency", *two, keys=(new,)) == 1
    forked = (note(3, tree(1)), since(3, 9, tree(), signer=new))
    assert held(tmp_path, "consistency", *forked, keys=(SIGNER, new)) == 1


def test_keys_of_two_ledgers_are_not_taken_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert held(tmp_path, "checkpoint", note(3, tree()), keys=(SIGNER, Signer.new("c/d"))) == 1
    assert "the keys are of a/b and of c/d: check one ledger at a time" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------ one note


def test_one_signature_of_the_key_that_does_not_hold_rejects_the_note(tmp_path: Path) -> None:
    text, line = note(5, tree()).split("\n\n")
    bad = note(6, tree()).split("\n\n")[1]
    for signatures in (bad + line, line + bad):
        assert held(tmp_path, "checkpoint", f"{text}\n\n{signatures}") == 1
    assert held(tmp_path, "checkpoint", f"{text}\n\n{line * 100}") == 0
    assert held(tmp_path, "checkpoint", f"{text}\n\n{line * 101}") == 1


@pytest.mark.parametrize("signature", [b"", b"abc", b"abcd"])
def test_a_signature_too_short_to_be_one_spoils_a_note_for_either_reader(
    tmp_path: Path, signature: bytes
) -> None:
    """A name that is not the key's too: what is no signature line is no signed note."""
    cut = f"{note(5, tree())}— another {b64encode(signature).decode()}\n"
    assert held(tmp_path, "checkpoint", cut) == 1
    with pytest.raises(ValueError, match="signature"):
        text_of(cut, SIGNER.verifier)
    passed_over = f"{note(5, tree())}— another {b64encode(b'abcde').decode()}\n"
    assert held(tmp_path, "checkpoint", passed_over) == 0
    assert text_of(passed_over, SIGNER.verifier) == text_of(note(5, tree()))


@pytest.mark.parametrize(
    "text",
    [
        "a/b\n05\n{root}\n",
        "a/b\n5\n{root}\n\x01\n",
        "a/b\n5\n{root}\n\nmore\n",
        "a/b\n5\n{root}",
        "a/b\n5\n",
        "a/b\n5\n{short}\n",
        "a/b\n5\n{root}\n{long}\n",
        "a/b\n5\n{root}\nevents 05 {hash}\n",
        "a/b\n5\n{root}\nevents 0 {hash}\n",
        "a/b\n5\n{root}\nevents 5 {hash}0\n",
        "a/b\n5\n{root}\nevents\n",
        "a/b\n5\n{root}\nmore\nevents 5 {hash}\nevents 5 {hash}\n",
    ],
    ids=[
        *("a zero", "a control", "an empty line", "no end", "no root", "a short root", "too long"),
        *("a zero of events", "no events", "a long hash", "nothing of events", "events twice"),
    ],
)
def test_what_the_key_signed_and_is_no_checkpoint_is_refused_by_either_reader(
    tmp_path: Path, text: str
) -> None:
    root = b64encode(merkle.edge_of(5, tree().node).root()).decode()
    said = text.format(root=root, short=b64encode(bytes(31)).decode(), long="x" * 1_000_000, hash="f" * 64)
    signature = SIGNER._key.sign(said.encode())  # noqa: SLF001  # `sign` itself refuses some of these
    signed = b64encode(SIGNER.verifier.key_id + signature).decode()
    forged = f"{said}\n— {NAME} {signed}\n"
    assert held(tmp_path, "checkpoint", forged) == 1
    with pytest.raises(ValueError, match=r"it is not a |its size|its root|its line"):
        Checkpoint.parse(text_of(forged, SIGNER.verifier))


def test_a_key_with_another_id_than_its_own_or_of_another_sort_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "0").write_text(note(5, tree()))
    name, key_id, key = str(SIGNER.verifier).split("+", 2)
    other = f"{name}+{int(key_id, 16) ^ 1:08x}+{key}"
    assert tppq_verify.main(["--key", other, "checkpoint", str(tmp_path / "0")]) == 1
    typed = b"\x04" + b64decode(key)[1:]  # of a cosignature, with its right id
    key_id = sha256(name.encode() + b"\n" + typed).hexdigest()[:8]
    other = f"{name}+{key_id}+{b64encode(typed).decode()}"
    assert tppq_verify.main(["--key", other, "checkpoint", str(tmp_path / "0")]) == 1
    assert "the key is not an Ed25519 key" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------ one entry

LEAF = {"commitment": "00" * 32, "hash_v": 1, "origin": NAME, "recorded_at": "t", "seq": 3, "v": 1}
BODY = '{"hash_v":1,"recorded_at":"t","seq":3}'


def of_leaf(index: int, size: int, body: str | None = None, **other: object) -> str:
    """A proof of the leaf at index 2, whatever is said of where it is, and whatever it holds."""
    fields = LEAF | other
    shown: dict[str, str] = {}
    if body is not None:
        fields["commitment"] = merkle.commitment(bytes(32), body.encode()).hex()
        shown = {"body": body, "salt": "00" * 32}
    leaf = json.dumps(fields)
    made = merkle.Tree()
    made.extend(merkle.leaf_hash(leaf.encode() if number == 2 else b"") for number in range(size))
    extra = b64encode(json.dumps({"leaf": leaf, **shown}).encode()).decode()
    hashes = lines(merkle.inclusion_proof(2, size, made.node))
    return f"{tppq_verify.PROOF}\nextra {extra}\nindex {index}\n{hashes}\n{note(size, made)}"


DISHONEST = {
    "a leaf of version 2": of_leaf(2, 5, v=2),
    "a leaf of another ledger": of_leaf(2, 5, origin="another"),
    "a leaf of another entry": of_leaf(2, 5, seq=4),
    "an entry after the last": of_leaf(3, 3, seq=4),
    "a body of another entry": of_leaf(2, 5, BODY.replace("3", "4")),
    "a body of another instant": of_leaf(2, 5, BODY.replace('"t"', '"u"')),
    "a body of another version": of_leaf(2, 5, BODY.replace("1", "2")),
    "a body of a version that is true": of_leaf(2, 5, BODY.replace("1", "true")),
    "a body of an entry with a point": of_leaf(2, 5, BODY.replace("3", "3.0")),
    "a version that is true": of_leaf(2, 5, v=True),
    "a number of an entry with a point": of_leaf(2, 5, seq=3.0),
    "a version of the form that is text": of_leaf(2, 5, hash_v="1"),
    "an instant that is an object": of_leaf(2, 5, recorded_at={"a": 1}),
    "an instant of two lines": of_leaf(2, 5, recorded_at="t\nHOLDS: entry 4"),
    "a field more": of_leaf(2, 5, w=1),
}


@pytest.mark.parametrize("forged", DISHONEST.values(), ids=DISHONEST)
def test_what_a_dishonest_keeper_put_into_the_tree_is_refused(tmp_path: Path, forged: str) -> None:
    assert held(tmp_path, "proof", of_leaf(2, 5)) == held(tmp_path, "proof", of_leaf(2, 5, BODY)) == 0
    assert held(tmp_path, "proof", forged) == 1


@pytest.mark.parametrize("text", ['{"seq":3,"seq":3}', '{"a":{"b":1,"b":1}}'])
def test_a_name_that_stands_twice_is_refused(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert held(tmp_path, "proof", of_leaf(2, 5, text)) == 1
    assert "the entry has a name twice" in capsys.readouterr().out


def test_an_entry_after_the_last_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert held(tmp_path, "proof", of_leaf(3, 3, seq=4)) == 1
    assert "the checkpoint of 3 entries does not cover entry 4" in capsys.readouterr().out


# ------------------------------------------------------------------------------------- what is shown


def test_what_is_shown_commands_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert held(tmp_path, "proof", of_leaf(2, 5, recorded_at="t\x9b2J\u202e")) == 0
    assert "recorded at t?2J?" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_proof_holds_where_a_screen_lacks_its_letters(tmp_path: Path, encoding: str) -> None:
    body = json.dumps(json.loads(BODY) | {"consignee": "Al Fāris"}, ensure_ascii=False)
    (tmp_path / "proof").write_text(of_leaf(2, 5, body), encoding="utf-8")
    command = [sys.executable, str(tppq_verify.__file__), "--key", str(SIGNER.verifier), "proof", "proof"]
    ran = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONIOENCODING": encoding}, capture_output=True, check=False
    )
    said = ran.stdout.decode(encoding)
    assert (ran.returncode, ran.stderr, said[:14]) == (0, b"", "HOLDS: entry 3")
    assert ("Al Fāris" if encoding == "utf-8" else "Al F\\u0101ris") in said
