from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.network.activations import (
    ACTIVATIONS,
    ActivationName,
    Array,
    sigmoid,
    softmax,
)


def test_every_name_has_an_activation() -> None:
    assert set(ACTIVATIONS) == set(get_args(ActivationName))


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(seed=st.integers(0, 2**32 - 1))
def test_backward_equals_finite_differences_of_forward(
    name: ActivationName, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    Z, direction, grad = rng.normal(size=(3, 2, 4, 3))
    # Away from zero, where ReLU has no derivative.
    Z += 0.1 * np.sign(Z)
    moved = []
    for step in (1e-6, -1e-6):
        A = Z + step * direction
        ACTIVATIONS[name].forward(A, np.zeros_like(A))
        moved.append(A)
    expected = (grad * (moved[0] - moved[1]) / 2e-6).sum()
    A = Z.copy()
    ACTIVATIONS[name].forward(A, np.zeros_like(A))
    ACTIVATIONS[name].backward(A, grad)
    assert (A * direction).sum() == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_sigmoid_of_known_log_odds() -> None:
    odds = np.array([[[1.0], [3.0], [0.25]]])
    np.testing.assert_allclose(
        sigmoid(np.log(odds), out=np.empty_like(odds))[0, :, 0],
        [1 / 2, 3 / 4, 1 / 5],
        rtol=1e-15,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_of_extremes_is_a_normal_number(dtype: type) -> None:
    z: Array = np.array([[[-1e4], [1e4], [-np.inf], [np.inf]]], dtype)
    low, high, lowest, highest = sigmoid(z, out=np.empty_like(z)).ravel()
    assert 0 < np.finfo(dtype).tiny <= low == lowest < 1e-30
    assert high == highest == 1


def test_softmax_of_extremes_sums_to_one() -> None:
    z = np.array([[[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]]], np.float32)
    expected = np.array([[[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]])
    np.testing.assert_allclose(softmax(z, out=z), expected, rtol=1e-6)
