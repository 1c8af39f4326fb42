import numpy as np
import pandas as pd
import pytest

from econnet.core.types import Floats
from econnet.evaluation import comparison
from econnet.evaluation.intervals import Periods
from econnet.evaluation.metrics import brier_costs


def periods_of(outcome: Floats) -> Periods:
    columns = {"country": "USA", "period": range(len(outcome)), "outcome": outcome}
    return Periods.of(pd.DataFrame(columns))


def test_sharper_forecasts_win_and_equal_ones_are_even() -> None:
    rng = np.random.default_rng(0)
    outcome = (rng.random(200) < 0.3).astype(float)
    periods = periods_of(outcome)
    sharp, flat = np.where(outcome == 1, 0.8, 0.1), np.full(200, 0.3)
    result = comparison.compare(sharp, flat, outcome, periods)
    assert (result.log_loss, result.brier) == ("win", "win")
    assert result.auroc_difference == 0.5
    turned = comparison.compare(flat, sharp, outcome, periods)
    assert (turned.log_loss, turned.brier) == ("loss", "loss")
    assert turned.brier_interval == pytest.approx(
        tuple(-bound for bound in reversed(result.brier_interval))
    )
    same = comparison.compare(sharp, sharp, outcome, periods)
    assert (same.log_loss, same.brier) == ("even", "even")
    assert same.log_loss_p_value is None


def test_without_a_contraction_there_is_no_difference_in_auroc() -> None:
    outcome = np.zeros(20)
    result = comparison.compare(
        np.full(20, 0.1), np.full(20, 0.2), outcome, periods_of(outcome)
    )
    assert result.auroc_difference is None
    assert result.auroc_interval is None
    assert result.brier == "win"


def test_paired_interval_is_narrow_if_both_models_err_in_the_same_periods() -> None:
    rng = np.random.default_rng(1)
    outcome = (rng.random(400) < 0.3).astype(float)
    one = np.clip(rng.random(400), 0.01, 0.99)
    other = np.clip(one + rng.normal(0, 0.01, 400), 0.01, 0.99)
    periods = periods_of(outcome)
    result = comparison.compare(one, other, outcome, periods)
    low, high = result.brier_interval
    alone_low, alone_high = periods.mean(brier_costs(one, outcome)).interval(0, 1)
    assert high - low < 0.2 * (alone_high - alone_low)
