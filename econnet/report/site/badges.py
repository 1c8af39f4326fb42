"""Badges: a country's forecast in a small SVG picture, for other pages.

The text is measured in the fonts of the report; `textLength` fits it into its box in
any other font.
"""

from markupsafe import escape

from econnet.forecast.result import Forecast
from econnet.report import wording
from econnet.report.figures.style import LIGHT, MM, width_of

FONT_SIZE = 11
HEIGHT = 20
PADDING = 7
POINTS_PER_MM = 72 * MM


def badge(forecast: Forecast) -> bytes:
    """Return the badge: `Germany: real GDP falls in 2027 | 14%`.

    It has no number where the period forecast is over.
    """
    passed = wording.has_passed(forecast)
    value = "out of date" if passed else wording.percent(forecast.probability)
    color = LIGHT.grey if passed or wording.stale(forecast) else LIGHT.forecast
    return _svg(
        wording.printable(_name(forecast)),
        value,
        wording.printable(description(forecast)),
        color,
    )


def description(forecast: Forecast) -> str:
    """Return what a badge shows in words, with interval and confidence."""
    if wording.has_passed(forecast):
        return f"{_name(forecast)}: out of date"
    confidence = wording.verdict(forecast).confidence
    return (
        f"{_name(forecast)}: {wording.percent(forecast.probability)} (90% interval "
        f"{wording.percent_range(forecast.interval)}), {confidence} confidence, "
        f"historical average {wording.percent(forecast.base_rate)}"
    )


def _name(forecast: Forecast) -> str:
    return f"{forecast.country.name}: {wording.event_title(forecast)}"


def _svg(name: str, value: str, alt: str, color: str) -> bytes:
    left, right = (_width(text) + 2 * PADDING for text in (name, value))
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" '
        f'height="{HEIGHT}" viewBox="0 0 {left + right} {HEIGHT}" role="img" '
        f'aria-label="{escape(alt)}">'
        f"<title>{escape(alt)}</title>"
        f'<rect width="{left}" height="{HEIGHT}" fill="{LIGHT.ink}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{color}"/>'
        f'<g fill="{LIGHT.paper}" font-family="Inter,system-ui,sans-serif" '
        f'font-size="{FONT_SIZE}">'
        f"{_text(name, PADDING)}{_text(value, left + PADDING)}</g></svg>\n"
    )
    return text.encode()


def _text(text: str, x: int) -> str:
    return f'<text x="{x}" y="14" textLength="{_width(text)}">{escape(text)}</text>'


def _width(text: str) -> int:
    """Return the width of a text in pixels."""
    return round(width_of(text, FONT_SIZE, 400) * POINTS_PER_MM)
