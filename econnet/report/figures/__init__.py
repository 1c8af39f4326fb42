# mypy: implicit-reexport
# ruff: noqa: F401
"""The report's figures, drawn by matplotlib in one style.

A figure is a function of a forecast and a look. `DRAWINGS` declares each once, with its
description: the PDF, the PNG files and the page of HTML all draw it from there. Figures
use `wording`; they do not depend on the documents that contain them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report import wording
from econnet.report.figures import drivers, history, outlook, skill
from econnet.report.figures.glyphs import FONTS, drawable, not_drawable
from econnet.report.figures.style import (
    DARK,
    HALF_WIDTH,
    LIGHT,
    Look,
    as_png,
    as_svg,
    style,
)
from econnet.report.wording import alt_text

Chapter: TypeAlias = Literal["record", "drivers"]


@dataclass(frozen=True)
class Drawing:
    """How a figure is drawn and described, and where it is put.

    `draw` returns `None` if the forecast has no data for it. The PDF and the page put
    it at the end of its `chapter`; without one, their templates place it by its name.
    """

    draw: Callable[[Forecast, Look], Figure | None]
    alt: Callable[[Forecast], str]
    chapter: Chapter | None = None


def draw(
    forecast: Forecast, look: Look = LIGHT, names: Collection[str] | None = None
) -> dict[str, Figure]:
    """Return those of the named figures for which the forecast has data, by name."""
    with style(look):
        return {
            name: figure
            for name, drawing in DRAWINGS.items()
            if names is None or name in names
            if (figure := drawing.draw(forecast, look)) is not None
        }


def draw_narrow(forecast: Forecast, look: Look = LIGHT) -> dict[str, Figure]:
    """Return the wide figures that phones need narrower, by name."""
    with style(look):
        figure = drivers.contributions(forecast, look, HALF_WIDTH)
    return {} if figure is None else {"contributions": figure}


def draw_responses(forecast: Forecast, look: Look = LIGHT) -> list[Figure]:
    """Return each response curve as a figure of its own."""
    with style(look):
        return [
            drivers.response(forecast, number, look)
            for number in range(len(wording.shown_curves(forecast)))
        ]


def alt(forecast: Forecast, name: str) -> str:
    """Return what a figure shows, for a reader who cannot see it."""
    return DRAWINGS[name].alt(forecast)


def of_chapter(chapter: Chapter) -> list[str]:
    """Return the names of the figures at the end of a chapter."""
    return [name for name, drawing in DRAWINGS.items() if drawing.chapter == chapter]


DRAWINGS: Mapping[str, Drawing] = {
    "history": Drawing(history.history, alt_text.history_alt),
    "outlook": Drawing(outlook.outlook, alt_text.outlook_alt),
    "change": Drawing(outlook.change, alt_text.change_alt),
    "track-record": Drawing(history.timeline, alt_text.timeline_alt),
    "roc": Drawing(skill.roc, alt_text.roc_alt),
    "precision-recall": Drawing(skill.precision_recall, alt_text.precision_recall_alt),
    "reliability": Drawing(skill.reliability, alt_text.reliability_alt),
    "groups": Drawing(drivers.groups, alt_text.groups_alt),
    "importance": Drawing(drivers.importance, alt_text.importance_alt),
    "contributions": Drawing(drivers.contributions, alt_text.contributions_alt),
    "responses": Drawing(drivers.responses, alt_text.responses_alt),
}
