import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from econnet.network import (
    SGD,
    AdamW,
    Architecture,
    History,
    Momentum,
    Network,
    OptimizerState,
    TrainingOptions,
    TrainingProgress,
    train,
)
from econnet.network.activations import Array
from tests.builders import at_most

Indices = NDArray[np.intp]
OPTIONS = {
    "plain": TrainingOptions(epochs=3, batch_size=16),
    "full batch": TrainingOptions(Momentum(0.1), epochs=4, batch_size=None),
    "early stopping": TrainingOptions(
        AdamW(0.05), epochs=12, batch_size=16, validation_fraction=0.3, patience=2
    ),
    "regularised": TrainingOptions(
        AdamW(weight_decay=0.1), epochs=3, batch_size=16, l2=0.1, dropout=0.4
    ),
    "full batch, stopping": TrainingOptions(
        SGD(0.5), epochs=9, batch_size=None, validation_fraction=0.3, patience=1
    ),
}


@pytest.fixture(autouse=True)
def _one_blas_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def sample(n: int, inputs: int = 6, seed: int = 0) -> tuple[Array, Array]:
    """Draw rows whose class depends on the first two inputs, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, inputs))
    y = (X[:, 0] - X[:, 1] ** 2 + rng.normal(size=n) > 0).astype(float)
    return X, y


@pytest.mark.parametrize("name", OPTIONS)
@at_most(10)
# The second member has as many training rows as the first, and more to validate on.
@example(sizes=[109, 110], skip=False, dtype=np.float64)
@given(
    sizes=st.lists(st.integers(8, 150), min_size=2, max_size=6),
    skip=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_member_trains_to_the_same_bits_alone_or_with_others(
    name: str, sizes: list[int], skip: bool, dtype: type
) -> None:
    X, y = sample(150)
    rows = [np.arange(size) for size in sizes]
    streams = np.random.SeedSequence(5).spawn(len(sizes))
    architecture = Architecture.dense(6, [5, 4], activation="tanh", skip=skip)

    together = Network(architecture, len(sizes), streams, dtype=dtype)
    history = train(together, X, y, rows=rows, options=OPTIONS[name])
    for member, selection in enumerate(rows):
        alone = Network(architecture, 1, [streams[member]], dtype=dtype)
        alone_history = train(alone, X, y, rows=[selection], options=OPTIONS[name])
        np.testing.assert_array_equal(alone.parameters[0], together.parameters[member])
        assert alone_history.best_epoch[0] == history.best_epoch[member]
        np.testing.assert_array_equal(
            alone_history.cost[:, 0], history.cost[: len(alone_history.epoch), member]
        )
        np.testing.assert_array_equal(alone.predict(X)[0], together.predict(X)[member])


@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"),
    reason="the kernel is one of x86-64",
)
@pytest.mark.campaign
def test_bits_are_the_same_with_the_blas_kernel_of_most_desktops() -> None:
    # Results of newer kernels hardly depend on the shape of a batch; those of the
    # Haswell kernel do.
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", __file__, "-p", "no:cacheprovider"),
            *("-k", "same_bits_alone and not regularised", "--override-ini=addopts="),
            "--import-mode=importlib",
        ],
        env=os.environ | {"OPENBLAS_CORETYPE": "Haswell"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_seeded_member_does_not_depend_on_the_number_of_members() -> None:
    architecture = Architecture.dense(6, [5])
    few, many = (Network(architecture, members, 3) for members in (2, 7))
    np.testing.assert_array_equal(few.parameters, many.parameters[:2])


def test_rows_of_other_members_do_not_affect_a_member() -> None:
    X, y = sample(100)
    rows, results = [np.arange(60), np.arange(20, 70)], []
    for noise in (0.0, 1e6):
        later = np.concatenate([np.zeros(70), np.full(30, noise)])[:, None]
        network = Network(Architecture.dense(6, [5]), 2)
        train(network, X + later, y, rows=rows, options=OPTIONS["plain"])
        results.append(network.parameters)
    np.testing.assert_array_equal(results[0], results[1])


def test_one_sigmoid_layer_equals_logistic_regression() -> None:
    X, y = sample(200)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X))
    weights /= weights.sum()
    network = Network(Architecture.dense(6), dtype=float)
    options = TrainingOptions(
        Momentum(1.0, nesterov=True), epochs=2000, batch_size=None, l2=0.02
    )
    train(network, X, y, weights=weights, options=options)
    # scikit-learn minimises half the squared weights plus C times the summed cost.
    peer = LogisticRegression(C=1 / 0.02, tol=1e-12, max_iter=10_000)
    peer.fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(network.W[0][0, :, 0], peer.coef_[0], rtol=1e-5)
    np.testing.assert_allclose(network.b[0][0, 0], peer.intercept_, rtol=1e-5)


def test_weights_of_the_best_epoch_are_restored() -> None:
    X, y = sample(80)
    by_epoch: list[Array] = []
    network = Network(Architecture.dense(6, [30]), 3, dtype=float)

    def record(progress: TrainingProgress) -> None:
        by_epoch.append(network.parameters.copy())
        assert progress.epoch == len(by_epoch)

    options = TrainingOptions(
        AdamW(0.02), epochs=60, batch_size=None, validation_fraction=0.25
    )
    history = train(network, X, y, options=options, after_epoch=record)
    np.testing.assert_array_equal(
        history.best_epoch, 1 + history.validation_cost.argmin(axis=0)
    )
    assert (history.best_epoch < 60).all()
    for member, epoch in enumerate(history.best_epoch):
        np.testing.assert_array_equal(
            network.parameters[member], by_epoch[epoch - 1][member]
        )


def test_member_stops_when_its_patience_runs_out() -> None:
    X, y = sample(80)
    network = Network(Architecture.dense(6, [30]), 4)
    options = TrainingOptions(
        AdamW(0.02), epochs=500, validation_fraction=0.25, patience=7
    )
    history = train(network, X, y, options=options)
    np.testing.assert_array_equal(history.epochs, history.best_epoch + 7)
    assert len(history.epoch) == history.epochs.max() < 500
    for member, epochs in enumerate(history.epochs):
        assert np.isfinite(history.cost[:epochs, member]).all()
        assert np.isnan(history.cost[epochs:, member]).all()


def test_validation_rows_are_the_latest_and_not_trained_on() -> None:
    X, y = sample(100)
    results = []
    for last_labels in (0.0, 1.0):
        network = Network(Architecture.dense(6, [5]))
        options = TrainingOptions(epochs=1, batch_size=16, validation_fraction=0.2)
        labels = np.concatenate([y[:80], np.full(20, last_labels)])
        train(network, X, labels, options=options)
        results.append(network.parameters)
    np.testing.assert_array_equal(results[0], results[1])


def test_weight_equals_repetition_of_the_row() -> None:
    X, y = sample(40)
    counts = np.random.default_rng(0).integers(0, 4, len(X))
    options = TrainingOptions(SGD(0.5), epochs=50, batch_size=None)
    weighted, repeated = (
        Network(Architecture.dense(6, [5]), dtype=float) for _ in "ab"
    )
    train(weighted, X, y, weights=counts * 3.0, options=options)
    train(repeated, np.repeat(X, counts, 0), np.repeat(y, counts), options=options)
    np.testing.assert_allclose(weighted.parameters, repeated.parameters, rtol=1e-9)


@pytest.mark.parametrize("batch_size", [8, None])
def test_mean_weight_makes_weights_of_parts_comparable(
    batch_size: int | None,
) -> None:
    X, y = sample(40)
    weights = np.random.default_rng(0).uniform(0.5, 3, len(X))
    options = TrainingOptions(SGD(0.1), epochs=1, batch_size=batch_size)
    own, given, double = (Network(Architecture.dense(6), dtype=float) for _ in "abc")
    start = own.parameters.copy()
    train(own, X, y, weights=weights, options=options)
    mean = float(weights.mean())
    train(given, X, y, weights=weights, mean_weight=mean, options=options)
    np.testing.assert_allclose(given.parameters, own.parameters, rtol=1e-12)
    if batch_size is None:
        train(double, X, y, weights=weights, mean_weight=mean / 2, options=options)
        np.testing.assert_allclose(
            double.parameters - start, 2 * (own.parameters - start), rtol=1e-12
        )


@pytest.mark.parametrize("mean_weight", [0.0, -1.0, np.nan, np.inf])
def test_mean_weight_is_a_number_above_0(mean_weight: float) -> None:
    with pytest.raises(ValueError, match="mean_weight is"):
        train(Network(Architecture.dense(6)), *sample(9), mean_weight=mean_weight)


def test_batches_of_an_epoch_together_have_the_gradient_of_all_rows() -> None:
    # At a rate this low, the parameters of an epoch hardly change between its batches.
    X, y = sample(100)
    weights = np.random.default_rng(0).exponential(size=len(X))
    changes = []
    for batch_size, batches in ((7, 15), (None, 1)):
        network = Network(Architecture.dense(6, [5]), dtype=float)
        start = network.parameters.copy()
        options = TrainingOptions(SGD(1e-6), epochs=1, batch_size=batch_size)
        train(network, X, y, weights=weights, options=options)
        changes.append((network.parameters - start) / batches)
    # Batches of 6 and of 7 rows count as one each, which shifts their mean a little.
    difference = np.linalg.norm(changes[0] - changes[1])
    assert difference < 0.05 * np.linalg.norm(changes[1])


def test_history_of_an_epoch_is_the_weighted_mean_of_all_rows() -> None:
    X, y = sample(100)
    weights = np.random.default_rng(0).exponential(size=len(X))
    costs = [
        train(
            Network(Architecture.dense(6, [5]), dtype=float),
            X,
            y,
            weights=weights,
            options=TrainingOptions(SGD(1e-12), epochs=1, batch_size=batch_size),
        ).cost
        for batch_size in (7, None)
    ]
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-9)


def test_batch_larger_than_all_rows_takes_their_memory_only() -> None:
    huge, whole = (Network(Architecture.dense(6, [5]), 2) for _ in "ab")
    for network, batch_size in ((huge, 10**12), (whole, None)):
        train(network, *sample(40), options=TrainingOptions(batch_size=batch_size))
    np.testing.assert_array_equal(huge.parameters, whole.parameters)


def test_state_continues_earlier_training() -> None:
    X, y = sample(40)
    options = [TrainingOptions(epochs=epochs, batch_size=None) for epochs in (6, 3)]
    at_once, in_parts = (Network(Architecture.dense(6, [5])) for _ in "ab")
    train(at_once, X, y, options=options[0])
    state = OptimizerState.start(in_parts, options[1].optimizer)
    for _ in range(2):
        train(in_parts, X, y, options=options[1], state=state)
    np.testing.assert_array_equal(in_parts.parameters, at_once.parameters)
    assert state.steps == 6


def test_thinned_history_keeps_the_last_epoch() -> None:
    X, y = sample(40)

    def history(record_every: int) -> History:
        options = TrainingOptions(epochs=10, record_every=record_every)
        return train(Network(Architecture.dense(6, [5])), X, y, options=options)

    every, fourth = history(1), history(4)
    np.testing.assert_array_equal(fourth.epoch, [4, 8, 10])
    assert fourth.epochs == fourth.best_epoch == 10
    np.testing.assert_array_equal(fourth.cost, every.cost[fourth.epoch - 1])


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    # With one hidden unit and no activation, the gradient shows what was dropped.
    X, y = np.ones((4000, 1)), np.ones(4000)
    network = Network(Architecture.dense(1, [1], activation="identity"), dtype=float)
    for W in network.W:
        W[...] = 1.0
    start = network.parameters.copy()
    train(
        network,
        X,
        y,
        options=TrainingOptions(SGD(1.0), epochs=1, batch_size=None, dropout=0.75),
    )
    # Three quarters of the rows have logit 0, the others 4. The gradient of the output
    # weight is the mean of unit * (probability - 1): 4 * 0.25 * (sigmoid(4) - 1).
    change = (network.parameters - start)[0, 2]
    expected = 4 * 0.25 / (1 + np.exp(4))
    # The standard error with 4,000 draws is 3%.
    assert change == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.full((9, 6), np.nan)}, "X contains NaN"),
        ({"X": np.full((9, 6), np.inf)}, "X contains NaN or infinity"),
        ({"X": np.zeros((9, 5))}, r"X has the shape \(9, 5\).*takes 6 inputs"),
        ({"X": np.zeros(9)}, "X has the shape"),
        ({"X": np.zeros((0, 6)), "y": np.zeros(0)}, "X has no rows"),
        ({"y": np.zeros(8)}, r"y has the shape \(8,\) for 9 rows"),
        ({"y": np.full(9, np.nan)}, "y contains NaN"),
        ({"y": np.full(9, 2.0)}, "outside 0 to 1"),
        ({"weights": np.ones(8)}, "weights have the shape"),
        ({"weights": np.full(9, -1.0)}, "below 0"),
        ({"weights": np.zeros(9)}, "weight 0"),
        ({"rows": [[0, 1]]}, "rows of 1 members for 2"),
        ({"rows": [[0, 1], []]}, "rows of member 1"),
        ({"rows": [[0, 1], [0, 9]]}, "go from 0 to 9, but X has 9"),
        ({"rows": [[0, 1], [-1, 2]]}, "go from -1 to 2"),
        ({"rows": [[0, 1], [True, False]]}, "rows of member 1"),
    ],
)
def test_wrong_input_is_named(change: dict[str, object], message: str) -> None:
    right: dict[str, object] = {"X": np.zeros((9, 6)), "y": np.zeros(9)}
    network = Network(Architecture.dense(6, [5]), 2)
    with pytest.raises(ValueError, match=message):
        train(network, **(right | change))  # type: ignore[arg-type] # wrong on purpose


def test_output_without_a_loss_is_refused() -> None:
    network = Network(Architecture.dense(6, output_activation="tanh"))
    with pytest.raises(ValueError, match="no loss: use sigmoid or softmax"):
        train(network, *sample(9))


def test_softmax_targets_must_sum_to_one() -> None:
    network = Network(Architecture.dense(6, (), 3, output_activation="softmax"))
    with pytest.raises(ValueError, match="do not sum to 1"):
        train(network, np.zeros((4, 6)), np.ones((4, 3)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": True}, "batch_size is True"),
        ({"l2": -1}, "l2 is -1"),
        ({"dropout": 1.0}, "dropout is 1"),
        ({"validation_fraction": -0.1}, "validation_fraction is -0.1"),
        ({"patience": 3}, "set validation_fraction above 0"),
    ],
)
def test_error_names_the_wrong_option(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingOptions(**options)  # type: ignore[arg-type] # wrong on purpose


def test_too_few_rows_for_validation_raise_an_error() -> None:
    network = Network(Architecture.dense(6, [5]), 1)
    with pytest.raises(ValueError, match="member 0 has 3 rows, too few"):
        train(
            network,
            *sample(3),
            options=TrainingOptions(validation_fraction=0.2),
        )


def test_divergence_raises_an_error_that_names_the_remedy() -> None:
    network = Network(Architecture.dense(6, [5, 5], activation="identity"), 2)
    options = TrainingOptions(SGD(1e20), epochs=50, batch_size=None, l2=1.0)
    validated = replace(options, validation_fraction=0.2)
    for chosen in (options, validated):
        with pytest.raises(
            ValueError, match=r"member 0 .*\(2 of 2 did\).*learning rate"
        ):
            train(network, *sample(40), options=chosen)
