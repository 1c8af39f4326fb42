import re
from dataclasses import replace

import matplotlib as mpl
import pandas as pd
import pytest

from econnet.forecast.result import Forecast
from econnet.report import figures
from tests.builders import changed

from .conftest import without_contractions


@pytest.fixture(scope="session")
def drawn(germany: Forecast) -> dict[str, str]:
    """Return Germany's figures as SVG."""
    return {name: figures.as_svg(it) for name, it in figures.draw(germany).items()}


def text_of(forecast: Forecast, name: str) -> str:
    """Return one figure as SVG."""
    return figures.as_svg(figures.draw(forecast)[name])


def test_drawing_leaves_matplotlib_as_it_was(germany: Forecast) -> None:
    family = mpl.rcParams["font.family"]
    assert figures.as_png(figures.draw(germany)["roc"], "credit")
    assert mpl.rcParams["font.family"] == family == ["sans-serif"]


def test_text_stays_text_in_the_reports_font(drawn: dict[str, str]) -> None:
    heading = ">Real GDP, change on the quarter before, %</text>"
    assert heading in drawn["history"]
    families = set(re.findall("font-family: ([^;]+);", drawn["history"]))
    assert families == {"'Inter'", "'Inter', 'DejaVu Sans'"}


def test_outliers_are_cut_and_labelled(drawn: dict[str, str]) -> None:
    svg = drawn["history"]
    # OECD, Quarterly National Accounts: output fell by 8.9% in 2020Q2.
    assert ">2020Q2: \N{MINUS SIGN}8.9</text>" in svg
    assert ">\N{MINUS SIGN}8</text>" not in svg


def test_growth_without_outliers_is_shown_whole(germany: Forecast) -> None:
    calm = germany.history.assign(growth=germany.history["growth"].clip(-1, 2))
    assert "2020Q2" not in text_of(replace(germany, history=calm), "history")


def test_other_drivers_are_added_up_not_dropped(
    germany: Forecast, drawn: dict[str, str]
) -> None:
    whole = drawn["contributions"]
    assert all(
        f">{driver.title}</text>" in whole for driver in germany.explanation.drivers
    )
    many = changed(germany, drivers=germany.explanation.drivers * 3)
    assert ">9 others together</text>" in text_of(many, "contributions")


@pytest.mark.parametrize(("movements", "told"), [(6, None), (8, ">3 others together")])
def test_one_movement_more_than_fit_is_shown_itself(
    germany: Forecast, movements: int, told: str | None
) -> None:
    assert germany.explanation.change is not None
    (first, *_) = germany.explanation.change.movements
    moved = tuple(replace(first, title=f"Figure {it}") for it in range(movements))
    svg = text_of(
        changed(germany, change=replace(germany.explanation.change, movements=moved)),
        "change",
    )
    assert (">Figure 5</text>" in svg) == (told is None)
    assert "others together" not in svg if told is None else told in svg


def test_counts_stand_beside_the_dots(germany: Forecast, drawn: dict[str, str]) -> None:
    svg = drawn["reliability"]
    assert all(f">{bin_.n}</text>" in svg for bin_ in germany.assessment.reliability)


def test_curve_names_where_the_indicator_stands_now(
    germany: Forecast, drawn: dict[str, str]
) -> None:
    svg = drawn["responses"]
    for curve in germany.explanation.response_curves:
        assert f">{curve.title}</text>" in svg
    assert ">now \N{MINUS SIGN}1.2</text>" in svg
    assert svg.count(">now ") == 4  # one of the five is not known


def test_country_that_never_contracted_has_no_roc(germany: Forecast) -> None:
    drawn = figures.draw(without_contractions(germany))
    assert "roc" not in drawn
    assert "history" in drawn


def test_any_script_can_be_drawn(
    germany: Forecast, recwarn: pytest.WarningsRecorder
) -> None:
    text = "Größe, Ελλάδα, العربية, 東京, a\x00\ud800b"
    figure = figures.draw(replace(germany, target_title=text))["history"]
    assert ">Größe, Ελλάδα, العربية, \ufffd\ufffd, a\ufffd\ufffdb, change" in (
        figures.as_svg(figure)
    )
    assert figures.as_png(figure, text)
    assert not recwarn.list


def test_long_titles_are_cut_at_the_width_there_is(germany: Forecast) -> None:
    long = tuple(
        replace(it, title="Very " * 40 + "long") for it in germany.explanation.drivers
    )
    svg = text_of(changed(germany, drivers=long), "contributions")
    assert "long</text>" not in svg
    assert "…</text>" in svg


def test_period_that_is_forecast_is_on_the_axis(brazil: Forecast) -> None:
    later = replace(brazil, period=brazil.period + 3)
    assert f">{pd.Period('2023', 'Y')}</text>" in text_of(later, "history")
