"""Targets that are answers of statistical offices and of surveys of professionals.

An answer is read as `fetch` reads it: by the jobs of the source, over a session that
takes the answers from memory.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

import pandas as pd

from econnet.core import catalog, countries
from econnet.core.errors import EconnetError
from econnet.core.settings import Settings
from econnet.data.sources import sdmx, spf, weo, worldbank, worldbank_archive
from econnet.data.sources.http import PoliteSession
from econnet.data.sources.query import Job, Plan
from tests.data.sources import replay, sdmx_answers
from tests.data.sources.servers import archive_page
from tests.data.sources.test_professionals import (
    GROWTH,
    HISTORY,
    RECESS,
    RELEASE_DATES,
)
from tests.data.sources.workbook_files import workbook
from tests.fuzz import mutation, tables
from tests.fuzz.canned import Canned
from tests.fuzz.target import Target

BINARY = "application/octet-stream"
ASKED = ("DEU", "BRA", "USA", "EA")
OF_EXAMPLES = ("DEU", "BRA", "USA")
RATE = {
    "FREQ": "M",
    "REF_AREA": "DE",
    "IR_TYPE": "L",
    "TR_TYPE": "L40",
    "MATURITY_CAT": "CI",
    "BS_COUNT_SECTOR": "0000",
    "CURRENCY_TRANS": "EUR",
    "IR_BUS_COV": "N",
    "IR_FV_TYPE": "Z",
}
CODE = "NY.GDP.MKTP.KD"
# A flow of each of the services.
FLOWS = ("WS_SPP", "IRS", "namq_10_gdp", "QNEA", "DF_QNA", "WEO")


@cache
def plan() -> Plan:
    """Return a plan for a few countries, with the addresses of the sources."""
    wanted = [countries.resolve(name) for name in ASKED]
    return Plan(Settings.from_environment(file=None), wanted, 1960)


def run(session: PoliteSession, jobs: Iterable[Job], answers: Canned) -> int:
    """Run jobs over answers from memory, and return how many give a series."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, answers)
    n_series = 0
    with session:
        for job in jobs:
            with suppress(EconnetError):
                n_series += job.run() is not None
    return n_series


def read_sdmx(data: bytes) -> int:
    """Read an answer as that of the service whose flow it names first."""
    named = {flow: data.find(flow.encode()) for flow in FLOWS}
    found = {flow: place for flow, place in named.items() if place >= 0}
    flow = min(found, key=found.__getitem__, default=FLOWS[0])
    service = replay.SERVICES[FLOWS.index(flow)]
    query = sdmx.query(service, plan())
    jobs = [job for job in query.jobs if flow in job.key[1]]
    return run(query.session, jobs, Canned([data], "application/xml"))


@cache
def sdmx_files() -> list[bytes]:
    """Return an answer of each service, one in the generic form, and two refusals."""
    first, last = pd.Period("2025-01", "M"), pd.Period("2026-06", "M")
    found = []
    for service, flow in zip(replay.SERVICES, FLOWS, strict=True):
        [name] = [each for each in service.dimensions if flow in each]
        series = [
            each
            for _, template in catalog.fetched_from(service.source)
            if sdmx.SeriesKey.parse(template.id).flow == name
            for each in replay.series_of(service, template, OF_EXAMPLES, first, last)
        ]
        found.append(sdmx_answers.structure_specific(name, series[:6]))
    found += [
        sdmx_answers.generic("IRS", [sdmx_answers.series(RATE, {"2025-01": "2.5"})]),
        sdmx_answers.error("No results"),
        sdmx_answers.footer("IRS", "Later"),
    ]
    return [text.encode() for text in found]


def read_outlook(data: bytes) -> int:
    """Read the file of earlier editions of the outlook."""
    query = weo.query(plan())
    jobs = [job for job in query.jobs if weo.FILE in job.key[1]]
    return run(query.session, jobs, Canned([data], BINARY))


def read_survey(dates: bytes, data: bytes) -> int:
    """Read the release dates of the survey, and a file of it as each variable."""
    query = spf.query(plan())
    return run(query.session, query.jobs, Canned([data, dates, data], BINARY))


def read_archive(data: bytes) -> int:
    """Read the list of editions in the first line, and rows in the others."""
    session = worldbank.session(None)
    jobs = worldbank_archive.jobs(plan(), session)
    return run(session, jobs[:1], Canned(data.split(b"\n"), "application/json"))


def archives() -> list[bytes]:
    """Return two editions of a country's output, in one page and in two."""
    versions = [{"id": each, "value": each} for each in ("202401", "202407")]
    editions = {
        "page": 1,
        "pages": 1,
        "per_page": 20_000,
        "total": len(versions),
        "source": [{"concept": [{"id": "Version", "variable": versions}]}],
    }
    values: dict[str, dict[str, float | None]] = {
        "202401": {"2021": 0.3, "2022": 102.5},
        "202407": {"2021": 0.3, "2022": None},
    }
    pages = [archive_page("DEU", CODE, values, page=n, per_page=3) for n in (1, 2)]
    documents = [[editions, archive_page("DEU", CODE, values)], [editions, *pages]]
    return ["\n".join(map(json.dumps, each)).encode() for each in documents]


@cache
def survey() -> bytes:
    return workbook(RECESS)


TARGETS: dict[str, Target] = {
    "sdmx": Target(read_sdmx, sdmx_files, tables.of_xml),
    "outlook": Target(
        read_outlook, lambda: [workbook(HISTORY, "ngdp_rpch")], tables.of_workbook
    ),
    "survey": Target(
        lambda data: read_survey(RELEASE_DATES.encode(), data),
        lambda: [workbook(RECESS), workbook(GROWTH)],
        tables.of_workbook,
    ),
    "release-dates": Target(
        lambda data: read_survey(data, survey()),
        lambda: [RELEASE_DATES.encode()],
        mutation.of_text,
    ),
    "archive": Target(read_archive, archives, mutation.of_json),
}
