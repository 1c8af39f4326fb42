"""The block bootstrap of a track record.

Contractions last for several periods, and countries contract together, so blocks of
neighbouring periods are resampled with all their countries. A draw is therefore one
count per period, and every score of a draw follows from these counts: a mean from the
sums of the periods, the area under the ROC curve from how often the contractions of one
period were ranked above the expansions of another. Thousands of draws cost little more
than a few.

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

    `counts` is (draws, periods); `period_of`, (rows,), is the period of each row.
    Scores of two models from one resample are paired.
    """

    counts: Floats
    period_of: npt.NDArray[np.intp]

    @classmethod
    def draw(
        cls, periods: pd.Series, block: int, draws: int, rng: np.random.Generator
    ) -> "Resample":
        """Return draws of blocks of neighbouring periods, each as long as the record.

        `periods` is the period of each row; `block` is limited to their number.
        """
        period_of, distinct = pd.factorize(periods, sort=True)
        n = len(distinct)
        block = min(block, n)
        starts = rng.integers(0, n - block + 1, (draws, -(-n // block)))
        chosen = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :n]
        counts = np.zeros((draws, n))
        np.add.at(counts, (np.arange(draws)[:, None], chosen), 1.0)
        return cls(counts, period_of)

    def means(self, costs: Floats) -> Floats:
        """Return the mean of the rows' costs in each draw."""
        return (self.counts @ self._sums(costs)) / (
            self.counts @ self._sums(np.ones(len(costs)))
        )

    def aurocs(self, probability: Floats, outcome: Floats) -> Floats:
        """Return the area under the ROC curve in each draw.

        NaN in a draw whose outcomes are all the same.
        """
        pairs = (
            self.counts @ self._sums(outcome) * (self.counts @ self._sums(1 - outcome))
        )
        correct = self._correct_pairs(probability, outcome)
        ranked = ((self.counts @ correct) * self.counts).sum(axis=1)
        areas: Floats = np.full(len(pairs), np.nan)
        np.divide(ranked, pairs, out=areas, where=pairs > 0)
        return areas

    def period_costs(self, costs: Floats) -> Floats:
        """Return each period's cost, scaled so that their mean is that of all rows."""
        scaled: Floats = self._sums(costs) * self.counts.shape[1] / len(costs)
        return scaled

    def row_counts(self) -> Floats:
        """Return how often each row is in each draw, (draws, rows)."""
        return self.counts[:, self.period_of]

    def _sums(self, values: Floats) -> Floats:
        sums = np.bincount(self.period_of, values, self.counts.shape[1])
        return sums.astype(float)

    def _correct_pairs(self, probability: Floats, outcome: Floats) -> Floats:
        """Return how often contractions were ranked above expansions.

        Entry `[p, q]` counts the pairs of a contraction in period `p` and an expansion
        in period `q` in which the contraction had the higher probability; ties count
        half.
        """
        n = self.counts.shape[1]
        is_contraction = outcome == 1
        contractions, period = (
            probability[is_contraction],
            self.period_of[is_contraction],
        )
        expansions = probability[~is_contraction]
        expansion_period = self.period_of[~is_contraction]
        order = np.lexsort((expansions, expansion_period))
        ends = np.cumsum(np.bincount(expansion_period, minlength=n))[:-1]
        correct = np.empty((n, n))
        for q, of_period in enumerate(np.split(expansions[order], ends)):
            below = np.searchsorted(of_period, contractions, side="left")
            at_most = np.searchsorted(of_period, contractions, side="right")
            correct[:, q] = np.bincount(period, (below + at_most) / 2, n)
        return correct


def block_length(horizon: int, frequency: Frequency) -> int:
    """Return the number of periods in a block: the longer of the horizon and a year.

    Errors of overlapping forecasts are correlated, and contractions last for quarters.
    """
    return max(horizon + 1, PERIODS_A_YEAR[frequency])


def interval(values: Floats) -> Interval:
    """Return the middle 90% of the draws of a score; NaN is left out."""
    low, high = np.nanquantile(values, MIDDLE_90)
    return float(low), float(high)


def mean_interval(
    costs: Floats, periods: pd.Series, block: int, draws: int, seed: int
) -> Interval:
    """Return the 90% interval of the mean of the rows' costs."""
    drawn = Resample.draw(periods, block, draws, np.random.default_rng(seed))
    return interval(drawn.means(costs))
