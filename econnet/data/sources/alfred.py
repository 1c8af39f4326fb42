"""ALFRED: every value of a series with the day of its publication.

Used only with a `FRED_API_KEY`. The service returns at most 2,000 vintages at once, so
their dates are requested first and the values in spans. A value that was valid across
the border of two spans is in both, the second time as if published at the border; that
repetition is removed. The values of the oldest vintage were published before ALFRED
began, on unknown days.

Of a series that is stored, only newer vintages are requested, together with the newest
stored one, by which their changes are recognised.
"""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd
import requests

from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.countries import Country
from econnet.core.errors import SourceError
from econnet.core.periods import PERIOD_NAME
from econnet.data.sources import observations
from econnet.data.sources.http import (
    NOT_ITS_FORMAT,
    MissingSeriesError,
    PoliteSession,
    RefusedKeyError,
)
from econnet.data.sources.observations import FetchedSeries, RawPage, Retrieval

VINTAGES_PER_CALL = 2_000
ROWS_PER_CALL = 100_000
MAX_PAGES = 50  # five million revisions
CONTENT_TYPES = frozenset({"application/json", "text/json", "text/plain"})


class NoVintagesError(SourceError):
    """The series is weekly or daily: months cannot be formed from single revisions."""


@dataclass(frozen=True)
class Alfred:
    """The service for one key, over the session for FRED."""

    session: PoliteSession
    url: str
    key: str = field(repr=False)

    def rows(
        self,
        path: str,
        name: str,
        series_id: str,
        check: Callable[[list[Any]], None] = lambda _: None,
        **query: str,
    ) -> tuple[list[Any], list[RawPage]]:
        """Return the list `name` of a response, and the raw pages it came in.

        `check` gets the rows of each page before the next is requested. The key is
        removed from the pages, even where the service repeats it.
        """
        rows, pages = list[Any](), list[RawPage]()
        for _ in range(MAX_PAGES):
            response = self.session.fetch(
                series_id,
                f"{self.url.rstrip('/')}/{path}",
                {
                    "series_id": series_id,
                    "api_key": self.key,
                    "file_type": "json",
                    "offset": len(rows),
                    **query,
                },
                CONTENT_TYPES,
                lambda response: self._refusal(series_id, response),
            )
            try:
                page = response.json()
                rows += page[name]
                count = int(page["count"])
                check(page[name])
            except NOT_ITS_FORMAT:
                reason = "answered in a format other than ALFRED's"
                # `from None`: the cause quotes the response, which may contain the key.
                raise self.error(series_id, reason) from None
            hidden = response.content.replace(self.key.encode(), b"***")
            pages.append(RawPage.of(hidden))
            if len(rows) >= count:
                return rows, pages
            if not page[name]:
                break
        reason = f"{len(rows):,} rows arrived out of {count:,} that were announced"
        raise self.error(series_id, reason)

    def _refusal(
        self, series_id: str, response: requests.Response
    ) -> SourceError | None:
        """Return the error that ALFRED explains in its own format, if it does."""
        try:
            message = response.json()["error_message"]
            reason = str(message).removeprefix("Bad Request.").strip()
        except NOT_ITS_FORMAT:
            return None
        # "does not exist", also "does not exist in ALFRED but may exist in FRED".
        if "does not exist" in reason:
            line = self.session.error_line(series_id, "not found there")
            return MissingSeriesError(line)
        if "api_key" in reason:
            return RefusedKeyError(
                f"{self.session.source}: the key in FRED_API_KEY is not accepted: "
                "correct it, or unset it to fetch without vintages"
            )
        return self.error(series_id, f"HTTP {response.status_code}: {reason}")

    def error(self, series_id: str, reason: str) -> SourceError:
        """Return the error that names source, series and reason."""
        return SourceError(self.session.error_line(series_id, reason))


@dataclass(frozen=True)
class Vintages:
    """The days on which a series was published or revised."""

    series_id: str
    dates: tuple[str, ...]
    retrieved_at: datetime

    @property
    def digest(self) -> str:
        """A hash that changes if and only if there is a new vintage."""
        return hashlib.sha256(" ".join(self.dates).encode()).hexdigest()

    def n_stored(self, digest: str | None) -> int:
        """Return how many of the oldest vintages have this digest together; 0 for none.

        A vintage that was added between older ones changes the digest of all of them,
        so that the series is read again as a whole.
        """
        so_far = hashlib.sha256()
        for number, day in enumerate(self.dates, 1):
            so_far.update((day if number == 1 else f" {day}").encode())
            if so_far.hexdigest() == digest:
                return number
        return 0


def vintages(alfred: Alfred, series_id: str) -> Vintages:
    """Return the dates of a series' vintages."""
    dates, _ = alfred.rows("series/vintagedates", "vintage_dates", series_id)
    if not dates:
        raise MissingSeriesError(alfred.session.error_line(series_id, "no vintages"))
    try:
        in_order = tuple(sorted(_date(text) for text in dates))
    except NOT_ITS_FORMAT:
        reason = "answered with vintages that are not dates"
        raise alfred.error(series_id, reason) from None
    return Vintages(series_id, in_order, observations.now())


def read(
    alfred: Alfred,
    vintages: Vintages,
    country: Country,
    indicator: Indicator,
    template: SeriesTemplate,
    start_year: int,
    n_stored: int = 0,
) -> FetchedSeries | None:
    """Return every vintage of every value, `known_at` being the day of publication.

    The oldest `n_stored` vintages are stored already: only later ones are returned,
    `None` if they contain no change. Raises `NoVintagesError` for a weekly or daily
    series.
    """
    dates = vintages.dates[max(0, n_stored - 1) :]
    whose = alfred.session.error_line(vintages.series_id, "")
    rows, pages = _rows_of(alfred, vintages.series_id, dates)
    table = _table(rows, template, whose)
    in_oldest = table["known_at"] <= pd.Timestamp(dates[0])
    if n_stored:
        table = table[~in_oldest & (table["period"] >= str(start_year))]
        if table.empty:
            return None
    elif table.empty:
        line = alfred.session.error_line(vintages.series_id, "no values")
        raise MissingSeriesError(line)
    else:
        table["known_at"] = table["known_at"].mask(in_oldest)
    retrieval = Retrieval(
        series_id=vintages.series_id,
        title=indicator.title,
        digest=vintages.digest,
        first_period=str(start_year),
        retrieved_at=vintages.retrieved_at,
        raw=tuple(pages),
    )
    rows_of_country = table.assign(country=country.alpha3)
    return observations.fetched_series(rows_of_country, indicator, template, retrieval)


def _rows_of(
    alfred: Alfred, series_id: str, dates: Sequence[str]
) -> tuple[list[Any], list[RawPage]]:
    """Return the values of these vintages, and the raw pages they came in."""
    whose = alfred.session.error_line(series_id, "")

    def monthly_only(rows: list[Any]) -> None:
        if any(_date(row["date"])[-2:] != "01" for row in rows):
            raise NoVintagesError(f"{whose}weekly or daily, read without vintages")

    rows, pages = list[Any](), list[RawPage]()
    for first in range(0, len(dates), VINTAGES_PER_CALL):
        span = dates[first : first + VINTAGES_PER_CALL]
        rows_of_span, pages_of_span = alfred.rows(
            "series/observations",
            "observations",
            series_id,
            monthly_only,
            realtime_start=span[0],
            realtime_end=span[-1],
            output_type="1",
            limit=str(ROWS_PER_CALL),
        )
        rows += rows_of_span
        pages += pages_of_span
    return rows, pages


def _table(
    rows: list[Mapping[str, str]], template: SeriesTemplate, error_line: str
) -> pd.DataFrame:
    """Return `period, value, known_at`, one row for each change of a value."""
    try:
        days, published = (
            pd.to_datetime([_date(row[name]) for row in rows])
            for name in ("date", "realtime_start")
        )
        values = [_value(row["value"]) for row in rows]
    except NOT_ITS_FORMAT:
        raise SourceError(f"{error_line}rows that are not observations") from None
    table = pd.DataFrame({"day": days, "known_at": published, "value": values})
    table = table.sort_values(["day", "known_at"], ignore_index=True)
    before = table.groupby("day")["value"].shift()
    # `before` is missing for the first value, too: a value that is missing from the
    # start was never published.
    changed = (table["value"] != before) & ~(table["value"].isna() & before.isna())
    table = table[changed].reset_index(drop=True)
    name = PERIOD_NAME[template.frequency]
    return pd.DataFrame(
        {
            "period": pd.Series([name(day) for day in table["day"]], dtype="str"),
            "value": table["value"].astype(float),
            "known_at": table["known_at"].astype("datetime64[us]"),
        }
    )


def _date(text: str) -> str:
    """Return a date in ALFRED's format; raise `ValueError` for any other text."""
    if DATE.fullmatch(text) is None:
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def _value(text: str) -> float | None:
    """Return a finite number, or `None` for a missing value."""
    if text == ".":
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


DATE = re.compile(r"(1[5-9]|[2-8]\d)\d\d-\d\d-\d\d", re.ASCII)
