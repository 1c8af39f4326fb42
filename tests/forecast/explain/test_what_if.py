from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from econnet.core import catalog
from econnet.core.catalog import Indicator
from econnet.core.errors import UsageError
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.forecast.explain import what_if
from econnet.forecast.explain.attribution import ForecastFunction
from econnet.forecast.explain.newest_values import NewestValues
from econnet.forecast.explain.what_if import Assumption
from econnet.forecast.result import WhatIf
from econnet.models.windows import Window, window_at
from tests.builders import world

INDICATORS = catalog.load()
LEVELS = {"real_gdp": 104.0, "investment": 98.0}


@pytest.fixture(scope="module")
def window() -> Window:
    known = panel.build(world(countries=3), "Q")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 1)
    origin = made.origins.max()
    ahead = (made.origins == origin) & (made.countries == "FRA")
    return window_at(made, origin, ahead)


def position(window: Window, name: str) -> int:
    return [column.name for column in window.features.columns].index(name)


def under(
    assumptions: Sequence[Assumption],
    window: Window,
    forecast: ForecastFunction,
    indicators: Mapping[str, Indicator] = INDICATORS,
) -> WhatIf:
    """Return the forecast of the window's row under assumptions."""
    row, columns = window.features.X[window.ahead[0]], window.features.columns
    values = NewestValues.of(row, columns, indicators, LEVELS)
    return what_if.under_assumptions(assumptions, values, window.scaler, forecast)


def column_under(window: Window, name: str, *assumptions: Assumption) -> float:
    """Return the column `name` as it comes to the forecaster under assumptions."""
    column = position(window, name)
    return under(assumptions, window, lambda rows: rows[:, column]).probability


def now(window: Window, name: str) -> float:
    return float(window.features.X[window.ahead[0], position(window, name)])


@pytest.mark.parametrize(
    ("text", "assumption"),
    [
        ("unemployment=+1.0", Assumption("unemployment", 1.0, True)),
        ("unemployment=-.5", Assumption("unemployment", -0.5, True)),
        ("unemployment=6", Assumption("unemployment", 6.0, False)),
        ("real_gdp==-2.0", Assumption("real_gdp", -2.0, False)),
        ("real_gdp=\N{MINUS SIGN}2", Assumption("real_gdp", -2.0, True)),
        (" col umn = 3 ", Assumption("col umn", 3.0, False)),
    ],
)
def test_sign_changes_and_no_sign_replaces(text: str, assumption: Assumption) -> None:
    assert what_if.parse_assumption(text) == assumption


@given(st.text(max_size=20).filter(lambda text: "=" not in text))
@example("=1")
@example("unemployment=")
@example("unemployment=high")
@example("unemployment=+-1")
@example("unemployment=1e400")
def test_any_other_text_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(UsageError, match=r"write unemployment=\+1\.0"):
        what_if.parse_assumption(text)


def test_relative_value_shifts_only_the_newest_value_and_its_mean(
    window: Window,
) -> None:
    up = Assumption("investment", 2.0, relative=True)
    for name, expected in (
        ("investment", 2.0),
        ("investment mean 4", 0.5),
        ("investment lag 1", 0.0),
        ("real_gdp", 0.0),
    ):
        moved = column_under(window, name, up) - now(window, name)
        assert moved == pytest.approx(expected), name


def test_absolute_value_replaces_the_newest(window: Window) -> None:
    fall = Assumption("real_gdp", -2.0, relative=False)
    assert column_under(window, "real_gdp", fall) == pytest.approx(-2.0)


def test_rate_that_enters_by_its_difference_is_set_by_its_level(
    window: Window,
) -> None:
    rate = replace(INDICATORS["investment"], transform="difference", unit="percent")
    answer = under(
        [Assumption("investment", 99.5, relative=False)],
        window,
        lambda rows: rows[:, position(window, "investment")],
        {**INDICATORS, "investment": rate},
    )
    (supposed,) = answer.supposed
    assert (supposed.before, supposed.after, supposed.unit) == (98.0, 99.5, "percent")
    assert answer.probability == pytest.approx(now(window, "investment") + 1.5)


def test_assumptions_work_together_and_each_is_also_shown_on_its_own(
    window: Window,
) -> None:
    first, second = position(window, "real_gdp"), position(window, "investment")
    answer = under(
        [Assumption("real_gdp", 1.0, True), Assumption("investment", 10.0, True)],
        window,
        lambda rows: rows[:, first] + rows[:, second],
    )
    today = now(window, "real_gdp") + now(window, "investment")
    alone = [effect.probability - today for effect in answer.supposed]
    assert alone == pytest.approx([1.0, 10.0])
    assert answer.probability - today == pytest.approx(11.0)


def test_value_outside_the_training_range_is_marked(window: Window) -> None:
    far = under(
        [Assumption("real_gdp", 1000.0, True)],
        window,
        lambda rows: rows[:, 0],
    )
    assert far.supposed[0].out_of_range


def test_unknown_indicator_is_refused_with_near_names(window: Window) -> None:
    with pytest.raises(UsageError, match=r"'investmnt': nearest: investment"):
        column_under(window, "real_gdp", Assumption("investmnt", 1.0, True))


def test_indicator_named_twice_is_refused(window: Window) -> None:
    once = Assumption("real_gdp", 1.0, True)
    with pytest.raises(UsageError, match="given twice"):
        column_under(window, "real_gdp", once, replace(once, value=2.0))


def test_unknown_value_cannot_be_replaced(window: Window) -> None:
    X = window.features.X.copy()
    X[window.ahead[0], position(window, "investment")] = np.nan
    blank = replace(window, features=replace(window.features, X=X))
    with pytest.raises(UsageError, match="is not known here"):
        column_under(blank, "real_gdp", Assumption("investment", 1.0, False))
