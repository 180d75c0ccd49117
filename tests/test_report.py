"""Ready reports: each asked of the sample ledger, the answers in files; what it lacks, by hand."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from rich.cells import cell_len

from ledger import (
    Answer,
    BadQuery,
    Ledger,
    NoQuota,
    OverHeadroom,
    UnknownLicense,
    UnknownName,
    render,
    report_screens,
)
from ledger.answer import Rows
from ledger.columns import WIDE, as_table
from ledger.engine import Core
from ledger.events import Telling
from ledger.ready import Parameter, named, read, ready
from ledger.screens import Screen
from tests import sample_in_time, sample_recon
from tests.books import REFERENCE, REGIME
from tests.clock import Clock
from tests.small import H100, entry, fill

FOLDER = Path(__file__).parent / "report"
THROUGH = "2026-10-31"
ASKED: dict[str, dict[str, Any]] = {
    "what-is-left": {"as_of": THROUGH},
    "left-on-day": {"on_day": "2026-06-30"},
    "state-changes": {"to_day": "2026-03-29", "days": 28},
    "statement": {"country": "LU"},
    "licenses-by-expiry": {"as_of": THROUGH, "country": "IN", "days": 120},
    "licenses-unused": {"as_of": THROUGH, "country": "SA"},
    "misuse": {"from_day": "2026-09-01", "to_day": THROUGH},
    "holders": {"country": "AE", "as_of": THROUGH},
    "lpp": {"as_of": THROUGH},
    "would-not-fit": {"from_day": "2026-06-01", "to_day": THROUGH},
    "device-mix": {"as_of": THROUGH, "country": "TH", "from_day": "2026-01-01"},
    "late-postings": {"to_day": sample_in_time.ENDS},
    "corrections": {"to_day": sample_in_time.ENDS},
    "open-breaks": {"as_of": THROUGH},
    "three-ways": {},
    "reexports": {"as_of": THROUGH},
    "returns-open": {"as_of": THROUGH, "days": 14},
    "forecast": {"as_of": "2026-04-30", "known_at": "2026-05-10", "country": "PE"},
    "pace": {"as_of": THROUGH, "country": "AE"},
    "sources": {"as_of": THROUGH, "country": "LU"},
}
"""What each report is asked of the sample; time stands still, so that its answer does."""

OF_A_NIGHT: dict[str, dict[str, Any]] = {
    "open-breaks": {"as_of": "2026-11-23"},
    "three-ways": {},
    "reexports": {"as_of": "2026-11-21"},
}
"""What is asked of the sample of a night instead: the other one was never reconciled."""

WIDE_ONES = ("holders", "device-mix", "pace", "late-postings", "forecast", "lpp")
DAY_BEFORE = "2026-11-21"


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The sample, recorded by fortnights."""
    url = sample_in_time.post(tmp_path_factory.mktemp("grown"))
    with Ledger.open(url, clock=Clock(sample_in_time.ENDS), actor="reader") as ledger:
        yield ledger


class Reconciled(NamedTuple):
    """The sample of a night after that night: the ledger, what the night found, the folder of its results."""

    ledger: Ledger
    night: Answer
    out: Path


@pytest.fixture(scope="module")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reconciled]:
    folder = tmp_path_factory.mktemp("reconciled")
    with Ledger.init(f"sqlite:///{folder / 'tppq.db'}", clock=Clock("2026-11-21")) as ledger:
        sample_recon.post(ledger)
        night = ledger.reconcile(sample_recon.FOLDER / "2026-11-20", as_of="2026-11-20", out=folder / "out")
        yield Reconciled(ledger, night, folder / "out")


@pytest.fixture(name="small")
def _small(store_url: str) -> Iterator[Ledger]:
    with fill(store_url) as ledger:
        yield ledger


def as_csv(answer: Answer) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.held.names)
    # versions of the programs at work are of this machine
    writer.writerows(row.values() for row in answer if row.get("what") != "program")
    return text.getvalue()


# ------------------------------------------------------------------------------------------ what there is


def test_there_are_twenty_reports_numbered_through_each_with_an_expected_answer() -> None:
    assert [each.number for each in ready().values()] == list(range(1, 21))
    assert list(ASKED) == list(ready())
    assert sorted(path.stem for path in FOLDER.glob("*.csv")) == sorted(ready())


@pytest.mark.parametrize("name", ASKED)
def test_a_report_is_a_question_explained_in_a_sentence(name: str) -> None:
    report = ready()[name]
    assert report.question.endswith("?")
    assert report.about.endswith(".")
    assert all(each.about for each in report.parameters)
    assert "-- " not in report.query.partition("\n")[0]


def test_the_list_says_what_each_report_takes_and_what_it_takes_it_to_be(small: Ledger) -> None:
    rows = {row["name"]: row for row in small.reports()}
    assert list(rows) == list(ASKED)
    assert rows["holders"]["parameters"] == "country as_of=today known_at=now most=10"
    assert rows["pace"]["number"] == 19


def test_a_head_is_read_part_by_part() -> None:
    report = read(
        "03_how_much",
        "-- How much?\n-- So much, and\n-- more.\n-- $days: whole = 7; how many days\n"
        "-- $country: country; whose\n"
        "-- needs: refusal, break\n-- if empty: There is\n-- nothing.\nselect 1\n-- not a head\n",
    )
    assert (report.number, report.name, report.question) == (3, "how-much", "How much?")
    assert report.about == "So much, and more."
    assert report.parameters == (
        Parameter("days", "whole", "7", "how many days"), Parameter("country", "country", None, "whose"),
    )  # fmt: skip
    assert (report.needs, report.if_empty) == (("refusal", "break"), "There is nothing.")
    assert report.query == "select 1\n-- not a head"


# ------------------------------------------------------------------------------------ on the sample ledger


@pytest.mark.parametrize("name", ASKED)
def test_a_report_answers_as_expected(
    grown: Ledger, reconciled: Reconciled, name: str, golden: Callable[[Path, str], None]
) -> None:
    asked = reconciled.ledger if name in OF_A_NIGHT else grown
    golden(FOLDER / f"{name}.csv", as_csv(asked.report(name, **OF_A_NIGHT.get(name, ASKED[name]))))


@pytest.mark.parametrize("name", ASKED)
def test_a_report_says_what_it_was_asked_and_what_it_stands_on(grown: Ledger, name: str) -> None:
    basis = grown.report(name, **ASKED[name]).basis
    assert basis["report"] == name
    assert basis["question"] == ready()[name].question
    assert basis["parameters"].keys() == {each.name for each in ready()[name].parameters}
    assert (basis["regime"], basis["seq"], basis["h100_tpp"]) == ("diffusion-2025", 19_651, 15_832)


def test_a_report_that_has_nothing_to_show_says_why(grown: Ledger) -> None:
    notes = {name: grown.report(name, **ASKED[name]).basis["notes"] for name in ASKED}
    assert {name for name, said in notes.items() if said} == {"lpp", "open-breaks", "three-ways", "reexports"}
    assert "programme lpp" in notes["lpp"][0]
    assert "No reconciliation had run" in notes["open-breaks"][0]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """The same ledger on the day before anything in it was put right."""
    url = sample_in_time.post(tmp_path_factory.mktemp("before"), put_right=False)
    with Ledger.open(url, clock=Clock(sample_in_time.ENDS)) as ledger:
        yield ledger


BOTH_CLOCKS = [name for name in ASKED if any(each.name == "known_at" for each in ready()[name].parameters)]


@pytest.mark.parametrize("name", BOTH_CLOCKS)
def test_what_was_known_at_an_instant_is_what_the_ledger_of_that_instant_says(
    grown: Ledger, before: Ledger, name: str
) -> None:
    asked = {**ASKED[name], "as_of": DAY_BEFORE, "known_at": DAY_BEFORE}
    assert as_csv(grown.report(name, **asked)) == as_csv(before.report(name, **asked))


def test_what_is_posted_later_changes_nothing_that_was_known(small: Ledger) -> None:
    """A license gets a second device, a charge is undone, a return and a release are, too."""
    known = {"as_of": "2026-02-28", "known_at": "2026-02-28"}
    asked = {name: known | ({"country": "AE"} if "country" in ASKED[name] else {}) for name in BOTH_CLOCKS}
    del asked["device-mix"]["country"]
    first = {name: as_csv(small.report(name, **asked[name])) for name in asked}
    small.post(
        entry("allocate", "SA", "2026-02-20", tpp=10_000_000),
        entry("license", "SA", "2026-02-20", license_no="S-1", device_id=H100, quantity=1),
        entry("license", "AE", "2026-02-20", license_no="L-1", device_id="nvidia-h200-sxm-141gb", quantity=1),
    )
    for seq in (9, 12, 14):
        small.reverse(seq, "not so")
    assert {name: as_csv(small.report(name, **asked[name])) for name in asked} == first


def test_every_question_has_the_answer_of_the_ledger_of_that_instant(grown: Ledger, before: Ledger) -> None:
    asked = {"as_of": DAY_BEFORE, "known_at": DAY_BEFORE}
    assert grown.headroom(**asked).rows() == before.headroom(**asked).rows()
    assert grown.licenses(**asked).rows() == before.licenses(**asked).rows()
    assert (
        grown.statement("SA", known_at=DAY_BEFORE).rows()
        == before.statement("SA", known_at=DAY_BEFORE).rows()
    )
    assert grown.forecast("PE", **asked).rows() == before.forecast("PE", **asked).rows()


@pytest.mark.parametrize("name", BOTH_CLOCKS)
def test_a_past_day_has_the_same_answer_whatever_is_posted_later(grown: Ledger, name: str) -> None:
    asked = {**ASKED[name], "as_of": "2025-12-31", "known_at": "2025-12-31"}
    first = as_csv(grown.report(name, **asked))
    late = grown.report(name, **asked | {"known_at": "2026-06-30"})
    if name in ("what-is-left", "pace", "licenses-by-expiry"):
        assert as_csv(late) != first  # back-dated entries came in between
    assert as_csv(grown.report(name, **asked)) == first


def test_what_is_left_is_headroom(grown: Ledger) -> None:
    asked = {"as_of": THROUGH, "known_at": "2026-06-30"}
    assert grown.report("what-is-left", **asked).rows() == grown.headroom(**asked).rows()


def test_a_whole_number_may_be_one_of_numpy(small: Ledger) -> None:
    answer = small.report("pace", country="AE", months=np.int64(1))
    assert answer.rows() == small.report("pace", country="AE", months=1).rows()
    assert type(answer.basis["parameters"]["months"]) is int


def test_left_on_day_says_what_was_thought_when_the_day_was_over(grown: Ledger) -> None:
    answer = grown.report("left-on-day", on_day="2026-06-30")
    rows = answer.rows()
    assert answer.basis["as_of"] == "2026-06-30"
    now = {row["country"]: row["headroom_tpp"] for row in grown.headroom(as_of="2026-06-30")}
    then = grown.headroom(as_of="2026-06-30", known_at="2026-06-30")
    assert {row["country"]: row["headroom_tpp"] for row in rows} == now
    assert {row["country"]: row["thought_tpp"] for row in rows} == {
        row["country"]: row["headroom_tpp"] for row in then
    }
    assert any(row["difference_tpp"] for row in rows)
    assert all(row["entries_since"] for row in rows if row["difference_tpp"])


def test_the_shares_of_holders_and_the_pace_add_up_to_what_is_used(grown: Ledger) -> None:
    for country in ("AE", "MX", "LU"):
        (left,) = grown.headroom(country, as_of=THROUGH).rows()
        holders = grown.report("holders", country=country, as_of=THROUGH).rows()
        assert sum(row["drawn_tpp"] for row in holders) == left["licensed_tpp"] + left["exported_tpp"]
        squares = sum(
            row["drawn_tpp"] ** 2
            for row in grown.report("holders", country=country, as_of=THROUGH, most=10_000)
        )
        whole = (left["licensed_tpp"] + left["exported_tpp"]) ** 2
        assert {row["hhi"] for row in holders} == {squares * 10_000 // whole}
        *_, last = grown.report("pace", country=country, as_of=THROUGH)
        assert last["used_tpp"] == left["allocated_tpp"] - left["headroom_tpp"]
        assert last["allocated_tpp"] == left["allocated_tpp"]


def test_the_device_mix_adds_up_to_what_was_exported(grown: Ledger) -> None:
    exported = {row["country"]: row["exported_tpp"] for row in grown.headroom(as_of=THROUGH)}
    mix: dict[str, int] = {}
    for row in grown.report("device-mix", as_of=THROUGH):
        mix[row["country"]] = mix.get(row["country"], 0) + row["exported_tpp"]
    assert mix == {country: tpp for country, tpp in exported.items() if tpp or country in mix}


def test_licenses_by_expiry_hold_what_the_ledger_says_they_hold(grown: Ledger) -> None:
    held = {row["country"]: row["licensed_tpp"] for row in grown.headroom(as_of=THROUGH)}
    listed: dict[str, int] = {}
    for row in grown.report("licenses-by-expiry", as_of=THROUGH):
        listed[row["country"]] = listed.get(row["country"], 0) + row["outstanding_tpp"]
        if row["outstanding_quantity"] is not None:
            assert row["outstanding_tpp"] % row["outstanding_quantity"] == 0
    assert listed == {country: tpp for country, tpp in held.items() if tpp}


# ----------------------------------------------------------------------------------------- what people see

NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


def on_screen(screen: Screen, width: int) -> list[str]:
    out = StringIO()
    render.print_table(screen, out, width)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", [*WIDE_ONES, *OF_A_NIGHT])
def test_no_figure_of_a_report_is_cut_on_a_narrow_screen(
    grown: Ledger, reconciled: Reconciled, name: str, width: int
) -> None:
    ledger = reconciled.ledger if name in OF_A_NIGHT else grown
    screen = report_screens.report(ledger.report(name, **OF_A_NIGHT.get(name, ASKED[name])))
    lines, plain = on_screen(screen, width), render.plain(screen)
    figures = {number for number in NUMBER.findall(plain) if "," in number or "." in number}
    assert figures <= set(NUMBER.findall("\n".join(lines)))
    longest = max(cell_len(word) for word in plain.split()) + 4
    assert all(cell_len(line) <= max(width, longest) for line in lines)
    assert ready()[name].question in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_forecast_is_shown_whole_at_any_width(grown: Ledger, width: int) -> None:
    answer = grown.forecast("PE", as_of="2026-04-30")
    lines = on_screen(report_screens.forecast(answer, one=True), width)
    text = " ".join(" ".join(lines).split())
    for row in answer:
        for value in (row["used_tpp"], row["expected_tpp"], row["daily_tpp"], row["last_quarter_error_tpp"]):
            assert f"{value:,}" in text
        assert all(str(row[name]) in text for name in ("p10_on", "p50_on", "p90_on") if row[name] is not None)
    assert all(cell_len(line) <= width for line in lines)
    assert "A quarter ago, " in text


def test_a_forecast_of_all_leaves_out_those_without_a_date_and_counts_them(grown: Ledger) -> None:
    whole = grown.forecast("MX", as_of="2026-04-30")
    some = grown.forecast("LU", as_of="2026-04-30")
    both = Answer(Rows(whole.held.names, whole.held.types, [*whole.held.rows, *some.held.rows]), whole.basis)
    text = render.plain(report_screens.forecast(both, one=False))
    assert text.count("MX  Mexico") == 2
    assert "Luxembourg" not in text
    assert "Left out, of 4: 2 too few draws." in text


# ------------------------------------------------------------------------------------------- what is asked


def test_every_report_runs_on_both_stores(small: Ledger) -> None:
    too_much = entry("license", "IN", "2026-03-01", license_no="I-9", tpp=10_000_000)
    with pytest.raises(OverHeadroom):
        small.post(too_much, request_id="too much")
    for name, asked in ASKED.items():
        answer = small.report(name, **({"country": "AE"} if "country" in asked else {}))
        assert answer.basis["seq"] == 14
    (row,) = small.report("would-not-fit").rows()
    assert (row["request_id"], row["short_by_tpp"]) == ("too much", 9_995_000)


def test_a_report_goes_by_its_number_too(small: Ledger) -> None:
    for listed in small.reports():
        assert named(str(listed["number"])).name == named(listed["name"]).name == listed["name"]
    assert small.report("08", country="AE").basis["report"] == "holders"


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("licences-by-expiry", {}, "no report 'licences-by-expiry': the nearest is licenses-by-expiry"),
        ("xyz", {}, "no report 'xyz': tppq report lists them"),
        ("99", {}, "no report '99': tppq report lists them"),
        ("0", {}, "no report '0': tppq report lists them"),
        ("holders", {}, "holders needs country (whose quota): --param country=..."),
        ("pace", {"day": 1}, "pace has no parameter 'day': it takes as_of, known_at, country, months"),
        ("pace", {"months": "x"}, "'x' is not a whole number for months (only the last so many months)"),
        ("three-ways", {"month": "October"}, "'October' is not a month for month: write YYYY-MM"),
        ("pace", {"months": -1}, "'-1' is not a whole number for months (only the last so many months)"),
        ("pace", {"months": True}, "'True' is not a whole number for months (only the last so many months)"),
        (
            "pace",
            {"months": np.float64(2)},
            "'2.0' is not a whole number for months (only the last so many months)",
        ),
        ("pace", {"as_of": "yesterday"}, "'yesterday' is not a day: write YYYY-MM-DD"),
        ("pace", {"as_of": 20_260_101}, "'20260101' is no day for as_of"),
        ("pace", {"known_at": "soon"}, "'soon' is not a time: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ"),
        ("three-ways", {"month": 10}, "'10' is no month for month"),
        (
            "pace",
            {"as_of": "all"},
            "'all' is no value of as_of (what had taken effect on this day): leave it out for today",
        ),
        (
            "holders",
            {"country": "AE", "most": "all"},
            "'all' is no value of most (how many holders are named): leave it out for 10",
        ),
        ("holders", {"country": "all"}, "'all' is no value of country (whose quota): --param country=..."),
    ],
)
def test_what_a_report_cannot_take_is_said(grown: Ledger, name: str, given: dict[str, Any], why: str) -> None:
    with pytest.raises(BadQuery) as caught:
        grown.report(name, **given)
    assert caught.value.detail == why


def test_a_day_is_an_instant_too_and_means_its_end(small: Ledger) -> None:
    day = date(2026, 2, 28)
    by_text = small.report("5", known_at="2026-02-28")
    assert by_text.basis["parameters"]["known_at"] == "2026-02-28T23:59:59.999999Z"
    for given in (day, datetime.combine(day, time.max)):
        answer = small.report("5", known_at=given)
        assert (answer.rows(), answer.basis) == (by_text.rows(), by_text.basis)
    with pytest.raises(BadQuery, match="'5' is no instant for known_at"):
        small.report("5", known_at=5)


def test_all_and_now_are_taken_where_they_are_the_default(small: Ledger) -> None:
    for each in ready().values():
        needed = {parameter.name: "AE" for parameter in each.parameters if parameter.default is None}
        for parameter in each.parameters:
            for word in ("all", "now"):
                asked = needed | {parameter.name: word}
                if parameter.default == word:
                    assert small.report(each.name, **asked).basis["parameters"][parameter.name] is None
                else:
                    with pytest.raises(BadQuery, match=f"'{word}' is no value of {parameter.name} "):
                        small.report(each.name, **asked)


def test_a_country_is_written_as_anywhere_else(grown: Ledger) -> None:
    rows = grown.report("pace", country="India", as_of=date(2026, 10, 31), months="2").rows()
    assert [(row["country"], row["month"]) for row in rows] == [("IN", "2026-09"), ("IN", "2026-10")]
    assert grown.report("pace", country="IND", as_of=THROUGH, months=2).rows() == rows
    with pytest.raises(UnknownName):
        grown.report("pace", country="Indai")


@pytest.mark.parametrize("name", [name for name in ASKED if "country" in str(ready()[name].parameters)])
def test_a_country_without_a_quota_is_refused_unless_its_breaks_are_asked_for(
    grown: Ledger, name: str
) -> None:
    if name in ("open-breaks", "three-ways"):
        assert len(grown.report(name, country="DE")) == 0
    elif name == "would-not-fit":
        assert len(grown.report(name, country="KH")) == 0
    elif name not in ("lpp", "sources"):
        with pytest.raises(NoQuota):
            grown.report(name, country="DE")


def test_underscores_are_hyphens_and_an_empty_value_is_the_default(grown: Ledger) -> None:
    by_default = grown.report("licenses_unused", country="SA", used_percent="", issued_days=None)
    assert by_default.rows() == grown.report("licenses-unused", country="SA").rows()
    assert by_default.basis["parameters"]["used_percent"] == 10


# ----------------------------------------------------------------------------- what the sample does not have


def test_a_reexport_is_a_chain_of_hops_each_credited_and_charged(small: Ledger) -> None:
    h100 = {"device_id": H100}
    small.post(entry("allocate", "KW", "2026-01-01", tpp=10_000_000))
    small.post(entry("allocate", "QA", "2026-01-01", tpp=10_000_000))
    small.post(
        entry("return", "AE", "2026-02-20", license_no="L-1", quantity=50, **h100),
        entry("license", "KW", "2026-02-20", license_no="K-1", quantity=50, **h100),
        entry("export", "KW", "2026-02-20", license_no="K-1", quantity=50, **h100),
        entry("return", "AE", "2026-02-20", license_no="L-1", quantity=7, **h100),  # stayed at home
    )
    onward = {"reference": "RX-1"} | h100
    small.post(entry("return", "KW", "2026-02-25", license_no="K-1", quantity=20, **onward))
    small.post(entry("license", "QA", "2026-02-25", license_no="Q-1", quantity=19, **onward))
    answer = small.report("reexports")
    tpp = 15_832
    assert [
        (row["step"], row["from_country"], row["to_country"], row["credited_tpp"], row["charged_tpp"],
         row["difference_tpp"])
        for row in answer
    ] == [(1, "AE", "KW", 50 * tpp, 50 * tpp, 0), (2, "KW", "QA", 20 * tpp, 19 * tpp, -tpp)]  # fmt: skip
    assert len({row["chain"] for row in answer}) == 1
    assert answer.basis["notes"] == []
    assert len(small.report("reexports", country="QA")) == 2
    assert len(small.report("reexports", country="SA")) == 0
    assert [row["tpp"] for row in small.report("returns-open", country="AE")] == [100 * tpp, 7 * tpp]


def test_goods_that_arrive_under_a_license_granted_before_are_a_hop_too(small: Ledger) -> None:
    h100 = {"device_id": H100}
    small.post(entry("allocate", "KW", "2026-01-01", tpp=10_000_000))
    small.post(entry("license", "KW", "2026-02-01", license_no="S-2", quantity=5, reference="D-800", **h100))
    small.post(entry("return", "AE", "2026-02-20", license_no="L-1", quantity=3, reference="RX-2", **h100))
    assert [row["seq"] for row in small.report("returns-open", days=10)] == [17]
    small.post(entry("export", "KW", "2026-02-20", license_no="S-2", quantity=3, reference="RX-2", **h100))
    (hop,) = small.report("reexports").rows()
    assert (hop["from_country"], hop["to_country"], hop["to_license_no"]) == ("AE", "KW", "S-2")
    assert hop["difference_tpp"] == 0
    assert len(small.report("returns-open", days=10)) == 0


def test_goods_that_go_to_and_fro_are_one_chain_with_an_end(small: Ledger) -> None:
    """Also where each arrival was posted before the return that it answers."""
    h100 = {"device_id": H100, "quantity": 3}
    small.post(entry("allocate", "KW", "2026-01-01", tpp=10_000_000))
    small.post(entry("license", "KW", "2026-02-01", license_no="K-1", device_id=H100, quantity=20))
    small.post(entry("export", "KW", "2026-02-01", license_no="K-1", device_id=H100, quantity=10))
    for reference in ("RX-2", "RX-4"):
        small.post(entry("export", "AE", "2026-02-20", license_no="L-1", reference=reference, **h100))
    small.post(entry("export", "KW", "2026-02-20", license_no="K-1", reference="RX-3", **h100))
    for license_no, reference in (("K-1", "RX-2"), ("L-1", "RX-3"), ("K-1", "RX-4")):
        country = "KW" if license_no == "K-1" else "AE"
        small.post(entry("return", country, "2026-02-21", license_no=license_no, reference=reference, **h100))
    assert [(row["chain"], row["step"], row["reference"]) for row in small.report("reexports")] == [
        (21, 1, "RX-2"), (21, 2, "RX-3"), (21, 3, "RX-4"),
    ]  # fmt: skip


def test_a_return_is_open_again_when_the_charge_that_answered_it_is_undone(small: Ledger) -> None:
    def still_open() -> int:
        return len(small.report("returns-open", days=10))

    small.post(entry("allocate", "KW", "2026-01-01", tpp=10_000_000))
    rx = {"device_id": H100, "quantity": 3, "reference": "RX-2"}
    small.post(entry("return", "AE", "2026-02-20", license_no="L-1", **rx))
    (charge,) = small.post(entry("license", "KW", "2026-02-20", license_no="K-2", **rx))
    assert still_open() == 0
    known_at = small.report("sources").basis["known_at"]
    small.reverse(charge.seq, "another consignee")
    assert still_open() == 1
    assert len(small.report("returns-open", days=10, known_at=known_at)) == 0
    (again,) = small.post(entry("license", "KW", "2026-02-20", license_no="K-2", **rx))
    assert still_open() == 0
    # what undoes a cancellation is an export, and answers nothing
    small.reverse(again.seq, "neither")
    small.post(entry("license", "KW", "2026-02-20", license_no="K-3", device_id=H100, quantity=9))
    small.post(entry("export", "KW", "2026-02-20", license_no="K-3", device_id=H100, quantity=9))
    (canceled,) = small.post(entry("restore", "KW", "2026-02-20", license_no="K-3", **rx))
    small.reverse(canceled.seq, "it did leave")
    assert {row["what"] for row in small.report("returns-open", days=10)} == {"returned"}
    assert still_open() == 1


def test_a_canceled_declaration_is_open_until_it_is_used(small: Ledger) -> None:
    used = {"license_no": "L-1", "device_id": H100}

    def still_open() -> list[tuple[str, int]]:
        return [
            (row["what"], row["open_tpp"] // 15_832) for row in small.report("returns-open", country="AE")
        ]

    assert still_open() == [("returned", 100)]
    small.post(entry("restore", "AE", "2026-02-20", quantity=300, **used))
    small.post(entry("export", "AE", "2026-02-21", quantity=100, **used))
    assert still_open() == [("canceled", 200), ("returned", 100)]
    small.post(entry("export", "AE", "2026-02-22", quantity=250, **used))
    assert still_open() == [("returned", 100)]
    assert len(small.report("returns-open", country="AE", days=10)) == 0


def test_misuse_tells_overruns_and_what_was_refused_until_it_is_posted(small: Ledger) -> None:
    over = entry("export", "SA", "2026-02-20", license_no="S-1", tpp=500)
    with pytest.raises(Exception, match="has 0 TPP left to export"):
        small.post(over, request_id="beyond")
    rows = small.report("misuse", country="SA").rows()
    assert [(row["outcome"], row["what"], row["tpp"]) for row in rows] == [
        ("recorded", "without a license", 400_000), ("refused", "over its license", 500),
    ]  # fmt: skip
    back = entry("return", "SA", "2026-02-20", license_no="S-l", tpp=500, reason="mistyped")
    gone = entry("export", "SA", "2026-02-20", license_no="S-l", tpp=700)
    for each in (back, gone):
        with pytest.raises(UnknownLicense, match="SA has no license S-l"):
            small.post(each, request_id=str(each.kind))
    (told,) = (row for row in small.report("misuse", country="SA") if row["license_no"] == "S-l")
    assert (told["what"], told["tpp"]) == ("without a license", 700)
    assert told["effective_on"] == date(2026, 2, 20)
    small.post(entry("license", "AE", "2026-02-20", license_no="A-9", tpp=500), request_id="another")
    assert len(small.report("misuse", country="AE")) == 0


def test_lpp_is_counted_by_parent_and_year_where_there_is_any() -> None:
    """No entry of that programme can be posted yet, so these are put straight into a core."""
    core = Core(REGIME, REFERENCE.countries, REFERENCE.devices, wide=True)
    given = [
        ("One", "2025-03-01", "overrun", 20_000_000), ("One", "2025-09-01", "overrun", 7_000_000),
        ("One", "2026-01-05", "overrun", 1_000_000), ("Two", "2025-05-05", "overrun", 26_900_000),
        ("Two", "2025-06-05", "return", 900_000),
    ]  # fmt: skip
    rows = []
    for seq, (holder, on, kind, tpp) in enumerate(given, 1):
        fields = dict.fromkeys(WIDE) | {
            "kind": kind, "country": "AE", "programme": "lpp", "effective_on": on, "tpp": tpp, "seq": seq,
            "recorded_at": f"{on}T12:00:00.00000{seq}Z", "holder": holder, "quota": f"lpp/{holder}/{on[:4]}",
        }  # fmt: skip
        rows.append([fields[name] for name in WIDE])
    core.append(as_table(WIDE, zip(*rows, strict=True)))
    asked = {"as_of": "2026-03-01", "known_at": None, "limit_tpp": 26_900_000}
    answered = Answer(core.ask(ready()["lpp"].query, asked, {}), {}).rows()
    core.close()
    assert [(row["parent"], row["year"], row["left_tpp"], row["is_over"]) for row in answered] == [
        ("One", 2025, -100_000, True), ("Two", 2025, 900_000, False),
        ("One", 2026, 25_900_000, False),
    ]  # fmt: skip


def test_open_breaks_are_counted_by_age_code_and_owner(small: Ledger) -> None:
    told = {
        "code": "QUANTITY", "severity": "minor", "key": "X1/1", "source": "declarations", "country": "AE",
        "detail": "10 against 12", "on": "2026-02-27",
    }  # fmt: skip
    tellings = [
        Telling(
            "run", "20260227-2300", "finished",
            {"as_of": "2026-02-27", "seq": 14, "status": "FINAL", "inputs": []},
        ),
        Telling("break", "aaaa", "seen", told | {"net_tpp": -200, "at_stake_tpp": 200}),
        Telling("break", "bbbb", "seen", told | {"net_tpp": 500, "at_stake_tpp": 500, "on": "2026-02-09"}),
        Telling("break", "cccc", "seen", told | {"net_tpp": 150, "at_stake_tpp": 150}),
        Telling("break", "dddd", "seen", told | {"net_tpp": 1, "at_stake_tpp": 1}),
        Telling("break", "dddd", "cleared", {"on": "2026-02-28"}),
        Telling("break", "bbbb", "taken", {}),
    ]  # fmt: skip
    store = small._store  # noqa: SLF001  # what a reconciliation run records
    store.record(tellings, "omar")
    answer = small.report("open-breaks", as_of="2026-03-02")
    shown = [
        (row["working_days"], row["code"], row["owner"], row["breaks"], row["net_tpp"], row["gross_tpp"])
        for row in answer
    ]
    assert shown == [("11-20", "QUANTITY", "omar", 1, 500, 500), ("0-1", "QUANTITY", None, 2, -50, 350)]
    assert answer.basis["notes"] == []
    assert len(small.report("open-breaks", as_of="2026-03-02", country="SA")) == 0
    before = small.report("open-breaks", as_of="2026-02-01")
    assert (len(before), len(before.basis["notes"])) == (0, 1)


def test_the_certificate_of_the_newest_run_is_laid_side_by_side(small: Ledger) -> None:
    store = small._store  # noqa: SLF001  # what a reconciliation run records
    told: dict[str, Any] = {"as_of": "2026-02-27", "seq": 14, "status": "PROVISIONAL", "inputs": []}
    store.record([Telling("run", "1", "finished", told)], "omar")
    answer = small.report("three-ways")
    assert (len(answer), answer.basis["notes"]) == (
        0, ["The runs so far kept no certificate in the ledger: it is in the folder of results of each."],
    )  # fmt: skip
    whole = {"country": "AE", "ledger_exported_tpp": 1_400, "customs_tpp": 1_420, "unexplained_tpp": 0}
    months = [
        ["AE", month, 0, 0, 700, customs, 700] for month, customs in (("2026-02", 720), ("2026-01", 700))
    ]
    inputs = [["declarations", 7, "f" * 64, 12, "2026-02-28", None]]
    newer = told | {"as_of": "2026-02-28", "status": "FINAL", "inputs": inputs, "certificate": [whole]}
    store.record([Telling("run", "2", "finished", newer)], "omar")
    earlier = small.report("three-ways")
    assert (len(earlier), earlier.basis["notes"]) == (
        1, ["That run kept no months, as those of earlier versions did not: the next one will."],
    )  # fmt: skip
    store.record([Telling("run", "2", "finished", newer | {"months": months})], "omar")
    shown = small.report("three-ways").rows()
    assert [(each["month"], each["less_customs_tpp"], each["less_vendor_tpp"]) for each in shown] == [
        ("2026-01", 0, 0), ("2026-02", -20, 0), (None, -20, None),
    ]  # fmt: skip
    assert (shown[0]["run_id"], shown[0]["run_on"], shown[0]["license_system_tpp"]) == (
        "2",
        date(2026, 2, 28),
        0,
    )
    assert len(small.report("three-ways", month="2026-01")) == 1
    behind = [each for each in small.report("sources") if each["what"] == "reconciliation"]
    assert [(each["name"], each["version"], each["entries"]) for each in behind] == [
        ("2", "FINAL", None), ("declarations run 7", "f" * 64, 12),
    ]  # fmt: skip


def test_after_a_night_its_breaks_and_its_certificate_are_there(reconciled: Reconciled) -> None:
    ledger, night, out = reconciled
    breaks = ledger.report("open-breaks")
    assert sum(row["breaks"] for row in breaks) == len(night)
    assert sum(row["gross_tpp"] for row in breaks) == sum(row["at_stake_tpp"] for row in night)
    sides = [row for row in ledger.report("three-ways") if row["month"] is None]
    assert {row["run_id"] for row in sides} == {night.basis["run"]}
    (path,) = out.rglob("certificate.csv")
    with path.open(encoding="utf-8", newline="") as file:
        certified = list(csv.DictReader(file))
    assert len(certified) == len(sides) > 5
    for told, row in zip(certified, sides, strict=True):
        assert {name: str(row[name]) for name in told if name in row} == {
            name: value for name, value in told.items() if name in row
        }
    files = [row["name"] for row in ledger.report("sources") if row["what"] == "reconciliation"]
    assert len(files) == 5


def test_the_months_of_a_country_add_up_to_its_whole(reconciled: Reconciled) -> None:
    rows = reconciled.ledger.report("three-ways").rows()
    sides = (
        "ledger_licensed_tpp", "license_system_tpp", "ledger_exported_tpp", "customs_tpp", "vendor_tpp",
    )  # fmt: skip
    summed: dict[str, list[int]] = {}
    for row in rows:
        if row["month"] is not None:
            held = summed.setdefault(row["country"], [0] * len(sides))
            summed[row["country"]] = [tpp + row[name] for tpp, name in zip(held, sides, strict=True)]
    assert summed == {
        row["country"]: [row[name] for name in sides]
        for row in rows
        if row["month"] is None and any(row[name] for name in sides)
    }
    assert len({row["month"] for row in rows}) > 3
    (one,) = reconciled.ledger.report("three-ways", country="AE", month="2026-09").rows()
    assert one in rows


def test_a_correction_shows_both_entries_and_what_they_did_to_the_headroom(small: Ledger) -> None:
    small.correct(10, {"tpp": 12_000}, "3,000 fewer", approver="omar")
    undone, corrected = small.report("corrections").rows()
    assert (undone["undone_seq"], undone["undone_kind"], undone["net_headroom_tpp"]) == (
        8,
        "block",
        1_000_000,
    )
    assert (corrected["undone_tpp"], corrected["instead_tpp"]) == (15_000, 12_000)
    assert corrected["net_headroom_tpp"] == 3_000
    assert (corrected["reason"], corrected["actor"], corrected["approver"]) == (
        "3,000 fewer",
        "maria",
        "omar",
    )


def test_sources_name_the_versions_of_the_programs(small: Ledger) -> None:
    rows = small.report("sources").rows()
    programs = {row["name"]: row["version"] for row in rows if row["what"] == "program"}
    assert programs.keys() == {"tppq", "duckdb", "python", "schema"}
    assert sum(row["entries"] for row in rows if row["what"] in ("file", "person")) == 14
    assert {row["version"] for row in rows if row["what"] == "person"} == {"alone", "approved by omar"}
    assert json.loads(json.dumps(small.report("sources").basis["parameters"]))["country"] is None
