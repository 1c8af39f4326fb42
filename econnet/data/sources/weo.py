"""The IMF's growth forecasts of each World Economic Outlook, with their dates.

The current edition comes from the IMF's SDMX service. It is changed between its dates
of publication, so that its forecasts count as known from the last change.

Earlier editions are in an Excel file with one row per country and year, and one column
per edition: in the row of 2009, `S2008ngdp_rpch` is the growth of 2009 that was
forecast in spring 2008, and `F2008ngdp_rpch` that of autumn. Spring editions appear in
April and autumn editions in September or October: a value counts as known at the end of
April or October. The IMF's site does not let programs download the file; save it in a
browser and serve it at `ECONNET_WEO_URL`. Address and format of the file are not
verified.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import pandas as pd
import requests

from econnet.core.catalog import Indicator, SeriesTemplate, fetched_from
from econnet.core.countries import all_countries
from econnet.core.errors import SourceError
from econnet.data.sources import conditional, observations, sdmx, workbooks
from econnet.data.sources.http import (
    MissingSeriesError,
    PoliteSession,
    UnchangedError,
)
from econnet.data.sources.observations import (
    ErrorFactory,
    Key,
    RawPage,
    Retrieval,
)
from econnet.data.sources.query import Job, Outcome, Plan, Query
from econnet.data.sources.workbooks import Cell

OUTLOOK = "IMF.RES,WEO"
DATES_OF_EDITION = ("PUBLICATION_DATE", "UPDATE_DATE")
DATE = re.compile(r"([12]\d{3}-\d{2}-\d{2})(T.*)?", re.ASCII)

FILE = "WEOhistorical.xlsx"
EDITION = re.compile(r"([sf])([12]\d{3})(.+)", re.ASCII)
# The last day on which an edition of spring or autumn appeared.
LAST_DAY = {"s": "04-30", "f": "10-31"}
COUNTRY_COLUMN, YEAR_COLUMN = "isoalpha_3code", "year"
MAX_GROWTH_PERCENT = 1_000.0

# From the estimate for last year to the forecast for next year.
YEARS_AHEAD = range(-1, 2)
# Codes of the IMF that are not ISO's, including the euro area's.
AREAS: Mapping[str, str] = {"G163": "EA", "KOS": "XKX", "UVK": "XKX", "WBG": "PSE"}


def date_of_edition(attributes: Mapping[str, str], retrieved_at: datetime) -> datetime:
    """Return the day from which the values of the current edition are known.

    It is the day of the last change, or of the download if the answer names none.
    """
    days = []
    for name in DATES_OF_EDITION:
        match = DATE.fullmatch(attributes.get(name, ""))
        day = pd.to_datetime(match[1], errors="coerce") if match else pd.NaT
        days += [day] if not pd.isna(day) and day <= retrieved_at else []
    newest: datetime = max(days, default=pd.Timestamp(retrieved_at)).normalize()
    return newest


def date_forecasts(
    table: pd.DataFrame, attributes: Mapping[str, str], retrieved_at: datetime
) -> pd.DataFrame:
    """Return the forecasts of the current edition, with the day they were known."""
    known_at = pd.Timestamp(date_of_edition(attributes, retrieved_at)).as_unit("us")
    near = table["period"].astype(int).sub(known_at.year).isin(YEARS_AHEAD)
    return table[near].assign(known_at=known_at).reset_index(drop=True)


SERVICE = sdmx.Service(
    source="weo",
    dimensions={OUTLOOK: ("COUNTRY", "INDICATOR", "FREQUENCY")},
    areas=AREAS,
    address="imf",
    date_forecasts=date_forecasts,
)


def query(plan: Plan) -> Query:
    """Return a job for the current edition, and one for all earlier ones."""
    asked = sdmx.query(SERVICE, plan)
    of_file = [
        Job(key, template.countries, partial(_fetch, plan, asked.session, key, *series))
        for series in fetched_from("weo")
        for indicator, template in [series]
        for key in [("weo", template.id, indicator.key)]
        if template.id.startswith(FILE)
    ]
    return Query("weo", asked.session, [*asked.jobs, *of_file])


def _fetch(
    plan: Plan,
    session: PoliteSession,
    key: Key,
    indicator: Indicator,
    template: SeriesTemplate,
) -> Outcome:
    """Return the forecasts of all editions, unless the file has not changed."""
    _, _, subject = template.id.partition("/")
    url = f"{plan.settings.urls['weo'].rstrip('/')}/{FILE}"

    def refusal(response: requests.Response) -> SourceError | None:
        if response.status_code != requests.codes.forbidden:
            return None
        reason = (
            "not available to programs: download it in a browser and set "
            "ECONNET_WEO_URL"
        )
        return MissingSeriesError(session.error_line(template.id, reason))

    stored = "".join(plan.validators.get(key, ()))
    try:
        response = session.fetch(
            template.id,
            url,
            {},
            workbooks.CONTENT_TYPES,
            refusal,
            conditional.conditions(url, {}, stored),
        )
    except UnchangedError:
        return None
    raw, validators = RawPage.of(response.content), (conditional.validator(response),)
    if plan.digests.get(key) == raw.sha256:
        return plan.unchanged(key, validators)

    def problem(reason: str) -> SourceError:
        return SourceError(session.error_line(template.id, reason))

    rows = workbooks.rows(response.content, subject, problem)
    table = forecasts(rows, subject, problem)
    if table.empty:
        raise MissingSeriesError(session.error_line(template.id, "no values"))
    retrieval = Retrieval(
        series_id=template.id,
        title=indicator.title,
        digest=raw.sha256,
        first_period=str(plan.start_year),
        retrieved_at=observations.now(),
        raw=(raw,),
        validators=validators,
    )
    return observations.fetched_series(table, indicator, template, retrieval)


def forecasts(
    rows: Sequence[Sequence[Cell]], subject: str, problem: ErrorFactory
) -> pd.DataFrame:
    """Return `country, period, value, known_at` of the cells of a sheet.

    Only forecasts for the year of the edition, the one before and the next count.
    Raises the error `problem` for another format.
    """
    if not rows:
        raise problem("the sheet is empty")
    header = [str(cell or "").strip().lower() for cell in rows[0]]
    if not {COUNTRY_COLUMN, YEAR_COLUMN} <= set(header):
        raise problem(f"its columns are not {COUNTRY_COLUMN}, {YEAR_COLUMN}, ...")
    editions = _editions(header, subject)
    if not editions:
        raise problem(f"it has no column such as S1990{subject}")
    place, year_place = header.index(COUNTRY_COLUMN), header.index(YEAR_COLUMN)
    known = {country.alpha3: country.alpha3 for country in all_countries()}
    known |= dict(AREAS)
    found = []
    for row in rows[1:]:
        cells = [*row, *[None] * (len(header) - len(row))]
        country, year = known.get(str(cells[place])), cells[year_place]
        if country is None or not isinstance(year, float):
            continue
        for column, (edition, known_at) in editions.items():
            value = cells[column]
            if value is None or int(year) - edition not in YEARS_AHEAD:
                continue
            if not isinstance(value, float) or not abs(value) < MAX_GROWTH_PERCENT:
                raise problem(f"the value for {country} {year:.0f} is {value!r}")
            found.append((country, f"{year:.0f}", value, known_at))
    table = pd.DataFrame(found, columns=["country", "period", "value", "known_at"])
    table["known_at"] = table["known_at"].astype("datetime64[us]")
    return observations.in_order(table, ["country", "period", "known_at"], problem)


def _editions(
    header: Sequence[str], subject: str
) -> Mapping[int, tuple[int, pd.Timestamp]]:
    """Return year and date of the edition of each column of this subject."""
    matches = {place: EDITION.fullmatch(name) for place, name in enumerate(header)}
    return {
        place: (int(match[2]), pd.Timestamp(f"{match[2]}-{LAST_DAY[match[1]]}"))
        for place, match in matches.items()
        if match and match[3] == subject
    }
