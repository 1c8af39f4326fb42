"""Sources with SDMX 2.1: the requests, and the answers as observations.

The id of a series is a data flow and a key, `namq_10_gdp/Q.CLV10_MNAC.SCA.B1GQ.`. A key
has the codes of each dimension in the order of the flow; the place of the country is
empty, so that one request returns all countries. Series of one flow that differ in a
few dimensions come in one request, too, which keeps a whole fetch within the few
downloads per hour that some services allow.

What is returned is checked against what was asked: a series of other codes fails.
Areas that are not countries, such as regions and unions, are left out.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import pandas as pd
import requests

from econnet.core import countries
from econnet.core.catalog import Indicator, SeriesTemplate, fetched_from
from econnet.core.errors import SourceError
from econnet.core.periods import Frequency
from econnet.core.sources import SOURCES, LiveSource
from econnet.core.text import one_line
from econnet.data.sources import conditional, http, observations, sdmx_ml
from econnet.data.sources.http import (
    MissingSeriesError,
    PoliteSession,
    RateLimiter,
    UnchangedError,
)
from econnet.data.sources.observations import (
    ErrorFactory,
    Key,
    RawPage,
    Retrieval,
)
from econnet.data.sources.query import Job, Memoized, Outcome, Plan, Query

ANY = ""  # the code of a dimension that is not restricted
# The dimension that names the country, as each source calls it.
AREA_DIMENSIONS = frozenset({"GEO", "REF_AREA", "COUNTRY", "BORROWERS_CTY"})

# Codes of the euro area: with a fixed number of members, with those of each time
# (`EA`), and the codes of the BIS and the ECB. The first of those with equally new
# values counts.
EURO_AREA = ("EA21", "EA20", "EA19", "EA", "XM", "U2")

DateForecasts = Callable[[pd.DataFrame, Mapping[str, str], datetime], pd.DataFrame]


@dataclass(frozen=True)
class Service:
    """One source's dialect of SDMX.

    Parameters
    ----------
    dimensions
        The dimensions of each flow in capitals, in the order of its keys, without time.
    areas
        The alpha-3 codes of areas whose code is not from ISO 3166-1.
    address
        The source whose address it uses, if not its own.
    per_second
        Requests started per second, one at a time.
    accept
        The format to ask for; the service's own where it is empty.
    parameters
        Further parameters of every request.
    screen
        Leaves out values of a series, `country, period, value`, that cannot be right.
    date_forecasts
        Adds `known_at` to the values of a series of forecasts, given the attributes of
        the data set and the time of the download.
    """

    source: LiveSource
    dimensions: Mapping[str, Sequence[str]]
    areas: Mapping[str, str] = field(default_factory=dict)
    address: LiveSource | None = None
    per_second: float = 1.0
    accept: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    screen: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    date_forecasts: DateForecasts | None = None

    def session(self, plan: Plan) -> PoliteSession:
        """Return a session within the limits we keep to."""
        title = SOURCES[self.source].title
        limiter = RateLimiter(1, self.per_second)
        session = PoliteSession(title, limiter, plan.retry_policy)
        if self.accept:
            session.headers["Accept"] = self.accept
        return session

    def area(self, flow: str) -> str:
        """Return the dimension of a flow that names the country."""
        [area] = AREA_DIMENSIONS & set(self.dimensions[flow])
        return area

    def alpha3(self) -> Mapping[str, str]:
        """Return the alpha-3 code of each area that is a country."""
        known = countries.all_countries()
        codes = {country.alpha2: country.alpha3 for country in known}
        codes |= {country.alpha3: country.alpha3 for country in known}
        return codes | dict.fromkeys(EURO_AREA, "EA") | dict(self.areas)


@dataclass(frozen=True)
class SeriesKey:
    """A data flow, and the codes of each dimension; no codes mean all.

    >>> SeriesKey.parse("WS_SPP/Q..R.628").codes
    (frozenset({'Q'}), frozenset(), frozenset({'R'}), frozenset({'628'}))
    """

    flow: str
    codes: tuple[frozenset[str], ...]

    @classmethod
    def parse(cls, series_id: str) -> "SeriesKey":
        """Return the key that a series id names."""
        flow, _, key = series_id.rpartition("/")
        return cls(flow, tuple(map(_codes, key.split("."))))

    def text(self) -> str:
        """Return the key as written in a request."""
        return ".".join("+".join(sorted(codes)) for codes in self.codes)

    def union(self, other: "SeriesKey") -> "SeriesKey":
        """Return a key that includes both, of the same flow."""
        return SeriesKey(
            self.flow,
            tuple(
                mine | theirs if mine and theirs else frozenset()
                for mine, theirs in zip(self.codes, other.codes, strict=True)
            ),
        )


@dataclass(frozen=True)
class Download:
    """The answer to a request: its rows, and where they come from."""

    answer: sdmx_ml.Answer
    raw: RawPage
    retrieved_at: datetime
    validator: str


@dataclass(frozen=True)
class _Request:
    """The request for all series of a flow that have one frequency.

    `stored` is the validator of the answer from which all were stored, if any.
    """

    key: SeriesKey
    frequency: Frequency
    forecasts: bool = False
    stored: str = ""


@dataclass(frozen=True)
class _Fetcher:
    """A service and the plan of what to fetch from it."""

    service: Service
    plan: Plan
    session: PoliteSession

    def problem(self, series_id: str) -> Callable[[str], SourceError]:
        """Return the function that makes an error from its reason."""
        return lambda reason: SourceError(self.session.error_line(series_id, reason))

    def download(self, request: _Request) -> Download:
        """Return the answer to a request."""
        flow, problem = request.key.flow, self.problem(request.key.flow)
        address = self.service.address or self.service.source
        base = self.plan.settings.urls[address].rstrip("/")
        url = f"{base}/data/{flow}/{request.key.text()}"
        query: http.Query = {
            "startPeriod": self.plan.start_year,
            **self.service.parameters,
        }
        response = self.session.fetch(
            flow,
            url,
            query,
            sdmx_ml.CONTENT_TYPES,
            partial(self._refusal, problem),
            conditional.conditions(url, query, request.stored),
        )
        answer = sdmx_ml.read(
            response.content,
            self.service.dimensions[flow],
            request.frequency,
            problem,
            forecasts=request.forecasts,
        )
        _check_codes(answer.rows, request.key, problem)
        return Download(
            answer,
            RawPage.of(response.content),
            observations.now(),
            conditional.validator(response),
        )

    def _refusal(
        self, problem: Callable[[str], SourceError], response: requests.Response
    ) -> SourceError | None:
        """Return the error for a refusal whose reason is given."""
        status, message = response.status_code, sdmx_ml.message_of(response.content)
        if not message or status >= requests.codes.internal_server_error:
            return None
        return problem(f"HTTP {status}, {message}")

    def fetch(
        self,
        key: Key,
        indicator: Indicator,
        template: SeriesTemplate,
        download: Callable[[], Download],
    ) -> Outcome:
        """Return one series of a download, unless it has not changed."""
        try:
            got = download()
        except UnchangedError:
            return None
        problem = self.problem(template.id)
        table = series_of(self.service, template, got.answer.rows, problem)
        table = observations.in_order(table, ["country", "period"], problem)
        if self.service.screen:
            table = self.service.screen(table)
        if self.service.date_forecasts:
            attributes = got.answer.attributes
            table = self.service.date_forecasts(table, attributes, got.retrieved_at)
        if table.empty:
            line = self.session.error_line(template.id, "no values")
            raise MissingSeriesError(line)
        digest, validators = digest_of(table), (got.validator,)
        if self.plan.digests.get(key) == digest:
            return self.plan.unchanged(key, validators)
        retrieval = Retrieval(
            series_id=template.id,
            title=indicator.title,
            digest=digest,
            first_period=str(self.plan.start_year),
            retrieved_at=got.retrieved_at,
            raw=(got.raw,),
            validators=validators,
        )
        return observations.fetched_series(table, indicator, template, retrieval)


def query(service: Service, plan: Plan) -> Query:
    """Return one job per series id; those of one flow share a download."""
    fetcher = _Fetcher(service, plan, service.session(plan))
    wanted = [
        (indicator, template)
        for indicator, template in fetched_from(service.source)
        if SeriesKey.parse(template.id).flow in service.dimensions
        and any(template.covers(country.alpha3) for country in plan.countries)
    ]
    requests, download = _requests(wanted, plan), Memoized(fetcher.download)
    jobs = list[Job]()
    for indicator, template in wanted:
        key = service.source, template.id, indicator.key
        got = partial(download, requests[_group(template)])
        fetch = partial(fetcher.fetch, key, indicator, template, got)
        jobs.append(Job(key, template.countries, fetch))
    return Query(service.source, fetcher.session, jobs)


def _group(template: SeriesTemplate) -> tuple[str, Frequency]:
    """Return flow and frequency, which the series of one request have in common."""
    return SeriesKey.parse(template.id).flow, template.frequency


def _requests(
    wanted: Iterable[tuple[Indicator, SeriesTemplate]], plan: Plan
) -> dict[tuple[str, Frequency], _Request]:
    """Return one request for all series of each group."""
    requests = dict[tuple[str, Frequency], _Request]()
    for indicator, template in wanted:
        key, group = SeriesKey.parse(template.id), _group(template)
        forecasts = bool(indicator.forecast)
        series = template.source, template.id, indicator.key
        stored = "".join(plan.validators.get(series, ()))
        if group in requests:
            before = requests[group]
            key = key.union(before.key)
            forecasts |= before.forecasts
            stored = stored if stored == before.stored else ""
        requests[group] = _Request(key, template.frequency, forecasts, stored)
    return requests


def _check_codes(rows: pd.DataFrame, key: SeriesKey, problem: ErrorFactory) -> None:
    """Raise the error `problem` if a row has codes that were not asked for."""
    for name, codes in zip(rows.columns, key.codes, strict=False):
        others = set(rows[name]) - codes if codes else set()
        if others:
            raise problem(
                f"answered with {name} {one_line(min(others), at_most=40)}, which was "
                "not requested"
            )


def series_of(
    service: Service,
    template: SeriesTemplate,
    rows: pd.DataFrame,
    problem: ErrorFactory,
) -> pd.DataFrame:
    """Return `country, period, value` of the rows that belong to a series.

    Raises the error `problem` if none of the areas is a country.
    """
    key = SeriesKey.parse(template.id)
    for name, codes in zip(service.dimensions[key.flow], key.codes, strict=True):
        if codes:
            rows = rows[rows[name].isin(codes)]
    areas = rows[service.area(key.flow)]
    country = areas.map(service.alpha3())
    if len(rows) and country.isna().all():
        area = one_line(str(areas.iloc[0]), at_most=40)
        raise problem(f"none of its areas is a known country: {area}")
    table = rows[["period", "value"]].assign(country=country)
    table = table[_of_one_euro_area(areas, rows["period"])].dropna()
    covered = table["country"].map(template.covers).astype(bool)
    return table[covered].reset_index(drop=True)


def _of_one_euro_area(areas: pd.Series, periods: pd.Series) -> pd.Series:
    """Return which rows belong to countries, or to the euro area that is chosen."""
    newest = periods[areas.isin(EURO_AREA)].groupby(areas).max()
    others = set(EURO_AREA)
    if len(newest):
        current = newest.index[newest == newest.max()]
        others -= {min(current, key=EURO_AREA.index)}
    return ~areas.isin(others)


def digest_of(table: pd.DataFrame) -> str:
    """Return a hash of a series' values.

    An answer is different every time, because it contains the time at which it was
    made.
    """
    return hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split("+")) if text != ANY else frozenset()
