"""Figures of the forecast for each horizon, and of what moved it since the last."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from econnet.forecast.result import Ahead, Forecast
from econnet.report import wording
from econnet.report.figures.drivers import draw_bars
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

ROW = 5.6
HEAD, FOOT = 13.0, 9.5
# Where the columns end that stand at the right of the dots, in mm from the right.
INTERVAL_END, SKILL_END = 15.0, 0.0
DOTS_LEFT, DOTS_RIGHT = 14.0, 43.0

MAX_MOVEMENTS = 5
DASH = "\N{EN DASH}"


def outlook(forecast: Forecast, look: Look) -> Figure | None:
    """Draw each horizon's probability, its interval and the long-run rate."""
    rows = forecast.outlook
    if not rows:
        return None
    height = HEAD + ROW * len(rows) + FOOT
    figure = new_figure(HALF_WIDTH, height)
    title = f"The coming {wording.NOUN[forecast.task.frequency]}s"
    write_heading(figure, height, title, "", look)
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
    axes.set_xlabel("%; upright: long-run rate", labelpad=1, fontsize=7.5)
    for place, text in ((INTERVAL_END, "chance, 90%"), (SKILL_END, "skill")):
        figure.text(
            1 - place / HALF_WIDTH,
            (height - 8.5) / height,
            text,
            fontsize=7.5,
            color=look.grey,
            ha="right",
            va="center",
        )
    for number, row in enumerate(rows):
        bottom = FOOT + ROW * (len(rows) - 0.5 - number)
        _write_row(
            figure, row, bottom / height, row.horizon == forecast.task.horizon, look
        )
    return figure


def _write_row(figure: Figure, row: Ahead, y: float, strong: bool, look: Look) -> None:
    """Write one horizon's period, probability, interval and skill in their columns."""
    weight = SEMIBOLD if strong else {}
    low, high = (round(100 * bound) for bound in row.interval)
    figure.text(0, y, row.period, va="center_baseline", **weight)
    figure.text(
        1 - (INTERVAL_END + 15) / HALF_WIDTH,
        y,
        wording.percent(row.probability),
        ha="right",
        va="center_baseline",
        color=look.forecast,
        **weight,
    )
    figure.text(
        1 - INTERVAL_END / HALF_WIDTH,
        y,
        f"{low}{DASH}{high}%",
        ha="right",
        va="center_baseline",
        color=look.grey,
    )
    skill = row.scores.brier_skill
    figure.text(
        1 - SKILL_END / HALF_WIDTH,
        y,
        DASH if skill is None else f"{wording.number(100 * skill, 0, sign=True)}%",
        ha="right",
        va="center_baseline",
        color=look.contraction if skill is not None and skill <= 0 else look.grey,
    )


def change(forecast: Forecast, look: Look) -> Figure | None:
    """Draw what the indicators that moved most did to the forecast."""
    changed = forecast.explanation.change
    if changed is None:
        return None
    shown = changed.movements[:MAX_MOVEMENTS]
    if len(changed.movements) == MAX_MOVEMENTS + 1:
        shown = changed.movements
    rows = [(movement.title, movement.contribution) for movement in shown]
    if rest := changed.movements[len(shown) :]:
        together = sum(movement.contribution for movement in rest)
        rows.append((f"{len(rest)} others together", together))
    rows.append(("Learning anew, revisions", changed.learning))
    height = 8 + 4.4 * len(rows) + 1
    figure = new_figure(HALF_WIDTH, height)
    write_heading(figure, height, "What moved it", "log-odds; right: up", look)
    draw_bars(figure, rows, height - 8, 4.4, look)
    return figure
