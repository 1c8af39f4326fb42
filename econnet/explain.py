"""What drives a forecast, and what would change it.

Contributions are *integrated gradients*: on the straight way from an average country
(every scaled input 0) to today's inputs, each step's gain in log-odds is given to the
inputs that moved. They add up to the difference between the two log-odds, and are exact
through the network's own backward pass.
"""

from dataclasses import dataclass

import numpy as np

from econnet.ensemble import pooled
from econnet.evaluation.walkforward import Window
from econnet.features import Floats
from econnet.network import Network

STEPS = 64
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


def contributions(window: Window, network: Network) -> list[Contribution]:
    """Return what each indicator adds to the forecast of the window's one row ahead.

    Largest first, by size. What the flags of missing values add is `MISSING`'s.

    Notes
    -----
    M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks"
    (2017), equation 1, by the midpoint rule.
    """
    x = window.X_ahead[0].astype(np.float64)
    shares = (np.arange(STEPS) + 0.5) / STEPS
    gradient = network.input_gradient(shares[:, None] * x).mean(axis=(0, 1))
    parts = x * gradient
    names = [column.indicator for column in window.features.columns]
    names += [MISSING] * len(window.scaler.flaggable)
    totals = dict.fromkeys(names, 0.0)
    for name, part in zip(names, parts, strict=True):
        totals[name] += float(part)
    found = [Contribution(name, total) for name, total in totals.items() if total != 0]
    return sorted(found, key=lambda it: -abs(it.log_odds))


def response(
    window: Window, network: Network, indicator: str, points: int = 25
) -> Response:
    """Return how the forecast of the window's one row depends on a newest value.

    The indicator's moving averages move with it; everything else stays as it is.
    """
    columns = window.features.columns
    newest = [column.name for column in columns].index(indicator)
    weights = np.array(
        [c.newest_weight if c.indicator == indicator else 0.0 for c in columns]
    )
    row = window.features.X[window.ahead[0]]
    current = None if np.isnan(row[newest]) else float(row[newest])
    start = window.scaler.median[newest] if current is None else current
    low, high = window.scaler.low[newest], window.scaler.high[newest]
    values = np.linspace(min(low, start), max(high, start), points)
    rows = np.tile(row, (points, 1))
    rows[:, newest] = start
    rows = rows + np.outer(values - start, weights)
    said = network.logits(window.scaler.transform(rows))[:, :, 0].astype(np.float64)
    return Response(indicator, values, pooled(said), current)
