"""tppq-verify, alone and without a ledger, takes what a ledger hands out and nothing else."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger import Ledger, merkle, tppq_verify
from ledger.notes import Checkpoint, Signer
from tests.evidence import CLOCK, entry, post, signer_of

FILE = Path(tppq_verify.__file__)


@dataclass
class Handed:
    """What a ledger handed out: proofs by name, and the key to hold them to."""

    folder: Path
    key: str
    signer: Signer

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()

    def put(self, text: str) -> str:
        (self.folder / "put").write_text(text)
        return str(self.folder / "put")

    def held(self, *arguments: str) -> int:
        return tppq_verify.main(["--key", self.key, *arguments])

    def path(self, name: str) -> str:
        return str(self.folder / name)


@pytest.fixture(name="handed", scope="module")
def _handed(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    folder = tmp_path_factory.mktemp("handed")
    with Ledger.init(f"sqlite:///{folder / 'x.db'}", opening=False, actor="maria", clock=CLOCK) as ledger:
        signer = signer_of(ledger, folder)
        ledger.post(entry("allocate", 1_000_000), request_id="cap")
        ledger.checkpoint(signer, keep=[folder / "first"])
        (folder / "proof-of-one").write_text(ledger.prove(1))
        post(ledger, 11)
        ledger.checkpoint(signer, keep=[folder / "second"])
        (folder / "since-first").write_text(ledger.prove_since(folder / "first"))
        (folder / "since-itself").write_text(ledger.prove_since(folder / "second"))
        for seq in range(1, 13):
            (folder / f"proof-{seq}").write_text(ledger.prove(seq))
        (folder / "private").write_text(ledger.prove(7, private=True))
    return Handed(folder, str(signer.verifier), signer)


def test_it_takes_every_proof_that_the_ledger_makes(handed: Handed) -> None:
    for name in ("proof-of-one", *(f"proof-{seq}" for seq in range(1, 13)), "private"):
        assert handed.held("proof", handed.path(name)) == 0
    for name in ("first", "second"):
        assert handed.held("checkpoint", handed.path(name)) == 0
    assert handed.held("consistency", handed.path("first"), handed.path("since-first")) == 0
    assert handed.held("consistency", handed.path("second"), handed.path("since-itself")) == 0


def test_it_says_what_is_proved(handed: Handed, capsys: pytest.CaptureFixture[str]) -> None:
    handed.held("proof", handed.path("proof-7"))
    said, shown = capsys.readouterr().out.splitlines()
    assert said.startswith(
        f"HOLDS: entry 7 of {handed.signer.verifier.name}, recorded at 2026-02-01T12:00:00"
    )
    assert said.endswith("is under the checkpoint of 12 entries")
    assert json.loads(shown)["consignee"] == "G42"
    handed.held("proof", handed.path("private"))
    assert capsys.readouterr().out.endswith("what it says is not shown\n")


def test_it_says_how_many_events_a_checkpoint_covers(
    handed: Handed, capsys: pytest.CaptureFixture[str]
) -> None:
    _, count, last = handed.text("second").split("\n")[3].split(" ")
    handed.held("checkpoint", handed.path("second"))
    assert capsys.readouterr().out.endswith(f"; events {count}, last {last}\n")
    handed.held("checkpoint", handed.path("first"))
    assert "events" not in capsys.readouterr().out


def test_it_is_one_file_that_runs_where_there_is_no_ledger(handed: Handed, tmp_path: Path) -> None:
    shutil.copy(FILE, tmp_path / "tppq_verify.py")
    (tmp_path / "key").write_text(f"{handed.key}\n")
    command = [sys.executable, "-I", "tppq_verify.py", "--key", "key", "proof", handed.path("proof-3")]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("HOLDS: entry 3 of")


def test_it_imports_the_standard_library_and_cryptography_alone() -> None:
    names = set()
    for node in ast.walk(ast.parse(FILE.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


# ---------------------------------------------------------------------------------------- what it refuses


def lines_changed(text: str) -> list[str]:
    """The text with each of its lines left out, doubled, emptied, and with a character changed in it.

    A signature may stand there twice: that changes nothing.
    """
    lines = text.split("\n")
    others = []
    for at, line in enumerate(lines):
        before, after = lines[:at], lines[at + 1 :]
        others += [[*before, *after], [*before, "", *after]]
        if not line.startswith("—"):
            others.append([*before, line, line, *after])
        for place in range(0, len(line), 7):
            put = "A" if line[place] != "A" else "B"
            others.append([*before, line[:place] + put + line[place + 1 :], *after])
    return ["\n".join(other) for other in others if other != lines]


@pytest.mark.parametrize("name", ["proof-of-one", "proof-7", "proof-12", "private"])
def test_no_line_of_a_proof_can_be_changed_left_out_or_added(handed: Handed, name: str) -> None:
    for other in lines_changed(handed.text(name)):
        assert handed.held("proof", handed.put(other)) == 1


def test_no_line_of_a_checkpoint_can_be_changed(handed: Handed) -> None:
    for other in lines_changed(handed.text("second")):
        assert handed.held("checkpoint", handed.put(other)) == 1


def test_no_line_of_a_consistency_proof_can_be_changed(handed: Handed) -> None:
    for other in lines_changed(handed.text("since-first")):
        assert handed.held("consistency", handed.path("first"), handed.put(other)) == 1
    assert handed.held("consistency", handed.path("second"), handed.path("since-first")) == 1
    assert handed.held("consistency", handed.path("first"), handed.path("since-itself")) == 1


Shown = dict[str, str]


def shown_otherwise(proof: str, change: Callable[[Shown], Shown]) -> str:
    """A proof whose extra data, which nothing signs, says something else."""
    first, extra, rest = proof.split("\n", 2)
    shown = change(json.loads(b64decode(extra.removeprefix("extra "))))
    return f"{first}\nextra {b64encode(json.dumps(shown).encode()).decode()}\n{rest}"


def put(name: str, old: str, new: str) -> Callable[[Shown], Shown]:
    return lambda shown: {**shown, name: shown[name].replace(old, new)}


OTHERWISE: dict[str, Callable[[Shown], Shown]] = {
    "another consignee": put("body", "G42", "G43"),
    "another salt": lambda shown: {**shown, "salt": "00" * 32},
    "no salt": lambda shown: {"leaf": shown["leaf"], "body": shown["body"]},
    "no body": lambda shown: {"leaf": shown["leaf"], "salt": shown["salt"]},
    "a salt that is none": lambda shown: {**shown, "salt": "zz"},
    "no leaf": lambda shown: {"body": shown["body"], "salt": shown["salt"]},
    "a leaf that is a number": lambda shown: {**shown, "leaf": 7},  # type: ignore[dict-item]  # what is tested
    "another instant": put("leaf", "T12:00:00", "T12:00:01"),
    "another seq": put("leaf", '"seq":7', '"seq":8'),
    "another origin": put("leaf", "tppq/", "tppr/"),
    "a leaf of version 2": put("leaf", '"v":1', '"v":2'),
    "a field twice": put("leaf", '"v":1', '"v":1,"v":1'),
    "half of a character in the leaf": put("leaf", "T12:00:00", "T12:00:\ud800"),
    "half of a character in the body": put("body", "G42", "\udfff"),
    "one more field": put("leaf", '"v":1', '"v":1,"w":1'),
    "a body moved between salt and text": lambda shown: {
        **shown, "salt": shown["salt"] + shown["body"][:1].encode().hex(), "body": shown["body"][1:],
    },
}  # fmt: skip


@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_proof_shows_must_be_what_was_committed_to(
    handed: Handed, change: Callable[[Shown], Shown]
) -> None:
    other = shown_otherwise(handed.text("proof-7"), change)
    assert handed.held("proof", handed.put(other)) == 1


def test_extra_data_that_is_nested_without_end_is_refused(
    handed: Handed, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _, rest = handed.text("proof-7").split("\n", 2)
    deep = b64encode(b"[" * 200_000).decode()
    assert handed.held("proof", handed.put(f"{first}\nextra {deep}\n{rest}")) == 1
    assert "extra is not JSON" in "".join(capsys.readouterr())


def test_a_proof_that_holds_holds_though_nobody_reads_it(handed: Handed) -> None:
    command = [sys.executable, str(FILE), "--key", handed.key, "proof", handed.path("proof-7")]
    read, write = os.pipe()
    os.close(read)
    with Path("/dev/full").open("w") as full, os.fdopen(write, "w") as gone:
        assert [subprocess.run(command, stdout=out, check=False).returncode for out in (full, gone)] == [0, 0]


def test_a_proof_of_one_entry_is_none_of_another(handed: Handed) -> None:
    seventh = handed.text("proof-7")
    for index in (0, 5, 7, 11, 12, 99):
        assert handed.held("proof", handed.put(seventh.replace("\nindex 6\n", f"\nindex {index}\n"))) == 1


def test_another_key_and_another_origin_are_refused(handed: Handed) -> None:
    name = handed.signer.verifier.name
    same_name = Signer.new(name)
    assert tppq_verify.main(["--key", str(same_name.verifier), "checkpoint", handed.path("second")]) == 1
    other_origin = handed.signer.sign(Checkpoint("another", 0, merkle.EMPTY_ROOT).text())
    assert handed.held("checkpoint", handed.put(other_origin)) == 1
    other_name = Signer.new("another").sign(Checkpoint("another", 0, merkle.EMPTY_ROOT).text())
    assert handed.held("checkpoint", handed.put(other_name)) == 1


def test_a_key_that_is_none_a_file_that_is_missing_and_bytes_that_are_no_text(handed: Handed) -> None:
    for key in (handed.key[:-1], "a+b+c", handed.path("second")):
        assert tppq_verify.main(["--key", key, "checkpoint", handed.path("second")]) == 1
    assert handed.held("checkpoint", handed.path("nosuch")) == 66
    (handed.folder / "bytes").write_bytes(b"\xff\xfe")
    assert handed.held("checkpoint", handed.path("bytes")) == 1
    with pytest.raises(SystemExit, match="2"):
        tppq_verify.main(["--key", handed.key])


def test_a_key_file_may_have_a_plus_in_its_name_and_a_key_is_text(handed: Handed) -> None:
    file = handed.folder / "k+ey" / "a+b.vkey"
    file.parent.mkdir()
    file.write_text(handed.key)
    assert tppq_verify.main(["--key", str(file), "checkpoint", handed.path("second")]) == 0
    for key in (f"\udcff{handed.key}", f"{file}x"):
        assert tppq_verify.main(["--key", key, "checkpoint", handed.path("second")]) == 1


# ------------------------------------------------------------------------------- its trees and the ledger's


def test_its_proofs_lead_where_the_ledgers_lead_and_no_other_length_does() -> None:
    tree = merkle.Tree()
    hashes = [merkle.leaf_hash(b"%d" % number) for number in range(33)]
    tree.extend(hashes)
    for size in range(1, 34):
        root = merkle.edge_of(size, tree.node).root()
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tree.node)
            assert tppq_verify.root_by(index, size, hashes[index], proof) == root
            for other in ([*proof, root], proof[:-1] if proof else [root]):
                with pytest.raises(tppq_verify.Refused):
                    tppq_verify.root_by(index, size, hashes[index], other)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, tree.node)
            old_root = merkle.edge_of(old, tree.node).root()
            assert tppq_verify.roots_by(old, size, old_root, proof) == (old_root, root)
            for other in ([*proof, root], proof[:-1] if proof else [root]):
                with pytest.raises(tppq_verify.Refused):
                    tppq_verify.roots_by(old, size, old_root, other)
