"""Every source on loopback, with answers to every request of the catalog.

A country is in an answer if the catalog says that the source has it. Values rise by one
each period, so that a test knows them all.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.core import catalog
from econnet.core.catalog import SeriesTemplate
from econnet.core.countries import by_alpha3
from econnet.core.periods import PANDAS_ALIAS, Frequency
from econnet.data.sources import bis, ecb, eurostat, fred, imf, oecd, sdmx, weo
from tests.data.sources import sdmx_answers
from tests.data.sources.sdmx_answers import Series, series
from tests.data.sources.servers import Sources, fred_file
from tests.data.sources.workbook_files import workbook

SERVICES = [module.SERVICE for module in (bis, ecb, eurostat, imf, oecd, weo)]
ALPHA2_SOURCES = {"bis", "ecb", "eurostat"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SURVEYS: list[Sequence[object]] = [
    ["YEAR", "QUARTER", *(f"RECESS{n}" for n in range(1, 6))],
    [2026, 2, 20.0, 21.0, 22.0, 23.0, 24.0],
]
GROWTH: list[Sequence[object]] = [
    ["YEAR", "QUARTER", *(f"DRGDP{n}" for n in range(2, 7))],
    [2026, 2, 1.0, 1.5, 2.0, 2.0, 2.0],
]
RELEASE_DATES = "2026 Q2   5/12/26   5/15/26\n"


def serve(
    server: HTTPServer,
    countries: Sequence[str],
    first: str = "2020-01",
    last: str = "2026-06",
) -> None:
    """Let all these sources answer for these countries, from one month to another."""
    for service in SERVICES:
        path = re.compile(f"/{service.address or service.source}/data/.*")
        answer = partial(
            _answer, countries, pd.Period(first, "M"), pd.Period(last, "M")
        )
        if service.source != "weo":
            server.expect_request(path).respond_with_handler(answer)
    for name, content, content_type in (
        ("/spf/spf-release-dates.txt", RELEASE_DATES.encode(), "text/plain"),
        ("/spf/data-files/files/Mean_RECESS_Level.xlsx", workbook(SURVEYS), XLSX),
        ("/spf/data-files/files/Mean_RGDP_Growth.xlsx", workbook(GROWTH), XLSX),
    ):
        server.expect_request(name).respond_with_data(
            content, content_type=content_type
        )
    server.expect_request(f"/weo/{weo.FILE}").respond_with_data("", status=403)


def serve_bank_and_fred(
    sources: Sources,
    countries: Sequence[str],
    first: str = "2020-01",
    last: str = "2026-06",
) -> None:
    """Let the World Bank and FRED answer for these countries, too."""
    span = pd.Period(first, "M"), pd.Period(last, "M")
    named = [by_alpha3(alpha3) for alpha3 in countries]
    for _, template in catalog.fetched_from("worldbank"):
        values = _values(template.frequency, *span)
        dated = {period.replace("-", "M"): value for period, value in values.items()}
        sources.bank[template.id] = [
            (country.alpha3, country.alpha2, country.name, period, value)
            for country in named
            if template.covers(country.alpha3)
            for period, value in dated.items()
        ]
    for _, template in catalog.fetched_from("fred"):
        values = _values(template.frequency, *span)
        days = {
            str(
                pd.Period(period, PANDAS_ALIAS[template.frequency]).start_time.date()
            ): (f"{value:g}")
            for period, value in values.items()
        }
        for country in named:
            if template.covers(country.alpha3):
                for series_id in fred.plain_ids(template.id_for(country)):
                    sources.files[series_id] = fred_file(series_id, days)


def _values(
    frequency: Frequency, first: pd.Period, last: pd.Period
) -> dict[str, float]:
    """Return values that rise by one each period."""
    alias = PANDAS_ALIAS[frequency]
    periods = pd.period_range(first.asfreq(alias), last.asfreq(alias), freq=alias)
    return {str(period): 100.0 + number for number, period in enumerate(periods)}


def _answer(
    countries: Sequence[str], first: pd.Period, last: pd.Period, request: Request
) -> Response:
    flow, _ = sdmx_answers.flow_and_key(request)
    [service] = [service for service in SERVICES if flow in service.dimensions]
    found = [
        each
        for _, template in catalog.fetched_from(service.source)
        if sdmx.SeriesKey.parse(template.id).flow == flow
        for each in series_of(service, template, countries, first, last)
    ]
    return sdmx_answers.respond(sdmx_answers.structure_specific(flow, found))


def series_of(
    service: sdmx.Service,
    template: SeriesTemplate,
    countries: Sequence[str],
    first: pd.Period,
    last: pd.Period,
) -> Iterator[Series]:
    """Yield what a service answers for a series of the catalog, by country."""
    values = {
        period.replace("Q", "-Q"): f"{value:g}"
        for period, value in _values(template.frequency, first, last).items()
    }
    key = sdmx.SeriesKey.parse(template.id)
    for alpha3 in filter(template.covers, countries):
        country = by_alpha3(alpha3)
        area = country.alpha2 if service.source in ALPHA2_SOURCES else alpha3
        area = {"GR": "EL"}.get(area, area) if service.source == "eurostat" else area
        codes = [min(codes) if codes else area for codes in key.codes]
        names = service.dimensions[key.flow]
        yield series(dict(zip(names, codes, strict=True)), values)
