"""Fetching everything that econnet uses about a country from the sources to the store.

The sources are queried in parallel, each within its limits, and a series is stored as
soon as it is complete. Failures are listed and do not stop the rest; a source that does
not respond to several requests in a row is not queried further.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass

from econnet.core.countries import Country
from econnet.core.errors import DataError, SourceError, UsageError
from econnet.core.numbers import whole_number
from econnet.core.settings import Settings
from econnet.core.sources import live_sources
from econnet.data.load import store
from econnet.data.sources import (
    bis,
    ecb,
    eurostat,
    fred,
    imf,
    oecd,
    plugin,
    spf,
    weo,
    worldbank,
)
from econnet.data.sources.http import RetryPolicy
from econnet.data.sources.observations import FetchedSeries, Key, Unchanged, now
from econnet.data.sources.query import Job, Outcome, Plan, Query, Reply
from econnet.data.store.store import Change, Store


@dataclass(frozen=True)
class FetchProgress:
    """The progress of a fetch: `done` series of `total`, `series` being the last."""

    done: int
    total: int
    source: str
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
    not_asked
        Number of series that were not requested, because a source did not answer or
        refused the key.
    """

    requested: int
    unchanged: int
    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    failed: tuple[str, ...]
    not_asked: int

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


@dataclass(frozen=True)
class Request:
    """A request that a fetch would make: one series id, for some countries or all."""

    source: str
    series_id: str
    indicator: str
    countries: tuple[str, ...]


def requests_of(
    settings: Settings,
    countries: Sequence[Country],
    *,
    sources: Sequence[str] | None = None,
    start_year: int = 1960,
) -> list[Request]:
    """Return the requests that `fetch` would make, without making them.

    A request for all countries at once has no `countries`.
    """
    _check_request(countries, sources, start_year)
    plan = Plan(settings, countries, start_year)
    return [
        Request(query.source, job.key[1], job.key[2], job.countries)
        for query in _queries(sources, plan)
        for job in query.jobs
    ]


def _check_request(
    countries: Sequence[Country], sources: Sequence[str] | None, start_year: int
) -> None:
    """Raise `UsageError` for an empty request or an impossible start year."""
    if not countries or (sources is not None and not sources):
        raise UsageError("name at least one country and one source to fetch from")
    whole_number(start_year, *YEARS, option="--start")


def fetch(
    settings: Settings,
    countries: Sequence[Country],
    *,
    sources: Sequence[str] | None = None,
    start_year: int = 1960,
    progress: Callable[[FetchProgress], None] = lambda _: None,
    retry_policy: RetryPolicy | None = None,
) -> Summary:
    """Fetch everything that econnet can use about these countries into the store.

    By default, all `sources` are used, including those of plugins. The World Bank
    returns all countries at once, whichever are named, and a network is trained on all.
    `progress` is called in this thread, once per series id.
    Failures are in the summary, and everything else is stored: `Summary.check` raises
    an error for the failures. A store that was last written later than now, or that
    cannot be written, raises `DataError` before the first request.
    """
    _check_request(countries, sources, start_year)
    target = store(settings)
    target.check_place()
    _check_clock(target)
    digests, validators = target.answers(str(start_year))
    plan = Plan(settings, countries, start_year, digests, retry_policy, validators)
    queries = _queries(sources, plan)
    total = sum(len(query.jobs) for query in queries)
    done, changes = 0, list[Change]()
    unchanged = dict[Key, Unchanged | None]()
    with closing(_replies(queries)) as batches:
        for batch in batches:
            fetched = [
                reply for _, _, reply in batch if isinstance(reply, FetchedSeries)
            ]
            changes += target.write(fetched) if fetched else []
            for query, job, reply in batch:
                query.take(reply)
                if reply is None or isinstance(reply, Unchanged):
                    unchanged[job.key] = reply
                done += 1
                progress(FetchProgress(done, total, query.source, job.key[1]))
    if unchanged:
        target.confirm(unchanged, now())
    return Summary(
        requested=total,
        unchanged=len(unchanged),
        changes=tuple(sorted(changes, key=lambda change: change.series_id)),
        missing=tuple(sorted(line for query in queries for line in query.missing)),
        failed=tuple(line for query in queries for line in query.failures()),
        not_asked=sum(query.not_asked for query in queries),
    )


def _queries(sources: Sequence[str] | None, plan: Plan) -> list[Query]:
    """Return the queries to the sources, by default all."""
    queries = []
    for name in live_sources() if sources is None else sources:
        if name in QUERIES:
            queries.append(QUERIES[name](plan))
        elif (query := plugin.query(name, plan)) is not None:
            queries.append(query)
    return queries


def _check_clock(target: Store) -> None:
    """Refuse a clock that was set back, because the last fetch counts as the newest."""
    newest, today = target.newest_fetch(), now()
    if newest is not None and newest > today:
        raise DataError(
            f"{target.path} has data fetched on {newest:%Y-%m-%d %H:%M} UTC, but this "
            f"computer's clock shows {today:%Y-%m-%d %H:%M}: correct the clock; if "
            "it was fast at that time, move that file away and fetch again"
        )


def _replies(
    queries: Sequence[Query],
) -> Generator[list[tuple[Query, Job, Reply]], None, None]:
    """Yield replies as they arrive; when closed, stop all requests."""
    with ExitStack() as stack:
        futures: dict[Future[Outcome], tuple[Query, Job]] = {}
        for query in queries:
            pool = ThreadPoolExecutor(query.session.rate_limiter.at_once)
            stack.callback(pool.shutdown, cancel_futures=True)
            stack.callback(query.session.stop)
            futures |= {pool.submit(job.run): (query, job) for job in query.jobs}
        while futures:
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            yield [(*futures.pop(future), _reply(future)) for future in done]


def _reply(future: Future[Outcome]) -> Reply:
    """Return the result of a job, or the error of its source."""
    try:
        return future.result()
    except SourceError as error:
        return error


YEARS = (1900, 2100)
QUERIES: Mapping[str, Callable[[Plan], Query]] = {
    "worldbank": worldbank.query,
    "fred": fred.query,
    "eurostat": eurostat.query,
    "imf": imf.query,
    "oecd": oecd.query,
    "bis": bis.query,
    "ecb": ecb.query,
    "weo": weo.query,
    "spf": spf.query,
}
