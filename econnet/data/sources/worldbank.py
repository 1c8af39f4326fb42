"""The World Bank: one request per page, for all countries at once.

The ids of the Global Economic Monitor, which is quarterly and monthly, start with
`GEM/`, those of the archive (`worldbank_archive`) with `archive/`; all others are World
Development Indicators. `Reader` extends that of pandas-datareader: it reads every page,
keeps the ISO codes and refuses an incomplete response. A response is a JSON list of a
header and rows. Errors come as a list with one element, as XML or as a web page, all
with status 200.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

import pandas as pd
from pandas_datareader.wb import WorldBankReader

from econnet.core import countries
from econnet.core.catalog import (
    ARCHIVE,
    Indicator,
    SeriesTemplate,
    fetched_from,
)
from econnet.core.errors import SourceError
from econnet.core.periods import NOUN, frequency_of, parse_period
from econnet.core.text import one_line
from econnet.data.sources import observations, worldbank_archive
from econnet.data.sources.http import (
    NOT_ITS_FORMAT,
    MissingSeriesError,
    PoliteSession,
    RateLimiter,
    RetryPolicy,
    error_line,
)
from econnet.data.sources.observations import FetchedSeries, Key, RawPage, Retrieval
from econnet.data.sources.query import Job, Plan, Query

AT_ONCE = 4
ROWS_PER_PAGE = 32_500  # the maximum of the service
MAX_ROWS = 10**12  # a larger count cannot be one of rows
MAX_PAGES = 20  # a monthly series would take about eight
CONTENT_TYPES = frozenset({"application/json", "text/json", "text/plain"})


@dataclass(frozen=True, eq=False)
class Download:
    """The raw pages of one indicator, their SHA-256, and the facts of the header."""

    series_id: str
    pages: tuple[bytes, ...]
    sha256: str
    total: int
    updated: str
    retrieved_at: datetime

    @property
    def digest(self) -> str:
        """What the next fetch compares: the hash, and what shows a new edition."""
        return f"{self.sha256} {self.total} {self.updated} {self.retrieved_at:%Y-%m-%d}"


def session(retry_policy: RetryPolicy | None = None) -> PoliteSession:
    """Return a session within the limits we keep to at the World Bank."""
    return PoliteSession("World Bank", RateLimiter(AT_ONCE), retry_policy)


def query(plan: Plan) -> Query:
    """Return one job per indicator for all countries, and one per country's archive."""
    source = session(plan.retry_policy)
    jobs = [
        Job(key, (), partial(_fetch, plan, source, key, indicator, template))
        for indicator, template in fetched_from("worldbank")
        if not template.id.startswith(ARCHIVE)
        for key in [("worldbank", template.id, indicator.key)]
    ]
    return Query("worldbank", source, jobs + worldbank_archive.jobs(plan, source))


def _fetch(
    plan: Plan,
    session: PoliteSession,
    key: Key,
    indicator: Indicator,
    template: SeriesTemplate,
) -> FetchedSeries | None:
    url = plan.settings.urls["worldbank"]
    reader = Reader(session, url, template, plan.start_year)
    last = plan.digests.get(key, "")
    if reader.has_same_edition(last):
        return None
    download = reader.download()
    if last.partition(" ")[0] == download.sha256:
        return None
    return read(download, indicator, template, plan.start_year)


def read(
    download: Download, indicator: Indicator, template: SeriesTemplate, start_year: int
) -> FetchedSeries:
    """Return the observations of a download, without `null` values.

    Countries have their alpha-3 code. Aggregates keep the World Bank's code, `WLD` or
    `EMU`, which no country has.
    """
    wanted = template.frequency

    def problem(reason: str) -> SourceError:
        return SourceError(error_line("World Bank", download.series_id, reason))

    try:
        pages = [json.loads(page) for page in download.pages]
        code = code_of(template.id)
        rows = [_row(entry, code) for _, entries in pages for entry in entries]
        total, title = int(pages[0][0]["total"]), _title(pages[0][1])
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise problem("the answer is cut off or is not JSON") from error
    except NOT_ITS_FORMAT as error:
        raise problem("rows in another format") from error
    table = pd.DataFrame(rows, columns=["country", "period", "value"])
    other = [text for text in table["period"] if frequency_of(text) != wanted]
    if other:
        raise problem(
            f"it has a value for {other[0]}, which is not a {NOUN[wanted]}: "
            "the answer is of another frequency than asked"
        )
    # Counted without repetitions: a page that repeats another one completes nothing.
    table = observations.in_order(table, ["country", "period"], problem)
    n_rows = len(table)
    if len(rows) != total or n_rows != total:
        raise problem(f"{n_rows:,} rows arrived out of {total:,} that were announced")
    table = table.dropna(subset=["value"])
    if table.empty:
        raise MissingSeriesError(str(problem("not one value, for any country")))
    retrieval = Retrieval(
        series_id=template.id,
        title=title,
        digest=download.digest,
        first_period=str(start_year),
        retrieved_at=download.retrieved_at,
        raw=tuple(map(RawPage.of, download.pages)),
        attribution=MONITOR_ATTRIBUTION if template.id.startswith(MONITOR) else "",
        edition=download.updated,
    )
    return observations.fetched_series(table, indicator, template, retrieval)


class Reader(WorldBankReader):  # type: ignore[misc]  # it has no types
    """The reader of pandas-datareader over our session, for one indicator.

    It returns all countries and aggregates.
    """

    def __init__(
        self,
        session: PoliteSession,
        base_url: str,
        template: SeriesTemplate,
        start_year: int,
    ) -> None:
        super().__init__(
            symbols=code_of(template.id),
            countries="all",
            start=f"{start_year}-01-01",
            end=f"{observations.now().year}-12-31",
            freq=template.frequency,
            retry_count=0,
            session=session,
            errors="raise",
        )
        self.base_url, self.series_id = base_url.rstrip("/"), template.id
        self.monitor = template.id.startswith(MONITOR)

    @property
    def url(self) -> str:
        """The address of every country's rows."""
        return f"{self.base_url}/country/all/indicator/{code_of(self.series_id)}"

    @property
    def params(self) -> dict[str, str | int]:
        """The parent's parameters, with the largest possible pages.

        They contain a range of dates: without one, the monitor returns annual values,
        the newest of which is a sum over part of the year.
        """
        parameters = {**super().params, "per_page": ROWS_PER_PAGE}
        if self.monitor:
            parameters |= {"source": MONITOR_DATABASE, "frequency": self.freq}
        return parameters

    def download(self) -> Download:
        """Return every page, after checking its header."""
        digest, pages = hashlib.sha256(), list[bytes]()
        first: dict[str, Any] = {}
        count = 1
        while len(pages) < count:
            response = self.session.fetch(
                self.series_id,
                self.url,
                {**self.params, "page": len(pages) + 1},
                CONTENT_TYPES,
            )
            digest.update(response.content)
            header = self._header(response.content)
            first = first or header
            if header["total"] == 0:
                raise MissingSeriesError(
                    str(self._error("it has no data of that name"))
                )
            edition = (header["total"], header.get("lastupdated"))
            if header["page"] != len(pages) + 1 or edition != (
                first["total"],
                first.get("lastupdated"),
            ):
                raise self._error(
                    f"page {len(pages) + 1} of {count} belongs to another answer"
                )
            pages.append(response.content)
            # `pages` cannot be trusted: it has been 0 for a response with data.
            count = -(-first["total"] // max(1, first["per_page"]))
            if count > MAX_PAGES:
                raise self._error(f"{count:,} pages, more than {MAX_PAGES}")
        return Download(
            self.series_id,
            tuple(pages),
            digest.hexdigest(),
            first["total"],
            one_line(str(first.get("lastupdated", "")), at_most=40),
            observations.now(),
        )

    def has_same_edition(self, last: str) -> bool:
        """Return whether the edition of the last download is still the newest.

        One row is requested for its header. An edition of the day of the last download
        is not trusted: it may have been updated later that day.
        """
        match = DIGEST.fullmatch(last)
        if match is None or match["updated"] >= match["seen"]:
            return False
        query = {**self.params, "per_page": 1, "page": 1}
        response = self.session.fetch(self.series_id, self.url, query, CONTENT_TYPES)
        header = self._header(response.content)
        newest = str(header["total"]), str(header.get("lastupdated", ""))
        return newest == (match["total"], match["updated"])

    def _header(self, content: bytes) -> dict[str, Any]:
        """Return a page's header without decoding its many rows."""
        text = content[:HEADER_BYTES].decode("utf-8-sig", errors="replace").strip()
        if not text:
            raise self._error("the answer is empty")
        if text.startswith("<"):
            message = XML_MESSAGE.search(text)
            shown = f"message {message[1]}: {message[2]}" if message else text[:60]
            raise self._error(f"answered with a page or an error, not data: {shown}")
        try:
            header, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
            if "message" in header:
                message = header["message"][0]
                raise self._error(f"message {message['id']}: {message['value']}")
            counts = {key: int(header[key]) for key in ("page", "per_page", "total")}
            if max(counts.values()) > MAX_ROWS:
                raise ValueError(counts)
        except NOT_ITS_FORMAT as error:
            reason = f"answered with something that is not its format: {text[:60]!r}"
            raise self._error(reason) from error
        return {**header, **counts}

    def _error(self, reason: str) -> SourceError:
        return SourceError(self.session.error_line(self.series_id, reason))


def code_of(series_id: str) -> str:
    """Return the World Bank's code of an indicator: without its database.

    >>> code_of("GEM/IPTOTSAKD"), code_of("NY.GDP.MKTP.KD")
    ('IPTOTSAKD', 'NY.GDP.MKTP.KD')
    """
    return series_id.removeprefix(MONITOR)


def _row(entry: dict[str, Any], series_id: str) -> tuple[str, str, float]:
    """Return country, period and value of a row; raise `ValueError` for another's."""
    if entry["indicator"]["id"] != series_id:
        raise ValueError(entry["indicator"]["id"])
    code = entry["countryiso3code"] or _alpha3(entry["country"]["id"])
    if CODE.fullmatch(code) is None:
        raise ValueError(code)
    return code, _period(entry["date"]), _value(entry["value"])


def _value(given: object) -> float:
    """Return a finite number, or NaN for a missing value; text is not a number."""
    if given is None:
        return math.nan
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(given)
    value = float(given)
    if not math.isfinite(value):
        raise ValueError(given)
    return value


def _title(entries: list[dict[str, Any]]) -> str:
    """Return the indicator's title as the first row has it."""
    title = entries[0]["indicator"]["value"]
    if not isinstance(title, str):
        raise TypeError(title)
    # Titles of the monitor end in the commas of empty fields.
    return one_line(title).rstrip(" ,")


@cache
def _alpha3(alpha2: str) -> str:
    """Return the alpha-3 code of a country, or an aggregate's own code."""
    known = {country.alpha2: country.alpha3 for country in countries.all_countries()}
    return known.get(alpha2, alpha2)


@cache
def _period(text: str) -> str:
    """Return the standard text of a period: a month comes as `2020M01`."""
    period = parse_period(text)
    if period is None or period.is_date:
        raise ValueError(text)
    return period.text


MONITOR, MONITOR_DATABASE = "GEM/", 15
MONITOR_ATTRIBUTION = "Source: World Bank, Global Economic Monitor"
DIGEST = re.compile(
    r"[0-9a-f]{64} (?P<total>\d+) (?P<updated>\d{4}-\d\d-\d\d) "
    r"(?P<seen>\d{4}-\d\d-\d\d)",
    re.ASCII,
)
HEADER_BYTES = 4096
CODE = re.compile("[A-Z0-9]{2,3}")
XML_MESSAGE = re.compile(r'<wb:message id="(\d+)"[^>]*>([^<]*)<')
