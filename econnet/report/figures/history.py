"""Figures over time: growth, and the out-of-sample forecasts of contractions."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from econnet.core.types import Floats
from econnet.forecast.result import Forecast
from econnet.report import wording
from econnet.report.figures.style import (
    FULL_WIDTH,
    LEFT,
    MM,
    RIGHT,
    Look,
    add_axes,
    new_figure,
    percent_axis,
    tick,
    top_of,
    write_beside,
    write_heading,
)
from econnet.report.figures.time_axis import (
    TimeAxis,
    record_of,
    shade_contractions,
    year_axis,
)

DASHES = (0, (4, 2))


def history(forecast: Forecast, look: Look) -> Figure:
    """Draw growth, and below it the probabilities forecast, on the same time axis."""
    figure = new_figure(FULL_WIDTH, 80)
    time = TimeAxis.of(forecast)
    above = add_axes(figure, LEFT, 45.5, FULL_WIDTH - LEFT - RIGHT, 28)
    below = add_axes(figure, LEFT, 6, FULL_WIDTH - LEFT - RIGHT, 28)
    for axes in (above, below):
        shade_contractions(axes, forecast.history["contraction"], time, look)
        axes.set_xlim(time.first, time.last)
    heading = wording.growth_heading(forecast)
    write_heading(figure, 80, heading, wording.growth_note(forecast), look)
    _draw_growth(above, forecast.history["growth"], time, look)
    above.tick_params(labelbottom=False)
    write_heading(
        figure,
        40.5,
        wording.probability_heading(forecast),
        wording.probability_note(forecast),
        look,
        short_note=wording.SHORT_PROBABILITY_NOTE,
    )
    record = record_of(forecast, "econnet")
    below.plot(
        time.middle(record["period"]), 100 * record["probability"], color=look.forecast
    )
    top = top_of([*record["probability"], *forecast.interval, forecast.base_rate])
    _draw_today(below, forecast, time, top, look)
    percent_axis(below, top)
    year_axis(below)
    return figure


def timeline(forecast: Forecast, look: Look) -> Figure | None:
    """Draw every out-of-sample forecast, marked by its outcome."""
    record = record_of(forecast, "econnet").dropna(subset=["outcome"])
    if len(record) < 2:
        return None
    figure = new_figure(FULL_WIDTH, 49)
    axes = add_axes(figure, LEFT, 6, FULL_WIDTH - LEFT - RIGHT, 35)
    write_heading(
        figure,
        49,
        f"Forecast probability and outcome, {wording.ahead(forecast.task)}, %",
        wording.outcomes_note(forecast),
        look,
    )
    time, top = TimeAxis.of(forecast), top_of(record["probability"])
    x = time.middle(record["period"])
    y = 100 * record["probability"].to_numpy(dtype=float)
    contracted = record["outcome"].to_numpy(dtype=float) == 1
    shade_contractions(axes, forecast.history["contraction"], time, look)
    size = float(np.clip(2400 / len(record), 3, 18))
    axes.plot(x, y, color=look.forecast, linewidth=0.8, alpha=0.6)
    colors = ((~contracted, look.pale_forecast), (contracted, look.contraction))
    for rows, color in colors:
        axes.scatter(x[rows], y[rows], size, color, zorder=3, linewidths=0)
    base = record_of(forecast, "base_rate")
    base = base[base["period"].isin(record["period"])]
    if len(base):
        axes.plot(
            time.middle(base["period"]),
            100 * base["probability"],
            color=look.grey,
            linewidth=0.8,
            linestyle=DASHES,
        )
        rate = max(100 * float(base["probability"].iloc[-1]), 0.09 * top)
        write_beside(axes, x[-1] + time.width, rate, "historical\naverage", look.grey)
    axes.set_xlim(x[0] - time.width, x[-1] + time.width)
    percent_axis(axes, top)
    year_axis(axes)
    return figure


def _draw_growth(axes: Axes, growth: pd.Series, time: TimeAxis, look: Look) -> None:
    """Draw growth as bars; those that would squeeze the scale are cut and labelled."""
    known = growth.dropna()
    if known.empty:
        middle = (axes.get_xlim()[0] + axes.get_xlim()[1]) / 2
        axes.text(middle, 0.5, "not known", ha="center", va="center", color=look.grey)
        axes.set_yticks([])
        year_axis(axes)
        return
    values = known.to_numpy(dtype=float)
    x = time.middle(pd.PeriodIndex(known.index))
    low, high = growth_limits(values)
    heights = np.clip(values, low, high)
    colors = np.where(values < 0, look.contraction, look.pale_forecast)
    # One collection of lines where bars would be too thin to distinguish.
    if len(values) < 200:
        axes.bar(x, heights, 0.78 * time.width, color=colors)
    else:
        span = (FULL_WIDTH - LEFT - RIGHT) * MM * 72
        thickness = span * time.width / (time.last - time.first)
        axes.vlines(x, 0, heights, colors=list(colors), linewidth=thickness)
    axes.axhline(0, color=look.grey, linewidth=0.6)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(tick))
    _label_outliers(axes, known, x, (low, high), look)
    year_axis(axes)


def growth_limits(values: Floats) -> tuple[float, float]:
    """Return limits that most values fill well: the largest few may lie beyond."""
    usual = 2.2 * float(np.quantile(np.abs(values), 0.95)) or 1.0
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = 0.06 * (high - low)
    return (
        -usual if low < -1.4 * usual else low - margin if low < 0 else low,
        usual if high > 1.4 * usual else high + margin if high > 0 else high,
    )


def _label_outliers(
    axes: Axes,
    growth: pd.Series,
    x: Floats,
    limits: tuple[float, float],
    look: Look,
) -> None:
    """Name the bars that were cut, the largest of each cluster."""
    values = growth.to_numpy(dtype=float)
    start, end = axes.get_xlim()
    span = end - start
    for side, limit in ((-1, limits[0]), (1, limits[1])):
        long = x[side * values > 0.6 * side * limit]
        beyond = np.flatnonzero(side * values > side * limit)
        taken: list[float] = []
        for position in sorted(beyond, key=lambda place: -abs(values[place])):
            if any(abs(x[position] - other) < 0.15 * span for other in taken):
                continue
            taken.append(float(x[position]))
            left = _is_labelled_left(float(x[position]), long, (start, end))
            axes.annotate(
                f"{wording.period_short(str(growth.index[int(position)]))}: "
                f"{wording.number(values[position], 1)}",
                (x[position], limit),
                (-4 if left else 4, -2 * side),
                textcoords="offset points",
                ha="right" if left else "left",
                va="bottom" if side < 0 else "top",
                fontsize=7.5,
                color=look.contraction if side < 0 else look.grey,
            )


def _is_labelled_left(x: float, long: Floats, ends: tuple[float, float]) -> bool:
    """Return whether the label of the bar at `x` is at its left.

    It is, unless the axis begins there, or the label would lie on one of the `long`
    bars and there is room without such a bar at the right.
    """
    start, end = ends
    room = 0.15 * (end - start)
    near = long[np.abs(long - x) < room]
    right_is_free = not (near > x).any() and end - x > room / 3
    return x - start > room and not ((near < x).any() and right_is_free)


def _draw_today(
    axes: Axes, forecast: Forecast, time: TimeAxis, top: float, look: Look
) -> None:
    """Draw today's forecast and the historical average, and name both at the right."""
    x = float(time.middle(pd.PeriodIndex([forecast.period]))[0])
    y, low, high = (100 * value for value in (forecast.probability, *forecast.interval))
    rate = 100 * forecast.base_rate
    axes.vlines([x], [low], [high], color=look.forecast, linewidth=1.2, clip_on=False)
    axes.scatter([x], [y], 20, look.forecast, zorder=3, linewidths=0, clip_on=False)
    axes.axhline(rate, color=look.grey, linewidth=0.8, linestyle=DASHES)
    period = wording.period_short(str(forecast.period))
    label = f"{period}\n{wording.percent(forecast.probability)}"
    rate_label = f"average\n{wording.percent(forecast.base_rate)}"
    label_y = float(np.clip(y, 0.08 * top, 0.92 * top))
    write_beside(axes, time.last, label_y, label, look.forecast, strong=True)
    write_beside(axes, time.last, _away_from(label_y, rate, top), rate_label, look.grey)


def _away_from(taken: float, wanted: float, top: float) -> float:
    """Return the place nearest to `wanted` for a label of two lines beside another."""
    apart = 0.32 * top
    if abs(wanted - taken) >= apart:
        return wanted
    above, below = taken + apart, taken - apart
    if below < 0.06 * top or (wanted >= taken and above <= 0.96 * top):
        return above
    return below
