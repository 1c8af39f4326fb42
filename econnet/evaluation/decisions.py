"""A yes-or-no decision for a user who knows the costs of being wrong.

A missed contraction costs `cost_ratio` times as much as a false alarm. The threshold of
each past forecast is the one that would have cost least on the forecasts whose outcome
was known then. While these are few, it is the best one for calibrated probabilities,
`1 / (1 + cost_ratio)`. So the costs of past decisions contain no hindsight.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from econnet.core.types import Floats
from econnet.evaluation.signals import MIN_PER_CLASS, cheapest_threshold


@dataclass(frozen=True)
class Decision:
    """Today's decision, and how past decisions by the same rule turned out.

    Parameters
    ----------
    threshold, signal
        Today's threshold, and whether the forecast reaches it.
    right, wrong, missed, n_contractions, n
        Signals that were right and wrong, contractions without a signal, contractions
        and forecasts in the track record.
    """

    cost_ratio: float
    threshold: float
    signal: bool
    right: int
    wrong: int
    missed: int
    n_contractions: int
    n: int

    @property
    def cost(self) -> float:
        """The cost of past decisions, in false alarms."""
        return self.cost_ratio * self.missed + self.wrong

    @property
    def cost_without_signals(self) -> float:
        """The cost if no signal had been given, in false alarms."""
        return self.cost_ratio * self.n_contractions

    @property
    def cost_of_always(self) -> float:
        """The cost if every forecast had been a signal, in false alarms."""
        return float(self.n - self.n_contractions)


def decide(record: pd.DataFrame, cost_ratio: float) -> Decision:
    """Return the decision on the newest forecast of one country and model.

    `record` has columns `origin`, `period`, `probability` and `outcome`, missing where
    it is not known yet; the newest forecast is the one to decide on. Every outcome
    counts as known after the delay of the newest one that is known today.
    """
    rows = record.sort_values("origin")
    probability = rows["probability"].to_numpy(float)
    outcome = rows["outcome"].to_numpy(float)
    known = ~np.isnan(outcome)
    thresholds = thresholds_by_origin(rows, cost_ratio)
    signal = probability >= thresholds
    contracted = outcome == 1
    return Decision(
        cost_ratio=cost_ratio,
        threshold=float(thresholds[-1]),
        signal=bool(signal[-1]),
        right=int((signal & contracted).sum()),
        wrong=int((signal & (outcome == 0)).sum()),
        missed=int((~signal & contracted).sum()),
        n_contractions=int(contracted.sum()),
        n=int(known.sum()),
    )


def thresholds_by_origin(rows: pd.DataFrame, cost_ratio: float) -> Floats:
    """Return the threshold of each forecast, from what was known at its origin.

    Parameters are those of `decide`; the rows are in chronological order.
    """
    origin = pd.PeriodIndex(rows["origin"]).asi8
    period = pd.PeriodIndex(rows["period"]).asi8
    probability = rows["probability"].to_numpy(float)
    outcome = rows["outcome"].to_numpy(float)
    known = ~np.isnan(outcome)
    lag = int(origin[-1] - period[known].max()) if known.any() else 0
    chosen = []
    for moment in origin:
        past = known & (period <= moment - lag)
        chosen.append(_threshold(probability[past], outcome[past], cost_ratio))
    return np.array(chosen)


def _threshold(probability: Floats, outcome: Floats, cost_ratio: float) -> float:
    contractions = outcome.sum()
    if min(contractions, len(outcome) - contractions) < MIN_PER_CLASS:
        return 1 / (1 + cost_ratio)
    return cheapest_threshold(probability, outcome, cost_ratio)
