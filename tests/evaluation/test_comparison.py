import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.evaluation import comparison
from econnet.evaluation.bootstrap import Resample
from econnet.evaluation.comparison import diebold_mariano


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 11))
def test_diebold_mariano_changes_sign_when_the_models_are_swapped(
    seed: int, steps: int
) -> None:
    differences = np.random.default_rng(seed).normal(size=12)
    one, other = (
        diebold_mariano(differences, steps),
        diebold_mariano(-differences, steps),
    )
    assert one is not None
    assert other is not None
    assert one.statistic == -other.statistic
    assert one.p_value == other.p_value
    assert 0 <= one.p_value <= 1


def test_equal_models_are_rejected_in_one_of_ten_tests() -> None:
    """At a level of 10%, with differences that are correlated over four periods."""
    rng = np.random.default_rng(0)
    shocks = rng.normal(size=(400, 203))
    moving = np.stack([shocks[:, k : k + 200] for k in range(4)]).sum(axis=0)
    tests = [diebold_mariano(differences, 8) for differences in moving]
    rejected = np.mean([test is not None and test.p_value < 0.1 for test in tests])
    assert 0.05 < rejected < 0.17


@pytest.mark.parametrize(
    "differences", [np.zeros(20), np.full(20, 0.1), np.array([0.1, 0.2, -0.1, 0.3])]
)
def test_constant_or_too_few_differences_give_no_test(differences: np.ndarray) -> None:
    assert diebold_mariano(differences, 4) is None


def test_sharper_forecasts_win_and_equal_ones_are_even() -> None:
    rng = np.random.default_rng(0)
    outcome = (rng.random(200) < 0.3).astype(float)
    drawn = Resample.draw(pd.Series(range(200)), 4, 500, rng)
    sharp, flat = np.where(outcome == 1, 0.8, 0.1), np.full(200, 0.3)
    result = comparison.compare(sharp, flat, outcome, drawn, 4)
    assert (result.log_loss, result.brier) == ("win", "win")
    assert result.auroc_difference == 0.5
    turned = comparison.compare(flat, sharp, outcome, drawn, 4)
    assert (turned.log_loss, turned.brier) == ("loss", "loss")
    assert turned.brier_interval == pytest.approx(
        tuple(-bound for bound in reversed(result.brier_interval))
    )
    same = comparison.compare(sharp, sharp, outcome, drawn, 4)
    assert (same.log_loss, same.brier) == ("even", "even")
    assert same.log_loss_test is None


def test_without_a_contraction_there_is_no_difference_in_auroc() -> None:
    drawn = Resample.draw(pd.Series(range(20)), 4, 50, np.random.default_rng(0))
    result = comparison.compare(
        np.full(20, 0.1), np.full(20, 0.2), np.zeros(20), drawn, 4
    )
    assert result.auroc_difference is None
    assert result.auroc_interval is None
    assert result.brier == "win"


def test_paired_interval_is_narrow_if_both_models_err_in_the_same_periods() -> None:
    rng = np.random.default_rng(1)
    outcome = (rng.random(400) < 0.3).astype(float)
    one = np.clip(rng.random(400), 0.01, 0.99)
    other = np.clip(one + rng.normal(0, 0.01, 400), 0.01, 0.99)
    drawn = Resample.draw(pd.Series(range(400)), 4, 500, rng)
    result = comparison.compare(one, other, outcome, drawn, 4)
    low, high = result.brier_interval
    alone = drawn.means((one - outcome) ** 2)
    assert high - low < 0.2 * (np.quantile(alone, 0.95) - np.quantile(alone, 0.05))
