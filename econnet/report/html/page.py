"""A page of HTML: self-contained, without server or network, or one of a site.

A self-contained page contains its style, scripts, fonts and data. Its
Content-Security-Policy allows exactly these scripts and this style, by their digests,
so that no text from the data can ever run. The pages of a site share style and scripts
as files, and their policy allows no others than the site's own. Jinja escapes text;
data for the scripts are JSON in which no tag can end.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from econnet.forecast.result import Responsive
from econnet.report import wording
from econnet.report.figures.shades import shades
from econnet.report.figures.style import DARK, LIGHT, Look
from econnet.report.html.charts import Chart
from econnet.report.html.svg import color_rules

REPORT = resources.files("econnet.report")
# Of the numbers in the pages of a site, which has hundreds of them.
DIGITS = 7
# A day, a month or a quarter in a table, the base of an index, and the mark of an old
# forecast.
UNBROKEN = re.compile(
    r"\b(?:(?:\d{1,2} )?[A-Z][a-z]{2} \d{4}|\d{4} Q[1-4])\b|(?<!-)\b\d+ = \d+"
    r"|\(out of date\)"
)
RESPONSIVE_SCRIPT = "responsive.js"
SCRIPTS = {
    "uplot.js": "vendor/uPlot.iife.min.js",
    "page.js": "html/assets/page.js",
    RESPONSIVE_SCRIPT: "html/assets/responsive.js",
}


@dataclass(frozen=True)
class SiteLinks:
    """The site that a page belongs to, as seen from the page.

    Parameters
    ----------
    root
        The path to the front page's folder: empty, or `../`.
    pages
        Text and path from `root` of the links to the main pages.
    current
        The path of this page, if it is one of them.
    feed
        The path of the Atom feed.
    note
        How the question of this page is related to that of the site, in a sentence.
    """

    root: str
    pages: tuple[tuple[str, str], ...]
    current: str
    feed: str
    note: str = ""


def assets() -> dict[str, bytes]:
    """Return the files that the pages of a site share, by their name in `assets/`."""
    scripts = {name: _text(path).encode() for name, path in SCRIPTS.items()}
    return {"page.css": _style().encode(), **scripts}


def render(
    template: str,
    *,
    title: str,
    description: str,
    made: str,
    sections: Sequence[tuple[str, str]],
    stem: str,
    charts: Mapping[str, Chart],
    site: SiteLinks | None = None,
    responsive: Responsive | None = None,
    **texts: object,
) -> str:
    """Return a page from a template.

    `sections` are id and text of the links at its top; `stem` is the beginning of the
    names of downloaded files, and `responsive` what a reader can change. With `site`,
    the page links to the site and uses its assets; otherwise it is self-contained.
    """
    names = [name for name in SCRIPTS if responsive or name != RESPONSIVE_SCRIPT]
    scripts = [_text(SCRIPTS[name]) for name in names]
    data: dict[str, Any] = {
        "stem": stem,
        "charts": {
            name: _data(chart, in_site=site is not None)
            for name, chart in charts.items()
        },
    }
    if responsive is not None:
        data["responsive"] = asdict(responsive)
    return (
        _environment()
        .get_template(template)
        .render(
            title=title,
            description=description,
            made=made,
            sections=sections,
            charts=charts,
            site=site,
            assets=[f"{site.root}assets/{name}" for name in names] if site else [],
            responsive=responsive,
            policy=SITE_POLICY if site else _policy(scripts, [_style()]),
            # Files of the package: trusted, and pinned by their digests in the policy.
            style=Markup(_style()),  # noqa: S704 - a file of ours
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - as above
            data=Markup(json_in_html(data)),  # noqa: S704 - no tag is in it
            **texts,
        )
    )


def _in_digits(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with each number in it rounded to `DIGITS` digits."""
    match value:
        case float():
            short = float(f"{value:.{DIGITS}g}")
            return int(short) if short.is_integer() else short
        case dict():
            return {key: _in_digits(each) for key, each in value.items()}
        case list() | tuple():
            return [*map(_in_digits, value)]
    return value


def json_in_html(data: object) -> str:
    """Return JSON for a script element: no tag begins or ends in it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return a policy that allows these scripts and styles, and nothing else."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_digest, scripts))}; "
        f"style-src {' '.join(map(_digest, styles))}; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


SITE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src data:; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("econnet.report.html", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["unbroken"] = _unbroken
    return environment


def _printable(value: object) -> object:
    """Return text from the data with its unprintable characters replaced."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return wording.printable(value)
    return value


def _unbroken(cell: str) -> str:
    """Return the text of a cell with no line break inside a date: `3 Sep 2026`."""
    return UNBROKEN.sub(lambda part: part[0].replace(" ", "\N{NO-BREAK SPACE}"), cell)


@cache
def _style() -> str:
    """Return the style sheet: fonts, colours and layout."""
    return "\n".join(
        [
            _face("Inter-Regular.woff2", 400),
            _face("Inter-SemiBold.woff2", 600),
            _colors(LIGHT),
            f"@media (prefers-color-scheme: dark){{{_colors(DARK)}}}",
            f"@media print{{{_colors(LIGHT)}}}",
            color_rules(),
            _text("vendor/uPlot.min.css"),
            _text("html/assets/page.css"),
        ]
    )


def _colors(look: Look) -> str:
    """Return a look's colours as variables: `pale_grey` is `--pale-grey`."""
    colors = {name.replace("_", "-"): color for name, color in asdict(look).items()}
    colors |= {f"step-{step}": color for step, color in enumerate(shades(look))}
    variables = ";".join(f"--{name}:{color}" for name, color in colors.items())
    return f":root{{{variables}}}"


def _face(file: str, weight: int) -> str:
    font = base64.b64encode((REPORT / "fonts" / file).read_bytes()).decode("ascii")
    return (
        f'@font-face{{font-family:"Inter";font-weight:{weight};font-display:block;'
        f'src:url("data:font/woff2;base64,{font}")format("woff2")}}'
    )


@cache
def _text(path: str) -> str:
    return (REPORT / path).read_text("utf-8")


def _data(chart: Chart, *, in_site: bool) -> dict[str, Any]:
    """Return what the page's scripts need of a chart, for a site in `DIGITS` digits."""
    data = {
        "columns": [asdict(column) for column in chart.columns],
        "live": None if chart.live is None else asdict(chart.live),
    }
    return _in_digits(data) if in_site else data
