"""The baselines: models that anybody could use instead of econnet.

They get the same windows as econnet: the same rows, features, imputation, scaling and
refits. Those that use one or two indicators take the values unscaled, clipped to the
1st and 99th percentile of the training rows. Settings are those that did best over the
tasks of `benchmarks/accuracy.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, HistGradientBoostingClassifier
from sklearn.feature_selection import f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier

from econnet.core import plugins
from econnet.core.errors import UsageError, suggestion
from econnet.core.text import quoted
from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.features.professionals import GROWTH, PROBABILITY
from econnet.models import pooling
from econnet.models.plugin_baselines import Baseline, GuardedClassifier, PluginModel
from econnet.models.probability_trees import ProbabilityExtraTrees, ProbabilityForest
from econnet.models.probit import Probit
from econnet.models.professionals import professional
from econnet.models.windows import Model, Rows, Window, window_digest
from econnet.runtime import workers
from econnet.runtime.blas import one_blas_thread

# The pooled share of contractions counts as this many rows of a country, or of a phase.
PRIOR_OF_COUNTRY = 20
PRIOR_OF_PHASE = 2


def base_rate(windows: Sequence[Window]) -> list[Floats]:
    """Forecast each country's share of contractions so far, shrunk to the mean."""
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

    It is shrunk to the share in all groups, which counts as `prior` more rows.
    """
    pooled = float(window.y_train.mean())
    ahead, train = group[window.ahead], group[window.train]
    shares = np.full(len(ahead), pooled)
    for value in set(ahead[ahead == ahead]):  # a missing phase is not a group
        outcome = window.y_train[train == value]
        shares[ahead == value] = (outcome.sum() + prior * pooled) / (
            len(outcome) + prior
        )
    return shares


@dataclass(frozen=True, eq=False)
class ScaledInputs:
    """Some of the scaled features, or all."""

    columns: Rows | slice

    def of(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> np.ndarray:  # noqa: ARG002
        """Return the scaled columns."""
        return np.ascontiguousarray(scaled[:, self.columns])


@dataclass(frozen=True, eq=False)
class RawInputs:
    """Some of the raw features, clipped, imputed and standardised.

    They are clipped to the training rows' 1st and 99th percentile, and a missing value
    becomes the median; `mean` and `std` are those of the training rows after that.
    """

    columns: Rows
    low: Floats
    median: Floats
    high: Floats
    mean: Floats
    std: Floats

    @classmethod
    def fit(cls, window: Window, columns: Rows) -> Self:
        """Return the inputs with the statistics of a window's training rows."""
        scaler = window.scaler
        low, median, high = (
            bound[columns] for bound in (scaler.low, scaler.median, scaler.high)
        )
        rows = window.features.X[np.ix_(window.train, columns)]
        clipped = _clip_and_impute(rows, low, median, high)
        std = clipped.std(axis=0)
        std[std == 0] = 1
        return cls(columns, low, median, high, clipped.mean(axis=0), std)

    def of(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> np.ndarray:  # noqa: ARG002
        """Return the raw columns, clipped, imputed and standardised."""
        clipped = _clip_and_impute(
            raw[:, self.columns], self.low, self.median, self.high
        )
        return (clipped - self.mean) / self.std


def _clip_and_impute(
    values: Floats, low: Floats, median: Floats, high: Floats
) -> Floats:
    return np.where(np.isnan(values), median, np.clip(values, low, high))


Inputs: TypeAlias = ScaledInputs | RawInputs


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A classifier fitted to the training rows of a window."""

    inputs: Inputs
    classifier: Any

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:
        """Return the probability of contraction for rows of features, (rows,)."""
        with one_blas_thread():
            return _probability(self.classifier, self.inputs.of(raw, scaled))


@dataclass(frozen=True)
class WindowedClassifier:
    """The model that fits a new scikit-learn classifier to every window."""

    make: Callable[[Window], Any]
    inputs: Callable[[Window], Inputs]

    def learn(self, window: Window) -> FittedModel:
        """Return the classifier fitted to the window's training rows."""
        inputs = self.inputs(window)
        X_train = inputs.of(window.raw_train, window.X_train)
        with one_blas_thread():
            classifier = self.make(window).fit(X_train, window.y_train)
        return FittedModel(inputs, classifier)

    def __call__(self, windows: Sequence[Window]) -> list[Floats]:
        """Return the probabilities of each window's rows ahead, NaN if it fails."""
        inputs = [self.inputs(window) for window in windows]

        def key(number: int) -> str:
            window, of_window = windows[number], inputs[number]
            columns = f"{type(of_window).__name__} {of_window.columns!r}"
            return window_digest(f"{self.make(window)!r} {columns}", [window])

        tasks = [
            (
                self.make(window),
                of_window.of(window.raw_train, window.X_train),
                window.y_train,
                of_window.of(window.raw_to_forecast, window.inputs_to_forecast),
            )
            for window, of_window in zip(windows, inputs, strict=True)
        ]
        results = workers.map_tasks(_fit_and_forecast, tasks, key)
        return [probability for (probability,) in results]


def _fit_and_forecast(
    task: tuple[Any, np.ndarray, npt.NDArray[np.float32], np.ndarray],
) -> list[Floats]:
    """Return the forecasts of a classifier, given its training rows and rows ahead.

    They are NaN if it cannot be fitted.
    """
    classifier, X_train, y_train, X_ahead = task
    # OpenMP counts its threads separately in each thread that calls it.
    with one_blas_thread():
        try:
            return [_probability(classifier.fit(X_train, y_train), X_ahead)]
        except ValueError:  # what scikit-learn raises for rows that it cannot use
            return [np.full(len(X_ahead), np.nan)]


def _probability(classifier: Any, X: np.ndarray) -> Floats:  # noqa: ANN401 - scikit-learn has no types
    probability: Floats = classifier.predict_proba(X)[:, 1].astype(np.float64)
    return probability


def all_features(_: Window) -> ScaledInputs:
    """Return all scaled features."""
    return ScaledInputs(slice(None))


def raw_inputs(*measured: str) -> Callable[[Window], RawInputs]:
    """Return what selects a few raw features of a window.

    `measured` are names for `DesignMatrix.measured`, or names of columns that every
    design matrix has; those that the data lack are left out.
    """

    def inputs(window: Window) -> RawInputs:
        features = window.features
        names = [column.name for column in features.columns]
        wanted = [features.measured(what) or what for what in measured]
        columns = [names.index(name) for name in wanted if name in names]
        return RawInputs.fit(window, np.array(columns, dtype=np.int64))

    return inputs


def available(features: DesignMatrix) -> list[str]:
    """Return the names of the baselines that the data allow."""
    of_plugins = {
        name: model.baseline.needs
        for name, model in BASELINES.plugins().items()
        if isinstance(model, PluginModel) and model.baseline.needs
    }
    needs = {**NEEDS, **of_plugins}
    return [
        name
        for name in BASELINES
        if name not in needs or any(map(features.measured, needs[name]))
    ]


def _extra_trees(window: Window) -> ProbabilityExtraTrees:
    """Return extremely randomised trees, bootstrapped only if there are many rows."""
    bootstrap = len(window.train) > MAX_TREE_ROWS
    return ProbabilityExtraTrees(
        TREES,
        min_samples_leaf=_min_leaf_rows(window),
        max_features=SHARE_OF_FEATURES,
        bootstrap=bootstrap,
        max_samples=MAX_TREE_ROWS if bootstrap else None,
        random_state=0,
        n_jobs=1,
    )


def _min_leaf_rows(window: Window) -> int:
    return max(5, len(window.train) // 400)


def _naive_bayes(window: Window) -> CalibratedClassifierCV | DummyClassifier:
    """Return calibrated naive Bayes: correlated features make it overconfident.

    Without any feature to choose from, it is the share of contractions.
    """
    if not len(_distinct_features(window)):
        return DummyClassifier()
    return CalibratedClassifierCV(GaussianNB(), cv=FOLDS)


def _best_features(window: Window) -> ScaledInputs:
    """Return the eight features with the highest F statistic in the training rows."""
    candidates = _distinct_features(window)
    if not len(candidates):
        return ScaledInputs(candidates)
    with np.errstate(divide="ignore"):  # a feature may separate the classes
        F, _ = f_classif(window.X_train[:, candidates], window.y_train)
    return ScaledInputs(candidates[np.argsort(-F, kind="stable")[:8]])


def _distinct_features(window: Window) -> Rows:
    """Return the features that differ from each other, and vary in each fold.

    Naive Bayes has no densities where no feature varies, and a feature that it gets
    eight times counts eight times.
    """
    X = window.X_train
    varying = np.ones(X.shape[1], dtype=bool)
    for fitted, _ in FOLDS.split(X, window.y_train):
        varying &= (X[fitted] != X[fitted[0]]).any(axis=0)
    first = {X[:, column].tobytes(): column for column in np.flatnonzero(varying)[::-1]}
    return np.sort(np.array([*first.values()], dtype=np.int64))


def _random_forest(window: Window) -> ProbabilityForest:
    return ProbabilityForest(
        TREES,
        min_samples_leaf=_min_leaf_rows(window),
        max_features="sqrt",
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
    """Return three of scikit-learn's networks, each trained on all rows."""
    rows = len(window.train)
    batch = min(rows, max(64, rows // 16))
    network = MLPClassifier(
        (8,),
        alpha=50.0 * batch / rows,  # scikit-learn divides it by the batch's rows
        batch_size=batch,
        learning_rate_init=4e-3,
        # No epoch can improve the loss by `tol`, so training stops after 50 epochs, and
        # without the warning that it reached the maximum.
        max_iter=100,
        n_iter_no_change=50,
        tol=1e6,
    )
    return BaggingClassifier(network, 3, bootstrap=False, random_state=0)


# The parts of the training rows by which naive Bayes is calibrated.
FOLDS = StratifiedKFold(3)
TREES = 50
# The share of the features among which each split of the extra trees chooses: among a
# few, most would find none that matters.
SHARE_OF_FEATURES = 1 / 3
# In large panels, trees of fewer rows grow in a fraction of the time, and their mean is
# better because they are less correlated.
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
    "logit": WindowedClassifier(
        lambda _: LogisticRegression(C=0.01, max_iter=1000), all_features
    ),
    "naive_bayes": WindowedClassifier(_naive_bayes, _best_features),
    "extra_trees": WindowedClassifier(_extra_trees, all_features),
    "random_forest": WindowedClassifier(_random_forest, all_features),
    "boosting": WindowedClassifier(_boosting, all_features),
    "mlp": WindowedClassifier(_mlp, all_features),
}

SINGLES: Mapping[str, Model] = {
    "base_rate": base_rate,
    "persistence": persistence,
    "professional": professional,
    **LEARNERS,
}

# Some baselines need data that contain an indicator or a forecast, one of these.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "spread_probit": ("term_spread",),
    "sahm_logit": ("sahm_gap",),
    "professional": (PROBABILITY, GROWTH),
}


def _model_of_plugin(plugin: plugins.Plugin, baseline: object) -> PluginModel:
    if not isinstance(baseline, Baseline):
        raise TypeError(f"it is a {type(baseline).__name__}, not a Baseline")
    baseline.check()
    inputs = raw_inputs(*baseline.measured) if baseline.measured else all_features
    learner = WindowedClassifier(
        lambda _: GuardedClassifier(baseline.make(), plugin), inputs
    )
    return PluginModel(plugin, baseline, learner)


def _pool(windows: Sequence[Window]) -> list[Floats]:
    names = available(windows[0].features)
    own = [name for name in names if name in BASELINES.own]
    return models(own)["pool"](windows)


# With those of plugins, which are not part of `pool`: its forecasts must not depend on
# what is installed.
BASELINES: plugins.Registry[Model] = plugins.Registry(
    {**SINGLES, "pool": _pool}, "econnet.baselines", _model_of_plugin
)


# Baselines that cost next to nothing: every training includes them.
LIGHT = (
    "base_rate",
    "persistence",
    "professional",
    "spread_probit",
    "sahm_logit",
    "dynamic_probit",
    "logit",
    "naive_bayes",
)


def check_names(names: Sequence[str]) -> None:
    """Raise `UsageError` for a name that no baseline has."""
    for name in names:
        if name not in BASELINES:
            remedy = suggestion(name, BASELINES, f"choose from {', '.join(BASELINES)}")
            raise UsageError(f"no baseline is called {quoted(name)}: {remedy}")


def models(names: Sequence[str]) -> dict[str, Model]:
    """Return these baselines, each memoized; `pool` is the mean of econnet's own."""
    singles: dict[str, Model] = {
        name: pooling.Memoized(SINGLES[name]) for name in names if name in SINGLES
    }
    pool = {"pool": pooling.equal(singles)} if "pool" in names else {}
    others = [name for name in names if name not in {*SINGLES, "pool"}]
    return singles | {name: pooling.Memoized(BASELINES[name]) for name in others} | pool
