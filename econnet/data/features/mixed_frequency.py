"""Columns of indicators that are measured more often than the panel.

At each origin the newest published months count, not only those of whole quarters: the
changes that end in the newest month, over one period of the panel and over more, and
the mean of the months so far in its quarter, compared with the quarter before. So a
forecast moves with each release. Quarters and months of a year are used in the same way
in annual panels.

Where a country measures an indicator less often than other countries do, each of its
values counts as several equal ones, so that a column means the same in every country.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from econnet.core.catalog import Indicator
from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats
from econnet.data.features.columns import Column, row_mean
from econnet.data.features.information_set import (
    Newest,
    Origins,
    change,
    in_panel,
    needed_columns,
    newest_with_periods,
)
from econnet.data.known_dates import Days
from econnet.data.panel import Panel

# The spans of changes, in periods of the panel.
SPANS: Mapping[Frequency, tuple[int, ...]] = {"A": (1, 2), "Q": (1, 2), "M": (1,)}
# With fewer such countries, the columns would mean something else for most.
MIN_SHARE_FINER = 0.5


@dataclass(frozen=True, eq=False)
class FineLevels:
    """The newest levels of an indicator, at the highest frequency in any country.

    Parameters
    ----------
    levels : array (rows, length)
        Oldest first; the last is the newest known one.
    newest : array (rows,)
        The number of the newest one's month or quarter, as pandas counts.
    repeats : array (rows,)
        How many levels one measured value counts for.
    parts
        How many levels make one period of the panel.
    """

    levels: Floats
    newest: Days
    repeats: Days
    parts: int

    def filled(self, other: "FineLevels") -> "FineLevels":
        """Return these levels, and the other's where no level is known."""
        unknown = np.isnan(self.levels[:, -1])
        return replace(
            self,
            levels=np.where(unknown[:, None], other.levels, self.levels),
            newest=np.where(unknown, other.newest, self.newest),
            repeats=np.where(unknown, other.repeats, self.repeats),
        )

    def columns(
        self, indicator: Indicator, frequency: Frequency, leading: bool
    ) -> list[Column]:
        """Return the description of each column of `values`.

        `leading`: whether the first column is the indicator's newest value, with which
        its other columns move.
        """
        key = indicator.key
        names = [f"{key} change {span}" for span in SPANS[frequency]]
        if _is_level(indicator):
            names.insert(0, f"{key} level")
        so_far = f"{key} so far"
        if not leading:
            return [Column(name, key) for name in (*names, so_far)]
        measures = indicator.measures if indicator.transform == "level" else ""
        return [
            Column(key, key, 1.0, measures=measures),
            *(Column(name, key, 1.0) for name in names[1:]),
            Column(so_far, key, self._newest_share()),
        ]

    def values(self, indicator: Indicator, frequency: Frequency) -> Floats:
        """Return the columns of an indicator, (rows, columns).

        Its newest level, if it is used as a level; its changes over `SPANS`; and the
        change from the period before the newest level's to the mean of that period so
        far.
        """
        newest = self.levels[:, -1]
        columns = [newest] if _is_level(indicator) else []
        for span in SPANS[frequency]:
            before = self.levels[:, -1 - span * self.parts]
            columns.append(_change(indicator, newest, before))
        columns.append(_change(indicator, *self._so_far_and_before()))
        known = ~np.isnan(newest)
        return np.column_stack([np.where(known, column, np.nan) for column in columns])

    def carried(self, period: Days, offsets: Sequence[int]) -> Floats:
        """Return the mean levels of periods if the newest level persisted.

        `period` are numbers of periods of the panel, (rows,); the result, (rows,
        offsets), is for the periods at these offsets from them.
        """
        first = (period[:, None] + np.asarray(offsets)) * self.parts
        numbers = first[:, :, None] + np.arange(self.parts)
        back = np.maximum(self.newest[:, None, None] - numbers, 0)
        length = self.levels.shape[1]
        rows = np.arange(len(self.levels))[:, None, None]
        levels = self.levels[rows, np.maximum(length - 1 - back, 0)]
        mean: Floats = np.where(back < length, levels, np.nan).mean(axis=2)
        return mean

    def _so_far_and_before(self) -> tuple[Floats, Floats]:
        """Return the mean of the newest period so far, and of the one before."""
        so_far, before = np.full((2, len(self.levels)), np.nan)
        for place in range(1, self.parts + 1):
            rows = self._place() == place
            so_far[rows] = row_mean(self.levels[rows, -place:])
            before[rows] = row_mean(self.levels[rows, -place - self.parts : -place])
        return so_far, before

    def _place(self) -> Days:
        """Return the place of the newest level within its period, counted from 1."""
        return self.newest % self.parts + 1

    def _newest_share(self) -> float:
        """Return the newest value's mean share in the mean of its period so far."""
        shares = np.minimum(self.repeats / self._place(), 1.0)
        known = ~np.isnan(self.levels[:, -1])
        return float(shares[known].mean()) if known.any() else 0.0


def _is_level(indicator: Indicator) -> bool:
    """Return whether the indicator is used as a level, not only by its change."""
    return indicator.transform in ("level", "ratio")


def _change(indicator: Indicator, now: Floats, before: Floats) -> Floats:
    transform = "difference" if _is_level(indicator) else indicator.transform
    return change(transform, now, before)


def measured_finer(panel: Panel, keys: Iterable[str]) -> list[str]:
    """Return the indicators that are measured more often than the panel's periods.

    At least half of the countries that have the indicator must measure it so often.
    """
    series = panel.series
    finer = series["native_frequency"] != panel.frequency
    share = finer.groupby(series["indicator"]).mean()
    return [key for key in keys if share.get(key, 0.0) >= MIN_SHARE_FINER]


def fine_levels(
    panel: Panel, origins: Origins, keys: Sequence[str], periods: int
) -> dict[str, FineLevels]:
    """Return the newest levels of indicators over some periods of the panel.

    An indicator among `measured_finer` has levels at the highest frequency of any
    country.
    """
    panels = {
        PERIODS_A_YEAR[each.frequency] // PERIODS_A_YEAR[panel.frequency]: each
        for each in (panel, *panel.finer)
    }
    finer = measured_finer(panel, keys)
    found: dict[str, FineLevels] = {}
    for measured in sorted(panels, reverse=True):
        used = panels[measured]
        of_panel = finer if measured > 1 else keys
        there = [key for key in of_panel if _has(used, key)]
        for key, newest in _levels(used, origins, there, measured * periods).items():
            parts = found[key].parts if key in found else measured
            levels = _repeated(newest, parts // measured, parts)
            found[key] = found[key].filled(levels) if key in found else levels
    return found


def _has(panel: Panel, key: str) -> bool:
    return needed_columns(panel, key) <= {*panel.values.columns}


def _levels(
    panel: Panel, origins: Origins, keys: Sequence[str], length: int
) -> dict[str, Newest]:
    """Return the newest levels; for a ratio, the ratio itself."""
    levels = {
        key: indicator
        if indicator.transform == "ratio"
        else replace(indicator, transform="level")
        for key, indicator in panel.indicators.items()
        if key in keys
    }
    as_levels = replace(panel, indicators={**panel.indicators, **levels})
    lengths = dict.fromkeys(keys, length)
    return newest_with_periods(as_levels, in_panel(origins, panel), lengths)


def _repeated(newest: Newest, repeats: int, parts: int) -> FineLevels:
    """Return levels, each of which counts as several equal ones."""
    return FineLevels(
        np.repeat(newest.values, repeats, axis=1),
        (newest.period + 1) * repeats - 1,
        np.full(len(newest.period), repeats),
        parts,
    )
