import numpy as np
import pandas as pd
import pytest

from econnet.evaluation import bootstrap

PERIODS = pd.Series(pd.period_range("2000Q1", periods=40, freq="Q").repeat(3))


def test_rows_of_one_period_are_drawn_together() -> None:
    counts = bootstrap.block_counts(PERIODS, 4, 50, np.random.default_rng(0))
    by_period = counts.reshape(50, 40, 3)
    assert (by_period == by_period[:, :, :1]).all()


def test_every_draw_is_as_long_as_the_record() -> None:
    counts = bootstrap.block_counts(PERIODS, 7, 50, np.random.default_rng(0))
    assert (counts.sum(axis=1) == len(PERIODS)).all()


def test_neighbours_are_drawn_together_more_often_than_strangers() -> None:
    counts = bootstrap.block_counts(PERIODS, 8, 2000, np.random.default_rng(0))
    one, neighbour, stranger = counts[:, 60], counts[:, 63], counts[:, 105]
    near = np.corrcoef(one, neighbour)[0, 1]
    assert near > 0.5
    assert near > np.corrcoef(one, stranger)[0, 1] + 0.5


def test_block_as_long_as_the_record_is_the_record() -> None:
    counts = bootstrap.block_counts(PERIODS, 400, 5, np.random.default_rng(0))
    assert (counts == 1).all()


def test_interval_of_independent_costs_is_that_of_the_normal() -> None:
    """A mean of n independent draws of deviation 1 has 90% within 1.645 / sqrt(n)."""
    n = 2000
    costs = np.random.default_rng(1).normal(0, 1, n)
    periods = pd.Series(range(n))
    low, high = bootstrap.mean_interval(costs, periods, 1, 2000, 0)
    assert high - low == pytest.approx(2 * 1.645 / np.sqrt(n), rel=0.1)
    assert low < costs.mean() < high


def test_interval_of_the_auroc_holds_it_and_narrows_with_the_record() -> None:
    def interval(n: int) -> tuple[float, float]:
        rng = np.random.default_rng(0)
        outcome = (np.arange(n) % 4 == 0).astype(float)
        said = rng.normal(outcome, 1.0)
        # A normal shift of one deviation is ranked rightly 76 times in 100.
        return bootstrap.auroc_interval(said, outcome, pd.Series(range(n)), 4, 200, 0)

    low, high = interval(4000)
    assert low < 0.76 < high
    short_low, short_high = interval(200)
    assert short_high - short_low > 2 * (high - low)
