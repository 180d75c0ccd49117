"""Submissions that are committed together: each has the answer that it has one after another."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger import BadQuery, Entry, Ledger, LedgerError, NotPermitted, book, quotas, read_feed, undoing
from ledger.events import Telling
from ledger.line import Submission
from ledger.submission import Verdict
from tests.books_by_hand import FLOWS, MAKER, WITH_LICENSE
from tests.clock import Clock
from tests.outside import contents
from tests.small import H100

TODAY, H100_TPP = "2026-03-01", 15_832
DAYS = ["2026-01-10", "2026-01-20", "2026-02-01", "2026-02-10"]
NUMBERS = {"AE": ["D-100", "F-300", "D-101"], "SA": ["E-200", "E-20"], "IN": ["F-300"], "CN": ["D-100"]}
"""Of licenses that there are, or may be; in one country, and one slip of the hand from each other."""

EXAMPLES = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink what fails takes minutes: add it then
    suppress_health_check=list(HealthCheck),
)
APPROVERS = st.sampled_from([None, "omar"] * 5 + [MAKER])


OTHER_TPP: dict[str, Any] = {"tpp": 7, "device_id": None, "quantity": None}


class Step(NamedTuple):
    """What is to be asked next, where places count back from what was asked or posted last."""

    how: str
    place: int
    entries: list[Entry]
    approver: str | None
    again: bool


class Request(NamedTuple):
    """What somebody asks for, and how."""

    entries: tuple[Entry, ...]
    request_id: str
    approver: str | None
    again: bool
    how: str


def entry(kind: str, country: str, on: str, chips: int, *, named: bool = False, **more: Any) -> Entry:
    """So many chips of TPP; `named`: as chips."""
    device = {"device_id": H100, "quantity": chips} if named else {}
    reason = None if kind == "license" else "said so"
    fields = {"kind": kind, "country": country, "effective_on": on, "tpp": chips * H100_TPP, "reason": reason}
    return Entry.model_validate(fields | device | more)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry that may be posted; most are sensible."""
    kind = draw(st.sampled_from(["license", "license", "export", "export", "overrun", *FLOWS]))
    country = draw(st.sampled_from(["AE"] * 10 + ["SA"] * 8 + ["IN"] * 3 + ["CN"]))
    on = draw(st.sampled_from(DAYS * 6 + ["2024-12-31"]))
    license_no = until = None
    if kind in WITH_LICENSE or (kind in ("overrun", "return") and draw(st.booleans())):
        license_no = draw(st.sampled_from(NUMBERS[country] * 3 + ["D100"]))
    if kind == "license" and on < "2026-02-05":
        until = draw(st.sampled_from([None, None, None, "2026-02-05"]))
    chips, named = draw(st.integers(1, 60)), draw(st.booleans())
    return entry(kind, country, on, chips, named=named, license_no=license_no, expires_on=until)


OFTEN = ["post"] * 6 + ["rivals"] * 4 + ["undo", "move", "repeat", "reuse"] * 2
SELDOM = ["correct", "several", "dry run", "told", "barred", "all or none"]
STEPS = st.builds(
    Step,
    st.sampled_from(OFTEN + SELDOM),
    st.integers(0, 11),
    st.lists(entries(), min_size=3, max_size=3),
    APPROVERS,
    st.sampled_from([False, False, True]),
)


def open_at(url: str) -> Ledger:
    return Ledger.open(url, actor=MAKER, clock=Clock(TODAY), busy_seconds=30)


@pytest.fixture(name="filled", scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a little of everything, to be copied."""
    file = tmp_path_factory.mktemp("together") / "tppq.db"
    clock = Clock(TODAY)
    with Ledger.init(f"sqlite:///{file}", opening=False, actor=MAKER, clock=clock) as ledger:
        for country, chips in {"AE": 150, "SA": 100, "IN": 50}.items():
            ledger.post(entry("allocate", country, "2026-01-01", chips))
        ledger.post(entry("license", "AE", "2026-01-10", 40, license_no="D-100", named=True))
        ledger.post(entry("license", "SA", "2026-01-10", 30, license_no="E-200"))
        ledger.post(entry("license", "AE", "2026-01-20", 20, license_no="F-300"))
        ledger.post(entry("export", "AE", "2026-01-20", 10, license_no="D-100", named=True))
        ledger.post(entry("overrun", "SA", "2026-01-20", 80), approver="omar")
        ledger.post(entry("license", "AE", "2026-02-01", 5, license_no="D-100"))
        ledger.post(entry("block", "AE", "2026-02-01", 10))
        ledger.reverse(10, "closed")
        ledger.correct(7, {"quantity": 8, "tpp": None}, "counted anew")
    return file


@contextmanager
def twins(filled: Path, count: int) -> Iterator[list[str]]:
    """The URLs of copies, alike in every byte."""
    with tempfile.TemporaryDirectory(prefix="tppq-") as folder:
        files = [Path(folder) / f"{number}.db" for number in range(count)]
        for file in files:
            shutil.copyfile(filled, file)
        yield [f"sqlite:///{file}" for file in files]


def asked(ledger: Ledger, step: Step, before: list[Request]) -> Iterator[Request]:
    """The requests of a step, by what the ledger holds before the group in which they are made."""
    (first, *_), store = step.entries, ledger._store  # noqa: SLF001  # no verb shows what one would post
    own = f"request-{len(before)}"
    request = Request((first,), own, step.approver, step.again, step.how)
    head = store.head().seq
    seq = head - step.place % head
    undone = undoing.undoing(store, seq, "typed wrong")
    if step.how == "undo":
        yield request._replace(entries=(undone,))
    elif step.how == "rivals":
        other = {"license_no": "E-200" if undone.license_no else None}
        wrong = [OTHER_TPP, other, {"country": "SA"}, {"reverses_seq": head + 1_000}]
        rivals = [first.model_copy(update={"reverses_seq": seq})] * 4
        rivals += [undone.model_copy(update=changes) for changes in wrong]
        both = undone, rivals[step.place % len(rivals)]
        for place, each in enumerate(both[:: -1 if step.again else 1]):
            yield request._replace(entries=(each,), request_id=f"{own}-{place}")
    elif step.how == "move" and undone.kind == "release":
        home = "SA" if undone.country != "SA" else "AE"
        moved = entry("license", home, "2026-02-01", 3, license_no=undone.license_no)
        yield request._replace(entries=(undone,))
        yield request._replace(entries=(moved,), request_id=f"{own}-moved")
    elif step.how == "correct":
        changes = OTHER_TPP if step.place % 2 else {"effective_on": DAYS[0]}
        try:
            both = undoing.correction(store, seq, changes, "typed wrong")
        except (BadQuery, ValueError):
            both = (undone, first)
        yield request._replace(entries=both[:: -1 if step.again else 1])
    elif step.how == "repeat" and before:
        yield before[-1 - step.place % len(before)]._replace(again=step.again)
    elif step.how == "reuse" and before:
        yield request._replace(request_id=before[-1 - step.place % len(before)].request_id)
    else:
        several = step.how in ("several", "dry run", "all or none")
        yield request._replace(entries=tuple(step.entries)) if several else request


def bar() -> None:
    raise NotPermitted("whose role was taken away")


def tell(verdict: Verdict) -> list[Telling]:
    return [Telling("audit", f"of {len(verdict.rows)}", "done", {})]


def submission(ledger: Ledger, request: Request) -> Submission:
    """What the ledger makes of a request; some are made as other verbs than `post` make them."""
    posts = ledger._resolver.posts(request.entries, request.request_id)  # noqa: SLF001
    if request.how == "several":  # as of a file
        posts = [post._replace(request_id=f"{post.request_id}-{post.part}", part=0) for post in posts]
    return Submission(
        posts,
        ledger._books(posts, request.approver),  # noqa: SLF001  # as `Ledger.post` does
        atomic=request.how != "several",
        again=request.again,
        dry_run=request.how == "dry run",
        tellings=tell if request.how == "told" else None,
        check=quotas.none_refused if request.how == "all or none" else None,
        still=bar if request.how == "barred" else ledger._still(),  # noqa: SLF001
    )


def commit(ledger: Ledger, submissions: list[Submission]) -> None:
    """As the threads do that wait in line: whoever's turn it is commits all that may go together."""
    line = ledger._store._line  # noqa: SLF001  # threads would stand in line in an order of their own
    line._waiting.extend(submissions)  # noqa: SLF001
    while line._waiting:  # noqa: SLF001
        line._commit_group()  # noqa: SLF001


def said(one: Submission) -> object:
    """All that whoever asked is told."""
    if one.error is not None:
        assert isinstance(one.error, LedgerError), one.error
        return one.error.problem()
    verdict = one.verdict
    declined = [each._replace(refusal=each.refusal.problem()) for each in verdict.declined]  # type: ignore[arg-type]
    return verdict.rows, declined, verdict.replayed, verdict.warnings


def alike(urls: list[str]) -> None:
    """Every row of every table is the same in all copies: their hashes and instants too."""
    first, *others = map(contents, urls)
    assert others == [first] * len(others)


@settings(EXAMPLES, max_examples=40)
@given(groups=st.lists(st.lists(STEPS, min_size=2, max_size=9), min_size=1, max_size=3))
def test_submissions_committed_together_are_answered_and_kept_as_those_made_one_after_another(
    filled: Path, groups: list[list[Step]]
) -> None:
    with twins(filled, 2) as urls, open_at(urls[0]) as together:
        requests: list[Request] = []

        def answers(ledger: Ledger, several: list[Request]) -> list[object]:
            all_of_them = [submission(ledger, request) for request in several]
            commit(ledger, all_of_them)
            return list(map(said, all_of_them))

        def ask(several: list[Request]) -> None:
            with open_at(urls[1]) as alone:  # which has nothing in memory of the groups before
                expected = [answer for request in several for answer in answers(alone, [request])]
            assert answers(together, several) == expected
            alike(urls)

        for group in groups:
            before = len(requests)
            for step in group:
                requests.extend(asked(together, step, requests))
            ask(requests[before:])
        ask([request._replace(again=False) for request in requests])
        assert together.verify().rows() == []


APART = {"D-101": "K-5555", "E-20": "M-777777", "D100": "N-99999999"}
"""Numbers that are no slip of another: what was meant is looked for by the group, not the row."""

COLUMNS = [name for name in Entry.model_fields if name != "reverses_seq"]
ROWS = st.lists(st.tuples(entries(), st.integers(0, 11), st.booleans()), min_size=5, max_size=20)


def rows_of(drawn: list[tuple[Entry, int, bool]]) -> Iterator[list[str]]:
    """The rows of a file: some say again what one before them says, or take its request id."""
    known: list[list[str]] = []
    for each, place, as_before in drawn:
        values = each.model_dump(mode="json")
        values["license_no"] = APART.get(values["license_no"], values["license_no"])
        row = ["" if values[name] is None else str(values[name]) for name in COLUMNS]
        request_id = str(len(known))
        if place < min(len(known), 4):
            before = known[-1 - place]
            row, request_id = (before[:-1] if as_before else row), before[-1]
        known.append([*row, request_id])
        yield known[-1]


def post_each(url: str, path: Path, group: int, approver: str | None, *, again: bool, beside: bool) -> object:
    """Post the rows of a file, so many in a group; `beside`: another process writes them."""
    with pytest.MonkeyPatch.context() as patched, open_at(url) as ledger, read_feed(str(path)) as feed:
        patched.setattr(book, "GROUP", group)
        if not beside:
            patched.setattr(sys, "executable", str(path))
        outcome = ledger.post_file(feed, each=True, approver=approver, again=again)
    declined = []
    for each in outcome.declined:
        told = each.refusal.problem()
        if told["type"] == "IdReused":  # for what: by its line, where that is of the same group
            told = {"type": "IdReused"}
        declined.append((each.line, each.request_id, told, each.answered_at))
    return declined, sorted(outcome.warnings), sorted(outcome.receipts), outcome.posted, outcome.replayed


@settings(EXAMPLES, max_examples=8)
@given(drawn=ROWS, approver=APPROVERS, again=st.booleans())
def test_the_rows_of_a_file_are_answered_and_kept_alike_in_groups_of_any_size(
    filled: Path, drawn: list[tuple[Entry, int, bool]], approver: str | None, *, again: bool
) -> None:
    with twins(filled, 3) as urls:
        path = Path(urls[0].removeprefix("sqlite:///")).with_suffix(".csv")
        lines = [",".join(row) for row in rows_of(drawn)]
        path.write_text("\n".join([",".join([*COLUMNS, "request_id"]), *lines, ""]), encoding="utf-8")
        for anew in (False, again):
            one_by_one = post_each(urls[0], path, 1, approver, again=anew, beside=False)
            for url, group, beside in ((urls[1], 3, True), (urls[2], 4, False)):
                assert post_each(url, path, group, approver, again=anew, beside=beside) == one_by_one
            alike(urls)
        with open_at(urls[1]) as ledger:
            assert ledger.verify().rows() == []
