"""Figures as SVG in a page: no style of their own, few digits, unique ids."""

import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report import figures
from econnet.report.figures.shades import NAMES
from econnet.report.figures.style import LIGHT, new_figure, style
from econnet.report.html import charts
from econnet.report.html import svg as html_svg
from econnet.report.html.svg import inline_svg


@pytest.fixture(scope="module")
def pictures(germany: Forecast) -> dict[str, str]:
    return {name: str(chart.svg) for name, chart in charts.charts(germany).items()}


def line_of(points: list[tuple[float, float]], color: str = LIGHT.ink) -> Figure:
    """Return a figure of 100 by 100 mm with one line, in shares of its size."""
    with style(LIGHT):
        figure = new_figure(100, 100)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        axes.plot(*zip(*points, strict=True), color=color)
    return figure


def test_no_picture_has_a_style_or_a_colour_of_its_own(
    pictures: dict[str, str],
) -> None:
    for svg in pictures.values():
        assert not re.search(r"style|#[0-9a-f]{6}|font-family|<metadata", svg)


def test_every_colour_of_a_picture_has_a_rule(pictures: dict[str, str]) -> None:
    used = {
        name
        for svg in pictures.values()
        for classes in re.findall(r' class="((?:fill|stroke)-[^"]*)"', svg)
        for name in classes.split()
    }
    ruled = set(re.findall(r"\.([\w-]+)\{", html_svg.color_rules()))
    assert used
    assert used <= ruled
    assert {f"fill-{name.replace('_', '-')}" for name in asdict(LIGHT)} <= ruled
    assert {f"fill-step-{step}" for step in range(len(NAMES))} <= ruled


def test_colour_without_a_meaning_is_an_error() -> None:
    with pytest.raises(KeyError, match="#123456"):
        inline_svg(line_of([(0, 0), (1, 1)], "#123456"), "line", "A line.")


def test_ids_are_unique_in_the_page_and_those_that_are_used_are_there(
    pictures: dict[str, str],
) -> None:
    page = "".join(pictures.values())
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)) <= {
        pair for name in ids for pair in ((name, ""), ("", name))
    }


def test_figure_is_drawn_the_same_after_it_was_in_a_page(germany: Forecast) -> None:
    (figure,) = figures.draw(germany, names=["roc"]).values()
    before = figures.as_svg(figure)
    page = inline_svg(figure, "roc", "ROC")
    assert inline_svg(figure, "roc", "ROC") == page
    assert figures.as_svg(figure) == before


@given(st.text(st.characters()))
def test_no_description_leaves_its_place(text: str) -> None:
    figure = line_of([(0, 0), (1, 1)])
    svg = inline_svg(figure, "line", text).encode().decode()
    assert len(re.findall("<", svg)) == len(
        re.findall("<", inline_svg(figure, "line", ""))
    )


points = st.tuples(st.integers(0, 8), st.integers(0, 8))


@given(st.lists(points, min_size=2, max_size=12), st.booleans())
def test_short_path_goes_through_the_same_points(
    points: list[tuple[int, int]], closed: bool
) -> None:
    long = "".join(
        f"{'L' if number else 'M'} {x}.000001 {y}.0 \n"
        for number, (x, y) in enumerate(points)
    )
    if closed:
        long += f"L {points[0][0]} {points[0][1]} \nz\n"
    short = html_svg.short_path(long)
    assert walked(short) == points
    assert short.endswith("z") == closed


def walked(path: str) -> list[tuple[int, int]]:
    """Return the points of a path of M, L, H and V."""
    points: list[tuple[int, int]] = []
    for letter, numbers in re.findall(r"([MLHV])([\d ]+)", path):
        values = [int(it) for it in numbers.split()]
        if letter == "H":
            values = [values[0], points[-1][1]]
        elif letter == "V":
            values = [points[-1][0], values[0]]
        points.append((values[0], values[1]))
    return points
