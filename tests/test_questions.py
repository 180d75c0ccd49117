"""What may be asked of a ledger: a small one with fixed days, on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger import (
    Answer,
    BadQuery,
    DenialPolicy,
    Ledger,
    LedgerError,
    NoQuota,
    TppMismatch,
    UnknownName,
    Unreachable,
    render,
    screens,
    statement_screens,
)
from ledger.grid import Grid
from ledger.model import MOVES, Kind
from tests.clock import Clock
from tests.outside import entries
from tests.small import ASKED_ON, H100, entry, fill

H100_TPP = 15_832


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    with fill(store_url) as ledger:
        yield ledger


def by_country(answer: Answer, column: str = "headroom_tpp") -> dict[str, Any]:
    return {row["country"]: row[column] for row in answer}


# --- headroom -------------------------------------------------------------------------------------


def test_headroom_is_one_row_a_country_lowest_first(small: Ledger) -> None:
    assert list(by_country(small.headroom()).items()) == [
        ("SA", -100_000),
        ("IN", 5_000),
        ("AE", 100_000_000 - 2_900 * H100_TPP),
    ]


def test_every_figure_of_a_row_adds_up(small: Ledger) -> None:
    assert small.headroom("AE").rows() == [
        {
            "country": "AE",
            "country_name": "United Arab Emirates",
            "allocated_tpp": 100_000_000,
            "licensed_tpp": 2_500 * H100_TPP,
            "exported_tpp": 400 * H100_TPP,
            "blocked_tpp": 0,
            "headroom_tpp": 54_087_200,
            "headroom_h100e": Decimal("3416.32"),
            "used_percent": Decimal("45.9"),
            "balance_state": "open",
            "control_state": "none",
            "last_seq": 14,
        }
    ]
    for row in small.headroom():
        used = row["licensed_tpp"] + row["exported_tpp"] + row["blocked_tpp"]
        assert row["allocated_tpp"] - used == row["headroom_tpp"]


def test_a_country_is_exhausted_below_one_h100_and_not_while_it_has_one(tmp_path: Path) -> None:
    url, on = f"sqlite:///{tmp_path / 'tppq.db'}", ASKED_ON
    with Ledger.init(url, opening=False, clock=Clock(on)) as ledger:
        ledger.post(entry("allocate", "AE", on, tpp=100 * H100_TPP))
        ledger.post(entry("block", "AE", on, tpp=50 * H100_TPP, reason="inquiry"))
        found = []
        for number, tpp in enumerate((49 * H100_TPP, 1)):
            ledger.post(entry("license", "AE", on, license_no=f"L-{number}", tpp=tpp))
            (row,) = ledger.headroom("AE")
            found.append((row["headroom_tpp"], row["balance_state"], row["control_state"]))
    assert found == [(H100_TPP, "critical", "blocked"), (H100_TPP - 1, "exhausted", "suspended")]


def test_headroom_names_the_countries_asked_for_as_people_write_them(small: Ledger) -> None:
    assert list(by_country(small.headroom("UAE", "sau", "AE"))) == ["SA", "AE"]


def test_as_of_asks_what_had_taken_effect(small: Ledger) -> None:
    assert by_country(small.headroom(as_of="2026-01-11")) == {
        "AE": 100_000_000 - 2_000 * H100_TPP,
        "SA": 1_000_000,
        "IN": 20_000,
    }
    assert by_country(small.headroom("AE", as_of=date(2026, 2, 1)))["AE"] == 100_000_000 - 1_900 * H100_TPP
    assert small.headroom(as_of="2025-12-31").rows() == []


def test_known_at_asks_what_had_been_recorded(small: Ledger) -> None:
    assert by_country(small.headroom("AE", known_at="2026-02-14"))["AE"] == 99_000_000 - 2_000 * H100_TPP
    assert small.headroom(known_at="2026-01-05T11:59:59Z").rows() == []
    noon_in_dubai = datetime(2026, 1, 12, 16, tzinfo=timezone(timedelta(hours=4)))
    assert by_country(small.headroom("SA", "AE", known_at=noon_in_dubai)) == {
        "AE": 100_000_000 - 2_000 * H100_TPP,
        "SA": 1_000_000,
    }


def test_as_of_and_known_at_together_ask_what_was_thought_of_a_day_then(small: Ledger) -> None:
    # the return of the 31st of January was recorded on the 15th of February
    early = small.headroom("AE", as_of="2026-01-31", known_at="2026-02-01")
    late = small.headroom("AE", as_of="2026-01-31", known_at="2026-02-15")
    assert by_country(late)["AE"] - by_country(early)["AE"] == 100 * H100_TPP


def test_the_basis_says_on_what_an_answer_stands(small: Ledger, store_url: str) -> None:
    head = entries(store_url)[-1]
    basis = {"regime": "diffusion-2025", "seq": 14, "head_hash": head["hash"], "h100_tpp": H100_TPP}
    assert small.headroom().basis == basis | {
        "as_of": ASKED_ON,
        "known_at": "2026-03-01T12:00:00.000000Z",
    }
    assert small.headroom(as_of="2026-01-31", known_at="2026-02-01").basis == basis | {
        "as_of": "2026-01-31",
        "known_at": "2026-02-01T23:59:59.999999Z",
    }


def test_the_basis_reproduces_its_answer_although_the_clock_stepped_back(store_url: str) -> None:
    clock = Clock("2026-02-10")
    with Ledger.init(store_url, opening=False, clock=clock) as ledger:
        ledger.post(entry("allocate", "AE", "2026-01-01", tpp=1_000))
        clock.set("2026-02-08")
        ledger.post(entry("block", "AE", "2026-01-01", tpp=1, reason="why"))
        answer = ledger.headroom()
        assert ledger.headroom(known_at=answer.basis["known_at"]).rows() == answer.rows()


REFUSED: list[tuple[str, type[Exception], str]] = [
    ("GB", NoQuota, "GB is Tier 1 on 2026-03-01: no allocation applies"),
    (
        "CN",
        DenialPolicy,
        ("CN is Tier 3 on 2026-03-01 (Country Group D:5 or Macau): a policy of denial applies, and no quota"),
    ),
    ("Emirats", UnknownName, "no country 'Emirats': the nearest is AE (United Arab Emirates)"),
]


@pytest.mark.parametrize(("country", "error", "said"), REFUSED)
def test_a_country_that_can_have_no_quota_is_refused_by_every_question(
    small: Ledger, country: str, error: type[Exception], said: str
) -> None:
    for ask in (small.headroom, small.statement):
        with pytest.raises(error) as caught:
            ask(country)
        assert str(caught.value) == said
    assert small.fit(country, tpp=1).rows()[0]["reason"] == said if error is not UnknownName else True


TREATED_AS = [
    ("hk", DenialPolicy, "HK", "CN", "HK is treated as CN: CN is Tier 3 on 2026-03-01 (Country Group D:5"),
    ("Cayman Islands", NoQuota, "KY", "GB", "KY is treated as GB: GB is Tier 1 on 2026-03-01: no allocation"),
]


@pytest.mark.parametrize(("country", "error", "asked", "charged", "said"), TREATED_AS)
def test_what_is_refused_for_the_country_as_which_another_is_treated_names_both(
    small: Ledger, country: str, error: type[LedgerError], asked: str, charged: str, said: str
) -> None:
    for ask in (small.headroom, small.statement, small.forecast, partial(_report, small)):
        with pytest.raises(error) as caught:
            ask(country)
        assert caught.value.detail.startswith(said)
        assert (caught.value.country, caught.value.asked_country) == (charged, asked)
    with pytest.raises(error) as caught:
        small.headroom(charged, country)
    assert "asked_country" not in caught.value.facts


def _report(ledger: Ledger, country: str) -> Answer:
    return ledger.report("holders", country=country)


def test_a_country_that_may_have_a_quota_and_has_none_has_no_rows(small: Ledger) -> None:
    assert small.headroom("BR").rows() == []
    assert small.statement("BR").rows() == []


@pytest.mark.parametrize(
    "times", [{"as_of": "soon"}, {"known_at": "yesterday"}, {"as_of": "2026-02-30"}, {"known_at": "12:00"}]
)
def test_a_time_that_is_none_is_a_bad_query(small: Ledger, times: dict[str, str]) -> None:
    for ask in (small.headroom, small.licenses):
        with pytest.raises(BadQuery, match=r"is not a (day|time)"):
            ask(**times)


def test_where_no_country_has_a_row_the_screen_says_why(small: Ledger, tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'empty.db'}", opening=False) as empty:
        asked = (empty.headroom(), small.headroom(known_at="2026-01-04"), small.headroom(as_of="2025-12-31"))
    first = "the first entry of this ledger was recorded at 2026-01-05 12:00:00Z."
    assert [screens.headroom(answer, 0) for answer in asked] == [
        ["No country has a quota in this ledger: tppq init opens those of Tier 2."],
        [f"Nothing had been recorded by 2026-01-04 23:59:59Z: {first}"],
        ["No country's quota had taken effect by 2025-12-31."],
    ]


def test_the_sum_of_what_was_withdrawn_has_no_used_percent_as_no_row_of_it_has(tmp_path: Path) -> None:
    with Ledger.init(f"sqlite:///{tmp_path / 'one.db'}", opening=False, actor="maria") as ledger:
        ledger.post(entry("allocate", "SA", "2026-02-01", tpp=100))
        ledger.post(entry("withdraw", "SA", "2026-02-02", tpp=200, reason="closed"), approver="omar")
        answer = ledger.headroom()
    (grid,) = screens.headroom(answer, 1)
    assert isinstance(grid, Grid)
    assert grid.total is not None
    assert [answer.rows()[0]["allocated_tpp"], grid.rows[0][-1], grid.total[-1]] == [-100, "", ""]


def test_after_the_clock_was_put_back_over_midnight_the_basis_still_gives_the_same_answer(
    tmp_path: Path,
) -> None:
    clock = Clock("2026-05-02")
    url = f"sqlite:///{tmp_path / 'back.db'}"
    with Ledger.init(url, opening=False, actor="maria", clock=clock) as ledger:
        ledger.post(entry("allocate", "AE", "2026-05-02", tpp=100))
        clock.set("2026-05-01")
        ledger.post(entry("license", "AE", "2026-05-01", license_no="B", tpp=20))
        for ask in (ledger.headroom, ledger.licenses, ledger.statement, partial(ledger.fit, tpp=80)):
            answer = ask("AE")
            times = {name: answer.basis[name] for name in ("as_of", "known_at")}
            assert times["as_of"] == "2026-05-02"
            assert ask("AE", **times).rows() == answer.rows()
            assert ask("AE", **times).basis == answer.basis


@pytest.mark.parametrize("from_day", [None, "2026-02-01"])
def test_a_statement_of_what_was_known_before_anything_was_says_so(
    small: Ledger, from_day: str | None
) -> None:
    early = small.statement("AE", from_day=from_day, known_at="2026-01-04")
    assert statement_screens.statement(early, from_day, 0, {}) == screens.headroom(
        small.headroom("AE", known_at="2026-01-04"), 0
    )
    none_yet = small.statement("AE", as_of="2025-12-31")
    assert statement_screens.statement(none_yet, None, 0, {}) == ["No entry, as of this day."]


# --- statement ------------------------------------------------------------------------------------


def test_a_statement_has_headroom_after_each_entry(small: Ledger) -> None:
    rows = small.statement("AE").rows()
    assert [row["seq"] for row in rows] == [1, 4, 6, 8, 12, 13, 14]
    left = 0
    for row in rows:
        source, target = MOVES[Kind(row["kind"])]
        left += row["tpp"] * ((target == "headroom") - (source == "headroom"))
        assert row["headroom_after_tpp"] == left


def test_a_statement_agrees_with_what_was_stored_at_each_entry(small: Ledger, store_url: str) -> None:
    stored = {row["seq"]: row["headroom_after_tpp"] for row in entries(store_url)}
    for country in ("AE", "SA", "IN"):
        for row in small.statement(country):
            assert row["headroom_after_tpp"] == stored[row["seq"]]


def test_a_statement_from_a_day_on_keeps_the_figures_and_leaves_out_rows(small: Ledger) -> None:
    whole = small.statement("AE").rows()
    assert small.statement("AE", from_day="2026-02-01").rows() == [
        row for row in whole if row["effective_on"] >= date(2026, 2, 1)
    ]


def test_a_statement_as_of_a_day_leaves_out_what_took_effect_later(small: Ledger) -> None:
    assert [row["seq"] for row in small.statement("AE", as_of="2026-01-31")] == [1, 4, 6, 12]
    assert [row["seq"] for row in small.statement("AE", known_at="2026-02-01")] == [1, 4, 6]


# --- licenses -------------------------------------------------------------------------------------


def test_licenses_say_what_may_still_leave(small: Ledger) -> None:
    rows = {row["license_no"]: row for row in small.licenses()}
    assert list(rows) == ["L-1", "L-2", "I-1", "S-1"]
    assert {number: (row["outstanding_tpp"], row["license_state"]) for number, row in rows.items()} == {
        "L-1": (1_500 * H100_TPP, "active"),
        "L-2": (1_000 * H100_TPP, "active"),
        "I-1": (15_000, "active"),
        "S-1": (0, "revoked"),
    }
    one = rows["L-1"]
    assert (one["consignee"], one["device_id"], one["country"]) == ("G42", H100, "AE")
    assert (one["issued_on"], one["expires_on"]) == (date(2026, 1, 10), date(2027, 1, 10))


def test_a_license_is_active_on_its_last_day_and_expired_on_the_next(small: Ledger) -> None:
    state = {
        on: {row["license_no"]: row["license_state"] for row in small.licenses("AE", as_of=on)}["L-2"]
        for on in ("2026-04-15", "2026-04-16")
    }
    assert state == {"2026-04-15": "active", "2026-04-16": "expired"}


def test_a_license_is_what_its_last_move_left_it(tmp_path: Path) -> None:
    url, on = f"sqlite:///{tmp_path / 'tppq.db'}", ASKED_ON
    moves: dict[str, list[tuple[str, int, str | None]]] = {
        "reduced": [("release", 40, "revoked in part")],
        "given up": [("release", 100, "not needed")],
        "taken away": [("release", 100, "Revoked: false statement")],
        "used up": [("export", 100, None)],
        "reduced, then used up": [("release", 40, "surrendered"), ("export", 60, None)],
        "used, then expired": [("export", 60, None), ("release", 40, "expired")],
    }
    with Ledger.init(url, opening=False, clock=Clock(on)) as ledger:
        ledger.post(entry("allocate", "AE", on, tpp=1_000))
        for number, then in moves.items():
            ledger.post(entry("license", "AE", on, license_no=number, tpp=100))
            for kind, tpp, reason in then:
                ledger.post(entry(kind, "AE", on, license_no=number, tpp=tpp, reason=reason))
        state = {row["license_no"]: row["license_state"] for row in ledger.licenses()}
    assert state == {
        "reduced": "active", "given up": "released", "taken away": "revoked", "used up": "exhausted",
        "reduced, then used up": "exhausted", "used, then expired": "expired",
    }  # fmt: skip


def test_a_license_of_which_no_issue_stands_is_told_as_the_last_of_them_said(tmp_path: Path) -> None:
    url, on, other = f"sqlite:///{tmp_path / 'tppq.db'}", ASKED_ON, "nvidia-a100-sxm4-80gb"
    with Ledger.init(url, opening=False, clock=Clock(on)) as ledger:
        ledger.post(entry("allocate", "AE", on, tpp=1_000_000))  # 1
        for number in ("L-1", "L-2"):
            for device, consignee in ((H100, "G42"), (other, "Khazna")):
                ledger.post(
                    entry(
                        "license",
                        "AE",
                        on,
                        license_no=number,
                        device_id=device,
                        quantity=1,
                        consignee=consignee,
                    )
                )  # 2 and 3, 4 and 5
        for seq in (3, 2, 5, 4):
            ledger.reverse(seq, "typed for another")
        ledger.post(entry("license", "AE", on, license_no="L-2", tpp=5))
        told = [(row["consignee"], row["device_id"], row["license_state"]) for row in ledger.licenses()]
    assert told == [("Khazna", other, "void"), (None, None, "active")]


def test_licenses_of_one_country_alone(small: Ledger) -> None:
    assert [row["license_no"] for row in small.licenses("Saudi Arabia")] == ["S-1"]
    assert small.licenses("BR").rows() == []


# --- fit ------------------------------------------------------------------------------------------


def test_what_fits_reserves_nothing(small: Ledger) -> None:
    for _ in range(2):
        assert small.fit("AE", device=H100, quantity=3_416).rows() == [
            {
                "fits": True, "asked_tpp": 3_416 * H100_TPP, "headroom_tpp": 54_087_200, "short_by_tpp": 0,
                "largest_quantity": 3_416, "reason": None,
            }
        ]  # fmt: skip


def test_what_does_not_fit_says_by_how_much_and_what_lapses_soon(small: Ledger) -> None:
    (row,) = small.fit("AE", device=H100, quantity=3_417).rows()
    assert (row["fits"], row["short_by_tpp"], row["largest_quantity"]) == (False, 10_744, 3_416)
    assert row["reason"] == (
        "AE has 54,087,200 TPP (3,416 H100e) left; 54,097,944 asked; short by 10,744; "
        f"3,416 x {H100} would fit. "
        "Licenses that expire unused within 60 days would free 15,832,000: then it fits"
    )
    (row,) = small.fit("AE", tpp=80_000_000).rows()
    assert row["largest_quantity"] is None
    assert row["reason"].endswith("would free 15,832,000: it would not fit even then")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"device": "nvidia-t4", "quantity": 1}, "below 3A090.a: it draws no allocation"),
        ({"device": H100, "quantity": 1, "tpp": 5}, "5 TPP stated, but 1 x"),
        ({"tpp": 5_001}, "IN has 5,000 TPP left; 5,001 asked; short by 1"),
    ],
)
def test_what_does_not_fit_gives_the_rules_own_reason(
    small: Ledger, given: dict[str, Any], reason: str
) -> None:
    (row,) = small.fit("IN", **given).rows()
    assert row["fits"] is False
    assert reason in row["reason"]


@pytest.mark.parametrize("quantity", [1, 500_000])
def test_of_a_device_that_is_refused_for_what_it_is_none_fits(small: Ledger, quantity: int) -> None:
    answer = small.fit("AE", device="nvidia-t4", quantity=quantity)
    (row,) = answer.rows()
    assert (row["fits"], row["headroom_tpp"], row["largest_quantity"]) == (False, 54_087_200, 0)
    shown = render.plain(screens.fit(answer, "United Arab Emirates", None, quantity))
    assert "below 3A090.a: it draws no allocation." in shown
    assert "largest" not in shown


def test_an_overdrawn_country_fits_nothing(small: Ledger) -> None:
    (row,) = small.fit("SA", device=H100, quantity=1).rows()
    assert (row["fits"], row["headroom_tpp"], row["largest_quantity"]) == (False, -100_000, 0)
    assert row["short_by_tpp"] == 115_832


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"quantity": 5}, {"device": "nvidia-h100-sxm5-80gb"}, {"tpp": 0}, {"tpp": -1}, {"tpp": 1.5},
        {"tpp": 2**53}, {"device": "nvidia-h100-sxm5-80gb", "quantity": 0},
        {"device": "nvidia-h100-sxm5-80gb", "quantity": 2.5}, {"tpp": True},
        {"tpp": 500, "quantity": 3}, {"tpp": 500, "device": "nvidia-h100-sxm5-80gb"},
    ],
)  # fmt: skip
def test_fit_asks_about_whole_numbers_above_zero(small: Ledger, asked: dict[str, Any]) -> None:
    with pytest.raises(
        BadQuery, match=r"^(tpp|quantity) is .*: write a whole number from 1 to|^fit asks about"
    ):
        small.fit("AE", **asked)


@pytest.mark.parametrize("country", ["AE", "CN"])
def test_fit_says_so_of_more_devices_than_an_entry_holds_wherever_they_go(
    small: Ledger, country: str
) -> None:
    with pytest.raises(TppMismatch, match=r"more than can be kept exactly"):
        small.fit(country, device=H100, quantity=2**53 - 1)


def test_fit_takes_a_number_of_numpy(small: Ledger) -> None:
    (of_tpp,) = small.fit("AE", tpp=np.int64(15_832)).rows()  # type: ignore[arg-type]  # out of a frame
    (of_pieces,) = small.fit("AE", device=H100, quantity=np.int32(2)).rows()  # type: ignore[arg-type]  # likewise
    assert (of_tpp["asked_tpp"], of_pieces["asked_tpp"]) == (15_832, 31_664)
    with pytest.raises(BadQuery, match="write a whole number from 1 to"):
        small.fit("AE", tpp=np.float64(15_832))  # type: ignore[arg-type]  # and not whole


def test_fit_knows_names(small: Ledger) -> None:
    with pytest.raises(UnknownName, match="no device 'h100-sxm9'"):
        small.fit("AE", device="h100-sxm9", quantity=1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"country": None, "tpp": 5}, "country is None: write it as text"),
        ({"country": ["AE"], "tpp": 5}, r"country is \['AE'\]: write it as text"),
        ({"country": "AE", "device": 0, "quantity": 5}, "device is 0: write it as text"),
        ({"country": "AE", "device": b"h100", "quantity": 5}, "device is b'h100': write it as text"),
    ],
)
def test_fit_names_what_is_no_text_with_what_to_write(
    small: Ledger, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadQuery, match=f"^{said}$"):
        small.fit(**asked)


def test_a_feed_whose_name_is_longer_than_the_system_has_names_is_unreachable(
    small: Ledger, tmp_path: Path
) -> None:
    feed = tmp_path / f"{'x' * 300}.csv"
    with pytest.raises(Unreachable, match=r"x\.csv cannot be used: File name too long$") as told:
        small.reconcile(feed, dry_run=True)
    assert told.value.path == str(feed)


# --- the rest -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["drop table entry", "update entry set tpp = 0", "select 1; drop table entry", "set threads = 1", ""],
)
def test_sql_is_one_select_and_changes_no_answer(small: Ledger, query: str) -> None:
    before = small.headroom().rows()
    with pytest.raises(BadQuery, match="is not one SELECT"):
        small.sql(query)
    assert small.headroom().rows() == before


def test_a_select_in_which_an_insert_stands_changes_no_answer(small: Ledger) -> None:
    before = small.headroom().rows()
    with suppress(BadQuery):
        small.sql("with more as (insert into entry select * from entry returning 1) select 1 from more")
    assert small.headroom().rows() == before


def test_a_ledger_is_the_file_that_was_opened_wherever_the_program_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill("sqlite:///tppq.db").close()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Ledger.open("sqlite:///tppq.db") as ledger:
        monkeypatch.chdir(elsewhere)
        (receipt,) = ledger.post(entry("block", "AE", "2026-02-20", tpp=1, reason="inquiry"))
        assert ledger.headroom("AE").basis["seq"] == receipt.seq
    assert list(elsewhere.iterdir()) == []


def test_sql_takes_values_by_name(small: Ledger) -> None:
    answer = small.sql("select count(*)::bigint as n from entry where kind = $kind", kind="license")
    assert answer.rows() == [{"n": 4}]
    with pytest.raises(BadQuery, match="Parser Error"):
        small.sql("selec 1")


AT_END = "2026-02-01T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("2026-02-01", AT_END),
        (date(2026, 2, 1), AT_END),
        (datetime(2026, 2, 1, 9, tzinfo=UTC), "2026-02-01T09:00:00.000000Z"),
    ],
)
def test_sql_says_its_times_as_every_question_does_and_counts_by_them(
    small: Ledger, given: date | str, said: str
) -> None:
    query = "select count(*) as entries from entry where recorded_at <= $known_at"
    asked, in_sandbox = small.sql(query, known_at=given), small.sandboxed_sql(query, {"known_at": given})
    assert asked.basis["known_at"] == said
    assert (asked.rows(), asked.basis | {"total_rows": 1}) == (in_sandbox.rows(), in_sandbox.basis)


def test_sql_may_count_with_the_day_that_a_program_gave(small: Ledger) -> None:
    answer = small.sql("select $as_of - 1 as before", as_of=date(2026, 2, 1))
    assert (answer.rows(), answer.basis["as_of"]) == ([{"before": date(2026, 1, 31)}], "2026-02-01")
    with pytest.raises(BadQuery, match="'soon' is not a day"):
        small.sql("select $as_of", as_of="soon")


def test_reference_data_answers_with_the_same_basis(small: Ledger) -> None:
    for answer in (small.regime(), small.devices(), small.countries()):
        assert len(answer) > 10
        assert answer.basis == small.headroom().basis


def test_on_a_day_reference_data_are_what_was_valid_then_and_say_so(small: Ledger) -> None:
    for ask in (small.devices, small.countries):
        whole, then = ask(), ask(as_of="2026-01-01")
        valid = [
            row for row in whole if row["valid_from"] <= date(2026, 1, 1) <= (row["valid_to"] or date.max)
        ]
        assert [row["source"] for row in then] == [row["source"] for row in valid]
        assert then.basis == {**whole.basis, "as_of": "2026-01-01"}
        none = ask(as_of="1900-01-01")
        assert (len(none), none.arrow().schema) == (0, whole.arrow().schema)
    assert len(small.countries(as_of=date(2024, 6, 1))) == 0


def test_days_of_reference_data_are_days_and_figures_numbers(small: Ledger) -> None:
    for answer in (small.devices(), small.countries()):
        kinds = {field.name: str(field.type) for field in answer.arrow().schema}
        assert kinds["valid_from"] == kinds["valid_to"] == "date32[day]"
    density = {row["device_id"]: row["performance_density"] for row in small.devices()}
    assert density["nvidia-v100-sxm2-32gb"] == Decimal("2.45")
    assert None in density.values()


def test_a_countrys_tier_is_that_of_the_day(small: Ledger) -> None:
    assert by_country(small.countries(as_of="2026-01-01"), "tier")["AE"] == 2
    assert by_country(small.countries(), "tier")["CN"] == 3
