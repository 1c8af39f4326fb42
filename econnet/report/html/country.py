"""The page of one country: the texts of the printed report, and interactive charts."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report import figures, wording
from econnet.report.content import Content, content
from econnet.report.html import charts, page
from econnet.report.html.page import SiteLinks

SECTIONS = (
    ("content", "The answer"),
    ("record", "Track record"),
    ("drivers", "Drivers"),
    ("data-used", "Data and method"),
)


def as_html(
    forecast: Forecast,
    drawn: Mapping[str, Figure] | None = None,
    site: SiteLinks | None = None,
) -> str:
    """Return the report as a page of HTML, self-contained unless it is of a site.

    `drawn` are the figures of `figures.draw`, if they have been drawn.
    """
    texts = content(forecast)
    shown = charts.charts(forecast, drawn)
    return page.render(
        "country.html",
        title=texts["title"],
        description=wording.chance(forecast),
        made=texts["made"],
        sections=SECTIONS,
        stem=f"{charts.safe_name(forecast.country.alpha3)}-{forecast.period}",
        charts=shown,
        site=site,
        # A site has hundreds of pages, and the weights of all networks would fill it.
        responsive=None if site else forecast.explanation.responsive,
        report=texts,
        watch=[_cells(release) for release in texts["watch"]],
        series=[_cells(series) for series in texts["series"]],
        bars=_bars(forecast),
        responses=[name for name in shown if name.startswith("response-")],
        record_figures=figures.of_chapter("record"),
        driver_figures=figures.of_chapter("drivers"),
    )


def _cells(row: Content) -> list[str]:
    """Return the cells of a row; a word replaces the colour of the PDF."""
    late = " (overdue)" if row["due"]["loss"] else ""
    return list({**row, "due": f"{row['due']['text']}{late}"}.values())


def _bars(forecast: Forecast) -> list[dict[str, object]]:
    """Return the rows of the bar chart of drivers, the longest first."""
    drivers, points = (
        forecast.explanation.drivers,
        wording.contribution_points(forecast),
    )
    values = [driver.contribution for driver in drivers]
    low, high = min([0.0, *values]), max([0.0, *values])
    scale = 100 / (high - low or 1.0)
    return [
        {
            "title": driver.title,
            "shown": wording.in_decimals(points * driver.contribution),
            "up": driver.contribution > 0,
            "start": round(scale * (min(0.0, driver.contribution) - low), 2),
            "length": round(scale * abs(driver.contribution), 2),
            "zero": round(-scale * low, 2),
        }
        for driver in wording.by_size(drivers)
    ]
