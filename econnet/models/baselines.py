"""What a user could have had for nothing.

A forecast is worth something only beside these. They get the same windows as econnet:
the same rows, features, winsorising, imputation, scaling and refits. Those that look at
one or two figures take them as they are, held within the training rows' 1st and 99th
percentile. Settings are what did best over the tasks of `benchmarks/accuracy.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
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

from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.models import pooling
from econnet.models.probit import Probit
from econnet.models.windows import Model, Rows, Window, window_digest
from econnet.runtime import workers
from econnet.runtime.blas import one_blas_thread

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


class Inputs(Protocol):
    """What a classifier looks at."""

    @property
    def columns(self) -> Rows | slice:
        """The positions of the features."""

    def of(self, figures: Floats, scaled: npt.NDArray[np.float32]) -> np.ndarray:
        """Return what is seen of rows of features, as they are and scaled."""


@dataclass(frozen=True, eq=False)
class ScaledInputs:
    """Some of the scaled features, or all."""

    columns: Rows | slice

    def of(self, figures: Floats, scaled: npt.NDArray[np.float32]) -> np.ndarray:  # noqa: ARG002
        """Return the scaled columns."""
        return np.ascontiguousarray(scaled[:, self.columns])


@dataclass(frozen=True, eq=False)
class RawInputs:
    """Figures as they are, held within the training rows' usual, and standardised.

    Parameters
    ----------
    low, middle, high
        The training rows' 1st, 50th and 99th percentile; a missing figure is `middle`.
    mean, spread
        Of the training rows after that.
    """

    columns: Rows
    low: Floats
    middle: Floats
    high: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def by(cls, window: Window, columns: Rows) -> Self:
        """Return the view as a window's training rows demand."""
        scaler = window.scaler
        low, middle, high = (
            it[columns] for it in (scaler.low, scaler.median, scaler.high)
        )
        rows = window.features.X[np.ix_(window.train, columns)]
        learned = _held(rows, low, middle, high)
        spread = learned.std(axis=0)
        spread[spread == 0] = 1
        return cls(columns, low, middle, high, learned.mean(axis=0), spread)

    def of(self, figures: Floats, scaled: npt.NDArray[np.float32]) -> np.ndarray:  # noqa: ARG002
        """Return the figures, held and standardised."""
        held = _held(figures[:, self.columns], self.low, self.middle, self.high)
        return (held - self.mean) / self.spread


def _held(values: Floats, low: Floats, middle: Floats, high: Floats) -> Floats:
    return np.where(np.isnan(values), middle, np.clip(values, low, high))


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A classifier that has learned what a window knows."""

    view: Inputs
    classifier: Any

    def probability(self, figures: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""
        with one_blas_thread():
            said = self.classifier.predict_proba(self.view.of(figures, scaled))
        probability: Floats = said[:, 1].astype(np.float64)
        return probability


@dataclass(frozen=True)
class WindowedClassifier:
    """The model that fits a new scikit-learn classifier on every window."""

    make: Callable[[Window], Any]
    view: Callable[[Window], Inputs]

    def learn(self, window: Window) -> FittedModel:
        """Return the classifier that has learned what the window knows."""
        view = self.view(window)
        fit = self._fit(view, window)
        with one_blas_thread():
            return FittedModel(view, fit.classifier.fit(fit.learned, fit.outcome))

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of the rows ahead of each window."""
        views = [self.view(window) for window in windows]

        def key(number: int) -> str:
            window, view = windows[number], views[number]
            looks = f"{type(view).__name__} {view.columns!r}"
            return window_digest(f"{self.make(window)!r} {looks}", [window])

        fits = [self._fit(*it) for it in zip(views, windows, strict=True)]
        results = workers.map_tasks(_fit_and_forecast, fits, key)
        return [probability for (probability,) in results]

    def _fit(self, view: Inputs, window: Window) -> "_Fit":
        return _Fit(
            self.make(window),
            view.of(window.features.X[window.train], window.X_train),
            window.y_train,
            view.of(window.raw_ahead, window.X_ahead),
        )


@dataclass(frozen=True, eq=False)
class _Fit:
    """A classifier that is not fitted yet, what it learns, and what it forecasts."""

    classifier: Any
    learned: Any
    outcome: Any
    ahead: Any


def _fit_and_forecast(fit: _Fit) -> list[Floats]:
    # OpenMP counts its threads anew in each thread that calls it.
    with one_blas_thread():
        fitted = fit.classifier.fit(fit.learned, fit.outcome)
        return [fitted.predict_proba(fit.ahead)[:, 1].astype(np.float64)]


def all_features(_: Window) -> ScaledInputs:
    """Return the view of all features."""
    return ScaledInputs(slice(None))


def raw_inputs(*measured: str) -> Callable[[Window], RawInputs]:
    """Return the view of a few figures.

    `measured` are figures by `Features.measured`, or names of columns that there always
    are; those that the data lack are left out.
    """

    def view(window: Window) -> RawInputs:
        made = window.features
        names = [column.name for column in made.columns]
        found = [made.measured(it) or it for it in measured]
        columns = [names.index(name) for name in found if name in names]
        return RawInputs.by(window, np.array(columns, dtype=np.int64))

    return view


def available(features: DesignMatrix) -> list[str]:
    """Return the names of the baselines that the data allow."""
    return [
        name
        for name in BASELINES
        if name not in NEEDS or features.measured(NEEDS[name]) is not None
    ]


def _extra_trees(window: Window) -> ExtraTreesClassifier:
    """Return extremely randomised trees, each of all rows if they are not too many."""
    rows = len(window.train)
    return ExtraTreesClassifier(
        100,
        min_samples_leaf=_leaf(window),
        bootstrap=rows > MAX_TREE_ROWS,
        max_samples=MAX_TREE_ROWS if rows > MAX_TREE_ROWS else None,
        random_state=0,
        n_jobs=1,
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


def _best_features(window: Window) -> ScaledInputs:
    """Return the view of the eight features that part the training rows best."""
    varying = np.flatnonzero(window.X_train.std(axis=0) > 0)
    apart, _ = f_classif(window.X_train[:, varying], window.y_train)
    return ScaledInputs(varying[np.argsort(-apart, kind="stable")[:8]])


def _random_forest(window: Window) -> RandomForestClassifier:
    """Return a forest, whose trees draw as many rows as there are, up to a bound."""
    return RandomForestClassifier(
        100,
        min_samples_leaf=_leaf(window),
        max_samples=min(MAX_TREE_ROWS, len(window.train)),
        random_state=0,
        n_jobs=1,
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
        (8,),
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


# In a panel of many countries a tree of fewer rows is grown in a fraction of the time,
# and trees that differ more err less in the mean.
MAX_TREE_ROWS = 1000

LEARNERS: Mapping[str, WindowedClassifier] = {
    "spread_probit": WindowedClassifier(lambda _: Probit(), raw_inputs("term_spread")),
    "sahm_logit": WindowedClassifier(
        lambda _: LogisticRegression(), raw_inputs("sahm_gap")
    ),
    "dynamic_probit": WindowedClassifier(
        lambda _: Probit(),
        raw_inputs("last known phase", "log periods in phase", "term_spread"),
    ),
    "logit": WindowedClassifier(_logit, all_features),
    "naive_bayes": WindowedClassifier(_naive_bayes, _best_features),
    "extra_trees": WindowedClassifier(_extra_trees, all_features),
    "random_forest": WindowedClassifier(_random_forest, all_features),
    "boosting": WindowedClassifier(_boosting, all_features),
    "mlp": WindowedClassifier(_mlp, all_features),
}

SINGLES: Mapping[str, Model] = {
    "base_rate": base_rate,
    "persistence": persistence,
    **LEARNERS,
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
        name: pooling.Memoized(SINGLES[name]) for name in names if name in SINGLES
    }
    return singles | ({"pool": pooling.equal(singles)} if "pool" in names else {})
