"""Which column of a file is meant where the user names no target."""

from collections.abc import Mapping, Sequence

from econnet.core import catalog
from econnet.data.files.column_names import words
from econnet.data.files.kinds import GROWING, Kind, words_of

OUTPUT = "real_gdp"


def is_real_gdp(name: str) -> bool:
    """Return whether a name is that of real GDP in levels.

    >>> is_real_gdp("GDPC1"), is_real_gdp("rgdpna"), is_real_gdp("gdp")
    (True, True, False)
    """
    known = catalog.recognise(name)
    if known is not None:
        return known.key == OUTPUT
    return name.strip().casefold() in REAL_GDP


def default_target(kinds: Mapping[str, Kind], columns: Sequence[str]) -> str:
    """Return the column that the default target means; empty for none.

    `columns` are in the order of the file. Real GDP comes first, then its growth, other
    output, the only series, and industrial production.
    """
    if OUTPUT in kinds:
        return OUTPUT
    growing = [name for name in columns if kinds[name] in {*GROWING, "log"}]
    growth = [name for name in columns if kinds[name] in {"growth", "balance"}]
    choices = (
        [name for name in growing if is_real_gdp(name)],
        [name for name in growing if _is_output(name) and not _is_nominal(name)],
        [name for name in growth if _is_growth(name) and not is_over_a_year(name)],
        [name for name in growth if _is_growth(name)],
        [name for name in growing if _is_output(name)],
        columns if len(columns) == 1 else [],
        [name for name in growing if _measures(name) == "industrial_production"],
    )
    return next((found[0] for found in choices if found), "")


def is_over_a_year(text: str) -> bool:
    """Return whether a rate of growth is over a year, by its name or unit."""
    found = words_of(text)
    joined = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    return bool(found & OVER_A_YEAR) or any(phrase in joined for phrase in YEAR_PHRASES)


def _is_output(name: str) -> bool:
    return bool(words_of(name) & OUTPUT_WORDS)


def _is_nominal(name: str) -> bool:
    return bool(words_of(name) & {"nominal", "current", "deflator", "debt", "share"})


def _is_growth(name: str) -> bool:
    found = words_of(name)
    known = name.strip().casefold() in GDP_GROWTH
    return known or bool(found & (OUTPUT_WORDS | {"qgdp"}))


def _measures(name: str) -> str:
    known = catalog.recognise(name)
    return known.measures if known else ""


REAL_GDP = frozenset(
    words(
        "rgdpna rgdpo rgdpe rgdpmad rgdp realgdp gdp_real real_gdp_growth ngdp_r "
        "ny.gdp.mktp.kn ngdprsaxdcusq routput naexkp01 gdprc"
    )
) - {"real_gdp_growth"}
GDP_GROWTH = frozenset(
    ["a191rl1q225sbea", "a191ro1q156nbea", "ngdp_rpch", "ny.gdp.mktp.kd.zg"]
)
OUTPUT_WORDS = frozenset(
    words("gdp bip pib bbp bnp rgdp output pil b1gq bruttoinlandsprodukt")
)
OVER_A_YEAR = frozenset(words("yoy chgpy pcpy yty yoyg annual ytypct gpsa")) - {
    "annual"
}
YEAR_PHRASES = (
    "year on year",
    "over the year",
    "a year earlier",
    "same period of previous year",
    "year over year",
    "previous year",
    "year ago",
    "vorjahr",
)
