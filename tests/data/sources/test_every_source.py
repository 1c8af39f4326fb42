"""What every source has in common: each kind of bad answer, from each of them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from econnet.core.countries import by_alpha3
from econnet.core.errors import SourceError
from econnet.core.settings import Settings
from econnet.core.sources import LIVE_SOURCES, SOURCES, LiveSource
from econnet.data import load
from econnet.data.fetch import fetch
from econnet.data.sources.http import RateLimiter
from tests.data.sources import replay, sdmx_answers
from tests.data.sources.servers import HTML, QUICK

pytestmark = pytest.mark.campaign

COUNTRIES: Mapping[LiveSource, str] = {"imf": "IND", "spf": "USA"}


def own_type(request: Request) -> str:
    """Return the content type that belongs to a request."""
    if request.path.endswith("xlsx"):
        return replay.XLSX
    match request.path.split("/")[1]:
        case "worldbank":
            return "application/json"
        case "fred":
            return "text/csv"
        case "spf":
            return "text/plain"
    return sdmx_answers.STRUCTURE_SPECIFIC


BAD_ANSWERS: Mapping[str, Callable[[Request], Response]] = {
    "server error": lambda _: Response("", 500),
    "too many requests": lambda _: Response("", 429, {"Retry-After": "0"}),
    "refusal": lambda _: Response("", 400),
    "unknown": lambda _: Response("", 404),
    "web page": lambda _: Response(HTML, content_type="text/html"),
    "web page as data": lambda asked: Response(HTML, content_type=own_type(asked)),
    "nothing": lambda asked: Response("", content_type=own_type(asked)),
    "other bytes": lambda asked: Response(
        b"\xff\x00" * 99, content_type=own_type(asked)
    ),
    "other JSON": lambda asked: Response("{}", content_type=own_type(asked)),
    "elsewhere": lambda _: Response("", 302, {"Location": "http://example.invalid/"}),
}


@pytest.mark.parametrize("source", LIVE_SOURCES)
@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_answer_is_one_line_and_leaves_no_store(
    server: HTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: LiveSource,
    case: str,
) -> None:
    monkeypatch.setattr(RateLimiter, "wait_for_turn", lambda each: each.wait(0))
    server.expect_request(re.compile("/.*")).respond_with_handler(BAD_ANSWERS[case])
    urls: dict[str, str] = {name: server.url_for(f"/{name}") for name in LIVE_SOURCES}
    settings = Settings(tmp_path / "data", tmp_path / "reports", urls)
    country = by_alpha3(COUNTRIES.get(source, "DEU"))
    summary = fetch(settings, [country], sources=[source], retry_policy=QUICK)
    assert summary.changes == ()
    assert not load.store(settings).exists()
    lines = [*summary.failed, *summary.missing]
    assert lines
    title = SOURCES[source].title
    for line in lines:
        assert line.startswith(title)
        assert line.isprintable()
        assert len(line) < 400
    with pytest.raises(SourceError, match=f"^{re.escape(title)}"):
        summary.check()
