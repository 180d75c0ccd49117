"""A license that was posted to a wrong country takes its number to the right one."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import Ledger, UnknownLicense, book, read_feed
from ledger.copies import import_log
from tests.night import Night
from tests.outside import connected
from tests.small import H100, entry

GROUP = 10


def _licensed(ledger: Ledger, country: str, number: str = "L1") -> int:
    given = {"license_no": number, "device_id": H100, "quantity": 10, "consignee": "Aramco"}
    return ledger.post(entry("license", country, "2026-02-01", **given))[0].seq


def _states(ledger: Ledger) -> list[tuple[str, str, int]]:
    rows = ledger.licenses().rows()
    return [
        (row["license_no"], f"{row['country']} {row['license_state']}", row["licensed_tpp"]) for row in rows
    ]


def test_a_correction_of_its_country_is_one_group_and_adds_up_everywhere(
    ledger: Ledger, tmp_path: Path
) -> None:
    seq = _licensed(ledger, "AE")
    ledger.correct(seq, {"country": "SA"}, "it is for SA")
    assert _states(ledger) == [("L1", "AE void", 0), ("L1", "SA active", 158_320)]
    ledger.post(entry("export", "SA", "2026-02-02", license_no="L1", device_id=H100, quantity=4))
    with pytest.raises(UnknownLicense, match="L1 is a license for SA, not for AE"):
        _licensed(ledger, "AE")
    assert ledger.verify().rows() == []
    log = tmp_path / "log.jsonl"
    ledger.export(log)
    import_log(log, f"sqlite:///{tmp_path / 'other.db'}")
    with Ledger.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert other.verify().rows() == []
        assert _states(other) == _states(ledger)
        other.post(entry("export", "SA", "2026-02-02", license_no="L1", device_id=H100, quantity=6))
        assert other.verify().rows() == []


def test_a_number_goes_to_and_fro_as_often_as_it_is_undone(store_url: str) -> None:
    with Ledger.init(store_url) as ledger:
        for country in ("AE", "SA", "AE", "IN"):
            seq = _licensed(ledger, country)
            if country != "IN":
                ledger.reverse(seq, "another country's")
    with Ledger.open(store_url) as ledger:  # what was kept in memory is read anew
        assert _states(ledger) == [("L1", "AE void", 0), ("L1", "IN active", 158_320), ("L1", "SA void", 0)]
        assert ledger.verify().rows() == []
        ledger.post(entry("release", "IN", "2026-02-03", license_no="L1", tpp=8_320, reason="reduced"))
        assert ledger.verify().rows() == []


@pytest.mark.parametrize("left", ["exported", "closed"])
def test_a_number_under_which_anything_stands_stays_where_it_is(ledger: Ledger, left: str) -> None:
    _licensed(ledger, "AE")
    if left == "exported":
        ledger.post(entry("export", "AE", "2026-02-02", license_no="L1", device_id=H100, quantity=10))
    else:
        ledger.post(entry("release", "AE", "2026-02-02", license_no="L1", tpp=158_320, reason="surrendered"))
    with pytest.raises(UnknownLicense, match="L1 is a license for AE, not for SA"):
        _licensed(ledger, "SA")


def test_in_a_large_file_the_number_goes_where_it_is_posted_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "GROUP", GROUP)
    file = tmp_path / "licenses.csv"
    with Ledger.init(f"sqlite:///{tmp_path / 'tppq.db'}") as ledger:
        ledger.reverse(_licensed(ledger, "AE"), "of SA")
        rows = [f"license,AE,2026-02-01,L{number},5," for number in range(2, 50)]
        rows[25] = "license,SA,2026-02-01,L1,5,"
        rows[47] = "export,SA,2026-02-01,L1,5,"
        file.write_text("\n".join(["kind,country,effective_on,license_no,tpp,request_id", *rows, ""]))
        with read_feed(str(file)) as feed:
            assert ledger.post_file(feed, each=True).posted == 48
        assert _states(ledger)[0] == ("L1", "AE void", 0)
        assert ("L1", "SA exhausted", 5) in _states(ledger)
        assert ledger.verify().rows() == []


def test_a_license_that_is_kept_for_a_country_in_which_its_issue_stands_is_missed(tmp_path: Path) -> None:
    """Whoever has the file can say that the number went elsewhere; its entries say where it stands."""
    file = tmp_path / "tppq.db"
    with Ledger.init(f"sqlite:///{file}") as ledger:
        _licensed(ledger, "AE")
        ledger.post(entry("release", "AE", "2026-02-02", license_no="L1", tpp=158_320, reason="expired"))
        assert ledger.verify().rows() == []
    with connected(f"sqlite:///{file}") as store:
        store.execute(sa.text("update balance set quota = 'country/SA' where license_no = 'L1'"))
    with Ledger.open(f"sqlite:///{file}") as ledger:
        told = {(row["check"], row["expected"], row["found"]) for row in ledger.verify().rows()}
        assert ("account", "country/AE L1: an account", "country/AE L1: none") in told


def test_a_night_has_one_license_of_a_number_and_is_clean_once_its_country_is_corrected(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}"
    night = Night(url)
    with night.ledger as ledger:
        night.quota("AE", "SA")
        seq = night.license("L1", "AE", 10)
        night.licensed["L1"]["country"] = "SA"
        feeds, out = tmp_path / "feeds", tmp_path / "out"
        (found,) = ledger.reconcile(night.write(feeds), out=out).rows()
        assert (found["code"], found["key"], found["ledger_says"], found["source_says"]) == (
            "LICENSE_DIFFERS", "L1", "AE", "SA",
        )  # fmt: skip
        ledger.break_propose(found["break"], correct=seq, changes={"country": "SA"}, reason="it is for SA")
        with Ledger.open(url, actor="omar", clock=night.clock) as other:
            other.break_confirm(found["break"])
        night.run_number += 1
        assert [row["change"] for row in ledger.reconcile(night.write(feeds), out=out).rows()] == ["cleared"]
        night.post("overrun", "SA", "2026-10-06", license_no="L1", tpp=5, reason="left all the same")
        assert [row["license_no"] for row in ledger.report("misuse").rows()] == ["L1"]


def test_what_leaves_under_a_number_that_was_undone_elsewhere_is_told_the_way_out(ledger: Ledger) -> None:
    ledger.reverse(_licensed(ledger, "AE"), "of SA")
    with pytest.raises(UnknownLicense, match="L1 was undone in AE: post the license for SA first"):
        ledger.post(entry("export", "SA", "2026-02-02", license_no="L1", tpp=5))


def test_a_correction_of_one_of_two_issues_is_told_to_undo_the_other_first(ledger: Ledger) -> None:
    first, second = _licensed(ledger, "AE"), _licensed(ledger, "AE")
    with pytest.raises(UnknownLicense) as caught:
        ledger.correct(first, {"country": "SA"}, "it is for SA")
    assert caught.value.detail == (
        "L1 is a license for AE, not for SA: a license is for one country; undo first what else stands of it "
        "in AE (tppq reverse), the last entry first"
    )
    ledger.reverse(second, "it is for SA")
    assert [each.country for each in ledger.correct(first, {"country": "SA"}, "it is for SA")] == ["AE", "SA"]


def test_what_was_canceled_in_the_first_country_is_not_open_in_the_second(ledger: Ledger) -> None:
    given = {"license_no": "L1", "tpp": 100}
    license_seq = ledger.post(entry("license", "AE", "2026-02-01", **given))[0].seq
    ledger.post(entry("export", "AE", "2026-02-02", **given), entry("restore", "AE", "2026-02-03", **given))
    ledger.correct(license_seq, {"country": "SA"}, "it is for SA")
    for kind, tpp in (("export", 40), ("restore", 10)):
        ledger.post(entry(kind, "SA", "2026-02-04", license_no="L1", tpp=tpp))
    rows = ledger.report("returns-open", as_of="2026-02-10").rows()
    assert [(row["country"], row["tpp"], row["open_tpp"]) for row in rows] == [("SA", 10, 10)]
    assert ledger.verify().rows() == []


def test_a_return_that_is_undone_brings_no_number_back(ledger: Ledger) -> None:
    """What closed the license in the first country would be forgotten: verify would miss it."""
    given = {"license_no": "L1", "tpp": 100}
    license_seq = ledger.post(entry("license", "AE", "2026-02-01", **given))[0].seq
    ledger.post(entry("release", "AE", "2026-02-02", reason="revoked", **given))
    ledger.post(entry("overrun", "AE", "2026-02-03", reason="left", **given), approver="omar")
    ledger.post(entry("restore", "AE", "2026-02-04", **given))
    ledger.reverse(license_seq, "of SA")
    given["tpp"] = 50
    ledger.post(entry("overrun", "AE", "2026-02-05", reason="left", **given), approver="omar")
    returned = ledger.post(entry("return", "AE", "2026-02-06", **given))[0].seq
    ledger.reverse(_licensed(ledger, "SA"), "not of SA either")
    with pytest.raises(UnknownLicense, match="L1 was undone in SA: post the license for AE first"):
        ledger.reverse(returned, "it did not come back", approver="omar")
    assert ledger.verify().rows() == []
