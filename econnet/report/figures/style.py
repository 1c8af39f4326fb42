"""The one style of all figures: sizes, colours, letters, and how a figure is saved.

Every figure is drawn at the size at which it is printed, in millimetres, so that its
letters are as large as those around it. A colour has a meaning: `forecast` marks
econnet's forecasts, `contraction` contractions and losses; everything else is grey. A
`Look` gives each meaning its colour on light paper or on a dark screen.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from io import BytesIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox

from econnet.report.figures.glyphs import add_fonts, drawable, letters_of


@dataclass(frozen=True)
class Look:
    """The colour of each meaning.

    Contractions are `band` behind a curve; `ink`, `grey` and `pale_grey` are text,
    explanations and secondary lines; `paper` is the ground.
    """

    forecast: str
    pale_forecast: str
    contraction: str
    band: str
    ink: str
    grey: str
    pale_grey: str
    grid: str
    paper: str


# Sizes of the titles of rows, in points: the largest that fits is used.
LABEL_SIZES = (8.0, 7.5, 7.0, 6.5, 6.0)

# Okabe and Ito's blue and vermilion, darkened or lightened until each keeps a contrast
# of 4.5 to 1 with its ground; they stay apart for every kind of colour blindness.
LIGHT = Look(
    forecast="#1d5dbf",
    pale_forecast="#9fb3d8",
    contraction="#c9501c",
    band="#ece6db",
    ink="#1c1e21",
    grey="#5f6673",
    pale_grey="#c3c6cd",
    grid="#e6e7ea",
    paper="#ffffff",
)
DARK = Look(
    forecast="#79aefc",
    pale_forecast="#4a6a9e",
    contraction="#f0834f",
    band="#38332a",
    ink="#eceef1",
    grey="#a6adb9",
    pale_grey="#5b616c",
    grid="#33373e",
    paper="#16181c",
)

FULL_WIDTH = 180.0
HALF_WIDTH = 86.0
# Room for tick labels on the left, and for the label of the last point on the right.
LEFT, RIGHT = 9.0, 21.0
MM = 1 / 25.4
# Resolution of a PNG: enough for print.
DOTS_PER_INCH = 300

# Groups of artists that a page of HTML leaves out, since it has them as text.
HEADING, NOTE, CAPTION = "heading", "note", "caption"
PAGE_TEXT = frozenset({HEADING, NOTE, CAPTION})

# Letters of the title and the credit of a PNG, in points.
TITLE_SIZE, CREDIT_SIZE = 10.0, 7.5

SEMIBOLD: dict[str, Any] = {"fontfamily": "Inter", "fontweight": 600}

STYLE = resources.files("econnet.report") / "econnet.mplstyle"


@contextmanager
def style(look: Look) -> Iterator[None]:
    """Draw in the house style and a look's colours; leave matplotlib as it was."""
    add_fonts()
    colors: dict[Any, str] = {
        "text.color": look.ink,
        "figure.facecolor": look.paper,
        "savefig.facecolor": look.paper,
        "axes.edgecolor": look.pale_grey,
        "axes.labelcolor": look.grey,
        "grid.color": look.grid,
        "xtick.color": look.pale_grey,
        "xtick.labelcolor": look.grey,
        "ytick.color": look.pale_grey,
        "ytick.labelcolor": look.grey,
    }
    with resources.as_file(STYLE) as sheet, mpl.rc_context(colors, fname=sheet):
        yield


def as_svg(figure: Figure, box: Bbox | None = None) -> str:
    """Return the figure, or the part within `box` in inches, as SVG with real text.

    The same figure gives the same bytes.
    """
    with style(LIGHT):
        svg = _saved(figure, "svg", metadata={"Date": None}, bbox_inches=box)
    return svg.decode("utf-8")


def as_png(
    figure: Figure, title: str, credit: str, look: Look = LIGHT, dpi: int | None = None
) -> bytes:
    """Return the figure as PNG, with a title above and a credit below it.

    `dpi` is its resolution, by default `DOTS_PER_INCH`.
    """
    width, height = figure.get_size_inches()
    lines = wrapped(credit, width / MM, CREDIT_SIZE)
    with style(look):
        title_lines = wrapped(title, width / MM, TITLE_SIZE, 600)
        added = [
            figure.text(
                0,
                1 + 3 * MM / height,
                "\n".join(title_lines),
                fontsize=TITLE_SIZE,
                linespacing=1.2,
                va="bottom",
                **semibold(title),
            ),
            figure.text(
                0,
                -2.5 * MM / height,
                "\n".join(lines),
                fontsize=CREDIT_SIZE,
                linespacing=1.3,
                color=look.grey,
                va="top",
            ),
        ]
        margin, below = 3 * MM, (4.5 + 3.5 * len(lines)) * MM
        above = (5 + 5 * len(title_lines)) * MM
        page = Bbox([[-margin, -below], [width + margin, height + above]])
        png = _saved(
            figure,
            "png",
            dpi=dpi or DOTS_PER_INCH,
            bbox_inches=page,
            facecolor=look.paper,
            metadata={"Software": None},
        )
    for text in added:
        text.remove()
    return png


def wrapped(text: str, width: float, size: float, weight: int = 400) -> list[str]:
    """Return `text` in lines that are no wider than `width` millimetres."""
    lines = [""]
    for word in drawable(text).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size, weight) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [shortened(line, width, weight, size) for line in lines]


def _saved(figure: Figure, format_: str, **options: object) -> bytes:
    texts = [artist for artist in figure.findobj() if isinstance(artist, Text)]
    for text in texts:
        lines = text.get_text().split("\n")
        text.set_text("\n".join(map(drawable, lines)))
    buffer = BytesIO()
    figure.savefig(buffer, format=format_, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in millimetres."""
    return Figure(figsize=(width * MM, height * MM))


def add_axes(
    figure: Figure, left: float, bottom: float, width: float, height: float
) -> Axes:
    """Add axes at a place given in millimetres from the lower left corner."""
    across, up = figure.get_size_inches() / MM
    axes: Axes = figure.add_axes(
        (left / across, bottom / up, width / across, height / up)
    )
    return axes


def write_heading(
    figure: Figure, top: float, text: str, note: str, look: Look, short_note: str = ""
) -> None:
    """Write a heading at the left and a note at the right, if both have room.

    Where `note` has no room, `short_note` is written. The heading and `note` keep their
    whole text as a label, for `captions`.
    """
    width, height = figure.get_size_inches() / MM
    shown = shortened(text, width, 600, 9)
    room = width - width_of(shown, 9, 600) - 3
    fitting = note if width_of(note, 7.5, 400) <= room else short_note
    figure.text(
        0,
        (top - 1) / height,
        shown,
        fontsize=9,
        va="top",
        gid=HEADING,
        label=text,
        **semibold(shown),
    )
    figure.text(
        1,
        (top - 1.35) / height,
        shortened(fitting, width, size=7.5),
        fontsize=7.5,
        color=look.grey,
        ha="right",
        va="top",
        gid=NOTE,
        label=note,
        visible=width_of(fitting, 7.5, 400) <= room,
    )


@dataclass(frozen=True)
class Caption:
    """The heading of a chart and the note beside it, in full."""

    heading: str
    note: str


def captions(figure: Figure) -> tuple[Caption, ...]:
    """Return the headings of a figure with their notes, in the order of drawing."""
    headings, notes = (
        [str(text.get_label()) for text in figure.texts if text.get_gid() == gid]
        for gid in (HEADING, NOTE)
    )
    return tuple(map(Caption, headings, notes))


def label_row(
    axes: Axes, row: float, text: str, room: float, figure_width: float
) -> None:
    """Write a row's title in the `room` millimetres at the left of the axes.

    `text` may have two lines. The letters are smaller where a line is too wide, and it
    is cut only where the smallest are too wide.
    """
    width = float(axes.get_position().width * figure_width)
    lines = [drawable(line) for line in text.split("\n")]
    size = next(
        (
            size
            for size in LABEL_SIZES
            if all(width_of(line, size, 400) <= room - 3 for line in lines)
        ),
        LABEL_SIZES[-1],
    )
    lines = [shortened(line, room - 3, size=size) for line in lines]
    axes.annotate(
        "\n".join(lines),
        (-2 / width, row),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center_baseline" if len(lines) == 1 else "center",
        fontsize=size,
        multialignment="right",
        linespacing=0.95,
        annotation_clip=False,
    )


def write_beside(
    axes: Axes, x: float, y: float, text: str, color: str, strong: bool = False
) -> None:
    """Label the end of a curve, at its right."""
    axes.annotate(
        text,
        (x, y),
        (6, 0),
        textcoords="offset points",
        va="center",
        color=color,
        **(SEMIBOLD if strong else {}),
        linespacing=1.15,
        annotation_clip=False,
    )


def top_of(probabilities: Iterable[float]) -> float:
    """Return the end of an axis in percent that has room for all `probabilities`."""
    highest = 100 * max(probabilities)
    return next((top for top in (25.0, 50.0) if highest <= top), 100.0)


def percent_axis(axes: Axes, top: float) -> None:
    """Let the axis go up from 0 to `top` percent, in five steps."""
    axes.set_ylim(0, top)
    axes.set_yticks(np.linspace(0, top, 6))


def tick(value: float, _position: int | None) -> str:
    """Return the label of a tick, with a true minus sign."""
    text = f"{value / 1e6:g} million" if abs(value) >= 1e6 else f"{value:g}"
    return text.replace("-", "\N{MINUS SIGN}")


def semibold(text: str) -> dict[str, Any]:
    """Return the style of a heading: the second font has no such weight."""
    return SEMIBOLD if letters_of("Inter").issuperset(map(ord, text)) else {}


def shortened(text: str, width: float, weight: int = 400, size: float = 8) -> str:
    """Return `text`, cut at the end where it is wider than `width` millimetres.

    It consists of characters that the fonts can draw.
    """
    text = drawable(text)
    if width_of(text, size, weight) <= width:
        return text
    too_long = bisect_right(
        range(len(text)), width, key=lambda n: width_of(f"{text[:n]}…", size, weight)
    )
    return f"{text[: max(0, too_long - 1)].rstrip()}…"


def in_two_lines(text: str, width: float, weight: int = 400, size: float = 8) -> str:
    """Return `text` in one or two lines that are no wider than `width` millimetres."""
    first, *others = wrapped(text, width, size, weight)
    if not others:
        return first
    return f"{first}\n{shortened(' '.join(others), width, weight, size)}"


@lru_cache(maxsize=4096)
def width_of(text: str, size: float, weight: int) -> float:
    """Return the width of `text` in millimetres."""
    inter = letters_of("Inter")
    plain = "".join(letter if ord(letter) in inter else "M" for letter in text)
    properties = font_manager.FontProperties(family="Inter", weight=weight, size=size)
    points, _, _ = text_to_path.get_text_width_height_descent(
        plain, properties, ismath=False
    )
    return float(points) / 72 / MM
