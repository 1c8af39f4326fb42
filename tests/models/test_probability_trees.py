from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from econnet.models.probability_trees import ProbabilityExtraTrees, ProbabilityForest

ROWS, FEATURES = 60, 7


def _rows(outputs: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((ROWS, FEATURES)).astype(np.float32)
    return X, rng.integers(0, 2, (ROWS, outputs)).squeeze().astype(np.float32)


@pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    [
        (ProbabilityExtraTrees, ExtraTreesRegressor, {"max_features": 1 / 3}),
        (
            ProbabilityExtraTrees,
            ExtraTreesRegressor,
            {"bootstrap": True, "max_samples": 20},
        ),
        (ProbabilityForest, RandomForestRegressor, {"max_features": "sqrt"}),
        (ProbabilityForest, RandomForestRegressor, {"max_samples": 30}),
    ],
)
@pytest.mark.parametrize("outputs", [1, 2])
def test_trees_are_those_of_scikit_learn(
    ours: Callable[..., Any],
    theirs: Callable[..., Any],
    settings: dict[str, Any],
    outputs: int,
) -> None:
    X, y = _rows(outputs)
    common = {"min_samples_leaf": 3, "random_state": 0, **settings}
    forest, usual = (make(9, **common).fit(X, y) for make in (ours, theirs))
    np.testing.assert_array_equal(forest.predict(X), usual.predict(X))
    if outputs == 1:
        np.testing.assert_array_equal(forest.predict_proba(X)[:, 1], usual.predict(X))
    for tree, of_usual in zip(forest.estimators_, usual.estimators_, strict=True):
        assert tree.random_state == of_usual.random_state
        np.testing.assert_array_equal(tree.tree_.threshold, of_usual.tree_.threshold)
        np.testing.assert_array_equal(tree.tree_.feature, of_usual.tree_.feature)


def test_probabilities_of_both_classes_add_up() -> None:
    X, y = _rows(1)
    probability = ProbabilityForest(5, random_state=1).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(probability.sum(axis=1), np.ones(ROWS))
    assert probability[y == 1, 1].mean() > probability[y == 0, 1].mean()
