"""Permutation importance: by how much the log loss rises when an input is shuffled.

Out of sample, an indicator's columns of one forecast are replaced by those of another,
of any country and time. Above zero, the forecasts were better with the indicator. The
shuffled rows are forecast by the same models in the same windows, right after the rows
that are forecast anyway, so that nothing is trained for them.

Notes
-----
L. Breiman, "Random forests", Machine Learning 45 (2001), section 10, here for rows that
the models have not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.evaluation.bootstrap import mean_interval
from econnet.evaluation.metrics import log_loss_costs
from econnet.models.windows import Rows, Window

# Rows that are shuffled in each window, the country's own first, and how often each.
MAX_ROWS = 12
TIMES = 2
DRAWS = 500


@dataclass(frozen=True)
class Importance:
    """The rise in log loss when an indicator is shuffled, out of sample.

    Parameters
    ----------
    loss
        In nats per forecast; below zero the forecasts were better without it.
    interval
        90%, from blocks of periods drawn again.
    """

    indicator: str
    loss: float
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Probe:
    """A window with shuffled rows behind its own.

    Parameters
    ----------
    window
        Its rows ahead are those of the window before, then `rows` once for each
        indicator and time, in this order.
    own : integer
        How many rows ahead the window had.
    rows : array (rows,)
        Places among them of the rows that are shuffled.
    """

    window: Window
    own: int
    rows: npt.NDArray[np.int64]


def probes(windows: Sequence[Window], country: str, seed: int) -> list[Probe]:
    """Return the windows with rows behind their own in which an indicator is shuffled.

    The rows of `country` come first; others are drawn while there are fewer than
    `MOST_ROWS`.
    """
    rng = np.random.default_rng([seed, 1])
    everything = np.concatenate([window.ahead for window in windows])
    return [_probe(window, country, everything, rng) for window in windows]


def measured(
    probes_: Sequence[Probe], forecasts: Sequence[Floats], block: int, seed: int
) -> tuple[Importance, ...]:
    """Return the importance of each indicator, the largest first.

    Parameters
    ----------
    forecasts
        The model's probabilities of each probe's rows ahead.
    block
        Periods that are drawn together for the intervals.
    """
    features = probes_[0].window.features
    names = indicators(features)
    rises, positions, outcomes = [], [], []
    for probe, probability in zip(probes_, forecasts, strict=True):
        rows = probe.window.ahead[probe.rows]
        shape = (len(names), TIMES, len(rows))
        shuffled = probability[probe.own :].reshape(shape)
        outcome = probe.window.outcome[probe.rows]
        cost = log_loss_costs(probability[probe.rows], outcome)
        rises.append((log_loss_costs(shuffled, outcome) - cost).mean(axis=1))
        positions.append(rows)
        outcomes.append(outcome)
    rise, where = np.concatenate(rises, axis=1), np.concatenate(positions)
    known = ~np.isnan(np.concatenate(outcomes))
    if not known.any():
        return ()
    periods = pd.Series(features.origins[where[known]])
    found = [
        Importance(
            name,
            float(of_indicator[known].mean()),
            mean_interval(of_indicator[known], periods, block, DRAWS, seed),
        )
        for name, of_indicator in zip(names, rise, strict=True)
    ]
    return tuple(sorted(found, key=lambda importance: -importance.loss))


def indicators(features: DesignMatrix) -> list[str]:
    """Return what the columns are made from, each once."""
    return list(dict.fromkeys(column.indicator for column in features.columns))


def _probe(
    window: Window, country: str, everything: Rows, rng: np.random.Generator
) -> Probe:
    features = window.features
    of_country = features.countries[window.ahead] == country
    order = np.argsort(~of_country + 0.5 * rng.random(len(of_country)), kind="stable")
    rows = order[:MAX_ROWS]
    parts = [window.raw_ahead]
    for name in indicators(features):
        columns = np.flatnonzero(
            [column.indicator == name for column in features.columns]
        )
        for _ in range(TIMES):
            X = features.X[window.ahead[rows]]
            donors = rng.choice(everything, len(rows))
            X[:, columns] = features.X[np.ix_(donors, columns)]
            parts.append(X)
    ahead, outcome = (
        np.concatenate([of, np.tile(of[rows], len(parts) - 1)])
        for of in (window.ahead, window.outcome)
    )
    figures = np.concatenate(parts)
    widened = replace(
        window,
        ahead=ahead,
        outcome=outcome,
        raw_ahead=figures,
        X_ahead=window.scaler.transform(figures).astype(np.float32),
    )
    return Probe(widened, len(window.ahead), rows)
