"""The growth behind a label: the measure whose fall below zero is the contraction.

`negative-growth` is growth on the period before, `year-on-year` that on a year before,
and a quarter of `two-quarters` is as good as the better of itself and its worse
neighbour. Where output is known to fall by much or by little, the growth contains more
than the label. The other rules have no such measure.
"""

from collections.abc import Mapping

import numpy as np

from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.types import Floats
from econnet.data.cycle.growth import levels_of, percent_change
from econnet.data.cycle.labels import (
    DatedValues,
    Label,
    LabelFunction,
    computed_from_levels,
    rule_of,
)
from econnet.data.panel import Panel


def growth_of_label(panel: Panel, label: Label) -> DatedValues | None:
    """Return the growth in percent that is below zero where the label is 1.

    It is missing where the label is, and known from the same figures. `None` if the
    label's rule has no such measure.
    """
    if label.name not in GROWTH:
        return None
    rule = rule_of(panel, label.name, label.target)
    growth = _measure(panel, label)

    def where_labelled(figures: Floats, frequency: Frequency) -> Floats:
        labelled = ~np.isnan(rule.label_function(figures, frequency))
        return np.where(labelled, growth(figures, frequency), np.nan)

    return computed_from_levels(panel, label.target, where_labelled)


def _measure(panel: Panel, label: Label) -> LabelFunction:
    """Return the growth as a function of the figures of the target.

    The figures are levels, or rates of growth over a period or a year.
    """
    of_levels = GROWTH[label.name]
    over = panel.indicators[label.target].growth_over
    if over == "year" and panel.frequency != "A":
        return lambda rates, _: rates
    if over:
        return lambda rates, frequency: of_levels(levels_of(rates), frequency)[..., 1:]
    return of_levels


def _over_a_period(levels: Floats, _: Frequency) -> Floats:
    return _growth(levels, 1)


def _over_a_year(levels: Floats, frequency: Frequency) -> Floats:
    return _growth(levels, PERIODS_A_YEAR[frequency])


def _over_two_quarters(levels: Floats, _: Frequency) -> Floats:
    """Return the larger of a quarter's growth and the lower growth beside it."""
    growth = _growth(levels, 1)
    before, after = np.full((2, *growth.shape), np.nan)
    before[..., 1:], after[..., :-1] = growth[..., :-1], growth[..., 1:]
    worse: Floats = np.maximum(growth, np.fmin(before, after))
    return worse


def _growth(levels: Floats, periods: int) -> Floats:
    """Return growth over `periods`, along the last axis."""
    earlier = np.full_like(levels, np.nan)
    earlier[..., periods:] = levels[..., :-periods]
    return percent_change(levels, earlier)


GROWTH: Mapping[str, LabelFunction] = {
    "negative-growth": _over_a_period,
    "year-on-year": _over_a_year,
    "two-quarters": _over_two_quarters,
}
