"""The units of series: single dollars, or millions of them."""

from collections.abc import Mapping

import pandas as pd

from econnet.core.catalog import Indicator


def ratio_scales(
    chosen: pd.DataFrame,
    templates: pd.Series,
    indicators: Mapping[str, Indicator],
) -> pd.Series:
    """Return the factor that turns the quotient of two levels into their ratio.

    That is 1 for an indicator that is not a ratio, and a millionth for dollars divided
    by millions of dollars. It is missing where the two are in different currencies.

    Parameters
    ----------
    chosen
        The series of each `country` and `indicator`.
    templates
        The entry of each series in the catalog, `None` if there is none.
    """
    cells = list(zip(chosen["country"], chosen["indicator"], strict=True))
    units = {
        (country, key): template.unit if template else indicators[key].unit
        for (country, key), template in zip(cells, templates[chosen.index], strict=True)
    }
    scales = [
        _scale(
            units[country, key],
            units.get((country, indicators[key].denominator), units[country, key]),
        )
        for country, key in cells
    ]
    return pd.Series(scales, chosen.index, dtype=float)


def _scale(unit: str, other: str) -> float | None:
    """Return the scale of a quotient of these units, `None` for two currencies."""
    if _currency(unit) != _currency(other):
        return None
    return _multiple(unit) / _multiple(other)


def _currency(unit: str) -> str | None:
    return next((name for name in CURRENCIES if name in unit), None)


def _multiple(unit: str) -> float:
    return MULTIPLES.get(unit.split()[0], 1.0)


CURRENCIES = ("national currency", "US dollars")
MULTIPLES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
