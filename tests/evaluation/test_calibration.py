import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from econnet.evaluation import calibration


def history(n: int, seed: int = 0, distortion: float = 1.0) -> pd.DataFrame:
    """Return forecasts whose log-odds are `distortion` times what they should be."""
    rng = np.random.default_rng(seed)
    true = rng.normal(-1, 1, n)
    outcome = rng.random(n) < 1 / (1 + np.exp(-true))
    probability = 1 / (1 + np.exp(-distortion * true))
    return pd.DataFrame(
        {
            "period": np.arange(n),
            "probability": probability,
            "outcome": outcome.astype(float),
        }
    )


def error(record: pd.DataFrame, forecast: float = -1.0, seed: int = 0) -> float:
    draws = calibration.fit_calibration_draws(record, block=4, seed=seed)
    return draws.error(forecast)


def test_longer_track_record_has_a_smaller_calibration_error() -> None:
    assert error(history(4000)) < 0.5 * error(history(40))


def test_calibration_error_is_larger_far_from_the_forecasts_of_the_past() -> None:
    record = history(400)
    assert error(record, forecast=4.0) > 2 * error(record, forecast=-1.0)


def test_calibration_error_of_independent_outcomes_is_that_of_a_logit() -> None:
    """By the inverse Fisher information, beside which a prior of 5 is small."""
    record = history(4000)
    p = record["probability"].to_numpy(dtype=float)
    X = np.column_stack([np.ones(4000), np.log(p / (1 - p))])
    covariance = np.linalg.inv((X * (p * (1 - p))[:, None]).T @ X)
    x = np.array([1.0, -1.0])
    assert error(record) == pytest.approx(np.sqrt(x @ covariance @ x), rel=0.15)


def test_same_seed_gives_the_same_calibration_error() -> None:
    record = history(60)
    assert error(record, seed=3) == error(record, seed=3) != error(record, seed=4)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_record_of_one_outcome_alone_has_a_finite_calibration_error(
    outcome: float,
) -> None:
    assert 0 < error(history(30).assign(outcome=outcome)) < 2


def test_block_longer_than_the_record_is_the_whole_record() -> None:
    assert error(history(3)) == pytest.approx(0, abs=1e-9)


def test_map_of_overconfident_forecasts_shrinks_them() -> None:
    """The log-odds are twice what they should be, so the slope must be one half."""
    record = history(4000, distortion=2.0)
    probability = record["probability"].to_numpy(dtype=float)
    forecast_log_odds = np.log(probability / (1 - probability))
    outcome = record["outcome"].to_numpy(dtype=float)
    intercept, slope = calibration.fit_maps(
        forecast_log_odds, outcome, np.ones((1, 4000))
    )
    assert slope[0] == pytest.approx(0.5, abs=0.05)
    assert intercept[0] == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("confidence", "wrong"), [(5, 0.1), (7, 0.05), (7, 0.2), (9, 0.3)]
)
def test_map_of_extreme_forecasts_is_that_of_scikit_learn(
    confidence: float, wrong: float
) -> None:
    """Newton's method started from the identity diverges here."""
    rng = np.random.default_rng(0)
    outcome = (rng.random(20_000) < 0.3).astype(float)
    right = np.where(rng.random(20_000) < wrong, -1, 1)
    forecast_log_odds = confidence * right * (2 * outcome - 1) + rng.normal(
        0, 0.5, 20_000
    )
    intercept, slope = calibration.fit_maps(
        forecast_log_odds, outcome, np.ones((1, 20_000))
    )
    expected = LogisticRegression(C=np.inf).fit(forecast_log_odds[:, None], outcome)
    # The prior is worth 5 forecasts of 20,000.
    assert slope[0] == pytest.approx(expected.coef_[0, 0], abs=0.005)
    assert intercept[0] == pytest.approx(expected.intercept_[0], abs=0.01)
