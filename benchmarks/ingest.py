"""How many requests a fetch makes and how long it takes, beside pandas-datareader.

    python benchmarks/ingest.py [--json] [--rounds 3]

Both read the same indicators of all economies from one server on loopback, a process of
its own that waits 50 ms before each answer and gives what the World Bank would: 217
countries and 49 aggregates, 60 years. econnet also stores what it reads. `reach` is the
bound that econnet sets itself. Then, of econnet alone: a refetch of which nothing has
changed, in all and less what it waited; the Global Economic Monitor, by quarters and
months; every series of the catalog from Eurostat, OECD, IMF, BIS and ECB in SDMX, and
the forecasts of the World Economic Outlook and the Survey of Professional Forecasters;
and the store loaded as a panel, in a process of its own whose greatest memory is
measured, with the World Bank's annual series and with all sources. Last, the user's own
CSV files of about 100 MB, wide and long, beside DuckDB's own reader, which only reads
the cells: in turns.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pandas as pd
from pandas_datareader import wb

from benchmarks.replayed_sources import (
    INDICATORS,
    MONITOR,
    N_COUNTRIES,
    RECENT_YEARS,
    YEARS,
    areas,
    requests_made,
    serve,
    urls,
)
from econnet.core import catalog, countries
from econnet.core.countries import Country
from econnet.core.periods import Frequency
from econnet.core.settings import Settings
from econnet.core.sources import SOURCES, LiveSource
from econnet.data import fetch as data_fetch
from econnet.data.files import user_panel

GERMANY = (countries.resolve("DEU"),)
QUARTERS = range(1, 5)
OTHERS: tuple[LiveSource, ...] = (
    *("eurostat", "oecd", "imf", "bis", "ecb", "weo", "spf"),
)
WORK = f"{N_COUNTRIES} countries, {len(INDICATORS)} indicators, {len(YEARS)} years"
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


def fetch(
    base: str,
    folder: Path,
    source: LiveSource = "worldbank",
    named: Sequence[Country] = GERMANY,
    *,
    monitor: bool = False,
) -> tuple[float, float, data_fetch.Summary]:
    """Fetch into a folder; return seconds, seconds of own time, and the summary."""
    settings = Settings(folder, folder, urls(base, monitor=monitor))
    wall, own = time.perf_counter(), time.process_time()
    summary = data_fetch.fetch(settings, named, sources=[source])
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
folder, frequency = Path(sys.argv[1]), sys.argv[2]
settings = Settings(folder, folder, {})
began = time.process_time()
rows = load.store(settings).vintages()
read = time.process_time()
built = panel.build(rows, frequency)
done = time.process_time()
if sys.platform == "linux":
    # `ru_maxrss` would count what the parent held when it started this process.
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    peak *= 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(read - began, done - began, peak / 2**20)
"""
OWN_TIME = "seconds of processor time"


@dataclass(frozen=True)
class Measured:
    """What a number is of, in words, and econnet's own bound."""

    work: str
    measure: str
    reach: float | None = None


def load(folder: Path, frequency: Frequency) -> list[float]:
    """Return processor time of reading and in all, and the greatest memory in MB."""
    # DuckDB draws its progress on standard output for code that is in no file.
    script = folder / "load.py"
    script.write_text(LOAD, "utf-8")
    command = [sys.executable, str(script), str(folder), frequency]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)
    return [*map(float, loaded.stdout.split())]


def measure(base: str, rounds: int) -> list[Row]:
    """Return the rows, each the median of the rounds."""
    ours, theirs = list[float](), list[float]()
    alone = defaultdict[Measured, list[float]](list)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            requests_made(base)
            ours.append(fetch(base, folder)[0])
            our_requests = requests_made(base)
            theirs.append(download(base))
            their_requests = requests_made(base)
            for what, value in measure_alone(base, folder):
                alone[what].append(value)
    fetched, downloaded = statistics.median(ours), statistics.median(theirs)
    return [
        Row(
            WORK,
            "requests",
            our_requests,
            PANDAS_DATAREADER,
            their_requests,
            their_requests / our_requests,
            1.0,
        ),
        Row(
            WORK,
            "seconds",
            fetched,
            PANDAS_DATAREADER,
            downloaded,
            downloaded / fetched,
            None,
        ),
        *(
            Row(
                what.work,
                what.measure,
                statistics.median(values),
                "",
                None,
                None,
                what.reach,
            )
            for what, values in alone.items()
        ),
    ]


def measure_alone(base: str, folder: Path) -> Iterator[tuple[Measured, float]]:
    """Yield what only econnet does, after one fetch from the World Bank."""
    wall, own, summary = fetch(base, folder)
    assert summary.unchanged == len(INDICATORS)  # noqa: S101 - or the figures mean nothing
    refetch = f"{WORK}: refetch, nothing changed"
    yield Measured(refetch, "seconds"), wall
    yield Measured(refetch, OWN_TIME, 1.0), own
    read, done, peak = load(folder, "A")
    yield Measured(f"{WORK}: store to observations", OWN_TIME), read
    yield Measured(f"{WORK}: store to panel", OWN_TIME, 1.0), done
    yield Measured(f"{WORK}: store to panel", "MB at most", 500.0), peak
    years = f"{len(RECENT_YEARS)} years"
    wall, own, summary = fetch(base, folder, monitor=True)
    assert summary.added  # noqa: S101 - or the figures mean nothing
    monitor = f"{len(MONITOR)} series of the Global Economic Monitor, {years}"
    yield Measured(monitor, "seconds", 60.0), wall
    yield Measured(monitor, OWN_TIME), own
    for source in OTHERS:
        wall, own, summary = fetch(base, folder, source, countries.all_countries())
        assert summary.added  # noqa: S101 - or the figures mean nothing
        assert not summary.failed, summary  # noqa: S101 - or the figures mean nothing
        ids = len(catalog.fetched_from(source))
        work = f"{SOURCES[source].title}: {ids} series ids, {summary.added:,} values"
        yield Measured(work, "seconds", 30.0), wall
        yield Measured(work, OWN_TIME), own
    read, done, peak = load(folder, "Q")
    yield Measured("all these sources: store to observations", OWN_TIME), read
    yield Measured("all these sources: store to quarterly panel", OWN_TIME), done
    yield Measured("all these sources: store to quarterly panel", "MB at most"), peak


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


def seconds(read: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that one call takes, and the processor time of its threads."""
    wall, own = time.perf_counter(), time.process_time()
    read()
    return time.perf_counter() - wall, time.process_time() - own


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
            theirs, ours = [], []
            for _ in range(rounds):
                theirs.append(seconds(partial(read_with_duckdb, path)))
                ours.append(seconds(partial(user_panel.read, path)))
            size = path.stat().st_size / 1e6
            for column, unit in enumerate(("seconds", OWN_TIME)):
                peer = statistics.median(times[column] for times in theirs)
                own = statistics.median(times[column] for times in ours)
                rows.append(
                    Row(
                        f"own CSV file of {size:.0f} MB, {layout}",
                        unit,
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
