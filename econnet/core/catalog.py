"""The catalog of indicators: title, unit, transform, and the series that measure it.

`catalog.toml` beside this module is the one place with the ids of the sources. A
publication lag is counted in days from the last day of a period to the day on which a
careful user could have had its first figure.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from econnet.core import plugins
from econnet.core.countries import Country
from econnet.core.periods import FREQUENCIES, Frequency
from econnet.core.sources import LIVE_SOURCES, SOURCES, SourcePlugin

Transform = Literal["growth", "log-difference", "difference", "level", "ratio"]

# What a ratio is a percentage of, by its denominator; other keys are words already.
PERCENT_OF = {"nominal_gdp": "GDP", "real_gdp": "GDP"}
ForecastKind = Literal["probability-forecast", "growth-forecast"]


@dataclass(frozen=True)
class SeriesTemplate:
    """The series of an indicator at one source.

    Parameters
    ----------
    source
        One of `core.sources.SOURCES`.
    frequency
        `A`, `Q` or `M`; weekly and daily series are averaged to months when fetched.
    id
        The source's own id, in which `{alpha2}` and `{alpha3}` stand for the country.
        `GS10-TB3MS` is the difference of two series, computed when fetched.
    publication_lag_days
        Days from the end of a period to its first figure.
    countries
        The alpha-3 codes of the countries covered; empty for all.
    rights
        What may be done with it, in the source's words.
    unit
        The unit of its values; the indicator's where the catalog names no other.
    discontinued
        Whether the source no longer updates it.
    bundled
        Whether it is only in the bundled snapshot and is not fetched.
    modelled
        Whether a model estimated it: used only where no measured series is current.
    averaged
        Whether the source has it weekly or daily, so that it is averaged to months.
    """

    source: str
    frequency: Frequency
    id: str
    publication_lag_days: int
    countries: tuple[str, ...]
    rights: str
    unit: str = ""
    discontinued: bool = False
    bundled: bool = False
    modelled: bool = False
    averaged: bool = False

    def check(self) -> None:
        """Raise `ValueError` if the frequency or the publication lag is impossible."""
        if self.frequency not in FREQUENCIES:
            raise ValueError(f"{self.id} has the frequency {self.frequency!r}")
        if not isinstance(self.publication_lag_days, int):
            raise ValueError(f"{self.id} has no publication lag in days")

    def covers(self, alpha3: str) -> bool:
        """Return whether the source has it for this country, as far as is known."""
        return not self.countries or alpha3 in self.countries

    def matches(self, series_id: str) -> bool:
        """Return whether this is the id of the series for some country."""
        return _pattern(self.id).fullmatch(series_id) is not None

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
    forecast
        What somebody else forecasts by it, in percent; `None` for a measurement. Its
        period is the one that is forecast.
    growth_over
        `period` or `year` if the values are rates of growth already, else empty.
    """

    key: str
    title: str
    unit: str
    group: str
    transform: Transform
    denominator: str | None
    measures: str
    series: tuple[SeriesTemplate, ...]
    forecast: ForecastKind | None = None
    growth_over: Literal["", "period", "year"] = ""

    @property
    def unit_of_change(self) -> str:
        """The unit of the transformed values: `change, percent` for growth."""
        match self.transform:
            case "growth" | "log-difference":
                return "change, percent"
            case "difference":
                # A percentage changes by points.
                percent = self.unit.startswith("percent")
                return f"change, {'percentage points' if percent else self.unit}"
            case "ratio":
                key = self.denominator or ""
                return f"percent of {PERCENT_OF.get(key, key.replace('_', ' '))}"
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

    def template_of(
        self, source: str, series_id: str, frequency: Frequency, alpha3: str
    ) -> SeriesTemplate | None:
        """Return the entry of a country's series.

        If the catalog does not have the id, as with one that it had in the past, this
        is the first entry of the source at this frequency; `None` if there is none.
        """
        same_kind = [
            template
            for template in self.series
            if (template.source, template.frequency) == (source, frequency)
        ]
        of_id = [template for template in same_kind if template.matches(series_id)]
        covering = [template for template in same_kind if template.covers(alpha3)]
        # Of two entries with one id, that for the country counts.
        of_both = [template for template in of_id if template.covers(alpha3)]
        return next(iter([*of_both, *of_id, *covering]), None)


@cache
def load() -> Mapping[str, Indicator]:
    """Return every indicator by its key, in the order of the catalog.

    Series of plugins come last in each indicator, and their indicators after all.
    """
    text = resources.files("econnet.core").joinpath("catalog.toml").read_text("utf-8")
    entries = tomllib.loads(text)
    indicators = {key: _indicator(key, entries[key]) for key in entries}
    for plugin in SOURCES.installed():
        source = SOURCES.get(plugin.name)
        if isinstance(source, SourcePlugin):
            try:
                indicators |= _added(indicators, plugin.name, source.catalog)
            except Exception as error:  # noqa: BLE001 - others' data may be anything
                plugins.leave_out(plugin, error)
    return MappingProxyType(indicators)


def _added(
    indicators: Mapping[str, Indicator], source: str, text: str
) -> dict[str, Indicator]:
    """Return the indicators that a plugin adds, and those to which it adds series."""
    added = {}
    for key, entry in tomllib.loads(text).items():
        if other := {series["source"] for series in entry["series"]} - {source}:
            raise ValueError(f"{key} has a series of {min(other)}, not of {source}")
        known = indicators.get(key)
        if known is None:
            if missing := {"title", "unit", "group", "transform"} - {*entry}:
                raise ValueError(f"{key} has no {min(missing)}")
            added[key] = _indicator(key, entry)
        else:
            series = tuple(
                _series(template, known.unit) for template in entry["series"]
            )
            added[key] = replace(known, series=(*known.series, *series))
        for template in added[key].series:
            template.check()
    return added


def fetched_from(source: str) -> list[tuple[Indicator, SeriesTemplate]]:
    """Return what is fetched from a source, in the order of the catalog."""
    return [
        (indicator, template)
        for indicator in load().values()
        for template in indicator.series
        if template.source == source and not template.bundled
    ]


def finest_live(indicator: str, alpha3: str) -> Frequency | None:
    """Return the finest frequency at which a live source has an indicator.

    This is what the catalog expects; `None` if it expects no live series.
    """
    found = {
        template.frequency
        for template in load()[indicator].series
        if _is_live(template.source)
        and not template.bundled
        and not template.discontinued
        and template.covers(alpha3)
    }
    return max(found, key=FREQUENCIES.index, default=None)


def _is_live(source: str) -> bool:
    return source in LIVE_SOURCES or isinstance(SOURCES.get(source), SourcePlugin)


def archived(series_id: str) -> str:
    """Return the id of the live series whose editions an archive keeps.

    Any other id is returned unchanged.

    >>> archived("archive/NY.GDP.MKTP.KD/DEU")
    'NY.GDP.MKTP.KD'
    """
    if not series_id.startswith(ARCHIVE):
        return series_id
    return series_id.removeprefix(ARCHIVE).rpartition("/")[0]


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
    pairs = []
    for template in indicator.series:
        minuend, subtrahend = map(recognise, template.id.partition("-")[::2])
        if minuend and subtrahend:
            pairs.append((minuend.key, subtrahend.key))
    return pairs


@cache
def _by_name() -> Mapping[str, Indicator]:
    indicators = load().values()
    names = [(indicator.key, indicator) for indicator in indicators]
    names += [(indicator.title, indicator) for indicator in indicators]
    names += [
        (template.id, indicator)
        for indicator in indicators
        for template in indicator.series
        if template.source in SOURCES_WITH_UNIQUE_IDS
        and template.id not in IDS_THAT_ARE_WORDS
        and "{" not in template.id
    ]
    # Of equal names the first counts.
    return {_folded(name): indicator for name, indicator in reversed(names)}


@cache
def _pattern(template_id: str) -> re.Pattern[str]:
    """Return the pattern of all ids of a template, itself included."""
    parts = map(re.escape, re.split(r"\{alpha[23]\}", template_id))
    return re.compile(r"(?:[A-Z]{2,3}|\{alpha[23]\})".join(parts))


def _folded(name: str) -> str:
    return re.sub(r"[\s_]+", "_", name.strip()).casefold()


def _indicator(key: str, entry: Mapping[str, Any]) -> Indicator:
    series = tuple(_series(template, entry["unit"]) for template in entry["series"])
    defaults = {"denominator": None, "measures": key}
    return Indicator(**{"key": key, **defaults, **entry, "series": series})


def _series(entry: Mapping[str, Any], unit: str) -> SeriesTemplate:
    defaults = {"rights": SOURCES[entry["source"]].rights, "unit": unit}
    countries = tuple(entry.get("countries", ()))
    return SeriesTemplate(**{**defaults, **entry, "countries": countries})


ARCHIVE = "archive/"

# The OECD's and the Penn World Table's ids are plain words, such as `gdp` and `pop`.
SOURCES_WITH_UNIQUE_IDS = frozenset({"fred", "fred-md", "worldbank"})
IDS_THAT_ARE_WORDS = frozenset({"CONSUMER", "CP", "INVEST", "PERMITS", "RPI"})
