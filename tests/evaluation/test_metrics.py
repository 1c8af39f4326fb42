import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as reference

from econnet.evaluation import metrics


def record(probability: list[float], outcome: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"origin": range(len(outcome)), "probability": probability, "outcome": outcome}
    )


@given(st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.01, 0.99, 50)
    outcome = np.r_[0.0, 1.0, rng.integers(0, 2, 48)]
    scores = metrics.score(
        record(probability.tolist(), outcome.tolist()), np.full(50, 0.5)
    )
    assert scores.auroc == pytest.approx(reference.roc_auc_score(outcome, probability))
    assert scores.brier == pytest.approx(
        reference.brier_score_loss(outcome, probability)
    )
    assert scores.log_loss == pytest.approx(reference.log_loss(outcome, probability))
    assert scores.average_precision == pytest.approx(
        reference.average_precision_score(outcome, probability)
    )


def test_skill_is_the_share_of_the_base_rates_cost_that_is_saved() -> None:
    outcome = [1.0, 0.0, 0.0, 0.0]
    base_rate = np.full(4, 0.25)
    perfect = metrics.score(record(outcome, outcome), base_rate)
    same = metrics.score(record([0.25] * 4, outcome), base_rate)
    worse = metrics.score(record([0.9] * 4, outcome), base_rate)
    assert perfect.brier_skill == 1
    assert same.brier_skill == same.log_loss_skill == 0
    assert worse.brier_skill is not None
    assert worse.brier_skill < 0


def test_certain_and_wrong_costs_much_but_not_infinity() -> None:
    scores = metrics.score(record([1.0, 0.0], [0.0, 1.0]), np.full(2, 0.5))
    assert scores.brier == 1
    assert scores.log_loss == pytest.approx(-np.log(1e-6))


def test_without_a_contraction_there_is_nothing_to_rank() -> None:
    scores = metrics.score(record([0.1, 0.2], [0.0, 0.0]), np.full(2, 0.1))
    assert scores.auroc is None
    assert scores.average_precision is None
    assert (scores.n, scores.n_contractions, scores.n_origins) == (2, 0, 2)


@given(st.integers(0, 2**32 - 1))
def test_reliability_bins_hold_every_forecast_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probability = np.round(rng.uniform(0, 1, 40), 1)
    outcome = rng.integers(0, 2, 40).astype(float)
    curve = metrics.reliability_curve(probability, outcome)
    assert sum(part.n for part in curve) == 40
    assert sum(part.n * part.frequency for part in curve) == pytest.approx(
        outcome.sum()
    )
    assert [part.probability for part in curve] == sorted(p.probability for p in curve)
    for part in curve:
        low, high = part.interval
        assert 0 <= low <= part.frequency + 1e-12
        assert part.frequency - 1e-12 <= high <= 1


def test_equal_forecasts_share_a_bin() -> None:
    curve = metrics.reliability_curve(np.full(9, 0.3), np.r_[np.ones(3), np.zeros(6)])
    (part,) = curve
    assert part.n == 9
    assert part.frequency == pytest.approx(1 / 3)


@pytest.mark.parametrize(("hits", "n"), [(81, 263), (0, 10), (10, 10), (1, 3)])
def test_wilson_interval_is_that_of_scipy(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(0.9, method="wilson")
    assert metrics.wilson_interval(hits, n) == pytest.approx(tuple(expected), abs=1e-9)
