"""Which countries are trained together.

Most countries have too few contractions to train a model on their data alone, so they
are pooled. A pool uses only the indicators that at least half of its countries have. A
country is trained alone by default (`auto`) if its own data are much richer than that
and long enough.

The choice depends on which series exist and since when, not on their values. It is made
once for all origins of a task, from the series that had begun by the date of its data.
"""

import pandas as pd

from econnet.core.countries import UNIONS, Country
from econnet.core.periods import FREQUENCIES
from econnet.core.task import Task
from econnet.data.cycle import chronologies
from econnet.data.sources.observations import Dataset

# The history that a country needs in order to be trained alone by default. Annual
# histories are too short: 60 years are 60 rows.
MIN_OWN_YEARS = 40
MIN_TIMES_AS_MANY_INDICATORS = 2


def learns_alone(
    country: Country, task: Task, known: Dataset, date: pd.Timestamp | None = None
) -> bool:
    """Return whether a country's data are not pooled with those of others.

    `date` is that of the data, by default the task's. A chronology has one economy. A
    union of countries is not pooled because it would count its members twice. With the
    pool `auto`, a country with quarterly or monthly data is not pooled if its target
    covers at least `MIN_OWN_YEARS` up to the date, and at least
    `MIN_TIMES_AS_MANY_INDICATORS` as many indicators cover half of that time as a pool
    would use.
    """
    if (
        task.pool == "own"
        or task.label in chronologies.load()
        or country.alpha3 in UNIONS
    ):
        return True
    if task.pool == "all" or task.frequency == "A":
        return False
    if date is None and task.as_of is not None:
        date = pd.Timestamp(task.as_of)
    return _has_rich_data(country, task, known, date)


def used_indicators(
    known: Dataset, country: Country, task: Task, *, alone: bool
) -> set[str]:
    """Return the target and the indicators that features are made of.

    They are the country's own if it is trained alone, else those that at least half of
    the pooled countries have.
    """
    series = _usable(known, task)
    if alone:
        series = series[series["country"] == country.alpha3]
    return {_subject(task), task.target, *_shared(series, task)}


def _has_rich_data(
    country: Country, task: Task, known: Dataset, date: pd.Timestamp | None
) -> bool:
    """Return whether a country's own data are long and much richer than the pool's."""
    series = _usable(known, task)
    own = series[series["country"] == country.alpha3]
    of_target = own[own["indicator"] == _subject(task)]
    if of_target.empty:
        return False
    start, end = _starts(of_target).min(), _ends(of_target).max()
    if date is not None:
        end = min(end, date)
        series = series[_starts(series) <= date]
    if end < start + pd.DateOffset(years=MIN_OWN_YEARS):
        return False
    long_enough = own[_starts(own) <= start + (end - start) / 2]
    n_shared = len(_shared(series, task))
    n_own = long_enough["indicator"].nunique()
    return bool(n_own >= MIN_TIMES_AS_MANY_INDICATORS * n_shared)


def _usable(known: Dataset, task: Task) -> pd.DataFrame:
    """Return the series that are measured at least as often as the task's periods."""
    usable = FREQUENCIES[FREQUENCIES.index(task.frequency) :]
    return known.series[known.series["frequency"].isin(usable)]


def _shared(series: pd.DataFrame, task: Task) -> set[str]:
    """Return the indicators that at least half of the countries have.

    Unions count only if there are no other countries.
    """
    subject = _subject(task)
    if not series["country"].isin(UNIONS).all():
        series = series[~series["country"].isin(UNIONS)]
    if (series["indicator"] == subject).any():
        having = series.loc[series["indicator"] == subject, "country"]
        series = series[series["country"].isin(having)]
    n_having = series.groupby("indicator", observed=True)["country"].nunique()
    half = series["country"].nunique() / 2
    return {*map(str, n_having.index[n_having >= half])}


def _subject(task: Task) -> str:
    """Return the indicator whose contractions are forecast."""
    is_given = task.label.startswith("given:")
    return task.label.removeprefix("given:") if is_given else task.target


def _starts(series: pd.DataFrame) -> pd.Series:
    return _boundary(series["first_period"], "start_time")


def _ends(series: pd.DataFrame) -> pd.Series:
    return _boundary(series["last_period"], "end_time")


def _boundary(periods: pd.Series, boundary: str) -> pd.Series:
    """Return when periods start or end, from their texts."""
    moments = {text: getattr(pd.Period(text), boundary) for text in periods.unique()}
    return periods.map(moments)
