"""The report's figures, drawn by matplotlib in one style.

A figure is a function of a forecast and a look. `DRAWINGS` declares each once, with its
description: the PDF, the PNG files and the page of HTML all draw it from there.
Headings name what is shown and its unit, and labels are beside what they name.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report.figures import drivers, history, outlook, skill
from econnet.report.figures.style import DARK, FONTS, LIGHT, Look, as_png, as_svg, style
from econnet.report.wording import alt_text

__all__ = [
    "DARK",
    "DRAWINGS",
    "FONTS",
    "LIGHT",
    "Drawing",
    "Look",
    "alt",
    "as_png",
    "as_svg",
    "draw",
    "draw_responses",
    "of_chapter",
]

Chapter: TypeAlias = Literal["record", "drivers"]


@dataclass(frozen=True)
class Drawing:
    """How a figure is drawn and described, and where it is put.

    Parameters
    ----------
    draw
        Returns the figure, or `None` where the forecast has nothing to show in it.
    alt
        Returns what the figure shows, for a reader who cannot see it.
    chapter
        The chapter at whose end the PDF and the page put it; `None` where their
        templates give it a place by its name.
    """

    draw: Callable[[Forecast, Look], Figure | None]
    alt: Callable[[Forecast], str]
    chapter: Chapter | None = None


def draw(
    forecast: Forecast, look: Look = LIGHT, names: Collection[str] | None = None
) -> dict[str, Figure]:
    """Return the figures that the forecast has something to show in, by name.

    Parameters
    ----------
    names
        Those that are wanted; all of them by default.
    """
    figures = {}
    with style(look):
        for name, drawing in DRAWINGS.items():
            if names is None or name in names:
                figure = drawing.draw(forecast, look)
                if figure is not None:
                    figures[name] = figure
    return figures


def draw_responses(forecast: Forecast, look: Look = LIGHT) -> list[Figure]:
    """Return each response curve as a figure of its own."""
    with style(look):
        return [
            drivers.response(forecast, number, look)
            for number in range(len(forecast.explanation.response_curves))
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
