"""What a run comes to: its inputs, what it found, what that changes, and the certificate. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ledger.evidence import canonical
from ledger.model import Regime
from ledger.recon_breaks import SEVERITIES, Break, BreakStanding, fingerprint, rank, severity
from ledger.recon_changes import NEW, Change, Line, counted, lines
from ledger.recon_drafts import blocking, draft, lifting, sentence
from ledger.recon_files import Finding
from ledger.recon_layout import SOURCES
from ledger.recon_manifest import Manifest

PROVISIONAL, FINAL, STOPPED = "PROVISIONAL", "FINAL", "STOPPED"
GRAVE = rank("severe")
NO_SOURCE = "files"
"""The source of a break of which it is not known."""


class Cut(NamedTuple):
    """Up to where the ledger is compared: its last entry that counts, and the day that is asked about."""

    seq: int
    head_hash: str
    known_at: str
    as_of: str


class Input(NamedTuple):
    """A file as it was compared."""

    source: str
    run_number: int
    content_sha256: str
    row_count: int
    as_of: str
    covers_from: str | None

    @classmethod
    def of(cls, manifest: Manifest, content_sha256: str, row_count: int) -> Input:
        """A file by what its manifest says and what it held."""
        since = None if manifest.covers_from is None else manifest.covers_from.isoformat()
        return cls(
            manifest.source, manifest.run_number, content_sha256, row_count, manifest.as_of.isoformat(), since
        )


@dataclass(slots=True)
class Night:
    """A run that came to its end."""

    run: str
    cut: Cut
    inputs: Sequence[Input]
    changes: Sequence[Change]
    certificate: pa.Table
    sources: pa.Table
    matched: Mapping[str, int]
    """How many rows each key has matched, by source: `declarations K1`."""

    suggestions: int
    regime: Regime
    identity: str
    blocks: bool = False
    held: Mapping[str, BreakStanding] = field(default_factory=dict)
    """The breaks for which TPP is set aside."""

    seconds: dict[str, float] = field(default_factory=dict)
    months: pa.Table = field(kw_only=True)
    """What the certificate adds up, country by country and month by month."""

    vendors: Sequence[str] = field(kw_only=True)
    """The vendors that told of deliveries."""

    @property
    def status(self) -> str:
        """PROVISIONAL while a severe or critical break is open, else FINAL."""
        return PROVISIONAL if self.grave else FINAL

    @property
    def grave(self) -> list[Change]:
        """The open breaks that keep the run from being final."""
        return [change for change in self.changes if change.is_open and rank(change.each.severity) >= GRAVE]

    @property
    def lines(self) -> list[Line]:
        """What was found, code by code."""
        return lines(self.changes, self.cut.as_of)

    def told(self) -> dict[str, Any]:
        """What is recorded of the run, by which the next ones know it."""
        return {
            "identity": self.identity, "status": self.status, "as_of": self.cut.as_of, "seq": self.cut.seq,
            "head_hash": self.cut.head_hash, "known_at": self.cut.known_at,
            "inputs": [list(each) for each in self.inputs],
            "open": {name: count for name, count in self.open_by_severity().items() if count},
            "certificate": self.certificate.to_pylist(),
            "months": [list(row.values()) for row in self.months.to_pylist()],
            "vendors": list(self.vendors),
        }  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """What is said of the run beside its breaks."""
        rows: dict[str, int] = {}
        for each in self.inputs:
            rows[each.source] = rows.get(each.source, 0) + each.row_count
        return {
            "status": self.status, "rows": rows, "matched": dict(self.matched),
            "suggestions": self.suggestions, "open": self.open_by_severity(),
            "lines": [line._asdict() for line in self.lines], "counted": counted(self.changes),
        }  # fmt: skip

    def open_by_severity(self) -> dict[str, int]:
        """How many breaks are open, by severity, gravest first."""
        still = [change.each.severity for change in self.changes if change.is_open]
        return {name: still.count(name) for name in reversed(SEVERITIES)}

    def proposals(self) -> list[dict[str, Any]]:
        """What would put each open break right, where two of three agree on it; and blocks, if asked for."""
        found = []
        for change in self.changes:
            each = change.each
            if not change.is_open or change.state in ("proposed", "confirmed", "posted"):
                continue
            known = {"break": each.fingerprint, "code": each.code, "key": each.key, "why": each.detail}
            if each.draft is not None:
                found.append(known | dict(each.draft))
            is_held = each.fingerprint in self.held
            if (
                self.blocks
                and not is_held
                and each.severity == "critical"
                and each.country
                and each.at_stake_tpp
                and self.cut.as_of <= self.regime.period_to  # then nothing is licensed any more
            ):
                on = self.cut.as_of
                found.append(known | blocking(each.country, each.at_stake_tpp, each.fingerprint, on))
        return found + self._lifts()

    def _lifts(self) -> list[dict[str, Any]]:
        """What was set aside for breaks that are no longer open."""
        still = {change.each.fingerprint for change in self.changes if change.is_open}
        return [
            {
                "break": name, "code": each.seen.code, "key": each.seen.key,
                "why": f"no longer open: what entry {each.blocked_seq:,} sets aside can be given back",
            } | lifting(each.blocked_seq)
            for name, each in sorted(self.held.items())
            if name not in still and each.blocked_seq is not None
        ]  # fmt: skip


def identity(inputs: Sequence[Input], cut: Cut, decided: str, *, blocks: bool) -> str:
    """What makes two runs the same: the same files, the same ledger, day, and decisions of people so far."""
    said = {
        "inputs": [list(each) for each in inputs], "cut": list(cut), "decided": decided, "blocks": blocks,
    }  # fmt: skip
    return sha256(canonical(said)).hexdigest()


def of_row(row: Mapping[str, Any], regime: Regime) -> Break:
    """A break as the passes found it, ranked and put into words."""
    on_day = row["on_day"]
    return Break(
        fingerprint=fingerprint(row["code"], row["scope"], row["key"]),
        code=row["code"],
        severity=severity(
            row["code"], row["at_stake_tpp"], row["headroom_tpp"], regime, is_critical=row["is_critical"]
        ),
        key=row["key"],
        source=row["source"],
        country=row["country"],
        other_country=row["other_country"],
        license_no=row["license_no"],
        device_id=row["device_id"],
        seqs=tuple(row["seqs"] or ()),
        file_line=row["file_line"],
        on_day=None if on_day is None else on_day.isoformat(),
        ledger_says=row["ledger_says"],
        source_says=row["source_says"],
        third_says=row["third_says"],
        agree=row["agree"],
        match_key=row["match_key"],
        net_tpp=row["net_tpp"],
        at_stake_tpp=row["at_stake_tpp"],
        detail=sentence(row),
        draft=draft(row),
    )


def of_finding(finding: Finding, regime: Regime) -> Break:
    """What keeps a file from being accepted, as a break."""
    key = f"{finding.source} run {finding.run_number}"
    if finding.run_number is None:  # no manifest tells which it is: it has the name by which it was asked for
        key = finding.path or finding.source
    source = finding.source or NO_SOURCE
    return _plain(finding.code, key, source, finding.detail, regime, finding.expected, finding.found)


def of_faults(faults: Sequence[Mapping[str, Any]], regime: Regime) -> list[Break]:
    """What cannot be read in files, as one break per file: how many faults, and the first."""
    by_path: dict[str, list[Mapping[str, Any]]] = {}
    for fault in faults:
        by_path.setdefault(fault["path"], []).append(fault)
    return [_of_faults(path, mine, regime) for path, mine in by_path.items()]


def _of_faults(path: str, mine: Sequence[Mapping[str, Any]], regime: Regime) -> Break:
    where = f"line {mine[0]['line']}: " if mine[0]["line"] else ""
    many = "1 fault:" if len(mine) == 1 else f"{len(mine):,} faults; the first:"
    what = " ".join(part for part in (mine[0]["column"], mine[0]["reason"]) if part)
    detail = f"{path} has {many} {where}{what}"
    return _plain("FILE_CONTROL", path, _source_of(path), detail, regime, None, None)


def _source_of(path: str) -> str:
    stem = Path(path).name.split(".")[0]
    return stem if stem in SOURCES else NO_SOURCE


def of_difference(row: Mapping[str, Any], regime: Regime) -> Break:
    """What `verify` found wrong with the ledger itself, as a break."""
    key = f"{row['check']} {row['seq']}" if row["seq"] is not None else str(row["check"])
    detail = f"{row['check']}: expected {row['expected']}, found {row['found']}"
    return _plain("INTEGRITY", key, "ledger", detail, regime, row["expected"], row["found"])


def _plain(
    code: str, key: str, source: str, detail: str, regime: Regime, expected: str | None, found: str | None
) -> Break:
    return Break(
        fingerprint=fingerprint(code, "", key), code=code, severity=severity(code, 0, None, regime), key=key,
        source=source, country=None, other_country=None, license_no=None, device_id=None, seqs=(),
        file_line=None, on_day=None, ledger_says=expected, source_says=found, third_says=None, agree=None,
        match_key=None, net_tpp=0, at_stake_tpp=0, detail=detail, draft=None,
    )  # fmt: skip


def alone(each: Break, on: str) -> Change:
    """A break that stands for itself: of a run that was stopped."""
    return Change(NEW, "seen", each, "new", on)
