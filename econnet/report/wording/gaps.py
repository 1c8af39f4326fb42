"""Periods of which a series has no value, although it has later ones."""

from collections.abc import Iterator
from itertools import pairwise

import pandas as pd

from econnet.core.periods import (
    FREQUENCY_OF_ALIAS,
    NOUN,
    PANDAS_ALIAS,
    PERIODS_A_YEAR,
)
from econnet.forecast.result import Forecast, SeriesUsed
from econnet.report.wording.formatting import in_a_row, period_text


def missing_periods(forecast: Forecast) -> list[str]:
    """Return a sentence for each recent period without a value of some series.

    The newest come first.
    """
    titles: dict[pd.Period, list[str]] = {}
    for series in forecast.data.series:
        for period in _gaps(series):
            titles.setdefault(period, []).append(series.title)
    newest = sorted(titles, key=lambda it: it.end_time, reverse=True)[:MAX_PERIODS]
    return [
        f"There is no value for {period_text(period)} of {_named(titles[period])}; "
        f"the next change is computed from the {_noun(period)} before it."
        for period in newest
    ]


def _gaps(series: SeriesUsed) -> Iterator[pd.Period]:
    """Yield each single period of the last years that is missing between two values."""
    alias = PANDAS_ALIAS[series.frequency]
    periods = [pd.Period(text, alias) for text in series.recent_periods]
    length = YEARS * PERIODS_A_YEAR[series.frequency]
    for before, after in pairwise(periods):
        if (after - before).n == 2 and (periods[-1] - after).n < length:
            yield before + 1


def _noun(period: pd.Period) -> str:
    return NOUN[FREQUENCY_OF_ALIAS[period.freqstr[0]]]


def _named(titles: list[str]) -> str:
    """Return the first titles, and how many more there are."""
    if len(titles) <= MAX_TITLES:
        return in_a_row(titles)
    more = len(titles) - MAX_TITLES + 1
    return in_a_row([*titles[: MAX_TITLES - 1], f"{more} other series"])


YEARS = 3
MAX_PERIODS = 3
MAX_TITLES = 5
