"""Permutation importance: by how much the log loss rises when an input is shuffled.

Out of sample, an indicator's columns of one forecast are replaced by those of another,
of any country and period. A positive value means that the indicator improved the
forecasts. The shuffled rows are copies of rows that each window forecasts anyway, so
that no further model is trained.

Notes
-----
L. Breiman, "Random forests", Machine Learning 45 (2001), section 10, here for rows
outside the training sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.evaluation.intervals import Periods
from econnet.evaluation.metrics import MAX_LOG_LOSS, log_loss_costs
from econnet.models.windows import Rows, VariedCopies, Window

# Rows that are shuffled in each window, the country's first, and how often each.
MAX_ROWS = 12
TIMES = 2


@dataclass(frozen=True)
class Importance:
    """The rise in log loss when an indicator is shuffled, in nats per forecast.

    `interval` is its 90% interval.
    """

    indicator: str
    loss: float
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Probe:
    """A window whose rows ahead at positions `rows` are copied and shuffled.

    There are `TIMES` copies of them for each indicator.
    """

    window: Window
    rows: npt.NDArray[np.int64]


def make_probes(windows: Sequence[Window], country: str, seed: int) -> list[Probe]:
    """Return the windows with copies of rows in which an indicator is shuffled.

    The rows of `country` come first; others are drawn up to `MAX_ROWS`.
    """
    rng = np.random.default_rng([seed, 1])
    every_row = np.concatenate([window.ahead for window in windows])
    columns = _columns_by_indicator(windows[0].features)
    return [_probe(window, country, every_row, columns, rng) for window in windows]


def measure(
    probes: Sequence[Probe], forecasts: Sequence[Floats]
) -> tuple[Importance, ...]:
    """Return the importance of each indicator, the largest first.

    `forecasts` are the probabilities of each probe's rows ahead.
    """
    features = probes[0].window.features
    names = indicators(features)
    rises, positions, outcomes = [], [], []
    for probe, probability in zip(probes, forecasts, strict=True):
        rows = probe.window.ahead[probe.rows]
        shape = (len(names), TIMES, len(rows))
        shuffled = probability[len(probe.window.ahead) :].reshape(shape)
        outcome = probe.window.outcome[probe.rows]
        cost = log_loss_costs(probability[probe.rows], outcome)
        rises.append((log_loss_costs(shuffled, outcome) - cost).mean(axis=1))
        positions.append(rows)
        outcomes.append(outcome)
    rise, where = np.concatenate(rises, axis=1), np.concatenate(positions)
    outcome = np.concatenate(outcomes)
    known = ~np.isnan(outcome)
    if not known.any():
        return ()
    periods = Periods.of(
        pd.DataFrame(
            {
                "country": features.countries[where[known]],
                "period": features.origins[where[known]],
                "outcome": outcome[known],
            }
        )
    )
    importances = []
    for name, of_indicator in zip(names, rise, strict=True):
        mean = periods.mean(of_indicator[known])
        bounds = mean.interval(-MAX_LOG_LOSS, MAX_LOG_LOSS)
        importances.append(Importance(name, mean.value, bounds))
    return tuple(sorted(importances, key=lambda importance: -importance.loss))


def indicators(features: DesignMatrix) -> list[str]:
    """Return the indicators that the columns are made from, each once."""
    return [*_columns_by_indicator(features)]


def _columns_by_indicator(features: DesignMatrix) -> dict[str, Rows]:
    """Return the positions of each indicator's columns."""
    positions: dict[str, list[int]] = {}
    for position, column in enumerate(features.columns):
        positions.setdefault(column.indicator, []).append(position)
    return {name: np.array(columns) for name, columns in positions.items()}


def _probe(
    window: Window,
    country: str,
    every_row: Rows,
    columns_by_indicator: Mapping[str, Rows],
    rng: np.random.Generator,
) -> Probe:
    features = window.features
    of_country = features.countries[window.ahead] == country
    order = np.argsort(~of_country + 0.5 * rng.random(len(of_country)), kind="stable")
    rows = order[:MAX_ROWS]
    copied = np.tile(rows, TIMES)
    raw, scaled = [], []
    for columns in columns_by_indicator.values():
        donors = [rng.choice(every_row, len(rows)) for _ in range(TIMES)]
        values = features.X[np.ix_(np.concatenate(donors), columns)]
        scaler, inputs = window.scaler.of_columns(columns)
        raw.append((columns, values))
        scaled.append((inputs, scaler.transform(values).astype(np.float32)))
    widened = replace(
        window,
        copies_ahead=VariedCopies(copied, scaled),
        raw_copies_ahead=VariedCopies(copied, raw),
    )
    return Probe(widened, rows)
