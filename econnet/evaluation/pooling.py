"""Several models' forecasts made into one.

Unlike models err in unlike ways, and their mean errs less than most of them. `equal` is
the plain mean that a user could have had for nothing. `weighted` is econnet's own: it
averages log-odds, which lets a model that is sure count for more than one that is not,
with weights that lean on what each window knows of the forecasts before it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from econnet.evaluation.walkforward import Model, Window
from econnet.features import Floats

# Means of log-odds are too timid, since no model knows what the others know: they are
# stretched. See docs/methodology.md for the trials.
STRETCH = 1.1
# The share of the first model before any forecast has been judged, and how much
# evidence, in nats at half the way, outweighs it.
PRIOR_SHARE = 0.55
PRIOR_PRECISION = 100.0
SHARES = np.linspace(0.1, 0.95, 35)


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


def weighted(first: Model, second: Model) -> Model:
    """Return the model that averages the log-odds of two, the first having `share`."""

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        ours, theirs = (
            [log_odds(said) for said in model(windows)] for model in (first, second)
        )
        return [
            probability(mixed(ours[number], theirs[number], share))
            for number, share in enumerate(shares(windows, ours, theirs))
        ]

    return forecast


def shares(
    windows: Sequence[Window], ours: Sequence[Floats], theirs: Sequence[Floats]
) -> list[float]:
    """Return the first model's share for each window, from forecasts before it.

    Parameters
    ----------
    ours, theirs
        Log-odds of the rows ahead of each window, from the first and second model.
    """
    rows = [window.ahead for window in windows]
    return [
        share_at(
            window,
            *(
                np.concatenate([np.empty(0, dtype=kind), *parts[:number]])
                for kind, parts in ((np.int64, rows), (float, ours), (float, theirs))
            ),
        )
        for number, window in enumerate(windows)
    ]


def share_at(window: Window, rows: np.ndarray, ours: Floats, theirs: Floats) -> float:
    """Return the first model's share as the window's origin knows it.

    That which makes the forecasts of `rows` whose outcome was known on the window's
    last day likeliest, drawn to `PRIOR_SHARE`.
    """
    outcome = window.features.y[rows]
    known = ~np.isnan(outcome)
    if not known.any():
        return PRIOR_SHARE
    said = mixed(ours[known], theirs[known], SHARES[:, None])
    costs = np.logaddexp(0.0, said) - outcome[known] * said
    evidence = costs.sum(axis=1) / window.design_effect
    prior = PRIOR_PRECISION / 2 * (SHARES - PRIOR_SHARE) ** 2
    return float(SHARES[np.argmin(evidence + prior)])


def mixed(ours: Floats, theirs: Floats, share: float | Floats) -> Floats:
    """Return the log-odds of the two models' mean, the first having this share."""
    mean: Floats = STRETCH * (share * ours + (1 - share) * theirs)
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
