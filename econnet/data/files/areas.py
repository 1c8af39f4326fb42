"""Whose data a file contains: countries, aggregates of them, regions of one, or others.

All names in a column are judged together. `DE`, `GA`, `IN` and `AL` beside `AK` are
states of the United States and not Germany, Gabon, India and Albania. Names of
countries become ISO alpha-3 codes, whatever the file calls them; regions become ISO
3166-2 codes; other names, of firms or of dissolved countries, stay as they are.
"""

import gettext
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

import pycountry

from econnet.core import countries
from econnet.core.countries import Country
from econnet.core.errors import UsageError
from econnet.core.text import quoted
from econnet.data.files.column_names import words


@dataclass(frozen=True)
class Areas:
    """The areas of a file.

    Parameters
    ----------
    key_of
        The key under which the rows of each name in the file are kept.
    names
        The plain name of each key that is not a name itself.
    aggregates
        The keys of groups of countries.
    whole
        The country whose regions all others are, alpha-3; empty if they are not.
    unknown
        Names beside those of countries or regions that mean none.
    """

    key_of: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    aggregates: frozenset[str] = frozenset()
    whole: str = ""
    unknown: Sequence[str] = ()


def recognise(
    texts: Collection[str], other_names: Mapping[str, str] | None = None
) -> Areas:
    """Return what the distinct names of a file's areas mean.

    `other_names` are further names that the file gives; they identify codes that no
    standard has.
    """
    bare = {text: text.strip() for text in texts}
    if regions := _regions({*bare.values()}):
        return _as_regions(bare, *regions)
    also = {text: (other_names or {}).get(text, name) for text, name in bare.items()}
    found = {text: _country(bare[text]) or _country(also[text]) for text in bare}
    groups = {text for text, name in bare.items() if is_aggregate(name)}
    groups |= {
        text for text in bare if found[text] is None and is_aggregate(also[text])
    }
    own = [text for text in bare if text not in groups]
    likely = {text for text in own if found[text] is None and _is_like_group(text)}
    countries_of = [text for text in own if text not in likely]
    known = sum(bool(found[text]) or _was_country(bare[text]) for text in countries_of)
    if not own or known <= MIN_SHARE_OF_NAMES * len(countries_of):
        # In a file that has only aggregates, they are the subject.
        return Areas(bare, aggregates=frozenset(bare[text] for text in groups if own))
    groups |= likely
    keys, names = {}, {}
    for text, name in bare.items():
        country = None if text in groups else found[text]
        keys[text] = country.alpha3 if country else name
        if country:
            names[country.alpha3] = country.name
    unknown = [
        name
        for text, name in bare.items()
        if text not in groups and found[text] is None and not _was_country(name)
    ]
    aggregates = frozenset(keys[text] for text in groups)
    return Areas(keys, names, aggregates, unknown=unknown)


def unknown_names(found: Areas) -> list[str]:
    """Return a line on names that mean no country, perhaps for wrong letters."""
    if not found.unknown:
        return []
    what = "region" if found.whole else "country"
    shown = ", ".join(found.unknown[:MAX_NAMES])
    if len(found.unknown) > MAX_NAMES:
        shown += f" and {len(found.unknown) - MAX_NAMES} more"
    line = f"{shown}: no {what} that econnet knows; correct names that are misspelled"
    if all(map(str.isascii, found.unknown)):
        return [line]
    return [f"{line}, or save the file as CSV UTF-8 if letters are wrong"]


def are_countries(texts: Collection[str]) -> bool:
    """Return whether most of these texts name countries, aggregates or regions."""
    distinct = {text.strip() for text in texts}
    if len(distinct) < 1 or any(len(text) < 2 for text in distinct):
        return False
    if _regions(distinct):
        return True
    known = sum(_country(text) is not None or is_aggregate(text) for text in distinct)
    return known / len(distinct) >= MIN_SHARE_OF_COUNTRIES


def is_country(text: str) -> bool:
    """Return whether a text names a country."""
    return _country(text) is not None


def is_aggregate(text: str) -> bool:
    """Return whether a text names a group of countries: World, EA20, OECD."""
    found = {*re.findall(r"[a-z0-9_]+", text.casefold())}
    known = countries.find(text)
    return (
        countries.is_aggregate(text)
        or countries.is_aggregate(CODE_BEHIND.sub("", text))
        or (known is not None and known.alpha3 in countries.UNIONS)
        or bool(AGGREGATE_WORDS & found or EUROPEAN_GROUP.fullmatch(text.strip()))
    )


def _is_like_group(text: str) -> bool:
    """Return whether a text listed among countries, but not one, names a group."""
    found = {*re.findall(r"[^\W\d_]+", text.casefold())}
    is_code = CODE_OF_GROUP.fullmatch(text.strip())
    return bool(found & GROUP_WORDS or is_code or TOTAL.fullmatch(text.strip()))


def find(text: str, keys: Collection[str], names: Mapping[str, str]) -> Country:
    """Return the area of a file that a user's text names.

    Raises
    ------
    UsageError
        The file has no such area; the message suggests near names.
    """
    wanted = text.strip()
    by_name = {_folded(names.get(key, key)): key for key in keys}
    by_name |= {_folded(key): key for key in keys}
    regions = {
        key.partition("-")[2].casefold(): key
        for key in keys
        if key in names and "-" in key
    }
    if key := wanted if wanted in keys else by_name.get(_folded(wanted)):
        return _area(key, names)
    if key := regions.get(wanted.casefold()):
        return _area(key, names)
    country = _country(wanted)
    if country is not None and regions:
        # The text names the whole country that the regions belong to.
        return _only(wanted, country, keys, names)
    if country is not None:
        same = [key for key in keys if _same(key, country)]
        if len(same) == 1:
            return _area(same[0], names)
    raise _unknown(wanted, keys, names)


def _only(
    wanted: str, country: Country, keys: Collection[str], names: Mapping[str, str]
) -> Country:
    """Return a country that is itself in a file of regions."""
    if country.alpha3 not in keys:
        raise _unknown(wanted, keys, names)
    return _area(country.alpha3, names)


def _unknown(
    wanted: str, keys: Collection[str], names: Mapping[str, str]
) -> UsageError:
    """Return the error that suggests the areas with near names."""
    labels = sorted({names.get(key, key) for key in keys})
    near = get_close_matches(wanted, labels, n=3, cutoff=0.6)
    listed = f"{', '.join(labels[:8])}{', ...' if len(labels) > 8 else ''}"
    remedy = f"nearest: {', '.join(near)}" if near else f"it has {listed}"
    return UsageError(f"no country is called {quoted(wanted)} in the file: {remedy}")


def _was_country(text: str) -> bool:
    return countries.is_dissolved(text)


def _same(key: str, country: Country) -> bool:
    other = _country(key)
    return other is not None and other.alpha3 == country.alpha3


def _area(key: str, names: Mapping[str, str]) -> Country:
    name = names.get(key, key)
    try:
        return countries.by_alpha3(key) if key in names else Country(key, "", name)
    except KeyError:
        return Country(key, "", name)


@cache
def _country(text: str) -> Country | None:
    """Return the country that a name or code means; `None` for any other text."""
    if len(text) < 2 or text.isdigit():
        return None
    if text in CODES_OF_EUROSTAT:
        return countries.by_alpha3(CODES_OF_EUROSTAT[text])
    found = countries.find(text) or countries.find(CODE_BEHIND.sub("", text))
    if found is None and not countries.is_aggregate(text):
        found = _by_translation().get(_folded(text))
    return None if found is None or found.alpha3 in countries.UNIONS else found


@cache
def _by_translation() -> Mapping[str, Country]:
    """Return countries by their names in other languages, where a name is unique."""
    found: dict[str, Country | None] = {}
    for language in LANGUAGES:
        names = gettext.translation(
            "iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True
        )
        for entry in pycountry.countries:
            country = countries.by_alpha3(entry.alpha_3)
            for attribute in ("name", "common_name"):
                if text := getattr(entry, attribute, None):
                    key = _folded(names.gettext(text))
                    if len(key) > 3 or not key.isascii():
                        same = found.get(key, country) == country
                        found[key] = country if same else None
    return {
        key: country
        for key, country in found.items()
        if country and countries.find(key) in {None, country}
    }


def _folded(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _regions(texts: Collection[str]) -> tuple[str, Mapping[str, str]] | None:
    """Return the country whose regions the texts are, and the code of each.

    Texts that are all country codes are read as countries, unless all are postal codes
    of states of one of a few large federations.
    """
    bare = {text for text in texts if _folded(text) not in {"us", "usa"}}
    bare = {text for text in bare if _folded(text) not in WHOLE_WORDS}
    if len(bare) < MIN_REGIONS:
        return None
    n_countries = sum(_country(text) is not None for text in bare)
    for alpha2 in FEDERATIONS:
        codes = _subdivisions(alpha2)
        known = {text: codes[_folded(text)] for text in bare if _folded(text) in codes}
        parts = {text for text in bare if not _is_of(text, alpha2)}
        are_named = all(text in known and len(text) > LONGEST_CODE for text in parts)
        if are_named and parts < bare and len(parts) > 1:
            return alpha2, known
        if len(known) < MIN_SHARE_OF_COUNTRIES * len(bare):
            continue
        postal = alpha2 == "US" and len(bare) > MIN_REGIONS
        if postal or len(known) > n_countries:
            return alpha2, known
    return None


def _is_of(text: str, alpha2: str) -> bool:
    """Return whether a text names a country with this code."""
    country = _country(text)
    return country is not None and country.alpha2 == alpha2


def _as_regions(
    bare: Mapping[str, str], alpha2: str, codes: Mapping[str, str]
) -> Areas:
    whole = countries.resolve(alpha2)
    keys, names = {}, {}
    for text, name in bare.items():
        if name in codes:
            keys[text] = codes[name]
            names[codes[name]] = _subdivision_name(codes[name])
        elif (country := _country(name)) and country == whole:
            keys[text], names[whole.alpha3] = whole.alpha3, whole.name
        else:
            keys[text] = name
    unknown = [key for key in keys.values() if key not in names]
    aggregates = frozenset({whole.alpha3} & {*keys.values()})
    return Areas(keys, names, aggregates, whole.alpha3, unknown)


def _subdivision_name(code: str) -> str:
    part = pycountry.subdivisions.get(code=code)  # type: ignore[no-untyped-call]  # pycountry
    return str(part.name)


@cache
def _subdivisions(alpha2: str) -> Mapping[str, str]:
    """Return the ISO 3166-2 code of each code and name of a country's regions."""
    codes: dict[str, str] = {}
    for part in pycountry.subdivisions.get(country_code=alpha2) or []:  # type: ignore[no-untyped-call]  # pycountry
        codes[_folded(part.name)] = part.code
        codes[_folded(part.code.partition("-")[2])] = part.code
        codes[_folded(part.code)] = part.code
    return codes


def order(candidates: Sequence[Collection[str]]) -> list[int]:
    """Return the positions of columns of names, the ones with most countries first."""

    def score(position: int) -> tuple[float, float]:
        texts = {text.strip() for text in candidates[position]}
        named = sum(_country(text) is not None for text in texts)
        codes = sum(len(text) == 3 and text.isupper() for text in texts)
        return named / max(len(texts), 1), codes / max(len(texts), 1)

    return sorted(range(len(candidates)), key=score, reverse=True)


MIN_SHARE_OF_COUNTRIES = 0.7
MIN_SHARE_OF_NAMES = 0.5
MIN_REGIONS = 3
MAX_NAMES = 6
LONGEST_CODE = 3
LANGUAGES = (
    *("de", "fr", "es", "it", "pt", "nl", "pl", "ru", "tr", "sv", "da", "cs"),
    *("ja", "ko", "zh_CN", "zh_TW", "el", "hu", "fi", "uk", "ro"),
)
# `Germany [DEU]`, `European Union (27)`
CODE_BEHIND = re.compile(r"\s*(\[[A-Z]{3}\]|\((from )?\d+[^()]*\))$")
TOTAL = re.compile(
    r"(grand )?total|all( reporting)? (countries|areas)|rest of (the )?world|row", re.I
)
# The ECB's and the BIS's own codes: I9, U2, 5A, XM.
CODE_OF_GROUP = re.compile(r"[A-Z]\d|\d[A-Z]|XM")
GROUP_WORDS = frozenset(
    words(
        "world asia africa america americas europe oceania caribbean countries "
        "economies states developing developed oecd opec union zone g7 g20 "
        "welt weltweit monde mundo mundial mondo wereld euroraum eurogebiet zona "
        "afrika afrique asien asie amerika europa l\u00e4nder pays pa\u00edses "
        "schwellenl\u00e4nder entwicklungsl\u00e4nder industriel\u00e4nder \u4e16\u754c"
    )
)
FEDERATIONS = ("US", "CA", "AU", "BR", "DE", "IN", "MX", "CH", "AT", "ES", "IT", "CN")
# Eurostat's own codes, and the usual one for the United Kingdom.
CODES_OF_EUROSTAT = {"EL": "GRC", "UK": "GBR"}
WHOLE_WORDS = frozenset({"total", "national", "nation", "country", "unitedstates"})
EUROPEAN_GROUP = re.compile(r"(EA|EU)(\d\d)?(_\d{4})?|E[AU]_V", re.I)
AGGREGATE_WORDS = frozenset(
    words(
        "oecd income ida ibrd hipc eurozone eurasia advanced emerging asean brics g7 "
        "g20 dividend mena cis visegrad baltics benelux maghreb mercosur nafta apec "
        "efta eea cee latam emea apac"
    )
)
