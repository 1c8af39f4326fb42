"""The 90% interval of a probability.

Models that are estimated from few contractions are shrunk towards the base rate: a
forecast is the mean of the probabilities that are possible, and the true one is usually
farther from the base rate. On the probit scale, where growth in units of its standard
deviation is below zero with probability `Phi(index)`, let the index be normal with
standard deviation `spread`. The mean of the probability is the forecast if the mean of
the index is `sqrt(1 + spread**2)` times the forecast's own, and the interval has 5% of
this distribution on either side.

The spread comes from two errors that can be measured, the error of calibration and the
disagreement between models, from the number of contractions that the models learned
from, and from what none of these shows. The constants are chosen so that the interval
covers the true probability in about 90% of simulated cases (`benchmarks/coverage.py`;
docs/methodology.md has the figures).
"""

import numpy as np
from scipy.special import expit, ndtr, ndtri

from econnet.evaluation.intervals import UPPER_QUANTILE, Interval

# Parts of the spread: per unit of the measured errors (a unit of the index is about 1.7
# of log-odds), after learning from one run of contractions, and in any case.
OF_ERROR = 1.4
OF_ONE_RUN = 2.0
LEAST = 0.4
# No probability is below this, or above 1 minus this.
MIN_PROBABILITY = 1e-9


def probability_interval(
    log_odds: float, calibration_error: float, disagreement: float, runs: float
) -> Interval:
    """Return the 90% interval of a forecast, as probabilities (low, high).

    It contains the forecast.

    Parameters
    ----------
    log_odds
        Of the forecast.
    calibration_error, disagreement
        Standard deviations of the log-odds: of the calibrated forecast over draws of
        the track record, and of the models that are combined.
    runs
        The number of independent runs of contractions that the models were trained on.

    Notes
    -----
    `E[Phi(m + s * u)] = Phi(m / sqrt(1 + s**2))` for a standard normal `u`: C. E.
    Rasmussen and C. K. I. Williams, *Gaussian Processes for Machine Learning* (2006),
    equation 3.82.
    """
    forecast = float(expit(log_odds))
    variance = OF_ERROR**2 * (calibration_error**2 + disagreement**2)
    spread = np.sqrt(LEAST**2 + OF_ONE_RUN**2 / runs + variance)
    index = ndtri(np.clip(forecast, MIN_PROBABILITY, 1 - MIN_PROBABILITY))
    mean = np.sqrt(1 + spread**2) * index
    reach = ndtri(UPPER_QUANTILE) * spread
    low, high = np.clip(
        ndtr([mean - reach, mean + reach]), MIN_PROBABILITY, 1 - MIN_PROBABILITY
    )
    return min(float(low), forecast), max(float(high), forecast)
