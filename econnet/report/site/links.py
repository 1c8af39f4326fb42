"""The main pages of the site, and how its pages link to each other."""

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
