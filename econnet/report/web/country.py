"""The page of one country: the texts of the printed report, and charts that move."""

from collections.abc import Sequence

from econnet.forecast import Driver, Forecast
from econnet.report import pages, words
from econnet.report.web import charts, page

SECTIONS = (
    ("content", "The answer"),
    ("record", "Track record"),
    ("drivers", "What drives it"),
    ("data-used", "Data and method"),
)


def as_html(forecast: Forecast) -> str:
    """Return the report as a page of HTML."""
    texts = pages.content(forecast)
    drawn = charts.charts(forecast)
    return page.render(
        "country.html",
        title=texts["title"],
        description=words.chance(forecast),
        made=texts["made"],
        sections=SECTIONS,
        stem=f"{charts.safe_name(forecast.country.alpha3)}-{forecast.period}",
        charts=drawn,
        it=texts,
        bars=_bars(forecast.drivers),
        responses=[name for name in drawn if name.startswith("response-")],
    )


def _bars(drivers: Sequence[Driver]) -> list[dict[str, object]]:
    """Return the rows of the bar chart of drivers, the longest first."""
    values = [driver.contribution for driver in drivers]
    low, high = min([0.0, *values]), max([0.0, *values])
    scale = 100 / (high - low or 1.0)
    return [
        {
            "title": driver.title,
            "shown": words.number(driver.contribution, 2, sign=True),
            "up": driver.contribution > 0,
            "start": round(scale * (min(0.0, driver.contribution) - low), 2),
            "length": round(scale * abs(driver.contribution), 2),
            "zero": round(-scale * low, 2),
        }
        for driver in sorted(drivers, key=lambda it: -abs(it.contribution))
    ]
