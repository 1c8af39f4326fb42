import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from econnet.core.types import Floats
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


def interval(
    record: pd.DataFrame, members: Floats, block: int, seed: int
) -> tuple[float, float]:
    return calibration.fit_calibration_draws(record, block, seed).interval(members)


def test_interval_covers_the_forecast() -> None:
    members = np.array([-1.2, -0.8, -1.0])
    low, high = interval(history(80), members, block=4, seed=0)
    assert 0 < low < 1 / (1 + np.exp(1.0)) < high < 1


def test_longer_track_record_gives_a_narrower_interval() -> None:
    members = np.full(4, -1.0)
    short = interval(history(40), members, block=4, seed=0)
    long = interval(history(4000), members, block=4, seed=0)
    assert long[1] - long[0] < 0.5 * (short[1] - short[0])


def test_disagreeing_members_give_a_wider_interval() -> None:
    record = history(400)
    agree = interval(record, np.full(4, -1.0), block=4, seed=0)
    differ = interval(record, np.array([-3.0, -1.0, -1.0, 1.0]), block=4, seed=0)
    assert differ[1] - differ[0] > 2 * (agree[1] - agree[0])


def test_same_seed_gives_the_same_interval() -> None:
    members = np.array([-1.2, -0.8])
    first = interval(history(60), members, block=4, seed=3)
    assert interval(history(60), members, block=4, seed=3) == first
    assert interval(history(60), members, block=4, seed=4) != first


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_record_of_one_outcome_alone_gives_a_finite_interval(outcome: float) -> None:
    record = history(30).assign(outcome=outcome)
    low, high = interval(record, np.array([-1.0, -1.1]), block=4, seed=0)
    assert 0 < low < high < 1


def test_block_longer_than_the_record_is_the_whole_record() -> None:
    low, high = interval(history(3), np.array([0.0]), block=12, seed=0)
    assert 0 < low <= 0.5 <= high < 1


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
