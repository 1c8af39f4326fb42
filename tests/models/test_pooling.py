from collections.abc import Sequence

import numpy as np
import pandas as pd
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
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(made, "Q", made.origins.max())


def oracle(windows: list[Window], sure: float) -> list[Floats]:
    """Return log-odds that are right; 0 where the outcome is not known."""
    return [
        np.where(np.isnan(it.outcome), 0.0, sure * (2 * it.outcome - 1))
        for it in windows
    ]


def noise(windows: list[Window], seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=len(it.ahead)) for it in windows]


PRIOR = np.array([0.5, 0.3, 0.2])


def said_by(*models: list[Floats]) -> list[Floats]:
    """Return the log-odds of several models, (models, rows) a window."""
    return [np.stack(of) for of in zip(*models, strict=True)]


def test_first_window_has_the_weights_of_before_any_forecast(
    windows: list[Window],
) -> None:
    said = said_by(oracle(windows, 3), noise(windows, 0), noise(windows, 1))
    np.testing.assert_array_equal(pooling.weights(windows, said, PRIOR)[0], PRIOR)


def test_weight_goes_to_the_model_that_has_been_right(windows: list[Window]) -> None:
    right, wrong, other = oracle(windows, 2), noise(windows, 0), noise(windows, 1)
    first = pooling.weights(windows, said_by(right, wrong, other), PRIOR)
    second = pooling.weights(windows, said_by(wrong, right, other), PRIOR)
    assert first[-1][0] > PRIOR[0]
    assert second[-1][1] > PRIOR[1]
    for weights in first + second:
        assert weights.sum() == pytest.approx(1)
        assert weights.min() >= 0
        assert weights[0] >= pooling.MIN_FIRST_WEIGHT


def test_weights_are_the_likeliest_there_are(windows: list[Window]) -> None:
    """No step to other weights that sum to 1 costs less."""
    window = windows[-1]
    rows = np.concatenate([it.ahead for it in windows[:-1]])
    models = oracle(windows, 0.4), noise(windows, 0), noise(windows, 1)
    said = np.concatenate(said_by(*models)[:-1], axis=1)
    found = pooling.estimate_weights(window, rows, said, PRIOR)
    outcome = window.features.y[rows]
    known = ~np.isnan(outcome)

    def cost(weights: Floats) -> float:
        mean = pooling.combine_log_odds(said[:, known], weights)
        evidence = np.logaddexp(0, mean) - outcome[known] * mean
        doubt = pooling.PRIOR_PRECISION / 2 * ((weights - PRIOR) ** 2).sum()
        return float(evidence.sum() / window.design_effect + doubt)

    for step in np.random.default_rng(0).normal(size=(50, 3)) * 0.01:
        tried = found + step - step.mean()
        if tried.min() >= 0 and tried[0] >= pooling.MIN_FIRST_WEIGHT:
            assert cost(tried) >= cost(found) - 1e-7


def test_weights_of_a_window_rest_on_what_its_origin_knew(
    windows: list[Window],
) -> None:
    """What is said in a window, and what comes of it, changes no weights up to it."""
    said = said_by(noise(windows, 2), noise(windows, 0), noise(windows, 3))
    weights = pooling.weights(windows, said, PRIOR)
    later = said_by(noise(windows, 1), noise(windows, 4), noise(windows, 5))
    changed = pooling.weights(windows, [*said[:5], *later[5:]], PRIOR)
    for before, after in zip(weights[:6], changed[:6], strict=True):
        np.testing.assert_array_equal(after, before)
    assert (changed[-1] != weights[-1]).any()


def test_weighted_mean_of_equals_is_stretched(windows: list[Window]) -> None:
    def model(given: object) -> list[Floats]:
        assert given is windows
        return [np.full(len(it.ahead), 0.2) for it in windows]

    said = np.concatenate(pooling.weighted([model, model, model], PRIOR)(windows))
    odds = pooling.EXTREMIZE * np.log(0.2 / 0.8)
    np.testing.assert_allclose(said, 1 / (1 + np.exp(-odds)))


def test_equal_pool_is_the_plain_mean(windows: list[Window]) -> None:
    def one(them: Sequence[Window]) -> list[Floats]:
        return [np.full(len(it.ahead), 0.1) for it in them]

    def other(them: Sequence[Window]) -> list[Floats]:
        return [np.full(len(it.ahead), 0.4) for it in them]

    pool = pooling.equal({"one": one, "other": other})
    np.testing.assert_allclose(np.concatenate(pool(windows)), 0.25)


def test_once_forecasts_the_same_windows_once(windows: list[Window]) -> None:
    asked = []

    def model(given: object) -> list[Floats]:
        asked.append(given)
        return []

    once = pooling.Memoized(model)
    once(windows), once(windows), once(windows[:1])
    assert [len(pd.Series(it)) for it in asked] == [len(windows), 1]


def test_row_is_given_the_same_bits_among_other_rows() -> None:
    said = np.random.default_rng(0).normal(size=(3, 101))
    together = pooling.combine_log_odds(said, PRIOR)
    for rows in (1, 2, 7, 50):
        np.testing.assert_array_equal(
            pooling.combine_log_odds(said[:, :rows], PRIOR), together[:rows]
        )
