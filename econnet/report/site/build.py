"""The site as files: everything that a publication writes, from one ranking.

All files are written before the first of them is moved to its place, the record before
the others, so that a failure leaves the last site as it was. Files that are not of the
site, such as those of version control, are left alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from econnet.core.errors import UsageError
from econnet.forecast.ranking import Ranking
from econnet.forecast.result import Forecast
from econnet.report import html, ranking_rows, tables, wording
from econnet.report.figures import world
from econnet.report.html import page
from econnet.report.site import (
    badges,
    changes,
    data_page,
    documents,
    feed,
    front_page,
    links,
    scoreboard,
    scoreboard_page,
)
from econnet.report.site.chain import FILE, Record
from econnet.runtime import atomic_files, workers


@dataclass(frozen=True)
class Site:
    """What is published: the forecasts, and the record that they were added to.

    `ranking` has the question by which all countries are compared, `headlines` the
    forecasts on other questions that pages of countries show instead, by country.
    """

    ranking: Ranking
    record: Record
    headlines: Mapping[str, Forecast] = field(default_factory=dict)

    def page(self, forecast: Forecast) -> Forecast:
        """Return the forecast that the page of a country of the ranking shows."""
        return self.headlines.get(forecast.country.alpha3, forecast)


def check_folder(folder: Path) -> None:
    """Raise `UsageError` if a folder has files but no site; the two would be mixed."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder for the site")
    others = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if others and not (folder / FILE).exists():
        raise UsageError(
            f"{folder} has files but no {FILE}, so it is not a site written by "
            "econnet: choose an empty folder"
        )


def write(
    site: Site, folder: Path, progress: Callable[[float], None] = lambda _: None
) -> list[Path]:
    """Write the site into `folder`, created if needed, and return its files."""
    return atomic_files.replace_together(folder, files(site, progress))


def files(
    site: Site, progress: Callable[[float], None] = lambda _: None
) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of every file, the record first."""
    ranking, record = site.ranking, site.record
    newest = wording.newest(ranking.forecasts)
    ordered = world.by_distance(ranking)
    scores = scoreboard.of(record)
    news = changes.publications(record, scores)
    board = documents.scoreboard(record, scores, newest.made_at)
    made, credit = wording.ranking_made(ranking), wording.ranking_credit(ranking)
    yield FILE, record.content
    yield from ((f"assets/{name}", content) for name, content in page.assets().items())
    front = front_page.as_html(ranking, ordered, news, len(site.headlines))
    yield links.FRONT, front.encode()
    board_page = scoreboard_page.as_html(scores, board, made, credit)
    yield links.SCOREBOARD, board_page.encode()
    pages = [site.page(forecast) for forecast in ordered]
    yield links.DATA, data_page.as_html(pages, ordered, made, credit).encode()
    yield feed.FILE, feed.as_atom(record, news, newest.versions["econnet"])
    yield documents.FORECASTS, documents.encode(documents.forecasts(ranking, ordered))
    yield documents.SCOREBOARD, documents.encode(board)
    yield from documents.schemas().items()
    yield "data/forecasts.csv", tables.as_csv(ranking_rows.rows(ranking))
    past = ranking_rows.past_forecasts(ranking)
    yield "data/past-forecasts.csv", tables.as_csv(past)
    yield "data/scoreboard.csv", tables.as_csv(scoreboard_page.table(board))
    sources = data_page.sources_table([*pages, *ordered])
    yield "data/sources.csv", tables.as_csv(sources)
    yield from _countries(site, ordered, progress)


def _countries(
    site: Site, forecasts: tuple[Forecast, ...], progress: Callable[[float], None]
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of each country, computed on all cores."""
    both = [CountryPage(site.page(forecast), forecast) for forecast in forecasts]
    computed = workers.CORES.run(country_files, both)
    for done, (_, contents) in enumerate(computed, 1):
        yield from contents.items()
        progress(done / len(forecasts))


@dataclass(frozen=True)
class CountryPage:
    """A forecast that a country's page shows, and the one it is compared by.

    `compared` answers the question by which all countries are compared; it may be the
    same forecast.
    """

    forecast: Forecast
    compared: Forecast


def country_files(shown: CountryPage) -> Mapping[str, bytes]:
    """Return a country's page, document and badge, by their paths in the site."""
    forecast, compared = shown.forecast, shown.compared
    code = forecast.country.alpha3
    path = documents.country_page(code)
    site = replace(links.of(path), note=links.comparison(forecast, compared))
    document = documents.country(forecast, compared)
    return {
        path: html.as_html(forecast, site=site).encode(),
        documents.country_file(code): documents.encode(document),
        documents.badge_file(code): badges.badge(forecast),
    }
