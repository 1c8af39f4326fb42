"""The use case of fetch: what a country needs, from each source, into the store.

`fetch` asks the sources side by side, each within its bounds, and stores a series as
soon as it is whole. What fails is named and does not stop the rest; a source that does
not answer at all is left alone after a few tries. `known` is the other way round: what
the commands go on with, from the store and, for what it does not hold, from the bundled
snapshot. It never opens a socket.
"""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, get_args

from econnet import catalog
from econnet.catalog import Indicator, SeriesTemplate
from econnet.countries import Country
from econnet.data.load import store
from econnet.errors import DataError, SourceError
from econnet.settings import Settings
from econnet.sources import alfred, fred, worldbank
from econnet.sources.http import (
    MissingSeriesError,
    NotAskedError,
    PoliteSession,
    RetryPolicy,
    UnansweredError,
    UnreachableError,
)
from econnet.sources.observations import FetchedSeries, now
from econnet.store import Change, Key, Store

Source = Literal["worldbank", "fred"]
SOURCES: tuple[Source, ...] = get_args(Source)
Job = Callable[[], FetchedSeries | None]  # `None`: nothing has changed
Reply = FetchedSeries | SourceError | None

# A source that leaves so many series in a row unanswered is down, and is left alone.
UNANSWERED_AT_MOST = 3


@dataclass(frozen=True)
class Progress:
    """How far a fetch has come: `done` series of `total`, `series` the last of them."""

    done: int
    total: int
    source: Source
    series: str


@dataclass(frozen=True)
class Summary:
    """What a fetch did.

    Parameters
    ----------
    requested, unchanged
        Series ids that were asked for; those whose answer had not changed.
    changes
        What was stored, one entry a series id.
    missing
        What the sources say they do not have, a line each. No failure, unless it is all
        that a source had been asked for.
    failed
        What could not be had, a line each, which names source, series and reason.
    """

    requested: int
    unchanged: int
    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def added(self) -> int:
        """Values of periods that were not known before."""
        return sum(change.added for change in self.changes)

    @property
    def revised(self) -> int:
        """Values that are new vintages of old ones, those withdrawn among them."""
        return sum(change.revised + change.withdrawn for change in self.changes)

    @property
    def kept(self) -> tuple[str, ...]:
        """Series that came on an older base than the store's, and were left out."""
        return tuple(
            f"{change.source} {change.series_id} ({', '.join(change.kept)})"
            for change in self.changes
            if change.kept
        )

    def check(self) -> None:
        """Raise `SourceError`, in one line, where anything failed."""
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
    progress: Callable[[Progress], None] = lambda _: None,
    retry_policy: RetryPolicy | None = None,
) -> Summary:
    """Bring everything that econnet can use about these countries into the store.

    The World Bank is asked for all countries at once, whichever are named: the request
    is the same, and a network learns from all of them. `progress` is called in this
    thread, once a series id. What failed stands in the summary, and what did not fail
    in the store: `Summary.check` turns the first into an error.

    Raises
    ------
    DataError
        The store is held by another process, or cannot be read, or holds what was
        fetched later than now.
    """
    target = store(settings)
    _check_clock(target)
    digests = target.digests(str(start_year))
    asked = [
        ASK[source](settings, countries, start_year, digests, retry_policy)
        for source in sources
    ]
    total = sum(len(one.jobs) for one in asked)
    done, changes, unchanged = 0, list[Change](), list[Key]()
    with closing(_replies(asked)) as batches:
        for batch in batches:
            answers = [
                reply for _, _, reply in batch if isinstance(reply, FetchedSeries)
            ]
            changes += target.write(answers) if answers else []
            for one, key, reply in batch:
                one.take(reply)
                unchanged += [key] if reply is None else []
                done += 1
                progress(Progress(done, total, one.source, key[1]))
    if unchanged:
        target.confirm(unchanged, now())
    return Summary(
        requested=total,
        unchanged=len(unchanged),
        changes=tuple(sorted(changes, key=lambda change: change.series_id)),
        missing=tuple(sorted(line for one in asked for line in one.missing)),
        failed=tuple(line for one in asked for line in one.failures()),
    )


def _check_clock(target: Store) -> None:
    """Refuse a clock that was set back: the newest value is the one fetched last."""
    newest, today = target.newest_fetch(), now()
    if newest is not None and newest > today:
        raise DataError(
            f"{target.path} holds what was fetched on {newest:%Y-%m-%d %H:%M} UTC, and "
            f"this computer's clock says {today:%Y-%m-%d %H:%M}: set the clock right; "
            "if it was ahead then, move that file away and fetch anew"
        )


@dataclass(eq=False)
class _Asked:
    """One source, what it is asked for, and what went wrong."""

    source: Source
    session: PoliteSession
    jobs: Mapping[Key, Job]
    missing: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_asked: int = 0
    unanswered_in_a_row: int = 0

    def take(self, reply: Reply) -> None:
        """Note a reply; leave the source alone where it is down."""
        if isinstance(reply, NotAskedError):
            self.not_asked += 1
            return
        if isinstance(reply, UnansweredError):
            self.unanswered_in_a_row += 1
        else:
            self.unanswered_in_a_row = 0
        if isinstance(reply, MissingSeriesError):
            self.missing.append(str(reply))
        elif isinstance(reply, SourceError):
            self.failed.append(str(reply))
        unreachable = isinstance(reply, UnreachableError)
        if unreachable or self.unanswered_in_a_row == UNANSWERED_AT_MOST:
            self.session.stop()

    def failures(self) -> list[str]:
        """Return a line for each failure, and one for what it led to."""
        lines = sorted(self.failed)
        if self.not_asked:
            lines.append(
                f"{self.session.source}: {self.not_asked} more series not asked for, "
                "since it does not answer"
            )
        if self.missing and len(self.missing) == len(self.jobs):
            lines.append(
                f"{self.session.source}: not one of {len(self.jobs)} series is there "
                f"({sorted(self.missing)[0]})"
            )
        return lines


def _replies(
    asked: Sequence[_Asked],
) -> Generator[list[tuple[_Asked, Key, Reply]], None, None]:
    """Yield what has come in, until all has; when closed, let nobody wait any more."""
    with ExitStack() as stack:
        futures: dict[Future[FetchedSeries | None], tuple[_Asked, Key]] = {}
        for one in asked:
            pool = ThreadPoolExecutor(one.session.rate_limiter.at_once)
            stack.callback(pool.shutdown, cancel_futures=True)
            stack.callback(one.session.stop)
            futures |= {pool.submit(job): (one, key) for key, job in one.jobs.items()}
        while futures:
            done, _ = wait(futures, return_when=FIRST_COMPLETED)
            yield [(*futures.pop(future), _reply(future)) for future in done]


def _reply(future: Future[FetchedSeries | None]) -> Reply:
    """Return what a job returned or, where a source failed, what it raised."""
    try:
        return future.result()
    except SourceError as error:
        return error


def _ask_worldbank(
    settings: Settings,
    _: Sequence[Country],
    start_year: int,
    digests: Mapping[Key, str],
    retry_policy: RetryPolicy | None,
) -> _Asked:
    session = worldbank.session(retry_policy)

    def ask(
        key: Key, indicator: Indicator, template: SeriesTemplate
    ) -> FetchedSeries | None:
        url = settings.worldbank_url
        download = worldbank.download(session, url, template, start_year)
        if digests.get(key) == download.digest:
            return None
        return worldbank.read(download, indicator, template, start_year)

    keys = {
        ("worldbank", template.id, indicator.key): (indicator, template)
        for indicator in catalog.load().values()
        for template in indicator.series
        if template.source == "worldbank"
    }
    jobs = {key: partial(ask, key, *what) for key, what in keys.items()}
    return _Asked("worldbank", session, jobs)


def _ask_fred(
    settings: Settings,
    countries: Sequence[Country],
    start_year: int,
    digests: Mapping[Key, str],
    retry_policy: RetryPolicy | None,
) -> _Asked:
    session = fred.session(retry_policy, settings.fred_api_key)
    download = _Once(partial(fred.download, session, settings.fred_url))
    service = None
    if settings.fred_api_key and settings.alfred_url:
        service = alfred.Alfred(session, settings.alfred_url, settings.fred_api_key)

    def ask(
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

    keys = {
        ("fred", template.id_for(country), indicator.key): (
            country,
            indicator,
            template,
        )
        for country in countries
        for indicator in catalog.load().values()
        for template in indicator.series
        if template.source == "fred" and template.covers(country)
    }
    jobs = {key: partial(ask, key, *what) for key, what in keys.items()}
    return _Asked("fred", session, jobs)


class _Once:
    """Downloads each series once, whoever asks first and however many ask."""

    def __init__(self, download: Callable[[str], fred.Download]) -> None:
        self._download = download
        self._locks: dict[str, threading.Lock] = {}
        self._results: dict[str, fred.Download | SourceError] = {}

    def __call__(self, series_id: str) -> fred.Download:
        """Return the download, or raise again what went wrong with it."""
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


ASK: Mapping[Source, Callable[..., _Asked]] = {
    "worldbank": _ask_worldbank,
    "fred": _ask_fred,
}
