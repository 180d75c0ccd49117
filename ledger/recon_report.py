"""The report of a run: one page that stands by itself, on a screen and on paper. No script, nothing fetched.

Pure: a night in, HTML out, the same every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import pyarrow as pa

from ledger import markup
from ledger.recon_breaks import AGES, OVER_20, SEVERITIES, bucket
from ledger.recon_changes import Change, Line
from ledger.recon_drafts import in_words
from ledger.recon_night import FINAL, Night

MOST_ROWS = 500
"""Rows of a table of breaks or proposals: nobody reads more on paper; the rest is in the files beside it."""

MOST_COUNTRIES = 12
_COLORS = {
    "critical": "#8c1d18", "severe": "#c4581a", "major": "#b38600", "minor": "#4a6fa5", "info": "#8a8f98",
}  # fmt: skip
_LEDGER, _CUSTOMS = "#1f3a5f", "#6ba292"

_STYLE = """
:root { color-scheme: light; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1f24; max-width: 1100px; margin: 2rem auto; }
body { padding: 0 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.answer { font-size: 1.1rem; } .badge { padding: .1rem .5rem; border-radius: .25rem; color: #fff; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
th, td { text-align: left; padding: .25rem .5rem; vertical-align: top; }
th { border-bottom: 2px solid #1b1f24; vertical-align: bottom; }
table.long td, tr.told > td { border-bottom: 1px solid #d8dde3; }
tr.told > td { padding-top: 0; color: #3d444d; }
tr.told span { display: inline-block; position: sticky; left: .5rem; max-width: calc(100vw - 3rem); }
.n { text-align: right; } td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
.b { min-width: 6rem; width: 40%; } .b i { display: block; height: .7em; margin: .35em 0; }
footer { margin-top: 2rem; color: #555c66; font-size: 12px; }
@page { size: landscape; margin: 12mm 12mm 16mm; }
@page { font: 9px system-ui, sans-serif; @bottom-right { content: counter(page) " / " counter(pages); } }
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 11px; } table { font-size: 10.5px; }
  .wide { overflow: visible; } h2 { break-after: avoid; } tbody { break-inside: avoid; }
  table.long > tbody { break-inside: auto; } tr { break-inside: avoid; }
}
"""


class _Bars(NamedTuple):
    """Bars in a cell, one below the other: how long (0 to 1), and of which color."""

    each: Sequence[tuple[float, str]]


def page(night: Night) -> str:
    """The whole report."""
    still = [change for change in night.changes if change.is_open]
    parts = [
        f"<h1>Reconciliation {escape(night.run)}</h1>",
        _answer(night, still),
        "<h2>By code</h2>", _lines(night.lines),
        "<h2>Certificate</h2>",
        f"<p>Whole TPP; differences are ledger minus source.{_since(night)}</p>",
        _as_it_is(night.certificate, "country"), _countries(night),
        "<h2>Ages</h2>", _ages(still, night.cut.as_of),
        "<h2>Breaks</h2>", _breaks(still, night.cut.as_of),
        "<h2>Proposals</h2>", _proposals(night),
        "<h2>Sources</h2>", _as_it_is(night.sources, "source", "filer"),
        _footer(night),
    ]  # fmt: skip
    title = escape(f"Reconciliation {night.run}: {night.status}")  # of ours: digits and dashes
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n"
        f'<style>{_STYLE}@page {{ @bottom-left {{ content: "{title}"; }} }}\n</style>\n</head>\n'
        "<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _answer(night: Night, still: Sequence[Change]) -> str:
    color = "#2f6b3a" if night.status == FINAL else _COLORS["critical"]
    badge = f'<span class="badge" style="background:{color}">{night.status}</span>'
    counts = ", ".join(f"{count:,} {name}" for name, count in night.open_by_severity().items() if count)
    where = sorted({change.each.country or change.each.source for change in night.grave})
    why = f" Severe or critical in {escape(', '.join(where))}." if where else ""
    many = "1 break is" if len(still) == 1 else f"{len(still):,} breaks are"
    said = f"{many} open: {counts}." if still else "No break is open."
    cut = night.cut
    up_to = f"ledger up to entry {cut.seq:,}, {cut.known_at}" if cut.seq else "no entry is in the ledger"
    return f'<p class="answer">{badge} {said}{why}</p>\n<p>As of {cut.as_of}, {up_to}.</p>'


def _since(night: Night) -> str:
    """From which day on the sums of the certificate go, where a source told only what came since."""
    told = {"declarations": "customs", "shipments": "vendors"}
    since = []
    for source, who in told.items():
        days = [each.covers_from for each in night.inputs if each.source == source]
        begun = [day for day in days if day is not None]
        if begun and len(begun) == len(days):
            since.append(f"those of {who} from {min(begun)} on")
    if not since:
        return ""
    also = ", and what is still open of earlier days"
    return f" Sums of exports are of the days that the files tell of: {', '.join(since)}{also}."


# ------------------------------------------------------------------------------------------------ tables

_TEXT, _FIGURE, _BAR = "", "n", "b"
"""What a column holds: the class of its cells."""


def _cell(value: Any) -> str:
    """A text, a figure, one below the other where they are several, or bars."""
    if isinstance(value, _Bars):
        return "".join(
            f'<i style="width:max({share:.2%}, {"1px" if share else "0px"});background:{color}"></i>'
            for share, color in value.each
        )
    return "<br>".join(map(_cell, value)) if isinstance(value, tuple) else markup.text(value)


def _table(columns: Mapping[str, str], rows: Iterable[Sequence[Any]], *, told: bool = False) -> str:
    """A table of these columns; if `told`, each row has one value more: a sentence for the line below it."""
    classes = [f' class="{each}"' if each else "" for each in columns.values()]
    below = f'<tr class="told"><td colspan="{len(columns)}"><span>%s</span></td></tr>'
    body = ("</tbody>\n<tbody>" if told else "\n").join(
        markup.row(map(_cell, row[: len(columns)]), classes) + (below % _cell(row[-1]) if told else "")
        for row in rows
    )
    long = "" if told else ' class="long"'
    return (
        f'<div class="wide" tabindex="0"><table{long}><thead>{markup.heading(columns, classes)}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _share(value: int, most: int) -> float:
    return abs(value) / most if most else 0.0


def _lines(lines: Sequence[Line]) -> str:
    """What was found, code by code, with what is at stake as a bar."""
    if not lines:
        return "<p>Nothing to show.</p>"
    columns = {
        "Code": _TEXT, "Severity": _TEXT, "TPP at stake": _BAR, "Gross TPP": _FIGURE, "Net TPP": _FIGURE,
        "New": _FIGURE, "Open": _FIGURE, "Cleared": _FIGURE, "Oldest (working days)": _FIGURE,
    }  # fmt: skip
    most = max(line.gross_tpp for line in lines)
    rows = (
        (
            line.code, line.severity, _Bars([(_share(line.gross_tpp, most), _COLORS[line.severity])]),
            line.gross_tpp, line.net_tpp, line.new, line.open, line.cleared, line.oldest_days,
        )
        for line in lines
    )  # fmt: skip
    return _table(columns, rows)


def _countries(night: Night) -> str:
    """Ledger and customs side by side, where they differ most."""
    rows = sorted(night.certificate.to_pylist(), key=lambda row: (-row["gross_tpp"], row["country"]))
    rows = [row for row in rows if row["gross_tpp"]][:MOST_COUNTRIES]
    if not rows:
        return "<p>Ledger and customs say the same of the exports to every country.</p>"
    pairs = {row["country"]: (row["ledger_exported_tpp"], row["customs_tpp"]) for row in rows}
    most, colors = max(map(max, pairs.values())), (_LEDGER, _CUSTOMS)
    key = " and ".join(
        f'<span style="color:{color}">&#9632;</span> {name}'
        for name, color in zip(("the ledger", "customs"), colors, strict=True)
    )
    shown_rows = (
        (country, _Bars([(_share(tpp, most), color) for tpp, color in zip(pair, colors, strict=True)]), pair)
        for country, pair in pairs.items()
    )
    columns = {"Country": _TEXT, "Exported": _BAR, "TPP": _FIGURE}
    return f"<p>Exported by {key}, where they differ most.</p>" + _table(columns, shown_rows)


def _ages(still: Sequence[Change], on: str) -> str:
    """How many open breaks are how old."""
    counts = dict.fromkeys([*(name for _, name in AGES), OVER_20], 0)
    for change in still:
        counts[bucket(change.age_days(on))] += 1
    most = max(counts.values())
    rows = ((name, _Bars([(_share(count, most), _LEDGER)]), count) for name, count in counts.items())
    return _table({"Working days": _TEXT, "Open breaks": _BAR, "Count": _FIGURE}, rows)


def _as_it_is(table: pa.Table, *texts: str) -> str:
    """A table of figures, these columns apart, headed by the names of its columns in words."""
    words = {name: name.removesuffix("_tpp").replace("_", " ").capitalize() for name in table.column_names}
    columns = {words[name]: _TEXT if name in texts else _FIGURE for name in table.column_names}
    return _table(columns, ([*row.values()] for row in table.to_pylist()))


def _breaks(still: Sequence[Change], on: str) -> str:
    columns = {
        "Break": _TEXT, "Code": _TEXT, "Severity": _TEXT, "State": _TEXT, "Country": _TEXT, "About": _TEXT,
        "At stake TPP": _FIGURE, "Net TPP": _FIGURE, "Age": _FIGURE,
    }  # fmt: skip
    rows = (
        (
            change.each.fingerprint, change.each.code, change.each.severity, change.state,
            change.each.country, change.each.key, change.each.at_stake_tpp, change.each.net_tpp,
            change.age_days(on), change.each.detail,
        )
        for change in still[:MOST_ROWS]
    )  # fmt: skip
    return _table(columns, rows, told=True) + _more(len(still), "breaks.csv")


def _proposals(night: Night) -> str:
    drafted = night.proposals()
    if not drafted:
        return "<p>None: nothing that two of three agree on can be posted or asked.</p>"
    rows = (
        (each["break"], each["code"], each["correct"], " and ".join(each["agree"]), _words(each))
        for each in drafted[:MOST_ROWS]
    )
    columns = dict.fromkeys(("Break", "Code", "Correct", "Agree"), _TEXT)
    return _table(columns, rows, told=True) + _more(len(drafted), "proposals.jsonl")


def _more(rows: int, file: str) -> str:
    """Where the rest is of so many rows, if that table does not have them all."""
    more = rows - MOST_ROWS
    return f"<p>{more:,} more {'is' if more == 1 else 'are'} in {file}.</p>" if more > 0 else ""


def _words(draft: Mapping[str, Any]) -> str:
    return "; ".join(in_words(step) for step in draft["steps"])


def _footer(night: Night) -> str:
    inputs = "; ".join(
        f"{each.source} run {each.run_number} ({each.row_count:,} rows, SHA-256 {each.content_sha256[:16]})"
        for each in night.inputs
    )
    ranks = ", ".join(reversed(SEVERITIES))
    return (
        f"<footer><p>{escape(inputs)}.</p><p>Ledger head {night.cut.head_hash}. Severity ({ranks}) ranks the "
        "work; it forgives nothing. A break is cleared only by a later run.</p>"
        f"<p>Regime {escape(night.regime.regime)} ({escape(night.regime.notice)}).</p></footer>"
    )
