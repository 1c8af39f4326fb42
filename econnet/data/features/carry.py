"""Carry-over: the part of a label's growth that is already determined at the origin.

A label compares output of its period with that of an earlier one. Of both, some parts
may be known: a year-on-year fall one quarter ahead rests on three quarters that have
passed. The column `carry-over` is the growth over the label's span if output stayed at
its newest known level. For an event within several periods it is the lowest of them.
All levels of a row are those of one vintage.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.task import Event
from econnet.core.types import Floats
from econnet.data.cycle.growth import percent_change
from econnet.data.cycle.labels import Label
from econnet.data.features.columns import Column
from econnet.data.features.information_set import Origins
from econnet.data.features.mixed_frequency import fine_levels
from econnet.data.panel import Panel

CARRY = "carry-over"
# Most past growth is known, and no other column comes as close to the label.
EMPHASIS = 3.0

# The span of a label's growth in periods, by frequency; 2 years for a deviation from a
# trend that is estimated from levels of two years before.
SPANS: Mapping[str, Mapping[Frequency, int]] = {
    "negative-growth": dict.fromkeys(PERIODS_A_YEAR, 1),
    "year-on-year": PERIODS_A_YEAR,
    "two-quarters": {"Q": 2},
    "growth-cycle": {name: 2 * n for name, n in PERIODS_A_YEAR.items()},
    "growth-cycle-hp": {name: 2 * n for name, n in PERIODS_A_YEAR.items()},
}


@dataclass(frozen=True, eq=False)
class CarriedLevels:
    """Levels around each origin, the unknown ones replaced by the newest known one.

    Parameters
    ----------
    levels : array (rows, span + 2)
        From `span` periods before the origin to the period after it. Later periods have
        the level of the last.
    span
        Periods over which the label measures growth.
    """

    levels: Floats
    span: int

    def column(self, indicator: str, horizon: int) -> Column:
        """Return the description of the column for a horizon."""
        # The newest figure is usually that of the period before the origin: if growth
        # is measured from it or from a later one, it does not matter.
        weight = 1.0 if horizon < self.span - 1 else 0.0
        return Column(CARRY, indicator, weight, emphasis=EMPHASIS)

    def growth(self, horizon: int, event: Event) -> Floats:
        """Return the growth that the label measures, in percent, (rows,)."""
        first = 1 if event == "within" and horizon > 0 else horizon
        ahead = range(first, horizon + 1)
        lowest: Floats = np.min([self._growth_at(each) for each in ahead], axis=0)
        return lowest

    def _growth_at(self, horizon: int) -> Floats:
        last = self.levels.shape[1] - 1
        before, now = (min(place, last) for place in (horizon, horizon + self.span))
        return percent_change(self.levels[:, now], self.levels[:, before])


def carried_levels(
    panel: Panel, label: Label, origins: Origins
) -> CarriedLevels | None:
    """Return the levels for the label's rule; `None` if it measures no growth."""
    span = SPANS.get(label.name, {}).get(panel.frequency)
    if span is None:
        return None
    newest = fine_levels(panel, origins, [label.target], span + 2)[label.target]
    periods = pd.PeriodIndex(origins.index.get_level_values("origin")).asi8
    return CarriedLevels(newest.carried(periods, range(-span, 2)), span)
