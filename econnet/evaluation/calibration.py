"""Calibration: how often the event followed past forecasts, with its uncertainty.

Contractions may have followed 20% or 45% of forecasts of 30%. Blocks of the track
record's periods are resampled, all countries of a block together, and a Platt map from
forecast to calibrated log-odds is fitted to each draw. The spread of the maps at a
forecast is the calibration error that the interval of a probability accounts for
(`econnet.evaluation.probability_interval`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from econnet.core.log_odds import log_odds
from econnet.core.types import Floats
from econnet.evaluation.bootstrap import Resample

DRAWS = 400
# Keeps the map near the identity where the track record is short: as if this many
# perfectly calibrated forecasts had been added.
PRIOR = 5.0
NEWTON_STEPS = 8
# Near the minimum, each step's error is about the square of the one before: after a
# step this short, only rounding error remains.
SHORT_STEP = 1e-7
# Arrays of this many numbers fit into the cache of a processor.
MAX_NUMBERS = 2**17
# The relative increase in cost that may be due to rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class CalibrationDraws:
    """Calibration maps, from forecast to calibrated log-odds.

    `intercepts` and `slopes`, (draws,), are those of each bootstrap draw.
    """

    intercepts: Floats
    slopes: Floats

    def error(self, forecast: float) -> float:
        """Return the standard deviation of the calibrated log-odds of a forecast."""
        return float(np.std(self.intercepts + self.slopes * forecast))


def fit_calibration_draws(
    track_record: pd.DataFrame, block: int, seed: int
) -> CalibrationDraws:
    """Return calibration maps of a track record, fitted to draws of its periods.

    Its rows are past forecasts with known outcome of all countries of the pool, with
    columns `period`, `probability` and `outcome`; `block` periods are drawn together.

    Notes
    -----
    J. Platt, "Probabilistic outputs for support vector machines" (1999), with a prior
    around the identity.
    """
    rng = np.random.default_rng(seed)
    forecast_log_odds = log_odds(track_record["probability"].to_numpy(dtype=float))
    outcome = track_record["outcome"].to_numpy(dtype=float)
    counts = Resample.draw(track_record["period"], block, DRAWS, rng).row_counts()
    return CalibrationDraws(*fit_maps(forecast_log_odds, outcome, counts))


def fit_maps(
    forecast_log_odds: Floats, outcome: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Return intercept and slope of a logistic map for each row of `weights`.

    Newton's method on the weighted log-likelihood, with a quadratic prior around the
    identity. It starts from the share of contractions, since the likelihood of
    overconfident forecasts is almost flat at the identity. A step that raises the cost
    is halved until it does not.
    """
    together = max(1, MAX_NUMBERS // len(outcome))
    maps = [
        _fit_some(forecast_log_odds, outcome, weights[start : start + together])
        for start in range(0, len(weights), together)
    ]
    intercepts, slopes = zip(*maps, strict=True)
    return np.concatenate(intercepts), np.concatenate(slopes)


def _fit_some(
    forecast_log_odds: Floats, outcome: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Return intercept and slope for a few rows of `weights`."""
    share = (weights @ outcome + 0.5) / (weights.sum(axis=1) + 1)
    intercept, slope = np.log(share / (1 - share)), np.zeros(len(weights))
    cost = _cost(forecast_log_odds, outcome, weights, intercept, slope)
    for _ in range(NEWTON_STEPS):
        intercept_step, slope_step = _newton_step(
            forecast_log_odds, outcome, weights, intercept, slope
        )
        longest = max(np.abs(intercept_step).max(), np.abs(slope_step).max())
        rows = np.arange(len(weights))
        while len(rows):
            intercepts = intercept[rows] - intercept_step[rows]
            slopes = slope[rows] - slope_step[rows]
            costs = _cost(forecast_log_odds, outcome, weights[rows], intercepts, slopes)
            worse = costs > cost[rows] * (1 + ROUNDING)
            accepted = rows[~worse]
            intercept[accepted], slope[accepted] = intercepts[~worse], slopes[~worse]
            cost[accepted] = costs[~worse]
            rows = rows[worse]
            intercept_step[rows] /= 2
            slope_step[rows] /= 2
        if longest < SHORT_STEP:
            break
    return intercept, slope


def _cost(
    forecast_log_odds: Floats,
    outcome: Floats,
    weights: Floats,
    intercept: Floats,
    slope: Floats,
) -> Floats:
    """Return the cost of each row's map: log loss, and distance from the identity."""
    z = intercept[:, None] + slope[:, None] * forecast_log_odds
    # The same as `np.logaddexp(0, z)`, in half the time.
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    log_loss = (weights * (softplus - outcome * z)).sum(axis=1)
    cost: Floats = log_loss + PRIOR / 2 * (intercept**2 + (slope - 1) ** 2)
    return cost


def _newton_step(
    forecast_log_odds: Floats,
    outcome: Floats,
    weights: Floats,
    intercept: Floats,
    slope: Floats,
) -> tuple[Floats, Floats]:
    """Return what Newton's method subtracts from intercept and slope."""
    probability = expit(intercept[:, None] + slope[:, None] * forecast_log_odds)
    error = weights * (probability - outcome)
    curvature = weights * probability * (1 - probability)
    g0 = error.sum(axis=1) + PRIOR * intercept
    g1 = error @ forecast_log_odds + PRIOR * (slope - 1)
    h00 = curvature.sum(axis=1) + PRIOR
    h01 = curvature @ forecast_log_odds
    h11 = curvature @ forecast_log_odds**2 + PRIOR
    determinant = h00 * h11 - h01**2
    return (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
