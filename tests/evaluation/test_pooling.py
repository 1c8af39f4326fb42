from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from econnet import features, labels, panel
from econnet.evaluation import pooling, walkforward
from econnet.evaluation.walkforward import Window
from econnet.features import Floats
from tests.builders import world


@pytest.fixture(scope="module")
def windows() -> list[Window]:
    known = panel.build(world(countries=3), "Q")
    made = features.build(known, labels.apply(known, "negative-growth"), 1)
    return walkforward.windows(made, "Q", made.origins.max())


def oracle(windows: list[Window], sure: float) -> list[Floats]:
    """Return log-odds that are right; 0 where the outcome is not known."""
    return [
        np.where(np.isnan(it.outcome), 0.0, sure * (2 * it.outcome - 1))
        for it in windows
    ]


def noise(windows: list[Window], seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=len(it.ahead)) for it in windows]


def test_first_window_has_the_share_of_before_any_forecast(
    windows: list[Window],
) -> None:
    shares = pooling.shares(windows, oracle(windows, 3), noise(windows, 0))
    assert shares[0] == pooling.PRIOR_SHARE


def test_share_goes_to_the_model_that_has_been_right(windows: list[Window]) -> None:
    right, wrong = oracle(windows, 2), noise(windows, 0)
    first = pooling.shares(windows, right, wrong)
    second = pooling.shares(windows, wrong, right)
    assert first[-1] > pooling.PRIOR_SHARE > second[-1]
    assert all(pooling.SHARES[0] <= it <= pooling.SHARES[-1] for it in first + second)


def test_share_of_a_window_rests_on_what_its_origin_knew(windows: list[Window]) -> None:
    """What is said in a window, and what comes of it, changes no share up to it."""
    ours, theirs = noise(windows, 2), noise(windows, 0)
    shares = pooling.shares(windows, ours, theirs)
    later = noise(windows, 1)
    changed = pooling.shares(windows, ours, [*theirs[:5], *later[5:]])
    assert changed[:6] == shares[:6]
    assert changed[-1] != shares[-1]


def test_weighted_mean_of_equals_is_stretched(windows: list[Window]) -> None:
    def model(given: object) -> list[Floats]:
        assert given is windows
        return [np.full(len(it.ahead), 0.2) for it in windows]

    said = np.concatenate(pooling.weighted(model, model)(windows))
    odds = pooling.STRETCH * np.log(0.2 / 0.8)
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

    once = pooling.Once(model)
    once(windows), once(windows), once(windows[:1])
    assert [len(pd.Series(it)) for it in asked] == [len(windows), 1]
