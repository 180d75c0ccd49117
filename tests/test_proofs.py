"""Checkpoints continue each other or are not signed; proofs and tiles hold for whoever recomputes them."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import (
    BadFeed,
    Busy,
    Ledger,
    Misconfigured,
    Refused,
    Tampered,
    UnknownName,
    merkle,
    tppq_verify,
)
from ledger.anchors import TOPIC
from ledger.database import Database
from ledger.events import Telling
from ledger.evidence import canonical
from ledger.kept import outside
from ledger.notes import Checkpoint, Signer, text_of
from ledger.proofs import Signed
from ledger.store import Store
from ledger.tables import ENTRY
from tests.evidence import CLOCK, begun, copied, entry, opened, post, rechained, signer_of, told
from tests.outside import EVENT, connected, drop_guards


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    """An allocation and five licenses, on each database."""
    with begun(store_url) as ledger:
        yield ledger


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store' / 'tppq.db'}"
    begun(url).close()
    return url


def change(url: str, seq: int, **values: object) -> None:
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.update(ENTRY).where(ENTRY.c.seq == seq).values(values))
    Ledger.init(url, opening=False).close()  # puts the guards back


# ------------------------------------------------------------------------------------------ checkpoints


def test_a_checkpoint_says_size_and_root_under_the_ledgers_own_name_and_is_recorded(
    small: Ledger, tmp_path: Path
) -> None:
    signer = signer_of(small, tmp_path)
    signed = small.checkpoint(signer)
    said = Checkpoint.parse(text_of(signed.note, signer.verifier))
    assert (said.origin, said.size, said.root.hex()) == (signer.verifier.name, 6, signed.root)
    assert said.origin.startswith("tppq/diffusion-2025/")
    assert (signed.reread, signed.recorded) == (6, True)
    answer = small.verify()
    assert answer.rows() == []
    assert answer.basis["checked"]["checkpoints"] == 1


def test_a_file_of_evidence_is_named_by_text_or_by_a_path_alike(small: Ledger, tmp_path: Path) -> None:
    key = small.new_key(f"{tmp_path}/key")
    signer = Signer.parse((tmp_path / "key").read_text())
    kept, tiles = f"{tmp_path}/kept", f"{tmp_path}/tiles"
    first = small.checkpoint(signer, keep=kept, folder=tiles)  # one file, and not one a letter
    assert (first.key, Path(kept).read_text()) == (key, first.note)
    post(small, 1, first=6)
    second = small.checkpoint(signer, keep=[kept, tmp_path / "also"], folder=tmp_path / "tiles")
    assert Path(kept).read_text() == (tmp_path / "also").read_text() == second.note
    assert small.prove(3, folder=tiles) == small.prove(3, folder=tmp_path / "tiles")
    assert small.prove_since(kept, folder=tiles) == small.prove_since(tmp_path / "kept")


def test_the_next_checkpoint_reads_only_what_came_since_and_the_same_is_signed_once(
    small: Ledger, tmp_path: Path
) -> None:
    signer = signer_of(small, tmp_path)
    first = small.checkpoint(signer)
    assert small.checkpoint(signer).recorded is False
    post(small, 3, first=6)
    second = small.checkpoint(signer)
    assert (second.size, second.reread, second.recorded) == (9, 3, True)
    assert second.note != first.note
    assert small.verify().basis["checked"]["checkpoints"] == 2


def test_another_key_starts_from_the_first_entry_and_is_held_to_what_was_signed_before(
    small: Ledger, tmp_path: Path
) -> None:
    small.checkpoint(signer_of(small, tmp_path))
    post(small, 1, first=6)
    signed = small.checkpoint(signer_of(small, tmp_path, "other"))
    assert (signed.size, signed.reread, signed.recorded) == (7, 7, True)


def test_an_empty_ledger_has_a_checkpoint_too(store_url: str, tmp_path: Path) -> None:
    with Ledger.init(store_url, opening=False) as ledger:
        signed = ledger.checkpoint(signer_of(ledger, tmp_path))
        assert (signed.size, signed.root) == (0, merkle.EMPTY_ROOT.hex())
        assert ledger.verify().rows() == []


def test_a_key_of_another_ledger_signs_nothing_here(small: Ledger) -> None:
    with pytest.raises(Misconfigured, match="the key signs as another/ledger, and this ledger is tppq/"):
        small.checkpoint(Signer.new("another/ledger"))
    assert small.verify().basis["checked"]["events"] == 0


def test_a_key_is_written_over_nothing(small: Ledger, tmp_path: Path) -> None:
    small.new_key(tmp_path / "key")
    with pytest.raises(Misconfigured, match="the key cannot be written"):
        small.new_key(tmp_path / "key")


@pytest.mark.parametrize(
    ("seq", "values"),
    [(7, {"consignee": "Khazna"}), (7, {"tpp": 15}), (8, {"prev_hash": "f" * 64}), (8, {"hash": "f" * 64})],
)
def test_what_was_changed_since_the_last_checkpoint_is_not_signed(
    url: str, tmp_path: Path, seq: int, values: dict[str, object]
) -> None:
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer)
        post(ledger, 3, first=6)
    change(url, seq, **values)
    with opened(url) as ledger:
        with pytest.raises(Tampered, match=f"entry {seq} is not what was posted.*nothing was signed"):
            ledger.checkpoint(signer)
        assert ledger.verify().basis["checked"]["checkpoints"] == 1


@pytest.mark.parametrize(
    "changed",
    [
        "update head set tree = (select replace(tree, 'a', 'b') from head)",
        "update head set hash = (select lower(hex(salt_key)) from head)",
    ],
)
def test_a_head_that_does_not_stand_on_its_entries_is_not_signed(
    url: str, tmp_path: Path, changed: str
) -> None:
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
    drop_guards(url)
    with connected(url) as connection:
        connection.execute(sa.text(changed))
    Ledger.init(url, opening=False).close()
    with opened(url) as ledger, pytest.raises(Tampered, match="does not stand on its entries"):
        ledger.checkpoint(signer)


def test_a_ledger_that_was_cut_and_went_on_is_not_signed_against_the_file_kept_elsewhere(
    url: str, tmp_path: Path
) -> None:
    copy = copied(url, tmp_path / "copy")
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        post(ledger, 3, first=6)
        ledger.checkpoint(signer, keep=[tmp_path / "kept"])
    before = (tmp_path / "kept").read_bytes()
    with opened(copy) as ledger:
        with pytest.raises(Tampered, match="a checkpoint of 9 entries was signed, and the ledger ends at 6"):
            ledger.checkpoint(signer, keep=[tmp_path / "kept"])
        post(ledger, 4, first=6, consignee="Khazna")
        with pytest.raises(Tampered, match="does not continue the checkpoint of 9 entries"):
            ledger.checkpoint(signer, keep=[tmp_path / "kept"])
        assert ledger.verify().rows() == []
    assert (tmp_path / "kept").read_bytes() == before


@pytest.mark.parametrize("more", [3, 4])
def test_a_ledger_that_was_cut_and_went_on_does_not_continue_its_tiles_and_its_head_is_not_blamed(
    url: str, tmp_path: Path, more: int
) -> None:
    copy = copied(url, tmp_path / "copy")
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        post(ledger, 3, first=6)
        ledger.checkpoint(signer, folder=tmp_path / "tiles")
    with opened(copy) as ledger:
        post(ledger, more, first=6, consignee="Khazna")
        with pytest.raises(Tampered, match="does not continue the checkpoint of 9 entries"):
            ledger.checkpoint(signer, folder=tmp_path / "tiles")
        assert ledger.verify().rows() == []


def test_the_file_kept_elsewhere_must_be_by_this_key(url: str, tmp_path: Path) -> None:
    with opened(url) as ledger:
        ledger.checkpoint(signer_of(ledger, tmp_path), keep=[tmp_path / "kept"])
        new = "to sign with a new key, a new file or folder$"
        with pytest.raises(BadFeed, match=f"it is not signed by .*: name the key that signed it, or, {new}"):
            ledger.checkpoint(signer_of(ledger, tmp_path, "other"), keep=[tmp_path / "kept"])


def test_the_file_kept_elsewhere_must_be_of_this_ledger_and_of_its_history(
    small: Ledger, tmp_path: Path
) -> None:
    signer, file = signer_of(small, tmp_path), tmp_path / "kept"
    small.checkpoint(signer, folder=tmp_path / "tiles")
    file.write_text(signer.sign(Checkpoint("another", 3, bytes(32)).text()))
    with pytest.raises(BadFeed, match="the checkpoint is of another, and this ledger is tppq/"):
        small.checkpoint(signer, keep=[file])
    for size in (3, 6):  # less than what the tiles have, which are not read again, and just that
        file.write_text(signer.sign(Checkpoint(signer.verifier.name, size, bytes(32)).text()))
        with pytest.raises(Tampered, match=f"does not continue the checkpoint of {size} entries"):
            small.checkpoint(signer, keep=[file], folder=tmp_path / "tiles")


def test_tiles_by_another_key_are_not_gone_on_with(small: Ledger, tmp_path: Path) -> None:
    small.checkpoint(signer_of(small, tmp_path), folder=tmp_path / "tiles")
    other = signer_of(small, tmp_path, "other")
    with pytest.raises(Tampered, match=r"it is not signed by .* a new file or folder$"):
        small.checkpoint(other, folder=tmp_path / "tiles")
    assert small.checkpoint(other, folder=tmp_path / "new").reread == 6


def test_what_is_read_again_begins_with_the_oldest_checkpoint_that_is_kept(
    small: Ledger, tmp_path: Path
) -> None:
    signer = signer_of(small, tmp_path)
    small.checkpoint(signer, keep=[tmp_path / "old"])
    for first in (6, 8):
        post(small, 2, first=first)
        small.checkpoint(signer, keep=[tmp_path / "new"])
    post(small, 2, first=10)
    signed = small.checkpoint(signer, keep=[tmp_path / "old", tmp_path / "new"])
    assert (signed.size, signed.reread) == (12, 6)


@pytest.mark.parametrize(
    ("more", "said"),
    [({"size": 2}, "2 entries"), ({"size": 1, "events": 9, "last_event": "f" * 64}, "9 events")],
)
def test_a_smaller_checkpoint_is_not_recorded_after_a_larger_one(
    store_url: str, tmp_path: Path, more: dict[str, object], said: str
) -> None:
    """A larger one is signed while the smaller waits for the lock."""
    with Ledger.init(store_url, opening=False, actor="maria", clock=CLOCK) as ledger:
        ledger.post(entry("allocate", 1_000_000), request_id="cap")
        signer, coming = signer_of(ledger, tmp_path), list[Future[Signed]]()
        larger = {"root": "00" * 32, "head_hash": "", "edge": [], "key": "", "note": [], **more}
        store = Store(Database(store_url, 10), CLOCK)
        with ThreadPoolExecutor(1) as thread:

            def meanwhile() -> None:
                coming.append(thread.submit(ledger.checkpoint, signer))
                wait(coming, timeout=0.5)

            store.record([Telling(TOPIC, "", "signed", larger)], "maria", meanwhile)
            with pytest.raises(Busy, match=f"a checkpoint of {said} was signed meanwhile: try again"):
                coming[0].result()
        store.close()


# ----------------------------------------------------------------------------------------------- events


def covered(signed: Signed) -> int:
    """How many events a checkpoint covers."""
    return Checkpoint.parse(text_of(signed.note)).events


def test_a_checkpoint_of_a_ledger_in_which_nothing_happens_records_nothing_more(
    small: Ledger, store_url: str, tmp_path: Path
) -> None:
    told(store_url, "first", "second")
    signer, other = signer_of(small, tmp_path), signer_of(small, tmp_path, "other")
    first, others = small.checkpoint(signer), small.checkpoint(other)
    assert (first.recorded, covered(first), others.recorded, covered(others)) == (True, 2, True, 2)
    for _ in range(3):
        assert small.checkpoint(signer, keep=[tmp_path / "kept"]) == replace(first, reread=0, recorded=False)
        assert small.checkpoint(other).note == others.note
    assert small.verify().basis["checked"]["events"] == 4
    post(small, 1, first=6)
    assert covered(small.checkpoint(signer)) == 4


def test_where_events_alone_came_there_is_another_checkpoint_of_the_same_size(
    small: Ledger, store_url: str, tmp_path: Path
) -> None:
    signer, kept = signer_of(small, tmp_path), [tmp_path / "kept"]
    signed = [small.checkpoint(signer, keep=kept)]
    (tmp_path / "old").write_text(signed[0].note)
    for subject in ("first", "second"):
        told(store_url, subject)
        signed.append(small.checkpoint(signer, keep=kept, folder=tmp_path / "tiles"))
        assert not small.checkpoint(signer, keep=kept, folder=tmp_path / "tiles").recorded
    assert [(each.size, covered(each), each.recorded) for each in signed] == [
        (6, 0, True), (6, 2, True), (6, 4, True),
    ]  # fmt: skip
    assert len({each.root for each in signed}) == 1
    assert small.prove(3).endswith(signed[-1].note)
    assert small.prove(3, folder=tmp_path / "tiles") == small.prove(3)
    (tmp_path / "middle").write_text(signed[1].note)
    key = ["--key", str(signer.verifier)]
    for old in ("old", "middle", "kept"):
        (tmp_path / "since").write_text(small.prove_since(tmp_path / old))
        two = [str(tmp_path / old), str(tmp_path / "since")]
        assert tppq_verify.main([*key, "consistency", *two]) == 0
    answer = small.verify()
    assert (answer.rows(), answer.basis["checked"]["checkpoints"]) == ([], 3)


def tampered(url: str, signer: Signer, **where: Any) -> str:
    """Why a ledger is not signed; nothing is recorded and nothing written."""
    Ledger.init(url, opening=False).close()  # puts the guards back
    with opened(url) as ledger:
        before = ledger.verify().basis["checked"]["events"]
        with pytest.raises(Tampered, match="nothing was signed") as raised:
            ledger.checkpoint(signer, **where)
        assert ledger.verify().basis["checked"]["events"] == before
    return raised.value.detail


@pytest.mark.parametrize("place", ["keep", "folder", None])
def test_events_that_were_made_anew_since_they_were_signed_are_not_signed_again(
    store_url: str, tmp_path: Path, place: str | None
) -> None:
    where = {} if place is None else {place: tmp_path / "elsewhere"}
    with begun(store_url) as ledger:
        told(store_url, "first", "second")
        signer = signer_of(ledger, tmp_path)
        note = ledger.checkpoint(signer, **where).note
        told(store_url, "third")
    drop_guards(store_url)
    with connected(store_url) as connection:
        rechained(connection, 1, actor="eve")
    said = (
        "the log of events does not continue the checkpoint of 6 entries and 2 events that was signed before"
    )
    assert tampered(store_url, signer, **where).startswith(said)
    drop_guards(store_url)
    with connected(store_url) as connection:  # records of checkpoints too
        connection.execute(sa.delete(EVENT).where(EVENT.c.seq >= 3))
    if place is not None:
        assert tampered(store_url, signer, **where).startswith(said)
        file = tmp_path / "elsewhere"
        assert (file if place == "keep" else file / "checkpoint").read_text() == note


def test_a_log_of_events_that_was_cut_is_not_signed_against_the_file_kept_elsewhere(
    store_url: str, tmp_path: Path
) -> None:
    with begun(store_url) as ledger:
        told(store_url, "first", "second")
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, keep=tmp_path / "kept")
    for ends in (1, 0):
        drop_guards(store_url)
        with connected(store_url) as connection:
            connection.execute(sa.delete(EVENT).where(EVENT.c.seq > ends))
        found = tampered(store_url, signer, keep=tmp_path / "kept")
        assert found.startswith(
            f"a checkpoint of 2 events was signed, and the log of events ends at {ends}: its"
        )


@pytest.mark.parametrize("values", [{"actor": "eve"}, {"detail": '{"rows":4}'}, {"hash": "f" * 64}])
def test_an_event_that_was_changed_since_the_last_checkpoint_is_not_signed(
    store_url: str, tmp_path: Path, values: dict[str, str]
) -> None:
    with begun(store_url) as ledger:
        told(store_url, "first")
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer)
        told(store_url, "third", "fourth")
    drop_guards(store_url)
    with connected(store_url) as connection:
        connection.execute(sa.update(EVENT).where(EVENT.c.seq == 3).values(values))
    said = "the log of events is not what was recorded (expected event 3 "
    assert tampered(store_url, signer).startswith(said)


def test_checkpoints_that_were_recorded_before_events_were_covered_are_gone_on_from(
    small: Ledger, store_url: str, tmp_path: Path
) -> None:
    signer = signer_of(small, tmp_path)
    small.checkpoint(signer, keep=tmp_path / "kept")
    drop_guards(store_url)
    with connected(store_url) as connection:
        detail = json.loads(connection.execute(sa.select(EVENT.c.detail)).scalar_one())
        del detail["events"], detail["last_event"]
        rechained(connection, 1, detail=canonical(detail).decode())
    Ledger.init(store_url, opening=False).close()
    with opened(store_url) as ledger:
        assert not ledger.checkpoint(signer, keep=tmp_path / "kept").recorded
        post(ledger, 1, first=6)
        signed = ledger.checkpoint(signer, keep=tmp_path / "kept")
        assert (signed.reread, covered(signed)) == (1, 1)
        assert ledger.verify(outside(tmp_path / "kept")).rows() == []


def test_it_is_not_proved_to_continue_events_that_are_others_now(store_url: str, tmp_path: Path) -> None:
    with begun(store_url) as ledger:
        told(store_url, "first", "second")
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, keep=tmp_path / "kept")
        said = Checkpoint.parse(text_of((tmp_path / "kept").read_text()))
    (tmp_path / "more").write_text(signer.sign(said._replace(events=9).text()))
    drop_guards(store_url)
    with connected(store_url) as connection:
        rechained(connection, 1, actor="eve")
    Ledger.init(store_url, opening=False).close()
    with opened(store_url) as ledger:
        with pytest.raises(Tampered, match=r"does not continue .*kept, of 6 entries and 2 events"):
            ledger.prove_since(tmp_path / "kept")
        with pytest.raises(Refused, match=r"6 entries and 9 events, and .* covers 6 entries and 2 events"):
            ledger.prove_since(tmp_path / "more")


# ----------------------------------------------------------------------------------------------- proofs


def taken_apart(proof: str) -> tuple[dict[str, str], int, list[bytes], Checkpoint]:
    head, _, note = proof.partition("\n\n")
    first, extra, index, *lines = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    shown = json.loads(b64decode(extra.removeprefix("extra ")))
    return (
        shown,
        int(index.removeprefix("index ")),
        list(map(b64decode, lines)),
        Checkpoint.parse(text_of(note)),
    )


def test_every_entry_has_a_proof_and_it_shows_the_entry(small: Ledger, tmp_path: Path) -> None:
    small.checkpoint(signer_of(small, tmp_path))
    for seq in range(1, 7):
        shown, index, hashes, checkpoint = taken_apart(small.prove(seq))
        hashed = merkle.leaf_hash(shown["leaf"].encode())
        assert index == seq - 1
        assert merkle.includes(index, checkpoint.size, hashed, hashes, checkpoint.root)
        committed = merkle.commitment(bytes.fromhex(shown["salt"]), shown["body"].encode())
        assert json.loads(shown["leaf"])["commitment"] == committed.hex()
        assert json.loads(shown["body"])["seq"] == seq


def test_a_private_proof_shows_no_entry_and_no_salt(small: Ledger, tmp_path: Path) -> None:
    small.checkpoint(signer_of(small, tmp_path))
    shown, _, _, _ = taken_apart(small.prove(3, private=True))
    assert list(shown) == ["leaf"]
    assert list(json.loads(shown["leaf"])) == ["commitment", "hash_v", "origin", "recorded_at", "seq", "v"]
    assert "G42" not in small.prove(3, private=True)


def test_there_is_no_proof_without_a_checkpoint_that_covers_the_entry(small: Ledger, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"entry 6 is under no checkpoint yet \(there is no checkpoint"):
        small.prove(6)
    small.checkpoint(signer_of(small, tmp_path))
    post(small, 1, first=6)
    with pytest.raises(Refused, match="the last checkpoint covers 6 entries"):
        small.prove(7)
    with pytest.raises(UnknownName, match="there is no entry 8 in this ledger: its last is 7"):
        small.prove(8)
    with pytest.raises(UnknownName):
        small.prove(0)


def test_an_entry_that_is_not_what_was_signed_is_not_proved(url: str, tmp_path: Path) -> None:
    with opened(url) as ledger:
        ledger.checkpoint(signer_of(ledger, tmp_path))
    change(url, 3, consignee="Khazna")
    with opened(url) as ledger:
        for seq in (3, 4):  # and its neighbors cannot be either: their path runs through it
            with pytest.raises(Tampered, match=f"entry {seq} is not what was signed"):
                ledger.prove(seq)


def test_the_last_checkpoint_is_proved_to_continue_an_older_one(small: Ledger, tmp_path: Path) -> None:
    signer = signer_of(small, tmp_path)
    old = Checkpoint.parse(text_of(small.checkpoint(signer, keep=[tmp_path / "old"]).note))
    (tmp_path / "old-copy").write_bytes((tmp_path / "old").read_bytes())
    post(small, 5, first=6)
    small.checkpoint(signer, keep=[tmp_path / "old"])
    head, _, note = small.prove_since(tmp_path / "old-copy").partition("\n\n")
    first, *lines = head.split("\n")
    new = Checkpoint.parse(text_of(note, signer.verifier))
    assert first == "old 6"
    assert merkle.consistent(6, old.root, 11, new.root, list(map(b64decode, lines)))


def test_what_is_not_continued_is_not_proved(url: str, tmp_path: Path) -> None:
    copy = copied(url, tmp_path / "copy")
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        post(ledger, 2, first=6)
        ledger.checkpoint(signer, keep=[tmp_path / "kept"])
    with opened(copy) as ledger:
        with pytest.raises(Refused, match="8 entries, and the last checkpoint of this ledger is not there"):
            ledger.prove_since(tmp_path / "kept")
        post(ledger, 3, first=6, consignee="Khazna")
        ledger.checkpoint(signer)
        with pytest.raises(Tampered, match="does not continue"):
            ledger.prove_since(tmp_path / "kept")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with Ledger.init(other) as ledger, pytest.raises(BadFeed, match="the checkpoint is of tppq/"):
        ledger.prove_since(tmp_path / "kept")


def test_tiles_of_another_ledger_or_of_another_history_are_no_evidence_against_this_one(
    url: str, tmp_path: Path
) -> None:
    copy, file = copied(url, tmp_path / "copy"), tmp_path / "kept"
    with Ledger.init(f"sqlite:///{tmp_path / 'other.db'}", opening=False, clock=CLOCK) as other:
        other.post(*(entry("allocate", 1_000_000 + number) for number in range(8)))
        other.checkpoint(signer_of(other, tmp_path, "others"), folder=tmp_path / "others-tiles")
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, keep=[file])
        for prove in (ledger.prove, lambda _, folder: ledger.prove_since(file, folder=folder)):
            with pytest.raises(
                BadFeed, match=r"of the folder .*others-tiles is of tppq/.*, and this ledger is"
            ):
                prove(3, folder=tmp_path / "others-tiles")
        post(ledger, 1, first=6)
        ledger.checkpoint(signer)
    with opened(copy) as fork:
        post(fork, 2, first=6, consignee="Khazna")
        fork.checkpoint(signer, folder=tmp_path / "tiles")
    with opened(url) as ledger:
        said = (
            "the tiles of .*tiles do not continue the last checkpoint of this ledger, of 7 entries: run tppq"
        )
        with pytest.raises(Tampered, match=said):
            ledger.prove(3, folder=tmp_path / "tiles")


def test_a_proof_goes_across_a_change_of_keys(small: Ledger, tmp_path: Path) -> None:
    """The old key's last file is kept, the new key begins a new one: whoever has both keys can check both."""
    old, new = signer_of(small, tmp_path), signer_of(small, tmp_path, "new")
    small.checkpoint(old, keep=[tmp_path / "kept"])
    post(small, 3, first=6)
    assert small.checkpoint(new, keep=[tmp_path / "new-kept"]).reread == 9
    (tmp_path / "since").write_text(small.prove_since(tmp_path / "kept"))
    two = ["consistency", str(tmp_path / "kept"), str(tmp_path / "since")]
    keys = {"old": ["--key", str(old.verifier)], "new": ["--key", str(new.verifier)]}
    assert tppq_verify.main([*keys["old"], *keys["new"], *two]) == 0
    assert tppq_verify.main([*keys["new"], *two]) == tppq_verify.main([*keys["old"], *two]) == 1
