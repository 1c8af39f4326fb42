"""Properties of the optimisers; `tests/conformance` compares them with other code."""

import numpy as np
import pytest

from econnet.network import (
    SGD,
    AdamW,
    Architecture,
    CosineDecay,
    Momentum,
    Network,
    Optimizer,
    TrainingOptions,
    train,
)
from econnet.network.activations import Array


def walk(optimizer: Optimizer, gradients: Array) -> Array:
    """Return two parameters after one step for each gradient."""
    parameters = np.array([[1.0, -2.0]])
    moments = [np.zeros((1, 2)) for _ in range(optimizer.n_moments)]
    rate = optimizer.learning_rate
    assert isinstance(rate, float)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.update(
            parameters, gradient[None].copy(), moments, np.array([[step]]), rate
        )
    final: Array = parameters[0]
    return final


def test_gradient_descent_subtracts_the_scaled_gradient() -> None:
    np.testing.assert_allclose(walk(SGD(0.5), np.array([[1.0, 2.0]])), [0.5, -3.0])


def test_velocity_of_momentum_converges_to_its_limit() -> None:
    # With a constant gradient the velocity converges to 1 / (1 - 0.8) times it.
    gradients = np.ones((200, 2))
    before, after = (
        walk(Momentum(0.1, momentum=0.8), gradients[:n]) for n in (199, 200)
    )
    np.testing.assert_allclose(before - after, 0.1 * 5, rtol=1e-9)


def test_nesterov_steps_with_the_next_velocity() -> None:
    # With a constant gradient of 1 the velocities are 1 and 1.8; steps are 0.1 * (1 +
    # 0.8 * velocity).
    final = walk(Momentum(0.1, momentum=0.8, nesterov=True), np.ones((2, 2)))
    np.testing.assert_allclose(final, [1 - 0.18 - 0.244, -2 - 0.18 - 0.244])


def test_decay_shrinks_weights_but_not_biases() -> None:
    network = Network(Architecture.dense(3, [4]), dtype=float)
    network.b[0][...] = 1.0
    before = network.W[0].copy()
    # With zero inputs and output weights, the gradient of the first layer is 0.
    network.W[1][...] = 0.0
    options = TrainingOptions(SGD(0.1, weight_decay=0.5), epochs=2, batch_size=None)
    train(network, np.zeros((8, 3)), np.tile([0.0, 1.0], 4), options=options)
    np.testing.assert_allclose(network.W[0], before * (1 - 0.1 * 0.5) ** 2, rtol=1e-12)
    np.testing.assert_allclose(network.b[0], 1.0, rtol=1e-12)


def test_cosine_decay_falls_from_its_start_to_zero() -> None:
    cosine = CosineDecay(0.8, 10)
    assert cosine(0) == 0.8
    assert cosine(5) == pytest.approx(0.4)
    assert cosine(10) == cosine(99) == pytest.approx(0.0)


def test_schedule_sets_the_learning_rate_of_each_epoch() -> None:
    epochs = []

    def schedule(epoch: int) -> float:
        epochs.append(epoch)
        return 0.0 if epoch else 0.1

    X = np.random.default_rng(0).normal(size=(8, 3))
    y = np.tile([0.0, 1.0], 4)
    falling, steady = (Network(Architecture.dense(3, [4])) for _ in "ab")
    train(falling, X, y, options=TrainingOptions(SGD(schedule), epochs=3))
    train(steady, X, y, options=TrainingOptions(SGD(0.1), epochs=1))
    assert epochs == [0, 1, 2]
    np.testing.assert_array_equal(falling.parameters, steady.parameters)


@pytest.mark.parametrize("optimizer", [SGD, Momentum, AdamW])
def test_rate_or_decay_that_cannot_be_used_raises_an_error(
    optimizer: type[SGD | Momentum | AdamW],
) -> None:
    for rate in (0.0, -0.1, np.nan, np.inf, "fast", None, True):
        with pytest.raises(ValueError, match=f"learning_rate is {rate!r}"):
            optimizer(rate)  # type: ignore[arg-type]  # wrong on purpose
    for decay in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="weight_decay is"):
            optimizer(0.1, weight_decay=decay)


@pytest.mark.parametrize("rate", [-0.1, np.nan, np.inf])
def test_schedule_that_gives_an_unusable_rate_raises_an_error(rate: float) -> None:
    options = TrainingOptions(SGD(lambda epoch: (0.1, rate)[epoch]), epochs=2)
    with pytest.raises(ValueError, match=r"learning rate .* in epoch 1"):
        train(Network(Architecture.dense(1)), [[0.0], [1.0]], [0, 1], options=options)


def test_weights_of_a_unit_that_is_never_active_become_zero() -> None:
    network = Network(Architecture.dense(3, [2], skip=True), 2)
    network.b[0][:, 0] = -50.0
    rows = np.random.default_rng(0).standard_normal((32, 3))
    options = TrainingOptions(AdamW(0.01), epochs=3000, batch_size=None, l2=0.05)
    train(network, rows, (rows[:, 0] > 0) * 1.0, options=options)
    assert (network.W[0][:, :, 0] == 0).all()
    sizes = np.abs(network.parameters)
    assert not ((sizes > 0) & (sizes < np.finfo(sizes.dtype).tiny)).any()
