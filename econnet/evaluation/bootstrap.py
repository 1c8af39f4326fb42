"""Resampling a track record without pulling neighbouring periods apart.

Contractions come in spells, and countries contract together. So what is resampled are
blocks of neighbouring periods, and all countries of a block stay together. A draw is
therefore no more than a count for each period, and every score of a draw follows from
these counts: a mean from the periods' sums, the area under the ROC curve from how often
the contractions of one period were ranked above the expansions of another. No draw goes
through the rows again, so that thousands of draws take as long as a few.

Notes
-----
The moving-block bootstrap of H. R. Künsch, "The jackknife and the bootstrap for general
stationary observations", Annals of Statistics 17 (1989).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats

Interval = tuple[float, float]

DRAWS = 2000
# The bounds of a 90% interval, as quantiles.
MIDDLE_90 = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Resample:
    """How often each period of a track record is in each draw.

    Scores of two models that are taken from one resample are paired.

    Parameters
    ----------
    counts : array (draws, periods)
        How often each period was drawn.
    period_of : array (rows,)
        Which period each row of the track record belongs to.
    """

    counts: Floats
    period_of: npt.NDArray[np.intp]

    @classmethod
    def draw(
        cls, periods: pd.Series, block: int, draws: int, rng: np.random.Generator
    ) -> "Resample":
        """Return draws of blocks of neighbouring periods, each as long as the record.

        Parameters
        ----------
        periods
            The period of each row; rows of one period are drawn together.
        block
            Periods that are drawn together; at most as many as there are.
        """
        period_of, found = pd.factorize(periods, sort=True)
        n = len(found)
        block = min(block, n)
        starts = rng.integers(0, n - block + 1, (draws, -(-n // block)))
        chosen = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :n]
        counts = np.zeros((draws, n))
        np.add.at(counts, (np.arange(draws)[:, None], chosen), 1.0)
        return cls(counts, period_of)

    def means(self, costs: Floats) -> Floats:
        """Return the mean of `costs`, one a row, in each draw."""
        means: Floats = (self.counts @ self._sums(costs)) / (
            self.counts @ self._sums(np.ones(len(costs)))
        )
        return means

    def aurocs(self, probability: Floats, outcome: Floats) -> Floats:
        """Return the area under the ROC curve in each draw.

        NaN in a draw without a contraction, or with nothing else.
        """
        pairs = (
            self.counts @ self._sums(outcome) * (self.counts @ self._sums(1 - outcome))
        )
        won = self._won(probability, outcome)
        ranked = ((self.counts @ won) * self.counts).sum(axis=1)
        areas: Floats = np.full(len(pairs), np.nan)
        np.divide(ranked, pairs, out=areas, where=pairs > 0)
        return areas

    def by_period(self, costs: Floats) -> Floats:
        """Return each period's share in the mean of `costs`, (periods,).

        Their mean is the mean of all rows: a period of more rows has a larger share.
        """
        shares: Floats = self._sums(costs) * self.counts.shape[1] / len(costs)
        return shares

    def of_rows(self) -> Floats:
        """Return how often each row is in each draw, (draws, rows)."""
        counts: Floats = self.counts[:, self.period_of]
        return counts

    def _sums(self, values: Floats) -> Floats:
        """Return the sum of the rows' values in each period."""
        sums = np.bincount(self.period_of, values, self.counts.shape[1])
        return sums.astype(float)

    def _won(self, probability: Floats, outcome: Floats) -> Floats:
        """Return how often contractions were ranked above expansions.

        Entry `[p, q]` counts the pairs of a contraction in period `p` and an expansion
        in period `q` in which the contraction was given the higher probability, a tie
        counting half.
        """
        n = self.counts.shape[1]
        contracted = outcome == 1
        of_contractions, period = probability[contracted], self.period_of[contracted]
        others, others_period = probability[~contracted], self.period_of[~contracted]
        by_period = np.lexsort((others, others_period))
        ends = np.cumsum(np.bincount(others_period, minlength=n))[:-1]
        won = np.empty((n, n))
        for q, sorted_others in enumerate(np.split(others[by_period], ends)):
            below = np.searchsorted(sorted_others, of_contractions, side="left")
            at_most = np.searchsorted(sorted_others, of_contractions, side="right")
            won[:, q] = np.bincount(period, (below + at_most) / 2, n)
        return won


def block_length(horizon: int, frequency: Frequency) -> int:
    """Return how many neighbouring periods are drawn together for a task.

    Forecasts of overlapping horizons share their surprises, and contractions last for
    quarters: a block covers both the horizon and a year.
    """
    return max(horizon + 1, PERIODS_A_YEAR[frequency])


def interval(values: Floats) -> Interval:
    """Return the middle 90% of the draws of a score; draws without one are left out."""
    low, high = np.nanquantile(values, MIDDLE_90)
    return float(low), float(high)


def mean_interval(
    costs: Floats, periods: pd.Series, block: int, draws: int, seed: int
) -> Interval:
    """Return the 90% interval of the mean of `costs`, one a row."""
    drawn = Resample.draw(periods, block, draws, np.random.default_rng(seed))
    return interval(drawn.means(costs))
