import logging
import threading
import time
import traceback

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.errors import SourceError
from econnet.sources.http import (
    MissingSeriesError,
    NotAskedError,
    Patience,
    PoliteSession,
    Turnstile,
    UnansweredError,
    UnreachableError,
)
from tests.sources.servers import HTML, QUICK, RESET, closed_port, socket_server

JSON = frozenset({"application/json"})
WHOLE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"
)


def session(
    patience: Patience = QUICK, at_once: int = 4, per_second: float | None = None
) -> PoliteSession:
    return PoliteSession("World Bank", Turnstile(at_once, per_second), patience)


def ask(url: str, one: PoliteSession | None = None) -> requests.Response:
    return (one or session()).answer("X.Y", url, {"id": "X.Y"}, JSON)


def answers(server: HTTPServer, *statuses: int, **headers: str) -> list[Request]:
    """Answer with these statuses, one a request, and return the requests."""
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
def test_passing_trouble_is_asked_again(server: HTTPServer, status: int) -> None:
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


def test_waits_as_long_as_it_is_told(server: HTTPServer) -> None:
    # By its own back-off it would wait for an hour: only the header lets it go on.
    answers(server, 429, 200, **{"Retry-After": "0"})
    slow = Patience(repeats=2, backoff_seconds=3600, longest_wait_seconds=1)
    assert ask(server.url_for("/x"), session(slow)).ok


def test_does_not_wait_longer_than_its_patience(server: HTTPServer) -> None:
    asked = answers(server, 429, 200, **{"Retry-After": "3600"})
    with pytest.raises(UnansweredError, match="asked too often"):
        ask(server.url_for("/x"))
    assert len(asked) == 1


def test_back_off_doubles_with_jitter() -> None:
    patience = Patience(backoff_seconds=1.0)
    for repeat in range(5):
        waits = {patience.backoff(repeat) for _ in range(50)}
        assert 2**repeat <= min(waits) < max(waits) < 2 ** (repeat + 1)


def test_silence_is_asked_again(server: HTTPServer) -> None:
    over, asked = threading.Event(), list[Request]()

    def handle(request: Request) -> Response:
        asked.append(request)
        if len(asked) == 1:
            over.wait(5)
        return Response("[42]", content_type="application/json")

    server.expect_request("/x").respond_with_handler(handle)
    hasty = Patience(repeats=1, backoff_seconds=0.001, timeout_seconds=0.2)
    assert ask(server.url_for("/x"), session(hasty)).json() == [42]
    over.set()
    assert len(asked) == 2


def test_silence_for_good_is_named(server: HTTPServer) -> None:
    over = threading.Event()

    def handle(_: Request) -> Response:
        over.wait(5)
        return Response("[42]", content_type="application/json")

    server.expect_request("/x").respond_with_handler(handle)
    hasty = Patience(repeats=1, backoff_seconds=0.001, timeout_seconds=0.1)
    with pytest.raises(UnansweredError, match=r"X\.Y: no answer within 0\.1 s"):
        ask(server.url_for("/x"), session(hasty))
    over.set()


def test_broken_connections_are_asked_again() -> None:
    half = WHOLE + b"[4"
    with socket_server([RESET, half, WHOLE + b"[42]"]) as url:
        assert ask(url).json() == [42]


def test_connection_that_always_breaks_is_named() -> None:
    with (
        socket_server([RESET] * 3) as url,
        pytest.raises(UnansweredError, match=r"X\.Y: the connection broke off"),
    ):
        ask(url)


def test_nobody_listening_is_no_connection() -> None:
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


def test_wrong_content_type_is_refused(server: HTTPServer) -> None:
    server.expect_request("/x").respond_with_data(HTML, content_type="text/html")
    with pytest.raises(SourceError, match=r"X\.Y: answered with 'text/html"):
        ask(server.url_for("/x"))


def test_unknown_is_told_from_refused(server: HTTPServer) -> None:
    asked = answers(server, 404, 403)
    with pytest.raises(MissingSeriesError, match=r"X\.Y: not known there"):
        ask(server.url_for("/x"))
    with pytest.raises(SourceError, match=r"X\.Y: HTTP 403: it refuses this client"):
        ask(server.url_for("/x"))
    assert len(asked) == 2


def test_says_who_it_is(server: HTTPServer) -> None:
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
    session().answer("X.Y", url, secret, JSON)
    for broken in (url, closed_port()):
        with pytest.raises(UnansweredError) as caught:
            session().answer("X.Y", broken, secret, JSON)
        assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    ours = [
        record.getMessage() for record in caplog.records if "urllib3" in record.name
    ]
    assert "api_key=..." in "".join(ours)
    assert "s3cr3t" not in "".join(ours)


def test_so_many_at_once_and_no_more(server: HTTPServer) -> None:
    together, count, most = threading.Barrier(4, timeout=10), 0, 0
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


def test_so_many_a_second_and_no_more(server: HTTPServer) -> None:
    asked = answers(server, 500, 200, 200)
    one = session(per_second=20)
    before = time.monotonic()
    ask(server.url_for("/x"), one)
    ask(server.url_for("/x"), one)
    # A bound from below, which no slow machine can break: two waits of a twentieth.
    assert time.monotonic() - before >= 2 / 20
    assert len(asked) == 3


def test_stopped_session_asks_no_more(server: HTTPServer) -> None:
    asked = answers(server, 200)
    one = session()
    one.stop()
    with pytest.raises(NotAskedError):
        ask(server.url_for("/x"), one)
    assert not asked
