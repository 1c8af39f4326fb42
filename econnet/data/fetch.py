"""Fetching everything that econnet uses about a country from the sources to the store.

The sources are queried in parallel, each within its limits, and a series is stored as
soon as it is complete. Failures are listed and do not stop the rest; a source that does
not respond to several requests in a row is not queried further.
"""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from econnet.core import catalog
from econnet.core.catalog import Indicator, SeriesTemplate
from econnet.core.countries import Country
from econnet.core.errors import DataError, SourceError
from econnet.core.settings import Settings
from econnet.data.load import store
from econnet.data.sources import alfred, fred, worldbank
from econnet.data.sources.http import (
    MissingSeriesError,
    NotAskedError,
    PoliteSession,
    RetryPolicy,
    UnansweredError,
    UnreachableError,
)
from econnet.data.sources.observations import FetchedSeries, now
from econnet.data.store.store import Change, Key, Store

Source = Literal["worldbank", "fred"]
SOURCES: tuple[Source, ...] = get_args(Source)
Job = Callable[[], FetchedSeries | None]  # `None`: unchanged
Reply = FetchedSeries | SourceError | None

# After so many unanswered requests in a row a source is considered down.
MAX_UNANSWERED = 3


@dataclass(frozen=True)
class FetchProgress:
    """The progress of a fetch: `done` series of `total`, `series` being the last."""

    done: int
    total: int
    source: Source
    series: str


@dataclass(frozen=True)
class Summary:
    """The result of a fetch.

    Parameters
    ----------
    requested, unchanged
        Number of series ids that were requested, and of those that had not changed.
    changes
        What was stored, one entry per series id.
    missing
        Series that the sources do not have, one line each. This is a failure only if it
        applies to every series of a source.
    failed
        Failures, one line each, with source, series and reason.
    """

    requested: int
    unchanged: int
    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def added(self) -> int:
        """Number of values of new periods."""
        return sum(change.added for change in self.changes)

    @property
    def revised(self) -> int:
        """Number of new vintages of existing values, including withdrawals."""
        return sum(change.revised + change.withdrawn for change in self.changes)

    @property
    def kept(self) -> tuple[str, ...]:
        """Series that were ignored because the store has them on a later base year."""
        return tuple(
            f"{change.source} {change.series_id} ({', '.join(change.kept)})"
            for change in self.changes
            if change.kept
        )

    def check(self) -> None:
        """Raise `SourceError`, in one line, if anything failed."""
        if not self.failed:
            return
        first, *others = self.failed
        more = f" (and {len(others)} more)" if others else ""
        raise SourceError(f"{first}{more}")


def fetch(
    settings: Settings,
    countries: Sequence[Country],
    *,
    sources: Sequence[Source] = SOURCES,
    start_year: int = 1960,
    progress: Callable[[FetchProgress], None] = lambda _: None,
    retry_policy: RetryPolicy | None = None,
) -> Summary:
    """Fetch everything that econnet can use about these countries into the store.

    The World Bank returns all countries at once, whichever are named, and a network
    learns from all of them. `progress` is called in this thread, once per series id.
    Failures are in the summary, and everything else is stored: `Summary.check` raises
    an error for the failures. A store that was last written later than now raises
    `DataError`.
    """
    target = store(settings)
    _check_clock(target)
    digests = target.digests(str(start_year))
    queries = [
        QUERIES[source](settings, countries, start_year, digests, retry_policy)
        for source in sources
    ]
    total = sum(len(query.jobs) for query in queries)
    done, changes, unchanged = 0, list[Change](), list[Key]()
    with closing(_replies(queries)) as batches:
        for batch in batches:
            fetched = [
                reply for _, _, reply in batch if isinstance(reply, FetchedSeries)
            ]
            changes += target.write(fetched) if fetched else []
            for query, key, reply in batch:
                query.take(reply)
                unchanged += [key] if reply is None else []
                done += 1
                progress(FetchProgress(done, total, query.source, key[1]))
    if unchanged:
        target.confirm(unchanged, now())
    return Summary(
        requested=total,
        unchanged=len(unchanged),
        changes=tuple(sorted(changes, key=lambda change: change.series_id)),
        missing=tuple(sorted(line for query in queries for line in query.missing)),
        failed=tuple(line for query in queries for line in query.failures()),
    )


def _check_clock(target: Store) -> None:
    """Refuse a clock that was set back, because the last fetch counts as the newest."""
    newest, today = target.newest_fetch(), now()
    if newest is not None and newest > today:
        raise DataError(
            f"{target.path} has data fetched on {newest:%Y-%m-%d %H:%M} UTC, but this "
            f"computer's clock shows {today:%Y-%m-%d %H:%M}: set the clock right; if "
            "it was fast then, move that file away and fetch again"
        )


@dataclass(eq=False)
class _Query:
    """The requests to one source, and what went wrong."""

    source: Source
    session: PoliteSession
    jobs: Mapping[Key, Job]
    missing: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_asked: int = 0
    unanswered_in_a_row: int = 0

    def take(self, reply: Reply) -> None:
        """Record a reply; stop the session if the source is down."""
        if isinstance(reply, NotAskedError):
            self.not_asked += 1
            return
        unanswered = isinstance(reply, UnansweredError)
        self.unanswered_in_a_row = self.unanswered_in_a_row + 1 if unanswered else 0
        if isinstance(reply, MissingSeriesError):
            self.missing.append(str(reply))
        elif isinstance(reply, SourceError):
            self.failed.append(str(reply))
        unreachable = isinstance(reply, UnreachableError)
        if unreachable or self.unanswered_in_a_row == MAX_UNANSWERED:
            self.session.stop()

    def failures(self) -> list[str]:
        """Return a line for each failure, and one for its consequence."""
        lines = sorted(self.failed)
        if self.not_asked:
            lines.append(
                f"{self.session.source}: {self.not_asked} more series not requested, "
                "because it does not answer"
            )
        if self.missing and len(self.missing) == len(self.jobs):
            lines.append(
                f"{self.session.source}: has none of {len(self.jobs)} series "
                f"({min(self.missing)})"
            )
        return lines


def _replies(
    queries: Sequence[_Query],
) -> Generator[list[tuple[_Query, Key, Reply]], None, None]:
    """Yield replies as they arrive; when closed, stop all requests."""
    with ExitStack() as stack:
        futures: dict[Future[FetchedSeries | None], tuple[_Query, Key]] = {}
        for query in queries:
            pool = ThreadPoolExecutor(query.session.rate_limiter.at_once)
            stack.callback(pool.shutdown, cancel_futures=True)
            stack.callback(query.session.stop)
            futures |= {
                pool.submit(job): (query, key) for key, job in query.jobs.items()
            }
        while futures:
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            yield [(*futures.pop(future), _reply(future)) for future in done]


def _reply(future: Future[FetchedSeries | None]) -> Reply:
    """Return the result of a job, or the error of its source."""
    try:
        return future.result()
    except SourceError as error:
        return error


def _query_worldbank(
    settings: Settings,
    _: Sequence[Country],
    start_year: int,
    digests: Mapping[Key, str],
    retry_policy: RetryPolicy | None,
) -> _Query:
    session = worldbank.session(retry_policy)

    def request(
        key: Key, indicator: Indicator, template: SeriesTemplate
    ) -> FetchedSeries | None:
        url = settings.worldbank_url
        reader = worldbank.Reader(session, url, template, start_year)
        download = reader.download()
        if digests.get(key) == download.digest:
            return None
        return worldbank.read(download, indicator, template, start_year)

    jobs = {
        key: partial(request, key, indicator, template)
        for indicator in catalog.load().values()
        for template in indicator.series
        if template.source == "worldbank"
        for key in [("worldbank", template.id, indicator.key)]
    }
    return _Query("worldbank", session, jobs)


def _query_fred(
    settings: Settings,
    countries: Sequence[Country],
    start_year: int,
    digests: Mapping[Key, str],
    retry_policy: RetryPolicy | None,
) -> _Query:
    session = fred.session(retry_policy, settings.fred_api_key)
    download = _Memoized(
        lambda plain: fred.Reader(session, settings.fred_url, plain).download()
    )
    service = None
    if settings.fred_api_key and settings.alfred_url:
        service = alfred.Alfred(session, settings.alfred_url, settings.fred_api_key)

    def request(
        key: Key, country: Country, indicator: Indicator, template: SeriesTemplate
    ) -> FetchedSeries | None:
        plain = fred.plain_ids(key[1])
        if service is not None and len(plain) == 1:
            with suppress(MissingSeriesError, alfred.NoVintagesError):
                vintages = alfred.vintages(service, key[1])
                if digests.get(key) == vintages.digest:
                    return None
                return alfred.read(
                    service, vintages, country, indicator, template, start_year
                )
        downloads = [download(series_id) for series_id in plain]
        if digests.get(key) == fred.digest(downloads):
            return None
        return fred.read(downloads, country, indicator, template, start_year)

    jobs = {
        key: partial(request, key, country, indicator, template)
        for country in countries
        for indicator in catalog.load().values()
        for template in indicator.series
        if template.source == "fred" and template.covers(country.alpha3)
        for key in [("fred", template.id_for(country), indicator.key)]
    }
    return _Query("fred", session, jobs)


class _Memoized:
    """Downloads each series once, even for several threads."""

    def __init__(self, download: Callable[[str], fred.Download]) -> None:
        self._download = download
        self._locks: dict[str, threading.Lock] = {}
        self._results: dict[str, fred.Download | SourceError] = {}

    def __call__(self, series_id: str) -> fred.Download:
        """Return the download, or raise its error again."""
        with self._locks.setdefault(series_id, threading.Lock()):
            if series_id not in self._results:
                try:
                    self._results[series_id] = self._download(series_id)
                except SourceError as error:
                    self._results[series_id] = error
        result = self._results[series_id]
        if isinstance(result, SourceError):
            raise result
        return result


QUERIES: Mapping[Source, Callable[..., _Query]] = {
    "worldbank": _query_worldbank,
    "fred": _query_fred,
}
