"""Calibration, and the interval of a probability that follows from it.

After forecasts of 30%, contractions may have followed in 20% or 45% of cases, and the
networks may disagree. Both uncertainties are drawn together: blocks of the track
record's periods are resampled, all countries of a block together, and a Platt map from
forecast to calibrated log-odds is fitted to each draw; to it is added the distance of a
member chosen at random from the mean.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from econnet.core.log_odds import log_odds
from econnet.core.types import Floats
from econnet.evaluation.bootstrap import MIDDLE_90, Resample

DRAWS = 400
# Keeps the map near the identity where the track record is short: as if this many
# perfectly calibrated forecasts had been added.
PRIOR = 5.0
NEWTON_STEPS = 8
# A step that raises the cost by no more than rounding is none that makes it worse.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class CalibrationDraws:
    """Calibration maps of the track record and of bootstrap draws of it.

    Parameters
    ----------
    intercepts, slopes : arrays (1 + draws,)
        From forecast to calibrated log-odds: the track record first, then each draw.
    seed
        Of the members that are drawn beside them.
    """

    intercepts: Floats
    slopes: Floats
    seed: int

    def interval(self, members: Floats) -> tuple[float, float]:
        """Return the 90% interval of a forecast, as probabilities (low, high).

        Parameters
        ----------
        members : array (members,)
            The log-odds that each member gives now; the forecast is their mean.
        """
        now = members.mean()
        calibrated = self.intercepts + self.slopes * now
        rng = np.random.default_rng([self.seed, len(members)])
        drawn = rng.choice(members - now, len(calibrated) - 1)
        low, high = now + np.quantile(calibrated[1:] - calibrated[0] + drawn, MIDDLE_90)
        return float(expit(min(low, now))), float(expit(max(high, now)))


def fit_calibration_draws(
    track_record: pd.DataFrame, block: int, seed: int
) -> CalibrationDraws:
    """Return the calibration maps of a track record.

    Parameters
    ----------
    track_record
        Past out-of-sample forecasts whose outcome is known, with columns `period`,
        `probability` and `outcome`; of all countries that were forecast alike.
    block
        Periods that are resampled together.

    Notes
    -----
    The map is J. Platt's, "Probabilistic outputs for support vector machines" (1999),
    drawn to the identity.
    """
    rng = np.random.default_rng(seed)
    forecast_odds = log_odds(track_record["probability"].to_numpy(dtype=float))
    outcome = track_record["outcome"].to_numpy(dtype=float)
    counts = Resample.draw(track_record["period"], block, DRAWS, rng).of_rows()
    weights = np.concatenate([np.ones((1, len(forecast_odds))), counts])
    return CalibrationDraws(*fit_maps(forecast_odds, outcome, weights), seed)


def fit_maps(
    forecast_odds: Floats, outcome: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Return intercept and slope of a logistic map for each row of weights.

    Newton's method on the weighted log-likelihood, with a quadratic prior around the
    identity. It starts from the share of outcomes, where the likelihood is well curved:
    at the identity it is all but flat for a forecaster who is sure of everything. A
    step that makes things worse is halved until it does not.
    """
    share = (weights @ outcome + 0.5) / (weights.sum(axis=1) + 1)
    intercept, slope = np.log(share / (1 - share)), np.zeros(len(weights))
    cost = _cost(forecast_odds, outcome, weights, intercept, slope)
    for _ in range(NEWTON_STEPS):
        by_intercept, by_slope = _newton_step(
            forecast_odds, outcome, weights, intercept, slope
        )
        rows = np.arange(len(weights))
        while len(rows):
            tried = intercept[rows] - by_intercept[rows], slope[rows] - by_slope[rows]
            costs = _cost(forecast_odds, outcome, weights[rows], *tried)
            worse = costs > cost[rows] * (1 + ROUNDING)
            better = rows[~worse]
            intercept[better], slope[better] = (each[~worse] for each in tried)
            cost[better] = costs[~worse]
            rows = rows[worse]
            by_intercept[rows] /= 2
            by_slope[rows] /= 2
    return intercept, slope


def _cost(
    forecast_odds: Floats,
    outcome: Floats,
    weights: Floats,
    intercept: Floats,
    slope: Floats,
) -> Floats:
    """Return the cost of each row's map: log loss, and distance from the identity."""
    calibrated = intercept[:, None] + slope[:, None] * forecast_odds
    misses = (weights * (np.logaddexp(0, calibrated) - outcome * calibrated)).sum(
        axis=1
    )
    cost: Floats = misses + PRIOR / 2 * (intercept**2 + (slope - 1) ** 2)
    return cost


def _newton_step(
    forecast_odds: Floats,
    outcome: Floats,
    weights: Floats,
    intercept: Floats,
    slope: Floats,
) -> tuple[Floats, Floats]:
    """Return what to take from intercept and slope."""
    probability = expit(intercept[:, None] + slope[:, None] * forecast_odds)
    error = weights * (probability - outcome)
    curvature = weights * probability * (1 - probability)
    g0 = error.sum(axis=1) + PRIOR * intercept
    g1 = error @ forecast_odds + PRIOR * (slope - 1)
    h00 = curvature.sum(axis=1) + PRIOR
    h01 = curvature @ forecast_odds
    h11 = curvature @ forecast_odds**2 + PRIOR
    determinant = h00 * h11 - h01**2
    return (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
