"""The user's own data, checked for a question before any model is trained on them.

A target that is not seasonally adjusted, and columns that reveal the future of the
label, would give a perfect track record. Columns are only removed, before the first
forecast, and the notices of the data list what was found.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from econnet.core.countries import Country
from econnet.core.errors import DataError, UsageError
from econnet.core.periods import FREQUENCIES, Frequency
from econnet.core.task import TaskRequest
from econnet.data import panel
from econnet.data.cycle import chronologies, labels
from econnet.data.cycle.labels import Label
from econnet.data.files import adjustment, guards
from econnet.data.files.guards import Season
from econnet.data.panel import Panel
from econnet.data.sources.observations import Dataset


def target_of(known: Dataset, request: TaskRequest) -> str:
    """Return the column that a request's target means.

    The default target is the file's real GDP, whatever it is called. Labels that come
    from elsewhere need a target only to show it.
    """
    if request.target in known.indicators or request.target != TaskRequest.target:
        return request.target
    if known.target:
        return known.target
    label = request.rule
    from_elsewhere = label in chronologies.load() or label.startswith("given:")
    if known.file is not None and from_elsewhere:
        column = request.rule.partition(":")[2]
        others = [name for name in known.indicators if name != column]
        return min(others, default=request.target)
    return request.target


def screened(
    known: Dataset, request: TaskRequest, countries: Sequence[Country]
) -> Dataset:
    """Return the user's data without what would give a wrong result.

    Raises
    ------
    DataError
        The target has a seasonal pattern that the label would take for contractions, or
        all its values became known on one day.
    """
    file = known.file
    if file is None:
        return known
    known = _with_aggregates(known, countries)
    request = replace(request, target=target_of(known, request))
    if request.target not in known.indicators:
        return known
    for name in (request.target, request.rule.partition(":")[2]):
        _check_known_at(known, name)
    frequency = request.frequency or _finest(known, request.target)
    if frequency is None:
        return known
    notices = list(known.notices)
    if file.adjust:
        known, lines = _adjusted(known, frequency)
        notices += lines
    values = panel.build(known.observations, frequency, None, known.indicators)
    if request.target in values.values:
        notices += _check_season(values, request, countries)
        notices += _moving_base(values, request.target, countries)
    kept = {
        request.target,
        request.rule.partition(":")[2],
        *(name for name, kind in file.kinds.items() if kind != "drop"),
    }
    leaks = _leaks(values, request, kept)
    notices += [
        f"{name} is left out: {reason}; --kind {name}=keep uses it"
        for name, reason in leaks.items()
    ]
    return replace(_without(known, leaks), notices=tuple(notices))


def _with_aggregates(known: Dataset, countries: Sequence[Country]) -> Dataset:
    """Return the data with the aggregates that the user asks about."""
    groups = known.aggregates
    asked = groups[groups["country"].isin([country.alpha3 for country in countries])]
    if asked.empty:
        return known
    keys = ["country", "indicator", "source", "series_id"]
    spans = asked.groupby(keys)["period"].agg(first_period="min", last_period="max")
    about = known.series.drop_duplicates(keys[1:]).drop(
        columns=["country", "first_period", "last_period"]
    )
    series = spans.reset_index().merge(about, on=keys[1:])[known.series.columns]
    return replace(
        known,
        observations=pd.concat([known.observations, asked], ignore_index=True),
        series=pd.concat([known.series, series], ignore_index=True),
        aggregates=groups.drop(asked.index),
    )


def _check_known_at(known: Dataset, column: str) -> None:
    """Raise `DataError` if a column has one `known_at`: no past forecast had data."""
    rows = known.observations[known.observations["indicator"] == column]
    # A missing date means the period's end plus its publication lag.
    days = rows["known_at"].drop_duplicates()
    if len(days) == 1 and days.notna().all() and len({*rows["period"]}) > 1:
        raise DataError(
            f"{known.source}: every value of {column} has the publication date "
            f"{days.iloc[0].date()}, so no earlier forecast can be tested: give each "
            "value its own publication date, or leave the dates out and use --lag"
        )


def _finest(known: Dataset, target: str) -> Frequency | None:
    """Return the finest frequency of a target; `None` if it has no value."""
    series = known.series[known.series["indicator"] == target]
    present = {str(frequency) for frequency in series["frequency"]}
    return next((each for each in reversed(FREQUENCIES) if each in present), None)


def _adjusted(known: Dataset, frequency: Frequency) -> tuple[Dataset, list[str]]:
    """Return the data with seasonal series adjusted, and what was adjusted."""
    assert known.file is not None  # noqa: S101 - the caller has checked
    method = known.file.adjust
    lines = []
    seasons = _seasons(known, frequency)
    if sums := [key for key, season in seasons.items() if season.cumulated]:
        single = adjustment.decumulate(known.observations, sums, frequency)
        known = replace(known, observations=single)
        lines.append(
            f"year-to-date sums converted to single periods: {_columns_of(sums)}"
        )
        seasons = _seasons(known, frequency)
    if method != "decumulate" and seasons:
        adjusted = adjustment.adjust(known.observations, [*seasons], frequency, method)
        known = replace(known, observations=adjusted)
        lines.append(
            f"seasonally adjusted by {method.upper()}, separately at each date: "
            f"{_columns_of([*seasons])}"
        )
    pattern = (
        "is a year-to-date sum" if method == "decumulate" else "has a seasonal pattern"
    )
    return known, lines or [f"no series {pattern}: --adjust {method} did nothing"]


def _seasons(known: Dataset, frequency: Frequency) -> dict[tuple[str, str], Season]:
    """Return the seasonal pattern of each series that has one."""
    values = panel.build(known.observations, frequency, None, known.indicators)
    return {
        (country, name): season
        for name in values.columns
        for country in values.countries
        if (season := _season(values, name, country))
    }


def _columns_of(series: Sequence[tuple[str, str]]) -> str:
    return ", ".join(dict.fromkeys(name for _, name in series))


def _season(values: Panel, name: str, country: str) -> Season | None:
    indicator = values.indicators[name]
    if values.values[name].isin([0.0, 1.0]).all():
        return None
    rows = values.rows_of_countries()[country]
    levels = values.values[name].iloc[rows].droplevel(0)
    growth = bool(indicator.growth_over) or indicator.transform == "level"
    return guards.season(levels, values.frequency, growth=growth)


def _check_season(
    values: Panel, request: TaskRequest, countries: Sequence[Country]
) -> list[str]:
    """Raise `DataError` if the seasons would be taken for contractions."""
    if request.rule in chronologies.load() or request.rule.startswith("given:"):
        return []
    for country in countries:
        if country.alpha3 not in values.countries:
            continue
        season = _season(values, request.target, country.alpha3)
        if season is None:
            continue
        what = _in_words(request.target, country, season)
        if season.cumulated and request.rule == "year-on-year":
            raise DataError(
                f"{what}, and year-on-year would compare averages of the periods since "
                "then: use --adjust decumulate, which computes the values of single "
                "periods"
            )
        if season.cumulated:
            raise DataError(
                f"{what}: use --adjust decumulate, which computes the values of single "
                "periods (with --label year-on-year if they are not seasonally "
                "adjusted), or --adjust stl, which also adjusts them"
            )
        if request.rule == "year-on-year":
            return [f"{what}; the label year-on-year allows for that"]
        raise DataError(
            f"{what}: use --label year-on-year, which compares with the year before, "
            "or --adjust stl"
        )
    return []


def _moving_base(values: Panel, target: str, countries: Sequence[Country]) -> list[str]:
    """Return a line for each country whose index seems to be relative to the past."""
    if values.indicators[target].transform == "level":
        return []
    return [
        f"{target} of {country.name} stays near 100: if 100 is the previous period or "
        f"year, subtract 100 and use --kind {target}=growth"
        for country in countries
        if country.alpha3 in values.countries
        and guards.stays_near_hundred(
            values.values[target].iloc[values.rows_of_countries()[country.alpha3]]
        )
    ]


def _in_words(target: str, country: Country, season: Season) -> str:
    if season.cumulated:
        return f"{target} of {country.name} is a year-to-date sum"
    if season.falls_in:
        return (
            f"{target} of {country.name} falls in every {season.falls_in} and rarely "
            "in any other, so it is not seasonally adjusted"
        )
    return (
        f"{target} of {country.name} is not seasonally adjusted: the time of year "
        f"explains {season.share:.0%} of its changes"
    )


def _leaks(values: Panel, request: TaskRequest, kept: set[str]) -> dict[str, str]:
    """Return the columns that reveal the future of the label, and how."""
    others = [name for name in values.columns if name not in kept]
    if not others:
        return {}
    found = {
        name: "it counts down to an event and so reveals its date"
        for name in others
        if guards.counts_down(_rows(values, name))
    }
    label = _label(values, request)
    if label is None:
        return found
    for name in others:
        column = values.values[name]
        if name not in found and (
            reason := guards.leak(column, label.values, values.frequency)
        ):
            found[name] = reason
    return found


def _label(values: Panel, request: TaskRequest) -> Label | None:
    """Return the label of a request; `None` if it does not exist for these data."""
    try:
        return labels.apply(values, request.rule, request.target)
    except (DataError, UsageError):
        return None  # the question itself will name the reason


def _rows(values: Panel, name: str) -> pd.DataFrame:
    column = values.values[name].dropna()
    areas = column.index.get_level_values(0)
    return pd.DataFrame({"area": areas, "value": column.to_numpy()})


def _without(known: Dataset, columns: dict[str, str]) -> Dataset:
    """Return the data without some columns."""
    if not columns:
        return known
    observations, series = (
        rows[~rows["indicator"].isin([*columns])].reset_index(drop=True)
        for rows in (known.observations, known.series)
    )
    indicators = {
        name: each for name, each in known.indicators.items() if name not in columns
    }
    return replace(
        known, observations=observations, series=series, indicators=indicators
    )
