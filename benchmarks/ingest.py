"""How many requests a fetch makes and how long it takes, beside pandas-datareader.

    python benchmarks/ingest.py [--json] [--rounds 3]

Both read the same indicators of all economies from one server on loopback, a process of
its own that waits 50 ms before each answer and gives what the World Bank would: 217
countries and 49 aggregates, 60 years. econnet also stores what it reads. `reach` is the
bound that econnet sets itself. Then, of econnet alone: a refetch of which nothing has
changed, in all and less what it waited, and the whole store loaded as a panel, in a
process of its own whose greatest memory is measured.
"""

import argparse
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
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pandas_datareader import wb

from econnet.core import catalog, countries
from econnet.core.settings import Settings
from econnet.data import fetch as data_fetch

LATENCY_SECONDS = 0.05
YEARS = range(1960, 2020)
N_COUNTRIES, N_AGGREGATES = 217, 49
INDICATORS = [
    template.id
    for indicator in catalog.load().values()
    for template in indicator.series
    if template.source == "worldbank"
]
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


def pages(per_page: int) -> dict[tuple[str, int], bytes]:
    """Return the World Bank's answers by indicator and page."""
    rng = random.Random(0)  # noqa: S311 - no secret
    everywhere, answers = areas(), {}
    for series_id in INDICATORS:
        rows = [
            {
                "indicator": {"id": series_id, "value": f"{series_id} (constant 2015)"},
                "country": {"id": alpha2, "value": name},
                "countryiso3code": alpha3,
                "date": str(year),
                "value": rng.lognormvariate(10, 3),
                "unit": "",
                "obs_status": "",
                "decimal": 0,
            }
            for alpha3, alpha2, name in everywhere
            for year in reversed(YEARS)
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
    return answers


def serve(pipe: Connection) -> None:
    """Answer as the World Bank, each time after the latency; count what was asked."""
    answers = pages(per_page=32_500)
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
                    asked += 1
                page = int(parse_qs(address.query).get("page", ["1"])[0])
                body = answers[address.path.rpartition("/")[2], page]
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


def requests_made(base: str) -> int:
    """Return how often the server was asked since this was asked last."""
    with urllib.request.urlopen(f"{base}/asked") as answer:  # noqa: S310 - our own server
        return int(answer.read())


def fetch(base: str, folder: Path) -> tuple[float, float, data_fetch.Summary]:
    """Fetch into a folder; return seconds, seconds of own time, and the summary."""
    settings = Settings(folder, folder, f"{base}/v2", f"{base}/none")
    wall, own = time.perf_counter(), time.process_time()
    summary = data_fetch.fetch(
        settings, [countries.resolve("DEU")], sources=["worldbank"]
    )
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
settings = Settings(folder, folder, "", "")
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
            for values, value in zip((reading, building, memory), loaded, strict=True):
                values.append(float(value))
    fetched, downloaded = statistics.median(ours), statistics.median(theirs)
    alone = [
        ("refetch, nothing changed", "seconds", again, None),
        ("refetch, nothing changed", "seconds of own time", own, 1.0),
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
