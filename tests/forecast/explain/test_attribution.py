import numpy as np
import pytest

from econnet.core import catalog
from econnet.core.log_odds import probability
from econnet.forecast.explain import attribution
from econnet.models.windows import Window
from econnet.network import Network
from tests import responding

INDICATORS = catalog.load()


@pytest.fixture(scope="module")
def trained() -> tuple[Window, Network]:
    return responding.trained(hidden_units=8)


def mean_logit(network: Network, X: np.ndarray) -> float:
    return float(network.logits(X).mean())


def contributions(window: Window, network: Network) -> dict[str, float]:
    return attribution.contributions(window.X_ahead[0].astype(float), window, network)


def forecast_of(window: Window, network: Network) -> attribution.ForecastFunction:
    def forecast(rows: np.ndarray) -> np.ndarray:
        logits = network.logits(window.scaler.transform(rows))[:, :, 0]
        return probability(logits.astype(np.float64).mean(axis=0))

    return forecast


def test_contributions_add_up_to_the_difference_from_an_average_row(
    trained: tuple[Window, Network],
) -> None:
    window, network = trained
    parts = contributions(window, network)
    average = np.zeros_like(window.X_ahead)
    apart = mean_logit(network, window.X_ahead) - mean_logit(network, average)
    assert sum(parts.values()) == pytest.approx(apart, abs=2e-3)
    assert set(parts) >= {"real_gdp", "investment", "phase"}


def test_shapley_values_are_those_of_the_game() -> None:
    # A sum, a product of two groups, and an input that changes nothing.
    def value(rows: np.ndarray) -> np.ndarray:
        result: np.ndarray = 2 * rows[:, 0] + rows[:, 1] * rows[:, 2] * rows[:, 3]
        return result

    start, end = np.zeros(6), np.array([1.0, 2.0, 1.0, 3.0, 5.0, np.nan])
    groups = {"a": [0], "b": [1, 2], "c": [3], "none": [4], "missing": [5]}
    values = attribution.shapley_values(value, start, end, groups)
    assert values == pytest.approx({"a": 2, "b": 3, "c": 3, "none": 0, "missing": 0})
    assert attribution.shapley_values(value, end, end, groups) == {}


def test_contributions_come_largest_first(trained: tuple[Window, Network]) -> None:
    sizes = [abs(part) for part in contributions(*trained).values()]
    assert sizes == sorted(sizes, reverse=True)


def test_response_at_todays_value_is_todays_forecast(
    trained: tuple[Window, Network],
) -> None:
    window, network = trained
    curve = attribution.response_curve(
        window, forecast_of(*trained), INDICATORS["investment"], points=201
    )
    logits = network.logits(window.X_ahead)[:, :, 0].astype(np.float64)
    today = float(probability(logits.mean(axis=0))[0])
    assert curve.current is not None
    at_today = np.interp(curve.current, curve.values, curve.probabilities)
    assert at_today == pytest.approx(today, abs=1e-3)
    assert curve.values[0] <= curve.current <= curve.values[-1]


def test_response_of_one_indicator_leaves_the_features_as_they_were(
    trained: tuple[Window, Network],
) -> None:
    window, network = trained
    before = window.features.X.copy()
    attribution.response_curve(
        window, forecast_of(window, network), INDICATORS["real_gdp"]
    )
    np.testing.assert_array_equal(window.features.X, before)
