"""FRED: one CSV file per series, without a key.

The file has two columns, a date and the series; a missing value is `.` or empty. Any
other file, such as an HTML page or a truncated one, is refused. Dates are the first day
of their period; weekly and daily series are averaged to complete months. An id like
`GS10-TB3MS` is a difference, computed in decimal for the periods that both series have,
so that 4.03 less 3.90 is 0.13.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise

import pandas as pd
from pandas_datareader.fred import FredReader

from econnet.core.catalog import Indicator, SeriesTemplate, fetched_from
from econnet.core.countries import Country
from econnet.core.errors import SourceError
from econnet.core.periods import PERIOD_NAME, PERIODS_A_YEAR, Frequency
from econnet.data.sources import alfred, conditional, observations
from econnet.data.sources.http import (
    MissingSeriesError,
    PoliteSession,
    RateLimiter,
    RetryPolicy,
    error_line,
)
from econnet.data.sources.observations import FetchedSeries, Key, RawPage, Retrieval
from econnet.data.sources.query import Job, Memoized, Outcome, Plan, Query

AT_ONCE, PER_SECOND = 2, 1.5  # the limit is two a second
CONTENT_TYPES = frozenset(
    {"text/csv", "application/csv", "text/plain", "application/octet-stream"}
)


@dataclass(frozen=True)
class Download:
    """The dated values of one plain series, in order, and their raw file."""

    series_id: str
    values: Mapping[date, Decimal]
    raw: RawPage
    retrieved_at: datetime
    validator: str = ""


def session(
    retry_policy: RetryPolicy | None = None, api_key: str | None = None
) -> PoliteSession:
    """Return a session within the limits that FRED sets for one client.

    `api_key` is not sent, but kept out of messages.
    """
    return PoliteSession(
        "FRED", RateLimiter(AT_ONCE, PER_SECOND), retry_policy, api_key
    )


def query(plan: Plan) -> Query:
    """Return one job per series of a country; with a key, its vintages."""
    settings = plan.settings
    source = session(plan.retry_policy, settings.fred_api_key)
    url = settings.urls["fred"]
    service = None
    if settings.fred_api_key and settings.alfred_url:
        service = alfred.Alfred(source, settings.alfred_url, settings.fred_api_key)
    fetcher = _Fetcher(
        plan,
        service,
        Memoized(lambda file: Reader(source, url, file[0]).download(file[1])),
    )
    jobs = [
        Job(key, (country.alpha3,), partial(fetcher, key, country, indicator, template))
        for country in plan.countries
        for indicator, template in fetched_from("fred")
        if template.covers(country.alpha3)
        for key in [("fred", template.id_for(country), indicator.key)]
    ]
    return Query("fred", source, jobs)


@dataclass(frozen=True, eq=False)
class _Fetcher:
    """Fetches series, with their vintages where the service has them.

    A download is asked for by its id and the validator of the stored file.
    """

    plan: Plan
    service: alfred.Alfred | None
    download: Memoized[tuple[str, str], Download]

    def __call__(
        self,
        key: Key,
        country: Country,
        indicator: Indicator,
        template: SeriesTemplate,
    ) -> Outcome:
        """Return a series, unless it has not changed."""
        start_year, last = self.plan.start_year, self.plan.digests.get(key)
        plain = plain_ids(key[1])
        # A weekly or daily series is averaged to months, which have no vintages.
        if self.service is not None and len(plain) == 1 and not template.averaged:
            with suppress(MissingSeriesError, alfred.NoVintagesError):
                vintages = alfred.vintages(self.service, key[1])
                if last == vintages.digest:
                    return None
                return alfred.read(
                    self.service,
                    vintages,
                    country,
                    indicator,
                    template,
                    start_year,
                    vintages.n_stored(last),
                )
        downloads = conditional.changed_files(
            [partial(self._file, series_id) for series_id in plain],
            self.plan.validators.get(key, ()),
        )
        if downloads is None:
            return None
        if last == digest(downloads):
            return self.plan.unchanged(key, _validators(downloads))
        return read(downloads, country, indicator, template, start_year)

    def _file(self, series_id: str, stored: str) -> Download:
        return self.download((series_id, stored))


def plain_ids(series_id: str) -> tuple[str, ...]:
    """Return the series to download: `GS10-TB3MS` needs `GS10` and `TB3MS`.

    >>> plain_ids("GS10-TB3MS")
    ('GS10', 'TB3MS')
    """
    return tuple(series_id.split("-"))


def read(
    downloads: Sequence[Download],
    country: Country,
    indicator: Indicator,
    template: SeriesTemplate,
    start_year: int,
) -> FetchedSeries:
    """Return the observations of a country's series from its `plain_ids`, in order."""
    series_id = template.id_for(country)
    values = downloads[0].values
    for other in downloads[1:]:
        values = {
            day: value - other.values[day]
            for day, value in values.items()
            if day in other.values
        }
    table = by_period(values, template.frequency, _problem(series_id))
    retrieval = Retrieval(
        series_id=series_id,
        title=indicator.title,
        digest=digest(downloads),
        first_period=str(start_year),
        retrieved_at=max(download.retrieved_at for download in downloads),
        raw=tuple(download.raw for download in downloads),
        validators=_validators(downloads),
    )
    rows = table.assign(country=country.alpha3)
    return observations.fetched_series(rows, indicator, template, retrieval)


def digest(downloads: Sequence[Download]) -> str:
    """Return what identifies the files from which a series was made."""
    return " ".join(download.raw.sha256 for download in downloads)


def _validators(downloads: Sequence[Download]) -> tuple[str, ...]:
    return tuple(download.validator for download in downloads)


class Reader(FredReader):  # type: ignore[misc]  # it has no types
    """The reader of pandas-datareader over our session, for one plain series."""

    def __init__(self, session: PoliteSession, url: str, series_id: str) -> None:
        super().__init__(symbols=series_id, retry_count=0, session=session)
        self.base_url = url

    @property
    def url(self) -> str:
        """The address of the CSV download."""
        return self.base_url

    def download(self, stored: str = "") -> Download:
        """Return the file's values in order of date, without missing ones.

        Raises `UnchangedError` if `stored` is the validator of this file.
        """
        query = {"id": self.symbols}
        response = self.session.fetch(
            self.symbols,
            self.url,
            query,
            CONTENT_TYPES,
            conditions=conditional.conditions(self.url, query, stored),
        )
        text = response.content.decode("utf-8-sig", errors="replace")
        values = _values(text, self.symbols)
        if not values:
            line = self.session.error_line(self.symbols, "no values")
            raise MissingSeriesError(line)
        return Download(
            self.symbols,
            values,
            RawPage.of(response.content),
            observations.now(),
            conditional.validator(response),
        )


def by_period(
    values: Mapping[date, Decimal],
    frequency: Frequency,
    problem: Callable[[str], SourceError],
) -> pd.DataFrame:
    """Return dated values as `period, value`, in order.

    Months of a weekly or daily series are means of the dates in them. The first and the
    last month count only if they are complete: no further from their ends than the
    usual distance between two dates. Dates of another frequency raise the error
    `problem`.
    """
    days = sorted(values)
    if not days:
        raise problem("its parts do not overlap")
    apart = _days_apart(days)
    if frequency == "M" and apart < DAYS_OF["M"][0]:
        means = _monthly_means(values, days, apart)
        if means.empty:
            raise problem("no complete month")
        return means
    low, high = DAYS_OF[frequency]
    months = 12 // PERIODS_A_YEAR[frequency]
    regular = all(day.day == 1 and (day.month - 1) % months == 0 for day in days)
    if not regular or (len(days) > 1 and not low <= apart <= high):
        raise problem(
            f"its dates are {apart} days apart, which does not match the "
            f"catalog's frequency {frequency}"
        )
    name = PERIOD_NAME[frequency]
    return pd.DataFrame(
        {
            "period": [name(day) for day in days],
            "value": [float(values[day]) for day in days],
        }
    )


def _days_apart(days: list[date]) -> int:
    """Return the usual distance between two dates; a month if there is only one."""
    gaps = sorted((after - before).days for before, after in pairwise(days))
    return gaps[(len(gaps) - 1) // 2] if gaps else 31


def _monthly_means(
    values: Mapping[date, Decimal], days: list[date], apart: int
) -> pd.DataFrame:
    months: dict[str, list[Decimal]] = {}
    for day in days:
        months.setdefault(f"{day:%Y-%m}", []).append(values[day])
    # A daily series has no values on weekends and holidays.
    slack = timedelta(days=max(apart, 4))
    first, last = days[0], days[-1]
    if first - slack >= first.replace(day=1):
        del months[f"{first:%Y-%m}"]
    if (last + slack).month == last.month:
        months.pop(f"{last:%Y-%m}", None)
    return pd.DataFrame(
        {
            "period": list(months),
            "value": [float(sum(month) / len(month)) for month in months.values()],
        }
    )


def _values(text: str, series_id: str) -> dict[date, Decimal]:
    """Return the values of a FRED file by date; raise `SourceError` for any other."""
    problem = _problem(series_id)
    if not text.strip():
        raise problem("the answer is empty")
    if text.lstrip().startswith("<"):
        raise problem("answered with a web page instead of the file")
    header, *lines = text.splitlines()
    # The date column has been renamed before; the series column identifies the file.
    if header.split(",")[1:] != [series_id]:
        raise problem(f"the file is a different one, with the header {header[:60]!r}")
    values: dict[date, Decimal] = {}
    for number, line in enumerate(lines, start=2):
        day, value = _observation(line)
        if day is None or (number == len(lines) + 1 and _is_cut_off(text, lines)):
            raise problem(
                f"the file is cut off or malformed in line {number}: {line!r}"
            )
        if value is None:
            continue
        if values.setdefault(day, value) != value:
            raise problem(f"two values for {day}: {values[day]} and {value}")
    return values


def _observation(line: str) -> tuple[date | None, Decimal | None]:
    """Return the date and value of a line; no date for an invalid line."""
    # Long lines are not matched: the pattern takes quadratic time to refuse one.
    match = LINE.fullmatch(line) if len(line) <= MAX_LINE_LENGTH else None
    if match is None:
        return None, None
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        return None, None
    if day.year not in YEARS:
        return None, None
    if match[2] in {"", "."}:
        return day, None
    value = Decimal(match[2])
    return (day, value) if math.isfinite(float(value)) else (None, None)


def _is_cut_off(text: str, lines: list[str]) -> bool:
    """Return whether the last number may be truncated: others have more decimals."""
    decimals = [len(line.partition(".")[2]) for line in lines[-2:]]
    unlike = len(lines) == 1 or decimals[-1] < decimals[0]
    return unlike and not text.endswith("\n")


def _problem(series_id: str) -> Callable[[str], SourceError]:
    return lambda reason: SourceError(error_line("FRED", series_id, reason))


MAX_LINE_LENGTH = 1_200  # a double takes 1,077 characters at most, written out
YEARS = range(1500, 9000)  # with room on both sides for sums of dates
LINE = re.compile(
    r"(\d{4}-\d{2}-\d{2}),(\.?|-?\d*\.?\d+(?:[eE][-+]?\d{1,3})?)", re.ASCII
)
DAYS_OF: Mapping[Frequency, tuple[int, int]] = {
    "A": (365, 366),
    "Q": (90, 92),
    "M": (28, 31),
}
