import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import expit

from econnet.evaluation import probability_interval as module
from econnet.evaluation.probability_interval import probability_interval

errors, numbers = st.floats(0, 5), st.floats(0.2, 1000)


@given(st.floats(-25, 25), errors, errors, numbers)
def test_interval_contains_the_forecast_and_stays_between_0_and_1(
    log_odds: float, calibration_error: float, disagreement: float, runs: float
) -> None:
    low, high = probability_interval(log_odds, calibration_error, disagreement, runs)
    assert 0 < low <= expit(log_odds) <= high < 1
    assert low < high


@given(st.floats(-3, 3), st.floats(0, 1), st.floats(1, 100))
def test_larger_errors_and_fewer_contractions_give_a_wider_interval(
    log_odds: float, error: float, runs: float
) -> None:
    def width(calibration_error: float, disagreement: float, runs: float) -> float:
        low, high = probability_interval(
            log_odds, calibration_error, disagreement, runs
        )
        return high - low

    assert width(error + 0.1, 0.2, runs) > width(error, 0.2, runs)
    assert width(0.2, error + 0.1, runs) > width(0.2, error, runs)
    assert width(error, 0.2, runs) > width(error, 0.2, 1.5 * runs)


@given(st.floats(-5, 5), errors, errors, numbers)
def test_interval_of_the_complement_is_the_mirror_image(
    log_odds: float, calibration_error: float, disagreement: float, runs: float
) -> None:
    rest = calibration_error, disagreement, runs
    low, high = probability_interval(log_odds, *rest)
    mirrored = probability_interval(-log_odds, *rest)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("log_odds", [-3.0, -0.4, 1.5])
def test_forecast_is_the_mean_of_the_probabilities_that_are_possible(
    log_odds: float,
) -> None:
    """The index is normal: its ends give mean and spread, an integral the forecast."""
    ends = stats.norm.ppf(probability_interval(log_odds, 0.3, 0.4, 20))
    mean, spread = ends.mean(), (ends[1] - ends[0]) / 2 / stats.norm.ppf(0.95)
    assert spread > module.LEAST
    average, _ = integrate.quad(
        lambda u: stats.norm.cdf(mean + spread * u) * stats.norm.pdf(u), -12, 12
    )
    assert average == pytest.approx(expit(log_odds), rel=1e-6)
