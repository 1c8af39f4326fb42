"""The forecast if an indicator's newest value were different.

`unemployment=+1.0` raises the newest value by one; `unemployment=6.0` and, for a
negative value, `real_gdp==-2.0` replace it. Values are in the unit in which the
indicator is shown: growth in percent, or the level of a rate. Only the indicator's own
averages change with it, so the result is the model's response, not the economy's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from econnet.core.catalog import Indicator
from econnet.core.errors import UsageError, suggestion
from econnet.core.numbers import DECIMAL_DIGITS
from econnet.data.features.design_matrix import DesignMatrix
from econnet.forecast.explain.attribution import (
    ForecastFunction,
    newest,
    shift_newest,
    training_range,
)
from econnet.forecast.explain.newest_values import NewestValues, used_indicators
from econnet.forecast.result import AssumptionEffect, WhatIf
from econnet.models.scaling import Scaler


@dataclass(frozen=True)
class Assumption:
    """An assumed newest value; if `relative`, its difference from the actual one."""

    indicator: str
    value: float
    relative: bool


def parse_assumption(text: str) -> Assumption:
    """Return the assumption that `INDICATOR=FIGURE` states.

    >>> parse_assumption("unemployment=+1.0")
    Assumption(indicator='unemployment', value=1.0, relative=True)
    >>> parse_assumption("real_gdp==-2").relative
    False
    """
    match = re.fullmatch(
        rf"\s*([^=]+?)\s*=(=?)\s*([+-]?)({DECIMAL_DIGITS})\s*",
        text.replace("\N{MINUS SIGN}", "-"),
    )
    if match is None:
        raise UsageError(
            f"--set {text!r} is not INDICATOR=FIGURE: write unemployment=+1.0 to shift "
            "the newest value, unemployment=6.0 or real_gdp==-2.0 to replace it"
        )
    indicator, replaces, sign, digits = match.groups()
    relative = bool(sign) and not replaces
    return Assumption(indicator, float(f"{sign}{digits}"), relative)


def under_assumptions(
    assumptions: Sequence[Assumption],
    values: NewestValues,
    scaler: Scaler,
    forecast: ForecastFunction,
) -> WhatIf:
    """Return the forecast of the row under the assumptions.

    `scaler` is that of the training rows.
    """
    _check(assumptions, [*values.indicators])
    columns, row = values.columns, np.array(values.row)
    together, effects = row[None, :], []
    for assumption in assumptions:
        key = assumption.indicator
        indicator = values.indicators[key]
        before = _shown(values, key)
        after = before + assumption.value if assumption.relative else assumption.value
        shift = [after - before]
        alone = shift_newest(row[None, :], columns, scaler, key, shift)
        together = shift_newest(together, columns, scaler, key, shift)
        low, high = training_range(columns, scaler, key)
        assumed = newest(alone[0], columns, key)
        effects.append(
            AssumptionEffect(
                key,
                indicator.title,
                indicator.unit,
                before,
                after,
                float(forecast(alone)[0]),
                out_of_range=assumed is not None and not low <= assumed <= high,
            )
        )
    return WhatIf(float(forecast(together)[0]), tuple(effects))


def check_assumptions(
    assumptions: Sequence[Assumption],
    features: DesignMatrix,
    indicators: Mapping[str, Indicator],
) -> None:
    """Raise `UsageError` if an indicator is not used, or named twice."""
    _check(assumptions, used_indicators(features.columns, indicators))


def _check(assumptions: Sequence[Assumption], used: Sequence[str]) -> None:
    names = [assumption.indicator for assumption in assumptions]
    for name in names:
        if name not in used:
            raise UsageError(
                f"--set: this forecast uses no indicator called {name!r}: "
                + suggestion(name, used, f"it uses {', '.join(used)}")
            )
        if names.count(name) > 1:
            raise UsageError(f"--set {name} is given twice: give it once")


def _shown(values: NewestValues, key: str) -> float:
    """Return the newest value in the unit in which the indicator is shown.

    An indicator that enters as a difference is shown as a level: both shift alike.
    """
    now = newest(np.array(values.row), values.columns, key)
    if now is None:
        raise UsageError(
            f"--set {key}: its newest value is not known here and cannot be "
            "changed: leave this assumption out"
        )
    level = values.indicators[key].level
    return now if level is None else level
