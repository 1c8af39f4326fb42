"""Feature attribution: what drives a forecast, and what would change it.

Contributions add up to the difference between the log-odds for today's inputs and
those for an average country. Those of the networks are *integrated gradients*: along
the straight line from average inputs (every scaled input 0) to today's, each step's
gain is attributed to the inputs that changed; the gradients are exact, from the
network's backward pass. Those of trees and other models without gradients are *Shapley
values*: the mean gain when an indicator's inputs change from average to today's, over
orders in which the indicators change one after another.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from econnet.core.catalog import Indicator
from econnet.core.types import Floats
from econnet.data.features.columns import Column
from econnet.forecast.explain.derived import MISSING
from econnet.forecast.result import ResponseCurve
from econnet.models.scaling import Scaler
from econnet.models.windows import Window
from econnet.network import Network

# Returns the probabilities of rows of unscaled features.
ForecastFunction: TypeAlias = Callable[[Floats], Floats]
# The descriptions of the columns of a design matrix.
Columns: TypeAlias = Sequence[Column]

STEPS = 200
# Enough orders of the indicators are drawn to give `MAX_ROWS`, but at least
# `MIN_ORDERS`.
MAX_ROWS = 600
MIN_ORDERS = 8


def contributions(x: Floats, window: Window, network: Network) -> dict[str, float]:
    """Return what each indicator adds to the log-odds of one row, largest first.

    What the flags of missing values add is given under `MISSING`.

    Parameters
    ----------
    x : array (inputs,)
        The row, scaled by the window's scaler.

    Notes
    -----
    M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks"
    (2017), equation 1, by the midpoint rule.
    """
    shares = (np.arange(STEPS) + 0.5) / STEPS
    gradient = network.input_gradient(shares[:, None] * x).mean(axis=(0, 1))
    parts = x * gradient
    totals = {
        name: float(sum(parts[place] for place in inputs))
        for name, inputs in groups_of_inputs(window).items()
    }
    return largest_first({name: total for name, total in totals.items() if total})


def groups_of_inputs(window: Window) -> dict[str, list[int]]:
    """Return the positions of each indicator's scaled inputs, flags under `MISSING`."""
    names = [column.indicator for column in window.features.columns]
    names += [MISSING] * len(window.scaler.flaggable)
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(name, []).append(place)
    return groups


def shapley_values(
    function: Callable[[Floats], Floats],
    start: Floats,
    end: Floats,
    groups: Mapping[str, Sequence[int]],
) -> dict[str, float]:
    """Return what each group of inputs adds to a function between two rows.

    They add up to the function's difference, exactly for the orders drawn. Each order
    is also used in reverse, which reduces the sampling error.

    Parameters
    ----------
    start, end : array (inputs,)
        NaN marks a missing value.
    groups
        The positions of each group's inputs; every input is in one group.

    Notes
    -----
    E. Strumbelj and I. Kononenko, "Explaining prediction models and individual
    predictions with feature contributions" (2014), algorithm 1.
    """
    differs = ~np.isclose(start, end, rtol=0, atol=0, equal_nan=True)
    names = [name for name, inputs in groups.items() if differs[list(inputs)].any()]
    if not names:
        return {}
    draws = max(MIN_ORDERS // 2, MAX_ROWS // (2 * (len(names) + 1)))
    rng = np.random.default_rng(0)
    forward = [rng.permutation(len(names)) for _ in range(draws)]
    orders = [*forward, *(order[::-1] for order in forward)]
    rows = np.tile(start, (len(orders), len(names) + 1, 1))
    for of_order, order in zip(rows, orders, strict=True):
        for step, number in enumerate(order, 1):
            inputs = list(groups[names[number]])
            of_order[step:, inputs] = end[inputs]
    values = function(rows.reshape(-1, len(start))).reshape(len(orders), -1)
    totals = np.zeros(len(names))
    for gains, order in zip(np.diff(values, axis=1), orders, strict=True):
        totals[order] += gains
    return dict(zip(names, (totals / len(orders)).tolist(), strict=True))


def largest_first(parts: dict[str, float]) -> dict[str, float]:
    """Return contributions sorted by absolute size."""
    return dict(sorted(parts.items(), key=lambda part: -abs(part[1])))


def newest(row: Floats, columns: Columns, indicator: str) -> float | None:
    """Return an indicator's newest transformed value in a row; `None` if missing."""
    value = float(row[_newest_column(columns, indicator)])
    return None if np.isnan(value) else value


def shift_newest(
    rows: Floats,
    columns: Columns,
    scaler: Scaler,
    indicator: str,
    shifts: Sequence[float] | Floats,
) -> Floats:
    """Return rows, one per shift, in which an indicator's newest value is shifted.

    Only its moving averages change with it. A missing value is shifted
    from the training median.
    """
    newest_column = _newest_column(columns, indicator)
    weights = np.array(
        [
            column.newest_weight if column.indicator == indicator else 0.0
            for column in columns
        ]
    )
    filled = rows.copy()
    missing = np.isnan(filled[:, newest_column])
    filled[missing, newest_column] = scaler.median[newest_column]
    shifted: Floats = filled + np.outer(np.asarray(shifts), weights)
    return shifted


def training_range(
    columns: Columns, scaler: Scaler, indicator: str
) -> tuple[float, float]:
    """Return the training rows' 1st and 99th percentile of a newest value."""
    column = _newest_column(columns, indicator)
    return float(scaler.low[column]), float(scaler.high[column])


def response_curve(
    window: Window, forecast: ForecastFunction, indicator: Indicator, points: int = 25
) -> ResponseCurve:
    """Return the forecast of the window's one row for other newest values.

    The values span the training rows' 1st to 99th percentile and the current one.
    """
    row, key = window.features.X[window.ahead[0]], indicator.key
    columns, scaler = window.features.columns, window.scaler
    current = newest(row, columns, key)
    column = _newest_column(columns, key)
    start = scaler.median[column] if current is None else current
    low, high = training_range(columns, scaler, key)
    values = np.linspace(min(low, start), max(high, start), points)
    rows = np.tile(row, (points, 1))
    rows = shift_newest(rows, columns, scaler, key, values - start)
    return ResponseCurve(
        indicator=key,
        title=indicator.title,
        unit=indicator.unit_of_change,
        values=tuple(values.tolist()),
        probabilities=tuple(forecast(rows).tolist()),
        current=current,
    )


def _newest_column(columns: Columns, indicator: str) -> int:
    return [column.name for column in columns].index(indicator)
