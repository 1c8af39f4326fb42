"""The main pages of the site, and how its pages are related to each other."""

from econnet.forecast.result import Forecast
from econnet.report import wording
from econnet.report.html.page import SiteLinks
from econnet.report.site import feed

FRONT, SCOREBOARD, DATA = "index.html", "scoreboard.html", "data.html"
PAGES = (
    ("Forecasts", FRONT),
    ("Scoreboard", SCOREBOARD),
    ("Data", DATA),
    ("Feed", feed.FILE),
)


def of(page: str) -> SiteLinks:
    """Return the links of a page, given by its path in the site."""
    return SiteLinks("../" * page.count("/"), PAGES, page, feed.FILE)


def comparison(forecast: Forecast, compared: Forecast) -> str:
    """Return how the question of a country's page is related to that of the site.

    `compared` is the country's forecast on the question of the front page.
    """
    if forecast.task != compared.task:
        chance = wording.percent(compared.probability)
        return (
            f"All countries are compared on another question. {compared.country.name}: "
            f"{wording.event_title(compared)}, {chance} (historical average "
            f"{wording.percent(compared.base_rate)})."
        )
    if forecast.questions:
        return "All countries are compared on this question."
    return (
        "All countries are compared on this question. Another question may have a "
        f"better track record for {compared.country.name}: `econnet report --country "
        f"{compared.country.alpha3}` finds it."
    )
