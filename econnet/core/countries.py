"""One code for each country, whatever the user or a source calls it.

Names and codes are resolved here; everywhere else a country is its ISO 3166-1 alpha-3
code. The look-up is exact except for case, accents, spaces and punctuation: near names
are suggested but never taken, because a wrong country is worse than none.
`country_names.toml` beside this module has the names that ISO 3166-1 lacks, and those
of aggregates and dissolved countries, so that they can be refused with a reason.
"""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TypedDict

import pycountry

from econnet.core.errors import UsageError
from econnet.core.text import quoted

# Economies of their own that consist of others.
UNIONS = frozenset({"EA"})
MAX_NAME_LENGTH = 100  # a longer text is cut before near names are sought


@dataclass(frozen=True, order=True)
class Country:
    """A country by its ISO 3166-1 codes and its name in plain English.

    The euro area is one too; both of its codes are `EA`.
    """

    alpha3: str
    alpha2: str
    name: str


class DissolvedCountry(TypedDict):
    """The names of a dissolved country, its last year and its successors' codes."""

    names: Sequence[str]
    year: int
    successors: Sequence[str]


@dataclass(frozen=True)
class CountryNames:
    """The tables of `country_names.toml`."""

    plain: Mapping[str, str]
    aliases: Mapping[str, str]
    ambiguous: Mapping[str, Sequence[str]]
    dissolved: Sequence[DissolvedCountry]
    aggregates: Sequence[str]
    group_codes: str


@cache
def load_names() -> CountryNames:
    """Return the names that ISO 3166-1 lacks."""
    file = resources.files("econnet.core").joinpath("country_names.toml")
    return CountryNames(**tomllib.loads(file.read_text("utf-8")))


def resolve(text: str) -> Country:
    """Return the country that `text` names: "Germany", "DE", "deu" or "Korea, Rep.".

    Raises
    ------
    UsageError
        The name is unknown (the nearest names are suggested), ambiguous, or that of an
        aggregate or a dissolved country.

    Examples
    --------
    >>> resolve("Korea, Rep.").alpha3
    'KOR'
    """
    name, key = text.strip(), _key(text)
    if key in _aggregates():
        raise UsageError(
            f"{quoted(name)} is an aggregate, not a country: name one of its "
            "countries, or use a file of your own with --data"
        )
    if alpha3s := _ambiguous().get(key):
        either = " or ".join(f"{by_alpha3(code).name} ({code})" for code in alpha3s)
        raise UsageError(f"{quoted(name)} may be {either}: specify which")
    if dissolved := _dissolved().get(key.removeprefix("former")):
        heirs = ", ".join(by_alpha3(code).name for code in dissolved["successors"])
        raise UsageError(
            f"{quoted(name)} has not been a country since {dissolved['year']}: name "
            f"one of its successors, {heirs}"
        )
    alpha3 = _alpha3_by_key().get(key)
    if alpha3 is None:
        raise UsageError(f"no country is called {quoted(name)}: {_nearest(name)}")
    return by_alpha3(alpha3)


def find(text: str) -> Country | None:
    """Return the country that a text names, as `resolve`; `None` if it names none."""
    key = _key(text)
    if key in _aggregates() or key in _ambiguous():
        return None
    alpha3 = _alpha3_by_key().get(key)
    return None if alpha3 is None else by_alpha3(alpha3)


def is_aggregate(text: str) -> bool:
    """Return whether a text is the name or the code of a group of countries."""
    return _key(text) in _aggregates()


def is_dissolved(text: str) -> bool:
    """Return whether a text names a country that no longer exists."""
    return _key(text).removeprefix("former") in _dissolved()


def by_alpha3(alpha3: str) -> Country:
    """Return the country with this alpha-3 code; raise `KeyError` where none has it."""
    return _countries()[alpha3]


def all_countries() -> list[Country]:
    """Return every country, in the order of its code."""
    return sorted(_countries().values())


def _key(text: str) -> str:
    """Return `text` in lower case without accents, spaces and punctuation."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    return "".join(character for character in bare if character.isalnum())


def _nearest(text: str) -> str:
    """Return the nearest codes or names, or how to find one."""
    near = _near_codes(text.upper())
    if not near:
        names = {_key(country.name): country.name for country in all_countries()}
        names |= {_key(alias): alias for alias in load_names().aliases}
        key = _key(text)[:MAX_NAME_LENGTH]
        near = [names[near] for near in get_close_matches(key, names, n=3, cutoff=0.6)]
    if not near:
        return "give a name or an ISO code; `econnet countries` lists them"
    return f"nearest: {', '.join(near)}"


def _near_codes(text: str) -> list[str]:
    """Return the codes that differ from three letters in one of them, or in order."""
    if len(text) != 3 or not text.isalpha():
        return []
    near = [
        country
        for country in _countries().values()
        if country.alpha3 not in UNIONS
        and (
            sum(a != b for a, b in zip(text, country.alpha3, strict=True)) == 1
            or sorted(text) == sorted(country.alpha3)
        )
    ]
    return [f"{country.alpha3} ({country.name})" for country in near[:3]]


@cache
def _countries() -> Mapping[str, Country]:
    plain = load_names().plain
    countries = {
        entry.alpha_3: Country(
            entry.alpha_3,
            entry.alpha_2,
            plain.get(entry.alpha_3)
            or getattr(entry, "common_name", None)
            or entry.name,
        )
        for entry in pycountry.countries
    }
    countries["XKX"] = Country("XKX", "XK", "Kosovo")
    countries["EA"] = Country("EA", "EA", "Euro area")
    return MappingProxyType(countries)


@cache
def _alpha3_by_key() -> Mapping[str, str]:
    keys = {_key(alias): alpha3 for alias, alpha3 in load_names().aliases.items()}
    for entry in pycountry.countries:
        for field in ("name", "official_name", "common_name"):
            if text := getattr(entry, field, None):
                keys[_key(text)] = entry.alpha_3
    for country in _countries().values():
        for text in (country.name, country.alpha3, country.alpha2):
            keys[_key(text)] = country.alpha3
    return MappingProxyType(keys)


@cache
def _aggregates() -> frozenset[str]:
    names = load_names()
    return frozenset(map(_key, [*names.aggregates, *names.group_codes.split()]))


@cache
def _ambiguous() -> Mapping[str, Sequence[str]]:
    return {_key(name): alpha3s for name, alpha3s in load_names().ambiguous.items()}


@cache
def _dissolved() -> Mapping[str, DissolvedCountry]:
    return {
        _key(name): country
        for country in load_names().dissolved
        for name in country["names"]
    }
