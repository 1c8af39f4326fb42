"""The page of one country: the texts of the printed report, and charts that move."""

from collections.abc import Sequence

from econnet.forecast.result import Driver, Forecast
from econnet.report import figures, wording
from econnet.report.html import charts, page
from econnet.report.pdf import content as pdf_content

SECTIONS = (
    ("content", "The answer"),
    ("record", "Track record"),
    ("drivers", "What drives it"),
    ("data-used", "Data and method"),
)


def as_html(forecast: Forecast) -> str:
    """Return the report as a page of HTML."""
    texts = pdf_content.content(forecast)
    shown = charts.charts(forecast)
    return page.render(
        "country.html",
        title=texts["title"],
        description=wording.chance(forecast),
        made=texts["made"],
        sections=SECTIONS,
        stem=f"{charts.safe_name(forecast.country.alpha3)}-{forecast.period}",
        charts=shown,
        it=texts,
        watch=[_watched(figure) for figure in texts["watch"]],
        series=[_row(series) for series in texts["series"]],
        bars=_bars(forecast.explanation.drivers),
        responses=[name for name in shown if name.startswith("response-")],
        record_figures=figures.of_chapter("record"),
        driver_figures=figures.of_chapter("drivers"),
    )


def _watched(figure: pdf_content.Content) -> list[str]:
    late = " (overdue)" if figure["due"]["loss"] else ""
    return [figure["title"], f"{figure['due']['text']}{late}", figure["range"]]


def _row(series: pdf_content.Content) -> list[str]:
    """Return one series as the cells of its row."""
    due = series["due"]["text"]
    late = " (overdue)" if series["due"]["loss"] else ""
    parts = [series[key] for key in ("title", "id", "unit", "periods", "last")]
    return [*parts, f"{due}{late}", series["rights"]]


def _bars(drivers: Sequence[Driver]) -> list[dict[str, object]]:
    """Return the rows of the bar chart of drivers, the longest first."""
    values = [driver.contribution for driver in drivers]
    low, high = min([0.0, *values]), max([0.0, *values])
    scale = 100 / (high - low or 1.0)
    return [
        {
            "title": driver.title,
            "shown": wording.number(driver.contribution, 2, sign=True),
            "up": driver.contribution > 0,
            "start": round(scale * (min(0.0, driver.contribution) - low), 2),
            "length": round(scale * abs(driver.contribution), 2),
            "zero": round(-scale * low, 2),
        }
        for driver in sorted(drivers, key=lambda driver: -abs(driver.contribution))
    ]
