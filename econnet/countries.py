"""One name for each country, whatever the user or a source calls it.

Names and codes are met here, at the door; behind it a country is its ISO 3166-1
alpha-3 code. Look-up is exact, but for case, accents, spaces and punctuation: near
names are suggested and never taken, for a wrong country is worse than none. Aggregates
such as the euro area are known by name, so that they can be refused with a reason.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

import pycountry

from econnet.errors import UsageError


@dataclass(frozen=True, order=True)
class Country:
    """A country by its ISO 3166-1 codes and its name in plain English."""

    alpha3: str
    alpha2: str
    name: str


def resolve(text: str) -> Country:
    """Return the country that `text` names: "Germany", "DE", "deu" or "Korea, Rep.".

    Raises
    ------
    UsageError
        The name is unknown, with the nearest names, or it is an aggregate's.

    Examples
    --------
    >>> resolve("Korea, Rep.").alpha3
    'KOR'
    """
    key = _key(text)
    if key in _aggregate_keys():
        raise UsageError(
            f"{text.strip()} is an aggregate, not a country: name one of its "
            "countries, or bring its series in a file of your own with --data"
        )
    alpha3 = _alpha3_by_key().get(key)
    if alpha3 is None:
        raise UsageError(f"no country is called {text.strip()!r}: {_near(text)}")
    return by_alpha3(alpha3)


def by_alpha3(alpha3: str) -> Country:
    """Return the country with this alpha-3 code; raise `KeyError` where none has it."""
    return _countries()[alpha3]


def is_country(alpha3: str) -> bool:
    """Return whether `alpha3` is the code of a country, and not of an aggregate."""
    return alpha3 in _countries()


def all_countries() -> list[Country]:
    """Return every country, in the order of its code."""
    return sorted(_countries().values())


def _key(text: str) -> str:
    """Return `text` in lower case without accents, spaces and punctuation."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    return "".join(character for character in bare if character.isalnum())


def _near(text: str) -> str:
    if near := _near_codes(text.strip().upper()):
        return f"nearest: {', '.join(near)}"
    names = {_key(country.name): country.name for country in _countries().values()}
    names |= {_key(alias): alias for alias in ALIASES}
    near = [names[key] for key in get_close_matches(_key(text), names, n=3, cutoff=0.6)]
    if near:
        return f"nearest: {', '.join(near)}"
    return "give a name or an ISO code; `econnet countries` lists them"


def _near_codes(text: str) -> list[str]:
    """Return the codes that differ from three letters in one of them, or in order."""
    if len(text) != 3 or not text.isalpha():
        return []
    near = [
        country
        for country in _countries().values()
        if sum(a != b for a, b in zip(text, country.alpha3, strict=True)) == 1
        or sorted(text) == sorted(country.alpha3)
    ]
    return [f"{country.alpha3} ({country.name})" for country in near[:3]]


@cache
def _countries() -> Mapping[str, Country]:
    countries = {
        entry.alpha_3: Country(
            entry.alpha_3,
            entry.alpha_2,
            PLAIN_NAMES.get(entry.alpha_3)
            or getattr(entry, "common_name", None)
            or entry.name,
        )
        for entry in pycountry.countries
    }
    countries["XKX"] = Country("XKX", "XK", "Kosovo")
    return MappingProxyType(countries)


@cache
def _alpha3_by_key() -> Mapping[str, str]:
    keys = {_key(alias): alpha3 for alias, alpha3 in ALIASES.items()}
    for entry in pycountry.countries:
        for field in ("name", "official_name", "common_name", "alpha_2", "alpha_3"):
            if text := getattr(entry, field, None):
                keys[_key(text)] = entry.alpha_3
    for country in _countries().values():
        keys[_key(country.name)] = keys[_key(country.alpha3)] = country.alpha3
        keys[_key(country.alpha2)] = country.alpha3
    return MappingProxyType(keys)


@cache
def _aggregate_keys() -> frozenset[str]:
    return frozenset(_key(name) for name in AGGREGATES)


# Plain English where ISO's own name has a comma or is nobody's.
PLAIN_NAMES: Mapping[str, str] = {
    "BHS": "The Bahamas",
    "BRN": "Brunei",
    "CIV": "Côte d'Ivoire",
    "COD": "DR Congo",
    "COG": "Republic of the Congo",
    "FLK": "Falkland Islands",
    "FSM": "Micronesia",
    "GMB": "The Gambia",
    "HKG": "Hong Kong",
    "KOR": "South Korea",
    "LAO": "Laos",
    "MAC": "Macao",
    "PRK": "North Korea",
    "PSE": "Palestine",
    "RUS": "Russia",
    "SXM": "Sint Maarten",
    "SYR": "Syria",
    "TUR": "Turkey",
    "VGB": "British Virgin Islands",
    "VIR": "US Virgin Islands",
}

# Names in use that ISO does not hold: the World Bank's, the Penn World Table's, others.
ALIASES: Mapping[str, str] = {
    "America": "USA",
    "Bahamas, The": "BHS",
    "Britain": "GBR",
    "Burma": "MMR",
    "Cape Verde": "CPV",
    "China, Hong Kong SAR": "HKG",
    "China, Macao SAR": "MAC",
    "Congo, Dem. Rep.": "COD",
    "Congo, Democratic Republic": "COD",
    "Congo, Rep.": "COG",
    "Curacao": "CUW",
    "Czech Republic": "CZE",
    "East Timor": "TLS",
    "Egypt, Arab Rep.": "EGY",
    "Gambia, The": "GMB",
    "Great Britain": "GBR",
    "Hong Kong SAR, China": "HKG",
    "Iran, Islamic Rep.": "IRN",
    "Ivory Coast": "CIV",
    "Korea": "KOR",
    "Korea, Dem. People's Rep.": "PRK",
    "Korea, Rep.": "KOR",
    "Kyrgyz Republic": "KGZ",
    "Lao PDR": "LAO",
    "Lao People's DR": "LAO",
    "Macao SAR, China": "MAC",
    "Macedonia": "MKD",
    "Micronesia, Fed. Sts.": "FSM",
    "Puerto Rico (US)": "PRI",
    "Republic of Korea": "KOR",
    "Slovak Republic": "SVK",
    "Somalia, Fed. Rep.": "SOM",
    "St. Kitts and Nevis": "KNA",
    "St. Lucia": "LCA",
    "St. Martin (French part)": "MAF",
    "St. Vincent & Grenadines": "VCT",
    "St. Vincent and the Grenadines": "VCT",
    "State of Palestine": "PSE",
    "Swaziland": "SWZ",
    "The Netherlands": "NLD",
    "Türkiye": "TUR",
    "Turkiye": "TUR",
    "U.R. of Tanzania: Mainland": "TZA",
    "UK": "GBR",
    "U.K.": "GBR",
    "U.S.A.": "USA",
    "US": "USA",
    "Vatican": "VAT",
    "Venezuela, RB": "VEN",
    "Virgin Islands (U.S.)": "VIR",
    "West Bank and Gaza": "PSE",
    "Yemen, Rep.": "YEM",
}

AGGREGATES: tuple[str, ...] = (
    "Africa",
    "Arab World",
    "East Asia & Pacific",
    "EA19",
    "EA20",
    "EMU",
    "EU",
    "EU27",
    "EUU",
    "Euro area",
    "Eurozone",
    "Europe",
    "Europe & Central Asia",
    "European Union",
    "G7",
    "G20",
    "High income",
    "Latin America & Caribbean",
    "Low income",
    "Middle income",
    "Middle East & North Africa",
    "North America",
    "OECD",
    "OECD members",
    "South Asia",
    "Sub-Saharan Africa",
    "WLD",
    "World",
)
