"""Figures of forecast quality: ROC, precision and recall, and reliability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from econnet.forecast.result import Forecast
from econnet.report import threshold_curves, wording
from econnet.report.figures.style import (
    HALF_WIDTH,
    SEMIBOLD,
    Look,
    add_axes,
    new_figure,
    percent_axis,
    shortened,
    top_of,
    write_heading,
)
from econnet.report.figures.time_axis import record_of

# The square of the axes, and the room at its left and below, in mm.
SIDE, LEFT, BELOW = 37.0, 12.0, 10.0
HEIGHT = SIDE + BELOW + 8.0
# From the axes to the names at their right.
KEY_LEFT, KEY_ROW, KEY_LINE = LEFT + SIDE + 2.0, 4.0, 3.0
KEY_SIZE = 7.0
# Of the baselines' curves: more than three could not be distinguished.
DASHES: Sequence[Any] = ("-", (0, (4, 2)), (0, (1, 1.5)))


def reliability(forecast: Forecast, look: Look) -> Figure | None:
    """Draw how often contractions followed, with every forecast along the edges."""
    bins = forecast.assessment.reliability
    if not bins:
        return None
    figure, axes = _square(look, "Calibration", "bars: 90% interval")
    x = np.array([100 * bin_.probability for bin_ in bins])
    y = np.array([100 * bin_.frequency for bin_ in bins])
    intervals = 100 * np.array([bin_.interval for bin_ in bins])
    record = record_of(forecast, "econnet").dropna(subset=["outcome"])
    top = top_of([*record["probability"], *(intervals.ravel() / 100)])
    diagonal: dict[str, Any] = {"color": look.pale_grey, "linewidth": 0.8}
    axes.plot([0, 100], [0, 100], **diagonal)
    axes.vlines(x, intervals[:, 0], intervals[:, 1], color=look.forecast, linewidth=1.2)
    axes.scatter(x, y, 16, look.forecast, zorder=3, linewidths=0, clip_on=False)
    percent_axis(axes, top)
    axes.set_xlim(0, top)
    axes.set_xticks(np.linspace(0, top, 6))
    axes.set_xlabel("forecast probability, %", labelpad=2)
    axes.set_ylabel("event occurred, %", labelpad=3)
    _draw_outcomes(axes, record, look)
    key = _Key(figure, look)
    key.line("perfect calibration", diagonal)
    key.mark("event occurred", look.contraction)
    key.mark("did not occur", look.grey)
    key.skip()
    key.text("forecast: number", look.ink)
    for bin_ in bins:
        share = f"{round(100 * bin_.probability)}%"
        key.text(f"{share}: {bin_.n:,}", look.grey)
    return figure


def _draw_outcomes(axes: Axes, record: pd.DataFrame, look: Look) -> None:
    """Mark each forecast: at the top of the axes if a contraction followed."""
    for outcome, y, color in ((1, 1.0, look.contraction), (0, 0.0, look.grey)):
        probabilities = 100 * record.loc[record["outcome"] == outcome, "probability"]
        axes.plot(
            probabilities,
            np.full(len(probabilities), y),
            "|",
            color=color,
            markersize=6,
            markeredgewidth=0.5,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )


class _Key:
    """The explanations at the right of the axes, from the top down."""

    def __init__(self, figure: Figure, look: Look) -> None:
        self.figure = figure
        self.look = look
        self.y = BELOW + SIDE - 1.5

    def text(
        self, text: str, color: str, left: float = KEY_LEFT, *, strong: bool = False
    ) -> None:
        """Write a line of text."""
        self.figure.text(
            left / HALF_WIDTH,
            self.y / HEIGHT,
            shortened(text, HALF_WIDTH - left, size=KEY_SIZE),
            fontsize=KEY_SIZE,
            va="center_baseline",
            color=color,
            **(SEMIBOLD if strong else {}),
        )
        self.y -= KEY_ROW

    def line(self, text: str, style: dict[str, Any], *, strong: bool = False) -> None:
        """Explain a line, drawn as it is in the axes."""
        x = np.array([KEY_LEFT, KEY_LEFT + KEY_LINE]) / HALF_WIDTH
        y = np.full(2, self.y / HEIGHT)
        self.figure.add_artist(Line2D(x, y, **style))
        color = style["color"] if strong else self.look.grey
        self.text(text, color, KEY_LEFT + KEY_LINE + 1.0, strong=strong)

    def mark(self, text: str, color: str) -> None:
        """Explain the marks along the edges."""
        x = (KEY_LEFT + KEY_LINE / 2) / HALF_WIDTH
        half = 1.2 / HEIGHT
        y = [self.y / HEIGHT - half, self.y / HEIGHT + half]
        self.figure.add_artist(Line2D([x, x], y, color=color, linewidth=0.8))
        self.text(text, self.look.grey, KEY_LEFT + KEY_LINE + 1.0)

    def skip(self) -> None:
        """Leave half a line free."""
        self.y -= KEY_ROW / 2


@dataclass(frozen=True)
class _Curve:
    """One model's curve, and how it is named and drawn."""

    name: str
    score: float
    style: dict[str, Any]


def roc(forecast: Forecast, look: Look) -> Figure | None:
    """Draw the ROC curves of econnet and of the best baselines."""
    curves = _curves(forecast, "auroc", look)
    if not curves:
        return None
    figure, axes = _square(look, "ROC curve", "in brackets: AUROC")
    chance: dict[str, Any] = {"color": look.pale_grey, "linewidth": 0.8}
    axes.plot([0, 100], [0, 100], **chance)
    _draw_curves(axes, curves, threshold_curves.roc(forecast))
    _name_curves(figure, curves, ("coin toss", 0.5, chance), look)
    axes.set_xlabel("false alarms, % of non-events", labelpad=2)
    axes.set_ylabel("found, % of events", labelpad=3)
    return figure


def precision_recall(forecast: Forecast, look: Look) -> Figure | None:
    """Draw precision against recall, of econnet and of the best baselines."""
    curves = _curves(forecast, "average_precision", look)
    if not curves:
        return None
    note = "in brackets: average precision"
    figure, axes = _square(look, "Precision and recall", note)
    metrics = forecast.assessment.metrics
    share = metrics.n_contractions / metrics.n
    chance: dict[str, Any] = {"color": look.pale_grey, "linewidth": 0.8}
    axes.axhline(100 * share, **chance)
    _draw_curves(axes, curves, threshold_curves.precision_recall(forecast))
    _name_curves(figure, curves, ("coin toss", share, chance), look)
    axes.set_xlabel("found, % of events", labelpad=2)
    axes.set_ylabel("right, % of signals", labelpad=3)
    return figure


def _curves(forecast: Forecast, score: str, look: Look) -> list[_Curve]:
    """Return what to draw: the baselines with the best score, and econnet above them.

    Empty where the track record cannot be ranked.
    """
    if forecast.assessment.metrics.auroc is None:
        return []
    baselines = [
        (name, value)
        for name, scores in forecast.assessment.baselines.items()
        if name != "base_rate" and (value := getattr(scores, score)) is not None
    ]
    ranked = sorted(baselines, key=lambda baseline: -baseline[1])
    grey = {"color": look.grey, "linewidth": 0.9}
    others = [
        _Curve(name, value, {**grey, "linestyle": dashes})
        for (name, value), dashes in zip(ranked, DASHES, strict=False)
    ]
    style = {"color": look.forecast, "linewidth": 1.6}
    econnet = _Curve("econnet", getattr(forecast.assessment.metrics, score), style)
    return [*reversed(others), econnet]


def _draw_curves(axes: Axes, curves: list[_Curve], points: pd.DataFrame) -> None:
    """Draw each curve on axes in percent: the first column across, the second up."""
    for curve in curves:
        rows = points[points["model"] == curve.name]
        x, y = (rows.iloc[:, axis].to_numpy(dtype=float) for axis in (0, 1))
        axes.plot(100 * x, 100 * y, **curve.style, clip_on=False)
    percent_axis(axes, 100)
    axes.set_xlim(0, 100)
    axes.set_xticks(np.linspace(0, 100, 6))


def _name_curves(
    figure: Figure,
    curves: list[_Curve],
    chance: tuple[str, float, dict[str, Any]],
    look: Look,
) -> None:
    """Name the curves at the right of the axes, econnet first, each with its score."""
    key = _Key(figure, look)
    for curve in reversed(curves):
        title = f"{wording.baseline_title(curve.name)} ({curve.score:.2f})"
        key.line(title, curve.style, strong=curve.name == "econnet")
    name, score, style = chance
    key.line(f"{name} ({score:.2f})", style)


def _square(look: Look, heading: str, note: str) -> tuple[Figure, Axes]:
    """Return a figure of half a page's width with a heading, and its square axes."""
    figure = new_figure(HALF_WIDTH, HEIGHT)
    axes = add_axes(figure, LEFT, BELOW, SIDE, SIDE)
    write_heading(figure, HEIGHT, heading, note, look)
    return figure, axes
