"""A checkpoint kept outside the store forbids writing to a store that does not fit it."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import (
    BadFeed,
    BadQuery,
    Busy,
    Ledger,
    Misconfigured,
    Tampered,
    Unreachable,
    aside,
    kept,
    merkle,
)
from ledger.copies import import_log
from ledger.notes import Checkpoint, Signer
from tests.evidence import CLOCK, begun, copied, entry, forbidden, opened, post, rechained, signer_of, told
from tests.outside import EVENT, connected, drop_guards
from tests.transcripts import typed


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


def test_a_store_that_fits_its_checkpoint_may_be_written_to(
    small: Ledger, store_url: str, tmp_path: Path
) -> None:
    signer = signer_of(small, tmp_path)
    file = tmp_path / "kept"
    assert forbidden(store_url, file) == ""  # none was signed yet
    small.checkpoint(signer, keep=[file])
    assert forbidden(store_url, file, signer.verifier) == ""
    post(small, 2, first=6)
    assert forbidden(store_url, file, signer.verifier) == ""
    small.checkpoint(signer, keep=[tmp_path / "another"])
    assert forbidden(store_url, file) == ""


def test_an_older_copy_is_not_written_to_nor_when_it_went_on(url: str, tmp_path: Path) -> None:
    copy, file = copied(url, tmp_path / "copy"), tmp_path / "kept"
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        post(ledger, 2, first=6)
        ledger.checkpoint(signer, keep=[file])
    with opened(copy) as ledger:
        found = forbidden(copy, file)
        assert "this store ends at entry 6" in found
        assert "restore the latest backup" in found
        post(ledger, 2, first=6, consignee="Khazna")
        assert "is not the one " in forbidden(copy, file)
        post(ledger, 2, first=8, consignee="Khazna")
        assert "is not the one " in forbidden(copy, file)


@pytest.mark.parametrize("signed_before", [False, True])
def test_a_backup_older_than_the_last_checkpoint_is_posted_to_once_what_is_advised_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, signed_before: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TPPQ_SIGNING_KEY_FILE", "key")
    for number in (1, 2):
        row = f"license,AE,2026-02-01,L{number},1"
        Path(f"{number}.csv").write_text(
            f"kind,country,effective_on,license_no,tpp\n{row}\n", encoding="utf-8"
        )

    def done(command: str, status: int = 0) -> str:
        found, _, err = typed(command.split(), clock=CLOCK)
        assert found == status, err
        return err

    done("init")
    done("checkpoint --new-key key")
    monkeypatch.setenv("TPPQ_CHECKPOINT", "kept")
    if signed_before:
        done("checkpoint")
    done("post 1.csv")
    done("backup backup.db")
    assert "first move kept away" not in done("restore backup.db --ledger sqlite:///right.db")
    done("post 2.csv")
    done("checkpoint")
    Path("tppq.db").rename("lost.db")
    assert "first move kept away" in done("restore backup.db")
    for command in ("post 2.csv", "init"):
        assert "env -u TPPQ_CHECKPOINT tppq checkpoint -o kept." in done(command, 1)
    Path("kept").rename("evidence")
    monkeypatch.delenv("TPPQ_CHECKPOINT")
    done("checkpoint -o kept")
    monkeypatch.setenv("TPPQ_CHECKPOINT", "kept")
    done("post 2.csv")
    done("checkpoint")
    done("verify")


@pytest.mark.parametrize("command", ["init", "init --dry-run", "db init --shared"])
def test_a_ledger_is_not_made_beside_the_checkpoint_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kept").write_text("of another ledger", encoding="utf-8")
    monkeypatch.setenv("TPPQ_CHECKPOINT", "kept")
    again = [*command.split(), "--ledger", "sqlite:///other.db"]
    status, _, err = typed(again, clock=CLOCK)
    assert status == 78
    assert "kept is there, and a ledger that is yet to be made has no checkpoint: it is another's." in err
    assert not Path("other.db").exists()
    monkeypatch.setenv("TPPQ_CHECKPOINT", "yet to be signed")
    assert typed(again, clock=CLOCK)[0] == 0


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_checkpoint_that_cannot_be_looked_at_may_be_there(tmp_path: Path, name: str) -> None:
    """As one in a folder of somebody else: nothing is written past it."""
    new = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(Unreachable, match="cannot be looked at"):
        Ledger.init(new, checkpoint=tmp_path / name)
    assert not (tmp_path / "new.db").exists()
    Ledger.init(new).close()
    with (
        Ledger.open(new, checkpoint=tmp_path / name) as ledger,
        pytest.raises(Tampered, match="cannot be looked at"),
    ):
        ledger.post(entry("block", 5, reason="a test"))


def test_a_ledger_is_not_made_for_somebody_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(BadQuery, match="actor is empty"):
        Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}", actor=" ")
    assert not (tmp_path / "tppq.db").exists()


def test_a_checkpoint_that_is_missing_another_ledgers_or_forged_forbids_writing(
    url: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, keep=[file])
        note = file.read_text()
        file.write_text(note.replace("\n6\n", "\n5\n"))
        assert "does not hold" in forbidden(url, file, signer.verifier)
        assert "is not the one " in forbidden(url, file)
        file.write_text("nothing of the sort")
        assert "cannot be taken for a checkpoint" in forbidden(url, file)
        file.unlink()
        assert "cannot be read" in forbidden(url, file)
        file.write_text(Signer.new("another").sign(Checkpoint("another", 0, merkle.EMPTY_ROOT).text()))
        assert "is a checkpoint of another" in forbidden(url, file)


def test_a_store_that_lacks_the_last_entry_alone_is_an_older_copy(url: str, tmp_path: Path) -> None:
    copy, file = copied(url, tmp_path / "copy"), tmp_path / "kept"
    with opened(url) as ledger:
        post(ledger, 1, first=6)
        ledger.checkpoint(signer_of(ledger, tmp_path), keep=[file])
    assert "this store ends at entry 6" in forbidden(copy, file)


def test_a_fork_that_was_signed_at_the_same_size_forbids_writing(url: str, tmp_path: Path) -> None:
    fork = copied(url, tmp_path / "fork")
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
    for each, who in ((url, "G42"), (fork, "Khazna")):
        with opened(each) as ledger:
            post(ledger, 3, first=6, consignee=who)
            ledger.checkpoint(signer, keep=[tmp_path / who])
            post(ledger, 1, first=9)
    assert forbidden(url, tmp_path / "G42") == forbidden(fork, tmp_path / "Khazna") == ""
    assert "is not the one " in forbidden(url, tmp_path / "Khazna")
    with opened(url) as ledger:
        found = ledger.verify(kept.outside(tmp_path / "Khazna")).rows()
        assert [(row["seq"], row["check"]) for row in found] == [(9, "checkpoint"), (None, "event")]
        with pytest.raises(Tampered, match="does not continue the checkpoint of 9"):
            ledger.checkpoint(signer, keep=[tmp_path / "Khazna"])


def test_a_folder_of_tiles_kept_elsewhere_must_be_by_the_key(url: str, tmp_path: Path) -> None:
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, folder=tmp_path / "tiles")
    assert kept.outside(tmp_path / "tiles", signer.verifier).size == 6
    with pytest.raises(Tampered, match="not signed by"):
        kept.outside(tmp_path / "tiles", Signer.new(signer.verifier.name).verifier)


def test_an_empty_checkpoint_with_a_root_fits_no_store(url: str, tmp_path: Path) -> None:
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
    for root, fits in ((merkle.EMPTY_ROOT, True), (bytes(32), False)):
        (tmp_path / "kept").write_text(signer.sign(Checkpoint(signer.verifier.name, 0, root).text()))
        assert (forbidden(url, tmp_path / "kept", signer.verifier) == "") is fits


@pytest.mark.parametrize("place", ["kept/checkpoint", "tiles"])
def test_two_who_sign_for_one_place_take_turns(
    small: Ledger, store_url: str, tmp_path: Path, place: str
) -> None:
    signer, path = signer_of(small, tmp_path), tmp_path / place
    asked: dict[str, Any] = {"folder": path} if place == "tiles" else {"keep": path}
    with (
        aside.alone(path if place == "tiles" else path.parent, "writes"),
        Ledger.open(store_url, clock=CLOCK, busy_seconds=0.1) as other,
        pytest.raises(Busy, match="somebody else writes to "),
    ):
        other.checkpoint(signer, **asked)
    assert small.checkpoint(signer, **asked).recorded


def test_two_names_of_one_folder_are_one(small: Ledger, tmp_path: Path) -> None:
    signer, real, alias = signer_of(small, tmp_path), tmp_path / "real", tmp_path / "alias"
    real.mkdir()
    alias.symlink_to(real, target_is_directory=True)
    assert small.checkpoint(signer, keep=[real / "a", alias / "b", alias / ".." / "real" / "c"]).recorded


def test_a_checkpoint_that_cannot_be_written_is_not_taken_for_kept(small: Ledger, tmp_path: Path) -> None:
    signer, away = signer_of(small, tmp_path), tmp_path / "key" / "kept"  # below a file
    with pytest.raises(Unreachable, match="kept cannot be written: File exists") as refused:
        small.checkpoint(signer, keep=away)
    assert refused.value.facts["path"] == str(away)


def test_bytes_that_are_no_text_are_no_checkpoint(url: str, tmp_path: Path) -> None:
    file, said = tmp_path / "kept", "it is not UTF-8 text"
    file.write_bytes(b"\xff")
    with pytest.raises(BadFeed, match=f"kept cannot be taken for a checkpoint: {said}") as refused:
        kept.read(file)
    fault = {"path": str(file), "line": None, "column": None, "reason": said}
    assert refused.value.facts["faults"] == [fault]
    assert forbidden(url, file).startswith(f"{file} cannot be taken for a checkpoint: {said}; until that is")


def test_a_checkpoint_of_the_settings_is_a_small_file_and_forbids_writing_where_it_is_none(
    url: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        assert "cannot be read: it is a pipe or a device, not a file" in forbidden(url, tmp_path / name)
    with pytest.raises(Unreachable, match="it is a pipe or a device, not a file"):
        kept.outside(tmp_path / "pipe", pipes=False)
    (tmp_path / "large").write_bytes(b"x" * 1_000_001)
    assert "cannot be read: it has more than 1,000,000 bytes" in forbidden(url, tmp_path / "large")


def test_a_checkpoint_and_a_key_that_are_named_for_once_may_come_through_a_pipe(
    small: Ledger, tmp_path: Path
) -> None:
    signer = signer_of(small, tmp_path)
    told = {tmp_path / "pipe": small.checkpoint(signer).note, tmp_path / "key-pipe": f"{signer.verifier}\n"}
    writers = [threading.Thread(target=path.write_text, args=[text]) for path, text in told.items()]
    for path, writer in zip(told, writers, strict=True):
        os.mkfifo(path)
        writer.start()
    verifier = kept.verifier(str(tmp_path / "key-pipe"))
    assert kept.outside(tmp_path / "pipe", verifier).size == 6
    for writer in writers:
        writer.join()
    with pytest.raises(Unreachable, match="more than 1,000,000 bytes"):
        kept.read(Path("/dev/zero"))
    with pytest.raises(Misconfigured, match="more than 1,000,000 bytes"):
        kept.verifier("/dev/zero")


def test_a_key_file_that_others_can_read_is_not_used(small: Ledger, tmp_path: Path) -> None:
    key = tmp_path / "my key"
    small.new_key(key)
    assert kept.signer(key).verifier.name.startswith("tppq/")
    key.chmod(0o640)
    with pytest.raises(Misconfigured, match="can be read by others: chmod 600") as refused:
        kept.signer(key)
    assert shlex.split(refused.value.detail)[-3:] == ["chmod", "600", str(key)]
    with pytest.raises(Misconfigured, match="cannot be read: No such file or directory"):
        kept.signer(tmp_path / "nosuch")
    with pytest.raises(Unreachable, match="nosuch cannot be read: No such file or directory"):
        kept.read(tmp_path / "nosuch")
    with pytest.raises(Misconfigured, match="is not of the form"):
        kept.verifier("a+b+c")


def test_a_key_file_that_was_cut_is_refused_and_not_shown(small: Ledger, tmp_path: Path) -> None:
    key = tmp_path / "key"
    small.new_key(key)
    whole = key.read_text()
    key.write_text(whole[:-8])
    with pytest.raises(
        Misconfigured, match=r"the key file .*key cannot be used: the key to sign with"
    ) as refused:
        kept.signer(key)
    assert whole.rpartition("+")[2][:20] not in refused.value.detail


def test_a_key_is_read_from_its_file_where_there_is_one_and_is_itself_elsewhere(tmp_path: Path) -> None:
    verifier = Signer.new("tppq/diffusion-2025/00").verifier
    file = tmp_path / "k+ey" / "a+b.vkey"
    file.parent.mkdir()
    file.write_text(f"{verifier}\n")
    assert kept.verifier(str(file)) == kept.verifier(str(verifier)) == verifier
    with pytest.raises(Misconfigured, match="the key file nosuch cannot be read: No such file"):
        kept.verifier("nosuch")
    with pytest.raises(Misconfigured, match="is not of the form"):
        kept.verifier(f"{file}x")
    file.write_bytes(b"\xff")
    with pytest.raises(Misconfigured, match=r"a\+b.vkey cannot be read: it is not UTF-8 text"):
        kept.verifier(str(file))


def test_a_ledger_that_does_not_fit_its_checkpoint_is_asked_and_not_written_to(
    url: str, tmp_path: Path
) -> None:
    copy, file = copied(url, tmp_path / "copy"), tmp_path / "kept"
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        post(ledger, 2, first=6)
        ledger.checkpoint(signer, keep=[file])
    with Ledger.open(copy, checkpoint=file, verifier=signer.verifier) as ledger:
        assert len(ledger.headroom()) == 1
        with pytest.raises(Tampered, match="nothing is written: restore the latest backup"):
            ledger.post(entry("license", 1, license_no="L9"))
        assert ledger.headroom().basis["seq"] == 6
    with Ledger.open(url, checkpoint=str(file), verifier=signer.verifier) as ledger:
        post(ledger, 1, first=9)
        assert ledger.headroom().basis["seq"] == 9


# ------------------------------------------------------------------------------------------------ events


@pytest.mark.parametrize(
    ("is_cut", "why"),
    [(True, "this store has no event 3, and "), (False, "the log of events of this store is not the one ")],
)
def test_a_log_of_events_that_does_not_fit_its_checkpoint_forbids_writing(
    small: Ledger, store_url: str, tmp_path: Path, *, is_cut: bool, why: str
) -> None:
    told(store_url, "first", "second", "third")
    signer, file = signer_of(small, tmp_path), tmp_path / "kept"
    small.checkpoint(signer, keep=[file])
    assert forbidden(store_url, file, signer.verifier) == ""
    most = Checkpoint.parse(file.read_text().partition("\n\n")[0] + "\n")._replace(events=10**18 - 1)
    (tmp_path / "most").write_text(signer.sign(most.text()))
    assert "covers 999,999,999,999,999,999 events" in forbidden(store_url, tmp_path / "most")
    drop_guards(store_url)
    with connected(store_url) as connection:
        if is_cut:
            connection.execute(sa.delete(EVENT).where(EVENT.c.seq >= 3))
        else:
            rechained(connection, 2, actor="eve")
    Ledger.init(store_url, opening=False).close()  # puts the guards back
    found = forbidden(store_url, file, signer.verifier)
    assert found.startswith(why)
    assert "nothing is written: restore the latest backup" in found
    with Ledger.open(store_url, actor="maria", clock=CLOCK, checkpoint=file) as ledger:
        assert len(ledger.headroom()) == 1
        with pytest.raises(Tampered, match="nothing is written"):
            ledger.post(entry("license", 1, license_no="L9"))


def test_a_checkpoint_of_before_that_tells_of_no_events_is_held_to_its_entries_alone(
    small: Ledger, store_url: str, tmp_path: Path
) -> None:
    told(store_url, "first")
    signer, file = signer_of(small, tmp_path), tmp_path / "kept"
    small.checkpoint(signer, keep=[file])
    said = Checkpoint.parse(file.read_text().partition("\n\n")[0] + "\n")
    file.write_text(signer.sign(said._replace(events=0, last_event="").text()))
    assert len(file.read_text().partition("\n\n")[0].split("\n")) == 3
    assert forbidden(store_url, file, signer.verifier) == ""
    post(small, 1, first=6)
    assert small.checkpoint(signer, keep=[file]).recorded
    assert kept.read(file, signer.verifier).events == 2


def test_a_log_that_is_exported_and_imported_fits_what_was_signed_of_its_events(
    url: str, tmp_path: Path
) -> None:
    told(url, "first", "second")
    other, file = f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "kept"
    with opened(url) as ledger:
        signer = signer_of(ledger, tmp_path)
        ledger.checkpoint(signer, keep=[file], folder=tmp_path / "tiles")
        ledger.export(tmp_path / "log.jsonl")
    import_log(tmp_path / "log.jsonl", other)
    assert forbidden(other, file, signer.verifier) == ""
    with opened(other) as ledger:
        for elsewhere in (file, tmp_path / "tiles"):
            outside = kept.outside(elsewhere, signer.verifier)
            assert outside.events == 2
            assert ledger.verify(outside).rows() == []
        assert not ledger.checkpoint(signer, keep=[file], folder=tmp_path / "tiles").recorded
