from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss, mean_pinball_loss

from econnet.network.activations import Array
from econnet.network.losses import (
    LOSSES,
    OutputActivation,
    binary_accuracy,
    binary_cross_entropy,
    categorical_accuracy,
    categorical_cross_entropy,
    pinball_loss,
)


class Batch(NamedTuple):
    logits: Array
    targets: Array
    weights: Array


@st.composite
def batches(draw: st.DrawFn, units: int) -> Batch:
    """Draw a batch for one to four members; the first row has weight 0 for all.

    The target of one unit is 0 or 1; several units are classes, one of which is 1.
    """
    members, rows = draw(st.integers(1, 4)), draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.uniform(0.1, 1.0, (members, rows, 1))
    weights[:, 0] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    classes = rng.integers(0, max(units, 2), (members, rows, 1))
    targets = classes * 1.0 if units == 1 else 1.0 * (classes == np.arange(units))
    return Batch(rng.uniform(-10, 10, (members, rows, units)), targets, weights)


UNITS: dict[OutputActivation, int] = {"sigmoid": 1, "softmax": 3}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_cost_of_a_confident_wrong_forecast_is_large_but_finite(
    name: OutputActivation, dtype: type
) -> None:
    logits: Array = np.zeros((1, 1, UNITS[name]), dtype)
    logits[..., 0] = 1e4
    targets = np.zeros_like(logits)
    targets[..., 1:2] = 1
    weights: Array = np.ones((1, 1, 1), dtype)
    assert LOSSES[name].cost(logits, targets, weights) == 1e4
    gradient = LOSSES[name].gradient(logits, targets, weights, out=logits)
    assert gradient[0, 0, 0] == 1
    assert np.isfinite(gradient).all()


@given(batches(1))
def test_binary_cost_equals_scikit_learns_log_loss(batch: Batch) -> None:
    cost = binary_cross_entropy(*batch)
    for member, (z, y, w) in enumerate(zip(*batch, strict=True)):
        probability = 1 / (1 + np.exp(-z))
        expected = log_loss(y, probability, sample_weight=w[:, 0], labels=[0, 1])
        assert cost[member] == pytest.approx(expected, rel=1e-9)


@given(batches(3))
def test_categorical_cost_equals_scikit_learns_log_loss(batch: Batch) -> None:
    cost = categorical_cross_entropy(*batch)
    for member, (z, y, w) in enumerate(zip(*batch, strict=True)):
        probability = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        expected = log_loss(
            y.argmax(axis=1), probability, sample_weight=w[:, 0], labels=[0, 1, 2]
        )
        assert cost[member] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", LOSSES)
@given(data=st.data())
def test_gradient_equals_finite_differences(
    name: OutputActivation, data: st.DataObject
) -> None:
    batch, loss = data.draw(batches(UNITS[name])), LOSSES[name]
    gradient = loss.gradient(*batch, out=np.empty_like(batch.logits))
    for row, unit in np.ndindex(batch.logits.shape[1:]):
        step = np.zeros_like(batch.logits)
        step[:, row, unit] = 1e-5
        above = loss.cost(batch.logits + step, *batch[1:])
        below = loss.cost(batch.logits - step, *batch[1:])
        numerical = (above - below) / 2e-5
        np.testing.assert_allclose(
            gradient[:, row, unit], numerical, rtol=1e-6, atol=1e-9
        )


@pytest.mark.parametrize("name", LOSSES)
@given(data=st.data())
def test_cost_of_a_member_does_not_depend_on_the_others(
    name: OutputActivation, data: st.DataObject
) -> None:
    batch = data.draw(batches(UNITS[name]))
    together = LOSSES[name].cost(*batch)
    for member in range(len(together)):
        alone = LOSSES[name].cost(*(array[[member]] for array in batch))
        assert alone == together[member]


def test_accuracy_is_the_weighted_share_of_correct_forecasts() -> None:
    weights = np.array([[[0.5], [0.3], [0.2]]])
    logits = np.array([[[2.0], [-1.0], [0.5]]])
    targets = np.array([[[1.0], [0.0], [0.0]]])
    assert binary_accuracy(logits, targets, weights) == pytest.approx(0.8)
    logits = np.concatenate([0 * logits, logits], axis=2)
    targets = np.concatenate([1 - targets, targets], axis=2)
    assert categorical_accuracy(logits, targets, weights) == pytest.approx(0.8)


LEVELS = (0.05, 0.3, 0.5, 0.95)


@st.composite
def quantile_batches(draw: st.DrawFn) -> Batch:
    """Draw estimates of quantiles that are at least 0.001 from their targets."""
    members, rows = draw(st.integers(1, 4)), draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.uniform(0.1, 1.0, (members, rows, 1))
    weights[:, 0] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    targets = np.repeat(rng.normal(size=(members, rows, 1)), len(LEVELS), axis=2)
    distance = rng.uniform(0.001, 3, targets.shape) * rng.choice([-1, 1], targets.shape)
    return Batch(targets + distance, targets, weights)


@given(quantile_batches())
def test_pinball_loss_equals_scikit_learns(batch: Batch) -> None:
    costs = pinball_loss(LEVELS).cost(*batch)
    for member, (estimates, targets, weights) in enumerate(zip(*batch, strict=True)):
        expected = sum(
            mean_pinball_loss(
                targets[:, unit],
                estimates[:, unit],
                sample_weight=weights[:, 0],
                alpha=level,
            )
            for unit, level in enumerate(LEVELS)
        )
        assert costs[member] == pytest.approx(expected, rel=1e-9)


@given(quantile_batches())
def test_gradient_of_the_pinball_loss_equals_finite_differences(batch: Batch) -> None:
    loss = pinball_loss(LEVELS)
    gradient = loss.gradient(*batch, out=np.empty_like(batch.logits))
    for row, unit in np.ndindex(batch.logits.shape[1:]):
        step = np.zeros_like(batch.logits)
        step[:, row, unit] = 1e-4
        above = loss.cost(batch.logits + step, *batch[1:])
        below = loss.cost(batch.logits - step, *batch[1:])
        numerical = (above - below) / 2e-4
        np.testing.assert_allclose(
            gradient[:, row, unit], numerical, rtol=1e-6, atol=1e-9
        )


def test_pinball_loss_is_least_at_the_quantile() -> None:
    targets = np.random.default_rng(0).normal(size=(1, 1001, 1))
    targets = np.repeat(targets, len(LEVELS), axis=2)
    weights = np.full((1, 1001, 1), 1 / 1001)
    loss = pinball_loss(LEVELS)
    quantiles = np.quantile(targets[0, :, 0], LEVELS, method="inverted_cdf")
    at_quantile = np.broadcast_to(quantiles, targets.shape)
    least = loss.cost(at_quantile, targets, weights)
    for shift in (-0.1, 0.1):
        assert loss.cost(at_quantile + shift, targets, weights) > least
    share_below = loss.accuracy(at_quantile, targets, weights)
    assert share_below == pytest.approx(np.mean(LEVELS), abs=1e-3)


@pytest.mark.parametrize("levels", [(), (0.0,), (0.5, 1.0), (np.nan,)])
def test_level_that_is_not_between_0_and_1_is_refused(
    levels: tuple[float, ...],
) -> None:
    with pytest.raises(ValueError, match="give shares between 0 and 1"):
        pinball_loss(levels)
