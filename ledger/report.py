"""Ready reports asked of a ledger: `reports` lists them, `report` answers one.

Most are asked of entries alone. What a report needs besides (refusals, breaks, a forecast, ...) is laid
beside the core for that one question, in the tables of `schemas/core/beside.sql`.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from ledger import installed, told
from ledger.answer import Answer
from ledger.errors import BadQuery
from ledger.events import Event
from ledger.forecast import Forecasts
from ledger.model import MOST_TPP
from ledger.question import WHOLE, day, instant, whole
from ledger.ready import Parameter, Ready, listed, named
from ledger.schema import SCHEMA_VERSION
from ledger.told import Told

_MOST_DAYS = 1_000_000  # and months: further than any calendar of a ledger goes
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_NO_VALUE = frozenset({"all", "now"})
_NOT_KEPT = "The runs so far kept no certificate in the ledger: it is in the folder of results of each."
_CERTIFIED = (
    "country", "month", "ledger_licensed_tpp", "license_system_tpp", "ledger_exported_tpp", "customs_tpp",
    "vendor_tpp", "gross_tpp", "unexplained_tpp",
)  # fmt: skip
_MONTHLY = ("country", "month", *_CERTIFIED[2:7])
_NO_MONTHS = "That run kept no months, as those of earlier versions did not: the next one will."
_OF_RUNS = frozenset({"break", "certificate"})
_FILE_OF_RUN = ("source", "run_number", "content_sha256", "row_count")


class Reports(Forecasts):
    """The ready reports, as methods of an open ledger."""

    def reports(self) -> Answer:
        """One row per ready report: number, name, question, about (in a sentence), and its parameters."""
        return Answer(listed(), self._basis(self._store.head(), {}))

    def report(self, name: str | int, **parameters: Any) -> Answer:
        """The answer to a ready report, by its name or number (`reports()` lists them), and its parameters.

        Its basis also says which report, with which values, and in `notes` what a reader must know. Raises
        BadQuery (no such report or parameter; a value that is none), UnknownName (no such country), NoQuota
        and DenialPolicy (of a country that has none, where there is nothing to show).
        """
        self._must("ask")
        asked = named(name)
        values = self._values(asked, parameters)
        beside: dict[str, Told] = {}
        notes = []
        for table in asked.needs:
            beside[table], note = self._loaded(table, values)
            notes.extend([note] if note else [])
        table, head = self._mirror.ask(
            asked.query, {name: values[name] for name in asked.bound}, wide=True, beside=beside
        )
        if asked.if_empty is not None and not table.num_rows:
            notes.append(asked.if_empty)
        about = {"report": asked.name, "question": asked.question, "parameters": values, "notes": notes}
        on_day = {"as_of": values["on_day"]} if "on_day" in values else {}
        answer = Answer(table, self._basis(head, values | on_day) | about)
        if not len(answer) and values.get("country") and not _OF_RUNS.intersection(asked.needs):
            self._must_have_quota(values["country"], set(), answer, parameters["country"])
        return answer

    def _values(self, asked: Ready, given: Mapping[str, Any]) -> dict[str, Any]:
        """What each parameter is worth: as given, else its default."""
        known = {each.name: each for each in asked.parameters}
        for name in given:
            if name not in known:
                has = f"it takes {', '.join(known)}" if known else "it takes none"
                raise BadQuery(f"{asked.name} has no parameter '{name}': {has}", value=name)
        return {each.name: self._value(asked, each, given.get(each.name)) for each in asked.parameters}

    def _value(self, asked: Ready, parameter: Parameter, given: Any) -> Any:
        value = parameter.default if given is None or given == "" else given
        if value is None:
            raise BadQuery(
                f"{asked.name} needs {parameter.name} ({parameter.about}): --param {parameter.name}=...",
                value=parameter.name,
            )
        if isinstance(value, str) and value in _NO_VALUE and parameter.sort != "text":
            if value == parameter.default:
                return None
            usual = parameter.default
            way = f"--param {parameter.name}=..." if usual is None else f"leave it out for {usual}"
            raise BadQuery(
                f"'{value}' is no value of {parameter.name} ({parameter.about}): {way}", value=value
            )
        if parameter.sort == "day":
            today = self._store.day_at(self._store.head())
            return today if value == "today" else day(_of(value, date, parameter))
        if parameter.sort == "instant":
            return instant(_of(value, date, parameter))  # a day alone means its end
        if parameter.sort == "whole":
            return _whole(value, parameter)
        text: str = _of(value, str, parameter)
        if parameter.sort == "month" and not _MONTH.fullmatch(text):
            raise BadQuery(f"'{text}' is not a month for {parameter.name}: write YYYY-MM", value=text)
        return self._country(text) if parameter.sort == "country" else text

    def _loaded(self, table: str, values: Mapping[str, Any]) -> tuple[Told, str | None]:
        """The rows of a table beside the core, and what a reader must know of them."""
        if table == "refusal":
            return told.refusals(self._store), None
        if table == "version":
            return _versions(), None
        if table == "break":
            return self._breaks(values["as_of"])
        if table == "certificate":
            return self._certificate()
        if table == "reconciliation":
            return self._newest_run(values["known_at"]), None
        assert table == "forecast", table
        answer = self.forecast(values["country"], as_of=values["as_of"], known_at=values["known_at"])
        return answer.rows(), None

    def _breaks(self, as_of: str) -> tuple[Told, str | None]:
        """The breaks as they stood at the end of a day, and how old they were then."""
        end = instant(as_of) or ""
        return told.breaks(self._store, as_of, end), None if self._runs(end) else told.NEVER_RAN

    def _runs(self, until: str | None = None) -> list[Event]:
        """The reconciliations that had come to an end by an instant, the newest last."""
        return [each for each in told.finished_runs(self._store) if until is None or each.at <= until]

    def _certificate(self) -> tuple[Told, str | None]:
        """What the newest run that kept its certificate found: by country and month, and by country."""
        runs = self._runs()
        kept = next((run for run in reversed(runs) if "certificate" in run.detail), None)
        if kept is None:
            return [], _NOT_KEPT if runs else told.NEVER_RAN
        of_run = {"run_id": kept.subject, "run_on": kept.detail["as_of"]}
        months = [dict(zip(_MONTHLY, row, strict=True)) for row in kept.detail.get("months", ())]
        rows = [dict.fromkeys(_CERTIFIED) | row | of_run for row in (*months, *kept.detail["certificate"])]
        return rows, None if months or not rows else _NO_MONTHS

    def _newest_run(self, known_at: str | None) -> Told:
        """The newest run, and the files that it compared."""
        runs = self._runs(known_at)
        if not runs:
            return []
        run, said = runs[-1].subject, runs[-1].detail
        of_run = {"run_id": run, "run_on": said["as_of"], "status": said["status"]}
        files = [dict(zip(_FILE_OF_RUN, each, strict=False)) for each in said["inputs"]]
        return [of_run | each for each in (dict.fromkeys(_FILE_OF_RUN), *files)]


def _versions() -> Told:
    """The programs at work, and the schema of the store."""
    programs = {"tppq": "keeps the ledger", "duckdb": "computes the figures"}
    return [
        *(
            {"name": name, "version": installed.version_of(name) or "(not installed)", "detail": what}
            for name, what in programs.items()
        ),
        {"name": "python", "version": platform.python_version(), "detail": "runs both"},
        {"name": "schema", "version": str(SCHEMA_VERSION), "detail": "of the store's tables"},
    ]


def _of(value: Any, sort: type, parameter: Parameter) -> Any:
    if isinstance(value, (str, sort)):
        return value
    raise BadQuery(f"'{value}' is no {parameter.sort} for {parameter.name}", value=str(value))


def _whole(value: Any, parameter: Parameter) -> int:
    most, number = MOST_TPP if parameter.name.endswith("_tpp") else _MOST_DAYS, -1
    if isinstance(value, str) and WHOLE.fullmatch(value):
        number = int(value.replace(",", ""))
    elif (given := whole(value)) is not None:
        number = given
    if 0 <= number <= most:
        return number
    many = f" up to {most:,}" if number > most else ""
    raise BadQuery(
        f"'{value}' is not a whole number{many} for {parameter.name} ({parameter.about})", value=str(value)
    )
