"""The World Bank's archive: every edition of the World Development Indicators.

It needs no key, and gives each value as every edition had it, so that the vintages of a
series can be formed. An edition is named by its month, `202607`; its day is not given,
so its values count as known on the last day of that month, and the edition of a month
that has not ended is left for the next fetch. Editions differ in base year: a vintage
is complete in itself, and levels of two vintages must not be compared.
"""

import hashlib
import math
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import pandas as pd

from econnet.core.catalog import (
    ARCHIVE,
    Indicator,
    SeriesTemplate,
    archived,
    fetched_from,
)
from econnet.core.countries import Country
from econnet.core.errors import SourceError
from econnet.core.text import one_line
from econnet.data.sources import observations
from econnet.data.sources.http import NOT_ITS_FORMAT, MissingSeriesError, PoliteSession
from econnet.data.sources.observations import FetchedSeries, Key, RawPage, Retrieval
from econnet.data.sources.query import Job, Memoized, Plan

DATABASE = 57
ROWS_PER_PAGE = 20_000
MAX_PAGES = 20  # a country has about 65 years in 250 editions
CONTENT_TYPES = frozenset(
    {"application/json", "text/json", "text/plain", "text/xml", "application/xml"}
)
ATTRIBUTION = "Source: World Bank, WDI Database Archives"


@dataclass(frozen=True)
class _Archive:
    """The archive, at the World Bank's address."""

    session: PoliteSession
    url: str

    def editions(self, today: date) -> tuple[str, ...]:
        """Return the names of the editions of past months, the oldest first."""
        pages, _ = self._pages("editions", "version")
        names: list[str] = []
        try:
            for page in pages:
                [source] = page["source"]
                [concept] = source["concept"]
                names += [str(entry["id"]) for entry in concept["variable"]]
            ended = [name for name in names if _last_day(name) < today]
        except NOT_ITS_FORMAT as error:
            reason = "a list of editions in another format"
            raise self.error("editions", reason) from error
        return tuple(sorted(ended))

    def rows(
        self, series_id: str, country: str, code: str
    ) -> tuple[list[tuple[str, str, float | None]], str, tuple[RawPage, ...]]:
        """Return edition, year and value of each row, the newest title, the pages."""
        pages, raw = self._pages(
            series_id, f"country/{country}/series/{code}/version/all/time/all/data"
        )
        rows, titles = [], dict[str, str]()
        try:
            for page in pages:
                for entry in page["source"]["data"]:
                    edition, year, title = _place(entry["variable"], country, code)
                    titles[edition] = title
                    rows.append((edition, year, _value(entry["value"])))
        except NOT_ITS_FORMAT as error:
            raise self.error(series_id, "rows in another format") from error
        # Counted without repetitions: a repeated page completes nothing.
        n_rows, total = len({row[:2] for row in rows}), int(pages[0]["total"])
        if not n_rows == len(rows) == total:
            reason = f"{n_rows:,} rows arrived out of {total:,} that were announced"
            raise self.error(series_id, reason)
        return rows, titles[max(titles)] if titles else "", raw

    def _pages(
        self, series_id: str, path: str
    ) -> tuple[list[dict[str, Any]], tuple[RawPage, ...]]:
        """Return every page, decoded and raw."""
        pages, raw = list[dict[str, Any]](), list[RawPage]()
        while True:
            response = self.session.fetch(
                series_id,
                f"{self.url.rstrip('/')}/sources/{DATABASE}/{path}",
                {
                    "format": "json",
                    "per_page": ROWS_PER_PAGE,
                    "page": len(pages) + 1,
                },
                CONTENT_TYPES,
            )
            # An unknown series or country is an XML page with status 200.
            if match := XML_MESSAGE.search(response.text[:4096]):
                if match[1] == NO_SUCH_DATA:
                    line = self.session.error_line(series_id, "not found there")
                    raise MissingSeriesError(line)
                raise self.error(series_id, f"message {match[1]}: {match[2]}")
            try:
                page = response.json()
                number, total = int(page["page"]), int(page["total"])
                per_page = max(1, int(page["per_page"]))
                first_total = int(pages[0]["total"]) if pages else total
            except NOT_ITS_FORMAT as error:
                raise self.error(series_id, "answered in another format") from error
            if number != len(pages) + 1 or total != first_total:
                raise self.error(
                    series_id, f"page {len(pages) + 1} belongs to another answer"
                )
            pages.append(page)
            raw.append(RawPage.of(response.content))
            if len(pages) * per_page >= total:
                return pages, tuple(raw)
            if len(pages) == MAX_PAGES:
                raise self.error(series_id, f"more than {MAX_PAGES} pages")

    def error(self, series_id: str, reason: str) -> SourceError:
        """Return the error that names source, series and reason."""
        return SourceError(self.session.error_line(series_id, reason))


def jobs(plan: Plan, session: PoliteSession) -> list[Job]:
    """Return one job per country and archived indicator."""
    archive = _Archive(session, plan.settings.urls["worldbank"])
    editions = Memoized(archive.editions)
    return [
        Job(
            key,
            (country.alpha3,),
            partial(_fetch, plan, archive, editions, key, country, indicator, template),
        )
        for country in plan.countries
        for indicator, template in fetched_from("worldbank")
        if template.id.startswith(ARCHIVE) and template.covers(country.alpha3)
        for key in [("worldbank", template.id_for(country), indicator.key)]
    ]


def _fetch(
    plan: Plan,
    archive: _Archive,
    editions: Callable[[date], tuple[str, ...]],
    key: Key,
    country: Country,
    indicator: Indicator,
    template: SeriesTemplate,
) -> FetchedSeries | None:
    """Return the vintages of a country's series; `None` without a new edition."""
    retrieved_at = observations.now()
    names = editions(retrieved_at.date())
    # The list of editions is small; an edition that has ended is never changed.
    digest = hashlib.sha256(" ".join(names).encode()).hexdigest()
    if plan.digests.get(key) == digest:
        return None
    series_id = key[1]
    if not names:
        raise MissingSeriesError(archive.session.error_line(series_id, "no editions"))
    rows, title, raw = archive.rows(series_id, country.alpha3, archived(series_id))
    table = _vintages([row for row in rows if row[0] in names])
    if table.empty:
        line = archive.session.error_line(series_id, "no values")
        raise MissingSeriesError(line)
    retrieval = Retrieval(
        series_id=series_id,
        title=title,
        digest=digest,
        first_period=str(plan.start_year),
        retrieved_at=retrieved_at,
        edition=names[-1],
        attribution=ATTRIBUTION,
        raw=raw,
    )
    return observations.fetched_series(
        table.assign(country=country.alpha3), indicator, template, retrieval
    )


def _vintages(rows: list[tuple[str, str, float | None]]) -> pd.DataFrame:
    """Return `period, value, known_at`, one row for each change of a value.

    An edition without any value of the country is left out: it does not withdraw all
    of them.
    """
    table = pd.DataFrame(rows, columns=["edition", "period", "value"])
    wide = table.pivot(index="edition", columns="period", values="value").astype(float)
    wide = wide.dropna(how="all").sort_index()
    before = wide.shift()
    changed = (wide != before) & ~(wide.isna() & before.isna())
    known_at = pd.DatetimeIndex([_last_day(str(name)) for name in wide.index])
    edition, period = changed.to_numpy().nonzero()
    changes = pd.DataFrame(
        {
            "period": wide.columns.to_numpy(dtype=object)[period],
            "value": wide.to_numpy()[edition, period],
            "known_at": known_at.as_unit("us").to_numpy()[edition],
        }
    )
    return changes.sort_values(["period", "known_at"], ignore_index=True)


def _place(
    variables: list[dict[str, Any]], country: str, code: str
) -> tuple[str, str, str]:
    """Return edition, year and title of a row; raise `ValueError` for another's."""
    by_concept = {entry["concept"]: entry for entry in variables}
    edition, year = (str(by_concept[name]["id"]) for name in ("Version", "Time"))
    if (by_concept["Country"]["id"], by_concept["Series"]["id"]) != (country, code):
        raise ValueError(by_concept)
    _last_day(edition)
    if YEAR.fullmatch(year) is None:
        raise ValueError(year)
    return (
        edition,
        year.removeprefix("YR"),
        one_line(str(by_concept["Series"]["value"])),
    )


def _value(given: object) -> float | None:
    """Return a finite number, or `None` for a missing value; text is not a number."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(given)
    value = float(given)
    if not math.isfinite(value):
        raise ValueError(given)
    return value


def _last_day(edition: str) -> date:
    """Return the last day of an edition's month."""
    if EDITION.fullmatch(edition) is None:
        raise ValueError(edition)
    year, month = int(edition[:4]), int(edition[4:])
    return date(year, month, monthrange(year, month)[1])


EDITION = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])", re.ASCII)
YEAR = re.compile(r"YR(1[89]|20)\d\d", re.ASCII)
XML_MESSAGE = re.compile(r'<wb:message id="(\d+)"[^>]*>([^<]*)<')
NO_SUCH_DATA = "160"
