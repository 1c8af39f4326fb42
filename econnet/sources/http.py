"""One polite session a source: bounded, patient, honest, and strict about answers.

A `PoliteSession` is a real `requests.Session`, so that the readers of
pandas-datareader take it. Each request waits for its turn (so many at once, so many a
second), is repeated with back-off and jitter when the answer may get better, and waits
as long as `Retry-After` says. The body is read within the retries, for a connection
that breaks half-way is as common as one that never opens. A source is not trusted with
our time or memory: an answer has a longest duration, however it trickles, and a largest
size, packed and unpacked. An answer that cannot be the one asked for, by status, host
or content type, ends in a `SourceError` that names the source and the series, in one
printable line without a key.
"""

import http.client
import io
import logging
import random
import re
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import InvalidHeader, MaxRetryError, NewConnectionError

from econnet.core.text import one_line
from econnet.errors import SourceError

USER_AGENT = f"econnet/{version('econnet')} python-requests/{requests.__version__}"
Query = Mapping[str, str | int]


class MissingSeriesError(SourceError):
    """The source is well, and says that it has no such series."""


class UnansweredError(SourceError):
    """The source was asked as often as retry_policy allows, and gave no answer."""


class UnreachableError(UnansweredError):
    """No connection that can be trusted: another series would fare no better."""


@dataclass(frozen=True)
class RetryPolicy:
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
    answer_seconds
        For an answer from its first byte to its last. It is not asked for again.
    largest_bytes
        Of an answer, as sent and as unpacked: the largest that the sources give, a page
        of 32,500 rows or 100,000 revisions, takes some ten million.
    """

    repeats: int = 4
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0
    answer_seconds: float = 300.0
    largest_bytes: int = 32 * 2**20

    def backoff(self, repeat: int) -> float:
        """Return the wait in seconds before this repeat, counted from 0."""
        jitter = random.random()  # noqa: S311 - no secret
        return self.backoff_seconds * float(2**repeat) * (1 + jitter)


class RateLimiter:
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


class _OverdueError(requests.RequestException):
    """The answer has taken longer than an answer may."""


class _OversizedError(requests.RequestException):
    """The answer is larger than an answer may be."""


class _WrappedError(requests.RequestException):
    """The answer is packed more than once, which only serves to hide its size."""


class _RedirectedError(requests.RequestException):
    """A redirect that is not followed; its text says where to, without a URL."""


class PoliteSession(requests.Session):
    """A session that keeps to one source's bounds and can say what went wrong.

    Parameters
    ----------
    source
        The source's name in messages: `World Bank`.
    rate_limiter
        How many requests the source is asked to bear.
    retry_policy
        How long to go on asking it.
    secret
        The key that the source is asked with: taken out of every message, whatever the
        source makes of it.
    """

    def __init__(
        self,
        source: str,
        rate_limiter: RateLimiter,
        retry_policy: RetryPolicy | None = None,
        secret: str | None = None,
    ) -> None:
        super().__init__()
        self.max_redirects = MOST_REDIRECTS
        self.source, self.rate_limiter = source, rate_limiter
        self.retry_policy = retry_policy or RetryPolicy()
        self.secret = secret
        self.headers["User-Agent"] = USER_AGENT
        for scheme in ("https://", "http://"):
            self.mount(scheme, _RetryingAdapter(rate_limiter, self.retry_policy))

    def stop(self) -> None:
        """Begin no further request, and end every wait for one, in all threads."""
        self.rate_limiter.closed.set()

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow a redirect within the host only, and never out of TLS."""
        here = urlsplit(resp.url)
        try:
            target = super().get_redirect_target(resp)
            there = here if target is None else urlsplit(urljoin(resp.url, target))
            same = _place(there) == _place(here)
        except ValueError:
            raise _RedirectedError("redirected to what is no address") from None
        if there.hostname != here.hostname:
            raise _RedirectedError(
                f"redirected from {here.hostname} to another host, {there.hostname}"
            )
        if here.scheme == "https" and there.scheme != "https":
            raise _RedirectedError("redirected to an address without encryption")
        if not same and (here.scheme, there.scheme) != ("http", "https"):
            raise _RedirectedError("redirected to another port of the host")
        return target

    def fetch(
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
            raise NotAskedError(self.error_line(series, "not asked")) from None
        except requests.RequestException as error:
            problem = UnreachableError if _is_unreachable(error) else UnansweredError
            # `from None`: the cause quotes the URL, and a URL may hold a key.
            raise problem(self.error_line(series, self._reason(error))) from None
        status = response.status_code
        if status == requests.codes.not_found:
            raise MissingSeriesError(
                self.error_line(series, "not known there (HTTP 404)")
            )
        if status != requests.codes.ok:
            kind = UnansweredError if status in WORTH_REPEATING else SourceError
            advice = ADVICE.get(status, "try again later")
            raise kind(self.error_line(series, f"HTTP {status}: {advice}"))
        content_type = response.headers.get("Content-Type", "no content type")
        if content_type.partition(";")[0].strip().lower() not in content_types:
            reason = f"answered with {content_type!r}, which is not its format"
            raise SourceError(self.error_line(series, reason))
        return response

    def error_line(self, series: str, reason: str) -> str:
        """Return the line that names source, series and reason."""
        return error_line(self.source, series, reason, self.secret)

    def _reason(self, error: requests.RequestException) -> str:
        """Return what went wrong in plain words, without the URL."""
        match error:
            case _RedirectedError():
                return str(error)
            case requests.TooManyRedirects():
                return f"redirected more than {self.max_redirects} times"
            case _OverdueError():
                seconds = self.retry_policy.answer_seconds
                return f"the answer was not whole after {seconds:g} s"
            case _OversizedError():
                most = self.retry_policy.largest_bytes
                return f"the answer is larger than {most:,} bytes"
            case _WrappedError():
                return "the answer is packed more than once"
            case requests.exceptions.SSLError():
                return (
                    "its certificate could not be verified: behind a company's proxy, "
                    "name the company's certificates in REQUESTS_CA_BUNDLE"
                )
            case requests.exceptions.ProxyError():
                return "the proxy gave no connection: check HTTPS_PROXY and HTTP_PROXY"
            case requests.Timeout():
                return f"no answer within {self.retry_policy.timeout_seconds:g} s"
            case _ if _is_unreachable(error):
                return "no connection: check the network"
            case (
                requests.ConnectionError() | requests.exceptions.ChunkedEncodingError()
            ):
                return "the connection broke off"
            case requests.exceptions.ContentDecodingError():
                return "the answer cannot be unpacked"
        return f"unreadable answer ({type(error).__name__})"


def error_line(source: str, series: str, reason: str, secret: str | None = None) -> str:
    """Return the line that names source, series and reason, and no secret."""
    line = f"{source}, {series}: {reason}"
    return one_line(line.replace(secret, "...") if secret else line)


class _RetryingAdapter(HTTPAdapter):
    """Sends a request and reads its body, again and again while that may help."""

    def __init__(self, rate_limiter: RateLimiter, retry_policy: RetryPolicy) -> None:
        super().__init__(pool_maxsize=rate_limiter.at_once, max_retries=0)
        self._rate_limiter, self._retry_policy = rate_limiter, retry_policy
        self._connections = _connections_for(retry_policy.answer_seconds)

    def get_connection_with_tls_context(
        self,
        *where: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> HTTPConnectionPool:
        """Return the pool for a request, its connections bounded in time."""
        pool = cast(
            "HTTPConnectionPool",
            super().get_connection_with_tls_context(*where, **options),
        )
        pool.ConnectionCls = self._connections[pool.scheme or "http"]
        return pool

    def send(
        self,
        request: requests.PreparedRequest,
        *_: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> requests.Response:
        """Return the answer with its body, or raise the last thing that went wrong."""
        options["timeout"] = self._retry_policy.timeout_seconds
        # The place is kept while waiting: a source in trouble is asked for less.
        with self._rate_limiter.places:
            for repeat in range(self._retry_policy.repeats):
                wait = self._retry_policy.backoff(repeat)
                try:
                    response = self._whole_answer(request, options)
                except requests.exceptions.SSLError:
                    raise  # a certificate does not get better
                except PASSING_PROBLEMS:
                    self._rate_limiter.wait(wait)
                    continue
                if response.status_code not in WORTH_REPEATING:
                    return response
                if (header := response.headers.get("Retry-After")) is not None:
                    # What is no such header says nothing: then our own wait holds.
                    with suppress(InvalidHeader, ValueError, OverflowError):
                        wait = Retry().parse_retry_after(header)
                if wait > self._retry_policy.longest_wait_seconds:
                    return response
                self._rate_limiter.wait(wait)
            return self._whole_answer(request, options)

    def _whole_answer(
        self, request: requests.PreparedRequest, options: Mapping[str, Any]
    ) -> requests.Response:
        """Return one answer with its body: read here, where a break is repeated."""
        self._rate_limiter.wait_for_turn()
        began = time.monotonic()
        try:
            response = super().send(request, **{**options, "stream": True})
            body = self._body(response)
        except (requests.ConnectionError, requests.Timeout) as error:
            if time.monotonic() - began > self._retry_policy.answer_seconds:
                raise _OverdueError from error
            raise
        # `requests` has no other way to bound what `content` reads.
        response._content = body  # noqa: SLF001
        return response

    def _body(self, response: requests.Response) -> bytes:
        """Return the body, unpacked, unless it is larger than an answer may be."""
        largest, body = self._retry_policy.largest_bytes, bytearray()
        # Packed more than once, a few bytes are a thousand times a thousand times more.
        if "," in response.headers.get("Content-Encoding", ""):
            response.close()
            raise _WrappedError
        for part in response.iter_content(PART_BYTES):
            body += part
            if max(len(body), response.raw.tell()) > largest:
                response.close()
                raise _OversizedError
        return bytes(body)


def _connections_for(answer_seconds: float) -> Mapping[str, type[HTTPConnection]]:
    """Return the kind of connection for each scheme, bounded in time."""
    answer = partial(_TimedAnswer, answer_seconds=answer_seconds)

    def timed(kind: type[HTTPConnection]) -> type[HTTPConnection]:
        name = f"Timed{kind.__name__}"
        return type(name, (kind,), {"response_class": staticmethod(answer)})

    return {"http": timed(HTTPConnection), "https": timed(HTTPSConnection)}


class _TimedAnswer(http.client.HTTPResponse):
    """An answer that must be whole, headers and body, within so many seconds."""

    def __init__(
        self,
        sock: socket.socket,
        *arguments: Any,  # noqa: ANN401
        answer_seconds: float,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, answer_seconds))


class _TimedReader(io.RawIOBase):
    """Reads a socket until a deadline; a time-out of its own bounds each pause."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._bytes = sock.makefile("rb", buffering=0)
        self._pause_seconds = sock.gettimeout() or seconds
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401
        """Read what has come, or raise `TimeoutError`."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(left, self._pause_seconds))
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket, which lives on while its connection does."""
        self._bytes.close()
        super().close()


def _place(url: SplitResult) -> tuple[str | None, int | None]:
    """Return host and port; raise `ValueError` where the port is none."""
    return url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _is_unreachable(error: requests.RequestException) -> bool:
    """Return whether there was never a connection to ask over."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(
        error,
        requests.ConnectTimeout
        | requests.exceptions.ProxyError
        | requests.exceptions.SSLError,
    ) or isinstance(reason, NewConnectionError)


# What reading something of another shape, depth or size as the answer may raise.
NOT_ITS_FORMAT = (
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
MOST_REDIRECTS = 5
PART_BYTES = 2**16
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
