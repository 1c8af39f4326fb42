"""Comparison of two models' forecasts of the same periods.

Differences in cost are ours minus theirs, so below zero ours is better. Their intervals
are paired: periods that were difficult for both models cancel out.
"""

from dataclasses import dataclass
from typing import Literal

from econnet.core.types import Floats
from econnet.evaluation.intervals import Interval, Periods
from econnet.evaluation.metrics import (
    MAX_LOG_LOSS,
    auroc,
    brier_costs,
    log_loss_costs,
)

Verdict = Literal["win", "loss", "even"]


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
    log_loss_p_value, brier_p_value
        Of the hypothesis that both models are equally accurate, two-sided; `None` where
        their costs never differ.
    """

    log_loss_difference: float
    log_loss_interval: Interval
    log_loss_p_value: float | None
    brier_difference: float
    brier_interval: Interval
    brier_p_value: float | None
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
    ours: Floats, theirs: Floats, outcome: Floats, periods: Periods
) -> Comparison:
    """Compare two models' probabilities for the same outcomes.

    `periods` are those of the rows.
    """
    log_loss = periods.mean(
        log_loss_costs(ours, outcome) - log_loss_costs(theirs, outcome)
    )
    brier = periods.mean(brier_costs(ours, outcome) - brier_costs(theirs, outcome))
    area = None
    if auroc(ours, outcome) is not None:
        area = periods.auroc_difference(ours, theirs, outcome)
    return Comparison(
        log_loss_difference=log_loss.value,
        log_loss_interval=log_loss.interval(-MAX_LOG_LOSS, MAX_LOG_LOSS),
        log_loss_p_value=log_loss.p_value,
        brier_difference=brier.value,
        brier_interval=brier.interval(-1.0, 1.0),
        brier_p_value=brier.p_value,
        auroc_difference=None if area is None else area.value,
        auroc_interval=None if area is None else area.interval(-1.0, 1.0),
    )
