import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import pandas as pd
import pytest

from econnet.core.task import Event
from econnet.forecast.result import Forecast, ImportanceShown, ResponseCurve
from econnet.report import figures, wording
from econnet.report.figures.style import (
    CREDIT_SIZE,
    FULL_WIDTH,
    HALF_WIDTH,
    LIGHT,
    NOTE,
    TITLE_SIZE,
    add_axes,
    label_row,
    new_figure,
    style,
    wrapped,
)
from tests.builders import changed
from tests.user import ROOT

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
    assert figures.as_png(figures.draw(germany)["roc"], "title", "credit")
    assert mpl.rcParams["font.family"] == family == ["sans-serif"]


def test_no_setting_of_matplotlib_around_the_process_matters(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from econnet.report.figures.style import LIGHT, add_axes, as_png\n"
        "from econnet.report.figures.style import new_figure, style\n"
        "with style(LIGHT):\n"
        "    figure = new_figure(60, 40)\n"
        "    add_axes(figure, 9, 9, 40, 20).plot([1, 2])\n"
        "sys.stdout.buffer.write(as_png(figure, 'title', 'credit', dpi=50))\n"
    )

    def drawn_in(folder: Path, backend: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "MPLBACKEND": backend, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout

    usual = drawn_in(tmp_path, "agg")
    assert usual.startswith(b"\x89PNG")
    # One that a notebook leaves, and a file that matplotlib reads where it starts.
    rc = tmp_path / "matplotlibrc"
    rc.write_text("backend: TkAgg\nlines.linewidth: 20\npath.sketch: 3, 100, 20\n")
    assert drawn_in(tmp_path, "module://a_notebook.backend") == usual


def test_text_stays_text_in_the_reports_font(drawn: dict[str, str]) -> None:
    heading = ">Real GDP, change from the previous quarter, %</text>"
    assert heading in drawn["history"]
    families = set(re.findall("font-family: ([^;]+);", drawn["history"]))
    assert families == {"'Inter'", "'Inter', 'DejaVu Sans'"}


def test_outliers_are_cut_and_labelled(drawn: dict[str, str]) -> None:
    svg = drawn["history"]
    # OECD, Quarterly National Accounts: output fell by 8.9% in 2020Q2.
    assert ">2020 Q2: \N{MINUS SIGN}8.9</text>" in svg
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
    assert ">20 others</text>" in text_of(many, "contributions")


@pytest.mark.parametrize(("movements", "told"), [(6, None), (8, ">3 others")])
def test_one_movement_more_than_fit_is_shown_itself(
    germany: Forecast, movements: int, told: str | None
) -> None:
    assert germany.explanation.change is not None
    (first, *_) = germany.explanation.change.movements
    moved = tuple(
        replace(first, title=f"Figure {it}", before=None) for it in range(movements)
    )
    svg = text_of(
        changed(germany, change=replace(germany.explanation.change, movements=moved)),
        "change",
    )
    assert (">Figure 5</text>" in svg) == (told is None)
    assert "others<" not in svg if told is None else told in svg


def test_arrow_stays_in_the_line_of_its_word(germany: Forecast) -> None:
    """Under `Compensation of employees`, an arrow was on a line of its own."""
    assert germany.explanation.change is not None
    (first, *_) = germany.explanation.change.movements
    moved = replace(first, title="Compensation of employees", before=1.0, after=2.0)
    svg = text_of(
        changed(
            germany, change=replace(germany.explanation.change, movements=(moved,))
        ),
        "change",
    )
    assert re.search("employees\N{NO-BREAK SPACE}↑</text>", svg)


def test_calibration_lists_the_number_of_forecasts_per_point(
    germany: Forecast, drawn: dict[str, str]
) -> None:
    """The numbers were drawn on top of each other above the points."""
    for bin_ in germany.assessment.reliability:
        text = f">{round(100 * bin_.probability)}%: {bin_.n}</text>"
        assert text in drawn["reliability"]


def test_calibration_has_equal_axes(germany: Forecast) -> None:
    (axes,) = figures.draw(germany)["reliability"].axes
    assert axes.get_xlim() == axes.get_ylim()
    box = axes.get_window_extent()
    assert box.width == pytest.approx(box.height)


@pytest.mark.parametrize("name", ["roc", "precision-recall", "reliability"])
def test_names_of_lines_are_outside_the_axes_and_explain_the_grey_ones(
    name: str, germany: Forecast
) -> None:
    figure = figures.draw(germany)[name]
    (axes,) = figure.axes
    right = axes.get_position().x1
    names = [text for text in figure.texts if text.get_gid() is None]
    assert all(text.get_position()[0] > right for text in names)
    grey = "perfect calibration" if name == "reliability" else "coin toss"
    assert any(text.get_text().startswith(grey) for text in names)


def test_picture_has_the_country_above_and_the_whole_credit_below(
    germany: Forecast,
) -> None:
    """The credit was cut off at the width of the figure, and no title was there."""
    long = " ".join(f"Source {number} of the data." for number in range(12))
    lines = wrapped(long, HALF_WIDTH, CREDIT_SIZE)
    assert " ".join(lines) == long
    assert len(lines) > 2
    figure = figures.draw(germany)["roc"]
    short, tall = (
        matplotlib.image.imread(BytesIO(figures.as_png(figure, "Germany", credit)))
        for credit in ("Source", long)
    )
    assert tall.shape[0] > short.shape[0]
    untitled = matplotlib.image.imread(BytesIO(figures.as_png(figure, "", "Source")))
    assert (untitled[:100] != short[:100]).any()


def test_title_of_a_picture_is_never_cut(germany: Forecast) -> None:
    """`recession as dated by the NBER in November 20…` had no year."""
    figure = figures.draw(germany, names=["roc"])["roc"]
    words = "Will the US economy be in recession as dated by the NBER in November 2026?"
    heights = [
        matplotlib.image.imread(
            BytesIO(figures.as_png(figure, title, "Source", dpi=50))
        ).shape[0]
        for title in (words[:20], words, f"United States of America: {words}")
    ]
    lines = [
        len(wrapped(title, HALF_WIDTH, TITLE_SIZE, 600))
        for title in (words[:20], words, f"United States of America: {words}")
    ]
    assert lines == [1, 2, 3]
    assert heights[0] < heights[1] < heights[2]


@pytest.mark.parametrize("event", ["at", "within"])
@pytest.mark.parametrize("label", ["negative-growth", "turning-points", "nber"])
def test_chart_of_probabilities_always_explains_its_dot(
    label: str, event: Event, germany: Forecast
) -> None:
    """A heading of several quarters left no room for the note beside it."""
    task = replace(germany.task, label=label, event=event, horizon=4)
    figure = figures.draw(replace(germany, task=task), names=["history"])["history"]
    notes = [text for text in figure.texts if text.get_gid() == NOTE]
    assert all(text.get_visible() for text in notes)
    assert "dot: " in notes[-1].get_text()


def test_curve_names_the_indicators_current_value(
    germany: Forecast, drawn: dict[str, str]
) -> None:
    svg = drawn["responses"]
    shown = wording.shown_curves(germany)
    assert len(shown) == 4  # today's value of one of the five is not known
    for curve in shown:
        assert f">{curve.title}</text>" in svg
    assert ">today \N{MINUS SIGN}1.2</text>" in svg
    assert svg.count(">today ") == 4


@pytest.mark.parametrize("highest", [0.2, 0.4, 0.9])
def test_numbers_beside_a_low_axis_are_apart(germany: Forecast, highest: float) -> None:
    """Six numbers beside 15 millimetres touched each other."""
    curves = tuple(
        replace(curve, probabilities=(0.1,) * (len(curve.values) - 1) + (highest,))
        for curve in germany.explanation.response_curves
    )
    (figure, *_) = figures.draw_responses(changed(germany, response_curves=curves))
    axes = figure.axes[0]
    assert len(axes.get_yticks()) == 3
    assert axes.get_ylim()[1] >= 100 * highest


def test_unit_below_a_response_is_inside_the_picture(germany: Forecast) -> None:
    with style(LIGHT):
        figure = figures.draw(germany, names=["responses"])["responses"]
        figure.draw_without_rendering()
        for axes in figure.axes:
            assert axes.xaxis.label.get_window_extent().y0 >= 0


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
    assert figures.as_png(figure, text, text)
    assert not recwarn.list


def test_long_titles_are_cut_at_the_available_width(germany: Forecast) -> None:
    long = tuple(
        replace(it, title="Very " * 40 + "long") for it in germany.explanation.drivers
    )
    svg = text_of(changed(germany, drivers=long), "contributions")
    assert "long</text>" not in svg
    assert "…</text>" in svg


def test_period_that_is_forecast_is_on_the_axis(brazil: Forecast) -> None:
    later = replace(brazil, period=brazil.period + 3)
    assert f">{pd.Period('2023', 'Y')}</text>" in text_of(later, "history")


def test_long_name_of_an_indicator_takes_two_lines(germany: Forecast) -> None:
    title = "One-year Treasury yield less federal funds rate"
    explained = germany.explanation
    named = replace(
        germany,
        explanation=replace(
            explained,
            response_curves=tuple(
                replace(curve, title=title) for curve in explained.response_curves
            ),
            importance=(
                ImportanceShown("rate", title, "Rates", 0.002, (0.001, 0.003)),
            ),
            drivers=tuple(replace(driver, title=title) for driver in explained.drivers),
        ),
    )
    narrow = figures.as_svg(figures.draw_narrow(named)["contributions"])
    assert ">One-year Treasury yield less" in narrow
    assert "…" not in narrow
    for name in ("responses", "importance"):
        svg = text_of(named, name)
        assert ">One-year Treasury yield less" in svg
        assert "rate</text>" in svg
        assert "…" not in svg
    headings = figures.draw(named)["responses"].texts
    assert {text.get_fontweight() for text in headings} == {600}


@pytest.mark.parametrize("falls", [True, False])
@pytest.mark.parametrize("share", [0, 20, 50, 80, 100])
def test_todays_value_is_written_inside_the_axes(
    germany: Forecast, falls: bool, share: int
) -> None:
    """Below a flat curve at the bottom, it covered the numbers of the axis."""
    probabilities = (0.03, 0.02, 0.01) if falls else (0.01, 0.02, 0.03)
    low = ResponseCurve("low", "Low", "%", (0.0, 50.0, 100.0), probabilities, share)
    explanation = replace(germany.explanation, response_curves=(low,))
    figure = figures.draw(replace(germany, explanation=explanation))["responses"]
    figure.canvas.draw()
    (axes,) = figure.axes
    label, box = axes.texts[-1].get_window_extent(), axes.get_window_extent()
    assert label.y0 >= box.y0
    assert label.x0 >= box.x0
    assert label.x1 <= box.x1


def test_axes_of_signals_name_no_contraction_where_the_event_is_another(
    drawn: dict[str, str],
) -> None:
    """Every event was a contraction, and everything else an expansion."""
    for name in ("roc", "precision-recall"):
        assert "found, % of events" in drawn[name]
        assert "expansions" not in drawn[name]


def test_long_name_beside_a_row_is_smaller_not_cut() -> None:
    """Names longer than 48 mm were cut in the strips of a ranking."""
    name = "Metropolitan Region of the Upper Rhine and Neckar"
    with style(LIGHT):
        figure = new_figure(FULL_WIDTH, 20)
        axes = add_axes(figure, 60, 5, FULL_WIDTH - 60, 10)
        label_row(axes, 0, name, 60, FULL_WIDTH)
    (label,) = axes.texts
    assert label.get_text() == name
    assert 6 <= float(label.get_fontsize()) < 8


def test_label_of_a_cut_bar_is_not_on_a_long_bar(germany: Forecast) -> None:
    """`2020 Q2: -7.2` of Japan lay on the bar of 2019 Q4."""
    history = germany.history.copy()
    history["growth"] = 0.5
    cut = len(history) // 2
    history.loc[history.index[cut], "growth"] = -9.0

    def side() -> str:
        figure = figures.draw(replace(germany, history=history))["history"]
        (label,) = (text for text in figure.axes[0].texts if "9.0" in text.get_text())
        return str(label.get_horizontalalignment())

    assert side() == "right"
    history.loc[history.index[cut - 2], "growth"] = -1.0
    assert side() == "left"
