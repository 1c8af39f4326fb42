"""Still pictures: what stands in the page without scripts, and on paper.

A picture is a list of marks whose places are worked out here, in pixels of a fixed
size that the style sheet stretches. Colours are names that the style sheet knows, for a
light page and a dark one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.ticker import MaxNLocator

from econnet.report.figures.style import tick

Anchor: TypeAlias = Literal["start", "middle", "end"]

WIDE = 720.0
NARROW = 340.0


@dataclass(frozen=True)
class Mark:
    """A shape in a picture: `kind` says which, `color` is a name of the style sheet."""

    kind: Literal["line", "area", "dots", "text"]
    color: str
    path: str = ""
    x: float = 0.0
    y: float = 0.0
    text: str = ""
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Picture:
    """A still picture: ticks, and marks in the order in which they are drawn."""

    width: float
    height: float
    heading: str
    note: str
    alt: str
    marks: tuple[Mark, ...]


class Frame:
    """Axes of a still picture: from values to pixels, cut at the ends."""

    def __init__(
        self,
        width: float,
        height: float,
        x_limits: tuple[float, float],
        y_limits: tuple[float, float],
    ) -> None:
        self.width, self.height = width, height
        self.x_limits, self.y_limits = x_limits, y_limits
        self.left, self.right = 44.0, width - 12.0
        self.top, self.bottom = 12.0, height - (40.0 if width == NARROW else 24.0)

    def x(self, value: float) -> float:
        """Return the pixel of a value on the axis across."""
        low, high = self.x_limits
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        """Return the pixel of a value on the axis up."""
        low, high = self.y_limits
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(self.bottom - share * (self.bottom - self.top), 1)

    def grid(self, x_style: str, y_style: str) -> list[Mark]:
        """Return light lines across, and the figures of both axes."""
        marks = []
        for value in ticks(self.y_limits, 5):
            y = self.y(value)
            color = "zero" if value == 0 and self.y_limits[0] < 0 else "grid"
            marks.append(Mark("line", color, f"M{self.left} {y}H{self.right}"))
            label = _tick(value, y_style)
            marks.append(_written(self.left - 6, y + 4, label, "end"))
        count = 9 if self.width == WIDE else 5
        for value in ticks(self.x_limits, count, whole=x_style == "year"):
            label, x = _tick(value, x_style), self.x(value)
            marks.append(_written(x, self.bottom + 17, label, "middle"))
        return marks

    def line(self, points: Iterable[tuple[float, float]], color: str) -> Mark:
        """Return a line through points."""
        path = "L".join(f"{self.x(x)} {self.y(y)}" for x, y in points)
        return Mark("line", color, f"M{path}" if path else "")

    def area(
        self, boxes: Iterable[tuple[float, float, float, float]], color: str
    ) -> Mark:
        """Return boxes from (x, y) to (x, y)."""
        path = "".join(
            f"M{self.x(x0)} {self.y(y0)}V{self.y(y1)}H{self.x(x1)}V{self.y(y0)}Z"
            for x0, y0, x1, y1 in boxes
        )
        return Mark("area", color, path)

    def dots(
        self, points: Iterable[tuple[float, float]], color: str, radius: float = 4.0
    ) -> Mark:
        """Return round dots, as one path of little circles."""
        r = radius
        path = "".join(
            f"M{self.x(x) - r:.1f} {self.y(y)}a{r} {r} 0 1 0 {2 * r} 0"
            f"a{r} {r} 0 1 0 {-2 * r} 0"
            for x, y in points
        )
        return Mark("dots", color, path)

    def text(self, x: float, y: float, text: str, lift: float = 0.0) -> Mark:
        """Return a small text above a point."""
        return _written(self.x(x), self.y(y) - lift, text, "middle")

    def names(self, across: str, up: str) -> list[Mark]:
        """Return the names of both axes; the one up stands along the top."""
        middle = (self.left + self.right) / 2
        return [
            _written(middle, self.height - 4, across, "middle"),
            _written(self.left + 4, self.top + 2, up, "start"),
        ]

    def picture(
        self, heading: str, note: str, alt: str, marks: Sequence[Mark]
    ) -> Picture:
        """Return the picture of these marks, the empty ones left out."""
        kept = tuple(mark for mark in marks if mark.path or mark.text)
        return Picture(self.width, self.height, heading, note, alt, kept)


def _written(x: float, y: float, text: str, anchor: Anchor) -> Mark:
    return Mark("text", "quiet", x=x, y=y, text=text, anchor=anchor)


def ticks(limits: tuple[float, float], most: int, whole: bool = False) -> list[float]:
    """Return round values between the limits, at most so many intervals apart."""
    locator = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=whole)
    low, high = limits
    slack = 1e-9 * (high - low)
    values = locator.tick_values(low, high)
    return [float(it) for it in values if low - slack <= it <= high + slack]


def _tick(value: float, style: str) -> str:
    return tick(100 * value if style == "percent" else value, None)
