"""The forecast as a function of a few inputs, in a form that a page can compute.

The networks are exported with their weights: for the inputs that the reader can move,
with everything that stays the same summed into constants. What the whole forecast is,
with the trees and the distribution of growth in it, is exported as a grid of values:
`POINTS` newest values of each indicator, in every combination.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from econnet.core.catalog import Indicator
from econnet.core.log_odds import log_odds
from econnet.core.types import Floats
from econnet.forecast.explain.attribution import (
    ForecastFunction,
    newest,
    shift_newest,
    training_range,
)
from econnet.forecast.result import (
    Responsive,
    ResponsiveIndicator,
    ResponsiveInput,
    ResponsiveNetworks,
)
from econnet.models.scaling import SCORES
from econnet.models.windows import Window
from econnet.network import Network

INDICATORS = 3
# Today's value is the one in the middle.
POINTS = 7


def responsive(
    window: Window,
    network: Network,
    forecast: ForecastFunction,
    indicators: Sequence[Indicator],
) -> Responsive | None:
    """Return the forecast of the window's one row as a function of some indicators.

    They are the first `INDICATORS` of those given whose newest value is known; `None`
    if there is no such indicator, or if the networks have another form than econnet's.
    """
    row = window.features.X[window.ahead[0]]
    known = [
        it
        for it in indicators
        if newest(row, window.features.columns, it.key) is not None
    ]
    chosen = known[:INDICATORS]
    if not chosen or len(network.architecture.layers) != 2:
        return None
    shown = tuple(_indicator(window, row, indicator) for indicator in chosen)
    inputs = _moving(window, [indicator.key for indicator in chosen])
    return Responsive(
        scores=tuple(SCORES.tolist()),
        indicators=shown,
        inputs=tuple(
            _input(window, row, chosen, position) for position in inputs.tolist()
        ),
        networks=_networks(window, network, inputs),
        grid=tuple(log_odds(_grid(window, row, shown, forecast)).tolist()),
    )


def _indicator(
    window: Window, row: Floats, indicator: Indicator
) -> ResponsiveIndicator:
    """Return an indicator with `POINTS` values around today's."""
    columns = window.features.columns
    current = newest(row, columns, indicator.key)
    assert current is not None  # noqa: S101 - the caller chose known ones
    low, high = training_range(columns, window.scaler, indicator.key)
    half = POINTS // 2 + 1
    below = np.linspace(min(low, current), current, half)
    above = np.linspace(current, max(high, current), half)
    return ResponsiveIndicator(
        indicator.key,
        indicator.title,
        indicator.unit_of_change,
        current,
        tuple(np.concatenate([below, above[1:]]).tolist()),
    )


def _moving(window: Window, keys: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the positions of the inputs that move with the indicators."""
    moves = [
        column.indicator in keys and column.newest_weight != 0
        for column in window.features.columns
    ]
    return np.flatnonzero(np.array(moves) & (window.scaler.scale > 0))


def _input(
    window: Window, row: Floats, chosen: Sequence[Indicator], position: int
) -> ResponsiveInput:
    """Return an input: its value, how it moves, and how it is scaled."""
    scaler, column = window.scaler, window.features.columns[position]
    keys = [indicator.key for indicator in chosen]
    value = float(row[position])
    return ResponsiveInput(
        indicator=keys.index(column.indicator),
        value=None if np.isnan(value) else value,
        newest_weight=column.newest_weight,
        knots=tuple(scaler.knots[position].tolist()),
        mean=float(scaler.mean[position]),
        scale=float(scaler.scale[position]),
        emphasis=float(scaler.emphasis[position]),
    )


def _networks(
    window: Window, network: Network, inputs: npt.NDArray[np.intp]
) -> ResponsiveNetworks:
    """Return the weights of the moving inputs, and the rest summed up."""
    fixed = window.X_ahead[0].astype(np.float64)
    fixed[inputs] = 0
    hidden, output = (W.astype(np.float64) for W in network.W)
    hidden_bias, bias = (b.astype(np.float64) for b in network.b)
    skip = network.skip_weights
    direct = np.zeros(hidden[:, :, :1].shape) if skip is None else skip.astype(float)
    return ResponsiveNetworks(
        hidden_constants=_nested((fixed @ hidden) + hidden_bias[:, 0]),
        hidden_weights=tuple(_nested(member) for member in hidden[:, inputs]),
        output_weights=_nested(output[:, :, 0]),
        direct_constants=tuple(((fixed @ direct) + bias[:, 0])[:, 0].tolist()),
        direct_weights=_nested(direct[:, inputs, 0]),
    )


def _nested(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())


def _grid(
    window: Window,
    row: Floats,
    shown: Sequence[ResponsiveIndicator],
    forecast: ForecastFunction,
) -> Floats:
    """Return the forecast of every combination of values, the last varying fastest."""
    combinations = np.array(list(product(*(it.values for it in shown))))
    rows = np.tile(row, (len(combinations), 1))
    for indicator, values in zip(shown, combinations.T, strict=True):
        rows = shift_newest(
            rows,
            window.features.columns,
            window.scaler,
            indicator.indicator,
            values - indicator.current,
        )
    return forecast(rows)
