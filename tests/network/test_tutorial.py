"""The tutorial network is correct, and the fast network computes the same."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.datasets import make_moons

from econnet.network import SGD, Architecture, Network, TrainingOptions, train, tutorial
from econnet.network.tutorial import ActivationName, Array, LayerShape, LayerWeights


def moons(rows: int) -> tuple[Array, Array]:
    X, y = make_moons(rows, noise=0.2, random_state=0)
    return X, y[:, np.newaxis].astype(float)


@st.composite
def architectures(draw: st.DrawFn) -> list[LayerShape]:
    """Draw one to four layers that take two inputs and give one probability."""
    sizes = [2, *draw(st.lists(st.integers(1, 6), max_size=3)), 1]
    hidden: st.SearchStrategy[ActivationName] = st.sampled_from(["relu", "sigmoid"])
    names = [*(draw(hidden) for _ in sizes[2:]), "sigmoid"]
    return [
        {"input_dim": inputs, "output_dim": outputs, "activation": name}
        for inputs, outputs, name in zip(sizes[:-1], sizes[1:], names, strict=True)
    ]


def random_layers(architecture: list[LayerShape], seed: int) -> list[LayerWeights]:
    """Draw layers whose biases are not zero."""
    rng = np.random.default_rng(seed)
    layers = tutorial.initialize(architecture, seed)
    return [LayerWeights(W, rng.normal(0, 0.5, b.shape)) for W, b in layers]


@given(
    architecture=architectures(),
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(2, 70),
    updates=st.integers(1, 30),
)
def test_fast_network_reaches_the_same_weights_after_the_same_updates(
    architecture: list[LayerShape], seed: int, rows: int, updates: int
) -> None:
    X, y = moons(rows)
    layers = random_layers(architecture, seed)
    network = Network(Architecture.parse(architecture), dtype=np.float64)
    for W, b, layer in zip(network.W, network.b, layers, strict=True):
        W[0], b[0] = layer

    trained, history = tutorial.train(
        X, y, architecture, layers, epochs=updates, learning_rate=0.3
    )
    options = TrainingOptions(SGD(0.3), epochs=updates, batch_size=None)
    fast_history = train(network, X, y, options=options)

    for W, b, layer in zip(network.W, network.b, trained, strict=True):
        np.testing.assert_allclose(W[0], layer.W, rtol=0, atol=1e-10)
        np.testing.assert_allclose(b[0], layer.b, rtol=0, atol=1e-10)
    np.testing.assert_allclose(fast_history.cost[:, 0], history.cost, atol=1e-10)
    np.testing.assert_allclose(
        network.predict(X)[0], tutorial.predict(X, architecture, trained), atol=1e-10
    )


@given(architecture=architectures(), seed=st.integers(0, 2**32 - 1))
def test_gradient_equals_finite_differences(
    architecture: list[LayerShape], seed: int
) -> None:
    X, y = moons(8)
    layers = random_layers(architecture, seed)
    rng = np.random.default_rng(seed + 1)
    direction = [
        LayerWeights(rng.normal(size=W.shape), rng.normal(size=b.shape))
        for W, b in layers
    ]

    def difference(step: float) -> float:
        costs = []
        for sign in (1, -1):
            moved = tutorial.update(layers, direction, -sign * step)
            caches = tutorial.forward(X, architecture, moved)[1]
            costs.append(tutorial.cross_entropy(caches[-1].Z, y))
        return (costs[0] - costs[1]) / (2 * step)

    # Two differences that disagree have a corner of ReLU between them.
    assume(np.isclose(difference(1e-5), difference(5e-6), rtol=1e-7, atol=1e-8))
    caches = tutorial.forward(X, architecture, layers)[1]
    gradient = tutorial.backward(y, architecture, layers, caches)
    along = sum(
        (dW * V).sum() + (db * v).sum()
        for (dW, db), (V, v) in zip(gradient, direction, strict=True)
    )
    # Costs near 1 round at 1e-16, which is some 1e-11 once divided by the step.
    assert along == pytest.approx(difference(1e-5), rel=1e-5, abs=1e-8)


def test_cost_of_a_confident_wrong_forecast_is_large_but_finite() -> None:
    logits, y = np.array([[1e4], [-1e4]]), np.array([[0.0], [1.0]])
    assert tutorial.cross_entropy(logits, y) == 1e4
    np.testing.assert_array_equal(tutorial.sigmoid(logits), [[1.0], [0.0]])


def test_tutorial_network_separates_two_moons() -> None:
    X, y = moons(400)
    architecture: list[LayerShape] = [
        {"input_dim": 2, "output_dim": 16, "activation": "relu"},
        {"input_dim": 16, "output_dim": 1, "activation": "sigmoid"},
    ]
    layers = tutorial.initialize(architecture)
    layers, history = tutorial.train(
        X, y, architecture, layers, epochs=3000, learning_rate=0.5
    )
    assert len(history.cost) == 3000
    assert history.cost[-1] < 0.15 < history.cost[0]
    # A straight line separates about 87% of them.
    assert history.accuracy[-1] > 0.95
    X_new, y_new = make_moons(400, noise=0.2, random_state=1)
    probability = tutorial.predict(X_new, architecture, layers)[:, 0]
    assert ((probability > 0.5) == y_new).mean() > 0.93
