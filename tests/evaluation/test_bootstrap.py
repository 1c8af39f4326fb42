import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from econnet.core.types import Floats
from econnet.evaluation import bootstrap
from econnet.evaluation.bootstrap import Resample
from tests.builders import at_most

PERIODS = pd.Series(pd.period_range("2000Q1", periods=40, freq="Q").repeat(3))


def counts_of_rows(block: int, draws: int) -> Floats:
    return Resample.draw(PERIODS, block, draws, np.random.default_rng(0)).row_counts()


def test_rows_of_one_period_are_drawn_together() -> None:
    counts = counts_of_rows(block=4, draws=50)
    by_period = counts.reshape(50, 40, 3)
    assert (by_period == by_period[:, :, :1]).all()


def test_every_draw_is_as_long_as_the_record() -> None:
    counts = counts_of_rows(block=7, draws=50)
    assert (counts.sum(axis=1) == len(PERIODS)).all()


def test_neighbouring_periods_are_drawn_together_more_often_than_distant_ones() -> None:
    counts = counts_of_rows(block=8, draws=2000)
    row, neighbour, distant = counts[:, 60], counts[:, 63], counts[:, 105]
    near = np.corrcoef(row, neighbour)[0, 1]
    assert near > 0.5
    assert near > np.corrcoef(row, distant)[0, 1] + 0.5


def test_block_as_long_as_the_record_is_the_record() -> None:
    counts = counts_of_rows(block=400, draws=5)
    assert (counts == 1).all()


def test_block_covers_the_horizon_and_a_year() -> None:
    assert bootstrap.block_length(1, "Q") == 4
    assert bootstrap.block_length(6, "Q") == 7
    assert bootstrap.block_length(0, "M") == 12
    assert bootstrap.block_length(2, "A") == 3


def test_interval_of_independent_costs_is_that_of_the_normal() -> None:
    """The mean of n independent standard normals is within 1.645 / sqrt(n) in 90%."""
    n = 2000
    costs = np.random.default_rng(1).normal(0, 1, n)
    periods = pd.Series(range(n))
    low, high = bootstrap.mean_interval(costs, periods, 1, 2000, 0)
    assert high - low == pytest.approx(2 * 1.645 / np.sqrt(n), rel=0.1)
    assert low < costs.mean() < high


def test_interval_of_the_auroc_covers_it_and_narrows_with_the_record() -> None:
    def interval(n: int) -> tuple[float, float]:
        rng = np.random.default_rng(0)
        outcome = (np.arange(n) % 4 == 0).astype(float)
        probability = rng.normal(outcome, 1.0)
        # With a shift of one standard deviation, 76% of pairs are ranked correctly.
        periods = pd.Series(range(n))
        drawn = Resample.draw(periods, 4, 200, np.random.default_rng(0))
        return bootstrap.interval(drawn.aurocs(probability, outcome))

    low, high = interval(4000)
    assert low < 0.76 < high
    short_low, short_high = interval(200)
    assert short_high - short_low > 2 * (high - low)


@at_most(30)
@given(seed=st.integers(0, 2**32 - 1), levels=st.integers(2, 20))
def test_scores_of_draws_are_those_of_the_drawn_rows(seed: int, levels: int) -> None:
    """Few levels make many ties, within periods and between them."""
    rng = np.random.default_rng(seed)
    probability = rng.integers(0, levels, len(PERIODS)) / levels
    outcome = rng.integers(0, 2, len(PERIODS)).astype(float)
    drawn = Resample.draw(PERIODS, 4, 8, rng)
    areas, means = drawn.aurocs(probability, outcome), drawn.means(probability)
    for counts, area, mean in zip(drawn.counts, areas, means, strict=True):
        weights = counts[drawn.period_of]
        assert mean == pytest.approx(np.average(probability, weights=weights))
        assert area == pytest.approx(
            roc_auc_score(outcome, probability, sample_weight=weights), abs=1e-12
        )


def test_draw_without_a_contraction_has_no_area() -> None:
    outcome = np.zeros(len(PERIODS))
    outcome[:3] = 1  # in the first period alone, which many draws miss
    probability = np.linspace(1, 0, len(PERIODS))
    drawn = Resample.draw(PERIODS, 2, 200, np.random.default_rng(0))
    areas = drawn.aurocs(probability, outcome)
    np.testing.assert_array_equal(np.isnan(areas), drawn.counts[:, 0] == 0)
    assert bootstrap.interval(areas) == (1.0, 1.0)


def test_cost_of_a_period_is_weighted_by_its_rows() -> None:
    periods = pd.Series(pd.PeriodIndex(["2000", "2000", "2000", "2001"], freq="Y"))
    drawn = Resample.draw(periods, 1, 1, np.random.default_rng(0))
    costs = drawn.period_costs(np.array([1.0, 2.0, 3.0, 6.0]))
    np.testing.assert_allclose(costs, [3.0, 3.0])


def test_periods_are_neighbours_in_time_whatever_the_order_of_rows() -> None:
    shuffled = PERIODS.sample(frac=1, random_state=0)
    drawn = Resample.draw(shuffled, 40, 1, np.random.default_rng(0))
    order = pd.Series(drawn.period_of, shuffled.index).sort_index()
    assert order.tolist() == [quarter for quarter in range(40) for _ in range(3)]
