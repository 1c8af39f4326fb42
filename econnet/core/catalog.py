"""The catalog of indicators: title, unit, transform, and the series that measure it.

`catalog.toml` beside this module is the one place that knows the ids of the sources. A
publication lag is counted in days from the last day of a period to the day on which a
careful user could have had its first figure.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from econnet.core.countries import Country
from econnet.core.periods import Frequency

Transform = Literal["growth", "log-difference", "difference", "level", "ratio"]


@dataclass(frozen=True)
class SeriesTemplate:
    """The series of an indicator at one source.

    Parameters
    ----------
    source
        `worldbank`, `fred`, `oecd` or `pwt`.
    frequency
        `A`, `Q` or `M`; `W` and `D` are averaged to months on the way in.
    id
        The source's own id, in which `{alpha2}` and `{alpha3}` stand for the country;
        `GS10-TB3MS` is the difference of two, computed on the way in.
    publication_lag_days
        Days from the end of a period to its first figure.
    countries
        The alpha-3 codes that the source has it for; empty means any.
    rights
        What may be done with it, in the source's words.
    discontinued
        Whether the source has stopped updating it.
    """

    source: str
    frequency: Frequency
    id: str
    publication_lag_days: int
    countries: tuple[str, ...]
    rights: str
    discontinued: bool

    def covers(self, country: Country) -> bool:
        """Return whether the source has it for this country, as far as is known."""
        return not self.countries or country.alpha3 in self.countries

    def id_for(self, country: Country) -> str:
        """Return the source's id of this country's series."""
        return self.id.format(alpha2=country.alpha2, alpha3=country.alpha3)


@dataclass(frozen=True)
class Indicator:
    """A quantity that is measured in the same way in every country.

    Parameters
    ----------
    key
        The name in code, in files and on the command line: `real_gdp`.
    group
        The heading under which a report shows it: `output`, `trade`, ...
    transform
        The transform from levels to a feature; `ratio` divides by `denominator`.
    measures
        The catalog's key of what it measures, so that code can find the unemployment
        rate whatever its name; empty if unknown.
    """

    key: str
    title: str
    unit: str
    group: str
    transform: Transform
    denominator: str | None
    measures: str
    series: tuple[SeriesTemplate, ...]

    @property
    def unit_of_change(self) -> str:
        """The unit of the transformed values: `change, percent` for growth."""
        match self.transform:
            case "growth" | "log-difference":
                return "change, percent"
            case "difference":
                return f"change, {_points(self.unit)}"
            case "ratio":
                return "percent"
            case "level":
                return self.unit

    @property
    def unit_of_figure(self) -> str:
        """The unit in which people state it: a rate as a level."""
        return self.unit if self.transform == "difference" else self.unit_of_change

    def about(self) -> dict[str, str | list[str]]:
        """Return the entry for a list of indicators."""
        return {
            "indicator": self.key,
            "title": self.title,
            "unit": self.unit,
            "group": self.group,
            "transform": self.transform,
            "sources": sorted({template.source for template in self.series}),
        }

    def publication_lag_days(
        self, source: str, frequency: Frequency, alpha3: str
    ) -> int | None:
        """Return the lag of the series that `source` has for a country.

        `None` if the catalog has no such series.
        """
        lags = (
            template.publication_lag_days
            for template in self.series
            if (template.source, template.frequency) == (source, frequency)
            and (not template.countries or alpha3 in template.countries)
        )
        return next(lags, None)


def _points(unit: str) -> str:
    """Return the unit of a difference: a percentage changes by points."""
    return "percentage points" if unit.startswith("percent") else unit


@cache
def load() -> Mapping[str, Indicator]:
    """Return every indicator by its key, in the order of the catalog."""
    text = resources.files("econnet.core").joinpath("catalog.toml").read_text("utf-8")
    entries = tomllib.loads(text)
    return MappingProxyType({key: _indicator(key, entries[key]) for key in entries})


def search(words: str) -> list[Indicator]:
    """Return the indicators with all these words in key, title or group."""
    wanted = words.casefold().split()
    return [
        indicator
        for indicator in load().values()
        if all(
            word in f"{indicator.key} {indicator.title} {indicator.group}".casefold()
            for word in wanted
        )
    ]


def recognise(name: str) -> Indicator | None:
    """Return the indicator with this key, title or series id, ignoring case.

    `None` for other names.

    >>> recognise("unrate").key
    'unemployment'
    """
    return _by_name().get(_folded(name))


def differences(indicator: Indicator) -> list[tuple[str, str]]:
    """Return the pairs of indicators whose difference this indicator is.

    >>> differences(load()["term_spread"])
    [('ten_year_rate', 'three_month_rate')]
    """
    found = []
    for template in indicator.series:
        minuend, _, subtrahend = template.id.partition("-")
        parts = recognise(minuend), recognise(subtrahend)
        if parts[0] and parts[1]:
            found.append((parts[0].key, parts[1].key))
    return found


@cache
def _by_name() -> Mapping[str, Indicator]:
    everything = load().values()
    names = [(it.key, it) for it in everything]
    names += [(it.title, it) for it in everything]
    names += [
        (template.id, it)
        for it in everything
        for template in it.series
        if template.source in SOURCES_OF_TELLING_IDS
        and template.id not in IDS_THAT_ARE_WORDS
        and "{" not in template.id
    ]
    # Of equal names the first counts.
    return {_folded(name): it for name, it in reversed(names)}


def _folded(name: str) -> str:
    return re.sub(r"[\s_]+", "_", name.strip()).casefold()


def _indicator(key: str, entry: Mapping[str, Any]) -> Indicator:
    return Indicator(
        key=key,
        title=entry["title"],
        unit=entry["unit"],
        group=entry["group"],
        transform=entry["transform"],
        denominator=entry.get("denominator"),
        measures=key,
        series=tuple(_series(template) for template in entry["series"]),
    )


def _series(entry: Mapping[str, Any]) -> SeriesTemplate:
    return SeriesTemplate(
        source=entry["source"],
        frequency=entry["frequency"],
        id=entry["id"],
        publication_lag_days=entry["publication_lag_days"],
        countries=tuple(entry.get("countries", ())),
        rights=entry.get("rights", RIGHTS[entry["source"]]),
        discontinued=entry.get("discontinued", False),
    )


RIGHTS: Mapping[str, str] = {
    "fred": "public domain",
    "oecd": "CC BY 4.0",
    "pwt": "CC BY 4.0",
    "worldbank": "CC BY 4.0",
}

# The OECD's and the Penn World Table's ids are plain words, such as `gdp` and `pop`.
SOURCES_OF_TELLING_IDS = frozenset({"fred", "worldbank"})
IDS_THAT_ARE_WORDS = frozenset({"CONSUMER", "CP", "RPI"})
