from collections.abc import Sequence

import numpy as np
import pytest

from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.models import pooling
from econnet.models.windows import Window, make_windows
from tests.builders import world


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    known = panel.build(world(countries=3), "Q")
    features = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(features, "Q", features.origins.max())


def oracle(windows: list[Window], size: float) -> list[Floats]:
    """Return log-odds of the right sign; 0 where the outcome is unknown."""
    return [
        np.where(np.isnan(window.outcome), 0.0, size * (2 * window.outcome - 1))
        for window in windows
    ]


def noise(windows: list[Window], seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=len(window.ahead)) for window in windows]


PRIOR = np.array([0.5, 0.3, 0.2])


def stacked(*models: list[Floats]) -> list[Floats]:
    """Return the log-odds of several models, (models, rows) per window."""
    return [np.stack(by_model) for by_model in zip(*models, strict=True)]


def test_first_window_has_the_prior_weights(
    windows: list[Window],
) -> None:
    forecasts = stacked(oracle(windows, 3), noise(windows, 0), noise(windows, 1))
    np.testing.assert_array_equal(pooling.weights(windows, forecasts, PRIOR)[0], PRIOR)


def test_weight_goes_to_the_model_that_has_been_right(windows: list[Window]) -> None:
    right, wrong, other = oracle(windows, 2), noise(windows, 0), noise(windows, 1)
    first = pooling.weights(windows, stacked(right, wrong, other), PRIOR)
    second = pooling.weights(windows, stacked(wrong, right, other), PRIOR)
    assert first[-1][0] > PRIOR[0]
    assert second[-1][1] > PRIOR[1]
    for weights in first + second:
        assert weights.sum() == pytest.approx(1)
        assert weights.min() >= 0
        assert weights[0] >= pooling.MIN_FIRST_WEIGHT


def test_weights_minimise_the_cost(windows: list[Window]) -> None:
    """No nearby weights that sum to 1 cost less."""
    window = windows[-1]
    rows = np.concatenate([window.ahead for window in windows[:-1]])
    models = oracle(windows, 0.4), noise(windows, 0), noise(windows, 1)
    forecasts = np.concatenate(stacked(*models)[:-1], axis=1)
    estimate = pooling.estimate_weights(window, rows, forecasts, PRIOR)
    outcome = window.features.y[rows]
    known = ~np.isnan(outcome)

    def cost(weights: Floats) -> float:
        mean = pooling.combine_log_odds(forecasts[:, known], weights)
        losses = np.logaddexp(0, mean) - outcome[known] * mean
        prior = pooling.PRIOR_PRECISION / 2 * ((weights - PRIOR) ** 2).sum()
        return float(losses.sum() / window.design_effect + prior)

    for step in np.random.default_rng(0).normal(size=(50, 3)) * 0.01:
        nearby = estimate + step - step.mean()
        if nearby.min() >= 0 and nearby[0] >= pooling.MIN_FIRST_WEIGHT:
            assert cost(nearby) >= cost(estimate) - 1e-7


def test_weights_of_a_window_depend_on_what_was_known_at_its_origin(
    windows: list[Window],
) -> None:
    """A window's forecasts change no weights up to that window."""
    forecasts = stacked(noise(windows, 2), noise(windows, 0), noise(windows, 3))
    weights = pooling.weights(windows, forecasts, PRIOR)
    later = stacked(noise(windows, 1), noise(windows, 4), noise(windows, 5))
    changed = pooling.weights(windows, [*forecasts[:5], *later[5:]], PRIOR)
    for before, after in zip(weights[:6], changed[:6], strict=True):
        np.testing.assert_array_equal(after, before)
    assert (changed[-1] != weights[-1]).any()


def test_weighted_mean_of_equal_forecasts_is_extremized(windows: list[Window]) -> None:
    def model(given: object) -> list[Floats]:
        assert given is windows
        return [np.full(len(window.ahead), 0.2) for window in windows]

    forecasts = np.concatenate(pooling.weighted([model, model, model], PRIOR)(windows))
    odds = pooling.EXTREMIZE * np.log(0.2 / 0.8)
    np.testing.assert_allclose(forecasts, 1 / (1 + np.exp(-odds)))


def test_equal_pool_is_the_plain_mean(windows: list[Window]) -> None:
    def low(windows: Sequence[Window]) -> list[Floats]:
        return [np.full(len(window.ahead), 0.1) for window in windows]

    def high(windows: Sequence[Window]) -> list[Floats]:
        return [np.full(len(window.ahead), 0.4) for window in windows]

    pool = pooling.equal({"low": low, "high": high})
    np.testing.assert_allclose(np.concatenate(pool(windows)), 0.25)


def test_memoized_model_forecasts_the_same_windows_once(windows: list[Window]) -> None:
    calls: list[int] = []

    def model(windows: Sequence[Window]) -> list[Floats]:
        calls.append(len(windows))
        return []

    memoized = pooling.Memoized(model)
    memoized(windows), memoized(windows), memoized(windows[:1])
    assert calls == [len(windows), 1]


def test_combined_forecast_of_a_row_does_not_depend_on_other_rows() -> None:
    forecasts = np.random.default_rng(0).normal(size=(3, 101))
    together = pooling.combine_log_odds(forecasts, PRIOR)
    for rows in (1, 2, 7, 50):
        np.testing.assert_array_equal(
            pooling.combine_log_odds(forecasts[:, :rows], PRIOR), together[:rows]
        )
