"""What a user could have had for nothing.

A forecast is worth something only beside these. They get the same windows as econnet:
the same rows, features, winsorising, imputation, scaling and refits. Those that look at
one or two figures take them as they are, held within the training rows' 1st and 99th
percentile. Settings are what did best over the tasks of `benchmarks/accuracy.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from econnet import compute
from econnet.evaluation import pooling, walkforward
from econnet.evaluation.probit import Probit
from econnet.evaluation.walkforward import Model, Window
from econnet.features import Features, Floats

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


Make = Callable[[Window], Any]


def classifier(make: Make) -> Model:
    """Return the model that fits a new scikit-learn classifier on every window.

    What it takes are all features, scaled.
    """
    return _fitted(make, lambda window: (window.X_train, window.X_ahead))


def looking_at(make: Make, *measured: str) -> Model:
    """Return the model that fits a new classifier on a few figures.

    `measured` are figures by `Features.measured`, or names of columns that there always
    are; those that the data lack are left out.
    """

    def figures(window: Window) -> tuple[Floats, Floats]:
        return _held(window, _columns(window.features, measured))

    return _fitted(make, figures)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A classifier that is not fitted yet, what it learns, and what it forecasts."""

    classifier: Any
    learned: Any
    outcome: Any
    ahead: Any


def _fitted(make: Make, inputs: Callable[[Window], tuple[Any, Any]]) -> Model:
    def fit(window: Window) -> _Fit:
        learned, ahead = inputs(window)
        return _Fit(make(window), learned, window.y_train, ahead)

    def forecast(windows: Sequence[Window]) -> list[Floats]:
        results = compute.spread(
            _fit_and_forecast,
            [fit(window) for window in windows],
            key=lambda number: walkforward.fingerprint(
                repr(make(windows[number])), [windows[number]]
            ),
        )
        return [probability for (probability,) in results]

    return forecast


def _fit_and_forecast(fit: _Fit) -> list[Floats]:
    # OpenMP counts its threads anew in each thread that calls it.
    with threadpool_limits(1):
        fitted = fit.classifier.fit(fit.learned, fit.outcome)
        return [fitted.predict_proba(fit.ahead)[:, 1].astype(np.float64)]


def _columns(made: Features, measured: Sequence[str]) -> list[int]:
    """Return the positions of the columns that measure this, where there are some."""
    names = [column.name for column in made.columns]
    found = [made.measured(it) or it for it in measured]
    return [names.index(name) for name in found if name in names]


def _held(window: Window, columns: list[int]) -> tuple[Floats, Floats]:
    """Return columns of the rows learned from and ahead, held and standardised."""
    scaler = window.scaler
    low, middle, high = (it[columns] for it in (scaler.low, scaler.median, scaler.high))

    def hold(rows: np.ndarray) -> Floats:
        values = window.features.X[rows][:, columns]
        return np.where(np.isnan(values), middle, np.clip(values, low, high))

    learned, ahead = hold(window.train), hold(window.ahead)
    mean, spread = learned.mean(axis=0), learned.std(axis=0)
    spread[spread == 0] = 1
    return (learned - mean) / spread, (ahead - mean) / spread


def available(made: Features) -> list[str]:
    """Return the names of the baselines that the data allow."""
    return [
        name
        for name in BASELINES
        if name not in NEEDS or made.measured(NEEDS[name]) is not None
    ]


def extra_trees(window: Window) -> ExtraTreesClassifier:
    """Return trees that suit the window's number of rows, not fitted yet."""
    return ExtraTreesClassifier(
        100, min_samples_leaf=_leaf(window), random_state=0, n_jobs=1
    )


def _leaf(window: Window) -> int:
    """Return how many training rows a leaf of a tree must have."""
    return max(5, len(window.train) // 400)


def _logit(_: Window) -> LogisticRegression:
    return LogisticRegression(C=0.01, max_iter=1000)


def _naive_bayes(_: Window) -> CalibratedClassifierCV:
    """Return naive Bayes with its certainty brought down.

    Features repeat each other, which it does not know, and so it is far too sure.
    """
    return CalibratedClassifierCV(GaussianNB(), cv=StratifiedKFold(3))


def _best_features(window: Window) -> tuple[Any, Any]:
    """Return the eight features that part the training rows best."""
    varying = np.flatnonzero(window.X_train.std(axis=0) > 0)
    apart, _ = f_classif(window.X_train[:, varying], window.y_train)
    best = varying[np.argsort(-apart, kind="stable")[:8]]
    return window.X_train[:, best], window.X_ahead[:, best]


def _random_forest(window: Window) -> RandomForestClassifier:
    return RandomForestClassifier(
        100, min_samples_leaf=_leaf(window), random_state=0, n_jobs=1
    )


def _boosting(_: Window) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=0.03,
        max_iter=100,
        max_leaf_nodes=6,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=0,
    )


def _mlp(window: Window) -> BaggingClassifier:
    """Return three of scikit-learn's networks, each seeing all rows."""
    rows = len(window.train)
    batch = min(rows, max(64, rows // 16))
    network = MLPClassifier(
        (32,),
        alpha=50.0 * batch / rows,  # it is divided by the rows of a batch
        batch_size=batch,
        learning_rate_init=4e-3,
        # It stops when 50 epochs have not brought what none can, and so without the
        # warning that more epochs were allowed.
        max_iter=100,
        n_iter_no_change=50,
        tol=1e6,
    )
    return BaggingClassifier(network, 3, bootstrap=False, random_state=0)


SINGLES: Mapping[str, Model] = {
    "base_rate": base_rate,
    "persistence": persistence,
    "spread_probit": looking_at(lambda _: Probit(), "term_spread"),
    "sahm_logit": looking_at(lambda _: LogisticRegression(), "sahm_gap"),
    "dynamic_probit": looking_at(
        lambda _: Probit(), "last known phase", "log periods in phase", "term_spread"
    ),
    "logit": classifier(_logit),
    "naive_bayes": _fitted(_naive_bayes, _best_features),
    "extra_trees": classifier(extra_trees),
    "random_forest": classifier(_random_forest),
    "boosting": classifier(_boosting),
    "mlp": classifier(_mlp),
}

# A baseline that looks at one figure needs data that have it.
NEEDS: Mapping[str, str] = {"spread_probit": "term_spread", "sahm_logit": "sahm_gap"}


def _pool(windows: Sequence[Window]) -> list[Floats]:
    there = available(windows[0].features)
    return pooling.equal({name: SINGLES[name] for name in there if name in SINGLES})(
        windows
    )


BASELINES: Mapping[str, Model] = {**SINGLES, "pool": _pool}

# Those that cost next to nothing, and so are part of every training.
LIGHT = (
    "base_rate",
    "persistence",
    "spread_probit",
    "sahm_logit",
    "dynamic_probit",
    "logit",
    "naive_bayes",
)

# In words, with econnet's own networks, which stand beside the baselines.
TITLES: Mapping[str, str] = {
    "base_rate": "long-run rate",
    "persistence": "persistence",
    "spread_probit": "yield-curve probit",
    "sahm_logit": "Sahm-gap logit",
    "dynamic_probit": "dynamic probit",
    "logit": "logistic regression",
    "naive_bayes": "naive Bayes",
    "extra_trees": "extra trees",
    "random_forest": "random forest",
    "boosting": "gradient boosting",
    "mlp": "scikit-learn network",
    "pool": "mean of the baselines",
    "network": "networks alone",
}


def models(names: Sequence[str]) -> dict[str, Model]:
    """Return these baselines, and `pool` as the mean of the others among them.

    Each forecasts the same windows once, however many ask.
    """
    singles: dict[str, Model] = {
        name: pooling.Once(SINGLES[name]) for name in names if name in SINGLES
    }
    return singles | ({"pool": pooling.equal(singles)} if "pool" in names else {})
