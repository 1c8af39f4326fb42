import numpy as np
import pandas as pd
import pytest

from econnet.core.task import Event
from econnet.data import panel
from econnet.data.cycle import labels
from econnet.data.features import design_matrix
from econnet.data.features.carry import CARRY
from econnet.data.features.design_matrix import DesignMatrix
from tests.builders import observations, output, panel_of, random_walk

LEVELS = [100.0, 110, 99, 99, 108.9, 98.01, 97, 103, 104, 102]


def built(label: str, horizon: int, event: Event = "at") -> DesignMatrix:
    known = panel_of({"real_gdp": output("DEU", "2019Q1", LEVELS)})
    return design_matrix.build(known, labels.apply(known, label), horizon, event)


def carry(made: DesignMatrix, origin: str) -> float:
    place = made.index.get_loc(("DEU", pd.Period(origin, "Q")))
    return float(made.named(CARRY)[place])


@pytest.mark.parametrize(
    ("horizon", "base"), [(0, LEVELS[3]), (1, LEVELS[4]), (2, LEVELS[5])]
)
def test_growth_over_a_year_counts_the_quarters_that_have_passed(
    horizon: int, base: float
) -> None:
    # At the end of 2020Q4 the newest figure is that of 2020Q3.
    expected = 100 * (LEVELS[6] / base - 1)
    assert carry(built("year-on-year", horizon), "2020Q4") == pytest.approx(expected)


def test_nothing_is_determined_of_a_year_that_has_not_begun() -> None:
    assert carry(built("year-on-year", 4), "2020Q4") == 0
    assert carry(built("negative-growth", 1), "2020Q4") == 0


def test_event_within_several_quarters_takes_the_deepest_of_them() -> None:
    made = built("year-on-year", 3, "within")
    lowest = LEVELS[6] / max(LEVELS[4:7]) - 1
    assert carry(made, "2020Q4") == pytest.approx(100 * lowest)


def test_carry_of_two_quarters_is_the_fall_that_is_already_known() -> None:
    expected = 100 * (LEVELS[6] / LEVELS[5] - 1)
    assert carry(built("two-quarters", 0), "2020Q4") == pytest.approx(expected)


def test_other_target_equals_that_of_a_new_build() -> None:
    made = design_matrix.with_target(built("year-on-year", 4), 2, "within")
    whole = built("year-on-year", 2, "within")
    np.testing.assert_array_equal(made.X, whole.X)
    assert made.columns == whole.columns


def test_sign_is_the_label_once_its_period_is_known() -> None:
    """At a horizon at which every figure has been published."""
    levels = random_walk(0, 80)
    rows = observations("DEU", "real_gdp", "2000Q1", levels)
    ends = pd.PeriodIndex(rows["period"], freq="Q").end_time.normalize()
    known = panel.build(rows.assign(known_at=ends), "Q")
    made = design_matrix.build(known, labels.apply(known, "year-on-year"), 0)
    settled = ~np.isnan(made.y) & ~np.isnan(made.named(CARRY))
    assert 0 < made.y[settled].mean() < 1
    np.testing.assert_array_equal(made.named(CARRY)[settled] < 0, made.y[settled] == 1)


def test_quarters_of_the_year_are_part_of_an_annual_growth() -> None:
    quarters = [100, 100, 100, 100, 102, 98, 96, 90, 91, 92, 93, 94]
    known = panel.build(observations("DEU", "real_gdp", "2017Q1", quarters), "A")
    made = design_matrix.build(known, labels.apply(known, "negative-growth"), 0)
    place = made.index.get_loc(("DEU", pd.Period("2018", "Y")))
    # On 31 December 2018 the third quarter is known, and the fourth taken to equal it.
    assert made.named(CARRY)[place] == pytest.approx((102 + 98 + 96 + 96) / 4 - 100)


def test_label_without_growth_has_no_carry() -> None:
    names = [column.name for column in built("turning-points", 1).columns]
    assert CARRY not in names


def test_carry_moves_with_the_newest_figure_by_its_weight() -> None:
    made = built("year-on-year", 1)
    (column,) = (each for each in made.columns if each.name == CARRY)
    assert (column.indicator, column.newest_weight, column.emphasis) == (
        "real_gdp",
        1.0,
        3.0,
    )
    made = design_matrix.with_target(made, 4)
    (column,) = (each for each in made.columns if each.name == CARRY)
    assert column.newest_weight == 0
