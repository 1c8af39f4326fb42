"""The US Survey of Professional Forecasters: mean forecasts, with their release dates.

The Philadelphia Fed publishes an Excel file per variable, with one row per survey and
one column per quarter that is forecast, and a text file with the date of each release
since 1990. The dates of earlier surveys are not known; their forecasts count as known
at the end of the quarter of the survey, though they were released before it. Addresses
and formats are not verified.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import pandas as pd

from econnet.core.catalog import Indicator, SeriesTemplate, fetched_from
from econnet.core.errors import SourceError
from econnet.core.sources import SOURCES
from econnet.data.sources import conditional, observations, workbooks
from econnet.data.sources.http import MissingSeriesError, PoliteSession, RateLimiter
from econnet.data.sources.observations import (
    ErrorFactory,
    Key,
    RawPage,
    Retrieval,
)
from econnet.data.sources.query import Job, Memoized, Outcome, Plan, Query
from econnet.data.sources.workbooks import Cell

COUNTRY = "USA"
RELEASE_DATES = "spf-release-dates.txt"
TEXT = frozenset({"text/plain", "application/octet-stream"})
MAX_PERCENT = 200.0


@dataclass(frozen=True)
class Variable:
    """The location of a variable's forecasts.

    Parameters
    ----------
    first
        The number of the column for the quarter of the survey itself.
    """

    file: str
    column: str
    first: int


# By id in the catalog.
VARIABLES: Mapping[str, Variable] = {
    "RECESS": Variable("Mean_RECESS_Level.xlsx", "RECESS", 1),
    # The first column, `RGDP1`, is for the quarter before; growth begins with the next.
    "DRGDP": Variable("Mean_RGDP_Growth.xlsx", "DRGDP", 2),
}
QUARTERS_AHEAD = 5  # of the survey's quarter and the four after it


def query(plan: Plan) -> Query:
    """Return one job per variable; all share the file of release dates."""
    session = PoliteSession(
        SOURCES["spf"].title, RateLimiter(1, 2.0), plan.retry_policy
    )
    fetcher = _Fetcher(plan, session)
    file = Memoized(fetcher.file)
    jobs = [
        Job(key, (COUNTRY,), partial(fetcher.fetch, key, indicator, template, file))
        for indicator, template in fetched_from("spf")
        for key in [("spf", template.id, indicator.key)]
        if any(country.alpha3 == COUNTRY for country in plan.countries)
    ]
    return Query("spf", session, jobs)


@dataclass(frozen=True)
class File:
    """A downloaded file."""

    content: bytes
    raw: RawPage
    validator: str


@dataclass(frozen=True)
class _Fetcher:
    """The survey's files and the plan of what to fetch from them."""

    plan: Plan
    session: PoliteSession

    def file(self, wanted: tuple[str, frozenset[str], str]) -> File:
        """Return a file by its name, content types and the stored validator."""
        name, types, stored = wanted
        url = f"{self.plan.settings.urls['spf'].rstrip('/')}/{name}"
        response = self.session.fetch(
            name, url, {}, types, conditions=conditional.conditions(url, {}, stored)
        )
        content = response.content
        return File(content, RawPage.of(content), conditional.validator(response))

    def problem(self, name: str) -> ErrorFactory:
        """Return the function that makes an error from its reason."""
        return lambda reason: SourceError(self.session.error_line(name, reason))

    def fetch(
        self,
        key: Key,
        indicator: Indicator,
        template: SeriesTemplate,
        file: Memoized[tuple[str, frozenset[str], str], File],
    ) -> Outcome:
        """Return every forecast of a variable, unless nothing has changed."""
        variable = VARIABLES[template.id]
        workbook = f"data-files/files/{variable.file}", workbooks.CONTENT_TYPES
        files = conditional.changed_files(
            [
                lambda stored: file((*workbook, stored)),
                lambda stored: file((RELEASE_DATES, TEXT, stored)),
            ],
            self.plan.validators.get(key, ()),
        )
        if files is None:
            return None
        survey, releases = files
        digest = hashlib.sha256(
            f"{survey.raw.sha256} {releases.raw.sha256}".encode()
        ).hexdigest()
        validators = survey.validator, releases.validator
        if self.plan.digests.get(key) == digest:
            return self.plan.unchanged(key, validators)
        problem = self.problem(template.id)
        rows = workbooks.rows(survey.content, None, problem)
        text = releases.content.decode("utf-8-sig", errors="replace")
        released = release_dates(text, self.problem(RELEASE_DATES))
        retrieved_at = observations.now()
        table = forecasts(rows, variable, released, retrieved_at, problem)
        if table.empty:
            raise MissingSeriesError(self.session.error_line(template.id, "no value"))
        retrieval = Retrieval(
            series_id=template.id,
            title=indicator.title,
            digest=digest,
            first_period=str(self.plan.start_year),
            retrieved_at=retrieved_at,
            raw=(survey.raw, releases.raw),
            validators=validators,
        )
        return observations.fetched_series(table, indicator, template, retrieval)


def release_dates(text: str, problem: ErrorFactory) -> Mapping[pd.Period, pd.Timestamp]:
    """Return the date of the news release of each survey, by its quarter.

    A line has the year, which is left out after the first quarter of a year, the
    quarter, the deadline and the release date, with asterisks for footnotes. Raises the
    error `problem` if there is no such line, or a date is far from its quarter.
    """
    dates, year = dict[pd.Period, pd.Timestamp](), ""
    for line in text.splitlines():
        match = SURVEY.match(line[:200])
        if match is None:
            continue
        year = match["year"] or year
        if not year:
            raise problem(f"the first survey has no year: {line[:60]!r}")
        survey = pd.Period(f"{year}Q{match['quarter']}", freq="Q")
        released = _date(match["released"])
        if released is None or not 0 <= (released - survey.start_time).days < 200:
            raise problem(f"the release date of {survey} is {match['released']}")
        dates[survey] = released
    if not dates:
        raise problem("it has no release dates")
    return dates


def forecasts(
    rows: Sequence[Sequence[Cell]],
    variable: Variable,
    released: Mapping[pd.Period, pd.Timestamp],
    retrieved_at: datetime,
    problem: ErrorFactory,
) -> pd.DataFrame:
    """Return `country, period, value, known_at` of the rows of a sheet.

    Two surveys that were released on one day count as the later one. Raises the error
    `problem` for another format.
    """
    header = [str(cell or "").strip().upper() for cell in rows[0]] if rows else []
    names = [
        f"{variable.column}{variable.first + ahead}" for ahead in range(QUARTERS_AHEAD)
    ]
    missing = {"YEAR", "QUARTER", *names} - set(header)
    if missing:
        raise problem(f"it has no column {min(missing)}")
    places = {name: header.index(name) for name in ("YEAR", "QUARTER", *names)}
    found = []
    for row in rows[1:]:
        cells = [*row, *[None] * (len(header) - len(row))]
        if all(cell is None for cell in cells):
            continue
        survey = _survey(cells[places["YEAR"]], cells[places["QUARTER"]], problem)
        known_at = released.get(survey, survey.end_time.normalize())
        for ahead, name in enumerate(names):
            value = cells[places[name]]
            if value is None:
                continue
            if not isinstance(value, float) or not abs(value) <= MAX_PERCENT:
                raise problem(
                    f"{name} of {survey} is {value!r}, which is not a percentage"
                )
            known_then = min(known_at, pd.Timestamp(retrieved_at)).normalize()
            found.append((survey, str(survey + ahead), value, known_then))
    table = pd.DataFrame(found, columns=["survey", "period", "value", "known_at"])
    table["known_at"] = table["known_at"].astype("datetime64[us]")
    table = table.sort_values(["period", "known_at", "survey"], kind="stable")
    table = table.drop_duplicates(["period", "known_at"], keep="last")
    return table.drop(columns="survey").assign(country=COUNTRY).reset_index(drop=True)


def _survey(year: Cell, quarter: Cell, problem: ErrorFactory) -> pd.Period:
    """Return the quarter of a survey."""
    plausible = (
        isinstance(year, float)
        and isinstance(quarter, float)
        and 1960 < year < 2200
        and quarter in {1, 2, 3, 4}
    )
    if not plausible:
        raise problem(f"a survey is of year {year!r}, quarter {quarter!r}")
    return pd.Period(f"{year:.0f}Q{quarter:.0f}", freq="Q")


def _date(text: str) -> pd.Timestamp | None:
    """Return a date such as `8/31/90`; `None` for no date."""
    month, day, year = map(int, text.split("/"))
    century = 1900 if year >= 68 else 2000  # the survey began in 1968
    try:
        return pd.Timestamp(date(century + year, month, day))
    except ValueError:
        return None


SURVEY = re.compile(
    r"\s*(?P<year>[12]\d{3})?\s*Q(?P<quarter>[1-4])\s+\d{1,2}/\d{1,2}/\d{2}\**\s+"
    r"(?P<released>\d{1,2}/\d{1,2}/\d{2})\**",
    re.ASCII,
)
