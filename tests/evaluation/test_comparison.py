import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.evaluation import comparison
from econnet.evaluation.bootstrap import Resample
from econnet.evaluation.comparison import diebold_mariano

# What one forecaster cost more than the other: a cycle of some nine periods.
DIFFERENCES = 0.01 * np.array(
    [
        *(10, 14, 22, 18, 5, -3, -8, -12, -2, 9, 17, 21),
        *(12, 3, -6, -11, -4, 8, 15, 19, 11, 2, -7, -9),
    ]
)


@pytest.mark.parametrize(
    ("steps", "statistic", "p_value"),
    [
        (1, 2.3142399020427, 0.0299353505725),
        (2, 1.699399822577, 0.102731168372),
        (3, 1.501004427031, 0.146958884696),
        (4, 1.472387625179, 0.154469321324),
        (5, 1.57084451030, 0.12987527793),
        (6, 1.7958493316935, 0.0856687299145),
    ],
)
def test_diebold_mariano_is_that_of_r(
    steps: int, statistic: float, p_value: float
) -> None:
    """Golden: `dm.test(1 + d, 1 + 0 * d, h = steps, power = 1)` of R's forecast 8.20.

    With `varestimator = "bartlett"`, which it has from two steps on.
    """
    test = diebold_mariano(DIFFERENCES, steps)
    assert test is not None
    assert test.statistic == pytest.approx(statistic, rel=1e-10)
    assert test.p_value == pytest.approx(p_value, rel=1e-10)


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 11))
def test_diebold_mariano_turns_its_sign_with_the_models(seed: int, steps: int) -> None:
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


def test_equal_models_are_right_to_be_called_equal_nine_times_in_ten() -> None:
    """At a level of 10%, with differences that hang together over four periods."""
    rng = np.random.default_rng(0)
    shocks = rng.normal(size=(400, 203))
    moving = np.stack([shocks[:, k : k + 200] for k in range(4)]).sum(axis=0)
    tests = [diebold_mariano(differences, 8) for differences in moving]
    rejected = np.mean([test is not None and test.p_value < 0.1 for test in tests])
    assert 0.05 < rejected < 0.17


@pytest.mark.parametrize(
    "differences", [np.zeros(20), np.full(20, 0.1), DIFFERENCES[:4]]
)
def test_nothing_to_test_gives_no_test(differences: np.ndarray) -> None:
    assert diebold_mariano(differences, 4) is None


def test_sharper_forecasts_win_and_equal_ones_are_even() -> None:
    rng = np.random.default_rng(0)
    outcome = (rng.random(200) < 0.3).astype(float)
    drawn = Resample.draw(pd.Series(range(200)), 4, 500, rng)
    sharp, flat = np.where(outcome == 1, 0.8, 0.1), np.full(200, 0.3)
    found = comparison.compare(sharp, flat, outcome, drawn, 4)
    assert (found.log_loss, found.brier) == ("win", "win")
    assert found.auroc_difference == 0.5
    turned = comparison.compare(flat, sharp, outcome, drawn, 4)
    assert (turned.log_loss, turned.brier) == ("loss", "loss")
    assert turned.brier_interval == pytest.approx(
        tuple(-it for it in reversed(found.brier_interval))
    )
    same = comparison.compare(sharp, sharp, outcome, drawn, 4)
    assert (same.log_loss, same.brier) == ("even", "even")
    assert same.log_loss_test is None


def test_without_a_contraction_there_is_no_difference_in_ranking() -> None:
    drawn = Resample.draw(pd.Series(range(20)), 4, 50, np.random.default_rng(0))
    found = comparison.compare(
        np.full(20, 0.1), np.full(20, 0.2), np.zeros(20), drawn, 4
    )
    assert found.auroc_difference is None
    assert found.auroc_interval is None
    assert found.brier == "win"


def test_paired_interval_knows_that_both_suffered_the_same_periods() -> None:
    """Both are far off in the same years, so little is to be said against either."""
    rng = np.random.default_rng(1)
    outcome = (rng.random(400) < 0.3).astype(float)
    one = np.clip(rng.random(400), 0.01, 0.99)
    other = np.clip(one + rng.normal(0, 0.01, 400), 0.01, 0.99)
    drawn = Resample.draw(pd.Series(range(400)), 4, 500, rng)
    found = comparison.compare(one, other, outcome, drawn, 4)
    low, high = found.brier_interval
    alone = drawn.means((one - outcome) ** 2)
    assert high - low < 0.2 * (np.quantile(alone, 0.95) - np.quantile(alone, 0.05))
