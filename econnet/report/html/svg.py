"""A figure of the report as SVG inside a page of HTML.

matplotlib draws it, as for the PDF, and this module rewrites it for a page with a
strict policy and two colour schemes: attributes and classes replace style attributes,
colours come from the style sheet, ids are unique within the page, and coordinates are
rounded. Text stays text, in the fonts of the page.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from xml.etree import ElementTree

from markupsafe import Markup, escape
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from econnet.report import wording
from econnet.report.figures.shades import NAMES, shades
from econnet.report.figures.style import LIGHT, MM, PAGE_TEXT, as_svg, style

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
MARGIN = 0.5 * MM

MEASURES = {"x", "y", "width", "height", "transform"}

# Style properties that are defaults, or that the style sheet sets.
LEFT_OUT = {
    ("font-family", None),
    ("stroke-dashoffset", "0"),
    ("text-anchor", "start"),
    ("stroke-width", "1"),
}


def inline_svg(figure: Figure, name: str, alt: str, captions: bool = False) -> Markup:
    """Return a figure drawn in the light look as SVG in the colours of the page.

    Its ids begin with `name`, which is unique in the page. Headings and notes are left
    out unless `captions`, since a page has them as its own text.
    """
    with _only_the_chart(figure, captions), style(LIGHT):
        drawn = as_svg(figure, _box(figure))
    root = ElementTree.fromstring(drawn)  # noqa: S314 - matplotlib's
    titles = {
        str(artist.get_gid()): str(artist.get_label())
        for artist in figure.findobj(lambda artist: artist.get_gid() is not None)
        if artist.get_gid() not in PAGE_TEXT
    }
    inside = _Writer(name, titles).children(root)
    box = _rounded(root.attrib["viewBox"])
    return Markup(  # noqa: S704 - every text in it is escaped
        f'<svg class="picture" viewBox="{box}" role="img" aria-label="{_text(alt)}">'
        f"{inside}</svg>"
    )


def color_rules() -> str:
    """Return the rules of the style sheet that colour figures by `Look`."""
    steps = [f"step-{step}" for step in range(len(NAMES))]
    names = dict.fromkeys([*COLORS.values(), *steps])
    return "".join(
        f".fill-{name}{{fill:var(--{name})}}.stroke-{name}{{stroke:var(--{name})}}"
        for name in names
    )


def _colors() -> dict[str, str]:
    """Return the style sheet's name of each colour of the light look."""
    steps = {color: f"step-{step}" for step, color in enumerate(shades(LIGHT))}
    look = {color: name.replace("_", "-") for name, color in asdict(LIGHT).items()}
    return steps | look


@contextmanager
def _only_the_chart(figure: Figure, captions: bool) -> Iterator[None]:
    """Hide the ground of a figure and, unless `captions`, its headings and notes."""
    hidden: list[Artist] = [figure.patch]
    if not captions:
        hidden += figure.findobj(lambda artist: artist.get_gid() in PAGE_TEXT)
    shown = [artist for artist in hidden if artist.get_visible()]
    for artist in shown:
        artist.set_visible(False)
    yield
    for artist in shown:
        artist.set_visible(True)


def _box(figure: Figure) -> Bbox:
    """Return the part of a figure that is not empty, at its full width."""
    drawn = figure.get_tightbbox()
    left, right = min(0.0, drawn.x0), max(figure.get_size_inches()[0], drawn.x1)
    return Bbox([[left, drawn.y0 - MARGIN], [right, drawn.y1 + MARGIN]])


class _Writer:
    """Writes the elements of one figure for the page."""

    def __init__(self, name: str, titles: Mapping[str, str]) -> None:
        self.name = name
        self.titles = titles
        self.ids: dict[str, str] = {}
        self.lines: dict[str, dict[str, str]] = {}

    def children(self, element: ElementTree.Element) -> str:
        """Return what is inside an element."""
        return "".join(self.element(child) for child in element)

    def element(self, element: ElementTree.Element) -> str:
        """Return an element, or nothing where it would not be seen."""
        tag = element.tag.removeprefix(SVG)
        if tag not in {"g", "defs", "clipPath", "path", "rect", "use", "text"}:
            return ""
        attributes = self.attributes(element)
        if tag == "use":
            attributes = self.without_defined(attributes)
        elif tag == "path" and "id" in attributes:
            self.lines[attributes["id"]] = attributes
        invisible = attributes.get("fill") == "none" and "stroke" not in (
            attributes.get("class", "")
        )
        if tag == "path" and invisible:
            return ""
        inside = self.children(element) + str(escape((element.text or "").strip()))
        if tag in {"g", "defs"}:
            if not inside:
                return ""
            title = self.titles.get(element.get("id", "")) if tag == "g" else None
            if title is not None:
                inside = f"<title>{_text(title)}</title>{inside}"
                attributes["class"] = "titled"
            if tag == "g" and not attributes:
                return inside
        written = "".join(
            f' {key}="{escape(value)}"' for key, value in attributes.items()
        )
        return f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>"

    def attributes(self, element: ElementTree.Element) -> dict[str, str]:
        """Return an element's attributes as the page has them."""
        attributes: dict[str, str] = {}
        for key, value in element.attrib.items():
            if key == "style":
                attributes |= _presentation(value)
            elif key == "d":
                attributes["d"] = short_path(value)
            elif key == HREF:
                attributes["href"] = f"#{self.id_of(value[1:])}"
            elif key == "clip-path":
                attributes[key] = f"url(#{self.id_of(value[5:-1])})"
            elif key == "id" and not element.tag.endswith("}g"):
                attributes["id"] = self.id_of(value)
            elif key in MEASURES and not value.startswith("rotate(-0 "):
                attributes[key] = _rounded(value)
        return attributes

    def without_defined(self, attributes: dict[str, str]) -> dict[str, str]:
        """Return what a copy of a path does not have from the path itself."""
        line = self.lines.get(attributes["href"].removeprefix("#"), {})
        kept = {key: text for key, text in attributes.items() if line.get(key) != text}
        own = {name.split("-")[0] for name in line.get("class", "").split()}
        names = attributes.get("class", "").split()
        if left := [name for name in names if name.split("-")[0] not in own]:
            return kept | {"class": " ".join(left)}
        kept.pop("class", None)
        return kept

    def id_of(self, old: str) -> str:
        """Return an id of the page for one of matplotlib's."""
        return self.ids.setdefault(old, f"{self.name}-{len(self.ids) + 1}")


def _presentation(style_: str) -> dict[str, str]:
    """Return a style attribute as attributes, and colours as classes."""
    classes, attributes = [], {}
    for part in style_.split(";"):
        key, value = (text.strip() for text in part.split(":", 1))
        if (key, None) in LEFT_OUT or (key, value) in LEFT_OUT:
            continue
        if key in {"fill", "stroke"} and value != "none":
            classes.append(f"{key}-{COLORS[value]}")
        else:
            attributes[key] = _rounded(value.removesuffix("px"))
    return {**({"class": " ".join(classes)} if classes else {}), **attributes}


def _text(text: str) -> str:
    return str(escape(wording.printable(text)))


def _rounded(text: str) -> str:
    """Return a text with each number in it rounded to two decimals."""
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: _short(number[0]), text)


def _short(number: str) -> str:
    text = f"{float(number):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def short_path(path: str) -> str:
    """Return the same path, rounded and with short horizontal and vertical lines."""
    short: list[str] = []
    start: list[str] = []
    last: list[str] = []
    for letter, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        points = [_short(number) for number in numbers.split()]
        match letter:
            case "M":
                start = points
            case "z":
                # A line back to where the shape began is what closing it draws.
                if last == start and len(short) > 1:
                    short.pop()
            case "L" if points[1] == last[1]:
                letter, points, last = "H", points[:1], points
            case "L" if points[0] == last[0]:
                letter, points, last = "V", points[1:], points
        short.append(f"{letter}{' '.join(points)}")
        if letter not in "HVz":
            last = points[-2:]
    return "".join(short)


COLORS = _colors()
