"""One HTTP session per source: rate-limited, with retries, and strict about responses.

A `PoliteSession` is a `requests.Session`, so that the readers of pandas-datareader
accept it. Each request waits for its turn (a limit at once and per second), is retried
with back-off and jitter where that may help, and waits as long as `Retry-After` asks.
The body is read within the retries, because connections often break half-way. A
response has a maximum duration, however slowly it arrives, and a maximum size,
compressed and decompressed. A response that cannot be the one requested, by status,
host or content type, raises a `SourceError` that names the source and the series, in
one printable line without a key.
"""

import http.client
import io
import logging
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url
from urllib3 import Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    InvalidHeader,
    LocationParseError,
    MaxRetryError,
    NewConnectionError,
)

from econnet.core.errors import SourceError
from econnet.core.text import one_line

USER_AGENT = f"econnet/{version('econnet')} python-requests/{requests.__version__}"
Query = Mapping[str, str | int]
Refusal = Callable[[requests.Response], SourceError | None]


class MissingSeriesError(SourceError):
    """The source works, and states that it has no such series."""


class UnchangedError(SourceError):
    """The source has no newer version of an answer than the one that was named."""


class RefusedKeyError(SourceError):
    """The source does not accept the API key: it would refuse every series."""


class UnansweredError(SourceError):
    """The source did not respond, after all retries."""


class UnreachableError(UnansweredError):
    """No trustworthy connection: another series would fail, too."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long to try to get one response.

    Parameters
    ----------
    repeats
        Number of requests after the first.
    backoff_seconds
        The wait before the first retry, doubled before each further one, plus up to as
        much again at random, so that clients do not all return at once.
    longest_wait_seconds
        If `Retry-After` is longer, the request fails.
    throttled_seconds
        The shortest wait after HTTP 429, unless `Retry-After` names another.
    timeout_seconds
        The limit for the connection, and for each pause within a response.
    answer_seconds
        The limit for a response from its first byte to its last. It is not retried.
    largest_bytes
        The limit for a response, compressed and decompressed. The largest pages of the
        sources, 32,500 rows or 100,000 revisions, take about ten million.
    """

    repeats: int = 4
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 120.0
    throttled_seconds: float = 30.0
    timeout_seconds: float = 30.0
    answer_seconds: float = 300.0
    largest_bytes: int = 32 * 2**20

    def backoff(self, repeat: int) -> float:
        """Return the wait in seconds before this retry, counted from 0."""
        jitter = random.random()  # noqa: S311 - no secret
        return self.backoff_seconds * float(2**repeat) * (1 + jitter)


class RateLimiter:
    """Limits the number of requests at once and per second.

    Parameters
    ----------
    at_once
        Requests in progress at the same time.
    per_second
        Requests started per second, retries included; `None` for no limit.
    """

    def __init__(self, at_once: int, per_second: float | None = None) -> None:
        self.at_once, self.per_second = at_once, per_second
        self.places = threading.Semaphore(at_once)
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._next_turn = 0.0

    def wait_for_turn(self) -> None:
        """Wait until another request may start."""
        wait = 0.0
        if self.per_second is not None:
            with self._lock:
                now = time.monotonic()
                turn = max(now, self._next_turn)
                self._next_turn = turn + 1 / self.per_second
            wait = turn - now
        self.wait(wait)

    def wait(self, seconds: float) -> None:
        """Wait `seconds`; raise `requests.RequestException` once this is closed."""
        if self.closed.wait(seconds):
            raise _StoppedError


class NotAskedError(SourceError):
    """The session was stopped before this request."""


class _StoppedError(requests.RequestException):
    """The session was stopped."""


class _RefusedError(requests.RequestException):
    """A response or redirect that is not accepted, for the reason in the text."""


class PoliteSession(requests.Session):
    """A session that respects one source's limits and explains failures.

    Parameters
    ----------
    source
        The source's name in messages: `World Bank`.
    secret
        The API key: removed from every message, even where the source repeats it.
    """

    def __init__(
        self,
        source: str,
        rate_limiter: RateLimiter,
        retry_policy: RetryPolicy | None = None,
        secret: str | None = None,
    ) -> None:
        super().__init__()
        self.max_redirects = 5
        self.source, self.rate_limiter, self.secret = source, rate_limiter, secret
        self.retry_policy = retry_policy or RetryPolicy()
        self.headers["User-Agent"] = USER_AGENT
        # Otherwise requests would read `~/.netrc` and send the source what it finds.
        self.auth = _as_in_address
        for scheme in ("https://", "http://"):
            self.mount(scheme, _RetryingAdapter(rate_limiter, self.retry_policy))

    def stop(self) -> None:
        """Start no further request, and end every wait for one, in all threads."""
        self.rate_limiter.closed.set()

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Keep the password of an address on its host; read none from `~/.netrc`."""
        before, after = str(response.request.url), str(prepared_request.url)
        stripped = self.should_strip_auth(before, after)  # type: ignore[no-untyped-call]  # in the stubs of requests
        if stripped:
            prepared_request.headers.pop("Authorization", None)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow redirects within the host only, and never from https to http."""
        here = urlsplit(resp.url)
        try:
            target = super().get_redirect_target(resp)
            new = here if target is None else urlsplit(urljoin(resp.url, target))
            same = _place(new) == _place(here)
        except ValueError:
            raise _RefusedError("redirected to an invalid address") from None
        if new.hostname != here.hostname:
            raise _RefusedError(
                f"redirected from {here.hostname} to another host, {new.hostname}"
            )
        if here.scheme == "https" and new.scheme != "https":
            raise _RefusedError("redirected to an address without encryption")
        if not same and (here.scheme, new.scheme) != ("http", "https"):
            raise _RefusedError("redirected to another port of the host")
        return target

    def fetch(
        self,
        series: str,
        url: str,
        query: Query,
        content_types: frozenset[str],
        refusal: Refusal = lambda _: None,
        conditions: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the complete response, of one of these content types.

        Raises `MissingSeriesError` for HTTP 404, else `SourceError`, each in one line.
        `refusal` gives the error for a response by which the source explains a failure
        in its own format, or `None` for any other. `conditions` are the headers of a
        conditional request: HTTP 304 raises `UnchangedError`.
        """
        try:
            response = self.get(url, params=dict(query), headers=conditions)
        except _StoppedError:
            raise NotAskedError(self.error_line(series, "not asked")) from None
        except requests.RequestException as error:
            problem = UnreachableError if _is_unreachable(error) else UnansweredError
            # `from None`: the cause quotes the URL, and a URL may contain a key.
            raise problem(self.error_line(series, self._reason(error))) from None
        status = response.status_code
        if conditions and status == requests.codes.not_modified:
            raise UnchangedError(self.error_line(series, "not changed (HTTP 304)"))
        if status == requests.codes.not_found:
            reason = "not found there (HTTP 404)"
            raise MissingSeriesError(self.error_line(series, reason))
        if status != requests.codes.ok:
            advice = ADVICE.get(status, "try again later")
            line = self.error_line(series, f"HTTP {status}: {advice}")
            if status in RETRIED_STATUSES:
                raise UnansweredError(line)
            raise refusal(response) or SourceError(line)
        content_type = response.headers.get("Content-Type", "no content type")
        if content_type.partition(";")[0].strip().lower() not in content_types:
            reason = f"answered with {content_type!r}, which is not its format"
            raise SourceError(self.error_line(series, reason))
        return response

    def error_line(self, series: str, reason: str) -> str:
        """Return the line that names source, series and reason."""
        return error_line(self.source, series, reason, self.secret)

    def _reason(self, error: requests.RequestException) -> str:
        """Return the reason of a failure in plain words, without the URL."""
        match error:
            case _RefusedError():
                return str(error)
            case requests.TooManyRedirects():
                return f"redirected more than {self.max_redirects} times"
            case requests.exceptions.SSLError():
                return (
                    "its certificate could not be verified: behind a company's proxy, "
                    "name the company's certificates in REQUESTS_CA_BUNDLE"
                )
            case requests.exceptions.ProxyError():
                return (
                    "no connection through the proxy: check HTTPS_PROXY and HTTP_PROXY"
                )
            case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
                return (
                    "the proxy's address is invalid: check HTTPS_PROXY and HTTP_PROXY"
                )
            case requests.Timeout():
                return f"no answer within {self.retry_policy.timeout_seconds:g} s"
            case _ if _is_unreachable(error):
                return "no connection: check the network"
            case (
                requests.ConnectionError() | requests.exceptions.ChunkedEncodingError()
            ):
                return "the connection was interrupted"
            case requests.exceptions.ContentDecodingError():
                return "the answer cannot be decompressed"
        return f"unreadable answer ({type(error).__name__})"


def _as_in_address(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Authenticate with the password of a mirror's address, if it has one."""
    name, password = get_auth_from_url(str(request.url))
    return HTTPBasicAuth(name, password)(request) if name or password else request


def error_line(source: str, series: str, reason: str, secret: str | None = None) -> str:
    """Return the line that names source, series and reason, and no secret."""
    line = f"{source}, {series}: {reason}"
    return one_line(line.replace(secret, "...") if secret else line)


class _RetryingAdapter(HTTPAdapter):
    """Sends a request and reads its body, with retries."""

    def __init__(self, rate_limiter: RateLimiter, retry_policy: RetryPolicy) -> None:
        super().__init__(pool_maxsize=rate_limiter.at_once, max_retries=0)
        self._rate_limiter, self._retry_policy = rate_limiter, retry_policy
        self._connections = _connections_for(retry_policy.answer_seconds)

    def get_connection_with_tls_context(
        self,
        *where: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> HTTPConnectionPool:
        """Return the pool for a request, its connections limited in time."""
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
        """Return the response with its body, or raise the last error."""
        options["timeout"] = self._retry_policy.timeout_seconds
        # The place is kept while waiting: a failing source gets fewer requests.
        with self._rate_limiter.places:
            for repeat in range(self._retry_policy.repeats):
                wait = self._retry_policy.backoff(repeat)
                try:
                    response = self._response(request, options)
                except requests.exceptions.SSLError:
                    raise  # a retry would not make a certificate valid
                except RETRIED_ERRORS:
                    self._rate_limiter.wait(wait)
                    continue
                if response.status_code not in RETRIED_STATUSES:
                    return response
                if response.status_code == requests.codes.too_many_requests:
                    wait = max(wait, self._retry_policy.throttled_seconds)
                if (header := response.headers.get("Retry-After")) is not None:
                    # An invalid header is ignored.
                    with suppress(InvalidHeader, ValueError, OverflowError):
                        wait = Retry().parse_retry_after(header)
                if wait > self._retry_policy.longest_wait_seconds:
                    return response
                self._rate_limiter.wait(wait)
            return self._response(request, options)

    def _response(
        self, request: requests.PreparedRequest, options: Mapping[str, Any]
    ) -> requests.Response:
        """Return one response with its body, read here so that a break is retried."""
        self._rate_limiter.wait_for_turn()
        began = time.monotonic()
        try:
            response = super().send(request, **{**options, "stream": True})
            body = self._body(response)
        except LocationParseError as error:
            raise requests.exceptions.InvalidURL from error
        except (requests.ConnectionError, requests.Timeout) as error:
            seconds = self._retry_policy.answer_seconds
            if time.monotonic() - began > seconds:
                reason = f"the answer was not complete after {seconds:g} s"
                raise _RefusedError(reason) from error
            raise
        # `requests` has no other way to limit what `content` reads.
        response._content = body  # noqa: SLF001
        return response

    def _body(self, response: requests.Response) -> bytes:
        """Return the decompressed body, unless it is too large."""
        largest, body = self._retry_policy.largest_bytes, bytearray()
        # Compressed twice, a few bytes can expand a million times.
        if "," in response.headers.get("Content-Encoding", ""):
            response.close()
            raise _RefusedError("the answer is compressed more than once")
        try:
            for part in response.iter_content(PART_BYTES):
                body += part
                if max(len(body), response.raw.tell()) > largest:
                    response.close()
                    raise _RefusedError(f"the answer is larger than {largest:,} bytes")
        except ValueError as error:  # urllib3 does not check the sign of a chunk's size
            response.close()
            raise requests.exceptions.ChunkedEncodingError from error
        return bytes(body)


def _connections_for(answer_seconds: float) -> Mapping[str, type[HTTPConnection]]:
    """Return the connection class of each scheme, limited in time."""
    response = partial(_TimedResponse, answer_seconds=answer_seconds)
    kinds = {"http": HTTPConnection, "https": HTTPSConnection}
    members = {"response_class": staticmethod(response)}
    return {
        scheme: type(f"Timed{kind.__name__}", (kind,), members)
        for scheme, kind in kinds.items()
    }


class _TimedResponse(http.client.HTTPResponse):
    """A response that must be complete, headers and body, within a time limit."""

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
    """Reads a socket until a deadline; a time-out limits each pause."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._bytes = sock.makefile("rb", buffering=0)
        self._pause_seconds = sock.gettimeout() or seconds
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        """Return `True`."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401
        """Read the available bytes, or raise `TimeoutError`."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(left, self._pause_seconds))
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        """Release the socket, which stays open with its connection."""
        self._bytes.close()
        super().close()


def _place(url: SplitResult) -> tuple[str | None, int | None]:
    """Return host and port; raise `ValueError` for an invalid port."""
    return url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _is_unreachable(error: requests.RequestException) -> bool:
    """Return whether there was never a connection."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(error, NO_CONNECTION) or isinstance(reason, NewConnectionError)


# What decoding a response of another structure, depth or size may raise.
NOT_ITS_FORMAT = (
    *(AttributeError, LookupError, OverflowError),
    *(RecursionError, TypeError, ValueError),
)
PART_BYTES = 2**16
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
NO_CONNECTION = (
    requests.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
)
RETRIED_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
ADVICE: Mapping[int, str] = {
    400: "it rejected the request or the key",
    401: "the key was not accepted",
    403: "it refused this client, perhaps because of a proxy",
    407: "the proxy requires a user name and password",
    429: "too many requests; try again later",
}


class _WithoutKeys(logging.Filter):
    """Removes keys from urllib3's log of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record, and accept it."""
        record.msg = KEY.sub(r"\1=...", record.getMessage())
        record.args = ()
        return True


KEY = re.compile(r"(api_key)=[^&\s\"]*")
logging.getLogger("urllib3.connectionpool").addFilter(_WithoutKeys())
