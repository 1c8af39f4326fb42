"""What a page needs to respond gives the forecasts that NumPy gives."""

from itertools import product

import numpy as np
import pytest

from econnet.core.log_odds import probability
from econnet.forecast.explain.attribution import newest
from econnet.forecast.explain.responsive import INDICATORS, POINTS, responsive
from econnet.forecast.result import Responsive
from econnet.models.windows import Window
from econnet.network import Architecture, Network
from tests import responding
from tests.responding import CATALOG, CHOSEN, forecast, shifted


@pytest.fixture(scope="module")
def trained() -> tuple[Window, Network]:
    return responding.trained()


@pytest.fixture(scope="module")
def exported(trained: tuple[Window, Network]) -> Responsive:
    return responding.exported(*trained)


@pytest.mark.parametrize("shifts", list(product((-1.5, 0.0, 0.4), repeat=2)), ids=str)
def test_exported_weights_give_the_networks_forecast(
    trained: tuple[Window, Network], exported: Responsive, shifts: tuple[float, float]
) -> None:
    window, _ = trained
    rows = shifted(window, shifts)
    x = np.array(
        [
            window.scaler.transform(rows)[0, position]
            for position, column in enumerate(window.features.columns)
            if column.indicator in {it.key for it in CHOSEN}
            and column.newest_weight
            and window.scaler.scale[position]
        ]
    )
    weights = exported.networks
    hidden = np.einsum("i,miu->mu", x, np.array(weights.hidden_weights))
    hidden = np.maximum(hidden + weights.hidden_constants, 0)
    logits = (
        (hidden * weights.output_weights).sum(axis=1)
        + np.array(weights.direct_weights) @ x
        + weights.direct_constants
    )
    expected = forecast(*trained, rows)[0]
    assert probability(logits.mean()) == pytest.approx(expected, abs=1e-6)


def test_grid_has_every_combination_and_today_in_the_middle(
    trained: tuple[Window, Network], exported: Responsive
) -> None:
    window, _ = trained
    grid = probability(np.array(exported.grid)).reshape(POINTS, POINTS)
    row = window.features.X[window.ahead[0]]
    for shown in exported.indicators:
        assert shown.current == newest(row, window.features.columns, shown.indicator)
        assert shown.values[POINTS // 2] == shown.current
        assert list(shown.values) == sorted(shown.values)
    for i, j in ((0, 0), (3, 3), (2, 6)):
        shifts = (
            exported.indicators[0].values[i] - exported.indicators[0].current,
            exported.indicators[1].values[j] - exported.indicators[1].current,
        )
        expected = forecast(*trained, shifted(window, shifts))[0]
        assert grid[i, j] == pytest.approx(expected, abs=1e-9)


def test_the_first_indicators_with_a_newest_value_are_chosen(
    trained: tuple[Window, Network],
) -> None:
    window, network = trained
    used = {column.indicator for column in window.features.columns}
    measured = [CATALOG[key] for key in CATALOG if key in used]
    found = responsive(window, network, lambda X: np.full(len(X), 0.5), measured)
    assert found is not None
    row = window.features.X[window.ahead[0]]
    known = [
        it.key
        for it in measured
        if newest(row, window.features.columns, it.key) is not None
    ]
    assert [it.indicator for it in found.indicators] == known[:INDICATORS]


def test_nothing_is_exported_of_other_networks(
    trained: tuple[Window, Network],
) -> None:
    window, network = trained
    deep = Network(Architecture.dense(network.architecture.input_dim, [3, 3]))
    assert responsive(window, deep, lambda X: np.zeros(len(X)), CHOSEN) is None
    assert responsive(window, network, lambda X: np.zeros(len(X)), []) is None
