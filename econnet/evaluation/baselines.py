"""What a user could have had for nothing.

A forecast is worth something only beside these. They get the same windows as econnet:
the same rows, features, winsorising, imputation, scaling and refits.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from econnet import compute
from econnet.evaluation import walkforward
from econnet.evaluation.walkforward import Model, Window
from econnet.features import Floats

# How many periods the common rate of contractions weighs in a country's own, and how
# many in the rate that follows a phase, which every country adds to.
PRIOR_OF_COUNTRY = 20
PRIOR_OF_PHASE = 2


def base_rate(windows: Sequence[Window]) -> list[Floats]:
    """Forecast each country's share of contractions so far, drawn to the common one."""
    return [
        _shares(window, window.features.countries, PRIOR_OF_COUNTRY)
        for window in windows
    ]


def persistence(windows: Sequence[Window]) -> list[Floats]:
    """Forecast how often the last known phase was followed by a contraction."""
    return [
        _shares(window, window.features.named("last known phase"), PRIOR_OF_PHASE)
        for window in windows
    ]


def _shares(window: Window, group: np.ndarray, prior: int) -> Floats:
    """Return the share of contractions in each row's group of training rows.

    It is drawn to the common share as if `prior` more rows had had that.
    """
    common = float(window.y_train.mean())
    ahead, learnt = group[window.ahead], group[window.train]
    shares = np.full(len(ahead), common)
    for value in set(ahead[ahead == ahead]):  # a missing phase is no group
        outcome = window.y_train[learnt == value]
        shares[ahead == value] = (outcome.sum() + prior * common) / (
            len(outcome) + prior
        )
    return shares


def classifier(make: Callable[[], Any]) -> Model:
    """Return the model that fits a new scikit-learn classifier on every window."""

    def fit_and_forecast(window: Window) -> list[Floats]:
        fitted = make().fit(window.X_train, window.y_train)
        probability: Floats = fitted.predict_proba(window.X_ahead)[:, 1]
        return [probability.astype(np.float64)]

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        name = repr(make())
        results = compute.spread(
            fit_and_forecast,
            windows,
            key=lambda window: walkforward.fingerprint(name, [window]),
        )
        return [probability for (probability,) in results]

    return forecast


BASELINES: Mapping[str, Model] = {
    "base_rate": base_rate,
    "persistence": persistence,
    "logit": classifier(lambda: LogisticRegression(C=0.01, max_iter=1000)),
}

TITLES: Mapping[str, str] = {
    "base_rate": "long-run rate",
    "persistence": "persistence",
    "logit": "logistic regression",
}
