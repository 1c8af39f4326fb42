"""The report's figures, drawn by matplotlib in one style.

A figure is a function of a forecast and a look; `DRAWINGS` names them all. Headings say
what is shown and in which unit, and labels stand beside what they name.
"""

from collections.abc import Callable, Mapping

from matplotlib.figure import Figure

from econnet.answer import Forecast
from econnet.report.figures import coming, past, reasons, skill
from econnet.report.figures.style import (
    DARK,
    FONTS,
    LIGHT,
    Look,
    as_png,
    as_svg,
    style,
)

__all__ = ["DARK", "DRAWINGS", "FONTS", "LIGHT", "Look", "as_png", "as_svg", "draw"]


def draw(forecast: Forecast, look: Look = LIGHT) -> dict[str, Figure]:
    """Return every figure that the forecast has something to show in, by its name."""
    figures = {}
    with style(look):
        for name, drawing in DRAWINGS.items():
            figure = drawing(forecast, look)
            if figure is not None:
                figures[name] = figure
    return figures


DRAWINGS: Mapping[str, Callable[[Forecast, Look], Figure | None]] = {
    "history": past.history,
    "outlook": coming.outlook,
    "change": coming.change,
    "track-record": past.timeline,
    "roc": skill.roc,
    "precision-recall": skill.precision_recall,
    "reliability": skill.reliability,
    "groups": reasons.groups,
    "importance": reasons.importance,
    "contributions": reasons.contributions,
    "responses": reasons.responses,
}
