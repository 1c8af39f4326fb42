import numpy as np
import pandas as pd

from econnet.core.types import Floats
from econnet.evaluation import bootstrap
from econnet.evaluation.bootstrap import Resample

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


def test_periods_are_neighbours_in_time_whatever_the_order_of_rows() -> None:
    shuffled = PERIODS.sample(frac=1, random_state=0)
    drawn = Resample.draw(shuffled, 40, 1, np.random.default_rng(0))
    order = pd.Series(drawn.period_of, shuffled.index).sort_index()
    assert order.tolist() == [quarter for quarter in range(40) for _ in range(3)]
