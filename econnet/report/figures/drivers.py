"""Figures of what drives the forecast, and of how other values would change it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from econnet.core.types import Floats
from econnet.forecast.result import Forecast, ResponseCurve
from econnet.report import wording
from econnet.report.figures.style import (
    FULL_WIDTH,
    HALF_WIDTH,
    LEFT,
    SEMIBOLD,
    Look,
    add_axes,
    in_two_lines,
    label_row,
    new_figure,
    semibold,
    shortened,
    tick,
    top_of,
    width_of,
    write_heading,
)

# Response curves: number of columns, and the size of each with its margins, in mm.
COLUMNS = 3
CURVE_WIDTH, CURVE_HEIGHT, CURVE_PITCH, CURVE_ROW = 48.0, 15.0, 59.0, 33.5
# Room above the axes for a title in one line, in mm.
CURVE_HEAD = 8.0
# Numbers beside the axis, by its end in percent.
CURVE_TICKS = {25.0: (0, 10, 20), 50.0: (0, 25, 50), 100.0: (0, 50, 100)}
MAX_CURVES = 6
# Room for the second line of a long title, in mm.
TITLE_LINE = 4.0
# Height of a row whose title has two lines, in mm.
TWO_LINES = 6.4
# Lowest point, as a share of the axis, that has room for a label below it.
ROOM_BELOW = 0.35
# Drivers with their own bar.
MAX_DRIVERS = 16
# Smaller contributions, which would be printed as 0.0, are added up.
MIN_CONTRIBUTION = 0.05
MAX_WEIGHED = 9


def groups(forecast: Forecast, look: Look) -> Figure | None:
    """Draw what each group of indicators adds to the forecast."""
    scale = wording.contribution_points(forecast)
    totals = [(name, scale * it) for name, it in wording.by_group(forecast).items()]
    if not totals:
        return None
    height = 8 + bars_height(totals, 4.6, HALF_WIDTH) + 1
    figure = new_figure(HALF_WIDTH, height)
    write_heading(figure, height, "By group of indicators", "percentage points", look)
    draw_bars(figure, totals, height - 8, 4.6, look)
    return figure


def importance(forecast: Forecast, look: Look) -> Figure | None:
    """Draw how much log loss rises when an indicator is permuted."""
    shown = forecast.explanation.importance[:MAX_WEIGHED]
    if not shown:
        return None
    labels = _label_room([weight.title for weight in shown], HALF_WIDTH)
    titles = [in_two_lines(weight.title, labels - 3) for weight in shown]
    heights = _row_heights(titles, 4.6)
    rows = float(heights.sum())
    height = 8 + rows + 10
    figure = new_figure(HALF_WIDTH, height)
    write_heading(figure, height, "Permutation importance", "bars: 90% interval", look)
    axes = add_axes(figure, labels, 9.5, HALF_WIDTH - labels - 3, rows)
    y = heights.cumsum() - heights / 2
    intervals = 1000 * np.array([weight.interval for weight in shown])
    axes.hlines(y, intervals[:, 0], intervals[:, 1], color=look.forecast, linewidth=1.2)
    losses = [1000 * weight.loss for weight in shown]
    axes.scatter(losses, y, 16, look.forecast, zorder=3, linewidths=0)
    axes.axvline(0, color=look.grey, linewidth=0.6)
    axes.set_ylim(rows - 0.46, -0.46)
    axes.set_yticks([])
    axes.grid(False)
    axes.grid(True, axis="x")
    axes.margins(x=0.05)
    axes.set_xlabel("increase in log loss, thousandths", labelpad=1)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    for middle, title in zip(y, titles, strict=True):
        label_row(axes, middle, title, labels, HALF_WIDTH)
    return figure


def contributions(
    forecast: Forecast, look: Look, width: float = FULL_WIDTH
) -> Figure | None:
    """Draw what all indicators add to the forecast, the smallest of many as one.

    `width` is in millimetres.
    """
    ranked = wording.by_size(forecast.explanation.drivers)
    if not ranked:
        return None
    scale = wording.contribution_points(forecast)
    parts = [(driver.title, scale * driver.contribution) for driver in ranked]
    large = sum(abs(points) >= MIN_CONTRIBUTION for _, points in parts)
    rows = first_rows(parts, min(large, MAX_DRIVERS))
    row_height = float(np.clip(98 / len(rows), 3.4, 4.2))
    height = 8 + max(bars_height(rows, row_height, width), 3 * row_height) + 1
    figure = new_figure(width, height)
    write_heading(figure, height, "By indicator", "percentage points", look)
    draw_bars(figure, rows, height - 8, row_height, look)
    return figure


def first_rows(parts: Sequence[tuple[str, float]], n: int) -> list[tuple[str, float]]:
    """Return the title and size of the first `n` parts, then of the others.

    A single part more than `n` keeps its own row.
    """
    n = len(parts) if len(parts) <= n + 1 else n
    rows = list(parts[:n])
    if others := parts[n:]:
        rows.append((f"{len(others)} others", sum(size for _, size in others)))
    return rows


def draw_bars(
    figure: Figure,
    rows: Sequence[tuple[str, float]],
    top: float,
    row_height: float,
    look: Look,
) -> None:
    """Draw one bar per row, left or right of zero, with its title and number.

    `top` and `row_height`, of a title in one line, are in millimetres; the bars take
    the figure's width.
    """
    width = float(figure.get_size_inches()[0] * 25.4)
    values = np.array([value for _, value in rows])
    titles, labels = _bar_titles(rows, width)
    heights = _row_heights(titles, row_height)
    bars, height = width - labels, float(heights.sum())
    axes = add_axes(figure, labels, top - height, bars, height)
    y = heights.cumsum() - heights / 2
    colors = np.where(values > 0, look.contraction, look.pale_forecast)
    axes.barh(y, values, 0.62 * row_height, color=colors)
    axes.axvline(0, color=look.grey, linewidth=0.6)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    # Room for the numbers beside the bars.
    room = (high - low or 1.0) * 10 / (bars - 20)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(height + 0.1 * row_height, -0.1 * row_height)
    for middle, title, value in zip(y, titles, values, strict=True):
        axes.annotate(
            wording.in_decimals(value),
            (value, middle),
            (3 if value >= 0 else -3, 0),
            textcoords="offset points",
            ha="left" if value >= 0 else "right",
            va="center_baseline",
            fontsize=7.5,
            color=look.grey,
        )
        label_row(axes, middle, title, labels, width)
    axes.axis("off")


def bars_height(
    rows: Sequence[tuple[str, float]], row_height: float, width: float
) -> float:
    """Return the height of `draw_bars` in a figure `width` wide, in millimetres."""
    titles, _ = _bar_titles(rows, width)
    return float(_row_heights(titles, row_height).sum())


def _bar_titles(
    rows: Sequence[tuple[str, float]], width: float
) -> tuple[list[str], float]:
    """Return the titles of bars, long ones in two lines, and their room in mm."""
    room = _label_room([title for title, _ in rows], width)
    return [in_two_lines(title, room - 3) for title, _ in rows], room


def _row_heights(titles: Sequence[str], one_line: float) -> Floats:
    """Return the height of each row in mm, given that of a title in one line."""
    two_lines = max(one_line, TWO_LINES)
    return np.array([two_lines if "\n" in title else one_line for title in titles])


def _label_room(titles: Sequence[str], width: float) -> float:
    """Return the room for titles beside their rows, at most half the width, in mm."""
    return min(max(width_of(title, 8, 400) for title in titles) + 3, 0.5 * width)


def responses(forecast: Forecast, look: Look) -> Figure | None:
    """Draw how the forecast would change with the newest value of each indicator."""
    curves = wording.shown_curves(forecast)[:MAX_CURVES]
    if not curves:
        return None
    room = CURVE_WIDTH + 6
    titles = [in_two_lines(curve.title, room, weight=600, size=9) for curve in curves]
    two_lines = [
        any("\n" in title for title in titles[first : first + COLUMNS])
        for first in range(0, len(curves), COLUMNS)
    ]
    heights = [CURVE_ROW + (TITLE_LINE if two else 0) for two in two_lines]
    total = sum(heights) - 0.5
    figure = new_figure(FULL_WIDTH, total)
    top = top_of([p for curve in curves for p in curve.probabilities])
    for number, (curve, title) in enumerate(zip(curves, titles, strict=True)):
        row, column = divmod(number, COLUMNS)
        left = LEFT + column * CURVE_PITCH
        head = heights[row] - CURVE_ROW + CURVE_HEAD
        bottom = total - sum(heights[:row]) - head - CURVE_HEIGHT
        axes = add_axes(figure, left, bottom, CURVE_WIDTH, CURVE_HEIGHT)
        _draw_response(axes, curve, top, look)
        figure.text(
            (left - LEFT if column == 0 else left - 7) / FULL_WIDTH,
            (bottom + CURVE_HEIGHT + 4) / total,
            title,
            fontsize=9,
            linespacing=1.1,
            **semibold(curve.title),
        )
    return figure


def response(forecast: Forecast, number: int, look: Look) -> Figure:
    """Draw one of these curves on its own, on the scale of all."""
    curves = wording.shown_curves(forecast)
    curve = curves[number]
    width, height = LEFT + CURVE_WIDTH + 4.0, CURVE_HEIGHT + 20.0
    figure = new_figure(width, height)
    current = (
        "" if curve.current is None else f"; today {wording.number(curve.current, 1)}"
    )
    write_heading(figure, height, curve.title, f"{curve.unit}{current}", look)
    axes = add_axes(figure, LEFT, 12, CURVE_WIDTH, CURVE_HEIGHT)
    top = top_of([p for curve in curves for p in curve.probabilities])
    _draw_response(axes, curve, top, look)
    return figure


def _draw_response(axes: Axes, curve: ResponseCurve, top: float, look: Look) -> None:
    """Draw one curve and the indicator's current value; `top` is in percent."""
    x, y = np.array(curve.values), 100 * np.array(curve.probabilities)
    axes.plot(x, y, color=look.forecast, clip_on=False)
    axes.set_xlim(x[0], x[-1])
    # The axis is low: five steps would put its numbers on each other.
    axes.set_ylim(0, top)
    axes.set_yticks(CURVE_TICKS[top])
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(tick))
    axes.set_xlabel(shortened(curve.unit, CURVE_WIDTH), labelpad=2)
    if curve.current is None:
        return
    now = float(np.interp(curve.current, x, y))
    axes.scatter([curve.current], [now], 18, look.forecast, zorder=3, clip_on=False)
    # On the side away from the curve, and inside the axes.
    falls, share = y[0] > y[-1], (curve.current - x[0]) / (x[-1] - x[0])
    right = share < 0.65 if falls else share < 0.35
    above = right == falls
    if not above and now < ROOM_BELOW * top:
        # Below, the label would cover the axis: it goes above the curve.
        above, beside = True, x >= curve.current if right else x <= curve.current
        near = beside & (abs(x - curve.current) <= 0.4 * (x[-1] - x[0]))
        now = max(now, float(y[near].max(initial=now)))
    axes.annotate(
        f"today {wording.number(curve.current, 1)}",
        (curve.current, now),
        (4 if right else -4, 5 if above else -5),
        textcoords="offset points",
        ha="left" if right else "right",
        va="bottom" if above else "top",
        color=look.forecast,
        **SEMIBOLD,
    )
