"""Forests for probabilities: scikit-learn's regression trees on outcomes of 0 and 1.

The trees are those of the classifiers, since for two classes the variance of a leaf is
half its Gini impurity; scikit-learn grows them in three quarters of the time. A forest
of few rows takes longer to copy and check its trees than to grow them, so these forests
grow scikit-learn's trees one after the other without that, and forecast with them in
the same way. Trees and forecasts are the same to the bit as those of scikit-learn's
forests.

Notes
-----
J. D. Malley et al., "Probability machines", Methods of Information in Medicine 51
(2012), 74-81.
"""

import copy
from typing import Any, Self

import numpy as np
from sklearn import config_context
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from econnet.core.types import Floats


class _ProbabilityTrees:
    """Fitting and forecasting without scikit-learn's copies and checks."""

    estimators_: list[Any]

    def fit(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Grow the trees on rows of finite 32-bit features, without missing values."""
        _grow(self, X, y)
        return self

    def predict_proba(self, X: np.ndarray) -> Floats:
        """Return the probabilities of expansion and contraction, (rows, 2).

        That of a contraction is the mean over the trees, added up in their order.
        """
        rows = np.ascontiguousarray(X, dtype=np.float32)
        probability = np.zeros(len(rows))
        for tree in self.estimators_:
            probability += tree.tree_.predict(rows)[:, 0]
        probability /= len(self.estimators_)
        return np.column_stack([1 - probability, probability])


class ProbabilityExtraTrees(_ProbabilityTrees, ExtraTreesRegressor):  # type: ignore[misc] # no types
    """Extremely randomised trees for probabilities."""


class ProbabilityForest(_ProbabilityTrees, RandomForestRegressor):  # type: ignore[misc] # no types
    """A random forest for probabilities."""


def _grow(forest: Any, X: np.ndarray, y: np.ndarray) -> None:  # noqa: ANN401 - scikit-learn has no types
    """Fit a forest with a number as random state.

    Its random numbers are used in the order in which scikit-learn uses them.
    """
    X = np.ascontiguousarray(X, dtype=np.float32)
    outcomes = np.ascontiguousarray(y, dtype=np.float64).reshape(len(y), -1)
    settings = {name: getattr(forest, name) for name in forest.estimator_params}
    unfitted = type(forest.estimator)(**settings)
    stream = np.random.RandomState(forest.random_state)
    seeds = stream.randint(np.iinfo(np.int32).max, size=forest.n_estimators)
    forest.estimators_ = []
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for seed in seeds:
            tree = copy.copy(unfitted)
            tree.random_state = stream
            weights = None
            if forest.bootstrap:
                stream.seed(seed)
                drawn = stream.randint(0, len(X), forest.max_samples or len(X))
                weights = np.bincount(drawn, minlength=len(X)).astype(np.float64)
            stream.seed(seed)
            tree.fit(X, outcomes, sample_weight=weights, check_input=False)
            tree.random_state = int(seed)
            forest.estimators_.append(tree)
    forest.n_features_in_, forest.n_outputs_ = X.shape[1], outcomes.shape[1]
