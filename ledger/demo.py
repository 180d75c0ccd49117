"""The demonstration: announced AI clusters and authorizations, put into a ledger, and what it says of them.

The input is `fixtures/sample/announced.csv`, whose rows name their sources in `SOURCES.md` beside it. It
comes with the source distribution, not with an installed wheel.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ledger import recon_screens, reference, schema
from ledger.answer import Answer
from ledger.book import Ledger
from ledger.errors import Misconfigured, OverHeadroom, Refused
from ledger.feed import Feed, read_feed
from ledger.grid import Column, Grid
from ledger.model import Regime, h100e
from ledger.outcome import Outcome
from ledger.screens import Row, Screen, closed
from ledger.store import clock_us

SHOWN = "IN"
"""The country whose statement is shown: the only one with several licenses in the sample."""

NIGHT = "2026-11-20"
"""The day of the sample's feeds."""

AUTHORIZED = ("S12", "S13")
"""What was authorized, by its key in the sample: maybe the very chips of clusters that are in it too."""

_NIGHT = f"""\
The night after: the same licenses, with others and with exports made up for this, against what the
licensing office, customs, vendors and reexporters told of them by {NIGHT}. Breaks of every kind were planted.

What was found, compared by six keys in turn; the sign of Net is ledger minus source:
"""

_INTRODUCTION = """\
TPP quota ledger: what announced AI clusters and authorizations would have drawn

Had each of these {count} clusters and authorizations been applied for on its day, in this order, would it
have fitted its country's allocation of {cap_tpp:,} TPP ({cap_h100e:,} H100e)?

{licensed} would have been licensed, {refused} refused because they ask for more than their country had left,
{uncounted} {do} not count.

What these figures are not: a planned cluster is not a license, nor is what the press says of an
authorization. None of these was applied for or granted under this rule ({notice}).

What they are: applications dated 90 days before a cluster was to run, not before 2025-01-15, or when an
authorization ({authorized}) became known, each granted whole or not at all under the {title} ({citation}):
one allocation for each Tier 2 country, for {first_year} to {last_year} together, drawn by licenses. Of
clusters that ran by 2025-01-15, what left before {first_year} would not count; here all their chips do. No
shipment and no lapse is recorded here. H100e = TPP / {h100_tpp:,}, rounded down.

Sources: Epoch AI, GPU clusters, CC BY 4.0, as of December 2025; press reports of 2025-11-20
({authorized}); row by row in fixtures/sample/SOURCES.md.
"""


@dataclass(frozen=True)
class Application:
    """One row of the sample and what became of it: what its country then had left (TPP), or the refusal."""

    country: str
    cluster: str
    source: str
    on: str
    devices: str
    asked_tpp: int
    left_tpp: int
    refusal: Refused | None

    def __str__(self) -> str:
        return f"{self.cluster} ({self.source}), {self.on}, {self.devices}"


class Shown(NamedTuple):
    """What came of it: the headroom of every country, and the whole story for people."""

    headroom: Answer
    screen: Screen


def demo(ledger_url: str | None, *, clock: Callable[[], int] = clock_us) -> Shown:
    """Post the announced clusters to a ledger, and say what came of it.

    The ledger is one in a folder that is removed afterwards, or, at `ledger_url`, one that stays: a new one,
    or one without entries beyond the opening. Raises Misconfigured where it has others, or is shared.
    """
    sample = schema.folder("fixtures") / "sample" / "announced.csv"
    with TemporaryDirectory(prefix="tppq-") as folder:
        url = ledger_url or f"sqlite:///{Path(folder) / 'demo.db'}"
        _must_be_new(url, clock)
        with Ledger.init(url, clock=clock) as ledger, read_feed(str(sample)) as feed:
            applications = _applications(feed, ledger.post_file(feed, each=True))
            headroom, statement = ledger.headroom(), ledger.statement(SHOWN)
        terms = reference.load().regime(headroom.basis["regime"])
        return Shown(headroom, [
            *_told(terms, applications, headroom), *_statement(statement),
            *_night(sample, Path(folder), clock), *_next(sample, ledger_url),
        ])  # fmt: skip


def _must_be_new(url: str, clock: Callable[[], int]) -> None:
    """Refuse a ledger with entries beyond its opening, or people: nothing made up is to mix with theirs."""
    with Ledger.init(url, opening=False, clock=clock) as ledger:
        answer, is_shared = ledger.headroom(), ledger.shared
    entries = answer.basis["seq"]
    if is_shared or entries != sum(row["headroom_tpp"] == row["allocated_tpp"] for row in answer):
        what = "is shared" if is_shared else f"has {entries:,} entries, more than its opening"
        raise Misconfigured(
            f"this ledger {what}; the demonstration wants one of its own: name a new one, or name none, and "
            "it uses one that it removes afterwards",
            entries=entries,
        )


def _applications(feed: Feed, outcome: Outcome) -> list[Application]:
    """Every row of the sample, in its order, with what became of it."""
    devices = reference.load().devices
    left_tpp = {receipt.request_id: receipt.headroom_tpp for receipt in outcome.receipts}
    refusals = {declined.request_id: declined.refusal for declined in outcome.declined}
    applications = []
    for batch in feed.batches():
        for values in zip(*batch.columns.values(), strict=True):
            row: dict[str, Any] = dict(zip(batch.columns, values, strict=True))
            device, refusal = devices[row["device_id"]], refusals.get(row["request_id"])
            applications.append(Application(
                country=row["country"], cluster=row["consignee"], source=row["reference"],
                on=row["effective_on"], refusal=refusal,
                devices=f"{row['quantity']:,} x {device.device_name.partition(' (')[0]}",
                asked_tpp=row["quantity"] * device.tpp,
                left_tpp=getattr(refusal, "headroom_tpp", 0) if refusal else left_tpp[row["request_id"]],
            ))  # fmt: skip
    return applications


# ------------------------------------------------------------------------------------------ what is told


def _told(terms: Regime, applications: Sequence[Application], headroom: Answer) -> Screen:
    """The question, the answer, what the figures are and are not; then application by application."""
    licensed = [each for each in applications if each.refusal is None]
    refused = [each for each in applications if isinstance(each.refusal, OverHeadroom)]
    uncounted = [each for each in applications if each not in licensed and each not in refused]
    introduction = _INTRODUCTION.format(
        count=len(applications), licensed=len(licensed), refused=len(refused), uncounted=len(uncounted),
        do="does" if len(uncounted) == 1 else "do", cap_tpp=terms.cap_tpp, h100_tpp=terms.h100_tpp,
        cap_h100e=h100e(terms.cap_tpp, terms.h100_tpp), title=terms.title, notice=terms.notice,
        citation=terms.citation.partition(" (")[0], first_year=terms.period_from[:4],
        last_year=terms.period_to[:4], authorized=", ".join(AUTHORIZED),
    )  # fmt: skip
    paragraphs = [" ".join(paragraph.split()) for paragraph in introduction.split("\n\n")]
    cluster = [Column("", "name", titles=True), Column("Application", "words", titles=True)]
    why, h100_tpp = [[each.country, str(each), str(each.refusal)] for each in uncounted], terms.h100_tpp
    return [
        *(line for paragraph in paragraphs for line in (paragraph, "")),
        f"Would have been licensed ({len(licensed)})",
        _grid(
            [*cluster, *_figures("TPP", "H100e", "Left after")],
            [
                (each.country, str(each), each.asked_tpp, h100e(each.asked_tpp, h100_tpp), each.left_tpp)
                for each in licensed
            ],
        ),
        "",
        f"Would have been refused ({len(refused)}); fits: how many of these chips still would have",
        _grid(
            [*cluster, *_figures("TPP", "Left", "Short by", "Fits")],
            [
                (each.country, str(each), each.asked_tpp, each.left_tpp, short.short_by_tpp, short.fits)
                for each in refused
                if (short := each.refusal)
            ],
        ),
        "",
        f"Does not count ({len(uncounted)})",
        _grid([*cluster, Column("Why", "words")], why),
        "",
        *_headroom([*licensed, *refused], headroom),
    ]


def _headroom(applications: Sequence[Application], headroom: Answer) -> Screen:
    """What is left of each allocation that was asked for, lowest first; the others in one sentence."""
    asked_tpp, surely_tpp = Counter[str](), Counter[str]()
    for each in applications:
        asked_tpp[each.country] += each.asked_tpp
        surely_tpp[each.country] += 0 if each.source in AUTHORIZED else each.asked_tpp
    rows = [row | {"asked_tpp": asked_tpp[row["country"]]} for row in headroom]
    asked = sorted((row for row in rows if row["asked_tpp"]), key=itemgetter("asked_tpp"), reverse=True)
    over = _times(asked_tpp, [row for row in asked if row["asked_tpp"] > row["allocated_tpp"]])
    without = _times(surely_tpp, [row for row in asked if row["asked_tpp"] > surely_tpp[row["country"]]])
    both = " and ".join(AUTHORIZED)
    again = f"{both} may ask again for chips of announced clusters; without the two: {without}."
    figures = itemgetter("asked_tpp", "licensed_tpp", "headroom_tpp", "headroom_h100e", "used_percent")
    return [
        "What each country that asked has left",
        _grid(
            [
                Column("", "name", titles=True), Column("Country", "words", titles=True),
                *_figures("Asked TPP", "Licensed", "Headroom", "H100e", "Used %"),
            ],
            [(row["country"], row["country_name"], *figures(row)) for row in rows if row["asked_tpp"]],
        ),
        *closed(asked, headroom.basis["h100_tpp"]),
        "",
        f"Asked for in all, measured by the allocation: {over}.",
        *([again] if without else []),
        "",
        *_untouched([row for row in rows if not row["asked_tpp"]]),
    ]  # fmt: skip


def _times(asked_tpp: Mapping[str, int], rows: Iterable[Row]) -> str:
    times = {row["country_name"]: asked_tpp[row["country"]] * 10 // row["allocated_tpp"] for row in rows}
    return ", ".join(f"{name} {Decimal(tenths).scaleb(-1)} times" for name, tenths in times.items())


def _untouched(others: Sequence[Row]) -> Screen:
    """The countries that did not ask and have an allocation to draw, and those that draw on another's."""
    countries = reference.load().countries
    shut = [row for row in others if row["control_state"] == "closed"]
    can = [row for row in others if row not in shut]
    if not can:
        return []
    charged = ((row["country_name"], countries[row["country"]].treated_as) for row in shut)
    follow = "".join(f"; {name} draws on {countries[of].country_name}'s" for name, of in charged if of)
    each = f"{can[0]['headroom_tpp']:,} TPP ({can[0]['headroom_h100e']:,} H100e) each"
    return [f"{len(can)} other Tier 2 countries are untouched: {each}{follow}.", ""]


def _statement(statement: Answer) -> Screen:
    """Entry by entry what was left; the sign of TPP is what the entry did to that."""
    cells, before_tpp = [], 0
    for row in statement:
        after_tpp = row["headroom_after_tpp"]
        cells.append((
            row["seq"], str(row["effective_on"]), row["kind"], row["license_no"] or "",
            f"{after_tpp - before_tpp:+,}", after_tpp, row["headroom_after_h100e"],
        ))  # fmt: skip
        before_tpp = after_tpp
    columns = [
        Column("Entry", "figure", titles=True), Column("Effective", "name", titles=True),
        Column("Kind", "name", titles=True), Column("License", "name"),
        *_figures("TPP", "Left after", "H100e"),
    ]  # fmt: skip
    name = reference.load().countries[SHOWN].country_name
    return [f"The statement of {name}", _grid(columns, cells), ""]


def _night(sample: Path, folder: Path, clock: Callable[[], int]) -> Screen:
    """The night after, on a ledger of its own: exports posted on top, and what the others told of them."""
    with Ledger.init(f"sqlite:///{folder / 'night.db'}", clock=clock) as ledger:
        for path in (sample, sample.parent / "recon" / "posted.csv"):
            with read_feed(str(path)) as feed:
                ledger.post_file(feed, each=True)
        answer = ledger.reconcile(sample.parent / "recon" / NIGHT, as_of=NIGHT, dry_run=True)
    return ["", *(line for part in _NIGHT.split("\n\n") for line in (" ".join(part.split()), "")),
            *recon_screens.night(answer), ""]  # fmt: skip


def _next(sample: Path, ledger_url: str | None) -> Screen:
    here = Path.cwd()
    path = sample.relative_to(here) if sample.is_relative_to(here) else sample
    if ledger_url is None:
        first = {
            "tppq init": "a ledger of your own: tppq.db, in this folder",
            f"tppq post {shlex.quote(str(path))} --each": "these applications, the refused ones too",
        }
    else:
        first = {"export TPPQ_LEDGER=...": "the ledger that was named here; it stays"}
    commands = first | {
        "tppq headroom AE SA IN MY": "what these four have left",
        "tppq fit AE --device nvidia-gb300-gpu --quantity 13166": "would it fit? one more would not",
        "tppq licenses IN": "what was licensed, and what each license still holds",
        "tppq regime": "the rule as data, cited, with the choices made where it is silent",
        "tppq report": "twenty ready reports; tppq forecast IN says when a quota will be used up",
        "tppq verify": "whether anything was changed behind the ledger's back",
    }
    told = [(f"  {command}", f"      {meaning}") for command, meaning in commands.items()]
    return ["What next", *(line for pair in told for line in pair)]


def _figures(*headings: str) -> list[Column]:
    return [Column(heading, "figure") for heading in headings]


def _grid(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Grid:
    return Grid(columns, [[cell if isinstance(cell, str) else f"{cell:,}" for cell in row] for row in rows])
