"""The trend of a series of levels, and the periods in which it is below its trend.

The growth cycle is the other idea of a business cycle: not whether output falls, but
whether it is below trend. Levels have shape (periods,). As in `turning_points`, all of
them count as known, and a missing one splits the series in two.
"""

from collections.abc import Mapping

import numpy as np
import scipy  # whose parts load on use

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats
from econnet.data.cycle.growth import log_percent, runs


def below_hamilton_trend(levels: Floats, frequency: Frequency) -> Floats:
    """Return 1 where output is below what was expected two years before, else 0.

    Missing where there is no such expectation. It comes from a regression of the
    logarithm on its values over a year, the newest of them two years before.

    Notes
    -----
    J. D. Hamilton, "Why you should never use the Hodrick-Prescott filter", *Review of
    Economics and Statistics* 100 (2018), 831-843, equation 20: quarterly, 8 quarters
    ahead from 4 lags; likewise 24 months ahead from 12, and 2 years ahead from 1.
    """
    return _below(hamilton_cycle(levels, frequency))


def hamilton_cycle(levels: Floats, frequency: Frequency) -> Floats:
    """Return output's deviation from Hamilton's trend in percent, (periods,)."""
    logs = log_percent(levels)
    lags = PERIODS_A_YEAR[frequency]
    ahead = 2 * lags
    cycle = np.full(len(logs), np.nan)
    explained = logs[ahead + lags - 1 :]
    if np.isfinite(logs).sum() < MIN_YEARS * PERIODS_A_YEAR[frequency]:
        return cycle
    past = np.lib.stride_tricks.sliding_window_view(logs, lags)[: len(explained)]
    design = np.column_stack([np.ones(len(explained)), past])
    complete = np.isfinite(explained) & np.isfinite(past).all(axis=1)
    coefficients = np.linalg.lstsq(design[complete], explained[complete])[0]
    cycle[ahead + lags - 1 :] = explained - design @ coefficients
    return cycle


def below_hp_trend(levels: Floats, frequency: Frequency) -> Floats:
    """Return 1 where output is below its Hodrick-Prescott trend, else 0.

    Missing where there is no trend.

    Notes
    -----
    R. J. Hodrick and E. C. Prescott, "Postwar U.S. business cycles", *Journal of Money,
    Credit and Banking* 29 (1997), 1-16, with a smoothing parameter of 1,600; monthly
    129,600 and annually 6.25, after M. O. Ravn and H. Uhlig, "On adjusting the
    Hodrick-Prescott filter for the frequency of observations", *Review of Economics and
    Statistics* 84 (2002), 371-376.
    """
    return _below(hp_cycle(levels, frequency))


def hp_cycle(levels: Floats, frequency: Frequency) -> Floats:
    """Return output's deviation from its Hodrick-Prescott trend in percent."""
    logs = log_percent(levels)
    cycle = np.full(len(logs), np.nan)
    for run in runs(logs):
        values = logs[run]
        if len(values) >= MIN_YEARS * PERIODS_A_YEAR[frequency]:
            cycle[run] = values - _hp_trend(values, SMOOTHING[frequency])
    return cycle


def _hp_trend(values: Floats, smoothing: float) -> Floats:
    """Return the curve that minimises squared residuals plus penalised curvature.

    Its first-order condition, (I + smoothing D'D) trend = values with D the second
    differences, has five diagonals.
    """
    n = len(values)
    bands = np.zeros((3, n))
    for row, weights in ((0, (1,)), (1, (-2, -2)), (2, (1, 4, 1))):
        for offset, weight in enumerate(weights):
            start = 2 - row + offset
            bands[row, start : start + n - 2] += smoothing * weight
    bands[2] += 1
    trend: Floats = scipy.linalg.solveh_banded(bands, values)
    return trend


def _below(cycle: Floats) -> Floats:
    return np.where(np.isnan(cycle), np.nan, cycle < -ROUNDING)


SMOOTHING: Mapping[Frequency, float] = {"A": 6.25, "Q": 1600.0, "M": 129600.0}
# One unit in the last place of a six-digit level is at most this many percent.
ROUNDING = 1e-3
# No trend is estimated from fewer years.
MIN_YEARS = 10
