"""The page of one country: the texts of the printed report, and interactive charts."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from econnet.forecast.result import Forecast
from econnet.report import figures, tables, wording
from econnet.report.content import MAX_SERIES, Content, content
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
    if texts["false_alarms"]:
        every = tables.TABLES["false-alarms"](forecast)
        shown["false-alarms"] = charts.as_data(every)
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
        series=[_cells(series) for series in texts["series"][:MAX_SERIES]],
        more_series=[_cells(series) for series in texts["series"][MAX_SERIES:]],
        responses=[name for name in shown if name.startswith("response-")],
        record_figures=figures.of_chapter("record"),
        driver_figures=figures.of_chapter("drivers"),
    )


def _cells(row: Content) -> list[str]:
    """Return the cells of a row; a word replaces the colour of the PDF."""
    late = " (overdue)" if row["due"]["loss"] else ""
    return list({**row, "due": f"{row['due']['text']}{late}"}.values())
