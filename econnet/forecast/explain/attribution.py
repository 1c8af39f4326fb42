"""Feature attribution: what drives a forecast, and what would change it.

Contributions are *integrated gradients*: along the straight line from an average
country (every scaled input 0) to today's inputs, each step's gain in log-odds is
attributed to the inputs that moved. They add up to the difference between the two
log-odds, and are exact through the network's own backward pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.models.windows import Window
from econnet.network import Network

# A trained model: the probabilities of rows of unscaled features.
Say: TypeAlias = Callable[[Floats], Floats]

STEPS = 200
MISSING = "missing"


@dataclass(frozen=True)
class Contribution:
    """What one indicator adds to a forecast's log-odds."""

    indicator: str
    log_odds: float


@dataclass(frozen=True, eq=False)
class Response:
    """The forecast for other newest values of one indicator.

    Parameters
    ----------
    values, probabilities : array (points,)
        Newest transformed values, between the training rows' 1st and 99th percentile,
        and the forecast with each.
    current
        The newest value itself; `None` where it is missing.
    """

    indicator: str
    values: Floats
    probabilities: Floats
    current: float | None


def contributions(x: Floats, window: Window, network: Network) -> list[Contribution]:
    """Return what each indicator adds to the forecast of one row.

    Largest first, by size. What the flags of missing values add is `MISSING`'s.

    Parameters
    ----------
    x : array (inputs,)
        The row, scaled as the window scales.

    Notes
    -----
    M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks"
    (2017), equation 1, by the midpoint rule.
    """
    shares = (np.arange(STEPS) + 0.5) / STEPS
    gradient = network.input_gradient(shares[:, None] * x).mean(axis=(0, 1))
    parts = x * gradient
    names = [column.indicator for column in window.features.columns]
    names += [MISSING] * len(window.scaler.flaggable)
    totals = dict.fromkeys(names, 0.0)
    for name, part in zip(names, parts, strict=True):
        totals[name] += float(part)
    found = [Contribution(name, total) for name, total in totals.items() if total != 0]
    return sorted(found, key=lambda part: -abs(part.log_odds))


def newest(row: Floats, features: DesignMatrix, indicator: str) -> float | None:
    """Return an indicator's newest transformed value in a row; `None` if missing."""
    value = float(row[_newest_column(features, indicator)])
    return None if np.isnan(value) else value


def moved(
    rows: Floats, window: Window, indicator: str, shifts: Sequence[float] | Floats
) -> Floats:
    """Return rows in which an indicator's newest value is moved by `shifts`.

    Its moving averages move with it; everything else stays as it is. A value that is
    missing is moved from the training median. `rows` has one row per shift, (rows,
    columns).
    """
    column = _newest_column(window.features, indicator)
    weights = np.array(
        [
            described.newest_weight if described.indicator == indicator else 0.0
            for described in window.features.columns
        ]
    )
    moved_ = rows.copy()
    missing = np.isnan(moved_[:, column])
    moved_[missing, column] = window.scaler.median[column]
    shifted: Floats = moved_ + np.outer(np.asarray(shifts), weights)
    return shifted


def seen(window: Window, indicator: str) -> tuple[float, float]:
    """Return the training rows' 1st and 99th percentile of a newest value."""
    column = _newest_column(window.features, indicator)
    return float(window.scaler.low[column]), float(window.scaler.high[column])


def response(window: Window, say: Say, indicator: str, points: int = 25) -> Response:
    """Return how the forecast of the window's one row depends on a newest value.

    The indicator's moving averages move with it; everything else stays as it is.
    """
    row = window.features.X[window.ahead[0]]
    current = newest(row, window.features, indicator)
    column = _newest_column(window.features, indicator)
    start = window.scaler.median[column] if current is None else current
    low, high = seen(window, indicator)
    values = np.linspace(min(low, start), max(high, start), points)
    rows = moved(np.tile(row, (points, 1)), window, indicator, values - start)
    return Response(indicator, values, say(rows), current)


def _newest_column(features: DesignMatrix, indicator: str) -> int:
    return [column.name for column in features.columns].index(indicator)
