"""One code for each country, whatever the user or a source calls it.

Names and codes are resolved here; everywhere else a country is its ISO 3166-1 alpha-3
code. The look-up is exact except for case, accents, spaces and punctuation: near names
are suggested but never taken, because a wrong country is worse than none. Aggregates
such as the euro area, ambiguous names and dissolved countries are known by name, so
that they can be refused with a reason.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import pycountry

from econnet.core.errors import UsageError
from econnet.core.text import quoted


@dataclass(frozen=True, order=True)
class Country:
    """A country by its ISO 3166-1 codes and its name in plain English."""

    alpha3: str
    alpha2: str
    name: str


class Dissolved(NamedTuple):
    """A dissolved country: its names, its last year and its successors."""

    names: tuple[str, ...]
    year: int
    successors: tuple[str, ...]


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
    if key in _aggregate_keys():
        raise UsageError(
            f"{quoted(name)} is an aggregate, not a country: name one of its "
            "countries, or bring its series in a file of your own with --data"
        )
    if key in _ambiguous():
        either = " or ".join(
            f"{by_alpha3(alpha3).name} ({alpha3})" for alpha3 in _ambiguous()[key]
        )
        raise UsageError(f"{quoted(name)} may be {either}: say which")
    if dissolved := _dissolved().get(key.removeprefix("former")):
        heirs = ", ".join(by_alpha3(alpha3).name for alpha3 in dissolved.successors)
        raise UsageError(
            f"{quoted(name)} has been no country since {dissolved.year}: name what "
            f"succeeded it, {heirs}"
        )
    alpha3 = _alpha3_by_key().get(key)
    if alpha3 is None:
        raise UsageError(f"no country is called {quoted(name)}: {_near(name)}")
    return by_alpha3(alpha3)


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


def _near(text: str) -> str:
    """Return which names are near, or how to find one."""
    if near := _near_codes(text.upper()):
        return f"nearest: {', '.join(near)}"
    names = {_key(country.name): country.name for country in _countries().values()}
    names |= {_key(alias): alias for alias in ALIASES}
    key = _key(text)[:MAX_NAME_LENGTH]
    near = [names[near] for near in get_close_matches(key, names, n=3, cutoff=0.6)]
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
    return frozenset(_key(name) for name in (*AGGREGATES, *GROUPS.split()))


@cache
def _ambiguous() -> Mapping[str, tuple[str, ...]]:
    return {_key(name): alpha3s for name, alpha3s in AMBIGUOUS.items()}


@cache
def _dissolved() -> Mapping[str, Dissolved]:
    return {_key(name): one for one in DISSOLVED for name in one.names}


MAX_NAME_LENGTH = 100  # beyond which nothing is near

# Plain English where ISO's own name has a comma or is not in use.
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

# Names in use that ISO does not have: the World Bank's, the Penn World Table's, others.
ALIASES: Mapping[str, str] = {
    "America": "USA",
    "Bahamas, The": "BHS",
    "Britain": "GBR",
    "Burma": "MMR",
    "Cape Verde": "CPV",
    "Ceylon": "LKA",
    "China, Hong Kong SAR": "HKG",
    "China, Macao SAR": "MAC",
    "Congo, Dem. Rep.": "COD",
    "Congo, Democratic Republic": "COD",
    "Congo, Rep.": "COG",
    "Curacao": "CUW",
    "Czech Republic": "CZE",
    "Dahomey": "BEN",
    "East Timor": "TLS",
    "Egypt, Arab Rep.": "EGY",
    "Gambia, The": "GMB",
    "Great Britain": "GBR",
    "Hong Kong SAR, China": "HKG",
    "Iran, Islamic Rep.": "IRN",
    "Ivory Coast": "CIV",
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
    "Rhodesia": "ZWE",
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
    "Upper Volta": "BFA",
    "U.K.": "GBR",
    "U.S.A.": "USA",
    "US": "USA",
    "Vatican": "VAT",
    "Venezuela, RB": "VEN",
    "Virgin Islands (U.S.)": "VIR",
    "West Bank and Gaza": "PSE",
    "Yemen, Rep.": "YEM",
    "Zaire": "COD",
}

# Names shared by two countries; ISO's `Congo` is the smaller one.
AMBIGUOUS: Mapping[str, tuple[str, ...]] = {
    "Congo": ("COD", "COG"),
    "Guiana": ("GUF", "GUY"),
    "Korea": ("KOR", "PRK"),
    "Saint Martin": ("MAF", "SXM"),
    "St. Martin": ("MAF", "SXM"),
    "Virgin Islands": ("VGB", "VIR"),
}

# By their names and codes in older data (ISO 3166-3).
DISSOLVED: tuple[Dissolved, ...] = (
    Dissolved(("Czechoslovakia", "CSK"), 1992, ("CZE", "SVK")),
    Dissolved(
        ("East Germany", "GDR", "German Democratic Republic", "DDR", "DD"),
        1990,
        ("DEU",),
    ),
    Dissolved(("Netherlands Antilles", "ANT", "AN"), 2010, ("BES", "CUW", "SXM")),
    Dissolved(("North Yemen", "Yemen Arab Republic"), 1990, ("YEM",)),
    Dissolved(("Serbia and Montenegro", "SCG"), 2006, ("MNE", "SRB")),
    Dissolved(("South Vietnam", "Republic of Vietnam"), 1976, ("VNM",)),
    Dissolved(("South Yemen", "Democratic Yemen", "YMD", "YD"), 1990, ("YEM",)),
    Dissolved(
        (
            "Soviet Union",
            "Union of Soviet Socialist Republics",
            "USSR",
            "SUN",
            "SU",
        ),
        1991,
        (
            "ARM",
            "AZE",
            "BLR",
            "EST",
            "GEO",
            "KAZ",
            "KGZ",
            "LTU",
            "LVA",
            "MDA",
            "RUS",
            "TJK",
            "TKM",
            "UKR",
            "UZB",
        ),
    ),
    Dissolved(
        ("Yugoslavia", "YUG", "YU"),
        1992,
        ("BIH", "HRV", "MKD", "MNE", "SRB", "SVN", "XKX"),
    ),
)

AGGREGATES: tuple[str, ...] = (
    "Africa",
    "Arab World",
    "ASEAN",
    "Asia",
    "Asia Pacific",
    "BRICS",
    "Central Europe and the Baltics",
    "EA19",
    "EA20",
    "EA21",
    "East Asia & Pacific",
    "Emerging markets",
    "EU",
    "EU27",
    "EU28",
    "Euro area",
    "Europe",
    "Europe & Central Asia",
    "European Union",
    "Eurozone",
    "G20",
    "G7",
    "High income",
    "Latin America",
    "Latin America & Caribbean",
    "Low income",
    "Lower middle income",
    "Middle East & North Africa",
    "Middle income",
    "Nordic countries",
    "North America",
    "Oceania",
    "OECD",
    "OECD members",
    "Scandinavia",
    "South America",
    "South Asia",
    "Sub-Saharan Africa",
    "Upper middle income",
    "World",
)

# The World Bank's own codes for groups of countries.
GROUPS = (
    "AFE AFW ARB CEB CSS EAP EAR EAS ECA ECS EMU EUU FCS HIC HPC IBD IBT IDA IDB IDX "
    "INX LAC LCN LDC LIC LMC LMY LTE MEA MIC MNA NAC OED OSS PRE PSS PST SAS SSA SSF "
    "SST TEA TEC TLA TMN TSA TSS UMC WLD"
)
