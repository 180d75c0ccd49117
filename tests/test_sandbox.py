"""Ad-hoc queries: what they may ask, every way out that was thought of, and what a query may use."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import orjson
import pytest
from pyarrow import parquet

from ledger import BadQuery, Ledger, OverHeadroom, core_file, render, sandbox_gate, schema
from ledger import told as told_of
from ledger.answer import Answer
from ledger.core_file import Ground
from ledger.database import Database
from ledger.events import Telling
from ledger.sandbox_gate import Refusal, Surface
from ledger.sandbox_process import STARTING_SECONDS, Child, Limits
from ledger.store import Store
from tests.books import REFERENCE, REGIME
from tests.escapes import FINE, INSIDE, OUTSIDE
from tests.small import ASKED_ON, H100, entry, fill
from tests.transcripts import typed

TOP = Path(__file__).parent.parent
ATTEMPTS = {**OUTSIDE, **INSIDE}
SURFACE = Surface(
    frozenset({"country", "device", "entry", "headroom", "license", "meta", "move", "posting", "today"}),
    frozenset({"headroom", "licenses", "running", "statement"}),
    frozenset({"h100e"}),
    frozenset({"country_code"}),
)


class Small(NamedTuple):
    """A small ledger, and where it lies."""

    ledger: Ledger
    store: Store
    url: str


GROUND = Ground(REGIME, REFERENCE)


@pytest.fixture(name="small", scope="module")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """A small ledger, of which entries 1 to 10 lie in a file and the others came since."""
    folder = tmp_path_factory.mktemp("sandbox")
    url = f"sqlite:///{folder / 'tppq.db'}"
    with pytest.MonkeyPatch.context() as patch, fill(url) as ledger:
        patch.setattr(core_file, "LEAST_ENTRIES", 1)
        store = Store(Database(url, 10))
        ((hash_10,),) = store.read("hash_at", seq=10)
        path = folder / "tppq.db-segments" / f"core-{10:012d}-{hash_10}-{core_file.fingerprint()}.duckdb"
        path.parent.mkdir()
        core_file.write(path, store, GROUND, store.head()._replace(seq=10, hash=hash_10), None)
        yield Small(ledger, store, url)
        store.close()


@pytest.fixture(name="told", scope="module")
def _told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A small ledger with a refusal and two breaks, one of which was cleared."""
    with fill(f"sqlite:///{tmp_path_factory.mktemp('told') / 'tppq.db'}") as ledger:
        with pytest.raises(OverHeadroom):
            ledger.post(
                entry("license", "IN", "2026-02-20", device_id=H100, quantity=1_000, license_no="I-2")
            )
        seen = {
            "severity": "minor",
            "key": "X1/1",
            "source": "declarations",
            "detail": "",
            "on": "2026-02-26",
        }
        quantity = {"code": "QUANTITY", "country": "AE", "net_tpp": -200, "at_stake_tpp": 200}
        country = {"code": "COUNTRY", "country": "SA", "net_tpp": 700, "at_stake_tpp": 700}
        ledger._store.record(  # noqa: SLF001  # what a reconciliation run and an officer record
            [
                Telling("break", "aaaa", "seen", seen | quantity),
                Telling("break", "bbbb", "seen", seen | country),
                Telling("break", "aaaa", "taken", {}),
                Telling("break", "bbbb", "cleared", {"on": "2026-02-27"}),
            ],
            "omar",
        )
        yield ledger


def tried(
    folder: Path,
    store: Store,
    queries: Sequence[str],
    *,
    gate: bool = True,
    locked: bool = True,
    sealed: bool = True,
) -> list[Any]:
    """What came of each query, in one process like the sandbox's own."""
    file = core_file.standing(store, GROUND) if sealed else None
    tables: dict[str, Any] = {} if file is not None else {**core_file.reference_rows(GROUND)}
    after = 0 if file is None else file.seq
    tables["entry"] = list(chain.from_iterable(core_file.pages(store, after, store.head().seq)))
    job = {
        "file": None if file is None else str(file.path), "tables": tables, "told": {}, "today": ASKED_ON,
        "gate": gate, "locked": locked,
        "values": {}, "rows": 0, "seconds": 30, "memory_mb": 256, "nested": False,
    }  # fmt: skip
    (folder / "job.json").write_text(orjson.dumps(job).decode(), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "tests.sandboxed", str(folder / "job.json")], cwd=TOP, check=True,
        input=json.dumps(queries), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    said: list[Any] = json.loads(run.stdout)
    return said


# --- what may be asked ----------------------------------------------------------------------------


@pytest.mark.parametrize("sealed", [False, True], ids=["sent whole", "from a file and what came since"])
def test_what_an_analyst_asks_is_answered_as_by_the_core_itself(
    small: Small, tmp_path: Path, *, sealed: bool
) -> None:
    core = {path.stem: path.read_text(encoding="utf-8") for path in (TOP / "tests" / "core").glob("*.sql")}
    questions = {**FINE, **core}
    said = tried(tmp_path, small.store, list(questions.values()), sealed=sealed)
    assert {name: each for name, each in zip(questions, said, strict=True) if "error" in each} == {}
    alike = [name for name in questions if name not in ("exotic types", "a sample", "describe", "summarize")]
    for name, each in zip(questions, said, strict=True):
        if name in alike:
            values = dict.fromkeys(re.findall(r"\$(\w+)", questions[name]))
            trusted = small.ledger.sql(questions[name], **values)
            assert each["rows"] == [list(map(str, row.values())) for row in trusted.rows()], name


def test_values_are_bound_by_name(small: Small) -> None:
    query = "select $cc as cc, $n + 1 as n, $as_of::date as as_of, $known_at is null as unknown"
    answer = small.ledger.sandboxed_sql(query, {"cc": "AE", "n": 41, "as_of": "2026-01-31"})
    assert [list(map(str, row.values())) for row in answer.rows()] == [["AE", "42", "2026-01-31", "True"]]
    assert answer.basis["as_of"] == "2026-01-31"


def test_a_number_of_numpy_is_a_number(small: Small) -> None:
    values = {"whole": np.int64(41), "part": np.float64(0.25), "listed": [1, 2]}
    query = "select $whole + 1 as whole, $part * 2 as part, len($listed) as listed"
    assert small.ledger.sandboxed_sql(query, values).rows() == [{"whole": 42, "part": 0.5, "listed": 2}]


@pytest.mark.parametrize("query", ["describe entry", "summarize entry"])
def test_what_describes_a_table_calls_text_what_the_dictionary_does(small: Small, query: str) -> None:
    rows = small.ledger.sandboxed_sql(query).rows()
    said = {
        row["column"]: row["type"]
        for row in small.ledger.dictionary()
        if (row["name"], row["sort"]) == ("entry", "table") and row["column"]
    }
    assert {row["column_name"]: row["column_type"] for row in rows} == said
    nested = small.ledger.sandboxed_sql("describe select [kind] as kinds from entry").rows()
    assert nested[0]["column_type"] == "VARCHAR[]"
    own = small.ledger.sandboxed_sql("select 'a' as column_name, 1 as column_type").rows()
    assert own == [{"column_name": "a", "column_type": 1}]


NESTS = """
select
    [9007199254740993, 123456789012345678901234567890::hugeint] as whole,
    {'on': date '2026-02-01', 'at': [timestamp '2026-02-01 10:00:00']} as days,
    map {date '2026-02-01': [1.50::decimal(4, 2), null]} as by_day,
    [interval 3 day] as spans
"""


def test_what_holds_several_values_is_text_unless_it_is_asked_for_as_it_is(small: Small) -> None:
    (as_text,) = small.ledger.sandboxed_sql(NESTS).rows()
    assert as_text == {
        "whole": "[9007199254740993, 123456789012345678901234567890]",
        "days": "{'on': 2026-02-01, 'at': ['2026-02-01 10:00:00']}",
        "by_day": "{2026-02-01=[1.50, NULL]}",
        "spans": "[3 days]",
    }
    (as_it_is,) = small.ledger.sandboxed_sql(NESTS, nested=True).held.dicts()
    assert as_it_is == {
        "whole": [9_007_199_254_740_993, 123_456_789_012_345_678_901_234_567_890],
        "days": {"on": date(2026, 2, 1), "at": [datetime(2026, 2, 1, 10)]},  # noqa: DTZ001  # UTC, unmarked
        "by_day": {"2026-02-01": [Decimal("1.50"), None]},
        "spans": ["3 days"],
    }


def test_refusals_and_breaks_are_asked_as_they_stand(told: Ledger) -> None:
    """Of the core in the process, and of the one in the sandbox."""
    refused = "select type, country, asked_tpp, short_by_tpp, refused_at::date as refused_on from REFUSAL"
    broken = 'select code, country, net_tpp, state, owner, is_open, age from "break" order by code'
    beside = (
        "select b.code, h.headroom_tpp from break as b join headroom() as h using (country) where is_open"
    )
    for query, expected in {
        refused: [("OverHeadroom", "IN", 15_832_000, 15_827_000, date(2026, 3, 1))],
        broken: [
            ("COUNTRY", "SA", 700, "cleared", None, False, "0-1"),
            ("QUANTITY", "AE", -200, "taken", "omar", True, "0-1"),
        ],
        beside: [("QUANTITY", 54_087_200)],
    }.items():
        for answer in (told.sql(query), told.sandboxed_sql(query)):
            assert [tuple(row.values()) for row in answer.rows()] == expected, query


def test_a_question_of_entries_alone_reads_neither_refusals_nor_breaks(
    told: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    rows = told_of.rows

    def noted(store: Store, table: str) -> told_of.Told:
        read.append(table)
        return rows(store, table)

    monkeypatch.setattr(told_of, "rows", noted)
    told.sandboxed_sql("select count(*) as entries from entry")
    told.sql("from headroom()")
    assert read == []
    told.sandboxed_sql("select count(*) as refusals from refusal")
    assert read == ["refusal"]


def test_a_cut_answer_says_how_many_rows_there_are(small: Small) -> None:
    answer = small.ledger.sandboxed_sql("select seq from entry order by seq", limits=Limits(rows=3))
    assert ([row["seq"] for row in answer], answer.basis["total_rows"]) == ([1, 2, 3], 14)


@pytest.mark.parametrize(
    ("query", "values", "said"),
    [
        ("select $a", {"a": 2**63}, r"\$a is 9223372036854775808: a whole number here has 64 bits"),
        (
            "select $a",
            {"a": np.uint64(2**63)},
            r"\$a is 9223372036854775808: a whole number here has 64 bits",
        ),
        ("select $a", {"a": "\ud800"}, r"\$a has half a character"),
        *(
            ("select $a", {"a": value}, rf"\$a is {re.escape(repr(value))}: a value here is text, a number, ")
            for value in (
                Decimal("1.5"),
                float("nan"),
                float("inf"),
                b"AE",
                {"AE"},
                ["AE", Decimal(1)],
                [2**64],
            )
        ),
        ("select '\ud800'", {}, "the query has half a character"),
    ],
)
def test_what_the_process_cannot_be_told_is_no_query(
    small: Small, query: str, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadQuery, match=f"^{said}"):
        small.ledger.sandboxed_sql(query, values)


def test_values_of_any_type_come_out_as_something_that_every_form_can_show(small: Small) -> None:
    answer = small.ledger.sandboxed_sql(FINE["exotic types"])
    assert answer.rows() == [
        {
            "i": "3 days", "l": "[1, 2]", "u": "00000000-0000-0000-0000-000000000000", "t": "10:00:00",
            "b": "\\x00", "k": "allocate",
        }
    ]  # fmt: skip


FAR = [
    "date 'infinity'", "date '-infinity'", "date '10000-01-01'", "date '0044-03-15 (BC)'",
    "max(effective_on) + 3_000_000", "timestamp 'infinity'", "timestamptz 'infinity'",
    "timestamp '290000-01-01'", "[date '10000-01-01']", "[[timestamp 'infinity']]",
    "map {1: date 'infinity'}", "{'a': [timestamp 'infinity']}",
]  # fmt: skip
EXTREMES = [
    "date '9999-12-31'", "timestamp '0001-01-01'", "(-170141183460469231731687303715884105728)::hugeint",
    "[170141183460469231731687303715884105727::hugeint]", "18446744073709551615::ubigint",
    "99999999999999999999999999999999999999::decimal(38, 0)", "'0.9'::decimal(38, 38)", "'nan'::double",
    "['-inf'::float]", "5e-324::double", "interval '2147483647 months'", "time '24:00:00'", "'\\xFF'::blob",
    "['\\xFF'::blob]", "'a'::enum('a', 'b')", "[1, 2]::integer[2]", "(date 'infinity')::union(a date)",
    "map {[1]: 2}", "map {date 'infinity': 1}", "'[1e400]'::json", "null", "[]", "[null]", "chr(0)",
    "[chr(8238)]", "''",
]  # fmt: skip


def columns(values: list[str]) -> str:
    """A query with each of these values as a column: v0, v1, ..."""
    named = (f"{value} as v{place}" for place, value in enumerate(values))
    return f"select {', '.join(named)} from entry"  # noqa: S608  # our own values


def test_the_extremes_of_every_type_are_shown_in_every_form(small: Small) -> None:
    for forms, nested in ((("json", "ndjson"), True), (("csv", "tsv", "md", "xlsx"), False)):
        answer = small.ledger.sandboxed_sql(columns(EXTREMES), nested=nested)
        for form in forms:
            assert render.rows_as(form, answer.given, answer.basis, "")
        assert list(answer.rows()[0].values())[1].year == 1


def test_a_day_that_python_does_not_know_is_whole_in_parquet_and_refused_elsewhere(small: Small) -> None:
    answer = small.ledger.sandboxed_sql(columns(FAR), nested=True)
    whole = parquet.read_table(io.BytesIO(render.rows_as("parquet", answer.given, answer.basis, "")))
    assert whole.column("v2")[0].value == 2_932_897
    for place in range(len(FAR)):
        said = f"column v{place} has a day or an instant outside the years 1 to 9999: cast it to varchar"
        one = Answer(answer.given.select([f"v{place}"]), answer.basis)
        for ask in (one.rows, lambda one=one: render.rows_as("json", one.given, one.basis, "")):
            with pytest.raises(BadQuery, match=said):
                ask()
    trusted = small.ledger.sql("select date '10000-01-01' as far")
    for show in (trusted.rows, trusted._repr_html_):
        with pytest.raises(BadQuery, match="column far has a day or an instant outside"):
            show()


@pytest.mark.parametrize("many", [1, 10_001])
def test_a_number_of_39_digits_is_shown_as_text_and_refused_as_a_decimal(small: Small, many: int) -> None:
    most = "170141183460469231731687303715884105727"
    query = f"select {most}::hugeint as most from range({many})"  # noqa: S608  # our own
    answer = small.ledger.sandboxed_sql(query, limits=Limits(rows=0))
    assert most.encode() in render.rows_as("csv", answer.given, answer.basis, "")
    for form in ("parquet", "arrow"):
        with pytest.raises(BadQuery, match="column most has a number of more than 38 digits"):
            render.rows_as(form, answer.given, answer.basis, "")


@pytest.mark.parametrize(
    ("query", "values", "said"),
    [
        ("select $x as x", {}, r"the query names \$x, for which no value is given: --param x=\.\.\."),
        ("select 1 as x", {"y": 1}, r"a value is given for \$y, which the query does not name"),
        ("select 1 as x, 2 as x", {}, "two columns are called x: give one of them another name"),
        ("select nothing from entry", {}, 'Referenced column "nothing" not found'),
        (
            "select * from entry at (version => 1)",
            {},
            r"at \(\.\.\.\) is not for queries: entry is asked as it stands; headroom\(\), licenses\(\) and",
        ),
        ("select * from entri", {}, "there is no table or view 'entri' for queries: ask break, "),
        (
            "select seq from entry where license_no = $no",
            {"no": 123},
            r" \(a value of digits is a number: write \$no::varchar for text\)$",
        ),
    ],
)
def test_a_query_that_does_not_run_says_why(
    small: Small, query: str, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadQuery, match=said):
        small.ledger.sandboxed_sql(query, values)


def test_a_query_is_recorded(small: Small) -> None:
    small.ledger.sandboxed_sql("select 42 as answer")
    events = [each for each in small.store.events("audit") if each.detail.get("query")]
    assert events[-1].detail["query"] == "select 42 as answer"


# --- ways out -------------------------------------------------------------------------------------


@pytest.fixture(name="parser", scope="module")
def _parser() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_gate_refuses(parser: duckdb.DuckDBPyConnection, attempt: str) -> None:
    query = {"query": ATTEMPTS[attempt]}
    (tree,) = parser.execute(schema.sql("snapshot/parse.sql"), query).fetchall()[0]
    with pytest.raises(Refusal) as refused:
        sandbox_gate.check(json.loads(tree), SURFACE, ATTEMPTS[attempt])
    assert len(str(refused.value)) > 20


def test_every_attempt_comes_to_nothing_in_the_process_itself(small: Small, tmp_path: Path) -> None:
    said = tried(tmp_path, small.store, list(ATTEMPTS.values()))
    assert [name for name, each in zip(ATTEMPTS, said, strict=True) if "error" not in each] == []
    shown = "".join(each["error"] for each in said)
    assert "tppq.db-segments" not in shown


def test_what_reaches_outside_fails_even_where_the_gate_stands_open(small: Small, tmp_path: Path) -> None:
    for name in ("entry.csv", "entry.parquet", "other.duckdb"):
        (tmp_path / name).write_bytes(b"a\n1\n")
    reaching = [query.replace("'entry", f"'{tmp_path}/entry") for query in OUTSIDE.values()]
    said = tried(tmp_path, small.store, reaching, gate=False)
    # A database that was given to it may be let go of; nothing can be attached in its place.
    open_ways = [name for name, each in zip(OUTSIDE, said, strict=True) if "error" not in each]
    assert set(open_ways) <= {"detach", "serialized"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "entry.csv", "entry.parquet", "job.json", "other.duckdb",
    ]  # fmt: skip


def test_what_reaches_outside_fails_even_where_duckdb_is_not_locked(small: Small, tmp_path: Path) -> None:
    queries = [
        "copy entry to '/tmp/entry.csv'", "attach '/tmp/other.duckdb' as other", "export database '/tmp/out'",
        "select content from read_text('/etc/passwd')", "select * from read_csv('/etc/passwd')",
    ]  # fmt: skip
    said = tried(tmp_path, small.store, queries, gate=False, locked=False)
    assert ["error" in each for each in said] == [True] * len(queries)


def test_every_function_of_the_gate_is_one_of_duckdb() -> None:
    with duckdb.connect() as connection:
        found = connection.sql("select distinct function_name from duckdb_functions()").fetchall()
    assert {name for (name,) in found} >= sandbox_gate.FUNCTIONS


@pytest.mark.parametrize(
    "word", ["read", "scan", "file", "setting", "variable", "query", "secret", "env", "pragma"]
)
def test_no_function_of_the_gate_sounds_like_a_way_out(word: str) -> None:
    assert [name for name in sandbox_gate.FUNCTIONS if word in name and name != "spread"] == []


def opened(process: Path) -> set[str]:
    """The numbers of the files that a process has open."""
    return {file.name for file in (process / "fd").iterdir()}


def test_the_process_has_no_environment_and_opens_nothing_more(small: Small) -> None:
    kept = os.open(TOP / "README.md", os.O_RDONLY)
    fcntl.fcntl(kept, fcntl.F_SETFD, 0)  # whoever is started may have it
    with Child() as child:
        about = Path(f"/proc/{child.pid}")
        if about.exists():
            for _ in range(1_000):  # until its own program runs, and has read what it is made of
                if b"sandbox_child" in (about / "cmdline").read_bytes() and opened(about) == {"0", "1", "2"}:
                    break
                time.sleep(0.01)
            assert (about / "environ").read_bytes() == b""
            assert opened(about) == {"0", "1", "2"}, f"{kept} is open here, for whoever inherits it"
        assert os.getsid(child.pid) == child.pid
        assert small.ledger.sandboxed_sql("select 1 as one", child=child).rows() == [{"one": 1}]
    os.close(kept)


# --- what it may use ------------------------------------------------------------------------------

TOO_SLOW = "the query took more than 0.4 s and was ended: narrow it, or allow it more"
TOO_LARGE = "the query needs more than 64 MB: narrow it, or allow it more"
TOO_DEEP = "nests too deeply|cannot be read"


HOGS = {
    "a runaway join": ("select count(*) from entry a, entry b, entry c, entry d, range(99999999)", TOO_SLOW),
    "a runaway recursion": (
        "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n", TOO_SLOW,
    ),
    "a huge text": ("select length(repeat('x', 2000000000)) as n", TOO_LARGE),
    "a huge list": ("select list_sum(range(400000000)) as n", TOO_LARGE),
    "large texts in many rows": ("select list(repeat('x', 1000000)) from range(1000)", TOO_LARGE),
    "deep queries": ("select * from (" * 5_000 + "select 1" + ")" * 5_000, TOO_DEEP),
    "a long query": ("select " + "1 + " * 50_000 + "1 as n", "has 200,013 characters; 100,000 are allowed"),
}  # fmt: skip


@pytest.mark.parametrize("hog", HOGS)
def test_a_query_ends_where_its_limits_are(small: Small, hog: str) -> None:
    query, said = HOGS[hog]
    with pytest.raises(BadQuery, match=said):
        small.ledger.sandboxed_sql(query, limits=Limits(1_000, 0.4, 64))


def test_a_query_that_took_too_long_leaves_nothing_open() -> None:
    children = [Child(), Child()]
    for child in children:
        with child:
            assert child.do(b"", -STARTING_SECONDS).too_slow  # before it can have begun
    assert [pipe for child in children for pipe in child.pipes if not pipe.closed] == []


def test_many_may_ask_at_once(small: Small) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(small.ledger.sandboxed_sql, "select $n as n", {"n": number}) for number in range(2)
        ]
        assert [each.result().rows() for each in asked] == [[{"n": 0}], [{"n": 1}]]


def below(pid: int) -> list[int]:
    """The processes that a process started."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
    ).stdout
    pairs = (line.split() for line in listed.splitlines())
    return [int(own) for own, parent in pairs if int(parent) == pid]


def test_ctrl_c_ends_the_query_and_its_process(small: Small) -> None:
    endless = "select count(*) as n from range(1000000000000)"
    command = [sys.executable, "-m", "ledger", "--ledger", small.url, "sql", endless]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (found := below(process.pid)):
            assert process.poll() is None, "it ended before it started a process"
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(found[0], 0)


# --- typed ----------------------------------------------------------------------------------------


def test_what_is_refused_ends_in_65(small: Small) -> None:
    status, out, err = typed(["--ledger", small.url, "sql", "select * from read_csv('/etc/passwd')"])
    assert (status, out) == (65, "")
    assert err.startswith("BadQuery: read_csv() is no table for queries")
