"""Which column of a file is meant where the user names no target."""

from collections.abc import Mapping, Sequence

from econnet.core import catalog
from econnet.data.files import vocabulary
from econnet.data.files.kinds import GROWING, Kind
from econnet.data.files.vocabulary import is_output, is_over_a_year, words_of

OUTPUT = "real_gdp"


def is_real_gdp(name: str) -> bool:
    """Return whether a name is that of real GDP in levels.

    >>> is_real_gdp("GDPC1"), is_real_gdp("rgdpna"), is_real_gdp("gdp")
    (True, True, False)
    """
    known = catalog.recognise(name)
    if known is not None:
        return known.key == OUTPUT
    return name.strip().casefold() in vocabulary.REAL_GDP


def default_target(kinds: Mapping[str, Kind], columns: Sequence[str]) -> str:
    """Return the column that the default target means; empty for none.

    `columns` are in the order of the file. Real GDP comes first, at the prices of its
    country before those that compare countries, then its growth, other output, the only
    series, and industrial production.
    """
    if OUTPUT in kinds:
        return OUTPUT
    growing = [name for name in columns if kinds[name] in {*GROWING, "log"}]
    growth = [name for name in columns if kinds[name] in {"growth", "balance"}]
    real = [name for name in growing if is_real_gdp(name)]
    choices = (
        [name for name in real if name.casefold() not in vocabulary.COMPARABLE_GDP],
        real,
        [name for name in growing if is_output(name) and _is_real(name)],
        [name for name in growing if is_output(name) and not _is_nominal(name)],
        [name for name in growth if _is_growth(name) and not is_over_a_year(name)],
        [name for name in growth if _is_growth(name)],
        [name for name in growing if is_output(name)],
        columns if len(columns) == 1 else [],
        [name for name in growing if _measures(name) == "industrial_production"],
    )
    return next((found[0] for found in choices if found), "")


def _is_real(name: str) -> bool:
    return bool(words_of(name) & vocabulary.REAL) and not _is_nominal(name)


def _is_nominal(name: str) -> bool:
    return bool(words_of(name) & vocabulary.NOMINAL)


def _is_growth(name: str) -> bool:
    """Return whether a name is that of the growth of output."""
    found = words_of(name)
    if name.strip().casefold() in vocabulary.GDP_GROWTH or "qgdp" in found:
        return True
    other = vocabulary.BALANCE | vocabulary.RATE | vocabulary.COMPARED
    return is_output(name) and bool(found & vocabulary.GROWTH or not found & other)


def _measures(name: str) -> str:
    known = catalog.recognise(name)
    return known.measures if known else ""
