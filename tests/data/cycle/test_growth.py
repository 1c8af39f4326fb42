"""Rates of growth as targets: the levels they come from, and their labels."""

from dataclasses import replace

import numpy as np
import pytest

from econnet.core.errors import UsageError
from econnet.data.cycle import labels
from econnet.data.cycle.growth import levels_of
from econnet.data.panel import Panel
from tests.builders import output, panel_of

RATES = [1.0, -2.0, -1.0, 3.0, 0.5, -0.1, 2.0, 1.0, 1.0, -1.0, -1.0, 2.0]


def of_growth(rates: list[float], over: str) -> Panel:
    """Return a panel whose output is given as rates of growth."""
    panel = panel_of({"real_gdp": output("DEU", "2000Q1", rates)})
    target = replace(
        panel.indicators["real_gdp"],
        growth_over=over,  # type: ignore[arg-type]  # a literal
        transform="level",
    )
    return replace(panel, indicators={**panel.indicators, "real_gdp": target})


def test_levels_grow_at_the_rates_from_100() -> None:
    levels = levels_of(np.array([[np.nan, 10.0, np.nan, -50.0, np.nan]]))
    expected = [np.nan, 100.0, 110.0, 110.0, 55.0, np.nan]
    np.testing.assert_allclose(levels[0], expected)


@pytest.mark.parametrize("over", ["period", "year"])
def test_growth_below_zero_is_a_contraction(over: str) -> None:
    label = labels.apply(of_growth(RATES, over), "negative-growth", "real_gdp")
    assert label.values.tolist() == [float(rate < 0) for rate in RATES]


def test_other_rules_follow_the_levels_of_the_rates() -> None:
    panel = of_growth(RATES, "period")
    two_quarters = labels.apply(panel, "two-quarters", "real_gdp").values
    falls = np.flatnonzero(two_quarters == 1).tolist()
    assert falls == [1, 2, 9, 10]
    over_a_year = labels.apply(panel, "year-on-year", "real_gdp").values
    levels = levels_of(np.array(RATES))
    grown = levels[4:] / levels[:-4] - 1
    assert over_a_year.dropna().tolist() == (grown < 0).astype(float).tolist()


def test_growth_over_a_year_has_no_levels() -> None:
    with pytest.raises(UsageError, match="choose --label year-on-year"):
        labels.apply(of_growth(RATES, "year"), "two-quarters", "real_gdp")
