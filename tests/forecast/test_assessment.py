import pandas as pd
import pytest

from econnet.core.task import Task
from econnet.forecast import assessment


def levels(first: str, values: list[float]) -> pd.Series:
    index = pd.period_range(first, periods=len(values), freq="Q")
    return pd.Series(values, index)


# A fall in the middle of the second year that is made up for by its end.
OUTPUT = levels("2019Q1", [100.0, 101.0, 102.0, 103.0, 104.0, 91.0, 96.0, 103.0])


def test_change_over_a_span_is_from_the_period_before_it() -> None:
    first, last = pd.Period("2020Q2"), pd.Period("2020Q3")
    change = assessment.change_over_span(OUTPUT, first, last)
    assert change == pytest.approx(100 * (96 / 104 - 1))


def test_year_on_year_change_is_on_the_same_periods_a_year_before() -> None:
    """Output below its level a year earlier was listed with a rise of 0.4%."""
    span = pd.period_range("2020Q2", "2020Q3", freq="Q")
    change = assessment.change_on_year(OUTPUT, span, 4)
    assert change == pytest.approx(100 * ((91 + 96) / (101 + 102) - 1))
    assert change is not None
    assert change < 0


def test_change_from_unknown_or_zero_output_is_unknown() -> None:
    first, last = pd.Period("2019Q1"), pd.Period("2019Q2")
    assert assessment.change_over_span(OUTPUT, first, last) is None
    zero = levels("2019Q1", [0.0, 1.0])
    assert assessment.change_over_span(zero, last, last) is None


def test_skill_without_2020_leaves_out_every_forecast_about_it() -> None:
    origins = pd.period_range("2019Q1", "2021Q1", freq="Q")
    scored = pd.DataFrame({"origin": origins, "period": origins + 1})
    at = assessment.without_year(scored, Task("Q"), 2020)
    assert at["period"].dt.year.isin([2019, 2021]).all()
    assert len(at) == len(scored) - 4
    within = scored.assign(period=scored["origin"] + 4)
    kept = assessment.without_year(within, Task("Q", horizon=4, event="within"), 2020)
    # Those of 2019Q1 to 2020Q3 look at a quarter of 2020 or end in it.
    assert kept["origin"].astype(str).tolist() == ["2020Q4", "2021Q1"]
