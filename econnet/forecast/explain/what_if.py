"""The forecast if an indicator's newest value were different.

`unemployment=+1.0` moves the newest figure up by one, `unemployment=6.0` puts another
in its place, and so does `real_gdp==-2.0`, where the sign belongs to the figure. It is
in the unit in which the indicator is shown: growth in percent for what grows, the level
of a rate. Nothing else moves with it but the indicator's own averages, so the
result is what the model makes of the value, not what the economy would.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from econnet.core.catalog import Indicator
from econnet.core.errors import UsageError
from econnet.core.types import Floats
from econnet.data.features.design_matrix import DesignMatrix
from econnet.forecast.explain.attribution import Say, moved, newest, seen
from econnet.forecast.result import AssumptionEffect, WhatIf
from econnet.models.windows import Window


@dataclass(frozen=True)
class Assumption:
    """One value that is assumed to be different.

    Parameters
    ----------
    relative
        Whether the newest value is moved by `figure`, and not replaced by it.
    """

    indicator: str
    figure: float
    relative: bool


def parse_assumption(text: str) -> Assumption:
    """Return the assumption that `INDICATOR=FIGURE` states.

    Raises
    ------
    UsageError
        It is none.

    Examples
    --------
    >>> parse("unemployment=+1.0")
    Assumption(indicator='unemployment', figure=1.0, relative=True)
    >>> parse("real_gdp==-2").relative
    False
    """
    match = re.fullmatch(
        r"\s*([^=]+?)\s*=(=?)\s*([+-]?)(\d+\.?\d*|\.\d+)\s*",
        text.replace("\N{MINUS SIGN}", "-"),
    )
    if match is None:
        raise UsageError(
            f"--set {text!r} is not INDICATOR=FIGURE: write unemployment=+1.0 to move "
            "the newest figure, unemployment=6.0 or real_gdp==-2.0 to replace it"
        )
    indicator, replaces, sign, digits = match.groups()
    figure = float(f"{sign}{digits}")
    return Assumption(indicator, figure, relative=bool(sign) and not replaces)


def under_assumptions(
    assumptions: Sequence[Assumption],
    window: Window,
    say: Say,
    indicators: Mapping[str, Indicator],
    levels: Mapping[str, float],
) -> WhatIf:
    """Return the forecast of the window's one row under the assumptions.

    Parameters
    ----------
    levels
        The newest level of each indicator of the country.

    Raises
    ------
    UsageError
        An indicator is not used or not known, or named twice.
    """
    check_assumptions(assumptions, window.features, indicators)
    row = window.features.X[window.ahead[0]]
    together, supposed = row[None, :], []
    for assumption in assumptions:
        indicator = indicators[assumption.indicator]
        before = _shown(row, window, indicator, levels)
        after = before + assumption.figure if assumption.relative else assumption.figure
        alone = moved(row[None, :], window, assumption.indicator, [after - before])
        together = moved(together, window, assumption.indicator, [after - before])
        supposed.append(
            AssumptionEffect(
                assumption.indicator,
                indicator.title,
                indicator.unit_of_figure,
                before,
                after,
                float(say(alone)[0]),
                _beyond(alone[0], window, assumption.indicator),
            )
        )
    return WhatIf(float(say(together)[0]), tuple(supposed))


def check_assumptions(
    assumptions: Sequence[Assumption],
    features: DesignMatrix,
    indicators: Mapping[str, Indicator],
) -> None:
    """Raise `UsageError` where an indicator is not used, or named twice."""
    used = sorted(
        {
            column.indicator
            for column in features.columns
            if column.indicator in indicators
        }
    )
    names = [assumption.indicator for assumption in assumptions]
    for name in names:
        if name not in used:
            near = get_close_matches(name, used, n=3)
            cure = (
                f"nearest: {', '.join(near)}" if near else f"used are {', '.join(used)}"
            )
            raise UsageError(
                f"--set: this forecast uses no indicator called {name!r}: {cure}"
            )
        if names.count(name) > 1:
            raise UsageError(f"--set {name} is given twice: give it once")


def _shown(
    row: Floats, window: Window, indicator: Indicator, levels: Mapping[str, float]
) -> float:
    """Return the newest figure in the unit in which the indicator is shown.

    What is measured by its difference is shown by its level: both move alike.
    """
    now = newest(row, window.features, indicator.key)
    if now is None:
        raise UsageError(
            f"--set {indicator.key}: its newest figure is not known here, so that "
            "there is nothing to put another in place of"
        )
    return levels[indicator.key] if indicator.transform == "difference" else now


def _beyond(row: Floats, window: Window, indicator: str) -> bool:
    """Return whether a newest value lies beyond nearly all that was learned from."""
    low, high = seen(window, indicator)
    value = newest(row, window.features, indicator)
    return value is not None and not low <= value <= high
