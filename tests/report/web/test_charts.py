"""The data that the page's charts hold, and the still pictures drawn of them."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.answer import Forecast
from econnet.report.web import charts
from econnet.report.web.charts import Chart, Column
from econnet.report.web.still import WIDE, Frame, ticks
from tests.report.conftest import MakeForecast


def column(chart: Chart, key: str) -> list[object]:
    (found,) = [it for it in chart.columns if it.key == key]
    return list(found.values)


def test_history_holds_growth_and_what_was_forecast_of_it(germany: Forecast) -> None:
    chart = charts.history(germany)
    growth = dict(
        zip(column(chart, "period"), column(chart, "growth_percent"), strict=True)
    )
    measured = germany.history["growth"].to_dict()
    assert growth["2009Q1"] == measured[pd.Period("2009Q1")]
    said = dict(zip(column(chart, "period"), column(chart, "probability"), strict=True))
    assert said[str(germany.period)] == germany.probability
    low = [it for it in column(chart, "interval_low") if it is not None]
    assert low == [germany.interval[0]]


def test_bands_are_the_contractions(germany: Forecast) -> None:
    live = charts.history(germany).live
    assert live is not None
    inside = [any(low < x < high for low, high in live.bands) for x in live.x]
    contracted = germany.history["contraction"] == 1
    assert sum(inside) == contracted.sum()
    # German output fell from 2008Q2 to 2009Q1 (OECD, Quarterly National Accounts).
    assert (2008.25, 2009.25) in live.bands


@pytest.mark.parametrize(("frequency", "middle"), [("Q", 1995.125), ("A", 1961.5)])
def test_periods_stand_in_their_middle(
    frequency: str, middle: float, make_forecast: MakeForecast
) -> None:
    forecast = make_forecast("DEU" if frequency == "Q" else "BRA", frequency)
    live = charts.history(forecast).live
    assert live is not None
    first = forecast.history.index[0]
    assert live.x[0] == pytest.approx(middle + first.year - int(middle))


def test_values_cut_off_are_named(germany: Forecast) -> None:
    note = charts.history(germany).pictures[0].note
    assert "2020Q2 \N{MINUS SIGN}" in note
    calm = germany.history.assign(growth=germany.history["growth"].clip(-0.5, 1.5))
    note = charts.history(replace(germany, history=calm)).pictures[0].note
    assert "cut off" not in note


def test_track_record_holds_every_model(germany: Forecast) -> None:
    chart = charts.record(germany)
    assert chart is not None
    keys = {it.key for it in chart.columns}
    assert keys >= {"period", "outcome", "econnet", *germany.assessment.baselines}
    assert None not in column(chart, "outcome")


def test_one_known_outcome_makes_no_track_record(germany: Forecast) -> None:
    first = germany.track_record["period"].min()
    one = germany.track_record.assign(
        outcome=germany.track_record["outcome"].where(
            germany.track_record["period"] == first
        )
    )
    assert charts.record(replace(germany, track_record=one)) is None


def test_missing_growth_is_missing_and_not_zero(germany: Forecast) -> None:
    unknown = replace(germany, history=germany.history.assign(growth=np.nan))
    chart = charts.history(unknown)
    assert set(column(chart, "growth_percent")) == {None}
    assert chart.rows[0][1] == ""


def test_cells_are_shown_in_the_words_of_the_report() -> None:
    shares = Column("p", "p", (0.123456, None, 1.0), "percent")
    changes = Column("g", "g", (-0.04, -1.26, 3.0), "number", 1)
    flags = Column("c", "c", (1.0, 0.0, None), "flag")
    assert shares.shown() == ["12.3%", "", "100.0%"]
    assert changes.shown() == ["0.0", "\N{MINUS SIGN}1.3", "3.0"]
    assert flags.shown() == ["yes", "no", ""]


@given(
    low=st.floats(-100, 99),
    length=st.floats(0.01, 100),
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
)
def test_nothing_is_drawn_outside_the_frame(
    low: float, length: float, values: list[float]
) -> None:
    frame = Frame(WIDE, 200, (0, 10), (low, low + length))
    path = frame.line([(number, value) for number, value in enumerate(values)], "own")
    numbers = [float(it) for it in re.findall(r"-?[\d.]+", path.path)]
    assert all(frame.left <= x <= frame.right for x in numbers[::2])
    assert all(frame.top <= y <= frame.bottom for y in numbers[1::2])


@given(low=st.floats(-1e3, 1e3), length=st.floats(0.1, 1e3), most=st.integers(2, 9))
def test_ticks_are_few_and_inside(low: float, length: float, most: int) -> None:
    found = ticks((low, low + length), most)
    assert 1 <= len(found) <= most + 2
    assert all(low - 1e-6 <= it <= low + length + 1e-6 for it in found)


@pytest.mark.parametrize("name", ["roc", "precision-recall"])
def test_curve_by_threshold_has_every_model_and_stays_a_share(
    name: str, germany: Forecast
) -> None:
    chart = charts.charts(germany)[name]
    models = set(column(chart, "model"))
    assert len(models) == len(
        germany.assessment.baselines
    )  # without the long-run rate's
    assert "this forecast" in models
    for one in chart.columns[1:]:
        assert all(isinstance(it, float) and 0 <= it <= 1 for it in one.values)
    # A threshold above all probabilities is no alarm, one below all catches everything.
    recall = "hit_rate" if name == "roc" else "recall"
    assert {0.0, 1.0} <= set(column(chart, recall))
