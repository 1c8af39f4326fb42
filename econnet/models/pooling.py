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
# The precision of the prior on the weights, in nats.
PRIOR_PRECISION = 100.0
# The lower bound of the first model's weight.
MIN_FIRST_WEIGHT = 0.1


class Memoized:
    """A model that forecasts the same windows once, however often it is called."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._windows: Sequence[Window] | None = None
        self._forecasts: list[Floats] = []

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the forecasts, which must not be modified."""
        if windows is not self._windows:
            self._forecasts = self._model(windows)
            self._windows = windows
        return self._forecasts


def equal(models: Mapping[str, Model]) -> Model:
    """Return the model that forecasts the mean of the models' probabilities."""

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        forecasts = [model(windows) for model in models.values()]
        return [np.mean(by_model, axis=0) for by_model in zip(*forecasts, strict=True)]

    return forecast


def weighted(models: Sequence[Model], prior: Floats) -> Model:
    """Return the model that averages the models' log-odds with estimated weights.

    `prior`, (models,), are the weights before any outcome is known; their sum is 1.
    """

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        return combine(windows, [model(windows) for model in models], prior)

    return forecast


def combine(
    windows: Sequence[Window], forecasts: Sequence[Sequence[Floats]], prior: Floats
) -> list[Floats]:
    """Return the combined probabilities of each window.

    `forecasts` are those of each model: the probabilities of the rows ahead of each
    window, which further rows may follow. From the window on in which a model fails,
    with a forecast that is not a number, it has no weight.
    """
    by_window = [
        log_odds(np.stack(by_model)) for by_model in zip(*forecasts, strict=True)
    ]
    return [
        probability(combine_log_odds(stacked[of_window > 0], of_window[of_window > 0]))
        for stacked, of_window in zip(
            by_window, weights(windows, by_window, prior), strict=True
        )
    ]


def weights(
    windows: Sequence[Window], by_window: Sequence[Floats], prior: Floats
) -> list[Floats]:
    """Return the models' weights in each window, estimated from the windows before it.

    `by_window` are log-odds of the rows ahead of each window, (models, rows). Models
    that failed in a window, or before it, have no weight.
    """
    lengths = [len(window.ahead) for window in windows]
    rows = np.concatenate([window.ahead for window in windows])
    forecasts = np.concatenate(
        [stacked[:, :n] for stacked, n in zip(by_window, lengths, strict=True)], axis=1
    )
    starts = np.cumsum([0, *lengths[:-1]])
    finite = [np.isfinite(stacked).all(axis=1) for stacked in by_window]
    estimates = []
    for window, start, works in zip(
        windows, starts, np.logical_and.accumulate(finite), strict=True
    ):
        estimate = np.zeros(len(prior))
        rest = prior if works.all() else prior[works] / prior[works].sum()
        estimate[works] = estimate_weights(
            window, rows[:start], forecasts[works, :start], rest
        )
        estimates.append(estimate)
    return estimates


def estimate_weights(
    window: Window, rows: Rows, forecasts: Floats, prior: Floats
) -> Floats:
    """Return the models' weights, estimated on the last day of the window's origin.

    They maximise the likelihood of those of `rows` whose outcome was known by then,
    shrunk to `prior`. `forecasts` are the models' log-odds for `rows`, (models, rows).
    """
    outcome = window.features.y[rows]
    known = ~np.isnan(outcome)
    if not known.any():
        return prior
    X, y = forecasts[:, known], outcome[known]

    def cost(w: Floats) -> tuple[float, Floats]:
        z, deviation = combine_log_odds(X, w), w - prior
        loss = (np.logaddexp(0.0, z) - y * z).sum() / window.design_effect
        gradient = EXTREMIZE * (X @ (probability(z) - y)) / window.design_effect
        return (
            float(loss + PRIOR_PRECISION / 2 * deviation @ deviation),
            gradient + PRIOR_PRECISION * deviation,
        )

    # The number of threads changes the rounding of products and of the solver.
    with one_blas_thread():
        estimate: Floats = minimize(
            cost,
            prior,
            jac=True,
            method="SLSQP",
            bounds=[(MIN_FIRST_WEIGHT, 1.0), *[(0.0, 1.0)] * (len(prior) - 1)],
            constraints={
                "type": "eq",
                "fun": lambda w: w.sum() - 1,
                "jac": np.ones_like,
            },
            options={"ftol": 1e-9},
        ).x
    return estimate


def combine_log_odds(by_model: Floats, model_weights: Floats) -> Floats:
    """Return the extremized weighted mean (rows,) of log-odds (models, rows)."""
    # Not a matrix product, in which the rounding of a row depends on the other rows.
    mean: Floats = EXTREMIZE * (model_weights[:, None] * by_model).sum(axis=0)
    return mean
