"""Figures of the forecast for each horizon, and of what moved it since the last."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from econnet.forecast.result import Ahead, Forecast
from econnet.report import wording
from econnet.report.figures.drivers import bars_height, draw_bars
from econnet.report.figures.style import (
    HALF_WIDTH,
    SEMIBOLD,
    Look,
    add_axes,
    new_figure,
    tick,
    top_of,
    write_heading,
)
from econnet.report.wording.outlook import DOWN, UP

ROW = 5.6
HEAD, FOOT = 13.0, 9.5
# Right ends of the columns at the right of the dots, in mm from the right.
INTERVAL_END, CONFIDENCE_END = 17.5, 0.0
DOTS_LEFT, DOTS_RIGHT = 14.0, 45.5

DASH = "\N{EN DASH}"


def outlook(forecast: Forecast, look: Look) -> Figure | None:
    """Draw each horizon's probability, its interval and the historical average."""
    rows = forecast.outlook
    if not rows:
        return None
    height = HEAD + ROW * len(rows) + FOOT
    figure = new_figure(HALF_WIDTH, height)
    write_heading(figure, height, wording.outlook_heading(forecast), "", look)
    axes = add_axes(
        figure, DOTS_LEFT, FOOT, HALF_WIDTH - DOTS_LEFT - DOTS_RIGHT, ROW * len(rows)
    )
    y = np.arange(len(rows))
    probabilities = np.array([100 * row.probability for row in rows])
    intervals = 100 * np.array([row.interval for row in rows])
    rates = np.array([100 * row.base_rate for row in rows])
    axes.vlines(rates, y - 0.32, y + 0.32, color=look.grey, linewidth=1.0)
    axes.hlines(y, intervals[:, 0], intervals[:, 1], color=look.forecast, linewidth=1.2)
    axes.scatter(
        probabilities, y, 20, look.forecast, zorder=3, linewidths=0, clip_on=False
    )
    end = top_of([*(intervals.ravel() / 100), *(rates / 100)])
    axes.set_xlim(0, end)
    axes.set_xticks({25.0: (0, 10, 20)}.get(end, (0, end / 2, end)))
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.grid(False)
    axes.grid(True, axis="x")
    axes.set_xlabel("% (tick: historical average)", labelpad=1, fontsize=7.5)
    head = {"fontsize": 7.5, "va": "center"}
    y_head = (height - 8.5) / height
    _write_right(
        figure, INTERVAL_END, y_head, "probability, 90% interval", look.grey, head
    )
    _write_right(figure, CONFIDENCE_END, y_head, "confidence", look.grey, head)
    for number, row in enumerate(rows):
        bottom = FOOT + ROW * (len(rows) - 0.5 - number)
        _write_row(
            figure, row, bottom / height, row.horizon == forecast.task.horizon, look
        )
    return figure


def _write_row(figure: Figure, row: Ahead, y: float, strong: bool, look: Look) -> None:
    """Write one horizon's period, probability, interval and confidence."""
    weight = SEMIBOLD if strong else {}
    low, high = (round(100 * bound) for bound in row.interval)
    figure.text(0, y, wording.period_short(row.period), va="center_baseline", **weight)
    probability = wording.percent(row.probability)
    _write_right(figure, INTERVAL_END + 15, y, probability, look.forecast, weight)
    _write_right(figure, INTERVAL_END, y, f"{low}{DASH}{high}%", look.grey, {})
    color = look.contraction if row.confidence == "low" else look.grey
    _write_right(figure, CONFIDENCE_END, y, row.confidence, color, {})


def _write_right(
    figure: Figure, end: float, y: float, text: str, color: str, font: dict[str, Any]
) -> None:
    """Write a text that ends `end` millimetres from the right."""
    options = {"va": "center_baseline", **font}
    figure.text(1 - end / HALF_WIDTH, y, text, color=color, ha="right", **options)


def change(forecast: Forecast, look: Look) -> Figure | None:
    """Draw what the indicators that moved most did to the forecast."""
    parts = wording.change_rows(forecast)
    if not parts:
        return None
    rows = [(_with_its_arrow(part.title), part.points) for part in parts]
    height = 8 + bars_height(rows, 4.4, HALF_WIDTH) + 1
    figure = new_figure(HALF_WIDTH, height)
    note = wording.change_note(forecast)
    write_heading(figure, height, "What moved the forecast", note, look)
    draw_bars(figure, rows, height - 8, 4.4, look)
    return figure


def _with_its_arrow(title: str) -> str:
    """Return a title whose arrow stays on the line of its last word."""
    for arrow in (UP, DOWN):
        title = title.replace(f" {arrow}", f"\N{NO-BREAK SPACE}{arrow}")
    return title
