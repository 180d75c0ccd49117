"""The report of a run: one page that stands by itself, on a screen and on paper. No script, nothing fetched.

Pure: a night in, HTML out, the same every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from ledger.cells import shown
from ledger.recon_breaks import AGES, OVER_20, SEVERITIES, bucket
from ledger.recon_changes import Change, Line
from ledger.recon_drafts import in_words
from ledger.recon_night import FINAL, Night
from ledger.text import visible

MOST_ROWS = 500
"""Rows of a table of breaks or proposals: nobody reads more on paper; the rest is in the files beside it."""

MOST_COUNTRIES = 12
_COLORS = {
    "critical": "#8c1d18", "severe": "#c4581a", "major": "#b38600", "minor": "#4a6fa5", "info": "#8a8f98",
}  # fmt: skip
_LEDGER, _CUSTOMS = "#1f3a5f", "#6ba292"
_ROW, _LABEL, _WIDTH = 22, 190, 900

_STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1f24; max-width: 1100px; margin: 2rem auto; }
body { padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.answer { font-size: 1.1rem; } .badge { padding: .1rem .5rem; border-radius: .25rem; color: #fff; }
table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #d8dde3; vertical-align: top; }
th { border-bottom: 2px solid #1b1f24; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1b1f24; }
footer { margin-top: 2rem; color: #555c66; font-size: 12px; }
@media print {
  body { margin: 0; max-width: none; font-size: 11px; } h2 { break-after: avoid; }
  tr, svg { break-inside: avoid; } thead { display: table-header-group; } a { color: inherit; }
}
"""


def page(night: Night) -> str:
    """The whole report."""
    still = [change for change in night.changes if change.is_open]
    parts = [
        f"<h1>Reconciliation {escape(night.run)}</h1>",
        _answer(night, still),
        "<h2>By code</h2>", _bars_of_codes(night.lines), _lines(night.lines),
        "<h2>Certificate</h2>",
        "<p>Whole TPP; differences are ledger minus source.</p>",
        _bars_of_countries(night), _certificate(night),
        "<h2>Ages</h2>", _bars_of_ages(still, night.cut.as_of),
        "<h2>Breaks</h2>", _breaks(still, night.cut.as_of),
        "<h2>Proposals</h2>", _proposals(night),
        "<h2>Sources</h2>", _sources(night),
        _footer(night),
    ]  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Reconciliation {escape(night.run)}: {night.status}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n"
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


# ------------------------------------------------------------------------------------------------ charts


def _chart(rows: int, title: str, marks: Iterable[str]) -> str:
    height = rows * _ROW + 8
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg>"
    )


def _bar(
    row: int, label: str, value: int, most: int, color: str, *, half: float = 0, thick: float = 1
) -> Iterator[str]:
    """One bar with its label and its figure; `half` and `thick` place two in one row."""
    top = row * _ROW + 4 + half * (_ROW - 6)
    height = (_ROW - 6) * thick
    width = max(1, abs(value) * (_WIDTH - _LABEL - 150) // most) if most and value else 0
    middle = top + height / 2 + 4
    if label:
        yield f'<text x="0" y="{row * _ROW + 17}">{escape(label)}</text>'
    yield f'<rect x="{_LABEL}" y="{top:.1f}" width="{width}" height="{height:.1f}" fill="{color}"/>'
    yield f'<text x="{_LABEL + width + 6}" y="{middle:.1f}">{value:,}</text>'


def _bars_of_codes(lines: Sequence[Line]) -> str:
    most = max((line.gross_tpp for line in lines), default=0)
    marks = [
        mark
        for place, line in enumerate(lines)
        for mark in _bar(place, line.code, line.gross_tpp, most, _COLORS[line.severity])
    ]
    return _chart(len(lines), "TPP at stake by code", marks) if lines else "<p>Nothing to show.</p>"


def _bars_of_countries(night: Night) -> str:
    """Ledger and customs side by side, where they differ most."""
    rows = sorted(night.certificate.to_pylist(), key=lambda row: (-row["gross_tpp"], row["country"]))
    rows = [row for row in rows if row["gross_tpp"]][:MOST_COUNTRIES]
    if not rows:
        return "<p>No country differs.</p>"
    most = max(max(row["ledger_exported_tpp"], row["customs_tpp"]) for row in rows)
    marks: list[str] = []
    for place, row in enumerate(rows):
        marks.extend(_bar(place, row["country"], row["ledger_exported_tpp"], most, _LEDGER, thick=0.5))
        marks.extend(_bar(place, "", row["customs_tpp"], most, _CUSTOMS, half=0.5, thick=0.5))
    key = " ".join(
        f'<span style="color:{color}">&#9632;</span> {name}'
        for name, color in (("ledger", _LEDGER), ("customs", _CUSTOMS))
    )
    return f"<p>{key}</p>" + _chart(len(rows), "Exported TPP, ledger and customs", marks)


def _bars_of_ages(still: Sequence[Change], on: str) -> str:
    names = [name for _, name in AGES] + [OVER_20]
    counts = dict.fromkeys(names, 0)
    for change in still:
        counts[bucket(change.age_days(on))] += 1
    most = max(counts.values())
    marks = [
        mark
        for place, (name, count) in enumerate(counts.items())
        for mark in _bar(place, f"{name} working days", count, most, _LEDGER)
    ]
    return _chart(len(names), "Open breaks by age", marks)


# ------------------------------------------------------------------------------------------------ tables


def _text(value: Any) -> str:
    return escape(visible(shown(value)))


def _table(columns: Mapping[str, bool], rows: Iterable[Sequence[Any]]) -> str:
    """A table; the columns that are True are figures."""
    heads = "".join(f"<th{_figure(n)}>{escape(name)}</th>" for name, n in columns.items())
    classes = [_figure(n) for n in columns.values()]
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{of}>{_text(value)}</td>" for value, of in zip(row, classes, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _figure(is_figure: bool) -> str:  # noqa: FBT001  # a column's kind, passed on as it is
    return ' class="n"' if is_figure else ""


def _lines(lines: Sequence[Line]) -> str:
    columns = {
        "Code": False, "Severity": False, "New": True, "Open": True, "Cleared": True, "Gross TPP": True,
        "Net TPP": True, "Oldest (working days)": True,
    }  # fmt: skip
    return _table(columns, lines)


def _certificate(night: Night) -> str:
    columns = {name: name != "country" for name in night.certificate.column_names}
    return _table(columns, ([row[name] for name in columns] for row in night.certificate.to_pylist()))


def _breaks(still: Sequence[Change], on: str) -> str:
    columns = {
        "Break": False, "Code": False, "Severity": False, "State": False, "Country": False, "About": False,
        "At stake TPP": True, "Net TPP": True, "Age": True, "What": False,
    }  # fmt: skip
    rows = (
        (
            change.each.fingerprint, change.each.code, change.each.severity, change.state,
            change.each.country, change.each.key, change.each.at_stake_tpp, change.each.net_tpp,
            change.age_days(on), change.each.detail,
        )
        for change in still[:MOST_ROWS]
    )  # fmt: skip
    return _table(columns, rows) + _more(len(still), "breaks.csv")


def _proposals(night: Night) -> str:
    drafted = night.proposals()
    if not drafted:
        return "<p>None: nothing that two of three agree on can be posted or asked.</p>"
    rows = (
        (each["break"], each["code"], each["correct"], " and ".join(each["agree"]), _words(each))
        for each in drafted[:MOST_ROWS]
    )
    columns = dict.fromkeys(("Break", "Code", "Correct", "Agree", "Steps"), False)
    return _table(columns, rows) + _more(len(drafted), "proposals.jsonl")


def _more(rows: int, file: str) -> str:
    """Where the rest is of so many rows, if that table does not have them all."""
    more = rows - MOST_ROWS
    return f"<p>{more:,} more {'is' if more == 1 else 'are'} in {file}.</p>" if more > 0 else ""


def _words(draft: Mapping[str, Any]) -> str:
    return "; ".join(in_words(step) for step in draft["steps"])


def _sources(night: Night) -> str:
    columns = {name: name not in ("source", "filer") for name in night.sources.column_names}
    return _table(columns, ([row[name] for name in columns] for row in night.sources.to_pylist()))


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
