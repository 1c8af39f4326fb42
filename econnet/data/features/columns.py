"""The columns of `X` that each indicator gives: lags, means and deviations."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from econnet.core.catalog import Indicator
from econnet.core.periods import Frequency
from econnet.core.types import Floats


@dataclass(frozen=True)
class Shape:
    """The past values of an indicator that become columns, counted from the newest.

    Parameters
    ----------
    lags
        Periods back from the newest value; 0 is the newest.
    means
        Lengths of the moving averages that end in the newest value.
    deviations
        Lengths of the moving standard deviations that end in it.
    """

    lags: tuple[int, ...]
    means: tuple[int, ...]
    deviations: tuple[int, ...]

    @property
    def length(self) -> int:
        """The number of newest values that the columns are computed from."""
        return max(*self.means, *self.deviations, *(lag + 1 for lag in self.lags))

    def columns(self, indicator: Indicator) -> list["Column"]:
        """Return the description of each column of an indicator."""
        key = indicator.key
        # A change in the rate is not the rate itself.
        measures = indicator.measures if indicator.transform == "level" else ""
        newest = Column(key, key, 1.0, measures=measures)
        return [
            *(Column(f"{key} lag {lag}", key) if lag else newest for lag in self.lags),
            *(Column(f"{key} mean {n}", key, 1 / n) for n in self.means),
            *(Column(f"{key} deviation {n}", key) for n in self.deviations),
        ]

    def of(self, newest: Floats) -> Floats:
        """Return the columns made of newest values, oldest first: (rows, columns)."""
        lags = [newest[:, -1 - lag] for lag in self.lags]
        moments = [row_mean(newest[:, -n:]) for n in self.means]
        moments += [row_deviation(newest[:, -n:]) for n in self.deviations]
        # Without a newest value, no mean can end in it.
        present = ~np.isnan(newest[:, -1])
        moments = [np.where(present, moment, np.nan) for moment in moments]
        return np.column_stack([*lags, *moments])


@dataclass(frozen=True)
class Column:
    """One column of `X`: its indicator, and how it is derived.

    Parameters
    ----------
    newest_weight
        How much the column moves when the indicator's newest value moves by 1.
    measures
        What the newest value measures: a key of the catalog, such as `term_spread`, or
        `sahm_gap`; empty for anything else.
    emphasis
        How freely models may rely on it; 1 is normal.
    """

    name: str
    indicator: str
    newest_weight: float = 0.0
    measures: str = ""
    emphasis: float = 1.0


def row_mean(values: Floats) -> Floats:
    """Return each row's mean, if at least half its values are known."""
    n = (~np.isnan(values)).sum(axis=1)
    enough = np.where(2 * n >= values.shape[1], n, np.nan)
    mean: Floats = np.nansum(values, axis=1) / enough
    return mean


def row_deviation(values: Floats) -> Floats:
    """Return each row's standard deviation, if at least half its values are known."""
    n = (~np.isnan(values)).sum(axis=1)
    errors = values - row_mean(values)[:, None]
    enough = np.where(2 * n >= values.shape[1], n - 1, np.nan)
    deviation: Floats = np.sqrt(np.nansum(errors**2, axis=1) / enough)
    return deviation


SHAPES: Mapping[Frequency, Shape] = {
    "A": Shape(lags=(0,), means=(3,), deviations=()),
    "Q": Shape(lags=(0, 1), means=(4,), deviations=()),
    "M": Shape(lags=(0,), means=(3, 12), deviations=()),
}
# The target also has its trend and its volatility over ten years.
TARGET_SHAPES: Mapping[Frequency, Shape] = {
    "A": Shape(lags=(0, 1, 2), means=(3, 10), deviations=(10,)),
    "Q": Shape(lags=(0, 1, 2, 3), means=(4, 40), deviations=(40,)),
    "M": Shape(lags=(0, 1, 2), means=(3, 12, 120), deviations=(120,)),
}
