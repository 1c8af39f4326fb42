"""One polite session a source: bounded, patient, honest, and strict about answers.

A `PoliteSession` is a real `requests.Session`, so that the readers of
pandas-datareader take it. Each request waits for its turn (so many at once, so many a
second), is repeated with back-off and jitter when the answer may get better, and waits
as long as `Retry-After` says. The body is read within the retries, for a connection
that breaks half-way is as common as one that never opens. An answer that cannot be the
one asked for, by status, host or content type, ends in a `SourceError` that names the
source and the series.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import InvalidHeader, MaxRetryError, NewConnectionError

from econnet.errors import SourceError

USER_AGENT = f"econnet/{version('econnet')} python-requests/{requests.__version__}"
Query = Mapping[str, str | int]


class MissingSeriesError(SourceError):
    """The source is well, and says that it has no such series."""


class UnansweredError(SourceError):
    """The source was asked as often as patience allows, and gave no answer."""


class UnreachableError(UnansweredError):
    """Not even a connection: asking for another series would be no different."""


@dataclass(frozen=True)
class Patience:
    """How long to go on asking for one answer.

    Parameters
    ----------
    repeats
        Requests after the first, before giving up.
    backoff_seconds
        Before the first repeat the wait is this, doubled before each further one, and
        up to as much again at random, so that clients who were refused together do not
        return together.
    longest_wait_seconds
        A source that tells us with `Retry-After` to wait longer is not waited for.
    timeout_seconds
        For the connection, and for each pause within an answer.
    """

    repeats: int = 4
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0

    def backoff(self, repeat: int) -> float:
        """Return the wait in seconds before this repeat, counted from 0."""
        jitter = random.random()  # noqa: S311
        return self.backoff_seconds * float(2**repeat) * (1 + jitter)


class Turnstile:
    """Lets so many requests in at once, and so many a second.

    Parameters
    ----------
    at_once
        Requests under way together.
    per_second
        Requests begun in a second, repeats included; `None` sets no bound.
    """

    def __init__(self, at_once: int, per_second: float | None = None) -> None:
        self.at_once, self.per_second = at_once, per_second
        self.places = threading.Semaphore(at_once)
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._next_turn = 0.0

    def wait_for_turn(self) -> None:
        """Wait until another request may begin."""
        wait = 0.0
        if self.per_second is not None:
            with self._lock:
                now = time.monotonic()
                mine = max(now, self._next_turn)
                self._next_turn = mine + 1 / self.per_second
            wait = mine - now
        self.wait(wait)

    def wait(self, seconds: float) -> None:
        """Wait so long; raise `requests.ConnectionError` once this is closed."""
        if self.closed.wait(seconds):
            raise _StoppedError


class NotAskedError(SourceError):
    """The session was stopped before this question could be put."""


class _StoppedError(requests.RequestException):
    """Nobody waits for the answer any more."""


class PoliteSession(requests.Session):
    """A session that keeps to one source's bounds and can say what went wrong.

    Parameters
    ----------
    source
        The source's name in messages: `World Bank`.
    turnstile
        How many requests the source is asked to bear.
    patience
        How long to go on asking it.
    """

    def __init__(
        self, source: str, turnstile: Turnstile, patience: Patience | None = None
    ) -> None:
        super().__init__()
        self.source, self.turnstile = source, turnstile
        self.patience = patience or Patience()
        self.headers["User-Agent"] = USER_AGENT
        for scheme in ("https://", "http://"):
            self.mount(scheme, _PatientAdapter(turnstile, self.patience))

    def stop(self) -> None:
        """Begin no further request, and end every wait for one, in all threads."""
        self.turnstile.closed.set()

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow a redirect on the same host only: elsewhere is another source."""
        target = super().get_redirect_target(resp)
        if target is not None:
            here, there = (
                urlsplit(url).hostname for url in (resp.url, urljoin(resp.url, target))
            )
            if here != there:
                raise requests.TooManyRedirects(
                    f"redirected from {here} to another host, {there}"
                )
        return target

    def answer(
        self, series: str, url: str, query: Query, content_types: frozenset[str]
    ) -> requests.Response:
        """Return the whole answer, of one of these content types.

        Raises
        ------
        MissingSeriesError
            HTTP 404: the source has no such series.
        SourceError
            Anything else that is not the answer: what it was, in one line.
        """
        try:
            response = self.get(url, params=dict(query))
        except _StoppedError:
            raise NotAskedError(self.complaint(series, "not asked")) from None
        except requests.RequestException as error:
            problem = UnreachableError if _is_unreachable(error) else UnansweredError
            # `from None`: the cause quotes the URL, and a URL may hold a key.
            raise problem(self.complaint(series, self._reason(error))) from None
        status = response.status_code
        if status == requests.codes.not_found:
            raise MissingSeriesError(
                self.complaint(series, "not known there (HTTP 404)")
            )
        if status != requests.codes.ok:
            kind = UnansweredError if status in WORTH_REPEATING else SourceError
            advice = ADVICE.get(status, "try again later")
            raise kind(self.complaint(series, f"HTTP {status}: {advice}"))
        content_type = response.headers.get("Content-Type", "no content type")
        if content_type.partition(";")[0].strip().lower() not in content_types:
            reason = f"answered with {content_type!r}, which is not its format"
            raise SourceError(self.complaint(series, reason))
        return response

    def complaint(self, series: str, reason: str) -> str:
        """Return the line that names source, series and reason."""
        return f"{self.source}, {series}: {reason}"

    def _reason(self, error: requests.RequestException) -> str:
        """Return what went wrong in plain words, without the URL."""
        match error:
            case requests.TooManyRedirects():
                return str(error)
            case requests.exceptions.SSLError():
                return (
                    "its certificate could not be verified: behind a company's proxy, "
                    "name the company's certificates in REQUESTS_CA_BUNDLE"
                )
            case requests.exceptions.ProxyError():
                return "the proxy gave no connection: check HTTPS_PROXY"
            case requests.Timeout():
                return f"no answer within {self.patience.timeout_seconds:g} s"
            case _ if _is_unreachable(error):
                return "no connection: check the network"
            case (
                requests.ConnectionError() | requests.exceptions.ChunkedEncodingError()
            ):
                return "the connection broke off"
        return f"unreadable answer ({type(error).__name__})"


class _PatientAdapter(HTTPAdapter):
    """Sends a request and reads its body, again and again while that may help."""

    def __init__(self, turnstile: Turnstile, patience: Patience) -> None:
        super().__init__(pool_maxsize=turnstile.at_once, max_retries=0)
        self._turnstile, self._patience = turnstile, patience

    def send(
        self,
        request: requests.PreparedRequest,
        *_: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> requests.Response:
        """Return the answer with its body, or raise the last thing that went wrong."""
        options["timeout"] = self._patience.timeout_seconds
        # The place is kept while waiting: a source in trouble is asked for less.
        with self._turnstile.places:
            for repeat in range(self._patience.repeats):
                wait = self._patience.backoff(repeat)
                try:
                    response = self._whole_answer(request, options)
                except PASSING_PROBLEMS:
                    self._turnstile.wait(wait)
                    continue
                if response.status_code not in WORTH_REPEATING:
                    return response
                if (header := response.headers.get("Retry-After")) is not None:
                    with suppress(InvalidHeader):
                        wait = Retry().parse_retry_after(header)
                if wait > self._patience.longest_wait_seconds:
                    return response
                self._turnstile.wait(wait)
            return self._whole_answer(request, options)

    def _whole_answer(
        self, request: requests.PreparedRequest, options: Mapping[str, Any]
    ) -> requests.Response:
        self._turnstile.wait_for_turn()
        response = super().send(request, **options)
        _ = response.content  # read here, where a break is repeated
        return response


def _is_unreachable(error: requests.RequestException) -> bool:
    """Return whether there was never a connection."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(
        error, requests.ConnectTimeout | requests.exceptions.ProxyError
    ) or isinstance(reason, NewConnectionError)


WORTH_REPEATING = frozenset({408, 425, 429, 500, 502, 503, 504})
PASSING_PROBLEMS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
ADVICE: Mapping[int, str] = {
    400: "it does not take the request, or the key",
    401: "the key was not accepted",
    403: "it refuses this client, perhaps because of a proxy",
    407: "the proxy wants a name and password",
    429: "it was asked too often; try again later",
}


class _WithoutKeys(logging.Filter):
    """Takes keys out of what urllib3 writes to the log of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record, and let it pass."""
        record.msg = KEY.sub(r"\1=...", record.getMessage())
        record.args = ()
        return True


KEY = re.compile(r"(api_key)=[^&\s\"]*")
logging.getLogger("urllib3.connectionpool").addFilter(_WithoutKeys())
