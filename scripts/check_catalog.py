"""Ask the live sources for every id of the catalog once, and write what they have.

    python -m scripts.check_catalog                # all sources, about half an hour
    python -m scripts.check_catalog --source fred --output found.csv

The requests are those of `econnet fetch`, within the limits that it keeps to at each
source, and nothing is stored. `catalog_status.csv` gets one row per series and country:

    exists        its newest period is `last_period`
    ended         it exists, and the catalog marks it as discontinued
    missing       the source does not have it
    failed        the source did not give it; `note` has the reason

The rows without a date come from recorded answers of the sources that the public record
has. A series that is not in the file counts as not verified. What a run did not reach
keeps its rows. The exit code is 1 if a series is missing or failed, so that a scheduled
job shows when the catalog needs care.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path

from econnet.core import catalog
from econnet.core.catalog import ARCHIVE
from econnet.core.countries import Country, all_countries, resolve
from econnet.core.errors import SourceError
from econnet.core.settings import Settings
from econnet.core.sources import LIVE_SOURCES, live_source
from econnet.data.fetch import QUERIES
from econnet.data.sources.http import MissingSeriesError, NotAskedError
from econnet.data.sources.observations import FetchedSeries
from econnet.data.sources.query import Job, Plan, Query

STATUS_FILE = Path(__file__).parent / "catalog_status.csv"
# One country is enough: the archive has the same editions for all.
COUNTRY_OF_ARCHIVE = "DEU"


@dataclass(frozen=True)
class Row:
    """What is known of a series of a country at its source."""

    source: str
    series_id: str
    indicator: str
    country: str
    status: str
    first_period: str
    last_period: str
    checked: str
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a later check replaces."""
        return self.source, self.series_id, self.indicator, self.country


def read(path: Path = STATUS_FILE) -> list[Row]:
    """Return the rows of a file; none if there is no such file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(**entry) for entry in csv.DictReader(file)]


def write(rows: Sequence[Row], path: Path) -> None:
    """Write rows in order."""
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(Row)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in sorted(rows, key=lambda row: row.key))


def check(plan: Plan, source: str) -> list[Row]:
    """Return what a source has of the catalog."""
    query = QUERIES[source](plan)
    jobs = [
        job
        for job in query.jobs
        if not job.key[1].startswith(ARCHIVE) or COUNTRY_OF_ARCHIVE in job.countries
    ]
    with ThreadPoolExecutor(query.session.rate_limiter.at_once) as pool:
        return [row for rows in pool.map(partial(_rows, query), jobs) for row in rows]


def _rows(query: Query, job: Job) -> list[Row]:
    """Return the rows of one request."""
    try:
        fetched = job.run()
    except NotAskedError:
        return []
    except SourceError as error:
        query.take(error)
        missing = isinstance(error, MissingSeriesError)
        status, note = ("missing", "") if missing else ("failed", str(error))
        return [_row(job, code, status, note=note) for code in job.countries or ("",)]
    query.take(fetched)
    # Without digests of an earlier fetch, everything counts as changed.
    return list(_found(job, fetched)) if isinstance(fetched, FetchedSeries) else []


def _found(job: Job, fetched: FetchedSeries) -> Iterator[Row]:
    """Yield a row per country of an answer, and per country that it was to have."""
    _, series_id, key = job.key
    ended = bool(fetched.series["discontinued"].any())
    values = fetched.observations.dropna(subset=["value"])
    spans = values.groupby("country")["period"].agg(["min", "max"])
    for code, first, last in spans.itertuples():
        status = "ended" if ended else "exists"
        yield _row(job, str(code), status, first_period=first, last_period=last)
    expected = {
        code
        for template in catalog.load()[key].series
        if template.source == fetched.source and template.matches(series_id)
        for code in job.countries or template.countries
    }
    for code in sorted(expected - {*map(str, spans.index)}):
        yield _row(job, code, "missing")


def _row(
    job: Job,
    country: str,
    status: str,
    *,
    first_period: str = "",
    last_period: str = "",
    note: str = "",
) -> Row:
    today = date.today().isoformat()
    return Row(*job.key, country, status, first_period, last_period, today, note)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", action="append", choices=LIVE_SOURCES, help="default: all"
    )
    parser.add_argument(
        "--country", action="append", metavar="CODE", help="default: all"
    )
    parser.add_argument("--output", type=Path, default=STATUS_FILE)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, write, and return the exit code."""
    options = _parsed(arguments)
    countries: Sequence[Country] = (
        [resolve(code) for code in options.country]
        if options.country
        else all_countries()
    )
    plan = Plan(Settings.from_environment(), countries, 1900)
    sources = [live_source(name) for name in options.source or LIVE_SOURCES]
    with ThreadPoolExecutor(len(sources)) as pool:
        found = [
            row for rows in pool.map(partial(check, plan), sources) for row in rows
        ]
    checked = {row.key: row for row in [*read(options.output), *found]}
    write(list(checked.values()), options.output)
    for status in ("exists", "ended", "missing", "failed"):
        count = sum(row.status == status for row in found)
        print(f"{status:8} {count:,}", file=sys.stderr)
    return int(any(row.status in {"missing", "failed"} for row in found))


if __name__ == "__main__":
    sys.exit(main())
