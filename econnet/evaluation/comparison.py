"""Comparison of two models' forecasts of the same periods.

Differences in cost are ours minus theirs, so below zero ours is better. Their
uncertainty is measured by the paired interval of the mean from a block bootstrap, and
by the Diebold-Mariano test.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from econnet.core.types import Floats
from econnet.evaluation.bootstrap import Interval, Resample, interval
from econnet.evaluation.metrics import auroc, brier_costs, log_loss_costs

Verdict = Literal["win", "loss", "even"]


@dataclass(frozen=True)
class DieboldMariano:
    """The Diebold-Mariano test of equal accuracy: a t statistic, and its p-value.

    The statistic has the sign of the mean difference; the test is two-sided.
    """

    statistic: float
    p_value: float


@dataclass(frozen=True)
class Comparison:
    """The accuracy of our forecasts compared with another model's.

    Parameters
    ----------
    log_loss_difference, brier_difference
        Our mean cost minus theirs: below zero, ours are better.
    auroc_difference
        Our area minus theirs: above zero, ours are better. `None` where all outcomes
        are the same.
    log_loss_interval, brier_interval, auroc_interval
        Paired 90% intervals of the differences.
    log_loss_test, brier_test
        `None` where costs never differ, or the record is no longer than the block.
    """

    log_loss_difference: float
    log_loss_interval: Interval
    log_loss_test: DieboldMariano | None
    brier_difference: float
    brier_interval: Interval
    brier_test: DieboldMariano | None
    auroc_difference: float | None
    auroc_interval: Interval | None

    @property
    def log_loss(self) -> Verdict:
        """Whether our log loss is better, worse, or not significantly different."""
        return verdict(self.log_loss_interval)

    @property
    def brier(self) -> Verdict:
        """Whether our Brier score is better, worse, or not significantly different."""
        return verdict(self.brier_interval)


def verdict(interval_of_difference: Interval) -> Verdict:
    """Return `even` if the interval of a difference in cost includes zero."""
    low, high = interval_of_difference
    return "win" if high < 0 else "loss" if low > 0 else "even"


def compare(
    ours: Floats, theirs: Floats, outcome: Floats, drawn: Resample, block: int
) -> Comparison:
    """Compare two models' probabilities for the same outcomes.

    `drawn` are draws of the rows' periods in blocks of `block`.
    """
    log_loss = log_loss_costs(ours, outcome) - log_loss_costs(theirs, outcome)
    brier = brier_costs(ours, outcome) - brier_costs(theirs, outcome)
    our_area, their_area = auroc(ours, outcome), auroc(theirs, outcome)
    auroc_difference = auroc_interval = None
    if our_area is not None and their_area is not None:
        auroc_difference = our_area - their_area
        auroc_interval = interval(
            drawn.aurocs(ours, outcome) - drawn.aurocs(theirs, outcome)
        )
    return Comparison(
        log_loss_difference=float(log_loss.mean()),
        log_loss_interval=interval(drawn.means(log_loss)),
        log_loss_test=diebold_mariano(drawn.period_costs(log_loss), block),
        brier_difference=float(brier.mean()),
        brier_interval=interval(drawn.means(brier)),
        brier_test=diebold_mariano(drawn.period_costs(brier), block),
        auroc_difference=auroc_difference,
        auroc_interval=auroc_interval,
    )


def diebold_mariano(differences: Floats, steps: int) -> DieboldMariano | None:
    """Test whether two models' forecasts are equally accurate.

    Parameters
    ----------
    differences : array (periods,)
        One model's cost minus the other's, in the order of time.
    steps
        Autocovariances up to lag `steps - 1` are counted, with Bartlett's weights, so
        that the variance cannot be negative.

    Returns
    -------
    DieboldMariano or None
        `None` if the differences do not vary, or are no more than `steps`.

    Notes
    -----
    F. X. Diebold and R. S. Mariano (1995), "Comparing predictive accuracy", Journal of
    Business & Economic Statistics 13, with the correction for few periods of D. Harvey,
    S. Leybourne and P. Newbold (1997), "Testing the equality of prediction mean squared
    errors", International Journal of Forecasting 13, equation 9.
    """
    n = len(differences)
    if n <= steps:
        return None
    deviations = differences - differences.mean()
    covariances = [
        float(deviations[lag:] @ deviations[: n - lag]) / n for lag in range(steps)
    ]
    weights = 2 * (1 - np.arange(steps) / steps)
    weights[0] = 1
    variance = float(weights @ covariances) / n
    # Equal differences have no variance but that of rounding.
    if variance <= np.finfo(float).eps * float(differences @ differences):
        return None
    correction = (n + 1 - 2 * steps + steps * (steps - 1) / n) / n
    statistic = float(differences.mean()) / np.sqrt(variance) * np.sqrt(correction)
    p_value = 2 * stats.t.sf(abs(statistic), df=n - 1)
    return DieboldMariano(float(statistic), float(p_value))
