import gzip
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.core.errors import SourceError
from econnet.data.sources.http import (
    MissingSeriesError,
    NotAskedError,
    PoliteSession,
    RateLimiter,
    RetryPolicy,
    UnansweredError,
    UnreachableError,
)
from tests.data.sources.servers import (
    HTML,
    QUICK,
    RESET,
    closed_port,
    socket_server,
    tls_server,
    trickling_server,
)
from tests.user import HANG_SECONDS

JSON = frozenset({"application/json"})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: 4\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def session(
    retry_policy: RetryPolicy = QUICK, at_once: int = 4, per_second: float | None = None
) -> PoliteSession:
    return PoliteSession("World Bank", RateLimiter(at_once, per_second), retry_policy)


def ask(url: str, one: PoliteSession | None = None) -> requests.Response:
    return (one or session()).fetch("X.Y", url, {"id": "X.Y"}, JSON)


def answers(server: HTTPServer, *statuses: int, **headers: str) -> list[Request]:
    """Answer with these statuses, one per request, and return the requests."""
    asked: list[Request] = []
    waiting = list(statuses)

    def handle(request: Request) -> Response:
        asked.append(request)
        return Response(
            "[42]",
            status=waiting.pop(0),
            content_type="application/json",
            headers=headers,
        )

    server.expect_request("/x").respond_with_handler(handle)
    return asked


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_temporary_failure_is_retried(server: HTTPServer, status: int) -> None:
    asked = answers(server, status, status, 200)
    assert ask(server.url_for("/x")).json() == [42]
    assert len(asked) == 3


def test_gives_up_after_its_bound_and_names_source_series_and_reason(
    server: HTTPServer,
) -> None:
    asked = answers(server, *[500] * 9)
    with pytest.raises(UnansweredError, match=r"^World Bank, X\.Y: HTTP 500") as caught:
        ask(server.url_for("/x"))
    assert len(asked) == 1 + QUICK.repeats
    assert caught.value.exit_code == 4


def test_session_waits_as_long_as_the_source_asks(server: HTTPServer) -> None:
    # By its own back-off it would wait for an hour: only the header lets it go on.
    answers(server, 429, 200, **{"Retry-After": "0"})
    slow = RetryPolicy(repeats=2, backoff_seconds=3600, longest_wait_seconds=1)
    assert ask(server.url_for("/x"), session(slow)).ok


def test_session_waits_longer_after_too_many_requests(server: HTTPServer) -> None:
    assert 30 <= RetryPolicy().throttled_seconds <= RetryPolicy().longest_wait_seconds
    throttled = RetryPolicy(
        backoff_seconds=0.001, throttled_seconds=3600, longest_wait_seconds=1
    )
    # An hour exceeds the limit, so the request is not repeated.
    asked = answers(server, 429, 503, 200)
    with pytest.raises(UnansweredError, match="too many requests"):
        ask(server.url_for("/x"), session(throttled))
    assert len(asked) == 1
    # After any other failure it is.
    assert ask(server.url_for("/x"), session(throttled)).ok


def test_session_does_not_wait_longer_than_its_limit(server: HTTPServer) -> None:
    asked = answers(server, 429, 200, **{"Retry-After": "3600"})
    with pytest.raises(UnansweredError, match="too many requests"):
        ask(server.url_for("/x"))
    assert len(asked) == 1


def test_back_off_doubles_with_jitter() -> None:
    retry_policy = RetryPolicy(backoff_seconds=1.0)
    for repeat in range(5):
        waits = {retry_policy.backoff(repeat) for _ in range(50)}
        assert 2**repeat <= min(waits) < max(waits) < 2 ** (repeat + 1)


def test_timeout_is_retried(server: HTTPServer) -> None:
    over, asked = threading.Event(), list[Request]()

    def handle(request: Request) -> Response:
        asked.append(request)
        if len(asked) == 1:
            over.wait(HANG_SECONDS)
        return Response("[42]", content_type="application/json")

    server.expect_request("/x").respond_with_handler(handle)
    # Enough repeats for a busy machine to answer one of them in time.
    hasty = RetryPolicy(repeats=12, backoff_seconds=0.001, timeout_seconds=0.2)
    assert ask(server.url_for("/x"), session(hasty)).json() == [42]
    over.set()
    assert len(asked) >= 2


def test_permanent_timeout_is_named(server: HTTPServer) -> None:
    over = threading.Event()

    def handle(_: Request) -> Response:
        over.wait(HANG_SECONDS)
        return Response("[42]", content_type="application/json")

    server.expect_request("/x").respond_with_handler(handle)
    hasty = RetryPolicy(repeats=1, backoff_seconds=0.001, timeout_seconds=0.1)
    with pytest.raises(UnansweredError, match=r"X\.Y: no answer within 0\.1 s"):
        ask(server.url_for("/x"), session(hasty))
    over.set()


def test_broken_connections_are_retried() -> None:
    half = WHOLE + b"[4"
    with socket_server([RESET, half, WHOLE + b"[42]"]) as url:
        assert ask(url).json() == [42]


def test_connection_that_always_breaks_is_named() -> None:
    with (
        socket_server([RESET] * 3) as url,
        pytest.raises(UnansweredError, match=r"X\.Y: the connection was interrupted"),
    ):
        ask(url)


def test_closed_port_is_no_connection() -> None:
    with pytest.raises(UnreachableError, match=r"World Bank, X\.Y: no connection"):
        ask(closed_port())


def test_redirect_to_another_host_is_refused(server: HTTPServer) -> None:
    elsewhere = server.url_for("/y").replace("localhost", "127.0.0.1")
    server.expect_request("/x").respond_with_data(
        status=302, headers={"Location": elsewhere}
    )
    server.expect_request("/y").respond_with_json([42])
    with pytest.raises(
        SourceError, match=r"X\.Y: redirected from localhost to another"
    ):
        ask(server.url_for("/x"))


def test_redirect_on_the_same_host_is_followed(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(
        status=302, headers={"Location": "/y"}
    )
    server.expect_request("/y").respond_with_json([42])
    assert ask(server.url_for("/x")).json() == [42]


def test_redirect_to_another_port_is_refused(server: HTTPServer) -> None:
    # On one computer, another port is another service.
    server.expect_request("/x").respond_with_data(
        status=302, headers={"Location": f"http://localhost:{server.port + 1}/y"}
    )
    with pytest.raises(SourceError, match=r"X\.Y: redirected to another port"):
        ask(server.url_for("/x"))


def test_circular_redirect_is_abandoned_soon(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(
        status=302, headers={"Location": "/x"}
    )
    with pytest.raises(SourceError, match=r"X\.Y: redirected more than 5 times"):
        ask(server.url_for("/x"))
    assert len(server.log) == 6


@pytest.mark.parametrize("target", [b"http://[::1", b"http://a:b/", b"/\xff\xfe"])
def test_redirect_to_no_address_is_refused(target: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
    with (
        socket_server([head + target + b"\r\n\r\n"]) as url,
        pytest.raises(SourceError, match=r"X\.Y: redirected to an invalid address"),
    ):
        ask(url)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trust the authority as a company's computers do."""
    bundle = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))


@pytest.fixture(scope="module")
def secure_server(authority: trustme.CA) -> Iterator[HTTPServer]:
    with tls_server(authority) as running:
        yield running


def test_certificate_of_an_unknown_signer_is_refused_at_once() -> None:
    with (
        tls_server(trustme.CA()) as server,
        pytest.raises(
            UnreachableError,
            match=r"X\.Y: its certificate could not be verified.*REQUESTS_CA_BUNDLE",
        ),
    ):
        ask(server.url_for("/x"), session(RetryPolicy(backoff_seconds=3600)))
    assert not server.log


@pytest.mark.usefixtures("trusted")
def test_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    with (
        tls_server(authority, "api.worldbank.org") as server,
        pytest.raises(UnreachableError, match="could not be verified"),
    ):
        ask(server.url_for("/x"))
    assert not server.log


@pytest.mark.usefixtures("trusted")
def test_certificate_of_a_company_is_accepted_where_it_is_named(
    secure_server: HTTPServer,
) -> None:
    secure_server.expect_request("/x").respond_with_json([42])
    assert ask(secure_server.url_for("/x")).json() == [42]


@pytest.mark.usefixtures("trusted")
def test_redirect_into_tls_is_followed_and_out_of_it_refused(
    server: HTTPServer, secure_server: HTTPServer
) -> None:
    for here, there in ((server, secure_server), (secure_server, server)):
        here.expect_request("/from").respond_with_data(
            status=301, headers={"Location": there.url_for("/to")}
        )
        here.expect_request("/to").respond_with_json([42])
    assert ask(server.url_for("/from")).json() == [42]
    with pytest.raises(SourceError, match=r"to an address without encryption"):
        ask(secure_server.url_for("/from"))


@pytest.mark.parametrize(
    "head", [WHOLE[:-2] + b"X-Slow: ", WHOLE.replace(b"4\r", b"9999\r")]
)
def test_answer_that_trickles_is_cut_off(head: bytes) -> None:
    # Each byte comes well within the time-out of a pause: only the whole is bounded.
    retry_policy = RetryPolicy(timeout_seconds=5, answer_seconds=0.3)
    with (
        trickling_server(head) as url,
        pytest.raises(UnansweredError, match=r"X\.Y: .* not complete after 0\.3 s"),
    ):
        ask(url, session(retry_policy))


KEY = "s3cr3t"
SMALL = RetryPolicy(largest_bytes=100_000)
ZEROS = b"[" + b"0," * 1_000_000 + b"0]"


def test_answer_that_is_too_large_is_abandoned(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(
        ZEROS, content_type="application/json"
    )
    with pytest.raises(SourceError, match=r"X\.Y: .* larger than 100,000 bytes"):
        ask(server.url_for("/x"), session(SMALL))


def test_endless_answer_is_abandoned(server: HTTPServer) -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"0," * 10_000

    server.expect_request("/x").respond_with_handler(
        lambda _: Response(forever(), content_type="application/json")
    )
    with pytest.raises(SourceError, match=r"X\.Y: .* larger than"):
        ask(server.url_for("/x"), session(SMALL))


@pytest.mark.parametrize("times", [1, 2])
def test_bomb_is_not_unpacked(server: HTTPServer, times: int) -> None:
    packed = ZEROS
    for _ in range(times):
        packed = gzip.compress(packed)
    assert len(packed) < SMALL.largest_bytes
    server.expect_request("/x").respond_with_data(
        packed,
        content_type="application/json",
        headers={"Content-Encoding": ", ".join(["gzip"] * times)},
    )
    with pytest.raises(SourceError, match=r"X\.Y: .* (larger than|compressed more)"):
        ask(server.url_for("/x"), session(SMALL))


def test_answer_that_is_packed_twice_is_refused_however_small(
    server: HTTPServer,
) -> None:
    server.expect_request("/x").respond_with_data(
        gzip.compress(gzip.compress(b"[42]")),
        content_type="application/json",
        headers={"Content-Encoding": "gzip, gzip"},
    )
    with pytest.raises(
        SourceError, match=r"X\.Y: the answer is compressed more than once"
    ):
        ask(server.url_for("/x"))


def test_packed_answer_is_unpacked(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(
        gzip.compress(b"[42]"),
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )
    assert ask(server.url_for("/x")).json() == [42]


def test_answer_that_cannot_be_unpacked_is_named(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(
        "[42]", content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    with pytest.raises(SourceError, match=r"X\.Y: the answer cannot be decompressed"):
        ask(server.url_for("/x"))


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        WHOLE[:-2] + b"A: b\r\n" * 200 + b"\r\n",
        CHUNKED + b"-5\r\n[42]\r\n0\r\n\r\n",
        CHUNKED + b"many\r\n[42]\r\n0\r\n\r\n",
    ],
    ids=[
        "another protocol",
        "headers without end",
        "chunk of negative size",
        "chunk of no size",
    ],
)
def test_answer_that_is_not_http_is_named(reply: bytes) -> None:
    with (
        socket_server([reply] * 3) as url,
        pytest.raises(UnansweredError, match=r"X\.Y: the connection was interrupted"),
    ):
        ask(url)


@pytest.mark.parametrize(
    "header", ["Fri, 31 Dec 99999 23:59:59 GMT", "9" * 5000, "-1", "soon"]
)
def test_invalid_waiting_time_is_ignored(server: HTTPServer, header: str) -> None:
    answers(server, 429, 200, **{"Retry-After": header})
    assert ask(server.url_for("/x")).ok


def test_unknown_host_is_no_connection() -> None:
    # Longer than a name may be, so that no resolver is used.
    with pytest.raises(UnreachableError, match=r"X\.Y: no connection"):
        ask(f"http://{'.'.join(['a' * 60] * 5)}/")


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def test_proxy_is_used_and_its_password_not_shown(
    proxied: pytest.MonkeyPatch,
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    replies = [WHOLE + b"[42]", refusal + b"Content-Length: 0\r\n\r\n"]
    with socket_server(replies) as url:
        proxied.setenv("http_proxy", url.replace("//", "//me:s3cr3t@"))
        assert ask("http://source.example/x").json() == [42]
        with pytest.raises(
            SourceError, match="the proxy requires a user name"
        ) as caught:
            ask("http://source.example/x")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_down_is_named(proxied: pytest.MonkeyPatch, scheme: str) -> None:
    proxied.setenv(f"{scheme}_proxy", closed_port())
    with pytest.raises(
        UnreachableError, match=r"X\.Y: no connection through the proxy"
    ):
        ask(f"{scheme}://source.example/x")


@pytest.mark.parametrize(
    "address",
    [
        "http://a..b:3128",
        f"http://me:s3cr3t@{'a' * 64}:1",
        "socks5://x",
        "://",
        "ftp://x",
    ],
)
def test_proxy_without_a_usable_address_is_named(
    proxied: pytest.MonkeyPatch, address: str
) -> None:
    proxied.setenv("http_proxy", address)
    with pytest.raises(SourceError, match=r"X\.Y: the proxy's address is") as caught:
        ask("http://source.example/x")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_key_that_a_source_echoes_is_not_shown(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(
        "", content_type="text/s3cr3t\t\x1b[31m\x85"
    )
    one = PoliteSession("FRED", RateLimiter(1), QUICK, secret=KEY)
    with pytest.raises(SourceError) as caught:
        ask(server.url_for("/x"), one)
    assert "s3cr3t" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_wrong_content_type_is_refused(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(HTML, content_type="text/html")
    with pytest.raises(SourceError, match=r"X\.Y: answered with 'text/html"):
        ask(server.url_for("/x"))


def test_unknown_series_is_distinguished_from_a_refusal(server: HTTPServer) -> None:
    asked = answers(server, 404, 403)
    with pytest.raises(MissingSeriesError, match=r"X\.Y: not found there"):
        ask(server.url_for("/x"))
    with pytest.raises(SourceError, match=r"X\.Y: HTTP 403: it refused this client"):
        ask(server.url_for("/x"))
    assert len(asked) == 2


def test_session_identifies_itself(server: HTTPServer) -> None:
    asked = answers(server, 200)
    ask(server.url_for("/x"))
    assert asked[0].headers["User-Agent"].startswith("econnet/")


def test_key_is_in_no_error_and_no_log(
    server: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    answers(server, 200, 500, 500, 500)
    caplog.set_level(logging.DEBUG)
    secret = {"api_key": "s3cr3t", "id": "X.Y"}
    url = server.url_for("/x")
    session().fetch("X.Y", url, secret, JSON)
    for broken in (url, closed_port()):
        with pytest.raises(UnansweredError) as caught:
            session().fetch("X.Y", broken, secret, JSON)
        assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    ours = [
        record.getMessage() for record in caplog.records if "urllib3" in record.name
    ]
    assert "api_key=..." in "".join(ours)
    assert "s3cr3t" not in "".join(ours)


def test_number_of_simultaneous_requests_is_limited(server: HTTPServer) -> None:
    together, count, most = threading.Barrier(4, timeout=HANG_SECONDS), 0, 0
    lock = threading.Lock()

    def handle(_: Request) -> Response:
        nonlocal count, most
        with lock:
            count += 1
            most = max(most, count)
        together.wait()  # goes on only when four are under way
        with lock:
            count -= 1
        return Response("[42]", content_type="application/json")

    server.expect_request("/x").respond_with_handler(handle)
    one = session(at_once=4)
    threads = [
        threading.Thread(target=ask, args=(server.url_for("/x"), one)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 4


def test_number_of_requests_per_second_is_limited(server: HTTPServer) -> None:
    asked = answers(server, 500, 200, 200)
    one = session(per_second=20)
    before = time.monotonic()
    ask(server.url_for("/x"), one)
    ask(server.url_for("/x"), one)
    # A lower bound, which no slow machine can break: two waits of a twentieth.
    assert time.monotonic() - before >= 2 / 20
    assert len(asked) == 3


def test_stopped_session_sends_no_more_requests(server: HTTPServer) -> None:
    asked = answers(server, 200)
    one = session()
    one.stop()
    with pytest.raises(NotAskedError):
        ask(server.url_for("/x"), one)
    assert not asked


def test_password_comes_from_the_address_alone(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    moved = {"Location": httpserver.url_for("/x")}
    asked = answers(httpserver, 200, 302, 200, 200, **moved)
    ask(httpserver.url_for("/x"))
    ask(httpserver.url_for("/x"))
    ask(httpserver.url_for("/x").replace("://", "://mirror:1234@"))
    assert [it.authorization is None for it in asked] == [True, True, True, False]
    assert asked[-1].authorization is not None
    assert asked[-1].authorization.username == "mirror"
