import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from econnet.forecast.streamed.scores import ScoreAccumulator, difference, scores


def forecasts(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1, 2, 4000)
    outcome = (rng.random(4000) < 1 / (1 + np.exp(-logits))).astype(float)
    return logits, outcome, rng.integers(100, 120, 4000)


def accumulated(*parts: slice) -> ScoreAccumulator:
    logits, outcome, origin = forecasts()
    accumulator = ScoreAccumulator(100, 20)
    for part in parts:
        accumulator.add(logits[part], outcome[part], origin[part])
    return accumulator


def test_scores_equal_scikit_learns() -> None:
    logits, outcome, _ = forecasts()
    probability = 1 / (1 + np.exp(-logits))
    accumulator = accumulated(slice(None))
    holdout = scores(accumulator, accumulator)
    assert holdout.auroc == pytest.approx(roc_auc_score(outcome, logits), abs=2e-4)
    assert holdout.average_precision == pytest.approx(
        average_precision_score(outcome, logits), abs=1e-3
    )
    assert holdout.brier == pytest.approx(brier_score_loss(outcome, probability))
    assert holdout.log_loss == pytest.approx(log_loss(outcome, probability))
    assert holdout.brier_skill == 0
    assert (holdout.n, holdout.n_contractions) == (4000, int(outcome.sum()))
    low, high = holdout.brier_interval
    assert low < holdout.brier < high


def test_sums_do_not_depend_on_how_forecasts_are_divided() -> None:
    whole, parts = (
        accumulated(slice(None)),
        accumulated(slice(0, 1500), slice(1500, None)),
    )
    np.testing.assert_array_equal(whole.counts, parts.counts)
    np.testing.assert_allclose(whole.log_loss, parts.log_loss)
    np.testing.assert_allclose(whole.tenths, parts.tenths)


def test_a_model_is_no_better_than_itself_and_better_than_noise() -> None:
    logits, outcome, origin = forecasts()
    ours, noise = accumulated(slice(None)), ScoreAccumulator(100, 20)
    noise.add(np.random.default_rng(1).permutation(logits), outcome, origin)
    same = difference(ours, ours)
    assert same.log_loss_difference == 0
    assert same.brier_interval == (0, 0)
    better = difference(ours, noise)
    assert better.log_loss_interval[1] < 0
    assert better.brier_difference == pytest.approx(
        (ours.brier.sum() - noise.brier.sum()) / 4000
    )


def test_areas_need_both_outcomes() -> None:
    accumulator = ScoreAccumulator(0, 1)
    accumulator.add(np.zeros(5), np.ones(5), np.zeros(5, int))
    assert accumulator.auroc() is None
    assert accumulator.average_precision() is None


def test_reliability_is_by_tenths() -> None:
    table = pd.DataFrame(accumulated(slice(None)).reliability())
    assert table["n"].sum() == 4000
    assert (table["probability"].diff().dropna() > 0).all()
    np.testing.assert_allclose(table["frequency"], table["probability"], atol=0.08)
