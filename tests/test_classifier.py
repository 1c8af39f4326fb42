import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from econnet import network_file
from econnet.classifier import OPTIMIZERS, NetworkClassifier, OptimizerName
from econnet.network import Architecture, Network
from econnet.runtime.npz import read_arrays, write_arrays

X, y = make_moons(300, noise=0.2, random_state=100)
IRIS: Any = load_iris(return_X_y=True, as_frame=True)


def quick(**changes: object) -> NetworkClassifier:
    settings = {"hidden": (8,), "members": 2, "epochs": 15} | changes
    return NetworkClassifier(**settings)  # type: ignore[arg-type] # as a search does


@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [NetworkClassifier(), NetworkClassifier(skip=True)]
)
def test_it_does_what_scikit_learn_asks_of_a_classifier(
    estimator: object, check: object
) -> None:
    assert callable(check)
    check(estimator)


def test_it_works_in_a_pipeline_a_search_and_a_cross_validation() -> None:
    frame, species = IRIS
    model = make_pipeline(StandardScaler(), quick(epochs=60))
    search = GridSearchCV(
        model, {"networkclassifier__hidden": [(), (8,)]}, cv=3, error_score="raise"
    )
    search.fit(frame, species)
    assert search.best_score_ > 0.9
    held_out = cross_val_predict(model, frame, species, cv=3, method="predict_proba")
    np.testing.assert_allclose(held_out.sum(axis=1), 1, rtol=1e-12)
    assert (held_out.argmax(axis=1) == species).mean() > 0.9


def test_forecast_is_the_mean_of_the_members() -> None:
    model = quick(members=3).fit(X, y)
    alone = model.network_.predict(X)
    assert len(alone) == 3
    np.testing.assert_allclose(
        model.predict_proba(X)[:, 1], alone[..., 0].mean(axis=0), rtol=1e-12
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_without_hidden_layers_it_is_a_logistic_regression(
    optimizer: OptimizerName,
) -> None:
    model = NetworkClassifier(
        (),
        members=1,
        optimizer=optimizer,
        learning_rate=0.2,
        epochs=1500,
        batch_size=None,
        l2=0.01,
    )
    peer = LogisticRegression(C=1 / (0.01 * len(X)), tol=1e-10)
    np.testing.assert_allclose(
        model.fit(X, y).predict_proba(X), peer.fit(X, y).predict_proba(X), atol=1e-4
    )


def test_balanced_classes_move_the_base_rate_to_one_half() -> None:
    rows = np.concatenate([X[y == 0], X[y == 1][:15]])
    labels = np.repeat([0, 1], [150, 15])
    settings = {"hidden": (), "epochs": 500, "l2": 0.0, "batch_size": None}
    for class_weight, base_rate in (
        (None, 15 / 165),
        ("balanced", None),
    ):
        model = quick(**settings, class_weight=class_weight).fit(rows, labels)
        forecast = model.predict_proba(rows)[:, 1]
        # A maximum likelihood forecast with a constant is right on average, each class
        # counting as it was weighted.
        if base_rate is None:
            mean = (forecast[labels == 0].mean() + forecast[labels == 1].mean()) / 2
            assert mean == pytest.approx(0.5, abs=0.02)
        else:
            assert forecast.mean() == pytest.approx(base_rate, abs=0.02)


def test_single_precision_in_single_precision_out() -> None:
    model = quick().fit(X.astype(np.float32), y)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert quick().fit(X, y).predict_proba(X).dtype == np.float64


@pytest.mark.parametrize("random_state", [7, np.random.RandomState(7)])
def test_same_seed_same_bits(random_state: int | np.random.RandomState) -> None:
    model = quick(random_state=random_state)
    first, second = (clone(model).fit(X, y).predict_proba(X) for _ in "ab")
    np.testing.assert_array_equal(first, second)


def test_partial_fit_of_every_epoch_is_fit() -> None:
    # One batch an epoch, so that there is no order of batches to differ.
    whole = quick(batch_size=None, epochs=10).fit(X, y)
    parts = quick(batch_size=None)
    for _ in range(10):
        parts.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize(
    "labels", [y, np.array(["expansion", "contraction"])[y], IRIS[1].to_numpy()]
)
def test_saved_classifier_is_the_same(tmp_path: Path, labels: np.ndarray) -> None:
    rows = pd.DataFrame(np.resize(X, (len(labels), 2)), columns=["gdp", "spread"])
    weights = dict.fromkeys(np.unique(labels), 2.0)
    model = quick(class_weight=weights).fit(rows, labels)
    model.save(tmp_path / "model.npz")
    again = NetworkClassifier.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    np.testing.assert_array_equal(again.predict_proba(rows), model.predict_proba(rows))
    assert again.classes_.dtype == model.classes_.dtype
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.feature_names_in_, rows.columns)
    again.partial_fit(rows, labels)


def test_file_of_a_bare_network_is_no_classifier() -> None:
    file = io.BytesIO()
    network_file.save(Network(Architecture.dense(2)), file)
    file.seek(0)
    with pytest.raises(ValueError, match="no classifier"):
        NetworkClassifier.load(file)


@pytest.mark.parametrize(
    "change",
    [
        {"classes": 7},
        {"classes": {"a": 1, "b": 2}},
        {"classes": [0, 1, 2]},
        {"classes": [0, 10**30]},
        {"classes_dtype": 7},
        {"classes_dtype": "<M8[s]"},
        {"classes": ["a", "b"], "classes_dtype": "<U300000000"},
        {"parameters": []},
        {"parameters": {"hidden": 7}},
        {"feature_names": 7},
        {"feature_names": ["x"]},
    ],
    ids=str,
)
def test_strange_classifier_is_a_value_error(change: dict[str, object]) -> None:
    file = io.BytesIO()
    quick(epochs=1).fit(X, y).save(file)
    header, arrays = read_arrays(file)
    header["metadata"] |= change
    file = io.BytesIO()
    write_arrays(file, header, arrays)
    with pytest.raises(ValueError, match=r"no classifier|it is damaged"):
        NetworkClassifier.load(file)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (np.where(X > 1, np.nan, X), y, "NaN"),
        (np.where(X > 1, np.inf, X), y, "infinity"),
        (X[:0], y[:0], "0 sample"),
        (X, y[1:], "inconsistent numbers of samples"),
        (X, 0 * y, "y has 1 class"),
        (X[:, 0], y, "Expected 2D array"),
    ],
)
def test_wrong_input_is_named(
    rows: np.ndarray, labels: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        quick().fit(rows, labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "adam"}, "optimizer 'adam' is not known: choose one of adamw"),
        ({"hidden": (8, 0)}, "layer 2 has output_dim 0"),
        ({"activation": "gelu"}, "layer 1 has activation 'gelu'"),
        ({"members": 0}, "0 members"),
        ({"patience": 3}, "set validation_fraction above 0"),
    ],
)
def test_wrong_setting_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quick(**change).fit(X, y)


def test_class_that_was_not_announced_is_named() -> None:
    with pytest.raises(ValueError, match="class '2', which is not among"):
        quick().partial_fit(X, y + 1, classes=[0, 1])
    with pytest.raises(ValueError, match="give classes in the first call"):
        quick().partial_fit(X, y)
