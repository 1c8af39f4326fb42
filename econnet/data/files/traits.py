"""What the numbers of a column are like: bounds, persistence, trend, scale.

A panel has tens of thousands of series, so that all series of equal length are computed
together, as the rows of one array.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats
from econnet.data.files.codes import Codes, starts


@dataclass(frozen=True)
class Traits:
    """Properties of a column's numbers; across countries, medians.

    Parameters
    ----------
    low, high
        The smallest and the largest value.
    share_not_positive
        The share of values at or below zero.
    persistence
        The first autocorrelation of the values: near 1 if they wander or trend.
    centre
        The mean in standard deviations.
    rises
        The share of steps that are rises.
    trend
        The t statistic of mean growth; NaN for values that are not positive.
    volatility
        The standard deviation of steps of the logarithm.
    scale_ratio
        The ratio of the largest country's median to the smallest, in absolute terms.
    log_like
        Whether the values are likely to be logarithms.
    """

    n: int
    low: float
    high: float
    share_not_positive: float
    persistence: float
    centre: float
    rises: float
    trend: float
    volatility: float
    scale_ratio: float
    log_like: bool
    binary: bool

    @property
    def positive(self) -> bool:
        """Whether growth of the values is defined."""
        return self.share_not_positive == 0

    @property
    def stationary(self) -> bool:
        """Whether the values return to a mean within a few periods."""
        return self.persistence < MAX_STATIONARY_PERSISTENCE

    @property
    def centred(self) -> bool:
        """Whether the values lie around zero, as growth and differences do."""
        return not self.positive and abs(self.centre) < 2 and self.low < 0

    @property
    def trending(self) -> bool:
        """Whether positive values grow along a trend."""
        if not self.positive or self.n < 2:
            return False
        if self.rises >= SHARE_OF_RISES:
            return True
        grows = self.trend > MIN_TREND and self.volatility < MAX_VOLATILITY_OF_TREND
        return grows and (self.high > 1.3 * self.low or self.trend > 2 * MIN_TREND)


def traits(values: pd.DataFrame, frequency: Frequency | None = None) -> Traits:
    """Return the traits of one column; `values` has `country, value`, in order."""
    country = pd.factorize(values["country"])[0]
    order = np.argsort(country, kind="stable")
    numbers = values["value"].to_numpy(dtype=float)[order]
    column = np.zeros(len(numbers), dtype=np.int64)
    return traits_of_columns(country[order], column, numbers, [frequency])[0]


def traits_of_columns(
    country: Codes,
    column: Codes,
    values: Floats,
    frequencies: Sequence[Frequency | None],
) -> Mapping[int, Traits]:
    """Return the traits of each column, by its number.

    Rows are sorted so that those of a series, one column's values of one country, are
    together and in order of time. `frequencies` is by number of the column.
    """
    if not len(values):
        return {0: _of_series(_Series.none(), None)}
    firsts = starts(country, column)
    lengths = np.diff(np.append(firsts, len(values)))
    series = _Series.of(values, firsts, lengths)
    columns = column[firsts]
    order = np.argsort(columns, kind="stable")
    numbers = columns[order]
    bounds = np.append(starts(numbers), len(order))
    return {
        int(numbers[first]): _of_series(
            series.take(order[first:stop]), frequencies[int(numbers[first])]
        )
        for first, stop in pairwise(bounds)
    }


@dataclass(frozen=True, eq=False)
class _Series:
    """Statistics of each series, as arrays of equal length.

    `within` is the sum of squared deviations from the series' own mean, so that those
    of several series add up without loss of digits. The fields of growth are zero for
    series that are not positive throughout.
    """

    n: Floats
    low: Floats
    high: Floats
    n_not_positive: Floats
    mean: Floats
    within: Floats
    products: Floats
    n_rises: Floats
    step: Floats
    rise: Floats
    median: Floats
    n_growth: Floats
    growth: Floats
    growth_within: Floats
    binary: Floats

    @classmethod
    def none(cls) -> "_Series":
        """Return the statistics of no series."""
        return cls(*(np.zeros(0) for _ in cls.__dataclass_fields__))

    @classmethod
    def of(cls, values: Floats, firsts: Codes, lengths: Codes) -> "_Series":
        """Return the statistics of series, given where each begins."""
        table = np.empty((len(cls.__dataclass_fields__), len(firsts)))
        for place, block in _blocks(values, firsts, lengths):
            table[:, place] = _statistics(block)
        return cls(*table)

    def take(self, place: npt.NDArray[np.intp]) -> "_Series":
        """Return the statistics of some series."""
        names = self.__dataclass_fields__
        return _Series(*(getattr(self, name)[place] for name in names))


def _blocks(
    values: Floats, firsts: Codes, lengths: Codes
) -> Iterator[tuple[npt.NDArray[np.intp], Floats]]:
    """Yield series of equal length as the rows of arrays that fit into the cache."""
    for length in np.unique(lengths):
        mine = np.flatnonzero(lengths == length)
        n_rows = max(1, BLOCK // int(length))
        for begin in range(0, len(mine), n_rows):
            place = mine[begin : begin + n_rows]
            yield place, values[firsts[place][:, None] + np.arange(length)]


def _statistics(block: Floats) -> list[Floats]:
    """Return the fields of `_Series` for series that are the rows of an array."""
    n_rows, length = block.shape
    low = block.min(axis=1)
    mean = block.mean(axis=1)
    deviations = block - mean[:, None]
    steps = np.diff(block, axis=1)
    growth = np.zeros((n_rows, max(length - 1, 0)))
    positive = low > 0
    growth[positive] = np.diff(np.log(block[positive]), axis=1)
    n_steps = max(length - 1, 1)
    mean_growth = growth.sum(axis=1) / n_steps
    within = ((growth - mean_growth[:, None]) ** 2).sum(axis=1)
    return [
        np.full(n_rows, float(length)),
        low,
        block.max(axis=1),
        (block <= 0).sum(axis=1).astype(float),
        mean,
        np.einsum("ij,ij->i", deviations, deviations),
        np.einsum("ij,ij->i", deviations[:, 1:], deviations[:, :-1]),
        (steps > 0).sum(axis=1).astype(float),
        np.abs(steps).sum(axis=1) / n_steps,
        block[:, -1] - block[:, 0],
        np.median(np.abs(block), axis=1),
        np.where(positive, length - 1.0, 0.0),
        np.where(positive, mean_growth, 0.0),
        np.where(positive, within, 0.0),
        ((block == 0) | (block == 1)).all(axis=1).astype(float),
    ]


def _of_series(series: _Series, frequency: Frequency | None) -> Traits:
    """Return the traits of one column from those of its series."""
    n = float(series.n.sum())
    mean = float((series.n * series.mean).sum() / n) if n else 0.0
    deviation = _deviation(series.n, series.mean, series.within)
    n_steps = n - len(series.n)
    n_growth = float(series.n_growth.sum())
    spread = _deviation(series.n_growth, series.growth, series.growth_within)
    growth = float((series.n_growth * series.growth).sum())
    scale = series.median[series.median > 0]
    return Traits(
        n=int(n),
        low=float(series.low.min(initial=np.inf)),
        high=float(series.high.max(initial=-np.inf)),
        share_not_positive=float(series.n_not_positive.sum() / n) if n else 0.0,
        persistence=_persistence(series),
        centre=mean / deviation if deviation else np.inf,
        rises=float(series.n_rises.sum() / n_steps) if n_steps else 0.0,
        trend=growth / n_growth / (spread / np.sqrt(n_growth))
        if spread and n_growth > MIN_STEPS
        else np.nan,
        volatility=spread if n_growth > 1 else np.nan,
        scale_ratio=float(scale.max() / scale.min()) if len(scale) else 1.0,
        log_like=_is_log_like(series, frequency),
        binary=bool(series.binary.all()),
    )


def _deviation(n: Floats, mean: Floats, within: Floats) -> float:
    """Return the standard deviation of all values of several series."""
    total = float(n.sum())
    if not total:
        return 0.0
    whole = float((n * mean).sum()) / total
    between = float((n * (mean - whole) ** 2).sum())
    return float(np.sqrt((float(within.sum()) + between) / total))


def _persistence(series: _Series) -> float:
    """Return the median first autocorrelation of the series."""
    usable = (series.n >= MIN_STEPS) & (series.within > 0)
    if not usable.any():
        return 1.0
    return float(np.median(series.products[usable] / series.within[usable]))


def _is_log_like(series: _Series, frequency: Frequency | None) -> bool:
    """Return whether levels of 2 to 40 rise by a plausible growth of 0.5 to 20% a year.

    As levels they would grow by less than a third of that.
    """
    if frequency is None:
        return False
    per_year = PERIODS_A_YEAR[frequency]
    judged = (series.n >= 3 * per_year) & (series.n >= MIN_STEPS)
    if not judged.any():
        return False
    years = (series.n - 1)[judged] / per_year
    rise = series.rise[judged] / years
    low, high, step = series.low[judged], series.high[judged], series.step[judged]
    votes = (low > 2) & (high < 40) & (rise > 0.005) & (rise < 0.2) & (step < 0.1)
    votes &= step * per_year < 0.03 * series.mean[judged]
    return bool(votes.sum() > len(votes) / 2)


BLOCK = 2**17
SHARE_OF_RISES = 0.6
MIN_STEPS = 8
MIN_TREND = 2.0
MAX_VOLATILITY_OF_TREND = 0.05
MAX_STATIONARY_PERSISTENCE = 0.9
