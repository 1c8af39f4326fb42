"""What a user could have had for nothing.

A forecast is worth something only beside these. They get the same windows as econnet:
the same rows, features, winsorising, imputation, scaling and refits.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression

from econnet import compute
from econnet.evaluation.walkforward import Model, Window
from econnet.features import Floats

# How many periods the common rate of contractions weighs in a country's own.
PRIOR_WEIGHT = 20


def base_rate(windows: Sequence[Window]) -> list[Floats]:
    """Forecast each country's share of contractions so far, drawn to the common one."""
    return [_base_rate(window) for window in windows]


def _base_rate(window: Window) -> Floats:
    countries = window.features.countries
    common = float(window.y_train.mean())
    return _shares(countries[window.train], window.y_train, countries[window.ahead], common)


def persistence(windows: Sequence[Window]) -> list[Floats]:
    """Forecast how often the last known phase was followed by a contraction."""
    return [_persistence(window) for window in windows]


def _persistence(window: Window) -> Floats:
    phase = window.features.named("last known phase")
    common = float(window.y_train.mean())
    return _shares(phase[window.train], window.y_train, phase[window.ahead], common)


def _shares(
    group: np.ndarray, outcome: np.ndarray, wanted: np.ndarray, common: float
) -> Floats:
    """Return the share of contractions in each wanted group, drawn to the common one."""
    shares = np.full(len(wanted), common)
    for value in set(wanted[wanted == wanted]):
        inside = outcome[group == value]
        shares[wanted == value] = (inside.sum() + PRIOR_WEIGHT * common) / (
            len(inside) + PRIOR_WEIGHT
        )
    return shares


def classifier(make: Callable[[], ClassifierMixin]) -> Model:
    """Return the model that fits a new scikit-learn classifier on every window."""

    def fit_and_forecast(window: Window) -> Floats:
        fitted = make().fit(window.X_train, window.y_train)
        probability: Floats = fitted.predict_proba(window.X_ahead)[:, 1]
        return probability.astype(np.float64)

    return lambda windows: compute.each(fit_and_forecast, windows)


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
