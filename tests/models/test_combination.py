from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from econnet.core.types import Floats
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.models import network_ensemble
from econnet.models.combination import NETWORK, CombinedForecaster
from econnet.models.network_ensemble import EnsembleOptions
from econnet.models.pooling import EXTREMIZE
from econnet.models.windows import Window, make_windows
from econnet.network import Network
from tests.builders import world


@pytest.fixture(scope="module")
def window() -> Window:
    known = panel.build(world(countries=2), "Q")
    features = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    return make_windows(features, "Q", features.origins.max())[-1]


@dataclass(frozen=True)
class Constant:
    """A partner that gives every row the same probability."""

    share: float

    def probability(self, raw: Floats, scaled: npt.NDArray[np.float32]) -> Floats:  # noqa: ARG002
        return np.full(len(raw), self.share)


def network_of(window: Window, members: int) -> Network:
    options = EnsembleOptions(hidden_units=2, min_updates=1)
    return network_ensemble.fit([window], members, 0, options).of_inputs()


def test_one_network_without_partners_does_not_disagree(window: Window) -> None:
    forecaster = CombinedForecaster(
        network_of(window, 1), {}, {NETWORK: 1.0}, window.scaler
    )
    log_odds, disagreement = forecaster.forecast(window.raw_ahead)
    of_network = forecaster.network.logits(window.X_ahead)[0, :, 0]
    np.testing.assert_allclose(log_odds, EXTREMIZE * of_network, rtol=1e-5)
    np.testing.assert_allclose(disagreement, 0, atol=1e-12)


def test_two_models_of_equal_weight_disagree_by_half_of_their_distance(
    window: Window,
) -> None:
    network = network_of(window, 1)
    # Log-odds of 0.
    partners = {"extra_trees": Constant(0.5)}
    weights = {NETWORK: 0.5, "extra_trees": 0.5}
    forecaster = CombinedForecaster(network, partners, weights, window.scaler)
    log_odds, disagreement = forecaster.forecast(window.raw_ahead)
    of_network = network.logits(window.X_ahead)[0, :, 0]
    np.testing.assert_allclose(log_odds, EXTREMIZE * of_network / 2, rtol=1e-5)
    np.testing.assert_allclose(disagreement, abs(of_network) / 2, rtol=1e-5)


def test_each_network_counts_by_its_share_of_the_weight(window: Window) -> None:
    """Two partners with half of a weight each are worth one with the whole."""
    network = network_of(window, 4)
    halves = CombinedForecaster(
        network,
        {"extra_trees": Constant(0.8), "random_forest": Constant(0.8)},
        {NETWORK: 0.6, "extra_trees": 0.2, "random_forest": 0.2},
        window.scaler,
    ).forecast(window.raw_ahead)
    whole = CombinedForecaster(
        network,
        {"extra_trees": Constant(0.8)},
        {NETWORK: 0.6, "extra_trees": 0.4},
        window.scaler,
    ).forecast(window.raw_ahead)
    np.testing.assert_allclose(halves, whole)


def test_networks_that_differ_disagree(window: Window) -> None:
    forecaster = CombinedForecaster(
        network_of(window, 4), {}, {NETWORK: 1.0}, window.scaler
    )
    _, disagreement = forecaster.forecast(window.raw_ahead)
    by_member = forecaster.network.logits(window.X_ahead)[:, :, 0]
    np.testing.assert_allclose(disagreement, by_member.std(axis=0), rtol=1e-4)
    assert (disagreement > 0).all()
