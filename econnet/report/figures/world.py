"""Figures of many countries: dots with intervals, a map, and strips over time."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from econnet.core.types import Floats
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.report import wording, world_map
from econnet.report.figures.shades import NAMES, shades, step_of
from econnet.report.figures.style import (
    CAPTION,
    FULL_WIDTH,
    MM,
    Look,
    add_axes,
    label_row,
    new_figure,
    shortened,
    style,
    top_of,
    width_of,
    write_heading,
)
from econnet.report.figures.time_axis import TimeAxis, record_of, year_axis

# A cell's corners, in periods and rows, the first again at the end.
CELL = np.array([[0, 0.06], [0.94, 0.06], [0.94, 0.94], [0, 0.94], [0, 0.06]])
ROWS_PER_STRIP = 56
# Countries in the chart of dots, below the text of the first page, and the height of a
# row in mm.
MAX_DOTS, DOT_ROW = 34, 4.4
# A map of fewer countries would mostly be empty.
MIN_SHARE_ON_MAP = 0.5
ROW_HEIGHT = 3.9
# The widest names beside the rows, in mm; longer ones are written smaller.
MAX_LABEL = 60.0
# Rows that are worth a strip below a table, and the height of what is around them and
# of the heading above, in mm.
MIN_ROWS, STRIP_HEAD = 8, 46.0


def draw(ranking: Ranking, look: Look) -> dict[str, Figure]:
    """Return the figures of a ranking by name: dots, the map, if any, and strips."""
    with style(look):
        figures = {"dots": dots(ranking, look)}
        if has_map(ranking):
            figures["map"] = world(ranking, look)
    return {**figures, **draw_strips(ranking, look)}


def draw_strips(
    ranking: Ranking, look: Look, first: int = ROWS_PER_STRIP
) -> dict[str, Figure]:
    """Return the strips by name; the first has `first` rows."""
    names = [forecast.country.name for forecast in ranking.forecasts]
    labels = _label_width(names)
    with style(look):
        return {
            name: strip(part, span(ranking), labels, look)
            for name, part in parts(ranking, first).items()
        }


def rows_in(room: float) -> int:
    """Return the rows of a first strip, with its heading, in `room` millimetres.

    A whole page's, if there is room for a few only.
    """
    rows = int((room - STRIP_HEAD) / ROW_HEIGHT)
    return rows if MIN_ROWS <= rows < ROWS_PER_STRIP else ROWS_PER_STRIP


def on_map(ranking: Ranking) -> tuple[Forecast, ...]:
    """Return the forecasts of countries that are on the map."""
    map_ = world_map.load()
    codes = {*map_.shapes, *map_.dots}
    return tuple(
        forecast for forecast in ranking.forecasts if forecast.country.alpha3 in codes
    )


def has_map(ranking: Ranking) -> bool:
    """Return whether the ranking shows most of the world, so that a map is useful."""
    map_ = world_map.load()
    return len(on_map(ranking)) > MIN_SHARE_ON_MAP * len({*map_.shapes, *map_.dots})


def by_distance(ranking: Ranking) -> tuple[Forecast, ...]:
    """Return the forecasts, the one furthest above its country's average first."""
    return tuple(
        sorted(
            ranking.forecasts,
            key=lambda forecast: forecast.base_rate - forecast.probability,
        )
    )


def dots(ranking: Ranking, look: Look) -> Figure:
    """Draw each probability with its interval and the country's own average."""
    shown = by_distance(ranking)[:MAX_DOTS]
    rows, labels = len(shown), _label_width(map(wording.name_and_age, shown))
    height = DOT_ROW * rows + 19
    figure = new_figure(FULL_WIDTH, height)
    heading = "Probability, and distance from the average in percentage points"
    note = "tick: historical average"
    if rows < len(ranking.forecasts):
        note = f"the {rows} countries furthest above their average; {note}"
    write_heading(figure, height, heading, note, look)
    axes = add_axes(figure, labels, 10, FULL_WIDTH - labels - 30, DOT_ROW * rows)
    y = np.arange(rows)
    intervals = 100 * np.array([forecast.interval for forecast in shown])
    averages = np.array([100 * forecast.base_rate for forecast in shown])
    probabilities = np.array([100 * forecast.probability for forecast in shown])
    axes.hlines(y, intervals[:, 0], intervals[:, 1], color=look.forecast, linewidth=1.2)
    axes.vlines(averages, y - 0.32, y + 0.32, color=look.grey, linewidth=1.0)
    axes.scatter(
        probabilities, y, 18, look.forecast, zorder=3, linewidths=0, clip_on=False
    )
    top = top_of([*(intervals.ravel() / 100), *(averages / 100)])
    axes.set(xlim=(0, top), ylim=(rows - 0.4, -0.6), yticks=[])
    axes.set_xticks(np.linspace(0, top, 6))
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("%", labelpad=1)
    for row, forecast in enumerate(shown):
        label_row(axes, row, wording.name_and_age(forecast), labels, FULL_WIDTH)
        above = wording.distance(forecast)
        difference = wording.number(above, 0, sign=True)
        axes.annotate(
            f"{wording.percent(forecast.probability)}, {difference}",
            (1.02, row),
            xycoords=("axes fraction", "data"),
            va="center_baseline",
            fontsize=7.5,
            color=look.contraction if above > 0 else look.grey,
            annotation_clip=False,
        )
    return figure


def parts(
    ranking: Ranking, first: int = ROWS_PER_STRIP
) -> dict[str, tuple[Forecast, ...]]:
    """Return the forecasts of each strip, at most a page; `first` in the first."""
    n = len(ranking.forecasts)
    bounds = [0, *range(first, n, ROWS_PER_STRIP), n]
    return {
        f"strip-{number}": ranking.forecasts[start:end]
        for number, (start, end) in enumerate(pairwise(bounds), 1)
    }


def world(ranking: Ranking, look: Look) -> Figure:
    """Draw each country in the shade of its probability."""
    height = 108.0
    figure = new_figure(FULL_WIDTH, height)
    write_heading(figure, height, MAP_HEADING, wording.periods(ranking), look)
    axes = add_axes(figure, 0, 12, FULL_WIDTH, height - 20)
    map_ = world_map.load()
    left, right, bottom, top = map_.limits
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.axis("off")
    colors = shades(look)
    forecasts = {forecast.country.alpha3: forecast for forecast in ranking.forecasts}
    for code, rings in map_.shapes.items():
        shape = PathPatch(
            Path.make_compound_path(*(Path(ring, closed=True) for ring in rings)),
            facecolor=look.grid,
            edgecolor=look.paper,
            linewidth=0.35,
        )
        axes.add_patch(shape)
        if code in forecasts:
            shape.set_facecolor(colors[step_of(forecasts[code].probability)])
            _label(shape, forecasts[code])
    for code, (x, y) in map_.dots.items():
        if code in forecasts:
            dot: PathCollection = axes.scatter(
                [x],
                [y],
                9,
                [colors[step_of(forecasts[code].probability)]],
                edgecolors=look.grey,
                linewidths=0.35,
                zorder=3,
            )
            _label(dot, forecasts[code])
    _draw_key(figure, look, 5.5, "no forecast")
    figure.text(
        0,
        0.5 / height,
        shortened(world_map.DISCLAIMER, FULL_WIDTH, size=7.5),
        fontsize=7.5,
        color=look.grey,
        gid=CAPTION,
    )
    return figure


def _label(artist: Artist, forecast: Forecast) -> None:
    """Give a country's shape the text that a page shows when it is pointed at."""
    artist.set_gid(f"country-{forecast.country.alpha3}")
    artist.set_label(
        f"{forecast.country.name}, {wording.period_text(forecast.period)}: "
        f"{wording.percent(forecast.probability)}"
    )


def span(ranking: Ranking) -> tuple[pd.Period, pd.Period]:
    """Return the first and the last period that any forecast is for."""
    periods = [
        record_of(forecast, "econnet")["period"] for forecast in ranking.forecasts
    ]
    return min(map(min, periods)), max(map(max, periods))


def _label_width(names: Iterable[str]) -> float:
    """Return the room for the names beside rows, in mm."""
    return min(MAX_LABEL, max(width_of(name, 8, 400) for name in names) + 3)


def strip(
    forecasts: Sequence[Forecast],
    span: tuple[pd.Period, pd.Period],
    labels: float,
    look: Look,
) -> Figure:
    """Draw the out-of-sample probability of each period, one row per country.

    `labels` is the room for the countries' names, in millimetres.
    """
    rows = len(forecasts)
    height = ROW_HEIGHT * rows + 20
    figure = new_figure(FULL_WIDTH, height)
    write_heading(
        figure, height, wording.strip_heading(forecasts[0].task), STRIP_NOTE, look
    )
    axes = add_axes(figure, labels, 13, FULL_WIDTH - labels, ROW_HEIGHT * rows)
    time = TimeAxis(*span, forecasts[0].task.frequency)
    axes.set(xlim=(time.first, time.last), ylim=(rows, 0))
    axes.set_yticks([])
    axes.grid(visible=False)
    _draw_cells(axes, forecasts, time, look)
    for row, forecast in enumerate(forecasts):
        label_row(axes, row + 0.5, forecast.country.name, labels, FULL_WIDTH)
    year_axis(axes)
    _draw_key(figure, look, 2.5)
    return figure


def _draw_cells(
    axes: Axes, forecasts: Sequence[Forecast], time: TimeAxis, look: Look
) -> None:
    """Draw one compound path per shade, and a dot in the cells that contracted."""
    boxes: list[list[Floats]] = [[] for _ in NAMES]
    dots = []
    for row, forecast in enumerate(forecasts):
        record = record_of(forecast, "econnet")
        starts = time.start(pd.PeriodIndex(record["period"]))
        cells = zip(starts, record["probability"], record["outcome"], strict=True)
        for x, probability, outcome in cells:
            box = CELL * [time.width, 1] + [x, row]
            boxes[step_of(probability)].append(box)
            if outcome == 1:
                dots.append((x + 0.47 * time.width, row + 0.5))
    for polygons, color in zip(boxes, shades(look), strict=True):
        if polygons:
            path = Path.make_compound_path(
                *(Path(polygon, closed=True) for polygon in polygons)
            )
            axes.add_patch(PathPatch(path, facecolor=color, linewidth=0))
    if dots:
        x, y = np.array(dots).T
        marks: PathCollection = axes.scatter(x, y, 1.6, look.ink, linewidths=0)
        marks.set_zorder(3)


def _draw_key(
    figure: Figure, look: Look, y: float, otherwise: str | None = None
) -> None:
    """Draw the shades with their probabilities, `y` mm above the foot of a figure."""
    width, height = figure.get_size_inches() / MM
    entries = list(zip(NAMES, shades(look), strict=True))
    if otherwise is not None:
        entries.append((otherwise, look.grid))
    x = 0.0
    for name, color in entries:
        figure.add_artist(
            Rectangle(
                (x / width, y / height),
                4.5 / width,
                2.6 / height,
                facecolor=color,
                linewidth=0,
                transform=figure.transFigure,
                gid=CAPTION,
            )
        )
        figure.text(
            (x + 5.5) / width,
            (y + 0.35) / height,
            name,
            fontsize=7.5,
            color=look.grey,
            gid=CAPTION,
        )
        x += 5.5 + width_of(name, 7.5, 400) + 4


MAP_HEADING = "Forecast probability, %"
STRIP_NOTE = "dot: the event occurred"
