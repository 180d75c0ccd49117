"""P0 of a reconciliation: which files there are, what their manifests promise, whose turn it is.

A feed file lies beside its manifest: `declarations.csv` beside `declarations.csv.manifest.json`. Every source
numbers its files without a gap; a file of no rows is a file, a missing one is not. Nothing here knows DuckDB
or the store: what was accepted before is given by the caller, who has it from the log of events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ledger.errors import BadFeed
from ledger.feed_faults import Fault, summary
from ledger.feed_source import FORMS
from ledger.recon_layout import SOURCES
from ledger.recon_manifest import Manifest, read

SUFFIX = ".manifest.json"
MISSING, SEQUENCE, CONTROL, DUPLICATE = "FILE_MISSING", "FILE_SEQUENCE", "FILE_CONTROL", "FILE_DUPLICATE"

History = Mapping[str, Mapping[int, str]]
"""Every file accepted before: by source and run number, the SHA-256 of its content, in hex."""


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


class Files(NamedTuple):
    """The files of a night, in the order of their source and run number, and what is amiss with them."""

    given: list[Given]
    findings: list[Finding]


def find(paths: Sequence[str | Path], expected: Collection[str] = SOURCES) -> Files:
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
            faults.append(Fault(str(path), None, None, None, f"no manifest {beside.name} is beside it"))
        elif (manifest := read(beside, faults)) is None:
            continue
        elif path.exists():
            given.append(Given(str(path), manifest))
        else:
            why = f"{path} is missing: only its manifest is there"
            findings.append(_missing(manifest.source, why, str(path), manifest.run_number))
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
    return Files(given, findings)


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

    Files without rows are alike, and so are full snapshots between which nothing changed: what they say again
    replaces what they said, so nothing can be counted twice.
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
        f"{path}: run {number} of {manifest.source} holds just what run {before} held: was it sent twice? "
        "A day without news is a file without rows",
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


def beyond_belief(paths: Mapping[tuple[str, int], str], largest: Sequence[Mapping[str, Any]]) -> BadFeed:
    """What is raised where a night adds up to more than can be kept exactly: it names its largest figures."""
    faults = [
        Fault(
            paths[row["source"], row["run_number"]], row["line"], row["column_name"], row["figure"],
            f"'{row['figure']}' is among the largest: with these the night adds up to more than can be kept "
            "exactly; correct the figure that is wrong",
        )
        for row in largest
    ]  # fmt: skip
    return BadFeed(summary(faults[0].path, faults), faults=[fault._asdict() for fault in faults])


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


def _missing(source: str, detail: str, path: str | None, run_number: int | None = None) -> Finding:
    return Finding(MISSING, source, run_number, path, None, None, None, detail)
