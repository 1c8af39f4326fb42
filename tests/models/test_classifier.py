import io
import tracemalloc
from copy import deepcopy
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

from econnet.models import network_file
from econnet.models.classifier import OPTIMIZERS, NetworkClassifier, OptimizerName
from econnet.network import Architecture, Network
from econnet.runtime.npz import read_arrays, write_arrays

X, y = make_moons(300, noise=0.2, random_state=100)
IRIS: Any = load_iris(return_X_y=True, as_frame=True)


def quick(**changes: object) -> NetworkClassifier:
    settings = {"hidden": (8,), "members": 2, "epochs": 15} | changes
    return NetworkClassifier(**settings)  # type: ignore[arg-type] # as a search does


@parametrize_with_checks(  # type: ignore[untyped-decorator]  # scikit-learn has no types
    [
        NetworkClassifier(),
        NetworkClassifier(skip=True),
        NetworkClassifier(members=1),
        # In one check, 100 updates must suffice for unscaled columns.
        NetworkClassifier(hidden=(), learning_rate=0.1),
        NetworkClassifier(hidden=(), learning_rate=0.1, members=1),
    ]
)
def test_classifier_passes_the_checks_of_scikit_learn(
    estimator: object, check: object
) -> None:
    assert callable(check)
    check(estimator)


def test_classifier_works_in_a_pipeline_a_search_and_a_cross_validation() -> None:
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
def test_classifier_without_hidden_layers_is_a_logistic_regression(
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


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"batch_size": 16},
        {"batch_size": None, "dropout": 0.3},
        {"validation_fraction": 0.3, "patience": 2},
        {"class_weight": {0: 3.0, 1: 0.5}},
    ],
    ids=str,
)
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_rows_of_weight_0_are_ignored(
    change: dict[str, object], class_weight: str | None
) -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.2, 5, len(X)) * (rng.random(len(X)) < 0.5)
    used = weights > 0
    noise = np.where(used[:, np.newaxis], 0, 1e3)
    # Without their weights, these labels would be half of all, and of a third class.
    labels = np.where(used, y, 2)
    model = quick(**({"class_weight": class_weight} | change))
    with_ignored = clone(model).fit(X + noise, labels, weights)
    without = clone(model).fit(X[used], y[used], weights[used])
    np.testing.assert_array_equal(
        with_ignored.predict_proba(X), without.predict_proba(X)
    )


def test_balanced_classes_have_the_same_total_weight() -> None:
    weights = np.random.default_rng(0).integers(0, 5, len(X))
    settings = {"hidden": (), "batch_size": None, "class_weight": "balanced"}
    weighted = quick(**settings).fit(X, y, weights)
    repeated = quick(**settings).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    # The same sums in another order: rounding of 1e-16, enlarged by 15 updates.
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-9
    )


@pytest.mark.parametrize("class_weight", [None, {1: 10.0}])
@pytest.mark.parametrize("batch_size", [16, 64, 256])
def test_weighted_base_rate_does_not_depend_on_the_batch_size(
    class_weight: dict[int, float] | None, batch_size: int | None
) -> None:
    # A class of 5% whose rows count ten times is one of 0.5 / (0.5 + 0.95), 34%.
    labels = (np.arange(1000) % 20 == 0).astype(int)
    rows = np.zeros((len(labels), 1))
    settings = {"hidden": (), "epochs": 100, "l2": 0.0, "learning_rate": 0.003}
    model = quick(**settings, batch_size=batch_size, class_weight=class_weight)
    model.fit(rows, labels, None if class_weight else 1.0 + 9.0 * labels)
    # AdamW's last steps of 0.003 move the log-odds by a few hundredths.
    assert model.predict_proba(rows[:1])[0, 1] == pytest.approx(0.345, abs=0.02)


@pytest.mark.parametrize("weight", [0.1, 3.0, 1e-300, 1e300])
def test_equal_weights_change_nothing(weight: float) -> None:
    without, equal = quick().fit(X, y), quick().fit(X, y, np.full(len(X), weight))
    np.testing.assert_array_equal(equal.predict_proba(X), without.predict_proba(X))


def test_probabilities_have_the_precision_of_the_inputs() -> None:
    model = quick().fit(X.astype(np.float32), y)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert quick().fit(X, y).predict_proba(X).dtype == np.float64


@pytest.mark.parametrize("random_state", [7, np.random.RandomState(7)])
def test_same_seed_gives_the_same_bits(
    random_state: int | np.random.RandomState,
) -> None:
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


def test_weight_of_a_single_row_counts_in_partial_fit() -> None:
    settings = {"optimizer": "sgd", "l2": 0.0, "hidden": (), "members": 1}
    start = quick(**settings).partial_fit(X[:1], y[:1], classes=[0, 1])
    changes = []
    for weight in (1.0, 2.0):
        model = deepcopy(start).partial_fit(X[1:2], y[1:2], sample_weight=[weight])
        changes.append(model.network_.parameters - start.network_.parameters)
    # A difference of parameters of about 1 rounds at 1e-16, the changes are about 1e-2.
    np.testing.assert_allclose(changes[1], 2 * changes[0], rtol=1e-12)


def test_balanced_classes_raise_an_error_in_partial_fit() -> None:
    model = quick(class_weight="balanced")
    with pytest.raises(
        ValueError, match=r"'balanced' needs the rows .*a factor for each class"
    ):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="'balanced' needs the rows of all calls"):
        model.fit(X, y).partial_fit(X, y)


def test_other_classes_in_a_later_call_raise_an_error() -> None:
    model = quick().partial_fit(X, y, classes=[0, 1])
    before = model.predict_proba(X)
    for classes in ([0, 1, 2], [0], ["0", "1"]):
        with pytest.raises(ValueError, match="but were 0, 1 in the first call"):
            model.partial_fit(X, y, classes=classes)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.partial_fit(X, y, classes=[1, 0])


def test_factor_of_a_class_that_is_absent_from_a_call_is_accepted() -> None:
    model = quick(class_weight={0: 2.0}).partial_fit(X, y, classes=[0, 1])
    model.partial_fit(X[y == 1], y[y == 1])


def test_failed_fit_keeps_the_earlier_one() -> None:
    model = quick().fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="epochs is 0"):
        model.set_params(epochs=0).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_huge_batch_is_one_batch_of_all_rows() -> None:
    huge, whole = (
        quick(batch_size=size, dropout=0.2).fit(X, y) for size in (10**30, None)
    )
    np.testing.assert_array_equal(huge.predict_proba(X), whole.predict_proba(X))


@pytest.mark.parametrize(
    ("change", "labels", "message"),
    [
        ({}, np.arange(40_000) // 2, "in 20,000 classes would take 32.0 GB"),
        ({"hidden": (10**6, 10**6)}, np.arange(20_000) % 2, "fewer hidden units"),
        ({"members": 10**9}, np.arange(20_000) % 2, "fewer members"),
    ],
    ids=["classes", "units", "members"],
)
def test_lack_of_memory_raises_an_error_before_the_allocation(
    change: dict[str, object], labels: np.ndarray, message: str
) -> None:
    rows = np.zeros((len(labels), 2))
    model = quick(**({"members": 4} | change))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            model.fit(rows, labels)
        with pytest.raises(ValueError, match=message):
            model.partial_fit(rows, labels, classes=np.unique(labels))
        # The rows take 0.6 MB; the parameters alone of 20,000 classes take 8 MB.
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


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


def test_file_of_a_bare_network_is_not_a_classifier() -> None:
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
def test_invalid_classifier_is_a_value_error(change: dict[str, object]) -> None:
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
def test_invalid_input_raises_an_error_that_names_it(
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
        ({"members": 0}, "members is 0"),
        ({"members": 2.5}, "members is 2.5"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: give a number above 0"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1"),
        ({"learning_rate": np.nan}, "learning_rate is nan"),
        ({"learning_rate": np.inf}, "learning_rate is inf"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"batch_size": 0}, "batch_size is 0: give a whole number of at least 1"),
        ({"batch_size": -(10**30)}, "batch_size is -1000"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
        ({"epochs": None}, "epochs is None"),
        ({"patience": 3}, "set validation_fraction above 0"),
    ],
)
def test_invalid_setting_raises_an_error_that_names_it(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        quick(**change).fit(X, y)


def test_unannounced_class_raises_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="class '2', which is not among"):
        quick().partial_fit(X, y + 1, classes=[0, 1])
    with pytest.raises(ValueError, match="give classes in the first call"):
        quick().partial_fit(X, y)
