import os
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from hypothesis import settings
from pytest_httpserver import HTTPServer

from econnet.forecast import replay
from tests.browsers import Browser, chromium
from tests.data.sources.servers import Sources
from tests.light import NEXT_PERIOD_ONLY, light_forecaster

# The time of an example depends more on the machine than on the code.
settings.register_profile("econnet", deadline=None, max_examples=25)
# For `make test-all` and releases.
settings.register_profile("thorough", deadline=None, max_examples=100)
# For runs that repeat the suite, or trace it: pytest --hypothesis-profile few.
settings.register_profile("few", deadline=None, max_examples=3, derandomize=True)
settings.load_profile("econnet")

# The tests run side by side, so each computes in its own process; tests of worker
# processes request a number of processes themselves.
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-size",
        action="store_true",
        help="train the forecaster as users do, where tests train a light one",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make every test that opens a browser part of the campaigns."""
    for item in items:
        if isinstance(item, pytest.Function) and "browser" in item.fixturenames:
            item.add_marker(pytest.mark.campaign)


@pytest.fixture(scope="module")
def light(request: pytest.FixtureRequest) -> Iterator[None]:
    """Train a light forecaster in this module, unless `--full-size` is given."""
    full = request.config.getoption("--full-size")
    with nullcontext() if full else light_forecaster():
        yield


@pytest.fixture(scope="module")
def light_outlook(request: pytest.FixtureRequest) -> Iterator[None]:
    """Do as `light` does, but forecast every horizon of the outlook."""
    full = request.config.getoption("--full-size")
    with nullcontext() if full else light_forecaster(outlook=True):
        yield


@pytest.fixture
def next_period_only(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forecast no other horizon in this test, unless `--full-size` is given."""
    if not request.config.getoption("--full-size"):
        monkeypatch.setattr(replay, "OUTLOOK", NEXT_PERIOD_ONLY)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the only browser of a process, which may have no second."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def running_server() -> Iterator[HTTPServer]:
    with HTTPServer(threaded=True) as running:
        yield running


@pytest.fixture
def server(running_server: HTTPServer) -> HTTPServer:
    running_server.clear()
    return running_server


@pytest.fixture
def sources(server: HTTPServer) -> Sources:
    return Sources(server)
