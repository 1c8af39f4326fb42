"""Several models' forecasts made into one.

Unlike models err in unlike ways, and their mean errs less than most of them. `equal` is
the plain mean that a user could have had for nothing. `weighted` is econnet's own: it
averages log-odds, which lets a model that is sure count for more than one that is not,
with weights that lean on what each window knows of the forecasts before it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from econnet.evaluation.walkforward import Model, Rows, Window
from econnet.features import Floats
from econnet.runtime.blas import one_blas_thread

# Means of log-odds are too timid, since no model knows what the others know: they are
# stretched. See docs/methodology.md for the trials.
STRETCH = 1.1
# How much evidence, in nats at half the way from one weight to another, outweighs the
# weights that models have before any of their forecasts was judged.
PRIOR_PRECISION = 100.0
# What the first model's weight never falls below.
LEAST_OF_FIRST = 0.1


class Once:
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
        return [np.mean(said, axis=0) for said in zip(*parts, strict=True)]

    return forecast


def weighted(models: Sequence[Model], prior: Floats) -> Model:
    """Return the model that averages the models' log-odds, with weights that it learns.

    Parameters
    ----------
    prior : array (models,)
        The weights before any forecast was judged; their sum is 1.
    """

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        return mixtures(windows, [model(windows) for model in models], prior)

    return forecast


def mixtures(
    windows: Sequence[Window], forecasts: Sequence[Sequence[Floats]], prior: Floats
) -> list[Floats]:
    """Return the probabilities of the mean, window by window.

    Parameters
    ----------
    forecasts
        Of each model, the probabilities of the rows ahead of each window, behind which
        there may be further rows.
    """
    said = [log_odds(np.stack(of)) for of in zip(*forecasts, strict=True)]
    return [
        probability(mixed(odds, own))
        for odds, own in zip(said, weights(windows, said, prior), strict=True)
    ]


def weights(
    windows: Sequence[Window], said: Sequence[Floats], prior: Floats
) -> list[Floats]:
    """Return the models' weights in each window, from the forecasts before it.

    Parameters
    ----------
    said : arrays (models, rows)
        Log-odds of the rows ahead of each window.
    """
    rows = [window.ahead for window in windows]
    own = [odds[:, : len(ahead)] for odds, ahead in zip(said, rows, strict=True)]
    nothing = np.empty((len(prior), 0))
    return [
        weights_at(
            window,
            np.concatenate([np.empty(0, np.int64), *rows[:number]]),
            np.concatenate([nothing, *own[:number]], axis=1),
            prior,
        )
        for number, window in enumerate(windows)
    ]


def weights_at(window: Window, rows: Rows, said: Floats, prior: Floats) -> Floats:
    """Return the models' weights as the window's origin knows them.

    Those which make the forecasts of `rows` whose outcome was known on the window's
    last day likeliest, drawn to `prior`.

    Parameters
    ----------
    said : array (models, rows)
        Log-odds.
    """
    outcome = window.features.y[rows]
    known = ~np.isnan(outcome)
    if not known.any():
        return prior
    odds, came = said[:, known], outcome[known]

    def cost(tried: Floats) -> tuple[float, Floats]:
        mean, off = mixed(odds, tried), tried - prior
        evidence = (np.logaddexp(0.0, mean) - came * mean).sum() / window.design_effect
        slope = STRETCH * (odds @ (probability(mean) - came)) / window.design_effect
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


def mixed(said: Floats, own: Floats) -> Floats:
    """Return the log-odds of the mean of the models, (rows,).

    Parameters
    ----------
    said : array (models, rows)
        Log-odds.
    own : array (models,)
        The models' weights.
    """
    # Not a matrix product: that gives a row other bits beside other rows.
    mean: Floats = STRETCH * (own[:, None] * said).sum(axis=0)
    return mean


def log_odds(probability: Floats) -> Floats:
    """Return the log-odds of probabilities, those beyond one in 10,000 held there."""
    held = np.clip(probability, 1e-4, 1 - 1e-4)
    odds: Floats = np.log(held / (1 - held))
    return odds


def probability(odds: Floats) -> Floats:
    """Return the probabilities of log-odds."""
    made: Floats = 1 / (1 + np.exp(-odds))
    return made
