"""What a ledger goes by is recorded, so that an edited file of its regime shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from ledger import Ledger, pinned, reference
from ledger.events import COLUMNS, chained
from ledger.model import Regime
from ledger.tables import EVENT
from tests.books import REGIME
from tests.clock import Clock
from tests.forger import unopened
from tests.installation import own_installation
from tests.outside import connected, drop_guards
from tests.transcripts import typed

CLOCK = Clock("2026-02-01")
H100, HALF = "h100_tpp = 15832", "h100_tpp = 7916"
ON = "2026-02-01T12:00:00.000000Z"
TOLD = (
    """\
[choices.order_of_requests]
value = "first come, first served"       # each is judged as it is posted
status = "choice"
citation = "not in the regulatory text; the ledger's own"
""",
    """\
[dates.delayed_compliance_from]
value = 2026-01-15
status = "confirmed"
citation = "90 FR 4544: for paras 14, 15 and 18 of Supp. No. 10 to 15 CFR part 748"
""",
    'allocation_review = "annual review of later years with State, Energy, Defense"\n',
)
"""What the file did not say before 0.12."""
NOT_YET = "# not told yet\n"

Edits = Callable[[str, str], None]


@pytest.fixture(name="edits")
def _edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edits]:
    """Replaces text in the file of the regime, in an installation of its own."""
    regimes = own_installation(tmp_path, monkeypatch)
    reference.load.cache_clear()

    def edit(old: str, new: str) -> None:
        file = regimes / "diffusion-2025.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), encoding="utf-8")
        reference.load.cache_clear()

    yield edit
    reference.load.cache_clear()


def notes(url: str) -> list[str]:
    with Ledger.open(url, clock=CLOCK) as ledger:
        answer = ledger.verify()
        assert not len(answer)
        told: list[str] = answer.basis["notes"]
        return told


def trail(*recorded: Regime) -> list[tuple[object, ...]]:
    """A log of events in which these regimes were recorded, one after the other."""
    rows: list[tuple[object, ...]] = []
    for terms in recorded:
        last = (rows[-1][0], rows[-1][-1]) if rows else None
        rows += chained(pinned.tellings(terms, rows), "officer", last, lambda: ON)  # type: ignore[arg-type]
    return rows


def note(was: Regime, now: Regime) -> str:
    (said,) = pinned.notes(now, trail(was))
    return said


# --------------------------------------------------------------------------------------------- a ledger


def test_what_a_ledger_goes_by_is_recorded_as_it_opens(store_url: str) -> None:
    with Ledger.init(store_url, clock=CLOCK, actor="officer") as ledger:
        (row,) = ledger.audit().rows()
    assert (row["who"], row["what"], row["subject"], row["outcome"]) == (
        "officer", "regime", "diffusion-2025", "recorded",
    )  # fmt: skip
    said = orjson.loads(row["detail"])
    assert (said["cap_tpp"], said["h100_tpp"], said["country_lists"]) == (790_000_000, 15_832, 6)
    assert notes(store_url) == []


def test_it_is_recorded_once_however_often_it_is_opened(store_url: str) -> None:
    for _ in range(3):
        Ledger.init(store_url, clock=CLOCK).close()
    with Ledger.open(store_url, clock=CLOCK) as ledger:
        assert len(ledger.audit()) == 1


def test_an_edited_file_shows_until_init_records_it(store_url: str, edits: Edits) -> None:
    Ledger.init(store_url, clock=CLOCK).close()
    edits(H100, HALF)
    said = "the file of diffusion-2025 says other than what was recorded on 2026-02-01"
    assert notes(store_url) == [f"{said}: h100_tpp was 15,832, is 7,916; tppq init records what it says now"]
    Ledger.init(store_url, clock=CLOCK, actor="maria").close()
    assert notes(store_url) == []
    with Ledger.open(store_url, clock=CLOCK) as ledger:
        first, second = ledger.audit().rows()
    assert (orjson.loads(first["detail"])["h100_tpp"], first["who"] == "maria") == (15_832, False)
    assert (orjson.loads(second["detail"])["h100_tpp"], second["who"]) == (7_916, "maria")


def test_doctor_warns_of_an_edited_file(tmp_path: Path, edits: Edits) -> None:
    url = f"sqlite:///{tmp_path}/q.db"
    Ledger.init(url, clock=CLOCK).close()
    edits(H100, HALF)
    status, out, _ = typed(["doctor", "--format", "csv", "--ledger", url], clock=CLOCK)
    (line,) = (line for line in out.splitlines() if line.startswith("regime,"))
    assert (status, line.split(",")[1]) == (0, "warn")
    assert "h100_tpp was 15,832, is 7,916" in line


def test_words_of_a_file_that_nothing_depends_on_may_change(store_url: str, edits: Edits) -> None:
    Ledger.init(store_url, clock=CLOCK).close()
    edits('notice = "announced as rescinded', 'notice = "said to be rescinded')
    assert notes(store_url) == []


@pytest.mark.parametrize("told", TOLD, ids=["choice", "date", "allocation"])
def test_a_fact_that_is_only_told_leaves_older_ledgers_as_they_are(
    store_url: str, edits: Edits, told: str
) -> None:
    edits(told, NOT_YET)
    Ledger.init(store_url, clock=CLOCK).close()
    edits(NOT_YET, told)
    assert notes(store_url) == []
    Ledger.init(store_url, clock=CLOCK).close()
    with Ledger.open(store_url, clock=CLOCK) as ledger:
        assert len(ledger.audit()) == 1


def test_a_ledger_in_which_nothing_was_recorded_gets_it_by_init(store_url: str, edits: Edits) -> None:
    Ledger.init(store_url, opening=False, clock=CLOCK).close()
    edits(H100, HALF)
    assert notes(store_url) == []
    Ledger.init(store_url, clock=CLOCK).close()
    edits(HALF, H100)
    assert len(notes(store_url)) == 1


def test_the_command_says_what_it_recorded(tmp_path: Path, edits: Edits) -> None:
    url = f"sqlite:///{tmp_path}/q.db"
    is_open = f"{url}: is open under diffusion-2025: 158 countries with 124,820,000,000 TPP allocated.\n"

    def init(*words: str) -> str:
        status, out, err = typed(["init", *words, "--ledger", url], clock=CLOCK)
        assert (status, err.partition("\n")[0].startswith("Regime")) == (0, True)
        return out

    init()
    assert init() == f"{is_open}Nothing had to be written.\n"
    edits(H100, HALF)
    assert init("-n") == f"{is_open}Dry run: what diffusion-2025 says now would be recorded.\n"
    assert init() == f"{is_open}What diffusion-2025 says now was recorded.\n"
    assert init() == f"{is_open}Nothing had to be written.\n"


@pytest.mark.parametrize(
    ("detail", "noted"),
    [
        ('{"country_lists": 7, "cap_tpp": [1], "h100_tpp": {}, "approval_kinds": [[], {}, 1]}', 1),
        ('{"country_lists": [3, [], [[], {}]]}', 1),
        ("7", 0),
        ("x", 0),
    ],
)
def test_what_was_recorded_may_be_changed_to_anything_and_verify_says_so(
    store_url: str, detail: str, noted: int
) -> None:
    Ledger.init(store_url, clock=CLOCK).close()
    drop_guards(store_url)
    with connected(store_url) as owner:
        owner.execute(sa.update(EVENT).values(detail=detail))
    answer = unopened(store_url)
    assert [row["check"] for row in answer.rows()] == ["event"]
    assert len(answer.basis["notes"]) == noted


# ---------------------------------------------------------------------------------------------- the note


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cap_tpp": 100_000_000}, "cap_tpp was 790,000,000, is 100,000,000"),
        ({"period_to": "2028-12-31"}, "period_to was 2027-12-31, is 2028-12-31"),
        (
            {"approval": replace(REGIME.approval, kinds=frozenset())},
            "approval_kinds is without allocate, withdraw",
        ),
        ({"choices": {**REGIME.choices, "expiry_lag_days": 0}}, "expiry_lag_days was 30, is 0"),
        (
            {"lists": tuple(replace(each, members=each.members - {"AE"}) for each in REGIME.lists)},
            "tier 2 from 2025-01-01 to 2025-11-06 is without AE; tier 2 from 2025-11-07 is without AE",
        ),
    ],
)  # fmt: skip
def test_a_note_names_what_changed_and_how(changes: dict[str, object], said: str) -> None:
    assert said in note(REGIME, replace(REGIME, **changes))  # type: ignore[arg-type]


def test_a_list_that_came_and_one_that_went_are_named_with_some_of_their_countries() -> None:
    first, *others = REGIME.lists
    later = replace(first, valid_from="2026-01-01")
    gone = f"tier {first.tier} from {first.valid_from} was"
    said = note(REGIME, replace(REGIME, lists=(later, *others)))
    assert f"{gone} " in said
    assert ", is not there" in said
    assert f"tier {first.tier} from 2026-01-01 was not there, is " in said
    assert " more" in said


def test_a_log_in_which_it_changed_back_says_so_three_times() -> None:
    other = replace(REGIME, h100_tpp=1)
    rows = trail(REGIME, REGIME, other, REGIME)
    said = [orjson.loads(str(row[COLUMNS.index("detail")])) for row in rows]
    assert [each["h100_tpp"] for each in said] == [15_832, 1, 15_832]
    assert pinned.notes(REGIME, rows) == []
