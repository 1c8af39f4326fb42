"""Professional forecasts as a baseline: their own probabilities, without econnet.

A forecast of the probability is used unchanged. From a forecast of growth, the
probability is that of a logit on this forecast alone, fitted to the training rows. The
log-odds of several columns are averaged. Where there is no forecast, the baseline is
the share of contractions in the training rows.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from econnet.core.log_odds import log_odds, probability
from econnet.core.types import Floats
from econnet.data.features.professionals import GROWTH, PROBABILITY
from econnet.models.windows import Window
from econnet.runtime.blas import one_blas_thread


def professional(windows: Sequence[Window]) -> list[Floats]:
    """Forecast what the professionals in the data forecast."""
    with one_blas_thread():
        return [_of_window(window) for window in windows]


def _of_window(window: Window) -> Floats:
    """Return the mean forecast of the rows ahead, in probabilities."""
    share = float(window.y_train.mean())
    by_column = [
        window.raw_ahead[:, place]
        if column.measures == PROBABILITY
        else _from_growth(window, place)
        for place, column in enumerate(window.features.columns)
        if column.measures in (PROBABILITY, GROWTH)
    ]
    given = np.stack(by_column)
    n = (~np.isnan(given)).sum(axis=0)
    mean = np.nansum(given, axis=0) / np.maximum(n, 1)
    return probability(np.where(n > 0, mean, log_odds(share)))


def _from_growth(window: Window, place: int) -> Floats:
    """Return log-odds from a column of growth forecasts; missing without a forecast."""
    growth, y = window.raw_train[:, place], window.y_train
    ahead = window.raw_ahead[:, place]
    known, given = ~np.isnan(growth), ~np.isnan(ahead)
    result = np.full(len(ahead), np.nan)
    if given.any() and len(np.unique(y[known])) == 2:
        low, high = np.percentile(growth[known], (1, 99))
        scale = growth[known].std() or 1.0
        logit = LogisticRegression(C=1.0).fit(
            np.clip(growth[known], low, high)[:, None] / scale, y[known]
        )
        inside = np.clip(ahead[given], low, high)[:, None] / scale
        result[given] = logit.decision_function(inside)
    return result
