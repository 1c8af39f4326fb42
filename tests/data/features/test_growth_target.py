"""The growth behind a label: below zero where the label is 1, and known as early."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.core.periods import Frequency
from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.cycle.labels import RULES
from econnet.data.features import design_matrix
from econnet.data.features.design_matrix import DesignMatrix
from econnet.data.features.growth_target import GROWTH, growth_of_label
from tests.builders import costly, output, panel_of, published, random_walk, world

# With equal neighbours, so that growth is exactly zero now and then.
LEVELS = st.lists(st.integers(95, 105), min_size=12, max_size=40)


@pytest.mark.parametrize("rule", GROWTH)
@given(levels=LEVELS, data=st.data())
def test_growth_is_below_zero_exactly_where_the_label_is_1(
    rule: str, levels: list[int], data: st.DataObject
) -> None:
    frequency: Frequency = data.draw(st.sampled_from(RULES[rule].frequencies))
    first = {"A": "1950", "Q": "1950Q1", "M": "1950-01"}[frequency]
    known = panel_of({"real_gdp": output("DEU", first, levels)}, frequency)
    label = labels.apply(known, rule)
    growth = growth_of_label(known, label)
    assert growth is not None
    expected = np.where(label.values.isna(), np.nan, label.values == 1)
    values = growth.values
    np.testing.assert_array_equal(np.where(values.isna(), np.nan, values < 0), expected)
    pd.testing.assert_series_equal(growth.known_at, label.known_at)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in GROWTH])
def test_rule_that_is_not_a_fall_of_growth_has_no_growth(rule: str) -> None:
    known = panel_of({"real_gdp": output("DEU", "1990Q1", random_walk(0, 80))})
    label = labels.apply(known, rule)
    assert growth_of_label(known, label) is None
    assert np.isnan(design_matrix.build(known, label, 1).growth).all()


def test_growth_is_that_of_the_accounts() -> None:
    levels = [100.0, 102.0, 101.0, 100.0, 103.0, 104.0]
    known = panel_of({"real_gdp": output("DEU", "2000Q1", levels)})
    found = {rule: growth_of_label(known, labels.apply(known, rule)) for rule in GROWTH}
    over_a_quarter = [np.nan, 2.0, -100 / 102, -100 / 101, 3.0, 100 / 103]
    over_a_year = [np.nan] * 4 + [3.0, 200 / 102]
    # The two falls are one run: each is as good as the better of the two.
    in_a_run = [np.nan, 2.0, -100 / 102, -100 / 102, 3.0, np.nan]
    expected = dict(zip(GROWTH, (over_a_quarter, over_a_year, in_a_run), strict=True))
    for rule, growth in found.items():
        assert growth is not None
        np.testing.assert_allclose(growth.values, expected[rule], err_msg=rule)


def features_of(
    rows: pd.DataFrame, rule: str, horizon: int, event: Event
) -> DesignMatrix:
    known = panel.build(rows, "Q")
    return design_matrix.build(known, labels.apply(known, rule), horizon, event)


@pytest.mark.parametrize("vintages", [False, True])
@pytest.mark.parametrize("rule", GROWTH)
@costly(6)
@given(data=st.data())
def test_growth_of_a_row_is_below_zero_where_its_target_is_1_on_every_day(
    rule: str, vintages: bool, data: st.DataObject
) -> None:
    rows = world(data.draw(st.integers(0, 99)), countries=2, quarters=60)
    features = features_of(
        published(rows) if vintages else rows,
        rule,
        data.draw(st.integers(0, 4)),
        data.draw(st.sampled_from(get_args(Event))),
    )
    day = data.draw(st.integers(-10, 20)) * 400 + features.known_at.mean()
    for known in (features, features.as_known_on(np.int64(day))):
        below = np.where(np.isnan(known.growth), np.nan, known.growth < 0)
        np.testing.assert_array_equal(below, known.y)


def test_growth_of_a_row_is_the_lowest_of_its_periods() -> None:
    levels = [100.0, 102.0, 101.0, 103.0, 104.0, 100.0, 101.0]
    known = panel_of({"real_gdp": output("DEU", "2000Q1", levels)})
    features = design_matrix.build(
        known, labels.apply(known, "negative-growth"), 2, "within"
    )
    row = list(features.origins).index(pd.Period("2000Q2"))
    assert features.growth[row] == pytest.approx(-100 / 102)
    again = design_matrix.with_target(features, 1)
    assert again.growth[row + 1] == pytest.approx(100 * (103 / 101 - 1))


def test_growth_of_a_vintage_is_that_which_was_published() -> None:
    """The target of an origin is what the accounts showed on the day, not later."""
    rows = published(world(countries=2, quarters=60))
    features = features_of(rows, "negative-growth", 0, "at")
    day = np.int64(
        pd.Timestamp("2003-01-01").to_datetime64().astype("datetime64[D]").astype(int)
    )
    then = features.as_known_on(day)
    early = rows[rows["known_at"] <= pd.Timestamp("2003-01-01")]
    only = features_of(early, "negative-growth", 0, "at").as_known_on(day)
    shared = then.index.isin(only.index)
    np.testing.assert_array_equal(then.growth[shared], only.growth)
    assert (then.growth[shared] != features.growth[shared]).any()
