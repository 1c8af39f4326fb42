"""The data of the page's charts."""

import re
from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pypdf
import pytest

from econnet.forecast.result import Forecast
from econnet.report import country as country_report
from econnet.report import figures, html
from econnet.report.figures.style import captions
from econnet.report.html import charts
from econnet.report.html.charts import Chart, TableColumn
from tests.report.conftest import MakeForecast


@pytest.fixture(scope="module")
def of_germany(germany: Forecast) -> dict[str, Chart]:
    """Return every chart of Germany's page."""
    return charts.charts(germany)


def column(chart: Chart, key: str) -> list[object]:
    (found,) = [it for it in chart.columns if it.key == key]
    return list(found.values)


def test_history_contains_growth_and_its_forecasts(germany: Forecast) -> None:
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
def test_periods_are_drawn_at_their_middle(
    frequency: str, middle: float, make_forecast: MakeForecast
) -> None:
    forecast = make_forecast("DEU" if frequency == "Q" else "BRA", frequency)
    live = charts.history(forecast).live
    assert live is not None
    first = forecast.history.index[0]
    assert live.x[0] == pytest.approx(middle + first.year - int(middle))


def test_values_cut_off_are_named(germany: Forecast) -> None:
    assert "2020 Q2 \N{MINUS SIGN}" in cut_off(germany)
    calm = germany.history.assign(growth=germany.history["growth"].clip(-0.5, 1.5))
    assert not cut_off(replace(germany, history=calm))


def cut_off(forecast: Forecast) -> str:
    live = charts.history(forecast).live
    assert live is not None
    return live.panels[0].cut_off


def test_track_record_contains_every_model(germany: Forecast) -> None:
    chart = charts.record(germany)
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
    alone = replace(germany, track_record=one)
    assert figures.draw(alone, names=["track-record"]) == {}


def test_missing_growth_is_missing_and_not_zero(germany: Forecast) -> None:
    unknown = replace(germany, history=germany.history.assign(growth=np.nan))
    chart = charts.history(unknown)
    assert set(column(chart, "growth_percent")) == {None}
    assert chart.rows[0][1] == ""


def test_cells_are_shown_in_the_words_of_the_report() -> None:
    shares = TableColumn("p", "p", (0.123456, None, 1.0), "percent")
    changes = TableColumn("g", "g", (-0.04, -1.26, 3.0), "number", 1)
    flags = TableColumn("c", "c", (1.0, 0.0, None), "flag")
    periods = TableColumn("t", "t", ("2026Q4", "2026-11", "2026"), "period")
    assert periods.shown() == ["2026 Q4", "Nov 2026", "2026"]
    assert shares.shown() == ["12.3%", "", "100.0%"]
    assert changes.shown() == ["0.0", "\N{MINUS SIGN}1.3", "3.0"]
    assert flags.shown() == ["yes", "no", ""]


@pytest.mark.parametrize("name", ["roc", "precision-recall"])
def test_curve_by_threshold_has_every_model_and_stays_a_share(
    name: str, germany: Forecast, of_germany: dict[str, Chart]
) -> None:
    chart = of_germany[name]
    models = set(column(chart, "model"))
    assert len(models) == len(
        germany.assessment.baselines
    )  # without the historical average's
    assert "this forecast" in models
    for one in chart.columns[1:]:
        assert all(isinstance(it, float) and 0 <= it <= 1 for it in one.values)
    # A threshold above all probabilities is not an alarm, one below catches everything.
    recall = "hit_rate" if name == "roc" else "recall"
    assert {0.0, 1.0} <= set(column(chart, recall))


def test_every_chart_has_a_picture_and_as_many_headings_as_panels(
    of_germany: dict[str, Chart],
) -> None:
    for chart in of_germany.values():
        assert chart.svg is not None
        assert chart.svg.startswith("<svg ")
        assert len(chart.captions) == (len(chart.live.panels) if chart.live else 1)
        assert all(caption.heading for caption in chart.captions)
        assert chart.title


def test_page_shows_the_figure_of_the_printed_report(
    germany: Forecast, of_germany: dict[str, Chart]
) -> None:
    for name, figure in figures.draw(germany, names=["roc", "reliability"]).items():
        printed = re.findall(r">([^<>]+)</text>", figures.as_svg(figure))
        shown = re.findall(r">([^<>]+)</text>", of_germany[name].svg or "")
        (caption,) = captions(figure)
        assert set(printed) == {*shown, caption.heading, caption.note}


@pytest.mark.parametrize("chapter", ["record", "drivers"])
@pytest.mark.campaign
def test_figure_of_a_chapter_is_in_the_page_and_the_pdf_by_itself(
    chapter: figures.Chapter, germany: Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = replace(figures.DRAWINGS["groups"], chapter=chapter)
    monkeypatch.setattr(figures, "DRAWINGS", {**figures.DRAWINGS, "extra": drawing})
    page = html.as_html(germany)
    assert page.count('<figure class="chart narrow" id="extra"') == 1
    pdf = country_report.as_pdf(germany, figures.draw(germany), "a4")
    text = "".join(it.extract_text() for it in pypdf.PdfReader(BytesIO(pdf)).pages)
    assert text.count("By group of indicators") == 2
