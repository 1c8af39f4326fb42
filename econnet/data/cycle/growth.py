"""Arithmetic on series of levels: growth, logarithms, and runs without gaps."""

import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.core.types import Floats


def growth(levels: pd.Series, periods: int = 1) -> pd.Series:
    """Return the change over `periods` in percent, within each country.

    Missing where either level is missing or the earlier one is not above zero.
    """
    earlier = levels.groupby(level="country").shift(periods)
    change = percent_change(levels.to_numpy(dtype=float), earlier.to_numpy(dtype=float))
    return pd.Series(change, levels.index)


def percent_change(levels: Floats, earlier: Floats) -> Floats:
    """Return the change in percent, missing where `earlier` is not above zero."""
    change: Floats = 100 * (levels / np.where(earlier > 0, earlier, np.nan) - 1)
    return change


def levels_of(growth: Floats) -> Floats:
    """Return levels that grow at these rates, in percent, from 100.

    `growth` is (rows, periods) and the levels have one more period, the one before the
    first rate. They are missing before the first and after the last rate of a row; in
    between, a missing rate leaves the level unchanged.
    """
    present = ~np.isnan(growth)
    begun = np.maximum.accumulate(present, axis=-1)
    lasts = np.flip(np.maximum.accumulate(np.flip(present, -1), axis=-1), -1)
    steps = np.where(present, 1 + np.maximum(growth, -99.9) / 100, 1.0)
    base = np.full((*growth.shape[:-1], 1), 100.0)
    levels = np.concatenate([base, 100 * np.cumprod(steps, axis=-1)], axis=-1)
    begun = np.concatenate([begun, begun[..., -1:]], axis=-1)
    lasts = np.concatenate([lasts[..., :1], lasts], axis=-1)
    known: Floats = np.where(begun & lasts, levels, np.nan)
    return known


def log_percent(levels: Floats) -> Floats:
    """Return 100 times the logarithm, missing where a level is not above zero.

    Levels indexed by period, which a caller may pass in place of an array, raise
    `DataError` unless the periods are consecutive.
    """
    index = getattr(levels, "index", None)
    if isinstance(index, pd.Index):
        check_periods(index)
    logs: Floats = 100 * np.log(np.where(levels > 0, levels, np.nan))
    return logs


def check_periods(index: pd.Index) -> None:
    """Raise `DataError` unless the rows are consecutive periods.

    Otherwise, gaps would be overlooked and spurious turning points dated. The index has
    a level `period`, and may have a level `country` before it.
    """
    if isinstance(index, pd.MultiIndex):
        countries = pd.factorize(index.get_level_values("country"))[0]
        periods = index.get_level_values("period")
    else:
        countries, periods = np.zeros(len(index), dtype=int), index
    if not isinstance(periods, pd.PeriodIndex):
        raise DataError("levels need an index of periods: use a pandas PeriodIndex")
    steps, changes = np.diff(periods.asi8), np.diff(countries)
    wrong = np.flatnonzero(((changes == 0) & (steps != 1)) | (changes < 0))
    if len(wrong):
        before, after = periods[wrong[0]], periods[wrong[0] + 1]
        raise DataError(
            f"{after} follows {before}: sort the periods and reindex to all of them, "
            "with missing values in the gaps"
        )


def runs(values: Floats) -> list[slice]:
    """Return the runs of consecutive values that are not missing."""
    present = np.concatenate([[False], ~np.isnan(values), [False]])
    edges = np.flatnonzero(present[1:] != present[:-1]).tolist()
    return [slice(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]
