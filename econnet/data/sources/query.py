"""What `econnet fetch` requests from a source, and the interface of every source.

A source is a module with a function `query(plan)`, which opens no connection and
returns a `Query`: a session within the source's limits, and one `Job` per series id. A
job runs in a thread of its own, downloads its series and returns it complete, or `None`
if the answer has the digest of the last fetch, or `Unchanged` if that answer is another
version. Series that come in one download share it through `Memoized`.
"""

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from econnet.core.countries import Country
from econnet.core.errors import SourceError
from econnet.core.settings import Settings
from econnet.data.sources.http import (
    MissingSeriesError,
    NotAskedError,
    PoliteSession,
    RefusedKeyError,
    RetryPolicy,
    UnansweredError,
    UnreachableError,
)
from econnet.data.sources.observations import FetchedSeries, Key, Unchanged

Request = TypeVar("Request", bound=Hashable)
Download = TypeVar("Download")
Outcome = FetchedSeries | Unchanged | None
Reply = Outcome | SourceError

# After this many unanswered requests in a row, a source is considered down.
MAX_UNANSWERED = 3


@dataclass(frozen=True)
class Plan:
    """What to fetch.

    Parameters
    ----------
    countries
        The countries named by the user. A source that gives all countries in one
        answer may return more.
    start_year
        The first year that is wanted.
    digests
        `Retrieval.digest` of the last fetch, by series; another start year counts as
        never fetched.
    validators
        `Retrieval.validators` of the last fetch, in the same way.
    """

    settings: Settings
    countries: Sequence[Country]
    start_year: int
    digests: Mapping[Key, str] = field(default_factory=dict)
    retry_policy: RetryPolicy | None = None
    validators: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)

    def unchanged(self, key: Key, validators: tuple[str, ...]) -> Unchanged | None:
        """Return the outcome of a job whose answer has the digest of the last fetch."""
        if any(validators) and validators != self.validators.get(key):
            return Unchanged(validators)
        return None


@dataclass(frozen=True)
class Job:
    """The request for one series id.

    Parameters
    ----------
    countries
        The alpha-3 codes of the countries that it is asked for; empty for all that the
        source has.
    run
        Returns the complete series, or `None` or `Unchanged` if it has not changed;
        raises `MissingSeriesError` if the source does not have it, else `SourceError`.
    """

    key: Key
    countries: tuple[str, ...]
    run: Callable[[], Outcome]


@dataclass(eq=False)
class Query:
    """The requests to one source, and what went wrong."""

    source: str
    session: PoliteSession
    jobs: Sequence[Job]
    missing: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_asked: int = 0
    unanswered_in_a_row: int = 0
    key_refused: bool = False

    def take(self, reply: Reply) -> None:
        """Record a reply; stop the session if the source is down."""
        if isinstance(reply, NotAskedError):
            self.not_asked += 1
            return
        if isinstance(reply, RefusedKeyError):
            self.key_refused = True
        unanswered = isinstance(reply, UnansweredError)
        self.unanswered_in_a_row = self.unanswered_in_a_row + 1 if unanswered else 0
        if isinstance(reply, MissingSeriesError):
            self.missing.append(str(reply))
        elif isinstance(reply, SourceError):
            self.failed.append(str(reply))
        hopeless = isinstance(reply, (UnreachableError, RefusedKeyError))
        if hopeless or self.unanswered_in_a_row == MAX_UNANSWERED:
            self.session.stop()

    def failures(self) -> list[str]:
        """Return a line for each failure, and one for its consequence."""
        lines = sorted({*self.failed})
        if self.not_asked and not self.key_refused:
            lines.append(
                f"{self.session.source}: {self.not_asked} more series not requested, "
                "because the source does not answer"
            )
        if self.missing and len(self.missing) == len(self.jobs):
            lines.append(
                f"{self.session.source}: has none of {len(self.jobs)} series "
                f"({min(self.missing)})"
            )
        return lines


class Memoized(Generic[Request, Download]):
    """Downloads each request once, even for several threads."""

    def __init__(self, download: Callable[[Request], Download]) -> None:
        self._download = download
        self._locks: dict[Request, threading.Lock] = {}
        self._results: dict[Request, Download | SourceError] = {}

    def __call__(self, request: Request) -> Download:
        """Return the download, or raise its error again."""
        with self._locks.setdefault(request, threading.Lock()):
            if request not in self._results:
                try:
                    self._results[request] = self._download(request)
                except SourceError as error:
                    self._results[request] = error
        result = self._results[request]
        if isinstance(result, SourceError):
            raise result
        return result
