"""P0 of a reconciliation: which files there are, what their manifests promise, whose turn it is.

A feed file lies beside its manifest: `declarations.csv` beside `declarations.csv.manifest.json`. Every source
numbers its files without a gap; a file of no rows is a file, a missing one is not. Nothing here knows DuckDB
or the store: what was accepted before is given by the caller, who has it from the log of events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ledger.errors import BadFeed, Unreachable
from ledger.feed_faults import Fault, shown, summary
from ledger.feed_source import FORMS
from ledger.model import MOST_TPP
from ledger.recon_layout import LICENSES, SOURCES

SUFFIX = ".manifest.json"
MISSING, SEQUENCE, CONTROL, DUPLICATE = "FILE_MISSING", "FILE_SEQUENCE", "FILE_CONTROL", "FILE_DUPLICATE"

History = Mapping[str, Mapping[int, str]]
"""Every file accepted before: by source and run number, the SHA-256 of its content, in hex."""


class Manifest(BaseModel):
    """What a source promises of one of its files."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Manifest of a feed file")

    source: Literal["licenses", "declarations", "shipments", "reexports"] = Field(
        description="Whose file it is."
    )
    run_number: Annotated[int, Field(strict=True, ge=1, le=MOST_TPP)] = Field(
        description="One more than that of the source's file before."
    )
    row_count: Annotated[int, Field(strict=True, ge=0, le=MOST_TPP)] = Field(
        description="How many records it has."
    )
    hash_total: Annotated[int, Field(strict=True, ge=0, le=MOST_TPP)] = Field(
        description="The sum of its quantities, whatever they count; empty ones count 0."
    )
    mode: Literal["cumulative", "delta"] = Field(
        description="cumulative: all there is up to as_of; delta: what came from covers_from on."
    )
    as_of: date = Field(description="The last day that it reports on.")
    covers_from: date | None = Field(
        default=None, description="The first day that it reports on; for delta, and only there."
    )
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        default=None, description="SHA-256 of the file, in hex."
    )

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.source == LICENSES and self.mode != "cumulative":
            raise ValueError("mode of licenses is cumulative: they come as a full snapshot")
        if (self.covers_from is None) != (self.mode == "cumulative"):
            raise ValueError("covers_from is required for delta, and does not belong to cumulative")
        if self.covers_from is not None and self.covers_from > self.as_of:
            raise ValueError(f"covers_from {self.covers_from} is after as_of {self.as_of}")
        return self


class Given(NamedTuple):
    """One feed file that was found, with its manifest."""

    path: str
    manifest: Manifest


class Finding(NamedTuple):
    """What keeps a file from being accepted; `column` is the field of its manifest that is meant."""

    code: str
    source: str
    run_number: int | None
    path: str | None
    column: str | None
    expected: str | None
    found: str | None
    detail: str


class Accepted(NamedTuple):
    """A file that was accepted, as the next run has to know it."""

    source: str
    run_number: int
    content_sha256: str


class Found(NamedTuple):
    """The files of a night, in the order of their source and run number, and what is amiss with them."""

    given: list[Given]
    findings: list[Finding]


def manifest_schema() -> dict[str, Any]:
    """The manifest as JSON Schema (2020-12)."""
    schema = Manifest.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def find(paths: Sequence[str | Path], expected: Collection[str] = SOURCES) -> Found:
    """Every feed file in these folders, and the files named, each with its manifest.

    What is missing is a finding. Raises BadFeed where a manifest cannot be read, with every fault of all of
    them, and where a file has none.
    """
    given: list[Given] = []
    findings: list[Finding] = []
    faults: list[Fault] = []
    for path in _files(paths):
        beside = _beside(path)
        if not path.exists() and not beside.exists():
            findings.append(
                _missing(path.stem if path.stem in SOURCES else "", f"{path} is missing", str(path))
            )
        elif not beside.exists():
            faults.append(Fault(str(path), None, None, None, f"has no manifest {beside.name} beside it"))
        elif (manifest := _manifest(beside, faults)) is None:
            continue
        elif path.exists():
            given.append(Given(str(path), manifest))
        else:
            why = f"{path} is missing: only its manifest is there"
            findings.append(_missing(manifest.source, why, str(path)))
    if faults:
        raise BadFeed(summary(faults[0].path, faults), faults=[fault._asdict() for fault in faults])
    there = {each.manifest.source for each in given} | {finding.source for finding in findings}
    looked = ", ".join(str(path) for path in paths)
    findings.extend(
        _missing(source, f"{looked}: no file of {source}; one without rows would do", None)
        for source in SOURCES
        if source in expected and source not in there
    )
    order = {source: place for place, source in enumerate(SOURCES)}
    given.sort(key=lambda each: (order[each.manifest.source], each.manifest.run_number, each.path))
    return Found(given, findings)


def in_turn(given: Sequence[Given], history: History) -> list[Finding]:
    """Whether each file's number is its source's next, or one accepted before; by number alone.

    A source without a history may begin with any number.
    """
    findings: list[Finding] = []
    for source in SOURCES:
        numbers = dict.fromkeys(history.get(source, ()))
        for path, manifest in given:
            number = manifest.run_number
            if manifest.source != source or number in history.get(source, ()):
                continue
            last = max(numbers, default=None)
            if last is not None and number != last + 1:
                what = "comes twice" if number in numbers else "is out of turn"
                findings.append(Finding(
                    SEQUENCE, source, number, path, "run_number", str(last + 1), str(number),
                    f"{path}: run {number} of {source} {what}: run {last + 1} is next",
                ))  # fmt: skip
            numbers[number] = None
    return findings


def unseen(each: Given, content_sha256: str, row_count: int, history: History) -> list[Finding]:
    """Whether a file's content is new, or is that of the same run number, accepted before.

    Files without rows are alike, and so are full snapshots between which nothing changed.
    """
    path, manifest = each
    seen = history.get(manifest.source, {})
    number = manifest.run_number
    if number in seen:
        if seen[number] == content_sha256:
            return []
        return [Finding(
            SEQUENCE, manifest.source, number, path, "run_number", seen[number], content_sha256,
            f"{path}: run {number} of {manifest.source} was accepted before, with other contents: what is "
            "corrected needs the next number",
        )]  # fmt: skip
    before = next((run for run, sha256 in seen.items() if sha256 == content_sha256), None)
    if before is None or row_count == 0 or manifest.mode == "cumulative":
        return []
    return [Finding(
        DUPLICATE, manifest.source, number, path, "run_number", None, content_sha256,
        f"{path}: run {number} of {manifest.source} holds just what run {before} held: was it sent twice?",
    )]  # fmt: skip


def controlled(each: Given, content_sha256: str, row_count: int, hash_total: int) -> list[Finding]:
    """Whether a file is what its manifest promises: records, sum of quantities, content."""
    path, manifest = each
    promised: list[tuple[str, str, Any, Any]] = [
        ("row_count", "records", manifest.row_count, row_count),
        ("hash_total", "in all its quantities", manifest.hash_total, hash_total),
    ]
    findings = [
        Finding(
            CONTROL, manifest.source, manifest.run_number, path, column, str(wanted), str(found),
            f"{path}: {found:,} {noun}, its manifest says {wanted:,}",
        )
        for column, noun, wanted, found in promised
        if wanted != found
    ]  # fmt: skip
    if manifest.sha256 not in (None, content_sha256):
        findings.append(Finding(
            CONTROL, manifest.source, manifest.run_number, path, "sha256", manifest.sha256, content_sha256,
            f"{path}: its SHA-256 begins {content_sha256[:8]}, its manifest says {str(manifest.sha256)[:8]}",
        ))  # fmt: skip
    return findings


def raise_for(findings: Sequence[Finding]) -> None:
    """Raises Unreachable where a file is missing, naming the sources; BadFeed for any other finding."""
    missing = [finding for finding in findings if finding.code == MISSING]
    if missing:
        raise Unreachable(
            "; ".join(finding.detail for finding in missing),
            sources=", ".join(dict.fromkeys(finding.source for finding in missing)),
        )
    if findings:
        faults = [
            Fault(
                finding.path or finding.source,
                None,
                finding.column,
                finding.found,
                f"{finding.code}: {finding.detail}",
            )
            for finding in findings
        ]
        many = f"{len(faults):,} faults, the first: " if len(faults) > 1 else ""
        raise BadFeed(f"{many}{findings[0].detail}", faults=[fault._asdict() for fault in faults])


def _files(paths: Sequence[str | Path]) -> list[Path]:
    """The data files meant by these paths: in a folder, all that have a manifest, and all that should."""
    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.iterdir())
            fed = [file for file in inside if file.name.endswith(SUFFIX) or file.suffix.lower() in FORMS]
            files.update(dict.fromkeys(_data(each) for each in fed))
        else:
            files[_data(path)] = None
    return list(files)


def _data(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(SUFFIX))


def _beside(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def _missing(source: str, detail: str, path: str | None) -> Finding:
    return Finding(MISSING, source, None, path, None, None, None, detail)


def _manifest(beside: Path, faults: list[Fault]) -> Manifest | None:
    """What a manifest says; None, and its faults, where that is not what it should."""
    try:
        return Manifest.model_validate_json(beside.read_bytes())
    except OSError as error:
        faults.append(Fault(str(beside), None, None, None, f"cannot be read: {error.strerror or error}"))
    except ValidationError as error:
        faults.extend(_fault(str(beside), each) for each in error.errors(include_url=False))
    return None


def _fault(path: str, error: ErrorDetails) -> Fault:
    said = {"missing": "is required", "extra_forbidden": "is not a field of a manifest"}
    why = error["msg"].removeprefix("Value error, ")
    column = ".".join(str(part) for part in error["loc"]) or None
    given = error["input"] if column and error["type"] != "missing" else None
    value = None if given is None else shown(str(given))
    return Fault(path, None, column, value, said.get(error["type"], f"{why[:1].lower()}{why[1:]}"))
