"""How many requests a fetch makes and how long it takes, beside pandas-datareader.

    python benchmarks/ingest.py [--json] [--rounds 3]

Both read the same indicators of all economies from one server on loopback, a process of
its own that waits 50 ms before each answer and gives what the World Bank would: 217
countries and 49 aggregates, 60 years. econnet also stores what it reads. `reach` is the
bound that econnet sets itself. Then, of econnet alone: a refetch of which nothing has
changed, in all and less what it waited; the Global Economic Monitor, by quarters and
months; Eurostat's data sets in SDMX; and the whole store loaded as a panel, in a
process of its own whose greatest memory is measured. Last, the user's own CSV files of
about 100 MB, wide and long, beside DuckDB's own reader, which only reads the cells:
processor time, in turns.
"""

import argparse
import itertools
import json
import math
import multiprocessing
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import duckdb
import numpy as np
import pandas as pd
from pandas_datareader import wb

from econnet.core import catalog, countries
from econnet.core.periods import Frequency
from econnet.core.settings import Settings
from econnet.core.sources import LiveSource
from econnet.data import fetch as data_fetch
from econnet.data.files import user_panel
from econnet.data.sources import eurostat, worldbank

LATENCY_SECONDS = 0.05
QUARTERS = range(1, 5)
YEARS = range(1960, 2020)
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
MONITOR_YEARS = range(2000, 2020)
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
EUROSTAT = [template for _, template in catalog.fetched_from("eurostat")]
ALPHA2 = {country.alpha3: country.alpha2 for country in countries.all_countries()}
EUROPE = sorted(
    {"GRC": "EL", "GBR": "UK"}.get(alpha3, ALPHA2[alpha3])
    for alpha3 in {code for template in EUROSTAT for code in template.countries}
)
STRUCTURE_SPECIFIC = "application/vnd.sdmx.structurespecificdata+xml;version=2.1"
PANDAS_DATAREADER = f"pandas-datareader {version('pandas-datareader')}"


@dataclass(frozen=True)
class Row:
    """One comparison; `ratio` above 1 means that econnet is better."""

    work: str
    measure: str
    econnet: float
    peer: str
    peer_value: float | None
    ratio: float | None
    reach: float | None


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
            found = [f"{year}Q{n}" for year in MONITOR_YEARS for n in range(1, 5)]
        case "M":
            found = [f"{year}M{n:02d}" for year in MONITOR_YEARS for n in range(1, 13)]
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


def sdmx_answer(flow: str, key: str) -> bytes:
    """Return Eurostat's answer to a key, for all countries that the catalog expects."""
    names = eurostat.SERVICE.dimensions[flow]
    codes = [part.split("+") if part else EUROPE for part in key.split(".")]
    frequency: Frequency = "Q" if "Q" in codes[0] else "M"
    texts = [
        text.replace("Q", "-Q").replace("M", "-") for text in periods_of(frequency)
    ]
    values = "".join(
        f'<Obs TIME_PERIOD="{text}" OBS_VALUE="{100 + n / 7:.3f}"/>'
        for n, text in enumerate(reversed(texts))
    )
    series = "".join(
        "<Series "
        + " ".join(f'{name}="{code}"' for name, code in zip(names, each, strict=True))
        + f">{values}</Series>"
        for each in itertools.product(*codes)
    )
    space = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><mes:StructureSpecificData '
        f'xmlns:mes="{space}/message" xmlns:ss="{space}/data/structurespecific" '
        f'xmlns:com="{space}/common" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:ns1="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow='
        f'ESTAT:{flow}(1.0):ObsLevelDim:TIME_PERIOD"><mes:Header><mes:ID>1</mes:ID>'
        "<mes:Test>false</mes:Test><mes:Prepared>2026-10-01T00:00:00</mes:Prepared>"
        '<mes:Sender id="ESTAT"/><mes:Structure structureID="STR1" '
        f'namespace="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=ESTAT:{flow}'
        '(1.0)" dimensionAtObservation="TIME_PERIOD"><com:StructureUsage>'
        f'<Ref agencyID="ESTAT" id="{flow}" version="1.0"/></com:StructureUsage>'
        '</mes:Structure></mes:Header><mes:DataSet ss:dataScope="DataStructure" '
        'xsi:type="ns1:DataSetType" ss:structureRef="STR1" action="Replace">'
        f"{series}</mes:DataSet></mes:StructureSpecificData>"
    ).encode()


def serve(pipe: Connection) -> None:
    """Answer as the sources, each time after the latency; count what was asked.

    Under `/v2` there is no Global Economic Monitor, which pandas-datareader cannot
    read; under `/all/v2` there is.
    """
    annual = pages(dict.fromkeys(INDICATORS, "A"), per_page=32_500)
    monitor = {worldbank.code_of(each.id): each.frequency for each in MONITOR}
    answers = annual | pages(monitor, per_page=32_500)
    asked = 0
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal asked
            address = urlsplit(self.path)
            if address.path == "/asked":
                with lock:
                    body, asked = str(asked).encode(), 0
            else:
                time.sleep(LATENCY_SECONDS)
                with lock:
                    asked += address.path.rpartition("/")[2] in INDICATORS
                body = self.answer(address.path, parse_qs(address.query))
            xml = body.startswith(b"<")
            kind = STRUCTURE_SPECIFIC if xml else "application/json"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
            parts = path.split("/")
            if parts[1] == "eurostat":
                return sdmx_answer(parts[3], parts[4])
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


def fetch(
    base: str, folder: Path, source: LiveSource = "worldbank"
) -> tuple[float, float, data_fetch.Summary]:
    """Fetch into a folder; return seconds, seconds of own time, and the summary."""
    urls = {"worldbank": f"{base}/v2", "eurostat": f"{base}/eurostat"}
    settings = Settings(folder, folder, urls)
    wall, own = time.perf_counter(), time.process_time()
    summary = data_fetch.fetch(settings, [countries.resolve("DEU")], sources=[source])
    return time.perf_counter() - wall, time.process_time() - own, summary


def download(base: str) -> float:
    """Read the same with pandas-datareader; return seconds."""
    wb.WB_API_URL = f"{base}/v2"
    wall = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = wb.download(
            indicator=INDICATORS, country="all", start=YEARS[0], end=YEARS[-1]
        )
    assert table.shape == (len(areas()) * len(YEARS), len(INDICATORS))  # noqa: S101 - or the figures mean nothing
    return time.perf_counter() - wall


LOAD = """
import resource, sys, time
from pathlib import Path
from econnet.data import panel
from econnet.data import load
from econnet.core.settings import Settings
folder = Path(sys.argv[1])
settings = Settings(folder, folder, {})
began = time.perf_counter()
rows = load.store(settings).vintages()
read = time.perf_counter()
built = panel.build(rows, "A")
done = time.perf_counter()
if sys.platform == "linux":
    # `ru_maxrss` would count what the parent held when it started this process.
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    peak *= 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(read - began, done - read, peak / 2**20)
"""


def measure(base: str, rounds: int) -> list[Row]:
    """Return the rows, each the median of the rounds."""
    work = f"{N_COUNTRIES} countries, {len(INDICATORS)} indicators, {len(YEARS)} years"
    ours, theirs, again, own = (list[float]() for _ in range(4))
    reading, building, memory = (list[float]() for _ in range(3))
    monitored, european = list[float](), list[float]()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            requests_made(base)
            ours.append(fetch(base, Path(folder))[0])
            our_requests = requests_made(base)
            theirs.append(download(base))
            their_requests = requests_made(base)
            wall, cpu, summary = fetch(base, Path(folder))
            assert summary.unchanged == len(INDICATORS)  # noqa: S101 - or the figures mean nothing
            again.append(wall)
            own.append(cpu)
            loaded = subprocess.run(
                [sys.executable, "-c", LOAD, folder],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
            monitored.append(fetch(f"{base}/all", Path(folder))[0])
            seconds, _, summary = fetch(base, Path(folder), "eurostat")
            assert summary.added  # noqa: S101 - or the figures mean nothing
            european.append(seconds)
            for values, value in zip((reading, building, memory), loaded, strict=True):
                values.append(float(value))
    fetched, downloaded = statistics.median(ours), statistics.median(theirs)
    alone = [
        ("refetch, nothing changed", "seconds", again, None),
        ("refetch, nothing changed", "seconds of own time", own, 1.0),
        (
            f"{len(MONITOR)} series of the monitor, {len(MONITOR_YEARS)} years",
            *("seconds", monitored, 60.0),
        ),
        (
            f"{len(EUROSTAT)} series of Eurostat, {len(MONITOR_YEARS)} years",
            *("seconds", european, 30.0),
        ),
        ("store to observations", "seconds", reading, None),
        (
            "store to panel",
            "seconds",
            [*map(sum, zip(reading, building, strict=True))],
            1.0,
        ),
        ("store to panel", "MB at most", memory, 500.0),
    ]
    return [
        Row(
            work,
            "requests",
            our_requests,
            PANDAS_DATAREADER,
            their_requests,
            their_requests / our_requests,
            1.0,
        ),
        Row(
            work,
            "seconds",
            fetched,
            PANDAS_DATAREADER,
            downloaded,
            downloaded / fetched,
            None,
        ),
        *(
            Row(
                f"{work}: {what}",
                unit,
                statistics.median(values),
                "",
                None,
                None,
                reach,
            )
            for what, unit, values, reach in alone
        ),
    ]


def write_csv(folder: Path, layout: Literal["wide", "long"]) -> Path:
    """Write a quarterly panel of 200 countries as a CSV file of about 90 MB."""
    n_series = 166 if layout == "wide" else 50
    codes = [country.alpha3 for country in countries.all_countries()][:200]
    quarters = [
        f"{year}Q{quarter}" for year in range(1950, 2025) for quarter in QUARTERS
    ]
    rng = np.random.default_rng(0)
    steps = rng.normal(0.005, 0.01, (len(codes), len(quarters), n_series))
    levels = np.round(100 * np.exp(steps.cumsum(axis=1)), 4)
    table = pd.DataFrame(
        levels.reshape(-1, n_series), columns=[f"series_{n}" for n in range(n_series)]
    )
    table.insert(0, "period", np.tile(quarters, len(codes)))
    table.insert(0, "country", np.repeat(codes, len(quarters)))
    if layout == "long":
        table = table.melt(["country", "period"], var_name="indicator")
    path = folder / f"{layout}.csv"
    table.to_csv(path, index=False)
    return path


def processor_seconds(read: Callable[[], object]) -> float:
    """Return the processor time of all threads that one call takes."""
    began = time.process_time()
    read()
    return time.process_time() - began


def read_with_duckdb(path: Path) -> pd.DataFrame:
    """Return the cells of a CSV file, read by DuckDB's own reader."""
    with duckdb.connect() as database:
        cells: pd.DataFrame = database.read_csv(str(path)).df()
    return cells


def measure_files(rounds: int) -> list[Row]:
    """Return the rows about the user's own files, each the median of the rounds."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for layout in ("wide", "long"):
            path = write_csv(Path(folder), layout)
            ours, theirs = list[float](), list[float]()
            for _ in range(rounds):
                theirs.append(processor_seconds(partial(read_with_duckdb, path)))
                ours.append(processor_seconds(partial(user_panel.read, path)))
            own, peer = statistics.median(ours), statistics.median(theirs)
            size = path.stat().st_size / 1e6
            rows.append(
                Row(
                    f"own CSV file of {size:.0f} MB, {layout}",
                    "seconds of processor time",
                    own,
                    f"DuckDB {version('duckdb')}",
                    peer,
                    peer / own,
                    0.5,
                )
            )
    return rows


def main() -> None:
    """Print the rows, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there,), daemon=True
    )
    server.start()
    rows = measure(f"http://127.0.0.1:{here.recv()}", arguments.rounds)
    server.terminate()
    rows += measure_files(arguments.rounds)
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{platform.platform()}, Python {platform.python_version()}.\n")
    print("| work | measure | econnet | peer | its value | ratio | reach |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        numbers = [row.econnet, row.peer_value, row.ratio, row.reach]
        ours, value, ratio, reach = ("" if n is None else f"{n:.3g}" for n in numbers)
        print(
            f"| {row.work} | {row.measure} | {ours} | {row.peer} | {value} | {ratio} | "
            f"{reach} |"
        )


if __name__ == "__main__":
    main()
