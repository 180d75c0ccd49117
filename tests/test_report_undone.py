"""Ready reports where something was undone: what corrections did, and what a mistake no longer says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger import Ledger, OverHeadroom
from tests.clock import Clock
from tests.small import H100, entry, fill

H100_TPP = 15_832
CHIPS = {"device_id": H100}


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    with fill(store_url) as ledger:
        yield ledger


def corrected(ledger: Ledger, **asked: Any) -> list[tuple[Any, ...]]:
    """Undone, undoing and right entry, and what both did to headroom, of each correction but the first."""
    rows = ledger.report("corrections", **asked).rows()
    names = ("undone_seq", "seq", "instead_seq", "net_headroom_tpp", "instead_country")
    return [tuple(row[name] for name in names) for row in rows if row["undone_seq"] != 8]


def test_a_correction_whose_right_entry_came_first_is_one_correction(small: Ledger) -> None:
    small.correct(4, {"quantity": 1_990}, "ten fewer")  # 15 the right one, 16 what undoes
    assert corrected(small) == [(4, 16, 15, 10 * H100_TPP, "AE")]
    with pytest.raises(Exception, match="entry 15 stands in its place"):
        small.reverse(4, "again")


def test_of_two_corrections_of_one_request_each_has_its_own(small: Ledger) -> None:
    both: dict[str, Any] = {"reason": "both"}
    released = entry("release", "IN", "2026-02-02", license_no="I-1", tpp=15_000, reverses_seq=10, **both)
    right = entry("license", "IN", "2026-02-02", license_no="I-1", tpp=14_000)
    chips = {"license_no": "L-2"} | CHIPS
    other = entry("release", "AE", "2026-02-15", quantity=1_000, reverses_seq=14, **both, **chips)
    instead = entry("license", "AE", "2026-02-15", quantity=900, **chips)
    small.post(released, right, other, instead, request_id="both")
    assert corrected(small) == [(10, 15, 16, 1_000, "IN"), (14, 17, 18, 100 * H100_TPP, "AE")]
    for seq, stands in ((10, 16), (14, 18)):
        with pytest.raises(Exception, match=f"entry {stands} stands in its place"):
            small.reverse(seq, "again")


def test_headroom_of_two_countries_is_not_added(small: Ledger) -> None:
    small.correct(10, {"country": "AE", "license_no": "L-9"}, "for AE")
    assert corrected(small) == [(10, 15, 16, 15_000, "AE")]


def test_a_mistake_that_was_undone_names_neither_consignee_nor_device_nor_filer(small: Ledger) -> None:
    beta = {
        "consignee": "Beta LLC",
        "exporter": "Exp B",
        "device_id": "nvidia-h200-sxm-141gb",
        "quantity": 100,
    }
    (receipt,) = small.post(entry("license", "AE", "2026-02-20", license_no="L-1", **beta))
    assert "Beta LLC" in holders(small)
    small.reverse(receipt.seq, "for another license")
    (held,) = [row for row in small.licenses("AE") if row["license_no"] == "L-1"]
    assert (held["consignee"], held["device_id"]) == ("G42", H100)
    assert "Beta LLC" not in holders(small)
    filed = {row["filer"]: row["entries"] for row in small.report("late-postings")}
    assert filed["Exp B"] == 1  # the mistake, and nothing under the license


def holders(ledger: Ledger) -> set[str]:
    return {row["consignee"] for row in ledger.report("holders", country="AE")}


def test_a_license_all_of_whose_issues_were_undone_is_shown_as_it_was(small: Ledger) -> None:
    small.reverse(14, "never granted")
    (held,) = [row for row in small.licenses("AE") if row["license_no"] == "L-2"]
    assert (held["license_state"], held["consignee"], held["device_id"]) == ("void", "Khazna", H100)
    assert (held["issued_on"], held["expires_on"]) == (None, None)


def test_a_correction_changes_no_state_that_it_leaves_as_it_was(small: Ledger) -> None:
    before = small.sql("from state_event").rows()
    small.correct(10, {"consignee": "Alpha"}, "who it is for")
    assert small.sql("from state_event").rows() == before


def test_a_license_that_was_undone_holds_no_canceled_declaration_open(small: Ledger) -> None:
    number = {"license_no": "Q-1"}
    small.post(entry("license", "AE", "2026-02-20", tpp=100_000, **number))  # 15
    small.post(entry("export", "AE", "2026-02-21", tpp=100_000, **number))
    small.post(entry("restore", "AE", "2026-02-22", tpp=100_000, **number))
    assert canceled(small) == [100_000]
    small.reverse(15, "never granted")
    assert canceled(small) == []


def canceled(ledger: Ledger, **asked: Any) -> list[int]:
    return [row["open_tpp"] for row in ledger.report("returns-open", **asked) if row["what"] == "canceled"]


def test_a_reexport_of_one_group_stays_one_when_a_leg_is_corrected(small: Ledger) -> None:
    opened = entry("allocate", "KW", "2026-01-01", tpp=10_000_000)
    small.post(opened)
    back = entry("return", "AE", "2026-02-20", license_no="L-1", quantity=50, **CHIPS)
    there = entry("overrun", "KW", "2026-02-20", quantity=50, reason="went on", **CHIPS)
    _, charged = small.post(back, there)
    assert len(small.report("reexports")) == 1
    assert back_in_ae(small) == []
    for consignee in ("Gulf Cloud", "Gulf Cloud Ltd"):
        *_, charged = small.correct(charged.seq, {"consignee": consignee}, "its name")
        assert len(small.report("reexports")) == 1
        assert back_in_ae(small) == []


def back_in_ae(ledger: Ledger) -> list[int]:
    """What came back for good on the 20th or later and is not known to have gone on."""
    rows = ledger.report("returns-open", country="AE", days=30)
    return [row["tpp"] for row in rows if str(row["effective_on"]) >= "2026-02-20"]


def test_what_was_never_a_matter_of_headroom_is_not_said_to_fit_now(small: Ledger) -> None:
    small.post(entry("block", "AE", "2026-02-20", tpp=1_000, reason="inquiry"))
    for refused in (
        entry("unblock", "AE", "2026-02-20", tpp=5_000, reason="over"),
        entry("allocate", "AE", "2026-02-20", tpp=1_580_000_000),
        entry("license", "AE", "2026-02-20", license_no="L-3", tpp=100_000_000),
    ):
        with pytest.raises(OverHeadroom):
            small.post(refused)
    rows = small.report("would-not-fit").rows()
    assert [row["asked_tpp"] for row in rows] == [100_000_000]
    told = small.sql(
        "select kind, license_no, effective_on::varchar as day from refusal order by kind"
    ).rows()
    assert [tuple(row.values()) for row in told] == [
        ("allocate", None, "2026-02-20"), ("license", "L-3", "2026-02-20"), ("unblock", None, "2026-02-20"),
    ]  # fmt: skip


def test_a_request_that_did_not_fit_is_told_as_it_was_asked_last_until_it_is_posted(store_url: str) -> None:
    clock = Clock("2026-02-01")
    with Ledger.init(store_url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", "AE", "2026-01-01", tpp=1_000))
        asked = entry("license", "AE", "2026-02-01", license_no="L", tpp=1_500)
        for again in (False, True):
            with pytest.raises(OverHeadroom):
                ledger.post(asked, request_id="x", again=again)
        (row,) = ledger.report("would-not-fit").rows()
        assert (row["attempts"], row["fits_now"]) == (2, False)
        ledger.post(entry("allocate", "AE", "2026-01-01", tpp=500))
        (row,) = ledger.report("would-not-fit").rows()
        assert (row["headroom_now_tpp"], row["fits_now"]) == (1_500, True)
        ledger.post(asked, request_id="x", again=True)
        assert len(ledger.report("would-not-fit")) == 0


def test_the_pace_ends_with_the_period(small: Ledger) -> None:
    last = small.report("pace", country="AE", as_of="2028-06-30").rows()[-1]
    assert (last["month"], str(last["elapsed_percent"])) == ("2027-12", "100.0")
    assert last["ahead_tpp"] == last["used_tpp"] - last["allocated_tpp"]
