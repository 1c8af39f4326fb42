"""A server on loopback that answers as the public sources would, after 50 ms.

The World Bank gives 217 countries and 49 aggregates: annual series of 60 years, and the
Global Economic Monitor by quarters and months of 20 years. Every SDMX source gives what
the catalog expects of it over the same 20 years, and the two surveys have the size of
the real files.
"""

import json
import math
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, unquote, urlsplit

from econnet.core import catalog, countries
from econnet.core.catalog import SeriesTemplate
from econnet.core.periods import Frequency
from econnet.core.sources import LiveSource
from econnet.data.sources import (
    bis,
    ecb,
    eurostat,
    imf,
    oecd,
    sdmx,
    spf,
    weo,
    worldbank,
)
from tests.data.sources.workbook_files import workbook

LATENCY_SECONDS = 0.05
YEARS = range(1960, 2020)
RECENT_YEARS = range(2000, 2020)
N_COUNTRIES, N_AGGREGATES = 217, 49
WORLD_BANK = [template for _, template in catalog.fetched_from("worldbank")]
INDICATORS = [
    template.id
    for template in WORLD_BANK
    if not template.id.startswith((catalog.ARCHIVE, worldbank.MONITOR))
]
MONITOR = [
    template for template in WORLD_BANK if template.id.startswith(worldbank.MONITOR)
]
SERVICES: Mapping[LiveSource, sdmx.Service] = {
    module.SERVICE.source: module.SERVICE
    for module in (bis, ecb, eurostat, imf, oecd, weo)
}
NAMED_BY_ALPHA2 = {"bis", "ecb", "eurostat"}
EDITIONS = range(1990, 2026)
NOTHING = json.dumps([{"page": 1, "pages": 1, "per_page": 50, "total": 0}, None])
NO_EDITIONS = json.dumps(
    {
        "page": 1,
        "pages": 1,
        "per_page": 50,
        "total": 0,
        "source": [{"concept": [{"variable": []}]}],
    }
)
STRUCTURE_SPECIFIC = "application/vnd.sdmx.structurespecificdata+xml;version=2.1"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def areas() -> list[tuple[str, str, str]]:
    """Return alpha-3, alpha-2 and name of each economy, aggregates last."""
    chosen = [
        (country.alpha3, country.alpha2, country.name)
        for country in countries.all_countries()[:N_COUNTRIES]
    ]
    return chosen + [
        (f"{number:02d}X", f"{number:02d}", f"Aggregate {number}")
        for number in range(N_AGGREGATES)
    ]


def periods_of(frequency: Frequency) -> list[str]:
    """Return the periods of an answer as the World Bank writes them, newest first."""
    match frequency:
        case "A":
            found = [str(year) for year in YEARS]
        case "Q":
            found = [f"{year}Q{n}" for year in RECENT_YEARS for n in range(1, 5)]
        case "M":
            found = [f"{year}M{n:02d}" for year in RECENT_YEARS for n in range(1, 13)]
    return found[::-1]


def pages(
    series: Mapping[str, Frequency], per_page: int
) -> dict[tuple[str, int], bytes]:
    """Return the World Bank's answers by code and page."""
    rng = random.Random(0)  # noqa: S311 - no secret
    everywhere, answers = areas(), {}
    for series_id, frequency in series.items():
        rows = [
            {
                "indicator": {"id": series_id, "value": f"{series_id} (constant 2015)"},
                "country": {"id": alpha2, "value": name},
                "countryiso3code": alpha3,
                "date": period,
                "value": rng.lognormvariate(10, 3),
                "unit": "",
                "obs_status": "",
                "decimal": 0,
            }
            for alpha3, alpha2, name in everywhere
            for period in periods_of(frequency)
        ]
        n_pages = math.ceil(len(rows) / per_page)
        for page in range(1, n_pages + 1):
            header = {
                "page": page,
                "pages": n_pages,
                "per_page": per_page,
                "total": len(rows),
                "sourceid": "2",
                "lastupdated": "2026-10-07",
            }
            part = rows[(page - 1) * per_page : page * per_page]
            answers[series_id, page] = json.dumps([header, part]).encode()
        # Page 0 is what a request of one row gets.
        one = {**header, "page": 1, "pages": len(rows), "per_page": 1}
        answers[series_id, 0] = json.dumps([one, rows[:1]]).encode()
    return answers


def served(source: LiveSource, flow: str, key: str) -> Iterator[SeriesTemplate]:
    """Yield the series of the catalog that a request for a key includes."""
    asked = [frozenset(part.split("+")) for part in key.split(".")]
    for _, template in catalog.fetched_from(source):
        own = sdmx.SeriesKey.parse(template.id)
        if own.flow == flow and all(
            codes <= wanted
            for codes, wanted in zip(own.codes, asked, strict=True)
            if codes
        ):
            yield template


def area_of(source: LiveSource, alpha3: str) -> str:
    """Return the code of a country in the answers of a source."""
    if source not in NAMED_BY_ALPHA2:
        return {"EA": "G163"}.get(alpha3, alpha3)
    alpha2 = countries.by_alpha3(alpha3).alpha2
    return {"GR": "EL"}.get(alpha2, alpha2) if source == "eurostat" else alpha2


@cache
def sdmx_answer(source: LiveSource, flow: str, key: str) -> bytes:
    """Return a service's answer to a key, for all countries that it should have."""
    parts = []
    for template in served(source, flow, key):
        codes = [sorted(codes)[:1] for codes in sdmx.SeriesKey.parse(template.id).codes]
        periods = sdmx_periods(source, template.frequency)
        values = "".join(
            f'<Obs TIME_PERIOD="{text}" OBS_VALUE="{100 + n / 7:.3f}"/>'
            for n, text in enumerate(periods)
        )
        everywhere = [country.alpha3 for country in countries.all_countries()]
        for alpha3 in template.countries or everywhere:
            area = area_of(source, alpha3)
            named = zip(SERVICES[source].dimensions[flow], codes, strict=True)
            key_of = "".join(f' {name}="{(code or [area])[0]}"' for name, code in named)
            parts.append(f"<Series{key_of}>{values}</Series>")
    agency, name = flow_names(flow)
    space = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
    flow_urn = (
        f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={agency}:{name}(1.0)"
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><mes:StructureSpecificData '
        f'xmlns:mes="{space}/message" xmlns:ss="{space}/data/structurespecific" '
        f'xmlns:com="{space}/common" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:ns1="{flow_urn}:ObsLevelDim:TIME_PERIOD"><mes:Header><mes:ID>1</mes:ID>'
        "<mes:Test>false</mes:Test><mes:Prepared>2026-10-01T00:00:00</mes:Prepared>"
        f'<mes:Sender id="SENDER"/><mes:Structure structureID="STR1" '
        f'namespace="{flow_urn}" dimensionAtObservation="TIME_PERIOD">'
        f'<com:StructureUsage><Ref agencyID="{agency}" id="{name}" version="1.0"/>'
        "</com:StructureUsage></mes:Structure></mes:Header>"
        '<mes:DataSet ss:dataScope="DataStructure" xsi:type="ns1:DataSetType" '
        'ss:structureRef="STR1" action="Replace">'
        f"{''.join(parts)}</mes:DataSet></mes:StructureSpecificData>"
    ).encode()


def flow_names(flow: str) -> tuple[str, str]:
    """Return agency and name of a data flow."""
    agency, _, rest = flow.partition(",")
    return (agency, rest.partition(",")[0]) if rest else ("X", flow)


def sdmx_periods(source: LiveSource, frequency: Frequency) -> list[str]:
    """Return the periods of a series in SDMX, oldest first."""
    if source == "weo":
        this_year = date.today().year
        return [str(year) for year in range(this_year - 2, this_year + 6)]
    return [
        text.replace("Q", "-Q").replace("M", "-")
        for text in reversed(periods_of(frequency))
    ]


def outlook_editions() -> bytes:
    """Return the IMF's forecasts of all editions, one row per country and year."""
    names = [f"{season}{year}ngdp_rpch" for year in EDITIONS for season in "SF"]
    rows: list[list[object]] = [["country", "isoalpha_3code", "year", *names]]
    for country in countries.all_countries()[:195]:
        for year in EDITIONS:
            forecasts = [
                year % 7 + edition % 5 / 10 if -5 <= year - edition <= 5 else None
                for edition in EDITIONS
                for _ in "SF"
            ]
            rows.append([country.name, country.alpha3, year, *forecasts])
    return workbook(rows, "ngdp_rpch")


def survey(variable: spf.Variable) -> bytes:
    """Return the Survey of Professional Forecasters' file of a variable since 1968."""
    names = [f"{variable.column}{n}" for n in range(1, 8)]
    surveys = [(year, quarter) for year in range(1968, 2026) for quarter in range(1, 5)]
    rows = [
        [year, quarter, *(10.0 + (year + n) % 9 for n in range(7))]
        for year, quarter in surveys
    ]
    return workbook([["YEAR", "QUARTER", *names], *rows])


def release_dates() -> bytes:
    """Return the survey's list of release dates."""
    lines = [
        f"{year} Q{quarter}   {3 * quarter - 1}/12/{year % 100:02d}   "
        f"{3 * quarter - 1}/15/{year % 100:02d}"
        for year in range(1991, 2026)
        for quarter in range(1, 5)
    ]
    return "\n".join(lines).encode()


def files() -> Mapping[str, Callable[[], bytes]]:
    """Return what makes each file of the surveys, by its path on the server."""
    surveys = {
        f"/spf/data-files/files/{variable.file}": lambda variable=variable: survey(
            variable
        )
        for variable in spf.VARIABLES.values()
    }
    return {
        f"/weo/{weo.FILE}": outlook_editions,
        f"/spf/{spf.RELEASE_DATES}": release_dates,
        **surveys,
    }


def urls(base: str, *, monitor: bool = False) -> dict[str, str]:
    """Return the address of each source on the server."""
    bank = f"{base}/all/v2" if monitor else f"{base}/v2"
    addresses = {"worldbank": bank, "spf": f"{base}/spf"}
    for source in SERVICES:
        addresses[source] = f"{base}/{source}"
    return addresses


def serve(pipe: Connection) -> None:
    """Answer as the sources, each time after the latency; count what was asked.

    Under `/v2` there is no Global Economic Monitor, which pandas-datareader cannot
    read; under `/all/v2` there is.
    """
    annual = pages(dict.fromkeys(INDICATORS, "A"), per_page=32_500)
    contents = {path: make() for path, make in files().items()}
    monitor = {worldbank.code_of(each.id): each.frequency for each in MONITOR}
    answers = annual | pages(monitor, per_page=32_500)
    asked = 0
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal asked
            address = urlsplit(unquote(self.path))
            if address.path == "/asked":
                with lock:
                    body, asked = str(asked).encode(), 0
            else:
                time.sleep(LATENCY_SECONDS)
                with lock:
                    asked += address.path.rpartition("/")[2] in INDICATORS
                body = self.answer(address.path, parse_qs(address.query))
            kind = next(
                (kind for start, kind in KINDS.items() if body.startswith(start)),
                "application/json" if body.startswith((b"{", b"[")) else "text/plain",
            )
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
            parts = path.split("/")
            if path in contents:
                return contents[path]
            if parts[1] in SERVICES:
                flow, key = parts[3], parts[4]
                source = "weo" if flow == weo.OUTLOOK else parts[1]
                return sdmx_answer(source, flow, key)
            if path.endswith("/version"):
                return NO_EDITIONS.encode()
            code, page = parts[-1], int(query.get("page", ["1"])[0])
            page = 0 if query.get("per_page") == ["1"] else page
            if code in monitor and parts[1] != "all":
                return NOTHING.encode()
            return answers[code, page]

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


def requests_made(base: str) -> int:
    """Return how often the server was asked since this was asked last."""
    with urllib.request.urlopen(f"{base}/asked") as answer:  # noqa: S310 - our own server
        return int(answer.read())


KINDS = {b"<": STRUCTURE_SPECIFIC, b"PK": XLSX}
