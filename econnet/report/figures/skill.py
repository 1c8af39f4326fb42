"""Figures of forecast quality: ROC, precision and recall, and reliability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from econnet.core.types import Floats
from econnet.forecast.result import Forecast
from econnet.report import threshold_curves, wording
from econnet.report.figures.style import (
    HALF_WIDTH,
    SEMIBOLD,
    Look,
    add_axes,
    new_figure,
    percent_axis,
    top_of,
    write_heading,
)
from econnet.report.figures.time_axis import record_of

HEIGHT = 58.0
# Of the baselines' curves: more than three could not be distinguished.
DASHES: Sequence[Any] = ("-", (0, (4, 2)), (0, (1, 1.5)))


def reliability(forecast: Forecast, look: Look) -> Figure | None:
    """Draw how often contractions followed, with every forecast along the edges."""
    bins = forecast.assessment.reliability
    if not bins:
        return None
    figure, axes = _square(
        look, "When it said so, did it happen?", "counts above; bars: 90%"
    )
    x = np.array([100 * bin_.probability for bin_ in bins])
    y = np.array([100 * bin_.frequency for bin_ in bins])
    intervals = 100 * np.array([bin_.interval for bin_ in bins])
    record = record_of(forecast, "econnet").dropna(subset=["outcome"])
    end, top = top_of(record["probability"]), top_of(intervals.ravel() / 100)
    axes.plot([0, 100], [0, 100], color=look.pale_grey, linewidth=0.8)
    axes.vlines(x, intervals[:, 0], intervals[:, 1], color=look.forecast, linewidth=1.2)
    axes.scatter(x, y, 16, look.forecast, zorder=3, linewidths=0, clip_on=False)
    places = _apart(x, intervals[:, 1], end, top, HEIGHT - 18)
    for place, bin_ in zip(places, bins, strict=True):
        axes.annotate(
            str(bin_.n),
            (100 * bin_.probability, place),
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=look.grey,
            annotation_clip=False,
        )
    percent_axis(axes, top)
    axes.set_xlim(0, end)
    axes.set_xticks(np.linspace(0, end, 6))
    axes.set_xlabel("forecast probability, %", labelpad=2)
    axes.set_ylabel("contracted, %", labelpad=3)
    _draw_outcomes(axes, record, look)
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


def _apart(x: Floats, y: Floats, end: float, top: float, height: float) -> list[float]:
    """Return `y`, raised where labels of one number at (x, y) would touch."""
    places: list[float] = []
    line, digits = 3.4 * top / height, 5.0 * end / (HALF_WIDTH - 15)
    for number, start in enumerate(y):
        near = [
            places[other] for other in range(number) if x[number] - x[other] < digits
        ]
        place = float(start) + 0.01 * top
        while any(abs(place - other) < line for other in near):
            place += line / 4
        places.append(place)
    return places


@dataclass(frozen=True)
class _Curve:
    """One model's curve, and how it is named and drawn."""

    name: str
    score: float
    style: dict[str, Any]


def roc(forecast: Forecast, look: Look) -> Figure | None:
    """Draw hits against false alarms for every threshold, of econnet and baselines."""
    curves = _curves(forecast, "auroc", look)
    if not curves:
        return None
    figure, axes = _square(look, "Hits against false alarms", "ROC; in brackets: AUROC")
    axes.plot([0, 100], [0, 100], color=look.pale_grey, linewidth=0.8)
    _draw_curves(axes, curves, threshold_curves.roc(forecast))
    _name_curves(axes, curves, (50, 6), look)
    axes.set_xlabel("false alarms, % of expansions", labelpad=2)
    axes.set_ylabel("hits, % of contractions", labelpad=3)
    return figure


def precision_recall(forecast: Forecast, look: Look) -> Figure | None:
    """Draw how many alarms were right against how many contractions were caught."""
    curves = _curves(forecast, "average_precision", look)
    if not curves:
        return None
    note = "in brackets: average precision"
    figure, axes = _square(look, "Alarms that were right", note)
    metrics = forecast.assessment.metrics
    share = 100 * metrics.n_contractions / metrics.n
    axes.axhline(share, color=look.pale_grey, linewidth=0.8)
    _draw_curves(axes, curves, threshold_curves.precision_recall(forecast))
    _name_curves(axes, curves, (50, 94 - 9 * (len(curves) - 1)), look)
    axes.set_xlabel("caught, % of contractions", labelpad=2)
    axes.set_ylabel("right, % of alarms", labelpad=3)
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


def _name_curves(
    axes: Axes, curves: list[_Curve], corner: tuple[float, float], look: Look
) -> None:
    """Name the curves from the lower left `corner` up, each with its score."""
    x, y = corner
    ground = {"facecolor": look.paper, "edgecolor": "none", "pad": 1.0, "alpha": 0.85}
    for row, curve in enumerate(curves):
        own = curve.name == "econnet"
        axes.plot([x, x + 6], [y + 9 * row] * 2, **curve.style)
        axes.text(
            x + 8,
            y + 9 * row,
            f"{wording.baseline_title(curve.name)} ({curve.score:.2f})",
            va="center_baseline",
            color=look.forecast if own else look.grey,
            bbox=ground,
            **(SEMIBOLD if own else {}),
        )


def _square(look: Look, heading: str, note: str) -> tuple[Figure, Axes]:
    """Return a figure of half a page's width with a heading, and its axes."""
    figure = new_figure(HALF_WIDTH, HEIGHT)
    axes = add_axes(figure, 12, 10, HALF_WIDTH - 15, HEIGHT - 18)
    write_heading(figure, HEIGHT, heading, note, look)
    return figure, axes
