"""Loads countries, devices and regimes: reviewed data, each row with its source and its dates.

The files are `fixtures/reference/country.csv`, `device.csv` and `regimes/*.toml`. Nothing is computed here
that a reader could not find in them; a name that is not in them is refused with the nearest one.
"""

from __future__ import annotations

import csv
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ledger import facts, regime_file, schema
from ledger.errors import Misconfigured, UnknownName
from ledger.model import Country, Device, Regime

DEFAULT_REGIME = "diffusion-2025"
Row = dict[str, Any]

_COUNTS = {"true": True, "false": False, "unknown": None}
_SILENT = str.maketrans({".": "", "'": "", "`": "", "\u2019": "", "&": " and "})
_ACCENTS = re.compile("[\u0300-\u036f]")  # combining marks, once NFKD has taken them off their letters
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_SUBDIVISION = re.compile(r"([A-Za-z]{2})-[A-Za-z0-9]{1,3}")
_LEAST_LETTERS = 4
"""Below this, "nearest" means nothing: every code is near every other."""


def fold(text: str) -> str:
    """`text` as names are compared: no case, accents or punctuation, no "the", `&` as "and"."""
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    words = _BETWEEN_WORDS.split(text.casefold().translate(_SILENT))
    return " ".join(word for word in words if word and word != "the")


@dataclass(frozen=True, slots=True)
class Reference:
    """The names the ledger knows. `spellings` maps a folded name or code to the countries that bear it.

    A spelling of two countries ("Congo", "Korea") is in the file of both, and is refused as ambiguous.
    `uncapped` maps regimes without a country cap, under which no ledger can be opened, to their titles.
    `unusable` maps the other files of regimes to what is wrong in them; `documents` has those that can be
    used, as they stand.
    """

    countries: Mapping[str, Country]
    devices: Mapping[str, Device]
    regimes: Mapping[str, Regime]
    uncapped: Mapping[str, str]
    unusable: Mapping[str, str]
    documents: Mapping[str, Row]
    spellings: Mapping[str, tuple[str, ...]]

    def country_code(self, text: str) -> str:
        """The alpha-2 code of what was written, before `treated_as`: a code, name or alias of country.csv.

        Sub-territories of ISO 3166-2 count as their country (AE-DU is AE), unless ISO 3166-1 has them too
        (NL-AW is AW). Raises `UnknownName` with `field`, `value` and `nearest`: codes, comma-separated.
        """
        if text in self.countries:
            return text
        codes = self.spellings.get(fold(text), ())
        if not codes and (parts := _SUBDIVISION.fullmatch(text.strip())):
            codes = self.spellings.get(fold(parts[1]), ())
        if len(codes) == 1:
            return codes[0]
        advice = "write ISO 3166-1 alpha-2, such as AE"
        if text.strip().isdecimal():
            advice = f"codes of Census Schedule C and other numbers are not understood, {advice}"
        near = {code: self.countries[code].country_name for code in codes or self._near_countries(text)}
        raise _unknown("country", "country", text, near, advice)

    def charged(self, code: str) -> str:
        """The country whose quota and tier an alpha-2 code follows: HK is CN (85 FR 83788), LI is CH, ..."""
        return self.countries[code].treated_as or code

    def device(self, text: str) -> Device:
        """The device of exactly this id. Raises `UnknownName`, with up to three ids that may be meant."""
        found = self.devices.get(text)
        if found is None:
            near = {device_id: self.devices[device_id].device_name for device_id in self._near_devices(text)}
            raise _unknown("device", "device_id", text, near, "tppq devices lists the catalogue")
        return found

    def regime(self, regime_id: str) -> Regime:
        """The regime of this id. Raises UnknownName; Misconfigured where no ledger can be run under it."""
        if regime_id in self.regimes:
            return self.regimes[regime_id]
        if regime_id in self.unusable:
            raise Misconfigured(self.unusable[regime_id], regime=regime_id)
        capped = ", ".join(self.regimes)
        if regime_id not in self.uncapped:
            close = get_close_matches(regime_id, self.regimes, n=1)
            near = {name: self.regimes[name].title for name in close}
            raise _unknown("regime", "regime", regime_id, near, f"write {capped}")
        detail = f"regime '{regime_id}' sets no country cap: no ledger can be opened under it, use {capped}"
        raise Misconfigured(detail, regime=regime_id)

    def run_by_ledger(self, regime_id: str) -> Regime:
        """The regime that a ledger runs. Raises Misconfigured where its file is not here, or unusable."""
        if regime_id not in {*self.regimes, *self.uncapped, *self.unusable}:
            said = f"the ledger runs {regime_id}, whose file {regime_id}.toml is not in {regimes_folder()}"
            raise Misconfigured(f"{said}: put it there", regime=regime_id)
        return self.regime(regime_id)

    def _near_countries(self, text: str) -> Sequence[str]:
        """The codes of the spelling nearest to `text`; else of the one country with such a word in a name."""
        wanted = fold(text)
        if len(wanted) < _LEAST_LETTERS or wanted.isdecimal():
            return ()
        names = [spelling for spelling in self.spellings if len(spelling) >= _LEAST_LETTERS]
        if near := get_close_matches(wanted, names, n=1, cutoff=0.75):
            return self.spellings[near[0]]
        owners: dict[str, set[str]] = {}
        for spelling, codes in self.spellings.items():
            for word in spelling.split():
                owners.setdefault(word, set()).update(codes)
        telling = [word for word, codes in owners.items() if len(codes) == 1 and len(word) > _LEAST_LETTERS]
        for word in wanted.split():
            if near := get_close_matches(word, telling, n=1, cutoff=0.8):
                return tuple(owners[near[0]])
        return ()

    def _near_devices(self, text: str) -> Sequence[str]:
        """Up to three ids: with every word of `text`, else written alike, else with a telling word of it."""
        wanted = fold(text).split()
        names = {fold(f"{row.device_id} {row.device_name}"): row.device_id for row in self.devices.values()}

        def begun(*words: str) -> list[str]:
            found = [name for name in names if any(words) and all(f" {word}" in f" {name}" for word in words)]
            found.sort(key=lambda name: len(set(words).difference(name.split())))  # whole words come first
            return [names[name] for name in found]

        ids = {fold(device_id): device_id for device_id in self.devices}
        alike = [ids[name] for name in get_close_matches(" ".join(wanted), ids, n=3, cutoff=0.75)]
        telling = [word for word in wanted if not word.isalpha() and not word.isdecimal()]
        partly = [device_id for word in telling for device_id in begun(word)]
        return list(dict.fromkeys(begun(*wanted) or begun("".join(wanted)) or alike or partly))[:3]


def _unknown(noun: str, field: str, text: str, near: Mapping[str, str], advice: str) -> UnknownName:
    """`UnknownName` as a sentence that names the nearest, or says what to write when nothing is near."""
    if near:
        named = ", ".join(f"{name} ({title})" for name, title in near.items())
        advice = f"the nearest {'is' if len(near) == 1 else 'are'} {named}"
    nearest = ", ".join(near) or None
    return UnknownName(f"no {noun} '{text}': {advice}", field=field, value=text, nearest=nearest)


@cache
def load() -> Reference:
    """Everything in `fixtures/reference`, read once a process (about 10 ms).

    The file of a regime that cannot be used stops the ledgers that run it, and no other.
    """
    countries = {row["country"]: _country(row) for row in _csv_rows("country.csv")}
    spellings: dict[str, tuple[str, ...]] = {}
    for country in countries.values():
        for text in (country.country, country.alpha_3, country.country_name, *country.aliases):
            bearers = spellings.get(fold(text or ""), ())
            if text and country.country not in bearers:
                spellings[fold(text)] = (*bearers, country.country)
    capped, uncapped, unusable = dict[str, Regime](), dict[str, str](), dict[str, str]()
    documents = dict[str, Row]()
    for file in sorted(regimes_folder().glob("*.toml")):
        try:
            document = _document(file)
            regime = regime_file.of(document, countries, lambda text: spellings.get(fold(text), ()))
        except Misconfigured as error:
            unusable[file.stem] = error.detail
            continue
        documents[file.stem] = document
        if regime is None:
            uncapped[file.stem] = document["title"]
        else:
            capped[file.stem] = regime
    return Reference(
        countries=MappingProxyType(countries),
        devices=MappingProxyType({row["device_id"]: _device(row) for row in _csv_rows("device.csv")}),
        regimes=MappingProxyType(capped),
        uncapped=MappingProxyType(uncapped),
        unusable=MappingProxyType(unusable),
        documents=MappingProxyType(documents),
        spellings=MappingProxyType(spellings),
    )


def notice_of(basis: Mapping[str, Any]) -> str:
    """What the figures of an answer's regime are and are not, in its own words."""
    regime = load().regimes.get(basis["regime"])
    return regime.notice if regime is not None else "a regime that this version does not know"


def _csv_rows(name: str) -> Iterator[dict[str, str]]:
    with (schema.folder("fixtures") / "reference" / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def regimes_folder() -> Path:
    """Where the files of the regimes are: one each, named as its id."""
    return schema.folder("fixtures") / "reference" / "regimes"


def _document(file: Path) -> Row:
    """The file of a regime as it stands. Raises Misconfigured."""
    try:
        text = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise facts.unusable(file.stem, str(error)) from error
    if (found := text.get("id")) != file.stem:
        said = "it does not say id" if found is None else f"it says id = {facts.shown(found)}"
        raise facts.unusable(file.stem, f'{said}: write "{file.stem}", as the file is named')
    return text


def _country(row: Row) -> Country:
    absent: Row = {name: row[name] or None for name in ("alpha_3", "treated_as", "valid_to")}
    aliases = tuple(alias for alias in row["aliases"].split("|") if alias)
    return Country(**{**row, **absent, "aliases": aliases})  # the columns are the fields


def _device(row: Row) -> Device:
    absent: Row = {name: row[name] or None for name in Device.__slots__}
    numbers = {name: int(row[name]) for name in ("tpp", "declared_tpp", "bit_length") if row[name]}
    return Device(**{**absent, **numbers, "counts": _COUNTS[row["counts"]]})
