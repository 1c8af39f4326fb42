"""Combination of several models' forecasts into one.

Different models make different errors, and their mean errs less than most of them.
`equal` is the mean of probabilities. `weighted`, which econnet uses, is a logarithmic
opinion pool: it averages log-odds, so that a confident model counts for more, with
weights estimated in each window from the forecasts before it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from econnet.core.log_odds import log_odds, probability
from econnet.core.types import Floats
from econnet.models.windows import Model, Rows, Window
from econnet.runtime.blas import one_blas_thread

# A mean of log-odds is too cautious, since no model has all the information of the
# others: it is extremized. See docs/methodology.md for the trials.
EXTREMIZE = 1.1
# How much evidence, in nats at half the way from one weight to another, outweighs the
# weights that models have before any of their forecasts was judged.
PRIOR_PRECISION = 100.0
# What the first model's weight never falls below.
LEAST_OF_FIRST = 0.1


class Memoized:
    """A model that forecasts the same windows once, however many ask for it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._windows: Sequence[Window] | None = None
        self._forecasts: list[Floats] = []

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the forecasts, which nobody may change."""
        if windows is not self._windows:
            self._forecasts = self._model(windows)
            self._windows = windows
        return self._forecasts


def equal(models: Mapping[str, Model]) -> Model:
    """Return the model that forecasts the mean of the models' probabilities."""

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        parts = [model(windows) for model in models.values()]
        return [np.mean(forecasts, axis=0) for forecasts in zip(*parts, strict=True)]

    return forecast


def weighted(models: Sequence[Model], prior: Floats) -> Model:
    """Return the model that averages the models' log-odds, with weights that it learns.

    Parameters
    ----------
    prior : array (models,)
        The weights before any forecast was judged; their sum is 1.
    """

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        return combine(windows, [model(windows) for model in models], prior)

    return forecast


def combine(
    windows: Sequence[Window], forecasts: Sequence[Sequence[Floats]], prior: Floats
) -> list[Floats]:
    """Return the probabilities of the mean, window by window.

    Parameters
    ----------
    forecasts
        Of each model, the probabilities of the rows ahead of each window, behind which
        there may be further rows.
    """
    stacked = [log_odds(np.stack(of)) for of in zip(*forecasts, strict=True)]
    return [
        probability(combine_log_odds(odds, of_window))
        for odds, of_window in zip(
            stacked, weights(windows, stacked, prior), strict=True
        )
    ]


def weights(
    windows: Sequence[Window], stacked: Sequence[Floats], prior: Floats
) -> list[Floats]:
    """Return the models' weights in each window, from the forecasts before it.

    Parameters
    ----------
    stacked : arrays (models, rows)
        Log-odds of the rows ahead of each window.
    """
    rows = [window.ahead for window in windows]
    ahead_only = [
        odds[:, : len(ahead)] for odds, ahead in zip(stacked, rows, strict=True)
    ]
    nothing = np.empty((len(prior), 0))
    return [
        estimate_weights(
            window,
            np.concatenate([np.empty(0, np.int64), *rows[:number]]),
            np.concatenate([nothing, *ahead_only[:number]], axis=1),
            prior,
        )
        for number, window in enumerate(windows)
    ]


def estimate_weights(
    window: Window, rows: Rows, forecasts: Floats, prior: Floats
) -> Floats:
    """Return the models' weights as the window's origin knows them.

    Those which make the forecasts of `rows` whose outcome was known on the window's
    last day likeliest, drawn to `prior`.

    Parameters
    ----------
    forecasts : array (models, rows)
        Log-odds.
    """
    outcome = window.features.y[rows]
    known = ~np.isnan(outcome)
    if not known.any():
        return prior
    odds, outcomes = forecasts[:, known], outcome[known]

    def cost(tried: Floats) -> tuple[float, Floats]:
        mean, off = combine_log_odds(odds, tried), tried - prior
        evidence = (
            np.logaddexp(0.0, mean) - outcomes * mean
        ).sum() / window.design_effect
        slope = (
            EXTREMIZE * (odds @ (probability(mean) - outcomes)) / window.design_effect
        )
        return (
            float(evidence + PRIOR_PRECISION / 2 * off @ off),
            slope + PRIOR_PRECISION * off,
        )

    # On other numbers of threads, products and the solver have other bits.
    with one_blas_thread():
        found: Floats = minimize(
            cost,
            prior,
            jac=True,
            method="SLSQP",
            bounds=[(LEAST_OF_FIRST, 1.0), *[(0.0, 1.0)] * (len(prior) - 1)],
            constraints={
                "type": "eq",
                "fun": lambda tried: tried.sum() - 1,
                "jac": np.ones_like,
            },
            options={"ftol": 1e-9},
        ).x
    return found


def combine_log_odds(odds: Floats, model_weights: Floats) -> Floats:
    """Return the log-odds of the mean of the models, (rows,).

    Parameters
    ----------
    odds : array (models, rows)
        Log-odds.
    model_weights : array (models,)
        The models' weights.
    """
    # Not a matrix product: that gives a row other bits beside other rows.
    mean: Floats = EXTREMIZE * (model_weights[:, None] * odds).sum(axis=0)
    return mean
