"""Confidence in a forecast, from the skill of past forecasts and its 90% interval.

Skill is the relative improvement of the log loss on that of the base rate: what
forecasting adds to always quoting the historical average. Confidence is `high` if skill
is at least 20% and its interval is above zero, `moderate` if the interval is above
zero, and `low` otherwise, or if the record has fewer than five contractions.
"""

from dataclasses import dataclass
from typing import Literal

from econnet.evaluation.comparison import Comparison
from econnet.evaluation.intervals import Interval
from econnet.evaluation.metrics import Scores

Confidence = Literal["high", "moderate", "low"]

HIGH_SKILL = 0.20
# A record with fewer contractions is too short to judge the next one by.
MIN_CONTRACTIONS = 5


@dataclass(frozen=True)
class Skill:
    """The log-loss skill of past forecasts.

    Parameters
    ----------
    value, interval
        Skill and its paired 90% interval: 1 is perfect, 0 is no better than the base
        rate. `None` if the base rate was never wrong.
    n, n_contractions
        Numbers of forecasts, and of contractions among them.
    """

    value: float | None
    interval: Interval | None
    n: int
    n_contractions: int

    @classmethod
    def of(cls, scores: Scores, base: Scores, against_base: Comparison) -> "Skill":
        """Return the skill of forecasts that were compared with the base rate."""
        if base.log_loss <= 0:
            return cls(None, None, scores.n, scores.n_contractions)
        low, high = against_base.log_loss_interval
        return cls(
            -against_base.log_loss_difference / base.log_loss,
            (-high / base.log_loss, min(-low / base.log_loss, 1.0)),
            scores.n,
            scores.n_contractions,
        )

    @property
    def above_zero(self) -> bool:
        """Whether the forecasts were significantly better than the base rate."""
        return self.interval is not None and self.interval[0] > 0

    @property
    def confidence(self) -> Confidence:
        """The confidence that these forecasts deserve."""
        if self.n_contractions < MIN_CONTRACTIONS or not self.above_zero:
            return "low"
        return (
            "high"
            if self.value is not None and self.value >= HIGH_SKILL
            else "moderate"
        )
