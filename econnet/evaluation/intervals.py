"""Intervals of scores and of their differences, with reliable coverage.

The errors of neighbouring periods are correlated, because contractions last and
forecasts overlap, and countries contract together. So the rows of a period count as one
value, and the variance of a mean is estimated from the slowest movements of these
values: the squares of their first cosine terms (EWC). The critical values are those of
Student's t with as many degrees of freedom as terms, or fewer where a record has few
contractions to learn from. `benchmarks/coverage.py` measures the coverage.

Notes
-----
E. Lazarus, D. J. Lewis, J. H. Stock and M. W. Watson, "HAR inference: recommendations
for practice", Journal of Business & Economic Statistics 36 (2018).
"""

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy  # whose parts load on use: `scipy.stats` takes half a second

from econnet.core.types import Floats

Interval = tuple[float, float]

# Among 4 to 8 terms, 4 give the best coverage in short records
# (`benchmarks/coverage.py`).
TERMS = 4
# A 90% interval leaves out 5% on either side.
UPPER_QUANTILE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over a track record, and its standard error."""

    value: float
    error: float
    degrees_of_freedom: int

    def interval(self, low: float, high: float) -> Interval:
        """Return the 90% interval; `low` and `high` bound the possible values."""
        quantile = scipy.stats.t.ppf(UPPER_QUANTILE, self.degrees_of_freedom)
        reach = float(quantile) * self.error
        return max(low, self.value - reach), min(high, self.value + reach)

    @property
    def p_value(self) -> float | None:
        """The two-sided p-value of a mean of zero; `None` if the values do not vary."""
        if self.error == 0:
            return None
        statistic = abs(self.value) / self.error
        return float(2 * scipy.stats.t.sf(statistic, self.degrees_of_freedom))


@dataclass(frozen=True, eq=False)
class Periods:
    """The periods of the rows of a track record, in chronological order.

    Parameters
    ----------
    period_of : array (rows,)
        The number of each row's period.
    spells
        The number of runs of contractions, all countries together.
    """

    period_of: npt.NDArray[np.intp]
    spells: int

    @classmethod
    def of(cls, record: pd.DataFrame) -> "Periods":
        """Return the periods of a record with `country`, `period` and `outcome`."""
        period_of, _ = pd.factorize(record["period"], sort=True)
        outcome = record["outcome"].to_numpy(dtype=float)
        country, _ = pd.factorize(record["country"])
        return cls(period_of, _runs(country, period_of, outcome))

    def mean(self, values: Floats) -> Estimate:
        """Return the mean of the rows' values."""
        return self._estimate(float(values.mean()), values - values.mean())

    def auroc(self, probability: Floats, outcome: Floats) -> Estimate:
        """Return the area under the ROC curve."""
        area, influence = auroc_influence(probability, outcome)
        return self._estimate(area, influence)

    def auroc_difference(
        self, ours: Floats, theirs: Floats, outcome: Floats
    ) -> Estimate:
        """Return our area under the ROC curve minus theirs."""
        our_area, our_influence = auroc_influence(ours, outcome)
        their_area, their_influence = auroc_influence(theirs, outcome)
        return self._estimate(our_area - their_area, our_influence - their_influence)

    def _estimate(self, value: float, influence: Floats) -> Estimate:
        """Return an estimate from what each row adds to its error, with mean 0."""
        n = int(self.period_of.max()) + 1
        by_period = np.bincount(self.period_of, influence, n) * n / len(influence)
        return estimate(value, by_period, self.spells)


def estimate(value: float, by_period: Floats, spells: int) -> Estimate:
    """Return an estimate with the standard error of the mean of `by_period`.

    `by_period`, (periods,), is what each period adds to the error, in chronological
    order; `spells` are the runs of contractions in the record.
    """
    terms = min(TERMS, len(by_period) - 1)
    if terms == 0:
        return Estimate(value, inf, 1)
    freedom = max(1, min(terms, spells // 2))
    return Estimate(value, ewc_error(by_period, terms), freedom)


def ewc_error(values: Floats, terms: int) -> float:
    """Return the standard error of the mean of values in chronological order."""
    cosines = scipy.fft.dct(values - values.mean(), norm="ortho")[1 : terms + 1]
    variance = float(np.mean(cosines**2)) / len(values)
    # Equal values have no variance except from rounding.
    rounding = np.finfo(float).eps * float(np.mean(values**2))
    return float(np.sqrt(variance)) if variance > rounding else 0.0


def auroc_influence(probability: Floats, outcome: Floats) -> tuple[float, Floats]:
    """Return the area under the ROC curve, and what each row adds to its error.

    A contraction's *placement* is the share of expansions with a lower probability, an
    expansion's the share of contractions with a higher one; ties count half. The area
    is the mean of either. The outcomes must include both.

    Notes
    -----
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas under two
    or more correlated receiver operating characteristic curves", Biometrics 44 (1988).
    """
    contracted = outcome == 1
    ranks = scipy.stats.rankdata(probability)
    within = np.empty(len(ranks))
    for group in (contracted, ~contracted):
        within[group] = scipy.stats.rankdata(probability[group])
    n_contractions, n = int(contracted.sum()), len(outcome)
    n_expansions = n - n_contractions
    placement = np.where(
        contracted,
        (ranks - within) / n_expansions,
        1 - (ranks - within) / n_contractions,
    )
    area = float(placement[contracted].mean())
    share = np.where(contracted, n_contractions / n, n_expansions / n)
    return area, (placement - area) / share


def _runs(
    country: npt.NDArray[np.intp], period: npt.NDArray[np.intp], outcome: Floats
) -> int:
    """Return the number of runs of contractions of all countries."""
    order = np.lexsort((period, country))
    country, contracted = country[order], outcome[order] == 1
    follows = (country[1:] == country[:-1]) & contracted[:-1]
    return int(contracted.sum() - (contracted[1:] & follows).sum())
