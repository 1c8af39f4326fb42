"""The page on data: files, JSON API, badges, sources with licence and attribution."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pandas as pd

from econnet.core.sources import SOURCES
from econnet.forecast.result import Forecast
from econnet.report.html import page
from econnet.report.site import badges, documents, feed, links
from econnet.report.site.chain import FILE


def as_html(
    pages: Sequence[Forecast], compared: Sequence[Forecast], made: str, credit: str
) -> str:
    """Return the page; its examples are of the first forecast.

    `pages` are the forecasts that the pages of countries show, `compared` those on the
    question by which all countries are compared.
    """
    first = pages[0]
    code = first.country.alpha3
    return page.render(
        "data.html",
        title="Data of econnet's forecasts",
        description="Forecasts, record and sources as files, with their licences",
        made=made,
        sections=SECTIONS,
        stem="econnet",
        charts={},
        site=links.of(links.DATA),
        files=FILES,
        documents=(
            (documents.FORECASTS, _schema("forecasts"), "all forecasts"),
            (documents.country_file(code), _schema("country"), COUNTRY_DOCUMENT),
            (documents.SCOREBOARD, _schema("scoreboard"), "the record's scores"),
        ),
        badge={"path": documents.badge_file(code), "alt": badges.description(first)},
        sources=list(_sources(sources_table([*pages, *compared]))),
        credit=credit,
    )


def sources_table(forecasts: Sequence[Forecast]) -> pd.DataFrame:
    """Return every series behind the forecasts, with its rights and attribution.

    A series behind two forecasts for a country is listed once.
    """
    columns = ["country", *documents.Series.__annotations__]
    rows = [
        {"country": forecast.country.alpha3, **asdict(series)}
        for forecast in forecasts
        for series in documents.series(forecast)
    ]
    return pd.DataFrame(rows, columns=columns).drop_duplicates(ignore_index=True)


def _sources(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield a row for each source: its attribution, rights, terms, and series."""
    for source, rows in table.groupby("source", sort=False):
        facts = SOURCES.get(str(source))
        yield (
            str(source) if facts is None else facts.title,
            "; ".join(rows["attribution"].unique()[:MAX_SHOWN]),
            "; ".join(rows["rights"].unique()[:MAX_SHOWN]),
            "" if facts is None else facts.terms,
            f"{len(rows):,}",
        )


def _schema(name: str) -> str:
    return f"{documents.FOLDER}/schemas/{name}.schema.json"


MAX_SHOWN = 3
COUNTRY_DOCUMENT = "one country, with drivers, past forecasts and sources"
SECTIONS = (
    ("files", "Files"),
    ("api", "JSON API"),
    ("badges", "Badges"),
    ("sources", "Sources and licences"),
)
FILES = (
    (FILE, "the record, one line per forecast and outcome, chained by SHA-256"),
    ("data/forecasts.csv", "today's forecast for each country"),
    (
        "data/past-forecasts.csv",
        "out-of-sample forecasts of the past, with outcomes",
    ),
    ("data/scoreboard.csv", "every published forecast with its outcome"),
    ("data/sources.csv", "every series used, with its rights and attribution"),
    (feed.FILE, "Atom feed: new forecasts, large changes and outcomes"),
    ("SHA256SUMS", "the checksums of all files of the site"),
)
