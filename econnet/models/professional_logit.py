"""Professional forecasts as a partner of the networks, fitted where there are any.

Forecasts by others usually begin decades after the other data. This model learns from
the rows that have one. It is a logit on few features: the forecast of growth, its
revision, the figure of the previous period and the median of all countries. It takes
their values, not their ranks, because large falls matter most. A forecast of the
probability is used unchanged. Rows without a forecast get the probability of a logit on
all features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from econnet.core.log_odds import probability
from econnet.core.types import Floats
from econnet.data.features.professionals import PROBABILITY
from econnet.models.baselines import LEARNERS, FittedModel
from econnet.models.windows import Rows, Window
from econnet.runtime import workers
from econnet.runtime.blas import one_blas_thread


@dataclass(frozen=True, eq=False)
class GrowthLogit:
    """The log-odds from one column of growth forecasts and those derived from it.

    Parameters
    ----------
    columns
        Positions of the columns in the design matrix, the forecast first.
    low, high : arrays (columns,)
        Their 1st and 99th percentile, to which values are clipped.
    """

    columns: Rows
    low: Floats
    high: Floats
    logit: Pipeline

    @classmethod
    def fit(cls, window: Window, columns: Rows) -> "GrowthLogit | None":
        """Return the logit of the training rows with a forecast.

        It is `None` if they do not have both outcomes.
        """
        given = ~np.isnan(window.raw_train[:, columns[0]])
        y = window.y_train[given]
        if len(np.unique(y)) < 2:
            return None
        rows = window.raw_train[given]
        present = columns[~np.isnan(rows[:, columns]).all(axis=0)]
        low, high = np.nanpercentile(rows[:, present], (1, 99), axis=0)
        logit = make_pipeline(
            SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression()
        )
        logit.fit(np.clip(rows[:, present], low, high), y)
        return cls(present, low, high, logit)

    def log_odds(self, raw: Floats) -> Floats:
        """Return the log-odds of a contraction, NaN without a forecast, (rows,)."""
        values = raw[:, self.columns]
        z = self.logit.decision_function(np.clip(values, self.low, self.high))
        return np.where(np.isnan(values[:, 0]), np.nan, z)


@dataclass(frozen=True, eq=False)
class FittedProfessionals:
    """The professional forecasts as fitted to the training rows of a window.

    Parameters
    ----------
    probabilities
        Positions of the columns that are log-odds themselves.
    from_growth
        The logit of each column of growth forecasts.
    rest
        The model of rows without a forecast.
    """

    probabilities: Rows
    from_growth: tuple[GrowthLogit, ...]
    rest: FittedModel

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""
        with one_blas_thread():
            logits = [logit.log_odds(raw) for logit in self.from_growth]
        given = np.vstack([raw[:, self.probabilities].T, *logits])
        n = (~np.isnan(given)).sum(axis=0)
        mean = np.nansum(given, axis=0) / np.maximum(n, 1)
        return np.where(n > 0, probability(mean), self.rest.probability(raw, scaled))


class ProfessionalLogit:
    """The model that forecasts from professional forecasts, where there are any."""

    def learn(self, window: Window) -> FittedProfessionals:
        """Return the model fitted to the window's training rows."""
        features = window.features
        # The columns that are derived from a forecast follow it.
        places = features.professional
        first = [bool(features.columns[place].measures) for place in places]
        by_forecast = np.split(places, np.flatnonzero(first)[1:])
        of_growth = [
            columns
            for columns in by_forecast
            if features.columns[columns[0]].measures != PROBABILITY
        ]
        with one_blas_thread():
            logits = [GrowthLogit.fit(window, columns) for columns in of_growth]
        return FittedProfessionals(
            np.array(
                [p for p in places if features.columns[p].measures == PROBABILITY],
                dtype=np.int64,
            ),
            tuple(logit for logit in logits if logit is not None),
            LEARNERS["logit"].learn(window),
        )

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of the rows ahead of each window."""
        return workers.map_threads(
            lambda window: self.learn(window).probability(
                window.raw_to_forecast, window.inputs_to_forecast
            ),
            windows,
        )
